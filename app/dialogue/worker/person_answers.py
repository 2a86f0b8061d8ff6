"""Reads consent, name and phone. Pure."""

import unicodedata
from collections.abc import Sequence
from typing import Final

from app.core.phones import is_special
from app.dialogue.effects import EditProfile, ForgetPerson, GiveConsent, SetPhone
from app.dialogue.state import Ask, State
from app.dialogue.turn import Incoming, Reply, Turn
from app.dialogue.worker.questions import ask_again, good_name, offered_name
from app.dialogue.worker.registration import close_question
from app.messaging.inbound import InboundKind
from app.nlu import quantities
from app.nlu.intents import Intent, intents, yes_or_no
from app.nlu.normalize import split_words
from app.nlu.vocabulary import phrase_set

ADULT_YEARS: Final = 18
OLDEST_YEARS: Final = 120
"""A greater number is no age."""
_INTRODUCTION_CHARACTERS: Final = 200
"""A longer text introduces nobody."""


def read_consent(message: Incoming) -> Turn | None:
    """Read agreement or refusal."""
    choice = message.tapped("consent") or consent_in(message.text or "")
    match choice:
        case "yes":
            return close_question(message, Ask.CONSENT, GiveConsent(message.inbound.name or ""))
        case "minor":
            return Turn(State(), (Reply("minor"),), (ForgetPerson(),))
        case "no":
            return Turn(State(), (Reply("consent_declined"),), (ForgetPerson(),))
        case "of_age":
            # An age is no consent.
            return Turn(message.state, (Reply("ask_agree"),))
        case _:
            return None


def consent_in(text: str) -> str | None:
    """Return what a written answer to the question for consent says.

    `yes`, `no`, `minor`, `of_age` for an age without a yes or no, and None for anything that is not
    only that: nobody agrees by half a sentence, and nobody under age by a yes.
    """
    if {Intent.YES, Intent.NO} & (meant := intents(text)):
        return "yes" if Intent.YES in meant else "no"
    found = quantities.age(split_words(text))
    if found is None:
        return None
    age, words = found
    without_minor = phrase_set("minor").without(words)
    not_under = phrase_set("under").without(without_minor)
    rest = phrase_set("over").without(not_under)
    under = len(not_under) < len(without_minor)
    meaning = yes_or_no(rest)
    if meaning is None and phrase_set("filler").without(rest):
        return None
    if len(without_minor) < len(words) or (age is not None and age < ADULT_YEARS):
        return "minor"
    if under:
        return "minor" if age == ADULT_YEARS else None
    if age is None or age > OLDEST_YEARS:
        return None
    if meaning is None:
        return "of_age"
    return "yes" if meaning is Intent.YES else None


def read_name(message: Incoming) -> Turn | None:
    """Read a name."""
    text = message.text
    profile = message.context.profile
    offered = offered_name(message.state, message.context)
    agreed = message.tapped("name") == "profile" or message.has_intent(Intent.YES)
    if agreed and offered and profile is not None:
        return close_question(message, Ask.NAME, EditProfile({"name": offered}))
    if text is None:
        return None
    if message.has_intent(Intent.COURTESY):
        return None
    if message.state.registering and (aged := read_age(message)) is not None:
        return aged
    name = name_in(text)
    if not good_name(name):
        return Turn(message.state, (Reply("name_bad"),), missed=True)
    return close_question(message, Ask.NAME, EditProfile({"name": name}))


def read_age(message: Incoming) -> Turn | None:
    """Read an age given after the question for it: a minor can't go on.

    A bare number, and a time nobody is said to have, count only where nothing else could be meant: at
    the question for skills "10 years" is experience.
    """
    text = message.text or ""
    bare = quantities.is_only_a_duration(split_words(text))
    match consent_in(text):
        case "minor" if not bare or message.state.ask is Ask.NAME:
            return Turn(State(), (Reply("minor"),), (ForgetPerson(),))
        case "of_age" | "minor":
            return Turn(message.state, (ask_again(message),))
        case _:
            return None


def read_name_correction(message: Incoming) -> Turn | None:
    """Read a correction of the name just given: "sorry Anil Kumar", "my name is Anil Kumar"."""
    text, profile = message.text, message.context.profile
    if text is None or profile is None or not message.state.registering:
        return None
    if Ask.NAME not in message.state.answered:
        return None
    words = text.split()
    plain = ["".join(split_words(word)) for word in words]
    corrections = phrase_set("correction", section="calendar")
    begins = corrections.at(plain, 0) if plain and plain[0] else None
    name = name_in(" ".join(words[len(begins.words) :])) if begins else name_in(text)
    introduced = any(word in {"name", "naam", "नाम"} for word in plain)
    same = split_words(name)[:1] == split_words(profile.name)[:1]
    if name == text or not good_name(name) or not (introduced or (begins and same)):
        return None
    again = ask_again(message)
    return Turn(message.state, (Reply("saved"), again), (EditProfile({"name": name}),))


def name_in(text: str) -> str:
    """Return the name in "my name is …", "mera naam … hai": as it is written, on one line.

    "" where there is none, and for a text that is too long to be an introduction.
    """
    if len(text) > _INTRODUCTION_CHARACTERS:
        return ""
    words = unicodedata.normalize("NFC", text).split()
    plain = ["".join(split_words(word)) for word in words]
    if len(words) > 1 and _only(plain, "before_name"):
        return ""
    # At least one word is left: "Main" alone may be a name.
    end = next((n for n in range(1, len(words)) if _only(plain[n:], "after_name")), len(words))
    before = ("before_name", "filler") if end < len(words) else ("before_name",)
    start = next((n for n in range(end - 1, 0, -1) if _only(plain[:n], *before)), 0)
    return " ".join(words[start:end])


def _only(words: Sequence[str], *lists: str) -> bool:
    return not phrase_set(*lists).without(words)


def read_phone(message: Incoming) -> Turn | None:
    """Read a shared phone number, or that it is skipped."""
    phone = message.inbound.phone
    if message.inbound.kind is InboundKind.CONTACT and phone is not None and not is_special(phone):
        return close_question(message, Ask.PHONE, SetPhone(phone), before=(Reply("phone_saved"),))
    profile = message.context.profile
    if message.has_intent(Intent.SKIP) or (profile is not None and profile.has_phone):
        # The platform may name the phone with any message.
        return close_question(message, Ask.PHONE)
    return Turn(message.state, (Reply("phone_missing"), Reply("ask_phone")), missed=True)
