"""Stripe's HTTP API: who calls, with which parameters, and once only for each idempotency key."""

import base64
import binascii
import hmac
import logging

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
from sandbox.problem import Problem, body_of
from sandbox.store import Json, Store
from sandbox.stripe import params as p
from sandbox.stripe.account import Account
from sandbox.stripe.errors import StripeError
from sandbox.stripe.events import API_VERSION
from sandbox.stripe.objects import new_id

IDEMPOTENCY_SECONDS = 24 * 3600.0

#: These concern the card that is charged next, not the call that does it.
CARD_FAULTS = {
    "card_declined": "the next saved card is declined (`code`: the decline code)",
    "authentication_required": "the next saved card needs its owner",
}

#: These concern the refund that is made next, not the call that asks for it.
REFUND_FAULTS = {
    "refund_pending": "the next refund is made, and stays pending",
    "refund_failed": "the next refund is made, stays pending, and fails at the bank a moment later",
}

log = logging.getLogger("sandbox.stripe")


class StripeApi:
    """Everything under `/v1`."""

    def __init__(self, config: SandboxConfig, store: Store, deliverer: Deliverer) -> None:
        """The account behind it is shared with the controls through the store."""
        self._config = config
        self._store = store
        self._deliverer = deliverer
        self._account = Account(config, store, deliverer)
        self._answers = KeptAnswers(store, "stripe", IDEMPOTENCY_SECONDS)

    def routes(self) -> list[Route]:
        """One route: the account knows its calls."""
        return [Route("/{path:path}", self._call, methods=["GET", "POST", "DELETE"])]

    async def _call(self, request: Request) -> Response:
        return await self._answer(request)  # type: ignore[return-value]

    async def _answer(self, request: Request) -> ASGIApp:
        """Starlette calls whatever an endpoint returns as an ASGI application."""
        try:
            self._check_key(request)
            encoded = request.url.query
            if request.method == "POST":
                encoded = (await body_of(request)).decode("utf-8", "replace")
            params = p.parse(encoded)
            return self._run(request, params)
        except StripeError as error:
            return _json(error.status, error.body)
        except Problem as problem:
            return _json(problem.status, StripeError(problem.detail).body)
        except Exception:
            # Stripe's clients understand Stripe's shape only, for our bugs too.
            log.exception("%s %s failed", request.method, request.url.path)
            return _json(500, _server_error("The sandbox itself failed; its log says why."))

    def _check_key(self, request: Request) -> None:
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        key = value.strip()
        if scheme.lower() == "basic":
            try:
                key = base64.b64decode(key, validate=True).decode().partition(":")[0]
            except (binascii.Error, UnicodeDecodeError):
                key = ""
        if not key:
            raise StripeError(
                "You did not provide an API key. You need to provide your API key in the"
                " Authorization header, using Bearer auth.",
                status=401,
            )
        if not hmac.compare_digest(key.encode(), self._config.stripe_secret_key.encode()):
            shown = f"{key[:7]}****{key[-4:]}" if len(key) > 12 else "****"
            raise StripeError(f"Invalid API Key provided: {shown}", status=401)

    def _run(self, request: Request, params: Json) -> ASGIApp:
        path = str(request.path_params["path"])
        self._account.expire_due()
        if request.method == "GET":
            return self._read(path, params)
        key = request.headers.get("idempotency-key")
        request_print = fingerprint(request.method, path, params)
        if key is not None and (kept := self._kept(key, request_print)) is not None:
            return _json(kept.status, kept.body, replayed=True)
        fault = faults.take(self._store, "stripe", "call")
        kind = fault.kind if fault else None
        if (instead := instead_of_doing(kind, self._config.hang_seconds)) is not None:
            return instead
        status, body = self._outcome(request.method, path, params, fault, key, request_print)
        self._deliverer.wake("stripe")
        if status == 200:
            self._store.note("checkout" if "checkout" in path else "stripe", f"POST /v1/{path}")
        instead = instead_of_answering(kind, self._config.hang_seconds)
        return instead or _json(status, body)

    def _read(self, path: str, params: Json) -> ASGIApp:
        fault = faults.take(self._store, "stripe", "read")
        kind = fault.kind.removeprefix("read_") if fault else None
        if (instead := instead_of_doing(kind, self._config.hang_seconds)) is not None:
            return instead
        if kind == "http_500":
            return _json(500, _server_error("Scripted by the sandbox: http_500."))
        if fault is not None:
            raise _scripted(Fault(kind or "", fault.code, fault.seconds))
        return _json(200, self._do("GET", path, params))

    def _outcome(
        self,
        method: str,
        path: str,
        params: Json,
        fault: Fault | None,
        key: str | None,
        request_print: str,
    ) -> tuple[int, Json]:
        """Do it, and keep what an idempotency key must give again, in one transaction."""
        kind = fault.kind if fault else None
        if fault is not None and kind in _REFUSALS:
            raise _scripted(fault)
        with self._store.write():
            if kind == "http_500":
                status, body = 500, _server_error("Scripted by the sandbox: http_500.")
            else:
                try:
                    status, body = 200, self._do(method, path, params)
                except StripeError as error:
                    if not error.keep:
                        raise
                    status, body = error.status, error.body
                if kind == "http_500_after_accept":
                    status, body = 500, _server_error("Scripted by the sandbox: the answer broke.")
            if key is not None:
                self._answers.keep(key, request_print, status, body)
        return status, body

    def _do(self, method: str, path: str, params: Json) -> Json:
        expand = params.pop("expand", [])
        if not isinstance(expand, list):
            raise StripeError("Invalid array: expand", param="expand")
        answer = self._account.answer(method, path, params)
        return self._account.objects.shown(answer, expand)

    def _kept(self, key: str, request_print: str) -> Kept | None:
        """The answer kept for this key. Raises StripeError for another request's key."""
        if len(key) > 255:
            raise StripeError("Idempotency keys are at most 255 characters.")
        kept = self._answers.find(key)
        if kept is not None and kept.request != request_print:
            raise StripeError(
                "Keys for idempotent requests can only be used with the same parameters they were"
                f" first used with. Try using a key other than '{key}' if you meant to execute a"
                " different request.",
                type_="idempotency_error",
            )
        return kept


_REFUSALS = ("rate_limited", "blocked", "bad_key", "key_in_use", "error")


def _scripted(fault: Fault) -> StripeError:
    message = f"Scripted by the sandbox: {fault.kind}."
    if fault.kind == "rate_limited":
        return StripeError(message, status=429, code="rate_limit")
    if fault.kind == "bad_key":
        return StripeError(message, status=401)
    if fault.kind == "key_in_use":
        return StripeError(
            message, status=409, type_="idempotency_error", code="idempotency_key_in_use"
        )
    if fault.kind == "blocked":
        return StripeError(message, status=403, code=fault.code)
    return StripeError(message, code=fault.code)


def _server_error(message: str) -> Json:
    return StripeError(message, status=500, type_="api_error").body


def _json(status: int, body: Json, *, replayed: bool = False) -> JSONResponse:
    headers = {"Request-Id": new_id("req", 14), "Stripe-Version": API_VERSION}
    if replayed:
        headers["Idempotent-Replayed"] = "true"
    return JSONResponse(body, status_code=status, headers=headers)
