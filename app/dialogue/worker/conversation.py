"""The conversation with a worker: menu, intents, frequent questions, the open question, everyday talk. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from app.core.geo import Point, on_grid
from app.dialogue.choices import as_tap, place_name
from app.dialogue.effects import ListContactHolders, SendOwnData, SetPhone, ShowReliability, Start
from app.dialogue.engine import (
    MISSES_BEFORE_HUMAN,
    MISSES_BEFORE_MENU,
    UNREADABLE,
    Persona,
    Reader,
    answer_faq,
    follow_intent,
    follow_tap,
    hand_over,
    help_with_question,
    respond,
    stop,
)
from app.dialogue.reworded import reworded
from app.dialogue.state import FREE_WRITING, Ask
from app.dialogue.turn import Incoming, Reply, Turn
from app.dialogue.worker.account_requests import (
    answer_courtesy,
    ask_delete,
    read_delete,
    read_new_place,
    read_report,
    send_code,
)
from app.dialogue.worker.after_unlock import ask_which_company, contact_tap, reached_tap
from app.dialogue.worker.appeals import again as appeal_again
from app.dialogue.worker.appeals import appeal_tap, ask_appeal, read_appeal
from app.dialogue.worker.corrections import read_corrections
from app.dialogue.worker.going_back import go_back
from app.dialogue.worker.hours_answers import (
    read_availability,
    read_availability_right,
)
from app.dialogue.worker.language_answers import read_facts_before_language, settle_language
from app.dialogue.worker.offer_questions import (
    read_offer_question,
    read_unknown_question,
    short_buttons,
)
from app.dialogue.worker.offers import (
    list_offers,
    offer_reply,
    read_answer,
    read_named_offer,
    read_reason,
)
from app.dialogue.worker.onboarding import resume, unfinished
from app.dialogue.worker.person_answers import (
    read_consent,
    read_name,
    read_phone,
)
from app.dialogue.worker.place_answers import (
    move_home,
    read_distance,
    read_experience,
    read_location,
    read_which_place,
    remember_pin,
)
from app.dialogue.worker.profile_changes import read_change_aside, read_profile_change
from app.dialogue.worker.questions import QUESTIONS, ask_again
from app.dialogue.worker.quiet_answers import (
    ask_quiet_hours,
    read_quiet_answer,
    read_quiet_tap,
    read_quiet_wish,
)
from app.dialogue.worker.registration import ask_question, summary
from app.dialogue.worker.second_thoughts import read_after_yes, read_changed_mind, read_withdraw
from app.dialogue.worker.skill_answers import read_skills, read_skills_right
from app.dialogue.worker.whole_message import answer_whole, is_question_of_profile
from app.messaging.inbound import InboundKind
from app.nlu.consent import consent_with_more
from app.nlu.faq_topic import find_topic
from app.nlu.intents import Intent
from app.nlu.normalize import split_words
from app.nlu.vocabulary import phrase_set
from app.texts.message import Row

WORKERS_OWN: Final = frozenset(
    {
        *QUESTIONS,
        Ask.NOTHING,
        Ask.DELETE,
        Ask.REPORT,
        Ask.APPEAL,
        Ask.NEW_PLACE,
        Ask.WITHDRAW,
        Ask.QUIET,
    }
)
"""The questions that workers are asked."""

# ── Menu and intents ─────────────────────────────────────────────────────────────────────────────


def _menu(message: Incoming) -> Turn:
    if message.state.registering:
        return _help(message)
    complete = unfinished(message.state, message.context) is None
    state = message.state.at(Ask.NOTHING) if complete else message.state
    return Turn(state, (Reply("menu"),))


def _help(message: Incoming) -> Turn:
    again = _open_question(message) if message.state.registering else ()
    return help_with_question(message, "help", again)


def _profile(message: Incoming) -> Turn | None:
    if message.context.profile is None:
        return None
    if message.state.registering:
        asked = Ask.DISTANCE in message.state.answered
        return resume(
            message, Reply("so_far" if asked else "so_far_begun", summary(message.context))
        )
    return Turn(message.state.at(Ask.NOTHING), (Reply("profile", summary(message.context)),))


def _work(message: Incoming) -> Turn | None:
    """List offers to somebody who says "I need work"; during registration that goes without saying."""
    return None if message.state.registering else list_offers(message)


def _change(question: Ask) -> Reader[Incoming]:
    def change(message: Incoming) -> Turn:
        if message.state.registering:
            return resume(message)
        return ask_question(message.state, question, message.context)

    return change


def _choose_language(message: Incoming) -> Turn:
    # The open question stays open: a choice is understood anywhere, and the question is then repeated.
    question = QUESTIONS[Ask.LANGUAGE].ask(message.state, message.context)
    return Turn(message.state, (question,))


def _greeting(message: Incoming) -> Turn | None:
    return _greet(message) if message.state.ask in QUESTIONS else None


def _send_data(message: Incoming) -> Turn:
    return Turn(message.state, (), (SendOwnData(),))


def _list_holders(message: Incoming) -> Turn:
    return Turn(message.state, (), (ListContactHolders(),))


def _show_reliability(message: Incoming) -> Turn | None:
    if message.context.profile is None or message.state.registering:
        return None
    return Turn(message.state, (), (ShowReliability(),))


_INTENTS: Final[Mapping[Intent, Reader[Incoming]]] = {
    Intent.DELETE_DATA: ask_delete,
    Intent.SEND_DATA: _send_data,
    Intent.WHO_KNOWS: _list_holders,
    Intent.RELIABILITY: _show_reliability,
    Intent.APPEAL: ask_appeal,
    Intent.CODE: send_code,
    Intent.BLOCK: ask_which_company(Intent.BLOCK),
    Intent.REPORT: ask_which_company(Intent.REPORT),
    Intent.HUMAN: hand_over,
    Intent.HELP: _help,
    Intent.MENU: _menu,
    Intent.BACK: go_back,
    Intent.LANGUAGE: _choose_language,
    Intent.LANGUAGE_NAME: _choose_language,
    Intent.GREETING: _greeting,
    Intent.PROFILE: _profile,
    Intent.OFFERS: list_offers,
    Intent.AS_WORKER: _work,
    Intent.AREA: _change(Ask.LOCATION),
}
_MENUS: Final[Mapping[str, Mapping[str, Reader[Incoming]]]] = {
    "menu": {
        "open": _menu,
        "offers": list_offers,
        "profile": _profile,
        "availability": _change(Ask.AVAILABILITY),
        "skills": _change(Ask.SKILLS),
        "location": _change(Ask.LOCATION),
        "who_knows": _list_holders,
        "send_data": _send_data,
        "language": _choose_language,
        "human": hand_over,
        "stop": stop,
    },
    "edit": {
        "name": _change(Ask.NAME),
        "skills": _change(Ask.SKILLS),
        "location": _change(Ask.LOCATION),
        "distance": _change(Ask.DISTANCE),
        "experience": _change(Ask.EXPERIENCE),
        "availability": _change(Ask.AVAILABILITY),
        "quiet": ask_quiet_hours,
        "language": _choose_language,
        "delete": ask_delete,
    },
}
_IN_A_SENTENCE: Final = frozenset({Intent.OFFERS, Intent.AREA})
"""Clear as "koi kaam hai?", but not as "kaam" where somebody says what they can do."""
_PLACES: Final = frozenset({Ask.LOCATION, Ask.WHICH_PLACE})
_UNMISTAKABLE: Final = frozenset(
    {
        Intent.HELP,
        Intent.MENU,
        Intent.BACK,
        Intent.PROFILE,
        Intent.LANGUAGE,
        Intent.GREETING,
        Intent.SEND_DATA,
        Intent.DELETE_DATA,
        Intent.WHO_KNOWS,
        Intent.HUMAN,
    }
)


def _intent(message: Incoming) -> Turn | None:
    """Follow an intent; at questions answered in own words, only one that can't be the answer."""
    text, state, intents = message.text, message.state, message.intents
    if state.ask in FREE_WRITING and (state.registering or len(intents) != 1):
        # Nobody takes a place or a whole sentence for one of these words.
        words = split_words(text or "")
        whole = state.ask in _PLACES or len(words) > 1
        # "Offers" is no name and no skill; "job" and "kaam" may be either.
        whole |= bool(phrase_set("around_skill").without(words))
        intents &= _UNMISTAKABLE | (_IN_A_SENTENCE if whole else frozenset())
    return follow_intent(message, _INTENTS, intents)


