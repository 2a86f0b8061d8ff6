"""A business sends through the Graph API, and a person receives."""

import base64
import hashlib
import hmac
from typing import Any

import pytest

from tests.sandbox.conftest import ASHA, RAVI, Open, World

HELLO = {"type": "text", "text": {"body": "Hello"}}
YES_NO = {
    "type": "interactive",
    "interactive": {
        "type": "button",
        "body": {"text": "A shift near you"},
        "footer": {"text": "Partimer"},
        "action": {
            "buttons": [
                {"type": "reply", "reply": {"id": "yes-1", "title": "Accept"}},
                {"type": "reply", "reply": {"id": "no-1", "title": "Reject"}},
            ]
        },
    },
}


def listing(rows: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "type": "interactive",
        "interactive": {
            "type": "list",
            "body": {"text": "Your skills?"},
            "action": {"button": "Choose", "sections": [{"title": "Skills", "rows": rows}]},
        },
    }


def test_an_accepted_message_is_answered_in_the_platform_s_shape(world: World) -> None:
    answer = world.send(HELLO).json()
    assert answer["messaging_product"] == "whatsapp"
    assert answer["contacts"] == [{"input": ASHA, "wa_id": "919812345678"}]
    assert answer["messages"][0]["id"].startswith("wamid.")


def test_a_person_receives_what_was_sent_in_order(world: World) -> None:
    world.says({"type": "text", "text": "hi"})
    first, second = world.sent(HELLO), world.sent(YES_NO)
    one, two = world.inbox()
    assert [one["id"], two["id"]] == [first, second]
    assert one["text"] == "Hello"
    assert one["to"] == ASHA
    assert one["at"].endswith("Z")
    assert two["text"] == "A shift near you\nPartimer"
    assert two["buttons"] == [
        {"id": "yes-1", "title": "Accept"},
        {"id": "no-1", "title": "Reject"},
    ]
    assert world.inbox(after=first) == [two]
    assert world.inbox("919812345678") == [one, two]
    assert world.inbox(RAVI) == []


def test_a_list_shows_its_rows(world: World) -> None:
    world.says({"type": "text", "text": "hi"})
    world.sent(listing([{"id": "cook", "title": "Cook", "description": "Kitchens"}]))
    assert world.inbox()[0]["rows"] == [{"id": "cook", "title": "Cook"}]


def test_statuses_follow_signed_over_the_exact_bytes_and_carry_the_callback_data(
    world: World,
) -> None:
    world.says({"type": "text", "text": "hi"})
    id_ = world.sent(HELLO, biz_opaque_callback_data="outbox-7")
    world.business.wait_for_status(id_, "sent")
    delivered = world.business.wait_for_status(id_, "delivered")
    assert delivered["recipient_id"] == "919812345678"
    assert delivered["biz_opaque_callback_data"] == "outbox-7"
    for received in world.business.received:
        digest = hmac.new(
            world.config.whatsapp_app_secret.encode(), received.body, hashlib.sha256
        ).hexdigest()
        assert received.headers["x-hub-signature-256"] == f"sha256={digest}"


def test_a_wrong_token_is_refused_with_190(world: World) -> None:
    answer = world.http.post(
        f"/whatsapp/v26.0/{world.config.phone_number_id}/messages",
        headers={"Authorization": "Bearer wrong"},
        json={"messaging_product": "whatsapp", "to": ASHA, **HELLO},
    )
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == 190


@pytest.mark.parametrize("version", ["v22.0", "v26.0", "v31.0"])
def test_any_version_of_the_graph_api_answers(world: World, version: str) -> None:
    answer = world.http.get(
        f"/whatsapp/{version}/{world.config.phone_number_id}",
        headers={"Authorization": f"Bearer {world.config.whatsapp_token}"},
    )
    assert answer.json()["id"] == world.config.phone_number_id


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"type": "text", "text": {"body": "x" * 4097}}, 131009),
        ({"type": "text", "text": {"body": ""}}, 131008),
        ({"type": "text"}, 100),
        ({"type": "hologram", "hologram": {}}, 131051),
        (listing([{"id": str(n), "title": str(n)} for n in range(11)]), 131009),
        (listing([{"id": "same", "title": "a"}, {"id": "same", "title": "b"}]), 131009),
        (listing([{"id": "a", "title": "x" * 25}]), 131009),
        (listing([{"id": "x" * 201, "title": "a"}]), 131009),
        (listing([{"id": "a", "title": "a", "description": "x" * 73}]), 131009),
        (listing([]), 131009),
        ({"type": "image", "image": {"id": "never-uploaded"}}, 131053),
        ({"type": "location", "location": {"latitude": 91, "longitude": 0}}, 131009),
    ],
)
def test_what_the_platform_refuses_is_refused_with_its_code(
    world: World, message: dict[str, Any], code: int
) -> None:
    assert world.refused(message) == code


