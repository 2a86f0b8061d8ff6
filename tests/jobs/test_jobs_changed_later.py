"""Jobs that are repeated, and what changes of a published one: over HTTP and on each database."""

import datetime as dt
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from app.database.session import Database
from app.jobs import posting
from app.jobs.rules import JobStatus, PayTerms, moved_schedule, pay_may_become
from app.matching import waves
from app.offers.mark_unlocked import mark_unlocked
from app.offers.respond import respond
from app.offers.rules import OfferAnswer
from tests.support.app_harness import World
from tests.support.assertions import ok, refused
from tests.support.database import Verb, employer_of, job_of, market, opened, outcome, race
from tests.support.factories import NOW

JOBS = "/api/employers/jobs"
HOURLY = PayTerms(15_000, "INR", "hour")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with opened(database_url) as database:
        yield database


def slot(weekday: str) -> dict[str, str]:
    return {"weekday": weekday, "start": "10:00", "end": "18:00"}


def repeat(world: World, of: dict[str, Any], person: Any, **body: Any) -> Any:
    return person.post(f"{JOBS}/{of['id']}/repeat", body)


# ── Repeating ────────────────────────────────────────────────────────────────────────────────────


def test_a_repeated_job_is_a_draft_like_it_on_new_days(shared_world: World) -> None:
    world = shared_world
    employer = world.employer()
    job = world.job(employer, positions=2, preferred_skills=["cook"], address="2 Hill Road")
    again = ok(repeat(world, job, employer, starts_on="2026-12-05", ends_on="2026-12-05"), 201)
    new = {"id", "status", "starts_on", "ends_on", "progress", "created_at", "updated_at"}
    new |= {"published_at", "slots"}
    assert {k: v for k, v in again.items() if k not in new} == {
        k: v for k, v in job.items() if k not in new
    }
    assert (again["status"], again["starts_on"], again["ends_on"]) == (
        "draft",
        "2026-12-05",
        "2026-12-05",
    )
    assert again["progress"]["wave"] == 0
    more = ok(repeat(world, job, employer, starts_on="2026-12-05", positions=7), 201)
    assert more["positions"] == 7


def test_a_short_job_moves_with_its_weekday_and_a_long_one_keeps_its_own(
    shared_world: World,
) -> None:
    world = shared_world
    employer = world.employer()
    once = world.job(
        employer,
        starts_on="2026-11-28",
        ends_on="2026-11-28",
        slots=[slot("saturday")],
    )
    sunday = ok(repeat(world, once, employer, starts_on="2026-12-06"), 201)
    assert sunday["ends_on"] == "2026-12-06"
    assert [each["weekday"] for each in sunday["slots"]] == ["sunday"]
    weekly = world.job(
        employer,
        starts_on="2026-11-28",
        ends_on="2026-12-26",
        slots=[slot("saturday")],
    )
    later = ok(repeat(world, weekly, employer, starts_on="2027-01-02"), 201)
    assert later["ends_on"] == "2027-01-30"
    assert [each["weekday"] for each in later["slots"]] == ["saturday"]
    refused(
        repeat(world, weekly, employer, starts_on="2026-12-06", ends_on="2026-12-07"),
        422,
        "invalid",
    )


def test_a_repeat_is_refused_for_another_s_job_and_for_bad_dates(shared_world: World) -> None:
    world = shared_world
    employer, other = world.employer(), world.employer()
    job = world.job(employer)
    refused(repeat(world, job, other, starts_on="2026-12-05"), 404, "job_not_found")
    refused(repeat(world, job, employer), 422, "invalid")
    refused(repeat(world, job, employer, starts_on="soon"), 422, "invalid")
    refused(repeat(world, job, employer, starts_on="2026-12-05", positions=0), 422, "invalid")
    refused(
        repeat(world, job, employer, starts_on="2026-12-05", ends_on="2026-12-04"), 422, "invalid"
    )
    # A draft in the past is written, and refused when it is published.
    past = ok(repeat(world, job, employer, starts_on="2026-11-07"), 201)
    refused(employer.post(f"{JOBS}/{past['id']}/publish"), 422, "invalid")


def test_a_repeat_sent_twice_with_one_key_is_made_once(shared_world: World) -> None:
    employer = shared_world.employer()
    job = shared_world.job(employer)
    headers = {"Idempotency-Key": "again-1"}
    path, body = f"{JOBS}/{job['id']}/repeat", {"starts_on": "2026-12-05"}
    first = ok(employer.post(path, body, headers=headers), 201)
    assert ok(employer.post(path, body, headers=headers), 201)["id"] == first["id"]
    assert len(ok(employer.get(f"{JOBS}?status=draft"))["items"]) == 1


def test_an_open_ended_job_stays_open_ended() -> None:
    monday = dt.date(2026, 11, 23)
    assert moved_schedule((), monday, None, monday + dt.timedelta(9), None).ends_on is None


# ── More positions ───────────────────────────────────────────────────────────────────────────────


