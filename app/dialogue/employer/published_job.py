"""Words about a job that is posted: repeat it, more people, another pay, cancel it, who said yes. Pure.

What changes something is read back first, and done on a yes: to a button whose id names exactly what was read
back, or in words. Where several jobs may be meant, it is asked which.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from app.core.week import Slot
from app.dialogue.choices import as_tap
from app.dialogue.context import Context, JobSummary
from app.dialogue.effects import CancelJob, CloseJob, Effect, ListJobs, ListLeads
from app.dialogue.employer.job_changes import effect_of, replies_to
from app.dialogue.employer.jobs_meant import jobs_meant, names_other_role, says_which
from app.dialogue.employer.keeping import keeps_job
from app.dialogue.employer.message import EmployerMessage
from app.dialogue.employer.repeating import (
    dates_of,
    salary_with,
    shifts_again,
    shown_again,
    slots_of,
    today_at,
    values_again,
    values_now,
)
from app.dialogue.state import Ask
from app.dialogue.turn import Incoming, Reply, Turn
from app.jobs.rules import JobStatus, PayTerms, pay_may_become
from app.masking.mask import mask
from app.messaging.inbound import Inbound, InboundKind
from app.nlu import head_count, job_command, job_request
from app.nlu.intents import Intent, intents, yes_or_no
from app.nlu.job_certainty import settled
from app.nlu.job_command import COMMAND_CHARACTERS, JobCommand, JobVerb
from app.nlu.job_draft import Draft, token
from app.nlu.normalize import split_words
from app.texts import catalogue
from app.texts.formatting import inert
from app.texts.message import ROW_DESCRIPTION_CHARACTERS, ROW_TITLE_CHARACTERS, Button, Row

OPEN: Final = frozenset({Ask.WHICH_JOB, Ask.REPEAT_DAYS, Ask.POSTED_JOB})
"""Questions about a posted job."""
_MOST_ROWS: Final = 9
_ANEW: Final = frozenset({"repeat", "move"})
"""Changes that post the job anew; a move cancels the old one, too."""


def may_concern(inbound: Inbound, now: dt.datetime) -> bool:
    """Whether a message may be about a posted job, so that jobs have to be loaded for it."""
    if inbound.kind is InboundKind.TAP:
        return inbound.payload.startswith("change:")
    if inbound.kind is not InboundKind.TEXT:
        return False
    if Intent.CANCEL in intents(inbound.text):
        return True
    return job_command.read(inbound.text, now.date()) is not None


def again(message: Incoming) -> Reply:
    """Return the open question once more."""
    kept, context = message.state.draft, message.context
    job = _find(context.jobs, kept.get("job"))
    if message.state.ask is Ask.WHICH_JOB:
        command = _command(str(kept.get("said", "")), context)
        return _which(jobs_meant(command, context.jobs) if command else context.jobs, context)
    if job is None:
        return Reply("change_over")
    if message.state.ask is Ask.REPEAT_DAYS and kept.get("moves"):
        return _ask_hours(job)
    if message.state.ask is Ask.REPEAT_DAYS:
        return _ask_days(job, kept.get("dates", ()), context)
    return _read_back(job, kept, context)


# ── The command ──────────────────────────────────────────────────────────────────────────────────


def read_command(message: EmployerMessage) -> Turn | None:
    """Follow what is said about a posted job; None for any other text."""
    text = message.text
    command = None if text is None else _command(text, message.context)
    if text is None or command is None or _is_new_job(message, command):
        return None
    return _follow(message, command, text)


def read_question(message: EmployerMessage) -> Turn | None:
    """Answer what is asked about posted jobs, which changes none; None for any other text."""
    text = message.text
    command = None if text is None else _command(text, message.context)
    if text is None or command is None or command.verb not in {JobVerb.LEADS, JobVerb.STATUS}:
        return None
    own = [job for job in message.context.jobs if job.employer_id == message.account.id]
    return _show(message, command, jobs_meant(command, own), text) if own else None


def change_meant(message: EmployerMessage) -> JobCommand | None:
    """Return the command that changes a posted job's people, pay or hours; None for any other text."""
    command = _command(message.text or "", message.context)
    if command is None or command.verb not in {JobVerb.PEOPLE, JobVerb.PAY, JobVerb.HOURS}:
        return None
    return command


