"""Pages to open a company's account and to sign in and out: `/signup`, `/signin`, `/signout`."""

import datetime as dt
import json
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.responses import Response

from app.api.auth import passwords, registration, sign_in
from app.api.auth.passwords import ForgotPassword
from app.api.auth.phones import limit_phone, read_phone
from app.api.auth.registration import RegisterEmployer, RequestCode
from app.api.auth.sign_in import EmployerLogin, PasswordLogin, Tokens
from app.api.http.dependencies import (
    Address,
    Now,
    Rt,
    Write,
    limit_subject,
    limited,
    writing,
)
from app.core.crypto import SealBroken
from app.core.errors import DomainError, Unauthenticated
from app.core.schema import Name, PersonName, PhoneText, RequestModel
from app.employers import registration as companies
from app.employers.code_sign_in import SeveralAccounts
from app.employers.phones import WrongCode
from app.employers.registration import ChatCompany
from app.identity import codes, users
from app.identity.codes import CodeRules
from app.identity.models import Role
from app.identity.sign_in import InvalidCredentials, start
from app.identity.users import EmailTaken
from app.jobs.company_names import CompanyName
from app.runtime import Runtime
from app.web.forms import REFUSALS, FormRefused, Mistyped, TypedForm, checked
from app.web.routes import PageRoute
from app.web.site import SeeOther, page, words
from app.web.visitors import Guest, Visitor, begin_session, end_session

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_SIGN_UP: Final = "web-sign-up"
_SIGN_UP_MINUTES: Final = 15


class CompanyByPhone(RequestModel):
    """A company whose owner signs in by a code that comes to the phone."""

    company_name: CompanyName
    contact_name: PersonName
    phone: PhoneText
    city: Name | None = None


def home_of(role: Role | None) -> str:
    """Return the page on which somebody of this role begins."""
    return {Role.EMPLOYER: "/overview", Role.ADMIN: "/console"}.get(role or Role.WORKER, "/")


def _inside(target: str) -> bool:
    """Whether an address is a page of ours, so that a link can't lead elsewhere after the sign-in."""
    return target.startswith("/") and not target.startswith(("//", "/\\")) and len(target) < 500


def enter(request: Request, runtime: Runtime, tokens: Tokens, now: dt.datetime) -> None:
    """Let this browser be signed in as the API has signed in."""
    claims = runtime.tokens.read(tokens.access_token, now)
    begin_session(request, claims.user_id, claims.session_id, claims.role, now)


# --- opening an account ---------------------------------------------------------------------------


@router.get("/signup")
async def show_sign_up(request: Request, visitor: Guest) -> Response:
    """Ask for what a company's account needs."""
    if visitor.role is not None:
        return SeeOther(home_of(visitor.role))
    return page(request, visitor, "account/signup.html", form=TypedForm())


@router.post("/signup", dependencies=[limited("register_employer")])
async def sign_up(request: Request, visitor: Guest, rt: Rt, address: Address, now: Now) -> Response:
    """Open the account: at once by mail address and password, else after a code that goes to the phone."""
    form = await TypedForm.read(request)
    try:
        if form.get("email") or form.get("password"):
            return await _by_email(request, visitor, form, rt, address, now)
        return await _by_phone(request, visitor, form, rt, address, now)
    except REFUSALS as error:
        said = form.refused(error, visitor.language)
        return page(request, visitor, "account/signup.html", status=said.status, form=said)


async def _by_email(
    request: Request, visitor: Visitor, form: TypedForm, rt: Runtime, address: str, now: dt.datetime
) -> Response:
    fields = ("company_name", "contact_name", "email", "phone", "city")
    password = form.values.get("password") or None
    body = checked(
        RegisterEmployer, {name: form.get(name) for name in fields} | {"password": password}
    )
    new = await registration.new_employer(body, rt)
    try:
        async with writing(rt) as session:
            made = await registration.register_employer(new, session, rt, now, None)
            user = await users.get_user(session, made.id)
            user.language = visitor.language
            signed_in = await start(session, rt.sessions, user, now)
    except EmailTaken:
        # Perhaps the second press of one button: whoever has the password is who opened it.
        login = checked(
            PasswordLogin, {"role": "employer", "email": body.email, "password": body.password}
        )
        try:
            enter(request, rt, await sign_in.login_user(login, rt, address, now), now)
        except Unauthenticated:
            raise EmailTaken from None
    else:
        begin_session(request, user.id, signed_in.session.session_id, Role.EMPLOYER, now)
    return SeeOther("/overview?done=signed_up")


