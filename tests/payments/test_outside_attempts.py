"""Asking the payment provider: side by side, and one that fails keeps no other waiting."""

import asyncio
import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from app import background
from app.attempts.models import WorkAttempt
from app.attempts.rules import LONGEST_PAUSE, MAX_ATTEMPTS, SPREAD
from app.core.money import Money
from app.payments import orders, reconcile, send_refunds
from app.payments.models import PaymentAttempt
from app.payments.provider import PaymentProvider, PaymentsUnavailable, ProviderRefund
from app.payments.rules import AttemptStatus
from tests.support import leads, provider_faults
from tests.support.app_harness import World
from tests.support.assertions import ok
from tests.support.leads import bought_lead, lead, refund, refunds_of

pytestmark = pytest.mark.usefixtures("world", "quiet_log")

FOUR = 4
PATIENCE_SECONDS = 3
CHECKS = next(loop for loop in background.LOOPS if loop.name == "reconcile_payments")


class Watched:
    """The real client; some of its calls fail first, and it is noted how many are made at once."""

    def __init__(self, inner: PaymentProvider, fails: Callable[[str], Exception | None]) -> None:
        self.inner, self.fails = inner, fails
        self.now = self.most = self.calls = 0
        self.two = asyncio.Event()
        """Two calls were under way at once: the first waits for a second, if one comes."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def _watch(self, about: str, call: Any) -> Any:
        self.now += 1
        self.calls += 1
        self.most = max(self.most, self.now)
        try:
            if self.now > 1:
                self.two.set()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.two.wait(), PATIENCE_SECONDS)
            if error := self.fails(about):
                call.close()
                raise error
            return await call
        finally:
            self.now -= 1

    async def refund(
        self, intent_id: str, amount: Money, refund_id: str, key: str
    ) -> ProviderRefund:
        call = self.inner.refund(intent_id, amount, refund_id, key)
        made: ProviderRefund = await self._watch(refund_id, call)
        return made

    async def checkout(self, session_id: str) -> Any:
        return await self._watch(session_id, self.inner.checkout(session_id))


@contextmanager
def watched(
    world: World, fails: Callable[[str], Exception | None] = lambda _: None
) -> Iterator[Watched]:
    """The world asks its provider by a client that is watched."""
    inner = world.runtime.payments
    assert inner is not None
    client = Watched(inner, fails)
    object.__setattr__(world.runtime, "payments", client)
    try:
        yield client
    finally:
        object.__setattr__(world.runtime, "payments", inner)


@pytest.fixture
def world(world_of_file: World) -> Iterator[World]:
    """One Partimer for the file; money is right after each test."""
    world_of_file.unread = True
    yield world_of_file
    leads.check_at_rest(world_of_file)


def tries(world: World) -> list[WorkAttempt]:
    async def read(session: Any) -> list[WorkAttempt]:
        return list(await session.scalars(select(WorkAttempt)))

    rows: list[WorkAttempt] = world.in_session(read)
    return rows


def test_refunds_go_side_by_side_and_one_that_fails_keeps_no_other_waiting(world: World) -> None:
    paid = [bought_lead(world)[1] for _ in range(FOUR)]
    made = [ok(refund(world, payment))["id"] for payment in paid]

    def fails(refund_id: str) -> Exception | None:
        return RuntimeError("a row of ours is broken") if refund_id == made[0] else None

    with watched(world, fails) as client:
        world.settle()
        assert 1 < client.most <= send_refunds.AT_ONCE
        assert client.calls == FOUR
        done = [refunds_of(world, payment)[0].status for payment in paid]
        assert done == ["requested"] + ["succeeded"] * (FOUR - 1)
        [row] = tries(world)
        assert (row.kind, str(row.subject_id), row.error) == ("refund", made[0], "RuntimeError")
    # What was wrong is mended: the same refund goes out, once.
    world.clock.advance(minutes=30)
    world.settle()
    assert [refund.status for refund in refunds_of(world, paid[0])] == ["succeeded"]
    assert tries(world) == []


def test_while_the_provider_is_away_nothing_is_counted_and_few_are_asked(world: World) -> None:
    paid = [bought_lead(world)[1] for _ in range(2)]
    for payment in paid:
        ok(refund(world, payment))
    with watched(world, lambda _: PaymentsUnavailable()) as client:
        for _ in range(MAX_ATTEMPTS + 1):
            world.clock.advance(seconds=(1 + SPREAD) * LONGEST_PAUSE.total_seconds())
            world.settle()
        assert client.calls > 2
        assert [(row.kind, row.error) for row in tries(world)] == [], (
            "days without the provider are no fault of a refund"
        )
    world.clock.advance(hours=2)
    world.settle()
    assert [refunds_of(world, payment)[0].status for payment in paid] == ["succeeded"] * 2


def test_payments_are_asked_about_side_by_side_and_one_that_fails_keeps_no_other_waiting(
    world: World,
) -> None:
    leads = [lead(world) for _ in range(FOUR)]
    pages = [one.begin() for one in leads]
    ids = [page["payment_id"] for page in pages]
    provider_faults.stripe_fault(world, "lost", times=100)  # no event comes
    for page in pages:
        world.pay(page["checkout_url"])
    statuses = {one.payment["status"] for one in leads}
    assert statuses == {"pending"}
    provider_faults.stripe_fault(world, "lost", times=0)

    async def make_due(session: Any) -> tuple[UUID, str | None]:
        mine = PaymentAttempt.order_id.in_([UUID(each) for each in ids])
        await session.execute(update(PaymentAttempt).where(mine).values(check_at=world.clock()))
        of_first = select(PaymentAttempt).where(PaymentAttempt.order_id == UUID(ids[0]))
        first: PaymentAttempt = (await session.scalars(of_first)).one()
        return first.id, first.session_id

    first_id, broken = world.in_session(make_due)

    def fails(session_id: str) -> Exception | None:
        return RuntimeError("an answer nobody understands") if session_id == broken else None

    with watched(world, fails) as client:
        world.run(CHECKS.round(world.runtime))
        assert 1 < client.most <= reconcile.AT_ONCE
        assert [one.payment["status"] for one in leads] == ["pending"] + ["succeeded"] * (FOUR - 1)
        [row] = tries(world)
        assert (row.kind, str(row.subject_id)) == ("payment_check", str(first_id))
    world.clock.advance(minutes=6)
    world.settle()
    assert payment_status(world, ids[0]) == "succeeded"


def payment_status(world: World, payment_id: str) -> str:
    return leads.payment_row(world, payment_id).status


OLD = 300
"""Payments of before; a round asks about a hundred."""


def test_a_backlog_of_old_payments_never_keeps_the_newest_waiting(world: World) -> None:
    mine = lead(world)
    page = mine.begin()
    order_id = UUID(page["payment_id"])

    async def add_old(session: Any) -> None:
        long_ago = world.clock() - dt.timedelta(days=3)
        for number in range(1, OLD + 1):
            old = orders.attempt_row(order_id, 1_000 + number, "stripe", None, long_ago)
            old.status, old.check_at = AttemptStatus.CANCELLED, long_ago
            old.session_id = f"cs_old_{number}"
            session.add(old)

    world.in_session(add_old)
    provider_faults.stripe_fault(world, "lost", 4)
    world.clock.advance(minutes=3)
    body = {"outcome": "pay"}
    path = f"/sandbox/stripe/_control/checkout/{page['checkout_url'].rsplit('/', 1)[-1]}"
    ok(world.http.post(path, json=body))
    with watched(world, lambda _: None) as client:
        client.two.set()
        world.run(CHECKS.round(world.runtime))
        assert client.calls <= CHECKS.batch
    world.clock.advance(seconds=1)
    assert leads.payment_row(world, page["payment_id"]).status == "succeeded"
    with watched(world, lambda _: None) as client:
        client.two.set()
        for _ in range(2):
            world.run(CHECKS.round(world.runtime))

    async def unasked(session: Any) -> int:
        query = select(func.count()).where(
            PaymentAttempt.check_at <= world.clock(), PaymentAttempt.number > 1_000
        )
        return int(await session.scalar(query) or 0)

    assert world.in_session(unasked) <= OLD - 2 * CHECKS.batch
