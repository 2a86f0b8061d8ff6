"""The platform refuses the account and not the message: nothing is lost, somebody is told, it goes on."""

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select

from app.messaging.models import Channel, ChannelState, MessageTemplate, OutboxMessage
from app.messaging.outbox import delivery
from app.messaging.rules import (
    BACK_OFF_ALERT_AFTER,
    LONGEST_BACK_OFF,
    RUN_OF_REFUSALS,
    SPAM_PAUSE,
)
from app.providers.http import sending
from app.providers.whatsapp.client import WhatsApp
from tests.infra.counted import alerts
from tests.support.app_harness import World
from tests.support.assertions import ok
from tests.support.channels import channels_of
from tests.support.outbox import WorldRecipient

ACCOUNT_CODES = [
    10,
    33,
    200,
    230,
    299,
    131005,
    131037,
    131045,
    133000,
    133006,
    133010,
    133016,
    190,
    131031,
]
THROTTLES = [613, 17, 32, 80008, 4, 80007, 130429]


class Street:
    """People to write to, and what became of it."""

    def __init__(self, world: World, people: int) -> None:
        self.world = world
        self.posts = [
            WorldRecipient(world, f"+9198222{number:05}") for number in range(100, 100 + people)
        ]

    def tell(self, key: str = "1") -> None:
        for post in self.posts:
            post.tell(key)

    def fault(self, kind: str, times: int, **more: Any) -> None:
        self.posts[0].fault(kind, times, **more)

    def mended(self, kind: str) -> None:
        self.posts[0].fault(kind, 0)

    def states(self) -> set[str]:
        return {row.state for row in self.posts[0].rows()}

    def attempts(self) -> set[int]:
        return {row.attempts for row in self.posts[0].rows()}

    def received(self) -> list[int]:
        return [len(post.received()) for post in self.posts]

    def passes(self, minutes: float, times: int = 1) -> None:
        for _ in range(times):
            self.world.clock.advance(minutes=minutes)
            self.world.settle()

    def channel(self) -> dict[str, Any]:
        items = ok(self.world.admin().get("/api/admin/channels"))["items"]
        found: dict[str, Any] = next(each for each in items if each["channel"] == "whatsapp")
        return found

    def state(self) -> ChannelState:
        found: ChannelState = self.world.in_session(
            lambda session: session.get(ChannelState, Channel.WHATSAPP)
        )
        return found


@pytest.mark.parametrize("code", ACCOUNT_CODES)
def test_a_refusal_of_the_account_halts_the_channel_and_loses_nothing(
    sqlite_world: World, code: int
) -> None:
    street = Street(sqlite_world, 3)
    street.tell()
    kind = "message_blocked" if code == 131031 else "message_credentials"
    before = alerts(kind)
    street.fault("error", 1_000, code=code)
    sqlite_world.settle()
    assert alerts(kind) > before
    assert (street.states(), street.attempts()) == ({"waiting"}, {0})
    shown = street.channel()
    assert str(code) in shown["reason"]
    assert shown["halted_at"] is not None
    street.passes(2, times=5)
    assert (street.states(), street.attempts()) == ({"waiting"}, {0})
    # Somebody mends the account and tells nobody: the next probe finds it out.
    street.mended("error")
    street.passes(2, times=3)
    assert street.received() == [1, 1, 1]
    assert street.channel()["halted_at"] is None


@pytest.mark.parametrize("code", THROTTLES)
def test_a_throttled_number_backs_off_and_loses_nothing(sqlite_world: World, code: int) -> None:
    street = Street(sqlite_world, 3)
    street.tell()
    street.fault("error", 3, code=code)
    sqlite_world.settle()
    assert (street.states(), street.attempts()) == ({"waiting"}, {0})
    shown = street.channel()
    assert str(code) in shown["reason"]
    assert shown["backs_off_until"] is not None
    street.passes(1, times=3)
    assert street.received() == [1, 1, 1]


