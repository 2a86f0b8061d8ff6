"""What is forgotten by itself."""

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import event, func, select, text, update

from app.api.http import idempotency
from app.background import LOOPS
from app.core.crypto import Keyring
from app.core.ids import new_id
from app.database.session import Database, keyring
from app.database.statements import insert_if_absent
from app.identity.models import User
from app.invariants import examine
from app.messaging.models import (
    ChatPerson,
    InboxItem,
    OutboxMessage,
    OutboxState,
    PlatformNotice,
    WebhookEvent,
    WebhookState,
)
from app.messaging.retention import STEPS, forget_due
from app.privacy import purge
from app.workers.models import Worker
from tests.support.app_harness import World
from tests.support.assertions import ok, refused
from tests.support.sign_in import register

ME = "/api/auth/me"
STRANGER = "+919811100077"


def test_a_registration_whose_phone_is_not_proven_in_thirty_days_is_erased(world: World) -> None:
    """Anybody can register anybody's number; what was said of its owner is not kept for ever."""
    register(world, STRANGER, name="Canary Sharma", city="Mumbai")
    world.worker_through_doors(name="Asha Kulkarni", city="Pune")
    proven = ("Asha Kulkarni", "active", "Pune")
    world.clock.advance(days=29, hours=23)
    world.settle()
    assert workers(world) == {("Canary Sharma", "pending", "Mumbai"), proven}

    world.clock.advance(hours=2)
    world.settle()
    assert workers(world) == {("Deleted", "erased", None), proven}


def test_who_registers_again_after_being_forgotten_starts_anew(world: World) -> None:
    register(world, STRANGER)
    world.clock.advance(days=31)
    world.settle()
    register(world, STRANGER)
    assert ok(world.sign_in_worker(STRANGER).get(ME))["status"] == "active"


def test_after_ninety_days_nothing_tells_what_a_message_said_or_to_whom(world: World) -> None:
    worker = world.worker_through_doors(slots=())
    assert worker.phone is not None
    world.messages(worker.phone)
    world.clock.advance(days=89)
    world.settle()
    assert bodies(world) == {"outbox": 1, "webhooks": 0}
    world.clock.advance(days=2)
    world.settle()
    assert bodies(world) == {"outbox": 0, "webhooks": 0}


def test_what_a_stranger_said_of_a_job_is_forgotten_after_thirty_days(world: World) -> None:
    """Who never opens a company has no account that could be erased: the draft goes by itself."""
    text = "need 2 waiters tomorrow 6pm to 11pm Bandra 800 per day"
    body = {"phone": STRANGER, "message": {"type": "text", "text": text}}
    ok(world.http.post("/sandbox/whatsapp/_control/inbound", json=body))
    world.settle()
    assert "new_company" in str(said_by_strangers(world))
    world.clock.advance(days=29)
    world.settle()
    assert "new_company" in str(said_by_strangers(world))
    world.clock.advance(days=2)
    world.settle()
    assert said_by_strangers(world) == [{}]


def said_by_strangers(world: World) -> list[Any]:
    async def look(session: Any) -> list[Any]:
        return list(await session.scalars(select(ChatPerson.state)))

    found: list[Any] = world.in_session(look)
    return found


def counts(world: World) -> dict[str, int]:
    """Return how many rows there are of what was sent and of what came in."""

    async def look(session: Any) -> Any:
        return {
            of.__tablename__: await session.scalar(select(func.count()).select_from(of))
            for of in (OutboxMessage, InboxItem, WebhookEvent)
        }

    found: dict[str, int] = world.in_session(look)
    return found


def test_what_is_finished_is_deleted_after_its_time(world: World) -> None:
    worker = world.worker_through_doors(slots=())
    assert worker.phone is not None
    world.messages(worker.phone)
    world.says(worker.phone, "menu")
    world.settle()
    before = counts(world)
    assert before["outbox"] >= 2
    assert before["inbox"] == 1
    assert before["webhook_events"] >= 1

    world.clock.advance(days=29)  # well beyond the eight days in which a platform repeats itself
    world.settle()
    assert counts(world) == before
    world.clock.advance(days=2)
    world.settle()
    assert counts(world) == before | {"inbox": 0, "webhook_events": 0}
    world.clock.advance(days=60)
    world.settle()
    assert set(counts(world).values()) == {0}
    assert [each for each in world.run(examine(world.runtime.database)) if each.broken] == []


def test_an_event_that_is_noted_stays_without_its_body(world: World) -> None:
    now = world.clock()
    event = {
        "provider": "whatsapp",
        "event_id": "noted",
        "kind": "account_update",
        "body_sealed": b"sealed",
        "state": WebhookState.HANDLED,
        "due_at": now,
        "received_at": now,
        "handled_at": now,
    }
    notice = {
        "position": 0,
        "kind": "account_update",
        "about": "",
        "language": "",
        "event": "",
        "detail": "",
        "received_at": now,
    }

    async def note(session: Any) -> None:
        made = WebhookEvent(**event)
        session.add(made)
        await session.flush()
        session.add(PlatformNotice(webhook_id=made.id, **notice))

    world.in_session(note)
    world.clock.advance(days=31)
    world.settle()
    assert counts(world)["webhook_events"] == 1
    assert bodies(world)["webhooks"] == 0


