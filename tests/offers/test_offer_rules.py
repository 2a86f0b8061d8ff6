"""How an offer moves: every action in every status, read off the table itself."""

import datetime as dt
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.core.errors import Conflict
from app.offers.rules import (
    OVERDUE,
    TABLE,
    Action,
    AlreadyUnlocked,
    NotDue,
    OfferClosed,
    OfferExpired,
    OfferState,
    OfferStatus,
    acceptance_rate,
    decide,
    effective,
    remind_at,
    respond_by,
)

NOW = dt.datetime(2026, 11, 23, 6, 0, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(hours=1)
EARLIER = NOW - dt.timedelta(hours=1)

PAIRS = list(product(Action, OfferStatus))
STEPS = [(action, status) for action, status in PAIRS if TABLE.starting(action, status)]

minutes = st.integers(min_value=1, max_value=10_080)
instants = st.timedeltas(dt.timedelta(0), dt.timedelta(days=30)).map(lambda after: NOW + after)
facts = st.builds(
    OfferState,
    status=st.sampled_from(OfferStatus),
    respond_by=instants,
    unlocked=st.booleans(),
    job_has_room=st.booleans(),
)


def good_facts(action: Action, status: OfferStatus) -> OfferState:
    """Facts under which every guard of that step holds."""
    overdue = any(OVERDUE in each.guards for each in TABLE.starting(action, status))
    return OfferState(status, EARLIER if overdue else LATER, unlocked=False, job_has_room=True)


def test_the_table_answers_every_action_in_every_status() -> None:
    assert set(TABLE.rules) == set(Action)
    for action, status in PAIRS:
        rule = TABLE.rules[action]
        known = TABLE.starting(action, status) or (rule.repeatable and status in rule.targets)
        assert known or rule.refusals.get(status, rule.otherwise).code != "conflict"


@pytest.mark.parametrize(("action", "status"), PAIRS)
def test_every_action_is_a_step_or_nothing_or_a_named_refusal(
    action: Action, status: OfferStatus
) -> None:
    rule = TABLE.rules[action]
    if found := TABLE.starting(action, status):
        assert decide(good_facts(action, status), action, NOW) in found
    elif rule.repeatable and status in rule.targets:
        assert decide(good_facts(action, status), action, NOW) is None
    else:
        with pytest.raises(Conflict) as refused:
            decide(good_facts(action, status), action, NOW)
        assert type(refused.value) is rule.refusals.get(status, rule.otherwise)


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [
        (Action.ACCEPT, OfferStatus.OFFERED, OfferStatus.ACCEPTED),
        (Action.REJECT, OfferStatus.OFFERED, OfferStatus.REJECTED),
        (Action.RECONSIDER, OfferStatus.REJECTED, OfferStatus.OFFERED),
        (Action.WITHDRAW, OfferStatus.ACCEPTED, OfferStatus.WITHDRAWN),
        (Action.EXPIRE, OfferStatus.OFFERED, OfferStatus.EXPIRED),
        (Action.CLOSE, OfferStatus.OFFERED, OfferStatus.CLOSED),
        (Action.UNLOCK, OfferStatus.ACCEPTED, OfferStatus.ACCEPTED),
        (Action.PROMOTE, OfferStatus.CLOSED, OfferStatus.ACCEPTED),
    ],
)
def test_there_is_one_step_for_each_action(
    action: Action, before: OfferStatus, after: OfferStatus
) -> None:
    [status] = [status for a, status in STEPS if a == action]
    [step] = TABLE.starting(action, status)
    assert step is TABLE.only(action)
    assert (status, step.target) == (before, after) == (step.source, step.target)


