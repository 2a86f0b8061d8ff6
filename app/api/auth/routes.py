"""Registration, sign-in and passwords: `/api/auth`."""

import datetime as dt
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, status
from fastapi import Request as HttpRequest
from fastapi.exceptions import RequestValidationError
from starlette.responses import Response

from app.api.auth.bodies import (
    ChangePassword,
    CodeSent,
    ForgotPassword,
    Me,
    PasswordLogin,
    Refresh,
    RegisterEmployer,
    RegisterWorker,
    RequestCode,
    ResetPassword,
    ResetSent,
    SignedInUser,
    Tokens,
    WorkerLogin,
)
from app.api.auth.email_link import send_link
from app.api.employers.profile import EmployerProfile, profile_answer
from app.api.http.dependencies import (
    Address,
    AnyActorApart,
    Enrolling,
    Now,
    OnceForNobody,
    Read,
    Route,
    Rt,
    Write,
    WrongRole,
    limit_subject,
    limited,
    writing,
)
from app.api.http.problems import problems
from app.core.errors import Invalid
from app.core.phones import PhoneNotSupported, check_company_phone, parse_phone
from app.employers import registration as employer_registration
from app.employers.registration import NewEmployer
from app.identity import password_reset, passwords, sign_in, sign_in_throttle, users
from app.identity.codes import CodeRules, CodesExhausted
from app.identity.models import Role
from app.identity.password_reset import PasswordChanged, ResetTokenInvalid
from app.identity.sessions import SessionEnded, SessionsDown
from app.identity.sign_in import AccountSuspended, InvalidCredentials, SignedIn
from app.identity.tokens import Claims
from app.identity.users import EmailTaken
from app.runtime import Runtime
from app.workers import registration as worker_registration


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
    if path and path[0] in _ROLES:
        path = path[1:]
    return item | {"loc": (source, *path)}


_ROLES = frozenset(Role)

router = APIRouter(prefix="/api/auth", tags=["auth"], route_class=_AuthRoute)


class WrongPassword(Invalid):
    """The current password is another one."""

    code = "wrong_password"
    remedy = "Ask the person for the current password again."


def _phone(text: str, runtime: Runtime) -> str:
    try:
        return parse_phone(text, runtime.settings.default_country)
    except ValueError as error:
        raise Invalid.field("phone", str(error)) from None


def _code_rules(runtime: Runtime) -> CodeRules:
    return CodeRules(runtime.settings.codes_per_day, runtime.settings.phone_countries)


async def _limit_phone(runtime: Runtime, limit: str, phone: str, address: str) -> None:
    """Count against `limit` of this phone from this address, such as "code:phone_here"."""
    subject = users.index_of_phone(runtime.keyring, phone)
    await limit_subject(runtime, limit, f"{subject} {address}")


async def _limit_codes(runtime: Runtime, phone: str, address: str) -> None:
    await _limit_phone(runtime, "code:phone_here", phone, address)
    await limit_subject(runtime, "code:phone", users.index_of_phone(runtime.keyring, phone))


async def _limit_email(runtime: Runtime, limit: str, email: str, address: str) -> None:
    """Count against `limit` of this mailbox, from this address and then from all."""
    subject = runtime.keyring.index(email, "email")
    await limit_subject(runtime, f"{limit}_here", f"{subject} {address}")
    await limit_subject(runtime, limit, subject)


def _code_sent(expires_at: dt.datetime, now: dt.datetime) -> CodeSent:
    return CodeSent(expires_in=int((expires_at - now).total_seconds()))


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
        user=SignedInUser(
            id=signed_in.user_id,
            role=signed_in.role,
            status=signed_in.status,
            name=signed_in.name,
        ),
    )


@router.post(
    "/register/worker",
    status_code=status.HTTP_202_ACCEPTED,
    dependencies=[limited("code")],
    responses=problems(CodesExhausted, PhoneNotSupported, worker_registration.UnknownPlace),
)
async def register_worker(
    body: RegisterWorker,
    session: Write,
    runtime: Rt,
    address: Address,
    now: Now,
    _: OnceForNobody,
) -> CodeSent:
    """Register a worker; a code goes to the phone, and signing in with it proves the phone.

    The answer is the same whether or not the phone is known. A known phone gets a sign-in code and its
    account is not changed.
    """
    phone = _phone(body.phone, runtime)
    await _limit_codes(runtime, phone, address)
    country = runtime.settings.default_country
    expires_at = await worker_registration.register(
        session, body.new(phone), _code_rules(runtime), country, now, address
    )
    return _code_sent(expires_at, now)


