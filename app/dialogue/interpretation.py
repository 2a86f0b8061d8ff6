"""Proposals made of what a language model read in a message that was not understood. Pure.

`question_about` says whether the model may be asked about a message, and `propose` what follows from its answer.
A proposal is one tap that the person could have made anyway: its button has the id of that tap, and the readers of
taps take it as they always do. Until then nothing has happened: a proposal has no effects.

Only what the conversation did not understand is asked about, and only of people who agreed to our terms. Consent,
deletion, taking a yes back, and the yes to a job that is read back are questions that the model never hears of.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from app.core.money import exponent
from app.dialogue.context import Context, EmployerAccount
from app.dialogue.employer import posting
from app.dialogue.employer.conversation import open_question_or_menu
from app.dialogue.employer.job_questions import today_in
from app.dialogue.employer.message import EmployerMessage
from app.dialogue.employer.newcomer import is_signing_up
from app.dialogue.misspelled import SAID, as_words
from app.dialogue.persona import acting_account
from app.dialogue.reworded import reworded
from app.dialogue.state import GUESS, Ask, State
from app.dialogue.turn import Incoming, Reply, Turn
from app.dialogue.worker.offers import offer_reply, sure_of
from app.dialogue.worker.onboarding import resume
from app.dialogue.worker.place_options import place_options
from app.dialogue.worker.questions import ask_this_name, chosen_skills, good_name, place_label
from app.dialogue.worker.registration import ask_question
from app.dialogue.worker.skill_answers import MAX_SKILLS
from app.messaging.inbound import InboundKind
from app.nlu.home_place import find_home
from app.nlu.intents import Intent, yes_or_no
from app.nlu.interpreter import Interpretation, OpenQuestion, Shape, masked, read_answer
from app.nlu.normalize import split_words
from app.nlu.place_phrases import find_places
from app.texts import catalogue
from app.texts.formatting import clock
from app.texts.message import Button

_REFUSED: Final = "no"
"""The tap `guess:no`."""
_WORKERS: Final[Mapping[Ask, Shape]] = {
    Ask.NOTHING: Shape.CHOICE,
    Ask.NAME: Shape.NAME,
    Ask.SKILLS: Shape.SKILLS,
    Ask.SKILLS_RIGHT: Shape.SKILLS,
    Ask.LOCATION: Shape.PLACE,
    Ask.WHICH_PLACE: Shape.PLACE,
    Ask.DISTANCE: Shape.KILOMETRES,
    Ask.EXPERIENCE: Shape.YEARS,
    Ask.AVAILABILITY: Shape.WEEK,
    Ask.AVAILABILITY_RIGHT: Shape.WEEK,
}
_EMPLOYERS: Final[Mapping[Ask, Shape]] = {
    Ask.NOTHING: Shape.CHOICE,
    Ask.JOB_ROLE: Shape.SKILLS,
    Ask.JOB_WHICH_ROLE: Shape.SKILLS,
    Ask.JOB_PLACE: Shape.PLACE,
    Ask.JOB_WHICH_PLACE: Shape.PLACE,
    Ask.JOB_DAYS: Shape.DAY,
    Ask.JOB_HOURS: Shape.SPAN,
    Ask.JOB_PEOPLE: Shape.PEOPLE,
    Ask.JOB_PAY: Shape.PAY,
}
"""The open questions that the model may be asked about, each with the shape of its answer."""
_YES, _NO = "yes_to_the_offer", "no_to_the_offer"
_MENU: Final[Mapping[str, str]] = {
    "see_my_offers": "menu:offers",
    "see_my_profile": "menu:profile",
    "change_my_free_times": "menu:availability",
    "change_my_skills": "menu:skills",
    "change_where_i_live": "menu:location",
    "who_has_my_number": "menu:who_knows",
    "change_the_language": "menu:language",
    "talk_to_a_person": "menu:human",
}
_EMPLOYER_MENU: Final[Mapping[str, str]] = {
    "post_a_new_job": "post:new",
    "see_my_jobs": "hire:jobs",
    "see_my_contacts": "hire:contacts",
    "how_it_works": "hire:help",
    "talk_to_a_person": "hire:human",
}
"""What may be chosen while no question is open: entries of the menu, each by what it is called to the model."""


# ── Asking ───────────────────────────────────────────────────────────────────────────────────────


def question_about(message: Incoming, turn: Turn) -> OpenQuestion | None:
    """Return what to ask the model about a message; None where it was understood, or is none of its business.

    `turn` is what follows without the model.
    """
    state, context = message.state, message.context
    missed = turn.state.misses == state.misses + 1 and not turn.effects
    private = context.stopped or context.late or context.in_handoff or context.quoted
    # Thanks count as a miss where they are all that came, but they are understood.
    thanks = message.intents == {Intent.COURTESY}
    if message.text is None or not missed or thanks or private or GUESS in turn.state.draft:
        return None
    account = acting_account(state, context)
    shapes = _EMPLOYERS if account is not None else _WORKERS
    shape = shapes.get(state.ask)
    if shape is None or not _has_agreed(message, account):
        return None
    text = masked(message.text)
    if not any(map(str.isalnum, text)):
        return None
    choices = tuple(_choices(context, account)) if shape is Shape.CHOICE else ()
    today = today_in(posting.draft_of(state), context)
    return OpenQuestion(shape, state.ask.value, text, today, choices)


def _has_agreed(message: Incoming, account: EmployerAccount | None) -> bool:
    """Whether the sender has an account that may act: nobody else's words leave."""
    if account is not None:
        return not account.suspended
    profile = message.context.profile
    agreed = profile is not None and profile.agreed and not profile.suspended
    return agreed and not is_signing_up(message.state)


