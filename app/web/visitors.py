"""Who looks at a page: by a cookie that names a session of the API, so that both end at once.

The cookie is sealed by the installation's keys and says which session it stands for and when it was last used. The
session itself is kept by the server (`app.identity.sessions`): signed out, suspended or changed passwords end the
pages of every browser with the next request. Forms carry a token that only the page of the same visitor has.
"""

import base64
import datetime as dt
import hmac
import json
from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Request
from starlette.responses import Response

from app.api.http.dependencies import Permitted, Rt, runtime_of
from app.core.crypto import Keyring, SealBroken, random_token
from app.core.errors import Forbidden, Unauthenticated
from app.core.languages import DEFAULT_LANGUAGE, languages
from app.identity import users
from app.identity.actor import Actor
from app.identity.models import Role
from app.identity.permissions import Permission, may
from app.identity.rules import MAY_SIGN_IN
from app.runtime import Runtime

IDLE: Final = {Role.EMPLOYER: dt.timedelta(days=14), Role.ADMIN: dt.timedelta(hours=2)}
"""After so long without a request a browser has to sign in again."""
_NOTED_EVERY: Final = dt.timedelta(minutes=5)
_BY_ITSELF: Final = ("/now", "/events")
"""Ends of the addresses that an open page asks by itself: that it lies open is no use of it."""
_CONTEXT: Final = "web-session"
_FORM_CONTEXT: Final = "web-form"
_COOKIE_DAYS: Final = 90
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})


class SignInNeeded(Unauthenticated):
    """Nobody is signed in, or somebody of another role."""


class FactorNeeded(Forbidden):
    """An administrator who has to set up a second factor first."""


class FormForged(Forbidden):
    """The form did not come from a page of ours, or from that of another session."""

    code = "form_forged"
    detail = "This form did not come from an open page of yours. Go back, load the page again and send it again."


@dataclass(frozen=True)
class WebSession:
    """What the cookie says."""

    user_id: UUID
    session_id: UUID
    role: Role
    seen_at: dt.datetime

    def sealed(self, keys: Keyring) -> str:
        """Return the cookie's value."""
        said = {
            "user": self.user_id.hex,
            "session": self.session_id.hex,
            "role": self.role.value,
            "seen": self.seen_at.isoformat(),
        }
        return base64.urlsafe_b64encode(keys.seal(json.dumps(said), _CONTEXT)).decode()

    @classmethod
    def opened(cls, text: str, keys: Keyring) -> "WebSession | None":
        """Return what a cookie says, None for one that we did not make."""
        try:
            said = json.loads(keys.open(base64.urlsafe_b64decode(text), _CONTEXT))
        except (SealBroken, ValueError):
            return None
        return cls(
            UUID(hex=said["user"]),
            UUID(hex=said["session"]),
            Role(said["role"]),
            dt.datetime.fromisoformat(said["seen"]),
        )


@dataclass(frozen=True)
class Visitor:
    """Who looks at a page, and in which language."""

    language: str
    form_token: str
    actor: Actor | None = None

    @property
    def role(self) -> Role | None:
        """The role of who is signed in."""
        return self.actor.role if self.actor else None

    @property
    def rights(self) -> frozenset[str]:
        """What an employer may do, for what a page shows; each route checks it itself."""
        actor = self.actor
        if actor is None or actor.role is not Role.EMPLOYER:
            return frozenset()
        granted = (each for each in Permission if may(actor.role, each, None, actor.team_role))
        return frozenset(each.value for each in granted)


@dataclass(frozen=True)
class _Cookie:
    name: str
    value: str
    days: int


def _is_secure(request: Request) -> bool:
    """Whether a browser keeps a cookie marked Secure: over TLS, and on its own machine."""
    host = request.headers.get("host", "").rsplit(":", 1)[0]
    return host in _LOCAL or runtime_of(request).settings.base_url.startswith("https:")


def cookie_name(request: Request, name: str) -> str:
    """Return a cookie's name; `__Host-` keeps other hosts of the domain from setting it."""
    return f"__Host-{name}" if _is_secure(request) else name


def put_cookie(request: Request, name: str, value: str, days: int = _COOKIE_DAYS) -> None:
    """Set a cookie with this request's answer; with `days` 0 delete it."""
    kept: dict[str, _Cookie] = request.scope.setdefault("partimer.cookies", {})
    kept[name] = _Cookie(cookie_name(request, name), value, days)


def add_cookies(request: Request, response: Response) -> None:
    """Give the answer the cookies that were put while it was made."""
    kept: dict[str, _Cookie] = request.scope.get("partimer.cookies", {})
    for cookie in kept.values():
        response.set_cookie(
            cookie.name,
            cookie.value,
            max_age=cookie.days * 86_400,
            path="/",
            secure=_is_secure(request),
            httponly=True,
            samesite="lax",
        )


def _read(request: Request, name: str) -> str:
    return request.cookies.get(cookie_name(request, name), "")


