"""Whoever owns the database but not the secrets can't write the audit log anew; a kept head tells a cut."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from app import background
from app.audit import heads, log
from app.audit.models import AdminActionLog, AuditHead
from app.core.crypto import Keyring
from app.core.logging import configure_logging
from app.database.session import Database
from tests.audit.test_audit import unprotect, write
from tests.conftest import Command
from tests.support.app_harness import World
from tests.support.database import SECRET, database_of
from tests.support.factories import NOW


def forge(rows: list[dict[str, Any]], since: int, previous: str, **as_: Any) -> str:
    """Write these rows anew as somebody who has no secret of ours but knows the code; the last hash."""
    strangers = Keyring("a secret of the forger's own, who knows how it is done")
    for row in rows[since:]:
        row |= {"previous_hash": previous, **as_}
        if row["version"] == log.KEYED and "key_id" not in as_:
            row["key_id"] = strangers.mac_key_id
        row["hash"] = previous = log.entry_hash(row, strangers) or "0" * 64
    return previous


async def rewritten(database_url: str, since: int, **as_: Any) -> tuple[int, int | None]:
    """Keep rows before `since`, forge the others with another reason, and verify."""
    database = database_of(database_url)
    for number in range(5):
        async with database.begin() as session:
            write(session, number)
    columns = AdminActionLog.__table__.columns.keys()
    async with database.begin() as session:
        query = select(AdminActionLog).order_by(AdminActionLog.number)
        rows = [{c: getattr(row, c) for c in columns} for row in await session.scalars(query)]
        session.expunge_all()
        for row in rows[since:]:
            row["reason"] = "nothing happened"
        last = forge(rows, since, rows[since - 1]["hash"] if since else log.GENESIS, **as_)
        await unprotect(session, postgresql=database.is_postgresql)
        await session.execute(delete(AdminActionLog))
        await session.execute(insert(AdminActionLog), rows)
        await session.execute(update(AuditHead).values(hash=last))
    async with database.read() as session:
        found = await log.verify(session)
    await database.close()
    return found


FORGERIES: dict[str, dict[str, Any]] = {
    "with a key of their own": {},
    "as if by ours": {"key_id": Keyring(SECRET).mac_key_id},
    "as if from before the hash was keyed": {"version": 1, "key_id": None},
    "as of a version that is none": {"version": 3},
}


@pytest.mark.parametrize("since", [0, 2])
@pytest.mark.parametrize("how", FORGERIES)
async def test_who_has_no_secret_can_not_write_the_log_anew(
    database_url: str, how: str, since: int
) -> None:
    assert await rewritten(database_url, since, **FORGERIES[how]) == (since, since + 1)


async def old_log(database: Database, rows: int) -> None:
    """A log of the version before: its hashes are not keyed."""
    async with database.begin() as session:
        for number in range(rows):
            write(session, number)
    async with database.begin() as session:
        query = select(AdminActionLog).order_by(AdminActionLog.number)
        columns = AdminActionLog.__table__.columns.keys()
        made = [{c: getattr(row, c) for c in columns} for row in await session.scalars(query)]
        session.expunge_all()
        last = forge(made, 0, log.GENESIS, version=1, key_id=None)
        await unprotect(session, postgresql=database.is_postgresql)
        await session.execute(delete(AdminActionLog))
        await session.execute(insert(AdminActionLog), made)
        await session.execute(update(AuditHead).values(hash=last))


async def sealed(database: Database) -> int | None:
    async with database.begin() as session:
        return await log.start_keying(session, now=NOW)


async def verified(database: Database) -> tuple[int, int | None]:
    async with database.read() as session:
        return await log.verify(session)


async def test_rows_from_before_are_vouched_for_by_the_first_keyed_one(database_url: str) -> None:
    database = database_of(database_url)
    await old_log(database, 3)
    assert await verified(database) == (0, 1)  # anybody could have written them
    assert await sealed(database) == 3
    assert await sealed(database) is None
    async with database.begin() as session:
        write(session, 9)
    assert await verified(database) == (5, None)
    async with database.read() as session:
        query = select(AdminActionLog).order_by(AdminActionLog.number)
        rows = list(await session.scalars(query))
    assert [row.version for row in rows] == [1, 1, 1, 2, 2]
    assert (rows[3].action, rows[3].after) == ("audit.keyed", {"unkeyed_rows": 3})
    await database.close()


@pytest.mark.parametrize(("late", "found"), [(30, (5, None)), (90, (4, 5))])
async def test_a_process_of_the_version_before_may_write_for_an_hour(
    database_url: str, late: int, found: tuple[int, int | None]
) -> None:
    """While a new version starts, the one before still answers; afterwards nobody writes so."""
    database = database_of(database_url)
    await old_log(database, 3)
    await sealed(database)
    async with database.begin() as session:
        write(session, 9, now=NOW + dt.timedelta(minutes=late))
    async with database.begin() as session:
        query = select(AdminActionLog).where(AdminActionLog.number == 5)
        row = (await session.scalars(query)).one()
        columns = AdminActionLog.__table__.columns.keys()
        values = {c: getattr(row, c) for c in columns}
        session.expunge_all()
        last = forge([values], 0, values["previous_hash"], version=1, key_id=None)
        await unprotect(session, postgresql=database.is_postgresql)
        await session.execute(delete(AdminActionLog).where(AdminActionLog.number == 5))
        await session.execute(insert(AdminActionLog), [values])
        await session.execute(update(AuditHead).values(hash=last))
    assert await verified(database) == found
    await database.close()


async def test_an_empty_log_and_a_keyed_one_need_no_seal(database_url: str) -> None:
    database = database_of(database_url)
    assert await sealed(database) is None
    assert await verified(database) == (0, None)
    async with database.begin() as session:
        write(session, 1)
    async with database.read() as session:
        assert not await log.needs_keying(session)
    assert await sealed(database) is None
    assert await verified(database) == (1, None)
    await database.close()


async def test_rows_of_a_secret_before_verify_while_it_is_configured(database_url: str) -> None:
    before = database_of(database_url)
    async with before.begin() as session:
        write(session, 1)
    await before.close()
    newer = "the next one, and as long as it has to be"
    after = Database(database_url, Keyring(newer, [SECRET]))
    async with after.begin() as session:
        write(session, 2)
    assert await verified(after) == (2, None)
    async with after.read() as session:
        keys = list(await session.scalars(select(AdminActionLog.key_id)))
    assert len(set(keys)) == 2
    await after.close()
    forgotten = Database(database_url, Keyring(newer))
    assert await verified(forgotten) == (0, 1)
    await forgotten.close()


async def test_a_head_that_was_kept_tells_a_log_cut_off_and_one_begun_anew(
    database_url: str,
) -> None:
    database = database_of(database_url)
    async with database.begin() as session:
        write(session, 1)
    async with database.read() as session:
        first = await heads.current(session)
    for number in (2, 3):
        async with database.begin() as session:
            write(session, number)
    async with database.read() as session:
        kept = heads.Head.parse(f" {await heads.current(session)}\n")
        assert await heads.find_missing(session, [first, kept]) == []
    async with database.begin() as session:
        await unprotect(session, postgresql=database.is_postgresql)
        await session.execute(delete(AdminActionLog).where(AdminActionLog.number > 1))
        await session.execute(update(AuditHead).values(number=1, hash=first.hash))
    assert await verified(database) == (1, None)  # whole by itself
    async with database.read() as session:
        assert await heads.find_missing(session, [first, kept]) == [kept]
    for number in (2, 3):
        async with database.begin() as session:
            write(session, number, reason="nothing happened")
    async with database.read() as session:
        assert await heads.find_missing(session, [first, kept]) == [kept]
    await database.close()


def test_the_head_is_printed_and_verified_by_commands(
    sqlite_world: World, command: Command, tmp_path: Path
) -> None:
    world = sqlite_world
    world.job(world.employer(), publish=False)
    env = {"DATABASE_URL": world.database_url}
    head = command("audit-head", **env).out.strip()
    (tmp_path / "heads.txt").write_text(f"{head}\n\n0:{log.GENESIS}\n")
    whole = command("verify-log", "--head", head, "--heads", str(tmp_path / "heads.txt"), **env)
    assert (whole.code, whole.err) == (0, "")
    assert "is whole" in whole.out
    longer = f"{int(head.split(':')[0]) + 1}:{'a' * 64}"
    cut = command("verify-log", "--head", longer, **env)
    assert cut.code == 1
    assert f"does not contain the exported head {longer}" in cut.out
    odd = command("verify-log", "--head", "yesterday's", **env)
    assert (odd.code, odd.err.count("\n")) == (1, 1)


def test_the_head_is_told_in_the_log_every_day(
    sqlite_world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    world = sqlite_world
    configure_logging(json_lines=True, level="info")
    world.job(world.employer(), publish=False)
    [loop] = [loop for loop in background.LOOPS if loop.name == "audit_head"]
    assert loop.poll_seconds == 86_400
    world.run(loop.round(world.runtime))
    lines = [
        json.loads(line) for line in capfd.readouterr().err.splitlines() if "audit_head" in line
    ]
    head = world.in_session(heads.current)
    assert (lines[-1]["number"], lines[-1]["hash"]) == (head.number, head.hash)
