"""Retries, statuses, pace and quiet hours, as rules over plain facts."""

import datetime as dt
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.messaging.models import OutboxState
from app.messaging.quiet_hours import QuietPeriod, quiet_until
from app.messaging.rules import (
    LONGEST_RETRY_SECONDS,
    MAX_ATTEMPTS,
    PAIR_BURST,
    PAIR_INTERVAL,
    Outcome,
    Refusal,
    decide_retry,
    moves_forward,
    pair_next,
    pair_wait,
    retry_after,
)
from app.texts.message import (
    BODY_CHARACTERS,
    BUTTON_ID_CHARACTERS,
    BUTTON_TITLE_CHARACTERS,
    BUTTONS,
    HEADING_CHARACTERS,
    ROW_DESCRIPTION_CHARACTERS,
    ROW_ID_CHARACTERS,
    ROW_TITLE_CHARACTERS,
    ROWS,
    TEXT_CHARACTERS,
    Button,
    Outgoing,
    Row,
)

NOW = dt.datetime(2026, 11, 23, 6, 0, tzinfo=dt.UTC)
STATUSES = ("accepted", "sent", "delivered", "failed", "read")
jitter = st.floats(0, 1)


def buttons(count: int, **more: str) -> tuple[Button, ...]:
    return tuple(
        Button(more.get("id", f"id:{n}"), more.get("title", f"Title {n}")) for n in range(count)
    )


def rows(count: int, **more: str) -> tuple[Row, ...]:
    return tuple(
        Row(more.get("id", f"id:{n}"), more.get("title", "T"), more.get("description", ""))
        for n in range(count)
    )


AT_THE_LIMIT = {
    "text": Outgoing("x" * TEXT_CHARACTERS),
    "body": Outgoing("x" * BODY_CHARACTERS, buttons=buttons(BUTTONS)),
    "buttons": Outgoing("x", buttons=buttons(1, title="x" * BUTTON_TITLE_CHARACTERS)),
    "button ids": Outgoing("x", buttons=buttons(1, id="x" * BUTTON_ID_CHARACTERS)),
    "rows": Outgoing("x", rows=rows(ROWS), rows_label="x" * BUTTON_TITLE_CHARACTERS),
    "row titles": Outgoing("x", rows=rows(1, title="x" * ROW_TITLE_CHARACTERS), rows_label="x"),
    "descriptions": Outgoing(
        "x", rows=rows(1, description="x" * ROW_DESCRIPTION_CHARACTERS), rows_label="x"
    ),
    "row ids": Outgoing("x", rows=rows(1, id="x" * ROW_ID_CHARACTERS), rows_label="x"),
    "footer": Outgoing("x", footer="x" * HEADING_CHARACTERS),
}
OVER_IT = {
    "no text": Outgoing(" \n"),
    "text": Outgoing("x" * (TEXT_CHARACTERS + 1)),
    "body": Outgoing("x" * (BODY_CHARACTERS + 1), buttons=buttons(1)),
    "a button too many": Outgoing("x", buttons=buttons(BUTTONS + 1)),
    "button title": Outgoing("x", buttons=buttons(1, title="x" * (BUTTON_TITLE_CHARACTERS + 1))),
    "no button title": Outgoing("x", buttons=buttons(1, title="")),
    "button id": Outgoing("x", buttons=buttons(1, id="x" * (BUTTON_ID_CHARACTERS + 1))),
    "equal button ids": Outgoing("x", buttons=buttons(2, id="x")),
    "equal button titles": Outgoing("x", buttons=buttons(2, title="x")),
    "a row too many": Outgoing("x", rows=rows(ROWS + 1), rows_label="x"),
    "no label": Outgoing("x", rows=rows(1)),
    "row title": Outgoing(
        "x", rows=rows(1, title="x" * (ROW_TITLE_CHARACTERS + 1)), rows_label="x"
    ),
    "description": Outgoing(
        "x", rows=rows(1, description="x" * (ROW_DESCRIPTION_CHARACTERS + 1)), rows_label="x"
    ),
    "row id": Outgoing("x", rows=rows(1, id="x" * (ROW_ID_CHARACTERS + 1)), rows_label="x"),
    "equal row ids": Outgoing("x", rows=rows(2, id="x"), rows_label="x"),
    "footer": Outgoing("x", footer="x" * (HEADING_CHARACTERS + 1)),
    "two kinds at once": Outgoing("x", buttons=buttons(1), ask="location"),
}


