"""Corrects what was told before, whatever question is open: "naam galat hai, Sunita likho". Pure.

What is certain is stored and read back; a doubtful name or home is proposed. Only what the words name changes.
"""

from dataclasses import replace
from typing import Any, Final

from app.dialogue.effects import EditProfile, Effect, SetWeeklyHours
from app.dialogue.state import Ask
from app.dialogue.turn import Incoming, Reply, Turn
from app.dialogue.worker.hours_answers import today_of
from app.dialogue.worker.place_options import place_options
from app.dialogue.worker.questions import QUESTIONS, ask_again, ask_this_name, good_name
from app.dialogue.worker.registration import ask_question
from app.dialogue.worker.said_facts import SaidFacts
from app.dialogue.worker.whole_message import PART_OF, frame_of
from app.nlu.home_place import HomeFact, find_home
from app.nlu.normalize import split_words
from app.nlu.quantities import find_measures, in_kilometres
from app.nlu.skill_corrections import read_change
from app.nlu.vocabulary import phrase_set
from app.nlu.week_change import read_week, read_week_change
from app.nlu.worker_correction import CorrectedFacts, KnownFacts, read_correction

_MOST_BESIDE_DISTANCE: Final = 3
"""Words of an answer that says a distance and hardly more."""


def read_corrections(message: Incoming) -> Turn | None:
    """Return what follows from a correction of something told before; None for any other message."""
    text, state, profile = message.text, message.state, message.context.profile
    if not text or profile is None or not profile.agreed or message.context.open_offers:
        return None
    asked = PART_OF.get(state.ask, state.ask)
    other = _other_hours(message, text, asked) or _other_distance(message, text, asked)
    if other is not None:
        return other
    told = not state.registering
    known = KnownFacts(
        name=profile.name if told or Ask.NAME in state.answered else "",
        place=(profile.place or "") if profile.located else "",
        distance_km=profile.max_distance_km if told or Ask.DISTANCE in state.answered else 0,
        years=profile.experience_years if told or Ask.EXPERIENCE in state.answered else 0,
    )
    found = read_correction(text, known)
    if found is None:
        return _moved(message, text, asked) or _other_skills(message, text, asked)
    return _corrected(message, found, known, asked)


def _other_hours(message: Incoming, text: str, asked: Ask) -> Turn | None:
    """Read weekly hours that are called so at another question: "sorry time 6 se 10 hai" is no distance."""
    profile = message.context.profile
    if profile is None or not message.state.registering or asked is Ask.AVAILABILITY:
        return None
    if not phrase_set("names_hours").anywhere(split_words(text)):
        return None
    slots = read_week_change(text, profile.slots) or read_week(text, today_of(message.context))
    return None if slots is None else _noted(message, SaidFacts(slots=tuple(slots)))


def _other_distance(message: Incoming, text: str, asked: Ask) -> Turn | None:
    """Read kilometres at another question, where no more is said: "nahi nahi 20 km" is no experience."""
    state = message.state
    if not state.registering or asked is Ask.DISTANCE or Ask.DISTANCE not in state.answered:
        return None
    words = phrase_set("correcting", "polite", "negation", "filler").without(split_words(text))
    measures = find_measures(words)
    if len(measures) != 1 or len(words) > _MOST_BESIDE_DISTANCE:
        return None
    amount = measures[0].amount
    km = in_kilometres(amount) if amount.unit else None
    return None if km is None or km < 1 else _noted(message, SaidFacts(distance_km=km))


def _corrected(
    message: Incoming, found: CorrectedFacts, known: KnownFacts, asked: Ask
) -> Turn | None:
    if asked is not Ask.NAME and known.name:
        if found.wrong == "name":
            return ask_question(message.state, Ask.NAME, message.context)
        if found.name is not None and good_name(found.name.value):
            if found.name.certain:
                return _noted(message, SaidFacts(name=found.name.value, name_sure=True))
            opened = message.state.at(Ask.NAME, offered=found.name.value)
            return Turn(opened, (ask_this_name(message.context, found.name.value),))
    if asked is not Ask.LOCATION and known.place:
        if found.wrong == "place":
            return ask_question(message.state, Ask.LOCATION, message.context)
        if found.place is not None:
            return _placed(message, found.place)
    if asked is not Ask.DISTANCE and found.distance_km is not None:
        return _noted(message, SaidFacts(distance_km=found.distance_km))
    if asked is not Ask.EXPERIENCE and found.years is not None:
        return _noted(message, SaidFacts(years=found.years))
    return None


def _placed(message: Incoming, home: HomeFact) -> Turn:
    options = place_options(home)
    if home.certain and len(options) == 1:
        return _noted(message, SaidFacts(places=tuple(options), place_sure=True))
    return ask_question(message.state, Ask.WHICH_PLACE, message.context, places=options)


def _other_skills(message: Incoming, text: str, asked: Ask) -> Turn | None:
    """Read skills that are denied, or added to those told: "cook nahi, waiter", "add cook"."""
    profile = message.context.profile
    if profile is None or not profile.skills or asked is Ask.SKILLS:
        return None
    change = read_change(text, message.context.reply_language)
    if change is None or not (change.added or change.denied & set(profile.skills)):
        return None
    if not change.denied & set(profile.skills) and message.state.ask is not Ask.NOTHING:
        return None
    skills = change.applied_to(profile.skills)
    if not skills or set(skills) == set(profile.skills):
        return None
    if message.state.ask is Ask.NOTHING:
        if set(change.added) - set(_named_skills(message)):
            return None  # "kaam nahi mil raha" names no mill
        said = phrase_set("skill_also", "skill_only", "works", "around_skill", "change_wish")
        if not change.denied & set(profile.skills) and not said.anywhere(split_words(text)):
            return None  # "कोई फ़ोन नहीं आया": nobody called, and no nanny
        return ask_question(message.state, Ask.SKILLS_RIGHT, message.context, skills=skills)
    return _noted(message, SaidFacts(skills=tuple(skills), skills_sure=True))


def _named_skills(message: Incoming) -> tuple[str, ...]:
    """Return the skills that a message calls by their very names."""
    skills = frame_of(message).skills
    return skills.value if skills is not None else ()


def _moved(message: Incoming, text: str, asked: Ask) -> Turn | None:
    """Read where somebody lives now, said where nothing was asked: "main ab Thane mein rehta hoon"."""
    profile = message.context.profile
    if asked is not Ask.NOTHING or profile is None or not profile.located or "?" in text:
        return None
    words = split_words(text)
    if not phrase_set("lives_in").anywhere(words) or not phrase_set("home_near").anywhere(words):
        return None
    home = find_home(text, profile.place)
    if home is None or not all(place.sure for place in home.value):
        return None
    return _placed(message, home)


def _noted(message: Incoming, said: SaidFacts) -> Turn:
    """Store a fact, read it back, and repeat the open question."""
    changes: dict[str, Any] = said.changes()
    again = (ask_again(message),) if message.state.ask in QUESTIONS else ()
    reply = Reply("noted", {"facts": said.read_back()})
    state = replace(message.state, misses=0)
    effects: tuple[Effect, ...] = (EditProfile(changes),) if changes else ()
    if said.slots:
        effects = (*effects, SetWeeklyHours(said.slots))
        state = replace(state, answered=state.answered | {Ask.AVAILABILITY})
    return Turn(state, (reply, *again), effects)
