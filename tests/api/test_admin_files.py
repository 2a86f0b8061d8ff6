"""Every list of administrators is a file, too."""

from typing import Any

import pytest

from app.main import ROUTERS
from tests.support.app_harness import World
from tests.support.assertions import ok

_OF_ONE: frozenset[str] = frozenset({"/api/admin/conversations/{conversation_id}/messages"})
"""Lists about one thing, which are read on its page."""


def lists() -> list[str]:
    """The addresses under /api/admin that answer with pages of a list."""
    found = []
    for router in ROUTERS:
        for route in router.routes:
            answer: Any = getattr(route, "response_model", None)
            fields = getattr(answer, "model_fields", {})
            if route.path.startswith("/api/admin/") and "next_cursor" in fields:  # type: ignore[attr-defined]
                found.append(route.path)  # type: ignore[attr-defined]
    return sorted(set(found) - _OF_ONE)


def test_there_are_as_many_lists_as_the_contract_names() -> None:
    named = "workers employers jobs payments refunds disputes messages webhooks logs invoices reports inbox suspense"
    assert {f"/api/admin/{name}" for name in named.split()} <= set(lists())


@pytest.mark.parametrize("path", lists())
def test_a_list_is_also_a_file_of_all_its_pages(world_of_file: World, path: str) -> None:
    admin = world_of_file.admin()
    answer = admin.get(f"{path}?format=csv")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    assert answer.text.startswith("\ufeff")
    header = answer.text.removeprefix("\ufeff").splitlines()[0].split(",")
    assert len(header) > 2
    exports = ok(admin.get("/api/admin/logs?action=list.export&limit=1"))["items"]
    assert exports[0]["actor"] == admin.id
