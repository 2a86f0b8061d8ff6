"""The conversation as a pure function: `step(state, inbound, context) -> Turn`.

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
from app.dialogue.employer.account_linking import employer
from app.dialogue.faq import often_asked
from app.dialogue.flow import ask, said, says, summary, tapped, typed_choice
from app.dialogue.going_back import back
from app.dialogue.handoff import UNREAD, call_for_help, hand_over, while_wanted
from app.dialogue.model import (
    FREE_WRITING,
    Ask,
    Context,
    HandBack,
    Heard,
    Say,
    SendData,
    SetLanguage,
    SetPhone,
    Start,
    State,
    Stop,
    TellWhoKnows,
    Turn,
)
from app.dialogue.persona import acting
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
from app.nlu.intents import READ_CHARACTERS, Intent, around, in_devanagari, intents, words_of
from app.nlu.safety import distress_in
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


def step(state: State, inbound: Inbound, context: Context) -> Turn:
    """Return what follows from one message. Never raises, whatever arrives."""
    if len(inbound.text) > READ_CHARACTERS:
        inbound = replace(inbound, text=inbound.text[:READ_CHARACTERS])
    heard = Heard(inbound, state, context)
    if inbound.kind in SILENT_KINDS:
        return Turn(state)
    if stops_or_starts(inbound) and context.overruled:
        return Turn(state)
    if _is_stop(inbound):
        return _stop(heard)
    if context.stopped:
        return _while_stopped(heard)
    if context.late:
        return _late(heard)
    if state.told_of_human and not context.paused:
        # Our team handed back: the next time a human is wanted, it is said again.
        state = replace(state, told_of_human=False)
        heard = replace(heard, state=state)
    for understand in (language_choice, _in_hindi, offer_tap, quoted, call_for_help):
        if (turn := understand(heard)) is not None:
            return turn
    if (turn := while_wanted(heard, _understood)) is not None:
        return turn
    if (turn := _understood(heard)) is None:
        return _not_understood(_of_a_worker(heard))
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


def _late(heard: Heard) -> Turn:
    """Read what is older than something handled before it: an offer's answer, or what can't be dropped.

    Nothing else of it counts. Words that only open a question do so where none is open.
    """
    if (turn := offer_tap(heard) or call_for_help(heard)) is not None:
        return turn
    free = heard.state.ask is Ask.NOTHING
    for intent in (Intent.HUMAN, *((Intent.DELETE_DATA, Intent.REPORT) if free else ())):
        if says(heard, intent):
            return _WORDS[intent](heard) or Turn(heard.state)
    return Turn(heard.state)


def _in_hindi(heard: Heard) -> Turn | None:
    """Answer in Hindi who writes in its script before they chose; the language is still asked for."""
    text, state = said(heard) or "", heard.state
    if heard.context.language is not None:
        return None
    if state.ask is Ask.LANGUAGE:
        hindi = in_devanagari(text) or (text and state.draft.get("first") == "hi")
        state = replace(state, draft={"first": "hi"})
    else:
        # Before the first question only what can't wait for it.
        hindi = in_devanagari(text) and distress_in(text) is not None
    if not hindi:
        return None
    turn = step(state, heard.inbound, replace(heard.context, language="hi"))
    return replace(turn, effects=(SetLanguage("hi"), *turn.effects), language=turn.language or "hi")


def _understood(heard: Heard) -> Turn | None:
    """Return what follows from a message that is no human's to answer; None if it makes no sense."""
    for understand in (employer, newcomer):
        if (turn := understand(heard)) is not None:
            return turn
    heard = _of_a_worker(heard)
    if heard.context.profile is not None and heard.context.profile.suspended:
        return _suspended(heard)
    for understand in (_menu_tap, often_asked, reason, _everywhere, _answer, _everyday, courtesy):
        if (turn := understand(heard)) is not None:
            return turn
    return None


def _of_a_worker(heard: Heard) -> Heard:
    """Close a question to an employer whose account is gone, or for whom the phone acts no more."""
    if heard.state.ask in WORKERS_OWN:
        return heard
    return replace(heard, state=heard.state.at(Ask.NOTHING))


# ── STOP, START, and the human ───────────────────────────────────────────────────────────────────


def _stop(heard: Heard) -> Turn:
    if heard.context.stopped:
        return Turn(heard.state)
    return Turn(heard.state, (Say("stopped", essential=True),), (Stop(),))


def _while_stopped(heard: Heard) -> Turn:
    if says(heard, Intent.START):
        return _start(heard)
    if (code := asked_code(heard)) is not None:
        return code
    if says(heard, Intent.DELETE_DATA):
        if acting(heard.state, heard.context) is not None:
            return Turn(heard.state, (Say("employer_data", essential=True),))
        opened = heard.state.at(Ask.DELETE)
        return Turn(opened, (Say("ask_delete", essential=True),))
    agrees = tapped(heard, "delete") or says(heard, Intent.YES)
    if heard.state.ask is Ask.DELETE and agrees and not heard.context.late:
        return read_delete(heard) or Turn(heard.state)
    return Turn(heard.state)