@pytest.mark.parametrize(
    ("status", "action", "code"),
    [
        ("rejected", "accept", "already_responded"),
        ("accepted", "reject", "already_responded"),
        ("withdrawn", "accept", "already_responded"),
        ("expired", "accept", "offer_expired"),
        ("expired", "reject", "offer_expired"),
        ("closed", "accept", "offer_closed"),
        ("closed", "reject", "offer_closed"),
        ("offered", "withdraw", "not_accepted"),
        ("rejected", "withdraw", "not_accepted"),
        ("accepted", "reconsider", "not_rejected"),
        ("withdrawn", "reconsider", "not_rejected"),
        ("expired", "reconsider", "offer_expired"),
        ("closed", "reconsider", "offer_closed"),
        ("withdrawn", "unlock", "match_not_accepted"),
    ],
)
def test_a_refusal_has_the_name_that_programs_know(status: str, action: str, code: str) -> None:
    offer = OfferState(OfferStatus(status), LATER, unlocked=False, job_has_room=True)
    with pytest.raises(Conflict) as refused:
        decide(offer, Action(action), NOW)
    assert refused.value.reason == code


@pytest.mark.parametrize("action", [Action.ACCEPT, Action.REJECT])
def test_the_deadline_itself_is_too_late(action: Action) -> None:
    with pytest.raises(OfferExpired):
        decide(OfferState(OfferStatus.OFFERED, NOW, False, True), action, NOW)
    just_before = NOW - dt.timedelta(microseconds=1)
    assert decide(OfferState(OfferStatus.OFFERED, NOW, False, True), action, just_before)


def test_a_full_or_closed_job_takes_no_acceptance_but_a_rejection() -> None:
    full = OfferState(OfferStatus.OFFERED, LATER, unlocked=False, job_has_room=False)
    with pytest.raises(OfferClosed):
        decide(full, Action.ACCEPT, NOW)
    assert decide(full, Action.REJECT, NOW)


def test_who_is_both_late_and_too_many_is_told_that_it_is_late() -> None:
    with pytest.raises(OfferExpired):
        decide(OfferState(OfferStatus.OFFERED, EARLIER, False, False), Action.ACCEPT, NOW)


def test_what_was_unlocked_is_neither_taken_back_nor_sold_again() -> None:
    sold = OfferState(OfferStatus.ACCEPTED, LATER, unlocked=True, job_has_room=True)
    for action in (Action.WITHDRAW, Action.UNLOCK):
        with pytest.raises(AlreadyUnlocked):
            decide(sold, action, NOW)


def test_nothing_expires_before_its_time() -> None:
    with pytest.raises(NotDue):
        decide(OfferState(OfferStatus.OFFERED, LATER, False, True), Action.EXPIRE, NOW)


@given(facts, st.sampled_from(Action), instants)
def test_a_step_taken_twice_is_taken_once(
    offer: OfferState, action: Action, now: dt.datetime
) -> None:
    try:
        step = decide(offer, action, now)
    except Conflict:
        return
    assume(step is not None and step.target is not offer.status)
    assert step is not None
    again = OfferState(step.target, offer.respond_by, offer.unlocked, offer.job_has_room)
    assert decide(again, action, now) is None


@given(facts, st.lists(st.sampled_from(Action), max_size=6), instants)
def test_only_a_rejection_in_time_leads_back_to_an_open_offer(
    offer: OfferState, actions: list[Action], now: dt.datetime
) -> None:
    assume(offer.status is not OfferStatus.OFFERED)
    may_open = (
        offer.status is OfferStatus.REJECTED and now < offer.respond_by and offer.job_has_room
    )
    for action in actions:
        try:
            step = decide(offer, action, now)
        except Conflict:
            continue
        if step is not None:
            offer = OfferState(step.target, offer.respond_by, offer.unlocked, offer.job_has_room)
        assert may_open or offer.status is not OfferStatus.OFFERED


