"""Numbers that have two forms: who is written to by the one and writes from the other is one person."""

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select

from app.core.phones import line_of
from app.messaging.models import ChatPerson
from app.messaging.outbox import enqueue
from tests.support.app_harness import World

FORMS = [
    ("+5511987654321", "+551187654321"),
    ("+525512345678", "+5215512345678"),
    ("+541123456789", "+5491123456789"),
]


def people(world: World) -> list[ChatPerson]:
    async def read(session: Any) -> list[ChatPerson]:
        return list(await session.scalars(select(ChatPerson).order_by(ChatPerson.id)))

    found: list[ChatPerson] = world.in_session(read)
    return found


@pytest.mark.parametrize(("phone", "wa_id"), FORMS)
def test_two_forms_are_one_line(phone: str, wa_id: str) -> None:
    assert line_of(phone) == line_of(wa_id)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("+551123456789", "+5511923456789"),  # a landline, and a mobile of somebody else
        ("+5511987654321", "+5521987654321"),
        ("+919876543210", "+919876543211"),
        ("+5215512345678", "+5215512345679"),
    ],
)
def test_two_lines_are_two(one: str, other: str) -> None:
    assert line_of(one) != line_of(other)


@pytest.mark.parametrize(("phone", "wa_id"), FORMS)
def test_who_registered_by_one_form_and_writes_from_the_other_is_one(
    world: World, phone: str, wa_id: str
) -> None:
    worker = world.worker(phone=phone)
    world.run(_code(world, phone))
    world.settle()
    assert len(world.code_for(phone)) == 6
    world.says(wa_id, "hi")
    (person,) = people(world)
    assert str(person.user_id) == worker.id
    # And is written to within the window that this opened.
    world.says(wa_id, "help")
    assert len(people(world)) == 1


async def _code(world: World, phone: str) -> None:
    """A code to a number, as signing in sends it, whatever numbers may register."""
    now = world.clock()
    async with world.runtime.database.begin() as session:
        await enqueue.send_code(
            session,
            phone=phone,
            code="482913",
            language="en",
            key=str(now),
            now=now,
            expires_at=now + dt.timedelta(minutes=5),
        )


@pytest.mark.parametrize(("phone", "wa_id"), FORMS[:1])
def test_who_wrote_before_the_first_send_is_joined_by_its_answer(
    world: World, phone: str, wa_id: str
) -> None:
    world.says(wa_id, "hi")
    worker = world.worker(phone=phone)
    world.run(_code(world, phone))
    world.settle()
    (person,) = people(world)
    assert str(person.user_id) == worker.id
    world.says(wa_id, "STOP")
    assert people(world)[0].stopped_at is not None
