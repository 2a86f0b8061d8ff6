"""One action on many: stored, previewed, done item by item as the single action would, resumed after a kill."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from app.attempts.models import WorkAttempt
from app.attempts.work import LEASE, Kind
from app.audit import log
from app.identity.models import User
from app.identity.rules import AdminRole
from app.moderation.models import BulkAction, BulkItem
from tests.support.app_harness import Person, World
from tests.support.assertions import ok, refused
from tests.support.leads import log_of, somewhere
from tests.support.statements import statements_of
from tests.support.team import member_of

NOWHERE = "0190b5a4-0000-7000-8000-000000000000"
PATH = "/api/admin/bulk"


@pytest.fixture
def world(world_of_file: World) -> Iterator[World]:
    """One Partimer for the file; the log is whole after each test."""
    yield world_of_file
    _, broken = world_of_file.in_session(log.verify)
    assert broken is None


def workers(world: World, count: int) -> list[Person]:
    """So many workers, each in a place of their own."""
    return [world.worker(location=somewhere(), slots=()) for _ in range(count)]


def ask(admin: Person, action: str, ids: list[str], **more: Any) -> Any:
    """Ask for a bulk action."""
    return admin.post(PATH, {"action": action, "ids": ids, "reason": "one person's"} | more)


def outcomes(answer: Any) -> list[tuple[str, str | None]]:
    """What came of each item, in order."""
    return [(item["state"], item["code"]) for item in answer["items"]]


def result(world: World, admin: Person, answer: Any) -> Any:
    """A bulk action once the background has done it."""
    asked = ok(answer, 202)
    world.settle()
    return ok(admin.get(f"{PATH}/{asked['id']}"))


def test_many_are_suspended_in_the_background_as_the_single_action_would(world: World) -> None:
    people, admin = workers(world, 3), world.admin(AdminRole.MODERATOR)
    suspended = people[1]
    path = f"/api/admin/workers/{suspended.id}/action"
    ok(admin.post(path, {"action": "suspend", "reason": "x"}))
    company = world.employer()
    ids = [*(person.id for person in people), NOWHERE, company.id]
    asked = ok(ask(admin, "workers.suspend", ids), 202)
    assert (asked["total"], asked["waiting"], asked["finished_at"]) == (5, 5, None)
    assert asked["reason"] == "one person's"
    world.settle()
    done = ok(admin.get(f"{PATH}/{asked['id']}"))
    assert outcomes(done) == [
        ("done", None),
        ("refused", "account_suspended"),
        ("done", None),
        ("refused", "not_found"),
        ("refused", "not_found"),
    ]
    assert (done["done"], done["refused"], done["waiting"]) == (2, 3, 0)
    assert done["finished_at"] is not None
    assert done["reason"] is None
    refused(people[0].get("/api/auth/me"), 401, "session_ended")
    ok(company.get("/api/auth/me"))
    (row,) = [row for row in log_of(world, people[0].id) if row.action == "worker.suspend"]
    assert str(row.actor_id) == admin.id
    reasons = world.in_session(lambda session: log.reasons_of(session, [row]))
    assert list(reasons.values()) == ["one person's"]


def test_an_action_without_a_target_takes_accounts_of_either_kind(world: World) -> None:
    (worker,), company, admin = workers(world, 1), world.employer(), world.admin()
    done = result(world, admin, ask(admin, "verify", [worker.id, company.id, admin.id]))
    assert done["target"] == "accounts"
    assert outcomes(done) == [("done", None), ("done", None), ("refused", "not_found")]


def test_jobs_are_cancelled_and_their_workers_told(world: World) -> None:
    here, admin, company = somewhere(), world.admin(), world.employer()
    worker = world.worker(location=here)
    job, draft = world.job(company, location=here), world.job(company, publish=False)
    world.settle()
    (offer,) = world.offers(worker)
    assert offer["status"] == "offered"
    body = {"action": "cancel", "ids": [job["id"], draft["id"]]}
    seen = ok(admin.post(f"{PATH}/preview", body))
    assert (seen["possible"], seen["offers_that_close"]) == (2, 1)
    done = result(world, admin, ask(admin, "jobs.cancel", [job["id"], draft["id"], NOWHERE]))
    assert outcomes(done) == [("done", None), ("done", None), ("refused", "job_not_found")]
    assert [item["label"] for item in done["items"]][2] is None
    (offer,) = world.offers(worker)
    assert offer["status"] == "closed"


@pytest.mark.parametrize(
    ("action", "target"),
    [
        *((action, "workers") for action in ("activate", "suspend", "verify", "sign_out")),
        *(
            (action, "employers")
            for action in ("activate", "suspend", "restrict", "verify", "sign_out")
        ),
        *((action, "jobs") for action in ("cancel", "reopen")),
    ],
)
def test_the_preview_tells_what_the_action_then_does(
    world: World, action: str, target: str
) -> None:
    admin = world.admin()
    ids = things(world, admin, target)
    body = {"action": action, "target": target, "ids": ids}
    seen = ok(admin.post(f"{PATH}/preview", body))
    foreseen = [("done" if item["possible"] else "refused", item["code"]) for item in seen["items"]]
    assert all(item["detail"] for item in seen["items"] if not item["possible"])
    done = result(world, admin, ask(admin, action, ids, target=target))
    assert outcomes(done) == foreseen
    assert (seen["possible"], seen["refused"]) == (done["done"], done["refused"])


def things(world: World, admin: Person, target: str) -> list[str]:
    """One of each kind and state."""
    if target == "jobs":
        company = world.employer()
        open_, draft, cancelled = (
            world.job(company, publish=publish, location=somewhere())
            for publish in (True, False, True)
        )
        ok(company.delete(f"/api/employers/jobs/{cancelled['id']}"))
        return [open_["id"], draft["id"], cancelled["id"], NOWHERE]
    made = (
        (lambda: world.worker(location=somewhere(), slots=()))
        if target == "workers"
        else world.employer
    )
    plain, verified, suspended = made(), made(), made()
    path = "/api/admin/{}/{}/action"
    ok(admin.post(path.format(target, verified.id), {"action": "verify"}))
    body = {"action": "suspend", "reason": "x"}
    ok(admin.post(path.format(target, suspended.id), body))
    ids = [plain.id, verified.id, suspended.id, NOWHERE, admin.id]
    if target == "employers":
        restricted = made()
        body = {"action": "restrict", "reason": "x"}
        ok(admin.post(path.format(target, restricted.id), body))
        return [*ids, restricted.id, world.worker(location=somewhere(), slots=()).id]
    erased = made()
    assert erased.delete("/api/workers/account").status_code == 204
    return [*ids, erased.id, world.employer().id]


@pytest.mark.parametrize("target", ["employers", "accounts"])
@pytest.mark.parametrize("action", ["restrict", "verify", "suspend"])
def test_nothing_is_done_to_a_member_apart_from_their_company(
    world: World, action: str, target: str
) -> None:
    owner, admin = world.employer(), world.admin()
    member = member_of(world, owner, "manager")
    body = {"action": action, "target": target, "ids": [member.id]}
    (seen,) = ok(admin.post(f"{PATH}/preview", body))["items"]
    assert (seen["possible"], seen["code"]) == (False, "not_found")
    done = result(world, admin, ask(admin, action, [member.id], target=target))
    assert outcomes(done) == [("refused", "not_found")]
    assert [row.action for row in log_of(world, member.id)] == ["team.invite"]
    ok(member.get("/api/auth/me"))


def test_a_preview_changes_nothing(world: World) -> None:
    (worker,), admin = workers(world, 1), world.admin()
    before = len(ok(admin.get(PATH))["items"])
    ok(admin.post(f"{PATH}/preview", {"action": "suspend", "ids": [worker.id]}))
    world.settle()
    ok(worker.get("/api/auth/me"))
    assert len(ok(admin.get(PATH))["items"]) == before


def test_what_a_dead_process_had_begun_is_done_once_its_lease_is_over(world: World) -> None:
    people, admin = workers(world, 3), world.admin()
    asked = ok(ask(admin, "suspend", [person.id for person in people]), 202)

    async def begin_first(session: Any) -> None:
        query = select(BulkItem.id).where(
            BulkItem.bulk_id == UUID(asked["id"]), BulkItem.number == 0
        )
        now = world.clock()
        session.add(
            WorkAttempt(
                kind=Kind.BULK_ITEM,
                subject_id=await session.scalar(query),
                attempts=1,
                due_at=now,
                lease_until=now + LEASE,
                created_at=now,
            )
        )

    world.in_session(begin_first)
    world.settle()
    half = ok(admin.get(f"{PATH}/{asked['id']}"))
    assert [state for state, _ in outcomes(half)] == ["waiting", "done", "done"]
    assert half["finished_at"] is None
    world.clock.advance(seconds=LEASE.total_seconds() + 1)
    world.settle()
    done = ok(world.admin().get(f"{PATH}/{asked['id']}"))
    assert [state for state, _ in outcomes(done)] == ["done", "done", "done"]
    for person in people:
        rows = [row for row in log_of(world, person.id) if row.action == "worker.suspend"]
        assert len(rows) == 1


def test_who_lost_the_permission_meanwhile_does_nothing_more(world: World) -> None:
    (worker,), moderator, owner = workers(world, 1), world.admin(AdminRole.MODERATOR), world.admin()
    asked = ok(ask(moderator, "suspend", [worker.id]), 202)

    async def demote(session: Any) -> None:
        statement = update(User).where(User.id == UUID(moderator.id))
        await session.execute(statement.values(admin_role=AdminRole.SUPPORT))

    world.in_session(demote)
    world.settle()
    done = ok(owner.get(f"{PATH}/{asked['id']}"))
    assert outcomes(done) == [("refused", "no_longer_permitted")]
    ok(worker.get("/api/auth/me"))


def test_what_is_left_is_stopped_and_what_is_done_stays_done(world: World) -> None:
    people, admin = workers(world, 2), world.admin()
    asked = ok(ask(admin, "suspend", [person.id for person in people]), 202)
    stopped = ok(admin.post(f"{PATH}/{asked['id']}/stop"))
    assert [state for state, _ in outcomes(stopped)] == ["stopped", "stopped"]
    assert stopped["finished_at"] is not None
    world.settle()
    ok(people[0].get("/api/auth/me"))
    refused(admin.post(f"{PATH}/{asked['id']}/stop"), 409, "bulk_finished")
    refused(admin.post(f"{PATH}/{NOWHERE}/stop"), 404, "not_found")


def test_the_same_key_asks_for_it_once(world: World) -> None:
    (worker,), admin = workers(world, 1), world.admin()
    body = {"action": "sign_out", "ids": [worker.id], "reason": "lost phone"}
    headers = {"Idempotency-Key": "one-bulk"}
    first = ok(admin.post(PATH, body, headers=headers), 202)
    again = admin.post(PATH, body, headers=headers)
    assert ok(again, 202)["id"] == first["id"]
    assert again.headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"ids": []}, "ids"),
        ({"ids": [NOWHERE, NOWHERE]}, "ids"),
        ({"ids": ["no id"]}, "ids.0"),
        ({"ids": [f"0190b5a4-0000-7000-8000-{number:012}" for number in range(501)]}, "ids"),
        ({"action": "approve"}, "action"),
        ({"action": "workers.cancel"}, "action"),
        ({"action": "workers.restrict"}, "action"),
        ({"action": "pigeons.suspend"}, "target"),
        ({"action": "cancel", "target": "workers"}, "action"),
        ({"reason": " "}, "reason"),
        ({"price": 1}, "price"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(world: World, body: Any, field: str) -> None:
    sent = {"action": "suspend", "ids": [NOWHERE], "reason": "x"} | body
    answer = world.admin().post(PATH, sent)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == field


def test_support_and_finance_see_bulk_actions_and_ask_for_none(world: World) -> None:
    for role in (AdminRole.SUPPORT, AdminRole.FINANCE):
        person = world.admin(role)
        ok(person.get(PATH))
        refused(ask(person, "verify", [NOWHERE]), 403, "wrong_role")


def test_five_hundred_take_as_many_statements_to_preview_and_show_as_one(world: World) -> None:
    admin = world.admin()
    ids = [f"0190b5a4-0000-7000-8000-{number:012}" for number in range(500)]
    counted: list[int] = []
    for some in (ids[:1], ids):
        asked = ok(ask(admin, "verify", some), 202)
        with statements_of(world) as statements:
            ok(admin.post(f"{PATH}/preview", {"action": "verify", "ids": some}))
            ok(admin.get(f"{PATH}/{asked['id']}"))
        counted.append(len(statements))
        ok(admin.post(f"{PATH}/{asked['id']}/stop"))
    assert counted[0] == counted[1]


def test_the_reason_is_sealed_and_gone_at_the_end(world: World) -> None:
    (worker,), admin = workers(world, 1), world.admin()
    asked = ok(ask(admin, "verify", [worker.id]), 202)

    async def sealed(session: Any) -> bytes | None:
        query = select(BulkAction.reason_sealed).where(BulkAction.id == UUID(asked["id"]))
        kept: bytes | None = await session.scalar(query)
        return kept

    kept = world.in_session(sealed)
    assert kept
    assert b"one person" not in kept
    world.settle()
    assert world.in_session(sealed) is None


def test_bulk_actions_are_listed_as_pages_and_as_a_file(world: World) -> None:
    admin = world.admin()
    ok(ask(admin, "verify", [NOWHERE]), 202)
    ok(admin.get(f"{PATH}?limit=1"))
    file = admin.get(f"{PATH}?format=csv")
    assert file.headers["content-type"].startswith("text/csv")
    assert "admin_id" in file.text.splitlines()[0]
