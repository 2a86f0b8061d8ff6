"""Errors of the control endpoints: problem+json that says what to do differently."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from sandbox.store import dumps, read_json, readable

MAX_BODY_BYTES = 8 * 1024 * 1024


class StoredJson(JSONResponse):
    """An answer that repeats what came from outside, half characters and all: escaped."""

    def render(self, content: Any) -> bytes:
        """ASCII only."""
        return dumps(content).encode()


class Problem(Exception):
    """A control call that cannot be done; `detail` is for the person who made it."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        """`code` is a stable snake_case word."""
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail

    def response(self) -> JSONResponse:
        """RFC 9457 problem details."""
        return JSONResponse(
            {
                "type": "about:blank",
                "title": self.code.replace("_", " ").capitalize(),
                "status": self.status,
                "detail": self.detail,
                "code": self.code,
            },
            status_code=self.status,
            media_type="application/problem+json",
        )


type Endpoint = Callable[[Request], Awaitable[Response]]


def answering_problems(endpoint: Endpoint) -> Endpoint:
    """Turn a raised `Problem` into its answer."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Problem as problem:
            return problem.response()

    return answer


async def body_of(request: Request, limit: int = MAX_BODY_BYTES) -> bytes:
    """The whole body, refusing one past the limit before it is held in memory.

    Raises Problem 413 `body_too_large`.
    """
    chunks: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                raise Problem(413, "body_too_large", f"At most {limit} bytes are read.")
            chunks.append(chunk)
    except ClientDisconnect:
        raise Problem(400, "body_incomplete", "The body ended before it was complete.") from None
    return b"".join(chunks)


async def object_of(request: Request) -> dict[str, Any]:
    """The JSON object in the body (an empty body is an empty object).

    Raises Problem 422 `invalid_body`.
    """
    raw = await body_of(request)
    try:
        value = read_json(raw) if raw.strip() else {}
    except ValueError:
        raise Problem(422, "invalid_body", "The body is not JSON.") from None
    if not isinstance(value, dict):
        raise Problem(422, "invalid_body", "The body is a JSON object.")
    return value


def text_in(body: dict[str, Any], name: str, default: str | None = None) -> str:
    """A text field of a control call. Raises Problem 422 where it is missing or not text."""
    value = body.get(name, default)
    if not isinstance(value, str) or readable(value) != value:
        raise Problem(422, "invalid_body", f"`{name}` is text.")
    return value


def integer_in(body: dict[str, Any], name: str, default: int, lowest: int, highest: int) -> int:
    """A whole number within bounds. Raises Problem 422."""
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
        raise Problem(
            422, "invalid_body", f"`{name}` is a whole number from {lowest} to {highest}."
        )
    return value


async def nothing_here(request: Request) -> Response:
    """The end of the line for a control call that does not exist."""
    raise Problem(404, "no_such_control", f"There is no control {request.url.path}.")
