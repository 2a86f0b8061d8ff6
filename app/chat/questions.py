"""The questions of a registration, which are those of every later change too. Pure.

A reader returns None for what it can't make sense of; `script` then asks again.
"""

from collections.abc import Mapping
from typing import Final

from app.chat import about_person, about_place, about_skills, about_times
from app.chat.flow import QUESTIONS, Question
from app.chat.model import Ask

TABLE: Final[Mapping[Ask, Question]] = {
    Ask.LANGUAGE: Question(
        about_person.ask_language, about_person.read_language, lambda c: c.language is not None
    ),
    Ask.CONSENT: Question(
        about_person.ask_consent,
        about_person.read_consent,
        lambda c: c.profile is not None and c.profile.agreed,
    ),
    Ask.NAME: Question(about_person.ask_name, about_person.read_name),
    Ask.PHONE: Question(
        about_person.ask_phone,
        about_person.read_phone,
        lambda c: c.profile is not None and c.profile.has_phone,
    ),
    Ask.SKILLS: Question(
        about_skills.ask_skills,
        about_skills.read_skills,
        lambda c: c.profile is not None and bool(c.profile.skills),
    ),
    Ask.SKILLS_RIGHT: Question(about_skills.ask_skills_right, about_skills.read_skills_right),
    Ask.LOCATION: Question(
        about_place.ask_location,
        about_place.read_location,
        lambda c: c.profile is not None and c.profile.located,
    ),
    Ask.WHICH_PLACE: Question(about_place.ask_which_place, about_place.read_which_place),
    Ask.DISTANCE: Question(about_place.ask_distance, about_place.read_distance),
    Ask.EXPERIENCE: Question(about_place.ask_experience, about_place.read_experience),
    Ask.AVAILABILITY: Question(
        about_times.ask_availability,
        about_times.read_availability,
        lambda c: c.profile is not None and bool(c.profile.slots),
    ),
    Ask.AVAILABILITY_RIGHT: Question(
        about_times.ask_availability_right, about_times.read_availability_right
    ),
}
"""Every question that changes a profile: how it is asked, how answers are read, what is known."""

QUESTIONS.update(TABLE)
