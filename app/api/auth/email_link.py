"""The link that confirms an e-mail address: sent at registration, sent again, followed."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, status
from pydantic import Field
from starlette.responses import Response

from app.api.auth.passwords import require_password_account
from app.api.http.dependencies import (
    AnyActor,
    Now,
    Read,
    Route,
    Rt,
    Write,
    WrongRole,
    limit_subject,
    limited,
)
from app.api.http.html_pages import page
from app.api.http.problems import problems
from app.core.schema import RequestModel, ResponseModel, Secret
from app.identity import email_confirmation, users
from app.identity.email_confirmation import EmailLinkInvalid, EmailMissing
from app.messaging.account_links import send_confirmation_link

router = APIRouter(prefix="/api/auth/email", tags=["auth"], route_class=Route)
page_router = APIRouter(prefix="/confirm-email", include_in_schema=False, route_class=Route)

Token = Annotated[str, Query(max_length=200)]


class ConfirmEmail(RequestModel):
    """The token of the link that was sent."""

    token: Secret = Field(
        description="The token of the link that was sent.", examples=["the token of the link"]
    )


class LinkSent(ResponseModel):
    """Whether a link is on its way."""

    status: Literal["confirmation_sent", "already_confirmed"] = Field(
        description="Whether a link is on its way, or none is needed."
    )


class EmailStanding(ResponseModel):
    """My address, and whether it is proven to be mine."""

    email: str | None = Field(
        description="E-mail address, in lower case; null for a company that came in by the chat."
    )
    verified: bool = Field(description="A link that was sent to the address came back.")


@router.get("", responses=problems(WrongRole))
async def get_email(session: Read, actor: AnyActor) -> EmailStanding:
    """Return my e-mail address and whether it is confirmed."""
    require_password_account(actor)
    user = await users.get_user(session, actor.user_id)
    return EmailStanding(
        email=users.email_of(session, user), verified=user.email_verified_at is not None
    )


@router.post(
    "/resend", status_code=status.HTTP_202_ACCEPTED, responses=problems(WrongRole, EmailMissing)
)
async def resend_email_link(session: Write, runtime: Rt, actor: AnyActor, now: Now) -> LinkSent:
    """Send the link to my address again; older links are good no more."""
    require_password_account(actor)
    await limit_subject(runtime, "email:account", str(actor.user_id))
    await email_confirmation.require_email(session, actor.user_id)
    sent = await send_confirmation_link(session, runtime.settings.base_url, actor.user_id, now)
    return LinkSent(status="confirmation_sent" if sent else "already_confirmed")


@router.post(
    "/confirm",
    status_code=status.HTTP_204_NO_CONTENT,
    dependencies=[limited("password")],
    responses=problems(EmailLinkInvalid),
)
async def confirm_email(body: ConfirmEmail, session: Write, now: Now) -> None:
    """Confirm an address by the link that was sent to it; 422 `email_link_invalid` if it is no good."""
    await email_confirmation.confirm(session, body.token, now=now)


@page_router.get("", dependencies=[limited("password")])
async def show(rt: Rt, now: Now, token: Token = "") -> Response:
    """Ask for one tap, so that a mail program that fetches links does not use them up."""
    async with rt.database.read() as session:
        try:
            language = await email_confirmation.language_of(session, token, now=now)
        except EmailLinkInvalid:
            return page("en", "reset_too_late", {}, status=404)
    return page(language, "email_form", {}, form=[], button="email_button")


@page_router.post("", dependencies=[limited("password")])
async def follow(rt: Rt, now: Now, token: Token = "") -> Response:
    """Confirm the address."""
    try:
        async with rt.database.begin() as session:
            language = await email_confirmation.language_of(session, token, now=now)
            await email_confirmation.confirm(session, token, now=now)
    except EmailLinkInvalid:
        return page("en", "reset_too_late", {}, status=404)
    return page(language, "email_done", {})
