"""The map of a job: rings and names, over tiles where their address is set."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.core import production
from app.core.schema import Location
from app.core.settings import Settings
from app.web.maps import draw_map
from tests.support.app_harness import World
from tests.support.page_reader import PageReader
from tests.web.test_live import published
from tests.web.test_pages import JOB, draft

TILES = "https://tiles.example/{z}/{x}/{y}.png"
IMAGE = re.compile(
    r'<image href="https://tiles\.example/(\d+)/(\d+)/(\d+)\.png" '
    r'x="([-0-9.]+)" y="([-0-9.]+)" width="([0-9.]+)"'
)
PUNE = Location(latitude=18.5204, longitude=73.8567)


def test_tiles_lie_where_the_web_has_them() -> None:
    found = {
        tuple(map(int, each[:3])): each[3:] for each in IMAGE.findall(draw_map(PUNE, "en", TILES))
    }
    # Pune is in the tile 11/1444/916 of the usual scheme, so it lies beneath the middle.
    x, y, side = map(float, found[11, 1444, 916])
    assert x < 160 < x + side
    assert y < 160 < y + side
    assert {zoom for zoom, _, _ in found} == {11}
    assert draw_map(PUNE, "en").count("<image") == 0


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_a_few_tiles_cover_any_place(latitude: float, longitude: float) -> None:
    drawn = draw_map(Location(latitude=latitude, longitude=longitude), "en", TILES)
    found = IMAGE.findall(drawn)
    assert 1 <= len(found) <= 16
    assert len(found) == drawn.count("<image")
    for zoom, x, y, *_ in found:
        assert 0 <= int(x) < 2 ** int(zoom)
        assert 0 <= int(y) < 2 ** int(zoom)
    # Nearly up to the poles, which the web's maps leave out, the middle is covered.
    if abs(latitude) < 84:
        assert any(
            float(x) <= 160 <= float(x) + float(side) and float(y) <= 160 <= float(y) + float(side)
            for *_, x, y, side in found
        )


@pytest.mark.parametrize(
    "address",
    [
        "tiles.example/{z}/{x}/{y}.png",
        "https://tiles.example/{z}/{x}.png",
        "https://tiles.example; script-src */{z}/{x}/{y}",
        "javascript://tiles.example/{z}/{x}/{y}",
        "https://u@tiles.example/{z}/{x}/{y}",
    ],
)
def test_an_address_of_tiles_that_is_none_is_named(address: str) -> None:
    with pytest.raises(ValidationError, match="map_tile_url"):
        Settings(_env_file=None, map_tile_url=address)


def test_tiles_come_over_tls_in_production() -> None:
    plain = Settings(
        _env_file=None, environment="production", map_tile_url="http://tiles.example/{z}/{x}/{y}"
    )
    assert any(each.startswith("MAP_TILE_URL ") for each in production.problems(plain))


def test_only_the_page_with_the_map_may_load_them(
    sqlite_database_url: str, world_with: Callable[..., AbstractContextManager[World]]
) -> None:
    with world_with(sqlite_database_url, map_tile_url=TILES) as world:
        owner = PageReader(world.url)
        owner.sign_up()
        page = owner.get(published(owner))
        assert len(IMAGE.findall(page.text)) >= 4
        allowed = "img-src 'self' data: https://tiles.example;"
        assert allowed in page.headers["content-security-policy"]
        assert allowed not in owner.get("/jobs").headers["content-security-policy"]


def test_a_map_names_places_nearby_and_stays_small() -> None:
    bandra = Location(latitude=19.0596, longitude=72.8295)
    for reach_km in (1.5, 3.0, 12.0, 30.0):
        drawn = draw_map(bandra, "en", reach_km=reach_km)
        names = re.findall(r'class="name"[^>]*>([^<]+)<', drawn)
        assert 2 <= len(names) <= 8
        assert len(set(names)) == len(names)
        assert len(drawn) < 8_000
    assert "Dharavi" in draw_map(bandra, "en")


def test_a_place_is_picked_from_what_is_typed_or_from_two_numbers(sqlite_world: World) -> None:
    owner = PageReader(sqlite_world.url)
    owner.sign_up()
    shown = owner.get("/jobs/place?q=Bandra").text
    assert shown.count("data-at=") >= 2
    assert "<svg" in shown
    at = owner.get("/jobs/place?q=Bandra&latitude=18.5204&longitude=73.8567&zoom=2").text
    assert 'data-latitude="18.5204"' in at
    assert 'data-reach="6.0"' in at
    assert "Pune" in at
    for nonsense in ("q=", "q=zzqqxx", "latitude=nan&longitude=1", "latitude=91&longitude=1"):
        answer = owner.get(f"/jobs/place?{nonsense}&zoom=99")
        assert answer.status_code == 200
        assert "<svg" not in answer.text
    stranger = PageReader(sqlite_world.url)
    refused = stranger.get("/jobs/place?q=Bandra", headers={"HX-Request": "true"})
    assert refused.status_code == 401


def test_a_place_typed_over_another_counts_more_than_its_numbers(sqlite_world: World) -> None:
    owner = PageReader(sqlite_world.url)
    owner.sign_up()
    path = draft(owner)
    page = owner.get(f"{path}/edit").text
    assert "data-latitude" not in page  # drawn when a script asks for it
    values = JOB | {"latitude": "19.0596", "longitude": "72.8295", "do": "save"}
    renamed = {"place": "Koregaon Park, Pune", "point_shown": "19.0596,72.8295"}
    owner.send(f"{path}/edit", values | renamed | {"place_shown": "Mumbai"})
    assert "Pune" in owner.get(path).text
    # Numbers that were changed, too, are meant.
    owner.get(f"{path}/edit")
    moved = {"point_shown": "1,2", "place_shown": "x", "place": "Koregaon Park, Pune"}
    owner.send(f"{path}/edit", values | moved)
    assert "Mumbai" in owner.get(path).text
