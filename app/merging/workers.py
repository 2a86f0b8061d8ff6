"""Merge two accounts of one worker: one stays with all that counts, the other becomes a tombstone.

What stays with whom: the kept account keeps its profile, hours, phone, chat and sessions. Offers, acceptances,
contacts that were bought and what counts for the reliability come over to it; payments, invoices and reports follow
their leads, so no money moves. Blocks hold for both, and end what they would have ended had there been one account:
a company with a block between it and the person buys no contact of theirs, and sees no new phone. Open offers of the merged account close. Its phone, chat and
sessions end as at an erasure, so it can't be undone.
"""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.core.errors import Conflict
from app.database.session import changed
from app.database.statements import insert_if_absent
from app.employers.models import BlockByEmployer
from app.identity.actor import Actor
from app.identity.models import User
from app.identity.sessions import SessionStore
from app.jobs.models import Job
from app.merging.plan import (
    SAID,
    MergeObstacle,
    MergePlan,
    new_blocks_by_employer,
    new_blocks_by_worker,
    plan_merge,
    stays,
    taken_back,
)
from app.messaging.outbox import told as messages_told
from app.messaging.outbox.enqueue import notify, notify_many
from app.messaging.outbox.notice import Notice
from app.offers import closing, reliability, respond, standby
from app.offers.job_lock import lock_jobs
from app.offers.models import JobMatch
from app.payments.models import Unlock
from app.privacy.erase import erase_worker
from app.workers import opt_out
from app.workers.models import BlockByWorker, Worker


class MergeRefused(Conflict):
    """Something forbids that these two accounts become one; the code says what."""

    code = "merge_refused"
    other_codes = tuple(MergeObstacle)
    detail = "These two accounts can't be merged as they are."

    def __init__(self, obstacle: MergeObstacle) -> None:
        super().__init__(SAID[obstacle], code=obstacle.value)


async def merge_workers(
    session: AsyncSession,
    sessions: SessionStore,
    kept_id: UUID,
    merged_id: UUID,
    actor: Actor,
    *,
    reason: str,
    now: dt.datetime,
) -> MergePlan:
    """Merge `merged_id` into `kept_id`, tell the person, log both, and return what was done.

    Raises `MergeRefused`, and has then changed nothing that stays.
    """
    await _lock(session, kept_id, merged_id)
    plan = await plan_merge(session, kept_id, merged_id, now)
    if plan.obstacles:
        raise MergeRefused(plan.obstacles[0])
    await _inherit_blocks(session, kept_id, merged_id, now)
    await closing.close_for_worker(session, merged_id, now)
    await _withdraw_from_blocked(session, kept_id, merged_id, now)
    moved = await _move_offers(session, kept_id, merged_id, now)
    stopped = await opt_out.inherit_stop(session, merged_id, kept_id, now=now)
    await erase_worker(session, merged_id, actor, now=now)
    await sessions.end_all(session, merged_id)
    changed(session, "worker", kept_id)
    done = {
        "offers": plan.moved,
        "bought": plan.bought,
        "closed": plan.closes,
        "stopped": stopped,
    }
    audit.record(
        session,
        "worker.merge",
        kept_id,
        actor,
        now,
        reason=reason,
        after={"merged": str(merged_id), **done, "matches": [str(each) for each in moved]},
    )
    audit.record(
        session,
        "worker.merge_into",
        merged_id,
        actor,
        now,
        reason=reason,
        after={"into": str(kept_id)},
    )
    await notify(session, kept_id, "accounts_merged", {}, key=f"{merged_id}", now=now)
    await _tell_buyers(session, kept_id, moved, now)
    return plan


async def _lock(session: AsyncSession, kept_id: UUID, merged_id: UUID) -> None:
    """Lock the jobs that either was asked for, then both workers, then both accounts: as every verb does.

    Nobody answers, buys, withdraws or suspends meanwhile. Raises `MergeRefused` where one of them was asked for a
    further job before the workers were locked: that job may not be locked after them.
    """
    both = (kept_id, merged_id)
    asked = select(JobMatch.job_id).where(JobMatch.worker_id.in_(both)).distinct()
    jobs = set(await session.scalars(asked))
    await lock_jobs(session, sorted(jobs))
    for table in (Worker, User):
        locked = select(table.id).where(table.id.in_(both)).order_by(table.id).with_for_update()
        await session.execute(locked)
    if not jobs.issuperset(await session.scalars(asked)):
        raise MergeRefused(MergeObstacle.CHANGED)


