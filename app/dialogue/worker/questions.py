"""The questions of a registration, which are those of every later change too. Pure.

A reader returns None for what it can't make sense of; `script` then asks again.
"""

from collections.abc import Mapping
from typing import Final

from app.dialogue.flow import QUESTIONS, Question
from app.dialogue.state import Ask
from app.dialogue.worker import hours_questions, person_questions, place_questions, skill_questions

TABLE: Final[Mapping[Ask, Question]] = {
    Ask.LANGUAGE: Question(
        person_questions.ask_language,
        person_questions.read_language,
        lambda c: c.language is not None,
    ),
    Ask.CONSENT: Question(
        person_questions.ask_consent,
        person_questions.read_consent,
        lambda c: c.profile is not None and c.profile.agreed,
    ),
    Ask.NAME: Question(person_questions.ask_name, person_questions.read_name),
    Ask.PHONE: Question(
        person_questions.ask_phone,
        person_questions.read_phone,
        lambda c: c.profile is not None and c.profile.has_phone,
    ),
    Ask.SKILLS: Question(
        skill_questions.ask_skills,
        skill_questions.read_skills,
        lambda c: c.profile is not None and bool(c.profile.skills),
    ),
    Ask.SKILLS_RIGHT: Question(skill_questions.ask_skills_right, skill_questions.read_skills_right),
    Ask.LOCATION: Question(
        place_questions.ask_location,
        place_questions.read_location,
        lambda c: c.profile is not None and c.profile.located,
    ),
    Ask.WHICH_PLACE: Question(place_questions.ask_which_place, place_questions.read_which_place),
    Ask.DISTANCE: Question(place_questions.ask_distance, place_questions.read_distance),
    Ask.EXPERIENCE: Question(place_questions.ask_experience, place_questions.read_experience),
    Ask.AVAILABILITY: Question(
        hours_questions.ask_availability,
        hours_questions.read_availability,
        lambda c: c.profile is not None and bool(c.profile.slots),
    ),
    Ask.AVAILABILITY_RIGHT: Question(
        hours_questions.ask_availability_right, hours_questions.read_availability_right
    ),
}
"""Every question that changes a profile: how it is asked, how answers are read, what is known."""

QUESTIONS.update(TABLE)
