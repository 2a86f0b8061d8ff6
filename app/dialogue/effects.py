"""Effects: what a turn changes or looks up. `app.chat.effects` performs them by the domains' verbs."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from app.core.week import Slot
from app.jobs.job_text import JobSalary, JobText

REPORT_CHARACTERS: Final = 500
"""The longest text of a report that is kept."""


@dataclass(frozen=True, slots=True)
class Effect:
    """Something a turn changes or looks up."""


@dataclass(frozen=True, slots=True)
class EmployerEffect(Effect):
    """An effect for an employer's account; it is checked again whether it may act from this phone."""

    employer_id: UUID


# ── Of workers, and of anybody ───────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class CreateWorker(Effect):
    """Create the pending worker of a first message; `name` is their name on the platform."""

    name: str


@dataclass(frozen=True, slots=True)
class SetLanguage(Effect):
    """Set the language of all further messages."""

    language: str


@dataclass(frozen=True, slots=True)
class GiveConsent(Effect):
    """Record the consent; a proven phone makes the worker active."""

    name: str = ""
    """Their name on the platform: whatever was entered about an unproven phone is dropped."""


@dataclass(frozen=True, slots=True)
class ForgetPerson(Effect):
    """Delete everything about somebody who may not or does not want to register."""


@dataclass(frozen=True, slots=True)
class SetPhone(Effect):
    """Keep a phone that the platform vouches for."""

    phone: str


@dataclass(frozen=True, slots=True)
class EditProfile(Effect):
    """Change the profile; the fields are those of `workers.profile.WorkerEdit`."""

    changes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SetWeeklyHours(Effect):
    """Replace all slots by these."""

    slots: Sequence[Slot]


@dataclass(frozen=True, slots=True)
class AnswerOffer(Effect):
    """Accept or reject an offer, withdraw an acceptance, or open a rejected offer again."""

    offer_id: UUID
    verb: str
    """`accept`, `reject`, `withdraw` or `reconsider`."""
    reason: str | None = None
    """The reason, where it came with the rejection."""


@dataclass(frozen=True, slots=True)
class StandBy(Effect):
    """Wait for a place of a job that is full."""

    offer_id: UUID


@dataclass(frozen=True, slots=True)
class GiveReason(Effect):
    """Add the reason for a rejection."""

    offer_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class BlockEmployer(Effect):
    """Block the employer of this offer."""

    offer_id: UUID


@dataclass(frozen=True, slots=True)
class AnswerReached(Effect):
    """Answer whether the employer who bought the contact reached the worker."""

    offer_id: UUID
    reached: bool


@dataclass(frozen=True, slots=True)
class ReportEmployer(Effect):
    """Report the employer of this offer to our team."""

    offer_id: UUID
    words: str


@dataclass(frozen=True, slots=True)
class ShowReliability(Effect):
    """Show the worker's reliability, what it is made of, and what they can do."""


@dataclass(frozen=True, slots=True)
class AppealReliability(Effect):
    """Appeal against what lowers the worker's reliability."""

    words: str
    what: str = "score"
    """A part's (`offers.reliability.ScorePart.what`); `score` is everything that lowers it."""


@dataclass(frozen=True, slots=True)
class Stop(Effect):
    """Send this person nothing more (STOP)."""


@dataclass(frozen=True, slots=True)
class Start(Effect):
    """Send this person messages again (START)."""


@dataclass(frozen=True, slots=True)
class RequestHandoff(Effect):
    """Call a human; the bot falls silent."""

    why: str = "asked"
    """`app.messaging.models.HandoffReason`."""


@dataclass(frozen=True, slots=True)
class HandBack(Effect):
    """End the handoff; the bot answers again."""


@dataclass(frozen=True, slots=True)
class ListContactHolders(Effect):
    """List the employers who bought the worker's contact."""


@dataclass(frozen=True, slots=True)
class SendOwnData(Effect):
    """Send everything that is kept about this person."""


@dataclass(frozen=True, slots=True)
class SendSignInCode(Effect):
    """Send a sign-in code."""


@dataclass(frozen=True, slots=True)
class EraseAccount(Effect):
    """Delete the account and everything personal."""


# ── Of employers ─────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class SendPhoneCode(EmployerEffect):
    """E-mail the code that proves the phone to be this account's."""


@dataclass(frozen=True, slots=True)
class ProvePhone(EmployerEffect):
    """Prove the phone to be this account's, if the code is right."""

    code: str


@dataclass(frozen=True, slots=True)
class PostJob(EmployerEffect):
    """Create and publish the job that was read back and confirmed."""

    job: JobText


@dataclass(frozen=True, slots=True)
class OpenCompany(Effect):
    """Open the company of somebody who wrote a job, and post that job; their phone is proven by writing."""

    company: str
    """The company's name; "" for somebody who hires for themselves."""
    contact: str
    job: JobText


