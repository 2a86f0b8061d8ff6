"""The log of who did what: written with what it records, append-only, and any change of it is found."""

import re
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.audit import log
from app.audit.models import AdminActionLog
from app.core.errors import Conflict
from app.core.ids import new_id
from app.identity.actor import Actor
from app.identity.models import Role, UserStatus
from tests.support.app_harness import Person, World
from tests.support.assertions import ok
from tests.support.database import database_of
from tests.support.factories import NOW
from tests.support.leads import at_once

BOSS = Actor(new_id(), Role.ADMIN, UserStatus.ACTIVE, "Boss")


def write(session: AsyncSession, number: int, **values: Any) -> None:
    defaults = {
        "actor": BOSS,
        "now": NOW,
        "reason": "सच — “why”",
        "before": {"status": "active", "n": number},
        "after": {"status": "suspended", "weights": {"a": 30.0, "b": -0.0, "c": 1e22}},
    }
    audit.record(session, "worker.suspend", f"w{number}", **{**defaults, **values})


async def test_what_is_recorded_chains_and_verifies(database_url: str) -> None:
    database = database_of(database_url)
    for number in range(3):
        async with database.begin() as session:
            write(session, number)
            write(session, number, actor=None, reason=None, before=None, after=None)
    async with database.read() as session:
        assert await log.verify(session) == (6, None)
        query = select(AdminActionLog).order_by(AdminActionLog.number)
        rows = list(await session.scalars(query))
    assert [row.number for row in rows] == [1, 2, 3, 4, 5, 6]
    assert rows[0].previous_hash == log.GENESIS
    assert [row.previous_hash for row in rows[1:]] == [row.hash for row in rows[:-1]]
    assert (rows[0].actor_id, rows[0].actor_role) == (BOSS.user_id, "admin")
    assert (rows[1].actor_id, rows[1].actor_role) == (None, "system")
    await database.close()


async def test_what_fails_leaves_no_row(database_url: str) -> None:
    database = database_of(database_url)

    async def refused() -> None:
        async with database.begin() as session:
            write(session, 1)
            raise Conflict

    with pytest.raises(Conflict):
        await refused()
    async with database.read() as session:
        assert await log.verify(session) == (0, None)
    await database.close()


async def unprotect(session: AsyncSession, *, postgresql: bool) -> None:
    """Take the database's own protection of the log away, as its owner can."""
    drops = [f"DROP TRIGGER IF EXISTS admin_action_log_no_{verb}" for verb in ("update", "delete")]
    if postgresql:
        drops = ["DROP TRIGGER IF EXISTS admin_action_log_append_only ON admin_action_log"]
    for statement in drops:
        await session.execute(text(statement))


async def _change(database_url: str, statements: list[str]) -> tuple[int, int | None]:
    """Write five rows, run statements past the triggers, and verify."""
    database = database_of(database_url)
    for number in range(5):
        async with database.begin() as session:
            write(session, number)
    async with database.begin() as session:
        await unprotect(session, postgresql=database.is_postgresql)
        for statement in statements:
            await session.execute(text(statement))
    async with database.read() as session:
        found = await log.verify(session)
    await database.close()
    return found


TAMPERING = {
    "a reason": ["UPDATE admin_action_log SET reason = 'x' WHERE number = 3"],
    "who": ["UPDATE admin_action_log SET actor_id = NULL WHERE number = 3"],
    "the role": ["UPDATE admin_action_log SET actor_role = 'system' WHERE number = 3"],
    "what": ["UPDATE admin_action_log SET action = 'worker.verify' WHERE number = 3"],
    "whom": ["UPDATE admin_action_log SET target_id = 'w9' WHERE number = 3"],
    "when": ["UPDATE admin_action_log SET at = '2026-01-01 00:00:00.000000' WHERE number = 3"],
    "before": ["""UPDATE admin_action_log SET before = '{"status":"active"}' WHERE number = 3"""],
    "after": ["UPDATE admin_action_log SET after = NULL WHERE number = 3"],
    "the version": ["UPDATE admin_action_log SET version = 1 WHERE number = 3"],
    "the key": ["UPDATE admin_action_log SET key_id = NULL WHERE number = 3"],
    "the hash": ["UPDATE admin_action_log SET hash = previous_hash WHERE number = 3"],
    "removal": ["DELETE FROM admin_action_log WHERE number = 3"],
    "removal, renumbered": [
        "DELETE FROM admin_action_log WHERE number = 3",
        "UPDATE admin_action_log SET number = 3 WHERE number = 4",
        "UPDATE admin_action_log SET number = 4 WHERE number = 5",
    ],
    "order": [
        "UPDATE admin_action_log SET number = 99 WHERE number = 3",
        "UPDATE admin_action_log SET number = 3 WHERE number = 4",
        "UPDATE admin_action_log SET number = 4 WHERE number = 99",
    ],
}


