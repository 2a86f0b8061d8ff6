"""What a job's text gives away: signs of a scam, demands the law may forbid, contacts. Pure.

The signs are data (`data/review.toml`). A scam is what makes a worker pay for work, or give away what
opens an account or proves who they are: such a job waits for an administrator. A demand that may
discriminate, and a contact, are marked: the former may have a lawful reason, the latter is masked.
"""

import hashlib
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from importlib.resources import files
from itertools import groupby
from typing import Any, Final

from app.core.errors import Conflict
from app.jobs import scam_likeness, scam_rules
from app.masking.deobfuscation import fold, readings, words
from app.masking.digit_runs import without_phones
from app.masking.mask import mask, mask_together

CONTACT: Final = "contact"
"""The kind of a sentence with a phone, an address or a link in it: workers read it masked."""

LIKE_A_SCAM: Final = "like_a_scam"
"""The kind of a sentence that no rule holds, and that is like the scams of the corpora."""

_AMOUNT: Final = re.compile(r"(?<![\d,])\d[\d,]{1,7}(?![\d,])")
"""Two to six digits, with or without commas."""
SENTENCE_CHARACTERS: Final = 200
"""As much of a sentence as is shown."""

_SENTENCE_ENDS: Final = re.compile(
    r"[!?।;\n\r•|]+|(?<!\brs)(?<!\bno(?=\.\s*\d))\.(?=\s|$)", re.IGNORECASE
)
_A_WORD: Final = re.compile(r"[^\W_]")
_DENIAL_CHARACTERS: Final = 160
"""How far before a sign the word that denies it may stand, with the words between."""
_LONG_SENTENCE: Final = 600
"""A sentence that is longer is not looked at again for which part of it was masked."""
_MOST_SENTENCES: Final = 150
"""More sentences than a job's texts have."""
_FEW_WORDS: Final = 2
"""A "sentence" no longer than this is read together with its neighbours too: "Registration. Fee. 500"."""


class ReviewStatus(StrEnum):
    """What the review said of a job's text: by rule (`clear`, `flagged`, `held`), or by a person."""

    CLEAR = "clear"
    FLAGGED = "flagged"
    HELD = "held"
    APPROVED = "approved"
    DECLINED = "declined"


class ReviewAction(StrEnum):
    """What an administrator decides about a text that was held or marked."""

    APPROVE = "approve"
    DECLINE = "decline"


class NothingToReview(Conflict):
    """The text is clear, or somebody decided before."""

    code = "nothing_to_review"
    detail = "This job's text does not wait for a decision."


class TextChanged(Conflict):
    """The employer wrote something else meanwhile."""

    code = "job_text_changed"
    detail = "The text was changed since you read it; read it again before you decide."
    remedy = "Read the text again, and decide about its new `review.text_version`."


@dataclass(frozen=True, slots=True)
class ReviewFinding:
    """One sentence that gives something away."""

    kind: str
    holds: bool
    field: str
    sentence: str


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    holds: bool
    hints: tuple[str, ...]
    signs: re.Pattern[str]
    raw: re.Pattern[str] | None
    unless: re.Pattern[str] | None
    deniable: bool


def status_of(findings: Sequence[ReviewFinding]) -> ReviewStatus:
    """Return what the rule makes of these findings."""
    if any(finding.holds for finding in findings):
        return ReviewStatus.HELD
    return ReviewStatus.FLAGGED if findings else ReviewStatus.CLEAR


def version_of(texts: Mapping[str, str]) -> str:
    """Return the mark of these very texts: a decision is about them and no others."""
    joined = "\0".join(f"{field}\0{text}" for field, text in sorted(texts.items()))
    return hashlib.sha256(joined.encode()).hexdigest()[:16]


def decide(status: ReviewStatus, action: ReviewAction) -> ReviewStatus:
    """Return the status after an administrator's decision. Raises `NothingToReview`."""
    if status not in {ReviewStatus.HELD, ReviewStatus.FLAGGED}:
        raise NothingToReview
    return ReviewStatus.APPROVED if action is ReviewAction.APPROVE else ReviewStatus.DECLINED


def judge(texts: Mapping[str, str]) -> list[ReviewFinding]:
    """Return what is found in a job's texts by field, each kind once a sentence; [] in a clear one."""
    return list(_judge(tuple(texts.items())))


