"""Razorpay's HTTP API: who calls, with what, and once only for each key of a refund.

Source: https://razorpay.com/docs/api/authentication (Basic, key id and secret),
https://razorpay.com/docs/api/refunds/normal-refunds-idempotent.
"""

import base64
import binascii
import hmac
import logging
import re
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox import faults
from sandbox.answers import (
    Kept,
    KeptAnswers,
    fingerprint,
    instead_of_answering,
    instead_of_doing,
)
from sandbox.config import SandboxConfig
from sandbox.deliver import Deliverer
from sandbox.faults import Fault
from sandbox.problem import Problem, object_of
from sandbox.razorpay.account import Account
from sandbox.razorpay.errors import RazorpayError
from sandbox.store import Json, Store

IDEMPOTENCY_SECONDS = 24 * 3600.0
KEY_HEADER = "x-refund-idempotency"
_REFUSALS = ("rate_limited", "blocked", "bad_key", "key_in_use", "error", "http_500")

log = logging.getLogger("sandbox.razorpay")


class RazorpayApi:
    """Everything under `/v1`."""

    def __init__(self, config: SandboxConfig, store: Store, deliverer: Deliverer) -> None:
        """The account behind it is shared with the controls through the store."""
        self._config = config
        self._store = store
        self._deliverer = deliverer
        self._account = Account(config, store, deliverer)
        self._answers = KeptAnswers(store, "razorpay", IDEMPOTENCY_SECONDS)

    def routes(self) -> list[Route]:
        """One route: the account knows its calls."""
        return [Route("/{path:path}", self._call, methods=["GET", "POST", "PATCH", "DELETE"])]

    async def _call(self, request: Request) -> Response:
        return await self._answer(request)  # type: ignore[return-value]

    async def _answer(self, request: Request) -> ASGIApp:
        """Starlette calls whatever an endpoint returns as an ASGI application."""
        try:
            self._check_key(request)
            if request.method == "GET":
                return self._read(request)
            return self._write(request, await object_of(request))
        except RazorpayError as error:
            return JSONResponse(error.body, status_code=error.status)
        except Problem as problem:
            return JSONResponse(RazorpayError(problem.detail).body, status_code=problem.status)
        except Exception:
            # Razorpay's clients understand Razorpay's shape only, for our bugs too.
            log.exception("%s %s failed", request.method, request.url.path)
            broken = _server_error("The sandbox itself failed; its log says why.")
            return JSONResponse(broken.body, status_code=500)

    def _check_key(self, request: Request) -> None:
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        given = b""
        if scheme.lower() == "basic":
            try:
                given = base64.b64decode(value.strip(), validate=True)
            except binascii.Error:
                given = b""
        ours = f"{self._config.razorpay_key_id}:{self._config.razorpay_key_secret}".encode()
        if not hmac.compare_digest(given, ours):
            raise RazorpayError("The api key provided is invalid", status=401)

    def _read(self, request: Request) -> ASGIApp:
        self._account.expire_due()
        fault = faults.take(self._store, "razorpay", "read")
        kind = fault.kind.removeprefix("read_") if fault else None
        if (instead := instead_of_doing(kind, self._config.hang_seconds)) is not None:
            return instead
        if fault is not None:
            raise _scripted(Fault(kind or "", fault.code, fault.seconds))
        params: dict[str, Any] = dict(parse_qsl(request.url.query, keep_blank_values=True))
        return JSONResponse(self._account.answer("GET", request.path_params["path"], params))

    def _write(self, request: Request, body: Json) -> ASGIApp:
        path = str(request.path_params["path"])
        self._account.expire_due()
        key = request.headers.get(KEY_HEADER) if path.endswith("/refund") else None
        request_print = fingerprint(request.method, path, body)
        if key is not None and (kept := self._kept(key, request_print)) is not None:
            return JSONResponse(kept.body, status_code=kept.status)
        fault = faults.take(self._store, "razorpay", "call")
        kind = fault.kind if fault else None
        if (instead := instead_of_doing(kind, self._config.hang_seconds)) is not None:
            return instead
        if fault is not None and kind in _REFUSALS:
            raise _scripted(fault)
        with self._store.write():
            answer = self._account.answer(request.method, path, body)
            if key is not None:
                self._answers.keep(key, request_print, 200, answer)
        self._deliverer.wake("razorpay")
        self._store.note("checkout" if "links" in path else "razorpay", f"POST /v1/{path}")
        if kind == "http_500_after_accept":
            raise _server_error("Scripted by the sandbox: the answer broke.")
        instead = instead_of_answering(kind, self._config.hang_seconds)
        return instead or JSONResponse(answer)

    def _kept(self, key: str, request_print: str) -> Kept | None:
        """The answer kept for this key. Raises RazorpayError for a key that can't be, or another's."""
        if len(key) < 10:
            raise RazorpayError("The idempotency key must be at least 10 characters long.")
        if not re.fullmatch(r"[A-Za-z0-9_-]+", key):
            raise RazorpayError(
                "The idempotency key must only contain alphanumeric characters, underscores, and"
                " hyphens"
            )
        kept = self._answers.find(key)
        if kept is not None and kept.request != request_print:
            raise RazorpayError(
                "Different request with the same idempotency key has already been processed.",
                status=409,
            )
        return kept


def _scripted(fault: Fault) -> RazorpayError:
    said = f"Scripted by the sandbox: {fault.kind}."
    match fault.kind:
        case "rate_limited":
            return RazorpayError("Request failed: too many requests.", status=429)
        case "bad_key":
            return RazorpayError("The api key provided is invalid", status=401)
        case "blocked":
            return RazorpayError("Access Denied", status=403)
        case "key_in_use":
            return RazorpayError(
                "Another request with the same idempotency key is still in progress.", status=409
            )
        case "http_500":
            return _server_error(said)
        case _:
            return RazorpayError(said, reason=fault.code or "input_validation_failed")


def _server_error(said: str) -> RazorpayError:
    return RazorpayError(said, status=500, code="SERVER_ERROR")
