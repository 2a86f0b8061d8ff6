"""The people and jobs of one seed, and what each person would do about each job. NumPy arrays.

Everything random is drawn here, before any policy acts, and by the pair of worker and job: two policies
with the same seed meet the same people, the same jobs and the same luck.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from app.simulation.world import DAY_MINUTES, DAYPARTS, Town, World

type Floats = NDArray[np.float64]
type Ints = NDArray[np.int64]
type Bools = NDArray[np.bool_]

_NIGHT = DAYPARTS.index("night")
_PART_STARTS = ((6, 0), (12, 1), (17, 2), (22, _NIGHT))
"""The hour at which each part of the day begins."""


@dataclass(frozen=True, slots=True)
class People:
    """Workers, one entry each."""

    x: Floats
    y: Floats
    joins: Floats
    """Minutes since the start; 0 for who is there."""
    travel_km: Floats
    skills: Bools
    """One row a worker, one column a skill."""
    free: Bools
    """One row a worker; columns are weekday or weekend, then part of the day."""
    answers: Floats
    """How likely each answers an offer when not tired."""

    def __len__(self) -> int:
        """Count the people."""
        return len(self.x)


@dataclass(frozen=True, slots=True)
class SimJob:
    """A job, with the workers who fit it and what they would do."""

    number: int
    published: float
    """Minutes since the start, which is a Monday, 00:00."""
    starts: float
    """The start of the shift, and the deadline."""
    ends: float
    places: int
    skill: int
    employer: int
    fitting: Ints
    """Workers who can do it, near enough and free then, whenever they join."""
    km: Floats
    """Of those workers."""
    luck_answer: Floats
    luck_accept: Floats
    luck_clash: Floats
    delay_z: Floats
    """Standard normal: how slow the reply is."""


def people_of(world: World, seed: int, days: int) -> People:
    """Draw the workers of a seed."""
    draw = np.random.default_rng([seed, 1])
    of, count = world.workers, world.workers.count
    x, y = _places(world.city.side_km, world.city.towns, count, draw)
    joins = np.where(
        draw.random(count) < of.join_during, draw.random(count) * days * DAY_MINUTES, 0.0
    )
    weight = _zipf(of.skills, of.skill_exponent)
    numbers = 1 + draw.choice(len(of.skills_each), size=count, p=_sum_one(of.skills_each))
    # The first ones of a random order in which frequent skills tend to come early.
    order = np.argsort(-(np.log(weight) + draw.gumbel(size=(count, of.skills))), axis=1)
    skills = np.zeros((count, of.skills), dtype=bool)
    for place in range(min(of.skills, len(of.skills_each))):
        have = numbers > place
        skills[np.flatnonzero(have), order[have, place]] = True
    kinds = draw.choice(
        len(of.archetypes), size=count, p=_sum_one([kind.share for kind in of.archetypes])
    )
    free = np.array(
        [
            [[part in parts for part in DAYPARTS] for parts in (kind.weekdays, kind.weekends)]
            for kind in of.archetypes
        ]
    )[kinds]
    travel = draw.uniform(*of.travel_km, size=count)
    return People(x, y, joins, travel, skills, free, draw.beta(*world.answers.beta, size=count))


def jobs_of(world: World, people: People, seed: int, days: int) -> list[SimJob]:
    """Draw the jobs of a seed, in the order of their publication."""
    draw = np.random.default_rng([seed, 2])
    of = world.jobs
    festival = of.festival
    jobs: list[SimJob] = []
    districts = of.districts or world.city.towns
    home = _places(world.city.side_km, districts, of.employers, draw)
    skill_weight = _sum_one(_zipf(world.workers.skills, world.workers.skill_exponent).tolist())
    for day in range(days):
        rate = of.per_day
        if festival and festival.first_day <= day < festival.first_day + festival.days:
            rate *= festival.factor
        hours = np.sort(draw.uniform(*of.published, size=draw.poisson(rate)))
        for hour in hours.tolist():
            published = day * DAY_MINUTES + hour * 60
            employer = (
                0
                if draw.random() < of.largest_share
                else int(draw.integers(min(1, of.employers - 1), of.employers))
            )
            starts, part = _start(world, published, draw)
            x, y = float(home[0][employer]), float(home[1][employer])
            if employer or not of.largest_share:
                # An employer's jobs lie around where it is at home, most of them somewhere else.
                anywhere = _places(world.city.side_km, districts, 1, draw)
                x, y = float(anywhere[0][0]), float(anywhere[1][0])
            skill = int(draw.choice(world.workers.skills, p=skill_weight))
            places = min(of.most_places, int(draw.geometric(of.places)))
            ends = starts + 60 * draw.uniform(*of.shift_hours)
            weekend = int(starts // DAY_MINUTES) % 7 >= 5
            km = np.hypot(people.x - x, people.y - y)
            fits = (
                people.skills[:, skill]
                & (km <= people.travel_km)
                & people.free[:, int(weekend), part]
                & (people.joins < starts)
            )
            fitting = np.flatnonzero(fits)
            luck = np.random.default_rng([seed, 3, len(jobs)])
            size = len(fitting)
            jobs.append(
                SimJob(
                    number=len(jobs),
                    published=published,
                    starts=starts,
                    ends=ends,
                    places=places,
                    skill=skill,
                    employer=employer,
                    fitting=fitting,
                    km=km[fitting],
                    luck_answer=luck.random(size),
                    luck_accept=luck.random(size),
                    luck_clash=luck.random(size),
                    delay_z=luck.standard_normal(size),
                )
            )
    return jobs


def _start(world: World, published: float, draw: Generator) -> tuple[float, int]:
    """Draw when the shift begins, and in which part of the day that is."""
    lead = 60 * draw.uniform(*world.jobs.lead_hours)
    starts = published + lead
    at_night = draw.random() < world.jobs.night_share
    hour = starts % DAY_MINUTES / 60
    if at_night and 6 <= hour < 22:
        starts += (22 + 3 * draw.random() - hour) * 60
    elif not at_night and not 6 <= hour < 22:
        starts += ((30 if hour >= 22 else 6) + 3 * draw.random() - hour) * 60
    hour = starts % DAY_MINUTES / 60
    part = max((index for begins, index in _PART_STARTS if begins <= hour), default=_NIGHT)
    return starts, part


def _places(side: float, towns: list[Town], count: int, draw: Generator) -> tuple[Floats, Floats]:
    if not towns:
        return draw.uniform(0, side, size=count), draw.uniform(0, side, size=count)
    which = draw.choice(len(towns), size=count, p=_sum_one([town.share for town in towns]))
    centre = np.array([(town.x_km, town.y_km) for town in towns])[which]
    spread = np.array([town.spread_km for town in towns])[which]
    point = centre + draw.standard_normal((count, 2)) * spread[:, None]
    point = np.clip(point, 0, side)
    return point[:, 0], point[:, 1]


def _zipf(count: int, exponent: float) -> Floats:
    weight: Floats = 1.0 / np.arange(1, count + 1, dtype=np.float64) ** exponent
    return weight


def _sum_one(shares: list[float]) -> Floats:
    values = np.array(shares, dtype=np.float64)
    normed: Floats = values / values.sum()
    return normed
