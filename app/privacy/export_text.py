"""An export of a worker's data as lines of text in their language. Pure."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

from app.catalogue.place_names import place_in
from app.messaging.inbound import InboundKind
from app.privacy.export import WorkerExport
from app.texts import catalogue
from app.texts.catalogue import format_day, format_value, plain
from app.texts.formatting import FormatContext, clock, inert, slot_params
from app.workers import availability

_NOTHING = "–"
_QUOTED_LINES: Final = 30
"""The newest texts they wrote; all of them are in the export over the API."""
_QUOTED_CHARACTERS: Final = 200


def as_lines(own: WorkerExport, phone: str | None, language: str, now: dt.datetime) -> list[str]:
    """Return one line for each part of an export; times are by the worker's clock."""
    names = catalogue.get_catalogue(language).data
    return [
        f"{names[name]}: {value or _NOTHING}" for name, value in _parts(own, phone, language, now)
    ]


def _parts(
    own: WorkerExport, phone: str | None, language: str, now: dt.datetime
) -> Iterator[tuple[str, str]]:
    worker, user = own.worker, own.user
    words = catalogue.get_catalogue(language).data
    reader = catalogue.format_context(
        language,
        {
            "skills": worker.skills,
            "reader_zone": worker.time_zone,
            "slots": slot_params([availability.to_slot(slot) for slot in own.slots]),
        },
        now,
    )

    def on(instant: dt.datetime) -> str:
        return format_day(instant.astimezone(ZoneInfo(worker.time_zone)).date(), reader)

    def at(instant: dt.datetime) -> str:
        return format_value("when", instant, reader)

    def filled(name: str, **values: object) -> str:
        return words[name].format(**values)

    yield "name", plain(user.name)
    yield "phone", phone or ""
    yield "language", catalogue.get_catalogue(user.language).name
    yield "status", words.get(f"status_{user.status}", user.status)
    if worker.verified_at:
        yield "verified", on(worker.verified_at)
    yield "place", plain(place_in(worker.city or "", reader.language))
    yield "location", "" if worker.latitude is None else f"{worker.latitude}, {worker.longitude}"
    yield "distance", format_value("km", worker.max_distance_km, reader)
    yield "skills", catalogue.format_param(reader, "skills", "skills") if worker.skills else ""
    yield "experience", str(worker.experience_years)
    yield "bio", plain(own.bio)
    yield "time_zone", worker.time_zone
    yield "free", catalogue.format_param(reader, "slots", "freetimes") if own.slots else ""
    for off in own.time_off:
        days = dict.fromkeys((format_day(off.starts_on, reader), format_day(off.ends_on, reader)))
        yield "time_off", " – ".join(days)
    if worker.quiet_start and worker.quiet_end:
        quiet = (clock(worker.quiet_start, reader), clock(worker.quiet_end, reader))
        yield "quiet", " – ".join(quiet)
    if worker.weekly_offer_cap is not None:
        yield "cap", str(worker.weekly_offer_cap)
    if worker.stopped_at:
        yield "stopped", on(worker.stopped_at)
    for consent in own.records.consents:
        purpose = words.get(f"purpose_{consent.purpose}", consent.purpose)
        agreed = filled("agreed", purpose=purpose, wording=consent.wording_version)
        ended = filled("ended", date=on(consent.withdrawn_at)) if consent.withdrawn_at else ""
        yield "consent", ", ".join(filter(None, (agreed, on(consent.granted_at), ended)))
    for offer in own.offers:
        yield "offer", _offer(offer, words, reader, on)
    companies = {offer.employer_id: plain(offer.company_name) for offer in own.offers}
    for block in own.blocks:
        yield "blocks", companies.get(block.employer_id, words["a_company"])
    answers = {"answered": worker.answered, "missed": worker.missed, "withdrawn": worker.withdrawn}
    yield "answers", filled("counted", **answers)
    for row in own.appeals:
        yield "appeal", ", ".join((inert(row.note, _QUOTED_CHARACTERS), on(row.created_at)))
    yield "messages", _counted(words, [message.created_at for message in own.records.messages], at)
    yield "written", _counted(words, [line.at for line in own.records.written], at)
    wrote = [(line.at, line.text) for line in own.records.written if line.kind == InboundKind.TEXT]
    for when, text in wrote[-_QUOTED_LINES:]:
        yield "quoted", f"{at(when)}: {inert(text or '', _QUOTED_CHARACTERS)}"
    yield "sessions", _counted(words, [session.created_at for session in own.records.sessions], at)
    yield "since", on(user.created_at)


def _offer(
    offer: Any, words: Mapping[str, str], reader: FormatContext, on: Callable[[dt.datetime], str]
) -> str:
    """Return one offer: job, distance, status with its reason, and whether the contact was bought."""
    parts = [
        f"{plain(offer.job_title)} ({plain(offer.company_name)})",
        format_value("km", offer.distance_km, reader),
        on(offer.offered_at),
        words.get(f"status_{offer.status}", offer.status),
    ]
    if offer.reject_reason:
        reason = words.get(f"reason_{offer.reject_reason}", plain(offer.reject_reason))
        parts.append(words["because"].format(reason=reason))
    if offer.unlocked_at:
        parts.append(words["has_contact"].format(date=on(offer.unlocked_at)))
    return ", ".join(parts)


def _counted(
    words: Mapping[str, str], instants: Sequence[dt.datetime], at: Callable[[dt.datetime], str]
) -> str:
    if not instants:
        return "0"
    return words["last"].format(count=len(instants), when=at(max(instants)))
