"""The platform at its worst: refusals, silence, doubled and disordered webhooks."""

import time
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import ASHA, Open, World
from tests.sandbox.test_sending import HELLO

IMPATIENT = httpx.Timeout(20, read=0.2)
"""Patience with everything but the answer: a busy machine is slow to connect, too."""


@pytest.fixture
def chat(world: World) -> World:
    """A world in which Asha's window is open."""
    world.says({"type": "text", "text": "hi"})
    return world


def fault(world: World, kind: str, **more: Any) -> None:
    answer = world.control("faults", {"kind": kind, "next": 1, **more})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("kind", "more", "status", "code"),
    [
        ("http_500", {}, 500, 1),
        ("http_500", {"code": 131000}, 500, 131000),
        ("http_503", {}, 503, 131016),
        ("rate_limited", {}, 429, 130429),
        ("rate_limited", {"code": 80007}, 429, 80007),
        ("pair_limited", {}, 400, 131056),
        ("token_expired", {}, 401, 190),
        ("error", {"code": 131042}, 400, 131042),
    ],
)
def test_a_scripted_refusal_is_given_once_and_nothing_is_received(
    chat: World, kind: str, more: dict[str, Any], status: int, code: int
) -> None:
    fault(chat, kind, **more)
    refused = chat.send(HELLO)
    assert refused.status_code == status
    assert refused.json()["error"]["code"] == code
    assert chat.inbox() == []
    chat.sent(HELLO)


def test_a_proxy_s_page_is_html(chat: World) -> None:
    fault(chat, "html_502")
    refused = chat.send(HELLO)
    assert refused.status_code == 502
    assert refused.headers["content-type"].startswith("text/html")
    assert chat.inbox() == []


def test_a_timeout_after_acceptance_is_settled_by_the_status(chat: World) -> None:
    fault(chat, "timeout_after_accept")
    body = {
        "messaging_product": "whatsapp",
        "to": ASHA,
        "biz_opaque_callback_data": "outbox-1",
        **HELLO,
    }
    with pytest.raises(httpx.ReadTimeout):
        chat.graph("POST", f"{chat.config.phone_number_id}/messages", json=body, timeout=IMPATIENT)
    settled = chat.business.wait(
        lambda b: [s for s in b.statuses() if s.get("biz_opaque_callback_data") == "outbox-1"]
    )
    [message] = chat.inbox()
    assert settled[0]["id"] == message["id"]


def test_a_broken_connection_after_acceptance_is_an_error_of_transport(chat: World) -> None:
    fault(chat, "drop_after_accept")
    with pytest.raises(httpx.TransportError):
        chat.send(HELLO)
    assert len(chat.inbox()) == 1


