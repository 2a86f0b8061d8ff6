"""A number's pace: whatever is late, the platform never counts more than allowed in any second."""

from hypothesis import given
from hypothesis import strategies as st

from app.messaging.outbox.rate_limiter import (
    AHEAD,
    LATEST,
    LONGEST_ON_THE_WAY,
    SECOND,
    SlotUse,
    release,
    reserve,
)

PER_SECOND = 8
SOON = st.floats(0, 0.3)
LATE = st.one_of(st.just(0.0), SOON, st.floats(0, LATEST))
STEP = st.tuples(SOON, LATE, SOON, SOON, SOON)
"""One process's round: how long after the round before it claims, how late its messages set off, how
long they travel, and their answers, and how long recording takes."""


def most_in_any_second(moments: list[float]) -> int:
    moments = sorted(moments)
    # A hair less than a second: these are sums of binary fractions.
    return max(sum(0 <= other - one < SECOND - 1e-6 for other in moments) for one in moments)


@given(st.lists(STEP, min_size=1, max_size=40))
def test_no_second_ever_counts_more_than_allowed(steps: list[tuple[float, ...]]) -> None:
    free_at: list[float] = []
    now = 1_000.0
    arrived: list[float] = []
    recorded: list[tuple[float, list[SlotUse]]] = []
    for pause, late, there, back, record in steps:
        now += pause
        # What other processes have recorded by now.
        for each in [each for each in recorded if each[0] <= now]:
            free_at = release(free_at, each[1])
            recorded.remove(each)
        slots, free_at = reserve(free_at, PER_SECOND, now, 100)
        slot_uses = []
        for slot in slots:
            began = max(slot.at, now) + late
            if began <= slot.at + LATEST:
                arrived.append(began + there)
                slot_uses.append(SlotUse(slot, began + there + back))
        ended = max((slot_use.answered for slot_use in slot_uses), default=now)
        recorded.append((ended + record, slot_uses))
    if arrived:
        assert most_in_any_second(arrived) <= PER_SECOND


def test_of_the_pace_nearly_all_is_used_by_several_who_are_a_little_late() -> None:
    free_at: list[float] = []
    busy_until = dict.fromkeys(range(4), 1_000.0)
    slot_uses: dict[int, list[SlotUse]] = {}
    sent: list[float] = []
    while len(sent) < 2_400:
        who = min(busy_until, key=busy_until.__getitem__)
        now = busy_until[who]
        free_at = release(free_at, slot_uses.pop(who, []))
        slots, free_at = reserve(free_at, 80, now, 100)
        began = [max(slot.at, now) + 0.008 for slot in slots]
        sent += began
        slot_uses[who] = [SlotUse(slot, one + 0.02) for slot, one in zip(slots, began, strict=True)]
        busy_until[who] = max([now, *began]) + 0.06
    sent.sort()
    assert most_in_any_second(sent) <= 80
    assert (len(sent) - 1) / (sent[-1] - sent[0]) >= 0.95 * 80


def test_after_a_pause_turns_follow_each_other_rather_than_come_at_once() -> None:
    slots, free_at = reserve([0.0] * 80, 80, 1_000, 100)
    assert [slot.at for slot in slots] == [1_000 + place / 100 for place in range(20)]
    more, _ = reserve(free_at, 80, 1_000, 100)
    assert more[0].at >= slots[-1].at - 0.21


def test_who_died_costs_its_turns_some_seconds_only() -> None:
    slots, free_at = reserve([], 4, 1_000, 100)
    [lost] = slots
    assert lost.reserved_until == 1_000 + LATEST + LONGEST_ON_THE_WAY + SECOND
    again, _ = reserve(free_at, 4, lost.reserved_until, 100)
    assert again[0].number != lost.number
    assert max(free_at) == lost.reserved_until


def test_a_turn_that_another_has_by_now_is_not_given_back_early() -> None:
    [slot], free_at = reserve([], 1, 1_000, 1)
    later = slot.reserved_until
    [_], free_at = reserve(free_at, 1, later, 1)
    assert release(free_at, [SlotUse(slot, 1_000.1)]) == free_at


def test_another_limit_begins_anew_when_all_turns_are_free() -> None:
    slots, free_at = reserve([1_003.0, 1_001.0], 4, 1_000, 100)
    assert slots == []
    assert free_at[0] == 1_003
    assert AHEAD > SECOND
