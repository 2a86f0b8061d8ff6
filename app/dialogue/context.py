"""What is known about the sender of a message: profile, offers, employer accounts."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from app.core.week import Slot
from app.jobs.rules import JobStatus
from app.messaging.quiet_hours import QUIET_FROM, QUIET_TO
from app.offers.summary import OfferSummary
from app.texts import catalogue
from app.texts.formatting import DEFAULT_ZONE, FormatContext


class MissAppeal(StrEnum):
    """Where an appeal against a miss stands."""

    NONE = "none"
    """It can be appealed against, perhaps once more."""
    OPEN = "open"
    DECIDED = "decided"
    """As often as it may be: nothing more can be done."""


CANCELLABLE: Final = frozenset({JobStatus.DRAFT, JobStatus.PUBLISHED})
"""Statuses from which a job can be cancelled."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The profile of the worker who writes."""

    name: str
    agreed: bool
    """Whether they have consented."""
    suspended: bool
    has_phone: bool
    skills: Sequence[str]
    place: str | None
    located: bool
    max_distance_km: float
    experience_years: int
    slots: Sequence[Slot]
    time_zone: str = DEFAULT_ZONE
    """IANA zone of the worker's clock."""
    quiet_hours: tuple[dt.time, dt.time] | None = (QUIET_FROM, QUIET_TO)
    """From when to when they want no notice, by that clock; None: notices come at any hour."""


@dataclass(frozen=True, slots=True)
class EmployerAccount:
    """An employer's account that names the phone somebody writes from."""

    id: UUID
    company: str
    email: str
    """Masked: whoever holds the phone may be a stranger; "" where there is none."""
    proven: bool
    """Whether the phone was proven to be this account's; otherwise the account may do nothing here."""
    suspended: bool
    city: str | None


def masked_email(email: str) -> str:
    """Return enough of an address for its owner to know it: "o•••@e•••.com"."""
    name, _, domain = email.partition("@")
    _, _, ending = domain.rpartition(".")
    return f"{name[:1]}•••@{domain[:1]}•••.{ending[:12]}"


@dataclass(frozen=True, slots=True)
class JobSummary:
    """A job of an employer who writes."""

    id: UUID
    employer_id: UUID
    status: JobStatus
    params: Mapping[str, Any]
    """Values for the texts about it."""
    skills: Sequence[str] = ()
    """Slugs of the skills it requires."""

    @property
    def title(self) -> str:
        """The title; contact details in it are masked."""
        return str(self.params["title"])


@dataclass(frozen=True, slots=True)
class Miss:
    """Something that lowers the reliability of the worker who writes."""

    what: str
    """By what it is appealed against."""
    title: str
    """Of the job, masked; "" where it is about several offers."""
    text: str
    """What it is, in the language of replies; no two in the same words."""
    appeal: MissAppeal = MissAppeal.NONE


@dataclass(frozen=True, slots=True)
class Context:
    """What is known about the sender when a message is handled; loaded by `app.chat.load_context`."""

    now: dt.datetime
    language: str | None
    profile: Profile | None
    stopped: bool = False
    in_handoff: bool = False
    """Whether a human was called, whether or not one has come."""
    handoff_reason: str = ""
    """One of `app.messaging.models.HandoffReason`."""
    taken_over: bool = False
    """Whether an administrator has the conversation now."""
    attended: bool = False
    """Whether an administrator has had it since: a plain yes may be meant for them."""
    employers: Sequence[EmployerAccount] = ()
    """Employer accounts that name this phone, proven or not."""
    job: JobSummary | None = None
    """The tapped job, if it belongs to one of those employers."""
    jobs: Sequence[JobSummary] = ()
    """The newest jobs of those employers, where the message may be about one that is posted."""
    misses: Sequence[Miss] | None = None
    """What lowers the worker's reliability, newest first; None where the message is about no appeal."""
    base_url: str = ""
    late: bool = False
    """Whether a newer message of this person was handled already."""
    stop_superseded: bool = False
    """Whether a newer STOP or START of theirs was handled already."""
    open_offers: Sequence[OfferSummary] = ()
    accepted_offers: Sequence[OfferSummary] = ()
    rejected_offers: Sequence[OfferSummary] = ()
    """Those whose rejection can still be taken back."""
    offer: OfferSummary | None = None
    """The tapped or quoted offer, if it is this worker's."""
    quoted: bool = False
    """Whether the message quotes a message of ours about an offer."""
    country: str = "IN"
    form_id: str = ""
    """The platform's id of the form for weekly hours; "" where there is none."""
    currency: str = "INR"
    has_phone: bool = True
    """Whether the platform has named the sender's phone."""

    @property
    def reply_language(self) -> str:
        """The language of replies."""
        return self.language or "en"

    @property
    def proven(self) -> list[EmployerAccount]:
        """The employer accounts that may act from this phone."""
        return [account for account in self.employers if account.proven]

    @property
    def unproven(self) -> list[EmployerAccount]:
        """The employer accounts that name this phone without proof."""
        return [account for account in self.employers if not account.proven]

    def word(self, name: str) -> str:
        """Return a word of the catalogue in the language of replies."""
        return catalogue.word(self.reply_language, name)

    def text(self, name: str) -> catalogue.Entry:
        """Return a chat text of the catalogue in the language of replies."""
        return catalogue.get_catalogue(self.reply_language).chat[name]

    def format_context(self, params: Mapping[str, Any]) -> FormatContext:
        """Return how these values are formatted in the language of replies."""
        return catalogue.format_context(self.reply_language, params, self.now)
