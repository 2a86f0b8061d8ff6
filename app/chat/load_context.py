"""What a conversation knows before it takes a step: one person's profile and offers."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, bindparam, exists, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from app.chat import load_employer_context as employer_facts
from app.core.person_names import UNNAMED
from app.dialogue.context import Context, OfferSummary, Profile
from app.dialogue.worker.person_questions import good_name
from app.identity.models import User, UserStatus
from app.messaging.contacts import account_merge
from app.messaging.conversations import handoff
from app.messaging.inbound import Inbound, InboundKind
from app.messaging.models import ChatPerson, OutboxMessage
from app.offers.models import JobMatch
from app.offers.offer_message import job_params
from app.offers.rules import OfferStatus, effective
from app.workers import availability
from app.workers.models import BlockByWorker, Worker
from app.workers.registration import DEFAULT_TRAVEL_KM

CHANNEL: Final = "whatsapp"
"""Where a consent of the conversation was given."""
_SHOWN_OFFERS: Final = 10

type Account = tuple[User, Worker]


async def context_of(
    session: AsyncSession,
    person: ChatPerson,
    account: Account | None,
    inbound: Inbound,
    now: dt.datetime,
    *,
    base_url: str,
    country: str,
    form_id: str = "",
    currency: str = "INR",
) -> Context:
    """Gather what the step for this message may look at; `account` is the person's (`account_of`)."""
    profile = await _profile(session, account, inbound) if account is not None else None
    worker_id = person.user_id if profile is not None else None
    offer_id, quoted = await _offer_meant(session, person, inbound)
    employers = await employer_facts.employers_of(session, person)
    last = person.last_message_at
    offers = await _offers(session, worker_id, now)
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
        job=await employer_facts.job_meant(session, employers, inbound, now),
        base_url=base_url,
        late=last is not None and inbound.sent_at < last,
        stop_superseded=person.stop_told_at is not None and inbound.sent_at < person.stop_told_at,
        open_offers=[offer for offer in offers if offer.status is OfferStatus.OFFERED],
        accepted_offers=[offer for offer in offers if offer.status is OfferStatus.ACCEPTED],
        offer=await offer_facts(session, worker_id, offer_id, now),
        quoted=quoted,
        country=country,
        form_id=form_id,
        currency=currency,
    )


_ACCOUNT: Final = (
    select(User, Worker)
    .join(Worker, Worker.id == User.id)
    .where(User.id == bindparam("user_id"), User.status != UserStatus.ERASED)
)


async def account_of(session: AsyncSession, person: ChatPerson) -> Account | None:
    """Return the account of this person, or None: an erased one is nobody's."""
    if person.user_id is None:
        return None
    row = (await session.execute(_ACCOUNT, {"user_id": person.user_id})).one_or_none()
    return (row.User, row.Worker) if row is not None else None


async def _profile(session: AsyncSession, account: Account, inbound: Inbound) -> Profile:
    user, worker = account
    if not await _agreed(session, user):
        return _unheard(user, inbound)
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
    )


def _unheard(user: User, inbound: Inbound) -> Profile:
    """Return what is known of somebody who has agreed to nothing here: only what they go by."""
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
    """Whether this person consented: what somebody wrote about an unproven phone is not theirs."""
    if user.status != UserStatus.PENDING:
        return True
    return await account_merge.has_consent(session, CHANNEL, user.id)


async def _offer_meant(
    session: AsyncSession, person: ChatPerson, inbound: Inbound
) -> tuple[UUID | None, bool]:
    """Return the offer a tap or a quotation is about, and whether one of ours is quoted."""
    if inbound.kind is InboundKind.TAP:
        prefix, _, rest = inbound.payload.partition(":")
        return (
            (_uuid(rest.partition(":")[0]), False)
            if prefix in {"offer", "contact"}
            else (
                None,
                False,
            )
        )
    if inbound.reply_to is None or person.user_id is None:
        return None, False
    query = select(OutboxMessage.subject_id).where(
        OutboxMessage.provider_id == inbound.reply_to, OutboxMessage.user_id == person.user_id
    )
    subject: UUID | None = await session.scalar(query)
    return subject, subject is not None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


async def offer_facts(
    session: AsyncSession, worker_id: UUID | None, offer_id: UUID | None, now: dt.datetime
) -> OfferSummary | None:
    """Return one of this worker's offers, or None: another's looks like one that is not there."""
    if worker_id is None or offer_id is None:
        return None
    rows = (await session.execute(_OFFER, {"worker_id": worker_id, "offer_id": offer_id})).all()
    found = await _facts(session, rows, now)
    return found[0] if found else None


async def _offers(
    session: AsyncSession, worker_id: UUID | None, now: dt.datetime
) -> Sequence[OfferSummary]:
    """Return what this worker may answer, and what they accepted: the newest of each."""
    if worker_id is None:
        return ()
    rows = (await session.execute(_NEWEST, {"worker_id": worker_id})).all()
    return await _facts(session, rows, now)


_FACTS: Final = select(
    JobMatch.id,
    JobMatch.job_id,
    JobMatch.status,
    JobMatch.respond_by,
    JobMatch.unlocked_at,
    JobMatch.distance_km,
    JobMatch.why,
    Worker.time_zone,
    exists()
    .where(
        BlockByWorker.worker_id == JobMatch.worker_id,
        BlockByWorker.employer_id == JobMatch.employer_id,
    )
    .label("blocked"),
).join(Worker, Worker.id == JobMatch.worker_id)
_OFFER: Final = _FACTS.where(
    JobMatch.worker_id == bindparam("worker_id"), JobMatch.id == bindparam("offer_id")
)
_IDS: Final = [
    select(
        select(JobMatch.id)
        .where(JobMatch.worker_id == bindparam("worker_id"), JobMatch.status == status.value)
        .order_by(JobMatch.id.desc())
        .limit(_SHOWN_OFFERS)
        .subquery()
        .c.id
    )
    for status in (OfferStatus.OFFERED, OfferStatus.ACCEPTED)
]
_NEWEST: Final = _FACTS.where(JobMatch.id.in_(union_all(*_IDS))).order_by(JobMatch.id.desc())
"""Of each status the newest: many of one hide none of the other."""


async def _facts(
    session: AsyncSession, rows: Sequence[Row[Any]], now: dt.datetime
) -> list[OfferSummary]:
    jobs = await job_params(session, {row.job_id for row in rows}) if rows else {}
    return [
        OfferSummary(
            id=row.id,
            status=effective(OfferStatus(row.status), row.respond_by, now),
            unlocked=row.unlocked_at is not None,
            blocked=row.blocked,
            params={
                **jobs[row.job_id],
                "offer_id": str(row.id),
                "distance_km": round(row.distance_km, 1),
                "why": row.why,
                "respond_by": row.respond_by.isoformat(),
                "reader_zone": row.time_zone,
            },
        )
        for row in rows
    ]
