"""The conversation with an employer: menu, intents, frequent questions, jobs and a new job. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final
from uuid import UUID

from app.core.languages import languages
from app.dialogue.context import CANCELLABLE, EmployerAccount
from app.dialogue.effects import (
    AnswerHiringFaq,
    CancelJob,
    ChargeCardForAll,
    CloseJob,
    Effect,
    ListContacts,
    ListJobs,
    ListLeads,
    PayForAll,
    PublishJob,
    SendEmployerCode,
    ShowBalance,
    TopUp,
)
from app.dialogue.employer import erasure, posting, published_job
from app.dialogue.employer.after_unlock import (
    ask_which_contact,
    lead_tap,
    read_report,
    tapped_amount,
)
from app.dialogue.employer.message import EmployerMessage, is_missed
from app.dialogue.engine import (
    Persona,
    Reader,
    answer_faq,
    follow_intent,
    follow_tap,
    hand_over,
    help_with_question,
    respond,
)
from app.dialogue.reworded import reworded
from app.dialogue.state import Ask
from app.dialogue.turn import Incoming, Reply, Turn
from app.jobs.rules import JobStatus
from app.nlu import job_request
from app.nlu.faq_topic import EMPLOYER_TOPICS, find_topic
from app.nlu.intents import Intent
from app.nlu.job_draft import Draft
from app.nlu.normalize import split_words
from app.nlu.vocabulary import phrase_set
from app.texts import catalogue
from app.texts.message import Button, Row


def menu(account: EmployerAccount) -> Reply:
    """Return the menu of an employer."""
    return Reply("employer_menu", {"company": account.company})


def open_question_or_menu(message: EmployerMessage) -> tuple[Reply, ...]:
    """Return the open question about a job once more, or the menu."""
    return _open_question(message) or (menu(message.account),)


def _open_question(message: EmployerMessage) -> tuple[Reply, ...]:
    if message.state.ask in published_job.OPEN:
        return (published_job.again(message),)
    if message.state.ask is Ask.ERASE_COMPANY:
        return (erasure.again(message),)
    return (posting.again(message),) if posting.is_posting(message.state) else ()


def choose_language(message: Incoming) -> Turn:
    """Ask for the language."""
    known = [(code, catalogue.get_catalogue(code).name) for code in languages()]
    rows = [Row(f"language:{code}", name) for code, name in known]
    return Turn(message.state, (Reply("choose_language", rows=rows),))


# ── Menu and intents ─────────────────────────────────────────────────────────────────────────────


def _open_menu(message: EmployerMessage) -> Turn:
    return Turn(message.state.at(Ask.NOTHING), (menu(message.account),))


def _help(message: EmployerMessage) -> Turn:
    return help_with_question(message, "employer_help", _open_question(message))


def _list_jobs(message: EmployerMessage) -> Turn:
    return Turn(message.state.at(Ask.NOTHING), (), (ListJobs(message.account.id),))


def _list_contacts(message: EmployerMessage) -> Turn:
    return Turn(message.state.at(Ask.NOTHING), (), (ListContacts(message.account.id),))


def _balance(message: EmployerMessage) -> Turn:
    return Turn(message.state.at(Ask.NOTHING), (), (ShowBalance(message.account.id),))


def _pack_tap(message: EmployerMessage) -> Turn | None:
    """Read a tap on a pack that is paid in advance."""
    pack = message.tapped("topup")
    if pack is None:
        return None
    closed = message.state.at(Ask.NOTHING)
    return Turn(closed, (), (TopUp(message.account.id, pack),), if_refused=closed)


def _data(message: EmployerMessage) -> Turn:
    return Turn(message.state, (Reply("employer_data"),))


def _code(message: EmployerMessage) -> Turn:
    """Send a sign-in code: it is good for the company, and for a worker of that phone."""
    return Turn(message.state, (), (SendEmployerCode(message.account.id),))


_COURTESIES: Final = ("courtesy", "yes", "no", "skip")
"""Intents that say nothing where no question is open."""


def _courtesy(message: EmployerMessage) -> Turn | None:
    """Answer thanks, an "ok" and a "no", where nothing was asked."""
    said = split_words(message.text or "")
    bare = phrase_set("polite").without(said, ends_only=True)
    known = phrase_set(*_COURTESIES, section="intents")
    asked = message.state.ask is not Ask.NOTHING
    if not said or asked or not (known.covers(said) or known.covers(bare)):
        return None
    return Turn(message.state, (Reply("employer_courtesy"),))


_MENU: Final[Mapping[str, Reader[EmployerMessage]]] = {
    "open": _open_menu,
    "jobs": _list_jobs,
    "contacts": _list_contacts,
    "balance": _balance,
    "data": _data,
    "language": choose_language,
    "human": hand_over,
    "help": _help,
}
_ANYWHERE: Final[Mapping[Intent, Reader[EmployerMessage]]] = {
    Intent.DELETE_DATA: erasure.ask_erasure,
    Intent.SEND_DATA: _data,
    Intent.HUMAN: hand_over,
    Intent.HELP: _help,
    Intent.MENU: _open_menu,
    Intent.LANGUAGE: choose_language,
    Intent.LANGUAGE_NAME: choose_language,
    Intent.CONTACTS: _list_contacts,
    Intent.BALANCE: _balance,
    Intent.CODE: _code,
    Intent.BLOCK: partial(ask_which_contact, verb=Intent.BLOCK),
    Intent.REPORT: partial(ask_which_contact, verb=Intent.REPORT),
    Intent.POST: posting.begin_job,
    Intent.OFFERS: _list_jobs,
}
"""Intents that count even while a job is put together: no job is described in such words."""
_IDLE: Final[Mapping[Intent, Reader[EmployerMessage]]] = {
    **_ANYWHERE,
    Intent.GREETING: _open_menu,
    Intent.START: _open_menu,
    Intent.BOT: _open_menu,
    Intent.BACK: _open_menu,
    Intent.CANCEL: published_job.cancel,
    Intent.PROFILE: _data,
    Intent.WHO_KNOWS: _list_contacts,
}


def _intent(message: EmployerMessage) -> Turn | None:
    intents = message.intents
    if not posting.is_posting(message.state):
        return follow_intent(message, _IDLE, intents)
    if len(split_words(message.text or "")) > 1:
        # "Block B, Salt Lake" is where the work is.
        intents -= {Intent.BLOCK, Intent.REPORT}
    return follow_intent(message, _ANYWHERE, intents)


def _command(message: EmployerMessage) -> Turn | None:
    """Read a command about a posted job; while another job is put together, its words are that one's."""
    writing = posting.is_posting(message.state) or message.state.ask is Ask.LEAD_REPORT
    asks_how = find_topic(message.text or "", EMPLOYER_TOPICS) == "cancel"
    if writing or asks_how or message.intents:
        return None
    return published_job.read_command(message)


