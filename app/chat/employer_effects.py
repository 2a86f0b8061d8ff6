"""Doing what an employer wants done in the chat: by the verbs of the API, and only when proven.

Whatever the conversation believed, each verb asks anew whether the phone is proven to be this
account's; an account that does not hold looks like one that is not there.
"""

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

from sqlalchemy import update

from app.catalogue import places, skills
from app.chat.effect_context import Doing
from app.chat.load_employer_context import said_of
from app.core.errors import DomainError, Invalid, NotFound
from app.core.geo import Point
from app.core.paging import PageRequest
from app.core.week import Slot
from app.database.session import keyring
from app.dialogue.context import CANCELLABLE
from app.dialogue.effects import (
    AnswerHiringFaq,
    AskLeadReport,
    AskWhichContact,
    AskWhichJob,
    BlockWorker,
    CancelJob,
    Effect,
    ListContacts,
    ListJobs,
    ListLeads,
    PostJob,
    ProvePhone,
    PublishJob,
    ReportLead,
    SendPhoneCode,
)
from app.dialogue.turn import Reply
from app.employers import blocks, phones
from app.employers.profile import EmployerNotFound
from app.identity.models import User, UserStatus
from app.jobs import posting, queries
from app.jobs.models import Job
from app.jobs.moderation import JobDeclined, JobPendingReview
from app.jobs.posting import JobSalary, JobText
from app.jobs.rules import JobAction, JobCancelled, JobStatus, StartsInPast
from app.masking.mask import mask
from app.matching.publish import publish
from app.offers import closing
from app.offers.links import payment_link
from app.offers.mark_unlocked import MatchNotFound, worker_of
from app.offers.progress import counts_of
from app.offers.queries import EmployersMatch, list_matches
from app.offers.rules import OfferStatus
from app.payments import contacts, reports
from app.payments.contacts import Contact
from app.payments.rules import ReportStatus
from app.policy import policy
from app.texts import catalogue
from app.texts.formatting import FormatContext, inert
from app.texts.message import ROW_DESCRIPTION_CHARACTERS, ROW_TITLE_CHARACTERS, Row

SHOWN_JOBS: Final = 9
SHOWN_LEADS: Final = 10
SHOWN_CONTACTS: Final = 30

_REFUSALS: Final[Mapping[str, str]] = {
    "account_restricted": "employer_restricted",
    "job_filled": "job_filled_already",
    "job_expired": "job_over_already",
    "codes_sent": "proof_enough",
    "wrong_code": "proof_wrong",
    "job_not_found": "job_unknown",
    "employer_not_found": "employer_not_you",
    "match_not_found": "lead_unknown",
    "match_not_unlocked": "lead_unknown",
    "report_too_late": "lead_report_late",
}


def told(effect: Effect, refusal: DomainError) -> Reply | None:
    """Return what to say of a refusal to an employer; None for what concerns none."""
    if type(effect) not in VERBS:
        return None
    if isinstance(refusal, StartsInPast):
        return Reply("job_refused_past" if isinstance(effect, PostJob) else "job_past")
    if isinstance(refusal, JobDeclined):
        return Reply("job_not_approved", {"reason": refusal.message})
    if refusal.reason in _REFUSALS:
        return Reply(_REFUSALS[refusal.reason])
    if isinstance(refusal, Invalid):
        return Reply("job_refused")
    return Reply("employer_refused")


async def _acting(doing: Doing, employer_id: UUID) -> phones.PhoneAccount:
    """Return the account if it may act from this phone. Raises `BlockedEmployerNotFound`."""
    for account in await phones.list_accounts(doing.session, doing.person.phone_index):
        if account.id == employer_id and account.proven:
            if account.status is UserStatus.SUSPENDED:
                break
            return account
    raise EmployerNotFound


async def speak(doing: Doing, language: str) -> None:
    """Let the accounts that act from this phone hear in this language from now on."""
    proven = [
        account.id
        for account in await phones.list_accounts(doing.session, doing.person.phone_index)
        if account.proven
    ]
    if proven:
        await doing.session.execute(
            update(User)
            .where(User.id.in_(proven))
            .values(language=language, updated_at=doing.now)
            .execution_options(synchronize_session=False)
        )


# ── The phone ────────────────────────────────────────────────────────────────────────────────────


def _phone_index(doing: Doing) -> str:
    if doing.person.phone_index is None:
        raise NotFound
    return doing.person.phone_index


async def _send_proof(doing: Doing, effect: SendPhoneCode) -> None:
    await phones.send_code(doing.session, effect.employer_id, _phone_index(doing), doing.now)


async def _prove(doing: Doing, effect: ProvePhone) -> None:
    index = _phone_index(doing)
    await phones.prove(doing.session, effect.employer_id, index, effect.code, doing.now)
    if doing.person.language is not None:
        await speak(doing, doing.person.language)


# ── Jobs ─────────────────────────────────────────────────────────────────────────────────────────


async def _post(doing: Doing, effect: PostJob) -> None:
    """Post and publish in one step, as two requests to the API would."""
    account = await _acting(doing, effect.employer_id)
    account.actor.require_unrestricted()
    text = job_text(effect.job)
    job = await posting.create(doing.session, account.id, text, doing.now)
    await _open(doing, account, job)


