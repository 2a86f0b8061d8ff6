"""Pages for everybody: what this is, whether somebody is one of our companies, help, and the language."""

from typing import Annotated, Final
from urllib.parse import urlsplit

import segno
from fastapi import APIRouter, Form, Request
from starlette.responses import Response

import app as package
from app.api.health import Welcome
from app.api.http.dependencies import Rt, limited
from app.core.errors import NotFound
from app.core.languages import languages
from app.employers import checks
from app.web.forms import TypedForm
from app.web.routes import PageRoute
from app.web.site import SeeOther, chat_link, page
from app.web.visitors import Guest, put_cookie, visitor_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)
welcome_router = APIRouter(tags=["health"], route_class=PageRoute)

TOPICS: Final = ("price", "guarantee", "safety", "privacy")
"""Pages of help, in the order in which they are listed."""


@welcome_router.get(
    "/",
    response_model=Welcome,
    responses={200: {"content": {"text/html": {"schema": {"type": "string"}}}}},
)
async def get_welcome(request: Request, rt: Rt) -> Welcome | Response:
    """Say what this is; HTML for a browser."""
    links = {"health": "/health"}
    if rt.settings.serves_openapi:
        links |= {"openapi": "/openapi.json", "documentation": "/docs"}
    if rt.settings.serves_sandbox:
        links["sandbox"] = "/sandbox/"
    if "text/html" not in request.headers.get("accept", ""):
        return Welcome(name="Partimer", version=package.__version__, links=links)
    visitor = await visitor_of(request)
    shown = links if not rt.settings.is_production else {}
    to_chat = chat_link(rt.settings)
    qr = segno.make(to_chat, error="m").svg_data_uri(scale=4) if to_chat.startswith("http") else ""
    return page(request, visitor, "public/home.html", links=shown, qr=qr)


@router.get("/language/{language}")
async def choose_language(request: Request, language: str, back: str = "/") -> Response:
    """Show pages in another language from now on, and lead back."""
    if language in languages():
        put_cookie(request, "language", language)
    parts = urlsplit(back)
    inside = back.startswith("/") and not parts.netloc and not back.startswith(("//", "/\\"))
    return SeeOther(back if inside else "/")


@router.get("/check")
async def show_check(request: Request, visitor: Guest) -> Response:
    """Ask for a number or address to check."""
    return page(request, visitor, "public/check.html", form=TypedForm(), found=None)


@router.post("/check", dependencies=[limited("check")])
async def check_company(
    request: Request, visitor: Guest, rt: Rt, who: Annotated[str, Form(max_length=254)] = ""
) -> Response:
    """Say whether a number or mail address is that of a company here; nothing about people."""
    form = await TypedForm.read(request)
    async with rt.database.read() as session:
        found = await checks.find_standing(session, who.strip(), rt.settings.default_country)
    return page(request, visitor, "public/check.html", form=form, found=found)


@router.get("/help")
async def show_help(request: Request, visitor: Guest) -> Response:
    """List the pages of help."""
    return page(request, visitor, "public/help.html", topics=TOPICS)


@router.get("/help/{topic}")
async def show_topic(request: Request, visitor: Guest, topic: str) -> Response:
    """Show one page of help."""
    if topic not in TOPICS:
        raise NotFound
    return page(request, visitor, "public/topic.html", topic=topic, topics=TOPICS)
