"""The form of a job: what an employer types, as the body that the API takes, and back."""

import datetime as dt
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from app.api.employers.job_templates import JobTemplateAnswer
from app.api.employers.jobs import JobAnswer, JobChanges, NewJob
from app.catalogue import phonetic_search, places, skills
from app.catalogue.places import Place
from app.core.errors import FieldError
from app.core.languages import DEFAULT_LANGUAGE
from app.core.schema import Weekday
from app.jobs.job_text import Widenable
from app.jobs.models import JobStatus
from app.web.amounts import minor_units, plain_amount
from app.web.forms import Mistyped, TypedForm, checked
from app.web.site import words

DAYS: Final = tuple(Weekday)
PER: Final = ("hour", "day", "week", "month")
MORE_SKILLS: Final = 3
_MOST_NUMBER: Final = 1e6
"""Hours, kilometres and degrees that anybody means are less; what is more, or endless, can't be computed with."""
_MOST_CHOICES: Final = 6
_FIELDS: Final = {
    "required_skills": "role",
    "category": "role",
    "location": "place",
    "city": "place",
    "salary": "pay",
    "min_experience_years": "experience",
    "radius_km": "radius",
    "respond_within_minutes": "answer_hours",
}
"""Which field of the form a field of the API comes from, where their names differ."""


@dataclass(frozen=True)
class PlaceChoice:
    """A place that may be meant, as one option of a form."""

    value: str
    label: str

    @classmethod
    def of(cls, place: Place) -> "PlaceChoice":
        """Return the option for a place."""
        names = dict.fromkeys(filter(None, (place.name, place.city, place.state)))
        return cls(f"{place.latitude:.4f},{place.longitude:.4f},{place.city}", ", ".join(names))


class PlaceUnclear(Mistyped):
    """What was typed may be several places."""

    def __init__(self, message: str, choices: Sequence[PlaceChoice]) -> None:
        self.choices = list(choices)
        super().__init__([FieldError("place", message)])


def body_of(form: TypedForm, language: str, currency: str) -> NewJob:
    """Return the job that was typed. Raises `ValidationError`, `Mistyped`, `PlaceUnclear`."""
    return checked(NewJob, _values(form, language, currency))


def forecast_body(form: TypedForm, language: str, currency: str) -> NewJob:
    """Return the job as far as a forecast needs it: without its words, and at the first place that may be meant.

    Raises as `body_of`, but not `PlaceUnclear`.
    """
    bare = replace(form, values={**form.values, "title": "", "description": "–"})
    try:
        return body_of(bare, language, currency)
    except PlaceUnclear as unclear:
        north, east, _ = unclear.choices[0].value.split(",", 2)
        there = {"latitude": north, "longitude": east}
        return body_of(replace(bare, values={**bare.values, **there}), language, currency)


def changes_of(form: TypedForm, language: str, currency: str) -> JobChanges:
    """Return a draft's changes: every field as typed, an empty one emptied. Raises as `body_of`."""
    empty = ("ends_on", "address", "radius_km", "salary", "respond_within_minutes")
    values = dict.fromkeys(empty) | _values(form, language, currency)
    return JobChanges.model_validate(values)


def limited_changes_of(form: TypedForm, language: str, currency: str) -> JobChanges:
    """Return a published job's changes: only what does not change who matches."""
    values: dict[str, Any] = {
        "title": form.get("title"),
        "description": form.get("description"),
        "address": form.get("address"),
        "positions": _whole(form, "positions", language),
    }
    salary = _salary(form, language, currency)
    if salary is not None:
        values["salary"] = salary
    return JobChanges.model_validate(
        {name: value for name, value in values.items() if value is not None or name == "address"}
    )


def _values(form: TypedForm, language: str, currency: str) -> dict[str, Any]:
    role = _role(form, language)
    values: dict[str, Any] = {
        "title": form.get("title") or (role.name(language) if role else None),
        "description": form.get("description"),
        "category": form.get("category") or (role.category if role else None),
        "address": form.get("address"),
        "starts_on": form.get("starts_on"),
        "ends_on": form.get("starts_on") if form.get("one_day") else form.get("ends_on"),
        "slots": _slots(form),
        "positions": _whole(form, "positions", language),
        "required_skills": _skills(form, role, language),
        "min_experience_years": _whole(form, "experience", language) or 0,
        "radius_km": _number(form, "radius", language),
        "salary": _salary(form, language, currency),
        "may_widen": [each.value for each in Widenable if each.value in form.all("widen")],
    }
    hours = _number(form, "answer_hours", language)
    if hours is not None:
        values["respond_within_minutes"] = round(hours * 60)
    values |= _place(form, language)
    return {name: value for name, value in values.items() if value is not None}


