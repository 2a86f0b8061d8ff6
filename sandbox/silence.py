"""Answers that never come: a client must live with them, so the sandbox can give them."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

from starlette.types import Receive, Scope, Send


class NoAnswer:
    """An ASGI response that keeps the client waiting, then ends in a gateway's 504."""

    def __init__(self, seconds: float) -> None:
        """`seconds` is how long a client without a timeout of its own would wait."""
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait until the client gives up, or the time is over."""
        try:
            async with asyncio.timeout(self._seconds):
                while (await receive())["type"] != "http.disconnect":
                    pass
                return
        except TimeoutError:
            pass
        await send(_start(504, 0))
        await send({"type": "http.response.body", "body": b""})


class BrokenAnswer:
    """An ASGI response that promises more than it sends: the server cuts the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the beginning of an answer only."""
        await send(_start(200, 1000))
        await send({"type": "http.response.body", "body": b"{", "more_body": True})


def _start(status: int, length: int) -> MutableMapping[str, Any]:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % length)]
    return {"type": "http.response.start", "status": status, "headers": headers}
