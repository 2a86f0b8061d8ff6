"""What an employer wishes of people beside their work: sex, age, faith, marriage, tongue, being new. Pure.

None of it decides who is asked (decision 0078): the words stay in the job's note. Taken out before anything
else is read, they are no role, no place and no number: "only male", "18-25 age only", "hindi speaking".
"""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from app.nlu.dates import GAP
from app.nlu.normalize import KEPT_TEXTS, split_words
from app.nlu.numbers import count_words
from app.nlu.place_phrases import fillers
from app.nlu.vocabulary import EDGE, START, named_phrases, one_of, phrase_set, word_set

_LAST_WORD: Final = re.compile(r"([^\W\d]+|\d+)\W?$")
_LOOKED_BACK: Final = 12
_SAID_OF: Final = 30
_AGE: Final = r"(?:1[4-9]|[2-6]\d)"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a text wishes of people, apart from the rest of it."""

    rest: str
    """The normalized text without the wishes."""
    said: tuple[str, ...] = ()
    """The wishes, as they were written."""
    counts: bool = False
    """Whether a word of the wishes counts people, too, and stands in `rest` for that: "2 ladies only"."""
    who: bool = False
    """Whether one is about who people are, and not what they know: sex, age, faith, caste, marriage."""

    @property
    def is_all(self) -> bool:
        """Whether the text says nothing else."""
        words = split_words(self.rest.replace(GAP, " "))
        left = phrase_set("filler", "polite", "wants", "note_begins", "note_ends").without(words)
        nothing = fillers() | word_set("job", "people") | word_set("wishes", "only", "only_before")
        return bool(self.said) and not self.counts and all(word in nothing for word in left)


class _Patterns:
    """The patterns of wishes; each with whether it is about who people are."""

    def __init__(self) -> None:
        def any_of(*names: str) -> str:
            return one_of("wishes", *names)

        no_thing = rf"{EDGE}(?!\s(?:{any_of('of_things')}){EDGE})"
        sex = any_of("sex", "sex_alone")
        group = any_of("faith", "caste", "marital")
        young = rf"(?:{any_of('young')}\s)?"
        only, before = any_of("only"), any_of("only_before")
        who = one_of("job", "people", "men", "women")
        denied = rf"(?!\s{one_of('phrases', 'deny_after')})"
        span = rf"{_AGE}(?:\s?(?:-|{one_of('pay', 'range')})\s?{_AGE})?"
        unit = any_of("age_unit")
        tongues = rf"{any_of('language')}(?:\s?(?:[,/&]|{one_of('calendar', 'and')})\s?{any_of('language')}){{0,3}}"
        self.who = [
            rf"{before}\s{young}(?:{sex}|{group}){no_thing}(?:\s{who}{EDGE})?(?:\s{only}{EDGE})?",
            rf"{young}(?:{sex}|{group})(?:\s{who})?\s(?:for\s)?{only}{EDGE}{denied}",
            rf"{any_of('sex_alone')}{no_thing}",
            rf"{any_of('marital', 'caste')}{EDGE}(?!\s(?:part(?:y|ies)|thali|food|style){EDGE})",
            rf"{any_of('faith')}(?=\s{who}{EDGE})",
            rf"{any_of('young')}(?=\s(?:{sex}|{who}){EDGE})",
            rf"{any_of('age')}\s?[:-]?\s?(?:{any_of('age_limit')}\s)?{span}(?:\s?{unit}{EDGE})?(?:\s{only}{EDGE})?",
            rf"{span}\s?{any_of('age')}{EDGE}(?:\s{only}{EDGE})?",
            rf"{any_of('age_limit')}\s{_AGE}\s?{unit}{EDGE}(?:\s{only}{EDGE})?",
            rf"{_AGE}\s?(?:{unit}\s)?{any_of('age_limit')}\s{any_of('age')}{EDGE}",
            rf"{_AGE}\s?(?:-|{one_of('pay', 'range')})\s?{_AGE}\s?{unit}{EDGE}(?!\s?{one_of('job', 'experienced', 'experience')})",
            r"(?:18|21)\s?\+(?!\s?\w)",
        ]
        self.knows = [
            rf"{any_of('any_sex')}{EDGE}",
            rf"{tongues}\s{any_of('speaks')}{EDGE}",
            rf"{any_of('knows')}\s{tongues}{EDGE}(?!\s(?:medium|teacher|tutor|typing|class|classes)\b)",
            rf"{any_of('fresher')}{EDGE}",
        ]
        self.experienced = rf"{any_of('experienced')}{EDGE}"
        self.years = re.compile(
            rf"\d\s?\+?\s?{one_of('job', 'years')}|(?:exp|experience)\W{{0,3}}(?:of\s)?\d"
        )
        self.first_words = frozenset(
            split_words(phrase)[0]
            for name, phrase in named_phrases("wishes")
            if name not in {"only", "only_before", "of_things", "age_unit", "speaks"}
        )


@cache
def _patterns() -> _Patterns:
    return _Patterns()


@cache
def _compiled(*, experienced: bool) -> re.Pattern[str]:
    patterns = _patterns()
    knows = [*patterns.knows, *([patterns.experienced] if experienced else [])]
    return re.compile(rf"{START}(?:{'|'.join(knows)})|(?P<who>{START}(?:{'|'.join(patterns.who)}))")


def _is_counted(before: str) -> bool:
    """Whether a number stands before a word of sex, which then counts people, too: "2 ladies only"."""
    last = _LAST_WORD.search(before.rstrip())
    return last is not None and (last[1].isdecimal() or last[1] in count_words())


def _with_young(match: re.Match[str], text: str) -> str:
    """Return a wish with the word that it is said of: "young boys"."""
    if match[0] not in word_set("wishes", "young"):
        return match[0]
    return f"{match[0]} {split_words(text[match.end() : match.end() + _SAID_OF])[0]}"


@lru_cache(maxsize=KEPT_TEXTS)
def read_wishes(text: str) -> Wishes:
    """Return what a normalized text wishes of people, and the text without it."""
    words = split_words(text)
    if _patterns().first_words.isdisjoint(words) and "+" not in text and "age" not in words:
        return Wishes(text)
    said: list[str] = []
    parts: list[str] = []
    who = counts = False
    at = 0
    pattern = _compiled(experienced=_patterns().years.search(text) is None)
    for match in pattern.finditer(text):
        before = text[max(at, match.start() - _LOOKED_BACK) : match.start()]
        first = match[0].split()[0]
        keeps = _is_counted(before) and first in word_set("job", "people")
        counts = counts or keeps
        said.append(_with_young(match, text))
        who = who or match["who"] is not None
        # "2 ladies only" wants two; only the rest of it is a wish.
        parts.append(text[at : match.start()] + (first if keeps else ""))
        parts.append(GAP if not keeps or match[0] != first else "")
        at = match.end()
    if not said:
        return Wishes(text)
    return Wishes("".join(parts) + text[at:], tuple(said), counts, who)
