"""Waves: offer a job to the best workers first, and to the next best when too few answer."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import Integer, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.attempts.work import Kind, Work
from app.database.due import Due
from app.database.statements import is_one_of, table
from app.database.wakeups import wake_loops
from app.identity.models import User, UserStatus
from app.jobs.matchable import require_matchable
from app.jobs.models import Job
from app.jobs.queries import get_job
from app.jobs.rules import JobNotPublished, JobStatus
from app.matching.candidates import Shortlist, find
from app.matching.load import job_facts
from app.matching.refusals import Caps
from app.matching.rules import (
    Candidate,
    JobFacts,
    Weights,
    coarse,
    fit_of,
    next_wave_at,
    offers_to_send,
    waves_rest,
    why,
)
from app.matching.widening import beyond, widened
from app.messaging.quiet_hours import rested_since
from app.offers.create import NewOffer, create
from app.offers.effective_status import has_status
from app.offers.models import JobMatch
from app.offers.rules import OfferStatus
from app.policy import policy
from app.policy.policy import Policy

AT_ONCE: Final = 20
"""Jobs whose next wave one transaction sends: their rows stay locked until it commits."""
_SMALLEST_POOL, _LARGEST_POOL, _POOL_SHARE = 32, 400, 6
"""The policy chooses among so many people at least and at most, else among so many for each it may ask."""


@dataclass(frozen=True, slots=True)
class WaveResult:
    """What a wave did. `wave` is the number of the job's last wave that asked anybody, 0 for none."""

    wave: int
    candidates: int
    """Workers who fit and had not been asked before this wave (see `candidates.Shortlist.eligible`)."""
    offers_created: int


async def send_wave(session: AsyncSession, job: Job, now: dt.datetime) -> WaveResult:
    """Ask as many people now as the open places call for, whenever the next wave was due.

    The caller has locked the job's row (`jobs.queries.get_job`): of two waves at once the second waits for it,
    and then sees the first one's offers. Safe to repeat: open offers count against the
    number, and nobody is ever offered the same job twice. Raises `JobNotPublished` for a draft and for
    a job that is closed or whose last shift has begun, `JobNotMatchable` for one that can't be read.
    """
    require_may_ask(job, now)
    return await _send(session, job, now, await policy.current(session), by_hand=True)


WAVES_DUE: Final = Due(
    is_one_of(table(Job).c.status, [JobStatus.PUBLISHED]), Job.next_wave_at <= bindparam("now")
)
WAVES: Final = Work(Kind.WAVE, "waves", Job.id, Job.next_wave_at, WAVES_DUE)
_TO_SEND: Final = (
    select(Job.id)
    .where(*WAVES_DUE.conditions)
    .order_by(Job.next_wave_at)
    .limit(bindparam("limit", type_=Integer))
    .with_for_update(key_share=True, skip_locked=True)
)


async def send_due(
    session: AsyncSession, now: dt.datetime, limit: int, only: Sequence[UUID] | None = None
) -> int:
    """Send the waves that are due, at most `limit`, of these jobs or of any; returns how many that were.

    Jobs that another process is working on are left to it.
    """
    query = _TO_SEND if only is None else _TO_SEND.where(Job.id.in_(only))
    job_ids = (await session.scalars(query, {"now": now, "limit": limit})).all()
    if not job_ids:
        return 0
    in_force = await policy.current(session)
    # In the order of ids, as everybody who locks several jobs does.
    for job_id in sorted(job_ids):
        job = await get_job(session, job_id, lock=True)
        if _may_ask(job, now):
            await _send(session, job, now, in_force, by_hand=False)
        else:
            job.next_wave_at = None
    return len(job_ids)


def require_may_ask(job: Job, now: dt.datetime) -> None:
    """Raise `JobNotPublished` or `JobNotMatchable` where nobody may be asked for the job, as `send_wave` does."""
    if not _may_ask(job, now):
        raise JobNotPublished
    require_matchable(job)


def _may_ask(job: Job, now: dt.datetime) -> bool:
    over = job.closes_at is not None and job.closes_at <= now
    return job.status == JobStatus.PUBLISHED and not over


