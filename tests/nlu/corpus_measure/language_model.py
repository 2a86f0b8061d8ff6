"""What a language model answers about lines that the rules do not understand: `make nlu INTERPRETER_URL=…`."""

import asyncio
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.core import production
from app.core.settings import Settings
from app.dialogue.interpretation import question_about
from app.dialogue.router import handle_message
from app.dialogue.turn import Incoming
from app.messaging.inbound import Inbound, InboundKind
from app.nlu.interpreter import Interpreter, OpenQuestion
from app.providers.http import outgoing
from app.providers.interpreter import build_interpreter
from app.runtime import wall_clock
from tests.nlu.corpus_measure.judge import Judgement, Verdict
from tests.nlu.corpus_measure.lines import Line
from tests.nlu.corpus_measure.situations import NOW, PHONE, situation

AT_ONCE: Final = 4
"""Calls at a time, so that no provider's limit is met."""


@dataclass
class Asked:
    """What a model was asked, and what it answered."""

    questions: dict[Line, OpenQuestion] = field(default_factory=dict)
    fields: dict[Line, Mapping[str, Any]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    left_out: int = 0
    """Lines that were not asked, because the model was left alone after failures in a row."""


def message_of(line: Line) -> Incoming:
    """Return a line as the message of its situation. Raises `KeyError` for an unknown situation."""
    before = situation(line.side, line.question, line.language)
    inbound = Inbound("m", InboundKind.TEXT, NOW, phone_from=PHONE, text=line.text)
    return Incoming(inbound, before.state, before.context)


def question_of(line: Line) -> OpenQuestion | None:
    """Return what the model may be asked about a line; None where the rules understand it."""
    message = message_of(line)
    turn = handle_message(message.state, message.inbound, message.context)
    return question_about(message, turn)


async def ask(lines: Iterable[Line], interpreter: Interpreter) -> Asked:
    """Ask about each line that the rules do not understand."""
    asked = Asked()
    for line in lines:
        if (question := question_of(line)) is not None:
            asked.questions[line] = question
    at_once = asyncio.Semaphore(AT_ONCE)

    async def one(line: Line, question: OpenQuestion) -> None:
        async with at_once:
            if interpreter.is_resting():
                asked.left_out += 1
                return
            began = time.monotonic()
            fields = await interpreter.interpret(question)
            asked.seconds.append(time.monotonic() - began)
        if fields is not None:
            asked.fields[line] = fields

    await asyncio.gather(*(one(*item) for item in asked.questions.items()))
    return asked


def ask_configured(lines: Sequence[Line]) -> Asked | None:
    """Ask the model that the environment names, if any. Raises `ValueError` for half of a configuration."""
    settings = Settings(_env_file=None)
    if not settings.interpreter_base_url:
        return None
    if problems := [*production.interpreter(settings)]:
        raise ValueError(" ".join(problems))

    async def work() -> Asked:
        async with outgoing() as http:
            interpreter = build_interpreter(settings, http, wall_clock)
            assert interpreter is not None
            return await ask(lines, interpreter)

    return asyncio.run(work())


def told(asked: Asked, judged: Sequence[Judgement]) -> str:
    """Return what the model did, in some lines."""
    ours = [one for one in judged if one.by_model]
    right = sum(one.proposed for one in ours)
    wrong = sum(one.verdict is Verdict.WRONG for one in ours)
    ordered = sorted(asked.seconds)
    parts = [
        f"language model: {len(asked.questions)} lines not understood, {len(asked.fields)} answered,",
        f"{len(ours)} proposals: {right} asked with the right value to tap,",
        f"{sum(bool(one.misread) for one in ours)} with a false one, {wrong} wrong;",
    ]
    if ordered:
        middle, late = (ordered[math.ceil(len(ordered) * share) - 1] for share in (0.5, 0.95))
        parts.append(f"{middle:.2f} s a call, {late:.2f} s at the 95th percentile")
    if asked.left_out:
        parts.append(f"\n{asked.left_out} lines were not asked: the calls before failed")
    return " ".join(parts)
