"""Forms of the console that are refused, and what administrators find in them then."""

from collections.abc import Iterator

import pytest

from app.audit import log
from tests.support.app_harness import World
from tests.support.leads import somewhere
from tests.web.test_console import signed_in


@pytest.fixture
def world(world_of_file: World) -> Iterator[World]:
    """One Partimer for the file; the log is whole after each test."""
    yield world_of_file
    _, broken = world_of_file.in_session(log.verify)
    assert broken is None


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"action": "suspend", "target": "workers", "ids": "one two", "reason": "x"},
        {"action": "paint", "target": "workers", "reason": "x"},
        {"action": "suspend", "target": "pigeons", "reason": "x"},
    ],
    ids=["nothing", "bad ids", "bad action", "bad target"],
)
def test_a_bulk_action_that_can_not_be_read_is_asked_for_again(
    world: World, values: dict[str, str]
) -> None:
    worker = world.worker(location=somewhere(), slots=())
    owner = signed_in(world)
    owner.get("/console/bulk/new")
    token = owner.form("/console/bulk/preview")["form_token"]
    answer = owner.post("/console/bulk", {"form_token": token, "ids": worker.id} | values)
    assert answer.status_code == 422, answer.text
    assert 'action="/console/bulk/preview"' in answer.text
    assert 'class="told bad"' in answer.text
