"""Text by which an employer's lists are narrowed: what no stored text can hold is refused, forms of a letter are one."""

import unicodedata

import pytest

from tests.support.app_harness import World
from tests.support.assertions import ok, refused

pytestmark = pytest.mark.both_databases

LISTS = ("jobs", "payments", "invoices")


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("text", ["%00", "a%00b", "%07", "%20%20", ""])
def test_text_that_nothing_can_contain_is_refused(world: World, name: str, text: str) -> None:
    employer = world.employer()
    refused(employer.get(f"/api/employers/{name}?q={text}"), 422, "invalid")


def test_a_title_is_found_by_untrimmed_and_decomposed_text(world: World) -> None:
    employer = world.employer()
    world.job(employer, publish=False, title="Café waiter")
    for text in ("  café ", unicodedata.normalize("NFD", "Café")):
        found = ok(employer.get("/api/employers/jobs", params={"q": text}))["items"]
        assert [job["title"] for job in found] == ["Café waiter"], ascii(text)
