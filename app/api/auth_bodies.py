"""What is sent to and answered by `/api/auth`."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema

from app.api.company_names import CompanyName
from app.core.languages import Language
from app.core.schema import (
    Answer,
    Instant,
    Kilometres,
    Line,
    Location,
    Name,
    PhoneText,
    Request,
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


class RegisterWorker(Request):
    """A worker registers by phone; `consent` is to being offered work and to what that shares."""

    name: Name
    phone: PhoneText = Field(examples=["+919876543210"])
    consent: Agreed
    language: Language = Language.ENGLISH
    city: Name | None = None
    location: Location | None = None
    skills: list[Slug] = Field(default_factory=list, max_length=MAX_SKILLS)
    experience_years: Years = 0
    max_distance_km: Kilometres = DEFAULT_TRAVEL_KM

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


class RequestCode(Request):
    """A worker asks for a sign-in code."""

    phone: PhoneText = Field(examples=["+919876543210"])


class RegisterEmployer(Request):
    """A company registers by e-mail address and password."""

    company_name: CompanyName
    contact_name: Name
    email: Line
    password: Password
    phone: PhoneText | None = None
    city: Name | None = None
    location: Location | None = None

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


class WorkerLogin(Request):
    """A worker signs in with the code that came by WhatsApp."""

    role: Literal["worker"]
    phone: PhoneText
    code: Annotated[str, StringConstraints(min_length=1, max_length=16, strict=True)]


class PasswordLogin(Request):
    """An employer or administrator signs in; `totp` where a second factor is set up."""

    role: Literal["employer", "admin"]
    email: Line
    password: Password
    totp: Annotated[str, StringConstraints(max_length=16, strict=True)] | None = None


class Refresh(Request):
    """A refresh token, good once."""

    refresh_token: Secret


class ForgotPassword(Request):
    """Somebody who forgot their password."""

    email: Line


class ResetPassword(Request):
    """The token of the link that was sent, and the new password."""

    token: Secret
    password: Password


class ChangePassword(Request):
    """The password now, and the new one."""

    current_password: Password
    password: Password


class CodeSent(Answer):
    """A code is on its way, if the phone can get one; the answer never tells."""

    status: Literal["verification_sent"] = "verification_sent"
    channel: Literal["whatsapp"] = "whatsapp"
    expires_in: int = Field(description="Seconds until the code is too old.", examples=[300])


class ResetSent(Answer):
    """A link is on its way, if there is such an account; the answer never tells."""

    status: Literal["reset_sent"] = "reset_sent"
    expires_in: int = Field(description="Seconds until the link is too old.", examples=[1800])


class SignedInUser(Answer):
    """Who signed in."""

    id: UUID
    role: Role
    status: UserStatus
    name: str


class Tokens(Answer):
    """An access token for every request, and a refresh token for the next pair."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"
    expires_in: int = Field(description="Seconds until the access token is too old.")
    refresh_token: str
    user: SignedInUser


class Me(Answer):
    """Who is signed in."""

    id: UUID
    role: Role
    status: UserStatus
    name: str
    email: str | None
    phone: str | None
    created_at: Instant