def adding(employer_id: UUID, job_id: UUID, **new: Any) -> Verb:
    return lambda session: posting.edit(session, employer_id, job_id, new, NOW)


async def changes(database: Database, job_id: UUID, **new: Any) -> str:
    """What comes of an edit: `ok` or the refusal's code."""
    return await outcome(database, adding(await employer_of(database, job_id), job_id, **new))


async def accepts(database: Database, offer: tuple[UUID, UUID]) -> str:
    return await outcome(
        database, lambda session: respond(session, *offer, OfferAnswer.ACCEPT, None, NOW)
    )


async def unlock(database: Database, match_id: UUID) -> str:
    return await outcome(database, lambda session: mark_unlocked(session, match_id, NOW))


async def test_more_positions_let_more_accept_and_ask_more_at_once(database: Database) -> None:
    job_id, offers = await market(database, 4, positions=1)
    for offer in offers[:2]:
        assert await accepts(database, offer) == "ok"
    assert (await job_of(database, job_id)).accept_limit == 2
    assert await changes(database, job_id, positions=3) == "ok"
    job = await job_of(database, job_id)
    assert (job.positions, job.accept_limit, job.next_wave_at) == (3, 6, NOW)
    async with database.begin() as session:
        assert await waves.send_due(session, NOW, 10, [job_id]) == 1


async def test_fewer_positions_break_what_people_accepted(database: Database) -> None:
    job_id, _ = await market(database, 2, positions=3)
    assert await changes(database, job_id, positions=2) == "job_not_editable"
    assert (await job_of(database, job_id)).positions == 3


async def test_a_filled_job_is_open_again_with_more_positions(database: Database) -> None:
    job_id, offers = await market(database, 2, positions=1)
    for offer in offers:
        await accepts(database, offer)
    assert await unlock(database, offers[0][1]) == "ok"
    assert (await job_of(database, job_id)).status == JobStatus.FILLED
    assert await changes(database, job_id, title="Other") == "job_not_editable"
    assert await changes(database, job_id, positions=2) == "ok"
    job = await job_of(database, job_id)
    assert (job.status, job.closed_at, job.next_wave_at) == (JobStatus.PUBLISHED, None, NOW)
    assert await unlock(database, offers[1][1]) == "ok"
    assert (await job_of(database, job_id)).status == JobStatus.FILLED


async def test_a_job_whose_contacts_fill_the_new_positions_too_stays_filled(
    database: Database,
) -> None:
    job_id, offers = await market(database, 2, positions=1)
    for offer in offers:
        await accepts(database, offer)
    for _, match_id in offers:
        await unlock(database, match_id)
    assert await changes(database, job_id, positions=2) == "ok"
    job = await job_of(database, job_id)
    assert (job.status, job.positions, job.unlocked) == (JobStatus.FILLED, 2, 2)


async def test_the_last_contact_and_more_positions_at_once_agree(database: Database) -> None:
    job_id, offers = await market(database, 2, positions=1)
    for offer in offers:
        await accepts(database, offer)
    adds = adding(await employer_of(database, job_id), job_id, positions=2)
    done = await race(
        database,
        lambda session: mark_unlocked(session, offers[0][1], NOW),
        adds,
        lambda session: mark_unlocked(session, offers[1][1], NOW),
    )
    assert done == ["ok", "ok", "ok"]
    job = await job_of(database, job_id)
    assert (job.status, job.positions, job.unlocked) == (JobStatus.FILLED, 2, 2)


# ── The pay ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("before", "after", "asked", "allowed"),
    [
        (HOURLY, PayTerms(18_000, "INR", "hour"), True, True),
        (HOURLY, PayTerms(12_000, "INR", "hour"), True, False),
        (HOURLY, PayTerms(12_000, "INR", "hour"), False, True),
        (HOURLY, PayTerms(90_000, "INR", "day"), True, False),
        (HOURLY, PayTerms(18_000, "USD", "hour"), True, False),
        (HOURLY, None, True, False),
        (None, HOURLY, True, False),
        (None, HOURLY, False, True),
        (HOURLY, HOURLY, True, True),
        (None, None, True, True),
    ],
)
def test_once_people_were_asked_the_pay_only_rises(
    before: PayTerms | None, after: PayTerms | None, asked: bool, allowed: bool
) -> None:
    assert pay_may_become(before, after, asked=asked) is allowed


def test_lower_pay_is_refused_once_somebody_was_asked(world: World) -> None:
    employer = world.employer()
    pay = {"amount": 15_000, "currency": "INR", "per": "hour"}
    lower = {"salary": {**pay, "amount": 12_000}}
    nobody = world.job(employer, salary=pay)
    assert ok(employer.put(f"{JOBS}/{nobody['id']}", lower))["salary"]["amount"] == 12_000
    world.worker()
    job = world.job(employer, salary=pay)
    refused(employer.put(f"{JOBS}/{job['id']}", lower), 409, "job_not_editable")
    higher = {"salary": {**pay, "amount": 18_000}}
    assert ok(employer.put(f"{JOBS}/{job['id']}", higher))["salary"]["amount"] == 18_000
