"""Two accounts of one person become one: what comes over, what ends, and what forbids it."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from app.audit import log
from app.audit.models import AdminActionLog
from app.employers.models import BlockByEmployer
from app.identity.models import User, UserStatus
from app.messaging.models import OutboxMessage
from app.offers.models import JobMatch
from app.payments.models import Unlock
from app.workers.models import Worker
from tests.support.app_harness import Person, World
from tests.support.assertions import check_invariants, check_money, ok, refused
from tests.support.factories import create_offers
from tests.support.leads import Lead, at_once, lead, somewhere
from tests.support.lock_waits import ask_meanwhile

REASON = "She has a new number."


@pytest.fixture
def world(world: World) -> Iterator[World]:
    """A Partimer in which money, invariants and the log hold after the test."""
    yield world
    check_money(world)
    world.run(check_invariants(world.runtime.database))
    _, broken = world.in_session(log.verify)
    assert broken is None


def merge(by: Person, kept: Person, merged: Person, **more: Any) -> Any:
    body = {"other_id": merged.id, "reason": REASON}
    return by.post(f"/api/admin/workers/{kept.id}/merge", body, **more)


def preview(by: Person, kept: Person, merged: Person) -> dict[str, Any]:
    path = f"/api/admin/workers/{kept.id}/merge?other_id={merged.id}"
    found: dict[str, Any] = ok(by.get(path))
    return found


def counters(world: World, worker: Person) -> tuple[int, int, int]:
    async def read(session: Any) -> tuple[int, int, int]:
        row = await session.get_one(Worker, UUID(worker.id))
        return row.answered, row.missed, row.withdrawn

    found: tuple[int, int, int] = world.in_session(read)
    return found


def count(world: World, *where: Any) -> int:
    found: int = world.in_session(
        lambda session: session.scalar(select(func.count()).where(*where))
    )
    return found


def test_what_was_bought_and_said_comes_over_and_the_other_account_ends(world: World) -> None:
    admin, bought = world.admin(), lead(world)
    bought.buy()
    said_yes = lead_of(world, bought.worker, weekday="sunday")
    kept = world.worker(location=somewhere(), slots=["monday"])
    before = preview(admin, kept, bought.worker)
    assert (before["moved"], before["accepted"], before["bought"]) == (2, 1, 1)
    assert before["obstacles"] == []
    assert before["undoable"] is False
    # A preview changes nothing.
    assert counters(world, kept) == (0, 0, 0)

    done = ok(merge(admin, kept, bought.worker))
    assert done["merged"]["status"] == "erased"
    assert counters(world, kept) == (2, 0, 0)
    assert bought.phone_shown() == str(kept.phone)
    assert count(world, Unlock.worker_id == UUID(kept.id)) == 1
    mine = {item["id"]: item["status"] for item in world.offers(kept)}
    assert mine == {bought.id: "accepted", said_yes.id: "accepted"}
    refused(bought.worker.get("/api/workers/profile"), 401, "session_ended")
    # The yes can be taken back by who the person is now.
    ok(kept.post(f"/api/workers/offers/{said_yes.id}/withdraw"))
    # Its phone is free: whoever registers it is somebody new.
    anew = world.sign_in_worker(register(world, str(bought.worker.phone)))
    assert anew.id not in {kept.id, bought.worker.id}
    about = ok(admin.get(f"/api/admin/logs?target_id={kept.id}&action=worker.merge"))["items"]
    assert [(row["reason"], row["after"]["merged"]) for row in about] == [
        (REASON, bought.worker.id)
    ]
    # Which leads changed hands stays known.
    assert about[0]["after"]["matches"] == sorted([bought.id, said_yes.id])
    told = (
        OutboxMessage.kind == "accounts_merged",
        OutboxMessage.user_id == UUID(kept.id),
    )
    assert count(world, *told) == 1


def lead_of(world: World, worker: Person, **job: Any) -> Lead:
    """A further job of somebody's, and their yes."""
    weekday = job.pop("weekday")
    ok(
        worker.post(
            "/api/workers/availability", {"weekday": weekday, "start": "08:00", "end": "20:00"}
        ),
        201,
    )
    place = ok(worker.get("/api/workers/profile"))["location"]
    employer = world.employer(verified=True)
    slots = [{"weekday": weekday, "start": "09:00", "end": "15:00"}]
    made = world.job(employer, location=place, slots=slots, **job)
    world.settle()
    [offer] = [each for each in world.offers(worker) if each["job"]["id"] == made["id"]]
    world.accept(worker, offer["id"])
    return Lead(world, employer, worker, made["id"], offer["id"])