@router.post(
    "/otp",
    status_code=status.HTTP_202_ACCEPTED,
    dependencies=[limited("code")],
    responses=problems(CodesExhausted, PhoneNotSupported),
)
async def request_code(
    body: RequestCode, session: Write, runtime: Rt, address: Address, now: Now, _: OnceForNobody
) -> CodeSent:
    """Send a sign-in code by WhatsApp to a known phone; the answer is the same for an unknown one."""
    phone = _phone(body.phone, runtime)
    await _limit_codes(runtime, phone, address)
    rules = _code_rules(runtime)
    expires_at = await worker_registration.request_code(session, phone, rules, now, address)
    return _code_sent(expires_at, now)


async def _new_employer(body: RegisterEmployer, runtime: Rt) -> NewEmployer:
    """Return who registers, the password hashed: before the transaction, which hashing would hold up."""
    email = users.parse_email(body.email)
    phone = _phone(body.phone, runtime) if body.phone is not None else None
    if phone is not None:
        check_company_phone(phone)
    personal = (email, body.company_name, body.contact_name)
    passwords.require_acceptable(body.password, field="password", personal=personal)
    return body.new(email, phone, await passwords.hash_password(body.password))


@router.post(
    "/register/employer",
    status_code=status.HTTP_201_CREATED,
    dependencies=[limited("register_employer")],
    responses=problems(EmailTaken, PhoneNotSupported),
)
async def register_employer(
    new: Annotated[NewEmployer, Depends(_new_employer)],
    session: Write,
    runtime: Rt,
    now: Now,
    _: OnceForNobody,
) -> EmployerProfile:
    """Register an employer; sign in with the e-mail address and password then.

    A link to confirm the address is sent to it; nothing waits for that, unless the policy says so.
    """
    user, employer = await employer_registration.register(session, new, now)
    await send_link(session, runtime, user.id, now)
    return profile_answer(session, user, employer)


@router.post(
    "/login",
    dependencies=[limited("login")],
    responses=problems(InvalidCredentials, AccountSuspended, SessionsDown),
)
async def login_user(
    body: Annotated[WorkerLogin | PasswordLogin, Body(discriminator="role")],
    runtime: Rt,
    address: Address,
    now: Now,
) -> Tokens:
    """Sign in: a worker by phone and code, an employer or administrator by e-mail and password.

    Unknown and wrong are answered alike. Only the right code or password learns that the account is
    suspended (403 `account_suspended`).
    """
    if isinstance(body, WorkerLogin):
        phone = _phone(body.phone, runtime)
        await _limit_phone(runtime, "login:phone_here", phone, address)
        subject = users.index_of_phone(runtime.keyring, phone)
        async with writing(runtime) as session:
            if runtime.limiter.enabled:
                await sign_in_throttle.require_no_wait(session, subject, address, now)
            try:
                signed_in = await sign_in.with_code(
                    session, runtime.sessions, phone, body.code, now, address
                )
            except InvalidCredentials:
                await sign_in_throttle.record_failure(session, subject, address, now)
                raise
        return _tokens(signed_in, runtime, now)
    email = body.email.lower()
    account = sign_in_throttle.account_key(runtime.keyring, body.role, email)
    await limit_subject(runtime, "login:account_here", f"{account} {address}")
    if runtime.limiter.enabled:
        # Who can't be counted is not judged: they are told so before anything slow is done for them.
        async with writing(runtime, sign_in_throttle.COUNT_TIMEOUT_SECONDS) as counting:
            await sign_in_throttle.count_attempt(counting, account, address, now)
    async with runtime.database.read() as looking:
        found = await sign_in.find_credentials(looking, Role(body.role), email)
    # Between the transactions, because it takes long enough to hold up everybody who writes.
    right = await sign_in.verify_credentials(found, body.password)
    async with writing(runtime) as session:
        signed_in = await sign_in.with_password(
            session, runtime.sessions, found, body.totp, now, right=right, account=account
        )
        await sign_in_throttle.record_success(session, account, address, now)
    return _tokens(signed_in, runtime, now)


