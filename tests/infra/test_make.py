"""The first minute on a new machine."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.infra.run import ROOT

TOOLS = ("sh", "sed", "touch", "printf", "mktemp", "cat", "rm")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A checkout in a folder with a space in its name, and a PATH with no Python on it."""
    checkout = tmp_path / "check out"
    checkout.mkdir()
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt"):
        shutil.copy(ROOT / name, checkout)
    path = tmp_path / "bin"
    path.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        assert found, name
        (path / name).symlink_to(found)
    return checkout


def make(checkout: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run make in `checkout`, with the tools beside it and nothing else."""
    program = shutil.which("make")
    assert program
    return subprocess.run(
        [program, *words],
        cwd=checkout,
        env={"PATH": str(checkout.parent / "bin")},
        capture_output=True,
        text=True,
        check=False,
    )


def install_python(checkout: Path, name: str, version: tuple[int, int]) -> None:
    """Put a stand-in on the PATH: it knows its version, and notes what else it is told to do."""
    verdict = 0 if version >= (3, 12) else 1
    program = checkout.parent / "bin" / name
    program.write_text(
        f'#!/bin/sh\nif [ "$1" = -c ]; then exit {verdict}; fi\nprintf "%s" "{name} $*" >made\nexit 3\n'
    )
    program.chmod(0o755)


def test_without_python_one_sentence_says_what_is_missing(machine: Path) -> None:
    done = make(machine, "run")
    assert done.returncode != 0
    assert done.stderr.splitlines()[0].startswith("Partimer needs Python 3.12 or newer")
    assert not (machine / ".venv").exists()


def test_an_old_python_is_passed_over_for_a_newer_one(machine: Path) -> None:
    install_python(machine, "python3", (3, 11))
    assert "needs Python 3.12" in make(machine, "run").stderr
    install_python(machine, "python3.13", (3, 13))
    make(machine, "run")
    assert (machine / "made").read_text() == "python3.13 -m venv .venv"


def test_pip_runs_only_when_the_requirements_changed(machine: Path) -> None:
    python = machine / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$*" >>calls\n')
    python.chmod(0o755)
    calls = machine / "calls"

    make(machine, "run")
    make(machine, "run")
    lines = calls.read_text().splitlines()
    assert [line for line in lines if "pip install" in line] == lines[:1]
    assert lines[1:] == ["-m app serve", "-m app serve"]

    make(machine, "-W", "requirements.txt", "run")
    assert sum("pip install" in line for line in calls.read_text().splitlines()) == 2


@pytest.mark.parametrize(
    "wrong", ["", "ruff check", "mypy", "importlinter", "pytest", "mypy pytest"]
)
def test_a_check_does_every_step_and_names_each_that_failed(machine: Path, wrong: str) -> None:
    python = machine / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    fails = "".join(f'*"{word}"*) exit 1;; ' for word in re.findall(r"ruff check|\w+", wrong))
    python.write_text(f'#!/bin/sh\necho "told: $*"\ncase "$*" in {fails}*) exit 0;; esac\n')
    python.chmod(0o755)

    done = make(machine, "check")
    told = [line.split()[1:3] for line in done.stdout.splitlines() if line.startswith("told: -")]
    for step in ("mypy", "pytest", "ruff"):
        assert ["-m", step] in told, done.stdout
    assert "importlinter" in done.stdout
    assert "--once" in done.stdout
    # What is said of style, types and imports is not mixed with what tests say.
    assert done.stdout.index("told: -m pytest") < done.stdout.index("── make lint")
    steps = {"ruff check": "lint", "mypy": "types", "importlinter": "imports", "pytest": "test"}
    failed = [steps[word] for word in re.findall(r"ruff check|\w+", wrong)]
    assert (done.returncode != 0) is bool(failed)
    named = re.findall(r"^── failed: (.*)$", done.stderr, re.MULTILINE)
    assert named == ([" ".join(failed)] if failed else [])


def test_what_is_quoted_reaches_the_tests_whole(machine: Path) -> None:
    python = machine / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\nfor word; do printf "<%s>" "$word"; done\n')
    python.chmod(0o755)
    for word in ("test", "check"):
        assert (
            "<-k><score and not slow>" in make(machine, word, 'ARGS=-k "score and not slow"').stdout
        )


def test_help_comes_first_and_lists_every_word(machine: Path) -> None:
    listed = set(re.findall(r"^  (\w+)", make(machine).stdout, re.MULTILINE))
    words = re.search(r"^\.PHONY: (.+)$", (machine / "Makefile").read_text(), re.MULTILINE)
    assert words
    assert listed == set(words.group(1).split())
