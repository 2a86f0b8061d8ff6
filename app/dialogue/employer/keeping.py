"""Whether a text drops a job or says that it stays: "rehne do, cancel karo", "no, don't cancel". Pure."""

import re
from functools import cache

from app.nlu import negation
from app.nlu.intents import INTENT_CHARACTERS, Intent, intents
from app.nlu.normalize import normalize, split_words
from app.nlu.vocabulary import phrase_set, whole_word


def drops_job(text: str | None) -> bool:
    """Whether each part of a text drops the job: "rehne do, cancel karo", "never mind, leave it"."""
    parts = [intents(part) for part in (text or "")[:INTENT_CHARACTERS].split(",") if part.strip()]
    leaves = {Intent.CANCEL, Intent.NO, Intent.SKIP}
    drops = any(Intent.CANCEL in part for part in parts)
    return len(parts) > 1 and drops and all(map(leaves.intersection, parts))


def keeps_job(text: str | None) -> bool:
    """Whether a text says that the job is not dropped: "no don't cancel", "cancel mat karo"."""
    plain = (text or "")[:INTENT_CHARACTERS]
    named = phrase_set(Intent.CANCEL, section="intents").anywhere(split_words(plain))
    return named and negation.has_negation(normalize(plain)) and not drops_job(text)


def without_hold_on(text: str) -> str:
    """Return a text without the words that only ask to wait before a correction: "no wait, make it 8 to 10"."""
    begins = _hold_on().match(text.lstrip())
    left = text.lstrip()[begins.end() :].lstrip(" ,.!") if begins else ""
    return left or text


@cache
def _hold_on() -> re.Pattern[str]:
    """Return the pattern of words that only ask to wait before a correction: "no wait, make it 8 to 10"."""
    return re.compile(whole_word("phrases", "hold_on"), re.IGNORECASE)
