"""What surrounds every request: its id, its log line and metrics, headers that protect, hosts, size."""

import re
import time
from collections.abc import Sequence
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import problem
from app.core.errors import DomainError
from app.core.ids import new_id
from app.core.logging import logger
from app.core.metrics import REQUEST_SECONDS, REQUESTS

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_UNROUTED = "(none)"

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
}
_API_POLICY = "default-src 'none'; frame-ancestors 'none'"
_TRANSPORT = "max-age=63072000; includeSubDomains"


class RequestContext:
    """The outermost layer: gives a request its id and guards what comes in and goes out."""

    def __init__(
        self, app: ASGIApp, *, hosts: Sequence[str], max_body_bytes: int, https_only: bool
    ) -> None:
        self._app = app
        self._hosts = frozenset(hosts)
        self._max_body_bytes = max_body_bytes
        self._https_only = https_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan":
            await self._start_plainly(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else str(new_id())
        scope.setdefault("state", {})["request_id"] = request_id
        started = time.perf_counter()
        status = 500

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._finish_headers(scope, MutableHeaders(scope=message), request_id)
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                if refusal := self._refusal(headers, request_id):
                    await refusal(scope, receive, send_guarded)
                else:
                    await self._app(scope, self._measured(receive), send_guarded)
            finally:
                self._account(scope, status, time.perf_counter() - started)

    async def _start_plainly(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run start and stop; a start that fails for a known reason says it in one sentence."""
        failed: list[Message] = []

        async def hold_failure(message: Message) -> None:
            # The framework sends a traceback, then raises the error itself.
            if message["type"] == "lifespan.startup.failed":
                failed.append(message)
            else:
                await send(message)

        try:
            await self._app(scope, receive, hold_failure)
        except DomainError as error:
            await send({"type": "lifespan.startup.failed", "message": error.message})
        except BaseException:
            for message in failed:
                await send(message)
            raise

    def _measured(self, receive: Receive) -> Receive:
        """Return `receive`, refusing a body that grows past the limit without having said so."""
        received = 0

        async def measured() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._max_body_bytes:
                raise HTTPException(413)
            return message

        return measured

    def _refusal(self, headers: Headers, request_id: str) -> Any:
        host = headers.get("host", "").rsplit(":", 1)[0]
        if self._hosts and host not in self._hosts:
            detail = "This server does not answer to that host name."
            return problem(request_id, 400, "unknown_host", detail)
        length = headers.get("content-length", "0")
        if length.isdigit() and int(length) > self._max_body_bytes:
            detail = f"The body is larger than {self._max_body_bytes} bytes; send less at once."
            return problem(request_id, 413, "body_too_large", detail)
        return None

    def _finish_headers(self, scope: Scope, headers: MutableHeaders, request_id: str) -> None:
        headers["X-Request-ID"] = request_id
        for name, value in SECURITY_HEADERS.items():
            headers.setdefault(name, value)
        if self._https_only:
            headers.setdefault("Strict-Transport-Security", _TRANSPORT)
        if scope["path"].startswith("/api/"):
            headers.setdefault("Content-Security-Policy", _API_POLICY)
            headers.setdefault("Cache-Control", "no-store")

    def _account(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", _UNROUTED)
        method = scope["method"] if scope["method"].isalpha() else "OTHER"
        REQUESTS.labels(method, route, str(status)).inc()
        REQUEST_SECONDS.labels(method, route).observe(seconds)
        logger().info(
            "request",
            method=method,
            route=route,
            status=status,
            duration_ms=round(seconds * 1_000, 1),
        )
