"""What the chat takes for a person's name. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Final

from app.catalogue import places
from app.catalogue.skills import find_named
from app.core.person_names import is_spelled_as_name
from app.masking.mask import mask
from app.nlu.common_words import (
    is_called_so,
    is_common,
    own_words,
    said_around,
    sounds_common,
)
from app.nlu.fact import Confidence, Fact
from app.nlu.intents import Intent, intents
from app.nlu.lexicon import Lexicon
from app.nlu.message_words import Word, plain_of, words_of
from app.nlu.normalize import split_words
from app.nlu.time_tokens import DAYS, FROM_TODAY, PARTS
from app.nlu.vocabulary import named_phrases, phrase_set, phrases, word_set

_LONGEST_INITIAL: Final = 3
_INTRODUCTION_CHARACTERS: Final = 200
"""A longer text introduces nobody."""
_MOST_WORDS: Final = 4
"""Words in a name; of a longer text only what is introduced as a name is one."""
_KNOWN_TO_ALL_PEOPLE: Final = places.KNOWN_TO_ALL_PEOPLE

type NameFact = tuple[Fact[str], range]
"""A name, and which of the words said it."""


def is_person_name(name: str) -> bool:
    """Return whether this can only be a person's name: "S. K. Rao", "O'Brien", "अंज़ूर्‍या"; no phone in words, no link."""
    if not is_spelled_as_name(name) or any(map(_is_handle, name.split())):
        return False
    return mask(name) == name


def _is_handle(word: str) -> bool:
    """Return whether a dot joins more than initials and titles: "Insta.asha", but not "S.K.Rao" or "Md.Arif"."""
    *before, last = word.split(".")
    return bool(last) and any(sum(map(str.isalpha, part)) > _LONGEST_INITIAL for part in before)


# ── A name within a message ──────────────────────────────────────────────────────────────────────


def find_introduced(words: Sequence[Word]) -> NameFact | None:
    """Return the name that a message introduces: "my name is …", "मेरा नाम … है", "main … hoon", "… naam hai"."""
    plain = plain_of(words)
    if found := _before_is_name(words, plain):
        return found
    if phrase_set("asking").anywhere(plain):
        return None  # "Is a name needed?" names nobody.
    return _after_introduction(words, plain) or _i_am(words, plain)


def _after_introduction(words: Sequence[Word], plain: Sequence[str]) -> NameFact | None:
    for at in range(len(words) - 1):
        begins = _introductions().at(plain, at)
        if begins is None:
            continue
        start = at + len(begins.words)
        if start < len(words) and plain[start] in _is():
            start += 1
        end = _name_end(words, plain, start)
        if end > start and (found := _fact(words, start, end)):
            return found, range(at, end)
    return None


def _before_is_name(words: Sequence[Word], plain: Sequence[str]) -> NameFact | None:
    for at in range(1, len(words)):
        if (ends := phrase_set("called_after").at(plain, at)) is None:
            continue
        start = at
        while start and not words[start - 1].ends and _is_of_name(plain[start - 1]):
            start -= 1
        start = max(start, at - _MOST_WORDS)
        if start < at and (found := _fact(words, start, at)):
            return found, range(start, at + len(ends.words))
    return None


def _i_am(words: Sequence[Word], plain: Sequence[str]) -> NameFact | None:
    """Return the name in "I am Ravi", "main Sunita hoon": only one that people have, or nothing else fits."""
    for at in range(len(words) - 1):
        if (begins := phrase_set("i_am").at(plain, at)) is None:
            continue
        start = at + len(begins.words)
        end = _name_end(words, plain, start)
        if end == start or _is_something_else(plain[start:end]):
            continue
        known = any(is_called_so(word) for word in plain[start:end])
        alone = start == 1 or at == 0
        closed = end == len(words) or words[end - 1].ends or phrase_set("after_name").at(plain, end)
        if not known and not (alone and closed):
            continue
        if found := _fact(words, start, end):
            return found, range(at, end)
    return None


def _name_end(words: Sequence[Word], plain: Sequence[str], start: int) -> int:
    """Return where the name ends that begins here: at a sign, a "hai", an "and", or a word that is no name."""
    end = start
    while end < len(words) and end - start < _MOST_WORDS and _is_of_name(plain[end]):
        if end > start and find_named(plain[end]):
            break
        end += 1
        if words[end - 1].ends:
            break
    return end


def _is_of_name(word: str) -> bool:
    if not any(map(str.isalpha, word)) or word in _is() or _around_names().at([word], 0):
        return False
    return is_called_so(word) or not (is_common(word) or word in _of_hours())


@cache
def _of_hours() -> frozenset[str]:
    """Return the days and the parts of the day: no name goes on with them ("Raj mon to fri")."""
    return word_set("calendar", *DAYS, *PARTS, *FROM_TODAY)


@cache
def _around_names() -> Lexicon[bool]:
    lists = ("around_place", "around_skill", "after_name", "i_am", "negation", "asking", "wants")
    known = [*phrases("phrases", *lists), *phrases("calendar", "and", "today", "tomorrow")]
    known += [phrase for _, phrase in named_phrases("numbers")]
    known += [phrase for _, phrase in named_phrases("units")]
    return Lexicon((phrase, True) for phrase in known if " " not in phrase)


