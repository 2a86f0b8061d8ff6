"""What a message means as a whole: an intent, a yes or a no, a language. Pure."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache, lru_cache
from typing import Final

from app.core.languages import languages
from app.nlu.lexicon import Lexicon
from app.nlu.normalize import KEPT_TEXTS, normalize, split_words
from app.nlu.vocabulary import named_phrases, phrase_set, phrases, vocabulary
from app.texts.catalogue import get_catalogue

_PUNCTUATION: Final = " \t\r\n.,!।?;:\"'()*_~-"
_FILLER: Final = "filler"
_LANGUAGE_WORDS: Final = 6
"""A longer answer may speak of a language and choose none."""
INTENT_CHARACTERS: Final = 80
"""A longer message is no intent, and no plain yes."""


class Intent(StrEnum):
    """What a message may ask for at any time; each value names its list in the vocabularies."""

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
    RELIABILITY = "reliability"
    APPEAL = "appeal"
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
    BALANCE = "balance"
    CHANGE = "change"
    CANCEL = "cancel"
    AS_EMPLOYER = "as_employer"
    AS_WORKER = "as_worker"
    MINE = "mine"
    NOT_MINE = "not_mine"
    BLOCK = "block"
    REPORT = "report"


@cache
def _known() -> Mapping[str, frozenset[Intent]]:
    found: dict[str, set[Intent]] = {}
    for name, phrase in named_phrases("intents"):
        found.setdefault(_bare(normalize(phrase)), set()).add(Intent(name))
    return {phrase: frozenset(meant) for phrase, meant in found.items()}


def _bare(text: str) -> str:
    return text.strip(_PUNCTUATION) or text.strip()


_MAY_BE_ASKED_ABOUT: Final = frozenset(
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
"""A question how to do one of these counts as the intent: the answer shows it or asks for a Yes."""
_NAMING_SOMEBODY: Final = frozenset({Intent.BLOCK, Intent.REPORT})


@lru_cache(maxsize=KEPT_TEXTS)
def intents(text: str) -> frozenset[Intent]:
    """Return the intents of a text that says one of the known phrases and nothing else.

    Polite words around the phrase don't matter: "menu please", "mera data delete kar do". For intents
    that do nothing at once, neither does a question: "how do I delete my data". STOP wins over every
    other intent, but "don't stop" and "bus stop" are no STOP.
    """
    known = _known()
    plain = normalize(text)
    found = known.get(_bare(plain))
    if found is not None:
        return found
    if len(plain) > INTENT_CHARACTERS:
        return frozenset()
    words = split_words(text)
    if not words or not any(character.isalnum() for character in plain):
        # Hearts and flowers are meant kindly.
        return frozenset({Intent.COURTESY}) if words else frozenset()
    polite = phrase_set("polite")
    bare = polite.without(words, ends_only=True)
    if not bare:
        return frozenset({Intent.COURTESY})
    if found := known.get(" ".join(bare)):
        return found
    # STOP counts with a folded hand or a stop sign beside it, too.
    spelled = [word for word in words if any(map(str.isalnum, word))]
    if len(spelled) < len(words):
        spelled = polite.without(spelled, ends_only=True)
        if Intent.STOP in known.get(" ".join(spelled), ()):
            return frozenset({Intent.STOP})
    how = phrase_set("polite", "how_to").without(words, ends_only=True)
    if asked := known.get(" ".join(how), frozenset()) & _MAY_BE_ASKED_ABOUT:
        return asked
    first = known.get(bare[0], frozenset())
    if Intent.STOP in first and not phrase_set("stop_what").without(bare[1:]):
        # "Stop calling me", but not "stop asking".
        return frozenset({Intent.STOP})
    # "Block Cafe Leopold": the dialogue asks which company is meant.
    if named := first & _NAMING_SOMEBODY:
        return named
    said = _command(words) or yes_or_no(words)
    return frozenset() if said is None else frozenset({said})


_IN_PARTS: Final[Mapping[Intent, tuple[str, str]]] = {
    Intent.STOP: ("send_not", "messages"),
    Intent.DELETE_DATA: ("erase", "own_data"),
    Intent.HUMAN: ("talk", "people"),
}
"""Commands said in two parts, each the name of a list: "mera sab data" and "delete karo"."""


def _command(words: Sequence[str]) -> Intent | None:
    """Return the command whose two parts the words say, in whatever order, and nothing else."""
    lexicon = _command_parts()
    if not lexicon.covers(words):
        return None
    said = {span.meaning for span in lexicon.scan(words)} - {_FILLER}
    return next((intent for intent, parts in _IN_PARTS.items() if said == set(parts)), None)


@cache
def _command_parts() -> Lexicon[str]:
    names = [*(name for parts in _IN_PARTS.values() for name in parts), _FILLER]
    return Lexicon((phrase, name) for name in names for phrase in phrases("commands", name))


def language_named(text: str) -> str | None:
    """Return the language a text asks for: "english please", "हिंदी में", "speak hindi"."""
    plain = normalize(text)
    if len(plain) > INTENT_CHARACTERS:
        return None
    names = _language_names()
    bare = phrase_set("polite").without(split_words(text), ends_only=True)
    return names.get(_bare(plain)) or names.get(" ".join(bare))


def language_amid(text: str) -> str | None:
    """Return the one language that a short answer names amid other words: "english hi chalega", "hindi theek rahega".

    None where it says "not", or how little of it somebody knows, or names several: "english weak hai".
    """
    words = split_words(text)
    if len(words) > _LANGUAGE_WORDS or phrase_set("negation", "tongue_limits").anywhere(words):
        return None
    named = {code for word in words if (code := _language_names().get(word)) is not None}
    return named.pop() if len(named) == 1 else None


@cache
def _language_names() -> Mapping[str, str]:
    return {
        _bare(normalize(name)): language
        for language in languages()
        for name in (
            get_catalogue(language).name,
            *vocabulary(language)["intents"][Intent.LANGUAGE_NAME],
        )
    }


@cache
def _yes_and_no(*agreed: str) -> Lexicon[str]:
    lists: list[tuple[str, list[str]]] = [
        (Intent.YES, phrases("intents", Intent.YES)),
        (Intent.NO, phrases("intents", Intent.NO)),
        (Intent.YES, phrases("phrases", *agreed)),
        (_FILLER, phrases("phrases", "filler")),
    ]
    return Lexicon((phrase, meaning) for meaning, found in lists for phrase in found)


def yes_or_no(words: Sequence[str], *agreed: str) -> Intent | None:
    """Return YES or NO where the words say only that; None for both, or for anything else.

    `agreed` names more lists of phrases that are a yes to this one question: "post it".
    """
    lexicon = _yes_and_no(*agreed)
    if not lexicon.covers(words):
        return None
    said = {span.meaning or "" for span in lexicon.scan(words)} - {_FILLER}
    return Intent(said.pop()) if len(said) == 1 else None


def confirms(text: str | None) -> bool:
    """Return whether a text agrees to what was read back: "looks good", "bilkul sahi"."""
    if text is None or len(text) > INTENT_CHARACTERS or "?" in text:
        return False
    return yes_or_no(split_words(text), "confirms") is Intent.YES


def takes_proposal(text: str | None) -> bool:
    """Return whether a text takes the name that is proposed: "yes use that", "wahi rakho"."""
    if text is None or len(text) > INTENT_CHARACTERS or "?" in text:
        return False
    words = split_words(text)
    return phrase_set("use_it").anywhere(words) and yes_or_no(words, "use_it") is Intent.YES
