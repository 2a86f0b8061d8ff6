"""Server time of every page, for an employer of thousands of jobs and for an administrator, on both databases.

One request after the other on one connection, as a browser asks for a page: the time is from the request to the
last byte, so on a busy machine it is what others take, too. The processor's time of the server stands beside it.
"""

import asyncio
import datetime as dt
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx
from pydantic import SecretStr
from sqlalchemy import Engine, insert, select, text

from app.core.ids import new_id
from app.core.settings import Settings
from app.database.engines import sync_engine_for
from app.database.schema import load_models
from app.database.session import Database
from app.employers.models import Employer
from app.jobs.models import Job, JobSlot
from app.offers.models import JobMatch
from app.payments.models import Order, Payment
from app.runtime import build_keyring
from app.web.console import market_figures
from app.workers.models import Worker
from benchmarks.endpoints import served
from benchmarks.load import Server
from benchmarks.measure import processor_seconds
from benchmarks.population import METRO, populate
from tests.infra.postgres import own_postgres
from tests.infra.run import ROOT
from tests.support.page_reader import PageReader

WORKERS: Final = 100_000
JOBS: Final = 10_000
MATCHES_A_JOB: Final = 10
PAYMENTS: Final = 10_000
MANY_LEADS: Final = 400
"""Who said yes to one job."""
PASSWORD: Final = "a busy cafe on hill road"
ADMIN: Final = "admin@example.com"
OWNER: Final = "rustom1@example.com"
"""As `PageReader.sign_up` opens the account."""
STATUSES: Final = ("published", "filled", "expired", "cancelled", "draft", "closed")
ANSWERS: Final = ("accepted", "rejected", "expired", "offered", "closed")
_BATCH: Final = 5_000

EVERYBODY: Final = ("/", "/signup", "/signin", "/check", "/help", "/help/price")
EMPLOYERS: Final = (
    *(
        "/overview",
        "/jobs",
        "/jobs?sort=waiting&status=published",
        "/jobs?sort=starts",
        "/jobs?q=9999",
    ),
    *("/jobs/new", "/jobs/templates", "/payments", "/payments?sort=amount", "/payments?q=9999"),
    *("/invoices", "/balance", "/company", "/team"),
)
CONSOLE: Final = (
    *("/console", "/console/waiting", "/console/review", "/console/companies", "/console/money"),
    *(
        "/console/lists/workers",
        "/console/lists/jobs",
        "/console/lists/payments",
        "/console/lists/reports",
    ),
    *("/console/lists/logs", "/console/market", "/console/settings", "/console/bulk/new"),
    *("/console/find", "/console/find?q=worker+99", "/console/second-factor"),
)


