"""An employer's figures by month: over the API, and on the overview with a table beneath the charts."""

import pytest

from tests.support import leads
from tests.support.app_harness import PASSWORD, World
from tests.support.assertions import ok
from tests.support.page_reader import PageReader

MONTHS = "/api/employers/dashboard/months"


def test_the_figures_of_this_month_and_five_before(world: World) -> None:
    employer = world.employer(verified=True)
    before = ok(employer.get(MONTHS))["items"]
    assert [month["begins"] for month in before] == [
        "2026-06-01",
        "2026-07-01",
        "2026-08-01",
        "2026-09-01",
        "2026-10-01",
        "2026-11-01",
    ]
    assert {(month["fill_rate"], month["spend"]["amount"]) for month in before} == {(None, 0)}
    bought = leads.lead(world, employer, positions=2)
    world.pay(bought.begin()["checkout_url"])
    leads.lead(world, employer, positions=2)
    now = ok(employer.get(MONTHS))["items"][-1]
    assert now["spend"] == ok(employer.get("/api/employers/dashboard"))["spend"]
    assert (now["places"], now["filled"], now["fill_rate"]) == (4, 1, 0.25)
    assert now["median_minutes_to_first_accept"] is not None
    assert ok(world.employer().get(MONTHS))["items"] == before


@pytest.mark.parametrize(("language", "month"), [("en", "Nov 2026"), ("hi", "नव॰ 2026")])
def test_the_overview_draws_them_and_says_them_in_a_table(
    world: World, language: str, month: str
) -> None:
    employer = world.employer(verified=True)
    reader = PageReader(world.url, language=language)
    reader.get("/signin")
    reader.send("/signin", {"email": employer.email, "password": PASSWORD})
    reader.cookies["__Host-language"] = language
    assert 'class="chart"' not in reader.get("/overview").text
    world.pay(leads.lead(world, employer, positions=2).begin()["checkout_url"])
    text = reader.get("/overview").text
    assert text.count('class="chart"') == 3
    assert month in text
    assert "1 / 2" in text
    assert "₹49" in text
    assert text.count(">–</text>") == 10  # five months without jobs: no places filled, no first yes
    assert ">0 %</text>" not in text
