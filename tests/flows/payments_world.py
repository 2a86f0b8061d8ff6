"""Leads to buy, and what must hold about money whatever happened."""

import itertools
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import func, select

from app.audit import log
from app.audit.models import AdminActionLog
from app.messaging.models import OutboxMessage
from app.payments import rules
from app.payments.models import LedgerEntry, Payment, Refund, Unlock
from tests.flows.world import Person, World, ok

_places = itertools.count()


def somewhere() -> dict[str, float]:
    """A place of its own, further from every other than anybody travels."""
    number = next(_places)
    return {"latitude": 10.0 + number % 40 * 0.4, "longitude": 72.0 + number // 40 * 0.4}


@dataclass
class Lead:
    """A worker who accepted an employer's offer."""

    world: World
    employer: Person
    worker: Person
    job_id: str
    id: str

    def unlock(self, json: Any = None, **options: Any) -> httpx.Response:
        """Ask to buy the contact."""
        return self.employer.post(f"/api/employers/matches/{self.id}/unlock", json, **options)

    def begin(self) -> dict[str, Any]:
        """Ask to buy the contact, and return the payment page."""
        page: dict[str, Any] = ok(self.unlock(), 202)
        return page

    def buy(self) -> dict[str, Any]:
        """Buy the contact: page, card, news; return the answer that holds it."""
        self.world.pay(self.begin()["checkout_url"])
        bought: dict[str, Any] = ok(self.unlock())
        assert bought["status"] == "unlocked"
        return bought

    @property
    def shown(self) -> dict[str, Any]:
        """The lead as the employer's list of matches shows it."""
        items = self.world.matches(self.employer, self.job_id)
        return next(item for item in items if item["id"] == self.id)

    def contact(self) -> dict[str, Any] | None:
        """The contact as the employer's list shows it now, None before it is bought."""
        found: dict[str, Any] | None = self.shown["contact"]
        return found

    def phone_shown(self) -> str | None:
        """The phone as the employer's list shows it now."""
        contact = self.contact()
        return contact["phone"] if contact else None

    def withdraw(self) -> None:
        """Let the worker take the acceptance back."""
        ok(self.worker.post(f"/api/workers/offers/{self.id}/withdraw"))

    def payments(self) -> list[dict[str, Any]]:
        """The employer's payments for this lead, oldest first."""
        items = ok(self.employer.get("/api/employers/payments?limit=100"))["items"]
        return [item for item in reversed(items) if item["match_id"] == self.id]

    @property
    def payment(self) -> dict[str, Any]:
        """The newest payment for this lead."""
        return self.payments()[-1]


def lead(world: World, employer: Person | None = None, *, accept: bool = True, **job: Any) -> Lead:
    """A worker somewhere, a job there, an offer, and (unless told otherwise) its acceptance."""
    place = somewhere()
    worker = world.worker(location=place, slots=["saturday"])
    employer = employer or world.employer(verified=True)
    made = world.job(employer, location=place, **job)
    [match] = world.matches(employer, made["id"])
    if accept:
        world.accept(worker, match["id"])
    return Lead(world, employer, worker, made["id"], match["id"])


def bought(world: World) -> tuple[Lead, str]:
    """A lead that was bought, and its payment's id."""
    mine = lead(world)
    return mine, mine.buy()["payment"]["id"]


def later(world: World, *leads: Lead, **units: float) -> None:
    """Let time pass, and let the employers of these leads sign in again."""
    world.clock.advance(**units)
    for one in leads:
        assert one.employer.email is not None
        one.employer.token = world.sign_in(one.employer.email, role="employer").token


def at_once(calls: list[Any]) -> list[Any]:
    """Make all calls at the same time; their answers in the order of the calls."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return [done.result() for done in [pool.submit(call) for call in calls]]


def fault(world: World, kind: str, times: int = 1, **more: Any) -> None:
    """Let Stripe misbehave at the next calls or webhooks."""
    body = {"next": times, "kind": kind, **more}
    ok(world.http.post("/sandbox/stripe/_control/faults", json=body))


def at_rest(world: World) -> None:
    """End a test: no fault is left over for the next, money is right, and all that was sent had words."""
    waiting = ok(world.http.get("/sandbox/stripe/_control/faults"))["waiting"]
    for kind in {one["kind"] for one in waiting}:
        fault(world, kind, 0)
    check_money(world)
    wordless = select(OutboxMessage.kind).where(OutboxMessage.error_code == "unsayable")
    assert world.in_session(lambda session: session.scalar(wordless)) is None


def give_back(world: World, payment_id: str, **body: Any) -> Any:
    """Let an administrator refund; the answer."""
    path = f"/api/admin/payments/{payment_id}/refund"
    return world.admin().post(path, {"reason": "the number was wrong", **body})


def at_stripe(world: World, kind: str) -> list[dict[str, Any]]:
    """Stripe's newest objects of a kind, newest first."""
    answer = world.http.get("/sandbox/stripe/_control/objects", params={"object": kind})
    items: list[dict[str, Any]] = ok(answer)["items"]
    return items


def pages_of(world: World, match_id: str) -> list[dict[str, Any]]:
    """The payment pages that Stripe opened for a lead."""
    pages = at_stripe(world, "checkout.session")
    return [page for page in pages if page["metadata"].get("match_id") == match_id]


def tell(world: World, payload: Any, signature: str = "good", times: int = 1) -> list[int]:
    """Post a payload to our webhook as Stripe would, let it be handled; return the answers."""
    body = {"payload": payload, "signature": signature, "times": times}
    statuses: list[int] = ok(world.http.post("/sandbox/stripe/_control/raw", json=body))["statuses"]
    world.settle()
    return statuses


def event(kind: str, thing: dict[str, Any], name: str | None = None) -> dict[str, Any]:
    """An event of Stripe about an object."""
    number = name or f"evt_test_{next(_events)}"
    return {"id": number, "object": "event", "type": kind, "data": {"object": thing}}


_events = itertools.count(1)


def log_of(world: World, target_id: str) -> list[AdminActionLog]:
    """The log's rows about something, oldest first."""

    async def read(session: Any) -> list[AdminActionLog]:
        query = select(AdminActionLog).where(AdminActionLog.target_id == target_id)
        return list(await session.scalars(query.order_by(AdminActionLog.number)))

    rows: list[AdminActionLog] = world.in_session(read)
    return rows


def actions(world: World, target_id: str) -> list[str]:
    """What the log says was done to something, oldest first."""
    return [row.action for row in log_of(world, target_id)]


def check_money(world: World) -> None:
    """What always holds: the ledger balances and equals what was captured less what went back, a
    lead is paid at most once, and no contact is held without a captured payment.
    """
    world.in_session(_check_money)


async def balances_of(session: Any) -> dict[tuple[str, str], int]:
    """The balance of each account and currency, in minor units."""
    query = select(
        LedgerEntry.account, LedgerEntry.currency, func.sum(LedgerEntry.amount)
    ).group_by(LedgerEntry.account, LedgerEntry.currency)
    return {(row[0], row[1]): int(row[2]) for row in await session.execute(query)}


async def _check_money(session: Any) -> None:
    sums = select(LedgerEntry.transaction_id, func.sum(LedgerEntry.amount))
    for transaction_id, total in await session.execute(sums.group_by(LedgerEntry.transaction_id)):
        assert total == 0, transaction_id
    payments = list(await session.scalars(select(Payment)))
    captured = [payment for payment in payments if payment.status in rules.CAPTURED]
    assert all(payment.paid_at for payment in captured)
    refunds = list(await session.scalars(select(Refund)))
    given_back = Counter[UUID]()
    for refund in refunds:
        given_back[refund.payment_id] += refund.amount if refund.status == "succeeded" else 0
    for payment in payments:
        assert 0 <= payment.refunded_amount <= payment.amount
        assert payment.refunded_amount == given_back[payment.id]
    balances = await balances_of(session)
    for currency in {payment.currency for payment in captured}:
        kept = sum(p.amount - p.refunded_amount for p in captured if p.currency == currency)
        assert balances[rules.REVENUE, currency] == -kept
        lost = balances.get((rules.DISPUTED, currency), 0)
        assert balances[rules.CASH, currency] == kept - lost
    by_id = {payment.id: payment for payment in captured}
    unlocked: set[UUID] = set()
    for unlock in await session.scalars(select(Unlock)):
        assert by_id[unlock.payment_id].match_id == unlock.match_id
        unlocked.add(unlock.payment_id)
    going_back = {refund.payment_id for refund in refunds if refund.status != "failed"}
    assert by_id.keys() <= unlocked | going_back
    _, broken = await log.verify(session)
    assert broken is None


def refunds_of(world: World, payment_id: str) -> list[Refund]:
    """A payment's refunds as they are now, oldest first."""

    async def read(session: Any) -> list[Refund]:
        query = select(Refund).where(Refund.payment_id == UUID(payment_id))
        return list(await session.scalars(query.order_by(Refund.id)))

    rows: list[Refund] = world.in_session(read)
    return rows


def payment_row(world: World, payment_id: str) -> Payment:
    """The payment's row as it is now."""
    row: Payment = world.in_session(lambda session: session.get_one(Payment, UUID(payment_id)))
    return row
