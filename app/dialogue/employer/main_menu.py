"""Everyday talk with an employer: the menu, jobs, who accepted, contacts, and what else is said. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from app.dialogue.employer import posting
from app.dialogue.employer.after_unlock import choose, lead_tap, read_report
from app.dialogue.employer.model import (
    OPEN,
    CancelJob,
    ChooseJob,
    EmployerFacts,
    PublishJob,
    TellContacts,
    TellJobs,
    TellLeads,
    TellTerms,
)
from app.dialogue.flow import said, says, tapped
from app.dialogue.model import Ask, HandOver, Heard, Say, SendCode, State, Turn
from app.jobs.rules import JobStatus
from app.messaging.inbound import InboundKind
from app.nlu.faq_topic import HIRING, subject_of
from app.nlu.intents import Intent, intents, words_of
from app.texts import catalogue
from app.texts.message import Button, Row

MISSES_BEFORE_MENU: Final = 2
MISSES_BEFORE_HUMAN: Final = 3


def turn(heard: Heard, account: EmployerFacts) -> Turn:
    """Return what follows from a message of this employer, whatever it is."""
    if account.suspended:
        return _suspended(heard)
    for understand in (
        _menu_tap,
        _job_tap,
        lead_tap,
        posting.agreed,
        _words,
        _often_asked,
        read_report,
        posting.posting,
        _new_job,
    ):
        if (found := understand(heard, account)) is not None:
            if found.state.misses == heard.state.misses:
                return replace(found, state=replace(found.state, misses=0))
            return found
    return _not_understood(heard, account)


def menu(account: EmployerFacts) -> Say:
    """Say what an employer can do here."""
    return Say("employer_menu", {"company": account.company})


def again(heard: Heard, account: EmployerFacts) -> tuple[Say, ...]:
    """Say the open question once more, or the menu."""
    if posting.is_posting(heard.state):
        return (posting.again(heard.state, heard.context),)
    return (menu(account),)


def hand_over(heard: Heard, why: str = "asked") -> Turn:
    """Let a person take over; `why` is one of `app.messaging.conversations.handoff.HandoffReason`."""
    return Turn(replace(heard.state, misses=0), (Say("handed_over"),), (HandOver(why),))


def _suspended(heard: Heard) -> Turn:
    if says(heard, Intent.HUMAN) or tapped(heard, "menu") == "human":
        return hand_over(heard)
    if says(heard, Intent.SEND_DATA) or says(heard, Intent.DELETE_DATA):
        return Turn(heard.state, (Say("employer_data"),))
    return Turn(heard.state, (Say("suspended"),))


# ── Menu and words ───────────────────────────────────────────────────────────────────────────────

type _Follow = Callable[[Heard, EmployerFacts], Turn]


def _open_menu(heard: Heard, account: EmployerFacts) -> Turn:
    return Turn(heard.state.at(Ask.NOTHING), (menu(account),))


def _help(heard: Heard, account: EmployerFacts) -> Turn:
    if posting.is_posting(heard.state):
        return Turn(heard.state, (Say("employer_help", buttons=()), *again(heard, account)))
    return Turn(heard.state, (Say("employer_help"),))


def _post(heard: Heard, _account: EmployerFacts) -> Turn:
    return posting.begin(heard)


def _jobs(heard: Heard, account: EmployerFacts) -> Turn:
    return Turn(heard.state.at(Ask.NOTHING), (), (TellJobs(account.id),))


def _contacts(heard: Heard, account: EmployerFacts) -> Turn:
    return Turn(heard.state.at(Ask.NOTHING), (), (TellContacts(account.id),))


def _data(heard: Heard, _account: EmployerFacts) -> Turn:
    return Turn(heard.state, (Say("employer_data"),))


def _block(heard: Heard, account: EmployerFacts) -> Turn:
    return choose(heard, account, Intent.BLOCK)


def _report(heard: Heard, account: EmployerFacts) -> Turn:
    return choose(heard, account, Intent.REPORT)


def _code(heard: Heard, _account: EmployerFacts) -> Turn:
    """A code signs a worker in, who this person may be too; a company has a password."""
    profile = heard.context.profile
    if profile is not None and not profile.suspended:
        return Turn(heard.state, (), (SendCode(),))
    return Turn(heard.state, (Say("employer_code"),))


def _language(heard: Heard, _account: EmployerFacts) -> Turn:
    return choose_language(heard)


def choose_language(heard: Heard) -> Turn:
    """Let somebody choose a language."""
    known = [(code, catalogue.catalogue(code).name) for code in catalogue.languages()]
    rows = [Row(f"language:{code}", name) for code, name in known]
    return Turn(heard.state, (Say("choose_language", rows=rows),))


def _cancel(heard: Heard, account: EmployerFacts) -> Turn:
    return Turn(heard.state.at(Ask.NOTHING), (), (ChooseJob(account.id),))


def _human(heard: Heard, _account: EmployerFacts) -> Turn:
    return hand_over(heard)


_MENU: Final[Mapping[str, _Follow]] = {
    "open": _open_menu,
    "jobs": _jobs,
    "contacts": _contacts,
    "data": _data,
    "language": _language,
    "human": _human,
    "help": _help,
}
_ANYWHERE: Final[Mapping[Intent, _Follow]] = {
    Intent.DELETE_DATA: _data,
    Intent.SEND_DATA: _data,
    Intent.HUMAN: _human,
    Intent.HELP: _help,
    Intent.MENU: _open_menu,
    Intent.LANGUAGE: _language,
    Intent.LANGUAGE_NAME: _language,
    Intent.CONTACTS: _contacts,
    Intent.CODE: _code,
    Intent.BLOCK: _block,
    Intent.REPORT: _report,
    Intent.POST: _post,
    Intent.OFFERS: _jobs,
}
"""What counts also while a job is being put together: nobody says it of a job."""
_EVERYDAY: Final[Mapping[Intent, _Follow]] = {
    Intent.GREETING: _open_menu,
    Intent.START: _open_menu,
    Intent.BOT: _open_menu,
    Intent.BACK: _open_menu,
    Intent.CANCEL: _cancel,
    Intent.PROFILE: _data,
    Intent.WHO_KNOWS: _contacts,
}


def _menu_tap(heard: Heard, account: EmployerFacts) -> Turn | None:
    for prefix in ("hire", "menu"):
        choice = tapped(heard, prefix)
        if choice is not None and choice in _MENU:
            return _MENU[choice](heard, account)
    return None


def _words(heard: Heard, account: EmployerFacts) -> Turn | None:
    text = said(heard)
    meant = intents(text) if text is not None else frozenset()
    known = dict(_ANYWHERE)
    if not posting.is_posting(heard.state):
        known |= _EVERYDAY
    elif len(words_of(text or "")) > 1:
        # "Block B, Salt Lake" is where the work is.
        meant -= {Intent.BLOCK, Intent.REPORT}
    for intent, follow in known.items():
        if intent in meant:
            return follow(heard, account)
    return None


def _often_asked(heard: Heard, account: EmployerFacts) -> Turn | None:
    """Answer what many employers ask, and ask the open question about a job again."""
    text = said(heard)
    if text is None or heard.state.ask is Ask.LEAD_REPORT:
        return None
    subject = subject_of(text, HIRING)
    if subject is None:
        return None
    again_told = (Say("faq_again"),) if heard.state.told_of == subject else ()
    state = replace(heard.state, told_of=subject, misses=0)
    replies = (*again_told, *again_if_asked(heard, account))
    return Turn(state, replies, (TellTerms(account.id, subject),))


# ── Jobs ─────────────────────────────────────────────────────────────────────────────────────────


def _job_tap(heard: Heard, account: EmployerFacts) -> Turn | None:
    rest = tapped(heard, "job")
    if rest is None:
        return None
    job = heard.context.job
    if job is None or job.employer_id != account.id:
        # Another's job looks like one that is not there.
        return Turn(heard.state, (Say("job_unknown"),))
    state = heard.state.at(Ask.NOTHING)
    match rest.partition(":")[2]:
        case "leads":
            return Turn(state, (), (TellLeads(account.id, job.id),))
        case "publish" if job.status is JobStatus.DRAFT:
            return Turn(state, (), (PublishJob(account.id, job.id),))
        case "cancel" if job.status in OPEN:
            return Turn(state, (Say("ask_cancel_job", job.said),))
        case "really" if job.status in OPEN:
            told = (Say("job_cancelled", job.said),)
            return Turn(state, told, (CancelJob(account.id, job.id),))
        case "keep":
            return Turn(state, (Say("kept"),))
        case _:
            return Turn(state, (_shown(job.said, job.status, heard),))


def _shown(told: Mapping[str, Any], status: JobStatus, heard: Heard) -> Say:
    name = "job_shown_draft" if status is JobStatus.DRAFT else "job_shown"
    entry = catalogue.catalogue(heard.context.said_in).chat[name]
    buttons = [
        Button(id_.replace("{job_id}", str(told["job_id"])), title)
        for id_, title in entry.buttons.items()
        if status in OPEN or not id_.endswith(":cancel")
    ]
    standing = catalogue.word(heard.context.said_in, f"job_{status.value}")
    return Say(name, {**told, "standing": standing}, buttons=buttons)


# ── A new job ────────────────────────────────────────────────────────────────────────────────────


def _new_job(heard: Heard, account: EmployerFacts) -> Turn | None:
    if posting.is_posting(heard.state):
        return None
    draft = posting.spoken_of(heard, account)
    return None if draft is None else posting.begin(heard, draft)


# ── What nobody understands ──────────────────────────────────────────────────────────────────────


def _not_understood(heard: Heard, account: EmployerFacts) -> Turn:
    if heard.inbound.kind in {InboundKind.MEDIA, InboundKind.OTHER, InboundKind.CONTACT}:
        return Turn(heard.state, (Say("cannot_read"), *again_if_asked(heard, account)))
    state: State = replace(heard.state, misses=heard.state.misses + 1)
    if state.misses >= MISSES_BEFORE_HUMAN:
        return hand_over(replace(heard, state=state), "not_understood")
    asked = again_if_asked(heard, account)
    if state.misses >= MISSES_BEFORE_MENU:
        return Turn(state, (Say("not_understood_menu"), *(asked or (menu(account),))))
    return Turn(state, (Say("not_understood"), *(asked or (Say("employer_help"),))))


def again_if_asked(heard: Heard, account: EmployerFacts) -> tuple[Say, ...]:
    """Say the open question once more, where there is one."""
    return again(heard, account) if posting.is_posting(heard.state) else ()
