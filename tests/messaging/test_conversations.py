"""A human in the chat: wanted, there, answering, gone; one administrator at a time, nothing lost."""

import csv
import io
import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.audit.models import AdminActionLog
from app.identity import users
from app.messaging.models import ChatPerson, InboxItem, WebhookEvent
from tests.support.app_harness import PASSWORD, Person, World
from tests.support.assertions import ok, refused

PATH = "/api/admin/conversations"
_phones = itertools.count(9_876_500_001)


@pytest.fixture
def admin(world_of_file: World) -> Person:
    return world_of_file.admin()


@pytest.fixture
def second(world_of_file: World) -> Person:
    """Another administrator."""
    world, email = world_of_file, "second@example.com"
    if email not in world.extra:
        world.in_session(
            lambda session: users.create_admin(
                session, email, "Second", PASSWORD, now=world.clock()
            )
        )
        world.extra[email] = True
    return world.sign_in(email, role="admin")


class Talk:
    """Somebody who writes to us, and their conversation as administrators see it."""

    def __init__(self, world: World, *said: str) -> None:
        self.world = world
        self.phone = f"+91{next(_phones)}"
        for words in said:
            world.says(self.phone, words)
        self.id = str(world.in_session(self._find))

    @classmethod
    def of(cls, world: World, worker: Person, *said: str) -> "Talk":
        """A worker's conversation."""
        talk = cls.__new__(cls)
        talk.world, talk.phone = world, worker.phone or ""
        for words in said:
            talk.says(words)
        talk.id = ok(world.admin().get(PATH, params={"user_id": worker.id}))["items"][0]["id"]
        return talk

    async def _find(self, session: Any) -> Any:
        query = select(ChatPerson.id).order_by(ChatPerson.id.desc()).limit(1)
        return (await session.scalars(query)).one()

    def says(self, words: Any) -> None:
        self.world.says(self.phone, words)

    def heard(self) -> list[str]:
        return [message["text"] for message in self.world.messages(self.phone)]

    def seen(self, admin: Person) -> dict[str, Any]:
        found: dict[str, Any] = ok(admin.get(f"{PATH}/{self.id}"))
        return found

    def lines(self, admin: Person) -> list[dict[str, Any]]:
        """What was said, oldest first."""
        items = ok(admin.get(f"{PATH}/{self.id}/messages", params={"limit": 100}))["items"]
        return list(reversed(items))

    def post(self, admin: Person, verb: str, body: Any = None, **more: Any) -> Any:
        return admin.post(f"{PATH}/{self.id}/{verb}", body, **more)


def wanting(world: World) -> Talk:
    return Talk(world, "hi", "human")


def test_who_wants_a_human_is_listed_the_longest_waiting_first(
    world_of_file: World, admin: Person
) -> None:
    world = world_of_file
    asked = wanting(world)
    world.clock.advance(minutes=3)
    lost = Talk(world, "hi", "qwxyz", "qwxyz qw", "qwxyz qwx")
    chatting = Talk(world, "hi")
    answer = admin.get(PATH, params={"waiting": True})
    found = {row["id"]: row for row in ok(answer)["items"]}
    assert [id_ for id_ in found if id_ in {asked.id, lost.id}] == [asked.id, lost.id]
    assert chatting.id not in found
    assert (found[asked.id]["why"], found[lost.id]["why"]) == ("asked", "not_understood")
    assert found[asked.id]["state"] == "waiting"
    assert found[asked.id]["waiting_since"] < found[lost.id]["waiting_since"]
    assert asked.phone[1:] not in answer.text
    assert chatting.seen(admin)["state"] == "bot"
    figures = ok(admin.get("/api/admin/stats"))["conversations"]
    assert figures["waiting"] >= 2
    assert figures["oldest_seconds"] >= 180
    one = ok(admin.get(PATH, params={"waiting": True, "limit": 1}))
    two = ok(admin.get(PATH, params={"waiting": True, "limit": 1, "cursor": one["next_cursor"]}))
    assert [row["id"] for row in [*one["items"], *two["items"]]] == list(found)[:2]
    for talk in (asked, lost):
        ok(talk.post(admin, "hand-back"))


