"""Stripe's signature and its events, read without a database."""

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
    RefundChanged,
    RefundState,
    SignatureInvalid,
)
from app.payments.rules import DisputeStatus
from app.providers.stripe.client import checkout_of
from app.providers.stripe.webhook import (
    SIGNATURE_TOLERANCE_SECONDS,
    StripeEvents,
    event_of,
    verified_event,
)

NOW = dt.datetime(2026, 11, 23, 6, 0, tzinfo=dt.UTC)
SECRET = "whsec_one"
BODY = b'{"id": "evt_1", "type": "checkout.session.completed", "data": {"object": {}}}'


def digest(body: bytes, stamp: int, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), b"%d." % stamp + body, hashlib.sha256).hexdigest()


def header(body: bytes = BODY, *, at: dt.datetime = NOW, secret: str = SECRET) -> str:
    stamp = int(at.timestamp())
    return f"t={stamp},v1={digest(body, stamp, secret)}"


def test_a_signed_event_is_read() -> None:
    assert verified_event(BODY, header(), [SECRET], NOW) == json.loads(BODY)


def test_the_sdk_s_own_verification_agrees() -> None:
    import stripe

    at = dt.datetime.now(dt.UTC)
    body = b'{"id": "evt_1", "object": "event", "type": "x"}'
    signed = header(body, at=at)
    assert stripe.Webhook.construct_event(body, signed, SECRET).id == "evt_1"
    assert verified_event(body, signed, [SECRET], at)["id"] == "evt_1"


def test_while_secrets_rotate_either_signs() -> None:
    secrets = ["whsec_new", SECRET]
    assert verified_event(BODY, header(), secrets, NOW)
    assert verified_event(BODY, header(secret="whsec_new"), secrets, NOW)
    stamp = int(NOW.timestamp())
    both = f"t={stamp},v1={digest(BODY, stamp, 'old')},v1={digest(BODY, stamp)},v0=ignored"
    assert verified_event(BODY, both, [SECRET], NOW)


@pytest.mark.parametrize("seconds", [-SIGNATURE_TOLERANCE_SECONDS, 0, SIGNATURE_TOLERANCE_SECONDS])
def test_a_signature_counts_for_five_minutes_either_way(seconds: int) -> None:
    at = NOW + dt.timedelta(seconds=seconds)
    assert verified_event(BODY, header(at=at), [SECRET], NOW)
    beyond = at + dt.timedelta(seconds=1 if seconds > 0 else -1)
    if seconds:
        with pytest.raises(SignatureInvalid):
            verified_event(BODY, header(at=beyond), [SECRET], NOW)


_STAMP = int(NOW.timestamp())


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "nonsense",
        f"t={_STAMP}",
        f"v1={digest(BODY, _STAMP)}",
        f"t={_STAMP},v1=",
        f"t={_STAMP},v1=é",
        f"t={_STAMP},v0={digest(BODY, _STAMP)}",
        f"t={_STAMP},v1={digest(BODY, _STAMP)[:-1]}",
        f"t={_STAMP},v1={digest(BODY, _STAMP, 'whsec_other')}",
        f"t={_STAMP + 1},v1={digest(BODY, _STAMP)}",
        f"t={_STAMP},t={_STAMP},v1={digest(BODY, _STAMP)}",
        f"t=-{_STAMP},v1={digest(BODY, _STAMP)}",
        f"t={'9' * 400},v1={digest(BODY, _STAMP)}",
        f"t=,v1={digest(BODY, _STAMP)}",
        f"t=1e9,v1={digest(BODY, _STAMP)}",
    ],
)
def test_any_other_signature_is_refused(signature: str) -> None:
    with pytest.raises(SignatureInvalid):
        verified_event(BODY, signature, [SECRET], NOW)


def test_a_body_changed_by_one_byte_is_refused() -> None:
    with pytest.raises(SignatureInvalid):
        verified_event(BODY + b" ", header(), [SECRET], NOW)


def test_without_secrets_nothing_is_genuine() -> None:
    with pytest.raises(SignatureInvalid):
        verified_event(BODY, header(), [], NOW)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[]",
        b"1",
        b"{}",
        b'{"id": 1, "type": "x"}',
        b'{"id": "", "type": "x"}',
        b'{"id": "e"}',
        b'{"id": "e", "type": null}',
        b'{"id": "e\\u0000", "type": "x"}',
        b'{"id": "\\ud800", "type": "x"}',
        b"[" * 100_000,
    ],
)
def test_a_signed_body_that_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        verified_event(body, header(body), [SECRET], NOW)


@given(st.text(max_size=200))
def test_no_header_breaks_the_check(signature: str) -> None:
    with pytest.raises(SignatureInvalid):
        verified_event(BODY, signature, [SECRET], NOW)


def session(**changes: Any) -> dict[str, Any]:
    return {
        "id": "cs_1",
        "mode": "payment",
        "url": "https://pay.example/cs_1",
        "status": "open",
        "payment_status": "unpaid",
        "expires_at": _STAMP,
        "amount_total": 4_900,
        "currency": "inr",
        "livemode": False,
        "metadata": {"payment_id": "p-1"},
        "payment_intent": None,
        **changes,
    }