async def _publish(doing: Doing, effect: PublishJob) -> None:
    account = await _acting(doing, effect.employer_id)
    job = await queries.get_own_job(doing.session, account.id, effect.job_id)
    await _open(doing, account, job)


async def _open(doing: Doing, account: phones.PhoneAccount, job: Job) -> None:
    """Publish a draft and say how many were asked, or that its text is looked at first."""
    said: dict[str, Any] = {"title": job.title, "job_id": str(job.id)}
    try:
        job = await publish(doing.session, account.actor, job.id, doing.now)
    except JobPendingReview as held:
        # It stays a draft, so a second yes would only make another one.
        reasons: Any = held.data.get("reasons", ())
        lines = dict.fromkeys(f"• {catalogue.plain(reason['text'])}" for reason in reasons)
        doing.replies.append(Reply("job_held", {**said, "list": "\n".join(lines)}))
        return
    counts = (await counts_of(doing.session, [job.id], doing.now)).get(job.id, {})
    asked = sum(counts.values())
    told = "job_posted" if asked else "job_posted_nobody"
    doing.replies.append(Reply(told, {**said, "count": asked}))


def job_text(job: Mapping[str, Any]) -> JobText:
    """Return what was read back as the job it is."""
    skill = skills.SKILLS[job["skill"]]
    latitude, longitude = job["at"]
    nearest = places.nearest_city(latitude, longitude)
    salary = job["salary"]
    ends_on = job["ends_on"]
    return JobText(
        title=job["title"],
        description=job["note"] or job["title"],
        category=skill.category,
        location=Point(latitude, longitude),
        city=nearest.name if nearest else None,
        address=job["place"][:200],
        starts_on=dt.date.fromisoformat(job["starts_on"]),
        ends_on=dt.date.fromisoformat(ends_on) if ends_on else None,
        time_zone=job["time_zone"],
        slots=tuple(Slot(*slot) for slot in job["slots"]),
        positions=job["people"],
        required_skills=(skill.slug,),
        min_experience_years=job["years"],
        radius_km=job["radius_km"],
        salary=JobSalary(salary["amount"], salary["currency"], salary["per"]) if salary else None,
    )


async def _cancel(doing: Doing, effect: CancelJob) -> None:
    account = await _acting(doing, effect.employer_id)
    await queries.get_own_job(doing.session, account.id, effect.job_id)
    with suppress(JobCancelled):  # cancelled already, perhaps by the same tap twice
        await closing.close_job(
            doing.session, effect.job_id, JobAction.CANCEL, account.actor, doing.now
        )


# ── What there is to tell ────────────────────────────────────────────────────────────────────────


def _reader(doing: Doing) -> FormatContext:
    return catalogue.format_context(doing.language, {}, doing.now)


async def _tell_jobs(doing: Doing, effect: ListJobs) -> None:
    account = await _acting(doing, effect.employer_id)
    page = PageRequest(SHOWN_JOBS, None)
    jobs, _ = await queries.list_jobs(doing.session, account.id, None, page)
    if not jobs:
        doing.replies.append(Reply("no_jobs"))
        return
    counts = await counts_of(doing.session, [job.id for job in jobs], doing.now)
    line = catalogue.word(doing.language, "job_line")
    rows = []
    for job in jobs:
        standing = catalogue.word(doing.language, f"job_{job.status}")
        mine = counts.get(job.id, {})
        about = (
            line.replace("{standing}", standing)
            .replace("{asked}", str(sum(mine.values())))
            .replace("{accepted}", str(mine.get(OfferStatus.ACCEPTED, 0)))
            .replace("{unlocked}", str(job.unlocked))
        )
        title = inert(job.title, ROW_TITLE_CHARACTERS)
        rows.append(Row(f"job:{job.id}:show", title, about[:ROW_DESCRIPTION_CHARACTERS]))
    doing.replies.append(Reply("your_jobs", rows=rows))


async def _tell_leads(doing: Doing, effect: ListLeads) -> None:
    account = await _acting(doing, effect.employer_id)
    job = await queries.get_own_job(doing.session, account.id, effect.job_id)
    page = PageRequest(SHOWN_LEADS, None)
    leads, _ = await list_matches(
        doing.session, account.id, job.id, OfferStatus.ACCEPTED, page, doing.now
    )
    title = {"title": job.title, "job_id": str(job.id)}
    if not leads:
        doing.replies.append(Reply("no_leads", title))
        return
    bought = await contacts.contacts_of(doing.session, account.id, [lead.id for lead in leads])
    lines = [_lead_line(doing, lead, bought.get(lead.id)) for lead in leads]
    doing.replies.append(Reply("your_leads", {**title, "list": "\n".join(lines)}))


