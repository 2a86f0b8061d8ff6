"""Read a reply to an offer in the worker's own words: yes, no with a reason, or neither. Pure.

A reply can't be taken back, so it must be plain. A yes with a "but", a doubt or an unknown word is asked
again with the buttons. So is a no that only denies a reason: "dur nahi hai" says that it is near enough.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from itertools import pairwise
from typing import Final

from app.nlu.intents import Intent, intents
from app.nlu.lexicon import Lexicon
from app.nlu.normalize import normalize, split_words
from app.nlu.vocabulary import phrase_set, phrases

REASON_CHARACTERS: Final = 300
ANSWER_CHARACTERS: Final = 200
"""A longer message is no reply to an offer."""
_STOPS: Final = frozenset(",.;:!।-")
_VERBS: Final = {
    Intent.YES: "accept",
    Intent.NO: "reject",
    Intent.WITHDRAW: "withdraw",
    Intent.SKIP: "later",
    Intent.CANCEL: None,
}
REASONS: Final = ("far", "pay", "time")
"""The reasons with buttons; any other is kept in the worker's own words."""


@dataclass(frozen=True, slots=True)
class OfferReply:
    """A reply to an offer."""

    verb: str | None
    """`accept`, `reject`, `withdraw`, `later`, `condition` (a yes with an "if"); None: unclear which."""
    reason: str | None = None
    """Why not: one of `REASONS`, or the person's own words."""
    by_reason: bool = False
    """Whether the no is only in the reason: "time nahi hai"."""
    sure: bool = True
    """Whether it is plain; else the person is asked with one tap whether this is what they mean."""


class _Part(Enum):
    YES = auto()
    CAN = auto()
    """"will come", "taiyar": a yes that a "not" beside it turns round."""
    LIKELY = auto()
    """"done", "why not": most likely a yes."""
    REASSURE = auto()
    """"nahi nahi", "don't worry": a no, unless a yes follows."""
    DELAY = auto()
    """"not now", "baad mein batata hu": neither a yes nor a no."""
    NO = auto()
    DOUBT = auto()
    ASKED = auto()
    FAR = auto()
    PAY = auto()
    TIME = auto()
    EXCUSE = auto()
    KEPT = auto()
    """"I can't refuse"."""
    FILLER = auto()


type _Found = list[tuple[_Part | None, list[str]]]
_OF_REASON: Final[Mapping[_Part | None, str]] = {
    _Part.FAR: "far",
    _Part.PAY: "pay",
    _Part.TIME: "time",
}


def parse_offer_reply(text: str) -> OfferReply | None:
    """Return the reply in a text, or None where it says something else."""
    meant = intents(text)
    found = _parts(text[:ANSWER_CHARACTERS])
    if len(text) <= ANSWER_CHARACTERS and "?" not in text:
        if any(part is _Part.DELAY for part, _ in found):
            return _delayed(found)
        if any(part is _Part.REASSURE for part, _ in found):
            if {part for part, _ in found} & _AGREES:
                return _reassured(found)
            found = [(_Part.NO if part is _Part.REASSURE else part, said) for part, said in found]
    for intent, verb in _VERBS.items():
        if intent in meant:
            why = _reason(found)
            unsure = verb == "accept" and (why is not None or "?" in text)
            unsure |= verb == "reject" and (
                _denied(found) or any(p is _Part.KEPT for p, _ in found)
            )
            return OfferReply(None if unsure else verb, why)
    parts = {part for part, _ in found}
    if Intent.DONE in meant and _Part.LIKELY in parts:
        return OfferReply("accept", sure=False)
    if meant or len(text) > ANSWER_CHARACTERS or "?" in text:
        return None
    if _Part.ASKED in parts:
        return None
    if _Part.KEPT in parts:
        return OfferReply(None)
    if parts & _AGREES:
        return _agreed(found)
    if _Part.NO in parts:
        return _refused(text, found)
    return None if None in parts else _remarked(found)


