"""A worker's profile: reading, editing and erasing it."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final, TypedDict
from uuid import UUID

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.catalogue import places
from app.core.errors import FieldError, Invalid, NotFound
from app.core.geo import Point, on_grid
from app.core.languages import Language
from app.database.session import changed, keyring
from app.database.statements import table
from app.identity.models import User, UserStatus
from app.messaging.models import ChatPerson
from app.workers.models import BlockByWorker, TimeOff, Worker, WorkerAvailability
from app.workers.registration import check_skills, city_of

MAX_SKILLS: Final = 30
BIO: Final = "bio"
"""The sealing context of a worker's bio."""


class WorkerNotFound(NotFound):
    """There is no such worker."""

    code = "worker_not_found"
    detail = "There is no such worker."


class QuietHoursChange(TypedDict):
    """Wall-clock hours without messages, in the worker's zone; `end` before `start` is the next day."""

    start: dt.time
    end: dt.time


class WorkerEdit(TypedDict, total=False):
    """Changes to a profile; a missing field keeps its value, None empties it."""

    name: str
    language: Language
    city: str | None
    location: Point | None
    max_distance_km: float
    skills: list[str]
    experience_years: int
    bio: str
    time_zone: str
    weekly_offer_cap: int | None
    quiet_hours: QuietHoursChange | None


def bio_of(session: AsyncSession, worker: Worker) -> str:
    """Return a worker's bio, or ""."""
    return keyring(session).reveal(worker.bio_sealed, BIO, worker.bio) or ""


type WorkerAccount = tuple[User, Worker]

_NOT_ERASED: Final = (
    select(User, Worker)
    .join(Worker, Worker.id == User.id)
    .where(User.id == bindparam("user_id"), User.status != UserStatus.ERASED)
)


async def find_worker(session: AsyncSession, worker_id: UUID | None) -> WorkerAccount | None:
    """Return the worker's account and profile; None where there is none, or it is erased."""
    if worker_id is None:
        return None
    row = (await session.execute(_NOT_ERASED, {"user_id": worker_id})).one_or_none()
    return (row.User, row.Worker) if row is not None else None


async def get_worker(session: AsyncSession, worker_id: UUID) -> tuple[User, Worker]:
    """Return the worker's account and profile. Raises `WorkerNotFound`."""
    query = select(User, Worker).join(Worker, Worker.id == User.id).where(Worker.id == worker_id)
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise WorkerNotFound
    return row[0], row[1]


_LOCK: Final = (
    update(table(Worker))
    .where(table(Worker).c.id == bindparam("worker_id"))
    .values(updated_at=bindparam("now"))
    .returning(table(Worker).c.id)
)


async def lock_worker(session: AsyncSession, worker_id: UUID, *, now: dt.datetime) -> None:
    """Lock the worker's row until this transaction ends. Raises `WorkerNotFound`."""
    if await session.scalar(_LOCK, {"worker_id": worker_id, "now": now}) is None:
        raise WorkerNotFound


async def edit(
    session: AsyncSession, worker_id: UUID, changes: WorkerEdit, *, now: dt.datetime
) -> tuple[User, Worker]:
    """Change the profile and return it.

    A new location sets time zone and city unless they are given too; a city sets the location of a worker
    without one. Another name ends the verification, which was of the old name. Raises `WorkerNotFound`,
    `UnknownPlace` and `Invalid`.
    """
    _check(changes)
    await lock_worker(session, worker_id, now=now)
    query = (
        select(User, Worker)
        .join(Worker, Worker.id == User.id)
        .where(Worker.id == worker_id)
        .execution_options(populate_existing=True)
    )
    user, worker = (await session.execute(query)).one()
    _edit_account(session, user, worker, changes, now)
    _edit_location(worker, changes)
    for field in ("max_distance_km", "experience_years", "weekly_offer_cap"):
        if field in changes:
            setattr(worker, field, changes[field])
    if "bio" in changes:
        bio = changes["bio"]
        worker.bio, worker.bio_sealed = "", keyring(session).seal(bio, BIO) if bio else None
    if "skills" in changes:
        worker.skills = list(changes["skills"])
    if "quiet_hours" in changes:
        quiet = changes["quiet_hours"]
        worker.quiet_start = quiet["start"] if quiet else None
        worker.quiet_end = quiet["end"] if quiet else None
    worker.updated_at = now
    if "language" in changes:
        await session.execute(
            update(ChatPerson)
            .where(ChatPerson.user_id == worker_id)
            .values(language=changes["language"], updated_at=now)
        )
    changed(session, "worker", worker_id)
    await session.flush()
    return user, worker