def run(*, quick: bool, keep: Path | None = None) -> list[dict[str, Any]]:
    """Return a record for each page and database. Raises `RuntimeError` at an answer that is not 200.

    With `keep` both databases are filled in that folder once, and a later run only asks.
    """
    records = []
    for kind in ("sqlite", "postgresql"):
        with tempfile.TemporaryDirectory() as made:
            folder = (keep or Path(made)) / kind
            with _database(kind, folder) as url:
                loaded = folder / "loaded.json"
                if not loaded.exists():
                    loaded.write_text(json.dumps(_load(url, folder, quick=quick)))
                records += _measured(kind, url, folder, json.loads(loaded.read_text()), quick=quick)
    return records


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[str]:
    """Give the URL of a database whose files are in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    if kind == "sqlite":
        yield f"sqlite:///{folder}/partimer.db"
        return
    cluster = folder / "cluster"
    cluster.mkdir(mode=0o755, exist_ok=True)
    for parent in (folder, *folder.parents[:1]):
        parent.chmod(0o755)  # PostgreSQL runs as another user, who has to be let in
    with own_postgres(cluster) as server:
        yield server.url("postgres")


def _env(url: str) -> dict[str, str]:
    return {
        "ENVIRONMENT": "test",
        "DATABASE_URL": url,
        "BACKGROUND_LOOPS": "off",
        "RATE_LIMITS": "off",
        "LOG_LEVEL": "warning",
    }


def _load(url: str, folder: Path, *, quick: bool) -> dict[str, Any]:
    """Fill an empty database; return how many of what are there, and the job with the most leads."""
    workers, jobs = (300, 60) if quick else (WORKERS, JOBS)
    engine = sync_engine_for(url)
    load_models().create_all(engine)
    populate(url, workers)
    subprocess.run(
        [sys.executable, "-m", "app", "create-admin", "--email", ADMIN],
        cwd=ROOT,
        env={**os.environ, **_env(url), "ADMIN_PASSWORD": PASSWORD},
        check=True,
        capture_output=True,
    )
    with served(folder, _env(url), "app.main:app") as server:
        PageReader(server.base_url).sign_up()
    job_id = _fill(engine, jobs)
    with engine.connect() as connection:  # as an hour of running would have, by itself
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
    engine.dispose()
    counts = {"workers": workers, "jobs": jobs, "matches": jobs * MATCHES_A_JOB}
    return counts | {"job_id": str(job_id)}


def _measured(
    kind: str, url: str, folder: Path, loaded: dict[str, Any], *, quick: bool
) -> list[dict[str, Any]]:
    records = []
    job_id = loaded.pop("job_id")
    asyncio.run(_keep_figures(url))
    with served(folder, _env(url), "app.main:app") as server:
        guest, owner, admin = (PageReader(server.base_url) for _ in range(3))
        _sign_in(owner, OWNER)
        _sign_in(admin, ADMIN)
        asked = itertools.chain(
            zip(itertools.repeat(guest), EVERYBODY),
            zip(itertools.repeat(owner), (*EMPLOYERS, f"/jobs/{job_id}")),
            zip(itertools.repeat(admin), CONSOLE),
        )
        for reader, path in asked:
            shown = path.replace(job_id, "{id}")
            times = _times(server, reader, path, rounds=3 if quick else 30)
            records.append({"database": kind} | loaded | {"page": shown} | times)
            print(json.dumps(records[-1]), flush=True)
    return records


async def _keep_figures(url: str) -> None:
    """Count the market as the loop does where loops run: the measured server runs none."""
    settings = Settings(_env_file=None, environment="test", database_url=SecretStr(url))
    database = Database(url, build_keyring(settings))
    for _ in market_figures.PERIODS:
        await market_figures.keep_due(database, dt.datetime.now(dt.UTC))
    await database.close()


def _sign_in(reader: PageReader, email: str) -> None:
    reader.get("/signin")
    answer = reader.send("/signin", {"email": email, "password": PASSWORD})
    if answer.status_code != 303:
        raise RuntimeError(f"{email} could not sign in: {answer.status_code}")


def _times(server: Server, reader: PageReader, path: str, *, rounds: int) -> dict[str, Any]:
    cookies = "; ".join(f"{name}={value}" for name, value in reader.cookies.items())
    headers = {"Accept": "text/html", "Cookie": cookies}
    waited: list[float] = []
    size = 0
    with httpx.Client(base_url=server.base_url, headers=headers, timeout=60) as client:
        began = time.perf_counter()
        _get(client, path)  # nobody has asked for it before
        first = (time.perf_counter() - began) * 1_000
        for _ in range(2):  # caches and prepared statements are as in use
            _get(client, path)
        used = processor_seconds(server.pid)
        for _ in range(rounds):
            started = time.perf_counter()
            answer = _get(client, path)
            waited.append((time.perf_counter() - started) * 1_000)
            if answer.status_code != 200:
                raise RuntimeError(f"{path} answered {answer.status_code}")
            size = len(answer.content)
        used = processor_seconds(server.pid) - used
    waited.sort()
    return {
        "median_ms": round(statistics.median(waited), 1),
        "p95_ms": round(waited[min(rounds - 1, int(0.95 * rounds))], 1),
        "first_ms": round(first, 1),
        "processor_ms": round(used * 1_000 / rounds, 1),
        "kilobytes": round(size / 1_000, 1),
    }


def _get(client: httpx.Client, path: str) -> httpx.Response:
    """Get a page, once more over a new connection where the first was reset, as a browser does; the time is of both."""
    try:
        return client.get(path)
    except (httpx.NetworkError, httpx.RemoteProtocolError) as error:
        print(f"{path}: again, after {error!r}", file=sys.stderr, flush=True)
        return client.get(path)


def _fill(engine: Engine, jobs: int) -> UUID:
    """Give the newest company so many jobs with matches and payments; return the job with the most leads."""
    now = dt.datetime.now(dt.UTC)
    with engine.begin() as connection:
        newest = select(Employer.id).order_by(Employer.created_at.desc()).limit(1)
        owner = connection.execute(newest).scalar_one()
        workers = list(connection.execute(select(Worker.id).limit(5_000)).scalars())
        crowd = itertools.cycle(workers)
        made = [_job(owner, number, now) for number in range(jobs)]
        for rows in itertools.batched(made, _BATCH):
            connection.execute(insert(Job), list(rows))
            connection.execute(insert(JobSlot), list(_slots(rows)))
        matches = [
            _match(owner, job["id"], next(crowd), ANSWERS[number % len(ANSWERS)], now)
            for job in made
            for number in range(MATCHES_A_JOB)
        ]
        most = made[-1]["id"]
        there = {match["worker_id"] for match in matches if match["job_id"] == most}
        others = [worker for worker in workers if worker not in there]
        matches += [_match(owner, most, worker, "accepted", now) for worker in others[:MANY_LEADS]]
        for rows in itertools.batched(matches, _BATCH):
            connection.execute(insert(JobMatch), list(rows))
        paid = [_payment(owner, match["id"], n, now) for n, match in enumerate(matches[:PAYMENTS])]
        for bought in itertools.batched(paid, _BATCH):
            connection.execute(insert(Order), [order for order, _ in bought])
            connection.execute(insert(Payment), [payment for _, payment in bought])
    return UUID(str(most))


def _job(owner: UUID, number: int, now: dt.datetime) -> dict[str, Any]:
    # The newest is published: it is the one that is looked at.
    status = STATUSES[(number + 1) % len(STATUSES)]
    return {
        "id": new_id(),
        "employer_id": owner,
        "status": status,
        "title": f"Evening waiter {number}",
        "description": "Serve dinner in our house; we show you how.",
        "category": "hospitality",
        "latitude": METRO.latitude,
        "longitude": METRO.longitude,
        "city": "Mumbai",
        "starts_on": now.date() + dt.timedelta(days=number % 60),
        "time_zone": "Asia/Kolkata",
        "positions": 5,
        "required_skills": ["waiter"],
        "accept_limit": MANY_LEADS + MATCHES_A_JOB,
        "accepted": 2,
        "wave": 1,
        "published_at": None if status == "draft" else now - dt.timedelta(minutes=number),
        "closed_at": None if status in {"draft", "published"} else now,
        "created_at": now - dt.timedelta(minutes=number),
        "updated_at": now,
    }


def _slots(jobs: tuple[dict[str, Any], ...]) -> Iterator[dict[str, Any]]:
    for job in jobs:
        for weekday in (4, 5):
            times = {"starts": dt.time(17), "ends": dt.time(21)}
            yield {"id": new_id(), "job_id": job["id"], "weekday": weekday} | times


def _match(
    owner: UUID, job_id: UUID, worker_id: UUID, status: str, now: dt.datetime
) -> dict[str, Any]:
    parts = ("distance", "availability", "skills", "experience", "reliability")
    return {
        "id": new_id(),
        "job_id": job_id,
        "worker_id": worker_id,
        "employer_id": owner,
        "status": status,
        "wave": 1,
        "score": 70.0,
        **{f"score_{part}": 70.0 for part in parts},
        "distance_km": 2.5,
        "why": [{"kind": "distance", "km": 2.5}],
        "price_amount": 4_900,
        "price_currency": "INR",
        "offered_at": now - dt.timedelta(hours=1),
        "respond_by": now + dt.timedelta(hours=4),
        "responded_at": now if status in {"accepted", "rejected"} else None,
        "updated_at": now,
    }


def _payment(
    owner: UUID, match_id: UUID, number: int, now: dt.datetime
) -> tuple[dict[str, Any], dict[str, Any]]:
    order_id = new_id()
    common = {"employer_id": owner, "currency": "INR", "created_at": now, "updated_at": now}
    order = common | {
        "id": order_id,
        "kind": "leads",
        "status": "cancelled",
        "total": 4_900,
        "pay_with": "page",
    }
    payment = common | {
        "id": order_id,
        "order_id": order_id,
        "match_id": match_id,
        "status": "cancelled",
        "amount": 4_900 + number % 100,
    }
    return order, payment