def _is_new_job(message: EmployerMessage, command: JobCommand) -> bool:
    """Whether "2 more waiters" means a job of its own: none is posted for that role."""
    if command.verb not in {JobVerb.PEOPLE, JobVerb.PAY, JobVerb.HOURS}:
        return False
    own = [job for job in message.context.jobs if job.employer_id == message.account.id]
    return not own or (command.verb is JobVerb.PEOPLE and names_other_role(command, own))


def cancel(message: EmployerMessage) -> Turn:
    """Ask whether, or which, job is cancelled, for a message that says no more."""
    return _follow(message, JobCommand(JobVerb.CANCEL), message.text or "")


def _command(text: str, context: Context) -> JobCommand | None:
    return job_command.read(
        text, context.now.date(), language=context.reply_language, currency=context.currency
    )


def _follow(message: EmployerMessage, command: JobCommand, text: str) -> Turn:
    own = [job for job in message.context.jobs if job.employer_id == message.account.id]
    meant = jobs_meant(command, own)
    if command.verb in {JobVerb.LEADS, JobVerb.STATUS}:
        return _show(message, command, meant, text)
    if not meant:
        return _none(message, command)
    if command.verb is JobVerb.REPEAT and not says_which(command):
        meant = meant[:1]  # the newest: it is read back whole
    if len(meant) > 1:
        return _ask_which(message, meant, text)
    return _HANDLERS[command.verb](message, command, meant[0])


def _show(
    message: EmployerMessage, command: JobCommand, meant: Sequence[JobSummary], text: str
) -> Turn:
    state, account = message.state.at(Ask.NOTHING), message.account.id
    if not any(job.employer_id == account for job in message.context.jobs):
        return Turn(state, (Reply("no_jobs"),))
    answered = [job for job in meant if job.params["accepted"]]
    # What is not said of a closed job in so many words is said of one that still asks.
    open_ones = [job for job in meant if job.status is not JobStatus.CLOSED] or meant
    if command.verb is JobVerb.LEADS and len(answered or open_ones) == 1:
        [job] = answered or open_ones
        return Turn(state, (), (ListLeads(account, job.id),))
    if command.verb is JobVerb.LEADS and len(answered) > 1:
        return _ask_which(message, answered, text)
    if command.verb is JobVerb.STATUS and len(open_ones) == 1:
        return Turn(state, (_shown(open_ones[0], message.context),))
    if command.verb is JobVerb.LEADS:
        return Turn(state, (Reply("nobody_accepted_yet"),), (ListJobs(account),))
    return Turn(state, (), (ListJobs(account),))


def _shown(job: JobSummary, context: Context) -> Reply:
    standing = context.word(f"job_{job.status.value}")
    return Reply("job_shown", {**job.params, "standing": standing})


def _none(message: EmployerMessage, command: JobCommand) -> Turn:
    ends = command.verb in {JobVerb.CANCEL, JobVerb.CLOSE}
    text = "no_jobs_to_cancel" if ends else "no_job_to_change"
    return Turn(message.state.at(Ask.NOTHING), (Reply(text),))


def _ask_which(message: EmployerMessage, jobs: Sequence[JobSummary], text: str) -> Turn:
    state = message.state.at(Ask.WHICH_JOB, said=mask(text)[:COMMAND_CHARACTERS])
    return Turn(state, (_which(jobs, message.context),))


def _which(jobs: Sequence[JobSummary], context: Context) -> Reply:
    rows = []
    for job in jobs[:_MOST_ROWS]:
        reads = context.format_context(job.params)
        days = catalogue.format_value("dates", job.params["starts_on"], reads)
        about = " · ".join(filter(None, (days, job.params["city"])))
        title = inert(job.title, ROW_TITLE_CHARACTERS)
        rows.append(Row(f"change:job:{job.id}", title, inert(about, ROW_DESCRIPTION_CHARACTERS)))
    return Reply("which_job" if rows else "change_over", rows=rows)


