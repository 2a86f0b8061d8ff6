"""The best people to ask for a job, exactly as if everybody had been scored, without scoring everybody.

The index search leaves those who might fit; in a dense metro that can be thousands. So it looks from near to
far (`rings`): no cell is read in which nobody can be among the best. From their narrow rows alone those found get
an upper bound of their score. In the order of these bounds their facts are read in growing batches and judged by
`rules`, until enough of them score above the bound of whoever comes next, and of every cell not looked in. Nobody
left unread could be among the best, so the answer is that of `rules.rank` over all.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.geo import keys_around
from app.matching.load import worker_facts
from app.matching.refusals import Caps, sleeps_through
from app.matching.rules import Candidate, JobFacts, Weights, rank
from app.matching.search import best_near_and_able, count_able, near_and_able
from app.workers.quiet_hours import find_quiet_hours

_FIRST_BATCH: Final = 32
_LARGEST_BATCH: Final = 1_000
"""Well below the number of parameters a statement may have."""

_CARRIED: Final = 4
"""Times a batch: so many rows of each ring leave the database, those that may score best."""
_SPARSE: Final = 4
"""A ring with fewer than this part of a batch shows that people are few here."""

_LONGEST_QUIET: Final = dt.timedelta(hours=25)
"""As long as quiet hours last at most, on the day on which clocks are put back."""

ROUNDING: Final = 0.2
"""More than rounding to one decimal, of five parts and their mean, can add to a score: 0.05 each."""


@dataclass(frozen=True, slots=True)
class Shortlist:
    """The best people for a job, best first, and how many there are to choose from."""

    best: list[Candidate]
    eligible: int
    """Those known to fit, and those who fit as far as the index tells and need not be looked at."""


@dataclass(frozen=True, slots=True)
class _Cut:
    """Cells of which only the best rows were read."""

    bound: float
    """The best score that anybody else in them can reach; below 0: there are none."""
    keys: list[int] = field(default_factory=list)
    found: int = 0
    """Those of them who were read and may fit."""


async def find(
    session: AsyncSession,
    job: JobFacts,
    wanted: int,
    now: dt.datetime,
    *,
    weights: Weights,
    minimum_share: float,
    caps: Caps,
    closes_at: dt.datetime | None = None,
    counts: bool = True,
) -> Shortlist:
    """The `wanted` best workers who fit the job and can be asked now, best first.

    Not asked: whoever was offered this job before, blocked its employer, is not active or said STOP,
    or has had as many offers in the last seven days as they want, or as one employer may make. Nor is whoever sleeps until
    `closes_at`, when the job is over: nothing is said to them before. Without `counts` those in cells that were
    not looked in are not counted as eligible.
    """
    from app.matching.bounds import Unread
    from app.matching.rings import NOBODY, rings

    waiting = Unread(job, weights, minimum_share)
    ahead = rings(job, weights)
    beyond, rest = 100.0, [*keys_around(job.point, job.radius_km)] if wanted == 0 else []
    cut = _Cut(NOBODY)
    best: list[Candidate] = []
    fitting = 0
    size = max(_FIRST_BATCH, wanted + wanted // 2)
    while wanted:
        bound = max(waiting.bound_of(0), beyond, cut.bound)
        if bound < 0 or (len(best) == wanted and best[-1].score.total > bound + ROUNDING):
            break
        if waiting.bound_of(size - 1) < max(beyond, cut.bound):
            if cut.bound >= beyond:
                waiting.add(await near_and_able(session, job, cut.keys))
                cut = _Cut(NOBODY)
                continue
            ring = next(ahead)
            beyond, rest, keys = ring.beyond, ring.rest, ring.keys
            rows, others = await best_near_and_able(session, job, keys, weights, _CARRIED * size)
            if rest and others is None and len(rows) * _SPARSE < size:
                # Where hardly anybody is, one more look at all of it is the quickest.
                waiting.add(rows)
                beyond, keys, rest = NOBODY, rest, []
                rows, others = await best_near_and_able(
                    session, job, keys, weights, _CARRIED * size
                )
            found = waiting.add(rows)
            if others is not None:
                cut = _Cut(max(cut.bound, others), cut.keys + keys, cut.found + found)
            continue
        raw = waiting.take(min(size, _LARGEST_BATCH))
        batch = [UUID(worker_id) if isinstance(worker_id, str) else worker_id for worker_id in raw]
        batch = await _can_answer(session, batch, closes_at, now)
        fits = await _judge(session, batch, job, now, weights, minimum_share, caps)
        fitting, size = fitting + len(fits), size * 2
        best = sorted([*best, *fits], key=lambda candidate: candidate.place)[:wanted]
    unseen = 0
    if counts and rest:
        unseen += await count_able(session, job, rest, minimum_share)
    if counts and cut.keys:
        unseen += max(0, await count_able(session, job, cut.keys, minimum_share) - cut.found)
    return Shortlist(best, fitting + len(waiting) + unseen)


async def _can_answer(
    session: AsyncSession, ids: list[UUID], closes_at: dt.datetime | None, now: dt.datetime
) -> list[UUID]:
    """Leave out whoever sleeps until the job is over; asks the database only if that is within a day."""
    if closes_at is None or closes_at - now > _LONGEST_QUIET:
        return ids
    quiet = await find_quiet_hours(session, ids)
    return [
        worker_id for worker_id in ids if not sleeps_through(quiet.get(worker_id), closes_at, now)
    ]


async def _judge(
    session: AsyncSession,
    ids: Sequence[UUID],
    job: JobFacts,
    now: dt.datetime,
    weights: Weights,
    minimum_share: float,
    caps: Caps,
) -> list[Candidate]:
    people = await worker_facts(session, ids, job, now)
    return rank(
        (worker for worker, asked in people if not asked.is_enough(caps)),
        job,
        weights,
        minimum_share,
    )
