"""Money under load: an unlock paid out of the balance, a day of a provider's books, and a backlog of open payments.

An unlock is measured against transactions of the same session that insert one row, in turns. The day and the backlog
run in processes of their own, whose memory is measured.
"""

import asyncio
import datetime as dt
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Keyring
from app.core.ids import new_id
from app.core.money import Money
from app.database.engines import sync_engine_for
from app.database.schema import load_models
from app.database.session import Database
from app.employers.models import Employer
from app.identity.actor import Actor
from app.identity.models import Role, SignInTries, UserStatus
from app.offers import respond
from app.offers.rules import OfferAnswer
from app.payments import ledger, purchase, reconcile, rules
from app.payments.day_books import reconcile_day
from app.payments.models import (
    LedgerEntry,
    LedgerTransaction,
    Order,
    Payment,
    PaymentAttempt,
    Unlock,
)
from app.payments.provider import (
    Books,
    Checkout,
    CheckoutState,
    Movement,
    MovementKind,
)
from app.payments.rules import AccountType, PayWith
from app.payments.settle import settle
from benchmarks.measure import Times
from tests.infra.postgres import OwnPostgres, postgres
from tests.support.database import employer_of, market
from tests.support.factories import NOW

MOVEMENTS: Final = 100_000
PENDING: Final = 100_000
PAGE: Final = 100
"""Movements in one answer of a provider, as Stripe gives at most."""
_SECRET: Final = "benchmarks only, nothing real is sealed by it"
_DAY: Final = dt.date(2026, 11, 20)
_PRICE: Final = 4_900
_CHUNK: Final = 5_000


async def unlocks(*, quick: bool) -> list[dict[str, Any]]:
    """Milliseconds of an unlock out of the balance, of one told by a provider, and of one row, in turns; medians.

    Of PostgreSQL there are two: as production runs it, where a commit waits for the disk, and as our tests run it.
    """
    records = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        durable, server = _durable_postgres(folder, stack), postgres()
        urls = {
            "sqlite": f"sqlite:///{folder / 'unlocks.db'}",
            "postgresql": durable.url(durable.create()),
            "postgresql, commits not durable": server.url(server.create()),
        }
        for name, url in urls.items():
            _make(url)
            database = Database(url, Keyring(_SECRET))
            try:
                record = {"database": name} | await _unlocks(database, 5 if quick else 150)
            finally:
                await database.close()
            print(json.dumps(record), flush=True)
            records.append(record)
    return records


def _durable_postgres(folder: Path, stack: ExitStack) -> OwnPostgres:
    """Start a PostgreSQL whose commits wait for the disk; it ends with the stack."""
    folder.chmod(0o755)  # another system user runs it
    server = OwnPostgres(folder / "durable", durable=True)
    server.start()
    stack.callback(server.stop)
    return server


async def _unlocks(database: Database, count: int) -> dict[str, Any]:
    job_id, people = await market(database, 2 * count, positions=2 * count)
    employer_id = await employer_of(database, job_id)
    async with database.begin() as session:
        verified = update(Employer).where(Employer.id == employer_id).values(verified_at=NOW)
        await session.execute(verified)
        for worker_id, match_id in people:
            await respond.respond(session, worker_id, match_id, OfferAnswer.ACCEPT, None, NOW)
        amount = count * _PRICE
        sides = rules.top_up(amount, amount, employer_id)
        await ledger.book(
            session,
            "top_up:1",
            sides,
            currency="INR",
            payment_id=None,
            now=NOW,
            provider="stripe",
        )
    actor = Actor(employer_id, Role.EMPLOYER, UserStatus.ACTIVE, "")
    paged = iter(people[count:])

    async def tap(match_id: UUID) -> None:
        async with database.begin() as session:
            await purchase.begin(
                session, actor, [match_id], NOW, paced=False, pay_with=PayWith.BALANCE
            )

    async def told(order: Order) -> None:
        async with database.begin() as session:
            await settle(session, _paid(order), NOW, livemode=False)

    async def own_row(_number: int) -> None:
        async with database.begin() as session:
            row = insert(SignInTries).values(key=new_id().hex, failures=0, updated_at=NOW)
            await session.execute(row)

    clocks = {name: (Times(), Times()) for name in ("unlock", "settle", "own_row")}
    for number, (_, match_id) in enumerate(people[:count]):
        async with database.begin() as session:
            order = await purchase.begin(
                session, actor, [next(paged)[1]], NOW, paced=False, pay_with=PayWith.PAGE
            )
        if order is None:
            raise AssertionError("a page was not begun")
        turn = {"unlock": tap(match_id), "settle": told(order), "own_row": own_row(number)}
        for name, work in turn.items():
            begun, used = time.perf_counter(), time.process_time()
            await work
            if number >= count // 10:  # the first warm up
                clocks[name][0].samples.append((time.perf_counter() - begun) * 1_000)
                clocks[name][1].samples.append((time.process_time() - used) * 1_000)
    async with database.read() as session:
        if await session.scalar(select(func.count()).select_from(Unlock)) != 2 * count:
            raise AssertionError("not every tap and not every page unlocked a lead")
    row, row_cpu = clocks["own_row"]
    return {
        name: wall.summary()
        | {
            "over_own_row": round(wall.median / row.median, 2),
            "processor_ms": round(cpu.median, 2),
            "processor_over_own_row": round(cpu.median / row_cpu.median, 2),
        }
        for name, (wall, cpu) in clocks.items()
    }


