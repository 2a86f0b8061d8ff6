"""The interface against its own document: whatever is sent, it answers as it says it does."""

import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.result import Ok

from tests.support.app_harness import Person, World
from tests.support.assertions import ok

# Ends the accounts that the others are played with, or is not about JSON.
LEFT_OUT = {
    ("POST", "/api/auth/logout"),
    ("DELETE", "/api/workers/account"),
    ("DELETE", "/api/employers/account"),
    ("POST", "/api/auth/password/change"),
}
EXAMPLES = 2
"""For each operation, of what fits its document, and as many of what does not."""


type Side = tuple[World, dict[str, Person]]
"""A running Partimer, and somebody of each role there."""


def test_whatever_is_sent_the_answer_is_one_that_is_documented(
    sqlite_database_url: str,
    postgresql_database_url: str,
    world_with: Callable[..., AbstractContextManager[World]],
    tmp_path: Path,
) -> None:
    """Each case is made up once and sent to both databases: making it up takes longest."""
    failures: list[str] = []
    with (
        world_with(sqlite_database_url) as on_sqlite,
        world_with(postgresql_database_url, sandbox_journal=tmp_path / "other.db") as on_postgresql,
    ):
        sides = [(world, _people(world)) for world in (on_sqlite, on_postgresql)]
        schema = schemathesis.openapi.from_dict(ok(on_sqlite.http.get("/openapi.json")))
        for result in schema.get_all_operations():
            assert isinstance(result, Ok), result
            operation = result.ok()
            if (operation.method.upper(), operation.path) not in LEFT_OUT:
                for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                    strategy = operation.as_strategy(generation_mode=mode)
                    _attempt(sides, operation, strategy, failures)
    assert failures == []


def _people(world: World) -> dict[str, Person]:
    place = {"latitude": 23.02, "longitude": 72.57}
    worker, employer = world.worker(location=place, slots=("saturday",)), world.employer()
    world.job(employer, location=place)
    return {"worker": worker, "employer": employer, "admin": world.admin()}


def _attempt(sides: list[Side], operation: Any, strategy: Any, failures: list[str]) -> None:
    documented = operation.definition.raw["responses"]

    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def attempt(case: Any) -> None:
        for world, people in sides:
            person = next((p for role, p in people.items() if _is_of(role, operation.path)), None)
            headers = {"Authorization": f"Bearer {person.token}"} if person else {}
            answer = case.call(base_url=world.url, headers=headers)
            status = str(answer.status_code)
            content = answer.headers.get("content-type", [""])[0].partition(";")[0]
            got = f"{operation.method.upper()} {operation.path}: {status} {content}"
            if answer.status_code >= 500 and answer.status_code != 503:
                failures.append(f"{got} {answer.text[:300]}")
            elif status not in documented or not (
                status == "204" or content in documented[status]["content"]
            ):
                failures.append(f"{got} is not documented")

    # Some operations take nothing that the document could forbid.
    with contextlib.suppress(Unsatisfiable):
        attempt()


def _is_of(role: str, path: str) -> bool:
    return path.startswith(f"/api/{role}s/") or (
        role == "admin" and path.startswith(("/api/admin/", "/api/matching/"))
    )
