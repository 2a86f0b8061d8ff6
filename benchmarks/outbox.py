"""The outbox: how many messages a core sends, and whether many processes keep one number's pace.

Against a stand-in that takes everything at once (`benchmarks.standin`), on PostgreSQL.
"""

import datetime as dt
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import batched
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx
import uvloop
from sqlalchemy import bindparam, delete, select, update

from app.core.crypto import Keyring
from app.core.settings import DEVELOPMENT_SECRET
from app.database.engines import sync_engine_for
from app.database.schema import load_models
from app.database.session import Database
from app.database.statements import table
from app.identity.models import User
from app.messaging.channel import ChannelRegistry, MessageChannel
from app.messaging.models import ADDRESS, Channel, ChannelState, OutboxMessage
from app.messaging.outbox import delivery
from app.messaging.outbox.enqueue import notify_many
from app.messaging.outbox.notice import Notice
from app.providers.http import sending
from app.providers.whatsapp.client import POLICY, WhatsApp
from app.texts.catalogue import SAMPLES
from benchmarks.population import populate
from tests.infra.forked import Running
from tests.infra.live import running
from tests.infra.postgres import postgres
from tests.infra.run import READY_SECONDS, free_port

BATCH: Final = 100
"""As many as a round of the loop takes."""
PROCESSES: Final = 4
LIMIT: Final = 80
"""What the platform lets a number send in any second."""
_TOKEN: Final = "a token of the benchmarks"


async def drain(*, quick: bool) -> list[dict[str, Any]]:
    """Messages a second of this process's processor time, with no limit; each to another person."""
    url = _database(2_000)
    messages, rounds = (500, 1) if quick else (2_000, 5)
    database = Database(url, Keyring(DEVELOPMENT_SECRET))
    rates, walls = [], []
    try:
        with _standin() as base:
            async with sending(base) as http:
                whatsapp = WhatsApp(http, base=base, version="v1", token=_TOKEN, number_id="1")
                channels = ChannelRegistry({Channel.WHATSAPP: MessageChannel(whatsapp, POLICY)})
                for number in range(rounds + 1):
                    await _fill(database, messages)
                    cpu, wall = await _drained(database, channels, messages)
                    if number:  # the first warms up
                        rates.append(messages / cpu)
                        walls.append(messages / wall)
    finally:
        await database.close()
    record = {
        "what": f"outbox of {messages} offers, no limit",
        "messages_per_second_of_a_core": round(statistics.median(rates)),
        "messages_per_second_on_the_clock": round(statistics.median(walls)),
        "rounds": rounds,
    }
    print(json.dumps(record), flush=True)
    return [record]


async def _drained(
    database: Database, channels: ChannelRegistry, messages: int
) -> tuple[float, float]:
    """Processor and clock seconds until all are sent. Raises if one is not."""
    cpu, started = time.process_time(), time.perf_counter()
    sent = 0
    while sent < messages:
        handled = await delivery.send_due(database, channels, _now, BATCH)
        if not handled:
            raise AssertionError(f"only {sent} of {messages} were due")
        sent += handled
    took = time.process_time() - cpu, time.perf_counter() - started
    async with database.read() as session:
        states = set(await session.scalars(select(OutboxMessage.state).distinct()))
    if states != {"accepted"}:
        raise AssertionError(f"not all were sent: {states}")
    return took


