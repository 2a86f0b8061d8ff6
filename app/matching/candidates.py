"""The best people to ask for a job, exactly as if everybody had been scored, without scoring everybody.

The index search (`search`) leaves those who might fit, and works out a bound of each one's score; only the best few leave the
database. In the order of these bounds their facts are read in growing batches and judged by `rules`, until enough
of them score above the bound of whoever comes next. Nobody left unread could be among the best, so the answer is that
of `rules.rank` over all.

A job that requires a skill reads all cells around it at once: the index holds only people with that skill. Any
other job looks from near to far (`rings`): no cell is read in which nobody can be among the best.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.geo import keys_around
from app.matching.load import worker_facts
from app.matching.refusals import Caps, sleeps_through
from app.matching.rules import Candidate, JobFacts, Weights, rank
from app.matching.search import Best, best_near_and_able, count_able
from app.workers.quiet_hours import find_quiet_hours

_FIRST_BATCH: Final = 32
_LARGEST_BATCH: Final = 1_000
"""Well below the number of parameters a statement may have."""

_CARRIED: Final = 4
"""Times a batch: so many rows of each ring leave the database, those that may score best."""
_MORE: Final = 8
"""Times as many leave it the next time, where those were not enough."""
_SPARSE: Final = 4
"""A ring with fewer than this part of a batch shows that people are few here."""

_NOBODY: Final = -1.0

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


class _Unread:
    """Workers who may fit and whose facts are not read yet, the best bound first; each once."""

    def __init__(self) -> None:
        self._people: list[tuple[float, UUID | str]] = []
        self._seen: set[UUID | str] = set()

    def add(self, people: Sequence[tuple[float, UUID | str]]) -> None:
        """Add those who were not added before: a worker who moves while we look can be found twice."""
        new = [person for person in people if person[1] not in self._seen]
        self._seen.update(worker_id for _, worker_id in new)
        # Each part is in order already, and sorting keeps the order of equals.
        self._people = sorted(self._people + new, key=lambda person: person[0], reverse=True)

    def bound_of(self, place: int) -> float:
        """Return the bound of the worker at that place, 0 the best; below 0 where there is none."""
        return self._people[place][0] if place < len(self._people) else _NOBODY

    def take(self, size: int) -> list[UUID]:
        """Take the best `size` away."""
        taken, self._people = self._people[:size], self._people[size:]
        return [UUID(each) if isinstance(each, str) else each for _, each in taken]


class _Look:
    """What was asked for of the index so far, and what anybody whom it did not return can reach."""

    def __init__(
        self,
        session: AsyncSession,
        job: JobFacts,
        weights: Weights,
        minimum_share: float,
        *,
        counts: bool,
    ) -> None:
        from app.matching.rings import rings

        self.waiting = _Unread()
        self.found = 0
        """How many may fit in the cells looked in."""
        self.rest: list[int] = []
        """Cells not looked in."""
        self._session, self._job, self._weights = session, job, weights
        self._minimum_share, self._counts = minimum_share, counts
        self._ahead = rings(job, weights, at_once=bool(job.required_skills))
        self._beyond = 100.0
        self._cut: list[int] = []
        self._cut_bound, self._most_cut = _NOBODY, 0

    @property
    def bound(self) -> float:
        """The best score that anybody who was not returned can reach; below 0: everybody was."""
        return max(self._beyond, self._cut_bound)

    async def on(self, limit: int) -> None:
        """Look where the best of those can be; at most `limit` are returned, more of cells looked in before."""
        if self._cut_bound >= self._beyond:
            self._most_cut = max(limit, self._most_cut * _MORE)
            cells, self._cut, self._cut_bound = self._cut, [], _NOBODY
            self._keep(cells, await self._best(cells, self._most_cut))
            return
        ring = next(self._ahead)
        self._beyond, self.rest = ring.beyond, ring.rest
        await self._ask(ring.keys, limit)
        if self.rest and self.found * _SPARSE < limit // _CARRIED:
            # Where hardly anybody is, one more look at all of it is the quickest.
            cells, self.rest, self._beyond = self.rest, [], _NOBODY
            await self._ask(cells, limit)

    async def _ask(self, cells: list[int], limit: int) -> None:
        best = await self._best(cells, limit)
        self.found += best.found
        self._most_cut = max(self._most_cut, limit)
        self._keep(cells, best)

    async def _best(self, cells: list[int], limit: int) -> Best:
        return await best_near_and_able(
            self._session,
            self._job,
            cells,
            self._weights,
            self._minimum_share,
            limit,
            counts=self._counts,
        )

    def _keep(self, cells: list[int], best: Best) -> None:
        self.waiting.add(best.people)
        if best.bound_of_others is not None:
            self._cut += cells
            self._cut_bound = max(self._cut_bound, best.bound_of_others)


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
    `closes_at`, when the job is over: nothing is said to them before. Without `counts` only those
    who were looked at, and some more, are counted as eligible.
    """
    best: list[Candidate] = []
    if wanted == 0:
        cells = keys_around(job.point, job.radius_km) if counts else []
        return Shortlist([], await count_able(session, job, cells, minimum_share))
    look = _Look(session, job, weights, minimum_share, counts=counts)
    judged = fitting = 0
    size = max(_FIRST_BATCH, wanted + wanted // 2)
    while True:
        bound = max(look.waiting.bound_of(0), look.bound)
        if bound < 0 or (len(best) == wanted and best[-1].score.total > bound + ROUNDING):
            break
        if look.waiting.bound_of(size - 1) < look.bound:
            await look.on(_CARRIED * size)
            continue
        batch = look.waiting.take(min(size, _LARGEST_BATCH))
        judged += len(batch)
        batch = await _can_answer(session, batch, closes_at, now)
        fits = await _judge(session, batch, job, now, weights, minimum_share, caps)
        fitting, size = fitting + len(fits), size * 2
        best = sorted([*best, *fits], key=lambda candidate: candidate.place)[:wanted]
    elsewhere = await count_able(session, job, look.rest, minimum_share) if counts else 0
    return Shortlist(best, fitting + max(0, look.found - judged) + elsewhere)


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
