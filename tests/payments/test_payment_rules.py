"""How a payment moves, what must agree, and that every booking balances."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.money import Money
from app.payments import rules
from app.payments.rules import CAPTURED, OPEN, TABLE, PaymentAction, PaymentStatus, PaymentTerms

AMOUNTS = st.integers(min_value=1, max_value=10**12)

MOVES = {
    PaymentAction.REQUIRE_ACTION: {"pending": "requires_action"},
    PaymentAction.TRY_AGAIN: {"requires_action": "pending"},
    PaymentAction.PROCESS: {"pending": "processing", "requires_action": "processing"},
    PaymentAction.SUCCEED: dict.fromkeys(
        ["pending", "requires_action", "processing", "failed", "expired", "cancelled"], "succeeded"
    ),
    PaymentAction.FAIL: dict.fromkeys(["pending", "requires_action", "processing"], "failed"),
    PaymentAction.EXPIRE: dict.fromkeys(["pending", "requires_action"], "expired"),
    PaymentAction.CANCEL: dict.fromkeys(["pending", "requires_action", "processing"], "cancelled"),
    PaymentAction.CLOSE: dict.fromkeys(["pending", "requires_action"], "cancelled"),
}
"""What the specification allows, written out; everything else is refused."""


@pytest.mark.parametrize(("state", "action"), list(itertools.product(PaymentStatus, PaymentAction)))
def test_each_action_does_in_each_state_what_is_specified(
    state: PaymentStatus, action: PaymentAction
) -> None:
    step = TABLE.only(action)
    assert (str(step.target) if state in step.sources else None) == MOVES[action].get(state)


def test_money_that_was_taken_stays_taken() -> None:
    """No action leaves the captured states: only refunds move among them."""
    for action in PaymentAction:
        assert not TABLE.only(action).sources & CAPTURED


def test_a_success_counts_whatever_was_believed() -> None:
    undecided = frozenset(PaymentStatus) - CAPTURED - {PaymentStatus.IN_REVIEW}
    assert TABLE.only(PaymentAction.SUCCEED).sources == undecided


def test_open_and_captured_are_different_things() -> None:
    assert not OPEN & CAPTURED
    assert rules.REFUNDABLE < CAPTURED


@given(AMOUNTS, st.data())
def test_what_went_back_says_where_the_payment_stands(amount: int, data: st.DataObject) -> None:
    refunded = data.draw(st.integers(min_value=0, max_value=amount))
    status = rules.after_refunds(amount, refunded)
    assert (status is PaymentStatus.SUCCEEDED) == (refunded == 0)
    assert (status is PaymentStatus.REFUNDED) == (refunded == amount)
    assert status in CAPTURED


prices = st.builds(Money, AMOUNTS, st.sampled_from(["INR", "USD", "JPY"]))
claims = st.builds(PaymentTerms, st.sampled_from(["a", "b", None]), prices, st.booleans())


@given(claims, claims)
def test_a_word_matches_only_if_all_of_it_does(ours: PaymentTerms, theirs: PaymentTerms) -> None:
    assert (rules.mismatches(ours, theirs) == []) == (ours == theirs)


@given(claims)
def test_the_same_word_matches(ours: PaymentTerms) -> None:
    assert rules.mismatches(ours, ours) == []


@pytest.mark.parametrize(
    ("theirs", "wrong"),
    [
        (PaymentTerms(None, Money(4_900, "INR"), False), ["metadata"]),
        (PaymentTerms("p", Money(4_899, "INR"), False), ["amount"]),
        (PaymentTerms("p", Money(4_900, "USD"), False), ["currency"]),
        (PaymentTerms("p", Money(4_900, "INR"), True), ["livemode"]),
        (PaymentTerms("q", Money(1, "USD"), True), ["metadata", "currency", "livemode"]),
    ],
)
def test_every_difference_is_named(theirs: PaymentTerms, wrong: list[str]) -> None:
    assert rules.mismatches(PaymentTerms("p", Money(4_900, "INR"), False), theirs) == wrong


@pytest.mark.parametrize("book", [rules.capture, rules.refund, rules.dispute_lost])
@given(amount=AMOUNTS)
def test_every_booking_and_its_reversal_sum_to_zero(book: object, amount: int) -> None:
    assert callable(book)
    postings = book(amount)
    assert sum(posting.amount for posting in postings) == 0
    back = rules.reversal(postings)
    assert sum(posting.amount for posting in back) == 0
    totals: dict[str, int] = {}
    for posting in [*postings, *back]:
        totals[posting.account] = totals.get(posting.account, 0) + posting.amount
    assert set(totals.values()) == {0}


@given(AMOUNTS)
def test_a_whole_refund_undoes_the_capture(amount: int) -> None:
    assert set(rules.refund(amount)) == set(rules.reversal(rules.capture(amount)))
