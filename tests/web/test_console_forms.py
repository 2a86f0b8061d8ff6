"""Forms of the console that are refused, and what administrators find in them then."""

import re
from collections.abc import Iterator

import pytest

from app.audit import log
from app.web.console.lists import TABLES
from tests.support.app_harness import World
from tests.support.assertions import ok
from tests.support.leads import lead, somewhere
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


def _opened(page: str, action: str) -> str:
    """Return the form that goes to `action`, which stands in the part of the page that is open."""
    (found,) = re.findall(
        rf'<details [^>]*\bopen>(?:(?!</details>).)*action="{action}".*?</details>', page, re.DOTALL
    )
    return str(found)


def test_an_erasure_that_is_refused_keeps_what_was_typed_and_stays_open(world: World) -> None:
    company = world.employer()
    owner = signed_in(world)
    path = f"/console/companies/{company.id}"
    owner.get(path)
    typed = {"reason": "asked by letter", "give_up_balance": "yes"}
    answer = owner.send(f"{path}/erase", typed)
    assert answer.status_code == 422
    form = _opened(answer.text, f"{path}/erase")
    assert ">asked by letter</textarea>" in form
    assert re.search(r'name="give_up_balance" value="yes" checked', form)
    assert re.search(r'name="sure"[^>]* aria-invalid="true"', form)
    # It was typed for the erasure, not for the decision above it.
    assert answer.text.count("asked by letter") == 1


def test_a_decision_without_a_reason_is_said_at_its_box(world: World) -> None:
    worker = world.worker(location=somewhere(), slots=())
    owner = signed_in(world)
    path = f"/console/workers/{worker.id}"
    owner.get(path)
    answer = owner.send(path, {"action": "suspend"})
    assert answer.status_code == 422
    assert re.search(r'<textarea id="reason"[^>]* aria-invalid="true"', answer.text)
    assert answer.text.count('aria-invalid="true"') == 1


def test_an_action_that_is_refused_stays_open_at_its_row_of_its_page(world: World) -> None:
    bought = lead(world)
    world.pay(ok(bought.unlock(), 202)["checkout_url"])
    world.settle()
    owner = signed_in(world)
    page = owner.get(f"/console/lists/payments?employer_id={bought.employer.id}").text
    (action,) = re.findall(r'action="(/console/lists/payments/[^"]+)"', page)
    answer = owner.send(action, {"action": "refund", "reason": " "})
    assert answer.status_code == 422
    assert re.search(r'name="reason"[^>]* aria-invalid="true"', _opened(answer.text, action))
    assert f'name="employer_id" maxlength="120" value="{bought.employer.id}"' in answer.text


def test_what_is_only_tried_again_asks_for_no_reason() -> None:
    asking = {
        action.asks_why
        for table in TABLES.values()
        for action in table.actions
        if action.name == "retry"
    }
    assert asking == {False}


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
