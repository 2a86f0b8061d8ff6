"""Rows that many transactions write: the head of the audit log, and the state of a channel.

Writers are tasks of one process, each with a connection of its own. Every transaction inserts a row of its
own; beside that it writes nothing, or an entry of the audit log, or takes turns to send. The ratios say
what the hot row costs, and how far it keeps writers from working side by side.
"""

import asyncio
import datetime as dt
import itertools
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.audit.log import verify
from app.core.crypto import Keyring
from app.core.ids import new_id
from app.database.engines import sync_engine_for
from app.database.schema import load_models
from app.database.session import Database
from app.identity.models import SignInTries
from app.messaging.outbox.channel_health import lock_state
from app.messaging.outbox.rate_limiter import reserve
from benchmarks.measure import Times
from tests.infra.postgres import postgres

WRITERS: Final = (1, 4, 16)
_SECRET: Final = "benchmarks only, nothing real is sealed by it"
_TURNS_A_SECOND: Final = 1_000
"""More than any number has, so that slots are never what is waited for."""
_TURNS: Final = 10

type Write = Callable[[AsyncSession], Awaitable[None]]


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


async def _own_row(session: AsyncSession) -> None:
    row = {"key": new_id().hex, "failures": 0, "updated_at": _now()}
    await session.execute(insert(SignInTries).values(**row))


async def _audited(session: AsyncSession) -> None:
    await _own_row(session)
    audit.record(session, "benchmark.write", new_id(), None, _now())


async def _with_turns(session: AsyncSession) -> None:
    await _own_row(session)
    state = await lock_state(session, "whatsapp", _now())
    _, state.turns = reserve(state.turns or (), _TURNS_A_SECOND, time.time(), _TURNS)


KINDS: Final[dict[str, Write]] = {
    "own row only": _own_row,
    "audit_head": _audited,
    "channel_states": _with_turns,
}


async def run(*, quick: bool) -> list[dict[str, Any]]:
    """Transactions a second of each kind and number of writers, in turns; medians."""
    server = postgres()
    url = server.url(server.create())
    engine = sync_engine_for(url)
    load_models().create_all(engine)
    engine.dispose()
    database = Database(url, Keyring(_SECRET))
    times = {case: Times() for case in itertools.product(KINDS, WRITERS)}
    waited = {case: Times() for case in times}
    try:
        for number in range(2 if quick else 8):
            for (kind, writers), rates in times.items():
                took: list[float] = []
                rate = await _race(database, KINDS[kind], writers, 2 if quick else 10, took)
                if number:  # the first of each warms up
                    rates.samples.append(rate)
                    waited[kind, writers].samples += took
        async with database.begin() as session:
            rows, broken = await verify(session)
        if broken is not None:
            raise AssertionError(f"the chain of {rows} entries is broken")
    finally:
        await database.close()
    records = []
    for (kind, writers), rates in times.items():
        record = {
            "what": kind,
            "writers": writers,
            "per_second": round(rates.median),
            "over_own_row_only": round(rates.median / times["own row only", writers].median, 2),
            "over_one_writer": round(rates.median / times[kind, 1].median, 2),
            "waits": waited[kind, writers].summary(),
        }
        print(json.dumps(record), flush=True)
        records.append(record)
    return records


async def _race(
    database: Database, write: Write, writers: int, each: int, took: list[float]
) -> float:
    """Let each writer make so many transactions; return how many a second, and note their milliseconds."""

    async def writer() -> None:
        for _ in range(each):
            began = time.perf_counter()
            async with database.begin() as session:
                await write(session)
            took.append((time.perf_counter() - began) * 1_000)

    started = time.perf_counter()
    await asyncio.gather(*(writer() for _ in range(writers)))
    return writers * each / (time.perf_counter() - started)