# ── Frequent questions ───────────────────────────────────────────────────────────────────────────


def _faq(message: Incoming) -> Turn | None:
    asked = message.state.ask
    if asked is not Ask.NOTHING and asked not in QUESTIONS:
        return None
    if asked is Ask.CONSENT and consent_with_more(message.text or "") is not None:
        return None  # "yes, and is it free?" agrees, too
    return answer_faq(message, find_topic, _answer_faq)


def _answer_faq(message: Incoming, topic: str, repeated: Sequence[Reply]) -> Turn:
    answer = (Reply(f"faq_{topic}"), *repeated)
    if message.state.ask is not Ask.NOTHING:
        return Turn(message.state, (*answer, ask_again(message)))
    offers, accepted = message.context.open_offers, message.context.accepted_offers
    if topic == "pay" and len(offers) == 1:
        return Turn(message.state, (*answer, offer_reply(offers[0])))
    if topic == "pay" and not offers and len(accepted) == 1:
        return Turn(message.state, (*answer, Reply("pay_of_job", accepted[0].params)))
    return Turn(message.state, (*answer, *(short_buttons(offers[0]) if len(offers) == 1 else ())))


# ── The open question ────────────────────────────────────────────────────────────────────────────

_READERS: Final[Mapping[Ask, Reader[Incoming]]] = {
    # A language is chosen at any time (`language_choice`), so what arrives here is none.
    Ask.LANGUAGE: read_facts_before_language,
    Ask.CONSENT: read_consent,
    Ask.NAME: read_name,
    Ask.PHONE: read_phone,
    Ask.SKILLS: read_skills,
    Ask.SKILLS_RIGHT: read_skills_right,
    Ask.LOCATION: read_location,
    Ask.WHICH_PLACE: read_which_place,
    Ask.DISTANCE: read_distance,
    Ask.EXPERIENCE: read_experience,
    Ask.AVAILABILITY: read_availability,
    Ask.AVAILABILITY_RIGHT: read_availability_right,
    Ask.QUIET: read_quiet_answer,
}
_OTHER_READERS: Final[Mapping[Ask, Reader[Incoming]]] = {
    Ask.DELETE: read_delete,
    Ask.REPORT: read_report,
    Ask.APPEAL: read_appeal,
    Ask.NEW_PLACE: read_new_place,
    Ask.WITHDRAW: read_withdraw,
}
"""Readers of questions that are no part of a profile."""
_OTHER_TEXTS: Final[Mapping[Ask, str]] = {
    Ask.DELETE: "ask_delete",
    Ask.NEW_PLACE: "use_location",
    Ask.QUIET: "quiet_now",
}


