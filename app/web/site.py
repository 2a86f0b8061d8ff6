"""One page: a template in the visitor's language, with the headers that keep other people's scripts out."""

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from app.api.http.dependencies import runtime_of
from app.core.ids import new_id
from app.core.languages import languages
from app.core.phones import whatsapp_url
from app.core.settings import Settings
from app.identity.models import Role
from app.identity.permissions import Permission, may
from app.texts import catalogue
from app.texts.formatting import FILTERS, FormatContext
from app.web.visitors import Visitor

_HERE: Final = Path(__file__).parent
_STATIC: Final = {
    "style.css": "text/css",
    "site.js": "text/javascript",
    "week.js": "text/javascript",
    "place.js": "text/javascript",
    "live.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
_PARTS: Final = {"live.js": ("htmx.min.js", "hx-sse.min.js")}
"""Files that are served as one: htmx 4 starts in a task of its own, and an extension that comes later misses it."""
_YEAR: Final = 31_536_000
WAITING: Final = "partimer.waiting"
"""Where a request of the console keeps how many people wait for a person."""

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:{tiles}; connect-src 'self'; "
    "form-action 'self'{paying}; frame-ancestors 'none'; base-uri 'none'"
)
_PAYING: Final = " https:"
"""A form may lead to the payment provider's page, whose host differs by country; the sandbox's is our own."""


@cache
def _static(name: str) -> bytes:
    parts = _PARTS.get(name, (name,))
    return b"\n".join((_HERE / "static" / part).read_bytes() for part in parts)


@cache
def _address(name: str) -> str:
    """Return the address of a file, which changes with the file."""
    return f"/static/{name}?v={hashlib.sha256(_static(name)).hexdigest()[:12]}"


