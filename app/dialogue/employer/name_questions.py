"""The questions for a newcomer's names and phone, and corrections of a name. Pure."""

from dataclasses import replace
from typing import Final

from app.core.phones import is_special
from app.dialogue.choices import as_tap
from app.dialogue.effects import SetPhone
from app.dialogue.employer import posting
from app.dialogue.employer.message import EmployerMessage
from app.dialogue.employer.newcomer import (
    SIGNING_UP,
    Newcomer,
    ask_contact,
    keep,
    name_question,
    names_read_back,
    which_name,
    with_names,
)
from app.dialogue.engine import MISSES_BEFORE_HUMAN, MISSES_BEFORE_MENU, hand_over
from app.dialogue.state import Ask
from app.dialogue.turn import Incoming, Reply, Turn
from app.dialogue.worker.questions import good_name
from app.jobs.company_names import acceptable_company_name
from app.masking.mask import mask
from app.messaging.inbound import InboundKind
from app.nlu.company_name import (
    NameCorrection,
    NameKind,
    SaidNames,
    has_no_company,
    names_company,
    read_name_correction,
    read_names,
)
from app.nlu.intents import Intent, takes_proposal, yes_or_no
from app.nlu.job_draft import joined_note
from app.nlu.job_note import without_introduction
from app.nlu.normalize import split_words
from app.nlu.person_name import find_corrected_name
from app.nlu.vocabulary import phrase_set

_LEAST_WORDS: Final = 3
"""A shorter answer is meant for a name, and changes no job."""


def again(message: Incoming) -> tuple[Reply, ...]:
    """Return the open question to a newcomer again."""
    ask, context = message.state.ask, message.context
    if ask in SIGNING_UP:
        return (name_question(ask, context, message),)
    if ask is Ask.JOB_RIGHT:
        return (names_read_back(Newcomer.of(message.state), context), posting.again(message))
    return (posting.again(message),) if posting.is_posting(message.state) else ()


def read_back(message: EmployerMessage, newcomer: Newcomer, *before: Reply) -> Turn:
    """Keep a name, and ask what is next; `_carried` asks for the names that are missing."""
    turn = posting.begin_job(message, posting.draft_of(message.state))
    return replace(turn, state=keep(turn.state, newcomer), replies=(*before, *turn.replies))


def read_company(message: EmployerMessage) -> Turn | None:
    """Read the answer to the question for the company: its name, or that there is none."""
    if message.state.ask is not Ask.COMPANY:
        return None
    newcomer = Newcomer.of(message.state)
    tapped = as_tap(message, Reply("ask_company")).tapped("sign")
    if tapped == "private" or (message.text and has_no_company(message.text)):
        return read_back(message, replace(newcomer, company=""))
    if message.text is None or message.has_intent(Intent.COURTESY):
        return None
    if (aside := _aside(message)) is not None:
        return aside
    if _describes_job(message):
        changed = message.state.at(Ask.JOB_CHANGE, job=message.state.draft.get("job", {}))
        return posting.read_posting(replace(message, state=keep(changed, newcomer)))
    return _with_names(message, read_names(message.text, NameKind.COMPANY), "company_bad")


def _aside(message: EmployerMessage) -> Turn | None:
    """Follow what is no answer to a question for a name: "later", and "add note: lunch is free"."""
    text = message.text or ""
    hurries = phrase_set("post_it").anywhere(split_words(text)) and message.state.ask is Ask.COMPANY
    if _says_later(message) or (hurries and yes_or_no(split_words(text), "post_it") is Intent.YES):
        return Turn(message.state, (Reply("names_later"), *again(message)))
    if phrase_set("note_begins").at(split_words(text) or [""], 0) is None:
        return None
    draft = posting.draft_of(message.state)
    note = joined_note(draft.note, mask(without_introduction(text)))
    kept = {**message.state.draft, "job": replace(draft, note=note).as_json()}
    return Turn(replace(message.state, draft=kept, misses=0), again(message))


def _says_later(message: EmployerMessage) -> bool:
    """Whether somebody wants to tell the name another time."""
    delays = phrase_set("offer_delays").anywhere(split_words(message.text or ""))
    return delays or message.has_intent(Intent.SKIP)


def _with_names(message: EmployerMessage, said: SaidNames, why_not: str) -> Turn:
    """Keep the names of an answer; where there is none, say what is wrong with it and ask again."""
    newcomer, refused = Newcomer.of(message.state), False
    if said.company is not None:
        company = _acceptable(said.company) if said.company else ""
        refused = company is None
        newcomer = newcomer if company is None else replace(newcomer, company=company)
    if good_name(said.contact):
        newcomer = replace(newcomer, contact=said.contact)
    if refused or newcomer == Newcomer.of(message.state):
        return _not_accepted(message, "company_bad" if refused else why_not)
    return read_back(message, replace(newcomer, said=""))


def _changes_job(message: EmployerMessage) -> Turn | None:
    """Return what follows where an answer holds a number and changes the unfinished job."""
    text = message.text or ""
    if len(split_words(text)) < _LEAST_WORDS or not any(map(str.isdecimal, text)):
        return None
    before, newcomer = posting.draft_of(message.state), Newcomer.of(message.state)
    at_change = message.state.at(Ask.JOB_CHANGE, job=message.state.draft.get("job", {}))
    turn = posting.read_posting(replace(message, state=keep(at_change, newcomer)))
    if turn is None or turn.effects or not posting.is_posting(turn.state):
        return None
    changed = posting.draft_of(turn.state).spans != before.spans
    # Other numbers beside a name are ages, phones and houses.
    return turn if changed else None


