"""Errors over HTTP as problem+json (RFC 9457): the one mapping of error classes to statuses."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import asyncpg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Match

from app.core import errors
from app.core.logging import logger
from app.database import faults

MEDIA_TYPE = "application/problem+json"

_STATUS: Mapping[type[errors.DomainError], int] = {
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.PaymentRequired: 402,
    errors.Forbidden: 403,
    errors.Unauthenticated: 401,
    errors.TooMany: 429,
    errors.Unavailable: 503,
    errors.Invalid: 422,
}

RETRY_AFTER_SECONDS: Final = 5
"""After which a part that is down is worth another try."""

_UNCHANGED: Final = "Nothing was changed."
_MAY_BE_CHANGED: Final = "Part of it may be done: look before you repeat it."

_SEND_OTHERWISE = "Send another request: the same one is refused again."

_HTTP_CODES = {
    400: ("malformed_request", "The request can't be read: check the JSON and the headers."),
    404: ("not_found", "There is no such address; check how it is spelled."),
    405: ("method_not_allowed", "This address does not answer this method; see the Allow header."),
    413: ("body_too_large", "The body is too large; send less at once."),
    415: ("unsupported_media_type", "Send JSON, with Content-Type: application/json."),
}


@dataclass(frozen=True)
class ErrorCode:
    """One `code`: its HTTP status, when it is answered, and what a program does about it."""

    code: str
    status: int
    when: str
    remedy: str

    @property
    def title(self) -> str:
        """The code in words."""
        return self.code.replace("_", " ").capitalize()


EDGE_CODES = (
    *(
        ErrorCode(code, status, detail, _SEND_OTHERWISE)
        for status, (code, detail) in _HTTP_CODES.items()
    ),
    ErrorCode(
        "http_error", 400, "HTTP itself refuses the request; the status says why.", _SEND_OTHERWISE
    ),
    ErrorCode("unknown_host", 400, "The host name is not this server's.", _SEND_OTHERWISE),
    ErrorCode("headers_too_large", 431, "The headers are too large.", _SEND_OTHERWISE),
    ErrorCode("too_slow", 408, "The body did not come in time.", "Send it again, all at once."),
    ErrorCode("overloaded", 503, "Too many requests came at once.", errors.Unavailable.remedy),
    ErrorCode(
        "database_unavailable", 503, "The database does not answer.", errors.Unavailable.remedy
    ),
    ErrorCode("cache_unavailable", 503, "The cache does not answer.", errors.Unavailable.remedy),
    ErrorCode(
        "internal_error", 500, "Something went wrong on our side.", errors.DomainError.remedy
    ),
)
"""Codes of responses that no `DomainError` causes."""


class ProblemField(BaseModel):
    """One field that can't be accepted."""

    field: str = Field(
        examples=["slots.0.start"],
        description="Dotted path of the field; empty for the body as a whole.",
    )
    message: str = Field(description="What is wrong with it, for a person.")


class ProblemReason(BaseModel):
    """One reason why a job's text is held."""

    code: str = Field(examples=["fee"], description="What was found, one word.")
    text: str = Field(description="In the reader's language.")
    field: str = Field(
        examples=["description"], description="Field of the job in which it was found."
    )
    sentence: str = Field(description="The sentence itself.")


class Problem(BaseModel):
    """What went wrong; `code` is stable, for programs, and `detail` says what to do next."""

    type: str = Field(
        examples=["urn:partimer:problem:not_found"],
        description="Stable name of the problem as a URN, with the same word as `code`.",
    )
    title: str = Field(description="Phrase of the HTTP status.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What happened and what to do next, for a person.")
    code: str = Field(description="Stable word for programs.")
    request_id: str = Field(description="Id of the request, as in the header `X-Request-ID`.")
    errors: list[ProblemField] | None = Field(
        default=None, description="For 422: every field that can't be accepted."
    )
    reasons: list[ProblemReason] | None = Field(
        default=None, description="For a job that is held: every sentence that has to be looked at."
    )