def test_who_calls_for_help_is_seen_before_all_who_wait(
    world_of_file: World, admin: Person
) -> None:
    world = world_of_file
    first = wanting(world)
    world.clock.advance(minutes=3)
    second, calling = wanting(world), Talk(world, "hi", "my boss took 2000 rs from me")
    seen = calling.seen(admin)
    assert (seen["state"], seen["why"]) == ("waiting", "safety")
    # Who waits already keeps their place, and is seen for the more urgent reason.
    since = second.seen(admin)["waiting_since"]
    world.clock.advance(minutes=1)
    second.says("he is threatening me")
    assert "112" in second.heard()[-1]
    second.says("menu")
    assert (second.seen(admin)["why"], second.seen(admin)["waiting_since"]) == ("safety", since)
    items = ok(admin.get(PATH, params={"waiting": True, "limit": 100}))["items"]
    ids, found = [talk.id for talk in (second, calling, first)], [row["id"] for row in items]
    assert [id_ for id_ in found if id_ in ids] == ids
    pages: list[str] = []
    cursor = None
    while len(pages) < len(found):
        params = {"waiting": True, "limit": 1, **({"cursor": cursor} if cursor else {})}
        page = ok(admin.get(PATH, params=params))
        cursor = page["next_cursor"]
        pages += [row["id"] for row in page["items"]]
    assert pages == found
    assert ok(admin.get("/api/admin/stats"))["conversations"]["safety"] == 2
    for talk in (first, second, calling):
        ok(talk.post(admin, "hand-back"))
    assert ok(admin.get("/api/admin/stats"))["conversations"]["safety"] == 0


def test_a_human_takes_over_answers_and_hands_back(world_of_file: World, admin: Person) -> None:
    talk = wanting(world_of_file)
    world_of_file.clock.advance(minutes=1)
    talk.says("my employer did not pay me")
    talk.says("please help *now* {{1}}")
    taken = ok(talk.post(admin, "take"))
    assert (taken["state"], taken["held_by"], taken["written_since"]) == ("held", admin.id, 2)
    assert "Somebody from the Partimer team is here" in talk.heard()[-1]
    ok(talk.post(admin, "take"))  # twice is once
    sent = ok(talk.post(admin, "reply", {"text": "Which one? *Tell* me\nthe name."}), 201)
    assert talk.heard()[-1] == "Which one? *Tell* me\nthe name."
    talk.says("Cafe Bandra")
    before = len(talk.heard())
    lines = talk.lines(admin)
    said = [(line["speaker"], line["text"]) for line in lines]
    assert [text for speaker, text in said if speaker == "person"] == [
        "hi",
        "human",
        "my employer did not pay me",
        "please help *now* {{1}}",
        "Cafe Bandra",
    ]
    assert ("team", "Which one? *Tell* me\nthe name.") in said
    assert said[-1] == ("person", "Cafe Bandra")
    [ours] = [line for line in lines if line["id"] == sent["message_id"]]
    assert ours["state"] == "delivered"

    assert ok(talk.post(admin, "hand-back"))["state"] == "bot"
    assert len(talk.heard()) == before + 1
    assert "I'm back" in talk.heard()[-1]
    ok(talk.post(admin, "hand-back"))
    talk.says("hello")
    assert len(talk.heard()) == before + 2
    rows = world_of_file.in_session(lambda session: _log(session, talk.id))
    assert [(row.action, str(row.actor_id)) for row in rows] == [
        ("conversation.take", admin.id),
        ("conversation.reply", admin.id),
        ("conversation.hand_back", admin.id),
    ]
    assert "Which" not in str([row.after for row in rows])


async def _log(session: Any, target: str) -> list[AdminActionLog]:
    query = select(AdminActionLog).where(AdminActionLog.target_id == target)
    return list(await session.scalars(query.order_by(AdminActionLog.number)))


