"""Judges an outcome against an expectation: right, asked or wrong."""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, Final

from app.dialogue.interpretation import propose, question_about
from app.dialogue.router import handle_message
from app.dialogue.state import Ask
from app.dialogue.turn import Incoming
from app.messaging.inbound import Inbound, InboundKind
from app.nlu.normalize import has_devanagari
from app.nlu.offer_reply import REASONS
from tests.nlu.corpus_measure.expectation import ASK, TALK, Expectation, parse
from tests.nlu.corpus_measure.lines import CORPUS, Line
from tests.nlu.corpus_measure.outcome import Outcome
from tests.nlu.corpus_measure.proposed_words import outcome_with_words
from tests.nlu.corpus_measure.situations import NOW, PHONE, Situation, situation
from tests.nlu.corpus_measure.values import Days, Hours, Pay, Place, Skills, is_place


class Verdict(IntEnum):
    """What became of a line; a greater one is better."""

    WRONG = 0
    ASKED = 1
    RIGHT = 2


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on a line, and why."""

    line: Line
    verdict: Verdict
    misread: tuple[str, ...] = ()
    """What was shown for confirmation, or proposed, and is false: no silent wrong."""
    proposed: bool = False
    """Whether it was asked with the right value to tap."""
    wrong: tuple[str, ...] = ()
    """What was done or kept that nobody meant."""
    outcome: Outcome = field(default_factory=Outcome)
    by_model: bool = False
    """Whether what was proposed comes from a language model."""


_HARMLESS: Final = frozenset({"resume"})
"""Effects that change nothing for the person."""
_OWN_WORDS: Final = "job.note"
"""What is left over of a text is kept as a note, in the person's own words: too much of it is not false."""
_GUESSED_LANGUAGE: Final = frozenset({"first", "language", "job_stranger"})
"""Questions at which Hindi is answered in Hindi: that language is no wrong effect."""
HARD: Final = frozenset(
    {"accept", "reject", "withdraw", "reconsider", "erase", "decline", "minor", "stop"}
    | {"name", "place", "post", "consent"}
)
"""What is hard to take back: none of these may be wrong."""
_FALSE_QUESTIONS: Final = frozenset({"delete?", "cancel_job?"})
"""Questions before something grave: asked for nothing, they count as proposed wrongly."""


def judge(line: Line, fields: Mapping[str, Any] | None = None) -> Judgement:
    """Return the verdict on a line; of several alternatives the best. Raises `ValueError`.

    `fields` are what a language model answered about it. What it proposes is at best asked: a tap is to come.
    """
    try:
        before = situation(line.side, line.question, line.language)
        alternatives = parse(line.expected)
    except (KeyError, ValueError) as error:
        raise ValueError(f"{line.source}: {error}") from error
    inbound = Inbound("m", InboundKind.TEXT, NOW, phone_from=PHONE, text=line.text)
    turn = by_rules = handle_message(before.state, inbound, before.context)
    if fields is not None:
        message = Incoming(inbound, before.state, before.context)
        question = question_about(message, by_rules)
        turn = by_rules if question is None else propose(message, by_rules, question, fields)
    outcome = outcome_with_words(before, turn)
    judged = [against(line, expected, outcome, before) for expected in alternatives]
    best = max(judged, key=lambda found: (found.verdict, -len(found.misread), found.proposed))
    return best if turn is by_rules else _proposed_by_model(best, alternatives)


def _proposed_by_model(best: Judgement, alternatives: Sequence[Expectation]) -> Judgement:
    """Return the verdict on a proposal: the right value is there to tap, and nothing is done yet."""
    says_nothing = all(ASK in expected.acts for expected in alternatives)
    if best.verdict is Verdict.RIGHT and not says_nothing:
        best = replace(best, verdict=Verdict.ASKED, proposed=True)
    return replace(best, by_model=True)


def judge_all(
    lines: Iterable[Line], answers: Mapping[Line, Mapping[str, Any]] | None = None
) -> Sequence[Judgement]:
    """Return the verdict on each line; `answers` are those of a language model."""
    return [judge(line, (answers or {}).get(line)) for line in lines]


def is_grave(judgement: Judgement) -> bool:
    """Whether something is wrong that is hard to take back."""
    return any(re.split("[=:@]", what)[0] in HARD for what in judgement.wrong)


def against(line: Line, expected: Expectation, outcome: Outcome, before: Situation) -> Judgement:
    """Return the verdict on what followed, by one alternative."""
    wrong = [
        f"{name}={_told(value)}"
        for name, value in outcome.saved.items()
        if not _allowed(name, value, expected, outcome)
    ]
    wrong += [act for act in sorted(outcome.acts) if not _meant(act, line, expected, outcome)]
    misread = [
        f"{name}={_told(value)}"
        for name, value in outcome.shown.items()
        if name != _OWN_WORDS and not _is_said(name, value, expected)
    ]
    misread += [f"lost {name}" for name in sorted(outcome.lost) if name not in expected.facts]
    right_offers = 0
    for name, options in outcome.offered.items():
        wanted = expected.facts.get(name, expected.proposed.get(name))
        if wanted is not None and any(_equal(name, wanted, option) for option in options):
            right_offers += 1
        elif wanted is None or name.endswith("place") or name in outcome.guessed:
            misread.append(f"{name}? {', '.join(map(_told, options[:3]))}")
    if before.state.ask is not Ask.DELETE:
        misread += sorted((outcome.replies & _FALSE_QUESTIONS) - expected.acts)
    verdict = Verdict.ASKED
    if wrong:
        verdict = Verdict.WRONG
    elif not misread and _is_fulfilled(expected, outcome):
        verdict = Verdict.RIGHT
    return Judgement(line, verdict, tuple(misread), right_offers > 0, tuple(wrong), outcome)


