"""The questions about a new job, and the summary that is read back. Pure."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

from app.catalogue import places, skills
from app.catalogue.place_names import place_in
from app.catalogue.skills import WANTED_MOST
from app.core.geo import Point
from app.core.week import DAY, Slot
from app.dialogue.context import Context
from app.dialogue.state import Ask
from app.dialogue.turn import Reply
from app.dialogue.worker.questions import place_label, skill_row
from app.jobs.job_text import JobSalary, JobText, Widenable
from app.jobs.usual_pay import least_usual
from app.nlu.job_draft import EVERY_SHIFT, Draft, Shifts, is_past, shifts_of, token
from app.texts import catalogue
from app.texts.formatting import clock, inert, slot_params
from app.texts.message import ROW_DESCRIPTION_CHARACTERS, ROW_TITLE_CHARACTERS, Button, Row

MOST_ROWS: Final = 9
_MOST_USUAL_PEOPLE: Final = 100
_SAID_CHARACTERS: Final = 40
"""So much is repeated of what somebody wrote."""


def open_question(draft: Draft, context: Context) -> Ask:
    """Return the first question that is unanswered or unclear, or else `JOB_RIGHT`."""
    for question, is_open in _UNANSWERED:
        if question is Ask.JOB_HOURS and is_over(draft, context):
            return Ask.JOB_DAYS
        if is_open(draft):
            return question
    zone = zone_of(draft, context)
    shifts = shifts_of(draft, context.now, zone)
    if shifts is None or is_past(shifts, context.now, zone):
        return Ask.JOB_DAYS
    return Ask.JOB_RIGHT


def unanswered(draft: Draft) -> list[Ask]:
    """Return every question that is unanswered or unclear, in the order of asking."""
    return [question for question, is_open in _UNANSWERED if is_open(draft)]


def is_over(draft: Draft, context: Context) -> bool:
    """Whether the job's last day is past."""
    return draft.ends_on is not None and draft.ends_on < today_in(draft, context)


def _weekdays_missing(draft: Draft) -> bool:
    """Whether there is only a first date, without weekdays."""
    return draft.starts_on is not None and draft.ends_on is None and not draft.days


def _hours_missing(draft: Draft) -> bool:
    known = {span[0] for span in draft.spans}
    return EVERY_SHIFT not in known and (not draft.days or not known.issuperset(draft.days))


_UNANSWERED: Final[Sequence[tuple[Ask, Callable[[Draft], bool]]]] = (
    (Ask.JOB_WHICH_ROLE, lambda d: d.skill is None and bool(d.skills)),
    (Ask.JOB_ROLE, lambda d: d.skill is None),
    (Ask.JOB_WHICH_PLACE, lambda d: d.place is None and bool(d.places)),
    (Ask.JOB_PLACE, lambda d: d.place is None),
    (Ask.JOB_DAYS, lambda d: not d.when or _weekdays_missing(d)),
    (Ask.JOB_HOURS, _hours_missing),
    (Ask.JOB_WHICH_HOURS, lambda d: bool(d.halves)),
    (Ask.JOB_WEEKLY, lambda d: d.weekly is None and d.starts_on is None),
    (Ask.JOB_PEOPLE, lambda d: d.people is None),
    (Ask.JOB_PAY, lambda d: d.amount is None and not d.pay_open),
    (Ask.JOB_PAY_PER, lambda d: d.per is None and not d.pay_open),
)
"""Each question with whether it is open, in the order of asking."""

IN_ORDER: Final = (
    Ask.JOB_ROLE,
    Ask.JOB_PLACE,
    Ask.JOB_DAYS,
    Ask.JOB_HOURS,
    Ask.JOB_PEOPLE,
    Ask.JOB_PAY,
    Ask.JOB_RIGHT,
)
"""The questions that "back" goes through."""
PARTS: Final[Mapping[Ask, Ask]] = {
    Ask.JOB_WHICH_ROLE: Ask.JOB_ROLE,
    Ask.JOB_WHICH_PLACE: Ask.JOB_PLACE,
    Ask.JOB_WHICH_HOURS: Ask.JOB_HOURS,
    Ask.JOB_WEEKLY: Ask.JOB_DAYS,
    Ask.JOB_PAY_PER: Ask.JOB_PAY,
    Ask.JOB_RADIUS: Ask.JOB_RIGHT,
    Ask.JOB_NOTE: Ask.JOB_RIGHT,
    Ask.JOB_CHANGE: Ask.JOB_RIGHT,
}
"""Follow-up questions, each with the question it belongs to."""


def zone_of(draft: Draft, context: Context) -> str:
    """Return the time zone of the job; the country's main one while the place is unknown."""
    zone = draft.place.get("zone") if draft.place else None
    return str(zone) if zone else places.main_time_zone(context.country)


def question(ask: Ask, draft: Draft, context: Context) -> Reply:
    """Return a question about the job."""
    return _QUESTIONS[ask](draft, context)


def _ask_role(_draft: Draft, context: Context) -> Reply:
    rows = [_renamed(skill_row(slug, context.reply_language)) for slug in WANTED_MOST[:MOST_ROWS]]
    return Reply("ask_job", rows=rows)


