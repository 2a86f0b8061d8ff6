"""The best people to ask for a job, exactly as if everybody had been scored, without scoring everybody.

The index search leaves those who might fit; in a dense metro that can be thousands. From its narrow
rows alone each gets an upper bound of their score. In the order of these bounds their facts are read
in growing batches and judged by `rules`, until enough of them score above the bound of whoever comes
next. Nobody left unread could be among the best, so the answer is that of `rules.rank` over all.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.matching.load import worker_facts
from app.matching.refusals import Caps, sleeps_through
from app.matching.rules import Candidate, JobFacts, Weights, rank
from app.matching.search import near_and_able
from app.workers.quiet_hours import find_quiet_hours

if TYPE_CHECKING:
    from app.matching.bounds import Bounds

_FIRST_BATCH: Final = 32
_LARGEST_BATCH: Final = 1_000
"""Well below the number of parameters a statement may have."""

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
) -> Shortlist:
    """The `wanted` best workers who fit the job and can be asked now, best first.

    Not asked: whoever was offered this job before, blocked its employer, is not active or said STOP,
    or has had as many offers in the last seven days as they want, or as one employer may make. Nor is whoever sleeps until
    `closes_at`, when the job is over: nothing is said to them before.
    """
    from app.matching.bounds import bounds

    rows = await near_and_able(session, job)
    if not rows:
        return Shortlist([], 0)
    waiting = bounds(rows, job, weights, minimum_share)
    best: list[Candidate] = []
    judged, fitting = 0, 0
    size = max(_FIRST_BATCH, wanted + wanted // 2)
    while judged < len(waiting.ids) and not _settled(best, wanted, waiting, judged):
        raw = waiting.ids[judged : judged + min(size, _LARGEST_BATCH)]
        batch = [UUID(worker_id) if isinstance(worker_id, str) else worker_id for worker_id in raw]
        batch = await _can_answer(session, batch, closes_at, now)
        fits = await _judge(session, batch, job, now, weights, minimum_share, caps)
        judged, fitting, size = judged + len(raw), fitting + len(fits), size * 2
        best = sorted([*best, *fits], key=lambda candidate: candidate.place)[:wanted]
    return Shortlist(best, fitting + len(waiting.ids) - judged)


def _settled(best: list[Candidate], wanted: int, waiting: "Bounds", judged: int) -> bool:
    """Whether nobody yet unread can take a place among the best."""
    if judged == 0 or len(best) < wanted:
        return False
    return wanted == 0 or best[-1].score.total > waiting.scores[judged] + ROUNDING


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
