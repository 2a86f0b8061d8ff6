"""Whether a stranger writes because they need people, and not because they need work. Pure.

Both say "chahiye" and "need", both name a role. What tells them apart is what is needed: a waiter, or
work as one. In doubt it is somebody who looks for work, for whom this conversation is made.
"""

from functools import cache
from typing import Final

from app.nlu import job_request
from app.nlu.intents import Lexicon, around, in_devanagari, words_of
from app.texts.catalogue import catalogue

MOST_CHARACTERS: Final = 300


def hires(text: str, *, surely: bool = False) -> bool:
    """Whether somebody says that they need people; `surely` only where it can mean nothing else."""
    said = words_of(text[:MOST_CHARACTERS])
    if around("asks_whether").anywhere(said):
        return False
    if around("hiring").anywhere(said):
        return True
    named, people = job_request.wanted(text)
    if not named or around("seeks").anywhere(said):
        return False
    if people is not None:
        return True
    return not surely and around("wants").anywhere(said) and not around("works").anywhere(said)


def speaks(text: str) -> str:
    """Return the language in which to answer somebody who has not chosen one."""
    if in_devanagari(text):
        return "hi"
    return "hi" if _hindi_words().anywhere(words_of(text)) else "en"


@cache
def _hindi_words() -> Lexicon[None]:
    lists = catalogue("hi").answers
    return Lexicon((phrase, None) for name in ("hiring", "wants") for phrase in lists[name])
