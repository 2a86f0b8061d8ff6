"""A job's progress as it happens: `/api/employers/jobs/{job_id}/events`."""

from typing import Annotated

from fastapi import APIRouter, Header
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response, StreamingResponse

from app.api.employers.jobs import Progress, get_job
from app.api.http import event_streams
from app.api.http.dependencies import EmployerActorApart, Route, Rt
from app.api.http.event_streams import AccountStreamsFull, StreamsFull
from app.api.http.parameters import JobId
from app.api.http.problems import problems
from app.jobs.models import JobStatus
from app.jobs.queries import JobNotFound

router = APIRouter(prefix="/api/employers/jobs", tags=["employers"], route_class=Route)


class JobProgressEvent(Progress):
    """The `data` of one event: how far the job is now."""

    job_id: JobId = Field(description="Id of the job.")
    status: JobStatus = Field(description="Where the job stands.")


class EventStream(Response):
    """For the document: what the route answers with."""

    media_type = event_streams.MEDIA_TYPE


LastEventId = Annotated[
    str,
    Header(
        alias="Last-Event-ID",
        max_length=64,
        description="Id of the event that was seen last: nothing is sent before there is another one.",
    ),
]


@router.get(
    "/{job_id}/events",
    response_class=EventStream,
    response_model=None,
    responses={
        200: {
            "model": JobProgressEvent,
            "description": "Server-sent events called `progress`; the schema is that of their `data`.",
        },
        **problems(JobNotFound, StreamsFull, AccountStreamsFull),
    },
)
async def list_job_events(
    job_id: JobId, actor: EmployerActorApart, rt: Rt, last_event_id: LastEventId = ""
) -> StreamingResponse:
    """Follow the progress of one of my jobs: an event now, and one whenever a figure changes.

    Each event carries everything, so none has to be kept for who was away: with the `Last-Event-ID` of the one
    that was seen last, the first comes when something is different. The stream ends after ten minutes, when the
    session ends, and with the token's account; open it again with a fresh token. While too many are open it is
    refused with 503 `too_many_streams`, or 429 `too_many_streams_of_account`, both with Retry-After.
    """

    async def look(session: AsyncSession) -> str:
        job = await get_job(session, actor, job_id, rt.clock())
        return JobProgressEvent(
            job_id=job.id, status=job.status, **job.progress.model_dump()
        ).model_dump_json()

    async with rt.database.read() as session:
        await look(session)  # another's job is refused before the stream begins
    event_streams.require_room(actor)
    return event_streams.stream(rt, actor, look, seen=last_event_id, event="progress")
