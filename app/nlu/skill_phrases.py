"""Reads written skills: which parts of a text name one, and which may mean several or none. Pure."""

import re
from functools import cache
from typing import Final

from app.catalogue import skills as skill_catalogue
from app.nlu.common_words import is_common
from app.nlu.normalize import split_words
from app.nlu.vocabulary import phrase_set, word_set

BETWEEN_SKILLS: Final = re.compile(r"[,;/\n।&+]|\s(?:and|aur|और|or|ya|या)\s")

_LEAST_LETTERS: Final = 4


def find_skills(text: str, language: str) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """Return the skills that are named, and each unclear part with the skills that it may mean."""
    found: list[str] = []
    unclear: list[tuple[str, list[str]]] = []
    for part in BETWEEN_SKILLS.split(f" {text} "):
        words = part.strip(" .!-")
        if not words:
            continue
        matches = matching_skills(words, language)
        if len(matches) == 1 or (matches and _names(matches[0], words)):
            found.append(matches[0])
        else:
            unclear.append((words, matches))
    return found, unclear


def matching_skills(words: str, language: str) -> list[str]:
    """Return the skills that words may mean, with or without "I can …" or "… ka kaam"."""
    if _says_who(words):
        return []
    found = skill_catalogue.search(words, language, 9)
    folded = skill_catalogue.fold(words)
    if " " not in folded and is_common(folded):
        # An everyday word is spelt as it is meant: "honest" is no host. A short one begins no other: "no", "noodles".
        end = " " if len(folded) < _LEAST_LETTERS else ""
        found = [
            skill
            for skill in found
            if any(f" {folded}{end}" in f" {name} " for name in _folded_names(skill.slug))
        ]
        return [skill.slug for skill in found]
    if not found:
        bare = phrase_set("around_skill").without(split_words(words), ends_only=True)
        found = skill_catalogue.search(" ".join(bare), language, 9) if bare else []
    return [skill.slug for skill in found]


def _says_who(words: str) -> bool:
    """Return whether words say no more than who somebody is: "i am a girl", "male"."""
    said = phrase_set("around_skill", "i_am").without(split_words(words))
    return bool(said) and all(word in word_set("wishes", "sex", "sex_alone") for word in said)


def _names(slug: str, words: str) -> bool:
    return skill_catalogue.fold(words) in _folded_names(slug)


@cache
def _folded_names(slug: str) -> tuple[str, ...]:
    return tuple(map(skill_catalogue.fold, skill_catalogue.SKILLS[slug].known_as))