def buttons(*titles: str, id_length: int | None = None, body: str = "?") -> dict[str, Any]:
    replies = [
        {"type": "reply", "reply": {"id": "x" * id_length if id_length else title, "title": title}}
        for title in titles
    ]
    interactive = {"type": "button", "body": {"text": body}, "action": {"buttons": replies}}
    return {"type": "interactive", "interactive": interactive}


@pytest.mark.parametrize(
    "message",
    [
        buttons("1", "2", "3", "4"),
        buttons(),
        buttons("x" * 21),
        buttons("a", id_length=257),
        buttons("a", "b", id_length=5),
        buttons("a", body="x" * 1025),
    ],
)
def test_buttons_beyond_the_limits_are_refused(world: World, message: dict[str, Any]) -> None:
    assert world.refused(message) == 131009


def test_a_message_at_every_limit_is_accepted(world: World) -> None:
    world.sent({"type": "text", "text": {"body": "x" * 4096}})
    world.sent(buttons("x" * 20, "b", "c", body="x" * 1024))
    world.sent(buttons("a", id_length=256))
    rows = [
        {"id": f"{n}{'x' * 199}", "title": "x" * 24, "description": "x" * 72} for n in range(10)
    ]
    world.sent(listing(rows))


def test_a_recipient_is_a_phone_or_a_user_id_and_not_both(world: World) -> None:
    user_id = "IN.13491208655302741918"
    body = {"messaging_product": "whatsapp", **HELLO}
    path = f"{world.config.phone_number_id}/messages"
    both = world.graph("POST", path, json={**body, "to": ASHA, "recipient": user_id})
    none = world.graph("POST", path, json=body)
    assert both.json()["error"]["code"] == none.json()["error"]["code"] == 100
    good = world.graph("POST", path, json={**body, "recipient": user_id})
    assert good.json()["contacts"] == [{"input": user_id, "user_id": user_id}]


def test_a_user_id_put_in_to_is_accepted_and_silently_dropped(world: World) -> None:
    user_id = "IN.13491208655302741918"
    world.says({"type": "text", "text": "hi"}, phone=user_id)
    dropped = world.sent(HELLO, to=user_id)
    world.says({"type": "text", "text": "hi"})
    seen = world.sent(HELLO)
    world.business.wait_for_status(seen, "delivered")
    assert world.business.statuses(dropped) == []
    assert world.inbox(user_id) == []


def test_a_free_message_outside_the_window_is_accepted_then_failed(world: World) -> None:
    id_ = world.sent(HELLO)
    failed = world.business.wait_for_status(id_, "failed")
    assert failed["errors"][0]["code"] == 131047
    assert world.inbox() == []


def test_the_window_closes_a_day_after_the_person_s_last_message(world: World) -> None:
    world.says({"type": "text", "text": "hi"})
    world.control("clock", {"advance_seconds": 86_399})
    world.business.wait_for_status(world.sent(HELLO), "delivered")
    world.control("clock", {"advance_seconds": 2})
    world.business.wait_for_status(world.sent(HELLO), "failed")
    world.says({"type": "text", "text": "back"})
    world.business.wait_for_status(world.sent(HELLO), "delivered")


def test_too_many_messages_to_one_person_meet_the_pair_limit_which_time_lifts(
    world: World,
) -> None:
    for _ in range(45):
        world.sent(HELLO)
    assert world.refused(HELLO) == 131056
    world.sent(HELLO, to=RAVI)
    world.control("clock", {"advance_seconds": 7})
    world.sent(HELLO)
    assert world.refused(HELLO) == 131056


def test_more_than_the_number_may_send_in_a_second_is_refused(open_world: Open) -> None:
    with open_world(throughput_per_second=3) as world:
        codes = [
            world.send(HELLO, to=f"+9198000000{n:02}").json().get("error", {}).get("code")
            for n in range(8)
        ]
    assert codes[:3] == [None, None, None]
    assert 130429 in codes


def test_without_limits_nothing_is_counted(open_world: Open) -> None:
    with open_world(limits=False, throughput_per_second=1) as world:
        for _ in range(60):
            world.sent(HELLO)


def test_a_person_who_blocked_the_business_is_unreachable(world: World) -> None:
    world.says({"type": "text", "text": "hi"})
    world.control("block", {"phone": ASHA, "blocked": True})
    failed = world.business.wait_for_status(world.sent(HELLO), "failed")
    assert failed["errors"][0]["code"] == 131026
    world.control("block", {"phone": ASHA, "blocked": False})
    world.business.wait_for_status(world.sent(HELLO), "delivered")


