"""The benchmarks run, and what they compare is the same."""

import asyncio
import json
from pathlib import Path

import pytest

from app.core.crypto import Keyring
from app.core.settings import DEVELOPMENT_SECRET
from app.database.session import Database
from app.matching.index import rebuild
from app.simulation.world import read_world
from benchmarks import (
    at_scale,
    hot_rows,
    invoices,
    kept_worlds,
    matching,
    payments,
    policy_gates,
    retention,
    rivals,
)
from tests.infra.postgres import postgres


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_ours_and_the_plain_way_find_the_same_people(kind: str, tmp_path: Path) -> None:
    # `matching` itself refuses to measure two ways that disagree.
    result = await matching.on(kind, tmp_path, 300, rounds=1, against_naive=True, jobs_at_once=5)
    record = result.record()
    assert record["workers"] == 300
    asked = {"search", "match", "plain ORM", "lean ORM", "bounding box", "policy step"}
    assert asked | {"match, small town", "people with a skill"} <= record["times"].keys()
    rivals = {"bounding box", "bounding box, small town"}
    if kind == "postgresql":
        rivals |= {"service-box GiST", "service-box GiST, small town"}
    assert rivals <= record["ours_over_rival"].keys()
    assert record["forecast_request"]["p95_ms"] > 0
    assert record["published_at_once"]["jobs"] == 5
    assert record["after_deciding_changes"].keys() >= {"at_once", "tidied"}
    assert record["memory"]["before_mb"] > 0


def test_a_world_that_is_kept_is_filed_as_the_application_files_it(tmp_path: Path) -> None:
    server = postgres()
    place = server.url("postgres")

    async def look(url: str) -> None:
        database = Database(url, Keyring(DEVELOPMENT_SECRET))
        steps = [step async for step in rebuild(database)]
        assert [(step.checked, step.corrected) for step in steps] == [(200, 0)]
        rebuilt = await at_scale.rebuild_some(database, 50)
        await database.close()
        assert rebuilt["workers"] == 200, "a transaction holds more than so few"
        await (await rivals.Rivals.on(url)).close()

    try:
        kept_worlds.load(tmp_path, place, 200, "real")
        assert kept_worlds.sizes_in(tmp_path) == (200,)
        for kind, where in (("sqlite", tmp_path), ("postgresql", place)):
            for _ in range(2):  # what is done to a copy does not stay
                with kept_worlds.scratch_of(kind, where, 200, "real") as url:
                    asyncio.run(look(url))
    finally:
        server.drop("real_200")


async def test_writers_of_one_row_keep_the_chain_whole() -> None:
    records = await hot_rows.run(quick=True)  # raises for a broken chain
    assert {record["writers"] for record in records} == set(hot_rows.WRITERS)
    assert all(record["per_second"] > 0 for record in records)


async def test_forgetting_stops_when_nothing_is_due() -> None:
    records = await retention.run(quick=True)  # raises if something is still due
    assert [record["database"] for record in records] == ["sqlite", "postgresql"]
    assert all(record["steps"] == 11 for record in records), "ten hundred and a last look"


async def test_invoices_are_numbered_without_a_gap_while_they_are_measured() -> None:
    records = await invoices.run(quick=True)  # raises for a gap
    assert {record["database"] for record in records} == {"sqlite", "postgresql"}
    assert all(record["per_second"] > 0 for record in records)


async def test_every_tap_unlocks_while_unlocks_are_measured() -> None:
    records = await payments.unlocks(quick=True)  # raises if a tap unlocked nothing
    steps = [record[name] for record in records for name in ("unlock", "settle")]
    assert all(step["over_own_row"] > 1 for step in steps)


@pytest.mark.parametrize("what", ["day", "pending"])
async def test_a_day_and_a_backlog_are_whole_while_they_are_measured(
    what: str, tmp_path: Path
) -> None:
    # Raises for a difference in the books, and where the newest or the oldest payment is not asked about.
    record = await payments.once(what, f"sqlite:///{tmp_path / 'money.db'}", 300)
    assert 300 in record.values()


def test_a_seed_that_was_played_is_not_played_again(tmp_path: Path) -> None:
    world = read_world("slack")
    few = world.model_copy(update={"workers": world.workers.model_copy(update={"count": 60})})
    first = policy_gates.Seed(few, "few", 3, 1, tmp_path).figures("nearest-once")
    [file] = tmp_path.iterdir()
    kept = json.loads(file.read_text())
    assert kept == first.as_json()
    file.write_text(json.dumps(kept | {"fill": 0.125}))
    (tmp_path / "few-waves.half").write_text("{")
    again = policy_gates.Seed(few, "few", 3, 1, tmp_path)
    assert again.figures("nearest-once").fill == 0.125
    # Another promise of the platform, or another policy, is another run.
    uncapped = few.model_copy(update={"rules": few.rules.model_copy(update={"weekly_cap": 0})})
    again.figures("waves", uncapped)
    again.figures("waves")
    assert len(list(tmp_path.glob("*.json"))) == 3
