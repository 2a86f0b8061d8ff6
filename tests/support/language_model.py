"""The stand-in for the language model, as a test plays it."""

import json
from collections.abc import Mapping
from typing import Any, Final

from tests.support.app_harness import Person, World
from tests.support.assertions import ok

MODEL: Final[Mapping[str, Any]] = {
    "interpreter_url": "http://127.0.0.1:{port}/sandbox/interpreter/v1",
    "interpreter_model": "small-model",
    "interpreter_seconds": 5.0,
}
"""Settings of a world whose language model is the sandbox's."""
UNKNOWN: Final = "qwrt xnbv zzpq mnlk hgfd"
"""No reader understands it."""
_CONTROL: Final = "/sandbox/interpreter/_control"


def script(world: World, *, text: str = "", times: int = 1, **answer: Any) -> None:
    """Let the model answer with these fields."""
    body = {"answer": answer, "text": text, "times": times}
    ok(world.http.post(f"{_CONTROL}/interpreter", json=body))


def say(world: World, content: str) -> None:
    """Let the model answer with this text, whatever the schema."""
    ok(world.http.post(f"{_CONTROL}/interpreter", json={"content": content}))


def fault(world: World, kind: str, times: int = 1, **more: Any) -> None:
    """Let something go wrong."""
    ok(world.http.post(f"{_CONTROL}/faults", json={"next": times, "kind": kind, **more}))


def requests(world: World) -> list[dict[str, Any]]:
    """Return the bodies that arrived at the model."""
    found: list[dict[str, Any]] = ok(world.http.get(f"{_CONTROL}/interpreter"))["requests"]
    return found


def asked(world: World) -> list[dict[str, Any]]:
    """Return what the model was asked: the open question and the message."""
    return [json.loads(body["messages"][-1]["content"]) for body in requests(world)]


def at_distance(world: World, **profile: Any) -> Person:
    """Return a worker who is asked how far they would go."""
    worker = world.worker(**profile)
    assert worker.phone is not None
    world.taps(worker.phone, "edit:distance")
    return worker


def last(world: World, worker: Person) -> dict[str, Any]:
    """Return the newest message that a worker received."""
    assert worker.phone is not None
    return world.messages(worker.phone)[-1]


def distance(worker: Person) -> float:
    """Return how far a worker goes, by their profile."""
    kilometres: float = ok(worker.get("/api/workers/profile"))["max_distance_km"]
    return kilometres