def test_a_throttled_number_waits_longer_each_time_and_somebody_is_told(world: World) -> None:
    street = Street(world, 1)
    street.tell()
    street.fault("rate_limited", 1_000)
    world.settle()
    began, pauses = world.clock(), []
    alarmed_after: dt.timedelta | None = None
    for _ in range(12):
        until = street.state().backs_off_until
        assert until is not None
        pauses.append((until - world.clock()).total_seconds())
        world.clock.now = until
        before = alerts("channel_backs_off")
        world.settle()
        if alerts("channel_backs_off") > before and alarmed_after is None:
            alarmed_after = world.clock() - began
    assert all(5 <= pause <= LONGEST_BACK_OFF.total_seconds() for pause in pauses)
    assert max(pauses[:2]) <= 30
    assert min(pauses[8:]) >= 300
    assert alarmed_after is not None
    assert BACK_OFF_ALERT_AFTER <= alarmed_after <= 3 * BACK_OFF_ALERT_AFTER
    assert (street.states(), street.attempts()) == ({"waiting"}, {0})
    # After a success the first pause is short again.
    street.mended("rate_limited")
    street.passes(16)
    assert street.received() == [1]
    assert (street.state().back_offs, street.state().backing_off_since) == (0, None)
    street.fault("rate_limited", 1)
    street.tell("2")
    world.settle()
    until = street.state().backs_off_until
    assert until is not None
    assert (until - world.clock()).total_seconds() <= 15


def test_a_run_of_refusals_nobody_knows_halts_the_channel_and_comes_back(world: World) -> None:
    street = Street(world, RUN_OF_REFUSALS + 3)
    street.tell()
    before = alerts("channel_halted")
    street.fault("unknown", 1_000)
    world.settle()
    assert alerts("channel_halted") > before
    assert street.states() == {"waiting"}
    assert "999999" in street.channel()["reason"]
    # A probe a minute, each of another message; none is given up for it.
    street.passes(1.1, times=20)
    assert street.states() == {"waiting"}
    street.mended("unknown")
    street.passes(1.1, times=15)
    assert street.received() == [1] * (RUN_OF_REFUSALS + 3)
    assert street.channel()["halted_at"] is None


def test_codes_refused_in_such_a_run_come_back_too(world: World) -> None:
    phones = [f"+9198223{number:05}" for number in range(RUN_OF_REFUSALS)]
    for phone in phones:
        world.worker(phone=phone)
    world.settle()
    body = {"next": 100, "kind": "unknown"}
    ok(world.http.post("/sandbox/whatsapp/_control/faults", json=body))
    for phone in phones:
        ok(world.http.post("/api/auth/otp", json={"phone": phone}), 202)
        world.settle()
    ok(world.http.post("/sandbox/whatsapp/_control/faults", json=body | {"next": 0}))
    for _ in range(2):
        world.clock.advance(seconds=61)
        world.settle()
    assert all(len(world.code_for(phone)) == 6 for phone in phones)


def test_one_persons_unknown_refusal_is_theirs_alone(world: World) -> None:
    street = Street(world, 3)
    street.fault("unknown", 2 * RUN_OF_REFUSALS)
    for number in range(RUN_OF_REFUSALS + 1):
        street.posts[0].tell(str(number))
    world.settle()
    assert street.states() == {"dead"}
    assert street.channel()["halted_at"] is None
    street.mended("unknown")
    for post in street.posts[1:]:
        post.tell()
    world.settle()
    assert street.received()[1:] == [1, 1]


def test_a_run_told_by_statuses_halts_too(world: World) -> None:
    street = Street(world, RUN_OF_REFUSALS)
    street.fault("failed", 1_000, code=999_999)
    street.tell()
    world.settle()
    assert street.states() == {"waiting"}
    assert street.channel()["reason"].startswith("later: ")
    street.mended("failed")
    street.passes(1.1, times=8)
    assert street.received() == [1] * RUN_OF_REFUSALS
    assert street.channel()["halted_at"] is None


def test_a_missing_permission_told_by_statuses_halts_at_once(world: World) -> None:
    street = Street(world, 2)
    street.fault("failed", 1_000, code=200)
    street.tell()
    world.settle()
    assert (street.states(), street.attempts()) == ({"waiting"}, {0})
    shown = street.channel()
    assert shown["halted_at"] is not None
    assert shown["reason"].endswith("200")