@dataclass(frozen=True, slots=True)
class AnswerNewcomersFaq(Effect):
    """Answer a frequent question of employers to somebody who has no company yet."""

    topic: str
    """One of `app.nlu.faq_topic.EMPLOYER_TOPICS`."""


@dataclass(frozen=True, slots=True)
class SendEmployerCode(EmployerEffect):
    """Send a sign-in code to the employer's phone."""


@dataclass(frozen=True, slots=True)
class PublishJob(EmployerEffect):
    """Publish a draft: one that an administrator approved, or that was written elsewhere."""

    job_id: UUID


@dataclass(frozen=True, slots=True)
class CancelJob(EmployerEffect):
    """Cancel a job."""

    job_id: UUID


@dataclass(frozen=True, slots=True)
class CloseJob(EmployerEffect):
    """Close a published job: nobody more is asked, and who said yes stays."""

    job_id: UUID


@dataclass(frozen=True, slots=True)
class AddPositions(EmployerEffect):
    """Raise how many people a posted job wants to this number."""

    job_id: UUID
    positions: int


@dataclass(frozen=True, slots=True)
class RaisePay(EmployerEffect):
    """Change the pay of a posted job, as its terms allow."""

    job_id: UUID
    salary: JobSalary


@dataclass(frozen=True, slots=True)
class RepeatJob(EmployerEffect):
    """Create and publish a job like one there is, as it was read back."""

    job_id: UUID
    starts_on: dt.date
    ends_on: dt.date | None
    slots: Sequence[Slot]
    positions: int
    salary: JobSalary | None


@dataclass(frozen=True, slots=True)
class ListJobs(EmployerEffect):
    """List the employer's jobs with their progress."""


@dataclass(frozen=True, slots=True)
class ListLeads(EmployerEffect):
    """List who accepted a job: each with the price of their contact, or the contact."""

    job_id: UUID


@dataclass(frozen=True, slots=True)
class PayForAll(EmployerEffect):
    """Begin one order for the contacts of all who accepted a job and are not bought yet."""

    job_id: UUID
    leads: str | None = None
    """The digest of the leads that the tap was for; None where it named none: for whoever is there."""


@dataclass(frozen=True, slots=True)
class UnlockLead(EmployerEffect):
    """Unlock one lead by a tap: for nothing where it is free, else out of the balance."""

    match_id: UUID


@dataclass(frozen=True, slots=True)
class ChargeCard(EmployerEffect):
    """Charge one lead to the kept card, by a tap that named what it costs."""

    match_id: UUID
    amount: int
    """What the tap named, in minor units."""


@dataclass(frozen=True, slots=True)
class ChargeCardForAll(EmployerEffect):
    """Charge the leads of a job that are not bought yet to the kept card, by a tap that named what they cost."""

    job_id: UUID
    amount: int
    leads: str
    """The digest of the leads that the tap was for."""


@dataclass(frozen=True, slots=True)
class ShowBalance(EmployerEffect):
    """Show what is in the balance, and the packs by which it is topped up."""


@dataclass(frozen=True, slots=True)
class TopUp(EmployerEffect):
    """Begin to pay a pack in advance; the page's link is sent."""

    pack: str


@dataclass(frozen=True, slots=True)
class AskErasure(EmployerEffect):
    """Ask whether the account shall really be erased, and say what that means for this person."""


@dataclass(frozen=True, slots=True)
class EraseCompany(EmployerEffect):
    """Erase the account of who writes: the company with its last owner, anybody else leaves the team."""

    asked: str
    """The token of what was asked: whose account, whether the company goes, and its balance."""
    gives_up_balance: bool = False


@dataclass(frozen=True, slots=True)
class PayBackBalance(EmployerEffect):
    """Pay what can go back of the balance back to what it was paid with."""


@dataclass(frozen=True, slots=True)
class ListContacts(EmployerEffect):
    """List every contact that was bought."""


@dataclass(frozen=True, slots=True)
class AnswerHiringFaq(EmployerEffect):
    """Answer a frequent question of employers with today's price and guarantee."""

    topic: str
    """One of `app.nlu.faq_topic.EMPLOYER_TOPICS`."""


@dataclass(frozen=True, slots=True)
class AskWhichContact(EmployerEffect):
    """Ask whose contact is meant."""

    verb: str
    """`block` or `report`."""


@dataclass(frozen=True, slots=True)
class AskLeadReport(EmployerEffect):
    """Ask what is wrong with a contact that was bought."""

    match_id: UUID


@dataclass(frozen=True, slots=True)
class ReportLead(EmployerEffect):
    """Report that a contact is no good."""

    match_id: UUID
    why: str
    """One of `app.payments.rules.ReportReason`."""
    words: str


@dataclass(frozen=True, slots=True)
class BlockWorker(EmployerEffect):
    """Block the worker behind a contact."""

    match_id: UUID