def _answer(message: Incoming) -> Turn | None:
    message = _typed_title_as_tap(message)
    asked = message.state.ask
    if asked in _OTHER_READERS:
        return _OTHER_READERS[asked](message)
    if asked is Ask.NOTHING:
        return None
    turn = None
    if is_question_of_profile(asked):
        turn = read_corrections(message) or answer_whole(message, _READERS[asked])
    turn = turn or _READERS[asked](message)
    if (turn is None or turn.missed) and (other := read_change_aside(message)) is not None:
        return other
    if turn is not None and turn.missed and message.has_intent(Intent.COURTESY):
        return answer_courtesy(message)
    return None if turn is None else _counted(message, turn)


def _typed_title_as_tap(message: Incoming) -> Incoming:
    """People also type the titles of buttons; at the skills, words are read as skills only."""
    asked = message.state.ask
    if message.inbound.kind is not InboundKind.TEXT or asked is Ask.SKILLS:
        return message
    if asked in QUESTIONS:
        return as_tap(message, ask_again(message))
    return as_tap(message, Reply(_OTHER_TEXTS[asked])) if asked in _OTHER_TEXTS else message


def _counted(message: Incoming, turn: Turn) -> Turn:
    """Count a miss that the reader has explained, as the engine counts others; else end the count."""
    missed = turn.missed and message.inbound.kind is not InboundKind.TAP
    misses = message.state.misses + 1 if missed else 0
    if misses >= MISSES_BEFORE_HUMAN:
        return hand_over(message, "not_understood", _reworded(message, _open_question(message)))
    replies = tuple(_reworded(message, turn.replies)) if missed else turn.replies
    if misses >= MISSES_BEFORE_MENU:
        replies = (Reply("stuck"), *replies)
    return replace(turn, state=replace(turn.state, misses=misses), replies=replies)


# ── Everyday talk ────────────────────────────────────────────────────────────────────────────────


def _everyday(message: Incoming) -> Turn | None:
    inbound, state, context = message.inbound, message.state, message.context
    idle = state.ask is Ask.NOTHING
    if idle and inbound.kind is InboundKind.TEXT:
        for shown in ("menu", "profile", "quiet_now", "quiet_set", "quiet_never_set"):
            chosen = as_tap(message, Reply(shown))
            if chosen is not message and unfinished(state, context) is None:
                return respond(chosen, WORKER)
    has_phone = context.profile is None or context.profile.has_phone
    if inbound.kind is InboundKind.CONTACT and inbound.phone and not has_phone:
        return Turn(state, (Reply("phone_saved"),), (SetPhone(inbound.phone),))
    if idle:
        if (turn := read_profile_change(message)) is not None:
            return turn
        if (turn := read_answer(message)) is not None:
            return _counted(message, turn)
        if (turn := read_named_offer(message) or read_corrections(message)) is not None:
            return turn
    if inbound.kind is InboundKind.LOCATION and (turn := _pin(message)) is not None:
        return turn
    if message.has_intent(Intent.GREETING, Intent.START, Intent.BOT):
        greeted = _greet(message)
        # The STOP may be that of another account, which was merged into this one before it ever wrote.
        begins = message.has_intent(Intent.START) and context.profile is not None
        return replace(greeted, effects=(Start(), *greeted.effects)) if begins else greeted
    if inbound.kind in UNREADABLE:
        return None
    if inbound.kind is InboundKind.FORM and not state.registering:
        # Filled in later than it was asked for: it is read back before it counts.
        return read_availability(message)
    return resume(message) if idle and unfinished(state, context) is not None else None


