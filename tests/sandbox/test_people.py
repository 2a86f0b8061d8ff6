"""People send, tap, hide their number and read: each arrives as the platform would post it."""

from typing import Any

import pytest

from tests.sandbox.conftest import ASHA, Open, World
from tests.sandbox.test_sending import HELLO, YES_NO, listing

USER_ID = "IN.13491208655302741918"


def test_a_text_arrives_with_name_phone_and_user_id(world: World) -> None:
    id_ = world.says({"type": "text", "text": "नमस्ते"}, name="Asha")
    [value] = world.business.values()
    [message] = value["messages"]
    assert message["id"] == id_
    assert message["from"] == "919812345678"
    assert message["text"] == {"body": "नमस्ते"}
    assert message["from_user_id"].startswith("IN.")
    [contact] = value["contacts"]
    assert contact["profile"]["name"] == "Asha"
    assert contact["wa_id"] == "919812345678"
    assert contact["user_id"] == message["from_user_id"]
    assert value["metadata"]["phone_number_id"] == world.config.phone_number_id


def test_somebody_without_a_name_is_not_called_by_their_number(world: World) -> None:
    world.says({"type": "text", "text": "hi"})
    name = world.business.values()[0]["contacts"][0]["profile"]["name"]
    assert "98123" not in name


def test_a_person_with_a_user_name_has_no_phone_in_the_webhook(world: World) -> None:
    world.says({"type": "text", "text": "hi"}, phone=USER_ID)
    [value] = world.business.values()
    assert "from" not in value["messages"][0]
    assert value["messages"][0]["from_user_id"] == USER_ID
    assert "wa_id" not in value["contacts"][0]


def test_a_person_without_a_phone_is_reached_by_their_user_id(world: World) -> None:
    world.says({"type": "text", "text": "hi"}, phone=USER_ID)
    path = f"{world.config.phone_number_id}/messages"
    body = {"messaging_product": "whatsapp", "recipient": USER_ID, **HELLO}
    id_ = world.graph("POST", path, json=body).json()["messages"][0]["id"]
    status = world.business.wait_for_status(id_, "delivered")
    assert status["recipient_user_id"] == USER_ID
    assert "recipient_id" not in status
    assert [message["id"] for message in world.inbox(USER_ID)] == [id_]


def test_a_person_who_shares_their_phone_is_known_by_both(world: World) -> None:
    world.says({"type": "text", "text": "hi"}, phone=USER_ID)
    world.says({"type": "text", "text": "again"}, user_id=USER_ID)
    last = world.business.messages()[-1]
    assert (last["from"], last["from_user_id"]) == ("919812345678", USER_ID)
    world.sent(HELLO)
    assert world.inbox(USER_ID) == world.inbox(ASHA)


def test_the_card_that_answers_a_contact_request_carries_the_number(world: World) -> None:
    world.says({"type": "contacts", "phone": ASHA}, phone=USER_ID)
    [contact] = world.business.messages()[0]["contacts"]
    assert contact["origin"] == "contact_request"
    assert contact["phones"][0]["phone"] == ASHA


def test_a_tap_on_a_button_quotes_its_message(world: World) -> None:
    world.says({"type": "text", "text": "hi"})
    asked = world.sent(YES_NO)
    world.says({"type": "button_reply", "id": "yes-1"})
    tap = world.business.messages()[-1]
    assert tap["interactive"] == {
        "type": "button_reply",
        "button_reply": {"id": "yes-1", "title": "Accept"},
    }
    assert tap["context"]["id"] == asked


def test_a_tap_on_a_template_s_quick_reply_is_a_button_message(world: World) -> None:
    quick = {"type": "QUICK_REPLY", "text": "Accept"}
    world.template(
        "offer",
        [{"type": "BODY", "text": "A shift near you."}, {"type": "BUTTONS", "buttons": [quick]}],
    )
    payload = {"type": "payload", "payload": "offer-9-accept"}
    component = {
        "type": "button",
        "sub_type": "quick_reply",
        "index": "0",
        "parameters": [payload],
    }
    wanted = {"name": "offer", "language": {"code": "en"}, "components": [component]}
    asked = world.sent({"type": "template", "template": wanted})
    [shown] = world.inbox()
    assert shown["buttons"] == [{"id": "offer-9-accept", "title": "Accept"}]
    world.says({"type": "button_reply", "id": "offer-9-accept"})
    tap = world.business.messages()[-1]
    assert tap["type"] == "button"
    assert tap["button"] == {"payload": "offer-9-accept", "text": "Accept"}
    assert tap["context"]["id"] == asked


def test_a_tap_on_somebody_else_s_button_arrives_all_the_same(world: World) -> None:
    world.says({"type": "button_reply", "id": "foreign"})
    tap = world.business.messages()[-1]
    assert tap["interactive"]["button_reply"]["id"] == "foreign"
    assert "context" not in tap