def _check(changes: Mapping[str, Any]) -> None:
    found: list[FieldError] = []
    skills = changes.get("skills")
    if skills is not None:
        if len(set(skills)) < len(skills):
            found.append(FieldError("skills", "A skill is named twice."))
        if len(skills) > MAX_SKILLS:
            found.append(FieldError("skills", f"At most {MAX_SKILLS} skills."))
    quiet = changes.get("quiet_hours")
    if quiet is not None and quiet["start"] == quiet["end"]:
        found.append(FieldError("quiet_hours.end", "This must differ from start."))
    if found:
        raise Invalid(found)
    check_skills(skills or ())


def _edit_account(
    session: AsyncSession, user: User, worker: Worker, changes: WorkerEdit, now: dt.datetime
) -> None:
    if "name" in changes and changes["name"] != user.name:
        user.name = changes["name"]
        if worker.verified_at is not None:
            worker.verified_at = None
            audit.record(
                session,
                "worker.unverify",
                user.id,
                None,
                now,
                code="the name changed",
                before={"verified": True},
                after={"verified": False},
            )
    if "language" in changes:
        user.language = changes["language"]
    if changes:
        user.updated_at = now


def _edit_location(worker: Worker, changes: WorkerEdit) -> None:
    if "location" in changes:
        point = _set_point(worker, changes["location"])
        if point is not None and "city" not in changes:
            nearest = places.nearest_city(point.latitude, point.longitude)
            worker.city = nearest.name if nearest else worker.city
    if "city" in changes:
        city = changes["city"]
        worker.city = city_of(city) if city is not None else None
        if worker.city is not None and worker.latitude is None and "location" not in changes:
            place = places.city_named(worker.city)
            _set_point(worker, Point(place.latitude, place.longitude) if place else None)
    if "time_zone" in changes:
        worker.time_zone = changes["time_zone"]


def _set_point(worker: Worker, point: Point | None) -> Point | None:
    """Set the worker's location and time zone; return the location as stored, on the grid."""
    kept = on_grid(point) if point else None
    worker.latitude = kept.latitude if kept else None
    worker.longitude = kept.longitude if kept else None
    if kept is not None:
        worker.time_zone = places.time_zone_at(kept.latitude, kept.longitude)
    return kept


async def erase_profile(session: AsyncSession, worker_id: UUID, *, now: dt.datetime) -> None:
    """Empty a worker's profile, hours, times off and blocks; the row stays, because others refer to it."""
    await session.execute(
        update(Worker)
        .where(Worker.id == worker_id)
        .values(
            city=None,
            latitude=None,
            longitude=None,
            max_distance_km=1.0,
            skills=[],
            experience_years=0,
            bio="",
            bio_sealed=None,
            time_zone="UTC",
            weekly_offer_cap=None,
            quiet_start=None,
            quiet_end=None,
            signed_in_at=None,
            verified_at=None,
            answered=0,
            missed=0,
            withdrawn=0,
            updated_at=now,
        )
        .execution_options(synchronize_session=False)
    )
    for model in (WorkerAvailability, TimeOff, BlockByWorker):
        await session.execute(delete(model).where(model.worker_id == worker_id))
    changed(session, "worker", worker_id)