def test_of_two_administrators_at_once_one_holds_the_conversation(
    world_of_file: World, admin: Person, second: Person
) -> None:
    talk = wanting(world_of_file)
    both = [admin, second]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: (n % 2, talk.post(both[n % 2], "take")), range(8)))
    won = {who for who, answer in answers if answer.status_code == 200}
    [winner] = won
    for who, answer in answers:
        if who != winner:
            refused(answer, 409, "conversation_held")
    holder, other = both[winner], both[1 - winner]
    assert sum("is here for you now" in text for text in talk.heard()) == 1
    for verb, body in (("reply", {"text": "Me too."}), ("hand-back", None), ("take", None)):
        refused(talk.post(other, verb, body), 409, "conversation_held")
    # Whoever went home holds nobody up.
    world_of_file.clock.advance(hours=2)
    holder, other = (world_of_file.sign_in(p.email or "", role="admin") for p in (holder, other))
    assert talk.seen(other)["state"] == "waiting"
    refused(talk.post(other, "reply", {"text": "Hello."}), 409, "conversation_not_held")
    assert ok(talk.post(other, "take"))["held_by"] == other.id
    refused(talk.post(holder, "reply", {"text": "Hello?"}), 409, "conversation_held")


def test_a_reply_sent_twice_with_one_key_arrives_once(world_of_file: World, admin: Person) -> None:
    talk = wanting(world_of_file)
    ok(talk.post(admin, "take"))
    headers = {"Idempotency-Key": "reply-1"}
    first, again = (
        ok(talk.post(admin, "reply", {"text": "Hello."}, headers=headers), 201) for _ in range(2)
    )
    assert first == again
    assert talk.heard().count("Hello.") == 1
    refused(
        talk.post(admin, "reply", {"text": "Bye."}, headers=headers), 422, "idempotency_key_reused"
    )


def test_a_reply_is_a_text_that_can_be_sent(world_of_file: World, admin: Person) -> None:
    talk = wanting(world_of_file)
    ok(talk.post(admin, "take"))
    for text in ("", "   ", "x" * 4_001, "a\0b", 7, None):
        assert talk.post(admin, "reply", {"text": text}).status_code == 422


def test_nobody_writes_past_stop_or_past_the_window(world_of_file: World) -> None:
    world = world_of_file
    silent, late = wanting(world), wanting(world)
    silent.says("STOP")
    admin = world.admin()
    for talk in (silent, late):
        refused(talk.post(admin, "reply", {"text": "Hi"}), 409, "conversation_not_held")
        ok(talk.post(admin, "take"))
    heard = silent.heard()
    refused(silent.post(admin, "reply", {"text": "Hi"}), 409, "person_stopped")
    ok(silent.post(admin, "hand-back"))
    assert silent.heard() == heard

    world.clock.advance(hours=24)
    admin = world.admin()
    ok(late.post(admin, "take"))
    problem = refused(late.post(admin, "reply", {"text": "Hi"}), 409, "window_closed")
    assert "answer as soon as they do" in problem["detail"]
    # They were asked by the template that our words can't be; their answer opens the window.
    [*_, asked] = late.lines(admin)
    assert (asked["kind"], asked["text"]) == ("human_here", late.heard()[-1])
    late.says("yes?")
    ok(late.post(admin, "reply", {"text": "Hi there"}), 201)
    assert late.heard()[-1] == "Hi there"
    ok(late.post(admin, "hand-back"))


def test_a_reply_that_missed_the_window_is_seen_to_have_missed_it(world_of_file: World) -> None:
    world = world_of_file
    talk = wanting(world)
    world.clock.advance(hours=23, minutes=57)
    admin = world.admin()
    ok(talk.post(admin, "take"))
    ok(talk.post(admin, "reply", {"text": "Just in time?"}), 201)
    world.clock.advance(minutes=2)
    assert "Just in time?" not in talk.heard()
    [line] = [line for line in talk.lines(world.admin()) if line["text"] == "Just in time?"]
    assert line["state"] == "suppressed"


def test_who_asks_for_the_menu_has_the_bot_back_and_nobody_holds_it(
    world_of_file: World, admin: Person
) -> None:
    talk = wanting(world_of_file)
    ok(talk.post(admin, "take"))
    talk.says("menu")
    assert talk.seen(admin) | {"state": "bot", "held_by": None, "why": None} == talk.seen(admin)
    refused(talk.post(admin, "reply", {"text": "Hello?"}), 409, "conversation_not_held")


def test_an_administrator_takes_over_who_did_not_ask(world_of_file: World, admin: Person) -> None:
    talk = Talk(world_of_file, "hi")
    taken = ok(talk.post(admin, "take"))
    assert (taken["state"], taken["why"]) == ("held", "taken")
    before = len(talk.heard())
    talk.says("what?")
    assert len(talk.heard()) == before
    ok(talk.post(admin, "hand-back"))


