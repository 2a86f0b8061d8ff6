"""The market's figures are counted once a minute and told with their time; money, queues and lags are of now."""

from sqlalchemy import update

from app.messaging.models import OutboxMessage, OutboxState
from app.web.console.market_figures import KEPT
from tests.support.app_harness import World
from tests.support.assertions import ok
from tests.support.leads import lead
from tests.support.statements import statements_of
from tests.web.test_console import signed_in

WORKERS = "<li><b>{}</b>Workers</li>"


def test_the_markets_figures_are_a_minute_old_at_most_and_say_so(world: World) -> None:
    world.worker(slots=())
    owner = signed_in(world)
    first = owner.get("/console/market").text
    assert WORKERS.format(1) in first
    world.worker(slots=())
    world.clock.advance(seconds=KEPT.total_seconds() - 1)
    again = owner.get("/console/market").text
    assert WORKERS.format(1) in again
    said = "Figures of the market are as of"
    assert _sentence(first, said) == _sentence(again, said)
    # The API counts each time.
    assert ok(world.admin().get("/api/admin/stats"))["users"]["worker"]["active"] == 2
    world.clock.advance(seconds=1)
    assert WORKERS.format(2) in owner.get("/console/market").text


def test_each_period_and_city_is_counted_for_itself(world: World) -> None:
    lead(world, city="Pune")
    owner = signed_in(world)
    shown = {
        asked: owner.get(f"/console/market{asked}").text
        for asked in ("", "?days=7", "?city=Pune", "?city=Mumbai")
    }
    assert '<option value="7" selected>' in shown["?days=7"]
    assert "<li><b>1</b>Jobs</li>" in shown["?city=Pune"]
    assert "<li><b>0</b>Jobs</li>" in shown["?city=Mumbai"]


def test_revenue_and_queues_are_never_of_before(world: World) -> None:
    bought = lead(world)
    owner = signed_in(world)
    assert "</b>earned" not in owner.get("/console/market").text
    bought.buy()
    assert "</b>earned" in owner.get("/console/market").text
    world.in_session(
        lambda session: session.execute(update(OutboxMessage).values(state=OutboxState.DEAD))
    )
    dead = ok(world.admin().get("/api/admin/stats"))["messages"]["dead"]
    assert dead
    for path in ("/console/market", "/console/market/now"):
        assert f'data-label="Messages to people">{dead}</td>' in owner.get(path).text


def test_the_open_page_asks_for_queues_only(world: World) -> None:
    owner = signed_in(world)
    for path in ("/console/market/now", "/console/money"):
        with statements_of(world) as sent:
            assert owner.get(path).status_code == 200
        asked = " ".join(sent).lower()
        for table in ("job_matches", "from workers", "from unlocks"):
            assert table not in asked, (path, table)


def _sentence(page: str, said: str) -> str:
    return page[page.index(said) :].split("</p>", 1)[0]
