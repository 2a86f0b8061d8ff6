"""Classify a message as one of the frequently asked questions of workers or employers. Pure.

A message is such a question when it has a word of the topic and a word of asking, at most one unknown
word, and no word of another matter: "how can I change my number" and "free on monday?" are none.
"""

from functools import cache
from typing import Final

from app.core.week import WEEKDAYS
from app.nlu.intents import Intent, intents
from app.nlu.lexicon import Lexicon
from app.nlu.normalize import split_words
from app.nlu.vocabulary import phrase_set, phrases

type Topics = tuple[tuple[str, str], ...]
"""Each topic with the name of its list of phrases; of several in one message the first counts."""
QUESTION_CHARACTERS: Final = 120
_UNKNOWN_WORDS: Final = 1
"""A question may hold so many: "kitna paisa milega waiter ka"."""
WORKER_TOPICS: Final = ("number", "safe", "free", "employer", "pay", "jobs", "who")
"""The first counts: "is my number safe" is about the number."""
EMPLOYER_TOPICS: Final = (
    ("lead", "hire_about_lead"),
    ("fraud", "hire_about_fraud"),
    ("cancel", "hire_about_cancel"),
    ("when", "hire_about_when"),
    ("cost", "hire_about_cost"),
    ("who", "about_who"),
)
_WORKER_LISTS: Final = tuple((topic, f"about_{topic}") for topic in WORKER_TOPICS)
_SURE: Final = frozenset({"safe", "fraud", "lead"})
"""Topics that count without a word of asking: "this is a fraud", "nobody came"."""
_FILLER: Final = "filler"
_OTHER_MATTER: Final = "other_matter"


def find_topic(text: str, topics: Topics = _WORKER_LISTS) -> str | None:
    """Return the topic of a question, or None for any other message."""
    if len(text) > QUESTION_CHARACTERS or intents(text):
        return None
    words = split_words(text)
    found = [span.meaning for span in _lexicon(topics).scan(words)]
    if _OTHER_MATTER in found:
        return None
    topic = next((topic for topic, _ in topics if topic in found), None)
    asks = "?" in text or topic in _SURE or phrase_set("asking").anywhere(words)
    return topic if asks and found.count(None) <= _UNKNOWN_WORDS else None


@cache
def _lexicon(topics: Topics) -> Lexicon[str]:
    """Return the phrases of questions; a phrase of two lists counts for the first."""
    lists = [
        *((topic, phrases("phrases", name)) for topic, name in topics),
        (_OTHER_MATTER, phrases("phrases", _OTHER_MATTER) + phrases("calendar", *WEEKDAYS)),
        (
            _FILLER,
            phrases(
                "phrases", "asking", "filler", "polite", "about_offer", "negation", "supposing"
            ),
        ),
        (_FILLER, phrases("intents", Intent.NO)),
    ]
    return Lexicon((phrase, part) for part, phrases in lists for phrase in phrases)
