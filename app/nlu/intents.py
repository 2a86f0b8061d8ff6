"""What a person means by what they wrote: intents, yes and no. Pure.

The words are in the catalogues (`[understood]`, `[answers]`); those of every language count at any
time, because people mix them.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from functools import cache, lru_cache
from typing import Final

from app.texts.catalogue import Catalogue, catalogue, languages

_DIGITS: Final = {ord(c): str(unicodedata.digit(c)) for c in "०१२३४५६७८९"}
_SPELLINGS: Final = str.maketrans(
    {"\u093c": None, "\u0901": "\u0902", "’": "'", "–": "-", "—": "-"}
)
"""Nukta and chandrabindu are left out or put in at will: हाँ and हां, रोज़ and रोज are one word."""
_AROUND: Final = " \t\r\n.,!।?;:\"'()*_~-"
_WORD: Final = re.compile(r"\d+(?:\.\d+)?|[^\s\d.,;:!?()\"/।+*~_-]+|[+-]")
_TEXTS: Final = 16
"""Many readers ask the same of a message and its parts; what is kept for them is soon another's."""
_DEVANAGARI: Final = re.compile(r"[\u0900-\u097f]")
_SKIN_TONES: Final = frozenset("🏻🏼🏽🏾🏿")
READ_CHARACTERS: Final = 1_000
"""Of a message so many characters are read: nobody answers a question, or posts a job, at greater length,
and the platform lets four times as many through."""
COMMAND_CHARACTERS: Final = 80
"""Nobody says a command, or a plain yes, at greater length."""


class Intent(StrEnum):
    """What a message may ask for at any time; each value names its list of words."""

    STOP = "stop"
    START = "start"
    GREETING = "greeting"
    HELP = "help"
    MENU = "menu"
    BACK = "back"
    PROFILE = "profile"
    OFFERS = "offers"
    AREA = "area"
    LANGUAGE = "language"
    LANGUAGE_NAME = "language_name"
    SEND_DATA = "send_data"
    DELETE_DATA = "delete_data"
    WHO_KNOWS = "who_knows"
    HUMAN = "human"
    BOT = "bot"
    CODE = "code"
    YES = "yes"
    NO = "no"
    COURTESY = "courtesy"
    SKIP = "skip"
    DONE = "done"
    NEW = "new"
    WITHDRAW = "withdraw"
    MORE = "more"
    POST = "post"
    CONTACTS = "contacts"
    CHANGE = "change"
    CANCEL = "cancel"
    AS_EMPLOYER = "as_employer"
    AS_WORKER = "as_worker"
    MINE = "mine"
    NOT_MINE = "not_mine"
    BLOCK = "block"
    REPORT = "report"


def in_devanagari(text: str) -> bool:
    """Whether any of a text is written in the script of Hindi."""
    return _DEVANAGARI.search(text) is not None


@lru_cache(maxsize=_TEXTS)
def folded(text: str) -> str:
    """Return a text as it is compared: lower case, one spelling, ASCII digits, single spaces."""
    if text.isascii():
        return " ".join(text.lower().split())
    plain = unicodedata.normalize("NFD", text.casefold()).translate(_SPELLINGS)
    plain = unicodedata.normalize("NFC", plain).translate(_DIGITS)
    kept = (
        c
        for c in plain
        if unicodedata.category(c) != "Cf" and c != "\ufe0f" and c not in _SKIN_TONES
    )
    return " ".join("".join(kept).split())


def words_of(text: str) -> list[str]:
    """Return the words and numbers of a text, folded, without what stands between them."""
    return list(_words_of(text))


@lru_cache(maxsize=_TEXTS)
def _words_of(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(folded(text)))


class Lexicon[Meaning]:
    """Phrases of one or several words, and what each means; the longest that fits is taken."""

    def __init__(self, phrases: Iterable[tuple[str, Meaning]]) -> None:
        self._meanings: dict[tuple[str, ...], Meaning] = {}
        self._longest: dict[str, int] = {}
        for phrase, meaning in phrases:
            words = tuple(words_of(phrase)) or (folded(phrase),)
            self._meanings.setdefault(words, meaning)
            self._longest[words[0]] = max(self._longest.get(words[0], 0), len(words))

    def at(self, words: Sequence[str], position: int) -> tuple[Meaning, int] | None:
        """Return what begins at that word and how many words it has, or None."""
        for length in range(self._longest.get(words[position], 0), 0, -1):
            part = tuple(words[position : position + length])
            if part in self._meanings:
                return self._meanings[part], len(part)
        return None

    def anywhere(self, words: Sequence[str]) -> bool:
        """Whether any of these phrases stands among the words."""
        return any(self.at(words, position) for position in range(len(words)))

    def without(self, words: Sequence[str], *, ends_only: bool = False) -> list[str]:
        """Return the words left when these phrases are taken out, everywhere or at the ends."""
        kept: list[str] = []
        trailing = 0
        position = 0
        while position < len(words):
            found = self.at(words, position)
            if found is None:
                trailing = 0
                kept.append(words[position])
                position += 1
                continue
            if ends_only and kept:
                kept += words[position : position + found[1]]
                trailing += found[1]
            position += found[1]
        return kept[: len(kept) - trailing] if trailing else kept


