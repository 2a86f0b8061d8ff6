"""What the provider tells us: what settles a payment, and what unlocks nothing."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.settings import Settings
from app.messaging.models import WebhookEvent, WebhookState
from app.payments import checkout
from app.payments.provider import PaymentsNotConfigured
from app.providers.wiring import build_payments
from tests.infra.counted import alerts
from tests.support import leads
from tests.support.app_harness import World
from tests.support.assertions import ok, refused
from tests.support.leads import Lead, at_once, later, lead
from tests.support.provider_faults import (
    checkout_pages,
    post_to_webhook,
    stripe_event,
    stripe_fault,
    stripe_objects,
)


@pytest.fixture
def world(world_of_file: World) -> Iterator[World]:
    """One Partimer for the file: every test brings its own people, and money is right after each."""
    world_of_file.unread = True
    yield world_of_file
    leads.check_at_rest(world_of_file)


def stored(world: World) -> int:
    """How many events of Stripe are kept, once those on their way are here."""
    world.settle()
    query = select(func.count()).where(WebhookEvent.provider == "stripe")
    count: int = world.in_session(lambda session: session.scalar(query))
    return count


def paid_page(lead_: Lead, **changes: Any) -> dict[str, Any]:
    """The page of a lead as Stripe would show it, paid, with changes."""
    lead_.begin()
    [page] = checkout_pages(lead_.world, lead_.id)
    paid = {"status": "complete", "payment_status": "paid", "payment_intent": f"pi_{lead_.id}"}
    return page | paid | changes


def test_an_event_told_again_changes_nothing(world: World) -> None:
    mine = lead(world)
    stripe_fault(world, "duplicate", 4)
    mine.buy()
    kept, log = stored(world), leads.logged_actions(world, mine.id)
    [completed] = [
        one
        for one in stripe_objects(world, "event")
        if one["type"] == "checkout.session.completed"
        and one["data"]["object"]["metadata"].get("match_id") == mine.id
    ]
    ok(world.http.post(f"/sandbox/stripe/_control/events/{completed['id']}/resend"))
    assert post_to_webhook(world, completed, times=3) == [200, 200, 200]
    assert stored(world) == kept
    # The same news under another number is news of nothing.
    assert post_to_webhook(world, completed | {"id": "evt_other_" + mine.id}) == [200]
    assert leads.logged_actions(world, mine.id) == log
    assert len(mine.payments()) == 1


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_events_does_not_matter(world: World, order: int) -> None:
    mine = lead(world)
    page = paid_page(mine)
    intent = {
        "id": page["payment_intent"],
        "object": "payment_intent",
        "amount": 4_900,
        "amount_received": 4_900,
        "currency": "inr",
        "created": int(time.time()),
        "livemode": False,
        "metadata": page["metadata"],
    }
    failure = {"last_payment_error": {"code": "card_declined", "decline_code": "generic_decline"}}
    events = [
        stripe_event("payment_intent.processing", intent),
        stripe_event("payment_intent.payment_failed", intent | failure),
        stripe_event("payment_intent.succeeded", intent),
        stripe_event("checkout.session.completed", page),
        stripe_event(
            "checkout.session.expired", page | {"status": "expired", "payment_status": "unpaid"}
        ),
        stripe_event("payment_intent.canceled", intent | {"cancellation_reason": "abandoned"}),
    ]
    for one in events[::order]:
        assert post_to_webhook(world, one) == [200]
    assert mine.phone_shown() == mine.worker.phone
    assert [payment["status"] for payment in mine.payments()] == ["succeeded"]


def test_a_bad_signature_stores_nothing(world: World) -> None:
    mine = lead(world)
    page = paid_page(mine)
    kept = stored(world)
    news = stripe_event("checkout.session.completed", page)
    assert post_to_webhook(world, news, "bad") == [401]
    assert post_to_webhook(world, news, "none") == [401]
    assert (stored(world), mine.contact()) == (kept, None)


def sign(body: bytes, at: float, secret: str = "whsec_sandbox") -> str:
    stamp = str(int(at))
    signed = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={signed}"


def test_an_old_signature_is_a_replay(world: World) -> None:
    mine = lead(world)
    body = json.dumps(stripe_event("checkout.session.completed", paid_page(mine))).encode()
    kept = stored(world)
    for at in (time.time() - 400, time.time() + 400):
        answer = world.http.post(
            "/api/webhooks/stripe", content=body, headers={"Stripe-Signature": sign(body, at)}
        )
        refused(answer, 401, "bad_signature")
        assert "www-authenticate" in answer.headers
    assert (stored(world), mine.contact()) == (kept, None)
    fresh = {"Stripe-Signature": sign(body, time.time())}
    assert ok(world.http.post("/api/webhooks/stripe", content=body, headers=fresh)) == {
        "received": True
    }
    world.settle()
    assert mine.phone_shown() == mine.worker.phone


@pytest.mark.parametrize(
    ("changes", "differs"),
    [
        ({"amount_total": 1}, ["amount"]),
        ({"amount_total": 490_000}, ["amount"]),
        ({"currency": "usd"}, ["currency"]),
        ({"livemode": True}, ["livemode"]),
        ({"metadata": {"payment_id": "0190b5a4-0000-7000-8000-000000000000"}}, ["metadata"]),
        ({"metadata": {}}, ["metadata"]),
        (
            {"metadata": None, "amount_total": 1, "livemode": True},
            ["metadata", "amount", "livemode"],
        ),
    ],
)
def test_a_payment_of_something_else_unlocks_nothing_and_calls_a_person(
    world: World, changes: dict[str, Any], differs: list[str]
) -> None:
    mine = lead(world)
    page = paid_page(mine, **changes)
    before = alerts("payment_mismatch")
    for _ in range(2):
        assert post_to_webhook(world, stripe_event("checkout.session.completed", page)) == [200]
    assert mine.contact() is None
    assert alerts("payment_mismatch") == before + 1
    asked, taken = mine.payments()
    [row] = leads.log_of(world, asked["id"])
    assert (row.action, row.actor_id, row.after) == ("payment.mismatch", None, {"differs": differs})
    assert (asked["status"], asked["failure_code"]) == ("failed", "mismatch")
    assert (taken["status"], taken["failure_code"]) == ("in_review", "mismatch")
    refused(mine.unlock(), 409, "payment_in_review")


def test_events_that_are_none_of_ours_have_no_effect(world: World) -> None:
    kept, dead = stored(world), alerts("payment_event_dead")
    foreign = [
        stripe_event("customer.created", {"id": "cus_1"}),
        stripe_event("checkout.session.completed", {"id": "cs_1", "mode": "subscription"}),
        stripe_event("checkout.session.async_payment_failed", {"id": "cs_1", "metadata": None}),
        stripe_event(
            "payment_intent.payment_failed", {"id": "pi_1", "metadata": {"payment_id": "42"}}
        ),
        stripe_event("charge.refunded", {"id": "ch_1"}),
        stripe_event("charge.dispute.created", {"id": "dp_1", "payment_intent": None}),
        {"id": "evt_bare", "type": "v2.core.event"},
    ]
    for one in foreign:
        assert post_to_webhook(world, one) == [200]
    assert stored(world) == kept + len(foreign)

    async def states(session: Any) -> set[str]:
        ids = [one["id"] for one in foreign]
        query = select(WebhookEvent.state).where(WebhookEvent.event_id.in_(ids))
        return set(await session.scalars(query))

    assert world.in_session(states) == {"handled"}
    assert alerts("payment_event_dead") == dead


@pytest.mark.parametrize(
    "payload", ["", "{}", "[]", '{"id": 1}', '{"id": "e\\u0000", "type": "x"}']
)
def test_what_is_no_event_is_refused_though_signed(world: World, payload: str) -> None:
    kept = stored(world)
    body = payload.encode()
    headers = {"Stripe-Signature": sign(body, time.time())}
    answer = world.http.post("/api/webhooks/stripe", content=body, headers=headers)
    refused(answer, 401, "bad_signature")
    assert stored(world) == kept


def test_an_event_that_can_t_be_read_is_given_up_and_can_be_retried(world: World) -> None:
    dead = alerts("payment_event_dead")
    broken = stripe_event("checkout.session.completed", {"id": "cs_x", "metadata": {}})
    assert post_to_webhook(world, broken) == [200]
    for _ in range(12):
        world.clock.advance(hours=1)
        world.settle()
    assert alerts("payment_event_dead") == dead + 1
    admin = world.admin()
    [row] = ok(admin.get("/api/admin/webhooks?state=dead"))["items"]
    assert (row["provider"], row["error"]) == ("stripe", "KeyError")
    again = ok(admin.post(f"/api/admin/webhooks/{row['id']}/retry"))
    assert (again["state"], again["attempts"]) == ("waiting", 0)
    refused(admin.post(f"/api/admin/webhooks/{row['id']}/retry"), 409, "webhook_not_dead")
    assert leads.logged_actions(world, row["id"]) == ["webhook.retry"]


def test_a_lost_event_costs_minutes_and_no_lead(world: World) -> None:
    mine = lead(world)
    page = mine.begin()
    # Charge created, charge, intent, page: none of what Stripe says arrives.
    stripe_fault(world, "lost", 4)
    world.pay(page["checkout_url"])
    assert mine.contact() is None
    later(world, mine, minutes=3)
    world.settle()
    assert mine.phone_shown() == mine.worker.phone
    assert mine.payment["status"] == "succeeded"


def test_a_lost_expiry_frees_the_lead_for_a_new_try(world: World) -> None:
    mine = lead(world)
    page = mine.begin()
    stripe_fault(world, "lost", 1)
    world.pay(page["checkout_url"], "expire")
    assert mine.payment["status"] == "pending"
    later(world, mine, minutes=3)
    world.settle()
    assert mine.payment["status"] == "expired"
    assert mine.begin()["payment_id"] != page["payment_id"]


def test_a_page_given_up_is_closed_at_the_provider(world: World) -> None:
    mine = lead(world)
    first = mine.begin()
    world.clock.advance(minutes=1)
    # Found wanting by an event that fits in nothing, given up, and replaced by another page.
    [page] = checkout_pages(world, mine.id)
    post_to_webhook(world, stripe_event("checkout.session.expired", page | {"status": "expired"}))
    second = mine.begin()
    assert second["checkout_url"] != first["checkout_url"]
    world.pay(second["checkout_url"])
    assert [payment["status"] for payment in mine.payments()] == ["expired", "succeeded"]


def test_the_other_page_of_a_lead_that_is_sold_is_closed_at_the_provider(world: World) -> None:
    mine = lead(world)
    first = mine.begin()
    [page] = checkout_pages(world, mine.id)
    post_to_webhook(world, stripe_event("checkout.session.expired", page | {"status": "expired"}))
    mine.begin()
    world.pay(first["checkout_url"])
    later(world, mine, minutes=6)
    world.settle()
    assert [payment["status"] for payment in mine.payments()] == ["succeeded", "cancelled"]
    other = next(each for each in checkout_pages(world, mine.id) if each["id"] != page["id"])
    assert other["status"] == "expired", "nobody can pay for it any more"


def test_a_second_page_paid_late_is_given_back(world: World) -> None:
    mine = lead(world)
    first = mine.begin()
    [page] = checkout_pages(world, mine.id)
    post_to_webhook(world, stripe_event("checkout.session.expired", page | {"status": "expired"}))
    second = mine.begin()
    world.pay(second["checkout_url"])
    world.pay(first["checkout_url"])
    assert [payment["status"] for payment in mine.payments()] == ["refunded", "succeeded"]
    assert [payment["refunded"]["amount"] for payment in mine.payments()] == [4_900, 0]
    assert ok(mine.unlock())["payment"]["id"] == second["payment_id"]


@pytest.mark.parametrize("same", [False, True], ids=["another page", "the same page"])
def test_two_charges_on_one_payment_are_one_lead_and_one_refund(world: World, same: bool) -> None:
    async def unhandled(session: AsyncSession) -> list[UUID]:
        waiting = select(WebhookEvent.id).where(WebhookEvent.state != WebhookState.HANDLED)
        return list(await session.scalars(waiting.order_by(WebhookEvent.id)))

    before = world.in_session(unhandled)  # what other tests of this file told and nobody could read
    mine = lead(world)
    mine.buy()
    [page] = checkout_pages(world, mine.id)
    # A page that Stripe opened although its answer was lost, paid as well: a real second charge.
    customer = page["customer"]
    intent = _charge(world, customer, page["metadata"])
    twin = page | {"payment_intent": intent}
    if not same:
        twin |= {"id": "cs_test_twin" + mine.id}

    world.settle()
    for _ in range(2):
        post_to_webhook(world, stripe_event("checkout.session.completed", twin))
    assert [payment["status"] for payment in mine.payments()] == ["succeeded", "refunded"]
    assert world.in_session(unhandled) == before, "told again, it is known"
    lead(world).buy()  # what is told of other charges is not taken for news of this one


def _charge(world: World, customer: str, metadata: dict[str, str]) -> str:
    """Charge a card at Stripe, past our server; the payment intent's id."""
    wanted = {
        "amount": "4900",
        "currency": "inr",
        "customer": customer,
        "payment_method": "pm_card_visa",
        "confirm": "true",
        **{f"metadata[{name}]": value for name, value in metadata.items()},
    }
    headers = {"Authorization": "Bearer sk_test_sandbox"}
    path = "/sandbox/stripe/v1/payment_intents"
    return str(ok(world.http.post(path, data=wanted, headers=headers))["id"])


