"""One seed of a world under one policy, event by event.

Time is in minutes since a Monday, 00:00. Between midnight and midnight everybody has the same quiet hours,
in which nothing is read; a reply takes waking minutes only.
"""

import heapq
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, Protocol

import numpy as np

from app.simulation.city import Bools, Ints, People, SimJob, jobs_of, people_of
from app.simulation.world import DAY_MINUTES, World

WEEK_MINUTES: Final = 7 * DAY_MINUTES
MONTH_MINUTES: Final = 28 * DAY_MINUTES


class Event(IntEnum):
    """What happens, in the order in which it does at one moment."""

    REPLY = 0
    VOID = 1
    DEADLINE = 2
    PUBLISH = 3
    LOOK = 4


@dataclass(slots=True)
class SimOffer:
    """One offer, and what its worker will do."""

    job: "OpenJob"
    place: int
    """Of the worker, among those who fit the job."""
    worker: int
    at: float
    load: int
    base: float
    """What the policy held the chance of an answer to be; for its learning only."""
    replies_at: float | None
    says_yes: bool
    void_at: float
    status: str = "open"


@dataclass(slots=True)
class OpenJob:
    """A job in the course of a run."""

    job: SimJob
    asked: Bools
    booked: Bools
    """Who of those that fit has given these hours away."""
    busy_with: Ints
    """How many open offers for overlapping hours each of those that fit has."""
    overlapping: list["OpenJob"] = field(default_factory=list)
    """Jobs that run beside it, with overlapping hours."""
    filled: int = 0
    filled_at: list[float] = field(default_factory=list)
    offers: int = 0
    open: list[SimOffer] = field(default_factory=list)
    waves: int = 0
    look_at: float | None = None
    over: bool = False
    _place_of: dict[int, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Index the workers who fit: each is looked up thousands of times."""
        self._place_of = {worker: place for place, worker in enumerate(self.job.fitting.tolist())}

    @property
    def places(self) -> int:
        """Still open."""
        return self.job.places - self.filled

    def place_of(self, worker: int) -> int | None:
        """Return the worker's place among those who fit, None for somebody else."""
        return self._place_of.get(worker)


class Clock:
    """Waking minutes: all but the quiet hours of each night."""

    def __init__(self, quiet: tuple[float, float]) -> None:
        self.evening, self.morning = quiet[0] * 60, quiet[1] * 60
        self.day = self.evening - self.morning

    def is_quiet(self, at: float) -> bool:
        """Whether it is quiet."""
        minute = at % DAY_MINUTES
        return minute >= self.evening or minute < self.morning

    def waking(self, at: float) -> float:
        """Return the waking minutes from the start until then."""
        days, minute = divmod(at, DAY_MINUTES)
        return days * self.day + min(max(minute - self.morning, 0.0), self.day)

    def at(self, waking: float) -> float:
        """Return when so many waking minutes have passed; at the end of a day, that evening."""
        days, minute = divmod(waking, self.day)
        return days * DAY_MINUTES + self.morning + minute

    def read_at(self, at: float) -> float:
        """Return when what is sent at that moment can be read."""
        return self.at(self.waking(at)) if self.is_quiet(at) else at

    def later(self, at: float, minutes: float) -> float:
        """Return when so many waking minutes have passed since."""
        return self.at(self.waking(at) + minutes)


class Market:
    """What a policy may see and do. What people are like it does not see."""

    def __init__(
        self,
        world: World,
        people: People,
        jobs: Sequence[SimJob],
        *,
        counts_overlaps: bool = True,
    ) -> None:
        self.world, self.people, self.jobs = world, people, jobs
        self.counts_overlaps = counts_overlaps
        self.clock = Clock(world.answers.quiet)
        count = len(people)
        self.now = 0.0
        self.week: Ints = np.zeros(count, dtype=np.int64)
        self.month: Ints = np.zeros(count, dtype=np.int64)
        self.offers: Ints = np.zeros(count, dtype=np.int64)
        self.answered = np.zeros(count)
        self.missed = np.zeros(count)
        self.closed = np.zeros(count)
        self.bookings: dict[int, list[tuple[float, float]]] = {}
        self.running: dict[int, OpenJob] = {}
        self.events: list[tuple[float, int, int, object]] = []
        self._count = 0
        self._in_week: deque[tuple[float, int]] = deque()
        self._in_month: deque[tuple[float, int]] = deque()
        self.first_offer = np.full(count, np.inf)
        self.cap_breaches = self.double_bookings = self.late_answers = 0
        self.ended: list[SimOffer] = []
        """Offers that were answered, ran out or were closed, for a policy that learns."""
        self.done: list[OpenJob] = []

    def push(self, at: float, event: Event, what: object) -> None:
        """Let something happen at that moment."""
        self._count += 1
        heapq.heappush(self.events, (at, event, self._count, what))

    def pass_to(self, now: float) -> None:
        """Let time pass."""
        self.now = now
        for queue, counts, length in (
            (self._in_week, self.week, WEEK_MINUTES),
            (self._in_month, self.month, MONTH_MINUTES),
        ):
            while queue and queue[0][0] <= now - length:
                counts[queue.popleft()[1]] -= 1

    def may_be_asked(self, job: OpenJob) -> Bools:
        """Return who of those who fit is there, was not asked, and has not given these hours away."""
        fitting = job.job.fitting
        free: Bools = ~job.asked & ~job.booked & (self.people.joins[fitting] <= self.now)
        return free

    def ask(
        self,
        job: OpenJob,
        place: int,
        base: float,
        within: float | None,
        *,
        rests: bool = True,
    ) -> SimOffer:
        """Offer the job; after `within` minutes an answer is void (None: with the deadline).

        These minutes rest in quiet hours, or do not.
        """
        world, it, now = self.world.answers, job.job, self.now
        worker = int(it.fitting[place])
        read_at = self.clock.read_at(now)
        hour = int(read_at % DAY_MINUTES // 60) % 24
        load = int(self.week[worker])
        chance = self.people.answers[worker] * world.fatigue**load
        minutes = world.median_minutes * float(np.exp(world.spread * it.delay_z[place]))
        if world.answers_by_hour:
            chance *= world.answers_by_hour[hour]
        if world.minutes_by_hour:
            minutes *= world.minutes_by_hour[hour]
        replies_at = self.clock.later(now, minutes) if it.luck_answer[place] < chance else None
        yes = world.accept_logit + world.accept_per_km * it.km[place]
        void_at = it.starts
        if within is not None:
            void_at = min(void_at, self.clock.later(now, within) if rests else now + within)
        offer = SimOffer(
            job,
            place,
            worker,
            now,
            load,
            base,
            replies_at,
            bool(it.luck_accept[place] < 1 / (1 + np.exp(-yes))),
            void_at,
        )
        job.asked[place] = True
        job.offers += 1
        job.open.append(offer)
        self._count_open(offer, 1)
        cap = self.world.rules.weekly_cap
        self.cap_breaches += bool(cap and load >= cap)
        self.week[worker] += 1
        self.month[worker] += 1
        self.offers[worker] += 1
        self._in_week.append((now, worker))
        self._in_month.append((now, worker))
        self.first_offer[worker] = min(self.first_offer[worker], now)
        if replies_at is not None and replies_at < it.starts:
            self.push(replies_at, Event.REPLY, offer)
        self.push(void_at, Event.VOID, offer)
        return offer

    def _count_open(self, offer: SimOffer, more: int) -> None:
        if not self.counts_overlaps:
            return
        worker = offer.worker
        for other in offer.job.overlapping:
            place = other._place_of.get(worker)  # noqa: SLF001 - the innermost loop of a run
            if place is not None:
                other.busy_with[place] += more

    def end(self, offer: SimOffer, status: str) -> None:
        """End an open offer."""
        offer.status = status
        offer.job.open.remove(offer)
        self._count_open(offer, -1)
        if status in {"accepted", "rejected"}:
            self.answered[offer.worker] += 1
        elif status == "expired":
            self.missed[offer.worker] += 1
        else:
            self.closed[offer.worker] += 1
        self.ended.append(offer)

    def fill(self, job: OpenJob, offer: SimOffer) -> None:
        """Take an acceptance."""
        it = job.job
        taken = self.bookings.setdefault(offer.worker, [])
        self.double_bookings += any(begin < it.ends and it.starts < end for begin, end in taken)
        taken.append((it.starts, it.ends))
        job.filled += 1
        job.filled_at.append(self.now)
        for other in (job, *job.overlapping):
            place = other.place_of(offer.worker)
            if place is not None:
                other.booked[place] = True
        if job.places == 0:
            for open_offer in list(job.open):
                self.end(open_offer, "closed")


class SimPolicy(Protocol):
    """Whom to ask, and when to look again."""

    looks_at_answers: bool
    """Whether an answer makes it look at once."""
    minds_overlaps: bool
    """Whether it reads `OpenJob.busy_with`, which costs as much as all else of an offer."""

    def look(self, market: Market, job: OpenJob) -> float | None:
        """Ask people by `Market.ask`; return when to look again, None for never."""


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a seed under a policy."""

    seed: int
    market: Market


@dataclass(frozen=True, slots=True)
class Drawn:
    """The people and jobs of a seed: the same under every policy, and whatever the platform promises."""

    people: People
    jobs: Sequence[SimJob]


def draw(world: World, seed: int, days: int) -> Drawn:
    """Draw a seed."""
    people = people_of(world, seed, days)
    return Drawn(people, jobs_of(world, people, seed, days))


def play(
    world: World, policy: SimPolicy, seed: int, days: int, drawn: Drawn | None = None
) -> Played:
    """Play a seed until the last deadline; `drawn` are its people and jobs, if they were drawn already."""
    drawn = drawn or draw(world, seed, days)
    market = Market(world, drawn.people, drawn.jobs, counts_overlaps=policy.minds_overlaps)
    for job in market.jobs:
        market.push(job.published, Event.PUBLISH, job)
    while market.events:
        at, event, _, what = heapq.heappop(market.events)
        market.pass_to(at)
        if isinstance(what, SimJob):
            _let_policy_ask(market, _publish(market, what), policy)
        elif isinstance(what, SimOffer):
            _offer_event(market, what, Event(event), policy)
        elif isinstance(what, OpenJob):
            if event is Event.DEADLINE or event == Event.DEADLINE:
                _close(market, what)
            elif what.look_at == at:
                _let_policy_ask(market, what, policy)
    return Played(seed, market)


def _publish(market: Market, job: SimJob) -> OpenJob:
    size = len(job.fitting)
    opened = OpenJob(
        job, np.zeros(size, dtype=bool), np.zeros(size, dtype=bool), np.zeros(size, dtype=np.int64)
    )
    for place, worker in enumerate(job.fitting.tolist()):
        taken = market.bookings.get(worker, ())
        if any(begin < job.ends and job.starts < end for begin, end in taken):
            opened.booked[place] = True
    for other in market.running.values():
        if other.job.starts < job.ends and job.starts < other.job.ends:
            other.overlapping.append(opened)
            opened.overlapping.append(other)
            for offer in other.open if market.counts_overlaps else ():
                known = opened.place_of(offer.worker)
                if known is not None:
                    opened.busy_with[known] += 1
    market.running[job.number] = opened
    market.push(job.starts, Event.DEADLINE, opened)
    return opened


def _close(market: Market, job: OpenJob) -> None:
    job.over = True
    for offer in list(job.open):
        market.end(offer, "closed")
    del market.running[job.job.number]
    for other in job.overlapping:
        other.overlapping.remove(job)
    market.done.append(job)


def _offer_event(market: Market, offer: SimOffer, event: Event, policy: SimPolicy) -> None:
    if offer.status != "open":
        market.late_answers += event == Event.REPLY
        return
    job = offer.job
    if event == Event.VOID:
        market.end(offer, "expired")
        return
    yes = offer.says_yes
    if yes and job.booked[offer.place]:
        yes = job.job.luck_clash[offer.place] >= market.world.answers.notices_clashes
    if yes:
        market.end(offer, "accepted")
        market.fill(job, offer)
    else:
        market.end(offer, "rejected")
    if policy.looks_at_answers and job.places:
        _let_policy_ask(market, job, policy)


def _let_policy_ask(market: Market, job: OpenJob, policy: SimPolicy) -> None:
    if job.over or job.places == 0:
        return
    again = policy.look(market, job)
    job.look_at = again
    if again is not None and again < job.job.starts:
        market.push(again, Event.LOOK, job)
