"""What the chat takes for a person's name where one is asked for or corrected. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Final

from app.catalogue.skills import find_named
from app.nlu.common_words import is_called_so, is_common, own_words, sounds_common
from app.nlu.fact import Confidence, Fact
from app.nlu.introduced_name import find_introduced, introductions
from app.nlu.lexicon import Lexicon
from app.nlu.message_words import Word, plain_of, words_of
from app.nlu.name_context import is_relation, is_second_name, is_title, may_be_other
from app.nlu.name_words import (
    around_names,
    is_home,
    is_initial,
    is_person_name,
    is_something_else,
    name_fact,
)
from app.nlu.normalize import split_words
from app.nlu.vocabulary import phrase_set, phrases, word_set

_INTRODUCTION_CHARACTERS: Final = 200
"""A longer text introduces nobody."""
_MOST_WORDS: Final = 4
"""Words in a name; of a longer text only what is introduced as a name is one."""


def read_name_answer(words: Sequence[Word]) -> Fact[str] | None:
    """Return the name that is the answer to the question for it; a request, a greeting or a place is none.

    Not certain where it is a common word too: then it has to be asked about.
    """
    words = [word for word in words if word.plain != "-"]
    if own := _calls_itself_main(words):
        return own
    if introduced := find_introduced(words):
        return _unless_asked(introduced[0], words)
    found = _read_bare(words)
    return found and _unless_asked(found, words)


def _unless_asked(found: Fact[str], words: Sequence[Word]) -> Fact[str]:
    """Return a name as likely only where a question mark stands behind it, or more of it is told: "surname Kumar"."""
    said = found.evidence.split()
    asked = any(word.asks and word.plain in said for word in words)
    asked = asked or phrase_set("surname_words").anywhere(plain_of(words))
    return replace(found, confidence=Confidence.LIKELY) if asked else found


def _read_bare(words: Sequence[Word]) -> Fact[str] | None:
    """Return the name in an answer that introduces none."""
    if is_relation(plain_of(words)):
        return None
    words = _bare(words)
    if known := _known_among_talk(words):
        return known
    return None if _says_else(words) else _bare_name(words)


def _says_else(words: Sequence[Word]) -> bool:
    """Return whether the words are no name: an intent, a place, a trade, what is said around names, or too many."""
    plain = plain_of(words)
    if not plain or len(plain) > _MOST_WORDS or is_something_else(plain):
        return True
    if any(
        not any(map(str.isalpha, word.plain))
        or (around_names().at([word.plain], 0) and not is_initial(word))
        for at, word in enumerate(words)
        if not _is_called_here(plain, at)
    ):
        return True
    return phrase_set("i_am").anywhere(plain) or any(
        find_named(word) and not _is_called_here(plain, at) for at, word in enumerate(plain)
    )


def _is_called_here(plain: Sequence[str], at: int) -> bool:
    """Return whether the word is a name where it stands: "Das" and "More" only behind another."""
    word = plain[at]
    if at and at == len(plain) - 1 and is_second_name(word):
        return True
    return is_called_so(word) and not around_names().at([word], 0)


def _bare_name(words: Sequence[Word]) -> Fact[str] | None:
    """Return the name that the words are; not certain where they may be anything else."""
    plain = plain_of(words)
    called = sum(
        _is_called_here(plain, at) or is_initial(word) or is_title(word.plain)
        for at, word in enumerate(words)
    )
    odd = sum(sounds_common(word) and not is_called_so(word) for word in plain)
    if len(plain) > 2 and odd >= len(plain) - called and not called:
        return None
    found = name_fact(words, 0, len(words))
    first = next((word for word in plain if not is_title(word)), plain[0])
    known = called >= len(plain) - 1 and (is_called_so(first) or called == len(plain))
    known = known and any(map(is_called_so, plain))
    if found is None:
        return None
    if (home := _home_behind(words)) is not None:
        return home
    # A word that no list knows is a surname at the end, and anything before: "Ravi surname Kumar".
    known = known and all(
        is_called_so(word.plain) or is_initial(word) or is_title(word.plain) for word in words[:-1]
    )
    # "Ravi, Sunil, Meena" are three people.
    known = known and not any(word.ends for word in words[:-1])
    if known and not (_may_mean_else(words) or _has_other_word(plain) or may_be_other(plain)):
        return found
    # A word that nobody is known by may be a greeting in another language: "vanakkam".
    return replace(found, confidence=Confidence.LIKELY)


def _known_among_talk(words: Sequence[Word]) -> Fact[str] | None:
    """Return a name that people have, said with a word of kin, as what one is called, or before other talk.

    "Kamla bai", "sab Golu bolte hai", "Raju likho", "Anil, but I need work today".
    """
    plain = plain_of(words)
    kin = word_set("phrases", "kin_behind")
    if len(words) == _WITH_KIN and plain[1] in kin and is_called_so(plain[0]):
        return _fact_if_known(words, plain)
    begins = phrase_set("writes_name").at(plain, 0) if plain else None
    start = len(begins.words) if begins else 0
    end = next(
        (at for at in range(start + 1, len(words)) if phrase_set("calls_so").at(plain, at)),
        len(words),
    )
    behind = plain[end:]
    if (begins or behind) and end > start and phrase_set("calls_so", "polite").covers(behind):
        return _fact_if_known(words[start:end], plain[start:end])
    comma = next((at for at, word in enumerate(words, 1) if word.ends), len(words))
    rest = plain[comma:]
    if not rest or any(map(is_called_so, rest)) or phrase_set("negation").anywhere(rest):
        return None
    talk = any(is_common(word) for word in rest) and len(rest) >= _LEAST_TALK
    return _fact_if_known(words[:comma], plain[:comma]) if talk else None


def _fact_if_known(words: Sequence[Word], plain: Sequence[str]) -> Fact[str] | None:
    """Return the name that these words are where people are called so, and nothing else is."""
    kin = word_set("phrases", "kin_behind")
    if (
        not 1 <= len(words) <= _MOST_WORDS
        or _may_mean_else(words)
        or phrase_set("i_am").anywhere(plain)
    ):
        return None
    if not all(is_called_so(word) or (at and word in kin) for at, word in enumerate(plain)):
        return None
    name = " ".join(word.written for word in words)
    return Fact(name, Confidence.CERTAIN, " ".join(plain)) if is_person_name(name) else None


_WITH_KIN: Final = 2
"""A name and the word behind it."""
_LEAST_TALK: Final = 3
"""So many words behind a name and a comma are a sentence, and no place or trade."""


def _has_other_word(plain: Sequence[str]) -> bool:
    """Return whether a word beside a name is one of the chat's vocabulary: "Ashok naam", "Mithun da"."""
    strange = [
        word
        for at, word in enumerate(plain)
        if len(word) > 1 and not _is_called_here(plain, at) and not is_title(word)
    ]
    return len(plain) > 1 and any(word in own_words() or is_common(word) for word in strange)


