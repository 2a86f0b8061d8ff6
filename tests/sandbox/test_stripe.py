"""Stripe's real client against the stand-in: what it does with money, and what it tells us."""

import asyncio
import contextlib
import hashlib
import hmac
import sqlite3
import time
from typing import Any

import httpx
import pytest
import stripe

from tests.sandbox.conftest import Open, World

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


def lead(**more: Any) -> Any:
    """A session that sells one lead for 49 rupees."""
    return {
        "mode": "payment",
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": "inr",
                    "unit_amount": 4900,
                    "product_data": {"name": "Contact of a worker"},
                },
            }
        ],
        "client_reference_id": "payment-1",
        "metadata": {"payment_id": "payment-1"},
        "payment_intent_data": {"metadata": {"payment_id": "payment-1"}},
        "success_url": "http://localhost:8000/paid?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://localhost:8000/back",
        **more,
    }


def session_of(world: World, **more: Any) -> Any:
    return world.stripe().v1.checkout.sessions.create(lead(**more))


def paid(world: World, **more: Any) -> Any:
    """A session that was paid."""
    session = session_of(world, **more)
    assert world.pays(session.id).status_code == 200
    return world.stripe().v1.checkout.sessions.retrieve(session.id)


def saved_card(world: World) -> tuple[str, str]:
    """A customer whose card was kept at an earlier payment."""
    customer = world.stripe().v1.customers.create({"email": "shop@example.org"})
    data = {"metadata": {}, "setup_future_usage": "off_session"}
    paid(world, customer=customer.id, payment_intent_data=data)
    cards = world.stripe().v1.payment_methods.list({"customer": customer.id, "type": "card"})
    return customer.id, cards.data[0].id


def charge_saved(world: World, customer: str, card: str, *, key: str | None = None) -> Any:
    wanted: Any = {
        "amount": 4900,
        "currency": "inr",
        "customer": customer,
        "payment_method": card,
        "off_session": True,
        "confirm": True,
        "metadata": {"payment_id": "payment-2"},
    }
    return world.stripe().v1.payment_intents.create(
        wanted, {"idempotency_key": key} if key else None
    )


def test_a_session_is_what_was_asked_for(world: World) -> None:
    session = session_of(world)
    assert session.id.startswith("cs_")
    assert session.url == f"http://localhost:8000/sandbox/stripe/checkout/{session.id}"
    assert (session.amount_total, session.currency) == (4900, "inr")
    assert (session.status, session.payment_status) == ("open", "unpaid")
    assert session.livemode is False
    assert session.client_reference_id == "payment-1"
    assert session.metadata["payment_id"] == "payment-1"
    assert session.payment_intent is None
    assert 86_000 < session.expires_at - time.time() < 86_500


def test_paying_completes_the_session_and_tells_so_in_signed_events(world: World) -> None:
    session = paid(world)
    assert (session.status, session.payment_status) == ("complete", "paid")
    intent = world.stripe().v1.payment_intents.retrieve(
        session.payment_intent, {"expand": ["latest_charge"]}
    )
    assert intent.status == "succeeded"
    assert intent.metadata["payment_id"] == "payment-1"
    assert intent.latest_charge.paid is True  # type: ignore[union-attr]
    succeeded = world.business.wait_for_event("payment_intent.succeeded")
    assert succeeded["data"]["object"]["id"] == intent.id
    completed = world.business.wait_for_event("checkout.session.completed")
    assert completed["data"]["object"]["payment_intent"] == intent.id
    assert completed["livemode"] is False
    for received in world.business.received:
        signature = received.headers["stripe-signature"]
        event = stripe.Webhook.construct_event(
            received.body, signature, world.config.stripe_webhook_secret
        )
        assert event.id == received.json["id"]


def test_the_page_s_second_payment_is_refused(world: World) -> None:
    session = paid(world)
    again = world.pays(session.id)
    assert again.status_code == 400
    assert again.json()["code"] == "session_closed"
    assert len(world.business.events("checkout.session.completed")) <= 1


def test_a_declined_card_leaves_the_session_open_for_another(world: World) -> None:
    session = session_of(world)
    assert world.pays(session.id, "decline").json()["status"] == "open"
    failed = world.business.wait_for_event("payment_intent.payment_failed")
    error = failed["data"]["object"]["last_payment_error"]
    assert error["code"] == "card_declined"
    assert world.pays(session.id).json()["payment_status"] == "paid"


def test_three_d_secure_waits_for_the_owner_and_a_second_pay_completes_it(world: World) -> None:
    session = session_of(world)
    world.pays(session.id, "require_action")
    waiting = world.stripe().v1.checkout.sessions.retrieve(
        session.id, {"expand": ["payment_intent"]}
    )
    assert waiting.payment_intent.status == "requires_action"  # type: ignore[union-attr]
    assert world.pays(session.id).json()["status"] == "complete"
    intents = world.stripe().v1.payment_intents.list()
    assert [intent.status for intent in intents.data] == ["succeeded"]


