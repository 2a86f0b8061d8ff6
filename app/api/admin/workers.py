"""Workers as administrators see and moderate them."""

from functools import partial
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api.admin.access import PeopleCorrector, PeopleModerator, PeopleReader
from app.api.admin.accounts import Status, account_filters, accounts, count, get_account, log_view
from app.api.admin.lists import City, Listing, ListSpec, Search, each
from app.api.employers.profile import location_answer
from app.api.http.csv_export import CSV_ANSWER
from app.api.http.dependencies import Now, Once, Read, Route, Rt, Write
from app.api.http.parameters import Verified, WorkerId
from app.api.http.problems import problems
from app.api.workers.profile import WorkerChanges, worker_edit
from app.core.errors import NotFound
from app.core.paging import Keyset
from app.core.schema import Instant, Location, Page, Reason, RequestModel, ResponseModel
from app.identity import users
from app.identity.models import Role, User, UserStatus
from app.identity.users import StatusForbids
from app.masking.mask import mask
from app.moderation.accounts import (
    AccountErased,
    AlreadyVerified,
    ModerationAction,
    moderate_account,
)
from app.moderation.corrections import correct_worker
from app.offers.models import JobMatch
from app.payments.models import LeadReport, Unlock
from app.workers import profile
from app.workers.models import Worker
from app.workers.profile import WorkerNotFound
from app.workers.registration import UnknownPlace
from app.workers.rules import reliability

router = APIRouter(prefix="/api/admin/workers", tags=["admin"], route_class=Route)


class WorkerRow(ResponseModel):
    """A worker in the list; contact details are in the single answer."""

    id: UUID = Field(description="Id of the worker's account.")
    name: str = Field(description="Name of the worker.")
    status: UserStatus = Field(description="Where the account stands.")
    verified: bool = Field(description="Whether an administrator has checked this account.")
    city: str | None = Field(description="City; null when not told.")
    skills: list[str] = Field(description="Slugs of skills, as the catalogue has them.")
    experience_years: int = Field(description="Experience in whole years.")
    reliability: float = Field(description="How well offers are answered in time, 0 to 100.")
    language: str = Field(description="Language of messages and pages: `en` or `hi`.")
    created_at: Instant = Field(description="When the account was made (UTC).")


class WorkerDetails(WorkerRow):
    """A worker, with what an administrator needs to check who this is."""

    phone: str | None = Field(description="Phone in E.164; null when there is none.")
    location: Location | None = Field(
        description="Where the worker starts from (WGS 84, degrees); null when not told."
    )
    max_distance_km: float = Field(description="How far the worker travels, in kilometres.")
    bio: str = Field(description="What the worker tells of themselves, up to 4,000 characters.")
    time_zone: str = Field(description="IANA name of the time zone.")
    stopped: bool = Field(description="Whether the worker wrote STOP: nothing is sent.")
    offers: int = Field(description="How many offers were made.")
    unlocks: int = Field(description="How many employers bought the contact.")
    reports: int = Field(description="How many employers said that this lead was bad.")
    updated_at: Instant = Field(description="When it last changed (UTC).")


class WorkerAction(RequestModel):
    """What to do with a worker; a reason is needed for what takes something away."""

    action: Literal["activate", "suspend", "verify", "sign_out"] = Field(
        description="What to do with the account."
    )
    reason: Reason | None = Field(
        default=None, description="Why; needed to suspend.", examples=["Checked the identity card."]
    )


class WorkerCorrection(RequestModel):
    """What to correct in a worker's profile, on their request."""

    model_config = {
        "json_schema_extra": {
            "examples": [
                {
                    "fields": {"experience_years": 4, "skills": ["waiter", "barista"]},
                    "reason": "She told us on the phone that we had her old experience.",
                }
            ]
        }
    }

    fields: WorkerChanges = Field(
        description="The fields to change, as the worker's own `PUT /api/workers/profile` takes them; "
        "a field left out keeps its value."
    )
    reason: Reason = Field(description="Why; the log keeps it.")


