"""The conversation as a pure function: `step(state, inbound, context) -> Turn`.

A message is understood in this order, the first that fits: what is never answered (reactions, edits),
STOP, the silence after it, a human who has taken over, a choice of language, offers that are tapped or
quoted, the words and menu entries that count everywhere, the open question, everyday talk. What is
left over is asked again, then answered with the menu, then given to a human.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from app.catalogue import places
from app.chat.model import (
    Answer,
    Ask,
    Block,
    Context,
    Edit,
    Effect,
    Erase,
    GiveReason,
    HandBack,
    HandOver,
    Heard,
    Meet,
    OfferFacts,
    Report,
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
from app.chat.questions import (
    QUESTIONS,
    answered,
    ask,
    next_unanswered,
    said,
    says,
    summary,
    tapped,
)
from app.chat.understand import Command, commands
from app.messaging import texts
from app.messaging.channels import ROW_DESCRIPTION_CHARACTERS, ROW_TITLE_CHARACTERS, ROWS, Row
from app.messaging.inbound import Inbound, InboundKind
from app.messaging.texts import languages
from app.messaging.wording import inert
from app.offers.rules import OfferStatus

SILENT_KINDS: Final = frozenset(
    {InboundKind.REACTION, InboundKind.EDIT, InboundKind.MOVED, InboundKind.PREFERENCE}
)
"""A reaction never accepts, and an edit never changes what was answered."""
MISSES_BEFORE_MENU: Final = 2
MISSES_BEFORE_HUMAN: Final = 3
REPORT_CHARACTERS: Final = 500
_REASONS: Final = frozenset({"far", "pay", "time"})
_FREE_WRITING: Final = frozenset({Ask.NAME, Ask.SKILLS, Ask.LOCATION, Ask.WHICH_PLACE, Ask.REPORT})
"""Questions whose answers are people's own words: there, only unmistakable commands count."""
_UNMISTAKABLE: Final = frozenset(
    {
        Command.HELP,
        Command.MENU,
        Command.BACK,
        Command.LANGUAGE,
        Command.GREETING,
        Command.SEND_DATA,
        Command.DELETE_DATA,
        Command.WHO_KNOWS,
        Command.HUMAN,
    }
)


def step(state: State, inbound: Inbound, context: Context) -> Turn:
    """Return what follows from one message. Never raises, whatever arrives."""
    heard = Heard(inbound, state, context)
    if inbound.kind in SILENT_KINDS:
        return Turn(state)
    if says(heard, Command.STOP) or tapped(heard, "menu") == "stop":
        return _stop(heard)
    if context.stopped:
        return _while_stopped(heard)
    if context.late:
        # A newer message was handled before this one: only an offer may still be answered by it.
        return _offer_tap(heard) or Turn(state)
    for understand in (_language_choice, _offer_tap, _quoted, _while_paused, _newcomer):
        if (turn := understand(heard)) is not None:
            return turn
    if context.profile is not None and context.profile.suspended:
        return _suspended(heard)
    for understand in (_menu_tap, _everywhere, _answer, _everyday):
        if (turn := understand(heard)) is not None:
            return turn
    return _not_understood(heard)


# ── STOP, START, and the human ───────────────────────────────────────────────────────────────────


def _stop(heard: Heard) -> Turn:
    if heard.context.stopped:
        return Turn(heard.state)
    return Turn(heard.state, (Say("stopped", essential=True),), (Stop(),))


def _while_stopped(heard: Heard) -> Turn:
    if says(heard, Command.START):
        resumed = _resume(replace(heard, context=replace(heard.context, stopped=False)))
        return replace(
            resumed,
            replies=(Say("started"), *resumed.replies),
            effects=(Start(), *resumed.effects),
        )
    if says(heard, Command.DELETE_DATA):
        opened = heard.state.at(Ask.DELETE)
        return Turn(opened, (Say("ask_delete", essential=True),))
    if heard.state.ask is Ask.DELETE and (tapped(heard, "delete") or says(heard, Command.YES)):
        return _read_delete(heard) or Turn(heard.state)
    return Turn(heard.state)


