"""No text stops anything: every pattern and every reader is linear in what people send, and quick.

A worker's reject reason once froze the inbox at every start, because a pattern backtracked on digits.
"""

import subprocess
import sys

import pytest

from tests.infra.pumping import LONGEST, SEEDS, pumped, slow_texts
from tests.infra.readers import conversation, readers


def test_no_pattern_of_the_tree_backtracks() -> None:
    command = [sys.executable, "-m", "tests.infra.pumped_patterns"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
    count = int(done.stderr.split()[-2])
    assert count > 80, done.stderr


@pytest.mark.parametrize("share", range(4))
def test_no_reader_of_texts_is_slow(share: int) -> None:
    names = sorted(readers())[share::4]
    assert len(names) > 10
    assert [str(slow) for name in names for slow in slow_texts(name, readers()[name], SEEDS)] == []


@pytest.mark.parametrize("share", range(2))
def test_no_question_of_the_chat_is_slow(share: int) -> None:
    # Each question reads the text in its own way, but for most of it they all go the same way.
    every = 24
    found = [
        str(slow)
        for number, run in enumerate(conversation())
        if number % 2 == share
        for slow in slow_texts(f"question {number}", run, SEEDS[number % every :: every])
    ]
    assert found == []


def test_the_measure_finds_what_is_slow() -> None:
    def quadratic(text: str) -> int:
        return sum(text.count(letter) for letter in text * 8)

    assert [slow.seed for slow in slow_texts("quadratic", quadratic, ["ab"])] == ["ab"]
    assert list(slow_texts("linear", str.upper, SEEDS)) == []
    assert len(pumped("abc", LONGEST)) == LONGEST