_AGREES: Final = frozenset({_Part.YES, _Part.CAN, _Part.LIKELY})
_PLAIN: Final = frozenset({_Part.YES, _Part.CAN, _Part.FILLER})
_AGAINST: Final = frozenset(
    {_Part.NO, _Part.DOUBT, _Part.FAR, _Part.PAY, _Part.TIME, _Part.EXCUSE, _Part.KEPT}
)


def _delayed(found: _Found) -> OfferReply:
    """Read a delay: it is never a no; beside "I will come" it is unclear."""
    agrees = {part for part, _ in found} & {_Part.CAN, _Part.LIKELY}
    return OfferReply(None if agrees else "later")


def _reassured(found: _Found) -> OfferReply:
    """Read "no no, I'll come": most likely a yes, so it is asked with one tap."""
    against = {part for part, _ in found} & _AGAINST
    return OfferReply(None) if against else OfferReply("accept", sure=False)


def _agreed(found: _Found) -> OfferReply:
    parts = {part for part, _ in found}
    if parts <= _PLAIN:
        return OfferReply("accept")
    words = [word for _, said in found for word in said]
    if _Part.NO not in parts and phrase_set("condition_words").anywhere(words):
        return OfferReply("condition")
    amounts = _names_numbers(found)
    unknown = [word for part, said in found if part is None for word in said]
    denied = phrase_set("negation").anywhere(unknown)
    return (
        OfferReply(None)
        if parts & _AGAINST or amounts or denied
        else OfferReply("accept", sure=False)
    )


def _refused(text: str, found: _Found) -> OfferReply:
    parts = {part for part, _ in found}
    if _denied(found) or _Part.DOUBT in parts or (None in parts and not _begins_with_no(text)):
        return OfferReply(None)
    if None in parts:
        # "No, 11 to 6" corrects something, and may refuse nothing.
        return OfferReply("reject", text.strip(), sure=not _names_numbers(found))
    own_words = text.strip() if _Part.EXCUSE in parts else None
    return OfferReply("reject", _reason(found) or own_words)


def _names_numbers(found: _Found) -> bool:
    return any(part is None and said[0][:1].isdigit() for part, said in found)


def _remarked(found: _Found) -> OfferReply | None:
    """Read what is neither yes nor no: a reason that says one, a doubt, or only a remark."""
    parts = {part for part, _ in found}
    reason = _reason(found)
    if reason and any(_says_not(words) for part, words in found if part in _OF_REASON):
        return OfferReply("reject", reason, by_reason=True)
    if _Part.DOUBT in parts:
        return OfferReply("later")
    if reason in {"far", "pay"} and _Part.EXCUSE not in parts:
        # "Too far" says why not, and leaves the no to be said.
        return OfferReply("reject", reason, sure=False)
    return OfferReply(None) if reason or _Part.EXCUSE in parts else None


def _reason(found: _Found) -> str | None:
    return next((_OF_REASON[part] for part, _ in found if part in _OF_REASON), None)


def _denied(found: _Found) -> bool:
    """Return whether a no is of a reason, of a trouble or of a refusal: "dur nahi hai", "mushkil nahi"."""
    return any(
        _can_be_denied(part, words) and after is _Part.NO and _only_says_not(said)
        for (part, words), (after, said) in pairwise(found)
    )


def _can_be_denied(part: _Part | None, words: list[str]) -> bool:
    if len(words) > 1 and phrase_set("copula").at(words, len(words) - 1):
        return False  # "dur hai, nahi": it is said that it is far, and then no
    if part is _Part.TIME:  # "busy", and not "sunday"
        return _says_not(words)
    if part is _Part.NO:  # "difficult", "I refuse"
        return not _says_not(words)
    return part in {_Part.FAR, _Part.PAY, _Part.EXCUSE}


def _only_says_not(words: list[str]) -> bool:
    return (
        words != ["no"] and _says_not(words) and not phrase_set("negation", "filler").without(words)
    )


def _says_not(words: list[str]) -> bool:
    return phrase_set("negation").anywhere(words)


