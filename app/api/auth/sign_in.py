"""Sign-in, its tokens and who is signed in: `/api/auth`."""

import datetime as dt
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, status
from fastapi import Request as HttpRequest
from fastapi.exceptions import RequestValidationError
from pydantic import Discriminator, Field, StringConstraints, Tag
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api.auth.passwords import Password
from app.api.auth.phones import limit_phone, read_phone
from app.api.http.dependencies import (
    Address,
    Enrolling,
    Now,
    Read,
    Route,
    Rt,
    Write,
    limit_subject,
    limited,
    writing,
)
from app.api.http.problems import problems
from app.core.schema import (
    Instant,
    Line,
    PhoneText,
    RequestModel,
    ResponseModel,
    Secret,
)
from app.employers import code_sign_in
from app.employers.code_sign_in import SeveralAccounts
from app.identity import sign_in, sign_in_throttle, users
from app.identity.models import Role, UserStatus
from app.identity.sessions import SessionEnded, SessionsDown
from app.identity.sign_in import AccountSuspended, InvalidCredentials, SignedIn
from app.identity.tokens import Claims
from app.runtime import Runtime
from app.workers.quiet_hours import note_sign_in


class _AuthRoute(Route):
    """A route whose errors name the field alone, without the role a sign-in was read as."""

    def get_route_handler(self) -> Callable[[HttpRequest], Coroutine[Any, Any, Response]]:
        """Return the handler."""
        handle = super().get_route_handler()

        async def name_fields(request: HttpRequest) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                raise RequestValidationError([_untagged(item) for item in error.errors()]) from None

        return name_fields


def _untagged(item: dict[str, Any]) -> dict[str, Any]:
    source, *path = item["loc"]
    if item["type"] in {"union_tag_invalid", "union_tag_not_found"}:
        return item | {"loc": (source, "role"), "msg": "Sign in as worker, employer or admin."}
    if path and path[0] in _SHAPES:
        path = path[1:]
    return item | {"loc": (source, *path)}


_BY_CODE = "by_code"
_BY_PASSWORD = "by_password"
_SHAPES = frozenset({Role.WORKER.value, _BY_CODE, _BY_PASSWORD})

router = APIRouter(prefix="/api/auth", tags=["auth"], route_class=_AuthRoute)


class WorkerLogin(RequestModel):
    """A worker signs in with the code that came by WhatsApp."""

    role: Literal["worker"] = Field(description="As whom to sign in.")
    phone: PhoneText = Field(description="Phone that the code went to.", examples=["+919876543210"])
    code: Annotated[str, StringConstraints(min_length=1, max_length=16, strict=True)] = Field(
        description="The six digits that came.", examples=["123456"]
    )


class EmployerLogin(RequestModel):
    """An employer signs in with the code that came by WhatsApp to the company's proven phone."""

    role: Literal["employer"] = Field(description="As whom to sign in.")
    phone: PhoneText = Field(description="Phone that the code went to.", examples=["+919876543210"])
    code: Annotated[str, StringConstraints(min_length=1, max_length=16, strict=True)] = Field(
        description="The six digits that came.", examples=["123456"]
    )
    employer_id: UUID | None = Field(
        default=None, description="Which company, where the phone belongs to several."
    )
    totp: Annotated[str, StringConstraints(max_length=16, strict=True)] | None = Field(
        default=None, description="Six digits of the second factor, where one is set up."
    )


class PasswordLogin(RequestModel):
    """An employer or administrator signs in; `totp` where a second factor is set up."""

    role: Literal["employer", "admin"] = Field(description="As whom to sign in.")
    email: Line = Field(
        description="E-mail address of the account.", examples=["owner@example.com"]
    )
    password: Password = Field(
        description="The password, as typed.", examples=["a long password of your own"]
    )
    totp: Annotated[str, StringConstraints(max_length=16, strict=True)] | None = Field(
        default=None, description="Six digits of the second factor, where one is set up."
    )


def _shape(body: object) -> str | None:
    """Return which sign-in a body is meant to be; None for no role that exists."""
    if not isinstance(body, dict):
        return _BY_PASSWORD  # whose error says that it is no object
    match body.get("role"):
        case Role.WORKER:
            return Role.WORKER
        case Role.EMPLOYER if "phone" in body or "code" in body:
            return _BY_CODE
        case Role.EMPLOYER | Role.ADMIN:
            return _BY_PASSWORD
        case _:
            return None


Login = Annotated[
    Annotated[WorkerLogin, Tag(Role.WORKER)]
    | Annotated[EmployerLogin, Tag(_BY_CODE)]
    | Annotated[PasswordLogin, Tag(_BY_PASSWORD)],
    Discriminator(_shape),
]


class Refresh(RequestModel):
    """A refresh token, good once."""

    refresh_token: Secret = Field(
        description="The refresh token of the last answer; it is good once.",
        examples=["the refresh token of the last answer"],
    )


class SignedInUser(ResponseModel):
    """Who signed in."""

    id: UUID = Field(description="Id of the account.")
    role: Role = Field(description="Role of the account.")
    status: UserStatus = Field(description="Where the account stands.")
    name: str = Field(description="Name of the person.")