@pytest.mark.parametrize("how", ["withdraws", "erases", "is suspended", "blocks", "is cancelled"])
def test_a_worker_who_leaves_while_it_is_paid_costs_nothing_and_stays_hidden(
    world: World, how: str
) -> None:
    mine = lead(world)
    page = mine.begin()
    if how == "withdraws":
        mine.withdraw()
    elif how == "erases":
        assert mine.worker.delete("/api/workers/account").status_code == 204
    elif how == "blocks":
        ok(mine.worker.post("/api/workers/blocks", {"employer_id": mine.employer.id}), 201)
    elif how == "is cancelled":
        ok(mine.employer.delete(f"/api/employers/jobs/{mine.job_id}"))
    else:
        path = f"/api/admin/workers/{mine.worker.id}/action"
        ok(world.admin().post(path, {"action": "suspend", "reason": "fraud"}))
    world.pay(page["checkout_url"])
    assert mine.contact() is None
    payment = mine.payment
    assert (payment["status"], payment["refunded"]["amount"]) == ("refunded", 4_900)
    assert str(mine.worker.phone) not in mine.employer.get("/api/employers/payments").text
    refused(mine.unlock(), 409, "match_not_accepted")
    # Reconciled, and told again: nothing goes back twice.
    later(world, mine, minutes=10)
    world.settle()
    assert mine.payment["refunded"]["amount"] == 4_900