def _parts(text: str) -> _Found:
    """Cut a text into what is known and, as None, single words that are not."""
    found: _Found = []
    for part, _, words in _lexicon().scan(split_words(text)):
        said = list(words)
        before, said_before = found[-1] if found else (None, [])
        if part is _Part.CAN and before is _Part.NO and _turns_round(said_before[-1:]):
            found[-1] = before, [*said_before, *said]
            continue
        if part is _Part.NO and before is _Part.CAN and _turns_round(said[:1]):
            found.pop()
        found.append((part, said))
    return found


def _turns_round(words: list[str]) -> bool:
    """Return whether a "not" beside "will come" belongs to it: "nahi aaunga", but not "no I can come"."""
    return words != ["no"] and _says_not(words)


def _begins_with_no(text: str) -> bool:
    """Return whether a no stands at the beginning and by itself: "no, my exam is that week"."""
    plain = normalize(text)
    words = split_words(text)
    known = _lexicon().at(words, 0)
    if known is None or known.meaning is not _Part.NO:
        return False
    rest = plain[plain.index(known.words[-1]) + len(known.words[-1]) :].lstrip()
    return rest[:1] in _STOPS or phrase_set("because").at(split_words(rest), 0) is not None


@cache
def _lexicon() -> Lexicon[_Part]:
    """Return all known phrases; a phrase of two lists counts for the first."""
    lists: list[tuple[_Part, list[str]]] = [
        (_Part.KEPT, phrases("phrases", "cannot_refuse")),
        (_Part.REASSURE, phrases("phrases", "reassures")),
        (_Part.DELAY, phrases("phrases", "offer_delays")),
        (_Part.CAN, phrases("phrases", "can_come")),
        (_Part.YES, phrases("intents", Intent.YES) + phrases("phrases", "agreed")),
        (_Part.LIKELY, phrases("phrases", "likely_agreed")),
        (_Part.NO, phrases("intents", Intent.NO) + phrases("phrases", "cannot_come", "clear_no")),
        (_Part.DOUBT, phrases("phrases", "doubt") + phrases("intents", Intent.SKIP)),
        (_Part.ASKED, phrases("phrases", "asking")),
        (_Part.FAR, phrases("phrases", "why_far")),
        (_Part.PAY, phrases("phrases", "why_pay")),
        (_Part.TIME, phrases("phrases", "why_time")),
        (_Part.EXCUSE, phrases("phrases", "excuse")),
        (_Part.FILLER, phrases("phrases", "filler", "polite", "because", "about_offer")),
        (_Part.FILLER, phrases("phrases", "before_reason", "no_trouble")),
    ]
    return Lexicon((phrase, part) for part, phrases in lists for phrase in phrases)


def parse_reason(text: str) -> str:
    """Return one of the listed reasons where the text says it, else the text."""
    words = split_words(text[:REASON_CHARACTERS])
    for why in REASONS:
        left = phrase_set(f"why_{why}").without(words)
        if len(left) < len(words) and not phrase_set("before_reason", "filler", "polite").without(
            left
        ):
            return why
    first, colon, rest = text.partition(":")
    prefixed = (
        bool(colon) and rest.strip() and not phrase_set("before_reason").without(split_words(first))
    )
    return (rest if prefixed else text).strip()[:REASON_CHARACTERS]


def takes_back_no(text: str) -> bool:
    """Whether a text says that a no was a slip, or that somebody changed their mind."""
    words = split_words(text[:ANSWER_CHARACTERS])
    return len(text) <= ANSWER_CHARACTERS and phrase_set("changed_mind").anywhere(words)


def comes_after_all(text: str) -> bool:
    """Whether somebody who has just said no says that they can come."""
    words = split_words(text[:ANSWER_CHARACTERS])
    return (
        len(text) <= ANSWER_CHARACTERS
        and "?" not in text
        and phrase_set("comes_after_all").anywhere(words)
        and not phrase_set("negation", "cannot_come", "doubt", "because", "excuse").anywhere(words)
    )
