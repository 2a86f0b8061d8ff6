"""The route of a page: checks its form, gives the cookies, and answers errors with a page in words."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.api.http.dependencies import Route
from app.api.http.problems import RETRY_AFTER_SECONDS, status_of
from app.core.errors import DomainError
from app.core.logging import logger
from app.database import faults
from app.web.forms import FormRefused, TypedForm, describe_error
from app.web.site import SeeOther, has_words, page, words
from app.web.visitors import (
    FactorNeeded,
    FormForged,
    SignInNeeded,
    Visitor,
    add_cookies,
    check_form,
    spoken_language,
    visitor_of,
)

_SAFE: Final = frozenset({"GET", "HEAD"})
_SIGN_IN_AGAIN: Final = "/signin?done=session_over"


def is_by_script(request: Request) -> bool:
    """Whether a script of an open page asks, for a part of it: a whole page is never what it wants."""
    asks_events = "text/event-stream" in request.headers.get("accept", "")
    return request.headers.get("hx-request") == "true" or asks_events


class PageRoute(Route):
    """A route that answers people."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            response = await _answer(request, handle)
            add_cookies(request, response)
            return response

        return answer


async def _answer(
    request: Request, handle: Callable[[Request], Coroutine[Any, Any, Response]]
) -> Response:
    try:
        if request.method not in _SAFE:
            await check_form(request)
        return await handle(request)
    except FormRefused as refused:
        return refused.response
    except SignInNeeded:
        if (await visitor_of(request)).actor is not None:
            # Signed in, for other pages: the sign-in would lead straight back here.
            return await error_page(request, 403, "wrong_role")
        typed = await _typed_here(request)
        return await _session_over(request, typed) if typed else _to_sign_in(request)
    except FactorNeeded:
        factor = "/console/second-factor"
        return _away_to(factor, 403) if is_by_script(request) else SeeOther(factor)
    except RequestValidationError:
        return await error_page(request, 404, "not_found")
    except DomainError as error:
        visitor = await visitor_of(request)
        _, said, _ = describe_error(error, visitor.language)
        typed = await _typed_here(request) if isinstance(error, FormForged) else []
        if typed and visitor.actor is None:
            return await _session_over(request, typed)
        return await error_page(request, status_of(type(error)), error.reason, said, typed)
    except Exception as error:
        if not faults.is_outage(error):
            raise
        logger().error("page_failed", exc_info=error)
        return _away(request)


async def _typed_here(request: Request) -> list[str]:
    """Return the words that were typed into a form of this site, to be copied: its page's session is over by now.

    Of a form that another site has sent nothing is shown: its words would pass for ours.
    """
    if request.method in _SAFE or request.headers.get("sec-fetch-site") != "same-origin":
        return []
    form = await TypedForm.read(request)
    words_of = (form.shown(name) for name in form.values if not name.startswith("was_"))
    return [each for each in words_of if " " in each.strip()]


async def _session_over(request: Request, typed: Sequence[str]) -> Response:
    """Say that the session is over, and show what was typed."""
    said = words((await visitor_of(request)).language, "done.session_over")
    return await error_page(request, 401, "session_over", said, typed)


def _away(request: Request) -> Response:
    """Return the page for when the database or the cache does not answer; it needs neither."""
    visitor = request.scope.get("partimer.visitor") or Visitor(spoken_language(request), "")
    key = "error.maybe_done" if faults.something_committed() else "error.away"
    said = words(visitor.language, key)
    guest = Visitor(visitor.language, "")
    response = page(request, guest, "error.html", status=503, said=said, code="away", typed=())
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return _kept_out(request, response)


def _kept_out(request: Request, response: Response) -> Response:
    """Return the page of an error so that a script leaves what its own page shows as it is."""
    if is_by_script(request):
        response.headers["HX-Reswap"] = "none"
    return response


def _to_sign_in(request: Request) -> Response:
    """Lead to the page for signing in, and from there back to where somebody wanted to go."""
    if is_by_script(request):
        if "stays" in request.query_params:
            # Somebody may be typing there: the page tells it, and keeps what was typed.
            return Response(
                status_code=401, headers={"HX-Reswap": "none", "Cache-Control": "no-store"}
            )
        return _away_to(_SIGN_IN_AGAIN, 401)
    back = request.url.path if request.method in _SAFE else ""
    if request.url.query and back:
        back += f"?{request.url.query}"
    return SeeOther(f"/signin?next={quote(back)}" if back else _SIGN_IN_AGAIN)


def _away_to(page_path: str, status: int) -> Response:
    """Tell a script to leave its page: a redirect it would follow itself, and show a whole page in a part of its own."""
    return Response(
        status_code=status, headers={"HX-Redirect": page_path, "Cache-Control": "no-store"}
    )


async def error_page(
    request: Request, status: int, code: str, said: str = "", typed: Sequence[str] = ()
) -> Response:
    """Return the page of an error; `typed` is what somebody wrote and did not get sent."""
    visitor = await visitor_of(request)
    key = f"error.{code}"
    if not said:
        said = words(visitor.language, key if has_words(visitor.language, key) else "error.other")
    shown = page(request, visitor, "error.html", status=status, said=said, code=code, typed=typed)
    return _kept_out(request, shown)


def install(app: FastAPI) -> None:
    """Answer an address that does not exist with a page, for who reads pages; programs get what they got."""
    before = app.exception_handlers[HTTPException]

    async def answer(request: Request, error: Exception) -> Response:
        wants_page = "text/html" in request.headers.get("accept", "")
        path = request.url.path
        status = getattr(error, "status_code", 500)
        if not wants_page or status != 404 or path.startswith(("/api/", "/sandbox/")):
            found: Response = await before(request, error)  # type: ignore[misc]
            return found
        response = await error_page(request, status, "not_found")
        add_cookies(request, response)
        return response

    app.add_exception_handler(HTTPException, answer)