def pace(*, quick: bool) -> list[dict[str, Any]]:
    """With the limit on: messages a second over all, and the most in any second, of four processes."""
    seconds = 5 if quick else 30
    messages = LIMIT * seconds
    url = _database(messages)
    with ExitStack() as stack:
        base = stack.enter_context(_standin())
        env = {
            "ENVIRONMENT": "development",
            "DATABASE_URL": url,
            "SANDBOX": "off",
            "LOG_LEVEL": "warning",
            "WHATSAPP_API_URL": base,
            "WHATSAPP_API_TOKEN": _TOKEN,
            "WHATSAPP_PHONE_NUMBER_ID": "1",
            "WHATSAPP_APP_SECRET": "benchmark-app-secret",
            "WHATSAPP_MESSAGES_PER_SECOND": str(LIMIT),
            "WHATSAPP_DAILY_PEOPLE": "0",
        }
        for _ in range(PROCESSES):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            command = [sys.executable, "-m", "app", "worker"]
            stack.enter_context(running(command, folder, env))
        time.sleep(8)  # all four are up, and have nothing to do
        uvloop.run(_fill_from_outside(url, messages))
        times = _arrivals(base, messages, patience_seconds=seconds * 3 + 30)
    record = {
        "what": f"{messages} messages, {PROCESSES} processes, at most {LIMIT} in any second",
        "arrived": len(times),
        "messages_per_second": round((len(times) - 1) / (times[-1] - times[0]), 2),
        "share_of_the_limit": round((len(times) - 1) / (times[-1] - times[0]) / LIMIT, 3),
        "most_in_any_second": most_in_any_second(times),
    }
    print(json.dumps(record), flush=True)
    return [record]


def most_in_any_second(times: Sequence[float]) -> int:
    """The most moments within less than a second of each other; `times` in order."""
    first, most = 0, 0
    for last, moment in enumerate(times):
        while moment - times[first] >= 1:
            first += 1
        most = max(most, last - first + 1)
    return most


def _arrivals(base: str, messages: int, patience_seconds: float) -> list[float]:
    times: list[float] = []
    deadline = time.monotonic() + patience_seconds
    while len(times) < messages and time.monotonic() < deadline:
        time.sleep(1)
        times += httpx.get(f"{base}/times").json()
    return sorted(times)


@contextmanager
def _standin() -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.standin", str(port)]
    with tempfile.TemporaryDirectory() as folder, running(command, Path(folder), {}) as process:
        base = f"http://127.0.0.1:{port}"
        _wait_for(base, process)
        yield base


def _wait_for(base: str, process: Running) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            httpx.get(f"{base}/times")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the stand-in did not start")


def _database(people: int) -> str:
    server = postgres()
    url = server.url(server.create())
    engine = sync_engine_for(url)
    load_models().create_all(engine)
    engine.dispose()
    populate(url, people)
    return url


async def _fill_from_outside(url: str, messages: int) -> None:
    database = Database(url, Keyring(DEVELOPMENT_SECRET))
    try:
        await _fill(database, messages)
    finally:
        await database.close()


async def _fill(database: Database, messages: int) -> None:
    """Write one offer to each of that many workers, each of whom has a phone of their own."""
    async with database.begin() as session:
        await session.execute(delete(OutboxMessage))
        await session.execute(delete(ChannelState))
        people: list[UUID] = list(
            await session.scalars(select(User.id).where(User.role == "worker").limit(messages))
        )
        await _give_phones(session, people)
        now = _now()
        for some in batched((_notice(user_id, now) for user_id in people), 1_000):
            await notify_many(session, some, now)
    if len(people) != messages:
        raise AssertionError(f"{len(people)} people for {messages} messages")


async def _give_phones(session: Any, people: Sequence[UUID]) -> None:
    keys: Keyring = session.info["keyring"]
    phones = [(user_id, f"+9198{number:08}") for number, user_id in enumerate(people)]
    connection = await session.connection()
    await connection.execute(
        update(table(User))
        .where(table(User).c.id == bindparam("who"))
        .values(phone_sealed=bindparam("sealed"), phone_index=bindparam("found_by")),
        [
            {
                "who": user_id,
                "sealed": keys.seal(phone, ADDRESS),
                "found_by": keys.index(phone, "phone"),
            }
            for user_id, phone in phones
        ],
    )


def _notice(user_id: UUID, now: dt.datetime) -> Notice:
    params = {**SAMPLES, "respond_by": (now + dt.timedelta(hours=4)).isoformat()}
    return Notice(user_id, "job_offer", params, key=f"{user_id}{now.timestamp()}")


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
