"""Message templates: made, listed, filled in, and refused as the platform refuses."""

from pathlib import Path
from typing import Any

import pytest

from sandbox import SandboxConfig, create_sandbox
from sandbox.graph.templates import seed, set_status
from sandbox.store import Store
from tests.sandbox.conftest import ASHA, Open, World

BODY = {"type": "BODY", "text": "Hello {{1}}, {{2}} needs you."}


def filled(name: str, *values: str, code: str = "en", **more: Any) -> dict[str, Any]:
    components = [{"type": "body", "parameters": [{"type": "text", "text": v} for v in values]}]
    template = {"name": name, "language": {"code": code}, "components": components, **more}
    return {"type": "template", "template": template}


def test_a_template_is_received_as_the_person_reads_it_even_outside_the_window(
    world: World,
) -> None:
    footer = {"type": "FOOTER", "text": "Partimer"}
    header = {"type": "HEADER", "format": "TEXT", "text": "A shift"}
    world.template("offer", [header, BODY, footer])
    answer = world.send(filled("offer", "Asha", "Chai Point"))
    assert answer.json()["messages"][0]["message_status"] == "accepted"
    world.business.wait_for_status(answer.json()["messages"][0]["id"], "delivered")
    [shown] = world.inbox()
    assert shown["type"] == "template"
    assert shown["text"] == "A shift\nHello Asha, Chai Point needs you.\nPartimer"


def test_a_code_is_readable_in_the_text(world: World) -> None:
    components = [
        {"type": "BODY", "add_security_recommendation": True},
        {"type": "FOOTER", "code_expiration_minutes": 5},
        {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE"}]},
    ]
    world.template("code", components, category="AUTHENTICATION")
    message = filled("code", "493817")
    parameters = [{"type": "text", "text": "493817"}]
    button = {"type": "button", "sub_type": "url", "index": "0", "parameters": parameters}
    message["template"]["components"].append(button)
    world.sent(message)
    [shown] = world.inbox()
    assert shown["text"].startswith("*493817* is your verification code.")
    assert "expires in 5 minutes" in shown["text"]
    assert shown["buttons"] == [{"id": "493817", "title": "Copy code"}]


def test_a_code_is_worded_in_the_template_s_language(world: World) -> None:
    world.template("code", [{"type": "BODY"}], category="AUTHENTICATION", language="hi")
    world.sent(filled("code", "493817", code="hi"))
    assert world.inbox()[0]["text"] == "*493817* आपका सत्यापन कोड है."


def test_a_code_can_t_go_to_a_user_id(world: World) -> None:
    world.template("code", [{"type": "BODY"}], category="AUTHENTICATION")
    body = {
        "messaging_product": "whatsapp",
        "recipient": "IN.13491208655302741918",
        **filled("code", "1"),
    }
    answer = world.graph("POST", f"{world.config.phone_number_id}/messages", json=body)
    assert answer.json()["error"]["code"] == 131062


def test_a_link_button_shows_the_whole_address_on_a_line_of_its_own(world: World) -> None:
    link = {"type": "URL", "text": "Open", "url": "https://example.org/pay/{{1}}"}
    world.template(
        "pay", [{"type": "BODY", "text": "Pay."}, {"type": "BUTTONS", "buttons": [link]}]
    )
    parameters = [{"type": "text", "text": "cs_1"}]
    button = {"type": "button", "sub_type": "url", "index": 0, "parameters": parameters}
    wanted = {"name": "pay", "language": {"code": "en"}, "components": [button]}
    world.sent({"type": "template", "template": wanted})
    assert world.inbox()[0]["text"].splitlines()[-1] == "https://example.org/pay/cs_1"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (filled("unknown", "a", "b"), 132001),
        (filled("offer", "a", "b", code="hi"), 132001),
        (filled("offer", "a"), 132000),
        (filled("offer", "a", "b", "c"), 132000),
        (filled("offer", "", "b"), 131008),
        (filled("offer", "two\nlines", "b"), 132018),
        (filled("offer", "x" * 1025, "b"), 132005),
    ],
)
def test_a_template_wrongly_filled_is_refused_with_its_code(
    world: World, message: dict[str, Any], code: int
) -> None:
    world.template("offer", [BODY])
    assert world.refused(message) == code
    assert world.inbox() == []


