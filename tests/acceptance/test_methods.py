"""Which methods a path answers, and what HEAD and OPTIONS are told."""

import re

import pytest
from starlette.routing import Route

from app.main import ROUTERS
from tests.support.app_harness import World

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
ID = "01936d5e-7c00-7000-8000-000000000000"


def methods_by_path() -> dict[str, set[str]]:
    """Return the methods of each path that the application has a route for.

    Several routes may have a path: `jobs/forecast` is one of its own, and what `jobs/{job_id}` takes for an id.
    """
    found: dict[str, set[str]] = {}
    routes = [route for router in ROUTERS for route in router.routes]
    for route in routes:
        assert isinstance(route, Route)
        path = re.sub(r"\{\w+\}", ID, route.path)
        for other in routes:
            assert isinstance(other, Route)
            if other.path_regex.match(path):
                found.setdefault(path, set()).update(other.methods or ())
    for methods in found.values():
        if "GET" in methods:
            methods.add("HEAD")
    return found


def test_a_method_not_allowed_names_all_that_are(village: World) -> None:
    wrong = []
    for path, methods in methods_by_path().items():
        for method in METHODS:
            if method in methods:
                continue
            answer = village.http.request(method, path)
            told = set(answer.headers.get("allow", "").split(", "))
            if answer.status_code != 405 or told != methods | {"OPTIONS"}:
                wrong.append(f"{method} {path}: {answer.status_code} {sorted(told)}")
    assert wrong == []


def test_options_names_what_a_path_answers(village: World) -> None:
    for path, methods in methods_by_path().items():
        answer = village.http.request("OPTIONS", path)
        assert answer.status_code == 204, path
        assert set(answer.headers["allow"].split(", ")) == methods | {"OPTIONS"}
    assert village.http.request("OPTIONS", "/api/nothing").status_code == 404


@pytest.mark.parametrize("path", ["/health", "/", "/api/catalogue/skills?q=cook", "/openapi.json"])
def test_head_is_get_without_the_body(village: World, path: str) -> None:
    answers = [village.http.request(method, path) for method in ("GET", "HEAD")]
    told = [
        (answer.status_code, answer.headers["content-type"], answer.headers["content-length"])
        for answer in answers
    ]
    assert told[0] == told[1]
    assert answers[1].content == b""


def test_head_asks_for_the_same_sign_in_as_get(village: World) -> None:
    assert village.http.head("/api/workers/profile").status_code == 401
    worker = village.worker(slots=())
    assert worker.request("HEAD", "/api/workers/profile").status_code == 200