def _asks_amid_draft(message: EmployerMessage) -> Turn | None:
    """Answer how a posted job goes while another is put together, which stays as it is: "savitri ka number do"."""
    if not posting.is_posting(message.state) or message.intents:
        return None
    told = published_job.read_question(message)
    if told is None:
        return None
    return replace(told, state=message.state, replies=(*told.replies, posting.again(message)))


def _drop_and_go_on(message: EmployerMessage) -> Turn | None:
    """Drop the unfinished job where the first words say so, and follow the rest: "rehne do, mere kaam dikhao"."""
    text = message.text
    if text is None or not posting.is_posting(message.state):
        return None
    rest = posting.after_dropping(text)
    if rest is None:
        return None
    said = replace(message, inbound=replace(message.inbound, text=rest))
    if (kept := _correct_instead(said)) is not None:
        return kept
    dropped = Reply("job_dropped")
    closed = message.state.at(Ask.NOTHING)
    turn = respond(replace(said, state=closed), EMPLOYER)
    if is_missed(message, turn):
        return Turn(closed, (dropped,))
    return replace(turn, replies=(dropped, *turn.replies))


_LEAST_OF_A_JOB: Final = 2
"""A role with so many other parts is a job of its own."""


def _correct_instead(message: EmployerMessage) -> Turn | None:
    """Read as part of the unfinished job what follows the words that drop one: "chhodo, 600 kar do".

    None where it is clearly something else: an intent, a question about posted jobs, or a whole job.
    """
    part = replace(posting.read_parts(message), note="")
    change = published_job.change_meant(message)
    if message.intents or published_job.read_question(message) is not None:
        return None
    if change is not None and change.more is not None and message.context.jobs:
        return None  # "rehne do, 2 aur chahiye": more people are those of a posted job
    said = (part.place or part.places, part.when, part.spans, part.people, part.amount)
    if job_request.names_role(message.text or "") and sum(map(bool, said)) >= _LEAST_OF_A_JOB:
        return None
    if part == Draft() and change is None:
        return None
    # What changes a posted job alone is asked about: the unfinished one was spoken of.
    return posting.read_posting(message) or Turn(message.state, (posting.again(message),))


