"""A message that says more than what was asked: its other facts are kept, read back, and asked for no more. Pure.

The open question's own reader gets the message without the words of those facts, so that "Sunita, Thane, cook"
is a name to the question for it. What was answered before is changed by a correction only (`corrections`).
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from app.dialogue.context import Context
from app.dialogue.effects import EditProfile, Effect, ForgetPerson, SetWeeklyHours
from app.dialogue.engine import Reader
from app.dialogue.state import Ask, State
from app.dialogue.turn import Incoming, Reply, Turn
from app.dialogue.worker.hours_answers import today_of
from app.dialogue.worker.questions import QUESTIONS, ask_again, good_name, place_in_full
from app.dialogue.worker.registration import unanswered
from app.dialogue.worker.said_facts import ASKED_BY, SaidFacts
from app.nlu.common_words import is_common
from app.nlu.vocabulary import word_set
from app.nlu.worker_frame import WorkerFrame, read_worker

PART_OF: Final[Mapping[Ask, Ask]] = {
    Ask.SKILLS_RIGHT: Ask.SKILLS,
    Ask.WHICH_PLACE: Ask.LOCATION,
    Ask.AVAILABILITY_RIGHT: Ask.AVAILABILITY,
}
"""Follow-up questions, each with the question it belongs to."""


def frame_of(message: Incoming) -> WorkerFrame:
    """Return the facts of a message."""
    context = message.context
    return read_worker(
        message.text or "",
        city=context.profile.place if context.profile is not None else None,
        language=context.reply_language,
        today=today_of(context),
        asked_name=message.state.ask is Ask.NAME,
    )


# ── Before the consent ───────────────────────────────────────────────────────────────────────────


def remember(state: State, frame: WorkerFrame) -> State:
    """Return the state with the facts of a message, to be stored once they agree."""
    told = [name for name, fact in frame.facts.items() if name in ASKED_BY and fact is not None]
    said = SaidFacts.from_json(state.said).then(SaidFacts.of(frame, told))
    return replace(state, said=said.as_json())


def says_anything(frame: WorkerFrame) -> bool:
    """Whether a message holds any fact of a profile."""
    return not frame.facts.keys().isdisjoint(ASKED_BY)


# ── While registering ────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Kept:
    """What follows from facts that nobody asked for."""

    message: Incoming
    """The message, after them: with their questions answered."""
    effects: tuple[Effect, ...] = ()
    replies: tuple[Reply, ...] = ()


def keep(message: Incoming, said: SaidFacts) -> Kept:
    """Store what is certain and read it back; the rest is proposed when its question comes."""
    if said.name and not good_name(said.name):
        said = replace(said, name="")
    changes = said.changes()
    answered = {
        ASKED_BY[fact]
        for fact, field in _FIELDS.items()
        if field in changes or (field == "slots" and said.slots)
    }
    proposals = SaidFacts.from_json(message.state.said).then(said.proposals()).proposals()
    state = replace(
        message.state, said=proposals.as_json(), answered=message.state.answered | answered
    )
    kept = replace(message.with_profile(**_known(said, changes)), state=state)
    effects: tuple[Effect, ...] = (EditProfile(changes),) if changes else ()
    if said.slots:
        effects += (SetWeeklyHours(said.slots),)
    replies = (Reply("noted", {"facts": said.read_back()}),) if effects else ()
    return Kept(kept, effects, replies)


_TELLS_OF_ONESELF: Final = 2
"""So many facts beside a name, and the home among them is meant."""
_FIELDS: Final[Mapping[str, str]] = {
    "name": "name",
    "skills": "skills",
    "place": "location",
    "distance_km": "max_distance_km",
    "years": "experience_years",
    "slots": "slots",
}
"""The field of a profile for each fact."""


def _known(said: SaidFacts, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of the profile once these changes are stored."""
    known = {name: value for name, value in changes.items() if name != "location"}
    if "location" in changes:
        known |= {"located": True, "place": place_in_full(said.places[0])}
    if said.slots:
        known["slots"] = said.slots
    return known


def answer_whole(message: Incoming, read_own: Reader[Incoming]) -> Turn | None:
    """Return what follows from a message that holds more than the answer; None for any other."""
    state, profile = message.state, message.context.profile
    if not message.text or not state.registering or profile is None or not profile.agreed:
        return None
    frame = frame_of(message)
    others = _not_asked(frame, state, message.context)
    if not others:
        return None
    said = SaidFacts.of(frame, others)
    if state.ask is Ask.NAME and len(others) < _TELLS_OF_ONESELF:
        # "Anand, Gujarat" may be a name with its origin.
        said = replace(said, place_sure=False)
    kept = keep(message, said)
    own: Turn | None = None
    for own_text in _own_texts(message, frame, others):
        own = read_own(replace(kept.message, inbound=replace(message.inbound, text=own_text)))
        if own is not None and not own.missed:
            break
    if own is not None and any(isinstance(effect, ForgetPerson) for effect in own.effects):
        return own
    if own is None or own.missed:
        # Who answers something else may mean neither their home nor what they can do.
        kept = keep(message, replace(said, place_sure=False, skills_sure=False))
        if not kept.effects:
            known = kept.message.state.said
            return own and replace(own, state=replace(own.state, said=known))
        own = Turn(replace(kept.message.state, misses=0), (ask_again(kept.message),))
    return replace(
        own, effects=(*kept.effects, *own.effects), replies=(*kept.replies, *own.replies)
    )


def _own_texts(message: Incoming, frame: WorkerFrame, others: Collection[str]) -> Iterator[str]:
    """Yield what the open question's own reader may get: the message without the other facts."""
    asked = PART_OF.get(message.state.ask, message.state.ask)
    if asked is Ask.LOCATION:
        # A home is found among other words, and without them it may look surer than it is.
        yield message.text or ""
    if asked is Ask.NAME and frame.name is None:
        return
    if asked is Ask.SKILLS and frame.skills is None and all(map(is_common, frame.rest)):
        return
    if text := frame.text_without(*others, *(("age",) if asked is Ask.NAME else ())):
        yield text


def _not_asked(frame: WorkerFrame, state: State, context: Context) -> list[str]:
    """Return the facts that answer questions still to come."""
    asked = PART_OF.get(state.ask, state.ask)
    open_ = {question for question in unanswered(state, context) if question is not asked}
    found = []
    # At these questions "5 saal" can only be experience.
    lone = asked in {Ask.DISTANCE, Ask.AVAILABILITY} and not frame.rest and len(frame.facts) == 1
    for name, fact in frame.facts.items():
        if ASKED_BY.get(name) not in open_ or (name == "years" and not fact.certain and not lone):
            continue
        if name == "slots" and _may_be_no_hours(frame, asked):
            continue
        found.append(name)
    return found


def _may_be_no_hours(frame: WorkerFrame, asked: Ask) -> bool:
    """Whether words that may tell hours mean something else here: "10-15" is kilometres, and "sun" alone is no week."""
    said = [frame.words[at] for at in sorted(frame.taken["slots"])]
    if len(said) == 1:
        return said[0].plain not in word_set("calendar", "weekends", "weekdays")
    numbers = all(word.plain.isdecimal() or not word.plain.isalnum() for word in said)
    return numbers and asked in {Ask.DISTANCE, Ask.EXPERIENCE}


def is_question_of_profile(ask: Ask) -> bool:
    """Whether a question asks for a part of the profile."""
    return ask in QUESTIONS and ask not in {Ask.LANGUAGE, Ask.CONSENT, Ask.PHONE}
