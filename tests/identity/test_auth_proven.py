"""Somebody whose message came from the phone has proven it."""

import datetime as dt
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from sqlalchemy import select

from app.core.crypto import Keyring
from app.core.errors import Invalid
from app.core.geo import Point
from app.core.languages import Language
from app.database.session import Database
from app.identity import users
from app.identity.codes import CodeRules
from app.identity.models import Consent, UserStatus
from app.workers import registration
from app.workers.models import Worker
from app.workers.registration import NewWorker

NOW = dt.datetime(2026, 11, 23, 6, 0, tzinfo=dt.UTC)
KEYS = Keyring("a-secret-of-the-tests-that-is-long-enough")
PHONE = "+919876543210"
RULES = CodeRules(per_day=100)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    made = Database(database_url, KEYS)
    yield made
    await made.close()


async def write_from(database: Database, new: NewWorker) -> UUID:
    async with database.begin() as session:
        return await registration.register_proven(session, new, "IN", now=NOW)


async def look(database: Database, user_id: UUID) -> tuple[str, str, Worker, list[str]]:
    async with database.read() as session:
        user = await users.get_user(session, user_id)
        worker = await session.get_one(Worker, user_id)
        channels = list(await session.scalars(select(Consent.channel).order_by(Consent.id)))
        return user.status, user.name, worker, channels


async def test_a_stranger_becomes_an_active_worker_who_agreed_in_the_chat(
    database: Database,
) -> None:
    new = NewWorker(name="Asha", phone=PHONE, language=Language("hi"), channel="whatsapp")
    user_id = await write_from(database, new)
    status, name, worker, channels = await look(database, user_id)
    assert (status, name, channels) == (UserStatus.ACTIVE, "Asha", ["whatsapp"])
    assert worker.time_zone == "Asia/Kolkata"


async def test_what_was_typed_over_the_api_is_nobodys_once_the_phone_writes(
    database: Database,
) -> None:
    said = NewWorker(name="Mallory", phone=PHONE, skills=["waiter"], location=Point(19.06, 72.83))
    async with database.begin() as session:
        await registration.register(session, said, RULES, "IN", now=NOW)
    user_id = await write_from(database, NewWorker(name="Asha", phone=PHONE, channel="whatsapp"))
    status, name, worker, channels = await look(database, user_id)
    assert (status, name, channels) == (UserStatus.ACTIVE, "Asha", ["whatsapp"])
    assert (worker.skills, worker.city, worker.latitude) == ([], None, None)


async def test_somebody_active_is_not_changed_by_writing_again(database: Database) -> None:
    first = await write_from(database, NewWorker(name="Asha", phone=PHONE, skills=["waiter"]))
    again = await write_from(database, NewWorker(name="Mallory", phone=PHONE))
    status, name, worker, channels = await look(database, again)
    assert (again, status, name) == (first, UserStatus.ACTIVE, "Asha")
    assert (worker.skills, channels) == (["waiter"], ["api"])


async def test_a_skill_nobody_has_is_refused_by_its_place_in_the_list(database: Database) -> None:
    with pytest.raises(Invalid) as refusal:
        await write_from(
            database, NewWorker(name="Asha", phone=PHONE, skills=["waiter", "wizardry"])
        )
    assert [error.field for error in refusal.value.errors] == ["skills.1"]
