"""Which offers count for a worker's reliability, since when, and what each of them does to it.

The counters on the worker's row are the reliability (`workers.rules.reliability`); `JobMatch.counts_since` says which
offers are in them. What an outcome counts as follows from the offer's status:

- accepted and rejected offers alike: answered;
- withdrawn ones: answered, and withdrawn;
- expired ones: missed, if a message about them reached the worker (`expire`).

Nothing else counts. After `OUTCOME_COUNTS_FOR` an offer leaves the counters, as it does when an appeal is upheld.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import Integer, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.database.due import Due
from app.jobs.models import Job
from app.masking.mask import mask
from app.offers.models import JobMatch
from app.offers.rules import OfferStatus
from app.workers.models import Worker
from app.workers.profile import WorkerNotFound
from app.workers.rules import OUTCOME_COUNTS_FOR, reliability, reliability_effects

MOST_PARTS: Final = 100
"""So many offers that lower the reliability are shown each by itself, newest first."""


class PartKind(StrEnum):
    """What a part of the reliability is about; a part about one offer has its id behind a colon."""

    ANSWERED = "answered"
    MISSED = "missed"
    WITHDRAWN = "withdrawn"


class Advice(StrEnum):
    """What somebody can do for their reliability; each is a text of the catalogue."""

    BEGIN = "begin"
    ANSWER = "answer"
    HOURS = "hours"
    FEWER = "fewer"
    TAKE_BACK = "take_back"
    WAIT = "wait"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class ScorePart:
    """Something that raises or lowers a reliability."""

    kind: PartKind
    effect: float
    """Points out of 100; below zero it lowers."""
    until: dt.datetime
    """When it stops to count, as things are."""
    offers: int
    match_id: UUID | None = None
    """None where it is about several offers."""
    title: str | None = None
    """Of the offer's job, masked."""
    happened_at: dt.datetime | None = None

    @property
    def what(self) -> str:
        """By what the part is appealed against."""
        return self.kind.value if self.match_id is None else f"{self.kind.value}:{self.match_id}"


@dataclass(frozen=True, slots=True)
class ReliabilityReport:
    """A worker's reliability with everything that it is made of."""

    score: float
    parts: list[ScorePart]
    advice: list[Advice]

    @property
    def newcomer(self) -> bool:
        """Whether nothing counts yet: the score is the one that everybody begins with."""
        return not self.parts


_COUNTS_AS: Final[Mapping[OfferStatus, Mapping[str, int]]] = {
    OfferStatus.ACCEPTED: {"answered": 1},
    OfferStatus.REJECTED: {"answered": 1},
    OfferStatus.WITHDRAWN: {"answered": 1, "withdrawn": 1},
    OfferStatus.EXPIRED: {"missed": 1},
}


async def count(session: AsyncSession, offer_ids: Collection[UUID], now: dt.datetime) -> None:
    """Count these offers, as their status says, from now on; one that counts already stays as it is."""
    if offer_ids:
        await _count_by(session, offer_ids, now)


async def add_answer(session: AsyncSession, worker_id: UUID) -> None:
    """Count an answer whose offer was given its `counts_since` by the statement that took it."""
    await _add(session, {worker_id: _COUNTS_AS[OfferStatus.REJECTED]})


async def uncount(session: AsyncSession, offer_ids: Collection[UUID]) -> int:
    """Take these offers out of the counters, as if they had never counted; return how many were in them.

    Call it before the status changes: that says in which counters they are.
    """
    return await _count_by(session, offer_ids, None) if offer_ids else 0


_SET: Final = (
    update(JobMatch)
    .where(
        JobMatch.id.in_(bindparam("ids", expanding=True)),
        JobMatch.counts_since.is_(None),
        JobMatch.status.in_([status.value for status in _COUNTS_AS]),
    )
    .values(counts_since=bindparam("since"))
    .returning(JobMatch.worker_id, JobMatch.status)
    .execution_options(synchronize_session=False)
)
_CLEAR: Final = (
    update(JobMatch)
    .where(
        JobMatch.id.in_(bindparam("ids", expanding=True)),
        JobMatch.counts_since.is_not(None),
    )
    .values(counts_since=None)
    .returning(JobMatch.worker_id, JobMatch.status)
    .execution_options(synchronize_session=False)
)


async def _count_by(
    session: AsyncSession, offer_ids: Collection[UUID], since: dt.datetime | None
) -> int:
    ids = list(offer_ids)
    if since is None:
        rows = (await session.execute(_CLEAR, {"ids": ids})).all()
    else:
        rows = (await session.execute(_SET, {"ids": ids, "since": since})).all()
    sign = -1 if since is None else 1
    counts: defaultdict[UUID, Counter[str]] = defaultdict(Counter)
    for worker_id, status in rows:
        for name, by in _COUNTS_AS.get(OfferStatus(status), {}).items():
            counts[worker_id][name] += sign * by
    await _add(session, counts)
    return len(rows)


