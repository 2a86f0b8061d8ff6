"""The conversation as a pure function: `handle_message(state, inbound, context) -> Turn`.

A message is understood in this order, the first that fits: what is never answered (reactions, edits),
STOP, the silence after it, a choice of language, offers that are tapped or quoted, a call for help, the
wait for a human (`waiting`), what many ask, the words and menu entries that count everywhere, the open
question, everyday talk. What is left over is asked again, then answered with the menu, then given to a
human.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from app.catalogue import places
from app.dialogue.context import Context
from app.dialogue.effects import (
    HandBack,
    ListContactHolders,
    SendOwnData,
    SetLanguage,
    SetPhone,
    Start,
    Stop,
)
from app.dialogue.employer.account_linking import employer
from app.dialogue.faq import often_asked
from app.dialogue.flow import ask, summary, typed_choice
from app.dialogue.going_back import back
from app.dialogue.handoff import UNREAD, call_for_help, hand_over, while_wanted
from app.dialogue.persona import acting
from app.dialogue.state import FREE_WRITING, Ask, State
from app.dialogue.turn import Incoming, Reply, Turn
from app.dialogue.worker.account_requests import (
    asked_code,
    courtesy,
    read_delete,
    read_new_place,
    read_report,
)
from app.dialogue.worker.after_unlock import about_company, contact_tap
from app.dialogue.worker.hours_questions import told_in_passing
from app.dialogue.worker.offers import free_answer, my_offers, offer_tap, quoted, reason
from app.dialogue.worker.onboarding import language_choice, newcomer, resume, unfinished
from app.dialogue.worker.place_questions import relocated
from app.dialogue.worker.questions import TABLE as QUESTIONS
from app.messaging.inbound import Inbound, InboundKind
from app.nlu.intents import Intent, intents
from app.nlu.normalize import READ_CHARACTERS, has_devanagari, split_words
from app.nlu.safety import find_distress
from app.nlu.vocabulary import phrase_set
from app.texts import catalogue
from app.texts.message import Row

WORKERS_OWN: Final = frozenset({*QUESTIONS, Ask.NOTHING, Ask.DELETE, Ask.REPORT, Ask.NEW_PLACE})
"""Questions that are asked of workers."""
SILENT_KINDS: Final = frozenset(
    {InboundKind.REACTION, InboundKind.EDIT, InboundKind.MOVED, InboundKind.PREFERENCE}
)
"""A reaction never accepts, and an edit never changes what was answered."""
MISSES_BEFORE_MENU: Final = 2
MISSES_BEFORE_HUMAN: Final = 3
_IN_A_SENTENCE: Final = frozenset({Intent.OFFERS, Intent.AREA})
"""What is unmistakable as "koi kaam hai?", but not as "kaam" where somebody says what they can do."""
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


def handle_message(state: State, inbound: Inbound, context: Context) -> Turn:
    """Return what follows from one message. Never raises, whatever arrives."""
    if len(inbound.text) > READ_CHARACTERS:
        inbound = replace(inbound, text=inbound.text[:READ_CHARACTERS])
    message = Incoming(inbound, state, context)
    if inbound.kind in SILENT_KINDS:
        return Turn(state)
    if stops_or_starts(inbound) and context.stop_superseded:
        return Turn(state)
    if _is_stop(inbound):
        return _stop(message)
    if context.stopped:
        return _while_stopped(message)
    if context.late:
        return _late(message)
    if state.handoff_announced and not context.in_handoff:
        # Our team handed back: the next time a human is wanted, it is said again.
        state = replace(state, handoff_announced=False)
        message = replace(message, state=state)
    for understand in (language_choice, _in_hindi, offer_tap, quoted, call_for_help):
        if (turn := understand(message)) is not None:
            return turn
    if (turn := while_wanted(message, _understood)) is not None:
        return turn
    if (turn := _understood(message)) is None:
        return _not_understood(_of_a_worker(message))
    if 0 < turn.state.misses == state.misses and inbound.kind not in UNREAD:
        # What was understood ends the count of what was not.
        return replace(turn, state=replace(turn.state, misses=0))
    return turn


def stops_or_starts(inbound: Inbound) -> bool:
    """Whether it is STOP or START: of several the newest counts, in whatever order they come."""
    return _is_stop(inbound) or Intent.START in _intents_of(inbound)


def _is_stop(inbound: Inbound) -> bool:
    if inbound.kind is InboundKind.TAP:
        return inbound.payload == "menu:stop"
    return Intent.STOP in _intents_of(inbound)


def _intents_of(inbound: Inbound) -> frozenset[Intent]:
    return intents(inbound.text) if inbound.kind is InboundKind.TEXT else frozenset()


def _late(message: Incoming) -> Turn:
    """Read what is older than something handled before it: an offer's answer, or what can't be dropped.

    Nothing else of it counts. Words that only open a question do so where none is open.
    """
    if (turn := offer_tap(message) or call_for_help(message)) is not None:
        return turn
    free = message.state.ask is Ask.NOTHING
    for intent in (Intent.HUMAN, *((Intent.DELETE_DATA, Intent.REPORT) if free else ())):
        if message.has_intent(intent):
            return _WORDS[intent](message) or Turn(message.state)
    return Turn(message.state)


def _in_hindi(message: Incoming) -> Turn | None:
    """Answer in Hindi who writes in its script before they chose; the language is still asked for."""
    text, state = message.text or "", message.state
    if message.context.language is not None:
        return None
    if state.ask is Ask.LANGUAGE:
        hindi = has_devanagari(text) or (text and state.draft.get("first") == "hi")
        state = replace(state, draft={"first": "hi"})
    else:
        # Before the first question only what can't wait for it.
        hindi = has_devanagari(text) and find_distress(text) is not None
    if not hindi:
        return None
    turn = handle_message(state, message.inbound, replace(message.context, language="hi"))
    return replace(turn, effects=(SetLanguage("hi"), *turn.effects), language=turn.language or "hi")


def _understood(message: Incoming) -> Turn | None:
    """Return what follows from a message that is no human's to answer; None if it makes no sense."""
    for understand in (employer, newcomer):
        if (turn := understand(message)) is not None:
            return turn
    message = _of_a_worker(message)
    if message.context.profile is not None and message.context.profile.suspended:
        return _suspended(message)
    for understand in (_menu_tap, often_asked, reason, _everywhere, _answer, _everyday, courtesy):
        if (turn := understand(message)) is not None:
            return turn
    return None


