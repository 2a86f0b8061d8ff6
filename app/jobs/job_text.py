"""All that an employer says about a job: the one list of its fields. Pure.

Columns of `Job` that have a field's name hold its value; `app.jobs.posting` writes and reads the others.
CONTRIBUTING says what else a new field touches.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from app.catalogue import places, skills
from app.core.errors import FieldError, Invalid
from app.core.geo import Point
from app.core.week import Slot
from app.jobs import rules

MAX_SLOTS: Final = 50
MAX_SKILLS: Final = 30


class Widenable(StrEnum):
    """What of a job may be asked for less strictly near its deadline, named as its field."""

    RADIUS = "radius_km"
    EXPERIENCE = "min_experience_years"


@dataclass(frozen=True, slots=True)
class JobSalary:
    """What workers are told they earn: `amount` in minor units, `per` hour, day, week or month."""

    amount: int
    currency: str
    per: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobText:
    """What an employer says about a job."""

    title: str
    description: str
    category: str
    location: Point
    starts_on: dt.date
    slots: tuple[Slot, ...]
    positions: int
    city: str | None = None
    address: str | None = None
    ends_on: dt.date | None = None
    """None is open-ended."""
    time_zone: str | None = None
    """None: that of the location."""
    required_skills: tuple[str, ...] = ()
    preferred_skills: tuple[str, ...] = ()
    min_experience_years: int = 0
    radius_km: float | None = None
    salary: JobSalary | None = None
    respond_within_minutes: int | None = None
    may_widen: tuple[str, ...] = ()
    """`Widenable`: what is asked for less strictly near the deadline, when too few said yes."""

    def normalized(self) -> "JobText":
        """Return the text with each skill once, required before preferred, and with a time zone.

        What there is no such thing of to widen is left out: doors refuse it.
        """
        required = tuple(dict.fromkeys(self.required_skills))
        preferred = (slug for slug in dict.fromkeys(self.preferred_skills) if slug not in required)
        return replace(
            self,
            required_skills=required,
            preferred_skills=tuple(preferred),
            may_widen=tuple(each for each in Widenable if each in self.may_widen),
            time_zone=self.time_zone
            or places.time_zone_at(self.location.latitude, self.location.longitude),
        )

    def check(self) -> None:
        """Raise `Invalid`, naming every field that means nothing: dates, slots, category, skills."""
        found = rules.faults_of_schedule(self.slots, self.starts_on, self.ends_on)
        if self.category not in skills.CATEGORIES:
            found.append(FieldError("category", "There is no such category; see the catalogue."))
        for field in ("required_skills", "preferred_skills"):
            slugs: Sequence[str] = getattr(self, field)
            unknown = set(skills.unknown(slugs))
            found += [
                FieldError(f"{field}.{number}", "There is no such skill; see the catalogue.")
                for number, slug in enumerate(slugs)
                if slug in unknown
            ]
        if found:
            raise Invalid(found)
