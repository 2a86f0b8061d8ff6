"""Masking and review take time in proportion to a text's length, whatever the text is."""

import time
from collections.abc import Callable
from functools import partial

import pytest

from app.jobs import review
from app.masking.deobfuscation import readings
from app.masking.mask import mask, mask_name, mask_together

MOST_CHARACTERS = 4_096
"""A long chat message; no door lets a longer text in."""
MOST_CPU_SECONDS = 0.05
"""Of one call on the slowest machine that runs the tests; a usual one needs a fifth."""
MOST_TIMES_READING = 7
"""As many times as long as reading them once may it take to judge sentences that hold nothing."""

SEEDS = (
    *("1", "12", "9 ", "1,", "1.2", "-", "–1", "₹1-", "१", "9 a ", "o", "O0", "#"),
    *("six", "sixteen", "sevensix", "nau", "ek do ", "नौ", "नौ ", "double ", "tripletriple"),
    *("a", "a ", "a.", "a@", "a at ", "a_", "1a", "a1 ", "dot ", "insta ", "http", "h t t p "),
    *("......", "!?)", "(at)", "[.]", "•", "wa . me / ", "telegram par ", "@a", "x@ybl "),
    *("\u200d", "a\u200d", "\u0301", "\n", " ", " \n", "@$", "a b c ", "r.e.g."),
    *("no registration fee ", "registration ", "fee ", "pay 500 ", "earn from ", "no fee. "),
    *("only girls ", "Only. ", "500 per day ", "salary ", "2000-2500 ", "children 20 "),
    *("बच्चे ", "की फीस नहीं ", "earn a b c d e f g ", "pay a b to c d join "),
    *(
        "a b c d. ",
        "a.b@c.d ",
        "t.me/x ",
        "IX VIII ",
        "N1ne ",
        "12k, ",
        "411001 ",
        "6:12 ",
        "rk84 gmail ",
    ),
    *("98204 ", "call 500 ", "gmail com ", "dot com ", "600x600 ", "5/12, ", "Page on ", "x.at/"),
    "Serve guests at a busy cafe, and be on time. ",
    "Clear tables; Rs. 600 a day, 10-6 on weekends. Call me if you are late! ",
    "घर का खाना बनाने के लिए रसोइया चाहिए, रोज़ दो घंटे। ",
)


def cpu_seconds(call: Callable[[], object]) -> float:
    """Return the CPU time of the quickest of three calls: the others waited for something else."""
    times = []
    for _ in range(3):
        started = time.process_time()
        call()
        times.append(time.process_time() - started)
        if times[-1] < MOST_CPU_SECONDS:
            break
    return min(times)


@pytest.mark.parametrize("seed", SEEDS)
def test_repetition_stops_neither_masking_nor_review(seed: str) -> None:
    text = (seed * MOST_CHARACTERS)[:MOST_CHARACTERS]
    review.judge({"title": "Waiter"})  # the tables are built once
    assert cpu_seconds(lambda: mask.__wrapped__(text)) < MOST_CPU_SECONDS
    assert cpu_seconds(lambda: mask_together.__wrapped__(text, "Cafe 12")) < MOST_CPU_SECONDS
    assert cpu_seconds(lambda: mask_name(text)) < MOST_CPU_SECONDS
    assert cpu_seconds(lambda: readings(text)) < MOST_CPU_SECONDS
    texts = (("title", "Waiter"), ("description", text))
    assert cpu_seconds(lambda: review._judge.__wrapped__(texts)) < MOST_CPU_SECONDS


def test_many_short_sentences_are_judged_nearly_as_quickly_as_they_are_read() -> None:
    text = ("a b c d. " * MOST_CHARACTERS)[:MOST_CHARACTERS]
    texts = (("title", "Waiter"), ("description", text))

    def quickest(call: Callable[[], object]) -> float:
        return min(cpu_seconds(call) for _ in range(3))

    read = quickest(lambda: readings(text))
    assert quickest(lambda: review._judge.__wrapped__(texts)) < MOST_TIMES_READING * read


@pytest.mark.parametrize("digits", [60, 80, 120, 400, MOST_CHARACTERS])
def test_a_long_row_of_digits_is_masked_at_once(digits: int) -> None:
    for text in ("9" * digits, "98" * (digits // 2) + "x", "9" * digits + "-"):
        assert cpu_seconds(partial(mask.__wrapped__, text)) < MOST_CPU_SECONDS
