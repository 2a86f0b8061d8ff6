"""The stand-in for the language model: it refuses as the API does, and answers what was scripted."""

import json
from typing import Any

import httpx
import pytest

from tests.support.app_harness import World
from tests.support.assertions import ok

SCHEMA = {
    "type": "object",
    "properties": {
        "kilometres": {"type": ["number", "null"]},
        "skills": {"type": "array", "items": {"type": "string"}},
        "understood": {"type": "boolean"},
    },
    "required": ["kilometres", "skills", "understood"],
    "additionalProperties": False,
}


def call(
    world: World, text: str = "twelve", key: str = "sandbox-interpreter-key", **more: Any
) -> httpx.Response:
    body = {
        "model": "small",
        "messages": [{"role": "system", "content": "read"}, {"role": "user", "content": text}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}},
        **more,
    }
    headers = {"Authorization": f"Bearer {key}"}
    path = "/sandbox/interpreter/v1/chat/completions"
    return world.http.post(path, json=body, headers=headers)


def content(response: httpx.Response) -> Any:
    return json.loads(ok(response)["choices"][0]["message"]["content"])


def control(world: World, **body: Any) -> httpx.Response:
    return world.http.post("/sandbox/interpreter/_control/interpreter", json=body)


def test_by_itself_it_understands_nothing(sqlite_world: World) -> None:
    assert content(call(sqlite_world)) == {"kilometres": None, "skills": [], "understood": False}


def test_it_answers_as_scripted_and_shows_what_arrived(sqlite_world: World) -> None:
    ok(control(sqlite_world, text="TWELVE", answer={"kilometres": 12}, times=2))
    ok(control(sqlite_world, content="no JSON"))
    assert content(call(sqlite_world)) == {"kilometres": 12, "skills": [], "understood": True}
    answer = ok(call(sqlite_world, "thirteen"))
    assert answer["choices"][0]["message"]["content"] == "no JSON"
    assert content(call(sqlite_world))["kilometres"] == 12
    assert content(call(sqlite_world))["understood"] is False
    shown = ok(sqlite_world.http.get("/sandbox/interpreter/_control/interpreter"))
    assert shown["waiting"] == []
    assert [body["messages"][-1]["content"] for body in shown["requests"]] == [
        *("twelve", "thirteen", "twelve", "twelve")
    ]


def test_scripts_can_be_taken_back(sqlite_world: World) -> None:
    ok(control(sqlite_world, answer={"kilometres": 12}, times=9))
    ok(control(sqlite_world, times=0))
    assert content(call(sqlite_world))["understood"] is False


@pytest.mark.parametrize(
    "body", [{}, {"answer": 3}, {"answer": {}, "content": "x"}, {"content": "x", "times": -1}]
)
def test_a_script_that_means_nothing_is_refused(sqlite_world: World, body: dict[str, Any]) -> None:
    assert control(sqlite_world, **body).status_code == 422


def test_it_refuses_what_the_api_refuses(sqlite_world: World) -> None:
    assert call(sqlite_world, key="wrong").status_code == 401
    assert call(sqlite_world, model=None).status_code == 400
    assert call(sqlite_world, messages=[]).status_code == 400
    assert call(sqlite_world, response_format={"type": "text"}).status_code == 400
    lax = {**SCHEMA, "required": ["understood"]}
    wanted = {"type": "json_schema", "json_schema": {"name": "a", "schema": lax}}
    assert call(sqlite_world, response_format=wanted).status_code == 400


def test_faults_are_listed_and_used_up(sqlite_world: World) -> None:
    path = "/sandbox/interpreter/_control/faults"
    ok(sqlite_world.http.post(path, json={"kind": "http_500", "next": 1}))
    assert ok(sqlite_world.http.get(path))["waiting"][0]["kind"] == "http_500"
    assert call(sqlite_world).status_code == 500
    assert call(sqlite_world).status_code == 200
    assert sqlite_world.http.post(path, json={"kind": "nonsense"}).status_code == 422
