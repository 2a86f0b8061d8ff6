"""Server-sent events: the state of one thing, sent anew whenever it changes.

An event carries the whole state, so nothing that was missed has to be kept: who comes back names the event they
saw last, and gets the state at once if it is another one by now. A stream ends after some minutes, and with the
session of who reads it; clients open it again by themselves.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import StreamingResponse

from app.core.errors import NotFound, TooMany, Unavailable
from app.identity.actor import Actor
from app.identity.rules import MAY_SIGN_IN
from app.runtime import Runtime

MEDIA_TYPE: Final = "text/event-stream"
MOST_STREAMS: Final = 300
"""Open at once in one process: each looks at the database every `_LOOK_SECONDS`."""
MOST_OF_ONE_ACCOUNT: Final = 20
"""As many tabs as somebody may have forgotten."""
_LOOK_SECONDS: Final = 0.8
_STREAM_SECONDS: Final = 600
_QUIET_SECONDS: Final = 20
"""After so long without an event a comment is sent: proxies close connections on which nothing comes."""
_MARK_CHARACTERS: Final = 16

type Look = Callable[[AsyncSession], Awaitable[str]]
"""Reads the state as it is now, as the text of an event."""

_open: Counter[UUID] = Counter()


class StreamsFull(Unavailable):
    """As many streams are open as this process keeps."""

    code = "too_many_streams"
    detail = "Too many live views are open right now. Read it without one, or try again shortly."
    remedy = "Ask for the thing itself now and then, or open the stream again after Retry-After."


class AccountStreamsFull(TooMany):
    """As many streams are open as one account may have."""

    code = "too_many_streams_of_account"
    detail = "You have too many live views open. Close one and try again."
    remedy = "Close a stream that is not needed."


def require_room(actor: Actor) -> None:
    """Raise `StreamsFull` or `AccountStreamsFull` where no further stream may be opened."""
    if _open.total() >= MOST_STREAMS:
        raise StreamsFull
    if _open[actor.user_id] >= MOST_OF_ONE_ACCOUNT:
        raise AccountStreamsFull(_QUIET_SECONDS)


def mark_of(state: str) -> str:
    """Return the id of the event that carries this state: another one where something changed."""
    return hashlib.sha256(state.encode()).hexdigest()[:_MARK_CHARACTERS]


def stream(
    runtime: Runtime, actor: Actor, look: Look, *, seen: str = "", event: str = ""
) -> StreamingResponse:
    """Return the stream of a state, beginning with it unless `seen` is the id of its event.

    `event` names the kind of its events; left out, browsers call them `message`. The caller has checked
    `require_room`, and that the actor may read it.
    """
    return StreamingResponse(
        _events(runtime, actor, look, seen, event),
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(
    runtime: Runtime, actor: Actor, look: Look, seen: str, event: str
) -> AsyncIterator[str]:
    _open[actor.user_id] += 1
    loop = asyncio.get_running_loop()
    ends, spoke = loop.time() + _STREAM_SECONDS, loop.time()
    try:
        yield ": open\n\n"  # the client knows now that it is connected
        while loop.time() < ends:
            async with runtime.database.read() as session:
                if not await _is_signed_in(session, runtime, actor):
                    return
                try:
                    state = await look(session)
                except NotFound:
                    return  # it was taken away, or is not theirs any more
            if mark_of(state) != seen:
                seen, spoke = mark_of(state), loop.time()
                yield _as_event(state, seen, event)
            elif loop.time() - spoke > _QUIET_SECONDS:
                yield ": still here\n\n"
                spoke = loop.time()
            await asyncio.sleep(_LOOK_SECONDS)
    finally:
        _open[actor.user_id] -= 1
        if not _open[actor.user_id]:
            del _open[actor.user_id]


async def _is_signed_in(session: AsyncSession, runtime: Runtime, actor: Actor) -> bool:
    if actor.session_id is None:
        return False
    account = await runtime.sessions.find_account(
        session, actor.user_id, actor.session_id, runtime.clock()
    )
    return account is not None and account.status in MAY_SIGN_IN


def _as_event(state: str, mark: str, event: str) -> str:
    lines = [f"id: {mark}"]
    if event:
        lines.append(f"event: {event}")
    lines += [f"data: {line}" for line in state.splitlines()]
    return "\n".join(lines) + "\n\n"
