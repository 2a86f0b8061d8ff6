"""What is sent to and answered by `/api/auth`."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema

from app.api.employers.company_names import CompanyName
from app.core.languages import Language
from app.core.schema import (
    Instant,
    Kilometres,
    Line,
    Location,
    Name,
    PersonName,
    PhoneText,
    RequestModel,
    ResponseModel,
    Secret,
    Slug,
    Years,
)
from app.employers.registration import NewEmployer
from app.identity.models import Role, UserStatus
from app.workers.registration import DEFAULT_TRAVEL_KM, NewWorker

MAX_SKILLS = 30

Password = Annotated[str, StringConstraints(min_length=1, max_length=1_024, strict=True)]
"""As typed; how good it has to be is said in words, not by a pattern."""


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
        """Return what is said here, with the phone in E.164."""
        return NewWorker(
            name=self.name,
            phone=phone,
            language=self.language,
            city=self.city,
            location=self.location.point if self.location else None,
            skills=self.skills,
            experience_years=self.experience_years,
            max_distance_km=self.max_distance_km,
        )


class RequestCode(RequestModel):
    """A worker asks for a sign-in code."""

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
        description="A password, 12 characters or more.", examples=["a long password of your own"]
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
        """Return what is said here, with the address in lower case and the phone in E.164."""
        return NewEmployer(
            company_name=self.company_name,
            contact_name=self.contact_name,
            email=email,
            password_hash=password_hash,
            phone=phone,
            city=self.city,
            location=self.location.point if self.location else None,
        )


class WorkerLogin(RequestModel):
    """A worker signs in with the code that came by WhatsApp."""

    role: Literal["worker"] = Field(description="As whom to sign in.")
    phone: PhoneText = Field(description="Phone that the code went to.", examples=["+919876543210"])
    code: Annotated[str, StringConstraints(min_length=1, max_length=16, strict=True)] = Field(
        description="The six digits that came.", examples=["123456"]
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


class Refresh(RequestModel):
    """A refresh token, good once."""

    refresh_token: Secret = Field(
        description="The refresh token of the last answer; it is good once.",
        examples=["the refresh token of the last answer"],
    )


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
        description="The new password, 12 characters or more.",
        examples=["a long password of your own"],
    )


class ChangePassword(RequestModel):
    """The password now, and the new one."""

    current_password: Password = Field(
        description="The password now.", examples=["a long password of your own"]
    )
    password: Password = Field(
        description="The new password, 12 characters or more.",
        examples=["another long password of your own"],
    )


class CodeSent(ResponseModel):
    """A code is on its way, if the phone can get one; the answer never tells."""

    status: Literal["verification_sent"] = Field(
        default="verification_sent",
        description="Always the same, whether or not the phone is known.",
    )
    channel: Literal["whatsapp"] = Field(default="whatsapp", description="How the code travels.")
    expires_in: int = Field(description="Seconds until the code is too old.", examples=[300])


class ResetSent(ResponseModel):
    """A link is on its way, if there is such an account; the answer never tells."""

    status: Literal["reset_sent"] = Field(
        default="reset_sent",
        description="Always the same, whether or not there is such an account.",
    )
    expires_in: int = Field(description="Seconds until the link is too old.", examples=[1800])


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
