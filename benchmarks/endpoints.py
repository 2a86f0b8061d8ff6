"""Hot endpoints of the application against the barest that could answer the same, on PostgreSQL."""

import asyncio
import datetime as dt
import hashlib
import hmac
import itertools
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, select, text

from app.core.crypto import Keyring, derive
from app.core.ids import new_id
from app.core.settings import DEVELOPMENT_SECRET, SANDBOX_PHONE_NUMBER_ID
from app.database.engines import sync_engine_for
from app.database.schema import load_models
from app.database.session import Database
from app.identity.models import Role
from app.identity.sessions import DatabaseSessions
from app.identity.tokens import Claims, TokenRing
from app.jobs.models import Job, JobSlot
from app.offers.models import JobMatch
from app.workers.models import Worker
from benchmarks.load import Load, Server, ask
from benchmarks.population import EMPLOYER_ID, JOB_ID, populate
from tests.infra.live import end_of_log, running, wait_until_healthy
from tests.infra.postgres import postgres
from tests.infra.run import free_port

OFFERS: Final = 60
"""Offers of the worker who asks: three pages of them."""
APP_SECRET: Final = "benchmark-app-secret"
STRIPE_SECRET: Final = "whsec_benchmark"


def run(*, quick: bool) -> list[dict[str, Any]]:
    """Requests a second, ours and bare, in turns; medians of the rounds."""
    server = postgres()
    url = server.url(server.create())
    engine = sync_engine_for(url)
    load_models().create_all(engine)
    with engine.begin() as connection:
        connection.execute(
            text("CREATE TABLE bare_events (id bigserial PRIMARY KEY, body bytea NOT NULL)")
        )
    engine.dispose()
    populate(url, 1_000)
    token = asyncio.run(_signed_in_worker_with_offers(url))
    common = {
        "ENVIRONMENT": "test",
        "DATABASE_URL": url,
        "BACKGROUND_LOOPS": "off",
        "SANDBOX": "off",
        "RATE_LIMITS": "off",
        "LOG_LEVEL": "warning",
        "WHATSAPP_APP_SECRET": APP_SECRET,
        "STRIPE_SECRET_KEY": "sk_test_benchmark",
        "STRIPE_WEBHOOK_SECRET": STRIPE_SECRET,
    }
    bare = {
        "DATABASE_URL": url,
        "APP_SECRET": APP_SECRET,
        "STRIPE_SECRET": STRIPE_SECRET,
        "TOKEN_KEY": derive(DEVELOPMENT_SECRET, "access-token").hex(),
    }
    with (
        tempfile.TemporaryDirectory() as one,
        tempfile.TemporaryDirectory() as two,
        served(Path(one), common, "app.main:app") as ours,
        served(Path(two), bare, "benchmarks.bare:app") as theirs,
    ):
        return asyncio.run(_measure(ours, theirs, token, quick=quick))


@contextmanager
def served(folder: Path, env: dict[str, str], app: str) -> Iterator[Server]:
    """Serve by uvicorn without its log of requests, ours as it runs, and the bare one likewise."""
    port = free_port()
    command = [
        *(sys.executable, "-m", "uvicorn", app, "--no-access-log"),
        *("--host", "127.0.0.1", "--port", str(port)),
    ]
    here = f"http://127.0.0.1:{port}"
    with running(command, folder, env | {"PORT": str(port), "PUBLIC_URL": here}) as process:
        wait_until_healthy(here, process, folder)
        try:
            yield Server(here, process.pid)
        except Exception as error:
            error.add_note(f"The server ({process.poll()}) said at the end:\n{end_of_log(folder)}")
            raise


async def _measure(
    ours: Server, theirs: Server, token: str, *, quick: bool
) -> list[dict[str, Any]]:
    seconds, rounds = (1.0, 1) if quick else (4.0, 5)
    records = []
    for name, requests in (
        ("GET /api/workers/offers, 20 of 60", itertools.repeat(_offers_request(token))),
        ("POST /api/webhooks/whatsapp, one message", _webhook_requests()),
        ("POST /api/webhooks/stripe, one event", _stripe_requests()),
    ):
        figures: dict[str, list[Load]] = {"ours": [], "bare": []}
        for server in (ours, theirs):
            await ask(server, requests, 1.0)
        for _ in range(rounds):
            for who, server in (("ours", ours), ("bare", theirs)):
                figures[who].append(await ask(server, requests, seconds))
        record: dict[str, Any] = {"endpoint": name, "rounds": rounds, "seconds_each": seconds}
        for field in Load._fields:
            medians = {
                who: statistics.median(getattr(one, field) for one in loads)
                for who, loads in figures.items()
            }
            record |= {f"{who}_{field}": round(value, 3) for who, value in medians.items()}
            ours_over_bare = medians["ours"] / medians["bare"]
            record[f"{field}_ours_over_bare"] = round(ours_over_bare, 3)
        record["per_second_ours_over_bare_by_round"] = [
            round(ours_load.per_second / bare_load.per_second, 2)
            for ours_load, bare_load in zip(figures["ours"], figures["bare"], strict=True)
        ]
        print(json.dumps(record), flush=True)
        records.append(record)
    return records


