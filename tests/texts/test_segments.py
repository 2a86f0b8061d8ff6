"""How many text messages a text is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.messaging.outbox.sms_segments import segments


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("x" * 160, 1),
        ("x" * 161, 2),
        ("x" * 306, 2),
        ("x" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        # An escaped character is never cut in two: the first part ends a place early.
        ("x" * 152 + "€" + "x" * 152, 3),
        ("x" * 152 + "xy" + "x" * 152, 2),
        ("न" * 70, 1),
        ("न" * 71, 2),
        ("x" * 69 + "न", 1),
        ("x" * 134 + "न", 3),
        ("🙂" * 35, 1),
        ("🙂" * 36, 2),
        ("₹", 1),
    ],
)
def test_a_text_is_so_many_messages(text: str, count: int) -> None:
    assert segments(text) == count


@given(st.text(max_size=600))
def test_more_text_is_never_fewer_messages(text: str) -> None:
    counts = [segments(text[:length]) for length in range(0, len(text) + 1, 25)]
    assert counts == sorted(counts)
    assert segments(text) <= 1 + len(text) * 2 // 66
