"""Finding a skill by the words of a title: "chai banane wala", "CNC operator", "cook for home". Pure.

A title is what is done and who does it. The second part, the head (wala, boy, staff, operator, attendant),
says nothing of the work: titles are never matched by a head alone. The rest is compared word by word, by
stem, by sound in either script, and with a typing error; rare words count more.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log
from typing import Final

from app.catalogue import phonetics

HEADS: Final = frozenset(
    "wala wali wale waala waali vala vali वाला वाली वाले boy girl man men lady woman women person people "
    "staff helper helpers operator attendant worker workers assistant executive maker seller collector "
    "incharge manager candidate ladka ladki ladke लड़का लड़की हेल्पर स्टाफ स्टाफ़ बॉय ऑपरेटर aadmi".split()
)
"""Who does it, whatever it is."""
_ATTACHED: Final = ("wala", "wali", "wale", "वाला", "वाली", "वाले")
_FILLERS: Final = frozenset(
    "job jobs work works kaam kam काम ka ki ke का की के me mein main में pe par पर ko को se से for in at of "
    "on the a an and or to with naukri नौकरी chahiye चाहिए duty wanted need needed required part time full "
    "karne karna karni करने करना करनी i am can do male female hu hun hoon hai है हूँ हूं time".split()
)
"""What stands in many a title and names no work."""
_WORK: Final = frozenset("job jobs work works kaam kam काम naukri नौकरी duty".split())
"""Fillers that make a title of a short word: "pop ka kaam" is one, "nai chahiye" is not."""
_SHORT_LETTERS: Final = 4
_ENDINGS: Final = (
    *"ings ing ists ist ians ian ers er ors or ies es s y ion".split(),
    *"ane ana ani ne na ni ाने ाना ानी ने ना नी".split(),
)
_VERBS: Final = frozenset(
    "banane banana banani lagane lagana lagani chalane chalana chalani sikhane sikhana dalne dalna "
    "marne marna theek thik saaf बनाने बनाना लगाने लगाना चलाने चलाना सिखाने सिखाना ठीक साफ साफ़".split()
)
"""What can be done to anything: to make, fix, run, mend, clean."""
_VERB_WEIGHT: Final = 0.3
_STEM_LETTERS: Final = 3
"""What is left of a word without its ending is at least so long."""
_SOUND_LETTERS: Final = 3
"""Shorter sounds are too like each other."""
_TYPO_LETTERS: Final = 5
_LONG_LETTERS: Final = 8
_MORE_LETTERS: Final = 3
"""A word that begins like another is at most so much longer."""
_SAME, _STEM, _SOUND, _BEGINNING, _TYPO = 1.0, 0.95, 0.9, 0.8, 0.7
"""How much a word counts that is the same, has the same stem, sounds the same, begins so, may be meant."""
_LEAST_COVERED: Final = 0.4
"""Of a title's words, by weight, so many are found in the skill's name."""
_OF_TITLE, _OF_NAME, _OF_HEAD = 0.72, 0.22, 0.06
"""How a score is made of the title's words found, of the name's words found, and of a head in common."""


@dataclass(frozen=True, slots=True)
class _Entry:
    slug: str
    words: frozenset[str]
    heads: frozenset[str]


class Words:
    """The words of all names, ready to be searched."""

    def __init__(self, names: Iterable[tuple[str, str]]) -> None:
        """Take the folded names with their slugs."""
        self._entries: list[_Entry] = []
        self._with: dict[str, list[int]] = defaultdict(list)
        slugs_of: dict[str, set[str]] = defaultdict(set)
        for slug, name in names:
            content, heads = _split(name.split())
            words = frozenset(content or heads)
            for word in words:
                self._with[word].append(len(self._entries))
                slugs_of[word].add(slug)
            self._entries.append(_Entry(slug, words, frozenset(heads)))
        most = len({entry.slug for entry in self._entries})
        self._weights = {
            word: _VERB_WEIGHT if word in _VERBS else log(1 + most / len(slugs))
            for word, slugs in slugs_of.items()
        }
        self._unknown = log(1 + most) / 2
        self._stems = _by(_stem, self._weights)
        self._sounds = _by(_sound, self._weights)
        self._beginnings = _by(_beginning, self._weights)
        self._initials = _by(_initial, self._weights)
        self._alike = lru_cache(4_096)(self._looked_up)

    def find(self, title: str) -> Mapping[str, float]:
        """Return the skills that a folded title may mean, each with its score from 0 to 1."""
        content, heads = _split(title.split())
        if not content or _may_be_no_title(title.split(), content, heads):
            return {}
        alike = [self._alike(word) for word in content]
        weights = [
            _VERB_WEIGHT
            if word in _VERBS
            else max((self._weights[each] for each in found), default=self._unknown)
            for word, found in zip(content, alike, strict=True)
        ]
        scores: dict[str, float] = {}
        for number in {n for found in alike for word in found for n in self._with[word]}:
            entry = self._entries[number]
            if not entry.words - HEADS:
                continue
            score = self._score(entry, alike, weights, heads)
            if score > scores.get(entry.slug, 0.0):
                scores[entry.slug] = score
        return scores

    def _score(
        self,
        entry: _Entry,
        alike: Sequence[Mapping[str, float]],
        weights: Sequence[float],
        heads: Sequence[str],
    ) -> float:
        """Return how well a name fits, 0 where too little of the title is in it."""
        covered, met = 0.0, {}
        for found, weight in zip(alike, weights, strict=True):
            best = max(
                ((found[word], word) for word in entry.words if word in found), default=(0.0, "")
            )
            covered += best[0] * weight
            if best[1]:
                met[best[1]] = best[0]
        of_title = covered / sum(weights)
        if of_title < _LEAST_COVERED:
            return 0.0
        whole = sum(self._weights[word] for word in entry.words)
        of_name = sum(self._weights[word] * share for word, share in met.items()) / whole
        return (
            _OF_TITLE * of_title
            + _OF_NAME * of_name
            + (_OF_HEAD if entry.heads.intersection(heads) else 0.0)
        )

    def _looked_up(self, word: str) -> Mapping[str, float]:
        """Return the words of names that `word` may be, each with how much it counts."""
        found: dict[str, float] = {}
        if word in self._weights:
            found[word] = _SAME
        for each in self._stems.get(_stem(word), ()):
            found.setdefault(each, _STEM)
        for each in self._sounds.get(_sound(word), ()):
            found.setdefault(each, _SOUND)
        if not found and len(word) > _STEM_LETTERS:
            alike = self._beginnings.get(_beginning(word), ())
            found = {each: _BEGINNING for each in alike if _begins(each, word)}
        if not found and len(word) >= _TYPO_LETTERS:
            alike = self._initials.get(_initial(word), ())
            near = [each for each in alike if _mistyped(each, word)]
            # Two letters that changed places are likelier than one too many: "watier" is a waiter, and no water.
            found = dict.fromkeys((near and self._turned(word)) or near, _TYPO)
        return found

    def _turned(self, word: str) -> list[str]:
        """Return the words of names that this one is with two neighbouring letters in the other order."""
        turned = (
            word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1)
        )
        return [each for each in turned if each in self._weights]


def _beginning(word: str) -> str:
    """Return what two words have in common of which one begins with the other; "" for a short word."""
    return word[: _STEM_LETTERS + 1] if len(word) > _STEM_LETTERS else ""


def _initial(word: str) -> str:
    return word[:1]


def _begins(one: str, other: str) -> bool:
    """Return whether one word begins with the other, which is not much shorter."""
    return (
        min(len(one), len(other)) > _STEM_LETTERS
        and abs(len(one) - len(other)) <= _MORE_LETTERS
        and (one.startswith(other) or other.startswith(one))
    )


def _mistyped(known: str, word: str) -> bool:
    """Return whether `word` may be a typing error of a known one: of one letter, of two in a long word."""
    errors = 1 if len(word) < _LONG_LETTERS else 2
    return (
        known[0] == word[0]
        and len(known) > _STEM_LETTERS
        and abs(len(known) - len(word)) <= errors
        and phonetics.distance(known, word) <= errors
    )


def content_of(words: Iterable[str]) -> list[str]:
    """Return those of a folded title's words that name the work."""
    return _split(words)[0]


