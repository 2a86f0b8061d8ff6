"""Registration of workers and employers, and codes by WhatsApp: `/api/auth`."""

import datetime as dt
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, status
from pydantic import AfterValidator, Field, WithJsonSchema

from app.api.auth.passwords import Password
from app.api.auth.phones import limit_phone, read_phone
from app.api.employers.profile import EmployerProfile, profile_answer
from app.api.http.dependencies import (
    Address,
    Now,
    OnceForNobody,
    Route,
    Rt,
    Write,
    limit_subject,
    limited,
)
from app.api.http.problems import problems
from app.core.languages import Language
from app.core.phones import PhoneNotSupported, check_company_phone
from app.core.schema import (
    Kilometres,
    Line,
    Location,
    Name,
    PersonName,
    PhoneText,
    RequestModel,
    ResponseModel,
    Slug,
    Years,
)
from app.employers import code_sign_in
from app.employers import registration as employer_registration
from app.employers.registration import NewEmployer
from app.identity import passwords, users
from app.identity.codes import CodeRules, CodesExhausted
from app.identity.users import EmailTaken
from app.jobs.company_names import CompanyName
from app.messaging.account_links import send_confirmation_link
from app.runtime import Runtime
from app.workers import registration as worker_registration
from app.workers.registration import DEFAULT_TRAVEL_KM, NewWorker

router = APIRouter(prefix="/api/auth", tags=["auth"], route_class=Route)


MAX_SKILLS = 30


def _agreed(value: bool) -> bool:
    if not value:
        raise ValueError("Nobody is registered who has not agreed: ask the person, then send true.")
    return value


Agreed = Annotated[
    bool,
    Field(strict=True),
    AfterValidator(_agreed),
    WithJsonSchema({"type": "boolean", "const": True}),
]


class RegisterWorker(RequestModel):
    """A worker registers by phone; `consent` is to being offered work and to what that shares."""

    name: PersonName = Field(
        description="Name of the worker, one line of up to 120 characters.",
        examples=["Asha Kulkarni"],
    )
    phone: PhoneText = Field(
        examples=["+919876543210"],
        description="Phone to sign in with; a national number is read in the server's country.",
    )
    consent: Agreed = Field(
        description="Must be true: the worker agrees to be offered work and to what that shares."
    )
    language: Language = Field(
        default=Language.ENGLISH, description="Language of messages and pages: `en` or `hi`."
    )
    city: Name | None = Field(default=None, description="City to work in.", examples=["Mumbai"])
    location: Location | None = Field(
        default=None, description="Where the worker starts from (WGS 84, degrees)."
    )
    skills: list[Slug] = Field(
        default_factory=list,
        max_length=MAX_SKILLS,
        description="Slugs of skills, at most 30.",
        examples=[["waiter"]],
    )
    experience_years: Years = Field(default=0, description="Experience in whole years, 0 to 60.")
    max_distance_km: Kilometres = Field(
        default=DEFAULT_TRAVEL_KM, description="How far the worker travels, in kilometres."
    )

    def new(self, phone: str) -> NewWorker:
        """Return the registration, with the phone in E.164."""
        given = self.model_dump(exclude={"consent", "phone", "location"})
        return NewWorker(
            **given, phone=phone, location=self.location.point if self.location else None
        )


class RequestCode(RequestModel):
    """A worker, or an employer with a proven phone, asks for a sign-in code."""

    phone: PhoneText = Field(
        examples=["+919876543210"],
        description="Phone of the account; a national number is read in the server's country.",
    )


class RegisterEmployer(RequestModel):
    """A company registers by e-mail address and password."""

    company_name: CompanyName = Field(
        description="Name of the company, one line of up to 120 characters.",
        examples=["Cafe Bandra"],
    )
    contact_name: PersonName = Field(
        description="Name of the person who signs in, one line of up to 120 characters.",
        examples=["Rustom Irani"],
    )
    email: Line = Field(
        description="E-mail address to sign in with.", examples=["owner@example.com"]
    )
    password: Password = Field(
        description=f"A password, {passwords.MINIMUM_CHARACTERS} characters or more.",
        examples=["a long password of your own"],
    )
    phone: PhoneText | None = Field(
        default=None,
        description="Phone; a national number is read in the server's country.",
        examples=["+919876543210"],
    )
    city: Name | None = Field(default=None, description="City of the company.")
    location: Location | None = Field(
        default=None, description="Where the company is (WGS 84, degrees)."
    )

    def new(self, email: str, phone: str | None, password_hash: str) -> NewEmployer:
        """Return the registration, with the address in lower case and the phone in E.164."""
        given = self.model_dump(include={"company_name", "contact_name", "city"})
        place = self.location.point if self.location else None
        return NewEmployer(
            **given, email=email, phone=phone, password_hash=password_hash, location=place
        )


class CodeSent(ResponseModel):
    """A code is on its way, if the phone can get one; the answer never tells."""

    status: Literal["verification_sent"] = Field(
        default="verification_sent",
        description="Always the same, whether or not the phone is known.",
    )
    channel: Literal["whatsapp"] = Field(default="whatsapp", description="How the code travels.")
    expires_in: int = Field(description="Seconds until the code is too old.", examples=[300])


def _code_rules(runtime: Runtime) -> CodeRules:
    return CodeRules(runtime.settings.codes_per_day, runtime.settings.phone_countries)


async def _limit_codes(runtime: Runtime, phone: str, address: str) -> None:
    await limit_phone(runtime, "code:phone_here", phone, address)
    await limit_subject(runtime, "code:phone", users.index_of_phone(runtime.keyring, phone))


def _code_sent(expires_at: dt.datetime, now: dt.datetime) -> CodeSent:
    return CodeSent(expires_in=int((expires_at - now).total_seconds()))


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
    phone = read_phone(body.phone, runtime)
    await _limit_codes(runtime, phone, address)
    country = runtime.settings.default_country
    expires_at = await worker_registration.register(
        session, body.new(phone), _code_rules(runtime), country, now=now, address=address
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
    """Send a sign-in code by WhatsApp to a known phone; the answer is the same for an unknown one.

    Known is the phone of a worker, and that of an employer who has proven it by writing from it. The code is
    good for either: the role is chosen at the sign-in.
    """
    phone = read_phone(body.phone, runtime)
    await _limit_codes(runtime, phone, address)
    rules = _code_rules(runtime)
    company = await code_sign_in.find_recipient(session, phone)
    expires_at = await worker_registration.request_code(
        session, phone, rules, now=now, address=address, company=company
    )
    return _code_sent(expires_at, now)


async def new_employer(body: RegisterEmployer, runtime: Rt) -> NewEmployer:
    """Return the registration, the password hashed before the transaction, because it takes long."""
    email = users.parse_email(body.email)
    phone = read_phone(body.phone, runtime) if body.phone is not None else None
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
    new: Annotated[NewEmployer, Depends(new_employer)],
    session: Write,
    runtime: Rt,
    now: Now,
    _: OnceForNobody,
) -> EmployerProfile:
    """Register an employer; sign in with the e-mail address and password then.

    A link to confirm the address is sent to it; nothing waits for that, unless the policy says so.
    """
    user, employer = await employer_registration.register(session, new, now=now)
    await send_confirmation_link(session, runtime.settings.base_url, user.id, now)
    return profile_answer(session, user, employer)