# ── What is read back ────────────────────────────────────────────────────────────────────────────


def _propose(message: EmployerMessage, job: JobSummary, verb: str, **to: Any) -> Turn:
    """Read a change back; a yes counts for exactly this."""
    kept = {"job": str(job.id), "verb": verb, "to": to}
    state = message.state.at(Ask.POSTED_JOB, **kept, token=token(kept))
    return Turn(state, (_read_back(job, state.draft, message.context),))


def ask_cancel(status: JobStatus, params: Mapping[str, Any], context: Context) -> Reply:
    """Ask whether a job is to be cancelled; one that asks people may also only be closed."""
    buttons = [
        Button(id_.replace("{job_id}", str(params["job_id"])), title)
        for id_, title in context.text("ask_cancel_job").buttons.items()
        if status is JobStatus.PUBLISHED or not id_.endswith(":close")
    ]
    return Reply("ask_cancel_job", params, buttons=buttons)


def _read_back(job: JobSummary, kept: Mapping[str, Any], context: Context) -> Reply:
    text, to = f"ask_{kept['verb']}", kept["to"]
    if text == "ask_cancel_job":
        return ask_cancel(job.status, job.params, context)
    anew = kept["verb"] in _ANEW
    params = shown_again(job, to) if anew else {**job.params, **to}
    return Reply(text, {**params, "token": kept["token"]})


def _cancel(message: EmployerMessage, _command: JobCommand, job: JobSummary) -> Turn:
    return _propose(message, job, "cancel_job")


def _close(message: EmployerMessage, command: JobCommand, job: JobSummary) -> Turn:
    if job.status is not JobStatus.PUBLISHED:
        return _cancel(message, command, job)  # A draft asks nobody: it can only be cancelled.
    return _propose(message, job, "close_job")


def _people(message: EmployerMessage, command: JobCommand, job: JobSummary) -> Turn:
    now = int(job.params["people"])
    wanted = command.told.people if command.more is None else now + command.more
    closed = message.state.at(Ask.NOTHING)
    if wanted is None or wanted > head_count.MOST_PEOPLE:
        return Turn(closed, (Reply("too_many_people", {"count": head_count.MOST_PEOPLE}),))
    if wanted <= now:
        return Turn(closed, (Reply("people_only_added", job.params),))
    return _propose(message, job, "add_people", total=wanted)


def _pay(message: EmployerMessage, command: JobCommand, job: JobSummary) -> Turn:
    new = salary_with(job, command.told, message.context.currency)
    if new is None:
        return Turn(message.state.at(Ask.NOTHING), (Reply("pay_needs_unit", job.params),))
    before = job.params["salary"]
    terms = PayTerms(**before) if before else None
    allowed = pay_may_become(terms, PayTerms(**new), asked=job.params["asked"] > 0)
    return _propose(message, job, "change_pay" if allowed else "pay_stays", new=new)


def _repeat(message: EmployerMessage, command: JobCommand, job: JobSummary) -> Turn:
    context, told = message.context, command.told
    shifts = shifts_again(job, told, context.now)
    if shifts is not None:
        values = values_again(job, told, shifts, context.currency)
        return _propose(message, job, "repeat", **values)
    kept = {"people": told.people, "amount": told.amount, "per": told.per}
    dates = list(told.dates)
    state = message.state.at(Ask.REPEAT_DAYS, job=str(job.id), dates=dates, told=kept)
    before = (Reply("job_in_past"),) if told.when else ()
    return Turn(state, (*before, _ask_days(job, dates, context)))


