"""The measure with a language model: over HTTP, the same lines, and one more outcome."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from sandbox import SandboxConfig, create_sandbox
from tests.nlu import measure
from tests.nlu.corpus_measure import language_model
from tests.nlu.corpus_measure.judge import Verdict, judge
from tests.nlu.corpus_measure.lines import Line
from tests.nlu.corpus_measure.report import figures, table
from tests.support.language_model import UNKNOWN

LINE: Final = Line("worker", "distance", "en", UNKNOWN, "distance=12", "here:1")


def understood(**fields: Any) -> dict[str, Any]:
    return {"understood": True, **fields}


@pytest.fixture
def model(
    tmp_path: Path,
    live_app: Callable[[Any], AbstractContextManager[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[str]:
    """Let the environment name the sandbox's model; return the address of its controls."""
    sandbox = create_sandbox(SandboxConfig(journal=tmp_path / "sandbox.db", mount_path=""))
    with live_app(sandbox) as url:
        monkeypatch.setenv("INTERPRETER_URL", f"{url}/interpreter/v1")
        monkeypatch.setenv("INTERPRETER_MODEL", "small-model")
        yield f"{url}/interpreter/_control"


@pytest.mark.parametrize(
    ("line", "fields", "proposed", "misread"),
    [
        (LINE, {"kilometres": 12}, True, False),
        (LINE, {"kilometres": 20}, False, True),
        (replace(LINE, question="experience", expected="experience=3"), {"years": 3}, True, False),
        (
            replace(LINE, question="skills", expected="skills=cook"),
            {"skills": ["cook"]},
            True,
            False,
        ),
        (
            replace(LINE, question="skills", expected="skills=cook"),
            {"skills": ["waiter"]},
            False,
            True,
        ),
        (
            replace(LINE, question="location", expected="place=Juhu/Mumbai"),
            {"place": "Juhu", "city": "Mumbai"},
            True,
            False,
        ),
        (replace(LINE, expected="ask"), {"kilometres": 12}, False, True),
    ],
)
def test_a_proposal_counts_as_asked(
    line: Line, fields: dict[str, Any], proposed: bool, misread: bool
) -> None:
    assert judge(line).verdict is (Verdict.RIGHT if line.expected == "ask" else Verdict.ASKED)
    one = judge(line, understood(**fields))
    assert (one.by_model, one.verdict) == (True, Verdict.ASKED)
    assert (one.proposed, bool(one.misread)) == (proposed, misread)
    assert not one.wrong


@pytest.mark.parametrize(
    ("question", "fields", "expected"),
    [
        ("job_people", {"people": 4}, "job: people=4"),
        ("job_pay", {"amount": 900, "per": "day"}, "job: pay=900/day"),
        ("job_hours", {"start": "10:00", "end": "16:00"}, "job: hours=? 10:00-16:00"),
        ("job_days", {"day": "2026-12-06"}, "job: days=2026-12-06"),
        ("job_role", {"skills": ["cook"]}, "job: role=cook"),
        ("job_place", {"place": "Juhu", "city": "Mumbai"}, "job: place=Juhu/Mumbai"),
    ],
)
def test_parts_of_a_job_are_compared(question: str, fields: dict[str, Any], expected: str) -> None:
    line = Line("employer", question, "en", UNKNOWN, expected, "here:1")
    one = judge(line, understood(**fields))
    assert (one.by_model, one.proposed, one.misread) == (True, True, ())


def test_an_answer_that_does_not_fit_changes_no_verdict() -> None:
    assert judge(LINE, {"understood": True, "accept": True}) == judge(LINE)
    known = replace(LINE, text="12 km")
    assert judge(known, understood(kilometres=50)) == judge(known)


def test_the_table_has_a_column_for_the_model_only_with_one() -> None:
    with_model = figures([judge(LINE, understood(kilometres=12))])
    assert with_model.by_model == 1
    assert "model" in table("with", {"a": with_model})
    assert "model" not in table("without", {"a": figures([judge(LINE)])})


def test_the_same_command_measures_with_the_model(
    model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert measure.main(["--question", "distance,experience"]) == 0
    told = capsys.readouterr().out
    [line] = [line for line in told.splitlines() if line.startswith("language model: ")]
    asked = httpx.get(f"{model}/interpreter").json()["requests"]
    assert f"language model: {len(asked)} lines not understood, 0 answered" in line
    assert "s a call" in line


def test_a_model_that_is_away_is_said(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    body = {"kind": "http_500", "next": 1_000}
    assert httpx.post(f"{model}/faults", json=body).status_code == 200
    assert measure.main(["--question", "location"]) == 0
    assert "lines were not asked: the calls before failed" in capsys.readouterr().out


def test_half_of_a_configuration_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERPRETER_URL", "https://models.example/v1")
    monkeypatch.delenv("INTERPRETER_MODEL", raising=False)
    with pytest.raises(ValueError, match="INTERPRETER_MODEL is missing"):
        language_model.ask_configured([])


def test_without_an_address_nothing_changes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("INTERPRETER_URL", raising=False)
    assert measure.main(["--question", "distance"]) == 0
    assert "model" not in capsys.readouterr().out