class Tokens(ResponseModel):
    """An access token for every request, and a refresh token for the next pair."""

    access_token: str = Field(description="Token for the header `Authorization: Bearer …`.")
    token_type: Literal["bearer"] = Field(default="bearer", description="Kind of the access token.")
    expires_in: int = Field(description="Seconds until the access token is too old.")
    refresh_token: str = Field(description="Token for the next pair; it is good once.")
    user: SignedInUser = Field(description="The account that signed in.")


class Me(ResponseModel):
    """Who is signed in."""

    id: UUID = Field(description="Id of the account.")
    role: Role = Field(description="Role of the account.")
    status: UserStatus = Field(description="Where the account stands.")
    name: str = Field(description="Name of the person.")
    email: str | None = Field(description="E-mail address; null for who signs in by phone.")
    phone: str | None = Field(description="Phone in E.164; null when there is none.")
    created_at: Instant = Field(description="When the account was made (UTC).")


def _tokens(signed_in: SignedIn, runtime: Runtime, now: dt.datetime) -> Tokens:
    claims = Claims(
        user_id=signed_in.user_id,
        session_id=signed_in.session.session_id,
        role=signed_in.role,
        version=signed_in.version,
    )
    return Tokens(
        access_token=runtime.tokens.issue(claims, now),
        expires_in=runtime.tokens.lifetime_seconds,
        refresh_token=signed_in.session.refresh_token,
        user=SignedInUser.from_rows(signed_in, id=signed_in.user_id),
    )


@router.post(
    "/login",
    dependencies=[limited("login")],
    responses=problems(InvalidCredentials, AccountSuspended, SeveralAccounts, SessionsDown),
)
async def login_user(
    body: Login,
    runtime: Rt,
    address: Address,
    now: Now,
) -> Tokens:
    """Sign in: a worker or employer by phone and code, an employer or administrator by e-mail and password.

    An employer's phone has to be proven: the company was opened from it in the chat, or a mailed code came
    from it. Where it belongs to several companies, 409 `several_accounts` lists them, and the same code is
    good with `employer_id`. Unknown and wrong are answered alike. Only the right code or password learns that the account is
    suspended (403 `account_suspended`).
    """
    if isinstance(body, WorkerLogin | EmployerLogin):
        phone = read_phone(body.phone, runtime)
        await limit_phone(runtime, "login:phone_here", phone, address)
        subject = users.index_of_phone(runtime.keyring, phone)
        async with writing(runtime) as session:
            if runtime.limiter.enabled:
                await sign_in_throttle.require_no_wait(session, subject, address, now=now)
            try:
                signed_in = await _with_code(session, runtime, body, phone, now, address)
                if isinstance(body, WorkerLogin):
                    await note_sign_in(session, signed_in.user_id, now)
            except InvalidCredentials:
                await sign_in_throttle.record_failure(session, subject, address, now=now)
                raise
        return _tokens(signed_in, runtime, now)
    email = body.email.lower()
    account = sign_in_throttle.account_key(runtime.keyring, body.role, email)
    await limit_subject(runtime, "login:account_here", f"{account} {address}")
    if runtime.limiter.enabled:
        # An attempt that can't be counted is refused before the slow check of the password.
        async with writing(runtime, sign_in_throttle.COUNT_TIMEOUT_SECONDS) as counting:
            await sign_in_throttle.count_attempt(counting, account, address, now=now)
    async with runtime.database.read() as looking:
        found = await sign_in.find_credentials(looking, Role(body.role), email)
    # Between the transactions: it takes so long that every writer would wait.
    right = await sign_in.verify_credentials(found, body.password)
    async with writing(runtime) as session:
        signed_in = await sign_in.with_password(
            session, runtime.sessions, found, body.totp, now=now, right=right, account=account
        )
        await sign_in_throttle.record_success(session, account, address, now=now)
    return _tokens(signed_in, runtime, now)


async def _with_code(
    session: AsyncSession,
    runtime: Runtime,
    body: WorkerLogin | EmployerLogin,
    phone: str,
    now: dt.datetime,
    address: str,
) -> SignedIn:
    if isinstance(body, WorkerLogin):
        return await sign_in.with_code(
            session, runtime.sessions, phone, body.code, now=now, address=address
        )
    return await code_sign_in.with_code(
        session,
        runtime.sessions,
        phone,
        body.code,
        now=now,
        employer_id=body.employer_id,
        totp_code=body.totp,
        address=address,
    )


@router.post(
    "/refresh",
    dependencies=[limited("refresh")],
    responses=problems(SessionEnded, SessionsDown, AccountSuspended),
)
async def refresh_tokens(body: Refresh, session: Write, runtime: Rt, now: Now) -> Tokens:
    """Exchange a refresh token for a new pair; one that was used before ends the whole session."""
    signed_in = await sign_in.refresh(session, runtime.sessions, body.refresh_token, now=now)
    return _tokens(signed_in, runtime, now)


@router.get("/me")
async def get_me(session: Read, actor: Enrolling) -> Me:
    """Who is signed in."""
    user = await users.get_user(session, actor.user_id)
    contact = {"email": users.email_of(session, user), "phone": users.phone_of(session, user)}
    return Me.from_rows(user, status=actor.status, **contact)


@router.post("/logout", status_code=status.HTTP_204_NO_CONTENT)
async def logout_user(session: Write, runtime: Rt, actor: Enrolling) -> None:
    """End this session: its tokens are dead from the next request on, in every process."""
    if actor.session_id is not None:
        await runtime.sessions.end(session, actor.session_id)
