"""Razorpay's signature and its events, read without a database. The payloads are those of its documentation."""

import datetime as dt
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.money import Money
from app.payments.provider import (
    AttemptFailed,
    CheckoutChanged,
    CheckoutState,
    DisputeChanged,
    EventsNotConfigured,
    RefundChanged,
    RefundState,
    SignatureInvalid,
)
from app.payments.rules import DisputeStatus
from app.providers.razorpay.objects import link_of
from app.providers.razorpay.webhook import RazorpayEvents

NOW = dt.datetime(2026, 11, 23, 6, 0, tzinfo=dt.UTC)
SECRET = "a-webhook-secret"
BODY = b'{"entity": "event", "event": "payment_link.paid", "payload": {}}'
EVENTS = RazorpayEvents([SECRET])


def signed(body: bytes = BODY, secret: str = SECRET, **more: str) -> dict[str, str]:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"x-razorpay-signature": digest, "x-razorpay-event-id": "evt_1"} | more


def test_a_signed_event_has_the_id_of_its_header() -> None:
    event = EVENTS.verify(signed(), BODY, NOW)
    assert (event.id, event.kind, event.body) == ("evt_1", "payment_link.paid", json.loads(BODY))


def test_the_signature_counts_whenever_it_comes() -> None:
    """There is no time in it: an event that is sent again a day later is believed."""
    assert EVENTS.verify(signed(), BODY, NOW + dt.timedelta(days=1)).id == "evt_1"


@pytest.mark.parametrize("id_", ["", " ", "\x00"])
def test_an_event_without_an_id_is_known_by_its_bytes(id_: str) -> None:
    event = EVENTS.verify(signed() | {"x-razorpay-event-id": id_}, BODY, NOW)
    assert event.id == f"sha256:{hashlib.sha256(BODY).hexdigest()}"


def test_while_secrets_rotate_either_signs() -> None:
    both = RazorpayEvents(["the-new-one", SECRET])
    assert both.verify(signed(), BODY, NOW).id == "evt_1"
    assert both.verify(signed(secret="the-new-one"), BODY, NOW).id == "evt_1"
    with pytest.raises(SignatureInvalid):
        RazorpayEvents(["the-new-one"]).verify(signed(), BODY, NOW)


def test_without_a_secret_nothing_is_genuine() -> None:
    with pytest.raises(EventsNotConfigured):
        RazorpayEvents([]).verify(signed(), BODY, NOW)


@given(st.text(max_size=200))
def test_no_header_breaks_the_check(signature: str) -> None:
    with pytest.raises(SignatureInvalid):
        EVENTS.verify({"x-razorpay-signature": signature}, BODY, NOW)


def test_a_body_changed_by_one_byte_is_refused() -> None:
    with pytest.raises(SignatureInvalid):
        EVENTS.verify(signed(), BODY + b" ", NOW)


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"[]", b"1", b"{}", b'{"event": 1}', b'{"event": ""}', b"[" * 100_000]
)
def test_a_signed_body_that_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        EVENTS.verify(signed(body), body, NOW)


def link(**changes: Any) -> dict[str, Any]:
    return {
        "accept_partial": False,
        "amount": 4_900,
        "amount_paid": 0,
        "cancelled_at": 0,
        "created_at": 1_748_586_679,
        "currency": "INR",
        "expire_by": 1_748_587_814,
        "expired_at": 0,
        "id": "plink_1",
        "notes": {"payment_id": "p-1"},
        "payments": None,
        "short_url": "https://rzp.io/rzp/S12PdyW",
        "status": "created",
        **changes,
    }


def payment(**changes: Any) -> dict[str, Any]:
    return {
        "id": "pay_1",
        "amount": 4_900,
        "currency": "INR",
        "status": "captured",
        "created_at": 1_748_586_694,
        "error_code": None,
        "error_reason": None,
        "notes": {"payment_id": "p-1"},
        **changes,
    }


def of(kind: str, **entities: dict[str, Any]) -> Any:
    payload = {name: {"entity": entity} for name, entity in entities.items()}
    return EVENTS.parse({"event": kind, "payload": payload, "created_at": 1_764_000_000})


CAPTURED = [{"payment_id": "pay_1", "status": "captured", "amount": 4_900}]


@pytest.mark.parametrize(
    ("changes", "state", "intent"),
    [
        ({}, CheckoutState.OPEN, None),
        (
            {"status": "paid", "amount_paid": 4_900, "payments": CAPTURED},
            CheckoutState.PAID,
            "pay_1",
        ),
        ({"status": "expired"}, CheckoutState.EXPIRED, None),
        ({"status": "cancelled"}, CheckoutState.EXPIRED, None),
        (
            {"status": "cancelled", "amount_paid": 4_900, "payments": CAPTURED},
            CheckoutState.PAID,
            "pay_1",
        ),
    ],
)
def test_a_link_stands_where_razorpay_says(
    changes: dict[str, Any], state: CheckoutState, intent: str | None
) -> None:
    page = link_of(link(**changes), livemode=False)
    assert (page.state, page.intent_id) == (state, intent)
    assert (page.session_id, page.payment_id) == ("plink_1", "p-1")
    assert page.paid == Money(4_900, "INR")
    assert page.expires_at == dt.datetime.fromtimestamp(1_748_587_814, dt.UTC)