def _start(heard: Heard) -> Turn:
    """Who writes START wants an answer: the bot's, but where a human speaks already, theirs."""
    if heard.context.held:
        return Turn(heard.state, (Say("started"), Say("human_called")), (Start(),))
    resumed = resume(replace(heard, context=replace(heard.context, stopped=False, paused=False)))
    back = (HandBack(),) if heard.context.paused else ()
    return replace(
        resumed,
        replies=(Say("started"), *resumed.replies),
        effects=(Start(), *back, *resumed.effects),
    )


def _suspended(heard: Heard) -> Turn:
    if says(heard, Intent.HUMAN) or tapped(heard, "menu") == "human":
        return hand_over(heard)
    if says(heard, Intent.SEND_DATA):
        return Turn(heard.state, (), (SendData(),))
    return Turn(heard.state, (Say("suspended"),))


# ── Words and taps that count everywhere ─────────────────────────────────────────────────────────


def _menu_tap(heard: Heard) -> Turn | None:
    for prefix, table in (("menu", _MENU), ("edit", _EDITS)):
        choice = tapped(heard, prefix)
        if choice is not None:
            chosen = table.get(choice)
            return None if chosen is None else chosen(heard)
    return contact_tap(heard)


def _everywhere(heard: Heard) -> Turn | None:
    text = said(heard)
    meant = intents(text) if text is not None else frozenset()
    if heard.state.ask in FREE_WRITING and (heard.state.registering or len(meant) != 1):
        # Of a place or a whole sentence nobody could take these for the answer.
        words = words_of(text or "")
        whole = heard.state.ask in _PLACES or len(words) > 1
        # "Offers" is no name and no skill; of "job" and "kaam" nobody can tell.
        whole |= bool(around("around_skill").without(words))
        meant &= _UNMISTAKABLE | (_IN_A_SENTENCE if whole else frozenset())
    for intent, follow in _WORDS.items():
        if intent in meant:
            return follow(heard)
    return None


def _menu(heard: Heard) -> Turn:
    if heard.state.registering:
        return _help(heard)
    complete = unfinished(heard.state, heard.context) is None
    state = heard.state.at(Ask.NOTHING) if complete else heard.state
    return Turn(state, (Say("menu"),))


def _help(heard: Heard) -> Turn:
    if heard.state.registering and heard.state.ask in QUESTIONS:
        again = QUESTIONS[heard.state.ask].ask(heard.state, heard.context)
        return Turn(heard.state, (Say("help", buttons=()), again))
    return Turn(heard.state, (Say("help"),))


def _profile(heard: Heard) -> Turn | None:
    if heard.context.profile is None:
        return None
    if heard.state.registering:
        asked = Ask.DISTANCE in heard.state.answered
        return resume(heard, Say("so_far" if asked else "so_far_begun", summary(heard.context)))
    return Turn(heard.state.at(Ask.NOTHING), (Say("profile", summary(heard.context)),))


def _work(heard: Heard) -> Turn | None:
    """Who looks for offers says "I need work", too; in a registration that goes without saying."""
    return None if heard.state.registering else my_offers(heard)


def _change(question: Ask) -> Callable[[Heard], Turn]:
    def change(heard: Heard) -> Turn:
        if heard.state.registering:
            return resume(heard)
        opened, say = ask(heard.state, question, heard.context)
        return Turn(opened, (say,))

    return change


def _choose_language(heard: Heard) -> Turn:
    # The open question stays open: the choice is understood anywhere, and it is then asked again.
    return Turn(heard.state, (QUESTIONS[Ask.LANGUAGE].ask(heard.state, heard.context),))


def _greeting(heard: Heard) -> Turn | None:
    return _greet(heard) if heard.state.ask in QUESTIONS else None


def _ask_delete(heard: Heard) -> Turn:
    return Turn(heard.state.at(Ask.DELETE), (Say("ask_delete"),))


def _send_data(heard: Heard) -> Turn:
    return Turn(heard.state, (), (SendData(),))


def _who_knows(heard: Heard) -> Turn:
    return Turn(heard.state, (), (TellWhoKnows(),))


