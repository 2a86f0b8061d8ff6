"""When each kind of work is usually done: by day, in the evening, at night, or whenever."""

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files

from app.catalogue import skills


class UsualHours(StrEnum):
    """When work is usually done."""

    DAY = "day"
    EVENING = "evening"
    NIGHT = "night"
    OPEN = "open"
    """Mornings and evenings are as usual."""
    ROUND_THE_CLOCK = "round_the_clock"


@cache
def _by_skill() -> Mapping[str, UsualHours]:
    raw = tomllib.loads(files("app.catalogue").joinpath("data/usual_hours.toml").read_text("utf-8"))
    found: dict[str, UsualHours] = {}
    for name, slugs in raw.items():
        for slug in slugs:
            if slug not in skills.SKILLS or slug in found:
                raise skills.CatalogueBroken(f"usual hours: {slug} is unknown, or stands twice")
            found[slug] = UsualHours(name)
    return found


def usual_hours(slug: str) -> UsualHours:
    """Return when the work of this skill is usually done; by day where nothing else is known."""
    return _by_skill().get(slug, UsualHours.DAY)
