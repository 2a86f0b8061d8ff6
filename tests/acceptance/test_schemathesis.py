"""The interface against its own document: whatever is sent, it answers as it says it does."""

import contextlib
from typing import Any

import pytest
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
    ("POST", "/api/auth/password/change"),
}
EXAMPLES = 2
"""For each operation, of what fits its document, and as many of what does not."""


@pytest.mark.timeout(300)
def test_whatever_is_sent_the_answer_is_one_that_is_documented(town: World) -> None:
    document = ok(town.http.get("/openapi.json"))
    place = {"latitude": 23.02, "longitude": 72.57}
    worker, employer = town.worker(location=place, slots=("saturday",)), town.employer()
    town.job(employer, location=place)
    people = {"worker": worker, "employer": employer, "admin": town.admin()}
    schema = schemathesis.openapi.from_dict(document)
    failures: list[str] = []
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), result
        operation = result.ok()
        if (operation.method.upper(), operation.path) in LEFT_OUT:
            continue
        _try(town, operation, people, failures)
    assert failures == []


def _try(town: World, operation: Any, people: dict[str, Person], failures: list[str]) -> None:
    person = next((p for role, p in people.items() if _is_of(role, operation.path)), None)
    cases = (
        operation.as_strategy(generation_mode=mode)
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    )
    for strategy in cases:
        _attempt(town, operation, strategy, person, failures)


def _attempt(
    town: World, operation: Any, strategy: Any, person: Person | None, failures: list[str]
) -> None:
    documented = operation.definition.raw["responses"]
    headers = {"Authorization": f"Bearer {person.token}"} if person else {}

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
        answer = case.call(base_url=town.url, headers=headers)
        status = str(answer.status_code)
        content = answer.headers.get("content-type", [""])[0].partition(";")[0]
        told = f"{operation.method.upper()} {operation.path}: {status} {content}"
        if answer.status_code >= 500 and answer.status_code != 503:
            failures.append(f"{told} {answer.text[:300]}")
        elif status not in documented or not (
            status == "204" or content in documented[status]["content"]
        ):
            failures.append(f"{told} is not documented")

    # Some operations take nothing that the document could forbid.
    with contextlib.suppress(Unsatisfiable):
        attempt()


def _is_of(role: str, path: str) -> bool:
    return path.startswith(f"/api/{role}s/") or (
        role == "admin" and path.startswith(("/api/admin/", "/api/matching/"))
    )
