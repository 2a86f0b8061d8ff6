"""The middleware around every request: id, log line, metrics, security headers, hosts, size, load."""

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, Final

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.http.problems import problem
from app.core.errors import DomainError
from app.core.ids import new_id
from app.core.logging import logger
from app.core.metrics import REQUEST_SECONDS, REQUESTS
from app.database.faults import counting_commits
from app.server.connections import HEADERS_TOO_LARGE, MAX_HEADER_BYTES
from app.server.load_shedding import LoadShedder, Overloaded

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_UNROUTED = "(none)"
_METHODS = frozenset("GET HEAD POST PUT PATCH DELETE OPTIONS".split())

WEBHOOK_BODY_BYTES = 3 * 1_024 * 1_024
"""Meta: "Webhooks payloads can be up to 3MB"; one refused is sent again for days, then lost."""

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
}
_API_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
_TRANSPORT = "max-age=63072000; includeSubDomains"
BODY_SECONDS: Final = 20.0
"""For a body: the largest webhook at 150 kB a second."""
_CLOSE: Final = {"Connection": "close"}
_SHED: Final = {"Retry-After": "2"}


class _TooLarge(Exception):
    """The body is larger than allowed."""


class _ClientGone(Exception):
    """The client disconnected before its request was complete."""


class ResponseCutOff(Exception):
    """An error came after the response had begun; cutting the connection shows that it is incomplete."""