async def _by_phone(
    request: Request,
    visitor: Visitor,
    form: TypedForm,
    rt: Runtime,
    address: str,
    now: dt.datetime,
) -> Response:
    fields = ("company_name", "contact_name", "phone", "city")
    try:
        body = checked(CompanyByPhone, {name: form.get(name) for name in fields})
    except ValidationError as error:
        if form.get("phone") is None:
            said = words(visitor.language, "signup.phone_or_email")
            raise Mistyped.field("email", said) from error
        raise
    phone = read_phone(body.phone, rt)
    await limit_phone(rt, "code:phone_here", phone, address)
    await limit_subject(rt, "code:phone", users.index_of_phone(rt.keyring, phone))
    rules = CodeRules(rt.settings.codes_per_day, rt.settings.phone_countries)
    async with writing(rt) as session:
        await companies.send_sign_up_code(
            session, phone, rules, visitor.language, now=now, address=address
        )
    until = (now + dt.timedelta(minutes=_SIGN_UP_MINUTES)).isoformat()
    kept = body.model_dump() | {"phone": phone, "until": until, "visitor": visitor.form_token}
    sealed = rt.keyring.seal(json.dumps(kept), _SIGN_UP).hex()
    return page(
        request, visitor, "account/signup_code.html", form=TypedForm({"kept": sealed}), phone=phone
    )


@router.post("/signup/code", dependencies=[limited("login")])
async def confirm_sign_up(
    request: Request, visitor: Guest, rt: Rt, address: Address, now: Now
) -> Response:
    """Open the account of a phone to which a code went, if the code is right."""
    form = await TypedForm.read(request)
    kept = _kept(rt, form, visitor, now)
    if kept is None:
        return SeeOther("/signup?done=sign_up_over")
    phone = str(kept["phone"])
    await limit_phone(rt, "login:phone_here", phone, address)
    try:
        async with writing(rt) as session:
            index = users.index_of_phone(rt.keyring, phone)
            if not await codes.redeem(
                session, index, form.get("code") or "", now=now, address=address
            ):
                raise WrongCode
            company = ChatCompany(
                company_name=str(kept["company_name"]),
                contact_name=str(kept["contact_name"]),
                language=visitor.language,
                city=kept["city"],
            )
            user, _ = await companies.open_by_phone(session, phone, company, now=now)
            signed_in = await start(session, rt.sessions, user, now)
    except DomainError as error:
        said = form.refused(error, visitor.language)
        return page(
            request,
            visitor,
            "account/signup_code.html",
            status=said.status,
            form=said,
            phone=phone,
        )
    begin_session(request, user.id, signed_in.session.session_id, Role.EMPLOYER, now)
    return SeeOther("/overview?done=signed_up")


def _kept(
    rt: Runtime, form: TypedForm, visitor: Visitor, now: dt.datetime
) -> dict[str, Any] | None:
    """Return what was typed on the page before, None where it is too old or another's."""
    try:
        kept: dict[str, Any] = json.loads(
            rt.keyring.open(bytes.fromhex(form.values.get("kept", "")), _SIGN_UP)
        )
    except (SealBroken, ValueError):
        return None
    over = now > dt.datetime.fromisoformat(kept["until"])
    return None if over or kept["visitor"] != visitor.form_token else kept


# --- signing in and out ---------------------------------------------------------------------------


@router.get("/signin")
async def show_sign_in(
    request: Request, visitor: Guest, target: Annotated[str, Query(alias="next")] = ""
) -> Response:
    """Ask for mail address and password, or for the phone to which a code goes."""
    if visitor.role is not None:
        return SeeOther(target if _inside(target) else home_of(visitor.role))
    return _sign_in_page(request, visitor, TypedForm({"next": target}))


def _sign_in_page(
    request: Request, visitor: Visitor, form: TypedForm, *, asks_code: bool = False
) -> Response:
    """Return the page for signing in; with `asks_code` it has the field for the code of an authenticator."""
    return page(
        request,
        visitor,
        "account/signin.html",
        status=form.status,
        form=form,
        asks_code=asks_code,
    )