@pytest.mark.parametrize(
    ("status", "payment_status", "state"),
    [
        ("open", "unpaid", CheckoutState.OPEN),
        ("complete", "paid", CheckoutState.PAID),
        ("complete", "no_payment_required", CheckoutState.PAID),
        ("complete", "unpaid", CheckoutState.PROCESSING),
        ("expired", "unpaid", CheckoutState.EXPIRED),
    ],
)
def test_a_page_stands_where_stripe_says(
    status: str, payment_status: str, state: CheckoutState
) -> None:
    page = checkout_of(session(status=status, payment_status=payment_status))
    assert (page.state, page.paid, page.payment_id) == (state, Money(4_900, "INR"), "p-1")
    assert page.expires_at == NOW


def test_an_intent_may_come_whole() -> None:
    assert checkout_of(session(payment_intent={"id": "pi_1"})).intent_id == "pi_1"
    assert checkout_of(session(payment_intent="pi_1")).intent_id == "pi_1"


def of(kind: str, thing: dict[str, Any]) -> Any:
    return event_of({"id": "evt_1", "type": kind, "data": {"object": thing}})


def intent(**changes: Any) -> dict[str, Any]:
    return {
        "id": "pi_1",
        "amount": 4_900,
        "amount_received": 4_900,
        "currency": "inr",
        "created": _STAMP,
        "livemode": False,
        "metadata": {"payment_id": "p-1"},
        **changes,
    }


def refund(**changes: Any) -> dict[str, Any]:
    return {
        "id": "re_1",
        "status": "succeeded",
        "amount": 100,
        "currency": "inr",
        "payment_intent": "pi_1",
        "metadata": {"refund_id": "r-1"},
        **changes,
    }


def test_events_are_told_in_our_words() -> None:
    assert isinstance(of("checkout.session.completed", session()), CheckoutChanged)
    failed = of("checkout.session.async_payment_failed", session())
    assert failed == AttemptFailed("p-1", "async_payment_failed", final=True)
    paid = of("payment_intent.succeeded", intent())
    assert paid.checkout.state is CheckoutState.PAID
    assert paid.checkout.intent_id == "pi_1"
    waiting = of("payment_intent.processing", intent(amount_received=0))
    assert waiting.checkout.state is CheckoutState.PROCESSING
    error = {"code": "card_declined", "decline_code": "insufficient_funds"}
    declined = of("payment_intent.payment_failed", intent(last_payment_error=error))
    assert declined == AttemptFailed("p-1", "insufficient_funds", final=False)
    stopped = of("payment_intent.canceled", intent(cancellation_reason="abandoned"))
    assert stopped == AttemptFailed("p-1", "cancelled", final=True)
    given_back = of("refund.updated", refund())
    assert isinstance(given_back, RefundChanged)
    assert (given_back.refund.refund_id, given_back.intent_id) == ("r-1", "pi_1")


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("succeeded", RefundState.SUCCEEDED),
        ("pending", RefundState.PENDING),
        ("requires_action", RefundState.PENDING),
        ("failed", RefundState.FAILED),
        ("canceled", RefundState.FAILED),
    ],
)
def test_a_refund_stands_where_stripe_says(status: str, state: RefundState) -> None:
    told = of("refund.created", refund(status=status, metadata=None))
    assert (told.refund.state, told.refund.refund_id) == (state, None)


@pytest.mark.parametrize(
    ("status", "ours"),
    [
        ("needs_response", "opened"),
        ("under_review", "opened"),
        ("won", "won"),
        ("lost", "lost"),
        ("prevented", "won"),
        ("warning_needs_response", "inquiry"),
        ("warning_under_review", "inquiry"),
        ("warning_closed", "inquiry"),
    ],
)
def test_a_dispute_stands_where_the_bank_says(status: str, ours: str) -> None:
    thing = {"id": "dp_1", "status": status, "amount": 4_900, "currency": "inr"}
    told = of("charge.dispute.updated", thing | {"payment_intent": {"id": "pi_1"}})
    assert told == DisputeChanged("dp_1", "pi_1", DisputeStatus(ours), Money(4_900, "INR"))


@pytest.mark.parametrize(
    ("kind", "thing"),
    [
        ("customer.created", {}),
        ("charge.refunded", {"id": "ch_1"}),
        ("checkout.session.completed", session(mode="subscription", amount_total=None)),
        ("checkout.session.async_payment_failed", session(metadata={})),
        ("payment_intent.created", intent()),
        ("payment_intent.succeeded", intent(metadata={})),
        ("payment_intent.succeeded", intent(metadata=None)),
        ("payment_intent.canceled", intent(cancellation_reason="expired")),
        ("payment_intent.payment_failed", intent(metadata={})),
        ("refund.created", refund(payment_intent=None)),
        ("charge.dispute.created", {"payment_intent": None}),
        ("charge.dispute.invented", {"payment_intent": "pi_1"}),
    ],
)
def test_everything_else_means_nothing_to_us(kind: str, thing: dict[str, Any]) -> None:
    assert of(kind, thing) is None


def test_an_event_without_an_object_means_nothing_unless_it_should_have_one() -> None:
    assert event_of({"id": "evt_1", "type": "v2.core.event"}) is None
    with pytest.raises(KeyError):
        event_of({"id": "evt_1", "type": "checkout.session.completed"})


@pytest.mark.parametrize(
    ("event", "live", "why"),
    [
        ({"livemode": False}, False, None),
        ({"livemode": True}, True, None),
        ({}, True, None),
        ({"livemode": False}, True, "livemode"),
        ({"livemode": True}, False, "livemode"),
        ({"livemode": True, "account": "acct_1"}, True, "account"),
    ],
)
def test_an_event_of_another_mode_or_account_is_none_of_ours(
    event: dict[str, Any], live: bool, why: str | None
) -> None:
    assert StripeEvents([SECRET], livemode=live).stranger(event) == why
