"""The platform's table of error codes, row by row: what a code means, and what is done about it."""

import datetime as dt
from typing import Any

import pytest

from app.messaging.rules import (
    AMBIGUOUS_WAIT,
    HALT_PROBE,
    MUCH_LATER,
    PERSON_BACK_OFF,
    Outcome,
    Refusal,
    RetryDecision,
    decide_retry,
)
from app.providers.whatsapp.errors import classify

HTTP_429, PROXY = (None, 429), (None, 502)
"""Answers without a code: a status alone, and a proxy's page."""
OWN_FAILURES = (1, 2, 131000, 131016, 131057)
"""The platform failed: an answer with one of these may come after the message was taken."""
PERMISSIONS = range(200, 300)

TABLE: list[tuple[Any, Refusal, Outcome, dict[str, Any]]] = [
    # codes, what they mean, the message's outcome, what holds for others
    (
        (130429, 4, 80007, 613, 17, 32, 80008, HTTP_429),
        Refusal.BACK_OFF,
        Outcome.RETRY,
        {"back_off": ...},
    ),
    ((131056,), Refusal.PERSON_TOO_FAST, Outcome.RETRY, {}),
    ((131048,), Refusal.SPAM, Outcome.RETRY, {"only_replies": True, "alert": True}),
    ((131064,), Refusal.CLASSIFICATION, Outcome.RETRY, {"only_replies": True, "alert": True}),
    ((131063,), Refusal.ELSEWHERE, Outcome.RETRY, {}),
    ((134100,), Refusal.NOT_MARKETING, Outcome.RETRY, {}),
    ((134101,), Refusal.TRANSIENT, Outcome.RETRY, {}),
    ((131047,), Refusal.WINDOW_CLOSED, Outcome.RETRY, {"window_closed": True}),
    ((131026,), Refusal.UNREACHABLE, Outcome.FAILED, {}),
    ((131049, 130472), Refusal.NOT_NOW, Outcome.FAILED, {}),
    ((131050,), Refusal.NO_MARKETING, Outcome.FAILED, {}),
    (
        (
            *(0, 3, 10, 33, 190, 131005, 131037, 131045),
            *PERMISSIONS,
            *range(133000, 133017),
            *((None, status) for status in (301, 401, 403, 404, 405, 407)),
        ),
        Refusal.CREDENTIALS,
        Outcome.RETRY,
        {"halt": True, "back_off": HALT_PROBE, "alert": True},
    ),
    (
        (368, 131031, 130497, 131042),
        Refusal.BLOCKED,
        Outcome.RETRY,
        {"halt": True, "back_off": HALT_PROBE, "alert": True},
    ),
    (
        (132000, 132001, 132005, 132007, 132008, 132012),
        Refusal.TEMPLATE,
        Outcome.DEAD,
        {"alert": True},
    ),
    ((132015, 132016, 134102), Refusal.TEMPLATE_PAUSED, Outcome.DEFERRED, {"alert": True}),
    ((132068, 132069), Refusal.FORM, Outcome.RETRY, {}),
    ((*OWN_FAILURES, (131000, 500), (131016, 503)), Refusal.GATEWAY, Outcome.WAIT_FOR_STATUS, {}),
    (((999_999, 503), PROXY, (None, 500)), Refusal.GATEWAY, Outcome.WAIT_FOR_STATUS, {}),
    (((131000, None), (131016, None)), Refusal.TRANSIENT, Outcome.RETRY, {}),  # told by a status
    ((131052, 131053), Refusal.MEDIA, Outcome.RETRY, {}),
    ((131021, 131030, 131062, 132018), Refusal.PERMANENT, Outcome.DEAD, {"alert": True}),
    (
        (999_999, 100, 131008, 131009, 131051, (None, 400)),
        Refusal.UNRECOGNISED,
        Outcome.DEAD,
        {"alert": True, "suspicious": True},
    ),
]
ROWS = [
    pytest.param(code, refusal, outcome, more, id=f"{code}-{refusal}")
    for codes, refusal, outcome, more in TABLE
    for code in codes
]
SPENDS_NO_TRY = {
    Refusal.BACK_OFF,
    Refusal.PERSON_TOO_FAST,
    Refusal.SPAM,
    Refusal.CLASSIFICATION,
    Refusal.CREDENTIALS,
    Refusal.BLOCKED,
    Refusal.TEMPLATE_PAUSED,
}


@pytest.mark.parametrize(("code", "refusal", "outcome", "more"), ROWS)
def test_a_code_means_one_thing_and_one_thing_follows(
    code: Any, refusal: Refusal, outcome: Outcome, more: dict[str, Any]
) -> None:
    given, status = code if isinstance(code, tuple) else (code, 400)
    assert classify(given, status) is refusal
    decision = decide_retry(refusal, attempts=1, free_form=True, jitter=0.5)
    assert decision.outcome is outcome
    assert decision.uses_attempt is (refusal not in SPENDS_NO_TRY)
    expected = {name: getattr(RetryDecision(outcome), name) for name in _FOR_OTHERS} | more
    for name, value in expected.items():
        found = getattr(decision, name)
        assert found is not None if value is ... else found == value, name


_FOR_OTHERS = ("back_off", "halt", "only_replies", "suspicious", "window_closed", "alert")


def test_a_code_counts_whatever_the_status_says() -> None:
    for status in (200, 400, 401, 429, 500, 503):
        assert classify(131026, status) is Refusal.UNREACHABLE


def test_the_template_is_sent_once_after_a_closed_window_and_not_again() -> None:
    decision = decide_retry(Refusal.WINDOW_CLOSED, attempts=2, free_form=False, jitter=0.5)
    assert (decision.outcome, decision.window_closed) == (Outcome.FAILED, True)


def test_after_an_answer_of_a_failure_a_status_has_its_time() -> None:
    """An answer of the platform's own failure never says that the message was not taken."""
    for code, status in ((1, 500), (131016, 503), (None, 502), (999_999, 599)):
        decision = decide_retry(classify(code, status), attempts=1, free_form=True, jitter=0.0)
        assert dt.timedelta(seconds=60) <= decision.after <= AMBIGUOUS_WAIT


def test_what_the_platform_chose_not_to_deliver_is_tried_once_much_later() -> None:
    def outcome(attempts: int, *, worth_later: bool) -> tuple[Outcome, dt.timedelta]:
        decision = decide_retry(
            Refusal.NOT_NOW, attempts=attempts, free_form=False, jitter=0.5, worth_later=worth_later
        )
        return decision.outcome, decision.after

    assert outcome(1, worth_later=True) == (Outcome.DEFERRED, MUCH_LATER)
    assert outcome(1, worth_later=False)[0] is Outcome.FAILED
    assert outcome(2, worth_later=True)[0] is Outcome.FAILED


def test_one_person_too_fast_waits_alone() -> None:
    decision = decide_retry(Refusal.PERSON_TOO_FAST, attempts=1, free_form=True, jitter=0.5)
    assert (decision.after, decision.back_off) == (PERSON_BACK_OFF, None)
