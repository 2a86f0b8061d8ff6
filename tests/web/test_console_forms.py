"""Forms of the console that are refused, and what administrators find in them then."""

import re
from collections.abc import Iterator

import pytest

from app.audit import log
from tests.support.app_harness import World
from tests.support.assertions import ok
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


def test_two_owners_change_one_section_and_both_changes_stand(world: World) -> None:
    first, second = signed_in(world), signed_in(world)
    page = "/console/settings/waves"
    first.get(page)
    second.get(page)
    assert second.page is not None
    boxes = r'<input id="([a-z_]+)" name="[a-z_]+" type="text" value="([^"]*)"'
    wave = dict(re.findall(boxes, second.page.text))
    assert {"interval_minutes", "choice_factor"} <= set(wave)
    first.send(page, wave | {"interval_minutes": "41"})
    assert first.send(page, {}).status_code == 303
    # The page of the second was made before, and sends every box as it was then.
    refused = second.send(page, wave | {"choice_factor": "soon"})
    assert refused.status_code == 422
    second.send(page, wave | {"choice_factor": "7"})
    assert second.send(page, {}).status_code == 303
    waves = ok(world.admin().get("/api/admin/settings"))["waves"]
    assert (waves["interval_minutes"], waves["choice_factor"]) == (41, 7)
