"""The worker's own profile and blocks: `/api/workers`."""

from typing import Any, cast
from uuid import UUID

from fastapi import APIRouter, Response, status
from pydantic import Field, field_validator
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.employers.profile import location_answer
from app.api.http.dependencies import Now, Once, Read, Route, WorkerActor, Write
from app.api.http.parameters import EmployerId
from app.api.http.problems import problems
from app.api.slots import differs_from_start
from app.core.languages import Language
from app.core.schema import (
    ClockTime,
    Instant,
    Kilometres,
    Location,
    Name,
    PersonName,
    Prose,
    RequestModel,
    ResponseModel,
    Slug,
    Years,
    changeable,
    sent,
)
from app.core.zones import TimeZone
from app.identity import users
from app.identity.models import User, UserStatus
from app.offers import respond
from app.workers import blocks, profile
from app.workers.blocks import BlockedEmployerNotFound, EmployerNotBlocked
from app.workers.models import Worker
from app.workers.profile import MAX_SKILLS, WorkerEdit
from app.workers.registration import UnknownPlace
from app.workers.rules import reliability

router = APIRouter(prefix="/api/workers", tags=["workers"], route_class=Route)

MOST_OFFERS_A_WEEK = 500


class QuietHours(RequestModel):
    """When no message may come, wall-clock in my zone; `end` before `start` is the next day."""

    start: ClockTime = Field(examples=["22:00"], description='Start by the clock, "HH:MM".')
    end: ClockTime = Field(
        examples=["07:00"],
        description='End by the clock, "HH:MM"; before `start` it is the next day.',
    )

    _differs = field_validator("end")(differs_from_start)


class WorkerProfile(ResponseModel):
    """A worker, as the worker sees it."""

    id: UUID = Field(description="Id of my account.")
    name: str = Field(description="My name.")
    phone: str | None = Field(
        description="null for somebody who reached us without showing a number."
    )
    language: Language = Field(description="Language of messages and pages: `en` or `hi`.")
    city: str | None = Field(description="City I work in; null when not told.")
    location: Location | None = Field(
        description="Where I start from (WGS 84, degrees); null when not told."
    )
    max_distance_km: float = Field(description="How far I travel, in kilometres.")
    skills: list[str] = Field(description="Slugs of skills, as the catalogue has them.")
    experience_years: int = Field(description="Experience in whole years.")
    bio: str = Field(description="What the worker tells of themselves, up to 4,000 characters.")
    time_zone: str = Field(examples=["Asia/Kolkata"], description="IANA name of the time zone.")
    weekly_offer_cap: int | None = Field(description="null: the usual.")
    quiet_hours: QuietHours | None = Field(
        description="Hours in which no offer and no reminder comes, and the time to answer rests; null: none. "
        "Who wrote or signed in within the last hour gets them all the same."
    )
    status: UserStatus = Field(description="Where my account stands.")
    verified: bool = Field(description="An administrator has checked who this is.")
    reliability: float = Field(
        ge=0, le=100, description="The share of offers answered in time, from a usual start."
    )
    created_at: Instant = Field(description="When my account was made (UTC).")
    updated_at: Instant = Field(description="When it last changed (UTC).")


class WorkerChanges(RequestModel):
    """What a worker may change; a field left out keeps its value."""

    name: PersonName = changeable("Name, one line of up to 120 characters.")
    language: Language = changeable("Language of messages and pages: `en` or `hi`.")
    city: Name | None = changeable("City to work in; null empties it.", examples=["Mumbai"])
    location: Location | None = changeable("Brings city and time zone unless they are sent too.")
    max_distance_km: Kilometres = changeable(
        "How far I travel, in kilometres, up to 500.", examples=[8]
    )
    skills: list[Slug] = changeable(
        "Slugs of skills, at most 30.", max_length=MAX_SKILLS, examples=[["waiter", "barista"]]
    )
    experience_years: Years = changeable("Experience in whole years, 0 to 60.", examples=[2])
    bio: Prose | None = changeable(
        "What I tell of myself, up to 4,000 characters; null empties it.",
        examples=["Two years in a cafe; I speak Hindi and English."],
    )
    time_zone: TimeZone = changeable("IANA name of the time zone.")
    weekly_offer_cap: int | None = changeable(
        "At most so many offers a week, 1 to 500; null: the usual.",
        strict=True,
        ge=1,
        le=MOST_OFFERS_A_WEEK,
    )
    quiet_hours: QuietHours | None = changeable(
        "Hours in which no offer and no reminder comes; 21:00 to 08:00 at first; null: none."
    )