_WORDS: Final[Mapping[Intent, Callable[[Heard], Turn | None]]] = {
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
_MENU: Final[Mapping[str, Callable[[Heard], Turn | None]]] = {
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
_EDITS: Final[Mapping[str, Callable[[Heard], Turn | None]]] = {
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


def _as_tapped(heard: Heard) -> Heard:
    """People also write what stands on a button; of skills only what they really call them."""
    asked = heard.state.ask
    if heard.inbound.kind is not InboundKind.TEXT or asked is Ask.SKILLS:
        return heard
    if asked in QUESTIONS:
        return typed_choice(heard, QUESTIONS[asked].ask(heard.state, heard.context))
    return typed_choice(heard, Say(_ASKED[asked])) if asked in _ASKED else heard


def _answer(heard: Heard) -> Turn | None:
    heard = _as_tapped(heard)
    match heard.state.ask:
        case Ask.DELETE:
            return read_delete(heard)
        case Ask.REPORT:
            return read_report(heard)
        case Ask.NEW_PLACE:
            return read_new_place(heard)
        case Ask.NOTHING:
            return None
        case question:
            turn = QUESTIONS[question].read(heard)
            if turn is not None and turn.missed and says(heard, Intent.COURTESY):
                return courtesy(heard)
            return None if turn is None else _counted(heard, turn)


def _counted(heard: Heard, turn: Turn) -> Turn:
    """Count what made no sense, as `_not_understood` does; an answer that did ends the count."""
    missed = turn.missed and heard.inbound.kind is not InboundKind.TAP
    misses = heard.state.misses + 1 if missed else 0
    if misses >= MISSES_BEFORE_HUMAN:
        return hand_over(heard, "not_understood")
    replies = turn.replies
    if misses >= MISSES_BEFORE_MENU:
        replies = (Say("stuck"), *replies)
    return replace(turn, state=replace(turn.state, misses=misses), replies=replies)


def _everyday(heard: Heard) -> Turn | None:
    inbound, context = heard.inbound, heard.context
    if heard.state.ask is Ask.NOTHING and inbound.kind is InboundKind.TEXT:
        for shown in ("menu", "profile"):
            chosen = typed_choice(heard, Say(shown))
            if chosen is not heard and unfinished(heard.state, context) is None:
                return step(chosen.state, chosen.inbound, context)
    if inbound.kind is InboundKind.CONTACT and inbound.phone and not _has_phone(context):
        return Turn(heard.state, (Say("phone_saved"),), (SetPhone(inbound.phone),))
    if heard.state.ask is Ask.NOTHING:
        if (turn := told_in_passing(heard)) is not None:
            return turn
        if (turn := free_answer(heard)) is not None:
            return _counted(heard, turn)
    if inbound.kind is InboundKind.LOCATION and (turn := _pin(heard)) is not None:
        return turn
    if says(heard, Intent.GREETING) or says(heard, Intent.START) or says(heard, Intent.BOT):
        return _greet(heard)
    if inbound.kind in {InboundKind.MEDIA, InboundKind.OTHER, InboundKind.CONTACT}:
        return _nudge(heard)
    if inbound.kind is InboundKind.FORM and not heard.state.registering:
        # Filled in later than it was asked for: it is read back before it counts.
        return QUESTIONS[Ask.AVAILABILITY].read(heard)
    if heard.state.ask is Ask.NOTHING and unfinished(heard.state, context) is not None:
        return resume(heard)
    return None


def _has_phone(context: Context) -> bool:
    return context.profile is None or context.profile.has_phone


def _pin(heard: Heard) -> Turn | None:
    """Follow a location that the open question did not ask for: the newest one sent is the one meant."""
    if heard.inbound.latitude is None or heard.inbound.longitude is None:
        return None
    if heard.state.ask in {Ask.NOTHING, Ask.NEW_PLACE}:
        return _new_place(heard)
    profile = heard.context.profile
    if heard.state.ask in QUESTIONS and profile is not None and profile.located:
        return relocated(heard)
    return None


def _new_place(heard: Heard) -> Turn:
    latitude, longitude = heard.inbound.latitude or 0.0, heard.inbound.longitude or 0.0
    nearest = places.nearest_city(latitude, longitude)
    name = nearest.name if nearest else f"{latitude:.2f}, {longitude:.2f}"
    opened = heard.state.at(Ask.NEW_PLACE, at=[latitude, longitude])
    return Turn(opened, (Say("use_location", {"place": name}),))


def _greet(heard: Heard) -> Turn:
    context = heard.context
    if heard.state.ask in QUESTIONS or unfinished(heard.state, context) is not None:
        return resume(heard)
    name = context.profile.name if context.profile else ""
    menu = catalogue.catalogue(context.said_in).chat["menu"]
    rows = [
        Row(id_, *(part.strip() for part in title.split("|", 1)))
        for id_, title in menu.rows.items()
    ]
    return Turn(heard.state.at(Ask.NOTHING), (Say("welcome_back", {"name": name}, rows=rows),))


def _nudge(heard: Heard) -> Turn:
    if heard.state.ask in QUESTIONS:
        again = QUESTIONS[heard.state.ask].ask(heard.state, heard.context)
        return Turn(heard.state, (Say("cannot_read"), again))
    return Turn(heard.state, (Say("cannot_read"),))


def _not_understood(heard: Heard) -> Turn:
    state = replace(heard.state, misses=heard.state.misses + 1)
    if state.misses >= MISSES_BEFORE_HUMAN:
        return hand_over(replace(heard, state=state), "not_understood")
    if state.ask in QUESTIONS:
        again = QUESTIONS[state.ask].ask(state, heard.context)
        if state.misses >= MISSES_BEFORE_MENU:
            return Turn(state, (Say("not_understood_menu"), Say("help", buttons=()), again))
        return Turn(state, (Say("not_understood"), again))
    if state.ask is Ask.DELETE:
        return Turn(state, (Say("not_understood"), Say("ask_delete")))
    if state.misses >= MISSES_BEFORE_MENU or state.ask is not Ask.NOTHING:
        return Turn(state, (Say("not_understood_menu"), Say("menu")))
    return Turn(state, (Say("not_understood"), Say("help")))
