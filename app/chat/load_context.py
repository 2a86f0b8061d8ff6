"""Loads what is known about the sender of a message: profile, offers, employer accounts."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.languages import DEFAULT_LANGUAGE
from app.core.paging import PageRequest
from app.core.person_names import UNNAMED
from app.dialogue.context import (
    Context,
    EmployerAccount,
    JobSummary,
    Miss,
    MissAppeal,
    Profile,
    masked_email,
)
from app.dialogue.employer import published_job
from app.dialogue.worker.appeals import may_concern as may_concern_appeal
from app.dialogue.worker.questions import good_name
from app.employers import phones
from app.identity.models import User, UserStatus
from app.jobs import queries
from app.jobs.models import Job
from app.jobs.queries import JobNotFound
from app.jobs.rules import JobStatus
from app.masking.mask import mask
from app.messaging.contacts import account_merge
from app.messaging.conversations import handoff
from app.messaging.inbound import Inbound, InboundKind
from app.messaging.models import ChatPerson
from app.messaging.outbox.sent import find_subject
from app.offers import appeals, reliability
from app.offers.appeals import AppealStatus
from app.offers.offer_message import job_params
from app.offers.progress import counts_of
from app.offers.reliability_text import part_texts
from app.offers.rules import OfferStatus
from app.offers.summary import OfferSummary
from app.offers.worker_summaries import find_summary, list_newest
from app.texts import catalogue
from app.workers import availability
from app.workers.models import Worker
from app.workers.profile import WorkerAccount
from app.workers.registration import DEFAULT_TRAVEL_KM

_NEWEST_JOBS: Final = 20
"""Jobs of an employer among which one that is meant is looked for."""
CHANNEL: Final = "whatsapp"
"""The channel on which a consent in the chat is given."""


async def load_context(
    session: AsyncSession,
    person: ChatPerson,
    account: WorkerAccount | None,
    inbound: Inbound,
    now: dt.datetime,
    *,
    base_url: str,
    country: str,
    form_id: str = "",
    currency: str = "INR",
) -> Context:
    """Load what is known about the sender; `account` is the worker's, or None."""
    profile = await _profile(session, account, inbound) if account is not None else None
    worker_id = person.user_id if profile is not None else None
    offer_id, quoted = await _referenced_offer(session, person, inbound)
    employers = await _employers(session, person)
    last = person.last_message_at
    offers = await list_newest(session, worker_id, now=now) if worker_id else []
    return Context(
        now=now,
        language=person.language,
        profile=profile,
        stopped=person.stopped_at is not None,
        in_handoff=person.paused_at is not None,
        handoff_reason=person.paused_why or "",
        taken_over=handoff.holder(person, now) is not None,
        attended=person.held_by is not None,
        employers=employers,
        job=await _tapped_job(session, employers, inbound, now),
        jobs=await _jobs(session, employers, person, inbound, now),
        misses=await _misses(session, person, account, inbound, now),
        base_url=base_url,
        late=last is not None and inbound.sent_at < last,
        stop_superseded=person.stop_told_at is not None and inbound.sent_at < person.stop_told_at,
        open_offers=[offer for offer in offers if offer.status is OfferStatus.OFFERED],
        accepted_offers=[offer for offer in offers if offer.status is OfferStatus.ACCEPTED],
        rejected_offers=[
            offer for offer in offers if offer.status is OfferStatus.REJECTED and offer.stands
        ],
        offer=await find_offer(session, person, offer_id, now) if worker_id else None,
        quoted=quoted,
        country=country,
        form_id=form_id,
        currency=currency,
        has_phone=person.phone_index is not None,
    )


async def _profile(session: AsyncSession, account: WorkerAccount, inbound: Inbound) -> Profile:
    user, worker = account
    if not await _agreed(session, user):
        return _without_consent(user, inbound)
    slots = await availability.list_slots(session, user.id)
    return Profile(
        name="" if user.name == UNNAMED else user.name,
        agreed=True,
        suspended=user.status == UserStatus.SUSPENDED,
        has_phone=user.phone_index is not None,
        skills=tuple(worker.skills),
        place=worker.city,
        located=worker.latitude is not None,
        max_distance_km=worker.max_distance_km,
        experience_years=worker.experience_years,
        slots=[availability.to_slot(slot) for slot in slots],
        time_zone=worker.time_zone,
        quiet_hours=_quiet_hours(worker),
    )


def _quiet_hours(worker: Worker) -> tuple[dt.time, dt.time] | None:
    if worker.quiet_start is None or worker.quiet_end is None:
        return None
    return worker.quiet_start, worker.quiet_end


def _without_consent(user: User, inbound: Inbound) -> Profile:
    """Return the profile of somebody without consent: only their name on the platform."""
    return Profile(
        name=inbound.name if inbound.name and good_name(inbound.name) else "",
        agreed=False,
        suspended=False,
        has_phone=user.phone_index is not None,
        skills=(),
        place=None,
        located=False,
        max_distance_km=DEFAULT_TRAVEL_KM,
        experience_years=0,
        slots=(),
    )


async def _agreed(session: AsyncSession, user: User) -> bool:
    """Whether this person consented; what was entered about an unproven phone counts for nothing."""
    if user.status != UserStatus.PENDING:
        return True
    return await account_merge.has_consent(session, CHANNEL, user.id)


