"""A person's data on their request: the copy they could take themselves, and the erasure; both are logged."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from redis import Redis

from app.audit import log
from app.identity.rules import AdminRole
from tests.support.app_harness import World
from tests.support.assertions import ok, refused
from tests.support.leads import log_of, somewhere
from tests.support.team import member_of

NOWHERE = "0190b5a4-0000-7000-8000-000000000000"
REASON = {"reason": "asked by mail"}


@pytest.fixture
def world(world_of_file: World) -> Iterator[World]:
    """One Partimer for the file; the log is whole after each test."""
    yield world_of_file
    _, broken = world_of_file.in_session(log.verify)
    assert broken is None


def test_the_copy_is_what_the_person_could_take_themselves(world: World) -> None:
    worker, company = world.worker(location=somewhere()), world.employer()
    moderator = world.admin(AdminRole.MODERATOR)
    for kind, person in (("workers", worker), ("employers", company)):
        own = ok(person.get(f"/api/{kind}/export"))
        copy = ok(moderator.get(f"/api/admin/{kind}/{person.id}/export"))
        assert copy | {"exported_at": ""} == own | {"exported_at": ""}
        (row,) = [row for row in log_of(world, person.id) if row.action.endswith(".export")]
        assert str(row.actor_id) == moderator.id


def test_an_erased_account_is_a_tombstone_and_erased_once(world: World) -> None:
    worker, company = world.worker(location=somewhere()), world.employer()
    owner = world.admin()
    for kind, person in (("workers", worker), ("employers", company)):
        path = f"/api/admin/{kind}/{person.id}"
        assert owner.post(f"{path}/erase", REASON).status_code == 204
        refused(person.get("/api/auth/me"), 401, "session_ended")
        assert ok(owner.get(path))["status"] == "erased"
        refused(owner.post(f"{path}/erase", REASON), 409, "account_erased")
        refused(owner.get(f"{path}/export"), 409, "account_erased")
        (row,) = [row for row in log_of(world, person.id) if "on_request" in row.action]
        reasons = world.in_session(lambda session, row=row: log.reasons_of(session, [row]))
        assert list(reasons.values()) == ["asked by mail"]


def test_the_sessions_of_an_erased_companys_team_end_in_redis_too(
    sqlite_database_url: str,
    valkey_url: str,
    world_with: Callable[..., AbstractContextManager[World]],
) -> None:
    with (
        world_with(sqlite_database_url, redis_url=valkey_url) as world,
        Redis.from_url(valkey_url, decode_responses=True) as client,
    ):
        company = world.employer()
        member = member_of(world, company, "manager")
        kept = [key for key in client.scan_iter() if member.id in key or company.id in key]
        assert len(kept) == 2
        path = f"/api/admin/employers/{company.id}/erase"
        assert world.admin().post(path, REASON).status_code == 204
        assert not client.exists(*kept)


def test_who_is_not_there_or_of_another_kind_is_not_found(world: World) -> None:
    worker, company, owner = world.worker(slots=()), world.employer(), world.admin()
    for path in (f"workers/{company.id}", f"employers/{worker.id}", f"workers/{NOWHERE}"):
        refused(owner.get(f"/api/admin/{path}/export"), 404, "not_found")
        refused(owner.post(f"/api/admin/{path}/erase", REASON), 404, "not_found")
    refused(owner.post(f"/api/admin/workers/{worker.id}/erase", {}), 422, "invalid")


def test_support_and_finance_neither_copy_nor_erase(world: World) -> None:
    worker = world.worker(slots=())
    for role in (AdminRole.SUPPORT, AdminRole.FINANCE):
        person = world.admin(role)
        refused(person.get(f"/api/admin/workers/{worker.id}/export"), 403, "wrong_role")
        path = f"/api/admin/workers/{worker.id}/erase"
        refused(person.post(path, REASON), 403, "wrong_role")