def _lead_line(doing: Doing, lead: EmployersMatch, contact: Contact | None) -> str:
    reads = _reader(doing)
    if contact is not None:
        return _contact_line(contact, reads)
    price = {"amount": lead.price.amount, "currency": lead.price.currency}
    said = {
        "name": catalogue.plain(lead.display_name or ""),
        "distance": catalogue.format_value("km", lead.distance_km, reads),
        "price": catalogue.format_value("money", price, reads),
        "url": payment_link(keyring(doing.session), doing.base_url, lead.id),
    }
    line = catalogue.word(doing.language, "lead_line")
    for name, value in said.items():
        line = line.replace(f"{{{name}}}", value)
    return line


def _contact_line(contact: Contact, reads: FormatContext) -> str:
    if contact.name is None or contact.phone is None:
        return f"• {reads.words['contact_gone']}"
    return f"• {catalogue.plain(contact.name)}: {catalogue.format_value('phone', contact.phone, reads)}"


async def _tell_contacts(doing: Doing, effect: ListContacts) -> None:
    account = await _acting(doing, effect.employer_id)
    held = await contacts.list_bought(doing.session, account.id, SHOWN_CONTACTS)
    if not held:
        doing.replies.append(Reply("no_contacts"))
        return
    reads = _reader(doing)
    lines = [
        f"{_contact_line(one.contact, reads)} ({catalogue.plain(one.job_title)})" for one in held
    ]
    doing.replies.append(Reply("your_contacts", {"list": "\n".join(lines)}))


async def _tell_terms(doing: Doing, effect: AnswerHiringFaq) -> None:
    await _acting(doing, effect.employer_id)
    in_force = await policy.current(doing.session)
    price = {"amount": in_force.lead_prices.default, "currency": in_force.lead_prices.currency}
    terms = {"price": price, "hours": in_force.deadlines.guarantee_hours}
    doing.replies.append(Reply(f"hire_faq_{effect.topic}", terms))


async def _choose_job(doing: Doing, effect: AskWhichJob) -> None:
    account = await _acting(doing, effect.employer_id)
    page = PageRequest(SHOWN_JOBS, None)
    jobs, _ = await queries.list_jobs(doing.session, account.id, None, page)
    still = [job for job in jobs if JobStatus(job.status) in CANCELLABLE]
    if len(still) == 1:
        told = await said_of(doing.session, still[0], doing.now)
        doing.replies.append(Reply("ask_cancel_job", told))
        return
    rows = [Row(f"job:{job.id}:cancel", inert(job.title, ROW_TITLE_CHARACTERS)) for job in still]
    doing.replies.append(
        Reply("which_job_to_cancel", rows=rows) if rows else Reply("no_jobs_to_cancel")
    )


# ── After the unlock ─────────────────────────────────────────────────────────────────────────────


async def _choose_contact(doing: Doing, effect: AskWhichContact) -> None:
    account = await _acting(doing, effect.employer_id)
    held = await contacts.list_bought(doing.session, account.id, SHOWN_LEADS)
    # Who has left can be reported still, for the money; to be blocked there is nobody any more.
    gone = catalogue.word(doing.language, "contact_gone")
    rows = [
        Row(
            f"lead:{one.match_id}:{effect.verb}",
            inert(one.contact.name or one.job_title, ROW_TITLE_CHARACTERS),
            inert(one.job_title if one.contact.name else gone, ROW_DESCRIPTION_CHARACTERS),
        )
        for one in held
        if one.contact.name is not None or effect.verb == "report"
    ]
    doing.replies.append(
        Reply(f"lead_to_{effect.verb}", rows=rows) if rows else Reply("no_contacts")
    )


async def _ask_report(doing: Doing, effect: AskLeadReport) -> None:
    account = await _acting(doing, effect.employer_id)
    title = await contacts.title_of(doing.session, account.id, effect.match_id)
    if title is None:
        raise MatchNotFound
    doing.replies.append(Reply("ask_lead_report", {"title": title}))


async def _report_lead(doing: Doing, effect: ReportLead) -> None:
    account = await _acting(doing, effect.employer_id)
    report = await reports.report(
        doing.session, account.actor, effect.match_id, mask(effect.words), doing.now
    )
    told = "lead_refunded" if report.status == ReportStatus.REFUNDED else "lead_reported"
    doing.replies.append(Reply(told, {"match_id": str(effect.match_id)}))


async def _block_worker(doing: Doing, effect: BlockWorker) -> None:
    account = await _acting(doing, effect.employer_id)
    worker_id = await worker_of(doing.session, account.id, effect.match_id)
    await closing.close_between(doing.session, worker_id, account.id, doing.now)
    await blocks.block_worker(doing.session, account.id, worker_id, effect.match_id, doing.now)


type _Verb = Callable[[Doing, Any], Awaitable[None]]
VERBS: Final[Mapping[type, _Verb]] = {
    SendPhoneCode: _send_proof,
    ProvePhone: _prove,
    PostJob: _post,
    PublishJob: _publish,
    CancelJob: _cancel,
    ListJobs: _tell_jobs,
    ListLeads: _tell_leads,
    ListContacts: _tell_contacts,
    AnswerHiringFaq: _tell_terms,
    AskWhichJob: _choose_job,
    AskWhichContact: _choose_contact,
    AskLeadReport: _ask_report,
    ReportLead: _report_lead,
    BlockWorker: _block_worker,
}
