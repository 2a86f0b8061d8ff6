"""A registered worker changes their profile by writing: "ab sirf weekend", "time badal do", "15 km tak aa sakta hu". Pure.

What was read is read back, and one tap stores it; of several facts one after the other. While an offer waits for
its answer, such words are about that. A single day changes no week.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from app.core.week import Slot
from app.dialogue.effects import EditProfile
from app.dialogue.state import Ask
from app.dialogue.turn import Incoming, Reply, Turn
from app.dialogue.worker.corrections import read_corrections
from app.dialogue.worker.hours_answers import today_of
from app.dialogue.worker.questions import good_name
from app.dialogue.worker.registration import ask_question, keep_for_later, open_change
from app.dialogue.worker.said_facts import ASKED_BY, SaidFacts
from app.dialogue.worker.whole_message import frame_of
from app.nlu.normalize import split_clauses, split_words
from app.nlu.profile_wish import part_to_change
from app.nlu.vocabulary import phrase_set
from app.nlu.week_change import (
    add_to_week,
    names_day,
    names_single_day,
    read_week,
    read_week_change,
)
from app.texts.formatting import slot_params

_TOLD: Final = ("name", "skills", "distance_km", "years")
"""The facts that are taken out of a sentence; the home needs words of moving (`corrections`)."""


def read_profile_change(message: Incoming) -> Turn | None:
    """Return what follows from a change of the profile; None for any other message."""
    text, state, profile = message.text, message.state, message.context.profile
    if not text or profile is None or not profile.agreed or state.registering:
        return None
    if state.ask is not Ask.NOTHING or message.context.open_offers or message.context.quoted:
        return None
    if message.intents:
        return None
    if (part := part_to_change(text)) is not None:
        return ask_question(state, ASKED_BY[part], message.context)
    if "?" in text or phrase_set("asking").anywhere(split_words(text)):
        return None
    if (turn := _week(message, text)) is not None:
        return turn
    others = _other_facts(message)
    if (turn := read_corrections(message)) is not None:
        return _with_others(message, turn, others)
    return _proposed(message, others)


def _with_others(message: Incoming, turn: Turn, others: SaidFacts) -> Turn:
    """Return the turn with the other facts of the message read back after it."""
    if turn.state.ask is Ask.SKILLS_RIGHT:
        others = replace(others, skills=())
    changed = {
        name
        for effect in turn.effects
        if isinstance(effect, EditProfile)
        for name in effect.changes
    }
    if "name" in changed:
        others = replace(others, name="")
    if turn.state.ask is not Ask.NOTHING:
        return replace(turn, state=keep_for_later(turn.state, others.as_json()))
    opened = open_change(turn.state, message.context, others.as_json())
    if opened is None:
        return turn
    return replace(turn, state=opened[0], replies=(*turn.replies, opened[1]))


def read_change_aside(message: Incoming) -> Turn | None:
    """Return what follows from another change, written at a question that a registered worker has opened.

    What was read back there is read back again afterwards.
    """
    turn = read_profile_change(replace(message, state=message.state.at(Ask.NOTHING)))
    if turn is None or (turn.state.ask is Ask.NOTHING and not turn.effects):
        return None
    fact = _READ_BACK.get(message.state.ask)
    kept = {fact: message.state.draft.get(fact)} if fact is not None else {}
    return replace(turn, state=keep_for_later(turn.state, kept)) if any(kept.values()) else turn


_READ_BACK: Final = {Ask.AVAILABILITY_RIGHT: "slots", Ask.SKILLS_RIGHT: "skills"}


def _week(message: Incoming, text: str) -> Turn | None:
    profile, words = message.context.profile, split_words(text)
    if profile is None:
        return None
    if names_single_day(text) and phrase_set("day_off", "cannot_on", "negation").anywhere(words):
        return Turn(message.state, (Reply("day_off"),))
    slots = read_week_change(text, profile.slots) or _in_one_clause(message, text, profile.slots)
    if slots is None:
        return None
    if slots == list(profile.slots):
        return Turn(message.state, (Reply("hours_known", {"slots": slot_params(slots)}),))
    return _proposed(message, SaidFacts(slots=tuple(slots)))


def _in_one_clause(message: Incoming, text: str, known: Sequence[Slot]) -> list[Slot] | None:
    """Return the week that one clause tells where hours are named: "timing galat likh diya, subah 6 se 3 tak"."""
    if not phrase_set("names_hours").anywhere(split_words(text)):
        return None
    today = today_of(message.context)
    weeks: list[list[Slot]] = []
    for clause in split_clauses(text):
        if not (week := read_week(clause, today)):
            continue
        if not names_day(clause):
            # Hours without days are those of the days that are known, in place of the ones before.
            working = {slot.weekday for slot in known}
            week = [slot for slot in week if slot.weekday in working] or week
        weeks.append(week)
    return weeks[0] if len(weeks) == 1 else None


def _other_facts(message: Incoming) -> SaidFacts:
    """Return the facts of a message that are not known so, but for the home."""
    profile, frame = message.context.profile, frame_of(message)
    if profile is None:
        return SaidFacts()
    said = SaidFacts.of(frame, [name for name in _TOLD if name in frame.facts])
    if not said.name_sure or not good_name(said.name) or said.name == profile.name:
        said = replace(said, name="")
    if said.distance_km == profile.max_distance_km:
        said = replace(said, distance_km=None)
    sure = frame.years is not None and frame.years.certain
    if not sure or said.years == profile.experience_years:
        said = replace(said, years=None)
    if not said.skills_sure or phrase_set("negation").anywhere(split_words(message.text or "")):
        said = replace(said, skills=())
    together = tuple(dict.fromkeys([*profile.skills, *said.skills]))
    said = replace(said, skills=together if len(together) > len(profile.skills) else ())
    if frame.slots is not None and len(frame.facts) > 1:
        slots = add_to_week(profile.slots, frame.slots.value)
        said = replace(said, slots=tuple(slots) if slots != list(profile.slots) else ())
    return said


def _proposed(message: Incoming, said: SaidFacts) -> Turn | None:
    opened = open_change(message.state, message.context, said.as_json())
    return None if opened is None else Turn(opened[0], (opened[1],))
