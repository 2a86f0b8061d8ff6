"""The market's figures: funnel, filling, offers per worker; where people are, without telling who."""

from app.api.admin.market import MapCell, MarketMap
from app.reporting.market import LEAST_SHOWN
from app.web.market_map import draw_market
from tests.support.app_harness import World
from tests.support.assertions import ok, refused
from tests.support.leads import lead
from tests.support.statements import statements_of

PUNE = {"latitude": 18.52, "longitude": 73.85}


def test_the_figures_count_what_happened(world: World) -> None:
    bought = lead(world, city="Pune", positions=2)
    world.pay(ok(bought.unlock(), 202)["checkout_url"])
    world.settle()
    lead(world, accept=False)
    world.worker(slots=())
    admin = world.admin()
    found = ok(admin.get("/api/admin/market"))
    assert found["funnel"] == {
        "registered": 3,
        "active": 3,
        "offered": 2,
        "accepted": 1,
        "unlocked": 1,
    }
    whole = found["all_jobs"]
    assert (whole["jobs"], whole["offers"], whole["filled"]) == (2, 2, 1)
    assert whole["fill_rate"] == 1 / whole["positions"]
    assert whole["median_minutes_to_first_yes"] is not None
    assert found["unlocked"] == 1
    assert found["offers_per_worker"][:2] == [
        {"at_least": 0, "workers": 1},
        {"at_least": 1, "workers": 2},
    ]
    pune = ok(admin.get("/api/admin/market?city=Pune"))
    assert (pune["all_jobs"]["jobs"], pune["city"]) == (1, "Pune")
    world.clock.advance(days=40)
    later = ok(world.admin().get("/api/admin/market?days=7"))
    assert later["all_jobs"]["jobs"] == 0
    assert later["all_jobs"]["fill_rate"] is None


def test_a_contact_counts_in_the_city_of_its_job_only(world: World) -> None:
    bought = lead(world, city="Pune")
    world.pay(ok(bought.unlock(), 202)["checkout_url"])
    world.settle()
    admin = world.admin()
    unlocked = [
        ok(admin.get(f"/api/admin/market{city}"))["unlocked"]
        for city in ("", "?city=Pune", "?city=Mumbai")
    ]
    assert unlocked == [1, 1, 0]


def test_a_city_that_is_none_is_refused_and_nobody_is_no_error(world: World) -> None:
    admin = world.admin()
    refused(admin.get("/api/admin/market?city=Atlantis"), 422, "invalid")
    refused(admin.get("/api/admin/market?days=0"), 422, "invalid")
    empty = ok(admin.get("/api/admin/market"))
    assert empty["map"] is None
    assert empty["all_jobs"]["median_minutes_to_first_yes"] is None


def test_few_people_in_a_cell_are_not_shown(world: World) -> None:
    for _ in range(LEAST_SHOWN - 1):
        world.worker(location=PUNE, slots=())
    admin = world.admin()
    assert ok(admin.get("/api/admin/market?city=Pune"))["map"]["cells"] == []
    world.worker(location=PUNE, slots=())
    (cell,) = ok(admin.get("/api/admin/market?city=Pune"))["map"]["cells"]
    assert cell["workers"] == LEAST_SHOWN
    world.job(world.employer(), location={"latitude": 18.56, "longitude": 73.81}, positions=3)
    cells = ok(admin.get("/api/admin/market?city=Pune"))["map"]["cells"]
    assert (cells[1]["workers"], cells[1]["open_positions"]) == (None, 3)


def test_a_full_map_is_under_8_kb_and_holds_no_number_of_people() -> None:
    cells = [
        MapCell(
            latitude=18.40 + row * 0.01,
            longitude=73.73 + column * 0.01,
            workers=5 + (row * column) % 90,
            open_positions=(row + column) % 7,
        )
        for row in range(24)
        for column in range(24)
    ]
    drawn = draw_market(MarketMap(city="Pune", cells=cells, **PUNE), "Map")
    assert len(drawn.encode()) < 8_192
    assert drawn.count("<text") == 1


def test_more_jobs_take_no_more_statements(world: World) -> None:
    admin = world.admin()
    counted = []
    for _ in range(2):
        for _ in range(3):
            lead(world, accept=False)
        with statements_of(world) as statements:
            ok(admin.get("/api/admin/market"))
        counted.append(len(statements))
    assert counted[0] == counted[1]
