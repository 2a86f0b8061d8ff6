"""One's own second factor: `/api/auth/second-factor`. For who signs in with a password."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field, StringConstraints

from app import audit
from app.api.auth.passwords import (
    Password,
    WrongPassword,
    check_current_password,
    require_password_account,
)
from app.api.http.dependencies import (
    Enrolling,
    EnrollingApart,
    Now,
    Read,
    Route,
    Rt,
    WrongRole,
    limit_subject,
    limited,
    writing,
)
from app.api.http.problems import problems
from app.core.schema import RequestModel, ResponseModel
from app.identity import second_factor
from app.identity.models import Role
from app.identity.second_factor import NothingToConfirm, WrongSecondFactor
from app.identity.sessions import SessionEnded

router = APIRouter(prefix="/api/auth/second-factor", tags=["auth"], route_class=Route)

Code = Annotated[str, StringConstraints(min_length=1, max_length=16, strict=True)]


class SecondFactorAnswer(ResponseModel):
    """My second factor."""

    set_up: bool = Field(description="Whether a code is asked for when I sign in.")
    required: bool = Field(description="Whether I can do nothing else before it is set up.")
    recovery_codes_left: int = Field(description="How many recovery codes are still good.")


class BeginSecondFactor(RequestModel):
    """Begin to set up a second factor, or to replace the one there is."""

    model_config = {"json_schema_extra": {"examples": [{"current_password": "a long sentence"}]}}

    current_password: Password = Field(description="My password now.")
    totp: Code | None = Field(
        default=None, description="A code of the factor there is, or a recovery code."
    )


class SecondFactorBegun(ResponseModel):
    """A secret for the authenticator app; it is shown once."""

    secret: str = Field(description="The secret in Base32, to be typed into an app.")
    otpauth_url: str = Field(description="The same as an address, to be shown as a QR code.")


class ConfirmSecondFactor(RequestModel):
    """A code of the new secret, which shows that the app has it."""

    model_config = {"json_schema_extra": {"examples": [{"code": "123456"}]}}

    code: Code = Field(description="The six digits the app shows now.")


class RecoveryCodes(ResponseModel):
    """Codes for who loses the app; shown once."""

    recovery_codes: list[str] = Field(description="Each is good once, in place of the app's code.")


@router.get("", responses=problems(WrongRole))
async def get_second_factor(session: Read, rt: Rt, actor: Enrolling) -> SecondFactorAnswer:
    """Return whether my second factor is set up."""
    require_password_account(actor)
    return SecondFactorAnswer(
        set_up=actor.has_second_factor,
        required=rt.settings.requires_second_factor and actor.role is Role.ADMIN,
        recovery_codes_left=await second_factor.count_recovery_codes(session, actor.user_id),
    )


@router.post(
    "",
    dependencies=[limited("password")],
    responses=problems(WrongPassword, WrongSecondFactor, WrongRole, SessionEnded),
)
async def set_second_factor(
    body: BeginSecondFactor, actor: EnrollingApart, rt: Rt, now: Now
) -> SecondFactorBegun:
    """Show a new secret; it counts once a code of it is confirmed."""
    require_password_account(actor)
    await limit_subject(rt, "second_factor:account", str(actor.user_id))
    await check_current_password(rt, actor, body.current_password)
    async with writing(rt) as session:
        begun = await second_factor.start_setup(session, actor.user_id, body.totp, now=now)
    return SecondFactorBegun(secret=begun.secret, otpauth_url=begun.url)


@router.post(
    "/confirm",
    dependencies=[limited("password")],
    responses=problems(NothingToConfirm, WrongSecondFactor, WrongRole),
)
async def confirm_second_factor(
    body: ConfirmSecondFactor, actor: EnrollingApart, rt: Rt, now: Now
) -> RecoveryCodes:
    """Take the secret as my second factor, and show its recovery codes; other sessions end."""
    require_password_account(actor)
    await limit_subject(rt, "second_factor:account", str(actor.user_id))
    async with writing(rt) as session:
        codes = await second_factor.confirm_setup(session, actor.user_id, body.code, now=now)
        for each in await rt.sessions.list_open(session, actor.user_id, now):
            if each.id != actor.session_id:
                await rt.sessions.end(session, each.id)
        audit.record(session, f"{actor.role}.set_second_factor", actor.user_id, actor, now)
    return RecoveryCodes(recovery_codes=codes)
