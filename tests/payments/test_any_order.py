"""Whatever happens in whatever order: captured money unlocks its lead or goes back, once, and the books are right.

`MONEY_EXAMPLES` and `MONEY_STEPS` make it play longer, `MONEY_SEED` other plays.
"""

import datetime as dt
import os
from typing import Any, ClassVar, Final
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from sqlalchemy import func, select

from app.payments.day_books import reconcile_day
from app.payments.models import (
    Dispute,
    LedgerAccount,
    LedgerEntry,
    Order,
    Payment,
    PaymentAttempt,
    Refund,
    Unlock,
)
from app.payments.provider import MovementKind
from app.payments.rules import OPEN, REFUNDABLE, AccountType
from app.runtime import wall_clock
from tests.support import leads
from tests.support.app_harness import World
from tests.support.assertions import ok
from tests.support.dying_process import DyingProcess
from tests.support.leads import Lead, later, lead
from tests.support.money_players import PROVIDERS, AtProvider
from tests.support.sellers import charge_tax, put_settings

EXAMPLES: Final = int(os.environ.get("MONEY_EXAMPLES", "2"))
STEPS: Final = int(os.environ.get("MONEY_STEPS", "16"))
LEADS: Final = 3
COUPON: Final = "HALF"
CARDS: Final = "USD"
"""The currency in which one tap may charge a kept card; in rupees the law wants the page."""
WHICH: Final = st.integers(min_value=0, max_value=LEADS - 1)
WHERE: Final = st.sampled_from(PROVIDERS)
FAULTS: Final = (
    *("lost", "duplicate", "reorder", "timeout_after_accept", "http_500", "http_500_after_accept"),
    *("html_502", "bad_key", "rate_limited", "key_in_use", "read_http_500", "read_bad_key"),
    *("card_declined", "authentication_required"),
)
"""`bad_key` is a key that was rolled at the provider, until somebody sets the new one; the last two are of kept cards."""
CHANGES: Final = ("nothing", "livemode", "account", "metadata", "order")
ANSWERS: Final = {200, 202, 402, 404, 409, 422, 503}
"""What somebody who wants to buy may be answered."""
AWAY: Final = {MovementKind.REFUND, MovementKind.DISPUTE}


