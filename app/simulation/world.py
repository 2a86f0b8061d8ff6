"""What a simulated world is made of, read from a TOML file. Nothing of it is told to a policy."""

import math
import tomllib
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

WORLDS: Final = Path(__file__).parent / "worlds"
"""The files that come with the simulator; `--world slack` reads `slack.toml`."""
SLACK: Final = "slack"
DAYPARTS: Final = ("morning", "afternoon", "evening", "night")
DAY_MINUTES: Final = 1_440


class WorldError(Exception):
    """A world or a number can't be used; the message is for whoever typed it."""


Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]
Hour = Annotated[float, Field(ge=0, le=24)]
ByHour = Annotated[list[Positive], Field(min_length=24, max_length=24)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Town(_Part):
    """A centre around which people live and work; without towns they are everywhere alike."""

    x_km: float = Field(ge=0, le=1_000)
    y_km: float = Field(ge=0, le=1_000)
    share: Share
    spread_km: Positive


class City(_Part):
    """Where people live and work: a square."""

    side_km: Positive = 30.0
    towns: list[Town] = []


class Archetype(_Part):
    """When a kind of worker is free, by part of the day, on weekdays and on weekends."""

    share: Share
    weekdays: list[str]
    weekends: list[str]

    @model_validator(mode="after")
    def _known_parts(self) -> Self:
        if unknown := set(self.weekdays + self.weekends) - set(DAYPARTS):
            raise ValueError(f"no part of the day: {', '.join(sorted(unknown))}")
        return self


class Workers(_Part):
    """Who can be asked."""

    count: Annotated[int, Field(ge=1, le=100_000)] = 2_000
    join_during: Share = 0.3
    """The share that is not there at first and joins at any moment of the days simulated."""
    skills: Annotated[int, Field(ge=1, le=60)] = 12
    skill_exponent: Annotated[float, Field(ge=0, le=3)] = 1.0
    """Of Zipf's law, by which both workers and jobs have their skills."""
    skills_each: list[Share] = [0.3, 0.3, 0.25, 0.15]
    """How many have one, two, three … skills."""
    travel_km: tuple[Positive, Positive] = (5.0, 20.0)
    """How far somebody goes at most: uniform between the two."""
    archetypes: Annotated[list[Archetype], Field(min_length=1)] = [
        Archetype(share=0.35, weekdays=["morning", "afternoon"], weekends=["morning", "afternoon"]),
        Archetype(share=0.35, weekdays=["evening"], weekends=["morning", "afternoon", "evening"]),
        Archetype(
            share=0.30,
            weekdays=["morning", "afternoon", "evening", "night"],
            weekends=["morning", "afternoon", "evening", "night"],
        ),
    ]


class Answers(_Part):
    """How people answer offers."""

    beta: tuple[Positive, Positive] = (1.6, 2.0)
    """How likely each answers at all is drawn from this distribution."""
    median_minutes: Positive = 24.0
    spread: Positive = 1.0
    """Standard deviation of the logarithm of the minutes to a reply."""
    quiet: tuple[Hour, Hour] = (22.0, 7.0)
    """Hours in which nobody reads anything."""
    fatigue: Annotated[float, Field(gt=0, le=1)] = 0.9
    """By this each offer of the last seven days makes an answer less likely."""
    accept_logit: Annotated[float, Field(ge=-10, le=10)] = 1.3
    accept_per_km: Annotated[float, Field(ge=-5, le=5)] = -0.22
    notices_clashes: Share = 0.9
    """How likely somebody who is asked for hours they gave away already says no."""
    answers_by_hour: ByHour | None = None
    """Factors of the chance of an answer, by the hour at which the offer is read."""
    minutes_by_hour: ByHour | None = None
    """Factors of the minutes to a reply, by the hour at which the offer is read."""


class Festival(_Part):
    """Days on which there are more jobs."""

    first_day: Annotated[int, Field(ge=0)]
    days: Annotated[int, Field(ge=1)]
    factor: Positive


class Jobs(_Part):
    """What is asked for."""

    per_day: Positive = 25.0
    places: Annotated[float, Field(gt=0, le=1)] = 0.4
    """Places are drawn from the geometric distribution with this parameter."""
    most_places: Annotated[int, Field(ge=1, le=500)] = 20
    lead_hours: tuple[Positive, Positive] = (5.0, 173.0)
    """From the publication to the start of the shift, which is the deadline."""
    published: tuple[Hour, Hour] = (7.0, 22.0)
    shift_hours: tuple[Positive, Positive] = (4.0, 9.0)
    night_share: Share = 0.0
    """How many of the jobs are night shifts; none of the others begins at night."""
    districts: list[Town] = [
        Town(x_km=15, y_km=15, share=0.6, spread_km=4),
        Town(x_km=7, y_km=22, share=0.25, spread_km=3),
        Town(x_km=23, y_km=8, share=0.15, spread_km=3),
    ]
    """Where work is; without any, where people live."""
    employers: Annotated[int, Field(ge=1, le=10_000)] = 150
    largest_share: Share = 0.0
    """How many of the jobs are one employer's, at one place."""
    festival: Festival | None = None


class Rules(_Part):
    """What the platform promises."""

    weekly_cap: Annotated[int, Field(ge=0, le=500)] = 6
    """Offers in seven days; 0: no cap."""
    respond_within_minutes: Positive = 240.0
    """After these an answer is void, where a policy knows deadlines; they rest in quiet hours."""
    offers_per_open_place: Annotated[int, Field(ge=1, le=20)] = 2
    """Offers of one wave for each open place, at most."""
    wave_minutes: Positive = 10.0
    """After these an open offer does not count against that number any more."""


class World(_Part):
    """All parameters of a world."""

    city: City = City()
    workers: Workers = Workers()
    answers: Answers = Answers()
    jobs: Jobs = Jobs()
    rules: Rules = Rules()

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        start, end = self.answers.quiet
        if start <= end:
            raise ValueError("quiet hours must begin in the evening and end in the morning")
        for name, (low, high) in (
            ("lead_hours", self.jobs.lead_hours),
            ("shift_hours", self.jobs.shift_hours),
            ("published", self.jobs.published),
            ("travel_km", self.workers.travel_km),
        ):
            if low > high:
                raise ValueError(f"{name}: the first must not be above the second")
        for name, shares in (
            ("skills_each", self.workers.skills_each),
            ("archetypes", [kind.share for kind in self.workers.archetypes]),
            ("towns", [town.share for town in self.city.towns] or [1.0]),
            ("districts", [town.share for town in self.jobs.districts] or [1.0]),
        ):
            if not math.isclose(sum(shares), 1.0, abs_tol=1e-6):
                raise ValueError(f"{name}: the shares must add up to 1")
        return self


def read_world(name: str) -> World:
    """Return the world of that name, or of the TOML file at that path. Raises `WorldError`, saying what is wrong."""
    file = Path(name) if name.endswith(".toml") else WORLDS / f"{name}.toml"
    try:
        values: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        known = ", ".join(sorted(each.stem for each in WORLDS.glob("*.toml")))
        raise WorldError(f"{file}: {error.strerror}. Worlds that come with it: {known}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WorldError(f"{file} is no TOML: {error}.") from None
    try:
        return World.model_validate(values)
    except ValidationError as error:
        found = "; ".join(
            f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()
        )
        raise WorldError(f"{file}: {found}.") from None
