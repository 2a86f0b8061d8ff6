"""Reads consent, name and phone. Pure."""

from dataclasses import replace
from typing import Final

from app.core.phones import is_special
from app.dialogue.effects import EditProfile, ForgetPerson, GiveConsent, SetPhone
from app.dialogue.state import Ask, State
from app.dialogue.turn import Incoming, Reply, Turn
from app.dialogue.worker.questions import ask_again, ask_this_name, good_name, offered_name
from app.dialogue.worker.registration import close_question
from app.dialogue.worker.said_facts import ASKED_BY, SaidFacts
from app.dialogue.worker.whole_message import frame_of, keep, remember, says_anything
from app.messaging.inbound import InboundKind
from app.nlu import quantities
from app.nlu.consent import ADULT_YEARS, consent_with_more, parse_consent, sentences
from app.nlu.faq_topic import find_topic
from app.nlu.intents import Intent, intents, takes_proposal
from app.nlu.message_words import words_of
from app.nlu.normalize import split_words
from app.nlu.person_name import find_corrected_name, read_name_answer
from app.nlu.typos import without_typos
from app.nlu.vocabulary import phrase_set

_NAME_WORDS: Final = 4
"""A text of more words is no name alone."""


def read_consent(message: Incoming) -> Turn | None:
    """Read agreement or refusal."""
    choice = message.tapped("consent") or parse_consent(message.text or "")
    frame = frame_of(message)
    beside = choice is None and says_anything(frame)
    if beside:
        message = replace(message, state=remember(message.state, frame))
        # "No, I am Ravi" refuses nothing.
        choice = parse_consent(frame.text_without(*ASKED_BY))
        choice = None if choice == "no" else choice
    more = consent_with_more(message.text or "") if choice is None else None
    answers = _answers(more.rest if more is not None else message.text or "")
    if more is not None and parse_consent(more.rest) == "minor":
        choice = "minor"
    elif more is not None and more.certain and (answers or beside):
        choice = "yes"
    said = SaidFacts.from_json(message.state.said)
    if choice == "yes" and said.age is not None and said.age < ADULT_YEARS:
        choice = "minor"
    match choice:
        case "yes":
            kept = keep(replace(message, state=replace(message.state, said={})), said)
            agreed = GiveConsent(message.inbound.name or "")
            before = (*answers, *kept.replies)
            return close_question(kept.message, Ask.CONSENT, agreed, *kept.effects, before=before)
        case "minor":
            return Turn(State(), (Reply("minor"),), (ForgetPerson(),))
        case "no":
            return Turn(State(), (Reply("consent_declined"),), (ForgetPerson(),))
        case "of_age":
            # An age is no consent.
            return Turn(message.state, (Reply("ask_agree"),))
        case _ if beside:
            return Turn(message.state, (Reply("facts_wait"), Reply("ask_consent")))
        case _ if more is not None:
            # Who says "yes, but" has not agreed yet.
            return Turn(replace(message.state, misses=0), (*answers, Reply("ask_agree")))
        case _ if answers:
            return Turn(replace(message.state, misses=0), (*answers, Reply("ask_consent")))
        case _:
            return None


def _answers(text: str) -> tuple[Reply, ...]:
    """Return the answers to what is asked beside the consent, each once."""
    topics = [find_topic(part) or _asks_details(part) for part in sentences(text)]
    return tuple(Reply(f"faq_{topic}") for topic in dict.fromkeys(topics) if topic)


def _asks_details(text: str) -> str | None:
    return "who" if phrase_set("ask_details").anywhere(split_words(text)) else None


def read_name(message: Incoming) -> Turn | None:
    """Read a name."""
    text = message.text
    profile = message.context.profile
    offered = offered_name(message.state, message.context)
    taken = message.has_intent(Intent.YES) or takes_proposal(text)
    agreed = message.tapped("name") == "profile" or taken
    if agreed and offered and profile is not None:
        return close_question(message, Ask.NAME, EditProfile({"name": offered}))
    if text is None or message.has_intent(Intent.COURTESY):
        return None
    if message.state.registering and (aged := read_age(message)) is not None:
        return aged
    found = read_name_answer(words_of(_without_age(message, text)))
    # A command with a slip is no name that nobody has: "hepl", "stpo".
    slipped = found is not None and not found.certain and intents(without_typos(text))
    if found is None or slipped or not good_name(found.value):
        return Turn(message.state, (Reply("name_bad"),), missed=True)
    if not found.certain:
        proposed = message.state.at(Ask.NAME, offered=found.value)
        return Turn(proposed, (ask_this_name(message.context, found.value),))
    return close_question(message, Ask.NAME, EditProfile({"name": found.value}))


def _without_age(message: Incoming, text: str) -> str:
    """Return an answer without the age that many say with their name: "Ravi 24", "गीता, उम्र ३५"."""
    frame = frame_of(message)
    adult = frame.age is not None and frame.age.value >= ADULT_YEARS
    return frame.text_without("age") if adult else text


def read_age(message: Incoming) -> Turn | None:
    """Read an age given after the question for it: a minor can't go on.

    A bare number, and a time nobody is said to have, count only where nothing else could be meant: at
    the question for skills "10 years" is experience.
    """
    text = message.text or ""
    bare = quantities.is_only_a_duration(split_words(text))
    match parse_consent(text):
        case "minor" if not bare or message.state.ask is Ask.NAME:
            return Turn(State(), (Reply("minor"),), (ForgetPerson(),))
        case "of_age" | "minor":
            return Turn(message.state, (ask_again(message),))
        case _:
            # A small number is no age, and no name or skill either.
            number = text.strip().isdecimal()
            return Turn(message.state, (ask_again(message),)) if number else None


def read_name_correction(message: Incoming) -> Turn | None:
    """Read a correction of the name just given: "sorry Anil Kumar", "my name is Anil Kumar"."""
    text, profile = message.text, message.context.profile
    if text is None or profile is None or not message.state.registering:
        return None
    if Ask.NAME not in message.state.answered:
        return None
    name = find_corrected_name(text, profile.name) or _in_full(text, profile.name)
    if name is None or not good_name(name):
        return None
    return Turn(message.state, (Reply("saved"), ask_again(message)), (EditProfile({"name": name}),))


def _in_full(text: str, known: str) -> str | None:
    """Return the whole name of somebody who gave only the first one: "Sunita", and then "Sunita Pawar"."""
    words = split_words(text)
    begins = words[:1] == split_words(known) and 1 < len(words) <= _NAME_WORDS
    if not begins:
        return None
    found = read_name_answer(words_of(text))
    return found.value if found is not None and found.certain else None


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
