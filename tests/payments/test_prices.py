"""What a lead costs: by category and city, where the job really is."""

from typing import Any

import pytest

from app.policy.policy import LeadPrices
from tests.support.app_harness import BANDRA, World
from tests.support.assertions import ok, refused
from tests.support.sellers import put_settings

PRICES: dict[str, Any] = {
    "default": 4_900,
    "by_category": {"events": 9_900, "hospitality": 5_900},
    "by_city": {
        "Mumbai": {"default": 6_900, "by_category": {"events": 12_900}},
        "Pune": {"by_category": {"events": 8_900}},
    },
}


@pytest.mark.parametrize(
    ("category", "city", "amount"),
    [
        ("events", "Mumbai", 12_900),
        ("hospitality", "Mumbai", 6_900),
        ("retail", "Mumbai", 6_900),
        ("events", "Pune", 8_900),
        ("hospitality", "Pune", 5_900),
        ("retail", "Pune", 4_900),
        ("events", "Delhi", 9_900),
        ("retail", None, 4_900),
        ("events", None, 9_900),
    ],
)
def test_the_price_that_says_most_counts(category: str, city: str | None, amount: int) -> None:
    assert LeadPrices.model_validate(PRICES).amount(category, city) == amount


def test_the_city_is_where_the_job_is_and_not_what_its_text_says(sqlite_world: World) -> None:
    world = sqlite_world
    ok(put_settings(world, lead_prices=PRICES))
    worker, employer = world.worker(location=BANDRA, slots=["saturday"]), world.employer()
    job = world.job(employer, location=BANDRA, city="Pune", category="events")
    [match] = world.matches(employer, job["id"])
    assert match["price"] == {"amount": 12_900, "currency": "INR"} == match["quote"]["total"]
    ok(put_settings(world, lead_prices={"by_city": {}}))
    world.accept(worker, match["id"])
    page = ok(employer.post(f"/api/employers/matches/{match['id']}/unlock"), 202)
    assert page["price"]["amount"] == 12_900, "fixed when it was offered"
    after = ok(world.admin().get("/api/admin/settings"))["lead_prices"]
    assert (after["by_city"], after["by_category"]) == ({}, PRICES["by_category"])


@pytest.mark.parametrize(
    ("by_city", "field", "says"),
    [
        ({"Bombay": {"default": 5_000}}, "by_city.Bombay", "Mumbai is meant"),
        ({"Atlantis": {"default": 5_000}}, "by_city.Atlantis", "no such city"),
        ({"Mumbai": {"default": 49}}, "by_city.Mumbai.default", "50"),
        ({"Mumbai": {"by_category": {"astronauts": 90}}}, "by_category.astronauts", "category"),
        ({"Mumbai": {"price": 5_000}}, "by_city.Mumbai.price", ""),
        ({"": {"default": 5_000}}, "by_city", ""),
    ],
)
def test_prices_that_no_job_could_have_are_refused(
    shared_world: World, by_city: Any, field: str, says: str
) -> None:
    answer = put_settings(shared_world, lead_prices={"by_city": by_city})
    [error] = refused(answer, 422, "invalid")["errors"]
    assert field in error["field"]
    assert says in error["message"]