def test_what_was_given_up_stays_without_what_people_wrote(world: World) -> None:
    """An administrator sees what failed and why for good, and tries it again as long as there is a body."""
    worker, admin = world.worker_through_doors(slots=()), world.admin()
    world.says(str(worker.phone), "canary of a message")
    world.settle()
    now = world.clock()

    async def give_up(session: Any) -> None:
        dead = {"state": WebhookState.DEAD, "error": "ValueError", "handled_at": None}
        body = keyring(session).seal("{}", "webhook")
        await session.execute(update(InboxItem).values(**dead, received_at=now))
        await session.execute(
            update(WebhookEvent).values(**dead, received_at=now, body_sealed=body)
        )

    def given_up(of: str) -> list[tuple[str, str, str]]:
        rows = ok(admin.get(f"/api/admin/{of}", params={"state": "dead"}))["items"]
        return [(row["id"], row["state"], row["error"]) for row in rows]

    async def held(session: Any) -> Any:
        tables = (InboxItem, WebhookEvent)
        found = [await session.scalars(select(of.body_sealed)) for of in tables]
        return [any(bodies) for bodies in found]

    world.in_session(give_up)
    before = given_up("inbox"), given_up("webhooks")
    assert all(before)
    world.clock.advance(days=29)
    world.settle()
    assert world.in_session(held) == [True, True]
    world.clock.advance(days=2)
    world.settle()
    assert world.in_session(held) == [False, False]
    admin = world.admin()
    assert (given_up("inbox"), given_up("webhooks")) == before
    for of, code in (("inbox", "inbox_item_not_dead"), ("webhooks", "webhook_not_dead")):
        refused(admin.post(f"/api/admin/{of}/{given_up(of)[0][0]}/retry"), 409, code)
    assert [each for each in world.run(examine(world.runtime.database)) if each.broken] == []


def test_a_round_takes_no_more_than_it_is_told_and_the_next_goes_on(world: World) -> None:
    async def send(session: Any) -> None:
        for number in range(7):
            await insert_if_absent(session, OutboxMessage, sent_message(world, f"old-{number}"))

    world.in_session(send)
    world.clock.advance(days=91)
    database, now = world.runtime.database, world.clock()
    assert [world.run(forget_due(database, now, 3)) for _ in range(4)] == [3, 3, 1, 0]


def sent_message(world: World, key: str) -> dict[str, Any]:
    now = world.clock()
    return {
        "id": new_id(),
        "key": key,
        "channel": "whatsapp",
        "recipient_sealed": b"sealed",
        "recipient_index": "x",
        "kind": "job_offer",
        "language": "en",
        "params_sealed": b"sealed",
        "essential": False,
        "priority": 1,
        "state": OutboxState.SENT,
        "due_at": now,
        "attempts": 1,
        "unanswered": 0,
        "units": 1,
        "created_at": now,
        "sent_at": now,
        "updated_at": now,
    }


DUES = {
    "keys": idempotency.KEYS_DUE,
    "sessions": purge.IDENTITY_DUE[0],
    "codes": purge.IDENTITY_DUE[1],
    "strange tries": purge.IDENTITY_DUE[2],
    "good tries": purge.IDENTITY_DUE[3],
}
LOOKS: dict[str, Any] = {step.name: (step.find, step.values) for step in STEPS} | {
    name: (select(due.exists), lambda now, _limit, due=due: due.values(now))
    for name, due in DUES.items()
}
LOOKS["unproven"] = (select(purge.UNPROVEN_DUE.exists), lambda now, _limit: {"since": now})


@pytest.mark.parametrize("look", LOOKS)
async def test_what_is_due_is_found_by_an_index(look: str, database_url: str) -> None:
    """With nothing due it must cost nothing, however many rows there are."""
    query, values_at = LOOKS[look]
    values = values_at(dt.datetime.now(dt.UTC), 100)
    database = Database(database_url, Keyring("a secret of the tests, long enough"))
    try:
        async with database.begin() as session:
            dialect = session.get_bind().dialect
            bound = query.params({n: v for n, v in values.items() if n in query.compile().params})
            compiled = bound.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
            if database.is_postgresql:
                await session.execute(text("SET LOCAL enable_seqscan = off"))
                await session.execute(text("SET LOCAL enable_bitmapscan = off"))
                plan = [row[0] for row in await session.execute(text(f"EXPLAIN {compiled}"))]
                assert any("Index Cond" in line for line in plan), plan
            else:
                rows = await session.execute(text(f"EXPLAIN QUERY PLAN {compiled}"))
                plan = [row[3] for row in rows]
                assert any(line.startswith("SEARCH") for line in plan), plan
                scanned = [
                    line for line in plan if line.startswith("SCAN") and "CONSTANT" not in line
                ]
                assert not [line for line in scanned if "chat_people" not in line], plan
    finally:
        await database.close()


def test_where_nothing_is_due_nothing_is_written(world: World) -> None:
    worker = world.worker_through_doors(slots=())
    assert worker.phone is not None
    engine = world.runtime.database.engine.sync_engine
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    rounds = [loop for loop in LOOPS if loop.name.startswith("forget_")]
    assert len(rounds) == 6
    event.listen(engine, "before_cursor_execute", note)
    try:
        for loop in rounds:
            assert world.run(loop.round(world.runtime)) == 0
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert not [each for each in seen if not each.startswith(("SELECT", "BEGIN"))], seen
    assert "BEGIN IMMEDIATE" not in seen


def bodies(world: World) -> dict[str, int]:
    """Return how many messages still name their recipient, and how many events hold a body."""

    async def look(session: Any) -> Any:
        recipients = await session.scalars(select(OutboxMessage.recipient_sealed))
        events = await session.scalars(select(WebhookEvent.body_sealed))
        return {"outbox": sum(map(bool, recipients)), "webhooks": sum(map(bool, events))}

    found: dict[str, int] = world.in_session(look)
    return found


def workers(world: World) -> set[tuple[Any, ...]]:
    """Return name, status and city of every worker."""

    async def look(session: Any) -> Any:
        query = select(User.name, User.status, Worker.city).join(Worker, Worker.id == User.id)
        return {tuple(row) for row in await session.execute(query)}

    found: set[tuple[Any, ...]] = world.in_session(look)
    return found
