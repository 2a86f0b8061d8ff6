"""Free times are filled in by a form; where the platform opens none, the same message is a list."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import insert, select

from app.core.ids import new_id
from app.core.settings import Settings
from app.database.session import keyring
from app.database.statements import table
from app.identity.models import Consent, User
from app.messaging.models import ADDRESS, ChatPerson
from app.providers.http import sending
from app.providers.whatsapp import flows
from app.providers.whatsapp.client import WhatsApp, build_whatsapp
from app.workers.models import Worker
from tests.support.app_harness import World
from tests.support.assertions import ok

MOST_MESSAGES = 14
"""A registration takes no more messages of a worker's own."""
FIELDS = ["days", "starts", "ends", "days_2", "starts_2", "ends_2"]


class Asha:
    """A worker who registers up to the question of when they are free."""

    numbers = iter(range(919833500001, 919833500099))

    def __init__(self, world: World) -> None:
        self.world, self.phone, self.sent = world, f"+{next(self.numbers)}", 0

    def says(self, message: dict[str, Any] | str) -> dict[str, Any]:
        self.sent += 1
        self.world.says(self.phone, message, name="Asha Kulkarni")
        return self.newest()

    def taps(self, id_: str) -> dict[str, Any]:
        return self.says({"type": "button_reply", "id": id_})

    def newest(self) -> dict[str, Any]:
        return self.world.messages(self.phone)[-1]

    def halfway(self) -> None:
        """Register up to the last question but one, tapping wherever one can."""
        self.says("hi")
        for tap in ("language:en", "consent:yes", "name:profile", "skill:waiter", "skills:done"):
            assert self.offers_something_to_tap()
            self.taps(tap)
        self.says({"type": "location", "latitude": 19.0596, "longitude": 72.8295})
        self.taps("distance:10")

    def asked_when(self) -> dict[str, Any]:
        """Answer the last question but one, and return that of free times."""
        return self.taps("years:3")

    def like(self, other: "Asha") -> "Asha":
        """Stand where another does who has come as far: what they said need not be said again."""
        self.world.in_session(lambda session: self._copy(session, other.phone))
        self.sent = other.sent
        return self

    async def _copy(self, session: Any, other_phone: str) -> None:
        keys, user_id = keyring(session), new_id()
        index = keys.index(self.phone, "phone")
        user = {"id": user_id, "phone_index": index, "chat_user_id": None}
        user |= {"phone_sealed": keys.seal(self.phone, "phone")}
        person = {"id": new_id(), "user_id": user_id, "phone_index": index}
        person |= {"phone_sealed": keys.seal(self.phone, ADDRESS), "platform_user_id": None}
        consent = {"id": new_id(), "user_id": user_id}
        others = ChatPerson.phone_index == keys.index(other_phone, "phone")
        known = await session.scalar(select(ChatPerson.user_id).where(others))
        for column, changes in (
            (table(User).c.id, user),
            (table(Worker).c.id, {"id": user_id}),
            (table(Consent).c.user_id, consent),
            (table(ChatPerson).c.user_id, person),
        ):
            found = await session.execute(select(column.table).where(column == known))
            row = found.mappings().one()
            await session.execute(insert(column.table), {**row, **changes})

    def offers_something_to_tap(self) -> bool:
        newest = self.newest()
        return bool(newest["buttons"] or newest["rows"] or "form" in newest)

    def slots(self) -> list[tuple[str, str, str]]:
        ok(self.world.http.post("/api/auth/otp", json={"phone": self.phone}), 202)
        worker = self.world.sign_in_worker(self.phone)
        items = ok(worker.get("/api/workers/availability"))["items"]
        return [(slot["weekday"], slot["start"], slot["end"]) for slot in items]


@pytest.fixture
def asha(shared_world: World) -> Iterator[Asha]:
    yield Asha(shared_world)
    fault(shared_world, "flow_blocked", 0)
    fault(shared_world, "failed", 0)


@pytest.fixture(scope="module")
def somebody_halfway(shared_world: World) -> Asha:
    """Somebody who has come as far as the last question but one, and stays there."""
    somebody = Asha(shared_world)
    somebody.halfway()
    return somebody


@pytest.fixture
def halfway(asha: Asha, somebody_halfway: Asha) -> Asha:
    return asha.like(somebody_halfway)


def fault(world: World, kind: str, times: int = 1, **more: Any) -> None:
    body = {"next": times, "kind": kind, **more}
    ok(world.http.post("/sandbox/whatsapp/_control/faults", json=body))