def test_a_rejection_is_not_taken_back_too_late_or_where_there_is_no_place() -> None:
    rejected = OfferState(OfferStatus.REJECTED, NOW, unlocked=False, job_has_room=True)
    with pytest.raises(OfferExpired):
        decide(rejected, Action.RECONSIDER, NOW)
    with pytest.raises(OfferClosed):
        decide(replace(rejected, respond_by=LATER, job_has_room=False), Action.RECONSIDER, NOW)
    open_still = replace(rejected, status=OfferStatus.OFFERED, respond_by=LATER)
    assert decide(open_still, Action.RECONSIDER, NOW) is None
    with pytest.raises(OfferExpired):
        decide(replace(open_still, respond_by=NOW), Action.RECONSIDER, NOW)


@given(
    facts,
    st.sampled_from([OfferStatus.OFFERED, OfferStatus.EXPIRED]),
    st.sampled_from([Action.ACCEPT, Action.REJECT, Action.CLOSE]),
    st.timedeltas(dt.timedelta(0), dt.timedelta(days=30)),
)
def test_what_everybody_sees_as_expired_is_answered_by_nobody(
    offer: OfferState, status: OfferStatus, action: Action, late: dt.timedelta
) -> None:
    offer, now = replace(offer, status=status), offer.respond_by + late
    assert effective(offer.status, offer.respond_by, now) is OfferStatus.EXPIRED
    with pytest.raises(OfferExpired):
        decide(offer, action, now)


@given(st.sampled_from(OfferStatus), instants, instants)
def test_only_an_unanswered_offer_changes_by_time_alone(
    status: OfferStatus, deadline: dt.datetime, now: dt.datetime
) -> None:
    seen = effective(status, deadline, now)
    overdue = status is OfferStatus.OFFERED and deadline <= now
    assert seen is (OfferStatus.EXPIRED if overdue else status)


@given(instants, minutes, st.none() | instants)
def test_a_deadline_is_never_after_the_job_is_over(
    now: dt.datetime, within: int, closes_at: dt.datetime | None
) -> None:
    deadline = respond_by(now, within, closes_at)
    assert deadline <= now + dt.timedelta(minutes=within)
    assert closes_at is None or deadline <= closes_at
    assert deadline in (now + dt.timedelta(minutes=within), closes_at)


@pytest.mark.parametrize(
    ("given_minutes", "left_minutes"), [(59, None), (60, 15), (240, 60), (10_080, 2_520)]
)
def test_the_reminder_leaves_a_quarter_of_the_time(
    given_minutes: int, left_minutes: int | None
) -> None:
    deadline = NOW + dt.timedelta(minutes=given_minutes)
    at = remind_at(NOW, deadline)
    left = None if left_minutes is None else dt.timedelta(minutes=left_minutes)
    assert (None if at is None else deadline - at) == left


@given(instants, minutes)
def test_a_reminder_lies_between_offer_and_deadline(offered: dt.datetime, given: int) -> None:
    deadline = offered + dt.timedelta(minutes=given)
    at = remind_at(offered, deadline)
    assert at is None or offered < at < deadline


@given(*[st.integers(min_value=0, max_value=10_000)] * 4)
def test_the_acceptance_rate_is_a_share_of_what_is_settled(
    accepted: int, rejected: int, expired: int, withdrawn: int
) -> None:
    rate = acceptance_rate(accepted, rejected, expired, withdrawn)
    if accepted + rejected + expired + withdrawn == 0:
        assert rate is None
    else:
        assert rate is not None
        assert 0 <= rate <= 1
        assert (rate == 0) == (
            round(accepted / (accepted + rejected + expired + withdrawn), 3) == 0
        )


def test_the_acceptance_rate_of_one_in_four_is_a_quarter() -> None:
    assert acceptance_rate(1, 1, 1, 1) == 0.25


def test_the_clock_and_the_table_know_the_same_statuses() -> None:
    accept = TABLE.rules[Action.ACCEPT]
    known = {*accept.transitions[0].sources, *accept.targets, *accept.refusals}
    assert set(OfferStatus) - known == {OfferStatus.REJECTED, OfferStatus.WITHDRAWN}