def _paid(order: Order) -> Checkout:
    """The provider's word that an order's page was paid."""
    price, ends = order.price, NOW + dt.timedelta(hours=1)
    intent = f"pi_{order.id}"
    state = CheckoutState.PAID
    return Checkout(f"cs_{order.id}", None, state, ends, price, False, str(order.id), intent)


def _make(url: str) -> None:
    engine = sync_engine_for(url)
    load_models().create_all(engine)
    engine.dispose()


# ── A day, and a backlog ─────────────────────────────────────────────────────────────────────────


def books(*, quick: bool) -> list[dict[str, Any]]:
    """Seconds and memory of reconciling a day, on both databases, each in a process of its own."""
    return _apart("day", 2_000 if quick else MOVEMENTS)


def pending(*, quick: bool) -> list[dict[str, Any]]:
    """What a round costs beside a backlog of open payments, and whether the newest is asked about in it."""
    return _apart("pending", 2_000 if quick else PENDING)


def _apart(what: str, count: int) -> list[dict[str, Any]]:
    records = []
    with tempfile.TemporaryDirectory() as folder:
        server = postgres()
        urls = {
            "sqlite": f"sqlite:///{Path(folder) / f'{what}.db'}",
            "postgresql": server.url(server.create()),
        }
        for name, url in urls.items():
            _make(url)
            _run_step(what, "fill", url, count)
            record = {"database": name} | json.loads(_run_step(what, "measure", url, count))
            print(json.dumps(record), flush=True)
            records.append(record)
    return records