def _answer[Row: WorkerRow](kind: type[Row], user: User, worker: Worker, **more: Any) -> Row:
    return kind.from_rows(
        user,
        worker,
        verified=worker.verified_at is not None,
        city=mask(worker.city) if worker.city else None,
        reliability=reliability(worker.answered, worker.missed, worker.withdrawn),
        **more,
    )


_WORKERS = ListSpec(
    "workers",
    WorkerRow,
    accounts(Worker),
    Keyset("admin_workers", [User.id]),
    account_filters(Worker, User.name),
    each(partial(_answer, WorkerRow)),
    sorts={
        "created_at": None,
        "name": func.lower(User.name),
        "city": func.coalesce(Worker.city, ""),
        "experience_years": Worker.experience_years,
    },
)


@router.get("", response_model=Page[WorkerRow], responses=CSV_ANSWER)
async def list_workers(
    asked: Listing,
    actor: PeopleReader,
    status: Status = None,
    verified: Verified = None,
    city: City = None,
    q: Search = None,
) -> Page[WorkerRow] | Response:
    """List workers, newest first; `q` finds by name, exact phone or e-mail."""
    return await _WORKERS.answer(actor, asked, status=status, verified=verified, city=city, q=q)


async def _details(session: AsyncSession, worker_id: UUID) -> WorkerDetails:
    user, worker = await get_account(session, Worker, worker_id)
    reported = (LeadReport.match_id == JobMatch.id, JobMatch.worker_id == worker_id)
    return _answer(
        WorkerDetails,
        user,
        worker,
        phone=users.phone_of(session, user),
        location=location_answer(worker.latitude, worker.longitude),
        bio=profile.bio_of(session, worker),
        stopped=worker.stopped_at is not None,
        offers=await count(session, JobMatch.worker_id == worker_id),
        unlocks=await count(session, Unlock.worker_id == worker_id),
        reports=await count(session, *reported),
        updated_at=worker.updated_at,
    )


@router.get("/{worker_id}", responses=problems(NotFound))
async def get_worker(
    worker_id: WorkerId, session: Read, actor: PeopleReader, rt: Rt, now: Now
) -> WorkerDetails:
    """Return one worker, contact included; that it was looked at is logged."""
    details = await _details(session, worker_id)
    await log_view(rt, actor, Role.WORKER, worker_id, now)
    return details


@router.post(
    "/{worker_id}/action",
    responses=problems(NotFound, AlreadyVerified, AccountErased, StatusForbids),
)
async def act_on_worker(
    worker_id: WorkerId,
    body: WorkerAction,
    session: Write,
    actor: PeopleModerator,
    rt: Rt,
    now: Now,
) -> WorkerDetails:
    """Activate, suspend or verify a worker. A suspended one's tokens die, their open offers close.

    To sign them out ends every session and changes nothing else.
    """
    await get_account(session, Worker, worker_id)
    action = ModerationAction(body.action)
    await moderate_account(
        session, rt.sessions, worker_id, action, actor, reason=body.reason, now=now
    )
    return await _details(session, worker_id)


@router.post(
    "/{worker_id}/correct",
    responses=problems(NotFound, WorkerNotFound, AccountErased, UnknownPlace),
)
async def correct_worker_profile(
    worker_id: WorkerId,
    body: WorkerCorrection,
    session: Write,
    actor: PeopleCorrector,
    now: Now,
    _once: Once,
) -> WorkerDetails:
    """Correct a worker's profile because they asked for it; they are told once which fields changed.

    The log holds what changed; of name, location and bio only that they did. The phone can't be corrected:
    it is how the worker signs in.
    """
    changes = worker_edit(body.fields)
    await correct_worker(session, worker_id, changes, actor, reason=body.reason, now=now)
    return await _details(session, worker_id)