def _hours(message: EmployerMessage, command: JobCommand, job: JobSummary) -> Turn:
    """Read a job back with other hours: it is posted anew, and the old one cancelled."""
    context = message.context
    if not command.told.spans:
        state = message.state.at(Ask.REPEAT_DAYS, job=str(job.id), dates=[], told={}, moves=True)
        return Turn(state, (_ask_hours(job),))
    told = replace(settled(command.told, context.now), weekly=command.told.weekly)
    starts_on, ends_on = dates_of(job)
    days = tuple(sorted({slot.weekday for slot in slots_of(job)}))
    one_day = ends_on == starts_on
    if not told.when:
        told = replace(told, starts_on=starts_on, ends_on=ends_on, days=() if one_day else days)
    shifts = shifts_again(job, told, context.now)
    if shifts is None:
        # Its days are over: other days have to be named.
        return _repeat(message, replace(command, told=told), job)
    values = values_again(job, told, shifts, context.currency)
    if values == values_now(job):
        return _leave(message)  # "nahi, 8 se 10 hi theek hai": that is how it stands.
    return _propose(message, job, "move", **values)


def _ask_hours(job: JobSummary) -> Reply:
    return Reply("ask_move_hours", job.params)


def _ask_days(job: JobSummary, dates: Sequence[str], context: Context) -> Reply:
    rows = []
    for day in dates[:_MOST_ROWS]:
        reads = context.format_context({"ends_on": day})
        rows.append(Row(f"change:day:{day}", catalogue.format_value("dates", day, reads)))
    return Reply("ask_repeat_day" if rows else "ask_repeat_days", job.params, rows=rows)


_HANDLERS: Final[Mapping[JobVerb, Callable[[EmployerMessage, JobCommand, JobSummary], Turn]]] = {
    JobVerb.CANCEL: _cancel,
    JobVerb.CLOSE: _close,
    JobVerb.PEOPLE: _people,
    JobVerb.PAY: _pay,
    JobVerb.REPEAT: _repeat,
    JobVerb.HOURS: _hours,
}


# ── The answer ───────────────────────────────────────────────────────────────────────────────────


def read_answer(message: EmployerMessage) -> Turn | None:
    """Read a tap or a plain yes or no to a question about a posted job."""
    tap = message.tapped("change")
    if message.state.ask not in OPEN:
        return None if tap is None else Turn(message.state, (Reply("change_over"),))
    is_typed = tap is None
    if tap is None:
        message = as_tap(message, again(message))
        tap = message.tapped("change")
    if tap is not None:
        name, _, value = tap.partition(":")
        # A typed title means the question that is open, as a written yes does.
        typed_yes = name == "yes" and is_typed
        return _follow_tap(message, name, _token(message) if typed_yes else value)
    if (typed := message.tapped("job")) is not None:
        # The title of a button below "Cancel …?".
        if typed.endswith(":close") and (
            job := _find(message.context.jobs, message.state.draft.get("job"))
        ):
            return _do(message, job, CloseJob(message.account.id, job.id))
        really = typed.endswith(":really")
        return _confirm(message, _token(message)) if really else _leave(message)
    text = message.text
    if text is None:
        return None
    if message.has_intent(Intent.CANCEL, Intent.BACK, Intent.SKIP, Intent.NO) or keeps_job(text):
        return _leave(message)
    if (
        message.state.ask is Ask.POSTED_JOB
        and yes_or_no(split_words(text), "post_it") is Intent.YES
    ):
        return _confirm(message, _token(message))
    return None


def _token(message: EmployerMessage) -> str:
    return str(message.state.draft.get("token", ""))


def read_days(message: EmployerMessage) -> Turn | None:
    """Read the days on which a job is repeated, and what else is told of it."""
    text, ask = message.text, message.state.ask
    kept = message.state.draft
    job = _find(message.context.jobs, kept.get("job"))
    repeating = ask is Ask.REPEAT_DAYS or (ask is Ask.POSTED_JOB and kept.get("verb") in _ANEW)
    if text is None or job is None or not repeating:
        return None
    told = job_request.read(
        text,
        today_at(job, message.context.now),
        currency=message.context.currency,
        guess_role=False,
        guess_place=False,
    )
    if not (told.when or told.dates or told.spans or told.people or told.amount):
        return None
    whole = _so_far(kept).merged_with(told)
    if kept.get("moves") or kept.get("verb") == "move":
        return _hours(message, JobCommand(JobVerb.HOURS, whole), job) if whole.spans else None
    return _repeat(message, JobCommand(JobVerb.REPEAT, whole), job)


