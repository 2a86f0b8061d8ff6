"""Hot endpoints of the application against the barest that could answer the same, on PostgreSQL."""

import asyncio
import datetime as dt
import hashlib
import hmac
import itertools
import json
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, select, text

from app.core.crypto import Keyring, derive
from app.core.ids import new_id
from app.core.settings import DEVELOPMENT_SECRET
from app.db import Database, load_models, sync_engine_for
from app.identity.models import Role
from app.identity.sessions import DatabaseSessions
from app.identity.tokens import Claims, TokenRing
from app.jobs.models import Job, JobSlot
from app.offers.models import JobMatch
from app.workers.models import Worker
from benchmarks.load import requests_per_second
from benchmarks.population import EMPLOYER_ID, JOB_ID, populate
from tests.infra.live import serve_process
from tests.infra.postgres import postgres

OFFERS: Final = 60
"""Offers of the worker who asks: three pages of them."""
APP_SECRET: Final = "benchmark-app-secret"


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
    }
    bare = {
        "DATABASE_URL": url,
        "APP_SECRET": APP_SECRET,
        "TOKEN_KEY": derive(DEVELOPMENT_SECRET, "access-token").hex(),
    }
    with (
        tempfile.TemporaryDirectory() as one,
        tempfile.TemporaryDirectory() as two,
        serve_process(Path(one), common) as ours,
        serve_process(Path(two), bare, app="benchmarks.bare:app") as theirs,
    ):
        return asyncio.run(_measure(ours, theirs, token, quick=quick))


async def _measure(ours: str, theirs: str, token: str, *, quick: bool) -> list[dict[str, Any]]:
    seconds, rounds = (1.0, 1) if quick else (4.0, 5)
    records = []
    for name, requests in (
        ("GET /api/workers/offers, 20 of 60", itertools.repeat(_offers_request(token))),
        ("POST /api/webhooks/whatsapp, one message", _webhook_requests()),
    ):
        figures: dict[str, list[float]] = {"ours": [], "bare": []}
        for base_url in (ours, theirs):
            await requests_per_second(base_url, requests, 1.0)
        for _ in range(rounds):
            for who, base_url in (("ours", ours), ("bare", theirs)):
                figures[who].append(await requests_per_second(base_url, requests, seconds))
        medians = {who: statistics.median(values) for who, values in figures.items()}
        record = {
            "endpoint": name,
            "ours_per_second": round(medians["ours"]),
            "bare_per_second": round(medians["bare"]),
            "ours_over_bare": round(medians["ours"] / medians["bare"], 3),
            "rounds": rounds,
            "seconds_each": seconds,
        }
        print(json.dumps(record))
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
            "metadata": {"phone_number_id": "1"},
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


async def _signed_in_worker_with_offers(url: str) -> str:
    """An access token of a worker with `OFFERS` offers of as many jobs."""
    now = dt.datetime.now(dt.UTC)
    database = Database(url, Keyring(DEVELOPMENT_SECRET))
    try:
        async with database.begin() as session:
            worker_id = (await session.scalars(select(Worker.id).limit(1))).one()
            job = (await session.scalars(select(Job).where(Job.id == JOB_ID))).one()
            columns = {c.key: getattr(job, c.key) for c in Job.__table__.columns}
            jobs = [columns | {"id": new_id(), "city": "Mumbai"} for _ in range(OFFERS)]
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
                insert(JobMatch), [_match(one["id"], worker_id, now) for one in jobs]
            )
            issued = await DatabaseSessions().create(session, worker_id, 1, now)
    finally:
        await database.close()
    ring = TokenRing([DEVELOPMENT_SECRET], lifetime_seconds=3_600)
    return ring.issue(Claims(worker_id, issued.session_id, Role.WORKER, 1), now)


def _match(job_id: UUID, worker_id: UUID, now: dt.datetime) -> dict[str, Any]:
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
        "distance_km": 2.1,
        "why": [{"kind": "distance", "km": 2.1}],
        "price_amount": 4_900,
        "price_currency": "INR",
        "offered_at": now,
        "respond_by": now + dt.timedelta(hours=4),
        "updated_at": now,
    }