class Purchases(RuleBasedStateMachine):
    """Some leads of one employer, and everybody who can do something about their money."""

    world: ClassVar[World]
    process: ClassVar[DyingProcess]
    began: ClassVar[dt.datetime]
    currency: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.employer = self.world.employer(verified=True)
        self.leads: list[Lead] = [self.new_lead() for _ in range(LEADS)]
        self.at = {name: AtProvider(self.world, name, self.currency) for name in PROVIDERS}
        if self.currency == CARDS:
            self.keep_a_card()
        else:
            self.leads[0].begin()

    @property
    def by_default(self) -> str | None:
        """How leads are paid where a rule does not say: by one tap, where that may be."""
        return "card" if self.currency == CARDS else None

    def new_lead(self) -> Lead:
        """A lead of a job that is to come: a long play takes weeks."""
        today = self.world.clock().date()
        starts = today + dt.timedelta(days=7 + (5 - today.weekday()) % 7)
        days: dict[str, Any] = {
            "starts_on": str(starts),
            "ends_on": str(starts + dt.timedelta(weeks=4)),
        }
        return lead(self.world, self.employer, **days)

    def keep_a_card(self) -> None:
        """Pay one more lead on a page of Stripe, and agree there to have the card kept."""
        self.sell_at("stripe")
        self.leads.append(self.new_lead())
        self.leads[-1].begin()
        [page] = self.at["stripe"].pages(self.orders())
        self.at["stripe"].act(page, "pay", keeps_card=True)
        self.world.settle()

    def rows(self, query: Any) -> list[Any]:
        """Return the rows of a query."""

        async def read(session: Any) -> list[Any]:
            return list(await session.scalars(query))

        with self.process.looking():
            found: list[Any] = self.world.in_session(read)
        return found

    def payments(self) -> list[Payment]:
        """The employer's payments as they are now."""
        mine = Payment.employer_id == UUID(self.employer.id)
        return self.rows(select(Payment).where(mine).order_by(Payment.id))

    def orders(self) -> set[str]:
        """The ids of the employer's orders."""
        mine = Order.employer_id == UUID(self.employer.id)
        return {str(order_id) for order_id in self.rows(select(Order.id).where(mine))}

    def charges(self) -> list[str]:
        """The provider's ids of what was taken from the employer."""
        query = (
            select(PaymentAttempt.intent_id)
            .join(Order, Order.id == PaymentAttempt.order_id)
            .where(
                Order.employer_id == UUID(self.employer.id), PaymentAttempt.intent_id.is_not(None)
            )
        )
        return self.rows(query.order_by(PaymentAttempt.id))

    # ── Employers, workers, administrators ──────────────────────────────────────────────────────

    @rule(
        which=WHICH,
        pay_with=st.sampled_from([None, None, "page", "balance"]),
        coupon=st.sampled_from([None, None, None, COUPON]),
    )
    def click(self, which: int, pay_with: str | None, coupon: str | None) -> None:
        body = {"pay_with": pay_with or self.by_default, "coupon": coupon}
        with self.process.working():
            assert self.leads[which].unlock(body).status_code in ANSWERS

    @rule(
        which=st.sets(WHICH, min_size=2),
        pay_with=st.sampled_from([None, "page", "balance"]),
    )
    def click_on_several(self, which: set[int], pay_with: str | None) -> None:
        body: dict[str, Any] = {"match_ids": [self.leads[one].id for one in sorted(which)]}
        body |= {"pay_with": pay_with or self.by_default}
        with self.process.working():
            answer = self.employer.post("/api/employers/unlocks", body)
            assert answer.status_code in ANSWERS

    @rule(pays=st.booleans())
    def top_up(self, pays: bool) -> None:
        """Begin to pay in advance, and perhaps end it."""
        with self.process.working():
            answer = self.employer.post("/api/employers/balance/top-ups", {"pack": "small"})
            assert answer.status_code in ANSWERS
            if pays and answer.status_code == 202:
                self.world.pay(answer.json()["checkout_url"])

    @rule(amount=st.sampled_from([None, 1, 20_000]))
    def pay_back(self, amount: int | None) -> None:
        """Have what is in the balance sent back to what it was paid with."""
        with self.process.working():
            answer = self.employer.post("/api/employers/balance/refunds", {"amount": amount})
            assert answer.status_code in {201, 409, 422}

    @rule(
        which=st.integers(0, 4),
        amount=st.sampled_from([None, 700, 4_900]),
        to=st.sampled_from(["source", "source", "balance"]),
    )
    def refund(self, which: int, amount: int | None, to: str) -> None:
        for payment in self.payments()[which : which + 1]:
            body = {"reason": "any", "refund_to": to} | ({"amount": amount} if amount else {})
            path = f"/api/admin/payments/{payment.id}/refund"
            with self.process.working():
                assert self.world.admin().post(path, body).status_code in {200, 409, 422}

    @rule(
        which=WHICH,
        reason=st.sampled_from(["unreachable", "no_answer", "wrong_person"]),
        to=st.sampled_from(["source", "balance"]),
    )
    def report(self, which: int, reason: str, to: str) -> None:
        """Say that a lead was bad, and where the money shall go; at once it may be decided, or wait for somebody."""
        with self.process.working():
            path = f"/api/employers/matches/{self.leads[which].id}/report"
            answer = self.employer.post(path, {"reason": reason, "refund_to": to})
            assert answer.status_code in {201, 404, 409}

    @rule(per_company=st.integers(0, 2))
    def give_away(self, per_company: int) -> None:
        """Let the first leads of each company be free, or no longer."""
        with self.process.looking():
            ok(put_settings(self.world, free_leads={"per_company": per_company}))

    @rule(which=WHICH, erases=st.booleans())
    def leave(self, which: int, erases: bool) -> None:
        worker, offer = self.leads[which].worker, self.leads[which].id
        with self.process.working():
            if erases:
                assert worker.delete("/api/workers/account").status_code in {204, 401, 404}
            else:
                worker.post(f"/api/workers/offers/{offer}/withdraw")

    # ── Providers, payers, banks ────────────────────────────────────────────────────────────────

    @rule(
        where=WHERE,
        outcome=st.sampled_from(["pay", "pay", "pay", "decline", "process", "expire"]),
        keeps_card=st.booleans(),
    )
    def act_on_a_page(self, where: str, outcome: str, keeps_card: bool) -> None:
        for page in self.at[where].pages(self.orders())[:1]:
            self.at[where].act(page, outcome, keeps_card=keeps_card)

    @rule()
    def remove_the_card(self) -> None:
        with self.process.working():
            assert self.employer.delete("/api/employers/card").status_code in {204, 503}

    @rule(where=WHERE)
    def sell_at(self, where: str) -> None:
        """Select the provider at which pages are opened from now on."""
        object.__setattr__(self.world.runtime.payments, "name", where)

    @rule(where=WHERE, kind=st.sampled_from(FAULTS), times=st.integers(min_value=1, max_value=4))
    def fail(self, where: str, kind: str, times: int) -> None:
        self.at[where].fail(kind, times)

    @rule(where=WHERE, which=st.integers(0, 7))
    def tell_again(self, where: str, which: int) -> None:
        with self.process.working():
            self.at[where].tell_again(which)
            self.world.settle()

    @rule(
        where=WHERE,
        which=st.integers(0, 7),
        change=st.sampled_from(CHANGES),
        signature=st.sampled_from(["good", "good", "bad", "none"]),
        times=st.integers(1, 3),
    )
    def tell(self, where: str, which: int, change: str, signature: str, times: int) -> None:
        """Tell of something under another id, altered or forged."""
        with self.process.working():
            self.at[where].tell(which, change, signature, times)
            self.world.settle()

    @rule(where=WHERE)
    def rotate_secret(self, where: str) -> None:
        """Believe events signed by a new secret only, or by the provider's again."""
        events = self.world.runtime.payment_events[where]
        kept = self.secrets[where]
        events._secrets = ("a new one",) if events._secrets == kept else kept  # type: ignore[attr-defined]

    @rule(
        which=st.integers(0, 4),
        status=st.sampled_from(["opened", "opened", "won", "lost"]),
    )
    def dispute(self, which: int, status: str) -> None:
        for intent in self.charges()[which : which + 1]:
            where = "razorpay" if intent.startswith("pay_") else "stripe"
            self.at[where].dispute(intent, status)

    @rule(which=st.integers(0, 4), amount=st.sampled_from([1, 2_450, 4_900, 50_000]))
    def refund_there(self, which: int, amount: int) -> None:
        """Give money of leads or of a top-up back in the provider's dashboard."""
        for intent in self.charges()[which : which + 1]:
            where = "razorpay" if intent.startswith("pay_") else "stripe"
            self.at[where].refund(intent, amount)

    @rule(where=WHERE, status=st.sampled_from(["pending", "failed", "succeeded"]))
    def move_a_refund(self, where: str, status: str) -> None:
        for made in self.at[where].refunds(self.charges())[:1]:
            self.at[where].move_refund(made, status)

    # ── The process ─────────────────────────────────────────────────────────────────────────────

    @rule()
    def work(self) -> None:
        with self.process.working():
            self.world.settle()

    @rule(steps=st.integers(min_value=0, max_value=90))
    def die_soon(self, steps: int) -> None:
        """Let the process die in the middle of what comes."""
        self.process.die_after(steps)

    @rule(minutes=st.sampled_from([1, 3, 10, 60]))
    def wait(self, minutes: int) -> None:
        with self.process.looking():
            later(self.world, self.leads[0], minutes=minutes)

    # ── The dust settles ────────────────────────────────────────────────────────────────────────

    secrets: ClassVar[dict[str, Any]]

    def teardown(self) -> None:
        """Let faults end, pages be paid late, banks decide, administrators work and time pass; then look."""
        self.process.restart()
        ok(put_settings(self.world, free_leads={"per_company": 0}))
        for name, provider in self.at.items():
            self.world.runtime.payment_events[name]._secrets = self.secrets[name]  # type: ignore[attr-defined]
            provider.end_faults()
            for page in provider.pages(self.orders()):
                provider.act(page, "pay")
        self.world.settle()
        for _ in range(3):
            for provider in self.at.values():
                provider.decide_everything()
            self.wait(minutes=100)
            self.world.settle()
            self.decide_open_items()
            self.world.settle()
        self.look()

    def decide_open_items(self) -> None:
        """Administrators give back what is in suspense and what failed to go back."""
        admin = self.world.admin()
        mine = {str(payment.id) for payment in self.payments()}
        for item in ok(admin.get("/api/admin/open-items?open=true&limit=100"))["items"]:
            if item["payment_id"] not in mine:
                continue
            body: dict[str, Any] = {"reason": "any"}
            if item["kind"] == "refund_failed":
                path = f"/api/admin/payments/{item['payment_id']}/refund"
            elif item["kind"] == "suspense":
                path = f"/api/admin/suspense/{item['id']}/action"
                other_mode = "livemode" in item["details"].get("differs", [])
                body["action"] = "close" if other_mode else "refund"
            else:
                continue
            assert admin.post(path, body).status_code in {200, 409}

    def look(self) -> None:
        """Check what holds for every lead, and that each provider's books and ours agree."""
        payments = self.payments()
        refunds = self.rows(select(Refund).where(Refund.payment_id.in_([p.id for p in payments])))
        lost = set(self.rows(select(Dispute.payment_id).where(Dispute.status == "lost")))
        orders_lost = {payment.order_id for payment in payments if payment.id in lost}
        unlocked = set(self.rows(select(Unlock.payment_id)))
        going_back = {one.payment_id for one in refunds if one.status != "failed"}
        for one in self.leads:
            kept = [
                payment
                for payment in payments
                if str(payment.match_id) == one.id
                and payment.status in REFUNDABLE
                and payment.id not in going_back
                and payment.order_id not in orders_lost
            ]
            assert len(kept) <= 1, "a lead is paid once"
            assert {payment.id for payment in kept} <= unlocked, "paid, it is unlocked"
        assert not [payment for payment in payments if payment.status in OPEN], "all is decided"
        for name in PROVIDERS:
            self.compare_books(name)
        leads.check_at_rest(self.world)

    def compare_books(self, name: str) -> None:
        """Reconcile the days of the play; and what the provider holds for us is what our ledger says."""
        provider = self.world.runtime.payments.configured[name]  # type: ignore[union-attr]
        now = wall_clock()
        days = {at.astimezone(provider.books.zone).date() for at in (self.began, now)}
        held = 0
        for day in sorted(days):
            with self.process.looking():
                report = self.world.run(
                    reconcile_day(self.world.runtime.database, provider, day, now)
                )
            assert [each for each in report.differences if each.kind != "fee"] == []
            held += self.world.run(_held(provider, day))
        cash = (
            select(func.coalesce(func.sum(LedgerEntry.amount), 0))
            .join(LedgerAccount, LedgerAccount.id == LedgerEntry.account_id)
            .where(
                LedgerAccount.type == AccountType.PROVIDER_CASH.value,
                LedgerAccount.provider == name,
            )
        )
        assert self.rows(cash) == [held], f"the ledger and the books of {name}"