def test_cancelling_and_paying_at_once_have_one_winner(world: World) -> None:
    mine = lead(world)
    page = mine.begin()["checkout_url"]
    job = f"/api/employers/jobs/{mine.job_id}"
    at_once([lambda: world.pay(page), lambda: mine.employer.delete(job)])
    world.settle()
    bought = mine.contact() is not None
    assert mine.payment["status"] == ("succeeded" if bought else "refunded")
    # Filled before it was cancelled, or cancelled before it was paid.
    assert ok(mine.employer.get(job))["status"] == ("filled" if bought else "cancelled")


def test_an_employer_suspended_while_paying_gets_the_money_and_no_contact(world: World) -> None:
    mine = lead(world)
    page = mine.begin()
    path = f"/api/admin/employers/{mine.employer.id}/action"
    ok(world.admin().post(path, {"action": "suspend", "reason": "harvesting"}))
    world.pay(page["checkout_url"])
    ok(world.admin().post(path, {"action": "activate"}))
    later(world, mine, seconds=1)
    assert mine.contact() is None
    assert mine.payment["status"] == "refunded"


def test_paying_and_withdrawing_at_once_have_one_winner(world: World) -> None:
    mine = lead(world)
    page = mine.begin()["checkout_url"]
    path = f"/api/workers/offers/{mine.id}/withdraw"
    at_once([lambda: world.pay(page), lambda: mine.worker.post(path)])
    world.settle()
    shown = mine.shown
    if shown["status"] == "withdrawn":
        assert shown["contact"] is None
        assert mine.payment["status"] == "refunded"
    else:
        assert shown["contact"]["phone"] == mine.worker.phone
        refused(mine.worker.post(path), 409, "already_unlocked")


def test_without_a_key_nothing_is_sold(world: World) -> None:
    mine = lead(world)
    payment = UUID(mine.begin()["payment_id"])
    opening = checkout.open_page(world.runtime.database, None, payment, "", world.clock())
    with pytest.raises(PaymentsNotConfigured):
        world.run(opening)
    assert build_payments(Settings(_env_file=None, environment="production")) is None
