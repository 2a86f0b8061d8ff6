"""The catalogue's endpoints: public, cacheable."""

from typing import Any

import pytest

from tests.support.app_harness import World
from tests.support.assertions import ok, refused


def items(world: World, path: str, **params: Any) -> list[dict[str, Any]]:
    answer = world.http.get(f"/api/catalogue/{path}", params=params)
    found: list[dict[str, Any]] = ok(answer)["items"]
    return found


def test_everybody_may_read_and_keep_it_for_an_hour(shared_world: World) -> None:
    for path in ("skills", "categories", "places?q=Mumbai"):
        answer = shared_world.http.get(f"/api/catalogue/{path}")
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=3600"


def test_a_refusal_is_not_kept(shared_world: World) -> None:
    answer = shared_world.http.get("/api/catalogue/places")
    refused(answer, 422, "invalid")
    assert answer.headers["cache-control"] == "no-store"


def test_all_skills_are_listed_without_a_word(shared_world: World) -> None:
    every = items(shared_world, "skills")
    assert len(every) > 90
    waiter = next(skill for skill in every if skill["slug"] == "waiter")
    assert waiter["name"] == waiter["name_en"]
    assert waiter["isco08"] == "5131"
    assert set(waiter) == {"slug", "name", "name_en", "name_hi", "category", "isco08"}


def test_names_come_in_the_language_asked_for(shared_world: World) -> None:
    for path in ("skills", "categories"):
        for item in items(shared_world, path, language="hi"):
            assert item["name"] == item["name_hi"]


@pytest.mark.parametrize("q", ["server", "SERVER", " waiter ", "वेटर"])
def test_a_skill_is_found_by_what_people_call_it(shared_world: World, q: str) -> None:
    assert items(shared_world, "skills", q=q)[0]["slug"] == "waiter"


def test_every_skill_s_category_is_listed(shared_world: World) -> None:
    categories = {category["slug"] for category in items(shared_world, "categories")}
    assert {skill["category"] for skill in items(shared_world, "skills")} <= categories


@pytest.mark.parametrize("q", ["Mumbai", "400050", "bandra"])
def test_a_place_is_found_by_city_area_or_pin(shared_world: World, q: str) -> None:
    place = items(shared_world, "places", q=q)[0]
    assert place["latitude"] == pytest.approx(19.06, abs=0.2)
    assert place["longitude"] == pytest.approx(72.85, abs=0.2)
    assert place["time_zone"] == "Asia/Kolkata"


def test_nonsense_finds_nothing(shared_world: World) -> None:
    assert items(shared_world, "skills", q="zzzzqqqq") == []
    assert items(shared_world, "places", q="zzzzqqqq") == []


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("skills", {"q": "x" * 101}),
        ("skills", {"language": "xx"}),
        ("places", {"q": "x" * 101}),
        ("places", {"q": "a\u0000b"}),
    ],
)
def test_a_query_out_of_bounds_is_refused(
    shared_world: World, path: str, params: dict[str, str]
) -> None:
    answer = shared_world.http.get(f"/api/catalogue/{path}", params=params)
    refused(answer, 422, "invalid")