async def _send(
    session: AsyncSession,
    job: Job,
    now: dt.datetime,
    policy: Policy,
    *,
    by_hand: bool,
) -> WaveResult:
    """Ask whom the wave policy chooses (`asking.Plan`), and plan the next look.

    The settings limit how many: by hand every open offer counts against that, and somebody reads the result.
    Otherwise an offer counts for the interval of waves, which rests at night as the time to answer does.
    """
    from app.matching.asking import AskingRules, Plan
    from app.matching.asking_facts import find_curves, need_of, pool_of, waiting_of

    interval = dt.timedelta(minutes=policy.waves.interval_minutes)
    quiet = waves_rest(job.time_zone, job.closes_at, now)
    fresh_since = None if by_hand else rested_since(quiet, now, interval)
    open_places = max(0, job.positions - job.accepted)
    facts = await job_facts(session, job, now)
    curves = await find_curves(session)
    waiting = await waiting_of(session, job, now, quiet, curves)
    need = need_of(job, open_places, now, quiet)
    plan = Plan(need, waiting, curves, AskingRules())
    most = 0
    if plan.wants_more and await _employer_is_active(session, job.employer_id):
        fresh = await _open_offers(session, job.id, now, fresh_since)
        most = offers_to_send(open_places, fresh, policy.waves.offers_per_open_place)
    found = Shortlist([], 0)
    if most or by_hand:
        found = await _find(
            session, facts, _pool_size(most), job.closes_at, now, policy, counts=by_hand
        )

    async def offers_to(
        people: Sequence[Candidate], asked_as: JobFacts, limit: int, *, unlikely: bool = False
    ) -> list[NewOffer]:
        pool = await pool_of(session, people, asked_as, now, curves)
        return [
            offer_of(
                pool.people[place],
                facts,
                policy,
                asked_as=asked_as,
                answer_base=float(pool.columns.base[place]),
                asked_before=int(pool.columns.load[place]),
            )
            for place in plan.choose(pool.columns, limit, unlikely=unlikely)
        ]

    offers = await offers_to(found.best, facts, most)
    wider = widened(facts, job.may_widen, need.minutes_left)
    if wider is not None and plan.wants_more and len(offers) < most:
        # Before anybody beyond what was written down, whoever fits, however unlikely they say yes.
        chosen = {offer.worker_id for offer in offers}
        left = [each for each in found.best if each.worker.id not in chosen]
        offers += await offers_to(left, facts, most - len(offers), unlikely=True)
    if wider is not None and plan.wants_more and len(offers) < most:
        # Everybody who fits was asked, or can't be now.
        size = _pool_size(most) + len(found.best)
        more = await _find(session, wider, size, job.closes_at, now, policy, counts=False)
        known = {each.worker.id for each in found.best}
        others = [each for each in more.best if each.worker.id not in known]
        offers += await offers_to(others, wider, most - len(offers))
    created = await create(session, job, offers, job.wave + 1, now, policy)
    if created:
        job.wave += 1
        wake_loops(session, "outbox")
    is_limited = plan.wants_more and len(offers) >= most
    wait = interval if is_limited else dt.timedelta(minutes=plan.look_again())
    job.next_wave_at = next_wave_at(now, open_places, wait, job.closes_at, quiet)
    return WaveResult(job.wave, found.eligible, created)


def _pool_size(most: int) -> int:
    """Return how many the policy chooses among: the best by score, several times as many as it may ask."""
    return min(_LARGEST_POOL, max(_SMALLEST_POOL, _POOL_SHARE * most)) if most else 0


async def _find(
    session: AsyncSession,
    facts: JobFacts,
    wanted: int,
    closes_at: dt.datetime | None,
    now: dt.datetime,
    policy: Policy,
    *,
    counts: bool,
) -> Shortlist:
    """Find the best; count everybody who fits only where somebody reads it: in a metro that is half of the work."""
    return await find(
        session,
        facts,
        wanted,
        now,
        weights=_weights(policy),
        minimum_share=policy.matching.minimum_availability_share,
        caps=Caps(
            policy.limits.offers_per_worker_per_week,
            policy.limits.offers_per_worker_per_week_of_one_employer,
        ),
        closes_at=closes_at,
        counts=counts,
    )


def _weights(policy: Policy) -> Weights:
    return Weights(**policy.matching.weights.model_dump())


async def _employer_is_active(session: AsyncSession, employer_id: UUID) -> bool:
    """A restricted or suspended employer's jobs ask nobody, until that is lifted."""
    status = await session.scalar(select(User.status).where(User.id == employer_id))
    return status == UserStatus.ACTIVE


async def _open_offers(
    session: AsyncSession, job_id: UUID, now: dt.datetime, since: dt.datetime | None
) -> int:
    """Count the open offers that hold back new ones: all, or those made since then."""
    query = (
        select(func.count())
        .select_from(JobMatch)
        .where(JobMatch.job_id == job_id, has_status(OfferStatus.OFFERED, now))
    )
    if since is not None:
        query = query.where(JobMatch.offered_at > since)
    return (await session.execute(query)).scalar_one()


def offer_of(
    candidate: Candidate,
    job: JobFacts,
    policy: Policy,
    *,
    asked_as: JobFacts | None = None,
    answer_base: float,
    asked_before: int,
) -> NewOffer:
    """Return the offer of a job to a candidate, with what speaks for it.

    `asked_as` is the job as the candidate was found for it, where it was widened: what they don't meet is told.
    """
    worker = candidate.worker
    as_found = asked_as or job
    scored = coarse(candidate.score, worker, as_found, _weights(policy))
    reasons = why(worker, as_found, scored)
    if as_found != job:
        reasons += beyond(worker, job, fit_of(worker, job))
    return NewOffer(
        worker_id=worker.id,
        score=scored.total,
        distance=scored.parts.distance,
        availability=scored.parts.availability,
        skills=scored.parts.skills,
        experience=scored.parts.experience,
        reliability=scored.parts.reliability,
        distance_km=scored.distance_km,
        answer_base=answer_base,
        asked_before=asked_before,
        why=[{"kind": r.kind.value, **r.params} for r in reasons],
    )
