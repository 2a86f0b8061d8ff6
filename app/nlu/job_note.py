"""The note of a job: what is said of it beside its facts, in the person's own words. Pure."""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Final

from app.nlu.normalize import split_words
from app.nlu.place_phrases import fillers
from app.nlu.vocabulary import phrase_set, whole_word

_SENTENCES: Final = re.compile(r"[\n;।]|[,.!?](?=\s|$)")
_STOPS: Final = re.compile(r"([\n;।,.!?])")
_SIGNS: Final = " \t,.;:-–*•👉"


def without_introduction(text: str) -> str:
    """Return what is to be noted, without the words that ask to note it: "add note: …", "… likh do"."""
    left = " ".join(_introduction().sub(" ", unicodedata.normalize("NFC", text)).split())
    return left.strip(_SIGNS)


@cache
def _introduction() -> re.Pattern[str]:
    # The words of the vocabulary have no dots below their letters, and a note keeps its own.
    words = re.sub(r"([क-ह])", "\\1\u093c?", whole_word("phrases", "note_begins", "note_ends"))
    return re.compile(words, re.IGNORECASE)


def own_words(text: str, left: Sequence[str]) -> list[str]:
    """Return what is left over of a text: sentences of which nothing was read as they are written, else the rest.

    `left` are the words that no fact used, in parts.
    """
    unused = {word for part in left for word in split_words(part)}
    whole: dict[str, set[str]] = {}
    for sentence in _SENTENCES.split(text):
        said = {word for word in split_words(sentence) if word not in fillers()}
        if said and said <= unused:
            whole[sentence.strip(_SIGNS)] = said
    # What somebody asks us is nothing to be told to workers: "why is nobody answering?"
    parts = _STOPS.split(text)
    asked = [part.strip(_SIGNS) for part, sign in pairwise(parts) if sign == "?"]
    kept: list[str] = []
    for part in left:
        if part.strip().endswith("?"):
            continue
        words = {word for word in split_words(part) if word not in fillers()}
        within = [sentence for sentence, said in whole.items() if words & said]
        kept += [sentence for sentence in within if sentence not in kept]
        if not words <= {word for sentence in within for word in whole[sentence]}:
            kept.append(part)
    kept = [one for one in kept if one.rstrip("?") not in asked]
    return [one for one in kept if phrase_set("polite", "greeting_words").without(split_words(one))]