class RequestContext:
    """The outermost middleware."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Sequence[str],
        max_body_bytes: int,
        production: bool,
        shedder: LoadShedder | None = None,
    ) -> None:
        self._app = app
        self._shedder = shedder or LoadShedder()
        self._hosts = frozenset(hosts)
        self._max_body_bytes = max_body_bytes
        self._production = production
        everywhere = dict(SECURITY_HEADERS)
        if production:
            everywhere["Strict-Transport-Security"] = _TRANSPORT
        self._page_headers = _raw(everywhere)
        self._api_headers = _raw(everywhere | _API_HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan":
            await self._run_lifespan(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            # Served as GET; the server leaves the body out, because its own scope says HEAD.
            scope = {**scope, "method": "GET"}
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else str(new_id())
        scope.setdefault("state", {})["request_id"] = request_id
        most = self._max_body_bytes
        if scope["path"].startswith("/api/webhooks/"):
            most = max(most, WEBHOOK_BODY_BYTES)
        started = time.perf_counter()
        status, complete = 500, False

        async def send_guarded(message: Message) -> None:
            nonlocal status, complete
            if message["type"] == "http.response.start":
                status = message["status"]
                self._add_headers(scope, message, request_id)
            await send(message)
            complete = message["type"] == "http.response.body" and not message.get("more_body")

        with structlog.contextvars.bound_contextvars(request_id=request_id), counting_commits():
            try:
                if refusal := self._refusal(headers, request_id, most):
                    await refusal(scope, receive, send_guarded)
                else:
                    await self._serve(scope, receive, send_guarded, headers, most)
            except Exception as error:
                # The error is answered and logged by now. The server would print its message, which may hold
                # what a person wrote.
                if not self._production:
                    raise
                if not complete:
                    raise ResponseCutOff(type(error).__name__) from None
            finally:
                self._record(scope, status, time.perf_counter() - started)

    async def _serve(
        self, scope: Scope, receive: Receive, send: Send, headers: Headers, most: int
    ) -> None:
        """Read the body, wait in the queue, and let the application answer."""
        request_id = scope["state"]["request_id"]
        try:
            if "content-length" in headers or "transfer-encoding" in headers:
                # Read before the queue: a client that sends a byte a second keeps nobody else out.
                receive = await _whole_body(receive, most)
            limiter = self._shedder.limiter_for(scope["path"])
            if limiter is None:
                await self._app(scope, receive, send)
                return
            await limiter.acquire()
        except _ClientGone:
            return
        except _TooLarge:
            await _too_large(request_id, most)(scope, receive, send)
            return
        except TimeoutError:
            detail = f"The body did not come within {BODY_SECONDS:.0f} seconds."
            refusal = problem(request_id, 408, "too_slow", detail, headers=_CLOSE)
            await refusal(scope, receive, send)
            return
        except Overloaded:
            detail = "Too many requests came at once. Nothing was changed. Try again shortly."
            refusal = problem(request_id, 503, "overloaded", detail, headers=_SHED)
            await refusal(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            limiter.release()

    async def _run_lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Start and stop; a start that fails for a known reason reports it in one sentence."""
        failed: list[Message] = []

        async def keep_failure(message: Message) -> None:
            # Starlette sends a traceback, then raises the error itself.
            if message["type"] == "lifespan.startup.failed":
                failed.append(message)
            else:
                await send(message)

        try:
            await self._app(scope, receive, keep_failure)
        except DomainError as error:
            await send({"type": "lifespan.startup.failed", "message": error.message})
        except BaseException:
            for message in failed:
                await send(message)
            raise

    def _refusal(self, headers: Headers, request_id: str, most: int) -> Any:
        host = headers.get("host", "").rsplit(":", 1)[0].lower()
        if self._hosts and host not in self._hosts:
            detail = "This server does not answer to that host name."
            return problem(request_id, 400, "unknown_host", detail)
        if sum(map(len, chain.from_iterable(headers.raw))) > MAX_HEADER_BYTES:
            return problem(request_id, 431, "headers_too_large", HEADERS_TOO_LARGE, headers=_CLOSE)
        length = headers.get("content-length", "0")
        if length.isdigit() and int(length) > most:
            return _too_large(request_id, most)
        return None

    def _add_headers(self, scope: Scope, start: Message, request_id: str) -> None:
        """Add the security headers that the route did not set."""
        headers = list(start.get("headers", ()))
        given = {name for name, _ in headers}
        api = scope["path"].startswith("/api/")
        ours = self._api_headers if api else self._page_headers
        headers += [header for header in ours if header[0] not in given]
        headers.append((b"x-request-id", request_id.encode()))
        start["headers"] = headers

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", _UNROUTED)
        # A client can invent methods, and each would be a metric of its own for ever.
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        REQUESTS.labels(method, route, str(status)).inc()
        REQUEST_SECONDS.labels(method, route).observe(seconds)
        logger().info(
            "request",
            method=method,
            route=route,
            status=status,
            duration_ms=round(seconds * 1_000, 1),
        )


def _raw(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def _too_large(request_id: str, most: int) -> Any:
    detail = f"The body is larger than {most} bytes; send less at once."
    return problem(request_id, 413, "body_too_large", detail)


async def _whole_body(receive: Receive, most: int) -> Receive:
    """Read the body and return a `receive` that gives it at once.

    Raises `_TooLarge` above `most` bytes, `_ClientGone`, and `TimeoutError` after `BODY_SECONDS`.
    """
    message = await asyncio.wait_for(receive(), BODY_SECONDS)
    if message.get("more_body"):
        message = await asyncio.wait_for(_rest(message, receive, most), BODY_SECONDS)
    if message["type"] == "http.disconnect":
        raise _ClientGone
    if len(message.get("body", b"")) > most:
        raise _TooLarge
    given: Message | None = message

    async def again() -> Message:
        nonlocal given
        if given is None:
            return await receive()
        whole, given = given, None
        return whole

    return again


async def _rest(first: Message, receive: Receive, most: int) -> Message:
    parts, size, message = [first.get("body", b"")], len(first.get("body", b"")), first
    while message.get("more_body"):
        if size > most:
            raise _TooLarge
        message = await receive()
        if message["type"] == "http.disconnect":
            return message
        parts.append(message.get("body", b""))
        size += len(parts[-1])
    return {"type": "http.request", "body": b"".join(parts), "more_body": False}