def _of_a_worker(message: Incoming) -> Incoming:
    """Close a question to an employer whose account is gone, or for whom the phone acts no more."""
    if message.state.ask in WORKERS_OWN:
        return message
    return replace(message, state=message.state.at(Ask.NOTHING))


# ── STOP, START, and the human ───────────────────────────────────────────────────────────────────


def _stop(message: Incoming) -> Turn:
    if message.context.stopped:
        return Turn(message.state)
    return Turn(message.state, (Reply("stopped", essential=True),), (Stop(),))


def _while_stopped(message: Incoming) -> Turn:
    if message.has_intent(Intent.START):
        return _start(message)
    if (code := asked_code(message)) is not None:
        return code
    if message.has_intent(Intent.DELETE_DATA):
        if acting(message.state, message.context) is not None:
            return Turn(message.state, (Reply("employer_data", essential=True),))
        opened = message.state.at(Ask.DELETE)
        return Turn(opened, (Reply("ask_delete", essential=True),))
    agrees = message.tapped("delete") or message.has_intent(Intent.YES)
    if message.state.ask is Ask.DELETE and agrees and not message.context.late:
        return read_delete(message) or Turn(message.state)
    return Turn(message.state)


def _start(message: Incoming) -> Turn:
    """Who writes START wants an answer: the bot's, but where a human speaks already, theirs."""
    if message.context.taken_over:
        return Turn(message.state, (Reply("started"), Reply("human_called")), (Start(),))
    resumed = resume(
        replace(message, context=replace(message.context, stopped=False, in_handoff=False))
    )
    back = (HandBack(),) if message.context.in_handoff else ()
    return replace(
        resumed,
        replies=(Reply("started"), *resumed.replies),
        effects=(Start(), *back, *resumed.effects),
    )


def _suspended(message: Incoming) -> Turn:
    if message.has_intent(Intent.HUMAN) or message.tapped("menu") == "human":
        return hand_over(message)
    if message.has_intent(Intent.SEND_DATA):
        return Turn(message.state, (), (SendOwnData(),))
    return Turn(message.state, (Reply("suspended"),))


# ── Words and taps that count everywhere ─────────────────────────────────────────────────────────


def _menu_tap(message: Incoming) -> Turn | None:
    for prefix, table in (("menu", _MENU), ("edit", _EDITS)):
        choice = message.tapped(prefix)
        if choice is not None:
            chosen = table.get(choice)
            return None if chosen is None else chosen(message)
    return contact_tap(message)


def _everywhere(message: Incoming) -> Turn | None:
    text = message.text
    meant = message.intents
    if message.state.ask in FREE_WRITING and (message.state.registering or len(meant) != 1):
        # Of a place or a whole sentence nobody could take these for the answer.
        words = split_words(text or "")
        whole = message.state.ask in _PLACES or len(words) > 1
        # "Offers" is no name and no skill; of "job" and "kaam" nobody can tell.
        whole |= bool(phrase_set("around_skill").without(words))
        meant &= _UNMISTAKABLE | (_IN_A_SENTENCE if whole else frozenset())
    for intent, follow in _WORDS.items():
        if intent in meant:
            return follow(message)
    return None


