"""A body that is no JSON is told of only to whoever may use the route.

FastAPI reads the body before it resolves dependencies. So a stranger would be told 422 of a broken body where any
other body gets 401, and another role 422 for 403.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

Handler = Callable[[Request], Awaitable[Response]]
_PLAIN = (b"content-type", b"application/octet-stream")


async def answer(handle: Handler, request: Request) -> Response:
    """Return what `handle` answers; for a broken body the refusal of its dependencies comes first."""
    try:
        return await handle(request)
    except (RequestValidationError, HTTPException) as error:
        if not _is_broken_json(request, error):
            raise
        refusal = error
    try:
        # As bytes, which no model takes: the dependencies are resolved, and the route itself is not reached.
        return await handle(await _as_bytes(request))
    except RequestValidationError:
        raise refusal from None


def _is_broken_json(request: Request, error: RequestValidationError | HTTPException) -> bool:
    if "json" not in request.headers.get("content-type", ""):
        return False
    if isinstance(error, RequestValidationError):
        return any(each["type"] == "json_invalid" for each in error.errors())
    # Bytes that are no UTF-8, or brackets without end.
    return error.status_code == HTTPStatus.BAD_REQUEST and error.__cause__ is not None


async def _as_bytes(request: Request) -> Request:
    body = await request.body()
    headers = [each for each in request.scope["headers"] if each[0] != b"content-type"]

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request({**request.scope, "headers": [*headers, _PLAIN]}, receive)