def _run_step(what: str, step: str, url: str, count: int) -> bytes:
    """Run `_step` in a process of its own; return what it writes."""
    command = [sys.executable, "-m", "benchmarks.payments", what, step, url, str(count)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


class StubProvider:
    """A provider with a day of captures, and pages that nobody has paid; only what reconciling asks."""

    name = "stripe"
    livemode = False
    books = Books(dt.UTC, 1)

    def __init__(self, count: int = 0) -> None:
        self._count = count
        self.asked: set[str] = set()

    async def movements(self, day: dt.date) -> AsyncIterator[Sequence[Movement]]:
        """A day of captures, page by page."""
        numbers = range(self._count if day == _DAY else 0)
        money, fee = Money(_PRICE, "INR"), Money(100, "INR")
        for start in numbers[::PAGE]:
            yield [
                Movement(f"txn_{number}", MovementKind.CAPTURE, f"pi_{number}", money, fee)
                for number in numbers[start : start + PAGE]
            ]

    async def checkout(self, session_id: str) -> Checkout:
        """An open page."""
        self.asked.add(session_id)
        price = Money(_PRICE, "INR")
        ends = NOW + dt.timedelta(days=2)
        return Checkout(session_id, None, CheckoutState.OPEN, ends, price, False, None, None)


async def _fill(database: Database, what: str, count: int) -> None:
    job_id, [(_, match_id)] = await market(database)
    employer_id = await employer_of(database, job_id)
    fill = _fill_day if what == "day" else _fill_pending
    if what == "day":
        async with database.begin() as session:
            # Opens the accounts.
            await ledger.book(
                session,
                "capture:first",
                rules.capture(1),
                currency="INR",
                payment_id=None,
                now=NOW,
                provider="stripe",
            )
    for start in range(0, count, _CHUNK):
        async with database.begin() as session:
            await fill(session, employer_id, match_id, range(start, min(count, start + _CHUNK)))


async def _fill_day(
    session: AsyncSession, employer_id: UUID, match_id: UUID, numbers: range
) -> None:
    at = dt.datetime.combine(_DAY, dt.time(1), dt.UTC)
    ids = {number: new_id() for number in numbers}
    paid = {"employer_id": employer_id, "match_id": match_id, "status": "refunded"}
    price = {"amount": _PRICE, "currency": "INR", "refunded_amount": 0, "attempt": 1}
    when = {"created_at": at, "updated_at": at}
    await session.execute(
        insert(Payment),
        [paid | price | when | {"id": ids[n], "intent_id": f"pi_{n}"} for n in numbers],
    )
    headers = [
        {
            "id": new_id(),
            "kind": "capture",
            "event_key": f"capture:{ids[number]}",
            "occurred_at": at + dt.timedelta(milliseconds=number),
            "booked_at": at,
            "provider": "stripe",
            "provider_ref": f"pi_{number}",
            "payment_id": ids[number],
        }
        for number in numbers
    ]
    await session.execute(insert(LedgerTransaction), headers)
    accounts = {
        _PRICE: ledger.account_id(AccountType.PROVIDER_CASH, "INR", provider="stripe"),
        -_PRICE: ledger.account_id(AccountType.LEAD_REVENUE, "INR"),
    }
    entries = [
        {
            "id": new_id(),
            "transaction_id": header["id"],
            "account_id": account,
            "amount": amount,
            "currency": "INR",
        }
        for header in headers
        for amount, account in accounts.items()
    ]
    await session.execute(insert(LedgerEntry), entries)


async def _fill_pending(
    session: AsyncSession, employer_id: UUID, _match_id: UUID, numbers: range
) -> None:
    """Open orders, older and older, all of which are due to be asked about."""
    orders, attempts = [], []
    for number in numbers:
        at = NOW - dt.timedelta(hours=1, seconds=PENDING - number)
        id_ = new_id()
        when = {"created_at": at, "updated_at": at}
        orders.append(
            when
            | {"id": id_, "employer_id": employer_id, "kind": "top_up", "status": "pending"}
            | {"total": _PRICE, "currency": "INR", "pay_with": "page", "credits": _PRICE}
        )
        attempts.append(
            when
            | {"id": new_id(), "order_id": id_, "number": 1, "provider": "stripe"}
            | {"idempotency_key": f"pay:{id_}:1", "status": "open"}
            | {"session_id": f"cs_{number}", "expires_at": NOW + dt.timedelta(days=2)}
            | {"check_at": at + dt.timedelta(minutes=2)}
        )
    await session.execute(insert(Order), orders)
    await session.execute(insert(PaymentAttempt), attempts)


async def _day(database: Database, count: int) -> dict[str, Any]:
    before = _megabytes()
    begun, used = time.perf_counter(), time.process_time()
    report = await reconcile_day(database, StubProvider(count), _DAY, NOW)  # type: ignore[arg-type] # all it asks
    took = time.perf_counter() - begun
    if report.movements != count or report.differences:
        raise AssertionError(report.differences[:3])
    return {
        "movements": count,
        "seconds": round(took, 1),
        "processor_seconds": round(time.process_time() - used, 1),
        "megabytes": _megabytes(),
        "megabytes_before": before,
    }


async def _pending(database: Database, count: int) -> dict[str, Any]:
    provider = StubProvider()
    before = _megabytes()
    rounds, used = Times(), time.process_time()
    for number in range(12):
        begun = time.perf_counter()
        asked = await reconcile.check_due(database, provider, lambda: NOW, 20)  # type: ignore[arg-type] # all it asks
        if asked != 20:
            raise AssertionError(f"{asked} of 20 were asked about")
        if number:  # the first warms up
            rounds.samples.append((time.perf_counter() - begun) * 1_000 / asked)
    newest, oldest = f"cs_{count - 1}", "cs_0"
    if not {newest, oldest} <= provider.asked:
        raise AssertionError("the newest and the oldest are asked about first")
    return {
        "pending": count,
        "one_question": rounds.summary(),
        "processor_ms_each": round((time.process_time() - used) * 1_000 / (12 * 20), 1),
        "megabytes": _megabytes(),
        "megabytes_before": before,
    }


def _megabytes() -> int:
    """The most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_024


async def once(what: str, url: str, count: int) -> dict[str, Any]:
    """Fill a new database and measure once, in this process."""
    _make(url)
    await _step(what, "fill", url, count)
    return await _step(what, "measure", url, count)


async def _step(what: str, step: str, url: str, count: int) -> dict[str, Any]:
    database = Database(url, Keyring(_SECRET))
    try:
        if step == "fill":
            await _fill(database, what, count)
            async with database.begin() as session:
                # As autovacuum does while such a day fills up.
                await session.execute(text("ANALYZE"))
            return {}
        return await (_day if what == "day" else _pending)(database, count)
    finally:
        await database.close()


if __name__ == "__main__":
    _what, _do, _url, _count = sys.argv[1:]
    sys.stdout.write(json.dumps(asyncio.run(_step(_what, _do, _url, int(_count)))))
