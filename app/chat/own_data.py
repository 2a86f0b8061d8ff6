"""Everything that is kept about a worker, as lines they can read in their language. Pure."""

import datetime as dt
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from app.chat.flow import said_slots
from app.messaging import texts
from app.messaging.texts import plain, say_day
from app.offers.privacy import OwnData
from app.workers import availability

_NOTHING = "–"


def told(own: OwnData, phone: str | None, language: str, now: dt.datetime) -> list[str]:
    """Return one line for each part of an export, dates by the worker's own clock."""
    names = texts.catalogue(language).data
    return [
        f"{names[name]}: {value or _NOTHING}" for name, value in _parts(own, phone, language, now)
    ]


def _parts(
    own: OwnData, phone: str | None, language: str, now: dt.datetime
) -> Iterator[tuple[str, str]]:
    worker, user = own.worker, own.user
    words = texts.catalogue(language).data
    reader = texts.reader(
        language,
        {
            "skills": worker.skills,
            "km": worker.max_distance_km,
            "slots": said_slots([availability.slot_of(slot) for slot in own.slots]),
        },
        now,
    )

    def on(instant: dt.datetime) -> str:
        return say_day(instant.astimezone(ZoneInfo(worker.time_zone)).date(), reader)

    def standing(status: str) -> str:
        return words.get(f"status_{status}", status)

    yield "name", plain(user.name)
    yield "phone", phone or ""
    yield "language", texts.catalogue(user.language).name
    yield "status", standing(user.status)
    yield "place", plain(worker.city or "")
    yield "location", "" if worker.latitude is None else f"{worker.latitude}, {worker.longitude}"
    yield "distance", texts.say(reader, "km", "km")
    yield "skills", texts.say(reader, "skills", "skills")
    yield "experience", str(worker.experience_years)
    yield "bio", plain(worker.bio)
    yield "time_zone", worker.time_zone
    yield "free", texts.say(reader, "slots", "freetimes")
    for off in own.time_off:
        yield "time_off", f"{say_day(off.starts_on, reader)} – {say_day(off.ends_on, reader)}"
    for consent in own.consents:
        yield "consent", f"{consent.purpose} {consent.wording_version}, {on(consent.granted_at)}"
    for offer in own.offers:
        title, company = plain(offer.job_title), plain(offer.company_name)
        yield "offer", f"{title} ({company}), {standing(offer.status)}, {on(offer.offered_at)}"
    yield "blocks", str(len(own.blocks))
    yield "messages", str(len(own.messages))
    yield "written", str(len(own.written))
    yield "sessions", str(len(own.sessions))
    yield "since", on(user.created_at)