@pytest.mark.parametrize("change", TAMPERING)
async def test_tampering_is_found_where_it_was_done(database_url: str, change: str) -> None:
    assert await _change(database_url, TAMPERING[change]) == (2, 3)


@pytest.mark.parametrize(
    ("column", "value"),
    [("at", "yesterday"), ("actor_id", "nobody"), ("before", "{"), ("after", "[1, 2"), ("id", "x")],
)
async def test_what_can_not_be_read_any_more_is_found_where_it_is(
    sqlite_database_url: str, column: str, value: str
) -> None:
    """PostgreSQL's types take nothing like it."""
    spoiled = f"UPDATE admin_action_log SET {column} = '{value}' WHERE number = 3"
    assert await _change(sqlite_database_url, [spoiled]) == (2, 3)


async def test_a_log_cut_off_at_its_end_is_found(database_url: str) -> None:
    assert await _change(database_url, ["DELETE FROM admin_action_log WHERE number = 5"]) == (4, 5)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE admin_action_log SET reason = 'x'",
        "DELETE FROM admin_action_log",
        "DELETE FROM admin_action_log WHERE number = 1",
    ],
)
async def test_the_database_itself_refuses_a_change(database_url: str, statement: str) -> None:
    database = database_of(database_url)
    async with database.begin() as session:
        write(session, 1)
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.begin() as session:
            await session.execute(text(statement))
    async with database.read() as session:
        assert await log.verify(session) == (1, None)
    await database.close()


# --- over HTTP --------------------------------------------------------------------------------


def logs(admin: Person, **params: Any) -> list[dict[str, Any]]:
    """The log's newest rows that fit."""
    answer = admin.get("/api/admin/logs", params={"limit": 100, **params})
    items: list[dict[str, Any]] = ok(answer)["items"]
    return items


def test_the_log_is_filtered_by_who_what_whom_and_when(world_of_file: World) -> None:
    world = world_of_file
    admin, employer = world.admin(), world.employer()
    path = f"/api/admin/employers/{employer.id}/action"
    ok(admin.post(path, {"action": "verify", "reason": "papers"}))
    first = world.clock().isoformat()
    world.clock.advance(minutes=1)
    second = world.clock().isoformat()
    ok(admin.post(path, {"action": "restrict", "reason": "complaints"}))
    job = world.job(employer, publish=False)
    mine = {"target_id": employer.id}
    assert [row["action"] for row in logs(admin, **mine)][:2] == [
        "employer.restrict",
        "employer.verify",
    ]
    [row] = logs(admin, action="employer.restrict", **mine)
    assert set(row) == set(
        "id at actor actor_role action target_type target_id reason before after hash".split()
    )
    assert (row["actor"], row["reason"]) == (admin.id, "complaints")
    assert (row["before"], row["after"]) == ({"status": "active"}, {"status": "restricted"})
    assert re.fullmatch(r"[0-9a-f]{64}", row["hash"])
    assert row["at"] == second.replace("+00:00", "Z")
    assert {row["target_type"] for row in logs(admin, target_type="employer")} == {"employer"}
    assert {row["actor"] for row in logs(admin, actor=admin.id)} == {admin.id}
    assert {row["actor"] for row in logs(admin, actor="system")} <= {"system"}
    since = [row["action"] for row in logs(admin, **mine, **{"from": second})]
    assert since == ["employer.restrict"]
    until = [row["action"] for row in logs(admin, **mine, **{"from": first, "to": second})]
    assert until[0] == "employer.verify"
    assert "employer.restrict" not in until
    assert logs(admin, target_id=job["id"], target_type="employer") == []


def test_the_log_of_many_at_once_is_one_chain(world_of_file: World) -> None:
    world = world_of_file
    admin = world.admin()
    employers = [world.employer() for _ in range(6)]

    def verify(employer: Person) -> Any:
        path = f"/api/admin/employers/{employer.id}/action"
        return lambda: admin.post(path, {"action": "verify"})

    for answer in at_once([verify(employer) for employer in employers] * 2):
        assert answer.status_code in {200, 409}
    done = [logs(admin, action="employer.verify", target_id=one.id) for one in employers]
    assert [len(rows) for rows in done] == [1] * 6
    _, broken = world.in_session(log.verify)
    assert broken is None


def test_an_administrator_s_refusals_are_not_in_the_log(world_of_file: World) -> None:
    world = world_of_file
    admin, employer = world.admin(), world.employer()
    before = logs(admin, target_id=employer.id)
    path = f"/api/admin/employers/{employer.id}/action"
    assert admin.post(path, {"action": "activate"}).status_code == 409
    assert admin.post(path, {"action": "suspend"}).status_code == 422
    assert logs(admin, target_id=employer.id) == before
