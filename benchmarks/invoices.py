"""Invoices a second of one seller: all take their number from one locked row.

Against transactions of the same session that commit one row of their own, which is what any write costs.
"""

import asyncio
import datetime as dt
import itertools
import json
import tempfile
import time
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Keyring
from app.core.ids import new_id
from app.core.money import Money
from app.database.engines import sync_engine_for
from app.database.schema import load_models
from app.database.session import Database
from app.identity.models import SignInTries
from app.invoices import issue
from app.invoices.documents import DocumentLine
from app.invoices.models import Invoice
from app.payments.models import Payment
from app.taxes.pack import BuyerFacts, SellerFacts, quote
from benchmarks.measure import Times
from tests.infra.postgres import postgres
from tests.support.database import employer_of, market

WRITERS: Final = (1, 16)
_SECRET: Final = "benchmarks only, nothing real is sealed by it"
_SELLER: Final = SellerFacts("27AAPFU0939F1ZV", 1_800, "998519")


async def run(*, quick: bool) -> list[dict[str, Any]]:
    """Invoices and plain rows a second on both databases, in turns; medians."""
    records = []
    with tempfile.TemporaryDirectory() as folder:
        server = postgres()
        urls = {
            "sqlite": f"sqlite:///{Path(folder) / 'invoices.db'}",
            "postgresql": server.url(server.create()),
        }
        for name, url in urls.items():
            records += await _on(name, url, quick=quick)
    return records


async def _on(name: str, url: str, *, quick: bool) -> list[dict[str, Any]]:
    engine = sync_engine_for(url)
    load_models().create_all(engine)
    engine.dispose()
    database = Database(url, Keyring(_SECRET))
    kinds = {"invoice": _invoice, "own row only": _own_row}
    times = {case: Times() for case in itertools.product(kinds, WRITERS)}
    each = 2 if quick else 20
    try:
        job_id, [(_, match_id)] = await market(database)
        employer_id = await employer_of(database, job_id)
        issued = 0
        for number in range(2 if quick else 8):
            for (kind, writers), rates in times.items():
                payments = await _payments(database, employer_id, match_id, writers * each)
                begun = time.perf_counter()
                parts = [payments[writer::writers] for writer in range(writers)]
                work = kinds[kind]
                await asyncio.gather(*(_write(database, work, employer_id, part) for part in parts))
                took = time.perf_counter() - begun
                issued += len(payments) if kind == "invoice" else 0
                if number:  # the first of each warms up
                    rates.samples.append(len(payments) / took)
        async with database.read() as session:
            last = await session.scalar(select(func.max(Invoice.sequence)))
        if last != issued:
            raise AssertionError(f"{issued} invoices, and the last is number {last}")
    finally:
        await database.close()
    records = []
    for (kind, writers), rates in times.items():
        plain = times["own row only", writers].median
        record = {
            "database": name,
            "what": kind,
            "writers": writers,
            "per_second": round(rates.median),
            "over_own_row_only": round(rates.median / plain, 2),
        }
        print(json.dumps(record), flush=True)
        records.append(record)
    return records


async def _payments(
    database: Database, employer_id: UUID, match_id: UUID, count: int
) -> list[UUID]:
    ids = [new_id() for _ in range(count)]
    now = dt.datetime.now(dt.UTC)
    row = {
        "employer_id": employer_id,
        "match_id": match_id,
        "status": "failed",
        "amount": 4_900,
        "currency": "INR",
        "refunded_amount": 0,
        "attempt": 1,
        "created_at": now,
        "updated_at": now,
    }
    async with database.begin() as session:
        await session.execute(insert(Payment), [row | {"id": payment_id} for payment_id in ids])
    return ids


async def _write(database: Database, work: Any, employer_id: UUID, payments: list[UUID]) -> None:
    for payment_id in payments:
        async with database.begin() as session:
            await work(session, employer_id, payment_id)


async def _invoice(session: AsyncSession, employer_id: UUID, payment_id: UUID) -> None:
    made = quote("india", _SELLER, BuyerFacts(), Money(4_900, "INR"))
    line = DocumentLine(payment_id, "Contact of one worker: Waiter", made)
    now = dt.datetime.now(dt.UTC)
    await issue.issue(session, f"payment:{payment_id}", employer_id, [line], now)


async def _own_row(session: AsyncSession, _employer_id: UUID, _payment_id: UUID) -> None:
    now = dt.datetime.now(dt.UTC)
    await session.execute(insert(SignInTries).values(key=new_id().hex, failures=0, updated_at=now))