def test_a_part_that_was_paid_is_not_the_price() -> None:
    told = of(
        "payment_link.partially_paid", payment_link=link(status="partially_paid", amount_paid=900)
    )
    assert (told.checkout.state, told.checkout.paid) == (CheckoutState.PAID, Money(900, "INR"))


def test_events_are_told_in_our_words() -> None:
    paid = of(
        "payment_link.paid", payment_link=link(status="paid", amount_paid=4_900), payment=payment()
    )
    assert isinstance(paid, CheckoutChanged)
    assert (paid.checkout.state, paid.checkout.intent_id) == (CheckoutState.PAID, "pay_1")
    late = of("payment.captured", payment=payment())
    assert (late.checkout.session_id, late.checkout.intent_id) == ("", "pay_1")
    assert late.checkout.payment_id == "p-1"
    gone = of("payment_link.expired", payment_link=link(status="expired"))
    assert gone.checkout.state is CheckoutState.EXPIRED
    declined = payment(
        status="failed", error_code="BAD_REQUEST_ERROR", error_reason="payment_timed_out"
    )
    assert of("payment.failed", payment=declined) == AttemptFailed(
        "p-1", "payment_timed_out", final=False
    )


def refund(**changes: Any) -> dict[str, Any]:
    return {
        "id": "rfnd_1",
        "amount": 100,
        "currency": "INR",
        "payment_id": "pay_1",
        "notes": {"refund_id": "r-1"},
        "status": "processed",
        **changes,
    }


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("pending", RefundState.PENDING),
        ("processed", RefundState.SUCCEEDED),
        ("failed", RefundState.FAILED),
    ],
)
def test_a_refund_stands_where_razorpay_says(status: str, state: RefundState) -> None:
    told = of(f"refund.{status}", refund=refund(status=status)) or of(
        "refund.created", refund=refund(status=status)
    )
    assert isinstance(told, RefundChanged)
    assert (told.intent_id, told.refund.refund_id, told.refund.state) == ("pay_1", "r-1", state)
    made_by_hand = of("refund.created", refund=refund(notes=[]))
    assert made_by_hand.refund.refund_id is None


@pytest.mark.parametrize(
    ("status", "phase", "deducted", "ours"),
    [
        ("open", "chargeback", 0, "opened"),
        ("under_review", "pre_arbitration", 4_900, "opened"),
        ("open", "retrieval", 0, "inquiry"),
        ("open", "fraud", 0, "inquiry"),
        ("open", "fraud", 4_900, "opened"),
        ("won", "chargeback", 0, "won"),
        ("lost", "chargeback", 4_900, "lost"),
        ("closed", "fraud", 0, "won"),
        ("closed", "fraud", 4_900, "lost"),
    ],
)
def test_a_dispute_stands_where_the_bank_says(
    status: str, phase: str, deducted: int, ours: str
) -> None:
    thing = {
        "id": "disp_1",
        "payment_id": "pay_1",
        "amount": 4_900,
        "currency": "INR",
        "amount_deducted": deducted,
        "status": status,
        "phase": phase,
    }
    told = of("payment.dispute.created", dispute=thing, payment=payment())
    at = dt.datetime.fromtimestamp(1_764_000_000, dt.UTC)
    assert told == DisputeChanged(
        "disp_1", "pay_1", DisputeStatus(ours), Money(4_900, "INR"), at, taken=bool(deducted)
    )


@pytest.mark.parametrize(
    ("kind", "entities"),
    [
        ("payment.authorized", {"payment": payment()}),
        ("payment.captured", {"payment": payment(notes=[])}),
        ("payment.failed", {"payment": payment(notes=None)}),
        ("order.paid", {"order": {}}),
        ("settlement.processed", {}),
    ],
)
def test_everything_else_means_nothing_to_us(kind: str, entities: dict[str, Any]) -> None:
    assert of(kind, **entities) is None


@pytest.mark.parametrize("kind", ["payment_link.paid", "refund.processed", "payment.dispute.won"])
def test_an_event_without_its_object_is_looked_at_by_a_person(kind: str) -> None:
    with pytest.raises(KeyError):
        EVENTS.parse({"event": kind, "payload": {}})


@pytest.mark.parametrize(
    ("key", "live", "why"),
    [
        ("rzp_test_1", False, None),
        ("rzp_live_1", True, None),
        ("rzp_live_1", False, "livemode"),
        ("rzp_test_1", True, "livemode"),
        (None, True, None),
        (1, True, None),
    ],
)
def test_an_event_of_the_other_mode_is_none_of_ours(key: Any, live: bool, why: str | None) -> None:
    event = {"event": "payment_link.paid", "payload": {"order": {"entity": {"public_key": key}}}}
    assert RazorpayEvents([SECRET], livemode=live).stranger(event) == why
    assert RazorpayEvents([SECRET], livemode=live).stranger({"payload": [1]}) is None


@pytest.mark.parametrize(
    ("ours", "theirs", "why"),
    [
        ("acc_1", "acc_1", None),
        ("acc_1", "acc_2", "account"),
        ("acc_1", None, "account"),
        ("acc_1", ["acc_1"], "account"),
        ("", "acc_2", None),
    ],
)
def test_an_event_of_another_account_is_none_of_ours(ours: str, theirs: Any, why: Any) -> None:
    event = {"event": "refund.processed", "account_id": theirs, "payload": {}}
    assert RazorpayEvents([SECRET], account_id=ours).stranger(event) == why