def _menu(message: Incoming) -> Turn:
    if message.state.registering:
        return _help(message)
    complete = unfinished(message.state, message.context) is None
    state = message.state.at(Ask.NOTHING) if complete else message.state
    return Turn(state, (Reply("menu"),))


def _help(message: Incoming) -> Turn:
    if message.state.registering and message.state.ask in QUESTIONS:
        again = QUESTIONS[message.state.ask].ask(message.state, message.context)
        return Turn(message.state, (Reply("help", buttons=()), again))
    return Turn(message.state, (Reply("help"),))


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
    """Who looks for offers says "I need work", too; in a registration that goes without saying."""
    return None if message.state.registering else my_offers(message)


def _change(question: Ask) -> Callable[[Incoming], Turn]:
    def change(message: Incoming) -> Turn:
        if message.state.registering:
            return resume(message)
        opened, reply = ask(message.state, question, message.context)
        return Turn(opened, (reply,))

    return change


def _choose_language(message: Incoming) -> Turn:
    # The open question stays open: the choice is understood anywhere, and it is then asked again.
    return Turn(message.state, (QUESTIONS[Ask.LANGUAGE].ask(message.state, message.context),))


def _greeting(message: Incoming) -> Turn | None:
    return _greet(message) if message.state.ask in QUESTIONS else None


def _ask_delete(message: Incoming) -> Turn:
    return Turn(message.state.at(Ask.DELETE), (Reply("ask_delete"),))


def _send_data(message: Incoming) -> Turn:
    return Turn(message.state, (), (SendOwnData(),))


def _who_knows(message: Incoming) -> Turn:
    return Turn(message.state, (), (ListContactHolders(),))


_WORDS: Final[Mapping[Intent, Callable[[Incoming], Turn | None]]] = {
    Intent.DELETE_DATA: _ask_delete,
    Intent.SEND_DATA: _send_data,
    Intent.WHO_KNOWS: _who_knows,
    Intent.CODE: asked_code,
    Intent.BLOCK: about_company(Intent.BLOCK),
    Intent.REPORT: about_company(Intent.REPORT),
    Intent.HUMAN: hand_over,
    Intent.HELP: _help,
    Intent.MENU: _menu,
    Intent.BACK: back,
    Intent.LANGUAGE: _choose_language,
    Intent.LANGUAGE_NAME: _choose_language,
    Intent.GREETING: _greeting,
    Intent.PROFILE: _profile,
    Intent.OFFERS: my_offers,
    Intent.AS_WORKER: _work,
    Intent.AREA: _change(Ask.LOCATION),
}
_MENU: Final[Mapping[str, Callable[[Incoming], Turn | None]]] = {
    "open": _menu,
    "offers": my_offers,
    "profile": _profile,
    "availability": _change(Ask.AVAILABILITY),
    "skills": _change(Ask.SKILLS),
    "location": _change(Ask.LOCATION),
    "who_knows": _who_knows,
    "send_data": _send_data,
    "language": _choose_language,
    "human": hand_over,
}
_EDITS: Final[Mapping[str, Callable[[Incoming], Turn | None]]] = {
    "name": _change(Ask.NAME),
    "skills": _change(Ask.SKILLS),
    "location": _change(Ask.LOCATION),
    "distance": _change(Ask.DISTANCE),
    "experience": _change(Ask.EXPERIENCE),
    "availability": _change(Ask.AVAILABILITY),
    "language": _choose_language,
    "delete": _ask_delete,
}


# ── The open question, and everyday talk ─────────────────────────────────────────────────────────


_ASKED: Final[Mapping[Ask, str]] = {Ask.DELETE: "ask_delete", Ask.NEW_PLACE: "use_location"}
"""The texts of questions that are no part of a profile."""


def _as_tapped(message: Incoming) -> Incoming:
    """People also write what stands on a button; of skills only what they really call them."""
    asked = message.state.ask
    if message.inbound.kind is not InboundKind.TEXT or asked is Ask.SKILLS:
        return message
    if asked in QUESTIONS:
        return typed_choice(message, QUESTIONS[asked].ask(message.state, message.context))
    return typed_choice(message, Reply(_ASKED[asked])) if asked in _ASKED else message


def _answer(message: Incoming) -> Turn | None:
    message = _as_tapped(message)
    match message.state.ask:
        case Ask.DELETE:
            return read_delete(message)
        case Ask.REPORT:
            return read_report(message)
        case Ask.NEW_PLACE:
            return read_new_place(message)
        case Ask.NOTHING:
            return None
        case question:
            turn = QUESTIONS[question].read(message)
            if turn is not None and turn.missed and message.has_intent(Intent.COURTESY):
                return courtesy(message)
            return None if turn is None else _counted(message, turn)


