"""The reference in a browser: Swagger UI on `/docs`, and every error code on `/docs/errors`.

The pages load nothing from other hosts. Swagger UI's files come with the package `fastapi-offline`, of which
nothing else is used.
"""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from html import escape
from http import HTTPStatus
from importlib.resources import files
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from app.api.http.error_codes import error_codes
from app.api.http.problems import ErrorCode

_FILES: Final = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon.png": "image/png",
}
_API_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
"""Swagger UI sets styles on its elements."""


def _text(name: str) -> str:
    return (files("app.api.http") / "data" / name).read_text(encoding="utf-8")


_API_PAGE: Final = _text("api.html")
_START: Final = _text("start.js")
_STYLE: Final = _text("errors.css")
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_ERRORS_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src 'self'; frame-ancestors 'none'; "
    "base-uri 'none'"
)


async def _show_api(_request: Request) -> Response:
    return HTMLResponse(_API_PAGE, headers={"Content-Security-Policy": _API_POLICY})


async def _start_script(_request: Request) -> Response:
    return Response(_START, media_type="text/javascript")


async def _file(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _FILES:
        raise HTTPException(404)
    return FileResponse(_folder() / name, media_type=_FILES[name])


@cache
def _folder() -> Path:
    # Found, not imported: the package is an application of its own.
    found = find_spec("fastapi_offline")
    if found is None or found.origin is None:
        raise RuntimeError("fastapi-offline is not installed: pip install -r requirements.txt")
    return Path(found.origin).parent / "static"


async def _show_errors(_request: Request) -> Response:
    return HTMLResponse(_errors_page(), headers={"Content-Security-Policy": _ERRORS_POLICY})


@cache
def _errors_page() -> str:
    """Return the page of every code, by status."""
    by_status = sorted(error_codes(), key=lambda error: (error.status, error.code))
    sections = (
        _section(status, list(errors))
        for status, errors in groupby(by_status, key=lambda error: error.status)
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Error codes of the Partimer API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/docs/files/favicon.png"><style>{_STYLE}</style></head><body>
<nav aria-label="Reference"><a href="/docs">The API</a></nav>
<main><h1>Error codes</h1>
<p>An error is <code>application/problem+json</code> (RFC 9457). <code>code</code> is for programs and stays;
<code>type</code> is <code>urn:partimer:problem:</code> and the code; <code>detail</code> is for people, and
its words may change. <code>request_id</code> is what support asks for.</p>
{"".join(sections)}</main></body></html>"""


def _section(status: int, errors: Sequence[ErrorCode]) -> str:
    rows = "".join(
        f'<tr id="{error.code}-{error.status}"><th scope="row"><code>{error.code}</code></th>'
        f"<td>{escape(error.title)}</td><td>{_prose(error.when)}</td><td>{_prose(error.remedy)}</td></tr>"
        for error in errors
    )
    return (
        f"<section><h2>{status} {HTTPStatus(status).phrase}</h2><table><thead><tr>"
        '<th scope="col">Code</th><th scope="col">In words</th><th scope="col">When</th>'
        f'<th scope="col">What to do</th></tr></thead><tbody>{rows}</tbody></table></section>'
    )


def _prose(text: str) -> str:
    """Return `text` as HTML, with backticks as code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))


ROUTES: Final = (
    Route("/docs", _show_api),
    Route("/docs/start.js", _start_script),
    Route("/docs/errors", _show_errors),
    Route("/docs/files/{name}", _file),
)
