"""Hours are the shortest stretch from their start to their end, past midnight too."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.nlu import weekly_hours


def _hours(text: str) -> set[tuple[int, int]]:
    slots = weekly_hours.read(text, today=1)
    assert slots, text
    return {(slot.start // 60, slot.end // 60) for slot in slots}


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("10pm to 6", 22, 6),
        ("10 to 6 am", 22, 6),
        ("10 to 6 night", 22, 6),
        ("night shift 10 se 6", 22, 6),
        ("raat 8 se 2", 20, 2),
        ("sham 5 se raat 12", 17, 0),
        ("sham 6 se raat 12 baje tak", 18, 0),
        ("9 to 12 night", 21, 0),
        ("5 to 12", 17, 0),
        ("before 6am", 0, 6),
        ("before 6", 6, 18),
        ("noon to midnight", 12, 0),
        ("11 se 8", 11, 20),
        ("9 to 9", 9, 21),
        ("college finishes at 2", 14, 0),
    ],
)
def test_end_is_the_nearest_after_the_start(text: str, start: int, end: int) -> None:
    assert _hours(text) == {(start, end)}


def test_a_day_off_leaves_the_other_days() -> None:
    slots = weekly_hours.read("sunday off, baaki din 10 se 7")
    assert slots is not None
    assert [slot.weekday for slot in slots] == [0, 1, 2, 3, 4, 5]
    assert {(slot.start, slot.end) for slot in slots} == {(600, 1140)}


@given(st.integers(0, 23), st.integers(1, 12))
def test_a_start_with_its_half_ends_within_twelve_hours(start: int, end: int) -> None:
    half = "am" if start < 12 else "pm"
    slots = weekly_hours.read(f"monday {start % 12 or 12}{half} to {end}")
    assert slots is not None
    slot = slots[0]
    assert slot.start == start * 60
    assert slot.end % 720 == end * 60 % 720
    assert 0 < slot.minutes <= 720


@given(st.integers(0, 23), st.integers(0, 23))
def test_hours_of_both_halves_are_read_as_written(start: int, end: int) -> None:
    if start == end:
        return
    halves = [f"{hour % 12 or 12} {'am' if hour < 12 else 'pm'}" for hour in (start, end)]
    assert _hours(f"monday {halves[0]} to {halves[1]}") == {(start, end)}