def _home_behind(words: Sequence[Word]) -> Fact[str] | None:
    """Return the name before a place, which many say with it: "Ashok Andheri"; asked about, as it may be one name."""
    *name, last = words
    if not name or is_called_so(last.plain) or not all(is_called_so(word.plain) for word in name):
        return None
    if not is_home(last.plain):
        return None
    said = " ".join(word.written for word in name)
    return Fact(said, Confidence.LIKELY, said.lower()) if is_person_name(said) else None


def _may_mean_else(words: Sequence[Word]) -> bool:
    """Return whether a bare name is a word of the chat's own vocabulary too: "subah", "rupay", "Sara".

    Such a name is asked about, unless it is introduced, or stands with another as names are written: "Sara Khan".
    Weekdays are left out, because many are called Ravi and nobody answers "Sunday".
    """
    if len(words) > 1 and all(word.written.istitle() for word in words):
        return False
    return all(word.plain in own_words() for word in words)


def _calls_itself_main(words: Sequence[Word]) -> Fact[str] | None:
    """Return a name that begins like "I": "Mai Devi", or "Main" alone; asked about, because most mean "I"."""
    if (
        not 1 <= len(words) <= 2
        or not words[0].written.istitle()
        or not words[-1].written.istitle()
    ):
        return None
    if words[0].plain not in phrases("phrases", "i_am") or not words[0].plain.isalpha():
        return None
    if len(words) == 2 and not is_called_so(words[1].plain):
        return None
    name = " ".join(word.written for word in words)
    return Fact(name, Confidence.LIKELY, name.lower()) if is_person_name(name) else None


def _bare(words: Sequence[Word]) -> Sequence[Word]:
    """Return the words without what is said around a name: "ok", "hello", "sir", "… bol raha hoon"."""
    words = list(words)
    while len(words) > 1 and (begins := _courtesies().at(plain_of(words), 0)):
        if len(begins.words) >= len(words):
            break
        words = words[len(begins.words) :]
    for at in range(1, len(words)):
        plain = plain_of(words[at:])
        if not is_called_so(plain[0]) and _said_behind().covers(plain):
            return words[:at]
    return words


@cache
def _courtesies() -> Lexicon[bool]:
    known = [*phrases("phrases", "polite"), *phrases("intents", "greeting", "yes")]
    return Lexicon((phrase, True) for phrase in known)


@cache
def _said_behind() -> Lexicon[bool]:
    return Lexicon((phrase, True) for phrase in phrases("phrases", "polite", "after_name"))


def find_name(text: str) -> str:
    """Return the name in "my name is …", "mera naam … hai", or the text where it is nothing but a name.

    As it is written, on one line; "" where there is none, and for a text too long to introduce anybody.
    """
    if len(text) > _INTRODUCTION_CHARACTERS:
        return ""
    found = read_name_answer(words_of(text))
    return found.value if found else ""


def find_corrected_name(text: str, known: str) -> str | None:
    """Return the name that corrects a known one: "sorry Anil Kumar", "my name is Anil Kumar"."""
    words = words_of(text)
    plain = plain_of(words)
    begins = phrase_set("correction", section="calendar").at(plain, 0) if plain else None
    if begins:
        left = words[len(begins.words) :]
        found = read_name_answer(left)
        same = found is not None and split_words(found.value)[:1] == split_words(known)[:1]
        return found.value if found and (same or find_introduced(left)) else None
    if introductions().anywhere(plain) and (introduced := find_introduced(words)):
        return introduced[0].value
    return None
