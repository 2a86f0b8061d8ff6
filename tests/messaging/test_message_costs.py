"""What messages cost: the month's free ones are used up in the order in which they were sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.messaging.outbox.costs import charged

counts = st.integers(0, 5_000)


@pytest.mark.parametrize(
    ("before", "within", "free", "paid"),
    [
        (0, 999, 1_000, 0),
        (0, 1_001, 1_000, 1),
        (400, 700, 1_000, 100),
        (1_200, 50, 1_000, 50),
        (0, 5, 0, 5),
    ],
)
def test_what_is_more_than_the_allowance_is_paid(
    before: int, within: int, free: int, paid: int
) -> None:
    assert charged(before, within, free) == paid


@given(counts, counts, counts, counts)
def test_a_month_cut_in_parts_costs_as_much(first: int, second: int, third: int, free: int) -> None:
    parts = charged(0, first, free) + charged(first, second, free)
    assert parts + charged(first + second, third, free) == charged(0, first + second + third, free)