async def _inherit_blocks(
    session: AsyncSession, kept_id: UUID, merged_id: UUID, now: dt.datetime
) -> None:
    """Let the merged account's blocks hold for the kept one; what is open between the two ends, as at any block."""
    by_worker = await session.execute(
        select(BlockByWorker.employer_id, BlockByWorker.created_at).where(
            new_blocks_by_worker(kept_id, merged_id, now)
        )
    )
    by_employer = await session.execute(
        select(
            BlockByEmployer.employer_id, BlockByEmployer.match_id, BlockByEmployer.created_at
        ).where(new_blocks_by_employer(kept_id, merged_id, now))
    )
    for row in by_worker.all():
        await respond.break_with(session, kept_id, row.employer_id, now)
        await insert_if_absent(session, BlockByWorker, {"worker_id": kept_id, **row._asdict()})
    for block in by_employer.all():
        await closing.close_between(session, kept_id, block.employer_id, now)
        await insert_if_absent(session, BlockByEmployer, {"worker_id": kept_id, **block._asdict()})


async def _withdraw_from_blocked(
    session: AsyncSession, kept_id: UUID, merged_id: UUID, now: dt.datetime
) -> None:
    """Withdraw what the merged account said yes to at companies with a block on either side.

    It counts for nothing: nobody took a yes back.
    """
    query = select(JobMatch.id, JobMatch.employer_id).where(taken_back(kept_id, merged_id, now))
    rows = (await session.execute(query)).all()
    for employer_id in sorted({row.employer_id for row in rows}):
        await respond.withdraw_all(session, merged_id, now, employer_id)
    await reliability.uncount(session, [row.id for row in rows])


async def _move_offers(
    session: AsyncSession, kept_id: UUID, merged_id: UUID, now: dt.datetime
) -> Sequence[UUID]:
    """Give the kept account the offers, what was bought of them, and what counts of them; return which."""
    merged = JobMatch.worker_id == merged_id
    waiting = await session.scalars(
        select(JobMatch.id).where(merged, JobMatch.standby_at.is_not(None))
    )
    await standby.forget(session, list(waiting), now)
    ends = stays(kept_id, merged_id, now)
    left = await session.scalars(select(JobMatch.id).where(merged, ends))
    await reliability.uncount(session, left.all())
    which = select(JobMatch.id).where(merged, ~ends).order_by(JobMatch.id)
    moved = (await session.scalars(which)).all()
    await _give(session, JobMatch, JobMatch.id.in_(moved), kept_id)
    await _give(session, Unlock, Unlock.match_id.in_(moved), kept_id)
    counters = select(Worker.answered, Worker.missed, Worker.withdrawn)
    answered, missed, withdrawn = (
        await session.execute(counters.where(Worker.id == merged_id))
    ).one()
    await session.execute(
        update(Worker)
        .where(Worker.id == kept_id)
        .values(
            answered=Worker.answered + answered,
            missed=Worker.missed + missed,
            withdrawn=Worker.withdrawn + withdrawn,
            updated_at=now,
        )
        .execution_options(synchronize_session=False)
    )
    return moved


async def _tell_buyers(
    session: AsyncSession, worker_id: UUID, moved: Sequence[UUID], now: dt.datetime
) -> None:
    """Tell who bought one of these contacts that its phone is another one now.

    The phone itself stands where contacts are shown: an account may name a stranger's phone by a slip.
    """
    query = (
        select(JobMatch.id, JobMatch.employer_id, JobMatch.unlocked_at, Job.title, Job.posted_by)
        .join(Job, Job.id == JobMatch.job_id)
        .where(JobMatch.id.in_(moved), JobMatch.unlocked_at.is_not(None))
        .order_by(JobMatch.id)
    )
    notices = []
    for lead in (await session.execute(query)).all():
        shown = await messages_told.list_told(session, lead.id, "lead_unlocked")
        params = {"title": lead.title, "since": lead.unlocked_at.isoformat()}
        notices.append(
            Notice(
                lead.employer_id,
                "lead_moved",
                {"match_id": str(lead.id), **params},
                key=f"{lead.id}:{worker_id}",
                subject_id=lead.id,
                theirs=(lead.posted_by, *shown),
            )
        )
    await notify_many(session, notices, now)


async def _give(
    session: AsyncSession,
    table: type[JobMatch | Unlock],
    which: ColumnElement[bool],
    kept_id: UUID,
) -> None:
    await session.execute(
        update(table)
        .where(which)
        .values(worker_id=kept_id)
        .execution_options(synchronize_session=False)
    )
