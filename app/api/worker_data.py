"""The worker's data: a copy of all of it, and its erasure."""

from uuid import UUID

from fastapi import APIRouter, Response, status
from pydantic import Field

from app.api.deps import Now, Read, Route, Rt, WorkerActor, Write
from app.api.worker_hours import AvailabilitySlot, TimeOffAnswer, time_off_answer
from app.api.workers import BlockAnswer, WorkerProfile, worker_profile
from app.core.schema import Answer, Instant
from app.offers import privacy

router = APIRouter(prefix="/api/workers", tags=["workers"], route_class=Route)


class OwnedOffer(Answer):
    """An offer made to me, as far as it is about me."""

    id: UUID
    job_id: UUID
    job_title: str
    employer_id: UUID
    company_name: str
    status: str
    score: float
    distance_km: float
    offered_at: Instant
    respond_by: Instant
    responded_at: Instant | None
    reject_reason: str | None
    unlocked_at: Instant | None = Field(description="Since when this employer holds my contact.")


class ConsentAnswer(Answer):
    """What I agreed to, and when."""

    purpose: str
    wording_version: str
    language: str
    channel: str
    granted_at: Instant
    withdrawn_at: Instant | None


class MessageAnswer(Answer):
    """A message that was written to me; what it said is not kept longer than needed."""

    id: UUID
    kind: str
    channel: str
    state: str
    created_at: Instant
    sent_at: Instant | None


class WrittenAnswer(Answer):
    """Something I wrote in the chat; words are kept for some days, for whoever helps me."""

    at: Instant
    kind: str
    text: str | None


class SessionAnswer(Answer):
    """A device I am signed in on."""

    created_at: Instant
    refreshed_at: Instant
    expires_at: Instant


class Counters(Answer):
    """What my reliability is counted from."""

    answered: int
    missed: int
    withdrawn: int


class OwnData(Answer):
    """Everything kept about me."""

    exported_at: Instant
    profile: WorkerProfile
    counters: Counters
    stopped_at: Instant | None = Field(description="When I said STOP, if I did.")
    availability: list[AvailabilitySlot]
    time_off: list[TimeOffAnswer]
    blocks: list[BlockAnswer]
    consents: list[ConsentAnswer]
    offers: list[OwnedOffer]
    messages: list[MessageAnswer]
    written: list[WrittenAnswer]
    sessions: list[SessionAnswer]


@router.get("/export")
async def export(session: Read, actor: WorkerActor, now: Now, response: Response) -> OwnData:
    """Get everything kept about me, as JSON."""
    response.headers["Content-Disposition"] = 'attachment; filename="partimer-my-data.json"'
    data = await privacy.export(session, actor.user_id)
    return OwnData(
        exported_at=now,
        profile=worker_profile(session, data.user, data.worker),
        counters=Counters.model_validate(data.worker),
        stopped_at=data.worker.stopped_at,
        availability=[AvailabilitySlot.from_row(row) for row in data.slots],
        time_off=[time_off_answer(row) for row in data.time_off],
        blocks=[BlockAnswer.model_validate(block) for block in data.blocks],
        consents=[ConsentAnswer.model_validate(row) for row in data.consents],
        offers=[OwnedOffer.model_validate(row) for row in data.offers],
        messages=[MessageAnswer.model_validate(row) for row in data.messages],
        written=[
            WrittenAnswer(at=line.at, kind=line.kind, text=line.text) for line in data.written
        ],
        sessions=[SessionAnswer.model_validate(row) for row in data.sessions],
    )


@router.delete("/account", status_code=status.HTTP_204_NO_CONTENT)
async def erase(session: Write, actor: WorkerActor, rt: Rt, now: Now) -> None:
    """Erase my account and everything personal; open offers close, and I am signed out everywhere.

    What was paid stays on the books without my name; a contact unlocked before is no longer shown.
    """
    await privacy.erase(session, actor.user_id, actor, now)
    await rt.sessions.end_all(session, actor.user_id)
