"""`pytest --once` shows each behaviour once, and on both databases what is about one of them."""

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from tests.conftest import pytest_collection_modifyitems
from tests.infra import sweeps
from tests.infra.run import ROOT

TEST = re.compile(r"(\w+)/test_cases\.py::(\w+)(?:\[(.*)\])?$", re.MULTILINE)

CASES = """
import asyncio

import pytest

from tests.support.database import race


@pytest.mark.parametrize("word", "abcdefghijklmnop")
def test_of_words(database_url, word): ...


@pytest.mark.both_databases
def test_marked(database_url): ...


def test_of_an_empty_one(empty_database_url): ...


async def test_of_a_race(database_url):
    await race()


async def _several():
    await asyncio.gather()


async def test_of_several_by_a_function_of_the_file(database_url):
    async def both():
        await _several()

    await both()


def test_of_none(): ...


@pytest.mark.parametrize("number", range(8))
def test_of_a_file(world_of_file, number): ...


@pytest.mark.parametrize("number", range(8))
def test_of_providers(world_of_provider, number): ...
"""


def collected(checkout: Path, *options: str) -> dict[str, list[str]]:
    """Return, for each case by its folder and name, the parameters with which it would run."""
    for folder in ("chat", "database"):
        file = checkout / "tests" / folder / "test_cases.py"
        file.parent.mkdir(parents=True)
        file.write_text(CASES)
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "tests.conftest"]
    places = ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(checkout)]
    done = subprocess.run(
        [*command, *places, *options, str(checkout / "tests")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = defaultdict(list)
    for folder, test, parameters in TEST.findall(done.stdout):
        found[f"{folder}/{test}"].append(parameters)
    return found


def test_what_is_about_neither_database_runs_on_one_and_the_rest_on_both(tmp_path: Path) -> None:
    found = collected(tmp_path, "--once")
    words = [parameters.split("-") for parameters in found["chat/test_of_words"]]
    assert sorted(word for _, word in words) == list("abcdefghijklmnop")
    assert {database for database, _ in words} == {"sqlite", "postgresql"}
    for on_both in (
        *("test_marked", "test_of_an_empty_one", "test_of_a_race"),
        "test_of_several_by_a_function_of_the_file",
    ):
        assert found[f"chat/{on_both}"] == ["sqlite", "postgresql"], on_both
    assert found["chat/test_of_none"] == [""]
    # A shared file is started on one database only; the second provider is on one anyway.
    of_file = {parameters.rpartition("-")[0] for parameters in found["chat/test_of_a_file"]}
    assert len(of_file) == 1
    assert len(found["chat/test_of_a_file"]) == 8
    of_providers = {parameters.rpartition("-")[0] for parameters in found["chat/test_of_providers"]}
    assert of_providers == {f"stripe-{of_file.pop()}", "razorpay-postgresql"}
    # What is under this folder is about databases, whatever it says.
    assert len(found["database/test_of_words"]) == 32


def test_without_the_option_nothing_is_left_out(request: pytest.FixtureRequest) -> None:
    class Config:
        def getoption(self, name: str) -> bool:
            assert name == "--once"
            return False

    items = [request.node] * 3
    pytest_collection_modifyitems(Config(), items)  # type: ignore[arg-type]
    assert items == [request.node] * 3


def test_a_sweep_takes_a_share_of_its_inputs_and_all_sweeps_take_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sweeps, "_parts", 1)
    assert sweeps.share("a reader", "abcdefgh") == "abcdefgh"
    assert sweeps.examples(250) == 250
    sweeps.take_a_share()
    shares = {of: sweeps.share(of, "abcdefgh") for of in map(str, range(40))}
    assert {len(share) for share in shares.values()} == {2}
    assert {text for share in shares.values() for text in share} == set("abcdefgh")
    assert [sweeps.examples(number) for number in (250, 100, 2)] == [62, 25, 1]