async def _file(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _STATIC:
        raise HTTPException(404)
    headers = {"Cache-Control": f"public, max-age={_YEAR}, immutable"}
    return Response(_static(name), media_type=_STATIC[name], headers=headers)


_PORTAL: Final = (
    ("/overview", "nav.overview"),
    ("/jobs", "nav.jobs"),
    ("/payments", "nav.payments"),
    ("/balance", "nav.balance"),
    ("/invoices", "nav.invoices"),
    ("/company", "nav.company"),
    ("/team", "nav.team"),
)
_CONSOLE: Final = (
    ("/console", "console.title", Permission.READ_STATS),
    ("/console/waiting", "console.waiting", Permission.READ_CONVERSATIONS),
    ("/console/review", "console.review", Permission.READ_JOBS),
    ("/console/companies", "console.companies", Permission.READ_PEOPLE),
    ("/console/lists/workers", "console.list.workers", Permission.READ_PEOPLE),
    ("/console/lists/reports", "console.list.reports", Permission.READ_MONEY),
    ("/console/money", "console.money", Permission.READ_MONEY),
    ("/console/market", "console.market", Permission.READ_STATS),
    ("/console/bulk/new", "console.bulk", Permission.ACT_IN_BULK),
    ("/console/team", "console.list.team", Permission.MANAGE_ADMINS),
    ("/console/settings", "console.settings", Permission.READ_SETTINGS),
)


def _navigation(visitor: Visitor) -> Sequence[tuple[str, str]]:
    """Return the pages that the head of each page leads to: of an administrator, those of their role."""
    actor = visitor.actor
    if actor is None or actor.role is Role.WORKER:
        return ()
    if actor.role is Role.EMPLOYER:
        return _PORTAL
    return [
        (path, key) for path, key, needs in _CONSOLE if may(actor.role, needs, actor.admin_role)
    ]


ROUTES: Final = (Route("/static/{name}", _file),)


def reads(
    visitor: Visitor, request: Request, params: Mapping[str, Any] | None = None
) -> FormatContext:
    """Return in whose language, zone and year values of a page are said."""
    return catalogue.format_context(visitor.language, params, runtime_of(request).clock())


def words(language: str, key: str, reader: FormatContext | None = None, **params: Any) -> str:
    """Return the text `key` of the pages, its values filled in. Raises KeyError for an unknown one."""
    text = catalogue.get_catalogue(language).web[key]
    if not params:
        return text
    reader = reader or catalogue.format_context(language, params)
    filled = FormatContext(reader.language, reader.locale, reader.words, reader.now, params)
    return catalogue.fill(text, filled)


def has_words(language: str, key: str) -> bool:
    """Whether the pages have this text."""
    return key in catalogue.get_catalogue(language).web


@pass_context
def _t(context: Context, key: str, **params: Any) -> str:
    return words(context["language"], key, context["reader"], **params)


@pass_context
def _lines(context: Context, key: str, **params: Any) -> Markup:
    """Return a text as paragraphs: a blank line begins the next, one that begins with a dash is an item."""
    blocks = [block.splitlines() for block in _t(context, key, **params).strip().split("\n\n")]
    made = Markup()
    for lines in blocks:
        if all(line.startswith("- ") for line in lines):
            items = Markup().join(Markup("<li>{}</li>").format(line[2:]) for line in lines)
            made += Markup("<ul>{}</ul>").format(items)
        elif lines[0].startswith("## "):
            made += Markup("<h2>{}</h2>").format(lines[0][3:])
        else:
            made += Markup("<p>{}</p>").format("\n".join(lines))
    return made


@pass_context
def _say_or(context: Context, key: str, otherwise: str) -> str:
    """Return the text `key`, or what a program calls it where there is none."""
    language = context["language"]
    return words(language, key) if has_words(language, key) else otherwise.replace("_", " ")


def _filter(name: str) -> Any:
    say = FILTERS[name]

    @pass_context
    def said(context: Context, value: Any, **params: Any) -> str:
        plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
        if isinstance(plain, Sequence) and not isinstance(plain, str):
            plain = [
                each.model_dump(mode="json") if isinstance(each, BaseModel) else each
                for each in plain
            ]
        reader: FormatContext = context["reader"]
        filled = FormatContext(reader.language, reader.locale, reader.words, reader.now, params)
        return say(plain, filled)

    return said


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {f"say_{name}": _filter(name) for name in FILTERS}
    made.globals |= {
        "t": _t,
        "say_or": _say_or,
        "lines": _lines,
        "static": _address,
        "languages": languages(),
        "language_names": {code: catalogue.get_catalogue(code).name for code in languages()},
    }
    return made


def _values(request: Request, visitor: Visitor) -> dict[str, Any]:
    """Return what every template may use."""
    return {
        "navigation": _navigation(visitor),
        "is_console": visitor.role is Role.ADMIN,
        "people_waiting": request.scope.get(WAITING),
        "path": request.url.path,
        "actor": visitor.actor,
        "rights": visitor.rights,
        "language": visitor.language,
        "reader": reads(visitor, request),
        "form_token": visitor.form_token,
        "once": str(new_id()),
        "done": _done(request, visitor),
        "chat_link": chat_link(runtime_of(request).settings),
    }


def fragment(request: Request, visitor: Visitor, template: str, **values: Any) -> str:
    """Return a part of a page."""
    made = _environment().get_template(template)
    return made.render(_values(request, visitor) | {"once": ""} | values)


def page(
    request: Request,
    visitor: Visitor,
    template: str,
    *,
    status: int = 200,
    leads_away: bool = False,
    asks_place: bool = False,
    **values: Any,
) -> Response:
    """Return a page. With `leads_away` its forms may redirect to another host; `asks_place` lets it ask the browser."""
    html = _environment().get_template(template).render(_values(request, visitor) | values)
    settings = runtime_of(request).settings
    tiles = values.get("map") and settings.map_tile_origin
    paying = f"{_PAYING} {settings.base_url}" if settings.serves_sandbox else _PAYING
    headers = {
        "Content-Security-Policy": _POLICY.format(
            paying=paying if leads_away else "", tiles=f" {tiles}" if tiles else ""
        ),
        "Cache-Control": "no-store",
        "Vary": "Accept, Cookie, Accept-Language",
    }
    if asks_place:
        headers["Permissions-Policy"] = "geolocation=(self), camera=(), microphone=()"
    return HTMLResponse(html, status, headers)


def chat_link(settings: Settings) -> str:
    """Return the address that opens our chat on a phone; in development the phones of the sandbox; else ""."""
    if settings.whatsapp_number_shown:
        return whatsapp_url(settings.whatsapp_number_shown)
    return "/sandbox/" if settings.serves_sandbox else ""


def _done(request: Request, visitor: Visitor) -> str:
    """Return what was just done, told by the address that a form led to; "" for an address of somebody else's making."""
    key = f"done.{request.query_params.get('done', '')[:40]}"
    return words(visitor.language, key) if has_words(visitor.language, key) else ""


class SeeOther(Response):
    """Leads to another page after a form; its body is that page's address, so that a repeat can be led there, too."""

    def __init__(self, to: str) -> None:
        # Quoted: an address may come from a visitor, and a line break in it would begin another header.
        there = quote(to, safe=":/%#?=@[]!$&'()*+,;")
        super().__init__(there.encode(), 303, {"Location": there, "Cache-Control": "no-store"})
