"""Stripe's HTTP API: who calls, with which parameters, and once only for each idempotency key."""

import base64
import binascii
import hashlib
import hmac
import json
import logging
import time

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox import faults
from sandbox.config import SandboxConfig
from sandbox.deliver import Deliverer
from sandbox.faults import Fault
from sandbox.problem import Problem, body_of
from sandbox.silence import BrokenAnswer, NoAnswer
from sandbox.store import Json, Store, dumps, loads
from sandbox.stripe import params as p
from sandbox.stripe.account import Account
from sandbox.stripe.errors import StripeError
from sandbox.stripe.events import API_VERSION
from sandbox.stripe.objects import new_id

IDEMPOTENCY_SECONDS = 24 * 3600.0

#: What a scripted fault does to the answer of a writing call.
CALL_FAULTS = {
    "timeout_after_accept": "done, and the answer never comes",
    "drop_after_accept": "done, and the connection breaks before the answer",
    "timeout": "not done, and no answer comes",
    "http_500": "not done, 500; the answer is kept for its idempotency key, as Stripe does",
    "http_500_after_accept": "done, and 500; kept for its idempotency key",
    "html_502": "not done, an HTML page and 502",
    "html_404": "not done, a proxy's HTML page and 404",
    "bad_key": "not done, 401: the key is wrong",
    "rate_limited": "not done, 429",
    "blocked": "not done, 403: the key may not do this",
    "error": "not done, 400 with `code`",
}
#: What a scripted fault does to the answer of a reading call (GET).
READ_FAULTS = {
    "read_timeout": "no answer comes to a GET",
    "read_http_500": "a GET is answered by 500",
    "read_html_404": "a GET is answered by a proxy's HTML page and 404",
    "read_bad_key": "a GET is answered by 401: the key is wrong",
    "read_blocked": "a GET is answered by 403: the key may not do this",
}
#: These concern the card that is charged next, not the call that does it.
CARD_FAULTS = {
    "card_declined": "the next saved card is declined (`code`: the decline code)",
    "authentication_required": "the next saved card needs its owner",
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
        fingerprint = _fingerprint(request.method, path, params)
        if key is not None:
            kept = self._kept(key, fingerprint)
            if kept is not None:
                return _json(kept[0], kept[1], replayed=True)
        fault = faults.take(self._store, "stripe", "call")
        kind = fault.kind if fault else None
        if kind == "timeout":
            return NoAnswer(self._config.hang_seconds)
        if kind in _PAGES:
            return _page(kind)
        status, body = self._outcome(request.method, path, params, fault, key, fingerprint)
        self._deliverer.wake("stripe")
        if status == 200:
            self._store.note("checkout" if "checkout" in path else "stripe", f"POST /v1/{path}")
        if kind == "timeout_after_accept":
            return NoAnswer(self._config.hang_seconds)
        if kind == "drop_after_accept":
            return BrokenAnswer()
        return _json(status, body)

    def _read(self, path: str, params: Json) -> ASGIApp:
        fault = faults.take(self._store, "stripe", "read")
        kind = fault.kind.removeprefix("read_") if fault else None
        if kind == "timeout":
            return NoAnswer(self._config.hang_seconds)
        if kind in _PAGES:
            return _page(kind)
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
        fingerprint: str,
    ) -> tuple[int, Json]:
        """Do it, and keep what an idempotency key must give again, in one transaction."""
        kind = fault.kind if fault else None
        if fault is not None and kind in ("rate_limited", "blocked", "bad_key", "error"):
            raise _scripted(fault)
        with self._store.write() as db:
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
                db.execute(
                    "INSERT INTO stripe_answers VALUES (?, ?, ?, ?, ?)"
                    " ON CONFLICT (key) DO UPDATE SET request = excluded.request,"
                    " status = excluded.status, body = excluded.body, at = excluded.at",
                    (key, fingerprint, status, dumps(body), time.time()),
                )
        return status, body

    def _do(self, method: str, path: str, params: Json) -> Json:
        expand = params.pop("expand", [])
        if not isinstance(expand, list):
            raise StripeError("Invalid array: expand", param="expand")
        answer = self._account.answer(method, path, params)
        return self._account.objects.shown(answer, expand)

    def _kept(self, key: str, fingerprint: str) -> tuple[int, Json] | None:
        """The answer kept for this key. Raises StripeError for another request's key."""
        if len(key) > 255:
            raise StripeError("Idempotency keys are at most 255 characters.")
        row = self._store.db.execute(
            "SELECT * FROM stripe_answers WHERE key = ? AND at > ?",
            (key, time.time() - IDEMPOTENCY_SECONDS),
        ).fetchone()
        if row is None:
            return None
        if row["request"] != fingerprint:
            raise StripeError(
                "Keys for idempotent requests can only be used with the same parameters they were"
                f" first used with. Try using a key other than '{key}' if you meant to execute a"
                " different request.",
                type_="idempotency_error",
            )
        return row["status"], loads(row["body"])


_PAGES = {
    "html_502": (502, "<html><body><h1>502 Bad Gateway</h1></body></html>"),
    "html_404": (404, "<html><body><h1>404 Not Found</h1></body></html>"),
}
"""What comes of a proxy between us and Stripe."""


def _page(kind: str) -> Response:
    status, page = _PAGES[kind]
    return Response(page, status, media_type="text/html")


def _scripted(fault: Fault) -> StripeError:
    message = f"Scripted by the sandbox: {fault.kind}."
    if fault.kind == "rate_limited":
        return StripeError(message, status=429, code="rate_limit")
    if fault.kind == "bad_key":
        return StripeError(message, status=401)
    if fault.kind == "blocked":
        return StripeError(message, status=403, code=fault.code)
    return StripeError(message, code=fault.code)


def _server_error(message: str) -> Json:
    return StripeError(message, status=500, type_="api_error").body


def _fingerprint(method: str, path: str, params: Json) -> str:
    canonical = json.dumps([method, path, params], sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _json(status: int, body: Json, *, replayed: bool = False) -> JSONResponse:
    headers = {"Request-Id": new_id("req", 14), "Stripe-Version": API_VERSION}
    if replayed:
        headers["Idempotent-Replayed"] = "true"
    return JSONResponse(body, status_code=status, headers=headers)