def _while_paused(heard: Heard) -> Turn | None:
    if not heard.context.paused:
        return None
    wanted = {Command.MENU, Command.BOT, Command.BACK, Command.START}
    text = said(heard)
    if (text is not None and commands(text) & wanted) or tapped(heard, "menu") == "open":
        resumed = _resume(replace(heard, context=replace(heard.context, paused=False)))
        return replace(
            resumed,
            replies=(Say("handed_back"), *resumed.replies),
            effects=(HandBack(), *resumed.effects),
        )
    return Turn(heard.state)


def _hand_over(heard: Heard) -> Turn:
    return Turn(replace(heard.state, misses=0), (Say("handed_over"),), (HandOver(),))


def _suspended(heard: Heard) -> Turn:
    if says(heard, Command.HUMAN) or tapped(heard, "menu") == "human":
        return _hand_over(heard)
    if says(heard, Command.SEND_DATA):
        return Turn(heard.state, (), (SendData(),))
    return Turn(heard.state, (Say("suspended"),))


# ── Language and the first meeting ───────────────────────────────────────────────────────────────


def _language_choice(heard: Heard) -> Turn | None:
    choice = tapped(heard, "language")
    if choice is None and heard.state.ask is Ask.LANGUAGE:
        choice = _named_language(said(heard) or "")
    if choice is None or choice not in languages():
        return None
    effects: tuple[Effect, ...] = (SetLanguage(choice),)
    if heard.context.profile is None and not heard.context.employer:
        effects = (Meet(heard.inbound.name or ""), *effects)
    context = replace(heard.context, language=choice)
    heard = replace(heard, context=context)
    if heard.state.ask is Ask.LANGUAGE or context.profile is None:
        turn = answered(
            replace(heard, state=_registering(heard.state, context)), Ask.LANGUAGE, language=choice
        )
        if turn.replies:
            return replace(turn, effects=(*effects, *turn.effects))
        return Turn(turn.state, (Say("saved"), Say("menu")), effects, choice)
    resumed = _resume(heard)
    return replace(resumed, effects=(*effects, *resumed.effects), language=choice)


def _named_language(text: str) -> str | None:
    wanted = text.strip().casefold()
    for code in languages():
        if wanted in {code, texts.catalogue(code).name.casefold()}:
            return code
    return {"english": "en", "hindi": "hi", "हिंदी": "hi", "1": "en", "2": "hi"}.get(wanted)


def _registering(state: State, context: Context) -> State:
    """A choice of language at the start begins the registration; later it changes nothing else."""
    agreed = context.profile is not None and context.profile.agreed
    return state if agreed and not state.registering else replace(state, registering=True)


def _newcomer(heard: Heard) -> Turn | None:
    """Greet somebody we don't know: language first."""
    context = heard.context
    if context.employer and context.profile is None:
        if tapped(heard, "worker") == "yes" or heard.state.registering:
            return _begin(replace(heard, context=replace(context, employer=False)))
        return Turn(heard.state, (Say("employer", {"url": f"{context.base_url}/"}),))
    if context.profile is None and not heard.state.registering:
        return _begin(heard)
    return None


def _begin(heard: Heard) -> Turn:
    state = State(registering=True)
    question = next_unanswered(state, heard.context) or Ask.LANGUAGE
    opened, say = ask(state, question, heard.context)
    return Turn(opened, (say,), (Meet(heard.inbound.name or ""),))


def _resume(heard: Heard, *before: Say) -> Turn:
    """Go on where the conversation stands: the open question again, or what is still unanswered."""
    state, context = heard.state, heard.context
    if context.profile is None:
        return _begin(heard)
    if state.ask in QUESTIONS:
        again = replace(state, misses=0)
        return Turn(again, (*before, QUESTIONS[state.ask].ask(again, context)))
    missing = _unfinished(state, context)
    if missing is not None:
        opened, say = ask(replace(missing[0], misses=0), missing[1], context)
        return Turn(opened, (*before, say))
    return Turn(state.at(Ask.NOTHING), (*before, Say("menu")))


def _unfinished(state: State, context: Context) -> tuple[State, Ask] | None:
    """Return the first question of a registration that is not complete yet, with its state."""
    profile = context.profile
    if profile is None or profile.suspended:
        return None
    if not state.registering:
        if profile.agreed and profile.skills and profile.located and profile.slots:
            return None
        # Who registered elsewhere was asked these there.
        elsewhere = {Ask.LANGUAGE, Ask.NAME, Ask.DISTANCE, Ask.EXPERIENCE} if profile.agreed else {}
        state = replace(state, registering=True, answered=state.answered | frozenset(elsewhere))
    question = next_unanswered(state, context)
    return None if question is None else (state, question)


