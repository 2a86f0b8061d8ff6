"""What is sent to and answered by `/api/admin/workers` and `/api/admin/employers`."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from app.api.admin.signals import EmployerSignals
from app.core.schema import Instant, Location, Reason, RequestModel, ResponseModel
from app.identity.models import UserStatus


class WorkerRow(ResponseModel):
    """A worker in the list; contact details are in the single answer."""

    id: UUID = Field(description="Id of the worker's account.")
    name: str = Field(description="Name of the worker.")
    status: UserStatus = Field(description="Where the account stands.")
    verified: bool = Field(description="Whether an administrator has checked this account.")
    city: str | None = Field(description="City; null when not told.")
    skills: list[str] = Field(description="Slugs of skills, as the catalogue has them.")
    experience_years: int = Field(description="Experience in whole years.")
    reliability: float = Field(description="How well offers are answered in time, 0 to 100.")
    language: str = Field(description="Language of messages and pages: `en` or `hi`.")
    created_at: Instant = Field(description="When the account was made (UTC).")


class WorkerDetails(WorkerRow):
    """A worker, with what an administrator needs to check who this is."""

    phone: str | None = Field(description="Phone in E.164; null when there is none.")
    location: Location | None = Field(
        description="Where the worker starts from (WGS 84, degrees); null when not told."
    )
    max_distance_km: float = Field(description="How far the worker travels, in kilometres.")
    bio: str = Field(description="What the worker tells of themselves, up to 4,000 characters.")
    time_zone: str = Field(description="IANA name of the time zone.")
    stopped: bool = Field(description="Whether the worker wrote STOP: nothing is sent.")
    offers: int = Field(description="How many offers were made.")
    unlocks: int = Field(description="How many employers bought the contact.")
    reports: int = Field(description="How many employers said that this lead was bad.")
    updated_at: Instant = Field(description="When it last changed (UTC).")


class EmployerRow(ResponseModel):
    """An employer in the list; contact details are in the single answer."""

    id: UUID = Field(description="Id of the employer's account.")
    company_name: str = Field(description="Name of the company.")
    contact_name: str = Field(description="Name of the person who signs in for the company.")
    status: UserStatus = Field(description="Where the account stands.")
    verified: bool = Field(description="Whether an administrator has checked this account.")
    city: str | None = Field(description="City; null when not told.")
    created_at: Instant = Field(description="When the account was made (UTC).")


class EmployerDetails(EmployerRow):
    """An employer, with what an administrator needs to check who this is."""

    email: str = Field(description="E-mail address, in lower case.")
    email_verified: bool = Field(
        description="Whether a link that was sent to the address came back."
    )
    phone: str | None = Field(description="Phone in E.164; null when there is none.")
    address: str | None = Field(description="Street address; null when not told.")
    location: Location | None = Field(
        description="Where the company is (WGS 84, degrees); null when not told."
    )
    tax_id: str | None = Field(description="Tax number, in capitals; null when not told.")
    jobs: int = Field(description="How many jobs the company wrote, drafts included.")
    unlocks: int = Field(description="How many contacts it bought.")
    reports: int = Field(description="How many leads it reported as bad.")
    signals: EmployerSignals = Field(description="What may be a sign of abuse.")
    updated_at: Instant = Field(description="When it last changed (UTC).")


class WorkerAction(RequestModel):
    """What to do with a worker; a reason is needed for what takes something away."""

    action: Literal["activate", "suspend", "verify", "sign_out"] = Field(
        description="What to do with the account."
    )
    reason: Reason | None = Field(
        default=None, description="Why; needed to suspend.", examples=["Checked the identity card."]
    )


class EmployerAction(RequestModel):
    """What to do with an employer; a reason is needed for what takes something away."""

    action: Literal["activate", "suspend", "restrict", "verify", "sign_out"] = Field(
        description="What to do with the account."
    )
    reason: Reason | None = Field(
        default=None,
        description="Why; needed to suspend and to restrict.",
        examples=["Checked the registration of the company."],
    )