def _offers_request(token: str) -> bytes:
    return (
        "GET /api/workers/offers HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {token}\r\n\r\n"
    ).encode()


def _webhook_requests() -> Iterator[bytes]:
    for number in itertools.count():
        message = {
            "from": "919812345678",
            "id": f"wamid.benchmark{number}",
            "timestamp": "1764000000",
            "type": "text",
            "text": {"body": "Hello"},
        }
        value = {
            "messaging_product": "whatsapp",
            "metadata": {"phone_number_id": SANDBOX_PHONE_NUMBER_ID},
            "contacts": [{"wa_id": "919812345678", "profile": {"name": "Asha"}}],
            "messages": [message],
        }
        change = {"field": "messages", "value": value}
        event = {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}
        body = json.dumps(event).encode()
        signature = hmac.new(APP_SECRET.encode(), body, hashlib.sha256).hexdigest()
        head = (
            "POST /api/webhooks/whatsapp HTTP/1.1\r\nHost: localhost\r\n"
            "Content-Type: application/json\r\n"
            f"X-Hub-Signature-256: sha256={signature}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        yield head.encode() + body


def _stripe_requests() -> Iterator[bytes]:
    """Events of Stripe that nothing follows from, as large as one of a paid page, signed as Stripe signs."""
    page = {
        "id": "cs_test_benchmark",
        "object": "checkout.session",
        "mode": "setup",
        "url": "x" * 2_000,
    }
    for number in itertools.count():
        event = {
            "id": f"evt_benchmark{number}",
            "object": "event",
            "type": "checkout.session.completed",
            "livemode": False,
            "data": {"object": page},
        }
        body = json.dumps(event).encode()
        at = int(time.time())
        signed = hmac.new(STRIPE_SECRET.encode(), b"%d.%b" % (at, body), hashlib.sha256).hexdigest()
        head = (
            "POST /api/webhooks/stripe HTTP/1.1\r\nHost: localhost\r\n"
            "Content-Type: application/json\r\n"
            f"Stripe-Signature: t={at},v1={signed}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        yield head.encode() + body


async def _signed_in_worker_with_offers(url: str) -> str:
    """An access token of a worker with `OFFERS` offers of as many jobs."""
    now = dt.datetime.now(dt.UTC)
    database = Database(url, Keyring(DEVELOPMENT_SECRET))
    try:
        async with database.begin() as session:
            worker_id = (await session.scalars(select(Worker.id).limit(1))).one()
            job = (await session.scalars(select(Job).where(Job.id == JOB_ID))).one()
            columns = {c.key: getattr(job, c.key) for c in Job.__table__.columns}
            jobs = [
                columns
                | {
                    "id": new_id(),
                    "city": "Mumbai",
                    "title": f"Evening waiter {number}",
                    "description": f"Serve dinner in our house number {number}; we show you how.",
                }
                for number in range(OFFERS)
            ]
            await session.execute(insert(Job), jobs)
            shifts = [(4, dt.time(17), dt.time(21)), (5, dt.time(17), dt.time(21))]
            await session.execute(
                insert(JobSlot),
                [
                    {"job_id": one["id"], "weekday": weekday, "starts": starts, "ends": ends}
                    for one in jobs
                    for weekday, starts, ends in shifts
                ],
            )
            await session.execute(
                insert(JobMatch),
                [_match(one["id"], worker_id, now, 2 + n / 10) for n, one in enumerate(jobs)],
            )
            issued = await DatabaseSessions().create(session, worker_id, 1, now)
    finally:
        await database.close()
    ring = TokenRing([DEVELOPMENT_SECRET], lifetime_seconds=3_600)
    return ring.issue(Claims(worker_id, issued.session_id, Role.WORKER, 1), now)


def _match(job_id: UUID, worker_id: UUID, now: dt.datetime, km: float) -> dict[str, Any]:
    parts = ("distance", "availability", "skills", "experience", "reliability")
    return {
        "id": new_id(),
        "job_id": job_id,
        "worker_id": worker_id,
        "employer_id": EMPLOYER_ID,
        "status": "offered",
        "wave": 1,
        "score": 70.0,
        **{f"score_{part}": 70.0 for part in parts},
        "distance_km": km,
        "why": [{"kind": "distance", "km": km}],
        "price_amount": 4_900,
        "price_currency": "INR",
        "offered_at": now,
        "respond_by": now + dt.timedelta(hours=4),
        "updated_at": now,
    }