def problem(
    request_id: str,
    status: int,
    code: str,
    detail: str,
    *,
    fields: list[dict[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Response:
    """Return the problem+json response."""
    body: dict[str, Any] = {
        "type": f"urn:partimer:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id,
        **(extra or {}),
    }
    if fields is not None:
        body["errors"] = fields
    return JSONResponse(body, status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


CODES = "x-codes"
"""Extension of OpenAPI: the codes that a response may have."""


def problems(*refusals: int | type[errors.DomainError]) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route that may raise these errors; a status stands for its plain error.

    The document adds the errors of every route, and those of every route with sign-in.
    """
    answers: dict[int | str, dict[str, Any]] = {}
    by_status = {status: kind for kind, status in _STATUS.items()}
    for refusal in refusals:
        error = by_status[refusal] if isinstance(refusal, int) else refusal
        status = status_of(error)
        none: dict[str, Any] = {"description": HTTPStatus(status).phrase, CODES: []}
        answers.setdefault(status, none)[CODES].extend(codes_of(error))
    return answers


def codes_of(error: type[errors.DomainError]) -> tuple[str, ...]:
    """Return the codes that errors of a class can have."""
    return tuple(error.other_codes) or (error.code,)


def status_of(error: type[errors.DomainError]) -> int:
    """Return the HTTP status of an error class."""
    for kind in error.__mro__:
        if kind in _STATUS:
            return _STATUS[kind]
    return 500


def _id(request: Request) -> str:
    return str(getattr(request.state, "request_id", ""))


async def _domain_error(request: Request, error: errors.DomainError) -> Response:
    status = status_of(type(error))
    headers: dict[str, str] = {}
    fields = None
    if isinstance(error, errors.Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, errors.TooMany):
        headers["Retry-After"] = str(error.retry_after_seconds)
    if isinstance(error, errors.Unavailable):
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if isinstance(error, errors.Invalid):
        fields = [{"field": e.field, "message": e.message} for e in error.errors]
    return problem(
        _id(request),
        status,
        error.reason,
        error.message,
        fields=fields,
        headers=headers,
        extra=error.data,
    )


def _path(location: tuple[int | str, ...]) -> str:
    """Return the dotted path of a field, without the first word (body, query)."""
    return ".".join(str(part) for part in location[1:])


def _message(item: Mapping[str, Any]) -> str:
    """Return what is wrong with one field, for a person."""
    if item["loc"] == ("body",):
        return "Send a JSON object, with Content-Type: application/json."
    if item["type"] == "extra_forbidden":
        return "There is no such field."
    text: str = item["msg"].removeprefix("Value error, ")
    return text


async def _invalid(request: Request, error: RequestValidationError) -> Response:
    found = error.errors()
    if any(item["type"] == "json_invalid" for item in found):
        fields = [{"field": "", "message": "The body is not valid JSON."}]
    else:
        fields = [{"field": _path(item["loc"]), "message": _message(item)} for item in found]
    detail = errors.Invalid.detail
    return problem(_id(request), 422, errors.Invalid.code, detail, fields=fields)


async def _http(request: Request, error: HTTPException) -> Response:
    code, detail = _HTTP_CODES.get(
        error.status_code, ("http_error", HTTPStatus(error.status_code).phrase)
    )
    headers = error.headers
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers = {"Allow": _allowed(request)}
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=headers)
    return problem(_id(request), error.status_code, code, detail, headers=headers)


def _allowed(request: Request) -> str:
    """Return the methods of all routes of the request's path."""
    allowed = {"OPTIONS"}
    for route in request.app.routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            allowed |= getattr(route, "methods", None) or set()
    if "GET" in allowed:
        allowed.add("HEAD")
    return ", ".join(sorted(allowed))


def _what_changed() -> str:
    """Return what is known about the changes of the failed request."""
    return _MAY_BE_CHANGED if faults.something_committed() else _UNCHANGED


async def _failed(request: Request, error: Exception) -> Response:
    """Answer 503 when the database or the cache is down, and 500 for a fault of ours."""
    if not faults.is_outage(error):
        return await _unexpected(request, error)
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    if isinstance(error, RedisError):
        logger().error("cache_failed", exc_info=error)
        detail = f"The cache does not answer right now. {_what_changed()} Try again shortly."
        return problem(_id(request), 503, "cache_unavailable", detail, headers=headers)
    logger().error("database_failed", exc_info=error)
    detail = f"The database does not answer right now. {_what_changed()} Try again shortly."
    return problem(_id(request), 503, "database_unavailable", detail, headers=headers)


async def _unexpected(request: Request, error: Exception) -> Response:
    logger().error("unexpected_error", exc_info=error)
    detail = f"Something went wrong on our side. {_what_changed()} Quote request_id to support."
    return problem(_id(request), 500, "internal_error", detail)


def install(app: FastAPI) -> None:
    """Turn every error of `app` into a problem+json response."""
    app.exception_handler(errors.DomainError)(_domain_error)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(HTTPException)(_http)
    # Each class by name: Starlette raises what only `Exception` catches once more, for the server to print.
    for kind in (
        SQLAlchemyError,
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
        asyncpg.InternalClientError,
        RedisError,
        OSError,
    ):
        app.add_exception_handler(kind, _failed)
    app.add_exception_handler(Exception, _unexpected)