def _ask_which_role(draft: Draft, context: Context) -> Reply:
    known = [slug for slug in draft.skills if slug in skills.SKILLS][:MOST_ROWS]
    return Reply(
        "ask_job_role", rows=[_renamed(skill_row(slug, context.reply_language)) for slug in known]
    )


def _renamed(row: Row) -> Row:
    return Row(f"post:role:{row.id.partition(':')[2]}", row.title, row.description)


def _ask_which_place(draft: Draft, context: Context) -> Reply:
    rows = [
        Row(
            f"post:place:{number}",
            inert(place_in(str(place["name"]), context.reply_language), ROW_TITLE_CHARACTERS),
            inert(place_in(_about(place), context.reply_language), ROW_DESCRIPTION_CHARACTERS),
        )
        for number, place in enumerate(draft.places[:MOST_ROWS])
    ]
    return Reply("ask_job_which_place", rows=rows)


def _about(place: Mapping[str, Any]) -> str:
    return ", ".join(str(place[key]) for key in ("city", "state") if place.get(key))


def _ask_days(draft: Draft, context: Context) -> Reply:
    if not draft.dates:
        return Reply("ask_job_days")
    rows = []
    for day in draft.dates:
        reads = context.format_context({"ends_on": day})
        rows.append(Row(f"post:days:{day}", catalogue.format_value("dates", day, reads)))
    return Reply("ask_job_which_day", rows=rows)


def _ask_weekly(draft: Draft, context: Context) -> Reply:
    zone = zone_of(draft, context)
    once = shifts_of(draft, context.now, zone)
    if once is None:
        return Reply("ask_job_days")
    return Reply("ask_job_weekly", {**_shift_params(once), "time_zone": zone})


def _shift_params(shifts: Shifts) -> dict[str, Any]:
    return {
        "starts_on": shifts.starts_on.isoformat(),
        "ends_on": shifts.ends_on.isoformat() if shifts.ends_on else None,
        "slots": slot_params(shifts.slots),
    }


def _ask_hours(draft: Draft, context: Context) -> Reply:
    if draft.starts_at is None or not draft.start_sure:
        return Reply("ask_job_hours")
    return Reply("ask_job_until", {"time": _clock(draft.starts_at, context)}, rows=())


def _ask_which_hours(draft: Draft, context: Context) -> Reply:
    """Ask which half of the day is meant, with a button for each."""
    title = context.word("hours_from")
    buttons = [
        Button(f"post:half:{name}", title.replace("{time}", _clock(start, context)))
        for name, (_, start, _) in zip(("early", "late"), draft.halves, strict=False)
    ]
    return Reply("ask_job_which_hours", buttons=buttons)


def _clock(minutes: int, context: Context) -> str:
    return clock(dt.time(*divmod(minutes % DAY, 60)), context.format_context({}))


def _ask_pay_per(draft: Draft, context: Context) -> Reply:
    return Reply("ask_job_pay_per", {"price": _money(draft, context)})


def _money(draft: Draft, context: Context) -> dict[str, Any]:
    return {"amount": draft.amount or 0, "currency": context.currency}


def _ask_change(draft: Draft, context: Context) -> Reply:
    entry = context.text("ask_job_change")
    rows = [
        Row(id_, title)
        for id_, title in entry.rows.items()
        if draft.note or not id_.endswith("note")
    ]
    if draft.widens or widenable(draft):
        answer = "no" if draft.widens else "yes"
        rows.insert(-1, Row(f"post:widen:{answer}", context.word(f"job_widen_{answer}")))
    return Reply("ask_job_change", rows=rows)


def widenable(draft: Draft) -> list[Widenable]:
    """Return what of a job with this draft can be asked for less strictly near its deadline."""
    asked = {Widenable.RADIUS: draft.radius_km, Widenable.EXPERIENCE: draft.years}
    return [each for each, limit in asked.items() if limit]


def may_widen(draft: Draft) -> list[str]:
    """Return what of it may be asked for less strictly, as the employer allowed."""
    if not draft.widens:
        return []
    return [each.value for each in widenable(draft) if draft.widens_only in {"", each.value}]


def _ask_note(draft: Draft, _context: Context) -> Reply:
    return Reply("ask_job_note", {"said": draft.note or "–"})


def _read_back(draft: Draft, context: Context) -> Reply:
    values = job_values(draft, context)
    if values is None:
        return Reply("ask_job_days")
    name = token(values)
    yes, change, cancel = context.text("ask_job_right").buttons.items()
    buttons = [Button(f"{yes[0]}:{name}", yes[1]), Button(*change), Button(*cancel)]
    return Reply("ask_job_right", read_back_params(values, context), buttons=buttons)