# ── Offers ───────────────────────────────────────────────────────────────────────────────────────


def _offer_tap(heard: Heard) -> Turn | None:
    rest = tapped(heard, "offer")
    if rest is None:
        return None
    _, _, verb = rest.partition(":")
    offer = heard.context.offer
    if offer is None:
        return Turn(heard.state, (Say("offer_unknown"),))
    verb, _, detail = verb.partition(":")
    if verb == "why" and detail in _REASONS:
        return Turn(heard.state, (Say("reason_noted"),), (GiveReason(offer.id, detail),))
    if verb in {"accept", "reject", "withdraw"}:
        return _answer_offer(heard, offer, verb)
    return Turn(heard.state, (tell_offer(offer),))


def _answer_offer(heard: Heard, offer: OfferFacts, verb: str) -> Turn:
    """The written rule: the first answer counts, and a yes can be taken back until it is unlocked."""
    status = offer.status
    calm = replace(heard.state, misses=0)
    if status is OfferStatus.OFFERED and verb in {"accept", "reject"}:
        return Turn(calm, (), (Answer(offer.id, verb),))
    if status is OfferStatus.ACCEPTED and verb in {"reject", "withdraw"} and not offer.unlocked:
        return Turn(calm, (), (Answer(offer.id, "withdraw"),))
    return Turn(calm, (tell_offer(offer),))


def tell_offer(offer: OfferFacts) -> Say:
    """Say how an offer stands: a second tap gets the state again."""
    if offer.status is OfferStatus.ACCEPTED and offer.unlocked:
        return Say("offer_unlocked_already", offer.said)
    return Say(_OFFER_TEXTS[offer.status], offer.said)


_OFFER_TEXTS: Final[Mapping[OfferStatus, str]] = {
    OfferStatus.OFFERED: "offer_open",
    OfferStatus.ACCEPTED: "offer_accepted_already",
    OfferStatus.REJECTED: "offer_rejected_already",
    OfferStatus.WITHDRAWN: "offer_withdrawn_already",
    OfferStatus.EXPIRED: "offer_expired",
    OfferStatus.CLOSED: "offer_closed",
}


def _verb_in(heard: Heard) -> str | None:
    text = said(heard)
    meant = commands(text) if text is not None else frozenset()
    if Command.YES in meant:
        return "accept"
    if Command.NO in meant:
        return "reject"
    return "withdraw" if Command.WITHDRAW in meant else None


def _quoted(heard: Heard) -> Turn | None:
    """A yes or no that quotes an offer means that offer, whatever question is open."""
    verb = _verb_in(heard)
    if not heard.context.quoted or verb is None:
        return None
    offer = heard.context.offer
    if offer is None:
        return Turn(heard.state, (Say("offer_unknown"),))
    return _answer_offer(heard, offer, verb)


def _offer_rows(offers: list[OfferFacts], context: Context) -> list[Row]:
    rows = []
    for offer in offers[:ROWS]:
        company = inert(str(offer.said.get("company", "")), 40)
        if offer.status is OfferStatus.ACCEPTED:
            standing = texts.word(context.said_in, "accepted")
        else:
            when = texts.say(
                texts.reader(context.said_in, offer.said, context.now), "respond_by", "when"
            )
            standing = texts.word(context.said_in, "answer_by").replace("{when}", when)
        title = inert(str(offer.said.get("title", "")), ROW_TITLE_CHARACTERS)
        rows.append(
            Row(
                f"offer:{offer.id}:show",
                title or "…",
                inert(f"{company} · {standing}", ROW_DESCRIPTION_CHARACTERS),
            )
        )
    return rows


def _my_offers(heard: Heard) -> Turn:
    context = heard.context
    every = [*context.open_offers, *context.accepted_offers]
    if not every:
        return Turn(heard.state, (Say("no_offers"),))
    if len(every) == 1:
        return Turn(heard.state, (tell_offer(every[0]),))
    return Turn(heard.state, (Say("your_offers", rows=_offer_rows(every, context)),))