@router.post(
    "/refresh",
    dependencies=[limited("refresh")],
    responses=problems(SessionEnded, SessionsDown, AccountSuspended),
)
async def refresh_tokens(body: Refresh, session: Write, runtime: Rt, now: Now) -> Tokens:
    """Exchange a refresh token for a new pair; one that was used before ends the whole session."""
    signed_in = await sign_in.refresh(session, runtime.sessions, body.refresh_token, now)
    return _tokens(signed_in, runtime, now)


@router.get("/me")
async def get_me(session: Read, actor: Enrolling) -> Me:
    """Who is signed in."""
    user = await users.get_user(session, actor.user_id)
    return Me(
        id=user.id,
        role=actor.role,
        status=actor.status,
        name=user.name,
        email=users.email_of(session, user),
        phone=users.phone_of(session, user),
        created_at=user.created_at,
    )


@router.post("/logout", status_code=status.HTTP_204_NO_CONTENT)
async def logout_user(session: Write, runtime: Rt, actor: Enrolling) -> None:
    """End this session: its tokens are dead from the next request on, in every process."""
    if actor.session_id is not None:
        await runtime.sessions.end(session, actor.session_id)


@router.post(
    "/password/forgot",
    status_code=status.HTTP_202_ACCEPTED,
    dependencies=[limited("password")],
    responses=problems(),
)
async def request_password_reset(
    body: ForgotPassword, session: Write, runtime: Rt, address: Address, now: Now
) -> ResetSent:
    """Send a link to set a new password, if there is such an account; the answer never tells."""
    email = users.parse_email(body.email)
    await _limit_email(runtime, "password:account", email, address)
    seconds = int(password_reset.LIFETIME.total_seconds())
    await password_reset.request(session, email, now)
    return ResetSent(expires_in=seconds)


@router.post(
    "/password/reset",
    status_code=status.HTTP_204_NO_CONTENT,
    dependencies=[limited("password")],
    responses=problems(ResetTokenInvalid, PasswordChanged),
)
async def reset_password(body: ResetPassword, runtime: Rt, address: Address, now: Now) -> None:
    """Set a new password by the link that was sent; every session of the account ends."""
    await set_password(runtime, body.token, body.password, address, now)


async def set_password(
    runtime: Runtime, token: str, password: str, address: str, now: dt.datetime
) -> None:
    """Use a link to set a new password at a network address, which is known from then on.

    Raises `ResetTokenInvalid`, `Invalid`, `PasswordChanged`.
    """
    async with runtime.database.read() as looking:
        owner = await password_reset.get_token_owner(looking, token, now)
    passwords.require_acceptable(password, field="password", personal=owner.personal)
    password_hash = await passwords.hash_password(password)
    async with writing(runtime) as session:
        await password_reset.set_by_token(session, runtime.sessions, token, password_hash, now)
        # Who reads the account's mail is its owner, and not kept out by strangers' guesses.
        account = sign_in_throttle.account_key(runtime.keyring, owner.role, owner.email)
        await sign_in_throttle.record_success(session, account, address, now)


@router.post(
    "/password/change",
    status_code=status.HTTP_204_NO_CONTENT,
    dependencies=[limited("password")],
    responses=problems(WrongPassword, WrongRole, PasswordChanged),
)
async def change_password(
    body: ChangePassword, actor: AnyActorApart, runtime: Rt, now: Now
) -> None:
    """Set a new password; every other session of the account ends, this one stays."""
    if actor.role is Role.WORKER:
        raise WrongRole
    await limit_subject(runtime, "password_change:account", str(actor.user_id))
    async with runtime.database.read() as looking:
        owner = await password_reset.get_owner(looking, actor.user_id)
    if not await passwords.verify_password(body.current_password, owner.password_hash):
        raise WrongPassword.field("current_password", "This is not your current password.")
    passwords.require_acceptable(body.password, field="password", personal=owner.personal)
    password_hash = await passwords.hash_password(body.password)
    async with writing(runtime) as session:
        await password_reset.change(
            session, runtime.sessions, owner, password_hash, actor.session_id, now
        )
