"""Facts about a worker that were said before they were asked for, as the conversation's state keeps them. Pure.

Before the consent nothing of them is stored anywhere else; they go with the conversation when somebody refuses,
deletes everything, or never answers (`app.privacy.purge`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from app.core.week import Slot
from app.dialogue.state import Ask
from app.dialogue.worker.place_options import place_options
from app.dialogue.worker.questions import place_in_full
from app.nlu.worker_frame import WorkerFrame
from app.texts.formatting import slot_params

ASKED_BY: Final[Mapping[str, Ask]] = {
    "name": Ask.NAME,
    "skills": Ask.SKILLS,
    "place": Ask.LOCATION,
    "distance_km": Ask.DISTANCE,
    "years": Ask.EXPERIENCE,
    "slots": Ask.AVAILABILITY,
}
"""Which question each fact of a frame answers."""


@dataclass(frozen=True, slots=True)
class SaidFacts:
    """What was said and is not stored yet."""

    name: str = ""
    name_sure: bool = False
    skills: tuple[str, ...] = ()
    skills_sure: bool = False
    places: tuple[Mapping[str, Any], ...] = ()
    """The place, or those to choose from, as `place_options` returns them."""
    place_sure: bool = False
    distance_km: float | None = None
    years: int | None = None
    slots: tuple[Slot, ...] = ()
    age: int | None = None

    @classmethod
    def of(cls, frame: WorkerFrame, names: Collection[str]) -> Self:
        """Return the facts of a frame that have these names."""
        said = cls(age=frame.age.value if frame.age is not None and frame.age.certain else None)
        if "name" in names and frame.name is not None:
            said = replace(said, name=frame.name.value, name_sure=frame.name.certain)
        if "skills" in names and frame.skills is not None:
            said = replace(said, skills=frame.skills.value, skills_sure=frame.skills.certain)
        if "place" in names and frame.place is not None:
            options = tuple(place_options(frame.place))
            sure = frame.place.certain and len(options) == 1
            said = replace(said, places=options, place_sure=sure)
        if "distance_km" in names and frame.distance_km is not None:
            said = replace(said, distance_km=frame.distance_km.value)
        if "years" in names and frame.years is not None:
            said = replace(said, years=frame.years.value)
        if "slots" in names and frame.slots is not None:
            said = replace(said, slots=frame.slots.value)
        return said

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """Return what `as_json` kept."""
        return cls(
            name=str(kept.get("name") or ""),
            name_sure=bool(kept.get("name_sure")),
            skills=tuple(map(str, kept.get("skills") or ())),
            skills_sure=bool(kept.get("skills_sure")),
            places=tuple(kept.get("places") or ()),
            place_sure=bool(kept.get("place_sure")),
            distance_km=kept.get("distance_km"),
            years=kept.get("years"),
            slots=tuple(Slot(*slot) for slot in kept.get("slots") or ()),
            age=kept.get("age"),
        )

    def as_json(self) -> dict[str, Any]:
        """Return the facts there are, as the state keeps them."""
        kept: dict[str, Any] = {
            "name": self.name,
            "name_sure": self.name_sure,
            "skills": list(self.skills),
            "skills_sure": self.skills_sure,
            "places": [dict(place) for place in self.places],
            "place_sure": self.place_sure,
            "distance_km": self.distance_km,
            "years": self.years,
            "slots": [[slot.weekday, slot.start, slot.end] for slot in self.slots],
            "age": self.age,
        }
        return {name: value for name, value in kept.items() if value not in (None, False, "", [])}

    def then(self, later: Self) -> Self:
        """Return these with what was said later: a newer fact replaces the older, and skills are added."""
        said = replace(
            self,
            skills=tuple(dict.fromkeys([*self.skills, *later.skills])),
            distance_km=self.distance_km if later.distance_km is None else later.distance_km,
            years=self.years if later.years is None else later.years,
            slots=later.slots or self.slots,
            age=self.age if later.age is None else later.age,
        )
        if later.name:
            said = replace(said, name=later.name, name_sure=later.name_sure)
        if later.skills:
            sure = later.skills_sure and (self.skills_sure or not self.skills)
            said = replace(said, skills_sure=sure)
        if later.places:
            said = replace(said, places=later.places, place_sure=later.place_sure)
        return said

    def changes(self) -> dict[str, Any]:
        """Return what may be stored without a question, as the fields of a profile."""
        found: dict[str, Any] = {}
        if self.name and self.name_sure:
            found["name"] = self.name
        if self.skills and self.skills_sure:
            found["skills"] = list(self.skills)
        if self.places and self.place_sure:
            found["location"] = list(self.places[0]["at"])
        if self.distance_km is not None:
            found["max_distance_km"] = self.distance_km
        if self.years is not None:
            found["experience_years"] = self.years
        return found

    def proposals(self) -> Self:
        """Return what has to be asked about, when its question is open."""
        return type(self)(
            name="" if self.name_sure else self.name,
            skills=() if self.skills_sure else self.skills,
            places=() if self.place_sure else self.places,
        )

    def read_back(self) -> dict[str, Any]:
        """Return the value of a text that reads back what may be stored."""
        place = self.places[0] if self.places and self.place_sure else None
        return {
            "name": self.name if self.name_sure else "",
            "skills": list(self.skills) if self.skills_sure else [],
            "place": place_in_full(place) if place is not None else "",
            "km": self.distance_km,
            "years": self.years,
            "slots": slot_params(self.slots),
        }