def every(section: str, *names: str) -> list[str]:
    """Return the words of all languages in these lists of a section."""
    found: list[str] = []
    for language in languages():
        lists: Mapping[str, Sequence[str]] = getattr(catalogue(language), section)
        for name in names:
            found += lists[name]
    return found


@cache
def around(*names: str) -> Lexicon[None]:
    """Return the words that may stand around an answer, by the names of their lists."""
    return Lexicon((word, None) for word in every("answers", *names))


@cache
def _known() -> Mapping[str, frozenset[Intent]]:
    found: dict[str, set[Intent]] = {}
    for language in languages():
        for name, words in _understood(catalogue(language)):
            for word in words:
                found.setdefault(_bare(folded(word)), set()).add(Intent(name))
    return {word: frozenset(meant) for word, meant in found.items()}


def _understood(texts: Catalogue) -> Iterable[tuple[str, Sequence[str]]]:
    return texts.understood.items()


@cache
def _yes_and_no(*agreed: str) -> Lexicon[Intent | None]:
    phrases: list[tuple[str, Intent | None]] = []
    for intent in (Intent.YES, Intent.NO):
        phrases += [(word, intent) for word in every("understood", intent.value)]
    phrases += [(word, Intent.YES) for word in every("answers", *agreed)]
    phrases += [(word, None) for word in every("answers", "filler")]
    return Lexicon(phrases)


def _bare(text: str) -> str:
    return text.strip(_AROUND) or text.strip()


_ASKED_HOW: Final = frozenset(
    {
        Intent.DELETE_DATA,
        Intent.SEND_DATA,
        Intent.PROFILE,
        Intent.OFFERS,
        Intent.LANGUAGE,
        Intent.WHO_KNOWS,
        Intent.HUMAN,
    }
)
"""Of these, who asks how to do it is shown it, or asked whether it is to be done."""
_NAMING_SOMEBODY: Final = frozenset({Intent.BLOCK, Intent.REPORT})


@lru_cache(maxsize=_TEXTS)
def intents(text: str) -> frozenset[Intent]:
    """Return everything a text may be taken for when it is one of the known words and nothing else.

    Politeness around it changes nothing: "menu please", "haan ji bhaiya", "mera data delete kar do"; nor,
    where nothing is done at once, that somebody asks how: "how do I delete my data".
    STOP is no other, for opting out must be heard; but "don't stop" and "bus stop" say something else.
    """
    known = _known()
    plain = folded(text)
    found = known.get(_bare(plain))
    if found is not None:
        return found
    if len(plain) > COMMAND_CHARACTERS:
        return frozenset()
    words = _WORD.findall(plain)
    if not words or not any(character.isalnum() for character in plain):
        # Hearts and flowers are meant kindly.
        return frozenset({Intent.COURTESY}) if words else frozenset()
    bare = around("polite").without(words, ends_only=True)
    if not bare:
        return frozenset({Intent.COURTESY})
    if found := known.get(" ".join(bare)):
        return found
    # A folded hand or a stop sign beside it makes STOP no less one.
    spoken = [word for word in words if any(map(str.isalnum, word))]
    spoken = around("polite").without(spoken, ends_only=True)
    if Intent.STOP in known.get(" ".join(spoken), ()):
        return frozenset({Intent.STOP})
    how = around("polite", "how_to").without(words, ends_only=True)
    if asked := known.get(" ".join(how), frozenset()) & _ASKED_HOW:
        return asked
    if Intent.STOP in known.get(bare[0], frozenset()) and not around("stop_what").without(bare[1:]):
        # "Stop calling me", but not "stop asking".
        return frozenset({Intent.STOP})
    # "Block Cafe Leopold": whom it is about is asked, and what keeps people safe is no remark.
    if told := known.get(bare[0], frozenset()) & _NAMING_SOMEBODY:
        return told
    said = yes_or_no(words)
    return frozenset() if said is None else frozenset({said})


def language_named(text: str) -> str | None:
    """Return the language somebody asks for: "english please", "हिंदी में", "speak hindi"."""
    plain = folded(text)
    if len(plain) > COMMAND_CHARACTERS:
        return None
    bare = " ".join(around("polite").without(_WORD.findall(plain), ends_only=True))
    names = _language_names()
    return names.get(_bare(plain)) or names.get(bare)


@cache
def _language_names() -> Mapping[str, str]:
    return {
        _bare(folded(word)): language
        for language in languages()
        for word in (
            catalogue(language).name,
            *catalogue(language).understood[Intent.LANGUAGE_NAME],
        )
    }


def yes_or_no(words: Sequence[str], *agreed: str) -> Intent | None:
    """Return YES or NO where the words say it and nothing else; None for both, or for more.

    `agreed` are lists of words that say yes to this one question: "post it".
    """
    lexicon = _yes_and_no(*agreed)
    said: set[Intent] = set()
    position = 0
    while position < len(words):
        found = lexicon.at(words, position)
        if found is None:
            return None
        meaning, length = found
        if meaning is not None:
            said.add(meaning)
        position += length
    return said.pop() if len(said) == 1 else None