def begin_session(
    request: Request, user_id: UUID, session_id: UUID, role: Role, now: dt.datetime
) -> None:
    """Let this browser be signed in by a new session."""
    keys = runtime_of(request).keyring
    put_cookie(request, "session", WebSession(user_id, session_id, role, now).sealed(keys))


def end_session(request: Request) -> None:
    """Let this browser forget its session; the session itself is ended by `auth.logout_user`."""
    put_cookie(request, "session", "", 0)


async def _signed_in(request: Request, runtime: Runtime, now: dt.datetime) -> Actor | None:
    said = WebSession.opened(_read(request, "session"), runtime.keyring)
    if said is None:
        return None
    if now - said.seen_at > IDLE.get(said.role, dt.timedelta(0)):
        return None
    async with runtime.database.read() as session:
        account = await runtime.sessions.find_account(session, said.user_id, said.session_id, now)
    if account is None or account.status not in MAY_SIGN_IN or account.role is not said.role:
        return None
    if now - said.seen_at > _NOTED_EVERY and not request.url.path.endswith(_BY_ITSELF):
        begin_session(request, said.user_id, said.session_id, said.role, now)
    return Actor(
        user_id=said.user_id,
        role=account.role,
        status=account.status,
        name=account.name,
        session_id=said.session_id,
        admin_role=account.admin_role,
        has_second_factor=account.has_second_factor,
        company_id=account.company_id,
        team_role=account.team_role,
    )


async def _language(request: Request, runtime: Runtime, actor: Actor | None) -> str:
    chosen = _read(request, "language")
    if chosen in languages():
        return chosen
    if actor is not None:
        async with runtime.database.read() as session:
            kept = (await users.get_user(session, actor.user_id)).language
        # Nobody may have chosen the default, so it yields to what the browser asks for.
        if kept != DEFAULT_LANGUAGE:
            return kept
    return spoken_language(request)


def spoken_language(request: Request) -> str:
    """Return the language that the browser asks for, else the default."""
    wanted = request.headers.get("accept-language", "")[:100].lower().split(",")
    spoken = (each.split(";")[0].strip().split("-")[0] for each in wanted)
    return next((each for each in spoken if each in languages()), DEFAULT_LANGUAGE)


async def visitor_of(request: Request) -> Visitor:
    """Return who looks at this page; found once a request."""
    known: Visitor | None = request.scope.get("partimer.visitor")
    if known is not None:
        return known
    runtime = runtime_of(request)
    actor = await _signed_in(request, runtime, runtime.clock())
    if actor is not None:
        owner = str(actor.session_id)
    else:
        owner = _read(request, "visitor") or random_token()
        if not _read(request, "visitor"):
            put_cookie(request, "visitor", owner, 1)
    token = runtime.keyring.index(owner, _FORM_CONTEXT)[:32]
    visitor = Visitor(await _language(request, runtime, actor), token, actor)
    request.scope["partimer.visitor"] = visitor
    return visitor


Guest = Annotated[Visitor, Depends(visitor_of)]
"""Whoever looks at the page."""


class Portal(Permitted):
    """The dependency of a page of employers that requires `permission` of their team's role."""

    async def __call__(self, visitor: Guest) -> Actor:  # type: ignore[override]
        """Return the employer. Raises `SignInNeeded` and `WrongRole`."""
        actor = visitor.actor
        if actor is None or actor.role is not Role.EMPLOYER:
            raise SignInNeeded
        return self.checked(actor)


Employer = Annotated[Actor, Depends(Portal(Permission.BE_EMPLOYER))]
"""The employer who is signed in, of whatever role in the company's team."""
Poster = Annotated[Actor, Depends(Portal(Permission.POST_JOBS))]
Buyer = Annotated[Actor, Depends(Portal(Permission.BUY_LEADS))]
Owner = Annotated[Actor, Depends(Portal(Permission.MANAGE_COMPANY))]


class Console(Permitted):
    """The dependency of a page of administrators that requires `permission`."""

    async def __call__(self, visitor: Guest, rt: Rt) -> Actor:  # type: ignore[override]
        """Return the administrator. Raises `SignInNeeded`, `FactorNeeded` and `WrongRole`."""
        actor = visitor.actor
        if actor is None or actor.role is not Role.ADMIN:
            raise SignInNeeded
        if rt.settings.requires_second_factor and not actor.has_second_factor:
            raise FactorNeeded
        return self.checked(actor)


async def check_form(request: Request) -> None:
    """Raise `FormForged` for a form that another site, or another session's page, has sent.

    Raises `SignInNeeded` where the browser's own session is over: the page was left open too long.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in {"same-origin", "none"}:
        raise FormForged
    origin = request.headers.get("origin")
    if site is None and origin is not None and origin.split("://")[-1] != request.headers["host"]:
        raise FormForged
    visitor = await visitor_of(request)
    await request.body()  # kept, so that what was sent can be read again
    given = (await request.form()).get("form_token", "")
    if isinstance(given, str) and hmac.compare_digest(given.encode(), visitor.form_token.encode()):
        return
    if visitor.actor is None and _read(request, "session"):
        raise SignInNeeded
    raise FormForged