def _free_answer(heard: Heard) -> Turn | None:
    """A plain yes or no counts with exactly one open offer; with several, ask which."""
    verb = _verb_in(heard)
    if verb is None:
        return None
    context = heard.context
    among = list(context.accepted_offers if verb == "withdraw" else context.open_offers)
    if len(among) == 1:
        return _answer_offer(heard, among[0], verb)
    if among:
        rows = _offer_rows(among, context)
        return Turn(heard.state, (Say("which_offer", {"count": len(among)}, rows=rows),))
    return None


# ── Words and taps that count everywhere ─────────────────────────────────────────────────────────


def _menu_tap(heard: Heard) -> Turn | None:
    for prefix, table in (("menu", _MENU), ("edit", _EDITS)):
        choice = tapped(heard, prefix)
        if choice is not None:
            chosen = table.get(choice)
            return None if chosen is None else chosen(heard)
    return _contact_tap(heard)


def _contact_tap(heard: Heard) -> Turn | None:
    rest = tapped(heard, "contact")
    if rest is None:
        return None
    offer = heard.context.offer
    if offer is None:
        return Turn(heard.state, (Say("offer_unknown"),))
    company = {"company": offer.said.get("company", ""), "offer_id": str(offer.id)}
    if rest.endswith(":block"):
        return Turn(heard.state, (Say("blocked", company),), (Block(offer.id),))
    opened = heard.state.at(Ask.REPORT, **company)
    return Turn(opened, (Say("ask_report", company),))


def _everywhere(heard: Heard) -> Turn | None:
    text = said(heard)
    meant = commands(text) if text is not None else frozenset()
    if heard.state.ask in _FREE_WRITING and (heard.state.registering or len(meant) != 1):
        meant &= _UNMISTAKABLE
    for command, follow in _WORDS.items():
        if command in meant:
            return follow(heard)
    return None


def _menu(heard: Heard) -> Turn:
    if heard.state.registering:
        return _help(heard)
    unfinished = _unfinished(heard.state, heard.context)
    state = heard.state.at(Ask.NOTHING) if unfinished is None else heard.state
    return Turn(state, (Say("menu"),))


def _help(heard: Heard) -> Turn:
    if heard.state.registering and heard.state.ask in QUESTIONS:
        again = QUESTIONS[heard.state.ask].ask(heard.state, heard.context)
        return Turn(heard.state, (Say("help", buttons=()), again))
    return Turn(heard.state, (Say("help"),))


def _profile(heard: Heard) -> Turn | None:
    if heard.state.registering or heard.context.profile is None:
        return None
    return Turn(heard.state.at(Ask.NOTHING), (Say("profile", summary(heard.context)),))


def _offers(heard: Heard) -> Turn | None:
    return None if heard.state.registering else _my_offers(heard)


def _back(heard: Heard) -> Turn:
    """Open the question before; in everyday talk, the menu."""
    state, context = heard.state, heard.context
    if not state.registering:
        return Turn(state.at(Ask.NOTHING), (Say("menu"),))
    asked = [
        question
        for question in (
            Ask.NAME,
            Ask.SKILLS,
            Ask.LOCATION,
            Ask.DISTANCE,
            Ask.EXPERIENCE,
            Ask.AVAILABILITY,
        )
        if question in state.answered
    ]
    if not asked:
        return _resume(heard)
    previous = asked[-1]
    reopened = replace(state, answered=state.answered - {previous})
    opened, say = ask(reopened, previous, context)
    return Turn(opened, (say,))


def _change(question: Ask) -> Callable[[Heard], Turn]:
    def change(heard: Heard) -> Turn:
        if heard.state.registering:
            return _resume(heard)
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


