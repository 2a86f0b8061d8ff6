"""Tell a stranger who needs people from one who needs work. Pure.

Both say "chahiye" and "need", and both name a role. The difference is what they need: a waiter, or work
as one. In doubt the stranger looks for work.
"""

from functools import cache
from typing import Final

from app.nlu import job_request
from app.nlu.lexicon import Lexicon
from app.nlu.normalize import has_devanagari, split_words
from app.nlu.vocabulary import phrase_set, vocabulary

MOST_CHARACTERS: Final = 300


def is_hiring(text: str, *, surely: bool = False) -> bool:
    """Return whether somebody says that they need people; `surely` only where it can mean nothing else."""
    said = split_words(text[:MOST_CHARACTERS])
    if phrase_set("asks_whether").anywhere(said):
        return False
    if phrase_set("hiring").anywhere(said):
        return True
    named, people, beside = job_request.role_and_people(text)
    wants = phrase_set("wants").anywhere(said)
    if phrase_set("seeks").anywhere(said):
        return False
    if people is not None and wants:
        return True
    if not named or (not wants and phrase_set("introduces").anywhere(said)):
        # "I am Ravi 24 cook": an age, and no number of cooks.
        return False
    if people is not None:
        return True
    # "kaam wali bai chahiye": the role's own words say nothing of work that is looked for.
    return not surely and wants and not phrase_set("works").anywhere(beside)


def guess_language(text: str) -> str:
    """Return the language in which to answer somebody who has not chosen one."""
    if has_devanagari(text):
        return "hi"
    return "hi" if _hindi_words().anywhere(split_words(text)) else "en"


@cache
def _hindi_words() -> Lexicon[bool]:
    lists = vocabulary("hi")["phrases"]
    return Lexicon((phrase, True) for name in ("hiring", "wants") for phrase in lists[name])