def _role(form: TypedForm, language: str) -> Any:
    typed = form.get("role")
    if typed is None:
        raise Mistyped.field("role", words(language, "job.role_needed"))
    return _skill(typed, "role", language)


def _skill(typed: str, field: str, language: str) -> Any:
    slug = skills.find_named(typed)
    if slug is not None:
        return skills.SKILLS[slug]
    found = skills.search(typed, language, limit=1)
    if not found:
        raise Mistyped.field(field, words(language, "job.role_unknown"))
    return found[0]


def _skills(form: TypedForm, role: Any, language: str) -> list[str]:
    named = [
        _skill(typed, f"skill_{number}", language)
        for number in range(MORE_SKILLS)
        if (typed := form.get(f"skill_{number}"))
    ]
    return list(dict.fromkeys([role.slug, *(skill.slug for skill in named)]))


def _slots(form: TypedForm) -> list[dict[str, str]]:
    chosen = set(form.all("days"))
    return [
        {
            "weekday": day.value,
            "start": form.values.get(f"start_{day.value}", ""),
            "end": form.values.get(f"end_{day.value}", ""),
        }
        for day in DAYS
        if day.value in chosen
    ]


def _whole(form: TypedForm, name: str, language: str) -> int | None:
    typed = form.get(name)
    if typed is None:
        return None
    try:
        return int(typed)
    except ValueError:
        raise Mistyped.field(name, words(language, "invalid.int_parsing")) from None


def _number(form: TypedForm, name: str, language: str) -> float | None:
    typed = form.get(name)
    if typed is None:
        return None
    try:
        return finite(typed)
    except ValueError:
        raise Mistyped.field(name, words(language, "invalid.int_parsing")) from None


def finite(typed: str) -> float:
    """Return a number that can be computed with. Raises ValueError for words, `nan`, `inf` and what is too large."""
    number = float(typed)
    if not math.isfinite(number) or abs(number) >= _MOST_NUMBER:
        raise ValueError
    return number


def _salary(form: TypedForm, language: str, currency: str) -> dict[str, Any] | None:
    typed = form.get("pay")
    if typed is None:
        return None
    amount = minor_units(typed, currency, "pay", language)
    return {"currency": currency, "per": form.get("per") or "hour", "amount": amount}


def _place(form: TypedForm, language: str) -> dict[str, Any]:
    """Return location and city: two numbers, a place that was chosen, or one that is certain."""
    latitude = _number(form, "latitude", language)
    longitude = _number(form, "longitude", language)
    typed = form.get("place")
    if latitude is not None and longitude is not None and not _is_renamed(form):
        return _at(latitude, longitude, None)
    chosen = form.get("place_choice")
    if chosen is not None and form.get("place_asked") == typed:
        return _chosen(chosen, language)
    if typed is None:
        raise Mistyped.field("place", words(language, "job.place_needed"))
    found = phonetic_search.search(typed, limit=_MOST_CHOICES)
    if not found:
        raise Mistyped.field("place", words(language, "job.place_unknown"))
    if found[0].sure and sum(place.sure for place in found) == 1:
        return _at(found[0].latitude, found[0].longitude, found[0].city or found[0].name)
    raise PlaceUnclear(words(language, "job.place_unclear"), [PlaceChoice.of(p) for p in found])


def _is_renamed(form: TypedForm) -> bool:
    """Whether another place was typed over the one of the two numbers, which stayed as the page showed them."""
    shown = form.get("point_shown")
    at = f"{form.get('latitude')},{form.get('longitude')}"
    return shown == at and form.get("place") not in {None, form.get("place_shown")}


def _chosen(choice: str, language: str) -> dict[str, Any]:
    """Return the place of an option as `PlaceChoice` writes it. Raises `Mistyped` for what we never offered."""
    try:
        north, east, city = choice.split(",", 2)
        return _at(finite(north), finite(east), city or None)
    except ValueError:
        raise Mistyped.field("place", words(language, "job.place_unknown")) from None


def _at(latitude: float, longitude: float, city: str | None) -> dict[str, Any]:
    """Return a place with its city: of an area or PIN code the nearest one, not the district."""
    near = places.nearest_city(latitude, longitude)
    named = near.name if near else city
    place: dict[str, Any] = {"location": {"latitude": latitude, "longitude": longitude}}
    return place | {"city": named} if named else place