def _so_far(kept: Mapping[str, Any]) -> Draft:
    """Return what was told of the repeated job before."""
    if "told" in kept:
        return Draft(**kept["told"])
    to = kept["to"]
    pay = to["salary"] or {}
    slots = [Slot(*slot) for slot in to["slots"]]
    same = {(slot.start, slot.end) for slot in slots}
    spans = tuple((-1, start, end) for start, end in same) if len(same) == 1 else ()
    ends_on = to["ends_on"]
    return Draft(
        starts_on=dt.date.fromisoformat(to["starts_on"]),
        ends_on=dt.date.fromisoformat(ends_on) if ends_on else None,
        days=tuple(sorted({slot.weekday for slot in slots}))
        if to["ends_on"] != to["starts_on"]
        else (),
        spans=spans,
        people=to["people"],
        amount=pay.get("amount"),
        per=pay.get("per"),
    )


def _follow_tap(message: EmployerMessage, name: str, value: str) -> Turn:
    kept = message.state.draft
    job = _find(message.context.jobs, value if name == "job" else kept.get("job"))
    if job is None or job.employer_id != message.account.id:
        return Turn(message.state.at(Ask.NOTHING), (Reply("change_over"),))
    match name:
        case "no":
            return _leave(message)
        case "yes":
            return _confirm(message, value)
        case "job" if message.state.ask is Ask.WHICH_JOB:
            return _chosen(message, job, str(kept.get("said", "")))
        case "day" if message.state.ask is Ask.REPEAT_DAYS and value in kept.get("dates", ()):
            day = dt.date.fromisoformat(value)
            told = replace(_so_far(kept), starts_on=day, ends_on=day)
            return _repeat(message, JobCommand(JobVerb.REPEAT, told), job)
        case "days":
            return _repeat(message, JobCommand(JobVerb.REPEAT), job)
        case "again" if kept.get("verb") == "pay_stays":
            new = kept["to"]["new"]
            told = Draft(amount=new["amount"], per=new["per"])
            return _repeat(message, JobCommand(JobVerb.REPEAT, told), job)
        case "cancel":
            return _cancel(message, JobCommand(JobVerb.CANCEL), job)
    return Turn(message.state, (again(message),))


def _chosen(message: EmployerMessage, job: JobSummary, said: str) -> Turn:
    command = _command(said, message.context) or JobCommand(JobVerb.CANCEL)
    if command.verb in {JobVerb.LEADS, JobVerb.STATUS}:
        return _show(message, command, [job], said)
    return _HANDLERS[command.verb](message, command, job)


def _leave(message: EmployerMessage) -> Turn:
    return Turn(message.state.at(Ask.NOTHING), (Reply("kept"),))


def _confirm(message: EmployerMessage, read_back: str) -> Turn:
    """Do exactly what was read back; another button of before does nothing."""
    kept = message.state.draft
    if message.state.ask is not Ask.POSTED_JOB or kept.get("verb") == "pay_stays":
        return Turn(message.state, (again(message),))
    if read_back != kept.get("token"):
        return Turn(message.state, (Reply("change_other"), again(message)))
    effect = effect_of(message.account.id, UUID(kept["job"]), kept["verb"], kept["to"])
    done = message.state.at(Ask.NOTHING)
    job = _find(message.context.jobs, kept["job"])
    replies = replies_to(effect, job)
    moved = (CancelJob(message.account.id, UUID(kept["job"])),) if kept["verb"] == "move" else ()
    return Turn(done, replies, (effect, *moved), if_refused=done)


def _do(message: EmployerMessage, job: JobSummary, effect: Effect) -> Turn:
    done = message.state.at(Ask.NOTHING)
    return Turn(done, replies_to(effect, job), (effect,), if_refused=done)


def _find(jobs: Sequence[JobSummary], id_: object) -> JobSummary | None:
    return next((job for job in jobs if str(job.id) == id_), None)