def test_the_business_can_mark_a_message_read_and_show_that_it_types(world: World) -> None:
    id_ = world.says({"type": "text", "text": "hi"})
    path = f"{world.config.phone_number_id}/messages"
    body = {"messaging_product": "whatsapp", "status": "read", "message_id": id_}
    assert world.graph("POST", path, json=body).json() == {"success": True}
    typing = {**body, "typing_indicator": {"type": "text"}}
    assert world.graph("POST", path, json=typing).json() == {"success": True}
    unknown = world.graph("POST", path, json={**body, "message_id": "wamid.none"})
    assert unknown.json()["error"]["code"] == 100


def test_media_goes_up_and_comes_down(world: World) -> None:
    up = world.graph(
        "POST",
        f"{world.config.phone_number_id}/media",
        data={"messaging_product": "whatsapp", "type": "image/png"},
        files={"file": ("a.png", b"\x89PNG-picture", "image/png")},
    ).json()
    about = world.graph("GET", up["id"]).json()
    assert about["mime_type"] == "image/png"
    assert about["file_size"] == 12
    path = about["url"].partition("/sandbox")[2]
    headers = {"Authorization": f"Bearer {world.config.whatsapp_token}"}
    assert world.http.get(path, headers=headers).content == b"\x89PNG-picture"
    assert world.http.get(path).status_code == 401
    world.sent({"type": "image", "image": {"id": up["id"], "caption": "The place"}})
    assert world.graph("DELETE", up["id"]).json() == {"success": True}


@pytest.mark.parametrize(
    ("kind", "size", "code"),
    [("image/gif", 10, 100), ("image/png", 5 * 1024 * 1024 + 1, 131053)],
)
def test_media_of_a_wrong_kind_or_size_is_refused(
    world: World, kind: str, size: int, code: int
) -> None:
    refused = world.graph(
        "POST",
        f"{world.config.phone_number_id}/media",
        data={"messaging_product": "whatsapp"},
        files={"file": ("a", b"x" * size, kind)},
    )
    assert refused.json()["error"]["code"] == code


def test_what_people_send_can_be_downloaded(world: World) -> None:
    world.says({"type": "image", "caption": "My papers"})
    image = world.business.messages()[0]["image"]
    about = world.graph("GET", image["id"]).json()
    headers = {"Authorization": f"Bearer {world.config.whatsapp_token}"}
    content = world.http.get(about["url"].partition("/sandbox")[2], headers=headers).content
    assert content.startswith(b"\x89PNG")
    assert base64.b64encode(hashlib.sha256(content).digest()).decode() == image["sha256"]


def test_only_the_fields_that_are_asked_for_are_told(world: World) -> None:
    number = world.config.phone_number_id
    told = world.graph("GET", number, params={"fields": "quality_rating"}).json()
    assert told == {"id": number, "quality_rating": "GREEN"}
    assert "verified_name" in world.graph("GET", number).json()


def test_nobody_is_told_anything_without_a_subscription(world: World) -> None:
    path = f"{world.config.waba_id}/subscribed_apps"
    assert len(world.graph("GET", path).json()["data"]) == 1
    world.graph("DELETE", path)
    assert world.graph("GET", path).json() == {"data": []}
    message = {"type": "text", "text": "anybody?"}
    unheard = world.control("inbound", {"phone": ASHA, "message": message})
    assert unheard.json()["delivered"] is False
    world.graph("POST", path)
    world.says({"type": "text", "text": "hi"})
    assert [message["text"]["body"] for message in world.business.messages()] == ["hi"]


def test_the_number_does_not_write_to_itself(world: World) -> None:
    assert world.refused(HELLO, to=world.config.display_phone_number) == 131021


def test_an_unknown_call_is_refused_in_the_platform_s_shape(world: World) -> None:
    for method, path in (("POST", "1/register/now"), ("PUT", "1/2/3/4"), ("GET", "1/nothing/at")):
        assert world.graph(method, path).json()["error"]["code"] == 2500
    assert world.control("no_such_control", {}).json()["code"] == "no_such_control"


@pytest.mark.parametrize(
    "interactive",
    [
        {"type": "location_request_message", "action": {"name": "send_location"}},
        {"type": "request_contact_info", "action": {"name": "request_contact_info"}},
    ],
)
def test_every_interactive_kind_is_understood(world: World, interactive: dict[str, Any]) -> None:
    world.says({"type": "text", "text": "hi"})
    body = {"text": "Please"}
    world.sent({"type": "interactive", "interactive": {**interactive, "body": body}})
    assert world.inbox()[0]["text"] == "Please"


def test_a_link_button_shows_its_address(world: World) -> None:
    world.says({"type": "text", "text": "hi"})
    parameters = {"display_text": "Open", "url": "https://example.org/a?b=c"}
    interactive = {
        "type": "cta_url",
        "body": {"text": "Pay here"},
        "action": {"name": "cta_url", "parameters": parameters},
    }
    world.sent({"type": "interactive", "interactive": interactive})
    assert world.inbox()[0]["text"].splitlines() == ["Pay here", "https://example.org/a?b=c"]
