"""What a worker may ask about their data: a copy of all of it, and its erasure; and who never was one.

It stands here because a worker's offers are part of it. The API and the chat call the same two verbs.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Integer, Row, and_, bindparam, case, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.attempts.work import Kind, Work
from app.audit import log
from app.database.due import Due
from app.database.session import changed, keyring
from app.database.statements import is_one_of, table
from app.employers.models import Employer
from app.identity import users
from app.identity.actor import Actor
from app.identity.models import Consent, IdempotencyKey, Role, Session, User, UserStatus
from app.jobs.models import Job
from app.masking.mask import mask_together
from app.messaging.contacts import identify
from app.messaging.conversations import queries
from app.messaging.models import ADDRESS, PARAMS, ChatPerson, OutboxMessage, OutboxState
from app.messaging.outbox import enqueue
from app.messaging.outbox.enqueue import Notice
from app.offers import closing, respond
from app.offers.models import JobMatch
from app.policy import policy
from app.workers import account, availability, blocks, profile
from app.workers.blocks import BlockedEmployer
from app.workers.models import TimeOff, Worker, WorkerAvailability

UNPROVEN_KEPT: Final = dt.timedelta(days=30)
"""How long a registration waits for its phone to be proven: it may be somebody else's phone."""

UNPROVEN_AT_ONCE: Final = 20
"""Registrations that one transaction erases. An erasure takes a dozen statements, and everybody who
writes to SQLite waits for the last one."""

ERASED: Final = "erased worker"
"""What is noted of a worker who was erased, for what only domains above this one know of them."""
_OF_A_LEAD: Final = ("lead_accepted", "lead_withdrawn", "lead_unlocked")
"""Notices that tell an employer a worker's name, or all of a contact."""
_FAILED: Final = (OutboxState.FAILED, OutboxState.DEAD)
_TELL_A_CONTACT: Final = ("lead_unlocked", "lead_in_mailbox")

type Rows = Sequence[Row[*tuple[Any, ...]]]


class OwnOffer(NamedTuple):
    """An offer as its worker may have it: what the employer wrote is masked as in every offer."""

    id: UUID
    job_id: UUID
    job_title: str
    employer_id: UUID
    company_name: str
    status: str
    score: float
    distance_km: float
    offered_at: dt.datetime
    respond_by: dt.datetime
    responded_at: dt.datetime | None
    reject_reason: str | None
    unlocked_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class OwnData:
    """Everything kept about a worker. Codes and keys are left out: they are only hashes."""

    user: User
    worker: Worker
    bio: str
    slots: Sequence[WorkerAvailability]
    time_off: Sequence[TimeOff]
    blocks: Sequence[BlockedEmployer]
    consents: Sequence[Consent]
    offers: Sequence[OwnOffer]
    """Oldest first."""
    messages: Rows
    """When which message was written; not what it said."""
    written: Sequence[queries.Line]
    """What they wrote in the chat, as long as it is kept."""
    sessions: Sequence[Session]


async def export(session: AsyncSession, worker_id: UUID) -> OwnData:
    """Return everything kept about a worker. Raises `NotFound`."""
    user, worker = await profile.get_worker(session, worker_id)
    consents = select(Consent).where(Consent.user_id == worker_id).order_by(Consent.granted_at)
    sessions = select(Session).where(Session.user_id == worker_id).order_by(Session.created_at)
    return OwnData(
        user=user,
        worker=worker,
        bio=profile.bio_of(session, worker),
        slots=await availability.list_slots(session, worker_id),
        time_off=await availability.list_time_off(session, worker_id),
        blocks=await blocks.list_blocked_employers(session, worker_id),
        consents=(await session.scalars(consents)).all(),
        offers=await _offers(session, worker_id),
        messages=await _messages(session, worker_id),
        written=await queries.list_written_by(session, worker_id),
        sessions=(await session.scalars(sessions)).all(),
    )


async def _offers(session: AsyncSession, worker_id: UUID) -> list[OwnOffer]:
    query = (
        select(
            JobMatch.id,
            JobMatch.job_id,
            Job.title,
            JobMatch.employer_id,
            Employer.company_name,
            JobMatch.status,
            JobMatch.score,
            JobMatch.distance_km,
            JobMatch.offered_at,
            JobMatch.respond_by,
            JobMatch.responded_at,
            JobMatch.reject_reason,
            JobMatch.unlocked_at,
        )
        .join(Job, Job.id == JobMatch.job_id)
        .join(Employer, Employer.id == JobMatch.employer_id)
        .where(JobMatch.worker_id == worker_id)
        .order_by(JobMatch.id)
    )
    return [_masked(OwnOffer._make(row)) for row in await session.execute(query)]


def _masked(offer: OwnOffer) -> OwnOffer:
    title, company = mask_together(offer.job_title, offer.company_name)
    return offer._replace(job_title=title or "", company_name=company or "")


async def _messages(session: AsyncSession, worker_id: UUID) -> Rows:
    query = (
        select(
            OutboxMessage.id,
            OutboxMessage.kind,
            OutboxMessage.channel,
            OutboxMessage.state,
            OutboxMessage.created_at,
            OutboxMessage.sent_at,
        )
        .where(OutboxMessage.user_id == worker_id)
        .order_by(OutboxMessage.id)
    )
    return (await session.execute(query)).all()


LONG_UNPROVEN: Final = Due(
    is_one_of(table(User).c.role, [Role.WORKER]),
    is_one_of(table(User).c.status, [UserStatus.PENDING]),
    User.updated_at < bindparam("since"),
)
ERASURES: Final = Work(
    Kind.ERASURE, "forget_unproven", User.id, User.id, LONG_UNPROVEN, age=UNPROVEN_KEPT
)
_UNPROVEN: Final = (
    select(User.id)
    .where(*LONG_UNPROVEN.conditions)
    .order_by(User.id)
    .limit(bindparam("limit", type_=Integer))
    .with_for_update(skip_locked=True)
)