_APPEALS: Final[Mapping[AppealStatus | None, MissAppeal]] = {
    None: MissAppeal.NONE,
    AppealStatus.OPEN: MissAppeal.OPEN,
    AppealStatus.DECLINED: MissAppeal.DECIDED,
}


async def _misses(
    session: AsyncSession,
    person: ChatPerson,
    account: WorkerAccount | None,
    inbound: Inbound,
    now: dt.datetime,
) -> Sequence[Miss] | None:
    """Return what lowers the worker's reliability, where the message may be about an appeal."""
    text = inbound.text if inbound.kind is InboundKind.TEXT else ""
    ask = (person.state or {}).get("ask")
    if account is None or not may_concern_appeal(text, inbound.payload or "", ask):
        return None
    user, worker = account
    report = await reliability.explain(session, user.id)
    language = person.language or DEFAULT_LANGUAGE
    texts = dict(
        zip(
            (part.what for part in report.parts),
            part_texts(report.parts, language, worker.time_zone, now),
            strict=True,
        )
    )
    return [
        Miss(part.what, catalogue.plain(part.title or ""), texts[part.what], _APPEALS[status])
        for part, status in await appeals.standing(session, user.id, report.parts, now)
    ]


async def _referenced_offer(
    session: AsyncSession, person: ChatPerson, inbound: Inbound
) -> tuple[UUID | None, bool]:
    """Return the offer that a tap or quotation is about, and whether a message of ours is quoted."""
    if inbound.kind is InboundKind.TAP:
        prefix, _, rest = inbound.payload.partition(":")
        about_offer = prefix in {"offer", "contact"}
        return _uuid(rest.partition(":")[0]) if about_offer else None, False
    if inbound.reply_to is None or person.user_id is None:
        return None, False
    subject_id = await find_subject(session, inbound.reply_to, person.user_id)
    return subject_id, subject_id is not None


async def find_offer(
    session: AsyncSession, person: ChatPerson, offer_id: UUID | None, now: dt.datetime
) -> OfferSummary | None:
    """Return one of this person's offers; None for another's, and where there is none."""
    if person.user_id is None or offer_id is None:
        return None
    return await find_summary(session, person.user_id, offer_id, now=now)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


# ── Employers ────────────────────────────────────────────────────────────────────────────────────


async def _employers(session: AsyncSession, person: ChatPerson) -> Sequence[EmployerAccount]:
    """Return the employer accounts that name this person's phone."""
    return [
        EmployerAccount(
            id=account.id,
            company=mask(account.company),
            email=masked_email(account.email) if account.email else "",
            proven=account.proven,
            suspended=account.status is UserStatus.SUSPENDED,
            city=account.city,
        )
        for account in await phones.list_accounts(session, person.phone_index)
    ]


async def _tapped_job(
    session: AsyncSession,
    employers: Sequence[EmployerAccount],
    inbound: Inbound,
    now: dt.datetime,
) -> JobSummary | None:
    """Return the tapped job if it belongs to one of these employers that may act from this phone."""
    if inbound.kind is not InboundKind.TAP or not inbound.payload.startswith("job:"):
        return None
    job_id = _uuid(inbound.payload.split(":")[1])
    if job_id is None:
        return None
    for employer in employers:
        if not employer.proven:
            continue
        try:
            job = await queries.get_own_job(session, employer.id, job_id)
        except JobNotFound:
            continue
        return JobSummary(
            job.id, employer.id, JobStatus(job.status), await job_params_of(session, job, now)
        )
    return None


async def _jobs(
    session: AsyncSession,
    employers: Sequence[EmployerAccount],
    person: ChatPerson,
    inbound: Inbound,
    now: dt.datetime,
) -> Sequence[JobSummary]:
    """Return the newest jobs of the employers that may act here, where the message may be about one."""
    ask = (person.state or {}).get("ask")
    if ask not in published_job.OPEN and not published_job.may_concern(inbound, now):
        return ()
    found: list[JobSummary] = []
    for employer in employers:
        if employer.proven:
            page = PageRequest(_NEWEST_JOBS, None)
            jobs, _ = await queries.list_jobs(session, employer.id, None, page)
            found += await _summaries(session, employer.id, jobs, now)
    return found


async def _summaries(
    session: AsyncSession, employer_id: UUID, jobs: Sequence[Job], now: dt.datetime
) -> list[JobSummary]:
    if not jobs:
        return []
    ids = [job.id for job in jobs]
    counts, params = await counts_of(session, ids, now), await job_params(session, ids)
    return [
        JobSummary(
            job.id,
            employer_id,
            JobStatus(job.status),
            _job_values(job, params[job.id], counts.get(job.id, {})),
            tuple(job.required_skills),
        )
        for job in jobs
    ]


def _job_values(
    job: Job, params: Mapping[str, Any], counts: Mapping[OfferStatus, int]
) -> dict[str, Any]:
    return {
        **params,
        "job_id": str(job.id),
        "people": job.positions,
        "asked": sum(counts.values()),
        "accepted": counts.get(OfferStatus.ACCEPTED, 0),
        "unlocked": job.unlocked,
    }


async def job_params_of(session: AsyncSession, job: Job, now: dt.datetime) -> dict[str, Any]:
    """Return the values of texts about an employer's own job."""
    counts = (await counts_of(session, [job.id], now)).get(job.id, {})
    return _job_values(job, (await job_params(session, [job.id]))[job.id], counts)
