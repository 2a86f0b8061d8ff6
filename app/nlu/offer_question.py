"""Read what is asked about an offered job: where, when, how far, what it pays, who it is. Pure.

A message is a question about the job when it has a word of a topic, and a sign or a word of asking, or
nothing else: "location?", "kitne baje aana hai", "timing".
"""

from functools import cache
from typing import Final

from app.core.week import WEEKDAYS
from app.nlu.lexicon import Lexicon
from app.nlu.normalize import split_words
from app.nlu.vocabulary import phrase_set, phrases

QUESTION_CHARACTERS: Final = 160
MOST_TOPICS: Final = 3
"""More topics in one message are a story, and no question."""
DAYS: Final = "days"
TOPICS: Final = (
    "until",
    "decide",
    "people",
    "work",
    "food",
    "travel",
    "time",
    "far",
    "pay",
    "who",
    "when",
    "where",
)
"""Each has its list of phrases, `ask_…`; of a phrase in two lists the first counts."""
_ONLY_WITH_ASKING: Final = frozenset({"far", "people", "until", "decide"})
"""Topics whose words alone are no question: "far", "call me"."""
_GIVES_WAY: Final = {
    "when": {"until", "decide", "time", "pay", "far", "food", "travel", "work"},
    "time": {"until", "decide"},
    "where": {"far"},
    "pay": {"food", "travel"},
    "who": {"decide"},
    "work": {"until", "decide", "food", "travel"},
}
"""Which other topic says more exactly what is asked: "when is payment" is about the pay."""


def offer_questions(text: str) -> tuple[str, ...]:
    """Return the topics asked about, in the order of the text; empty for any other message."""
    if len(text) > QUESTION_CHARACTERS:
        return ()
    words = split_words(text)
    if asks_for_some_days(text):
        return (DAYS,)
    spans = _lexicon().scan(words)
    found = dict.fromkeys(span.meaning or "" for span in spans if span.meaning in TOPICS)
    topics = tuple(topic for topic in found if not _GIVES_WAY.get(topic, set()) & set(found))
    if not topics or len(topics) > MOST_TOPICS:
        return ()
    asked = "?" in text or phrase_set("asking").anywhere(words)
    bare = all(span.meaning is not None for span in spans)
    if asked or (bare and not _ONLY_WITH_ASKING & set(topics)):
        return topics
    return ()


def asks_for_some_days(text: str) -> bool:
    """Whether somebody wants to come on some of the days: "only saturday", "ek din aa sakta hu kya"."""
    if len(text) > QUESTION_CHARACTERS:
        return False
    words = split_words(text)
    only = phrase_set("only_words")
    named = phrase_set(*WEEKDAYS, "weekdays", "weekends", section="calendar").anywhere(words)
    by_days = any(span.meaning and len(span.words) > 1 for span in only.scan(words))
    return only.anywhere(words) and (named or by_days)


def weekdays_named(text: str) -> frozenset[str]:
    """Return the days of the week that a text names by themselves, as `WEEKDAYS` spells them."""
    words = split_words(text[:QUESTION_CHARACTERS])
    return frozenset(day for day in WEEKDAYS if phrase_set(day, section="calendar").anywhere(words))


def sets_a_time(text: str) -> bool:
    """Return whether a text names a day counted from today or a time of the clock: "parso", "9 baje tak hi"."""
    words = split_words(text[:QUESTION_CHARACTERS])
    days = phrase_set("tomorrow", "day_after_tomorrow", section="calendar")
    return days.anywhere(words) or phrase_set("clock", section="hours").anywhere(words)


def asks_which_offer(text: str) -> bool:
    """Whether somebody asks which job is meant."""
    words = phrase_set("polite", "copula", "filler").without(
        split_words(text[:QUESTION_CHARACTERS])
    )
    return bool(words) and phrase_set("which_one").covers(words)


def says_late(text: str) -> bool:
    """Whether somebody who is to come says that they will be late."""
    words = split_words(text[:QUESTION_CHARACTERS])
    return len(text) <= QUESTION_CHARACTERS and phrase_set("late_words").anywhere(words)


def says_cannot_come(text: str) -> bool:
    """Whether somebody who said yes says that they can't come, or wants it undone."""
    words = split_words(text[:QUESTION_CHARACTERS])
    plain = phrase_set("cancels", "clear_no")
    return len(text) <= QUESTION_CHARACTERS and "?" not in text and plain.anywhere(words)


@cache
def _lexicon() -> Lexicon[str]:
    lists = [
        *((topic, phrases("phrases", f"ask_{topic}")) for topic in TOPICS),
        ("other", phrases("phrases", "polite", "copula", "asking", "around_question")),
    ]
    return Lexicon((phrase, part) for part, phrases in lists for phrase in phrases)
