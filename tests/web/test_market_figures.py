"""The market's figures are kept for a while and told with their time; money, queues and lags are of now."""

import datetime as dt

import pytest
from sqlalchemy import select, text, update

from app.messaging.models import OutboxMessage, OutboxState
from app.reporting import kept_figures, lag_history
from app.reporting.models import KeptFigures
from app.web.console import market_figures
from app.web.console.market_figures import KEPT, PERIODS
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


def _keep(world: World) -> None:
    world.run_verbs(market_figures.keep_due(world.runtime.database, world.clock(), large=0))


@pytest.mark.both_databases
def test_no_request_counts_a_large_market(world: World) -> None:
    lead(world, city="Pune")
    owner = signed_in(world)
    for _ in PERIODS:
        _keep(world)
    world.worker(slots=())
    world.clock.advance(minutes=4)
    _keep(world)  # nothing is due
    for period in PERIODS:
        with statements_of(world) as sent:
            text = owner.get(f"/console/market?days={period}").text
        asked = " ".join(sent).lower()
        for table in ("job_matches", "from workers", "from unlocks"):
            assert table not in asked, (period, table)
        assert WORKERS.format(1) in text
        assert "counted anew after 300 seconds" in text
    world.clock.advance(minutes=1)
    for _ in PERIODS:
        _keep(world)
    assert WORKERS.format(2) in owner.get("/console/market").text
    # Where no loop runs any more, a page counts for itself.
    world.worker(slots=())
    world.clock.advance(minutes=16)
    assert WORKERS.format(3) in owner.get("/console/market").text


def test_a_small_market_is_counted_by_its_page_alone(world: World) -> None:
    world.worker(slots=())
    world.clock.advance(minutes=10)
    world.settle()
    names = world.in_session(lambda session: session.scalars(select(KeptFigures.name)))
    assert set(names) == {lag_history.NAME}


@pytest.mark.both_databases
def test_figures_of_before_never_replace_later_ones(world: World) -> None:
    now = world.clock()
    for at, number in ((now, 2), (now - dt.timedelta(seconds=1), 1)):
        world.in_session(
            lambda session, at=at, number=number: kept_figures.keep(
                session, "sample", {"number": number}, at
            )
        )
    kept = world.in_session(
        lambda session: kept_figures.find(session, "sample", now, lambda kept: kept)
    )
    assert kept == kept_figures.CountedFigures(now, {"number": 2})


def _spoil(world: World, **values: object) -> None:
    """Leave rows that another version of the code, or a clock that is ahead, has written."""
    changed = update(KeptFigures).values(**values)
    world.in_session(lambda session: session.execute(changed))


def _kept_at(world: World) -> dict[str, dt.datetime]:
    query = select(KeptFigures.name, KeptFigures.at)
    rows = world.in_session(lambda session: session.execute(query))
    return {row.name: row.at for row in rows}


def _sample(world: World) -> None:
    world.run_verbs(lag_history.sample_due(world.runtime.database, world.clock()))


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "figures",
    [
        {},
        {"found": {}, "days": [], "users": {}, "jobs": {}, "samples": [["then"]]},
        {"found": None, "days": None, "users": None, "jobs": None, "samples": None},
    ],
)
def test_figures_that_another_version_kept_are_counted_anew(
    world: World, figures: dict[str, object]
) -> None:
    lead(world, city="Pune")
    owner = signed_in(world)
    for _ in PERIODS:
        _keep(world)
    _sample(world)
    _spoil(world, figures=figures)
    world.clock.advance(seconds=1)
    for path in ("/console/market", "/console/market/now"):
        assert owner.get(path).status_code == 200
    for _ in PERIODS:
        _keep(world)
    _sample(world)
    assert set(_kept_at(world).values()) == {world.clock()}
    assert WORKERS.format(1) in owner.get("/console/market").text


@pytest.mark.both_databases
def test_figures_from_the_future_are_counted_anew(world: World) -> None:
    lead(world, city="Pune")
    for _ in PERIODS:
        _keep(world)
    _sample(world)
    _spoil(world, at=world.clock() + dt.timedelta(days=300))
    for _ in PERIODS:
        _keep(world)
    _sample(world)
    assert set(_kept_at(world).values()) == {world.clock()}
    assert len(_kept_at(world)) == len(PERIODS) + 1


@pytest.mark.both_databases
def test_a_period_that_cannot_be_kept_leaves_the_others_their_turn(world: World) -> None:
    lead(world, city="Pune")
    first = PERIODS[0]
    # What the database refuses stands for whatever fails of one period each time.
    on_sqlite = world.database_url.startswith("sqlite")
    refuse = (
        f"CREATE TRIGGER refused BEFORE INSERT ON kept_figures WHEN NEW.name = 'market:{first}' "
        "BEGIN SELECT RAISE(ABORT, 'refused'); END"
        if on_sqlite
        else f"ALTER TABLE kept_figures ADD CONSTRAINT refused CHECK (name <> 'market:{first}')"
    )
    again = (
        "DROP TRIGGER refused" if on_sqlite else "ALTER TABLE kept_figures DROP CONSTRAINT refused"
    )
    world.in_session(lambda session: session.execute(text(refuse)))
    try:
        for _ in PERIODS:
            _keep(world)
        kept = set(_kept_at(world))
    finally:
        world.in_session(lambda session: session.execute(text(again)))
    assert kept == {f"market:{days}" for days in PERIODS[1:]}


def test_the_lags_of_the_last_hour_are_drawn_and_said(world: World) -> None:
    owner = signed_in(world)
    assert "once two minutes have passed" in owner.get("/console/market").text
    world.says("+919812345678", "hi")

    def stand(state: OutboxState) -> None:
        due = world.clock() - dt.timedelta(seconds=90)
        values = update(OutboxMessage).values(state=state, due_at=due)
        world.in_session(lambda session: session.execute(values))

    world.clock.advance(seconds=60)
    stand(OutboxState.WAITING)
    _sample(world)
    stand(OutboxState.DEAD)
    for _ in range(3):
        world.clock.advance(seconds=60)
        _sample(world)
    for path in ("/console/market", "/console/market/now"):
        shown = owner.get(path).text
        assert 'aria-label="Messages, seconds behind"' in shown
        assert 'data-label="Messages, seconds behind">90</td>' in shown
    world.clock.advance(minutes=70)
    for _ in range(2):
        _sample(world)
        world.clock.advance(seconds=60)
    kept = world.in_session(lambda session: lag_history.list_samples(session, world.clock()))
    assert [each.messages for each in kept] == [0, 0]


def _sentence(page: str, said: str) -> str:
    return page[page.index(said) :].split("</p>", 1)[0]