def _acceptable(name: str) -> str | None:
    """Return a company's name as it is stored; None for one without a letter, which is a number by mistake."""
    return acceptable_company_name(name) if any(map(str.isalpha, name)) else None


def _not_accepted(message: EmployerMessage, why: str) -> Turn:
    """Say why an answer can't be taken, and ask again; the third time a human is called.

    An answer that changes the job instead is followed: "no wait, make it 8 to 10".
    """
    if (changed := _changes_job(message)) is not None:
        return changed
    misses = message.state.misses + 1
    if misses >= MISSES_BEFORE_HUMAN:
        return hand_over(message, "not_understood")
    said = "sign_up_not_understood" if misses >= MISSES_BEFORE_MENU else why
    return Turn(replace(message.state, misses=misses), (Reply(said), *again(message)))


def _describes_job(message: EmployerMessage) -> bool:
    """Whether somebody goes on about the job where a company's name is asked for."""
    draft = posting.find_job(message)
    if draft is not None:
        return any((draft.when, draft.spans, draft.people, draft.amount))
    pay = posting.read_parts(message)
    return pay.amount is not None and pay.per is not None


def read_contact(message: EmployerMessage) -> Turn | None:
    """Read the answer to the question for their own name."""
    if message.state.ask is not Ask.CONTACT_NAME:
        return None
    newcomer = Newcomer.of(message.state)
    shown = message.inbound.name or ""
    message = as_tap(message, ask_contact(message.context, message))
    agreed = message.has_intent(Intent.YES) or takes_proposal(message.text)
    if (message.tapped("sign") == "profile" or agreed) and good_name(shown):
        return read_back(message, replace(newcomer, contact=shown))
    if message.text is None or message.has_intent(Intent.COURTESY):
        return None
    if (aside := _aside(message)) is not None:
        return aside
    return _with_names(message, read_names(message.text, NameKind.CONTACT), "name_bad")


def read_phone(message: EmployerMessage) -> Turn | None:
    """Read the number that is shared, where the platform names none."""
    if message.state.ask is not Ask.COMPANY_PHONE:
        return None
    phone = message.inbound.phone
    newcomer = Newcomer.of(message.state)
    if message.context.has_phone:  # the platform named it meanwhile
        return read_back(message, newcomer)
    if message.inbound.kind is InboundKind.CONTACT and phone is not None and not is_special(phone):
        known = replace(message, context=replace(message.context, has_phone=True))
        turn = read_back(known, newcomer, Reply("phone_saved"))
        return replace(turn, effects=(SetPhone(phone), *turn.effects), if_refused=message.state)
    return _not_accepted(message, "company_phone_missing")


def change_name(message: EmployerMessage) -> Turn | None:
    """Follow a tap on a name below "what shall I change?"."""
    if message.state.ask is Ask.JOB_CHANGE:
        message = as_tap(message, with_names(Reply("ask_job_change"), message.context))
    ask = {"company": Ask.COMPANY, "contact": Ask.CONTACT_NAME}.get(message.tapped("sign") or "")
    if ask is None or message.state.ask in SIGNING_UP:
        return None
    newcomer = Newcomer.of(message.state)
    kind = NameKind.COMPANY if ask is Ask.COMPANY else NameKind.CONTACT
    if newcomer.said:
        return _renamed(message, kind, newcomer.said)
    return _ask_name(message, kind)


def _ask_name(message: EmployerMessage, kind: NameKind) -> Turn:
    ask = Ask.COMPANY if kind is NameKind.COMPANY else Ask.CONTACT_NAME
    job = message.state.draft.get("job", {})
    state = keep(message.state.at(ask, job=job), Newcomer.of(message.state))
    return Turn(state, (name_question(ask, message.context, message),))


def _renamed(message: EmployerMessage, kind: NameKind, name: str) -> Turn:
    """Take another name for the company, or for the newcomer."""
    of_company = kind is NameKind.COMPANY
    said = SaidNames(company=name) if of_company else SaidNames(contact=name)
    return _with_names(message, said, "company_bad" if of_company else "name_bad")


def correct_name(message: EmployerMessage) -> Turn | None:
    """Read "naam galat hai, Meera likho", and "my name is Meera Nair" where the whole is read back."""
    newcomer = Newcomer.of(message.state)
    if message.text is None or (newcomer.company is None and not newcomer.contact):
        return None
    asked = message.state.ask in SIGNING_UP
    wrong = read_name_correction(
        message.text, newcomer.company or "", newcomer.contact, is_read_back=not asked
    )
    if wrong is not None:
        return _follow_correction(message, newcomer, wrong)
    if not newcomer.contact or asked:
        return None
    if names_company(message.text):
        return _with_names(message, read_names(message.text, NameKind.COMPANY), "company_bad")
    name = find_corrected_name(message.text, newcomer.contact)
    if name is None or not good_name(name):
        return None
    return read_back(message, replace(newcomer, contact=name))


def _follow_correction(message: EmployerMessage, newcomer: Newcomer, wrong: NameCorrection) -> Turn:
    """Change the name that is wrong; ask which, or for the right one, where that is not said."""
    kind = wrong.kind
    if kind is None and not newcomer.company:
        kind = NameKind.CONTACT
    elif kind is None and not newcomer.contact:
        kind = NameKind.COMPANY
    if kind is None:
        job = message.state.draft.get("job", {})
        state = message.state.at(Ask.JOB_CHANGE, job=job)
        kept = keep(state, replace(newcomer, said=wrong.name))
        return Turn(kept, (which_name(message.context),))
    return _renamed(message, kind, wrong.name) if wrong.name else _ask_name(message, kind)