async def _held(provider: Any, day: dt.date) -> int:
    """What a day left at the provider, before the fees of its captures, in minor units."""
    held = 0
    async for page in provider.movements(day):
        for movement in page:
            if movement.kind is not MovementKind.FEE:
                away = movement.kind in AWAY
                held += -movement.amount.amount if away else movement.amount.amount
            if movement.kind is MovementKind.DISPUTE:
                held -= movement.fee.amount  # booked with the money, and not when the day is over
    return held


@pytest.fixture
def world(world_of_provider: World) -> World:
    """One Partimer a database and provider at which the play begins; the other provider is there, too."""
    world_of_provider.unread = True
    charge_tax(world_of_provider)
    ok(put_settings(world_of_provider, coupons={COUPON: {"percent": 50, "per_company": 2}}))
    return world_of_provider


@pytest.mark.usefixtures("quiet_log")
@pytest.mark.parametrize("currency", ["INR", CARDS])
def test_captured_money_unlocks_or_goes_back_whatever_happens(world: World, currency: str) -> None:
    ok(put_settings(world, lead_prices={"currency": currency}))
    Purchases.world, Purchases.currency = world, currency
    Purchases.process = DyingProcess(world)
    Purchases.began = wall_clock()
    Purchases.secrets = {
        name: events._secrets  # type: ignore[attr-defined]
        for name, events in world.runtime.payment_events.items()
    }
    play = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],  # a smaller example takes as long to find again
        derandomize="MONEY_SEED" not in os.environ,
        database=None,
    )
    machine = seed(int(os.environ.get("MONEY_SEED", "0")))(Purchases)
    run_state_machine_as_test(machine, settings=play)


def test_a_lead_of_the_test_is_a_lead(world: World) -> None:
    """The machine's leads can be bought at all: without that it would find nothing."""
    mine: Lead = lead(world)
    mine.buy()
    assert mine.phone_shown() == mine.worker.phone
