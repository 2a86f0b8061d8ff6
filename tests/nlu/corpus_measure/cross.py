"""Every text of the corpora at the questions where a mistake is dear: may what follows have been meant?

"mujhe kaam chahiye" answers the question for a name as little as "10 km" does. Nobody has written down what
follows from each text at each question; but a name, a place, a yes or a no that no expectation of this text
has at any question was not in it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from app.dialogue import effects as fx
from app.dialogue.effects import Effect
from tests.nlu.corpus_measure.expectation import parse
from tests.nlu.corpus_measure.lines import Line, corpus
from tests.nlu.corpus_measure.simulation import Person
from tests.nlu.corpus_measure.situations import HINDI, situation

QUESTIONS: Final = ("name", "location", "offer", "delete")
_LIKE_OFFERS: Final = frozenset(
    {"offer_accepted", "rejected", "phone", "experience", "delete", "new_place"}
    | {"skills_right", "availability_right", "this_place", "which_place"}
)
"""Questions answered with a yes, a no or an excuse, as an offer is: nobody can say what is meant there."""
_AGREES: Final = frozenset({"accept", "accept?", "yes", "consent", "erase", "post"})
_REFUSES: Final = frozenset({"reject", "reject?", "no", "decline"})
MEANINGS: Final[Mapping[str, Collection[str]]] = {
    "accept": _AGREES,
    "reject": _REFUSES,
    "withdraw": {"withdraw", "withdraw?", *_REFUSES},
    "erase": _AGREES,
    "stop": {"stop"},
    "name": {"name", "name?"},
    "place": {"place", "place?"},
}
"""By which expectations of a text, at whatever question, an effect may follow from it."""


@dataclass(frozen=True, slots=True)
class Surprise:
    """A grave effect that no expectation of the text has."""

    question: str
    line: Line
    what: str


@cache
def meanings() -> Mapping[str, frozenset[str]]:
    """Return what the corpora expect of each text, at any question."""
    found: dict[str, set[str]] = defaultdict(set)
    for line in corpus():
        for expected in parse(line.expected):
            found[line.text] |= {act.partition(":")[0].partition("@")[0] for act in expected.acts}
            found[line.text] |= set(expected.facts) | {f"{fact}?" for fact in expected.proposed}
        if line.question == "location":
            # A place may be somebody's name.
            found[line.text] |= {"name"}
    return {text: frozenset(meant) for text, meant in found.items()}


def surprises(questions: Iterable[str] = QUESTIONS) -> Sequence[Surprise]:
    """Return what follows from texts of workers that nobody can have meant."""
    lines = {line.text: line for line in corpus() if line.side == "worker"}
    found: list[Surprise] = []
    for question in questions:
        for line in lines.values():
            if question == "offer" and line.question in _LIKE_OFFERS:
                continue
            spoken = "hinglish" if line.language in HINDI else "en"
            turn = Person(situation("worker", question, spoken)).write(line.text)
            for effect in turn.effects:
                what = grave(effect)
                if what and not meanings()[line.text] & set(MEANINGS[what]):
                    found.append(Surprise(question, line, f"{what}: {_told(effect)}"))
    return found


def grave(effect: Effect) -> str:
    """Return what an effect does that is hard to take back; "" for any other."""
    match effect:
        case fx.AnswerOffer(verb="accept" | "reject" | "withdraw" as verb):
            return verb
        case fx.EraseAccount():
            return "erase"
        case fx.Stop():
            return "stop"
        case fx.EditProfile(changes=changes) if "name" in changes:
            return "name"
        case fx.EditProfile(changes=changes) if "location" in changes:
            return "place"
        case _:
            return ""


def _told(effect: Effect) -> str:
    return str(effect.changes) if isinstance(effect, fx.EditProfile) else ""