def _choices(context: Context, account: EmployerAccount | None) -> Mapping[str, str]:
    if account is not None:
        return _EMPLOYER_MENU
    offer = dict.fromkeys((_YES, _NO), "") if len(context.open_offers) == 1 else {}
    return {**_MENU, **offer}


# ── Proposing ────────────────────────────────────────────────────────────────────────────────────


def propose(message: Incoming, turn: Turn, question: OpenQuestion, fields: object) -> Turn:
    """Return the turn with a proposal in place of "not understood".

    `turn` is what follows without the model. It stays where the answer does not fit, or where the question
    that was asked is not the open one any more.
    """
    if question_about(message, turn) != question:
        return turn
    found = read_answer(question, fields)
    made = None if found is None else _proposal(message, question, found)
    if made is None or made.effects:
        return turn
    return replace(made, state=replace(made.state, misses=turn.state.misses), missed=True)


def _proposal(message: Incoming, question: OpenQuestion, found: Interpretation) -> Turn | None:
    account = acting_account(message.state, message.context)
    if account is None:
        return _OF_WORKERS[question.shape](message, found)
    return _OF_EMPLOYERS[question.shape](EmployerMessage.of(message, account), found)


def _ask(message: Incoming, tap: str, text: str, params: Mapping[str, Any]) -> Turn:
    """Propose a tap: the state stays as it is, and keeps the tap for a typed yes."""
    (_, yes), (no, another) = message.context.text(text).buttons.items()
    buttons = [Button(tap, yes), Button(no, another)]
    state = replace(message.state, draft={**message.state.draft, GUESS: tap})
    return Turn(state, (Reply(text, params, buttons=buttons),))


def _name(message: Incoming, found: Interpretation) -> Turn | None:
    if not good_name(found.name):
        return None
    reply = ask_this_name(message.context, found.name)
    return Turn(message.state.at(Ask.NAME, offered=found.name), (reply,))


def _skills(message: Incoming, found: Interpretation) -> Turn | None:
    chosen = chosen_skills(message.state)
    together = [*dict.fromkeys([*chosen, *found.skills])][:MAX_SKILLS]
    if together == chosen:
        return None
    return ask_question(message.state, Ask.SKILLS_RIGHT, message.context, skills=together)


def _home(message: Incoming, found: Interpretation) -> Turn | None:
    profile = message.context.profile
    home = find_home(found.place, profile.place if profile else None)
    if home is None:
        return None
    return ask_question(message.state, Ask.WHICH_PLACE, message.context, places=place_options(home))


def _distance(message: Incoming, found: Interpretation) -> Turn | None:
    tap = f"distance:{found.kilometres}"
    return _ask(message, tap, "guess_distance", {"distance_km": found.kilometres})


def _experience(message: Incoming, found: Interpretation) -> Turn | None:
    return _ask(message, f"years:{found.years}", "guess_years", {"years": found.years})


def _week(message: Incoming, found: Interpretation) -> Turn | None:
    slots = [[slot.weekday, slot.start, slot.end] for slot in found.week]
    return ask_question(message.state, Ask.AVAILABILITY_RIGHT, message.context, slots=slots)


def _choice(message: Incoming, found: Interpretation) -> Turn | None:
    if found.choice in {_YES, _NO}:
        [offer] = message.context.open_offers
        reply = sure_of(offer, "accept") if found.choice == _YES else offer_reply(offer)
        return Turn(message.state, (reply,))
    return _entry(message, _MENU[found.choice], "menu")


def _entry(message: Incoming, tap: str, menu: str) -> Turn:
    title = message.context.text(menu).rows[tap].partition("|")[0].strip()
    return _ask(message, tap, "guess_entry", {"said": title})


# ── To employers ─────────────────────────────────────────────────────────────────────────────────


def _role(message: EmployerMessage, found: Interpretation) -> Turn | None:
    [slug, *_] = found.skills
    return _ask(message, f"post:role:{slug}", "guess_role", {"skills": [slug]})