@lru_cache(maxsize=512)
def _judge(texts: tuple[tuple[str, str], ...]) -> tuple[ReviewFinding, ...]:
    found: dict[ReviewFinding, None] = {}
    said: set[tuple[str, int]] = set()
    together = mask_together(*(text for _, text in texts))
    masked = {field for (field, text), seen in zip(texts, together, strict=True) if seen != text}
    sentences = _sentences(texts)
    passages = [
        (first, last, " ".join(text for _, text in sentences[first : last + 1]))
        for first, last in _passages([len(text.split()) for _, text in sentences])
    ]
    kinds = _possible_kinds([passage for *_, passage in passages])
    for first, last, passage in passages:
        field = sentences[last][0]
        ways, scams = _read(passage)
        for kind in kinds:
            # A longer passage would say again what one of its sentences said.
            told = any((kind.name, number) in said for number in range(first, last + 1))
            if not told and (kind.name in scams or _says(kind, passage, ways)):
                said.add((kind.name, last))
                found[ReviewFinding(kind.name, kind.holds, field, _short(passage))] = None
        hides = field in masked and first == last
        if hides and (len(passage) > _LONG_SENTENCE or mask(passage) != passage):
            found[ReviewFinding(CONTACT, False, field, _short(passage))] = None
    if not any(finding.holds for finding in found) and (like := _like_a_scam(sentences)):
        found[like] = None
    for field, text in texts:  # what is a contact only together with other texts or sentences
        if field in masked and not any(f.kind == CONTACT and f.field == field for f in found):
            found[ReviewFinding(CONTACT, False, field, _short(text))] = None
    return tuple(found)


def _possible_kinds(passages: Sequence[str]) -> list[_Kind]:
    """Return the kinds of which any passage has a hint, a raw sign or the parts of a scam."""
    read = list(map(_read, passages))
    ways = "\n".join(reading for ways, _ in read for reading in ways)
    scams = frozenset().union(*(scams for _, scams in read))
    written = "\n".join(passages).casefold()
    return [
        kind
        for kind in _kinds()
        if kind.name in scams
        or any(hint in ways for hint in kind.hints)
        or (kind.raw is not None and kind.raw.search(written))
    ]


def _like_a_scam(sentences: Sequence[tuple[str, str]]) -> ReviewFinding | None:
    """Return the sentence that is like a scam, by its words and its neighbours', if one is."""
    if not sentences:
        return None
    weighed = [scam_likeness.features(_read(text)[0][-1]) for _, text in sentences]
    likeness = scam_likeness.likeness(weighed)
    concepts = frozenset().union(*(sentence.concepts for sentence in weighed))
    has_amount = any(_has_amount(text) for _, text in sentences)
    if not scam_likeness.is_held(likeness.score, concepts, has_amount=has_amount):
        return None
    field, sentence = sentences[likeness.sentence]
    return ReviewFinding(LIKE_A_SCAM, True, field, _short(sentence))


def _has_amount(sentence: str) -> bool:
    """Whether a sentence has a number that is no part of a contact, in figures or in words."""
    if any(map(str.isdigit, sentence)):
        return _AMOUNT.search(mask(sentence)) is not None
    return "number" in scam_likeness.features(_read(sentence)[0][-1]).concepts


@lru_cache(maxsize=2_048)
def _read(passage: str) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return the readings of a passage, and the scams it has the parts of."""
    ways = readings_of(passage)
    return ways, frozenset().union(*map(scam_rules.kinds_in, ways))


def readings_of(passage: str) -> tuple[str, ...]:
    """Return the readings of a passage without its phone numbers: none of these is an amount."""
    return readings(without_phones(passage))


def _short(sentence: str) -> str:
    sentence = " ".join(sentence.split())
    if len(sentence) <= SENTENCE_CHARACTERS:
        return sentence
    return sentence[: SENTENCE_CHARACTERS - 1].rstrip() + "…"


def sentences_of(text: str) -> list[str]:
    """Return the sentences of a text that have a word."""
    pieces = (piece.strip() for piece in _SENTENCE_ENDS.split(text))
    return [piece for piece in pieces if piece and _A_WORD.search(piece)]


def _sentences(texts: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    return [(field, sentence) for field, text in texts for sentence in sentences_of(text)]


def _passages(lengths: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and last of what is read together, by the sentences' lengths in words.

    Each sentence alone; then very short ones again with their neighbours, across fields too. Where there
    are many, very short ones are read with their neighbours only.
    """
    few = 0 if len(lengths) <= _MOST_SENTENCES else _FEW_WORDS
    yield from ((number, number) for number, length in enumerate(lengths) if length > few)
    first = 0
    while first < len(lengths):
        last = first
        while last + 1 < len(lengths) and min(lengths[last : last + 2]) <= _FEW_WORDS:
            last += 1
        if last > first:
            yield first, last
            # And the short ones alone: a denial beside them must not speak for them.
            runs = groupby(range(first, last + 1), lambda number: lengths[number] <= _FEW_WORDS)
            for short, run in runs:
                numbers = list(run)
                if short and 1 < len(numbers) <= last - first:
                    yield numbers[0], numbers[-1]
        first = last + 1