class NewEmployerBlock(RequestModel):
    """An employer from whom I want no further offers."""

    employer_id: UUID = Field(description="Id of the employer to block.")


class EmployerBlock(ResponseModel):
    """An employer from whom I want no further offers."""

    employer_id: UUID = Field(description="Id of the employer.")
    created_at: Instant = Field(description="When the block was made (UTC).")


class EmployerBlockList(ResponseModel):
    """Whom I have blocked, newest first."""

    items: list[EmployerBlock] = Field(description="Blocks, newest first.")


def worker_profile(session: AsyncSession, user: User, worker: Worker) -> WorkerProfile:
    """Return the answer for a worker's account and profile."""
    quiet = None
    if worker.quiet_start is not None and worker.quiet_end is not None:
        quiet = QuietHours(start=worker.quiet_start, end=worker.quiet_end)
    return WorkerProfile.from_rows(
        worker,
        user,
        phone=users.phone_of(session, user),
        location=location_answer(worker.latitude, worker.longitude),
        bio=profile.bio_of(session, worker),
        quiet_hours=quiet,
        verified=worker.verified_at is not None,
        reliability=reliability(worker.answered, worker.missed, worker.withdrawn),
        updated_at=max(worker.updated_at, user.updated_at),
    )


@router.get("/profile")
async def get_profile(session: Read, actor: WorkerActor) -> WorkerProfile:
    """Get my profile."""
    return worker_profile(session, *await profile.get_worker(session, actor.user_id))


@router.put("/profile", responses=problems(UnknownPlace))
async def update_profile(
    session: Write, actor: WorkerActor, body: WorkerChanges, now: Now
) -> WorkerProfile:
    """Change my profile; a field left out keeps its value, null empties where that makes sense.

    The phone is how I sign in and can't be changed here. Another name takes the verification away.
    """
    user, worker = await profile.edit(session, actor.user_id, worker_edit(body), now=now)
    return worker_profile(session, user, worker)


def worker_edit(body: WorkerChanges) -> WorkerEdit:
    """Return the changes that a body sends."""
    changes: dict[str, Any] = sent(body)
    if body.location is not None:
        changes["location"] = body.location.point
    if body.quiet_hours is not None:
        changes["quiet_hours"] = {"start": body.quiet_hours.start, "end": body.quiet_hours.end}
    if "bio" in changes:
        changes["bio"] = body.bio or ""
    return cast(WorkerEdit, changes)


@router.get("/blocks")
async def list_blocks(session: Read, actor: WorkerActor) -> EmployerBlockList:
    """List the employers I have blocked, newest first."""
    found = await blocks.list_blocked_employers(session, actor.user_id)
    return EmployerBlockList(items=[EmployerBlock.model_validate(block) for block in found])


@router.post(
    "/blocks",
    status_code=status.HTTP_201_CREATED,
    responses={
        200: {"model": EmployerBlock, "description": "Blocked before"},
        **problems(BlockedEmployerNotFound),
    },
)
async def add_block(
    session: Write,
    actor: WorkerActor,
    body: NewEmployerBlock,
    now: Now,
    response: Response,
    _: Once,
) -> EmployerBlock:
    """Want no further offers from an employer; open ones close, and what I accepted is taken back.

    201 the first time, 200 when blocked before.
    """
    # Before the block, because it locks jobs and offers, which come before a worker's own rows.
    await respond.break_with(session, actor.user_id, body.employer_id, now)
    block = await blocks.block_employer(session, actor.user_id, body.employer_id, now=now)
    if not block.made:
        response.status_code = status.HTTP_200_OK
    return EmployerBlock.model_validate(block)


@router.delete(
    "/blocks/{employer_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(EmployerNotBlocked),
)
async def remove_block(session: Write, actor: WorkerActor, employer_id: EmployerId) -> None:
    """Lift a block."""
    await blocks.unblock_employer(session, actor.user_id, employer_id)