def test_an_administrator_lets_a_halted_channel_go(world: World) -> None:
    street = Street(world, 2)
    street.tell()
    street.fault("not_registered", 1_000)
    world.settle()
    assert street.channel()["halted_at"] is not None
    street.mended("not_registered")
    path = "/api/admin/channels/whatsapp/resume"
    assert world.admin().post(path, {}).status_code == 422
    shown = ok(world.admin().post(path, {"reason": "registered again"}))
    assert (shown["halted_at"], shown["reason"]) == (None, None)
    world.settle()
    assert street.received() == [1, 1]
    log = ok(world.admin().get("/api/admin/logs", params={"action": "channel.resume"}))["items"]
    assert log[0]["before"]["reason"].endswith("133010")
    # What is still wrong halts it again, and loses nothing.
    street.fault("not_registered", 1_000)
    street.tell("2")
    world.settle()
    ok(world.admin().post(path, {"reason": "I thought so"}))
    world.settle()
    assert street.channel()["halted_at"] is not None
    assert street.states() == {"waiting", "delivered"}
    assert world.admin().post("/api/admin/channels/sms/resume", {"reason": "x"}).status_code == 404


def test_template_violations_stop_what_we_begin_and_no_answer(world: World) -> None:
    street = Street(world, 2)
    street.tell()
    street.fault("spam_limited", 1, code=131064)
    world.settle()
    assert street.channel()["only_replies_until"] is not None
    assert "131064" in street.channel()["reason"]
    street.tell("2")
    world.says("+919822300001", "hi")
    assert len(world.messages("+919822300001")) == 1
    assert sum(street.received()) <= 1
    street.passes(SPAM_PAUSE.total_seconds() / 60 + 1, times=2)
    assert street.received() == [2, 2]


def paths(world: World) -> list[str]:
    """The ways by which templates went, oldest first, by what they are priced as."""

    async def read(session: Any) -> list[OutboxMessage]:
        return list(await session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)))

    return [row.cost_category or "" for row in world.in_session(read)]


@pytest.mark.parametrize("told", [True, False])
def test_a_template_that_is_marketing_now_goes_where_marketing_goes(
    world: World, *, told: bool
) -> None:
    """The platform files it anew: it says so, or only refuses the next send with 131063."""
    street = Street(world, 2)
    refiled = {"name": "partimer_job_offer", "category": "MARKETING", "told": told}
    ok(world.http.post("/sandbox/whatsapp/_control/templates", json=refiled))
    street.tell()
    world.settle()
    street.passes(1)
    assert street.received() == [1, 1]
    assert paths(world) == ["marketing", "marketing"]
    row = world.in_session(
        lambda session: session.get(MessageTemplate, ("partimer_job_offer", "en"))
    )
    assert row.category == "marketing"
    # And back, without a word: it is sent the usual way again.
    refiled |= {"category": "UTILITY", "told": False}
    ok(world.http.post("/sandbox/whatsapp/_control/templates", json=refiled))
    street.tell("2")
    world.settle()
    street.passes(1)
    assert street.received() == [2, 2]


def test_a_wrong_number_id_halts_instead_of_losing_everything(sqlite_world: World) -> None:
    street = Street(sqlite_world, 2)
    street.tell()
    sqlite_world.run(_send_from(sqlite_world, "999"))
    assert (street.states(), street.attempts()) == ({"waiting"}, {0})
    assert street.channel()["halted_at"] is not None


async def _send_from(world: World, number: str) -> None:
    settings, runtime = world.settings, world.runtime
    async with sending(settings.whatsapp_url) as http:
        whatsapp = WhatsApp(
            http,
            base=settings.whatsapp_url,
            version=settings.whatsapp_api_version,
            token=settings.whatsapp_token or "",
            number_id=number,
        )
        channels = channels_of(whatsapp)
        await delivery.send_due(runtime.database, channels, runtime.clock, 100)
