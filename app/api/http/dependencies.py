"""What every route is made of: its transaction, the time, who asks, limits and idempotency."""

import datetime as dt
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, Header, Query, Request
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api.http import idempotency
from app.api.http.fast_path import PrefixRoute
from app.api.http.rate_limits import LIMITS, address_key
from app.core.errors import DomainError, Forbidden, Unauthenticated
from app.core.paging import DEFAULT_LIMIT, MAX_LIMIT, PageRequest
from app.identity import access
from app.identity.actor import Actor
from app.identity.models import Role
from app.identity.permissions import Permission, may
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


# The framework solves dependencies anew for every request, at a price for each: those that nearly every
# request has ask for the request only, and take the rest from it.


def runtime_of(request: Request) -> Runtime:
    """Return the running process, where a route has no dependencies because it has to be quick."""
    runtime: Runtime = request.app.state.runtime
    return runtime


async def _runtime(request: Request) -> Runtime:
    return runtime_of(request)


Rt = Annotated[Runtime, Depends(_runtime)]
"""The running process: settings, database, clock, providers."""


async def _now(request: Request) -> dt.datetime:
    return runtime_of(request).clock()


Now = Annotated[dt.datetime, Depends(_now)]
"""This request's instant, aware and in UTC."""


@asynccontextmanager
async def writing(
    runtime: Runtime, wait_seconds: float | None = None
) -> AsyncIterator[AsyncSession]:
    """Open a transaction as a request has it: an error rolls back, unless its class says that what
    was written has to stay (`DomainError.keeps_changes`).

    For routes with slow work that must not hold a transaction: on SQLite it keeps every writer waiting.
    There it waits for its turn itself, at most `wait_seconds`.
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
    """Open this request's one transaction; its `Route` commits it before the answer is sent.

    A safe method only reads. What an error does to it, see `writing`.
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
"""Whoever is signed in, also an administrator who has to set up a second factor before anything else."""


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
"""As `Enrolling`, checked in a transaction of its own that is over when the route begins."""


def _require_second_factor(request: Request, actor: Actor) -> None:
    lacking = actor.role is Role.ADMIN and not actor.has_second_factor
    if lacking and runtime_of(request).settings.requires_second_factor:
        raise SecondFactorRequired


AnyActor = Annotated[Actor, Depends(_signed_in)]
"""Whoever is signed in."""

AnyActorApart = Annotated[Actor, Depends(_signed_in_apart)]
"""Whoever is signed in, checked in a transaction of its own that is over when the route begins."""


class Permitted:
    """The dependency that lets in who is granted `permission`; the role matrix reads it off a route."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    async def __call__(self, actor: AnyActor) -> Actor:
        """Return who asks. Raises `WrongRole`."""
        return self.checked(actor)

    def checked(self, actor: Actor) -> Actor:
        """Return `actor` if the permission is theirs. Raises `WrongRole`."""
        if not may(actor.role, self.permission, actor.admin_role):
            raise NotGranted if actor.role is Role.ADMIN else WrongRole
        return actor


class PermittedApart(Permitted):
    """The same, checked in a transaction of its own that is over when the route begins."""

    async def __call__(self, actor: AnyActorApart) -> Actor:
        """Return who asks. Raises `WrongRole`."""
        return self.checked(actor)


WorkerActor = Annotated[Actor, Depends(Permitted(Permission.BE_WORKER))]
EmployerActor = Annotated[Actor, Depends(Permitted(Permission.BE_EMPLOYER))]
JobOwnerOrAdmin = Annotated[Actor, Depends(Permitted(Permission.TRIGGER_MATCHING))]
EmployerActorApart = Annotated[Actor, Depends(PermittedApart(Permission.BE_EMPLOYER))]
"""The employer, checked in a transaction of its own: for routes that call a provider in between."""
AdminActorApart = Annotated[Actor, Depends(PermittedApart(Permission.ADMINISTER))]
"""An owner, checked in a transaction of its own; other permissions of administrators are in `admin_access`."""


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
"""What counts as the address that asks."""


def limited(name: str) -> Any:
    """Return the dependency that counts this request's address against the limit `name:address`."""

    async def count(address: Address, runtime: Rt) -> None:
        key = f"{name}:address"
        await runtime.limiter.hit(key, LIMITS[key], address)

    return Depends(count)


async def limit_subject(runtime: Runtime, name: str, subject: str) -> None:
    """Count one hit of an account or phone (its blind index) against `name`, such as "code:phone".

    Raises `TooMany`.
    """
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
    if idempotency_key is not None:
        print_ = await idempotency.fingerprint(request)
        owner = str(actor.user_id)
        request.state.claim = await idempotency.claim(session, owner, idempotency_key, print_, now)


async def _once_for_nobody(
    request: Request,
    session: Transaction,
    address: Address,
    now: Now,
    idempotency_key: KeyHeader = None,
) -> None:
    if idempotency_key is not None:
        owner = f"address:{address}"
        print_ = await idempotency.fingerprint(request)
        request.state.claim = await idempotency.claim(session, owner, idempotency_key, print_, now)


Once = Annotated[None, Depends(_once)]
"""Make `Idempotency-Key` work on this route, for the signed-in user."""
OnceForNobody = Annotated[None, Depends(_once_for_nobody)]
"""Make `Idempotency-Key` work on a route that needs no sign-in, for the client's address."""


_STACK = "partimer.stack"
"""Where in a request's scope stands what its route has to close."""


def operation_id(route: APIRoute) -> str:
    """Return `tag_verb_noun` (`employers_publish_job`): a route's function is named verb and noun."""
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
        """Return the handler that replays a kept answer, or keeps this one."""
        handle = super().get_route_handler()

        async def in_transaction(request: Request) -> Response:
            async with AsyncExitStack() as stack:
                request.scope[_STACK] = stack
                try:
                    response = await handle(request)
                except idempotency.Replayed as replayed:
                    return replayed.response
                held: idempotency.Claim | None = getattr(request.state, "claim", None)
                if held is not None:
                    await idempotency.keep(request.state.session, held, response)
                return response

        return in_transaction
