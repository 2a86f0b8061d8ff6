"""The second factor of an administrator: set up before anything else can be seen."""

from typing import Annotated

import segno
from fastapi import Depends, Request
from starlette.responses import Response

from app.api.auth import second_factor
from app.api.auth.second_factor import BeginSecondFactor, ConfirmSecondFactor
from app.api.http.dependencies import Now, Read, Rt, limited
from app.identity.actor import Actor
from app.identity.models import Role
from app.web.console.desk import room
from app.web.forms import REFUSALS, TypedForm, checked
from app.web.site import page
from app.web.visitors import Guest, SignInNeeded, Visitor

router = room()


async def _enrolling(visitor: Guest) -> Actor:
    if visitor.actor is None or visitor.role is not Role.ADMIN:
        raise SignInNeeded
    return visitor.actor


Enrolling = Annotated[Actor, Depends(_enrolling)]


@router.get("/second-factor")
async def show_second_factor(
    request: Request, visitor: Guest, actor: Enrolling, session: Read, rt: Rt
) -> Response:
    """Show whether the second factor is set up, and begin it."""
    known = await second_factor.get_second_factor(session, rt, actor)
    return page(request, visitor, "console/second_factor.html", known=known, form=TypedForm())


@router.post("/second-factor", dependencies=[limited("password")])
async def begin_second_factor(
    request: Request, visitor: Guest, actor: Enrolling, rt: Rt, now: Now
) -> Response:
    """Show a new secret, as a QR code and to be typed; it counts once a code of it is confirmed."""
    form = await TypedForm.read(request)
    try:
        password = form.values.get("current_password") or ""
        body = checked(BeginSecondFactor, {"current_password": password, "totp": form.get("totp")})
        begun = await second_factor.set_second_factor(body, actor, rt, now)
    except REFUSALS as error:
        said = form.refused(error, visitor.language)
        async with rt.database.read() as session:
            known = await second_factor.get_second_factor(session, rt, actor)
        return page(
            request,
            visitor,
            "console/second_factor.html",
            status=said.status,
            known=known,
            form=said,
        )
    return _secret_page(request, visitor, TypedForm(), begun.secret, begun.otpauth_url)


def _secret_page(
    request: Request, visitor: Visitor, form: TypedForm, secret: str, url: str
) -> Response:
    qr = segno.make(url, error="m").svg_data_uri(scale=4) if url else ""
    return page(
        request,
        visitor,
        "console/second_factor_code.html",
        status=form.status,
        form=form,
        secret=secret,
        url=url,
        qr=qr,
    )


@router.post("/second-factor/confirm", dependencies=[limited("password")])
async def confirm_second_factor(
    request: Request, visitor: Guest, actor: Enrolling, rt: Rt, now: Now
) -> Response:
    """Take the secret as the second factor, and show the recovery codes once."""
    form = await TypedForm.read(request)
    try:
        body = checked(ConfirmSecondFactor, {"code": form.get("code") or ""})
        made = await second_factor.confirm_second_factor(body, actor, rt, now)
    except REFUSALS as error:
        said = form.refused(error, visitor.language)
        secret, url = form.values.get("secret", ""), form.values.get("url", "")
        known = url if url.startswith("otpauth:") and len(url) < 500 else ""
        return _secret_page(request, visitor, said, secret[:100], known)
    return page(request, visitor, "console/recovery_codes.html", codes=made.recovery_codes)