def _counted(message: Incoming, turn: Turn) -> Turn:
    """Count what made no sense, as `_not_understood` does; an answer that did ends the count."""
    missed = turn.missed and message.inbound.kind is not InboundKind.TAP
    misses = message.state.misses + 1 if missed else 0
    if misses >= MISSES_BEFORE_HUMAN:
        return hand_over(message, "not_understood")
    replies = turn.replies
    if misses >= MISSES_BEFORE_MENU:
        replies = (Reply("stuck"), *replies)
    return replace(turn, state=replace(turn.state, misses=misses), replies=replies)


def _everyday(message: Incoming) -> Turn | None:
    inbound, context = message.inbound, message.context
    if message.state.ask is Ask.NOTHING and inbound.kind is InboundKind.TEXT:
        for shown in ("menu", "profile"):
            chosen = typed_choice(message, Reply(shown))
            if chosen is not message and unfinished(message.state, context) is None:
                return handle_message(chosen.state, chosen.inbound, context)
    if inbound.kind is InboundKind.CONTACT and inbound.phone and not _has_phone(context):
        return Turn(message.state, (Reply("phone_saved"),), (SetPhone(inbound.phone),))
    if message.state.ask is Ask.NOTHING:
        if (turn := told_in_passing(message)) is not None:
            return turn
        if (turn := free_answer(message)) is not None:
            return _counted(message, turn)
    if inbound.kind is InboundKind.LOCATION and (turn := _pin(message)) is not None:
        return turn
    if (
        message.has_intent(Intent.GREETING)
        or message.has_intent(Intent.START)
        or message.has_intent(Intent.BOT)
    ):
        return _greet(message)
    if inbound.kind in {InboundKind.MEDIA, InboundKind.OTHER, InboundKind.CONTACT}:
        return _nudge(message)
    if inbound.kind is InboundKind.FORM and not message.state.registering:
        # Filled in later than it was asked for: it is read back before it counts.
        return QUESTIONS[Ask.AVAILABILITY].read(message)
    if message.state.ask is Ask.NOTHING and unfinished(message.state, context) is not None:
        return resume(message)
    return None


def _has_phone(context: Context) -> bool:
    return context.profile is None or context.profile.has_phone


def _pin(message: Incoming) -> Turn | None:
    """Follow a location that the open question did not ask for: the newest one sent is the one meant."""
    if message.inbound.latitude is None or message.inbound.longitude is None:
        return None
    if message.state.ask in {Ask.NOTHING, Ask.NEW_PLACE}:
        return _new_place(message)
    profile = message.context.profile
    if message.state.ask in QUESTIONS and profile is not None and profile.located:
        return relocated(message)
    return None


def _new_place(message: Incoming) -> Turn:
    latitude, longitude = message.inbound.latitude or 0.0, message.inbound.longitude or 0.0
    nearest = places.nearest_city(latitude, longitude)
    name = nearest.name if nearest else f"{latitude:.2f}, {longitude:.2f}"
    opened = message.state.at(Ask.NEW_PLACE, at=[latitude, longitude])
    return Turn(opened, (Reply("use_location", {"place": name}),))


def _greet(message: Incoming) -> Turn:
    context = message.context
    if message.state.ask in QUESTIONS or unfinished(message.state, context) is not None:
        return resume(message)
    name = context.profile.name if context.profile else ""
    menu = catalogue.get_catalogue(context.reply_language).chat["menu"]
    rows = [
        Row(id_, *(part.strip() for part in title.split("|", 1)))
        for id_, title in menu.rows.items()
    ]
    return Turn(message.state.at(Ask.NOTHING), (Reply("welcome_back", {"name": name}, rows=rows),))


def _nudge(message: Incoming) -> Turn:
    if message.state.ask in QUESTIONS:
        again = QUESTIONS[message.state.ask].ask(message.state, message.context)
        return Turn(message.state, (Reply("cannot_read"), again))
    return Turn(message.state, (Reply("cannot_read"),))


def _not_understood(message: Incoming) -> Turn:
    state = replace(message.state, misses=message.state.misses + 1)
    if state.misses >= MISSES_BEFORE_HUMAN:
        return hand_over(replace(message, state=state), "not_understood")
    if state.ask in QUESTIONS:
        again = QUESTIONS[state.ask].ask(state, message.context)
        if state.misses >= MISSES_BEFORE_MENU:
            return Turn(state, (Reply("not_understood_menu"), Reply("help", buttons=()), again))
        return Turn(state, (Reply("not_understood"), again))
    if state.ask is Ask.DELETE:
        return Turn(state, (Reply("not_understood"), Reply("ask_delete")))
    if state.misses >= MISSES_BEFORE_MENU or state.ask is not Ask.NOTHING:
        return Turn(state, (Reply("not_understood_menu"), Reply("menu")))
    return Turn(state, (Reply("not_understood"), Reply("help")))
