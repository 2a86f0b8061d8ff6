"""Erasing a worker: a tombstone stays, nothing personal does. The API, the chat and `purge` call it."""

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.audit import log
from app.database.session import changed, keyring
from app.employers import phones, team
from app.identity import users
from app.identity.actor import Actor
from app.identity.models import TeamMember, User, UserStatus
from app.jobs.models import Job
from app.messaging.contacts import identify
from app.messaging.models import ADDRESS, PARAMS, ChatPerson, OutboxMessage, OutboxState
from app.messaging.outbox import enqueue
from app.messaging.outbox import told as messages_told
from app.messaging.outbox.notice import Notice
from app.offers import appeals, closing, respond
from app.offers.models import JobMatch
from app.policy import policy
from app.workers import profile

ERASED_WORKER: Final = "erased worker"
"""The change of a worker's erasure, for domains above this one (`Database.on_change`)."""
_LEAD_NOTICES: Final = ("lead_accepted", "lead_withdrawn", "lead_unlocked")
"""Notices that hold a worker's name or contact."""
_CONTACT_NOTICES: Final = ("lead_unlocked", "lead_in_mailbox")
_FAILED: Final = (OutboxState.FAILED, OutboxState.DEAD)


async def erase_worker(
    session: AsyncSession, worker_id: UUID, actor: Actor | None, *, now: dt.datetime
) -> None:
    """Turn a worker into a tombstone: nothing personal is left, and nobody can sign in as them.

    Open offers close, unpaid acceptances are withdrawn, waiting messages are suppressed and the chat
    forgets the person. Offers, payments and the log stay under an id that names nobody. Employers who
    unlocked the contact lose it, and are notified (`lead_erased`). Sessions are dead from this commit on;
    the caller removes those in Redis (`SessionStore.end_all`). A `ChatPerson` that the caller has loaded
    keeps its address in memory, for a last reply. Raises `NotFound`, also if erased before.
    """
    # In the lock order of every transaction: jobs and offers, then the worker, the log last.
    await closing.close_for_worker(session, worker_id, now)
    await respond.withdraw_all(session, worker_id, now)
    await session.execute(
        update(JobMatch)
        .where(
            JobMatch.worker_id == worker_id,
            or_(JobMatch.reject_reason.is_not(None), JobMatch.counts_since.is_not(None)),
        )
        # The counters go with the profile, so no offer is in them any more.
        .values(reject_reason=None, counts_since=None)
        .execution_options(synchronize_session=False)
    )
    await profile.erase_profile(session, worker_id, now=now)
    await erase_messages(session, worker_id, now)
    await _erase_leads(session, worker_id, now)
    await users.erase(session, worker_id, now=now)
    matches = await session.scalars(select(JobMatch.id).where(JobMatch.worker_id == worker_id))
    about = [worker_id, *matches, *await appeals.erase_words(session, worker_id)]
    await log.erase_words(session, [str(each) for each in about], worker_id)
    changed(session, ERASED_WORKER, worker_id)
    audit.record(session, "worker.erase", worker_id, actor, now, after={"status": "erased"})


async def _erase_leads(session: AsyncSession, worker_id: UUID, now: dt.datetime) -> None:
    """Empty the messages to employers about this worker, and notify those who bought the contact.

    Chat replies to these companies may hold the contact without naming the lead: all of them are emptied, to
    whoever of the team they went.
    """
    query = (
        select(JobMatch.id, JobMatch.employer_id, JobMatch.unlocked_at, Job.title, Job.posted_by)
        .join(Job, Job.id == JobMatch.job_id)
        .where(JobMatch.worker_id == worker_id, JobMatch.responded_at.is_not(None))
    )
    leads = (await session.execute(query)).all()
    if not leads:
        return
    await enqueue.suppress(session, [lead.id for lead in leads], now, _CONTACT_NOTICES)
    unlocked = [lead for lead in leads if lead.unlocked_at is not None]
    chats = await _chats_of(session, {lead.employer_id for lead in unlocked})
    notices = and_(
        OutboxMessage.subject_id.in_([lead.id for lead in leads]),
        OutboxMessage.kind.in_(_LEAD_NOTICES),
    )
    replies = and_(chats, OutboxMessage.kind == enqueue.REPLY)
    under_way = (OutboxState.WAITING, OutboxState.SENDING, OutboxState.UNKNOWN)
    await session.execute(
        update(OutboxMessage)
        .where(or_(notices, replies), OutboxMessage.state.not_in(under_way))
        .values(
            params_sealed=keyring(session).seal_json({}, PARAMS),
            # A failed message must not be retried: it is empty now.
            state=case(
                (OutboxMessage.state.in_(_FAILED), OutboxState.SUPPRESSED.value),
                else_=OutboxMessage.state,
            ),
        )
        .execution_options(synchronize_session=False)
    )
    hours = (await policy.current(session)).deadlines.guarantee_hours
    shown = {
        lead.id: await messages_told.list_told(session, lead.id, "lead_unlocked")
        for lead in unlocked
    }
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
                theirs=(lead.posted_by, *shown[lead.id]),
            )
            for lead in unlocked
        ],
        now,
    )