def test_an_expired_session_says_so_and_can_t_be_paid(world: World) -> None:
    by_page, by_call = session_of(world), session_of(world)
    assert world.pays(by_page.id, "expire").json()["status"] == "expired"
    assert world.stripe().v1.checkout.sessions.expire(by_call.id).status == "expired"
    world.business.wait_for_event("checkout.session.expired", times=2)
    assert world.pays(by_page.id).status_code == 400
    with pytest.raises(stripe.InvalidRequestError):
        world.stripe().v1.checkout.sessions.expire(by_call.id)


def test_a_slow_payment_completes_first_and_succeeds_later(world: World) -> None:
    session = session_of(world)
    under_way = world.pays(session.id, "process").json()
    assert (under_way["status"], under_way["payment_status"]) == ("complete", "unpaid")
    assert world.pays(session.id, "pay").json()["payment_status"] == "paid"
    world.business.wait_for_event("checkout.session.async_payment_succeeded")


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"line_items": []}, "line_items"),
        ({"success_url": ""}, "success_url"),
        ({"success_url": "not an address"}, "success_url"),
        ({"customer": "cus_nobody"}, "customer"),
        ({"expires_at": 1}, "expires_at"),
        ({"price": 100}, "price"),
        ({"metadata": {"k": "x" * 501}}, "metadata[k]"),
    ],
)
def test_a_wrong_session_is_refused_naming_the_parameter(
    world: World, change: dict[str, Any], param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        session_of(world, **change)
    assert refused.value.param == param


def test_a_wrong_key_is_refused(world: World) -> None:
    with pytest.raises(stripe.AuthenticationError):
        world.stripe(key="sk_test_other").v1.balance.retrieve()


def test_the_balance_answers_a_ping_and_counts_what_came_in(world: World) -> None:
    assert world.stripe().v1.balance.retrieve().livemode is False
    paid(world)
    [available] = world.stripe().v1.balance.retrieve().available
    assert (available.currency, available.amount) == ("inr", 4785)


def test_a_customer_is_made_changed_found_and_deleted(world: World) -> None:
    customers = world.stripe().v1.customers
    made = customers.create(
        {"email": "shop@example.org", "name": "Shop", "metadata": {"employer_id": "e-1", "x": "y"}}
    )
    changed = customers.update(made.id, {"name": "New shop", "metadata": {"x": ""}})
    assert changed.name == "New shop"
    assert changed.metadata is not None
    assert changed.metadata.to_dict() == {"employer_id": "e-1"}
    found = customers.search({"query": "metadata['employer_id']:'e-1'"})
    assert [customer.id for customer in found.data] == [made.id]
    assert [c.id for c in customers.list({"email": "shop@example.org"}).data] == [made.id]
    assert customers.delete(made.id).deleted is True
    assert customers.search({"query": "email:'shop@example.org'"}).data == []


def test_a_saved_card_is_charged_without_its_owner(world: World) -> None:
    customer, card = saved_card(world)
    intent = charge_saved(world, customer, card)
    assert intent.status == "succeeded"
    assert intent.amount_received == 4900


def test_a_card_is_kept_only_where_asked_or_agreed(world: World) -> None:
    customer = world.stripe().v1.customers.create({}).id
    offer: Any = {"payment_method_save": "enabled"}
    paid(world, customer=customer)
    paid(world, customer=customer, saved_payment_method_options=offer)
    cards = world.stripe().v1.payment_methods
    assert cards.list({"customer": customer}).data == []
    session = session_of(world, customer=customer, saved_payment_method_options=offer)
    world.pays(session.id, save_card=True)
    [kept] = cards.list({"customer": customer}).data
    cards.detach(kept.id)
    assert cards.list({"customer": customer}).data == []


def test_a_declined_saved_card_answers_402_and_the_attempt_stays_on_record(world: World) -> None:
    customer, card = saved_card(world)
    world.http.post(
        "/stripe/_control/faults",
        json={"next": 1, "kind": "card_declined", "code": "insufficient_funds"},
    )
    with pytest.raises(stripe.CardError) as declined:
        charge_saved(world, customer, card, key="pay:2:1")
    assert declined.value.http_status == 402
    assert declined.value.code == "card_declined"
    intent = declined.value.error.payment_intent  # type: ignore[union-attr]
    assert intent.status == "requires_payment_method"  # type: ignore[union-attr]
    with pytest.raises(stripe.CardError):
        charge_saved(world, customer, card, key="pay:2:1")
    assert charge_saved(world, customer, card, key="pay:2:2").status == "succeeded"


def test_a_saved_card_may_need_its_owner(world: World) -> None:
    customer, card = saved_card(world)
    world.http.post("/stripe/_control/faults", json={"next": 1, "kind": "authentication_required"})
    with pytest.raises(stripe.CardError) as declined:
        charge_saved(world, customer, card)
    assert declined.value.code == "authentication_required"


def test_a_card_of_another_customer_can_t_be_charged(world: World) -> None:
    _, card = saved_card(world)
    other = world.stripe().v1.customers.create({}).id
    with pytest.raises(stripe.InvalidRequestError):
        charge_saved(world, other, card)


def test_the_same_key_and_request_gives_the_first_answer_again(world: World) -> None:
    sessions = world.stripe().v1.checkout.sessions
    first = sessions.create(lead(), {"idempotency_key": "pay:1:1"})
    again = sessions.create(lead(), {"idempotency_key": "pay:1:1"})
    assert first.id == again.id
    assert again.last_response is not None
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert len(sessions.list().data) == 1


def test_the_same_key_with_another_request_is_an_idempotency_error(world: World) -> None:
    sessions = world.stripe().v1.checkout.sessions
    sessions.create(lead(), {"idempotency_key": "pay:1:1"})
    with pytest.raises(stripe.IdempotencyError):
        sessions.create(lead(client_reference_id="other"), {"idempotency_key": "pay:1:1"})


def test_a_stored_500_is_given_again_for_its_key_and_not_for_a_new_one(world: World) -> None:
    world.http.post("/stripe/_control/faults", json={"next": 1, "kind": "http_500"})
    sessions = world.stripe(retries=2).v1.checkout.sessions
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            sessions.create(lead(), {"idempotency_key": "pay:1:1"})
    assert sessions.create(lead(), {"idempotency_key": "pay:1:2"}).status == "open"


def test_a_lost_answer_is_found_again_by_the_same_key(world: World) -> None:
    world.http.post("/stripe/_control/faults", json={"next": 1, "kind": "timeout_after_accept"})
    # On a busy machine a good answer may take longer, too: then it is asked for again.
    sessions = world.stripe(retries=50, timeout=0.3).v1.checkout.sessions
    session = sessions.create(lead(), {"idempotency_key": "pay:1:1"})
    assert [found.id for found in sessions.list().data] == [session.id]


def test_a_refusal_of_bad_parameters_is_not_kept_for_the_key(world: World) -> None:
    sessions = world.stripe().v1.checkout.sessions
    with pytest.raises(stripe.InvalidRequestError):
        sessions.create(lead(line_items=[]), {"idempotency_key": "pay:1:1"})
    assert sessions.create(lead(), {"idempotency_key": "pay:1:1"}).status == "open"


def test_refunds_add_up_to_the_charge_and_no_further(world: World) -> None:
    intent = str(paid(world).payment_intent)
    refunds = world.stripe().v1.refunds
    first = refunds.create({"payment_intent": intent, "amount": 1000})
    assert (first.status, first.amount) == ("succeeded", 1000)
    with pytest.raises(stripe.InvalidRequestError):
        refunds.create({"payment_intent": intent, "amount": 4000})
    rest = refunds.create({"payment_intent": intent})
    assert rest.amount == 3900
    with pytest.raises(stripe.InvalidRequestError) as refused:
        refunds.create({"payment_intent": intent})
    assert refused.value.code == "charge_already_refunded"
    assert {refund.id for refund in refunds.list({"payment_intent": intent}).data} == {
        first.id,
        rest.id,
    }
    charge = world.business.wait_for_event("charge.refunded", times=2)["data"]["object"]
    assert (charge["amount_refunded"], charge["refunded"]) == (4900, True)


def test_a_refund_can_fail_after_it_succeeded(world: World) -> None:
    refund = world.stripe().v1.refunds.create({"payment_intent": str(paid(world).payment_intent)})
    world.http.post(f"/stripe/_control/refunds/{refund.id}", json={"status": "failed"})
    failed = world.business.wait_for_event("refund.failed")["data"]["object"]
    assert (failed["id"], failed["status"]) == (refund.id, "failed")
    charge = world.stripe().v1.charges.retrieve(refund.charge)  # type: ignore[arg-type]
    assert charge.amount_refunded == 0


def test_a_dispute_opens_moves_and_closes(world: World) -> None:
    intent = str(paid(world).payment_intent)

    def dispute(status: str) -> dict[str, Any]:
        body = {"payment_intent": intent, "status": status}
        return dict(world.http.post("/stripe/_control/disputes", json=body).json())

    opened = dispute("needs_response")
    assert world.stripe().v1.disputes.retrieve(opened["id"]).status == "needs_response"
    world.business.wait_for_event("charge.dispute.created")
    world.business.wait_for_event("charge.dispute.funds_withdrawn")
    dispute("under_review")
    world.business.wait_for_event("charge.dispute.updated")
    assert dispute("won")["id"] == opened["id"]
    closed = world.business.wait_for_event("charge.dispute.closed")
    assert closed["data"]["object"]["status"] == "won"
    world.business.wait_for_event("charge.dispute.funds_reinstated")


def test_an_inquiry_moves_no_money(world: World) -> None:
    intent = str(paid(world).payment_intent)
    for status in ("warning_needs_response", "warning_closed"):
        body = {"payment_intent": intent, "status": status}
        world.http.post("/stripe/_control/disputes", json=body)
    world.business.wait_for_event("charge.dispute.closed")
    assert world.business.events("charge.dispute.funds_withdrawn") == []


def test_an_event_can_be_read_listed_and_sent_again(world: World) -> None:
    paid(world)
    event = world.business.wait_for_event("checkout.session.completed")
    assert world.stripe().v1.events.retrieve(event["id"]).type == event["type"]
    listed = world.stripe().v1.events.list({"type": "checkout.session.completed"})
    assert [found.id for found in listed.data] == [event["id"]]
    answer = world.http.post(f"/stripe/_control/events/{event['id']}/resend").json()
    assert answer["delivered"] is True
    assert world.business.wait_for_event("checkout.session.completed", times=2) == event
    world.http.post("/stripe/_control/faults", json={"next": 1, "kind": "duplicate"})
    world.http.post(f"/stripe/_control/events/{event['id']}/resend")
    assert world.business.wait_for_event("checkout.session.completed", times=4) == event


def test_an_event_refused_by_the_business_is_repeated(world: World) -> None:
    world.business.answers = [500, 503]
    session_of(world)
    world.stripe().v1.customers.create({})
    world.business.wait_for_event("customer.created", times=3)


def test_lists_page_backwards_in_time(world: World) -> None:
    made = [world.stripe().v1.customers.create({}).id for _ in range(5)]
    page = world.stripe().v1.customers.list({"limit": 2})
    assert page.has_more is True
    assert [customer.id for customer in page.auto_paging_iter()] == list(reversed(made))


def test_what_stripe_does_not_have_is_404_in_its_shape(world: World) -> None:
    with pytest.raises(stripe.InvalidRequestError) as missing:
        world.stripe().v1.payment_intents.retrieve("pi_nothing")
    assert (missing.value.http_status, missing.value.code) == (404, "resource_missing")
    headers = {"Authorization": f"Bearer {world.config.stripe_secret_key}"}
    assert world.http.get("/stripe/v1/unicorns", headers=headers).status_code == 404


def test_fifty_people_who_pay_at_once_are_one_payment(world: World) -> None:
    session = session_of(world)

    async def all_at_once() -> list[int]:
        async with httpx.AsyncClient(timeout=20) as http:
            url = f"{world.url}/stripe/_control/checkout/{session.id}"
            calls = [http.post(url, json={"outcome": "pay"}) for _ in range(50)]
            return [answer.status_code for answer in await asyncio.gather(*calls)]

    assert sorted(asyncio.run(all_at_once())) == [200, *[400] * 49]
    assert len(world.stripe().v1.charges.list().data) == 1


def test_a_bad_signature_is_followed_by_the_right_one(world: World) -> None:
    world.http.post("/stripe/_control/faults", json={"next": 1, "kind": "bad_signature"})
    world.business.answers = [401]
    world.stripe().v1.customers.create({})
    world.business.wait_for_event("customer.created", times=2)
    good = []
    for received in world.business.received:
        fields = dict(
            part.split("=", 1) for part in received.headers["stripe-signature"].split(",")
        )
        key = world.config.stripe_webhook_secret.encode()
        digest = hmac.new(key, f"{fields['t']}.".encode() + received.body, hashlib.sha256)
        good.append(digest.hexdigest() == fields["v1"])
    assert good == [False, True]


def test_sessions_survive_a_restart(open_world: Open) -> None:
    with open_world() as world:
        session = session_of(world)
    with open_world() as world:
        assert world.pays(session.id).json()["status"] == "complete"


def test_a_session_ends_by_itself_when_its_time_is_over(world: World) -> None:
    session = session_of(world)
    with contextlib.closing(sqlite3.connect(world.config.journal)) as db, db:
        db.execute(
            "UPDATE stripe_objects SET open_until = 1,"
            " body = json_set(body, '$.expires_at', 1) WHERE id = ?",
            (session.id,),
        )
    ended = world.business.wait_for_event("checkout.session.expired")
    assert ended["data"]["object"]["id"] == session.id
    assert world.pays(session.id).status_code == 400
