"""Webhooks as the platform sends them, and as nobody should: everything readable is kept."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.messaging.inbound import InboundKind
from app.messaging.rules import Refusal
from app.providers.whatsapp.errors import classify
from app.providers.whatsapp.webhook import parse

STAMP = "1795420800"


def payload(
    *messages: Any, statuses: Any = None, contacts: Any = None, field: str = "messages"
) -> bytes:
    value: dict[str, Any] = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": "1"}}
    if messages:
        value["messages"] = list(messages)
    if statuses is not None:
        value["statuses"] = statuses
    if contacts is not None:
        value["contacts"] = contacts
    change = {"field": field, "value": value}
    return json.dumps(
        {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}
    ).encode()


def message(kind: str = "text", **more: Any) -> dict[str, Any]:
    known = {"id": "wamid.1", "from": "919811100001", "timestamp": STAMP, "type": kind}
    return known | ({"text": {"body": "hi"}} if kind == "text" else {}) | more


def test_a_text_is_read_with_its_sender() -> None:
    contact = {"wa_id": "919811100001", "user_id": "IN.1", "profile": {"name": "Asha  K"}}
    found = parse(payload(message(context={"id": "wamid.0"}), contacts=[contact])).messages[0]
    assert (found.kind, found.text, found.reply_to) == (InboundKind.TEXT, "hi", "wamid.0")
    assert (found.phone_from, found.platform_id, found.name) == ("+919811100001", "IN.1", "Asha K")
    assert found.sent_at.isoformat() == "2026-11-23T08:00:00+00:00"


def test_a_sender_without_a_phone_is_known_by_the_platforms_id() -> None:
    hidden = {
        "id": "wamid.1",
        "from_user_id": "IN.135",
        "timestamp": STAMP,
        "type": "text",
        "text": {"body": "hi"},
    }
    contact = {"user_id": "IN.135", "profile": {"name": "Asha", "username": "asha"}}
    found = parse(payload(hidden, contacts=[contact])).messages[0]
    assert (found.phone_from, found.platform_id, found.name) == (None, "IN.135", "Asha")


@pytest.mark.parametrize(
    ("item", "kind", "payload_or_text"),
    [
        (
            message("button", button={"payload": "offer:1:accept", "text": "Accept"}),
            "tap",
            "offer:1:accept",
        ),
        (
            message(
                "interactive",
                interactive={"type": "button_reply", "button_reply": {"id": "x", "title": "X"}},
            ),
            "tap",
            "x",
        ),
        (
            message(
                "interactive",
                interactive={"type": "list_reply", "list_reply": {"id": "y", "title": "Y"}},
            ),
            "tap",
            "y",
        ),
        (
            message(
                "interactive",
                interactive={
                    "type": "nfm_reply",
                    "nfm_reply": {"name": "flow", "response_json": "{}"},
                },
            ),
            "form",
            "",
        ),
        (message("reaction", reaction={"message_id": "w", "emoji": "👍"}), "reaction", "👍"),
        (message("image", image={"id": "1"}), "media", "image"),
        (message("audio", audio={"id": "1", "voice": True}), "media", "audio"),
        (message("sticker", sticker={"id": "1"}), "media", "sticker"),
        (message("video", video={"id": "1"}), "media", "video"),
        (message("document", document={"id": "1"}), "media", "document"),
        (message("unsupported", errors=[{"code": 131051}]), "other", "unsupported"),
        (message("order", order={}), "other", "order"),
        (message("edit", edit={"message_id": "w"}), "edit", "edit"),
        (message("revoke", revoke={"message_id": "w"}), "edit", "revoke"),
    ],
)
def test_every_kind_of_message_is_read(
    item: dict[str, Any], kind: str, payload_or_text: str
) -> None:
    found = parse(payload(item)).messages[0]
    assert found.kind.value == kind
    assert payload_or_text in {found.payload, found.text}


@pytest.mark.parametrize("pin", [(19.06, 72.83), (19.0578912, 72.8281234)], ids=["even", "exact"])
def test_a_location_is_read_and_no_finer_than_the_grid(pin: tuple[float, float]) -> None:
    latitude, longitude = pin
    found = parse(
        payload(message("location", location={"latitude": latitude, "longitude": longitude}))
    ).messages[0]
    assert (found.kind, found.latitude, found.longitude) == (InboundKind.LOCATION, 19.06, 72.83)


def test_a_changed_number_is_read() -> None:
    system = {"type": "user_changed_number", "wa_id": "919811100002", "user_id": "IN.2"}
    found = parse(payload(message("system", system=system))).messages[0]
    assert (found.kind, found.moved_to_phone, found.moved_to_id) == (
        InboundKind.MOVED,
        "+919811100002",
        "IN.2",
    )


@pytest.mark.parametrize(
    ("origin", "phone"), [("contact_request", "+919811100009"), ("other", None)]
)
def test_only_a_number_the_platform_vouches_for_is_the_senders(
    origin: str, phone: str | None
) -> None:
    card = {
        "origin": origin,
        "name": {},
        "phones": [{"phone": "+919811100009", "wa_id": "919811100009"}],
    }
    found = parse(payload(message("contacts", contacts=[card]))).messages[0]
    assert (found.kind, found.phone) == (InboundKind.CONTACT, phone)


def test_everything_in_a_batch_is_read() -> None:
    first, second = message(id="a"), message(id="b", **{"from": "919811100002"})
    body = json.loads(payload(first, second))
    body["entry"].append(
        {"changes": [{"field": "messages", "value": {"messages": [message(id="c")]}}]}
    )
    assert [each.message_id for each in parse(json.dumps(body).encode()).messages] == [
        "a",
        "b",
        "c",
    ]


def test_one_malformed_item_never_loses_its_neighbours() -> None:
    bad = [
        {},
        {"id": "x"},
        message(id=7),
        message(timestamp="soon"),
        message("location", location={"latitude": "north"}),
        message("location", location={"latitude": 999, "longitude": 0}),
        message("interactive", interactive={"type": "button_reply"}),
        message("text", text="no object"),
        {**message(), "from": None},
    ]
    parsed = parse(payload(message(id="first"), *bad, message(id="last")))
    assert [each.message_id for each in parsed.messages] == ["first", "last"]
    assert len(parsed.set_aside) == len(bad)


def test_a_status_is_read() -> None:
    item = {
        "id": "wamid.9",
        "status": "delivered",
        "timestamp": STAMP,
        "recipient_id": "919811100001",
        "biz_opaque_callback_data": "0198c0de-0000-7000-8000-000000000001",
        "pricing": {"billable": True, "category": "utility"},
    }
    found = parse(payload(statuses=[item])).statuses[0]
    assert (found.status, found.provider_id, found.category) == ("delivered", "wamid.9", "utility")
    assert found.message_id == "0198c0de-0000-7000-8000-000000000001"


def test_a_failed_status_says_what_kind_of_failure_it_was() -> None:
    item = {"id": "w", "status": "failed", "timestamp": STAMP, "errors": [{"code": 131047}]}
    found = parse(payload(statuses=[item])).statuses[0]
    assert (found.code, found.refusal) == ("131047", Refusal.WINDOW_CLOSED)


@pytest.mark.parametrize(
    "error",
    [{"code": 200}, {"code": "200"}, {"code": 200.0}, {"message": "(#200) Permissions error"}],
)
def test_a_failed_status_that_blames_the_account_is_read_however_it_is_told(
    error: dict[str, Any],
) -> None:
    item = {"id": "w", "status": "failed", "timestamp": STAMP, "errors": [error]}
    found = parse(payload(statuses=[item])).statuses[0]
    assert (found.code, found.refusal) == ("200", Refusal.CREDENTIALS)


def test_news_about_the_account_are_kept_apart() -> None:
    body = json.dumps(
        {
            "entry": [
                {
                    "changes": [
                        {
                            "field": "message_template_status_update",
                            "value": {
                                "event": "PAUSED",
                                "message_template_name": "partimer_job_offer",
                            },
                        }
                    ]
                }
            ]
        }
    ).encode()
    parsed = parse(body)
    assert not parsed.messages
    assert (parsed.notices[0].about, parsed.notices[0].event) == ("partimer_job_offer", "PAUSED")


def test_text_that_no_database_stores_is_cleaned() -> None:
    found = parse(payload(message(text={"body": "a\0b\ud800c"}))).messages[0]
    assert found.text == "abc"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                "entry changes value messages statuses contacts field id from type text body timestamp "
                "interactive button_reply context errors code status profile location system".split()
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=30,
)


@given(json_values)
def test_no_json_breaks_the_parser(value: Any) -> None:
    parse(json.dumps(value).encode())
    parse(payload(value))
    parse(payload(message(**value) if isinstance(value, dict) else message(text=value)))
    parse(payload(statuses=[value]))


@given(st.binary(max_size=200))
def test_no_bytes_break_the_parser(body: bytes) -> None:
    parse(body)


@pytest.mark.parametrize(
    ("code", "http_status", "refusal"),
    [
        (130429, 400, Refusal.BACK_OFF),
        (4, 400, Refusal.BACK_OFF),
        (80007, 400, Refusal.BACK_OFF),
        (None, 429, Refusal.BACK_OFF),
        (131056, 400, Refusal.PERSON_TOO_FAST),
        (131048, 400, Refusal.SPAM),
        (131047, None, Refusal.WINDOW_CLOSED),
        (131026, 400, Refusal.UNREACHABLE),
        (131049, 400, Refusal.NOT_NOW),
        (131050, 400, Refusal.NO_MARKETING),
        *((code, 400, Refusal.CREDENTIALS) for code in (0, 3, 10, 190, 200, 250, 299)),
        *((code, 400, Refusal.BLOCKED) for code in (368, 131031, 130497, 131042)),
        *(
            (code, 400, Refusal.TEMPLATE)
            for code in (132000, 132001, 132005, 132007, 132008, 132012)
        ),
        *((code, 400, Refusal.TEMPLATE_PAUSED) for code in (132015, 132016)),
        (131000, 500, Refusal.GATEWAY),
        (131016, 503, Refusal.GATEWAY),
        (131000, None, Refusal.TRANSIENT),
        (None, 502, Refusal.GATEWAY),
        (None, 500, Refusal.GATEWAY),
        (131052, 400, Refusal.MEDIA),
        (131053, 400, Refusal.MEDIA),
        (999999, 400, Refusal.UNRECOGNISED),
        (999999, 503, Refusal.GATEWAY),
        (None, 401, Refusal.CREDENTIALS),
    ],
)
def test_an_error_is_judged_by_its_code(
    code: int | None, http_status: int | None, refusal: Refusal
) -> None:
    assert classify(code, http_status) is refusal


@pytest.mark.parametrize(
    ("response", "answers"),
    [
        (
            '{"flow_token": "t", "days": ["monday", "friday"], "starts": "18:00", "ends": null}',
            {"flow_token": ["t"], "days": ["monday", "friday"], "starts": ["18:00"], "ends": []},
        ),
        ({"days": ["monday"]}, {"days": ["monday"]}),
        (
            '{"days": [1, {"a": []}, "monday"], "starts": {"x": "y"}}',
            {"days": ["monday"], "starts": []},
        ),
        ("{broken", {}),
        ("[]", {}),
        ("[" * 100_000, {}),
        (None, {}),
        (7, {}),
    ],
)
def test_a_form_is_read_and_nothing_in_it_breaks_the_reader(
    response: Any, answers: dict[str, list[str]]
) -> None:
    reply = {"name": "flow", "body": "Sent", "response_json": response}
    item = message("interactive", interactive={"type": "nfm_reply", "nfm_reply": reply})
    [found] = parse(payload(item)).messages
    assert (found.kind, found.answers) == ("form", answers)
    assert type(found).from_json(found.as_json()) == found