async def _chats_of(session: AsyncSession, employer_ids: Collection[UUID]) -> ColumnElement[bool]:
    """Return the condition of messages to a phone of these companies: of who opened them, or of their teams."""
    members = select(TeamMember.user_id).where(TeamMember.employer_id.in_(employer_ids))
    query = select(User.phone_index).where(
        or_(User.id.in_(employer_ids), User.id.in_(members)), User.phone_index.is_not(None)
    )
    return OutboxMessage.recipient_index.in_((await session.scalars(query)).all())


async def take_out_of_team(
    session: AsyncSession, actor: Actor, member_id: UUID, *, keeps_name: bool, now: dt.datetime
) -> Sequence[UUID]:
    """Take somebody out of the actor's team (`team.remove`), and empty what was written to them and by them.

    That is so for who opened the company, too: what went out under its account went to that person. Returns the
    people of the chat of whom nothing is known any more.
    The caller removes sessions in Redis (`SessionStore.end_all`).
    """
    chats = await phones.list_proven(session, [member_id])
    await team.remove(session, actor, member_id, keeps_name=keeps_name, now=now)
    await erase_messages(session, member_id, now)
    return await erase_chats(session, chats, now)


async def erase_messages(session: AsyncSession, user_id: UUID, now: dt.datetime) -> None:
    """Empty what was written to somebody and what they wrote; the chat forgets the person."""
    await enqueue.suppress_user(session, user_id, now)
    await _empty(session, OutboxMessage.user_id == user_id)
    persons = (
        await session.scalars(select(ChatPerson.id).where(ChatPerson.user_id == user_id))
    ).all()
    await identify.erase_contacts(session, persons, now)


async def erase_chats(
    session: AsyncSession, phones: Collection[str], now: dt.datetime
) -> Sequence[UUID]:
    """Empty what was written in the chat to these phones (indexes) and from them, if no account has them any more.

    Returns the ids of those people.

    The chat knows employers and the members of their teams by the phone alone. The caller has read it
    (`employers.phones.list_proven`) before the account lost it.
    """
    holder = select(User.id).where(
        User.status != UserStatus.ERASED,
        or_(
            User.phone_index == ChatPerson.phone_index,
            User.phone_index == ChatPerson.other_phone_index,
        ),
    )
    query = select(ChatPerson.id).where(
        or_(ChatPerson.phone_index.in_(phones), ChatPerson.other_phone_index.in_(phones)),
        ChatPerson.user_id.is_(None),
        ~holder.exists(),
    )
    persons = (await session.scalars(query)).all()
    if persons:
        await enqueue.suppress_people(session, persons, now)
        await _empty(session, OutboxMessage.person_id.in_(persons))
        await identify.erase_contacts(session, persons, now)
    return persons


async def _empty(session: AsyncSession, which: ColumnElement[bool]) -> None:
    keys = keyring(session)
    # A message that is being sent keeps its address until its result is recorded.
    settled = OutboxMessage.state.not_in((OutboxState.SENDING, OutboxState.UNKNOWN))
    await session.execute(
        update(OutboxMessage)
        .where(which, settled)
        .values(
            recipient_sealed=keys.seal("", ADDRESS),
            recipient_index="",
            params_sealed=keys.seal_json({}, PARAMS),
        )
        .execution_options(synchronize_session=False)
    )
