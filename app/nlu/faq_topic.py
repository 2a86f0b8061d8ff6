"""Of which of the matters that many ask about a question is: for workers, and for employers. Pure.

It is a question where a word of its subject stands among words of asking, hardly a word is left that
nobody knows, and none that makes it another matter: "how can I change my number", "free on monday?".
"""

from functools import cache
from typing import Final

from app.core.week import WEEKDAYS
from app.nlu.intents import Intent, Lexicon, around, every, intents, words_of

type Subjects = tuple[tuple[str, str], ...]
"""What is asked about, and the list of its words; of several the first is meant."""
QUESTION_CHARACTERS: Final = 120
_UNKNOWN_WORDS: Final = 1
"""So many may stand in it: "kitna paisa milega waiter ka"."""
SUBJECTS: Final = ("number", "safe", "free", "pay", "jobs", "who")
"""Of several the first is meant: "is my number safe" is about the number."""
HIRING: Final = (
    ("lead", "hire_about_lead"),
    ("fraud", "hire_about_fraud"),
    ("cancel", "hire_about_cancel"),
    ("when", "hire_about_when"),
    ("cost", "hire_about_cost"),
    ("who", "about_who"),
)
"""What employers ask, with the lists of its words."""
_WORKING: Final = tuple((subject, f"about_{subject}") for subject in SUBJECTS)
_SURE: Final = frozenset({"safe", "fraud", "lead"})
"""That something may be a fraud, or nobody came, is a question even where it isn't put as one."""
_FILLER: Final = "filler"
_OTHER_MATTER: Final = "other_matter"


def subject_of(text: str, lists: Subjects = _WORKING) -> str | None:
    """Return what somebody asks about, or None where they don't ask, or about something else."""
    if len(text) > QUESTION_CHARACTERS or intents(text):
        return None
    words = words_of(text)
    found: set[str] = set()
    unknown = position = 0
    while position < len(words):
        part, length = _lexicon(lists).at(words, position) or ("", 1)
        if part == _OTHER_MATTER:
            return None
        unknown += not part
        found.add(part)
        position += length
    subject = next((subject for subject, _ in lists if subject in found), None)
    asks = "?" in text or subject in _SURE or around("asking").anywhere(words)
    return subject if asks and unknown <= _UNKNOWN_WORDS else None


@cache
def _lexicon(subjects: Subjects) -> Lexicon[str]:
    """Return the words of questions; of a phrase in two lists the first counts."""
    lists = [
        *((subject, every("answers", name)) for subject, name in subjects),
        (_OTHER_MATTER, every("answers", _OTHER_MATTER) + every("calendar", *WEEKDAYS)),
        (
            _FILLER,
            every("answers", "asking", "filler", "polite", "about_offer", "negation", "supposing"),
        ),
        (_FILLER, every("understood", Intent.NO)),
    ]
    return Lexicon((phrase, part) for part, phrases in lists for phrase in phrases)
