"""What people ask most, answered wherever they ask it, with the open question after it. Pure.

A question is no misunderstanding, however often somebody asks; but who asks the same again may mean
something else, and hears how to reach a human. It is a question where a word of its subject stands among
words of asking, hardly a word is left that nobody knows, and none that makes it another matter: "how can I
change my number", "free on monday?".
"""

from dataclasses import replace
from functools import cache
from typing import Final

from app.chat.flow import QUESTIONS, said
from app.chat.model import Ask, Heard, Say, Turn
from app.chat.offer_talk import tell_offer
from app.chat.understand import Command, Lexicon, around, commands, every, words_of
from app.core.week import WEEKDAYS

QUESTION_CHARACTERS: Final = 120
_UNKNOWN_WORDS: Final = 1
"""So many may stand in it: "kitna paisa milega waiter ka"."""
SUBJECTS: Final = ("number", "safe", "free", "pay", "jobs", "who")
"""Of several the first is meant: "is my number safe" is about the number."""
_FILLER: Final = "filler"
_OTHER_MATTER: Final = "other_matter"


def often_asked(heard: Heard) -> Turn | None:
    """Answer a question that many ask."""
    asked = heard.state.ask
    text = said(heard)
    if text is None or (asked is not Ask.NOTHING and asked not in QUESTIONS):
        return None
    subject = subject_of(text)
    if subject is None:
        return None
    again = (Say("faq_again"),) if heard.state.told_of == subject else ()
    answer = (Say(f"faq_{subject}"), *again)
    state = replace(heard.state, told_of=subject, misses=0)
    if asked is not Ask.NOTHING:
        return Turn(state, (*answer, QUESTIONS[asked].ask(state, heard.context)))
    offers = heard.context.open_offers
    if subject == "pay" and len(offers) == 1:
        return Turn(state, (*answer, tell_offer(offers[0])))
    return Turn(state, answer)


def subject_of(text: str) -> str | None:
    """Return what somebody asks about, or None where they don't ask, or about something else."""
    if len(text) > QUESTION_CHARACTERS or commands(text):
        return None
    words = words_of(text)
    found: set[str] = set()
    unknown = position = 0
    while position < len(words):
        part, length = _lexicon().at(words, position) or ("", 1)
        if part == _OTHER_MATTER:
            return None
        unknown += not part
        found.add(part)
        position += length
    subject = next((subject for subject in SUBJECTS if subject in found), None)
    # That something may be a fraud is a question even where it isn't put as one.
    asks = "?" in text or subject == "safe" or around("asking").anywhere(words)
    return subject if asks and unknown <= _UNKNOWN_WORDS else None


@cache
def _lexicon() -> Lexicon[str]:
    """Return the words of questions; of a phrase in two lists the first counts."""
    lists = [
        *((subject, every("answers", f"about_{subject}")) for subject in SUBJECTS),
        (_OTHER_MATTER, every("answers", _OTHER_MATTER) + every("calendar", *WEEKDAYS)),
        (_FILLER, every("answers", "asking", "filler", "polite", "about_offer", "negation")),
        (_FILLER, every("understood", Command.NO)),
    ]
    return Lexicon((phrase, part) for part, phrases in lists for phrase in phrases)