@cache
def _introductions() -> Lexicon[bool]:
    """Return what surely introduces a name: "my name is", but not "I am"."""
    unsure = set(phrases("phrases", "i_am"))
    known = [phrase for phrase in phrases("phrases", "before_name") if phrase not in unsure]
    return Lexicon((phrase, True) for phrase in [*known, *phrases("phrases", "is_called")])


@cache
def _is() -> frozenset[str]:
    return frozenset(phrases("phrases", "after_name")) | {"is"}


# ── A name as the whole answer ───────────────────────────────────────────────────────────────────


def read_name_answer(words: Sequence[Word]) -> Fact[str] | None:
    """Return the name that is the answer to the question for it; a request, a greeting or a place is none.

    Not certain where it is a common word too: then it has to be asked about.
    """
    if own := _calls_itself_main(words):
        return own
    if introduced := find_introduced(words):
        return introduced[0]
    words = _bare([word for word in words if word.plain != "-"])
    if known := _known_among_talk(words):
        return known
    return None if _says_else(words) else _bare_name(words)


def _says_else(words: Sequence[Word]) -> bool:
    """Return whether the words are no name: an intent, a place, a trade, what is said around names, or too many."""
    plain = plain_of(words)
    if not plain or len(plain) > _MOST_WORDS or _is_something_else(plain):
        return True
    if any(
        not any(map(str.isalpha, word.plain))
        or (_around_names().at([word.plain], 0) and not _is_initial(word))
        for word in words
    ):
        return True
    return phrase_set("i_am").anywhere(plain) or any(
        find_named(word) and not is_called_so(word) for word in plain
    )


def _bare_name(words: Sequence[Word]) -> Fact[str] | None:
    """Return the name that the words are; not certain where they may be anything else."""
    plain = plain_of(words)
    called = sum(is_called_so(word) for word in plain)
    odd = sum(sounds_common(word) and not is_called_so(word) for word in plain)
    if len(plain) > 2 and odd >= len(plain) - called and not called:
        return None
    found = _fact(words, 0, len(words))
    known = called >= len(plain) - 1 and (is_called_so(plain[0]) or called == len(plain))
    if found is None:
        return None
    if (home := _home_behind(words)) is not None:
        return home
    if known and not _may_mean_else(words) and not _has_other_word(plain):
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
    strange = [word for word in plain if not is_called_so(word) and len(word) > 1]
    return len(plain) > 1 and any(word in own_words() for word in strange)


def _home_behind(words: Sequence[Word]) -> Fact[str] | None:
    """Return the name before a place, which many say with it: "Ashok Andheri"; asked about, as it may be one name."""
    *name, last = words
    if not name or is_called_so(last.plain) or not all(is_called_so(word.plain) for word in name):
        return None
    if not any(place.sure for place in places.find_spelled(last.plain)):
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


def _is_initial(word: Word) -> bool:
    """Return whether this is an initial: "A." in "A. K. Sharma", "R" in "Lakshmi R"."""
    return len(word.plain) == 1 and word.plain.isalpha() and word.written[:1].isupper()


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


def _is_something_else(plain: Sequence[str]) -> bool:
    """Return whether the words are an intent, a skill, a city or a known quarter, and nobody's name."""
    whole = " ".join(plain)
    if intents(whole) or find_named(whole):
        return True
    if all(map(is_called_so, plain)):
        return False
    place = places.city_named(whole)
    if place is None or (len(plain) > 1 and any(map(is_called_so, plain))):
        return False
    return place.kind != "city" or place.people >= _KNOWN_TO_ALL_PEOPLE


def _fact(words: Sequence[Word], start: int, end: int) -> Fact[str] | None:
    """Return the name that these words are; likely only where one of them is a common word."""
    part = words[start:end]
    written = [
        word.written
        for number, word in enumerate(part)
        if not number or word.origin != part[number - 1].origin
    ]
    if written and written[-1].count(".") == 1 and len(written[-1]) > _LONGEST_INITIAL:
        written[-1] = written[-1].removesuffix(".")
    name = " ".join(written)
    plain = plain_of(part)
    if not name or not is_person_name(name):
        return None
    around = said_around()
    long = [word for word in plain if len(word) > _LONGEST_INITIAL or word in around] or plain
    common = [word for word in long if is_common(word) and not is_called_so(word)]
    if len(common) > 1 or any(Intent.STOP in intents(word) for word in plain):
        return None
    if any(
        word.plain in around and not is_called_so(word.plain) and not _is_initial(word)
        for word in part
    ):
        return None
    # "galat" is no name, though no list of names or of words in these letters has it.
    odd = any(sounds_common(word) and not is_called_so(word) for word in long)
    sure = not odd and (not common or any(map(is_called_so, long)))
    return Fact(name, Confidence.CERTAIN if sure else Confidence.LIKELY, " ".join(plain))


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
    if _introductions().anywhere(plain) and (introduced := find_introduced(words)):
        return introduced[0].value
    return None