def test_free_times_are_filled_in_read_back_and_saved(asha: Asha) -> None:
    asha.halfway()
    asked = asha.asked_when()
    form = asked["form"]
    assert (form["button"], form["token"], asked["rows"]) == (
        "Choose days and hours",
        "availability",
        [],
    )
    assert [field["name"] for field in form["fields"] if field.get("name")] == FIELDS
    assert form["fields"][1]["data-source"][0] == {"id": "monday", "title": "Monday"}
    response = {"days": ["saturday", "sunday"], "starts": "09:00", "ends": "17:00"}
    read_back = asha.says({**form["answer"], "response": response})
    assert "Sat, Sun 9 am – 5 pm" in read_back["text"]
    assert "All set" in asha.taps("free:yes")["text"]
    assert asha.slots() == [("saturday", "09:00", "17:00"), ("sunday", "09:00", "17:00")]
    assert asha.sent <= MOST_MESSAGES


def test_words_count_as_much_as_the_form_and_take_no_more_messages(halfway: Asha) -> None:
    asha = halfway
    asha.asked_when()
    assert "Sat all day" in asha.says("weekdays after 6pm, sat all day")["text"]
    assert "All set" in asha.says("yes")["text"]
    assert asha.sent <= MOST_MESSAGES


@pytest.mark.parametrize(
    ("kind", "more"),
    [("flow_blocked", {}), ("flow_blocked", {"code": 132069}), ("failed", {"code": 132068})],
)
def test_a_refused_form_is_sent_again_as_a_list_and_nothing_is_lost(
    halfway: Asha, kind: str, more: dict[str, Any]
) -> None:
    asha = halfway
    fault(asha.world, kind, **more)
    asked = asha.asked_when()
    assert "form" not in asked
    assert "When are you free?" in asked["text"]
    assert len(asked["rows"]) == 8
    # It is the very same message, as its id of ours says.
    data = [m["payload"]["biz_opaque_callback_data"] for m in asha.world.messages(asha.phone)]
    assert data[-1] not in data[:-2]
    assert "Is that right?" in asha.taps(asked["rows"][0]["id"])["text"]
    assert "All set" in asha.taps("free:yes")["text"]


@pytest.mark.parametrize(
    "response", ["{broken", "{}", "null", '{"days": ["someday"]}', '{"days": {"monday": true}}']
)
def test_a_form_that_makes_no_sense_is_asked_for_again_by_the_list(
    halfway: Asha, response: str
) -> None:
    asha = halfway
    asha.asked_when()
    again = asha.says({"type": "nfm_reply", "response_json": response})
    assert "could not read that" in again["text"]
    assert len(again["rows"]) == 8
    assert "Sat, Sun all day" in asha.says("weekends")["text"]


def test_a_form_that_is_filled_in_later_is_read_back_then(halfway: Asha) -> None:
    asha = halfway
    form = asha.asked_when()["form"]
    asha.says("weekends")
    asha.taps("free:yes")
    read_back = asha.says({**form["answer"], "response": {"days": ["monday"]}})
    assert "Mon all day" in read_back["text"]
    assert "Saved." in asha.taps("free:yes")["text"]
    assert [day for day, _, _ in asha.slots()] == ["monday", "monday"]


def with_whatsapp[Result](
    world: World, do: Callable[[WhatsApp, Settings], Awaitable[Result]]
) -> Result:
    async def run() -> Result:
        async with sending(world.settings.whatsapp_url) as http:
            whatsapp = build_whatsapp(world.settings, http)
            assert whatsapp is not None
            return await do(whatsapp, world.settings)

    found: Result = world.run(run())
    return found


def test_the_form_is_registered_once_and_compared(shared_world: World) -> None:
    async def registered(whatsapp: WhatsApp, settings: Settings) -> str:
        return await flows.register(whatsapp, settings.whatsapp_account)

    async def problem(whatsapp: WhatsApp, settings: Settings) -> str | None:
        flow_id = settings.availability_flow
        return await flows.problem(whatsapp, settings.whatsapp_account, flow_id)

    async def problem_of_another(whatsapp: WhatsApp, settings: Settings) -> str | None:
        return await flows.problem(whatsapp, settings.whatsapp_account, "999")

    assert with_whatsapp(shared_world, registered) == shared_world.settings.availability_flow
    assert with_whatsapp(shared_world, problem) is None
    assert "no Flow 999" in (with_whatsapp(shared_world, problem_of_another) or "")


def test_production_has_a_form_only_where_one_is_named() -> None:
    assert Settings(environment="production").availability_flow == ""
    assert Settings(environment="development").availability_flow
    assert Settings(sandbox="off").availability_flow == ""
    named = Settings(environment="production", whatsapp_availability_flow_id="12")
    assert named.availability_flow == "12"
