"""No text stops anything: every pattern and every reader is linear in what people send, and quick.

A worker's reject reason once froze the inbox at every start, because a pattern backtracked on digits.
"""

import re
import subprocess
import sys
import time

import pytest

from app.nlu.normalize import normalize
from tests.infra import sweeps
from tests.infra.pumping import LONGEST, SEEDS, SLOWEST_SECONDS, pumped, slow_texts
from tests.infra.readers import conversation, readers


def test_no_pattern_of_the_tree_backtracks() -> None:
    command = [sys.executable, "-m", "tests.infra.pumped_patterns"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=500)
    assert done.returncode == 0, done.stdout + done.stderr
    count = int(done.stderr.split()[-2])
    assert count > 80, done.stderr


@pytest.mark.parametrize("share", range(8))
def test_no_reader_of_texts_is_slow(share: int) -> None:
    names = sorted(readers())[share::8]
    assert len(names) > 10
    found = [
        str(slow)
        for name in names
        for slow in slow_texts(name, readers()[name], sweeps.share(name, SEEDS))
    ]
    assert found == []


@pytest.mark.parametrize("share", range(4))
def test_no_question_of_the_chat_is_slow(share: int) -> None:
    # Each question reads the text in its own way, but for most of it they all go the same way.
    every = 24
    found = [
        str(slow)
        for number, run in enumerate(conversation())
        if number % 4 == share
        for slow in slow_texts(
            f"question {number}", run, sweeps.share("", SEEDS[number % every :: every])
        )
    ]
    assert found == []


def test_the_measure_finds_what_is_slow() -> None:
    def quadratic(text: str) -> int:
        return sum(text.count(letter) for letter in text * 8)

    assert [slow.seed for slow in slow_texts("quadratic", quadratic, ["ab"])] == ["ab"]
    assert list(slow_texts("linear", str.upper, SEEDS)) == []
    assert len(pumped("abc", LONGEST)) == LONGEST


def test_the_measure_stops_at_a_short_text_where_each_repetition_doubles_the_time() -> None:
    pattern = re.compile(r"(?:(?:ab)+)+c")
    (slow,) = slow_texts("exponential", pattern.match, ["ab"])
    assert slow.characters < 100


def test_a_text_is_measured_anew_each_time_though_what_was_read_of_it_is_kept() -> None:
    missed: list[int] = []

    def reads(_: str) -> None:
        before = normalize.cache_info().misses
        normalize("cook and waiter")
        missed.append(normalize.cache_info().misses - before)

    assert list(slow_texts("kept", reads, ["ab"])) == []
    assert set(missed) == {1}


def spend(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def test_a_growth_below_the_allowed_time_is_named_too() -> None:
    def quadratic(text: str) -> None:
        spend(SLOWEST_SECONDS / 2 * (len(text) / LONGEST) ** 2)

    (slow,) = slow_texts("quadratic", quadratic, ["ab"])
    assert slow.milliseconds < SLOWEST_SECONDS * 1_000
    assert slow.growth > 3


def test_a_growth_that_hides_in_linear_work_is_named_too() -> None:
    def partly_quadratic(text: str) -> None:
        share = len(text) / LONGEST
        spend(SLOWEST_SECONDS * (0.12 * share + 0.52 * share**2))

    (slow,) = slow_texts("partly quadratic", partly_quadratic, ["ab"])
    assert slow.milliseconds < SLOWEST_SECONDS * 1_000
    assert slow.growth > 3


def test_what_is_linear_and_takes_over_twice_the_allowed_time_is_named() -> None:
    def linear(text: str) -> None:
        spend(SLOWEST_SECONDS * 2.2 * len(text) / LONGEST)

    (slow,) = slow_texts("linear", linear, ["ab"])
    assert slow.growth < 3


def test_a_text_and_its_half_end_at_the_same_place_of_the_seed() -> None:
    def unready(text: str) -> None:
        # What gives up at a text that is cut off has read nothing to compare with.
        if not text.endswith("9:"):
            spend(SLOWEST_SECONDS / 3 * len(text) / LONGEST)

    assert list(slow_texts("cut off", unready, ["9:00-"])) == []
