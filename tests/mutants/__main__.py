"""`python -m tests.mutants`: take each protection away in a copy of the tree, and name who notices.

The exit code is 1 where a mutant survives, 2 where one could not be tried.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from tests.mutants.table import ROOT, DoesNotApplyError, Mutant, mutants

TEST_SECONDS = 300
"""A mutant whose tests take longer may hang, or the machine is busy: it is named, and counts for nothing."""

TIMED_OUT = "the time was over before a test had failed or all had passed"
_HUNG = "Failed: Timeout"
"""What pytest says of a test that it has stopped itself."""
_TESTS_FAILED = 1
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Judged:
    """What became of one mutant."""

    mutant: Mutant
    noticed_by: str | None
    """The test that failed; None where all passed."""
    seconds: float
    trouble: str | None = None
    """Why it could not be tried."""


def copy_tree(to: Path) -> None:
    """Copy what git knows of this tree."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        with suppress(FileNotFoundError):  # deleted, and not committed yet
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)


def run_tests(
    tree: Path, tests: Sequence[str], only: str, *more: str, seconds: float | None = TEST_SECONDS
) -> subprocess.CompletedProcess[str]:
    """Run these tests of the tree until one fails."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, *more, *tests, *(["-k", only] if only else [])],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "CI": "1"},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def judge(mutant: Mutant, tree: Path) -> Judged:
    """Take the protection away in `tree`, run the tests that should notice, put it back."""
    begun = time.monotonic()

    def judged(noticed_by: str | None, trouble: str | None = None) -> Judged:
        return Judged(mutant, noticed_by, time.monotonic() - begun, trouble)

    file = tree / mutant.file
    before = file.read_text(encoding="utf-8")
    try:
        mutant.apply(tree)
        ran = run_tests(tree, mutant.tests, mutant.only)
    except DoesNotApplyError as error:
        return judged(None, str(error))
    except subprocess.TimeoutExpired:
        return judged(None, TIMED_OUT)
    finally:
        file.write_text(before, encoding="utf-8")
    if ran.returncode == _TESTS_FAILED:
        if _HUNG in ran.stdout + ran.stderr:
            return judged(None, TIMED_OUT)
        found = _FAILED.search(ran.stdout)
        return judged(found[1] if found else "a test")
    if ran.returncode != 0:
        # A process that was killed has said nothing, and is no reason to take the mutant for a survivor.
        said = (ran.stdout + ran.stderr)[-1_500:]
        return judged(None, f"pytest ended with {ran.returncode}\n{said}")
    return judged(None)


def judge_all(chosen: Sequence[Mutant], jobs: int) -> list[Judged]:
    """Judge mutants side by side, each job in a copy of its own; tell each as it is known."""
    with tempfile.TemporaryDirectory(prefix="partimer-mutants-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        trees: SimpleQueue[Path] = SimpleQueue()
        for number in range(jobs):
            tree = folder / str(number)
            tree.mkdir()
            copy_tree(tree)
            trees.put(tree)

        def one(mutant: Mutant) -> Judged:
            tree = trees.get()
            try:
                judged = judge(mutant, tree)
            finally:
                trees.put(tree)
            _tell(judged)
            return judged

        with ThreadPoolExecutor(jobs) as pool:
            return list(pool.map(one, chosen))


def unmutated_fails(chosen: Sequence[Mutant], jobs: int) -> str | None:
    """Run every test that is to notice something on the tree as it is; return what fails."""
    with tempfile.TemporaryDirectory(prefix="partimer-mutants-") as name:
        tree = Path(name)
        tree.chmod(0o755)
        copy_tree(tree)
        whole = {test for mutant in chosen for test in mutant.tests if not mutant.only}
        some = {test for mutant in chosen for test in mutant.tests} - whole
        only = " or ".join(sorted({f"({mutant.only})" for mutant in chosen if mutant.only}))
        for tests, which in ((whole, ""), (some, only)):
            if not tests:
                continue
            ran = run_tests(tree, sorted(tests), which, "-n", str(jobs), seconds=None)
            if ran.returncode != 0:
                return ran.stdout[-3_000:]
    return None


def _tell(judged: Judged) -> None:
    trouble = "time is over" if judged.trouble == TIMED_OUT else "could not be tried"
    what = trouble if judged.trouble else judged.noticed_by or "SURVIVES"
    print(f"{judged.seconds:6.1f} s  {judged.mutant.name}: {what}", flush=True)


def main() -> int:
    """Judge the mutants that are asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("names", nargs="*", help="of mutants (all)")
    parser.add_argument("--of", nargs="*", default=[], help="or all of files that begin like this")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="side by side")
    parser.add_argument(
        "--mutated-only",
        action="store_true",
        help="do not run the tests on the tree as it is first",
    )
    arguments = parser.parse_args()
    every = mutants()
    unknown = set(arguments.names) - {mutant.name for mutant in every}
    if unknown:
        parser.error(f"there is no mutant {', '.join(sorted(unknown))}")
    starts = tuple(arguments.of)
    chosen = [
        each
        for each in every
        if not (arguments.names or starts)
        or each.name in arguments.names
        or (starts and each.file.startswith(starts))
    ]
    if not arguments.mutated_only and (failing := unmutated_fails(chosen, arguments.jobs)):
        print(f"The tests fail without any mutant:\n{failing}")
        return 2
    judged = judge_all(chosen, max(1, arguments.jobs))
    troubled = [each for each in judged if each.trouble]
    survivors = [each for each in judged if not each.trouble and each.noticed_by is None]
    for each in troubled:
        print(f"\n{each.mutant.name} could not be judged:\n{each.trouble}")
    for each in survivors:
        print(f"\n{each.mutant.name} survives: {each.mutant.why}")
    noticed = len(judged) - len(troubled) - len(survivors)
    print(f"\n{noticed} of {len(judged)} mutants are noticed.")
    return 2 if troubled else 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