def _pin(message: Incoming) -> Turn | None:
    """Follow a location that the open question did not ask for; of several the newest counts."""
    latitude, longitude = message.inbound.latitude, message.inbound.longitude
    if latitude is None or longitude is None:
        return None
    state, profile = message.state, message.context.profile
    if state.ask is Ask.REPORT:
        return None
    if profile is not None and not profile.agreed:
        return remember_pin(message)
    if state.ask in QUESTIONS and state.registering:
        return move_home(message) if profile is not None else None
    at = on_grid(Point(latitude, longitude))
    opened = state.at(Ask.NEW_PLACE, at=[at.latitude, at.longitude])
    return Turn(opened, (Reply("use_location", {"place": place_name(latitude, longitude)}),))


def _greet(message: Incoming) -> Turn:
    state, context = message.state, message.context
    if state.ask in QUESTIONS or unfinished(state, context) is not None:
        return resume(message)
    name = context.profile.name if context.profile else ""
    menu = context.text("menu")
    rows = [
        Row(id_, *(part.strip() for part in title.split("|", 1)))
        for id_, title in menu.rows.items()
    ]
    return Turn(state.at(Ask.NOTHING), (Reply("welcome_back", {"name": name}, rows=rows),))


# ── The persona ──────────────────────────────────────────────────────────────────────────────────


_TEXT_OF: Final[Mapping[Ask, str]] = {
    Ask.DELETE: "ask_delete",
    Ask.REPORT: "ask_report",
}
"""The texts of questions that are no part of a profile, whose values the draft keeps."""


def _open_question(message: Incoming) -> tuple[Reply, ...]:
    state = message.state
    if state.ask is Ask.QUIET:
        return (Reply("ask_quiet_again"),)
    if state.ask is Ask.NEW_PLACE and state.draft.get("at"):
        return (Reply("use_location", {"place": place_name(*state.draft["at"])}),)
    if state.ask is Ask.APPEAL:
        return (appeal_again(message),)
    if state.ask in _TEXT_OF:
        return (Reply(_TEXT_OF[state.ask], state.draft),)
    return (ask_again(message),) if state.ask in QUESTIONS else ()


def _reworded(message: Incoming, replies: Sequence[Reply]) -> Sequence[Reply]:
    """Return the replies with each question in other words, with an example."""
    return [part for reply in replies for part in reworded(reply, message.context)]


def _not_understood(message: Incoming, with_menu: bool) -> Sequence[Reply]:
    if again := _open_question(message):
        noted = message.state.ask not in {Ask.LANGUAGE, Ask.CONSENT, Ask.NAME}
        if message.has_intent(Intent.YES) and noted and not with_menu:
            return _reworded(message, again)  # A yes to what was noted was understood.
        # The second time it says how to get out of it, too.
        return (Reply("stuck" if with_menu else "not_understood"), *_reworded(message, again))
    offers = message.context.open_offers
    if with_menu and len(offers) == 1 and message.state.ask is Ask.NOTHING:
        # What waits for an answer is asked again, rather than shown behind a menu.
        return (Reply("not_understood"), Reply("still_open"), *short_buttons(offers[0]))
    if with_menu or message.state.ask is not Ask.NOTHING:
        return (Reply("not_understood_menu"), Reply("menu"))
    return (Reply("not_understood"), Reply("help"))


WORKER: Final[Persona[Incoming]] = Persona(
    readers=(
        partial(follow_tap, menus=_MENUS),
        settle_language,
        contact_tap,
        reached_tap,
        appeal_tap,
        read_quiet_tap,
        read_quiet_wish,
        read_changed_mind,
        read_after_yes,
        read_offer_question,
        _faq,
        read_reason,
        _intent,
        _answer,
        _everyday,
        answer_courtesy,
        read_unknown_question,
    ),
    ask_again=_open_question,
    not_understood=_not_understood,
    is_suspended=lambda message: (
        message.context.profile is not None and message.context.profile.suspended
    ),
    while_suspended={Intent.SEND_DATA: _send_data},
)
