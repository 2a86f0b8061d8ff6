"""Messages that wait for the language model: nothing is lost or handled twice, whatever happens in between."""

import datetime as dt
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from app.chat import runner
from app.identity.rules import AdminRole
from app.messaging import retention
from app.messaging.inbox import model_readings, process
from app.messaging.inbox.model_readings import WAIT, ModelDesk
from app.messaging.models import ChatPerson, InboxItem, ModelDay, ModelReading
from app.nlu.interpreter import OpenQuestion
from app.privacy.erase import erase_worker
from tests.support.app_harness import Person, World
from tests.support.assertions import check_invariants, ok
from tests.support.language_model import (
    MODEL,
    UNKNOWN,
    at_distance,
    distance,
    last,
    requests,
    script,
)

pytestmark = pytest.mark.usefixtures("quiet_log")

type Worlds = Callable[..., AbstractContextManager[World]]
SORRY: Final = "Sorry, I did not get that."


class Meanwhile:
    """A language model during whose call something happens."""

    def __init__(self, happens: Callable[[], Awaitable[Any]], fields: Mapping[str, Any]) -> None:
        self.happens, self.fields = happens, fields
        self.heard: list[OpenQuestion] = []

    def is_resting(self) -> bool:
        return False

    async def interpret(self, question: OpenQuestion) -> Mapping[str, Any] | None:
        self.heard.append(question)
        await self.happens()
        return self.fields


@pytest.fixture
def model_world(database_url: str, world_with: Worlds) -> Iterator[World]:
    with world_with(database_url, **MODEL) as world:
        yield world


def writes(world: World, worker: Person, text: str, **more: Any) -> None:
    """Let a message arrive, and nothing be done about it."""
    message = {"type": "text", "text": text}
    body = {"phone": worker.phone, "message": message, **more}
    ok(world.http.post("/sandbox/whatsapp/_control/inbound", json=body))


def handle(world: World, desk: ModelDesk | None = None) -> None:
    """Do one round of the inbox, as a process with this language model does it."""
    handler = runner.handler(world.settings, desk or world.runtime.model_desk)
    world.run(process.handle_due(world.runtime.database, world.clock, 100, handler))


def ask(world: World, desk: ModelDesk | None = None) -> int:
    """Do one round of the loop that asks the model."""
    desk = desk or world.runtime.model_desk
    waited: int = world.run(model_readings.ask_due(world.runtime.database, world.clock, 100, desk))
    return waited


def newest(world: World) -> InboxItem:
    async def read(session: Any) -> InboxItem:
        item: InboxItem = await session.scalar(select(InboxItem).order_by(InboxItem.id.desc()))
        return item

    found: InboxItem = world.in_session(read)
    return found


def count(world: World, model: Any) -> int:
    async def read(session: Any) -> int:
        return int(await session.scalar(select(func.count()).select_from(model)))

    found: int = world.in_session(read)
    return found


def sorry(world: World, worker: Person) -> int:
    """Return how often a worker was told that they were not understood."""
    texts = [message["text"] for message in world.messages(worker.phone or "")]
    return sum(text.startswith(SORRY) for text in texts)


def test_a_message_waits_with_nothing_done_and_its_try_not_counted(model_world: World) -> None:
    world = model_world
    asha = at_distance(world)
    writes(world, asha, UNKNOWN)
    handle(world)
    item = newest(world)
    assert (item.state, item.attempts, item.lease_until) == ("waiting", 0, None)
    assert item.due_at == world.clock.now + WAIT
    assert count(world, ModelReading) == 1
    handle(world)
    assert newest(world).attempts == 0, "it is not due"
    assert requests(world) == []


def test_a_process_that_dies_before_it_asks_costs_only_the_wait(model_world: World) -> None:
    world = model_world
    asha = at_distance(world)
    script(world, kilometres=12)
    writes(world, asha, UNKNOWN)
    handle(world)
    world.clock.advance(seconds=WAIT.total_seconds())
    world.settle()
    assert sorry(world, asha) == 1
    assert (newest(world).state, newest(world).attempts) == ("handled", 1)
    assert requests(world) == [], "who would wait for the answer?"
    assert count(world, ModelReading) == 0