def refused(form: TypedForm, error: Exception, language: str) -> TypedForm:
    """Return the form with the API's errors at the fields that they come from."""
    said = form.refused(error, language)
    by_field: dict[str, str] = {}
    for path, message in said.errors.items():
        first, _, rest = path.partition(".")
        name = _FIELDS.get(first, first)
        if first == "slots":
            name = "week"
            by_field[name] = words(language, "job.hours_wrong" if rest else "job.no_day")
        by_field.setdefault(name, message)
    return replace(said, errors=by_field)


def typed_of(job: JobAnswer, language: str) -> TypedForm:
    """Return the form of a draft as it was typed."""
    dates = {
        "starts_on": job.starts_on.isoformat(),
        "ends_on": job.ends_on.isoformat() if job.ends_on else "",
    }
    typed = _typed(job, language)
    return replace(typed, values={**typed.values, **dates})


def _typed(job: JobAnswer | JobTemplateAnswer, language: str) -> TypedForm:
    """Return the form of a job or template, without dates."""
    role, *more = [skills.SKILLS[slug].name(language) for slug in job.required_skills] or [""]
    values = {
        "role": role,
        "title": job.title,
        "description": job.description,
        "category": job.category,
        "place": job.city or "",
        "latitude": str(job.location.latitude),
        "longitude": str(job.location.longitude),
        "address": job.address or "",
        "positions": str(job.positions),
        "experience": str(job.min_experience_years),
        "radius": f"{job.radius_km:g}" if job.radius_km else "",
    }
    if job.respond_within_minutes:
        values["answer_hours"] = f"{job.respond_within_minutes / 60:g}"
    for number, name in enumerate(more[:MORE_SKILLS]):
        values[f"skill_{number}"] = name
    if job.salary is not None:
        values["pay"] = plain_amount(job.salary.amount, job.salary.currency)
        values["per"] = job.salary.per
    for slot in job.slots:
        values[f"start_{slot.weekday.value}"] = slot.start.isoformat("minutes")
        values[f"end_{slot.weekday.value}"] = slot.end.isoformat("minutes")
    days = [slot.weekday.value for slot in job.slots]
    return TypedForm(values, {"days": days, "widen": [each.value for each in job.may_widen]})


def version_of(job: JobAnswer) -> str:
    """Return what tells whether a job still says what a page showed of it."""
    typed = typed_of(job, DEFAULT_LANGUAGE)
    said = json.dumps(
        [dict(typed.values), {name: list(typed.all(name)) for name in typed.lists}], sort_keys=True
    )
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def overtaken(form: TypedForm, job: JobAnswer, language: str) -> TypedForm:
    """Return the form of a job that was changed elsewhere meanwhile, with what stands there now at each field."""
    there = typed_of(job, language)
    errors = {
        name: words(language, "form.now_there", value=value or "–")
        for name, value in there.values.items()
        if name in form.values and form.values[name].strip() != value
    }
    if set(there.all("days")) != set(form.all("days")) and form.all("days"):
        errors["week"] = words(language, "form.week_changed")
    widens = there.all("widen")
    if job.status is JobStatus.DRAFT and set(widens) != set(form.all("widen")):
        now_there = "; ".join(words(language, f"job.widen_{each}") for each in widens)
        errors["widen"] = words(language, "form.now_there", value=now_there or "–")
    return replace(
        form, errors=errors, message=words(language, "form.changed_meanwhile"), status=409
    )


def empty(now: dt.datetime, zone: dt.tzinfo) -> TypedForm:
    """Return the form of a new job: it starts tomorrow, for one person."""
    tomorrow = now.astimezone(zone).date() + dt.timedelta(days=1)
    values: Mapping[str, str] = {
        "starts_on": tomorrow.isoformat(),
        "positions": "1",
        "experience": "0",
    }
    return TypedForm(values)


def like(job: JobAnswer, language: str, fresh: TypedForm) -> TypedForm:
    """Return the form of another job like this one: it begins as a `fresh` form does, and is as long."""
    days = None if job.ends_on is None else (job.ends_on - job.starts_on).days + 1
    return _begun(_typed(job, language), days, fresh)


def of_template(template: JobTemplateAnswer, language: str, fresh: TypedForm) -> TypedForm:
    """Return the form of a job as a template says: it begins as a `fresh` form does."""
    return _begun(_typed(template, language), template.days, fresh)


def _begun(typed: TypedForm, days: int | None, fresh: TypedForm) -> TypedForm:
    """Return the form with dates for so many days, None for no end."""
    begins = dt.date.fromisoformat(fresh.values["starts_on"])
    dates = {"starts_on": begins.isoformat(), "ends_on": ""}
    if days == 1:
        dates["one_day"] = "yes"
    elif days is not None:
        dates["ends_on"] = (begins + dt.timedelta(days=days - 1)).isoformat()
    return replace(typed, values={**typed.values, **dates})
