"""Performs an employer's effects by the domains' verbs.

Each handler checks again that the phone is proven to be this account's; an account that may not act
here looks like one that does not exist.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

from app.chat.effect_context import EffectContext
from app.chat.load_context import job_params_of
from app.core.errors import DomainError, Invalid, NotFound
from app.core.paging import PageRequest
from app.database.session import keyring
from app.dialogue.effects import (
    AddPositions,
    AnswerHiringFaq,
    AnswerNewcomersFaq,
    AskLeadReport,
    AskWhichContact,
    BlockWorker,
    CancelJob,
    CloseJob,
    Effect,
    ListContacts,
    ListJobs,
    OpenCompany,
    PostJob,
    ProvePhone,
    PublishJob,
    RaisePay,
    RepeatJob,
    ReportLead,
    SendEmployerCode,
    SendPhoneCode,
)
from app.dialogue.turn import Reply
from app.employers import blocks, code_sign_in, phones, registration
from app.employers.profile import EmployerNotFound
from app.employers.registration import ChatCompany
from app.identity import users
from app.identity.models import UserStatus
from app.jobs import posting, queries
from app.jobs.models import Job
from app.jobs.moderation import JobDeclined, JobPendingReview
from app.jobs.rules import JobAction, JobCancelled, JobClosed, StartsInPast
from app.masking.mask import mask
from app.matching.publish import publish
from app.messaging.models import ADDRESS
from app.offers import closing
from app.offers.mark_unlocked import MatchNotFound, worker_of
from app.offers.progress import counts_of
from app.offers.rules import OfferStatus
from app.payments import contacts, lead_guarantee
from app.payments.contacts import Contact
from app.payments.rules import ReportReason, ReportStatus
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
    "job_closed": "job_closed_already",
    "job_over": "job_over_now",
    "job_not_editable": "job_stays",
    "codes_sent": "proof_enough",
    "codes_enough": "codes_enough",
    "phone_not_supported": "company_phone_bad",
    "wrong_code": "proof_wrong",
    "job_not_found": "job_unknown",
    "employer_not_found": "employer_not_you",
    "match_not_found": "lead_unknown",
    "match_not_accepted": "lead_gone",
    "balance_too_low": "balance_low",
    "price_changed": "lead_price_changed",
    "spending_limit": "spending_limit",
    "pack_not_found": "pack_gone",
    "dispute_open": "purchases_rest",
    "verification_required": "verification_wanted",
    "unlock_limit_reached": "unlocks_enough",
    "payment_under_way": "payment_under_way",
    "match_not_unlocked": "lead_unknown",
    "report_too_early": "lead_report_early",
    "report_too_late": "lead_report_late",
}


_REPORTED: Final[Mapping[ReportStatus, str]] = {
    ReportStatus.REFUNDED: "lead_refunded",
    ReportStatus.CHECKING: "lead_checking",
    ReportStatus.OPEN: "lead_reported",
    ReportStatus.DECLINED: "lead_reported",
}


def refusal_reply(effect: Effect, refusal: DomainError) -> Reply:
    """Return what to say of a refusal to an employer."""
    if isinstance(refusal, StartsInPast):
        return Reply(
            "job_refused_past" if isinstance(effect, PostJob | OpenCompany) else "job_past"
        )
    if isinstance(refusal, JobDeclined):
        return Reply("job_not_approved", {"reason": refusal.message})
    if refusal.reason in _REFUSALS:
        return Reply(_REFUSALS[refusal.reason])
    return Reply("job_refused" if isinstance(refusal, Invalid) else "employer_refused")


async def own_account(context: EffectContext, employer_id: UUID) -> phones.PhoneAccount:
    """Return the account if it may act from this phone. Raises `EmployerNotFound`."""
    for account in await phones.list_accounts(context.session, context.person.phone_index):
        if account.id == employer_id and account.proven:
            if account.status is UserStatus.SUSPENDED:
                break
            return account
    raise EmployerNotFound


async def set_language(context: EffectContext, language: str) -> None:
    """Set the language of every account that the phone was proven for."""
    accounts = await phones.list_accounts(context.session, context.person.phone_index)
    if proven := [account.user_id for account in accounts if account.proven]:
        await users.set_language(context.session, proven, language, now=context.now)


# ── The phone ────────────────────────────────────────────────────────────────────────────────────


def _phone_index(context: EffectContext) -> str:
    if context.person.phone_index is None:
        raise NotFound
    return context.person.phone_index


async def _send_phone_code(context: EffectContext, effect: SendPhoneCode) -> None:
    await phones.send_code(
        context.session, effect.employer_id, _phone_index(context), now=context.now
    )


async def _prove_phone(context: EffectContext, effect: ProvePhone) -> None:
    index = _phone_index(context)
    await phones.prove(context.session, effect.employer_id, index, effect.code, now=context.now)
    if context.person.language is not None:
        await set_language(context, context.person.language)


async def _send_code(context: EffectContext, effect: SendEmployerCode) -> None:
    await own_account(context, effect.employer_id)
    await code_sign_in.send_code_in_chat(
        context.session,
        effect.employer_id,
        _phone_index(context),
        context.language,
        now=context.now,
    )


# ── Jobs ─────────────────────────────────────────────────────────────────────────────────────────


async def _post_job(context: EffectContext, effect: PostJob) -> None:
    """Post and publish in one step, as two requests to the API would."""
    account = await own_account(context, effect.employer_id)
    account.actor.require_unrestricted()
    job = await posting.create(
        context.session, account.id, effect.job, context.now, posted_by=account.actor.member_id
    )
    await _publish_draft(context, account, job)


async def _open_company(context: EffectContext, effect: OpenCompany) -> None:
    """Open the company of somebody who wrote a job, and post it; from now on they act for it here."""
    sealed, language = context.person.phone_sealed, context.language
    if sealed is None:
        raise NotFound
    context.person.language = language
    company = ChatCompany(
        company_name=effect.company or effect.contact,
        contact_name=effect.contact,
        language=language,
        city=effect.job.city,
    )
    phone = keyring(context.session).open(sealed, ADDRESS)
    user, _ = await registration.open_by_phone(context.session, phone, company, now=context.now)
    context.persona = str(user.id)
    account = await own_account(context, user.id)
    job = await posting.create(
        context.session, account.id, effect.job, context.now, posted_by=account.actor.member_id
    )
    told = len(context.replies)
    await _publish_draft(context, account, job)
    opened = Reply("company_opened", {"company": mask(company.company_name)})
    context.replies.insert(told, opened)


async def _publish_job(context: EffectContext, effect: PublishJob) -> None:
    account = await own_account(context, effect.employer_id)
    job = await queries.get_own_job(context.session, account.id, effect.job_id)
    await _publish_draft(context, account, job)


async def _publish_draft(context: EffectContext, account: phones.PhoneAccount, job: Job) -> None:
    """Publish a draft and tell how many workers were asked, or that its text is reviewed first."""
    params: dict[str, Any] = {"title": job.title, "job_id": str(job.id)}
    try:
        job = await publish(context.session, account.actor, job.id, context.now)
    except JobPendingReview as pending:
        # It stays a draft, so a second yes would only make another one.
        reasons: Any = pending.data.get("reasons", ())
        lines = dict.fromkeys(f"• {catalogue.plain(reason['text'])}" for reason in reasons)
        context.reply("job_held", {**params, "list": "\n".join(lines)})
        return
    counts = (await counts_of(context.session, [job.id], context.now)).get(job.id, {})
    asked = sum(counts.values())
    context.reply("job_posted" if asked else "job_posted_nobody", {**params, "count": asked})


async def _add_positions(context: EffectContext, effect: AddPositions) -> None:
    account = await own_account(context, effect.employer_id)
    account.actor.require_unrestricted()
    job = await _edited(context, account, effect.job_id, positions=effect.positions)
    context.reply("positions_added", await job_params_of(context.session, job, context.now))


async def _raise_pay(context: EffectContext, effect: RaisePay) -> None:
    account = await own_account(context, effect.employer_id)
    job = await _edited(context, account, effect.job_id, salary=effect.salary)
    context.reply("pay_changed", await job_params_of(context.session, job, context.now))


async def _edited(
    context: EffectContext, account: phones.PhoneAccount, job_id: UUID, **changes: Any
) -> Job:
    return await posting.edit(context.session, account.id, job_id, changes, context.now)


async def _repeat_job(context: EffectContext, effect: RepeatJob) -> None:
    """Repeat and publish in one step, as two requests to the API would."""
    account = await own_account(context, effect.employer_id)
    account.actor.require_unrestricted()
    told = {"ends_on": effect.ends_on, "slots": tuple(effect.slots), "salary": effect.salary}
    job = await posting.repeat(
        context.session,
        account.id,
        effect.job_id,
        starts_on=effect.starts_on,
        positions=effect.positions,
        changes=told,
        posted_by=account.actor.member_id,
        now=context.now,
    )
    await _publish_draft(context, account, job)


async def _cancel_job(context: EffectContext, effect: CancelJob) -> None:
    account = await own_account(context, effect.employer_id)
    await queries.get_own_job(context.session, account.id, effect.job_id)
    with suppress(JobCancelled):  # cancelled already, perhaps by the same tap twice
        await closing.close_job(
            context.session, effect.job_id, JobAction.CANCEL, account.actor, context.now
        )


async def _close_job(context: EffectContext, effect: CloseJob) -> None:
    account = await own_account(context, effect.employer_id)
    await queries.get_own_job(context.session, account.id, effect.job_id)
    with suppress(JobClosed):  # closed already, perhaps by the same tap twice
        await closing.close_job(
            context.session, effect.job_id, JobAction.CLOSE, account.actor, context.now
        )


# ── Lists and answers ───────────────────────────────────────────────────────────────────────────────


async def _list_jobs(context: EffectContext, effect: ListJobs) -> None:
    account = await own_account(context, effect.employer_id)
    page = PageRequest(SHOWN_JOBS, None)
    jobs, _ = await queries.list_jobs(context.session, account.id, None, page)
    if not jobs:
        context.reply("no_jobs")
        return
    counts = await counts_of(context.session, [job.id for job in jobs], context.now)
    line = context.word("job_line")
    rows = []
    for job in jobs:
        status = context.word(f"job_{job.status}")
        mine = counts.get(job.id, {})
        about = (
            line.replace("{standing}", status)
            .replace("{asked}", str(sum(mine.values())))
            .replace("{accepted}", str(mine.get(OfferStatus.ACCEPTED, 0)))
            .replace("{unlocked}", str(job.unlocked))
        )
        title = inert(job.title, ROW_TITLE_CHARACTERS)
        rows.append(Row(f"job:{job.id}:show", title, about[:ROW_DESCRIPTION_CHARACTERS]))
    context.reply("your_jobs", rows=rows)


def contact_line(contact: Contact, reads: FormatContext) -> str:
    """Return a line with a contact that was bought."""
    if contact.name is None or contact.phone is None:
        return f"• {reads.words['contact_gone']}"
    return f"• {catalogue.plain(contact.name)}: {catalogue.format_value('phone', contact.phone, reads)}"


async def _list_contacts(context: EffectContext, effect: ListContacts) -> None:
    account = await own_account(context, effect.employer_id)
    held = await contacts.list_bought(context.session, account.id, SHOWN_CONTACTS)
    if not held:
        context.reply("no_contacts")
        return
    reads = context.formatting
    lines = [
        f"{contact_line(one.contact, reads)} ({catalogue.plain(one.job_title)})" for one in held
    ]
    context.reply("your_contacts", {"list": "\n".join(lines)})


async def _answer_faq(context: EffectContext, effect: AnswerHiringFaq) -> None:
    account = await own_account(context, effect.employer_id)
    await _answer_newcomer(context, AnswerNewcomersFaq(effect.topic))
    if effect.topic == "lead" and not await contacts.list_bought(context.session, account.id, 1):
        # "nobody came" of whom nothing was bought yet: how the jobs go is what is asked.
        await _list_jobs(context, ListJobs(account.id))


async def _answer_newcomer(context: EffectContext, effect: AnswerNewcomersFaq) -> None:
    in_force = await policy.current(context.session)
    price = {"amount": in_force.lead_prices.default, "currency": in_force.lead_prices.currency}
    days = max(1, in_force.deadlines.guarantee_hours // 24)
    terms = {"price": price, "days": days}
    context.reply(f"hire_faq_{effect.topic}", terms)


# ── Contacts that were bought ───────────────────────────────────────────────────────────────────────


async def _ask_which_contact(context: EffectContext, effect: AskWhichContact) -> None:
    account = await own_account(context, effect.employer_id)
    held = await contacts.list_bought(context.session, account.id, SHOWN_LEADS)
    # Who has left can be reported still, for the money; to be blocked there is nobody any more.
    gone = context.word("contact_gone")
    rows = [
        Row(
            f"lead:{one.match_id}:{effect.verb}",
            inert(one.contact.name or one.job_title, ROW_TITLE_CHARACTERS),
            inert(one.job_title if one.contact.name else gone, ROW_DESCRIPTION_CHARACTERS),
        )
        for one in held
        if one.contact.name is not None or effect.verb == "report"
    ]
    context.reply(f"lead_to_{effect.verb}" if rows else "no_contacts", rows=rows)


async def _ask_lead_report(context: EffectContext, effect: AskLeadReport) -> None:
    account = await own_account(context, effect.employer_id)
    title = await contacts.title_of(context.session, account.id, effect.match_id)
    if title is None:
        raise MatchNotFound
    context.reply("ask_lead_report", {"title": title, "match_id": str(effect.match_id)})


async def _report_lead(context: EffectContext, effect: ReportLead) -> None:
    account = await own_account(context, effect.employer_id)
    report = await lead_guarantee.report(
        context.session,
        account.actor,
        effect.match_id,
        ReportReason(effect.why),
        mask(effect.words),
        context.now,
    )
    about = {"match_id": str(effect.match_id)}
    if report.status == ReportStatus.CHECKING and report.decides_by is not None:
        about["decides_by"] = report.decides_by.isoformat()
    context.reply(_REPORTED[ReportStatus(report.status)], about)


async def _block_worker(context: EffectContext, effect: BlockWorker) -> None:
    account = await own_account(context, effect.employer_id)
    worker_id = await worker_of(context.session, account.id, effect.match_id)
    await closing.close_between(context.session, worker_id, account.id, context.now)
    await blocks.block_worker(
        context.session, account.id, worker_id, effect.match_id, now=context.now
    )


type _Handler = Callable[[EffectContext, Any], Awaitable[None]]
HANDLERS: Final[Mapping[type, _Handler]] = {
    SendPhoneCode: _send_phone_code,
    ProvePhone: _prove_phone,
    PostJob: _post_job,
    PublishJob: _publish_job,
    AddPositions: _add_positions,
    RaisePay: _raise_pay,
    RepeatJob: _repeat_job,
    OpenCompany: _open_company,
    SendEmployerCode: _send_code,
    CancelJob: _cancel_job,
    CloseJob: _close_job,
    ListJobs: _list_jobs,
    ListContacts: _list_contacts,
    AnswerHiringFaq: _answer_faq,
    AnswerNewcomersFaq: _answer_newcomer,
    AskWhichContact: _ask_which_contact,
    AskLeadReport: _ask_lead_report,
    ReportLead: _report_lead,
    BlockWorker: _block_worker,
}
