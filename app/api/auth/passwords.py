"""Passwords forgotten, reset and changed: `/api/auth/password`."""

import datetime as dt
from typing import Annotated, Literal

from fastapi import APIRouter, status
from pydantic import Field, StringConstraints

from app.api.http.dependencies import (
    Address,
    AnyActorApart,
    Now,
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
from app.core.schema import (
    Line,
    RequestModel,
    ResponseModel,
    Secret,
)
from app.identity import password_reset, passwords, sign_in_throttle, users
from app.identity.actor import Actor
from app.identity.models import Role
from app.identity.password_reset import PasswordChanged, PasswordOwner, ResetTokenInvalid
from app.runtime import Runtime

router = APIRouter(prefix="/api/auth/password", tags=["auth"], route_class=Route)


Password = Annotated[str, StringConstraints(min_length=1, max_length=1_024, strict=True)]
"""As typed; `identity.passwords` checks its strength."""


class ForgotPassword(RequestModel):
    """Somebody who forgot their password."""

    email: Line = Field(
        description="E-mail address of the account.", examples=["owner@example.com"]
    )


class ResetPassword(RequestModel):
    """The token of the link that was sent, and the new password."""

    token: Secret = Field(
        description="The token of the link that was sent.", examples=["the token of the link"]
    )
    password: Password = Field(
        description=f"The new password, {passwords.MINIMUM_CHARACTERS} characters or more.",
        examples=["a long password of your own"],
    )


class ChangePassword(RequestModel):
    """The password now, and the new one."""

    current_password: Password = Field(
        description="The password now.", examples=["a long password of your own"]
    )
    password: Password = Field(
        description=f"The new password, {passwords.MINIMUM_CHARACTERS} characters or more.",
        examples=["another long password of your own"],
    )


class ResetSent(ResponseModel):
    """A link is on its way, if there is such an account; the answer never tells."""

    status: Literal["reset_sent"] = Field(
        default="reset_sent",
        description="Always the same, whether or not there is such an account.",
    )
    expires_in: int = Field(description="Seconds until the link is too old.", examples=[1800])


class WrongPassword(Invalid):
    """The current password is another one."""

    code = "wrong_password"
    remedy = "Ask the person for the current password again."


async def _limit_email(runtime: Runtime, limit: str, email: str, address: str) -> None:
    """Count against `limit` of this mailbox, from this address and then from all."""
    subject = runtime.keyring.index(email, "email")
    await limit_subject(runtime, f"{limit}_here", f"{subject} {address}")
    await limit_subject(runtime, limit, subject)


@router.post(
    "/forgot",
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
    await password_reset.request(session, email, now=now)
    return ResetSent(expires_in=seconds)


@router.post(
    "/reset",
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
        owner = await password_reset.get_token_owner(looking, token, now=now)
    passwords.require_acceptable(password, field="password", personal=owner.personal)
    password_hash = await passwords.hash_password(password)
    async with writing(runtime) as session:
        await password_reset.set_by_token(session, runtime.sessions, token, password_hash, now=now)
        # Who reads the account's mail is its owner, and not kept out by strangers' guesses.
        account = sign_in_throttle.account_key(runtime.keyring, owner.role, owner.email)
        await sign_in_throttle.record_success(session, account, address, now=now)


def require_password_account(actor: Actor) -> None:
    """Raise `WrongRole` for a worker, who signs in by codes."""
    if actor.role is Role.WORKER:
        raise WrongRole


async def check_current_password(runtime: Runtime, actor: Actor, password: str) -> PasswordOwner:
    """Return the account of a right password. Raises `WrongPassword`."""
    async with runtime.database.read() as session:
        owner = await password_reset.get_owner(session, actor.user_id)
    if not await passwords.verify_password(password, owner.password_hash):
        raise WrongPassword.field("current_password", "This is not your current password.")
    return owner


@router.post(
    "/change",
    status_code=status.HTTP_204_NO_CONTENT,
    dependencies=[limited("password")],
    responses=problems(WrongPassword, WrongRole, PasswordChanged),
)
async def change_password(
    body: ChangePassword, actor: AnyActorApart, runtime: Rt, now: Now
) -> None:
    """Set a new password; every other session of the account ends, this one stays."""
    require_password_account(actor)
    await limit_subject(runtime, "password_change:account", str(actor.user_id))
    owner = await check_current_password(runtime, actor, body.current_password)
    passwords.require_acceptable(body.password, field="password", personal=owner.personal)
    password_hash = await passwords.hash_password(body.password)
    async with writing(runtime) as session:
        await password_reset.change(
            session, runtime.sessions, owner, password_hash, actor.session_id, now=now
        )
