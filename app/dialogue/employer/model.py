"""What the conversation knows of employers, and what it wants done for them: plain data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from app.jobs.rules import JobStatus

OPEN: Final = frozenset({JobStatus.DRAFT, JobStatus.PUBLISHED})
"""Where a job can still be cancelled."""


@dataclass(frozen=True, slots=True)
class EmployerFacts:
    """An employer's account that names the phone somebody writes from."""

    id: UUID
    company: str
    email: str
    """Masked: whoever holds the phone may be a stranger."""
    proven: bool
    """Whether the phone was proven to be this account's: else it may do nothing here."""
    suspended: bool
    city: str | None


def masked_email(email: str) -> str:
    """Return enough of an address for its owner to know it: "o•••@e•••.com"."""
    name, _, domain = email.partition("@")
    _, _, ending = domain.rpartition(".")
    return f"{name[:1]}•••@{domain[:1]}•••.{ending[:12]}"


@dataclass(frozen=True, slots=True)
class JobFacts:
    """A job of an employer who writes; `said` are the values its texts need."""

    id: UUID
    employer_id: UUID
    status: JobStatus
    said: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SendProof:
    """Mail the code that proves the phone to be this account's."""

    employer_id: UUID


@dataclass(frozen=True, slots=True)
class Prove:
    """Take the phone for the account's if the code is good."""

    employer_id: UUID
    code: str


@dataclass(frozen=True, slots=True)
class PostJob:
    """Post this job and publish it; `job` is what was read back and said yes to."""

    employer_id: UUID
    job: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PublishJob:
    """Publish a draft: one that an administrator has looked at, or that was written elsewhere."""

    employer_id: UUID
    job_id: UUID


@dataclass(frozen=True, slots=True)
class CancelJob:
    """Cancel a job."""

    employer_id: UUID
    job_id: UUID


@dataclass(frozen=True, slots=True)
class TellJobs:
    """Say which jobs there are and how far they are."""

    employer_id: UUID


@dataclass(frozen=True, slots=True)
class TellLeads:
    """Say who accepted a job: what their contact costs, or the contact that was bought."""

    employer_id: UUID
    job_id: UUID


@dataclass(frozen=True, slots=True)
class TellContacts:
    """Say every contact that was bought."""

    employer_id: UUID


@dataclass(frozen=True, slots=True)
class ChooseContact:
    """Let the employer say whose contact is meant; `verb` is `block` or `report`."""

    employer_id: UUID
    verb: str


@dataclass(frozen=True, slots=True)
class AskReport:
    """Ask what is wrong with a contact that was bought."""

    employer_id: UUID
    match_id: UUID


@dataclass(frozen=True, slots=True)
class ReportLead:
    """Say that a contact is no good."""

    employer_id: UUID
    match_id: UUID
    words: str


@dataclass(frozen=True, slots=True)
class BlockWorker:
    """Offer the worker behind a contact no job of this employer any more."""

    employer_id: UUID
    match_id: UUID


@dataclass(frozen=True, slots=True)
class TellTerms:
    """Answer what many ask of what a contact costs, and of what is done when it is no good."""

    employer_id: UUID
    subject: str
    """One of `asked.HIRING`."""


@dataclass(frozen=True, slots=True)
class ChooseJob:
    """Let the employer say which job is to be cancelled."""

    employer_id: UUID


type EmployerEffect = (
    SendProof
    | Prove
    | PostJob
    | PublishJob
    | CancelJob
    | TellJobs
    | TellLeads
    | TellContacts
    | TellTerms
    | ChooseJob
    | ChooseContact
    | AskReport
    | ReportLead
    | BlockWorker
)