def register(world: World, phone: str) -> str:
    body = {"name": "Farida", "phone": phone, "consent": True}
    ok(world.http.post("/api/auth/register/worker", json=body), 202)
    return phone


def test_open_offers_of_the_other_close_and_their_jobs_ask_others(world: World) -> None:
    admin, asked = world.admin(), lead(world, accept=False)
    kept = world.worker(location=somewhere(), slots=["monday"])
    assert preview(admin, kept, asked.worker)["closes"] == 1
    ok(merge(admin, kept, asked.worker))
    (shown,) = world.matches(asked.employer, asked.job_id)
    assert shown["status"] == "closed"
    # Nobody is asked twice for a job, by whichever account.
    assert [each["status"] for each in world.offers(kept)] == ["closed"]


def test_blocks_hold_for_who_stays_and_what_is_open_between_the_two_closes(world: World) -> None:
    admin, asked = world.admin(), lead(world, accept=False)
    kept, employer = asked.worker, asked.employer
    other = world.worker(location=somewhere(), slots=["monday"])
    ok(other.post("/api/workers/blocks", {"employer_id": employer.id}), 201)
    assert preview(admin, kept, other)["blocks"] == 1
    ok(merge(admin, kept, other))
    held = ok(kept.get("/api/workers/blocks"))["items"]
    assert [each["employer_id"] for each in held] == [employer.id]
    assert [each["status"] for each in world.offers(kept)] == ["closed"]


def _by_the_worker(world: World, kept: Person, other: Lead) -> None:
    ok(kept.post("/api/workers/blocks", {"employer_id": other.employer.id}), 201)


def _by_the_company(world: World, kept: Person, other: Lead) -> None:
    block = BlockByEmployer(
        employer_id=UUID(other.employer.id),
        worker_id=UUID(kept.id),
        match_id=UUID(other.id),
        created_at=world.clock(),
    )

    async def add(session: Any) -> None:
        session.add(block)

    world.in_session(add)


@pytest.mark.parametrize("blocks", [_by_the_worker, _by_the_company])
def test_a_block_of_who_stays_ends_the_yes_of_who_goes(world: World, blocks: Any) -> None:
    admin, other = world.admin(), lead(world)
    kept = world.worker(location=somewhere(), slots=["monday"])
    blocks(world, kept, other)
    before = preview(admin, kept, other.worker)
    assert (before["accepted"], before["withdrawn"]) == (0, 1)
    ok(merge(admin, kept, other.worker))
    refused(other.unlock(), 409, "match_not_accepted")
    assert [each["status"] for each in world.offers(kept)] == ["withdrawn"]
    # Nobody took a yes back.
    assert counters(world, kept)[2] == 0


@pytest.mark.parametrize("blocks", [_by_the_worker, _by_the_company])
def test_a_company_behind_a_block_sees_no_new_phone(world: World, blocks: Any) -> None:
    admin, other = world.admin(), lead(world)
    other.buy()
    kept = world.worker(location=somewhere(), slots=["monday"])
    blocks(world, kept, other)
    before = preview(admin, kept, other.worker)
    assert (before["moved"], before["bought"], before["left"]) == (0, 0, 1)
    ok(merge(admin, kept, other.worker))
    assert count(world, Unlock.worker_id == UUID(kept.id)) == 0
    assert count(world, Unlock.worker_id == UUID(other.worker.id)) == 1
    (shown,) = world.matches(other.employer, other.job_id)
    assert str(kept.phone) not in str(shown)
    gone = (OutboxMessage.kind == "lead_erased", OutboxMessage.subject_id == UUID(other.id))
    assert count(world, *gone) >= 1


def test_a_block_is_dropped_only_for_work_that_is_still_to_come(world: World) -> None:
    admin, works = world.admin(), lead(world)
    kept, employer = works.worker, works.employer
    other = world.worker(location=somewhere(), slots=["monday"])
    ok(other.post("/api/workers/blocks", {"employer_id": employer.id}), 201)
    before = preview(admin, kept, other)
    assert (before["blocks"], before["dropped"]) == (0, 1)
    ok(employer.delete(f"/api/employers/jobs/{works.job_id}"))
    before = preview(admin, kept, other)
    assert (before["blocks"], before["dropped"]) == (1, 0)
    ok(merge(admin, kept, other))
    held = ok(kept.get("/api/workers/blocks"))["items"]
    assert [each["employer_id"] for each in held] == [employer.id]