def test_a_choice_from_a_list_carries_title_and_description(world: World) -> None:
    world.says({"type": "text", "text": "hi"})
    world.sent(listing([{"id": "cook", "title": "Cook", "description": "Kitchens"}]))
    world.says({"type": "list_reply", "id": "cook"})
    reply = world.business.messages()[-1]["interactive"]["list_reply"]
    assert reply == {"id": "cook", "title": "Cook", "description": "Kitchens"}


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ({"type": "location", "latitude": 12.97, "longitude": 77.59}, "location"),
        ({"type": "image"}, "image"),
        ({"type": "audio"}, "audio"),
        ({"type": "sticker", "sticker": {"id": "1", "animated": False}}, "sticker"),
        ({"type": "reaction", "message_id": "wamid.x", "emoji": "👍"}, "reaction"),
        ({"type": "unsupported"}, "errors"),
        ({"type": "system", "system": {"type": "user_changed_number", "wa_id": "1"}}, "system"),
        ({"type": "edit", "edit": {"original_message_id": "wamid.x"}}, "edit"),
    ],
)
def test_every_type_of_message_arrives(world: World, message: dict[str, Any], field: str) -> None:
    world.says(message)
    arrived = world.business.messages()[-1]
    assert arrived["type"] == message["type"]
    assert arrived[field]


def test_a_quoted_reply_names_what_it_quotes(world: World) -> None:
    world.says({"type": "text", "text": "yes"}, context_id="wamid.offer")
    assert world.business.messages()[-1]["context"]["id"] == "wamid.offer"


def test_the_sender_s_own_message_id_is_used(world: World) -> None:
    for _ in range(2):
        world.says({"type": "text", "text": "twice"}, message_id="wamid.mine")
    assert [message["id"] for message in world.business.messages()] == ["wamid.mine"] * 2


def test_what_answers_a_message_is_what_came_after_it(world: World) -> None:
    world.says({"type": "text", "text": "hi"})
    world.sent(HELLO)
    asked = world.says({"type": "text", "text": "more"})
    reply = world.sent(YES_NO)
    assert [message["id"] for message in world.inbox(after=asked)] == [reply]


def test_several_people_s_messages_can_share_one_webhook(world: World) -> None:
    batch = [
        {"phone": ASHA, "message": {"type": "text", "text": "one"}},
        {"phone": USER_ID, "message": {"type": "text", "text": "two"}},
    ]
    answer = world.control("inbound", {"batch": batch}).json()
    assert answer["delivered"] is True
    assert len(world.business.received) == 1
    assert [m["id"] for m in world.business.messages()] == answer["message_ids"]


def test_an_inbound_message_that_nobody_acknowledges_says_why_and_is_repeated(
    world: World,
) -> None:
    world.business.answers = [500]
    message = {"type": "text", "text": "hi"}
    answer = world.control("inbound", {"phone": ASHA, "message": message})
    assert answer.status_code == 502
    assert answer.headers["content-type"] == "application/problem+json"
    assert "500" in answer.json()["detail"]
    world.business.wait(lambda b: len(b.messages()) == 2)


def test_reading_sends_receipts_once(world: World) -> None:
    world.says({"type": "text", "text": "hi"})
    id_ = world.sent(HELLO)
    assert world.control("read", {"phone": ASHA}).json() == {"read": 1}
    world.business.wait_for_status(id_, "read")
    assert world.control("read", {"phone": ASHA}).json() == {"read": 0}


def test_a_status_can_be_sent_by_hand_even_for_an_unknown_message(world: World) -> None:
    body = {"message_id": "wamid.unknown", "status": "failed", "error_code": 131026}
    assert world.control("status", body).json()["delivered"] is True
    [status] = world.business.statuses("wamid.unknown")
    assert status["errors"][0]["code"] == 131026


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"message": {"type": "text", "text": "hi"}}, "invalid_body"),
        ({"phone": "12", "message": {"type": "text", "text": "hi"}}, "invalid_phone"),
        ({"phone": ASHA, "message": "hi"}, "invalid_body"),
        ({"phone": ASHA, "message": {"type": "button_reply"}}, "invalid_body"),
        ({"phone": ASHA, "user_id": "me", "message": {"type": "text"}}, "invalid_user_id"),
    ],
)
def test_a_wrong_control_call_is_told_what_is_wrong(
    world: World, body: dict[str, Any], code: str
) -> None:
    answer = world.control("inbound", body)
    assert answer.status_code == 422
    assert answer.json()["code"] == code


def test_both_sides_of_a_chat_are_shown_together(world: World) -> None:
    world.says({"type": "text", "text": "hi"}, name="Asha")
    world.sent(HELLO)
    chat = world.http.get("/whatsapp/_control/conversation", params={"phone": ASHA}).json()
    assert chat["person"]["name"] == "Asha"
    assert [(item["incoming"], item["text"]) for item in chat["items"]] == [
        (True, "hi"),
        (False, "Hello"),
    ]


def test_people_and_their_chats_survive_a_restart(open_world: Open) -> None:
    with open_world() as world:
        world.says({"type": "text", "text": "hi"})
        world.sent(HELLO)
    with open_world() as world:
        assert [message["text"] for message in world.inbox()] == ["Hello"]


def test_the_world_can_begin_anew(world: World) -> None:
    world.says({"type": "text", "text": "hi"})
    world.sent(HELLO)
    world.control("reset", {})
    assert world.inbox() == []
    assert world.http.get("/whatsapp/_control/people").json() == {"items": []}