def test_a_500_after_acceptance_is_settled_by_the_status(chat: World) -> None:
    fault(chat, "http_500_after_accept", code=131000)
    refused = chat.send({**HELLO, "biz_opaque_callback_data": "outbox-1"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (500, 131000)
    settled = chat.business.wait(
        lambda b: [s for s in b.statuses() if s.get("biz_opaque_callback_data") == "outbox-1"]
    )
    [message] = chat.inbox()
    assert settled[0]["id"] == message["id"]
    chat.sent(HELLO)


def test_a_timeout_may_also_come_before_acceptance(chat: World) -> None:
    fault(chat, "timeout")
    body = {"messaging_product": "whatsapp", "to": ASHA, **HELLO}
    with pytest.raises(httpx.ReadTimeout):
        chat.graph("POST", f"{chat.config.phone_number_id}/messages", json=body, timeout=IMPATIENT)
    assert chat.inbox() == []


@pytest.mark.parametrize(
    ("kind", "more", "code"),
    [("blocked", {}, 131026), ("blocked", {"code": 131049}, 131049), ("window_closed", {}, 131047)],
)
def test_some_failures_come_after_acceptance(
    chat: World, kind: str, more: dict[str, Any], code: int
) -> None:
    fault(chat, kind, **more)
    failed = chat.business.wait_for_status(chat.sent(HELLO), "failed")
    assert failed["errors"][0]["code"] == code
    assert chat.inbox() == []


def test_the_delivered_status_can_be_missing(chat: World) -> None:
    fault(chat, "skip_delivered")
    quiet, normal = chat.sent(HELLO), chat.sent(HELLO)
    chat.business.wait_for_status(normal, "delivered")
    assert [status["status"] for status in chat.business.statuses(quiet)] == ["sent"]


def test_a_webhook_can_come_twice(chat: World) -> None:
    fault(chat, "duplicate")
    chat.says({"type": "text", "text": "once"})
    arrived = [message["text"]["body"] for message in chat.business.messages()]
    assert arrived == ["hi", "once", "once"]


def test_a_webhook_can_come_after_the_one_behind_it(chat: World) -> None:
    fault(chat, "reorder")
    message = {"type": "text", "text": "first"}
    late = chat.control("inbound", {"phone": ASHA, "message": message}).json()
    assert late["delivered"] is False
    chat.says({"type": "text", "text": "second"})
    chat.business.wait(lambda b: len(b.messages()) == 3)
    order = [message["text"]["body"] for message in chat.business.messages()]
    assert order == ["hi", "second", "first"]


def test_a_webhook_can_come_late(chat: World) -> None:
    fault(chat, "delay", seconds=0.2)
    message = {"type": "text", "text": "late"}
    started = time.monotonic()
    chat.control("inbound", {"phone": ASHA, "message": message})
    chat.business.wait(lambda b: len(b.messages()) == 2)
    assert time.monotonic() - started >= 0.2


def test_a_webhook_can_be_signed_wrongly_and_is_then_repeated(chat: World) -> None:
    fault(chat, "bad_signature")
    chat.business.answers = [401]
    message = {"type": "text", "text": "twice"}
    assert chat.control("inbound", {"phone": ASHA, "message": message}).status_code == 502
    chat.business.wait(lambda b: len(b.received) == 3)
    _, bad, good = chat.business.received
    assert bad.body == good.body
    assert bad.headers["x-hub-signature-256"] != good.headers["x-hub-signature-256"]


def test_a_message_can_come_without_the_phone(chat: World) -> None:
    fault(chat, "missing_phone")
    chat.says({"type": "text", "text": "who am I"})
    known, nameless = chat.business.messages()
    assert "from" not in nameless
    assert nameless["from_user_id"] == known["from_user_id"]


@pytest.mark.parametrize("signature", ["good", "bad", "none"])
def test_any_payload_can_be_posted_signed_or_not(world: World, signature: str) -> None:
    body = {"payload": {"object": "page"}, "signature": signature, "times": 3}
    assert world.control("raw", body).json()["statuses"] == [200, 200, 200]
    headers = [received.headers for received in world.business.received]
    assert [("x-hub-signature-256" in h) for h in headers] == [signature != "none"] * 3


def test_a_raw_payload_need_not_be_json(world: World) -> None:
    world.control("raw", {"payload": "{not json", "signature": "good"})
    assert world.business.received[0].body == b"{not json"


def test_an_unknown_fault_is_told_which_there_are(world: World) -> None:
    refused = world.control("faults", {"next": 1, "kind": "gremlins"})
    assert refused.status_code == 422
    assert "timeout_after_accept" in refused.json()["detail"]


def test_faults_can_be_seen_and_taken_back(world: World) -> None:
    fault(world, "http_500", next=5)
    seen = world.http.get("/whatsapp/_control/faults").json()
    assert [(item["kind"], item["next"]) for item in seen["waiting"]] == [("http_500", 5)]
    fault(world, "http_500", next=0)
    assert world.http.get("/whatsapp/_control/faults").json()["waiting"] == []


def test_a_refused_status_is_repeated_until_it_is_taken(chat: World) -> None:
    chat.business.answers = [500, 502, 401]
    id_ = chat.sent(HELLO)
    chat.business.wait(lambda b: len(b.received) >= 5)
    chat.business.wait_for_status(id_, "delivered")


def test_statuses_still_due_survive_a_restart(open_world: Open) -> None:
    with open_world() as world:
        world.says({"type": "text", "text": "hi"})
        world.business.answers = [503] * 1000
        id_ = world.sent(HELLO)
        world.business.wait(lambda b: len(b.received) >= 2)
    world.business.answers = []
    world.business.received.clear()
    with open_world():
        world.business.wait_for_status(id_, "delivered")


def test_two_servers_share_one_world(open_world: Open) -> None:
    with open_world() as one, open_world() as two:
        one.says({"type": "text", "text": "hi"})
        ids = [world.sent(HELLO) for world in (one, two) * 5]
        assert [message["id"] for message in two.inbox()] == ids
        for id_ in ids:
            one.business.wait_for_status(id_, "delivered")
        for id_ in ids:
            names = [status["status"] for status in one.business.statuses(id_)]
            assert sorted(names) == ["delivered", "sent"]


def test_another_site_s_page_can_t_play_with_the_world(world: World) -> None:
    answer = world.http.post(
        "/whatsapp/_control/reset", json={}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 403
