"""Tell a stranger who needs people from one who needs work. Pure.

Both say "chahiye" and "need", and both name a role. The difference is what they need: a waiter, or work
as one. In doubt the stranger looks for work.
"""

from typing import Final

from app.nlu import job_request
from app.nlu.normalize import split_words
from app.nlu.vocabulary import phrase_set

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