@pytest.mark.parametrize(("status", "code"), [("PAUSED", 132015), ("DISABLED", 132016)])
def test_a_template_out_of_service_is_refused(world: World, status: str, code: int) -> None:
    world.template("offer", [BODY])
    world.control("templates", {"name": "offer", "status": status})
    assert world.refused(filled("offer", "a", "b")) == code
    [change] = world.business.received[0].json["entry"][0]["changes"]
    assert change["field"] == "message_template_status_update"
    told = change["value"]
    assert (told["event"], told["message_template_name"]) == (status, "offer")


def test_templates_are_listed_in_pages(world: World) -> None:
    for number in range(5):
        world.template(f"t{number}", [{"type": "BODY", "text": "Hi."}])
    path = f"{world.config.waba_id}/message_templates"
    page = world.graph("GET", path, params={"limit": 2}).json()
    assert [item["name"] for item in page["data"]] == ["t0", "t1"]
    assert "next" in page["paging"]
    after = page["paging"]["cursors"]["after"]
    rest = world.graph("GET", path, params={"limit": 10, "after": after}).json()
    assert [item["name"] for item in rest["data"]] == ["t2", "t3", "t4"]
    assert "next" not in rest["paging"]
    named = world.graph("GET", path, params={"name": "t3"}).json()["data"]
    assert [(item["name"], item["status"]) for item in named] == [("t3", "APPROVED")]


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Has Spaces"},
        {"language": "English"},
        {"category": "SPAM"},
        {"components": []},
        {"components": [{"type": "BODY", "text": "{{1}} at the start"}]},
    ],
)
def test_a_wrong_template_is_not_made(world: World, change: dict[str, Any]) -> None:
    good = {"name": "offer", "language": "en", "category": "UTILITY", "components": [BODY]}
    path = f"{world.config.waba_id}/message_templates"
    assert world.graph("POST", path, json={**good, **change}).json()["error"]["code"] == 100


def test_the_same_template_is_not_made_twice(world: World) -> None:
    world.template("offer", [BODY])
    body = {"name": "offer", "language": "en", "category": "UTILITY", "components": [BODY]}
    answer = world.graph("POST", f"{world.config.waba_id}/message_templates", json=body)
    assert answer.json()["error"]["code"] == 100
    world.template("offer", [BODY], language="hi")


def test_templates_given_at_the_start_are_there_and_follow_their_source(open_world: Open) -> None:
    first = {"name": "offer", "language": "en", "category": "UTILITY", "components": [BODY]}
    shorter = {**first, "components": [{"type": "BODY", "text": "Hello {{1}}."}]}
    with open_world(templates=(first,)) as world:
        world.sent(filled("offer", "a", "b"))
    with open_world(templates=(shorter,)) as world:
        world.sent(filled("offer", "a"))
        assert world.inbox(ASHA)[-1]["text"] == "Hello a."


def test_a_wrong_template_at_the_start_stops_the_start(tmp_path: Any) -> None:
    wrong = {"name": "Wrong Name", "language": "en", "category": "UTILITY", "components": [BODY]}
    with pytest.raises(ValueError, match="Wrong Name"):
        create_sandbox(SandboxConfig(journal=tmp_path / "s.db", templates=(wrong,)))


def test_a_start_writes_only_the_templates_that_have_changed(tmp_path: Path) -> None:
    store = Store(tmp_path / "sandbox.db")
    same = {"name": "same", "language": "en", "category": "UTILITY", "components": [BODY]}
    other = same | {"name": "other"}
    seed(store, [same, other])
    set_status(store, "same", None, "PAUSED")
    written = store.db.total_changes
    seed(store, [same, other])
    assert store.db.total_changes == written
    seed(store, [same, other | {"components": [BODY | {"text": "Hello {{1}}, please."}]}])
    assert store.db.total_changes == written + 1
    kept = store.db.execute(
        "SELECT name, status, components FROM templates ORDER BY name"
    ).fetchall()
    assert [(row["name"], row["status"]) for row in kept] == [
        ("other", "APPROVED"),
        ("same", "PAUSED"),
    ]
    assert "please" in kept[0]["components"]
    store.close()
