"""`python -m benchmarks`: measure, write the figures as JSON, and draw them."""

import argparse
import asyncio
import itertools
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvloop

from benchmarks import (
    chat,
    endpoints,
    forecast_calibration,
    hot_rows,
    invoices,
    kept_worlds,
    matching,
    outbox,
    pages,
    payments,
    policy_gates,
    process,
    reliability_plot,
    retention,
    waves,
)
from benchmarks.measure import load, machine
from benchmarks.plots import draw_matching
from benchmarks.population import World

RESULTS = Path(__file__).parent / "results"
PLOT = Path(__file__).parent.parent / "docs" / "pictures" / "forecast_reliability.svg"
WHAT = (
    *("matching", "waves", "endpoints", "chat", "outbox", "pace", "hot_rows", "retention"),
    *("invoices", "unlocks", "books", "pending", "pages", "idle", "start", "policy", "forecast"),
)
SIZES = (10_000, 100_000)
LARGE = 1_000_000


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("what", nargs="*", choices=[*WHAT, []], default=[])
    parser.add_argument("--large", action="store_true", help="also a million workers (minutes)")
    parser.add_argument(
        "--keep",
        type=Path,
        help="folder in which the policy's seeds, or the pages' databases, stay for the next run",
    )
    parser.add_argument(
        "--kept", type=Path, help="folder of worlds (benchmarks.kept_worlds): matching uses those"
    )
    parser.add_argument("--server", help="PostgreSQL server of the same worlds")
    parser.add_argument("--postgis", help="PostgreSQL server of the same worlds that has PostGIS")
    parser.add_argument("--only", nargs="*", default=[], help="such as real-1000000-sqlite")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it runs")
    return parser.parse_args()


async def _matching(where: dict[str, Any], wishes: argparse.Namespace) -> None:
    quick: bool = wishes.quick
    sizes = (1_000,) if quick else SIZES + ((LARGE,) if wishes.large else ())
    if wishes.kept:
        sizes = kept_worlds.sizes_in(wishes.kept)
    worlds: tuple[World, ...] = ("crowded", "real")
    for workers, world, kind in itertools.product(sizes, worlds, ("sqlite", "postgresql")):
        if wishes.only and f"{world}-{workers}-{kind}" not in wishes.only:
            continue
        # A million workers in the ORM need more memory than most machines have, and wherever
        # people live, it looks at everybody.
        against_naive = workers < LARGE and world == "crowded"
        if wishes.kept:
            place = wishes.kept if kind == "sqlite" else wishes.server
            postgis = wishes.postgis and kept_worlds.kept_url(kind, wishes.postgis, workers, world)
            with kept_worlds.scratch_of(kind, place, workers, world) as url:
                result = await matching.run(
                    kind,
                    url,
                    workers,
                    rounds=3,
                    against_naive=against_naive,
                    world=world,
                    jobs_at_once=100,
                    is_loaded=True,
                    postgis_url=postgis if kind == "postgresql" else None,
                )
        else:
            with tempfile.TemporaryDirectory() as folder:
                result = await matching.on(
                    kind,
                    Path(folder),
                    workers,
                    rounds=1 if quick else 3,
                    against_naive=against_naive,
                    world=world,
                )
        print(json.dumps(result.record()), flush=True)
        if not quick:  # each time, so that what was measured stays, whatever comes after
            _keep_matching(result.record() | {"machine": where | {"load_after": load()}})


def _keep_matching(record: dict[str, Any]) -> None:
    """Put a record in the place of the one of the same world, size and database, and draw all."""
    file = RESULTS / "matching.json"
    known = json.loads(file.read_text())["results"] if file.exists() else []

    def place(of: dict[str, Any]) -> tuple[Any, ...]:
        return of.get("world", "crowded"), of["workers"], of["database"]

    records = [each for each in known if place(each) != place(record)]
    records = sorted([*records, record], key=place)
    document = {"machine": "with each result: they were measured in turns", "results": records}
    file.write_text(json.dumps(document, indent=2) + "\n")
    crowded = [each for each in records if each.get("world", "crowded") == "crowded"]
    draw_matching(crowded, RESULTS / "matching.png")


def _write(name: str, records: list[dict[str, Any]], where: dict[str, Any]) -> None:
    RESULTS.mkdir(exist_ok=True)
    document = {"machine": where, "results": records}
    (RESULTS / f"{name}.json").write_text(json.dumps(document, indent=2) + "\n")


def main() -> None:
    """Run what was asked for, all by default."""
    wishes = _arguments()
    chosen = wishes.what or WHAT
    where = machine()
    quick: bool = wishes.quick
    if "matching" in chosen:
        asyncio.run(_matching(where, wishes))
    others: dict[str, Callable[[], list[dict[str, Any]]]] = {
        "waves": lambda: uvloop.run(waves.run(quick=quick)),
        "endpoints": lambda: endpoints.run(quick=quick),
        "chat": lambda: chat.run(quick=quick),
        "outbox": lambda: uvloop.run(outbox.drain(quick=quick)),
        "pace": lambda: outbox.pace(quick=quick),
        "hot_rows": lambda: uvloop.run(hot_rows.run(quick=quick)),
        "retention": lambda: uvloop.run(retention.run(quick=quick)),
        "invoices": lambda: uvloop.run(invoices.run(quick=quick)),
        "unlocks": lambda: uvloop.run(payments.unlocks(quick=quick)),
        "books": lambda: payments.books(quick=quick),
        "pending": lambda: payments.pending(quick=quick),
        "pages": lambda: pages.run(quick=quick, keep=wishes.keep),
        "policy": lambda: policy_gates.run(quick=quick, keep=wishes.keep),
        "forecast": lambda: forecast_calibration.run(quick=quick),
        "idle": lambda: process.idle(quick=quick),
        "start": lambda: process.start(quick=quick),
    }
    for name, measure in others.items():
        if name in chosen:
            figures = measure()
            if not quick:
                _write(name, figures, where | {"load_after": load()})
            if not quick and name == "forecast":
                PLOT.write_text(reliability_plot.draw(figures, "told_from_history"))


if __name__ == "__main__":
    main()