_QUESTIONS: Final[Mapping[Ask, Callable[[Draft, Context], Reply]]] = {
    Ask.JOB_ROLE: _ask_role,
    Ask.JOB_WHICH_ROLE: _ask_which_role,
    Ask.JOB_PLACE: lambda _draft, _context: Reply("ask_job_place"),
    Ask.JOB_WHICH_PLACE: _ask_which_place,
    Ask.JOB_DAYS: _ask_days,
    Ask.JOB_WEEKLY: _ask_weekly,
    Ask.JOB_HOURS: _ask_hours,
    Ask.JOB_WHICH_HOURS: _ask_which_hours,
    Ask.JOB_PEOPLE: lambda _draft, _context: Reply("ask_job_people"),
    Ask.JOB_PAY: lambda _draft, _context: Reply("ask_job_pay"),
    Ask.JOB_PAY_PER: _ask_pay_per,
    Ask.JOB_RADIUS: lambda _draft, _context: Reply("ask_job_radius"),
    Ask.JOB_NOTE: _ask_note,
    Ask.JOB_RIGHT: _read_back,
    Ask.JOB_CHANGE: _ask_change,
}
POSTING: Final = frozenset(_QUESTIONS)
"""Questions that are open while a job is put together."""


# ── The whole job ────────────────────────────────────────────────────────────────────────────────


def job_values(draft: Draft, context: Context) -> dict[str, Any] | None:
    """Return the job as JSON values; None while something is missing."""
    zone = zone_of(draft, context)
    shifts = shifts_of(draft, context.now, zone)
    skill = skills.SKILLS.get(draft.skill or "")
    if shifts is None or draft.place is None or skill is None:
        return None
    salary = None
    if draft.amount is not None and draft.per is not None:
        salary = {**_money(draft, context), "per": draft.per}
    return {
        "skill": skill.slug,
        "title": skill.name(context.reply_language),
        "place": place_label(draft.place),
        "at": list(draft.place["at"]),
        "time_zone": zone,
        "starts_on": shifts.starts_on.isoformat(),
        "ends_on": shifts.ends_on.isoformat() if shifts.ends_on else None,
        "slots": [[slot.weekday, slot.start, slot.end] for slot in shifts.slots],
        "people": draft.people or 1,
        "salary": salary,
        "radius_km": draft.radius_km,
        "years": draft.years or 0,
        "note": draft.note,
        "unsure": [list(one) for one in draft.unsure],
        # Left out where nobody allowed it, so that buttons of before still name this job.
        **({"may_widen": widens} if (widens := may_widen(draft)) else {}),
    }


def job_text(values: Mapping[str, Any]) -> JobText:
    """Return the job that these values read back."""
    skill = skills.SKILLS[values["skill"]]
    latitude, longitude = values["at"]
    nearest = places.nearest_city(latitude, longitude)
    salary = values["salary"]
    ends_on = values["ends_on"]
    return JobText(
        title=values["title"],
        description=values["note"] or values["title"],
        category=skill.category,
        location=Point(latitude, longitude),
        city=nearest.name if nearest else None,
        address=values["place"][:200],
        starts_on=dt.date.fromisoformat(values["starts_on"]),
        ends_on=dt.date.fromisoformat(ends_on) if ends_on else None,
        time_zone=values["time_zone"],
        slots=tuple(Slot(*slot) for slot in values["slots"]),
        positions=values["people"],
        required_skills=(skill.slug,),
        min_experience_years=values["years"],
        radius_km=values["radius_km"],
        salary=JobSalary(salary["amount"], salary["currency"], salary["per"]) if salary else None,
        may_widen=tuple(values.get("may_widen", ())),
    )


def read_back_params(values: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Return the values of the text that reads a job back."""
    reads = context.format_context({})
    notes = [
        context.word(f"check_{part}").replace("{said}", inert(said, _SAID_CHARACTERS))
        for part, said in values["unsure"]
    ]
    if values["years"]:
        word = context.word("job_years")
        notes.append(word.replace("{years}", str(values["years"])))
    notes += [context.word(f"job_widens_{each}") for each in values.get("may_widen", ())]
    if values["note"]:
        notes.append(f"📝 {catalogue.plain(values['note'])}")
    radius = context.word("job_radius_any")
    if values["radius_km"]:
        within = context.word("job_radius")
        radius = within.replace(
            "{distance}", catalogue.format_value("km", values["radius_km"], reads)
        )
    slots = [Slot(*slot) for slot in values["slots"]]
    return {
        **values,
        "slots": slot_params(slots),
        "radius": radius,
        "list": "".join(f"\n{line}" for line in notes),
    }


def warnings_of(values: Mapping[str, Any]) -> tuple[Reply, ...]:
    """Return warnings about probable mistakes: very little pay, very many people."""
    found: list[Reply] = []
    pay = values["salary"]
    if pay and pay["amount"] < least_usual(pay["currency"], pay["per"]):
        found.append(Reply("job_unusual_pay", {"salary": pay}))
    if values["people"] > _MOST_USUAL_PEOPLE:
        found.append(Reply("job_unusual_people", {"people": values["people"]}))
    return tuple(found)


def today_in(draft: Draft, context: Context) -> dt.date:
    """Return today's date at the job's place."""
    return context.now.astimezone(ZoneInfo(zone_of(draft, context))).date()