def test_the_model_is_not_asked_about_what_waits_no_longer(model_world: World) -> None:
    world = model_world
    asha = at_distance(world)
    writes(world, asha, UNKNOWN)
    handle(world)
    world.clock.advance(seconds=WAIT.total_seconds())
    assert ask(world) == 1
    assert requests(world) == []
    world.settle()
    assert sorry(world, asha) == 1


def test_a_process_that_dies_while_it_asks_costs_only_the_wait(model_world: World) -> None:
    world = model_world
    asha = at_distance(world)
    writes(world, asha, UNKNOWN)
    handle(world)

    async def taken(session: Any) -> None:
        await session.execute(update(ModelReading).values(taken_at=world.clock.now))

    world.in_session(taken)
    world.settle()
    assert sorry(world, asha) == 0, "another process asks"
    world.clock.advance(seconds=WAIT.total_seconds())
    world.settle()
    assert sorry(world, asha) == 1
    assert requests(world) == []
    assert newest(world).state == "handled"


def test_an_answer_that_is_stored_outlives_its_process(model_world: World) -> None:
    world = model_world
    asha = at_distance(world)
    script(world, kilometres=12)
    writes(world, asha, UNKNOWN)
    handle(world)
    assert ask(world) == 1
    assert ask(world) == 0
    assert newest(world).due_at == world.clock.now
    world.settle()
    world.settle()
    texts = [message["text"] for message in world.messages(asha.phone or "")]
    assert texts.count("Do you mean up to 12 km?") == 1
    assert sorry(world, asha) == 0
    assert len(requests(world)) == 1


def test_a_late_answer_changes_nothing(model_world: World) -> None:
    world = model_world
    asha = at_distance(world)
    writes(world, asha, UNKNOWN)
    handle(world)

    async def others_handle() -> None:
        world.clock.advance(seconds=WAIT.total_seconds())
        handler = runner.handler(world.settings, world.runtime.model_desk)
        await process.handle_due(world.runtime.database, world.clock, 100, handler)

    late = Meanwhile(others_handle, {"understood": True, "kilometres": 12})
    ask(world, ModelDesk(late, 10))
    world.settle()
    assert len(late.heard) == 1
    assert sorry(world, asha) == 1
    assert last(world, asha)["text"].startswith(SORRY)


def test_the_model_is_switched_off_while_a_message_waits(model_world: World) -> None:
    world = model_world
    asha = at_distance(world)
    writes(world, asha, UNKNOWN)
    handle(world)
    world.clock.advance(seconds=WAIT.total_seconds())
    world.run(
        process.handle_due(world.runtime.database, world.clock, 100, runner.handler(world.settings))
    )
    assert newest(world).state == "handled"
    assert sorry(world, asha) == 1
    world.clock.advance(hours=2)
    world.run(retention.forget_due(world.runtime.database, world.clock(), 100))
    assert count(world, ModelReading) == 0


def test_who_is_erased_while_the_model_reads_hears_nothing_more(model_world: World) -> None:
    world = model_world
    asha = at_distance(world)
    before = len(world.messages(asha.phone or ""))
    writes(world, asha, UNKNOWN)
    handle(world)
    ok(asha.delete("/api/workers/account"), 204)
    assert count(world, ModelReading) == 0, "their words are gone"
    world.settle()
    world.clock.advance(seconds=WAIT.total_seconds())
    world.settle()
    assert newest(world).state == "handled"
    told = [message["text"] for message in world.messages(asha.phone or "")[before:]]
    assert not [text for text in told if "12 km" in text or text.startswith(SORRY)]
    assert requests(world) == []


def test_who_is_erased_during_the_call_hears_nothing_more(model_world: World) -> None:
    world = model_world
    asha = at_distance(world)
    writes(world, asha, UNKNOWN)
    handle(world)

    async def erased() -> None:
        async with world.runtime.database.begin() as session:
            await erase_worker(session, UUID(asha.id), None, now=world.clock())

    desk = ModelDesk(Meanwhile(erased, {"understood": True, "kilometres": 12}), 10)
    ask(world, desk)
    world.settle()
    assert count(world, ModelReading) == 0
    assert newest(world).state == "handled"
    texts = [message["text"] for message in world.messages(asha.phone or "")]
    assert "Do you mean up to 12 km?" not in texts