async def forget_unproven(
    session: AsyncSession, now: dt.datetime, limit: int, only: Sequence[UUID] | None = None
) -> int:
    """Erase up to `limit` workers who never proved their phone, of these or of all; return how many.

    Whoever proves it at this very moment is left alone.
    """
    query = _UNPROVEN if only is None else _UNPROVEN.where(User.id.in_(only))
    values = {"since": now - UNPROVEN_KEPT, "limit": limit}
    forgotten = (await session.scalars(query, values)).all()
    for worker_id in forgotten:
        await erase(session, worker_id, None, now)
    return len(forgotten)


async def erase(
    session: AsyncSession, worker_id: UUID, actor: Actor | None, now: dt.datetime
) -> None:
    """Turn a worker into a tombstone: nothing personal is left, and nobody can sign in as them.

    Open offers close, acceptances nobody paid for are taken back, waiting messages are kept back and
    the chat forgets who it talked to. Offers, payments and the log stay, under an id that names
    nobody; a contact that was unlocked is gone for its holder too, who is told (`lead_erased`).
    Sessions are dead from this commit on; where they live in Redis, `SessionStore.end_all` also
    removes them. Raises `NotFound`, also when it was erased before.

    A `ChatPerson` that the caller has loaded keeps its address in memory, for a last reply.
    """
    # In the order in which everybody locks: jobs and offers, then the worker, the log last.
    await closing.close_for_worker(session, worker_id, now)
    await respond.withdraw_all(session, worker_id, now)
    await session.execute(
        update(JobMatch)
        .where(JobMatch.worker_id == worker_id, JobMatch.reject_reason.is_not(None))
        .values(reject_reason=None)
        .execution_options(synchronize_session=False)
    )
    await account.erase_profile(session, worker_id, now)
    await _forget_messages(session, worker_id, now)
    await _forget_leads(session, worker_id, now)
    await session.execute(delete(Session).where(Session.user_id == worker_id))
    await session.execute(delete(IdempotencyKey).where(IdempotencyKey.owner == str(worker_id)))
    await users.erase(session, worker_id, now)
    matches = await session.scalars(select(JobMatch.id).where(JobMatch.worker_id == worker_id))
    await log.erase_words(session, [str(worker_id), *map(str, matches)], worker_id)
    changed(session, ERASED, worker_id)
    audit.record(session, "worker.erase", worker_id, actor, now, after={"status": "erased"})


async def _forget_leads(session: AsyncSession, worker_id: UUID, now: dt.datetime) -> None:
    """Forget what messages told employers of this worker, and tell those who hold the contact.

    A contact is told in notices about the lead, and in the chat's answers to its holders, which don't say
    whose they are: of those everything said so far is forgotten.
    """
    leads = (
        select(JobMatch.id, JobMatch.employer_id, JobMatch.unlocked_at, Job.title, User.phone_index)
        .join(Job, Job.id == JobMatch.job_id)
        .join(User, User.id == JobMatch.employer_id)
        .where(JobMatch.worker_id == worker_id, JobMatch.responded_at.is_not(None))
    )
    found = (await session.execute(leads)).all()
    if not found:
        return
    await enqueue.suppress(session, [lead.id for lead in found], now, _TELL_A_CONTACT)
    held = [lead for lead in found if lead.unlocked_at is not None]
    phones = [lead.phone_index for lead in held if lead.phone_index is not None]
    told = and_(
        OutboxMessage.subject_id.in_([lead.id for lead in found]),
        OutboxMessage.kind.in_(_OF_A_LEAD),
    )
    answered = and_(OutboxMessage.recipient_index.in_(phones), OutboxMessage.kind == enqueue.REPLY)
    under_way = (OutboxState.WAITING, OutboxState.SENDING, OutboxState.UNKNOWN)
    await session.execute(
        update(OutboxMessage)
        .where(or_(told, answered), OutboxMessage.state.not_in(under_way))
        .values(
            params_sealed=keyring(session).seal_json({}, PARAMS),
            # What failed is not to be tried again: it has nothing to say any more.
            state=case(
                (OutboxMessage.state.in_(_FAILED), OutboxState.SUPPRESSED.value),
                else_=OutboxMessage.state,
            ),
        )
        .execution_options(synchronize_session=False)
    )
    hours = (await policy.current(session)).deadlines.guarantee_hours
    await enqueue.notify_many(
        session,
        [
            Notice(
                lead.employer_id,
                "lead_erased",
                {
                    "match_id": str(lead.id),
                    "title": lead.title,
                    "since": lead.unlocked_at.isoformat(),
                    "hours": hours,
                },
                key=str(lead.id),
                subject_id=lead.id,
            )
            for lead in held
        ],
        now,
    )


async def _forget_messages(session: AsyncSession, worker_id: UUID, now: dt.datetime) -> None:
    await enqueue.suppress_user(session, worker_id, now)
    keys = keyring(session)
    # What is being sent this moment keeps its address until the answer is noted.
    settled = OutboxMessage.state.not_in((OutboxState.SENDING, OutboxState.UNKNOWN))
    await session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.user_id == worker_id, settled)
        .values(
            recipient_sealed=keys.seal("", ADDRESS),
            recipient_index="",
            params_sealed=keys.seal_json({}, PARAMS),
        )
        .execution_options(synchronize_session=False)
    )
    persons = (
        await session.scalars(select(ChatPerson.id).where(ChatPerson.user_id == worker_id))
    ).all()
    await identify.erase_contacts(session, persons, now)
