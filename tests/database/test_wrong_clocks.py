"""Instants a wrong clock left behind, in every table; and a process whose own clock is wrong."""

import datetime as dt
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import DateTime, insert, select, text, update

from app import background
from app.attempts.models import WorkAttempt
from app.clock_repair import BOUNDS, Bound, is_needed, repair
from app.core.clocks import SKEW
from app.core.errors import Unavailable
from app.core.ids import new_id
from app.core.settings import Settings
from app.database import clock_check
from app.database.clock_check import ClockCheck
from app.database.schema import load_models
from app.identity.models import OneTimeCode
from app.jobs.models import Job
from app.messaging.models import WebhookEvent
from app.payments.models import Payment, Unlock
from app.runtime import running, wall_clock
from tests.support.app_harness import World
from tests.support.assertions import ok, refused
from tests.support.database import database_of
from tests.support.factories import NOW
from tests.support.leads import lead

CHECKED_WHERE_READ = {
    ("channel_states", "backs_off_until"),
    ("channel_states", "only_replies_until"),
    ("channel_states", "limits_read_at"),
    ("channel_states", "limit_reached_at"),
    ("chat_people", "pair_free_at"),
    ("outbox", "lease_until"),
}
"""Compared with `now` by `app.core.clocks` in the code that reads them."""
NO_WAITING = {
    ("outbox", "expires_at"): "the end of what is true, which a later end does not hold back",
    ("payments", "expires_at"): "as the provider said",
    ("payment_attempts", "expires_at"): "as the provider said",
    ("idempotency_keys", "lease_until"): "kept for a day at most",
    ("sessions", "expires_at"): "a session may be long",
    ("used_refresh_tokens", "expires_at"): "kept so long, and nothing waits for it",
    ("jobs", "closes_at"): "when the last shift starts",
}
WORDS = ("due_at", "_until", "next_", "free_at", "check_at", "remind_at", "expires_at", "closes_at")


def test_every_instant_that_something_waits_for_has_its_bound() -> None:
    bounded = {(column.class_.__tablename__, column.key) for column, *_ in BOUNDS}
    waits = {
        (table.name, column.name)
        for table in load_models().tables.values()
        for column in table.columns
        if isinstance(getattr(column.type, "impl", column.type), DateTime)
        and any(word in column.name for word in WORDS)
    }
    assert waits - bounded - CHECKED_WHERE_READ - set(NO_WAITING) == set()


@pytest.mark.parametrize(
    "bound",
    [
        pytest.param(each, id=str(each.column))
        for each in BOUNDS
        if each.column.class_ != WorkAttempt
    ],
)
async def test_an_impossible_instant_is_found_by_an_index(bound: Bound, database_url: str) -> None:
    """The loop looks every half minute, however many rows were kept."""
    database = database_of(database_url)
    query = select(bound.column.class_).where(bound.is_wrong(NOW))
    try:
        async with database.begin() as session:
            dialect = session.get_bind().dialect
            compiled = query.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
            if database.is_postgresql:
                await session.execute(text("SET LOCAL enable_seqscan = off"))
                plan = [row[0] for row in await session.execute(text(f"EXPLAIN {compiled}"))]
                assert not [line for line in plan if "Seq Scan" in line], plan
            else:
                rows = await session.execute(text(f"EXPLAIN QUERY PLAN {compiled}"))
                plan = [row[3] for row in rows]
                # An index of only the rows that wait may be read from one end to the other.
                assert all(line.startswith("SEARCH") or "_due" in line for line in plan), plan
    finally:
        await database.close()


async def test_what_waits_for_an_impossible_instant_is_due(database_url: str) -> None:
    database = database_of(database_url)
    far = NOW + dt.timedelta(days=3_650)
    try:
        async with database.begin() as session:
            for number, due in enumerate((NOW + dt.timedelta(hours=3), far)):
                event = {
                    "id": new_id(),
                    "provider": "whatsapp",
                    "event_id": str(number),
                    "kind": "batch",
                    "body_sealed": b"",
                    "state": "waiting",
                    "attempts": 1,
                    "set_aside": 0,
                    "due_at": due,
                    "received_at": NOW,
                }
                await session.execute(insert(WebhookEvent).values(**event))
        assert await is_needed(database, NOW)
        async with database.begin() as session:
            assert await repair(session, NOW, 100) == 1
        assert not await is_needed(database, NOW)
        async with database.begin() as session:
            assert await repair(session, NOW, 100) == 0
            found = (await session.scalars(select(WebhookEvent.due_at))).all()
        assert set(found) == {NOW, NOW + dt.timedelta(hours=3)}
    finally:
        await database.close()