async def _add(session: AsyncSession, counts: Mapping[UUID, Mapping[str, int]]) -> None:
    """Add to the counters of each worker; rows are locked in the order of their ids, as everywhere."""
    if len(counts) > 1:
        rows = select(Worker.id).where(Worker.id.in_(list(counts))).order_by(Worker.id)
        await session.execute(rows.with_for_update(key_share=True))
    alike: defaultdict[tuple[tuple[str, int], ...], list[UUID]] = defaultdict(list)
    for worker_id, added in counts.items():
        alike[tuple(sorted(added.items()))].append(worker_id)
    for changes, ids in alike.items():
        await session.execute(
            update(Worker)
            .where(Worker.id.in_(ids))
            .values({name: getattr(Worker, name) + by for name, by in changes})
            .execution_options(synchronize_session=False)
        )


# ── Forgetting ───────────────────────────────────────────────────────────────────────────────────

OUTCOMES_DUE: Final = Due(JobMatch.counts_since <= bindparam("now"), delay=OUTCOME_COUNTS_FOR)
_OLD: Final = (
    select(JobMatch.id)
    .where(*OUTCOMES_DUE.conditions)
    .order_by(JobMatch.counts_since)
    .limit(bindparam("limit", type_=Integer))
    .with_for_update(skip_locked=True)
)


async def forget_due(session: AsyncSession, now: dt.datetime, limit: int) -> int:
    """Take up to `limit` offers out of the counters whose outcome has counted long enough; return how many."""
    values = {**OUTCOMES_DUE.values(now), "limit": limit}
    return await uncount(session, (await session.scalars(_OLD, values)).all())


# ── Explaining ───────────────────────────────────────────────────────────────────────────────────

_COUNTED: Final = (
    select(JobMatch.id, JobMatch.status, JobMatch.counts_since, Job.title)
    .join(Job, Job.id == JobMatch.job_id)
    .where(JobMatch.worker_id == bindparam("worker_id"), JobMatch.counts_since.is_not(None))
    .order_by(JobMatch.counts_since.desc(), JobMatch.id.desc())
)
_LOWERS: Final = {
    OfferStatus.EXPIRED: PartKind.MISSED,
    OfferStatus.WITHDRAWN: PartKind.WITHDRAWN,
}
_HIGH: Final = 95.0
"""From here on there is little to improve."""


async def explain(session: AsyncSession, worker_id: UUID) -> ReliabilityReport:
    """Return the worker's reliability and what it is made of. Raises `WorkerNotFound`."""
    counters = select(Worker.answered, Worker.missed, Worker.withdrawn).where(
        Worker.id == worker_id
    )
    row = (await session.execute(counters)).one_or_none()
    if row is None:
        raise WorkerNotFound
    offers = (await session.execute(_COUNTED, {"worker_id": worker_id})).all()
    effects = reliability_effects(row.answered, row.missed, row.withdrawn)
    parts: list[ScorePart] = []
    kept = [offer.counts_since for offer in offers if OfferStatus(offer.status) not in _LOWERS]
    if kept:
        until = max(kept) + OUTCOME_COUNTS_FOR
        parts.append(ScorePart(PartKind.ANSWERED, effects.answered, until, len(kept)))
    lowering = [offer for offer in offers if OfferStatus(offer.status) in _LOWERS]
    parts += [
        ScorePart(
            _LOWERS[OfferStatus(offer.status)],
            effects.each_lowering,
            offer.counts_since + OUTCOME_COUNTS_FOR,
            1,
            offer.id,
            mask(offer.title),
            offer.counts_since,
        )
        for offer in lowering[:MOST_PARTS]
    ]
    for kind in _LOWERS.values():
        rest = [
            offer.counts_since
            for offer in lowering[MOST_PARTS:]
            if _LOWERS[OfferStatus(offer.status)] is kind
        ]
        if rest:
            effect = round(effects.each_lowering * len(rest), 2)
            parts.append(ScorePart(kind, effect, max(rest) + OUTCOME_COUNTS_FOR, len(rest)))
    score = reliability(row.answered, row.missed, row.withdrawn)
    return ReliabilityReport(score, parts, _advice(score, parts))


def _advice(score: float, parts: Iterable[ScorePart]) -> list[Advice]:
    kinds = {part.kind for part in parts}
    if not kinds:
        return [Advice.BEGIN, Advice.ANSWER]
    advice: list[Advice] = []
    if PartKind.MISSED in kinds:
        advice += [Advice.ANSWER, Advice.HOURS, Advice.FEWER]
    if PartKind.WITHDRAWN in kinds:
        advice.append(Advice.TAKE_BACK)
    if advice:
        advice.append(Advice.WAIT)
    elif score < _HIGH:
        advice.append(Advice.ANSWER)
    return advice or [Advice.KEEP]