@router.post("/signin", dependencies=[limited("login")])
async def sign_in_by_password(
    request: Request, visitor: Guest, rt: Rt, address: Address, now: Now
) -> Response:
    """Sign in by mail address and password: an employer, else an administrator."""
    form = await TypedForm.read(request)
    given = {
        "email": form.get("email") or "",
        "password": form.values.get("password") or "",
        "totp": form.get("totp"),
    }
    try:
        tokens = await _tokens_of(given, rt, address, now)
    except REFUSALS as error:
        said = form.refused(error, visitor.language)
        # The API answers a wrong password and a missing code alike, so that neither is told: both ask for a code.
        asks_code = "totp" in form.values or isinstance(error, InvalidCredentials)
        return _sign_in_page(request, visitor, said, asks_code=asks_code)
    enter(request, rt, tokens, now)
    target = form.values.get("next", "")
    return SeeOther(target if _inside(target) else home_of(tokens.user.role))


async def _tokens_of(
    given: dict[str, str | None], rt: Runtime, address: str, now: dt.datetime
) -> Tokens:
    try:
        body = checked(PasswordLogin, given | {"role": "employer"})
        return await sign_in.login_user(body, rt, address, now)
    except Unauthenticated:
        body = checked(PasswordLogin, given | {"role": "admin"})
        return await sign_in.login_user(body, rt, address, now)


@router.post("/signin/phone", dependencies=[limited("code")])
async def send_code(
    request: Request, visitor: Guest, session: Write, rt: Rt, address: Address, now: Now
) -> Response:
    """Send a code to the phone, if it is a company's; the page says the same either way."""
    form = await TypedForm.read(request)
    try:
        body = checked(RequestCode, {"phone": form.get("phone") or ""})
        await registration.request_code(body, session, rt, address, now, None)
    except REFUSALS as error:
        said = form.refused(error, visitor.language)
        raise FormRefused(_sign_in_page(request, visitor, said)) from error
    return page(request, visitor, "account/signin_code.html", form=form, companies=())


@router.post("/signin/code", dependencies=[limited("login")])
async def sign_in_by_code(
    request: Request, visitor: Guest, rt: Rt, address: Address, now: Now
) -> Response:
    """Sign in by the code that came, with that of an authenticator where one is set up; of several companies ask which."""
    form = await TypedForm.read(request)
    chosen = form.get("employer_id")
    try:
        body = checked(
            EmployerLogin,
            {
                "role": "employer",
                "phone": form.get("phone") or "",
                "code": form.get("code") or "",
                "employer_id": UUID(chosen) if chosen else None,
                "totp": form.get("totp"),
            },
        )
        tokens = await sign_in.login_user(body, rt, address, now)
    except SeveralAccounts as several:
        found = several.data["accounts"]
        return page(request, visitor, "account/signin_code.html", form=form, companies=found)
    except (*REFUSALS, ValueError) as error:
        wrong = error if isinstance(error, REFUSALS) else InvalidCredentials()
        said = form.refused(wrong, visitor.language)
        return page(
            request,
            visitor,
            "account/signin_code.html",
            status=said.status,
            form=said,
            companies=(),
        )
    enter(request, rt, tokens, now)
    return SeeOther(home_of(tokens.user.role))


@router.get("/forgot")
async def show_forgot(request: Request, visitor: Guest) -> Response:
    """Ask for the mail address of an account whose password is forgotten."""
    return page(request, visitor, "account/forgot.html", form=TypedForm(), sent=False)


@router.post("/forgot", dependencies=[limited("password")])
async def send_reset_link(
    request: Request, visitor: Guest, session: Write, rt: Rt, address: Address, now: Now
) -> Response:
    """Send the link to set a new password; the page says the same for an unknown address."""
    form = await TypedForm.read(request)
    try:
        body = checked(ForgotPassword, {"email": form.get("email") or ""})
        await passwords.request_password_reset(body, session, rt, address, now)
    except REFUSALS as error:
        said = form.refused(error, visitor.language)
        raise FormRefused(
            page(request, visitor, "account/forgot.html", status=said.status, form=said, sent=False)
        ) from error
    return page(request, visitor, "account/forgot.html", form=form, sent=True)


@router.post("/signout")
async def sign_out(request: Request, visitor: Guest, session: Write, rt: Rt) -> Response:
    """End the session, here and for the API, with the next request."""
    if visitor.actor is not None and visitor.actor.session_id is not None:
        await rt.sessions.end(session, visitor.actor.session_id)
    end_session(request)
    return SeeOther("/?done=signed_out")