def test_codes_asked_for_by_a_fast_clock_lock_nobody_out(world: World) -> None:
    worker = world.worker(phone="+919822200991")
    world.settle()
    right = world.clock.now
    world.clock.advance(days=400)
    for _ in range(10):
        world.http.post("/api/auth/otp", json={"phone": worker.phone})
    world.clock.now = right + dt.timedelta(seconds=1)
    world.settle()
    far = world.clock() + SKEW
    ahead = select(OneTimeCode).where(OneTimeCode.created_at > far)
    assert world.in_session(lambda session: session.scalar(ahead)) is None
    world.clock.advance(days=1, hours=1)
    world.settle()
    ok(world.http.post("/api/auth/otp", json={"phone": worker.phone}), 202)
    assert len(world.code_for(worker.phone or "")) == 6


def _written_ahead(world: World, column: Any) -> None:
    """As if a clock that was ahead for a moment had written these instants."""
    ahead = {column.key: world.clock.now + dt.timedelta(days=400)}
    world.in_session(lambda session: session.execute(update(column.class_).values(ahead)))


def test_contacts_bought_by_a_fast_clock_do_not_hold_an_employer_up_for_years(world: World) -> None:
    world.runtime.limiter.enabled = True
    few = {"unlocks_per_hour": 2, "unlocks_per_day": 2}
    ok(world.admin().put("/api/admin/settings", {"limits": few}))
    employer = world.employer(verified=True)
    for _ in range(2):
        lead(world, employer).buy()
    third = lead(world, employer)
    refused(third.unlock(), 429, "unlock_limit_reached")
    _written_ahead(world, Unlock.unlocked_at)
    _written_ahead(world, Payment.created_at)
    third.buy()
    signals = ok(world.admin().get(f"/api/admin/employers/{employer.id}"))["signals"]
    assert signals["workers_unlocked_today"] == 1


def test_jobs_cancelled_by_a_fast_clock_do_not_hold_an_employer_up_for_years(world: World) -> None:
    world.runtime.limiter.enabled = True
    few = {"published_jobs_cancelled_per_day": 1}
    ok(world.admin().put("/api/admin/settings", {"limits": few}))
    employer = world.employer()
    ok(employer.delete(f"/api/employers/jobs/{world.job(employer)['id']}"))
    job = world.job(employer, publish=False)
    publish = f"/api/employers/jobs/{job['id']}/publish"
    refused(employer.post(publish), 429, "publish_limit_reached")
    _written_ahead(world, Job.closed_at)
    ok(employer.post(publish))


@pytest.mark.parametrize("hours", [-3, 3, 24 * 365])
async def test_a_process_whose_clock_is_wrong_does_not_start(postgres_url: str, hours: int) -> None:
    def wrong() -> dt.datetime:
        return wall_clock() + dt.timedelta(hours=hours)

    settings = Settings(_env_file=None, database_url=SecretStr(postgres_url))
    with pytest.raises(Unavailable) as refused:
        async with running(settings, wrong):
            pass
    assert refused.value.reason == "clock_differs"
    assert ("ahead of" if hours > 0 else "behind") in refused.value.message


async def test_a_clock_that_goes_wrong_later_is_not_ready_and_sends_nothing(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock_check, "CHECK_EVERY_SECONDS", 0.0)
    wrong_by = dt.timedelta(0)

    def clock() -> dt.datetime:
        return wall_clock() + wrong_by

    settings = Settings(_env_file=None, database_url=SecretStr(postgres_url))
    async with running(settings, clock) as runtime:
        assert not await runtime.clock_check.is_wrong()
        wrong_by = SKEW * 2
        assert await runtime.clock_check.is_wrong()
        outbox = next(loop for loop in background.LOOPS if loop.name == "outbox")
        assert await outbox.round(runtime) == 0
        with pytest.raises(Unavailable):
            await runtime.clock_check.require()
        wrong_by = dt.timedelta(0)
        await runtime.clock_check.require()


async def test_sqlite_has_no_other_clock(sqlite_database_url: str) -> None:
    database = database_of(sqlite_database_url)
    try:
        check = ClockCheck(database, lambda: NOW, on=True)
        assert await check.ahead() == dt.timedelta(0)
    finally:
        await database.close()
