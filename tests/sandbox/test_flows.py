"""Forms that open in the chat: what the platform takes, and how a person fills one in."""

import json
from typing import Any

import pytest

from tests.sandbox.conftest import World

LAYOUT = {
    "version": "7.2",
    "screens": [
        {
            "id": "HOURS",
            "title": "Hours",
            "terminal": True,
            "data": {"label": {"type": "string", "__example__": "Days"}},
            "layout": {
                "type": "SingleColumnLayout",
                "children": [
                    {
                        "type": "Form",
                        "name": "hours",
                        "children": [
                            {"type": "TextInput", "name": "days", "label": "${data.label}"},
                            {"type": "Footer", "label": "Send ${data.label}"},
                        ],
                    }
                ],
            },
        }
    ],
}


def create(world: World, **more: Any) -> dict[str, Any]:
    body = {
        "name": "hours",
        "categories": ["OTHER"],
        "flow_json": json.dumps(LAYOUT),
        "publish": True,
        **more,
    }
    answer: dict[str, Any] = world.graph("POST", f"{world.config.waba_id}/flows", json=body).json()
    return answer


def opening(flow_id: str, /, **more: Any) -> dict[str, Any]:
    parameters = {
        "flow_message_version": "3",
        "flow_id": flow_id,
        "flow_token": "token-7",
        "flow_cta": "Choose hours",
        "flow_action": "navigate",
        "flow_action_payload": {"screen": "HOURS", "data": {"label": "Days"}},
        **more,
    }
    interactive = {
        "type": "flow",
        "body": {"text": "When?"},
        "action": {"name": "flow", "parameters": parameters},
    }
    return {"type": "interactive", "interactive": interactive}


@pytest.fixture
def flow_id(world: World) -> str:
    world.says({"type": "text", "text": "hi"})
    return str(create(world)["id"])


def test_a_flow_is_created_listed_and_named_once(world: World, flow_id: str) -> None:
    [listed] = world.graph("GET", f"{world.config.waba_id}/flows").json()["data"]
    assert (listed["id"], listed["name"], listed["status"]) == (flow_id, "hours", "PUBLISHED")
    assert create(world)["error"]["code"] == 100
    assert create(world, name="other", categories=["PARTY"])["error"]["code"] == 100


def test_a_flow_with_faults_stays_a_draft_that_nobody_opens(world: World, flow_id: str) -> None:
    for number, layout in enumerate(("{", "{}", '{"version": "7.2", "screens": []}', "[[]]")):
        made = create(world, name=f"faulty {number}", flow_json=layout)
        assert made["validation_errors"]
        assert not made["success"]
        assert world.refused(opening(made["id"])) == 131009


def test_a_person_sees_the_form_and_fills_it_in(world: World, flow_id: str) -> None:
    sent = world.sent(opening(flow_id))
    shown = world.inbox()[-1]
    form = shown["form"]
    assert shown["payload"]["interactive"]["action"]["parameters"]["flow_json"] == LAYOUT
    assert (form["button"], form["title"], form["token"]) == ("Choose hours", "Hours", "token-7")
    assert [field["label"] for field in form["fields"]] == ["Days", "Send Days"]
    assert form["answer"] == {"type": "flow_reply", "response": {"days": None}}
    world.says({**form["answer"], "response": {"days": "all"}})
    posted = world.business.messages()[-1]
    assert posted["context"]["id"] == sent
    reply = posted["interactive"]["nfm_reply"]
    assert json.loads(reply["response_json"]) == {"flow_token": "token-7", "days": "all"}


def test_a_forged_answer_is_posted_as_it_is(world: World) -> None:
    world.says({"type": "nfm_reply", "response_json": "{broken"})
    assert world.business.messages()[-1]["interactive"]["nfm_reply"]["response_json"] == "{broken"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"flow_id": "1"}, 131009),
        ({"flow_id": None}, 131008),
        ({"flow_cta": "x" * 31}, 131009),
        ({"flow_cta": ""}, 131008),
        ({"flow_message_version": "2"}, 131009),
        ({"flow_action": "jump"}, 131009),
        ({"flow_action_payload": None}, 131008),
        ({"flow_action_payload": {"screen": "NONE", "data": {}}}, 131009),
        ({"flow_action_payload": {"screen": "HOURS", "data": {}}}, 131009),
        ({"flow_action_payload": {"screen": "HOURS", "data": []}}, 131009),
        ({"flow_action": "data_exchange"}, 131009),
        ({"flow_token": 7}, 131009),
    ],
)
def test_what_the_platform_refuses_of_a_form_is_refused(
    world: World, flow_id: str, wrong: dict[str, Any], code: int
) -> None:
    assert world.refused(opening(flow_id, **wrong)) == code


def test_a_form_can_be_blocked(world: World, flow_id: str) -> None:
    world.control("faults", {"next": 1, "kind": "flow_blocked"})
    assert world.refused(opening(flow_id)) == 132068
    world.sent(opening(flow_id, flow_cta="x" * 30))