def _suspended(world: World, admin: Person, kept: Person, other: Lead) -> None:
    body = {"action": "suspend", "reason": "asked for money"}
    ok(admin.post(f"/api/admin/workers/{other.worker.id}/action", body))


def _paying(world: World, admin: Person, kept: Person, other: Lead) -> None:
    other.begin()


def _reported(world: World, admin: Person, kept: Person, other: Lead) -> None:
    other.buy()
    path = f"/api/employers/matches/{other.id}/report"
    ok(other.employer.post(path, {"reason": "other", "note": "rude"}), 201)


def _booked(world: World, admin: Person, kept: Person, other: Lead) -> None:
    lead_of(world, kept, weekday="saturday")


def _same_job(world: World, admin: Person, kept: Person, other: Lead) -> None:
    place = ok(other.worker.get("/api/workers/profile"))["location"]
    ok(kept.put("/api/workers/profile", {"location": place, "skills": ["waiter"]}))
    slot = {"weekday": "sunday", "start": "08:00", "end": "20:00"}
    ok(kept.post("/api/workers/availability", slot), 201)
    both = lead_of(world, other.worker, weekday="sunday", positions=2)
    assert [each["job"]["id"] for each in world.offers(kept)] == [both.job_id]


@pytest.mark.parametrize(
    ("happened", "code"),
    [
        (_suspended, "merge_not_active"),
        (_paying, "merge_payment_open"),
        (_reported, "merge_report_open"),
        (_booked, "merge_booked_twice"),
        (_same_job, "merge_same_job"),
    ],
)
def test_what_forbids_a_merge_is_told_before_and_refused_after(
    world: World, happened: Any, code: str
) -> None:
    admin, other = world.admin(), lead(world)
    kept = world.worker(location=somewhere(), slots=["monday"])
    happened(world, admin, kept, other)
    before = preview(admin, kept, other.worker)
    assert [each["code"] for each in before["obstacles"]] == [code]
    rows = count(world, AdminActionLog.action == "worker.merge")
    refused(merge(admin, kept, other.worker), 409, code)
    assert count(world, AdminActionLog.action == "worker.merge") == rows
    assert count(world, JobMatch.worker_id == UUID(other.worker.id)) > 0
    status = world.in_session(
        lambda session: session.scalar(select(User.status).where(User.id == UUID(other.worker.id)))
    )
    assert status != UserStatus.ERASED


def test_who_looks_at_both_phones_is_logged_for_both(world: World) -> None:
    admin, kept, other = world.admin(), world.worker(slots=()), world.worker(slots=())
    preview(admin, kept, other)
    for each in (kept, other):
        path = f"/api/admin/logs?target_id={each.id}&action=worker.view"
        [row] = ok(admin.get(path))["items"]
        assert row["actor"] == admin.id


def test_an_account_is_not_merged_with_itself_nor_with_a_company(world: World) -> None:
    admin, kept = world.admin(), world.worker(slots=())
    refused(merge(admin, kept, kept), 409, "merge_same_account")
    company = world.employer()
    assert merge(admin, kept, company).status_code == 404
    refused(merge(kept, kept, company), 403, "wrong_role")


def test_a_second_tap_answers_as_the_first_and_a_second_merge_is_refused(world: World) -> None:
    admin, kept, other = world.admin(), world.worker(slots=()), world.worker(slots=())
    key = {"headers": {"Idempotency-Key": "merge-1"}}
    first = ok(merge(admin, kept, other, **key))
    assert ok(merge(admin, kept, other, **key)) == first
    refused(merge(admin, kept, other), 409, "merge_not_active")


def test_of_two_merges_the_other_way_round_one_wins(world: World) -> None:
    admin, one, other = world.admin(), world.worker(slots=()), world.worker(slots=())
    answers = at_once([lambda: merge(admin, one, other), lambda: merge(admin, other, one)])
    assert sorted(answer.status_code for answer in answers) == [200, 409]


def test_a_yes_at_the_moment_of_the_merge_is_kept_or_refused_and_never_lost(world: World) -> None:
    admin, asked = world.admin(), lead(world, accept=False)
    kept = world.worker(location=somewhere(), slots=["monday"])
    answer = {"response": "accept"}
    merged, said = at_once(
        [
            lambda: merge(admin, kept, asked.worker),
            lambda: asked.worker.post(f"/api/workers/offers/{asked.id}/respond", answer),
        ]
    )
    ok(merged)
    mine = {each["id"]: each["status"] for each in world.offers(kept)}
    assert mine == {asked.id: "accepted" if said.status_code == 200 else "closed"}


