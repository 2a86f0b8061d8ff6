"""One's own sign-ins: `/api/auth/sessions`."""

from uuid import UUID

from fastapi import APIRouter, status
from pydantic import Field

from app.api.http.dependencies import AnyActor, Now, Read, Route, Rt, Write
from app.api.http.parameters import SessionId
from app.api.http.problems import problems
from app.core.errors import NotFound
from app.core.schema import Instant, ResponseModel

router = APIRouter(prefix="/api/auth/sessions", tags=["auth"], route_class=Route)


class SessionNotFound(NotFound):
    """It ended, or is somebody else's."""

    code = "session_not_found"
    detail = "There is no such session, or it has ended."


class OpenSessionAnswer(ResponseModel):
    """A device that is signed in to my account."""

    id: UUID = Field(description="Id of the session.")
    current: bool = Field(description="Whether it is the one that asks.")
    created_at: Instant = Field(description="When it was signed in (UTC).")
    refreshed_at: Instant = Field(description="When its tokens were last renewed (UTC).")
    ends_at: Instant = Field(description="When it ends by itself (UTC).")


class OpenSessions(ResponseModel):
    """All of them; a person has few."""

    items: list[OpenSessionAnswer] = Field(description="Sessions, newest first.")


@router.get("")
async def list_sessions(session: Read, runtime: Rt, actor: AnyActor, now: Now) -> OpenSessions:
    """List where I am signed in, the newest first."""
    found = await runtime.sessions.list_open(session, actor.user_id, now)
    items = [OpenSessionAnswer.from_rows(one, current=one.id == actor.session_id) for one in found]
    return OpenSessions(items=items)


@router.delete("", status_code=status.HTTP_204_NO_CONTENT)
async def end_other_sessions(session: Write, runtime: Rt, actor: AnyActor, now: Now) -> None:
    """Sign out everywhere else; this session stays."""
    for one in await runtime.sessions.list_open(session, actor.user_id, now):
        if one.id != actor.session_id:
            await runtime.sessions.end(session, one.id)


@router.delete(
    "/{session_id}", status_code=status.HTTP_204_NO_CONTENT, responses=problems(SessionNotFound)
)
async def end_session(
    session_id: SessionId, session: Write, runtime: Rt, actor: AnyActor, now: Now
) -> None:
    """Sign out one device of mine: its tokens are dead from the next request on."""
    if session_id not in {
        one.id for one in await runtime.sessions.list_open(session, actor.user_id, now)
    }:
        raise SessionNotFound
    await runtime.sessions.end(session, session_id)