@pytest.mark.parametrize("name", AT_THE_LIMIT)
def test_what_is_just_within_the_limits_may_go(name: str) -> None:
    assert AT_THE_LIMIT[name].problem() is None


@pytest.mark.parametrize("name", OVER_IT)
def test_what_no_platform_takes_is_found_before_the_network_is(name: str) -> None:
    assert OVER_IT[name].problem()


@given(st.integers(1, 50), jitter)
def test_retries_double_are_spread_and_have_an_end(attempts: int, jitter: float) -> None:
    pause = retry_after(attempts, jitter).total_seconds()
    assert 0 < pause <= LONGEST_RETRY_SECONDS
    assert retry_after(attempts + 1, jitter) >= retry_after(attempts, jitter)


@given(st.sampled_from(Refusal), st.integers(1, 100), st.booleans(), jitter)
def test_nothing_is_tried_for_ever(
    refusal: Refusal, attempts: int, free_form: bool, jitter: float
) -> None:
    decision = decide_retry(
        refusal, attempts=attempts, free_form=free_form, jitter=jitter, worth_later=True
    )
    goes_on = {Outcome.RETRY, Outcome.WAIT_FOR_STATUS, Outcome.DEFERRED}
    keeps_trying = decision.outcome in goes_on and decision.uses_attempt
    if keeps_trying and attempts >= MAX_ATTEMPTS:
        # Lost answers are counted apart, and a template is tried once.
        assert refusal in {Refusal.AMBIGUOUS, Refusal.WINDOW_CLOSED}
    # What goes again in another form or another way, as a template or a list, need not wait.
    at_once = {
        Refusal.WINDOW_CLOSED,
        Refusal.FORM,
        Refusal.ELSEWHERE,
        Refusal.NOT_MARKETING,
    }
    if decision.outcome is Outcome.RETRY and refusal not in at_once:
        assert decision.after > dt.timedelta(0)


@pytest.mark.parametrize(("told_after", "waits"), [(None, 60.0), (5.0, 5.0), (0.0, 1.5)])
def test_a_failure_of_the_platform_waits_for_its_status_and_never_less_than_a_retry(
    told_after: float | None, waits: float
) -> None:
    decision = decide_retry(
        Refusal.GATEWAY, attempts=1, free_form=True, jitter=0.0, status_seconds=told_after
    )
    assert (decision.outcome, decision.after.total_seconds()) == (Outcome.WAIT_FOR_STATUS, waits)


@given(st.lists(st.sampled_from(STATUSES), max_size=12))
def test_statuses_in_any_order_end_where_the_furthest_is(told: list[str]) -> None:
    state = OutboxState.ACCEPTED.value
    seen = [state]
    for status in told:
        if moves_forward(state, status):
            state = status
            seen.append(state)
    assert state == max([*told, "accepted"], key=STATUSES_BY_STRENGTH.index)
    assert all(moves_forward(one, other) for one, other in pairwise(seen))


STATUSES_BY_STRENGTH = ["accepted", "sent", "failed", "delivered", "read"]


@given(st.lists(st.floats(0, 30), min_size=1, max_size=120))
def test_one_person_gets_a_burst_and_then_a_message_every_six_seconds(gaps: list[float]) -> None:
    now, free_at, sent = NOW, None, []
    for gap in gaps:
        now += dt.timedelta(seconds=gap)
        now += pair_wait(free_at, now)
        free_at = pair_next(free_at, now)
        sent.append(now)
    for first in range(len(sent)):
        for last in range(first + 1, len(sent)):
            count = last - first + 1
            lasting = (sent[last] - sent[first]) / PAIR_INTERVAL
            assert count <= PAIR_BURST + 1 + lasting


@given(
    st.times(),
    st.times(),
    st.sampled_from(["Asia/Kolkata", "America/New_York", "Pacific/Apia"]),
    st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2027, 12, 31)),  # noqa: DTZ001
)
def test_quiet_ends_within_a_day_and_then_it_is_not_quiet(
    start: dt.time, end: dt.time, zone: str, at: dt.datetime
) -> None:
    hours = QuietPeriod(start.replace(microsecond=0), end.replace(microsecond=0), zone)
    now = at.replace(tzinfo=dt.UTC)
    until = quiet_until(hours, now)
    if until is None:
        return
    assert now < until <= now + dt.timedelta(hours=25)
    assert quiet_until(hours, until) is None
