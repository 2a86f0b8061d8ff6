"""The worker's data: a copy of all of it, and its erasure."""

from uuid import UUID

from fastapi import APIRouter, Response, status
from pydantic import Field

from app.api.account_data import AS_FILE, AccountData
from app.api.http.dependencies import Now, Read, Route, Rt, WorkerActor, Write
from app.api.workers.hours import AvailabilitySlot, TimeOffAnswer
from app.api.workers.profile import EmployerBlock, WorkerProfile, worker_profile
from app.core.schema import Instant, ResponseModel
from app.privacy.erase import erase_worker
from app.privacy.export import export_worker

router = APIRouter(prefix="/api/workers", tags=["workers"], route_class=Route)


class OwnedOffer(ResponseModel):
    """An offer made to me, as far as it is about me."""

    id: UUID = Field(description="Id of the offer.")
    job_id: UUID = Field(description="Id of the job.")
    job_title: str = Field(description="Title of the job.")
    employer_id: UUID = Field(description="Id of the employer.")
    company_name: str = Field(description="Name of the company.")
    status: str = Field(description="Where the offer stands.")
    score: float = Field(description="How well I fit, 0 to 100.")
    distance_km: float = Field(description="Distance to the job, in kilometres.")
    offered_at: Instant = Field(description="When the offer was made (UTC).")
    respond_by: Instant = Field(description="Until when it can be answered (UTC).")
    responded_at: Instant | None = Field(description="When it was answered (UTC); null before.")
    reject_reason: str | None = Field(description="Why I said no; null when not told.")
    unlocked_at: Instant | None = Field(description="Since when this employer holds my contact.")


class OwnedAppeal(ResponseModel):
    """An appeal that I made against what lowered my reliability."""

    what: str = Field(description="What it was about.")
    note: str = Field(description="What I wrote of it.")
    status: str = Field(description="Where it stands.")
    created_at: Instant = Field(description="When it was made (UTC).")
    decided_at: Instant | None = Field(description="When it was decided (UTC); null before.")
    reason: str | None = Field(description="Why it was decided so.")


class Counters(ResponseModel):
    """What my reliability is counted from."""

    answered: int = Field(description="Offers answered in time.")
    missed: int = Field(description="Offers that ran out without an answer.")
    withdrawn: int = Field(description="Acceptances taken back.")


class OwnData(AccountData):
    """Everything kept about me."""

    profile: WorkerProfile = Field(description="My profile.")
    counters: Counters = Field(description="The counts behind my reliability.")
    stopped_at: Instant | None = Field(description="When I said STOP, if I did.")
    availability: list[AvailabilitySlot] = Field(description="My weekly slots.")
    time_off: list[TimeOffAnswer] = Field(description="My times off.")
    blocks: list[EmployerBlock] = Field(description="Employers I have blocked.")
    offers: list[OwnedOffer] = Field(description="Offers made to me.")
    appeals: list[OwnedAppeal] = Field(description="My appeals about my reliability.")


@router.get("/export")
async def export_data(session: Read, actor: WorkerActor, now: Now, response: Response) -> OwnData:
    """Get everything kept about me, as JSON."""
    response.headers["Content-Disposition"] = AS_FILE
    data = await export_worker(session, actor.user_id)
    return OwnData.from_rows(
        data,
        data.records,
        exported_at=now,
        profile=worker_profile(session, data.user, data.worker),
        counters=data.worker,
        stopped_at=data.worker.stopped_at,
        availability=[AvailabilitySlot.from_row(row) for row in data.slots],
    )


@router.delete("/account", status_code=status.HTTP_204_NO_CONTENT)
async def erase_account(session: Write, actor: WorkerActor, rt: Rt, now: Now) -> None:
    """Erase my account and everything personal; open offers close, and I am signed out everywhere.

    What was paid stays on the books without my name; a contact unlocked before is no longer shown.
    """
    await erase_worker(session, actor.user_id, actor, now=now)
    await rt.sessions.end_all(session, actor.user_id)
