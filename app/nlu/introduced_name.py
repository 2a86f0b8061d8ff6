"""The name that a message introduces: "my name is Ravi", "main Sunita hoon", "Ravi is my name". Pure."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Final

from app.catalogue.skills import find_named
from app.nlu.common_words import is_called_so, own_words
from app.nlu.fact import Confidence, Fact
from app.nlu.lexicon import Lexicon
from app.nlu.message_words import Word, plain_of
from app.nlu.name_context import is_of_another, is_refused, is_second_name
from app.nlu.name_words import (
    ends_a_name,
    is_home,
    is_initial,
    is_of_name,
    is_something_else,
    name_fact,
)
from app.nlu.vocabulary import phrase_set, phrases, word_set

_MOST_INTRODUCED: Final = 6
"""Words in a name that is introduced: "Venkata Sai Lakshmi Narayana Rao"."""
_MOST_WORDS: Final = 4
"""Words in a name before "is my name"."""

type NameFact = tuple[Fact[str], range]
"""A name, and which of the words said it."""


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
        begins = introductions().at(plain, at)
        if begins is None:
            continue
        start = at + len(begins.words)
        if start < len(words) and plain[start] in ends_a_name():
            start += 1
        end = _name_end(words, plain, start)
        if end == start or is_of_another(words, at, end) or is_refused(words, at, end):
            continue
        if found := name_fact(words, start, end):
            # "mera naam pata hai tumhe": what is a word of the chat, and nobody's name, is asked about.
            known = any(map(is_called_so, plain[start:end]))
            odd = not known and any(word in own_words() for word in plain[start:end])
            odd = odd or _breaks_off(words, plain, end) or _has_strange(words, plain, start, end)
            sure = Confidence.LIKELY if odd else found.confidence
            return replace(found, confidence=sure), range(at, end)
    return None


@cache
def _greetings() -> Lexicon[bool]:
    known = [*phrases("intents", "greeting"), *phrases("phrases", "polite")]
    return Lexicon((phrase, True) for phrase in known)


def _before_is_name(words: Sequence[Word], plain: Sequence[str]) -> NameFact | None:
    for at in range(1, len(words)):
        if (ends := phrase_set("called_after").at(plain, at)) is None:
            continue
        start = at
        while start and not words[start - 1].ends and is_of_name(plain[start - 1]):
            start -= 1
        start = max(start, at - _MOST_WORDS)
        while start < at and (greeting := _greetings().at(plain, start)) is not None:
            start += len(greeting.words)  # "namaste mera naam Sunil Kale hai"
        if is_of_another(words, start, at + len(ends.words)):
            continue  # "Rekha is the name of my mother"
        if start < at and (found := name_fact(words, start, at)):
            return found, range(start, at + len(ends.words))
    return None


def _i_am(words: Sequence[Word], plain: Sequence[str]) -> NameFact | None:
    """Return the name in "I am Ravi", "main Sunita hoon": only one that people have, or nothing else fits."""
    for at in range(len(words) - 1):
        if (begins := phrase_set("i_am").at(plain, at)) is None:
            continue
        start = at + len(begins.words)
        end = _name_end(words, plain, start)
        if end == start or is_something_else(plain[start:end]):
            continue
        if is_of_another(words, at, end) or is_refused(words, at, end):
            continue
        if _relative_behind(words, plain, end):
            continue  # "its Amit brother"
        known = any(is_called_so(word) for word in plain[start:end])
        alone = start == 1 or at == 0 or words[at - 1].ends
        closed = end == len(words) or words[end - 1].ends or phrase_set("after_name").at(plain, end)
        if not known and not (alone and closed):
            continue
        if found := name_fact(words, start, end):
            if _points_at(plain, at) and not (closed or _may_go_on(words, plain, end)):
                # "its Ravi phone" tells whose something is.
                found = replace(found, confidence=Confidence.LIKELY)
            return found, range(at, end)
    return None


def _relative_behind(words: Sequence[Word], plain: Sequence[str], end: int) -> bool:
    """Return whether a relative stands right behind a name, who is somebody else: "Amit brother", not "Amit bhai"."""
    if end == len(words) or words[end - 1].ends:
        return False
    return plain[end] in word_set("phrases", "relatives") - word_set(
        "phrases", "polite", "kin_behind"
    )


def _points_at(plain: Sequence[str], at: int) -> bool:
    """Return whether a name is introduced by words that show a thing as well: "this is", "its"."""
    return phrase_set("points_at").at(plain, at) is not None


def _may_go_on(words: Sequence[Word], plain: Sequence[str], end: int) -> bool:
    """Return whether what follows a name goes on about who has it: "from Andheri", "24", "and I cook"."""
    return _can_end(words, plain, end) or bool(phrase_set("behind_name").at(plain, end))


def _name_end(words: Sequence[Word], plain: Sequence[str], start: int) -> int:
    """Return where the name ends that begins here: at a sign, a "hai", an "and", or a word that is no name."""
    end = start
    while end < len(words) and _goes_on(words, plain, start, end):
        if end - start == _MOST_INTRODUCED:
            return start  # half of a name is another name
        end += 1
        if words[end - 1].ends:
            break
    return end


def _goes_on(words: Sequence[Word], plain: Sequence[str], start: int, at: int) -> bool:
    """Return whether the name that begins at `start` holds the word at `at` too."""
    word = plain[at]
    if at == start:
        return is_of_name(word)
    if is_initial(words[at]):
        return True
    if is_second_name(word) and _can_end(words, plain, at + 1):
        return True  # "Bikash Das", though "das" is ten
    if phrase_set("after_name").at(plain, at):
        return False
    if find_named(word) or is_home(word) or (word in own_words() and not is_called_so(word)):
        return False
    if is_of_name(word):
        return True
    # "Ravi Sunlight", written as names are, is asked about whole.
    as_names = words[at - 1].written.istitle() and words[at].written.istitle()
    known = word in own_words() or not word.isalpha()
    return as_names and not known and _can_end(words, plain, at + 1)


def _has_strange(words: Sequence[Word], plain: Sequence[str], start: int, end: int) -> bool:
    """Return whether an unknown word that isn't written as a name follows a known one: "naam Ravi likhwana hai"."""
    return is_called_so(plain[start]) and any(
        not words[at].written[:1].isupper()
        and not is_called_so(plain[at])
        and not is_second_name(plain[at])
        and plain[at] not in word_set("phrases", "kin_behind")
        for at in range(start + 1, end)
    )


def _breaks_off(words: Sequence[Word], plain: Sequence[str], end: int) -> bool:
    """Return whether a word of unclear use follows a name at once, which may be of it: a place with nothing behind."""
    if end == len(words) or words[end - 1].ends or not is_home(plain[end]):
        return False
    behind = plain[end + 1 : end + 2]
    return not behind or not phrase_set("around_place").at(behind, 0)


def _can_end(words: Sequence[Word], plain: Sequence[str], end: int) -> bool:
    """Return whether a name can end before this word: at a sign, a number or a "hai"."""
    if end == len(words) or words[end - 1].ends:
        return True
    ahead = plain[end]
    closing = word_set("calendar", "and") | ends_a_name()
    return ahead in closing or ahead.isdecimal() or bool(phrase_set("after_name").at(plain, end))


@cache
def introductions() -> Lexicon[bool]:
    """Return what surely introduces a name: "my name is", but not "I am"."""
    unsure = set(phrases("phrases", "i_am"))
    known = [phrase for phrase in phrases("phrases", "before_name") if phrase not in unsure]
    return Lexicon((phrase, True) for phrase in [*known, *phrases("phrases", "is_called")])