def _says(kind: _Kind, sentence: str, ways: Sequence[str]) -> bool:
    if kind.raw is not None and kind.raw.search(sentence.casefold()):
        return True
    return any(_reads(kind, reading) for reading in ways)


def _reads(kind: _Kind, reading: str) -> bool:
    # Most sentences have none of a kind's words: asking that first is a hundred times cheaper.
    for hint in kind.hints:
        if hint in reading:
            break
    else:
        return False
    if kind.unless is not None and kind.unless.search(reading):
        return False
    sign = kind.signs.search(reading)
    while sign is not None:
        if not kind.deniable or not _is_denied(reading, sign):
            return True
        sign = kind.signs.search(reading, sign.start() + 1)
    return False


def _is_denied(reading: str, sign: re.Match[str]) -> bool:
    before, within, after = _denials()
    return (
        before.search(_last_words(reading, sign.start())) is not None
        or within.search(sign[0]) is not None
        or after.match(reading, sign.end()) is not None
    )


def _last_words(reading: str, end: int) -> str:
    """Return the words before `end`, no more than `_DENIAL_CHARACTERS` of them."""
    start = max(0, end - _DENIAL_CHARACTERS)
    if start:
        start = reading.find(" ", start, end) + 1 or end
    return reading[start:end]


@cache
def _data() -> Mapping[str, Any]:
    path = files("app.jobs") / "data" / "review.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


@cache
def _kinds() -> tuple[_Kind, ...]:
    parts = {name: fold(part) for name, part in _data()["parts"].items()}
    compiled = _compiler(parts)
    return tuple(
        _Kind(
            name=name,
            holds=entry["holds"],
            hints=tuple(fold(entry["hints"]).split()),
            signs=compiled(entry["any"]),
            raw=re.compile("|".join(entry["raw"])) if "raw" in entry else None,
            unless=compiled(entry["unless"]) if "unless" in entry else None,
            deniable=entry.get("deniable", True),
        )
        for name, entry in _data()["kinds"].items()
    )


def _compiler(parts: Mapping[str, str]) -> Callable[[Sequence[str]], re.Pattern[str]]:
    def expanded(pattern: str) -> str:
        while True:
            filled = re.sub(r"\{([a-z]+)\}", lambda found: parts[found[1]], pattern)
            if filled == pattern:
                break
            pattern = filled
        return re.sub(r" ~(\d) ", r"(?: \\S+){0,\1} ", pattern)

    def compiled(patterns: Sequence[str]) -> re.Pattern[str]:
        joined = "|".join(f"(?:{expanded(fold_pattern(pattern))})" for pattern in patterns)
        return re.compile(rf"(?<!\S)(?:{joined})(?!\S)")

    return compiled


def fold_pattern(pattern: str) -> str:
    """Return a pattern whose Hindi is spelled as folded texts are; escapes keep their case."""
    return "".join(fold(c) if "\u0900" <= c <= "\u097f" else c for c in pattern)


@cache
def _denials() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """Return what denies a sign from before it (to search up to there), within it, and after it."""
    listed = {
        name: "|".join(sorted(map(re.escape, words(fold(value)).split()), key=len, reverse=True))
        for name, value in _data()["denied"].items()
    }
    before = rf"(?<!\S)(?:{listed['before']})(?: (?:{listed['before_between']}|,))*\s?\Z"
    within = rf" (?:{listed['within']}) "
    after = (
        rf"(?: (?:{listed['after_between']})){{0,16}} (?:{listed['after']})(?!\S)"
        rf"(?! (?:{listed['after_but']})(?!\S))"
    )
    return re.compile(before), re.compile(within), re.compile(after)
