"""Every pattern of the tree, run on the texts that are worst for it: what is slow, and what is not reached.

A program of its own, because it has to see each pattern being compiled: `python -m
tests.infra.pumped_patterns` prints one line for each, and nothing when all is well.
"""

import sys
from pathlib import Path

from tests.infra.pumping import SEEDS, compiled_by, places_of_use, runs_of, seeds_of, slow_texts

ROOT = Path(__file__).parents[2]
PACKAGES = ("app", "sandbox")
_ENDS = ("", "!")
"""After a repetition that fits, each of these makes the whole fail: that is when one backtracks."""

SENTENCES = (
    "800",
    "3/4 or 5 dec",
    "waiter on 5.12 and 6.12 for 2 weeks",
    "31 feb",
    "helper for 30 per day, 2 people",
    "No registration fee is charged. D e p o s i t rs 500 nahi lagta!",
    "otp bhejo, fee 500 do",
)
"""Texts that reach what is compiled only once something was understood."""


def main() -> int:
    """Print what is wrong; return how many lines that were, at most 1 as an exit code."""

    def read_everything() -> None:
        from tests.infra.readers import conversation, readers

        for run in readers().values():
            for text in (*SENTENCES, *SEEDS):
                run(text)
        for run in conversation():
            for text in SENTENCES:
                run(text)

    compiled = compiled_by(ROOT, *PACKAGES, then=read_everything)
    wrong = [
        f"{file}:{first}: no text of tests/infra/readers.py gets this pattern compiled"
        for file, first, last in places_of_use(ROOT, "app")
        if not any(c.file == file and first <= c.line <= last for c in compiled)
    ]
    for each in compiled:
        name = f"{each.file}:{each.line}"
        run = runs_of(each.pattern)
        wrong += map(str, slow_texts(name, run, seeds_of(each.pattern), ends=_ENDS))
        wrong += map(str, slow_texts(name, run, SEEDS))
    print(*wrong, sep="\n")
    print(f"{len(compiled)} patterns", file=sys.stderr)
    return min(1, len(wrong))


if __name__ == "__main__":
    sys.exit(main())