def test_contacts_and_codes_in_a_conversation_are_not_shown(world_of_file: World) -> None:
    world = world_of_file
    worker = world.worker_through_doors(name="Asha Kulkarni", slots=())
    assert worker.phone is not None
    world.says(worker.phone, "call me on 98200 55123")
    world.says(worker.phone, "send my data")
    world.says(worker.phone, {"type": "image", "image": {"id": "1"}})
    admin = world.admin()
    [row] = ok(admin.get(PATH, params={"user_id": worker.id}))["items"]
    assert (row["name"], row["role"], row["user_id"]) == ("Asha Kulkarni", "worker", worker.id)
    answer = admin.get(f"{PATH}/{row['id']}/messages", params={"limit": 100})
    lines = ok(answer)["items"]
    assert worker.phone[3:] not in answer.text.replace(" ", "")
    assert "55123" not in answer.text
    assert any(line["text"] and line["text"].startswith("call me on •••") for line in lines)
    [code] = [line for line in lines if line["kind"] == "sign_in_code"]
    assert code["text"] is None
    assert ("media", "image") in {(line["kind"], line["text"]) for line in lines}
    # The person sees what is kept of their words, as they wrote it.
    written = ok(worker.get("/api/workers/export"))["written"]
    assert [line["text"] for line in written][:1] == ["call me on 98200 55123"]


def test_the_list_as_a_file_holds_no_formula(world_of_file: World, admin: Person) -> None:
    world = world_of_file
    worker = world.worker(slots=())
    world.kept_before(worker, name="=HYPERLINK(1)")
    world.says(worker.phone or "", "hi")
    text = admin.get(PATH, params={"format": "csv"}).text.removeprefix("\ufeff")
    rows = [row for row in csv.DictReader(io.StringIO(text)) if row["user_id"] == worker.id]
    assert [row["name"][0] for row in rows] == ["'"]


def test_words_are_kept_for_a_week_and_longer_only_while_a_human_is_wanted(
    world_of_file: World,
) -> None:
    world = world_of_file
    worker = world.worker(slots=())
    chatting = Talk(world, "hi", "what a day")
    waiting = Talk.of(world, worker, "human")

    def words(talk: Talk) -> set[str]:
        return {
            line["text"] for line in talk.lines(world.admin()) if line["speaker"] == "person"
        } - {None}

    world.clock.advance(days=6, hours=23)
    world.settle()
    assert (words(waiting), words(chatting)) == ({"human"}, {"hi", "what a day"})
    world.clock.advance(hours=2)
    world.settle()
    assert (words(waiting), words(chatting)) == ({"human"}, set())
    world.clock.advance(days=24)
    world.settle()
    assert words(waiting) == set()


def test_nothing_is_kept_of_who_does_not_agree_or_deletes_everything(world_of_file: World) -> None:
    world = world_of_file
    talk = Talk(world, "hi", "my name is Canary")
    world.taps(talk.phone, "language:en")
    world.taps(talk.phone, "consent:no")
    refused(world.admin().get(f"{PATH}/{talk.id}"), 404, "not_found")
    refused(talk.post(world.admin(), "take"), 404, "not_found")
    worker = world.worker(slots=())
    other = Talk.of(world, worker, "human")
    ok(worker.delete("/api/workers/account"), 204)

    async def kept(session: Any) -> Any:
        ids = [UUID(talk.id), UUID(other.id)]
        items = select(InboxItem.body_sealed).where(InboxItem.person_id.in_(ids))
        bodies = list(await session.scalars(items))
        events = select(WebhookEvent.body_sealed).where(WebhookEvent.state == "handled")
        bodies += await session.scalars(events)
        person = await session.get(ChatPerson, ids[1])
        return set(bodies), (person.paused_at, person.held_by, person.phone_index)

    assert world.in_session(kept) == ({b""}, (None, None, None))


def test_what_is_not_there_is_not_found(admin: Person) -> None:
    nobody = "0190b5a4-0000-7000-8000-000000000000"
    for path in (f"{PATH}/{nobody}", f"{PATH}/{nobody}/messages"):
        refused(admin.get(path), 404, "not_found")
    for verb, body in (("take", None), ("reply", {"text": "Hi"}), ("hand-back", None)):
        refused(admin.post(f"{PATH}/{nobody}/{verb}", body), 404, "not_found")