def test_a_proposal_that_no_longer_fits_is_not_made(model_world: World) -> None:
    world = model_world
    asha = at_distance(world)
    script(world, kilometres=12)
    writes(world, asha, UNKNOWN)
    handle(world)
    ask(world)

    async def asked_otherwise(session: Any) -> None:
        person = await session.scalar(select(ChatPerson))
        person.state = {**person.state, "ask": "experience"}

    world.in_session(asked_otherwise)
    world.settle()
    assert last(world, asha)["text"].startswith(SORRY)
    assert last(world, asha)["buttons"][0]["id"] == "years:0"
    assert distance(asha) == 10


def test_while_somebody_of_the_team_answers_nothing_is_proposed(model_world: World) -> None:
    world = model_world
    asha = at_distance(world)
    script(world, kilometres=12)
    writes(world, asha, UNKNOWN)
    handle(world)
    ask(world)
    admin = world.admin(AdminRole.SUPPORT)
    [mine] = ok(admin.get("/api/admin/conversations"))["items"]
    ok(admin.post(f"/api/admin/conversations/{mine['id']}/take"))
    world.settle()
    texts = [message["text"] for message in world.messages(asha.phone or "")]
    assert "Do you mean up to 12 km?" not in texts


def test_stop_behind_a_message_that_waits_is_followed(model_world: World) -> None:
    world = model_world
    asha = at_distance(world)
    script(world, kilometres=12)
    writes(world, asha, UNKNOWN)
    handle(world)
    writes(world, asha, "STOP")
    world.settle()
    texts = [message["text"] for message in world.messages(asha.phone or "")]
    assert texts[-1].startswith("You get no more messages from us.")

    async def stopped(session: Any) -> Any:
        return (await session.scalar(select(ChatPerson))).stopped_at

    assert world.in_session(stopped) is not None


def test_a_message_with_another_behind_it_waits_for_no_model(model_world: World) -> None:
    world = model_world
    asha = at_distance(world)
    writes(world, asha, UNKNOWN)
    writes(world, asha, "15 km")
    handle(world)
    world.settle()
    assert requests(world) == []
    assert distance(asha) == 15


def test_calls_are_counted_over_processes_and_no_more_are_made_than_the_budget(
    model_world: World,
) -> None:
    world = model_world
    workers = [at_distance(world) for _ in range(3)]

    async def nothing() -> None:
        return None

    fields = {"understood": True, "kilometres": 12}
    one, other = (ModelDesk(Meanwhile(nothing, fields), 2) for _ in range(2))
    for worker, desk in zip(workers, (one, other, one), strict=True):
        writes(world, worker, UNKNOWN)
        handle(world, desk)
        ask(world, desk)
        handle(world, desk)
    heard = [len(desk.interpreter.heard) for desk in (one, other)]  # type: ignore[attr-defined]
    assert heard == [1, 1]
    assert one.used_up_on == world.clock.now.date()
    assert not one.may_ask(world.clock.now)
    assert one.may_ask(world.clock.now + dt.timedelta(days=1))
    assert count(world, ModelDay) == 1
    world.settle()
    assert sorry(world, workers[2]) == 1
    world.run(check_invariants(world.runtime.database))


def test_a_text_that_follows_while_a_message_waits_is_answered_together_without_the_model(
    database_url: str, world_with: Worlds
) -> None:
    with world_with(database_url, **MODEL, text_bursts="on") as world:
        asha = at_distance(world)
        script(world, kilometres=12, times=9)
        writes(world, asha, UNKNOWN)
        handle_bursts(world)
        world.clock.advance(seconds=5)
        handle_bursts(world)
        assert count(world, ModelReading) == 1
        writes(world, asha, "15 km")
        handle_bursts(world)
        world.clock.advance(seconds=5)
        world.settle()
        assert distance(asha) == 15
        texts = [message["text"] for message in world.messages(asha.phone or "")]
        assert "Do you mean up to 12 km?" not in texts
        assert requests(world) == []


def handle_bursts(world: World) -> None:
    """Do one round of the inbox that holds texts for a moment."""
    handler = runner.handler(world.settings, world.runtime.model_desk)
    round_ = process.handle_due(world.runtime.database, world.clock, 100, handler, bursts=True)
    world.run(round_)
