"""Whatever work is tried can be parked, tidied away and tried again: no kind is forgotten."""

import datetime as dt

import pytest
from sqlalchemy import func, insert, select

from app.attempts.models import WorkAttempt
from app.attempts.work import Kind
from app.core.ids import new_id
from app.database.session import Database
from app.reporting import parked

NOW = dt.datetime(2026, 11, 30, 6, tzinfo=dt.UTC)


def test_every_kind_of_work_is_known() -> None:
    assert set(parked.WORKS) == set(Kind)


@pytest.mark.both_databases  # each kind's condition is another statement
async def test_tries_at_what_is_gone_are_forgotten_of_every_kind(database: Database) -> None:
    async with database.begin() as session:
        for kind in Kind:
            row = {"kind": kind.value, "subject_id": new_id(), "attempts": 1, "due_at": NOW}
            await session.execute(insert(WorkAttempt).values(**row, created_at=NOW))
    async with database.begin() as session:
        assert await parked.tidy(session, NOW, 100) == len(Kind)
    async with database.read() as session:
        assert await session.scalar(select(func.count()).select_from(WorkAttempt)) == 0
