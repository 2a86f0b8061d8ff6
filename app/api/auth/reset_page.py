"""The page behind the link of a forgotten password: the same reset as the API's."""

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from app.api.auth.email_link import Token
from app.api.auth.passwords import set_password
from app.api.http.dependencies import Address, Now, Route, Rt, limited
from app.api.http.html_pages import Field, page
from app.core.errors import DomainError
from app.identity import password_reset
from app.identity.password_reset import ResetTokenInvalid
from app.identity.passwords import MINIMUM_CHARACTERS

router = APIRouter(prefix="/reset-password", include_in_schema=False, route_class=Route)

_FIELDS = (Field("password", "password_label", "password", "new-password", MINIMUM_CHARACTERS),)


@router.get("", dependencies=[limited("password")])
async def show(rt: Rt, now: Now, token: Token = "") -> Response:
    """Ask for the new password, if the link is still good."""
    async with rt.database.read() as session:
        try:
            language = (await password_reset.get_token_owner(session, token, now=now)).language
        except ResetTokenInvalid:
            return page("en", "reset_too_late", {}, status=404)
    return page(language, "reset_form", {}, form=_FIELDS, button="reset_button")


@router.post("", dependencies=[limited("password")])
async def reset(
    rt: Rt,
    now: Now,
    address: Address,
    password: Annotated[str, Form(max_length=1_024)],
    token: Token = "",
) -> Response:
    """Set the new password; every session of the account ends."""
    language = "en"
    try:
        async with rt.database.read() as session:
            language = (await password_reset.get_token_owner(session, token, now=now)).language
        await set_password(rt, token, password, address, now)
    except ResetTokenInvalid:
        return page(language, "reset_too_late", {}, status=404)
    except DomainError as refusal:
        messages = [error.message for error in getattr(refusal, "errors", [])]
        return page(
            language,
            "reset_form",
            {},
            status=422,
            form=_FIELDS,
            button="reset_button",
            refusal=" ".join(messages) or refusal.message,
        )
    return page(language, "reset_done", {})
