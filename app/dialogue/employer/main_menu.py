"""Everyday talk with an employer: the menu, jobs, who accepted, contacts, and what else is said. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from app.core.languages import languages
from app.dialogue.context import CANCELLABLE, EmployerAccount
from app.dialogue.effects import (
    AnswerHiringFaq,
    AskWhichJob,
    CancelJob,
    ListContacts,
    ListJobs,
    ListLeads,
    PublishJob,
    RequestHandoff,
    SendSignInCode,
)
from app.dialogue.employer import posting
from app.dialogue.employer.after_unlock import choose, lead_tap, read_report
from app.dialogue.state import Ask, State
from app.dialogue.turn import Incoming, Reply, Turn
from app.jobs.rules import JobStatus
from app.messaging.inbound import InboundKind
from app.nlu.faq_topic import EMPLOYER_TOPICS, find_topic
from app.nlu.intents import Intent
from app.nlu.normalize import split_words
from app.texts import catalogue
from app.texts.message import Button, Row

MISSES_BEFORE_MENU: Final = 2
MISSES_BEFORE_HUMAN: Final = 3


def turn(message: Incoming, account: EmployerAccount) -> Turn:
    """Return what follows from a message of this employer, whatever it is."""
    if account.suspended:
        return _suspended(message)
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
        if (found := understand(message, account)) is not None:
            if found.state.misses == message.state.misses:
                return replace(found, state=replace(found.state, misses=0))
            return found
    return _not_understood(message, account)


def menu(account: EmployerAccount) -> Reply:
    """Say what an employer can do here."""
    return Reply("employer_menu", {"company": account.company})


def again(message: Incoming, account: EmployerAccount) -> tuple[Reply, ...]:
    """Say the open question once more, or the menu."""
    if posting.is_posting(message.state):
        return (posting.again(message.state, message.context),)
    return (menu(account),)


def hand_over(message: Incoming, why: str = "asked") -> Turn:
    """Let a person take over; `why` is one of `app.messaging.models.HandoffReason`."""
    return Turn(replace(message.state, misses=0), (Reply("handed_over"),), (RequestHandoff(why),))


def _suspended(message: Incoming) -> Turn:
    if message.has_intent(Intent.HUMAN) or message.tapped("menu") == "human":
        return hand_over(message)
    if message.has_intent(Intent.SEND_DATA) or message.has_intent(Intent.DELETE_DATA):
        return Turn(message.state, (Reply("employer_data"),))
    return Turn(message.state, (Reply("suspended"),))


# ── Menu and words ───────────────────────────────────────────────────────────────────────────────

type _Follow = Callable[[Incoming, EmployerAccount], Turn]


def _open_menu(message: Incoming, account: EmployerAccount) -> Turn:
    return Turn(message.state.at(Ask.NOTHING), (menu(account),))


def _help(message: Incoming, account: EmployerAccount) -> Turn:
    if posting.is_posting(message.state):
        return Turn(message.state, (Reply("employer_help", buttons=()), *again(message, account)))
    return Turn(message.state, (Reply("employer_help"),))


def _post(message: Incoming, _account: EmployerAccount) -> Turn:
    return posting.begin(message)


def _jobs(message: Incoming, account: EmployerAccount) -> Turn:
    return Turn(message.state.at(Ask.NOTHING), (), (ListJobs(account.id),))


def _contacts(message: Incoming, account: EmployerAccount) -> Turn:
    return Turn(message.state.at(Ask.NOTHING), (), (ListContacts(account.id),))


def _data(message: Incoming, _account: EmployerAccount) -> Turn:
    return Turn(message.state, (Reply("employer_data"),))


def _block(message: Incoming, account: EmployerAccount) -> Turn:
    return choose(message, account, Intent.BLOCK)


def _report(message: Incoming, account: EmployerAccount) -> Turn:
    return choose(message, account, Intent.REPORT)


def _code(message: Incoming, _account: EmployerAccount) -> Turn:
    """A code signs a worker in, who this person may be too; a company has a password."""
    profile = message.context.profile
    if profile is not None and not profile.suspended:
        return Turn(message.state, (), (SendSignInCode(),))
    return Turn(message.state, (Reply("employer_code"),))


def _language(message: Incoming, _account: EmployerAccount) -> Turn:
    return choose_language(message)


def choose_language(message: Incoming) -> Turn:
    """Let somebody choose a language."""
    known = [(code, catalogue.get_catalogue(code).name) for code in languages()]
    rows = [Row(f"language:{code}", name) for code, name in known]
    return Turn(message.state, (Reply("choose_language", rows=rows),))


def _cancel(message: Incoming, account: EmployerAccount) -> Turn:
    return Turn(message.state.at(Ask.NOTHING), (), (AskWhichJob(account.id),))


def _human(message: Incoming, _account: EmployerAccount) -> Turn:
    return hand_over(message)


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


def _menu_tap(message: Incoming, account: EmployerAccount) -> Turn | None:
    for prefix in ("hire", "menu"):
        choice = message.tapped(prefix)
        if choice is not None and choice in _MENU:
            return _MENU[choice](message, account)
    return None


def _words(message: Incoming, account: EmployerAccount) -> Turn | None:
    text = message.text
    meant = message.intents
    known = dict(_ANYWHERE)
    if not posting.is_posting(message.state):
        known |= _EVERYDAY
    elif len(split_words(text or "")) > 1:
        # "Block B, Salt Lake" is where the work is.
        meant -= {Intent.BLOCK, Intent.REPORT}
    for intent, follow in known.items():
        if intent in meant:
            return follow(message, account)
    return None


def _often_asked(message: Incoming, account: EmployerAccount) -> Turn | None:
    """Answer what many employers ask, and ask the open question about a job again."""
    text = message.text
    if text is None or message.state.ask is Ask.LEAD_REPORT:
        return None
    subject = find_topic(text, EMPLOYER_TOPICS)
    if subject is None:
        return None
    again_told = (Reply("faq_again"),) if message.state.last_faq == subject else ()
    state = replace(message.state, last_faq=subject, misses=0)
    replies = (*again_told, *again_if_asked(message, account))
    return Turn(state, replies, (AnswerHiringFaq(account.id, subject),))


# ── Jobs ─────────────────────────────────────────────────────────────────────────────────────────


def _job_tap(message: Incoming, account: EmployerAccount) -> Turn | None:
    rest = message.tapped("job")
    if rest is None:
        return None
    job = message.context.job
    if job is None or job.employer_id != account.id:
        # Another's job looks like one that is not there.
        return Turn(message.state, (Reply("job_unknown"),))
    state = message.state.at(Ask.NOTHING)
    match rest.partition(":")[2]:
        case "leads":
            return Turn(state, (), (ListLeads(account.id, job.id),))
        case "publish" if job.status is JobStatus.DRAFT:
            return Turn(state, (), (PublishJob(account.id, job.id),))
        case "cancel" if job.status in CANCELLABLE:
            return Turn(state, (Reply("ask_cancel_job", job.params),))
        case "really" if job.status in CANCELLABLE:
            told = (Reply("job_cancelled", job.params),)
            return Turn(state, told, (CancelJob(account.id, job.id),))
        case "keep":
            return Turn(state, (Reply("kept"),))
        case _:
            return Turn(state, (_shown(job.params, job.status, message),))


def _shown(told: Mapping[str, Any], status: JobStatus, message: Incoming) -> Reply:
    name = "job_shown_draft" if status is JobStatus.DRAFT else "job_shown"
    entry = catalogue.get_catalogue(message.context.reply_language).chat[name]
    buttons = [
        Button(id_.replace("{job_id}", str(told["job_id"])), title)
        for id_, title in entry.buttons.items()
        if status in CANCELLABLE or not id_.endswith(":cancel")
    ]
    standing = catalogue.word(message.context.reply_language, f"job_{status.value}")
    return Reply(name, {**told, "standing": standing}, buttons=buttons)


# ── A new job ────────────────────────────────────────────────────────────────────────────────────


def _new_job(message: Incoming, account: EmployerAccount) -> Turn | None:
    if posting.is_posting(message.state):
        return None
    draft = posting.spoken_of(message, account)
    return None if draft is None else posting.begin(message, draft)


# ── What nobody understands ──────────────────────────────────────────────────────────────────────


def _not_understood(message: Incoming, account: EmployerAccount) -> Turn:
    if message.inbound.kind in {InboundKind.MEDIA, InboundKind.OTHER, InboundKind.CONTACT}:
        return Turn(message.state, (Reply("cannot_read"), *again_if_asked(message, account)))
    state: State = replace(message.state, misses=message.state.misses + 1)
    if state.misses >= MISSES_BEFORE_HUMAN:
        return hand_over(replace(message, state=state), "not_understood")
    asked = again_if_asked(message, account)
    if state.misses >= MISSES_BEFORE_MENU:
        return Turn(state, (Reply("not_understood_menu"), *(asked or (menu(account),))))
    return Turn(state, (Reply("not_understood"), *(asked or (Reply("employer_help"),))))


def again_if_asked(message: Incoming, account: EmployerAccount) -> tuple[Reply, ...]:
    """Say the open question once more, where there is one."""
    return again(message, account) if posting.is_posting(message.state) else ()
