"""Forgetting among many messages: what a round takes with nothing due, and with a quarter of them due.

400,000 messages were sent. Steps are timed one by one, because others wait for the longest of them and not
for the whole; memory is that of the process beyond what it had when it began.
"""

import datetime as dt
import json
import resource
import tempfile
import time
from itertools import batched
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, create_engine, insert, text

from app.background import BATCH
from app.core.crypto import Keyring
from app.core.ids import new_id
from app.database.engines import parse_url, sync_engine_for
from app.database.schema import load_models
from app.database.session import Database
from app.messaging.models import OutboxMessage, OutboxState
from app.messaging.retention import PAUSE_SECONDS, SENT_KEPT, forget_due
from benchmarks.measure import Times
from tests.infra.postgres import postgres

ROWS: Final = 400_000
DUE_SHARE: Final = 4
"""One in so many is old enough to go."""
NOW: Final = dt.datetime(2026, 11, 22, 9, 30, tzinfo=dt.UTC)
_INSERTED_AT_ONCE: Final = 10_000
_SECRET: Final = "benchmarks only, nothing real is sealed by it"


async def run(*, quick: bool) -> list[dict[str, Any]]:
    """Milliseconds of a round with nothing due, of the steps, and memory, on each database."""
    rows = 4_000 if quick else ROWS
    server = postgres()
    records = []
    with tempfile.TemporaryDirectory() as folder:
        for kind, url in (
            ("sqlite", f"sqlite:///{Path(folder) / 'retention.db'}"),
            ("postgresql", server.url(server.create())),
        ):
            _fill(url, rows)
            record = {"what": f"forgetting among {rows} messages", "database": kind}
            record |= await _forget(url)
            print(json.dumps(record), flush=True)
            records.append(record)
    return records


def _fill(url: str, rows: int) -> None:
    engine = sync_engine_for(url)
    load_models().create_all(engine)
    engine.dispose()
    parsed = parse_url(url)
    driver = "postgresql+psycopg" if parsed.drivername == "postgresql" else "sqlite"
    plain: Engine = create_engine(parsed.set(drivername=driver))
    old, young = NOW - SENT_KEPT - dt.timedelta(days=1), NOW - dt.timedelta(days=1)
    due = rows // DUE_SHARE
    with plain.begin() as connection:
        for numbers in batched(range(rows), _INSERTED_AT_ONCE):
            # In the order in which they are sent: ids grow with time.
            sent = [_message(number, old if number < due else young) for number in numbers]
            connection.execute(insert(OutboxMessage), sent)
    with plain.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    plain.dispose()


def _message(number: int, at: dt.datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "key": f"benchmark:{number}",
        "channel": "whatsapp",
        "recipient_sealed": b"sealed",
        "recipient_index": f"{number % 5_000}",
        "kind": "job_offer",
        "language": "en",
        "params_sealed": bytes(300),
        "essential": False,
        "priority": 1,
        "state": OutboxState.DELIVERED,
        "due_at": at,
        "attempts": 1,
        "unanswered": 0,
        "units": 1,
        "created_at": at,
        "sent_at": at,
        "updated_at": at,
    }


async def _forget(url: str) -> dict[str, Any]:
    database = Database(url, Keyring(_SECRET))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    steps, idle = Times(), Times()
    try:
        began = time.perf_counter()
        handled = BATCH
        while handled >= BATCH:
            started = time.perf_counter()
            handled = await forget_due(database, NOW, BATCH)
            pause = PAUSE_SECONDS if handled else 0
            steps.samples.append((time.perf_counter() - started - pause) * 1_000)
        seconds = time.perf_counter() - began
        for _ in range(20):
            started = time.perf_counter()
            if await forget_due(database, NOW, BATCH):
                raise AssertionError("something is still due")
            idle.samples.append((time.perf_counter() - started) * 1_000)
    finally:
        await database.close()
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "steps": len(steps.samples),
        "step": steps.summary(),
        "longest_step_ms": round(max(steps.samples), 1),
        "seconds": round(seconds, 1),
        "nothing_due": idle.summary(),
        "memory_mb": round((after - before) / 1_024, 1),
    }