_WORDS: Final[Mapping[Command, Callable[[Heard], Turn | None]]] = {
    Command.DELETE_DATA: _ask_delete,
    Command.SEND_DATA: _send_data,
    Command.WHO_KNOWS: _who_knows,
    Command.HUMAN: _hand_over,
    Command.HELP: _help,
    Command.MENU: _menu,
    Command.BACK: _back,
    Command.LANGUAGE: _choose_language,
    Command.LANGUAGE_NAME: _choose_language,
    Command.GREETING: _greeting,
    Command.PROFILE: _profile,
    Command.OFFERS: _offers,
}
_MENU: Final[Mapping[str, Callable[[Heard], Turn | None]]] = {
    "open": _menu,
    "offers": _my_offers,
    "profile": _profile,
    "availability": _change(Ask.AVAILABILITY),
    "skills": _change(Ask.SKILLS),
    "location": _change(Ask.LOCATION),
    "who_knows": _who_knows,
    "send_data": _send_data,
    "language": _choose_language,
    "human": _hand_over,
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


def _answer(heard: Heard) -> Turn | None:
    match heard.state.ask:
        case Ask.DELETE:
            return _read_delete(heard)
        case Ask.REPORT:
            return _read_report(heard)
        case Ask.NEW_PLACE:
            return _read_new_place(heard)
        case Ask.NOTHING:
            return None
        case question:
            turn = QUESTIONS[question].read(heard)
            return None if turn is None else replace(turn, state=replace(turn.state, misses=0))


def _read_delete(heard: Heard) -> Turn | None:
    choice = tapped(heard, "delete")
    if choice == "yes" or (choice is None and says(heard, Command.YES)):
        return Turn(State(), (Say("deleted", essential=True),), (Erase(),))
    if choice == "no" or says(heard, Command.NO):
        return Turn(heard.state.at(Ask.NOTHING), (Say("kept"),))
    return None


def _read_report(heard: Heard) -> Turn | None:
    text = said(heard)
    about: dict[str, Any] = dict(heard.state.draft)
    if text is None or "offer_id" not in about:
        return None
    closed = heard.state.at(Ask.NOTHING)
    if Command.SKIP in commands(text):
        return Turn(closed, (Say("kept"),))
    report = Report(UUID(about["offer_id"]), text[:REPORT_CHARACTERS])
    return Turn(closed, (Say("reported", about),), (report,))


def _read_new_place(heard: Heard) -> Turn | None:
    choice = tapped(heard, "here")
    at = heard.state.draft.get("at")
    if at and (choice == "yes" or says(heard, Command.YES)):
        edit = Edit({"location": list(at)})
        return Turn(heard.state.at(Ask.NOTHING), (Say("saved"),), (edit,))
    if choice == "no" or says(heard, Command.NO):
        return Turn(heard.state.at(Ask.NOTHING), (Say("kept"),))
    return None


def _everyday(heard: Heard) -> Turn | None:
    inbound, context = heard.inbound, heard.context
    if inbound.kind is InboundKind.CONTACT and inbound.phone and not _has_phone(context):
        return Turn(heard.state, (Say("phone_saved"),), (SetPhone(inbound.phone),))
    if heard.state.ask is Ask.NOTHING:
        if (turn := _free_answer(heard)) is not None:
            return turn
        if inbound.kind is InboundKind.LOCATION and inbound.latitude is not None:
            return _new_place(heard)
    if says(heard, Command.GREETING) or says(heard, Command.START) or says(heard, Command.BOT):
        return _greet(heard)
    if inbound.kind in {InboundKind.MEDIA, InboundKind.OTHER, InboundKind.CONTACT}:
        return _nudge(heard)
    if heard.state.ask is Ask.NOTHING and _unfinished(heard.state, context) is not None:
        return _resume(heard)
    return None


def _has_phone(context: Context) -> bool:
    return context.profile is None or context.profile.has_phone


def _new_place(heard: Heard) -> Turn:
    latitude, longitude = heard.inbound.latitude or 0.0, heard.inbound.longitude or 0.0
    nearest = places.nearest_city(latitude, longitude)
    name = nearest.name if nearest else f"{latitude:.2f}, {longitude:.2f}"
    opened = heard.state.at(Ask.NEW_PLACE, at=[latitude, longitude])
    return Turn(opened, (Say("use_location", {"place": name}),))


def _greet(heard: Heard) -> Turn:
    context = heard.context
    if heard.state.ask in QUESTIONS or _unfinished(heard.state, context) is not None:
        return _resume(heard)
    name = context.profile.name if context.profile else ""
    menu = texts.catalogue(context.said_in).chat["menu"]
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
        return _hand_over(replace(heard, state=state))
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