# ── Frequent questions ───────────────────────────────────────────────────────────────────────────


def _faq(message: EmployerMessage) -> Turn | None:
    if message.state.ask is Ask.LEAD_REPORT:
        return None
    return answer_faq(message, partial(find_topic, topics=EMPLOYER_TOPICS), _answer_faq)


def _answer_faq(message: EmployerMessage, topic: str, repeated: Sequence[Reply]) -> Turn:
    replies = (*repeated, *_open_question(message))
    return Turn(message.state, replies, (AnswerHiringFaq(message.account.id, topic),))


# ── Jobs ─────────────────────────────────────────────────────────────────────────────────────────


def _job_tap(message: EmployerMessage) -> Turn | None:
    rest = message.tapped("job")
    if rest is None:
        return None
    job = message.context.job
    if job is None or job.employer_id != message.account.id:
        # Another employer's job looks like one that does not exist.
        return Turn(message.state, (Reply("job_unknown"),))
    state = message.state.at(Ask.NOTHING)
    verb = rest.partition(":")[2]
    if (bought := _bought_by_tap(message.account.id, job.id, verb)) is not None:
        return Turn(state, (), (bought,), if_refused=state)
    match verb:
        case "leads":
            return Turn(state, (), (ListLeads(message.account.id, job.id),))
        case "publish" if job.status is JobStatus.DRAFT:
            return Turn(state, (), (PublishJob(message.account.id, job.id),))
        case "cancel" if job.status in CANCELLABLE:
            reply = published_job.ask_cancel(job.status, job.params, message.context)
            return Turn(state, (reply,))
        case "really" if job.status in CANCELLABLE:
            replies = (Reply("job_cancelled", job.params),)
            return Turn(state, replies, (CancelJob(message.account.id, job.id),))
        case "close" if job.status is JobStatus.PUBLISHED:
            replies = (Reply("job_closed", job.params),)
            return Turn(state, replies, (CloseJob(message.account.id, job.id),))
        case "keep":
            return Turn(state, (Reply("kept"),))
        case _:
            return Turn(state, (_shown(job.params, job.status, message),))


def _bought_by_tap(account_id: UUID, job_id: UUID, verb: str) -> Effect | None:
    """Return what buys all contacts of a job by such a tap: on the page or out of the balance, or by the kept card."""
    way, _, rest = verb.partition(":")
    if way == "payall":
        return PayForAll(account_id, job_id, rest or None)
    named, _, leads = rest.partition(":")
    amount = tapped_amount(f"{way}:{named}", "cardall")
    return None if amount is None else ChargeCardForAll(account_id, job_id, amount, leads)


def _shown(params: Mapping[str, Any], status: JobStatus, message: Incoming) -> Reply:
    name = "job_shown_draft" if status is JobStatus.DRAFT else "job_shown"
    entry = message.context.text(name)
    buttons = [
        Button(id_.replace("{job_id}", str(params["job_id"])), title)
        for id_, title in entry.buttons.items()
        if status in CANCELLABLE or not id_.endswith(":cancel")
    ]
    status_word = message.context.word(f"job_{status.value}")
    return Reply(name, {**params, "standing": status_word}, buttons=buttons)


# ── The persona ──────────────────────────────────────────────────────────────────────────────────


def _not_understood(message: EmployerMessage, with_menu: bool) -> Sequence[Reply]:
    if with_menu:
        if again := _in_other_words(message):
            return (Reply("stuck"), *again)
        return (Reply("not_understood_menu"), menu(message.account))
    return (Reply("not_understood"), *(_in_other_words(message) or (Reply("employer_help"),)))


def _in_other_words(message: EmployerMessage) -> tuple[Reply, ...]:
    """Return the open question in other words."""
    asked = _open_question(message)
    return tuple(part for reply in asked for part in reworded(reply, message.context))


EMPLOYER: Final[Persona[EmployerMessage]] = Persona(
    readers=(
        partial(follow_tap, menus={"hire": _MENU, "menu": _MENU}),
        erasure.read_erasure,
        _job_tap,
        lead_tap,
        _pack_tap,
        posting.read_yes,
        published_job.read_answer,
        _drop_and_go_on,
        _command,
        _asks_amid_draft,
        _intent,
        _courtesy,
        _faq,
        published_job.read_days,
        read_report,
        posting.read_posting,
        posting.new_job,
    ),
    ask_again=_open_question,
    not_understood=_not_understood,
    is_suspended=lambda message: message.account.suspended,
    while_suspended={Intent.SEND_DATA: _data, Intent.DELETE_DATA: _data},
)