def _allowed(name: str, value: Any, expected: Expectation, outcome: Outcome) -> bool:
    """Whether a saved value was said, or is what was read back and confirmed."""
    return _fits(name, value, expected) or (
        "yes" in outcome.acts and "yes" in expected.acts and name not in expected.facts
    )


def _meant(act: str, line: Line, expected: Expectation, outcome: Outcome) -> bool:
    if act in _HARMLESS or act in expected.acts:
        return True
    if act.startswith("language=") and line.question in _GUESSED_LANGUAGE:
        hindi = has_devanagari(line.text) or line.language in {"hi", "hinglish"}
        spoken = {"language=hi"} if hindi else {"language=en"}
        # What is spelt carelessly may be of either.
        return act in (spoken if line.language != "messy" else {"language=hi", "language=en"})
    if act == "yes":
        # What was read back is what was said again.
        return bool(outcome.saved) and all(
            _fits(name, value, expected) for name, value in outcome.saved.items()
        )
    verb, _, reason = act.partition(":")
    wanted = {name.partition(":")[0].removesuffix("?") for name in expected.acts}
    if verb == "human" and "danger" in expected.acts:
        return True
    if verb in {"withdraw", "accept", "reconsider"} and verb in wanted:
        return True
    if verb == "reject" and "reject" in wanted:
        named = {name.partition(":")[2] for name in expected.acts if name.startswith("reject:")}
        return not reason or not named or reason in named or bool(named - {"far", "pay", "time"})
    if verb == "reason" and "reason" in wanted:
        # Their own words are kept as they are: only another of the usual reasons is false.
        return reason not in REASONS or "reason" in expected.acts
    return verb == "answer" and any(name.startswith("answer:") for name in expected.acts)


def _is_fulfilled(expected: Expectation, outcome: Outcome) -> bool:
    for name, value in expected.facts.items():
        found = outcome.saved.get(name, outcome.shown.get(name))
        if name in {"age", *expected.optional}:
            continue
        if found is None or not _equal(name, value, found):
            return False
    for name, wanted in expected.proposed.items():
        options = [*outcome.offered.get(name, ()), *_found(name, outcome)]
        if not any(_equal(name, wanted, option) for option in options):
            return False
    return all(_is_done(act, outcome) for act in expected.acts if act not in expected.optional)


def _found(name: str, outcome: Outcome) -> list[Any]:
    return [found[name] for found in (outcome.saved, outcome.shown) if name in found]


def _is_done(act: str, outcome: Outcome) -> bool:
    if act == ASK:
        return True
    if act == TALK:
        return not outcome.missed
    if act in outcome.acts:
        return True
    if act.endswith("?"):
        verb = act[:-1]
        done = any(found.partition(":")[0] == verb for found in outcome.acts)
        return done or (act in outcome.replies and not outcome.missed)
    verb, _, detail = act.partition(":")
    if verb == "reject" or act == "reason":
        return any(found.partition(":")[0] == verb for found in outcome.acts)
    if verb == "withdraw":
        return act in outcome.acts or ("withdraw?" in outcome.replies and not outcome.missed)
    if verb == "answer":
        return not outcome.missed and _answers(detail, outcome)
    return act in outcome.replies


def _answers(topic: str, outcome: Outcome) -> bool:
    if f"answer:{topic}" in outcome.acts:
        return True
    patterns = _topics().get(topic, [f"*{topic}*"])
    return any(fnmatchcase(key, pattern) for key in outcome.keys for pattern in patterns)


@cache
def _topics() -> Mapping[str, list[str]]:
    return tomllib.loads((CORPUS / "topics.toml").read_text(encoding="utf-8"))


# ── Values ───────────────────────────────────────────────────────────────────────────────────────


def _fits(name: str, value: Any, expected: Expectation) -> bool:
    wanted = expected.facts.get(name)
    if wanted is None and name not in expected.only_proposed:
        wanted = expected.proposed.get(name)
    return wanted is not None and _equal(name, wanted, value)


def _is_said(name: str, value: Any, expected: Expectation) -> bool:
    """Whether what is read back was said, if not all that was."""
    wanted = expected.facts.get(name)
    if isinstance(wanted, Skills) and isinstance(value, frozenset):
        return value <= wanted.all
    return _fits(name, value, expected)


def _equal(name: str, wanted: Any, found: Any) -> bool:
    match wanted, found:
        case str(), Place():
            return any(is_place(one.strip(), found) for one in wanted.split(" or "))
        case Hours(), tuple():
            return wanted.holds(found)
        case Days(), Days():
            return wanted.holds(found)
        case Skills(), str():
            return found in wanted.all
        case Skills(), frozenset():
            return wanted.holds(found)
        case Pay(), (amount, unit):
            return wanted.holds(amount, unit)
        case str(), str() if name == "job.note":
            return wanted.casefold() in found.casefold()
        case str(), str():
            return found.casefold().strip() in {one.casefold() for one in wanted.split("/")}
        case _:
            return bool(wanted == found)


def _told(value: Any) -> str:
    if isinstance(value, Place):
        return value.label or str(value.at)
    if isinstance(value, frozenset):
        return ",".join(sorted(map(str, value)))
    if isinstance(value, tuple) and value and hasattr(value[0], "weekday"):
        return " ".join(
            f"{slot.weekday}:{slot.start // 60:02}{slot.start % 60:02}-{slot.end // 60:02}{slot.end % 60:02}"
            for slot in value
        )
    return str(value)
