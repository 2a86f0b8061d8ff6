"""Effects: what a turn changes or looks up. `app.chat.effects` performs them by the domains' verbs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from app.core.week import Slot

REPORT_CHARACTERS: Final = 500
"""The longest text of a report that is kept."""


# ── Of workers, and of anybody ───────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class CreateWorker:
    """Create the pending worker of a first message; `name` is their name on the platform."""

    name: str


@dataclass(frozen=True, slots=True)
class SetLanguage:
    """Set the language of all further messages."""

    language: str


@dataclass(frozen=True, slots=True)
class GiveConsent:
    """Record the consent; a proven phone makes the worker active."""

    name: str = ""
    """Their name on the platform: whatever was entered about an unproven phone is dropped."""


@dataclass(frozen=True, slots=True)
class ForgetPerson:
    """Delete everything about somebody who may not or does not want to register."""


@dataclass(frozen=True, slots=True)
class SetPhone:
    """Keep a phone that the platform vouches for."""

    phone: str


@dataclass(frozen=True, slots=True)
class EditProfile:
    """Change the profile; the fields are those of `workers.profile.WorkerEdit`."""

    changes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SetWeeklyHours:
    """Replace all slots by these."""

    slots: Sequence[Slot]


@dataclass(frozen=True, slots=True)
class AnswerOffer:
    """Accept or reject an offer, or withdraw an acceptance."""

    offer_id: UUID
    verb: str
    """`accept`, `reject` or `withdraw`."""
    reason: str | None = None
    """The reason, where it came with the rejection."""


@dataclass(frozen=True, slots=True)
class GiveReason:
    """Add the reason for a rejection."""

    offer_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class BlockEmployer:
    """Block the employer of this offer."""

    offer_id: UUID


@dataclass(frozen=True, slots=True)
class ReportEmployer:
    """Report the employer of this offer to our team."""

    offer_id: UUID
    words: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Send this person nothing more (STOP)."""


@dataclass(frozen=True, slots=True)
class Start:
    """Send this person messages again (START)."""


@dataclass(frozen=True, slots=True)
class RequestHandoff:
    """Call a human; the bot falls silent."""

    why: str = "asked"
    """`app.messaging.models.HandoffReason`."""


@dataclass(frozen=True, slots=True)
class HandBack:
    """End the handoff; the bot answers again."""


@dataclass(frozen=True, slots=True)
class ListContactHolders:
    """List the employers who bought the worker's contact."""


@dataclass(frozen=True, slots=True)
class SendOwnData:
    """Send everything that is kept about this person."""


@dataclass(frozen=True, slots=True)
class SendSignInCode:
    """Send a sign-in code."""


@dataclass(frozen=True, slots=True)
class EraseAccount:
    """Delete the account and everything personal."""


# ── Of employers ─────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class SendPhoneCode:
    """E-mail the code that proves the phone to be this account's."""

    employer_id: UUID


@dataclass(frozen=True, slots=True)
class ProvePhone:
    """Prove the phone to be this account's, if the code is right."""

    employer_id: UUID
    code: str


@dataclass(frozen=True, slots=True)
class PostJob:
    """Create and publish the job that was read back and confirmed."""

    employer_id: UUID
    job: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PublishJob:
    """Publish a draft: one that an administrator approved, or that was written elsewhere."""

    employer_id: UUID
    job_id: UUID


@dataclass(frozen=True, slots=True)
class CancelJob:
    """Cancel a job."""

    employer_id: UUID
    job_id: UUID


@dataclass(frozen=True, slots=True)
class ListJobs:
    """List the employer's jobs with their progress."""

    employer_id: UUID


@dataclass(frozen=True, slots=True)
class ListLeads:
    """List who accepted a job: each with the price of their contact, or the contact."""

    employer_id: UUID
    job_id: UUID


@dataclass(frozen=True, slots=True)
class ListContacts:
    """List every contact that was bought."""

    employer_id: UUID


@dataclass(frozen=True, slots=True)
class AnswerHiringFaq:
    """Answer a frequent question of employers with today's price and guarantee."""

    employer_id: UUID
    topic: str
    """One of `app.nlu.faq_topic.EMPLOYER_TOPICS`."""


@dataclass(frozen=True, slots=True)
class AskWhichJob:
    """Ask which job is to be cancelled."""

    employer_id: UUID


@dataclass(frozen=True, slots=True)
class AskWhichContact:
    """Ask whose contact is meant."""

    employer_id: UUID
    verb: str
    """`block` or `report`."""


@dataclass(frozen=True, slots=True)
class AskLeadReport:
    """Ask what is wrong with a contact that was bought."""

    employer_id: UUID
    match_id: UUID


@dataclass(frozen=True, slots=True)
class ReportLead:
    """Report that a contact is no good."""

    employer_id: UUID
    match_id: UUID
    words: str


@dataclass(frozen=True, slots=True)
class BlockWorker:
    """Block the worker behind a contact."""

    employer_id: UUID
    match_id: UUID


type EmployerEffect = (
    SendPhoneCode
    | ProvePhone
    | PostJob
    | PublishJob
    | CancelJob
    | ListJobs
    | ListLeads
    | ListContacts
    | AnswerHiringFaq
    | AskWhichJob
    | AskWhichContact
    | AskLeadReport
    | ReportLead
    | BlockWorker
)
type Effect = (
    CreateWorker
    | SetLanguage
    | GiveConsent
    | ForgetPerson
    | SetPhone
    | EditProfile
    | SetWeeklyHours
    | AnswerOffer
    | GiveReason
    | BlockEmployer
    | ReportEmployer
    | Stop
    | Start
    | RequestHandoff
    | HandBack
    | ListContactHolders
    | SendOwnData
    | SendSignInCode
    | EraseAccount
    | EmployerEffect
)