def heads_only(text: str) -> bool:
    """Return whether a folded text names nobody's work: "attendant", "boy", "kaam"."""
    return not _split(text.split())[0]


def _may_be_no_title(words: Sequence[str], content: Sequence[str], heads: Sequence[str]) -> bool:
    """Return whether all that could name work is one short word, with words around it that speak of none."""
    if len(words) == 1 or heads or len(content) > 1 or len(content[0]) >= _SHORT_LETTERS:
        return False
    return _WORK.isdisjoint(words)


def _split(words: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return what is done and who does it; what says nothing is left out."""
    content: list[str] = []
    heads: list[str] = []
    for word in words:
        bare = next(
            (word.removesuffix(end) for end in _ATTACHED if word.endswith(end) and word != end),
            word,
        )
        if word in HEADS:
            heads.append(word)
        elif word not in _FILLERS:
            content.append(bare or word)
    return content, heads


def _by(key: Callable[[str], str], words: Iterable[str]) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for word in words:
        if name := key(word):
            found[name].append(word)
    return found


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        least = _STEM_LETTERS if ending.isascii() else _STEM_LETTERS - 1
        if word.endswith(ending) and len(word) - len(ending) >= least:
            return word.removesuffix(ending)
    return word


@lru_cache(8_192)
def _sound(word: str) -> str:
    """Return how a word's stem sounds, "" where it is too short to tell."""
    for (sound,) in phonetics.sounds(word):
        stem = sound[:-2] if sound.endswith(("ne", "na", "ni")) and len(sound) > 4 else sound
        return stem if len(stem) >= _SOUND_LETTERS else ""
    return ""
