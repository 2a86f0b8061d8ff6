"""One process by itself: what it costs while nothing happens, and how soon it answers."""

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import httpx

from benchmarks.measure import processor_seconds
from tests.infra.live import running, wait_until_healthy
from tests.infra.postgres import postgres
from tests.infra.run import free_port

_LAST_START_SECONDS: Final = 8
"""After which a process has long finished what it does at its start."""

_IMPORTS: Final = {
    "import app.main": "import app.main",
    "import app.main, as our commands load it": (
        "from app.core import loading; loading.begin(); import app.main; loading.done()"
    ),
    "import fastapi": "import fastapi",
}
"""What a process does from its start to its end, by what it is called in the results."""


def idle(*, quick: bool) -> list[dict[str, Any]]:
    """The share of a core that a server takes, loops and sandbox included, while nobody asks."""
    seconds = 5.0 if quick else 60.0
    server = postgres()
    records = []
    for kind, url in (("sqlite", "sqlite:///idle.db"), ("postgresql", server.url(server.create()))):
        with tempfile.TemporaryDirectory() as name:
            folder, port = Path(name), free_port()
            env = {"ENVIRONMENT": "development", "DATABASE_URL": url, "LOG_LEVEL": "warning"}
            with running(_server(port), folder, env | {"PORT": str(port)}) as process:
                wait_until_healthy(f"http://127.0.0.1:{port}", process, folder)
                time.sleep(_LAST_START_SECONDS)
                before = processor_seconds(process.pid)
                time.sleep(seconds)
                used = processor_seconds(process.pid) - before
        record = {
            "what": "an idle server with its loops",
            "database": kind,
            "share_of_a_core": round(used / seconds, 4),
            "seconds": seconds,
        }
        print(json.dumps(record), flush=True)
        records.append(record)
    return records


def start(*, quick: bool) -> list[dict[str, Any]]:
    """Seconds to import the application, and from the start to the first answer; medians.

    Beside the clock, the processor's: on a machine that does other things it is the one that holds.
    """
    rounds = 1 if quick else 7
    imports: dict[str, list[tuple[float, float]]] = {what: [] for what in _IMPORTS}
    answers: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as name:
        for number in range(rounds + 1):
            imported = {what: _run(code, Path(name)) for what, code in _IMPORTS.items()}
            answer = _first_answer(Path(name))
            if number:  # the first compiles
                answers.append(answer)
                for what, took in imported.items():
                    imports[what].append(took)
    took_each = imports | {"start to the first answer, SQLite there already": answers}
    records = [{"what": what, **_medians(took)} for what, took in took_each.items()]
    for record in records:
        print(json.dumps(record), flush=True)
    return records


def _medians(took: list[tuple[float, float]]) -> dict[str, Any]:
    return {
        "clock_seconds": round(statistics.median(clock for clock, _ in took), 2),
        "quickest_clock_seconds": round(min(clock for clock, _ in took), 2),
        "processor_seconds": round(statistics.median(cpu for _, cpu in took), 2),
        "rounds": len(took),
    }


def _run(code: str, folder: Path) -> tuple[float, float]:
    before, started = os.times(), time.perf_counter()
    with running([sys.executable, "-c", code], folder, {}) as process:
        if process.wait() != 0:
            raise RuntimeError(f"this failed: {code}")
    after = os.times()
    return time.perf_counter() - started, _of_children(before, after)


def _of_children(before: os.times_result, after: os.times_result) -> float:
    user = after.children_user - before.children_user
    return user + after.children_system - before.children_system


def _first_answer(folder: Path) -> tuple[float, float]:
    port = free_port()
    env: Mapping[str, str] = {
        "ENVIRONMENT": "development",
        "DATABASE_URL": "sqlite:///start.db",
        "LOG_LEVEL": "warning",
        "PORT": str(port),
    }
    started = time.perf_counter()
    with running(_server(port), folder, env) as process:
        while process.poll() is None:
            try:
                httpx.get(f"http://127.0.0.1:{port}/health").raise_for_status()
            except httpx.TransportError:
                time.sleep(0.01)
            else:
                return time.perf_counter() - started, processor_seconds(process.pid)
    raise RuntimeError((folder / "output.log").read_text()[-2_000:])


def _server(port: int) -> list[str]:
    return [
        *(sys.executable, "-m", "uvicorn", "app.main:app"),
        *("--host", "127.0.0.1", "--port", str(port), "--no-access-log"),
    ]
