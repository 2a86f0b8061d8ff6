"""FastAPI dependencies of routes: transaction, time, actor, permission, rate limits, idempotency."""

import datetime as dt
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, Header, Query, Request
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api.http import idempotency, unreadable_bodies
from app.api.http.fast_path import PrefixRoute
from app.api.http.idempotency import claim_request
from app.api.http.rate_limits import LIMITS, address_key
from app.core.errors import DomainError, Forbidden, Unauthenticated
from app.core.paging import DEFAULT_LIMIT, MAX_LIMIT, PageRequest
from app.identity import access
from app.identity.actor import Actor
from app.identity.kept_answers import OF_ADDRESS
from app.identity.models import Role
from app.identity.permissions import GRANTS, Permission, may
from app.identity.second_factor import SecondFactorRequired
from app.runtime import Runtime

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_bearer = HTTPBearer(auto_error=False, description="The access token of POST /api/auth/login.")


class WrongRole(Forbidden):
    """These routes belong to another role."""

    code = "wrong_role"
    detail = "This address is for another role; sign in with an account of that role."
    remedy = "Sign in with an account of the role that the address is for."


class NotGranted(WrongRole):
    """An administrator whose role does not include this."""

    detail = "Your administrator role does not include this; ask an owner."


class NotOfTeamRole(WrongRole):
    """A member of a company's team whose role does not include this."""

    detail = "Your role in the company's team does not include this; ask an owner of the company."


# FastAPI resolves each dependency anew for every request, which costs time. Those that nearly every request
# has depend on the request only, and take the rest from it.


def runtime_of(request: Request) -> Runtime:
    """Return the process's parts, for routes and dependencies that take the request only."""
    runtime: Runtime = request.app.state.runtime
    return runtime


async def _runtime(request: Request) -> Runtime:
    return runtime_of(request)


Rt = Annotated[Runtime, Depends(_runtime)]
"""The process's parts: settings, database, clock, providers."""


async def _now(request: Request) -> dt.datetime:
    return runtime_of(request).clock()


Now = Annotated[dt.datetime, Depends(_now)]
"""This request's instant, aware and in UTC."""


@asynccontextmanager
async def writing(
    runtime: Runtime, wait_seconds: float | None = None
) -> AsyncIterator[AsyncSession]:
    """Open a transaction; an error rolls it back, unless the error's class has `keeps_changes`.

    For routes with slow work, which do it outside any transaction: on SQLite one keeps all other writers
    waiting. On SQLite it waits for earlier writers at most `wait_seconds`.
    """
    kept: DomainError | None = None
    async with runtime.database.begin(wait_seconds) as session:
        try:
            yield session
        except DomainError as error:
            if not error.keeps_changes:
                raise
            kept = error
    if kept is not None:
        raise kept


async def transaction(request: Request) -> AsyncSession:
    """Open this request's transaction (`writing`); a safe method only reads.

    The request's `Route` commits it before the response is sent.
    """
    stack: AsyncExitStack = request.scope[_STACK]
    runtime = runtime_of(request)
    if request.method in _SAFE:
        return await stack.enter_async_context(runtime.database.read())
    session = await stack.enter_async_context(writing(runtime))
    request.state.session = session
    return session


Transaction = Annotated[AsyncSession, Depends(transaction)]
Read = Transaction
"""The request's transaction, in a route that only reads (GET)."""
Write = Transaction
"""The request's transaction, in a route that changes something."""


async def _authenticate(
    request: Request,
    session: AsyncSession,
    credentials: HTTPAuthorizationCredentials | None,
    now: dt.datetime,
) -> Actor:
    if credentials is None:
        raise Unauthenticated
    runtime = runtime_of(request)
    actor = await access.authenticate(
        session, runtime.sessions, runtime.tokens, credentials.credentials, now=now
    )
    if request.method not in _SAFE:
        await limit_subject(runtime, "write:account", str(actor.user_id))
    return actor


_Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


async def _signed_in_at_all(
    request: Request, session: Transaction, credentials: _Credentials, now: Now
) -> Actor:
    return await _authenticate(request, session, credentials, now)


Enrolling = Annotated[Actor, Depends(_signed_in_at_all)]
"""Whoever is signed in, even an administrator who still has to set up a second factor."""


async def _signed_in(
    request: Request, session: Transaction, credentials: _Credentials, now: Now
) -> Actor:
    # Not by way of `Enrolling`: nearly every request would pay for one dependency more.
    actor = await _authenticate(request, session, credentials, now)
    _require_second_factor(request, actor)
    return actor


async def _signed_in_apart(request: Request, credentials: _Credentials, now: Now) -> Actor:
    async with runtime_of(request).database.read() as session:
        actor = await _authenticate(request, session, credentials, now)
    _require_second_factor(request, actor)
    return actor


async def _enrolling_apart(request: Request, credentials: _Credentials, now: Now) -> Actor:
    async with runtime_of(request).database.read() as session:
        return await _authenticate(request, session, credentials, now)


EnrollingApart = Annotated[Actor, Depends(_enrolling_apart)]
"""As `Enrolling`, checked in a transaction of its own that ends before the route begins."""


def _require_second_factor(request: Request, actor: Actor) -> None:
    lacking = actor.role is Role.ADMIN and not actor.has_second_factor
    if lacking and runtime_of(request).settings.requires_second_factor:
        raise SecondFactorRequired


AnyActor = Annotated[Actor, Depends(_signed_in)]
"""Whoever is signed in."""

AnyActorApart = Annotated[Actor, Depends(_signed_in_apart)]
"""As `AnyActor`, checked in a transaction of its own that ends before the route begins."""