def test_a_purchase_at_the_moment_of_the_merge_shows_the_contact_that_stays(world: World) -> None:
    admin, other = world.admin(), lead(world)
    kept = world.worker(location=somewhere(), slots=["monday"])
    merged, page = at_once([lambda: merge(admin, kept, other.worker), other.unlock])
    assert merged.status_code in {200, 409}
    world.pay(ok(page, 202)["checkout_url"])
    world.settle()
    stays = kept if merged.status_code == 200 else other.worker
    assert other.phone_shown() == str(stays.phone)


def _appealed(world: World, admin: Person, kept: Person, other: Lead) -> None:
    world.clock.advance(minutes=6)
    ok(other.worker.post(f"/api/workers/offers/{other.id}/withdraw"))
    appeal = {"what": f"withdrawn:{other.id}", "note": "I was ill."}
    ok(other.worker.post("/api/workers/reliability/appeal", appeal), 201)


def test_an_open_appeal_forbids_it_until_it_is_decided(world: World) -> None:
    admin, other = world.admin(), lead(world)
    kept = world.worker(location=somewhere(), slots=["monday"])
    _appealed(world, admin, kept, other)
    obstacles = preview(admin, kept, other.worker)["obstacles"]
    assert [each["code"] for each in obstacles] == ["merge_appeal_open"]
    refused(merge(admin, kept, other.worker), 409, "merge_appeal_open")
    [row] = ok(admin.get("/api/admin/appeals?status=open"))["items"]
    decision = {"action": "decline", "reason": "We saw no sign of it."}
    ok(admin.post(f"/api/admin/appeals/{row['id']}/action", decision))
    ok(merge(admin, kept, other.worker))
    assert counters(world, kept)[2] == 1


def _has_stopped(world: World, person: Person) -> bool:
    row = world.in_session(lambda session: session.get_one(Worker, UUID(person.id)))
    return row.stopped_at is not None


@pytest.mark.parametrize("stops", ["kept", "merged"])
def test_the_stop_of_either_holds_until_they_say_start(world: World, stops: str) -> None:
    admin = world.admin()
    kept, merged = world.worker(slots=()), world.worker(slots=())
    stopper = kept if stops == "kept" else merged
    for person in (kept, merged):
        world.says(str(person.phone), "hello")
    world.says(str(stopper.phone), "STOP")
    world.settle()
    ok(merge(admin, kept, merged))
    assert _has_stopped(world, kept)
    heard = len(world.messages(str(kept.phone)))
    world.settle()
    assert len(world.messages(str(kept.phone))) == heard  # not even that the accounts are one
    world.says(str(kept.phone), "START")
    assert not _has_stopped(world, kept)
    assert len(world.messages(str(kept.phone))) > heard


def test_start_ends_a_stop_that_came_with_another_account(world: World) -> None:
    admin = world.admin()
    kept, merged = world.worker(slots=()), world.worker(slots=())
    world.says(str(merged.phone), "STOP")
    world.settle()
    ok(merge(admin, kept, merged))
    assert _has_stopped(world, kept)
    # This phone never wrote before.
    world.says(str(kept.phone), "START")
    assert not _has_stopped(world, kept)


def test_who_bought_the_contact_hears_that_the_phone_is_another_one(world: World) -> None:
    admin, bought = world.admin(), lead(world)
    bought.buy()
    kept = world.worker(location=somewhere(), slots=["monday"])
    ok(merge(admin, kept, bought.worker))
    told = (OutboxMessage.kind == "lead_moved", OutboxMessage.subject_id == UUID(bought.id))
    assert count(world, *told) == 1
    # A contact that nobody bought tells nobody.
    unbought = lead(world)
    other = world.worker(location=somewhere(), slots=["monday"])
    ok(merge(admin, other, unbought.worker))
    assert count(world, OutboxMessage.kind == "lead_moved") == 1


def test_a_job_asked_at_the_moment_of_the_merge_refuses_it(
    world_with: Any, postgresql_database_url: str
) -> None:
    with world_with(postgresql_database_url) as world:
        admin, kept, merged = world.admin(), world.worker(slots=()), world.worker(slots=())
        job = world.job(world.employer(), publish=False)

        async def ask(session: Any) -> None:
            await create_offers(session, UUID(job["id"]), [UUID(merged.id)], world.clock())

        refused(ask_meanwhile(world, ask, lambda: merge(admin, kept, merged)), 409, "merge_changed")
        # Once that is settled, it goes.
        ok(merge(admin, kept, merged))
