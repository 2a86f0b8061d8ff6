"""Limits on slow, silent and too many connections, which uvicorn has none of.

An application sees a request only when its headers are complete, so the limits must sit in the server. They are
installed at the lifespan call, which comes from an object that knows the server's configuration. So they work
for `python -m app serve` and for `uvicorn app.main:app`.
"""

import asyncio
import json
import resource
from http import HTTPStatus
from typing import Any, Final

from starlette.types import Receive

from app.core.ids import new_id
from app.database.postgresql import keep_alive

HEADER_SECONDS: Final = 10.0
"""For a request's headers, from the connection or from their first byte."""
MAX_HEADER_BYTES: Final = 64 * 1_024
"""Of a request's line and headers; ordinary ones have some hundreds."""
HEADERS_TOO_LARGE: Final = "The headers are too large; send less of them."
LINGER_BYTES: Final = 4 * 1_024 * 1_024
LINGER_SECONDS: Final = 5.0
"""A refused request's body is still read for so long, so that the client gets to read why."""
MAX_CONNECTIONS: Final = 4_000
KEPT_SECONDS: Final = 75
"""How long an idle connection stays open. Longer than clients and proxies keep theirs (httpx 5 s, nginx 60 s):
if the server closes first, a request may meet a connection that is being closed."""
_UVICORN_KEEPS_SECONDS: Final = 5
"""Uvicorn's default; any other value was chosen on purpose and stays."""
GRACE_SECONDS: Final = 20
"""For requests in progress when the server stops."""


def guard_server(receive: Receive) -> None:
    """Install the limits in the server that `receive` belongs to, if that is uvicorn."""
    config = getattr(getattr(receive, "__self__", None), "config", None)
    plain = getattr(config, "http_protocol_class", None)
    if config is None or not isinstance(plain, type) or not hasattr(plain, "data_received"):
        return
    config.http_protocol_class = type(
        "Guarded", (ConnectionGuard, plain), {"most": _most_connections()}
    )
    if config.timeout_keep_alive == _UVICORN_KEEPS_SECONDS:
        config.timeout_keep_alive = KEPT_SECONDS
    if config.timeout_graceful_shutdown is None:
        config.timeout_graceful_shutdown = GRACE_SECONDS


def _most_connections() -> int:
    """Return the most connections: three quarters of the files this process may have open."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return max(16, min(MAX_CONNECTIONS, files * 3 // 4))


class ConnectionGuard:
    """Deadlines of one connection; mixed into either of uvicorn's HTTP protocols."""

    most = MAX_CONNECTIONS
    cycle: Any
    connections: set[Any]
    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    _deadline: asyncio.TimerHandle | None = None
    _bytes = 0

    def connection_made(self, transport: Any) -> None:
        """Set the deadline for headers, or refuse a connection too many."""
        super().connection_made(transport)  # type: ignore[misc]
        keep_alive(transport.get_extra_info("socket"))
        if len(self.connections) > self.most:
            self._refuse(503, "overloaded", "There are too many connections; try again shortly.")
        else:
            self._await_headers()

    def data_received(self, data: bytes) -> None:
        """Hand the bytes on, then set or clear the deadline by what they completed."""
        before = self.cycle
        super().data_received(data)  # type: ignore[misc]
        if self.cycle is not before:
            self._clear_deadline()  # a request's headers are complete
        elif before is None or not before.more_body:
            if before is None or before.response_complete:
                self._count_headers(len(data))
        elif before.response_complete:
            self._count_refused_body(len(data))

    def connection_lost(self, exc: Exception | None) -> None:
        """Clear the deadline."""
        self._clear_deadline()
        super().connection_lost(exc)  # type: ignore[misc]

    def _await_headers(self) -> None:
        self._deadline = self.loop.call_later(HEADER_SECONDS, self._too_slow)

    def _clear_deadline(self) -> None:
        self._bytes = 0
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _count_headers(self, count: int) -> None:
        self._bytes += count
        if self.transport.is_closing():
            return
        if self._bytes > MAX_HEADER_BYTES:
            self._refuse(431, "headers_too_large", HEADERS_TOO_LARGE)
        elif self._deadline is None:
            self._await_headers()

    def _count_refused_body(self, count: int) -> None:
        self._bytes += count
        if self._bytes > LINGER_BYTES:
            self.transport.abort()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def _too_slow(self) -> None:
        self._deadline = None
        if self.transport.is_closing():
            return
        if self._bytes:
            self._refuse(408, "too_slow", "The request's headers did not come in time.")
        else:
            self.transport.close()  # an idle connection

    def _refuse(self, status: int, code: str, detail: str) -> None:
        self.transport.write(_response(status, code, detail))
        self.transport.close()


def _response(status: int, code: str, detail: str) -> bytes:
    """Return a complete response for a connection that has no request yet."""
    title = HTTPStatus(status).phrase
    request_id = str(new_id())
    body = json.dumps(
        {
            "type": f"urn:partimer:problem:{code}",
            "title": title,
            "status": status,
            "detail": detail,
            "code": code,
            "request_id": request_id,
        }
    ).encode()
    headers = [
        f"HTTP/1.1 {status} {title}",
        "content-type: application/problem+json",
        f"content-length: {len(body)}",
        f"x-request-id: {request_id}",
        "connection: close",
        *(["retry-after: 5"] if status == HTTPStatus.SERVICE_UNAVAILABLE else []),
    ]
    return "\r\n".join(headers).encode() + b"\r\n\r\n" + body