class Permitted:
    """The dependency that requires `permission`; the tests' role matrix reads it off each route."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    async def __call__(self, actor: AnyActor) -> Actor:
        """Return the actor. Raises `WrongRole`."""
        return self.checked(actor)

    def checked(self, actor: Actor) -> Actor:
        """Return `actor` if they have the permission. Raises `WrongRole`."""
        if not may(actor.role, self.permission, actor.admin_role, actor.team_role):
            raise self._refusal(actor)
        return actor

    def _refusal(self, actor: Actor) -> WrongRole:
        if actor.role is Role.ADMIN:
            return NotGranted()
        of_employers = Role.EMPLOYER in GRANTS[self.permission]
        return NotOfTeamRole() if actor.role is Role.EMPLOYER and of_employers else WrongRole()


class PermittedApart(Permitted):
    """As `Permitted`, checked in a transaction of its own that ends before the route begins."""

    async def __call__(self, actor: AnyActorApart) -> Actor:
        """Return the actor. Raises `WrongRole`."""
        return self.checked(actor)


WorkerActor = Annotated[Actor, Depends(Permitted(Permission.BE_WORKER))]
EmployerActor = Annotated[Actor, Depends(Permitted(Permission.BE_EMPLOYER))]
"""Anybody of a company's team; the routes that change something take one of the next."""
JobPoster = Annotated[Actor, Depends(Permitted(Permission.POST_JOBS))]
LeadBuyer = Annotated[Actor, Depends(Permitted(Permission.BUY_LEADS))]
CompanyOwner = Annotated[Actor, Depends(Permitted(Permission.MANAGE_COMPANY))]
JobOwnerOrAdmin = Annotated[Actor, Depends(Permitted(Permission.TRIGGER_MATCHING))]
EmployerActorApart = Annotated[Actor, Depends(PermittedApart(Permission.BE_EMPLOYER))]
"""For routes that call a provider between their transactions."""
JobPosterApart = Annotated[Actor, Depends(PermittedApart(Permission.POST_JOBS))]
LeadBuyerApart = Annotated[Actor, Depends(PermittedApart(Permission.BUY_LEADS))]
CompanyOwnerApart = Annotated[Actor, Depends(PermittedApart(Permission.MANAGE_COMPANY))]
AdminActorApart = Annotated[Actor, Depends(PermittedApart(Permission.ADMINISTER))]
"""Owners only; `app.api.admin.access` has the other permissions of administrators."""


async def _page(
    limit: Annotated[
        int, Query(ge=1, le=MAX_LIMIT, description="Most entries of a page.")
    ] = DEFAULT_LIMIT,
    cursor: Annotated[
        str | None,
        Query(
            max_length=1_024,
            description="The `next_cursor` of the page before; left out, the first page.",
        ),
    ] = None,
) -> PageRequest:
    return PageRequest(limit, cursor)


PageQuery = Annotated[PageRequest, Depends(_page)]
"""Which page of a list: `?limit=` and `?cursor=`."""


def _address(request: Request) -> str:
    return address_key(request.client.host if request.client else None)


Address = Annotated[str, Depends(_address)]
"""The client's address, as rate limits count it."""


def limited(name: str) -> Any:
    """Return the dependency that counts the client's address against the limit `name:address`."""

    async def count(address: Address, runtime: Rt) -> None:
        key = f"{name}:address"
        await runtime.limiter.hit(key, LIMITS[key], address)

    return Depends(count)


async def limit_subject(runtime: Runtime, name: str, subject: str) -> None:
    """Count one hit of an account or phone (its keyed hash) against a limit. Raises `TooMany`."""
    await runtime.limiter.hit(name, LIMITS[name], subject)


KeyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="The same key and body replays the first answer for 24 hours.",
    ),
]


async def _once(
    request: Request,
    session: Transaction,
    actor: AnyActor,
    now: Now,
    idempotency_key: KeyHeader = None,
) -> None:
    owner = str(actor.user_id)
    request.state.claim = await claim_request(request, session, owner, idempotency_key, now)


async def _once_for_nobody(
    request: Request,
    session: Transaction,
    address: Address,
    now: Now,
    idempotency_key: KeyHeader = None,
) -> None:
    owner = f"{OF_ADDRESS}{address}"
    request.state.claim = await claim_request(request, session, owner, idempotency_key, now)


Once = Annotated[None, Depends(_once)]
"""Supports `Idempotency-Key` on this route, for the signed-in user."""
OnceForNobody = Annotated[None, Depends(_once_for_nobody)]
"""Supports `Idempotency-Key` on a route without sign-in, for the client's address."""


_STACK = "partimer.stack"
"""Key of the request's scope under which its route keeps what it has to close."""


def operation_id(route: APIRoute) -> str:
    """Return `tag_verb_noun`, such as `employers_publish_job`, from the route's function name."""
    return "_".join((*map(str, route.tags[:1]), route.name))


class Route(PrefixRoute):
    """A route that owns its request's transaction.

    It commits before the response is sent. In the same transaction it stores the response under the request's
    Idempotency-Key.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        options["generate_unique_id_function"] = operation_id
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler that replays a stored response, or stores this one."""
        handle = super().get_route_handler()

        async def in_transaction(request: Request) -> Response:
            async with AsyncExitStack() as stack:
                request.scope[_STACK] = stack
                try:
                    response = await unreadable_bodies.answer(handle, request)
                except idempotency.Replayed as replayed:
                    return replayed.response
                claimed: idempotency.Claim | None = getattr(request.state, "claim", None)
                if claimed is not None:
                    await idempotency.store(request.state.session, claimed, response)
                return response

        return in_transaction
