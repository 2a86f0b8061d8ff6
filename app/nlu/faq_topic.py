"""Of which of the matters that many ask about a question is: for workers, and for employers. Pure.

It is a question where a word of its subject stands among words of asking, hardly a word is left that
nobody knows, and none that makes it another matter: "how can I change my number", "free on monday?".
"""

from functools import cache
from typing import Final

from app.core.week import WEEKDAYS
from app.nlu.intents import Intent, intents
from app.nlu.lexicon import Lexicon
from app.nlu.normalize import split_words
from app.nlu.vocabulary import phrase_set, phrases

type Subjects = tuple[tuple[str, str], ...]
"""What is asked about, and the list of its words; of several the first is meant."""
QUESTION_CHARACTERS: Final = 120
_UNKNOWN_WORDS: Final = 1
"""So many may stand in it: "kitna paisa milega waiter ka"."""
WORKER_TOPICS: Final = ("number", "safe", "free", "pay", "jobs", "who")
"""Of several the first is meant: "is my number safe" is about the number."""
EMPLOYER_TOPICS: Final = (
    ("lead", "hire_about_lead"),
    ("fraud", "hire_about_fraud"),
    ("cancel", "hire_about_cancel"),
    ("when", "hire_about_when"),
    ("cost", "hire_about_cost"),
    ("who", "about_who"),
)
"""What employers ask, with the lists of its words."""
_WORKING: Final = tuple((subject, f"about_{subject}") for subject in WORKER_TOPICS)
_SURE: Final = frozenset({"safe", "fraud", "lead"})
"""That something may be a fraud, or nobody came, is a question even where it isn't put as one."""
_FILLER: Final = "filler"
_OTHER_MATTER: Final = "other_matter"


def find_topic(text: str, lists: Subjects = _WORKING) -> str | None:
    """Return what somebody asks about, or None where they don't ask, or about something else."""
    if len(text) > QUESTION_CHARACTERS or intents(text):
        return None
    words = split_words(text)
    found = [span.meaning for span in _lexicon(lists).scan(words)]
    if _OTHER_MATTER in found:
        return None
    subject = next((subject for subject, _ in lists if subject in found), None)
    asks = "?" in text or subject in _SURE or phrase_set("asking").anywhere(words)
    return subject if asks and found.count(None) <= _UNKNOWN_WORDS else None


@cache
def _lexicon(subjects: Subjects) -> Lexicon[str]:
    """Return the words of questions; of a phrase in two lists the first counts."""
    lists = [
        *((subject, phrases("phrases", name)) for subject, name in subjects),
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
