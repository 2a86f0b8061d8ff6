"""A body that is no JSON is told of only to whoever may use the route."""

import re

import pytest

from app.main import ROUTERS
from tests.acceptance.shapes import problem
from tests.support.app_harness import World

JSON = {"Content-Type": "application/json"}
ROOMS = {"/api/workers": "worker", "/api/employers": "employer", "/api/admin": "admin"}
"""Whose routes begin so."""
ROUTES = [
    (method, re.sub(r"[{}]", "", getattr(route, "path", "")))
    for router in ROUTERS
    for route in router.routes
    for method in getattr(route, "methods", ())
    if method in {"POST", "PUT"} and getattr(route, "path", "").startswith(tuple(ROOMS))
]


@pytest.mark.parametrize(
    "broken", [b"{", b"\xff", b"[" * 100_000], ids=["open", "no text", "endless"]
)
def test_nobody_and_another_role_are_refused_as_with_any_body(world: World, broken: bytes) -> None:
    assert len(ROUTES) > 40
    people = {
        "worker": world.worker(slots=()),
        "employer": world.employer(),
        "admin": world.admin(),
    }
    for method, path in ROUTES:
        nobody = world.http.request(method, path, content=broken, headers=JSON)
        problem(nobody, 401)
        owner = next(role for room, role in ROOMS.items() if path.startswith(room))
        for role, person in people.items():
            if role != owner:
                answer = person.request(method, path, content=broken, headers=JSON)
                problem(answer, 403, "wrong_role")


def test_the_right_role_is_told_what_is_wrong(world: World) -> None:
    worker = world.worker(slots=())
    answer = worker.request("PUT", "/api/workers/profile", content=b"{", headers=JSON)
    assert problem(answer, 422)["errors"] == [
        {"field": "", "message": "The body is not valid JSON."}
    ]
    answer = worker.request("PUT", "/api/workers/profile", content=b"\xff", headers=JSON)
    problem(answer, 400, "malformed_request")
