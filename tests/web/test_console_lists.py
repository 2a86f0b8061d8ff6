"""Lists of the console in the address: what is chosen stays chosen, what can't be is said at its box."""

import csv
import io
import re
from collections.abc import Iterator
from html import unescape

import pytest

from app.audit import log
from tests.support.app_harness import World
from tests.web.test_console import signed_in


@pytest.fixture
def world(world_of_file: World) -> Iterator[World]:
    """One Partimer for the file; the log is whole after each test."""
    yield world_of_file
    _, broken = world_of_file.in_session(log.verify)
    assert broken is None


def test_a_filter_that_was_emptied_stays_empty_in_the_file(world: World) -> None:
    asha = world.worker()
    world.says(str(asha.phone), "human")
    world.settle()
    owner = signed_in(world)
    page = owner.get("/console/lists/messages?state=").text
    (link,) = re.findall(r'href="([^"]+)" download', page)
    file = owner.get(unescape(link)).text
    rows = list(csv.DictReader(io.StringIO(file.removeprefix("\ufeff"))))
    assert {row["state"] for row in rows} - {"dead"}, link


@pytest.mark.parametrize("city", ["Koregaon Park", "Dadar", "Atlantis"])
def test_figures_are_of_cities_and_a_part_of_one_is_said_at_its_box(
    world: World, city: str
) -> None:
    page = signed_in(world).get("/console/market", params={"city": city})
    assert page.status_code == 200, page.text
    (box,) = re.findall(r'<input id="city"[^>]*>', page.text)
    assert 'aria-invalid="true"' in box
    assert f'value="{city}"' in box


@pytest.mark.parametrize(
    ("table", "name", "typed"),
    [
        ("logs", "actor", "abc"),
        ("payments", "employer_id", "garbage"),
        ("workers", "status", "nonsense"),
    ],
)
def test_a_filter_that_can_not_be_read_is_marked_and_no_rows_are_shown(
    world: World, table: str, name: str, typed: str
) -> None:
    world.worker()
    owner = signed_in(world)
    page = owner.get(f"/console/lists/{table}?{name}={typed}")
    assert page.status_code == 200, page.text
    (box,) = re.findall(rf'<[a-z]+ id="filter-{name}"[^>]*>', page.text)
    assert 'aria-invalid="true"' in box
    assert "<tbody>" not in page.text
    assert owner.get(f"/console/lists/{table}?{name}={typed}&format=csv").status_code == 422


def test_a_page_that_no_list_made_is_said_to_be_none(world: World) -> None:
    page = signed_in(world).get("/console/lists/logs?cursor=abc")
    assert page.status_code == 200
    assert 'id="filter-actor"' in page.text
    assert "<tbody>" not in page.text
    assert "start without one" in page.text