def _place(message: EmployerMessage, found: Interpretation) -> Turn | None:
    draft = find_places(found.place, message.account.city)
    options = draft.places or ((draft.place,) if draft.place else ())
    if not options:
        return None
    if len(options) > 1:
        return posting.ask_which_place(message, options)
    job = replace(posting.draft_of(message.state), places=tuple(options)).as_json()
    state = replace(message.state, draft={**message.state.draft, "job": job})
    label = place_label(options[0])
    return _ask(replace(message, state=state), "post:place:0", "guess_place", {"place": label})


def _day(message: EmployerMessage, found: Interpretation) -> Turn | None:
    day = str(found.day)
    return _ask(message, f"post:days:{day}", "guess_day", {"starts_on": day, "ends_on": day})


def _span(message: EmployerMessage, found: Interpretation) -> Turn | None:
    reader = catalogue.format_context(message.context.reply_language)
    times = [dt.time.fromisoformat(part) for part in found.span or ()]
    said = " – ".join(clock(part, reader) for part in times)
    return _ask(message, f"post:hours:{'-'.join(found.span or ())}", "guess_entry", {"said": said})


def _people(message: EmployerMessage, found: Interpretation) -> Turn | None:
    return _ask(message, f"post:people:{found.people}", "guess_people", {"people": found.people})


def _pay(message: EmployerMessage, found: Interpretation) -> Turn | None:
    if found.pay is None:
        return None
    amount, per = found.pay
    currency = message.context.currency
    salary = {"amount": amount * 10 ** exponent(currency), "currency": currency, "per": per}
    return _ask(message, f"post:pay:{amount}/{per}", "guess_pay", {"salary": salary})


def _employers_choice(message: EmployerMessage, found: Interpretation) -> Turn | None:
    return _entry(message, _EMPLOYER_MENU[found.choice], "employer_menu")


_OF_WORKERS: Final[Mapping[Shape, Callable[[Incoming, Interpretation], Turn | None]]] = {
    Shape.NAME: _name,
    Shape.SKILLS: _skills,
    Shape.PLACE: _home,
    Shape.KILOMETRES: _distance,
    Shape.YEARS: _experience,
    Shape.WEEK: _week,
    Shape.CHOICE: _choice,
}
_OF_EMPLOYERS: Final[Mapping[Shape, Callable[[EmployerMessage, Interpretation], Turn | None]]] = {
    Shape.SKILLS: _role,
    Shape.PLACE: _place,
    Shape.DAY: _day,
    Shape.SPAN: _span,
    Shape.PEOPLE: _people,
    Shape.PAY: _pay,
    Shape.CHOICE: _employers_choice,
}


# ── The answer to a proposal ─────────────────────────────────────────────────────────────────────


def with_answered_proposal(message: Incoming) -> Incoming:
    """Return the message without the proposal before it; a typed yes or no to that is its tap.

    Whatever else is written: the next message answers no older proposal.
    """
    tap = message.state.draft.get(GUESS)
    payload = message.inbound.payload if message.inbound.kind is InboundKind.TAP else ""
    if payload.startswith(f"{SAID}:") and payload != tap:
        # A button of before: its words answered another question.
        return replace(message, inbound=replace(message.inbound, payload=f"{GUESS}:{_REFUSED}"))
    if tap is None:
        return message
    message = replace(message, state=_without_proposal(message.state))
    if payload == tap and payload.startswith(f"{SAID}:"):
        return as_words(message, payload)
    prefix, _, rest = str(tap).partition(":")
    about_offer, context = prefix == "offer", message.context
    # What is proposed about an offer may be answered while a human is called, as the offer itself.
    for_human = context.in_handoff and (context.attended or not about_offer)
    if message.text is None or for_human or context.quoted:
        return message
    match yes_or_no(split_words(message.text)):
        case Intent.YES if prefix == SAID:
            return as_words(message, str(tap))
        case Intent.YES:
            payload = str(tap)
        case Intent.NO:
            payload = (
                f"offer:{rest.partition(':')[0]}:show" if about_offer else f"{GUESS}:{_REFUSED}"
            )
        case _:
            return message
    if about_offer:
        named = [offer for offer in context.open_offers if f"offer:{offer.id}:" in payload]
        context = replace(context, offer=named[0] if named else None)
    inbound = replace(message.inbound, kind=InboundKind.TAP, payload=payload)
    return replace(message, inbound=inbound, context=context)


def _without_proposal(state: State) -> State:
    return replace(state, draft={key: kept for key, kept in state.draft.items() if key != GUESS})


def read_refusal(message: Incoming) -> Turn | None:
    """Ask the open question again where a proposal was wrong."""
    if message.tapped(GUESS) != _REFUSED:
        return None
    account = acting_account(message.state, message.context)
    if account is None:
        return resume(message)
    again = open_question_or_menu(EmployerMessage.of(message, account))
    told = [part for reply in again for part in reworded(reply, message.context)]
    return Turn(message.state, told)
