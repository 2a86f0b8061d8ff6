"""Whatever happens in whatever order: captured money unlocks its lead or goes back, once, and the books are right."""

from typing import Any, ClassVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from sqlalchemy import select

from app.payments.models import Dispute, Payment, PaymentAttempt, Refund, Unlock
from app.payments.rules import REFUNDABLE
from tests.support import leads
from tests.support.app_harness import World
from tests.support.assertions import ok
from tests.support.leads import Lead, later, lead
from tests.support.provider_faults import (
    checkout_pages,
    post_to_webhook,
    stripe_event,
    stripe_fault,
    stripe_objects,
)

EXAMPLES, STEPS = 3, 14
WHICH = st.integers(min_value=0, max_value=1)
FAULTS = (
    "lost",
    "duplicate",
    "timeout_after_accept",
    "http_500",
    "http_500_after_accept",
    "html_502",
    "bad_key",
    "rate_limited",
    "read_http_500",
)
CHANGES: tuple[dict[str, Any], ...] = ({}, {}, {"livemode": True}, {"metadata": {}})
UNLOCKING = {200, 202, 409, 503}
"""What a click may be answered."""


class Purchases(RuleBasedStateMachine):
    """Two leads of one employer, and everybody who can do something about their money."""

    world: ClassVar[World]

    def __init__(self) -> None:
        super().__init__()
        employer = self.world.employer(verified=True)
        self.leads = [lead(self.world, employer) for _ in range(2)]
        self.employer = employer
        for one in self.leads:
            one.begin()

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Play somebody outside; what is not possible there just now is refused there."""
        answer = self.world.http.post(f"/sandbox/stripe/_control/{path}", json=body)
        assert answer.status_code < 500, answer.text
        return answer

    def rows(self, query: Any) -> list[Any]:
        """Return the rows of a query."""

        async def read(session: Any) -> list[Any]:
            return list(await session.scalars(query))

        found: list[Any] = self.world.in_session(read)
        return found

    def payments(self) -> list[Payment]:
        """The employer's payments as they are now."""
        mine = Payment.employer_id == UUID(self.employer.id)
        return self.rows(select(Payment).where(mine).order_by(Payment.id))

    @rule(which=WHICH)
    def click(self, which: int) -> None:
        assert self.leads[which].unlock().status_code in UNLOCKING

    @rule(which=WHICH, outcome=st.sampled_from(["pay", "pay", "decline", "process", "expire"]))
    def act_on_a_page(self, which: int, outcome: str) -> None:
        for page in checkout_pages(self.world, self.leads[which].id):
            if page["status"] == "open":
                self.post(f"checkout/{page['id']}", {"outcome": outcome})
                return

    @rule()
    def work(self) -> None:
        self.world.settle()

    @rule(kind=st.sampled_from(FAULTS), times=st.integers(min_value=1, max_value=4))
    def fail(self, kind: str, times: int) -> None:
        stripe_fault(self.world, kind, times)

    @rule(
        which=WHICH,
        changes=st.sampled_from(CHANGES),
        signature=st.sampled_from(["good", "good", "bad", "none"]),
        times=st.integers(min_value=1, max_value=3),
    )
    def tell(self, which: int, changes: dict[str, Any], signature: str, times: int) -> None:
        """Tell of a page anew, late, several times, altered or forged."""
        for page in checkout_pages(self.world, self.leads[which].id):
            if page["payment_status"] == "paid":
                event = stripe_event("checkout.session.completed", page | changes)
            elif signature != "good":
                paid = {"payment_status": "paid", "payment_intent": "pi_forged"}
                event = stripe_event("checkout.session.completed", page | paid | changes)
            else:
                continue
            post_to_webhook(self.world, event, signature, times)

    @rule(which=st.integers(min_value=0, max_value=3), amount=st.sampled_from([None, 700, 4_900]))
    def refund(self, which: int, amount: int | None) -> None:
        for payment in self.payments()[which : which + 1]:
            body = {"reason": "any"} | ({"amount": amount} if amount else {})
            path = f"/api/admin/payments/{payment.id}/refund"
            assert self.world.admin().post(path, body).status_code in {200, 409, 422}

    @rule(
        which=st.integers(min_value=0, max_value=3),
        status=st.sampled_from(["opened", "warning_needs_response", "won", "lost"]),
    )
    def dispute(self, which: int, status: str) -> None:
        for payment in self.payments()[which : which + 1]:
            if payment.intent_id is not None:
                body = {"payment_intent": payment.intent_id, "status": status}
                self.post("disputes", body)

    @rule(which=WHICH, status=st.sampled_from(["pending", "failed", "succeeded"]))
    def move_a_refund(self, which: int, status: str) -> None:
        for made in self.refunds_at_stripe()[which : which + 1]:
            if made["status"] != "failed":  # that is the last word
                self.post(f"refunds/{made['id']}", {"status": status})

    @rule(which=WHICH, erases=st.booleans())
    def leave(self, which: int, erases: bool) -> None:
        worker, offer = self.leads[which].worker, self.leads[which].id
        if erases:
            assert worker.delete("/api/workers/account").status_code in {204, 401, 404}
        else:
            worker.post(f"/api/workers/offers/{offer}/withdraw")

    @rule(minutes=st.sampled_from([1, 3, 10]))
    def wait(self, minutes: int) -> None:
        later(self.world, self.leads[0], minutes=minutes)
        self.leads[1].employer.token = self.leads[0].employer.token

    # ── The dust settles ────────────────────────────────────────────────────────────────────────

    def charges(self) -> list[dict[str, Any]]:
        """What Stripe took for these leads."""
        mine = {one.id for one in self.leads}
        return [
            charge
            for charge in stripe_objects(self.world, "charge")
            if charge["paid"] and charge["metadata"].get("match_id") in mine
        ]

    def refunds_at_stripe(self) -> list[dict[str, Any]]:
        """What Stripe gave back of it."""
        intents = {charge["payment_intent"] for charge in self.charges()}
        return [
            made
            for made in stripe_objects(self.world, "refund")
            if made["payment_intent"] in intents
        ]

    def teardown(self) -> None:
        """Let faults end, pages be paid late, banks decide, administrators work and time pass; then look."""
        leads.end_faults(self.world)
        for which in (0, 1):
            self.act_on_a_page(which, "pay")
        self.world.settle()
        for dispute in stripe_objects(self.world, "dispute"):
            if dispute["status"] not in {"won", "lost"}:
                body = {"payment_intent": dispute["payment_intent"], "status": "won"}
                self.post("disputes", body)
        for intent in stripe_objects(self.world, "payment_intent"):
            if intent["status"] == "processing":
                self.post(f"payment_intents/{intent['id']}", {"outcome": "pay"})
        for _ in range(3):
            self.wait(minutes=100)
            self.world.settle()
            self.decide_open_items()
            for made in self.refunds_at_stripe():
                if made["status"] == "pending":
                    self.post(f"refunds/{made['id']}", {"status": "succeeded"})
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
            else:
                path = f"/api/admin/suspense/{item['id']}/action"
                other_mode = "livemode" in item["details"].get("differs", [])
                body["action"] = "close" if other_mode else "refund"
            assert admin.post(path, body).status_code in {200, 409}

    def look(self) -> None:
        """Check what holds for every lead, and that Stripe and we agree."""
        payments = self.payments()
        refunds = self.rows(select(Refund).where(Refund.payment_id.in_([p.id for p in payments])))
        lost = set(self.rows(select(Dispute.payment_id).where(Dispute.status == "lost")))
        unlocked = set(self.rows(select(Unlock.payment_id)))
        going_back = {one.payment_id for one in refunds if one.status != "failed"} | lost
        for one in self.leads:
            kept = [
                payment
                for payment in payments
                if str(payment.match_id) == one.id
                and payment.status in REFUNDABLE
                and payment.id not in going_back
            ]
            assert len(kept) <= 1, "a lead is paid once"
            assert {payment.id for payment in kept} <= unlocked, "paid, it is unlocked"
        known = set(self.rows(select(PaymentAttempt.intent_id)))
        for charge in self.charges():
            assert charge["payment_intent"] in known, "everything that was taken is known"
        for made in self.refunds_at_stripe():
            [ours] = [one for one in refunds if one.provider_id == made["id"]]
            assert ours.status == made["status"], "and everything that went back"
        leads.check_at_rest(self.world)


@pytest.mark.usefixtures("quiet_log")
def test_captured_money_unlocks_or_goes_back_whatever_happens(world_of_file: World) -> None:
    world_of_file.unread = True
    Purchases.world = world_of_file
    run_state_machine_as_test(
        Purchases,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],  # a smaller example takes as long to find again
            derandomize=True,
            database=None,
        ),
    )


def test_a_lead_of_the_test_is_a_lead(world_of_file: World) -> None:
    """The machine's leads can be bought at all: without that it would find nothing."""
    mine: Lead = lead(world_of_file)
    mine.buy()
    assert mine.phone_shown() == mine.worker.phone
