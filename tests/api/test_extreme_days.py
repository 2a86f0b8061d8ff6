"""The first and the last day of the calendar, in every filter that takes a day: refused or answered, never a fault."""

from typing import Any, Final

import pytest

from tests.support.app_harness import World
from tests.support.assertions import ok

DAYS: Final = ("0001-01-01", "9999-12-31", "1999-12-31", "2200-01-01")
INSTANTS: Final = tuple(f"{day}T{time}Z" for day in DAYS for time in ("00:00:00", "23:59:59"))


def filters_of(document: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the path and name of each query parameter that takes a day or an instant."""
    return [
        (path, each["name"])
        for path, methods in document["paths"].items()
        for each in methods.get("get", {}).get("parameters", [])
        if each["in"] == "query"
        and any(one.get("format") in ("date", "date-time") for one in _kinds(each["schema"]))
    ]


def _kinds(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [schema, *schema.get("anyOf", [])]


@pytest.mark.parametrize("values", [DAYS, INSTANTS])
def test_no_day_is_a_fault(sqlite_world: World, values: tuple[str, ...]) -> None:
    world = sqlite_world
    admin = world.admin()
    found = filters_of(ok(world.http.get("/openapi.json")))
    assert ("/api/admin/ledger/days", "to") in found
    assert ("/api/admin/logs", "from") in found
    for path, name in found:
        for value in values:
            answer = admin.get(path, params={name: value})
            assert answer.status_code < 500, (path, name, value, answer.text)
