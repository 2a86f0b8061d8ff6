"""The words of the conversation: its state, what it knows, what it says, and what it wants done.

Everything here is plain data, so that a conversation can be read, tested and replayed without
network or database.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final, Self
from uuid import UUID

from app.core.week import Slot
from app.dialogue.employer.model import EmployerEffect, EmployerFacts, JobFacts
from app.messaging.inbound import Inbound, InboundKind
from app.nlu.intents import Intent, intents
from app.offers.rules import OfferStatus
from app.texts.formatting import DEFAULT_ZONE
from app.texts.message import Button, Form, Row


class Ask(StrEnum):
    """Which question is open; `NOTHING` is everyday talk."""

    NOTHING = "nothing"
    LANGUAGE = "language"
    CONSENT = "consent"
    NAME = "name"
    PHONE = "phone"
    SKILLS = "skills"
    SKILLS_RIGHT = "skills_right"
    LOCATION = "location"
    WHICH_PLACE = "which_place"
    DISTANCE = "distance"
    EXPERIENCE = "experience"
    AVAILABILITY = "availability"
    AVAILABILITY_RIGHT = "availability_right"
    DELETE = "delete"
    REPORT = "report"
    NEW_PLACE = "new_place"
    WHOSE = "whose"
    PROVE = "prove"
    LEAD_REPORT = "lead_report"
    JOB_ROLE = "job_role"
    JOB_WHICH_ROLE = "job_which_role"
    JOB_PLACE = "job_place"
    JOB_WHICH_PLACE = "job_which_place"
    JOB_DAYS = "job_days"
    JOB_WEEKLY = "job_weekly"
    JOB_HOURS = "job_hours"
    JOB_PEOPLE = "job_people"
    JOB_PAY = "job_pay"
    JOB_PAY_PER = "job_pay_per"
    JOB_RADIUS = "job_radius"
    JOB_NOTE = "job_note"
    JOB_RIGHT = "job_right"
    JOB_CHANGE = "job_change"


REPORT_CHARACTERS: Final = 500
"""Of what somebody reports, so much is kept."""
_ASKS: Final[Mapping[str, Ask]] = {ask.value: ask for ask in Ask}
FREE_WRITING: Final = frozenset({Ask.NAME, Ask.SKILLS, Ask.LOCATION, Ask.WHICH_PLACE, Ask.REPORT})
"""Questions whose answers are people's own words: there, only unmistakable intents count."""
REGISTRATION: Sequence[Ask] = (
    Ask.LANGUAGE,
    Ask.CONSENT,
    Ask.NAME,
    Ask.PHONE,
    Ask.SKILLS,
    Ask.LOCATION,
    Ask.DISTANCE,
    Ask.EXPERIENCE,
    Ask.AVAILABILITY,
)
"""The questions of a registration, in order; it resumes at the first that is unanswered."""


@dataclass(frozen=True, slots=True)
class State:
    """Where a conversation stands. It holds no phone."""

    ask: Ask = Ask.NOTHING
    answered: frozenset[Ask] = frozenset()
    """Questions with a default that were asked and answered."""
    registering: bool = False
    """Whether the next unanswered question follows by itself."""
    draft: Mapping[str, Any] = field(default_factory=dict)
    """What is being put together: skills chosen so far, slots read back, places to choose from."""
    misses: int = 0
    """How often in a row nothing was understood."""
    hat: str = ""
    """As whom somebody writes who is several: `worker`, or the id of an employer; empty: not said."""
    told_of_human: bool = False
    """Whether who waits for a human was told once more that one is called."""
    told_of: str = ""
    """What was answered last of the questions that many ask (`asked.SUBJECTS`)."""

    def at(self, ask: Ask, **draft: Any) -> Self:
        """Return the state with that question open."""
        return replace(self, ask=ask, draft=draft, misses=0)

    def as_json(self) -> dict[str, Any]:
        """Return what `from_json` reads back."""
        return {
            "ask": self.ask.value,
            "answered": sorted(ask.value for ask in self.answered),
            "registering": self.registering,
            "draft": dict(self.draft),
            "misses": self.misses,
            "hat": self.hat,
            "told_of_human": self.told_of_human,
            "told_of": self.told_of,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return a kept state; what an older version kept and nobody knows any more is dropped."""
        return cls(
            ask=_ASKS.get(value.get("ask") or "", Ask.NOTHING),
            answered=frozenset(_ASKS[name] for name in value.get("answered", []) if name in _ASKS),
            registering=bool(value.get("registering")),
            draft=dict(value.get("draft") or {}),
            misses=int(value.get("misses") or 0),
            hat=str(value.get("hat") or ""),
            told_of_human=bool(value.get("told_of_human")),
            told_of=str(value.get("told_of") or ""),
        )


@dataclass(frozen=True, slots=True)
class Profile:
    """What is kept about the worker who writes."""

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
    """IANA: by whose clock this worker is told times."""


@dataclass(frozen=True, slots=True)
class OfferFacts:
    """One of this worker's offers; `said` are the values its texts need."""

    id: UUID
    status: OfferStatus
    """As it stands now: an unanswered one past its deadline has expired."""
    unlocked: bool
    said: Mapping[str, Any]
    blocked: bool = False
    """Whether this worker blocked its employer."""


@dataclass(frozen=True, slots=True)
class Context:
    """Everything a step may look at besides state and message."""

    now: dt.datetime
    language: str | None
    profile: Profile | None
    stopped: bool = False
    paused: bool = False
    """Whether a human is wanted, there or not."""
    wanted_for: str = ""
    """Why a human is wanted: `app.messaging.models.HandoffReason`."""
    held: bool = False
    """Whether one is there: an administrator holds the conversation."""
    attended: bool = False
    """Whether one was there since: a plain yes may be meant for them."""
    employers: Sequence[EmployerFacts] = ()
    """The employers' accounts that name this phone, proven to be theirs or not."""
    job: JobFacts | None = None
    """The job that was tapped, if it is one of those employers'."""
    base_url: str = ""
    late: bool = False
    """Whether a newer message of this person was handled before this one."""
    overruled: bool = False
    """Whether a newer STOP or START of theirs was."""
    open_offers: Sequence[OfferFacts] = ()
    accepted_offers: Sequence[OfferFacts] = ()
    offer: OfferFacts | None = None
    """The offer that was tapped or quoted, if it is this worker's."""
    quoted: bool = False
    """Whether the message quotes one of ours that is about an offer."""
    country: str = "IN"
    form_id: str = ""
    """The platform's id of the form for free times; "" where there is none."""
    currency: str = "INR"

    @property
    def said_in(self) -> str:
        """The language to speak."""
        return self.language or "en"


@dataclass(frozen=True, slots=True)
class Reply:
    """One thing to say: a text of the catalogue with its values."""

    text: str
    params: Mapping[str, Any] = field(default_factory=dict)
    buttons: Sequence[Button] | None = None
    rows: Sequence[Row] = ()
    form: Form | None = None
    """A form to open; the text's rows stand in where there can be none."""
    essential: bool = False
    """Said even to somebody who said STOP."""


# ── Effects: what a step wants done ──────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Meet:
    """Make the pending worker of a first message, under the name they go by on the platform."""

    name: str


@dataclass(frozen=True, slots=True)
class SetLanguage:
    """Speak this language from now on."""

    language: str


@dataclass(frozen=True, slots=True)
class Agree:
    """Record the consent; a proven phone makes the worker active."""

    name: str = ""
    """What they go by on the platform: what others said about an unproven phone is forgotten."""


@dataclass(frozen=True, slots=True)
class Forget:
    """Keep nothing about somebody who may not or does not want to register."""


@dataclass(frozen=True, slots=True)
class SetPhone:
    """The platform vouches for this phone."""

    phone: str


@dataclass(frozen=True, slots=True)
class Edit:
    """Change the profile; the fields are those of `workers.profile.ProfileChanges`."""

    changes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SetWeek:
    """Put these slots in place of all others."""

    slots: Sequence[Slot]


@dataclass(frozen=True, slots=True)
class Answer:
    """Accept or reject an offer, or take an acceptance back."""

    offer_id: UUID
    verb: str
    """`accept`, `reject` or `withdraw`."""
    reason: str | None = None
    """Why not, where that was said with the no."""


@dataclass(frozen=True, slots=True)
class GiveReason:
    """Why an offer was rejected."""

    offer_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class Block:
    """No more offers from the employer of this offer."""

    offer_id: UUID


@dataclass(frozen=True, slots=True)
class Report:
    """Something is wrong with the employer of this offer."""

    offer_id: UUID
    words: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Silence."""


@dataclass(frozen=True, slots=True)
class Start:
    """An end to the silence."""


@dataclass(frozen=True, slots=True)
class HandOver:
    """A human is wanted; the bot keeps quiet."""

    why: str = "asked"
    """`app.messaging.models.HandoffReason`."""


@dataclass(frozen=True, slots=True)
class HandBack:
    """The bot speaks again."""


@dataclass(frozen=True, slots=True)
class TellWhoKnows:
    """Say which employers hold the contact."""


@dataclass(frozen=True, slots=True)
class SendData:
    """Send everything that is kept about this person."""


@dataclass(frozen=True, slots=True)
class SendCode:
    """Send a code to sign in with."""


@dataclass(frozen=True, slots=True)
class Erase:
    """Delete the account and everything personal."""


type Effect = (
    Meet
    | SetLanguage
    | Agree
    | Forget
    | SetPhone
    | Edit
    | SetWeek
    | Answer
    | GiveReason
    | Block
    | Report
    | Stop
    | Start
    | HandOver
    | HandBack
    | TellWhoKnows
    | SendData
    | SendCode
    | Erase
    | EmployerEffect
)


@dataclass(frozen=True, slots=True)
class Turn:
    """What follows from one message. Effects come first; then everything is said as one message."""

    state: State
    replies: Sequence[Reply] = ()
    effects: Sequence[Effect] = ()
    language: str | None = None
    """The language from here on, where this turn changes it."""
    missed: bool = False
    """Whether the answer made no sense, and the replies say why: three in a row want a human."""
    if_refused: State | None = None
    """What is kept instead, should one of the effects be refused."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """An inbound message with the state of its conversation and what is known about its sender."""

    inbound: Inbound
    state: State
    context: Context

    @property
    def text(self) -> str | None:
        """The text, stripped; None for anything but a text message."""
        return self.inbound.text.strip() if self.inbound.kind is InboundKind.TEXT else None

    @property
    def intents(self) -> frozenset[Intent]:
        """Every intent of the text; none for anything but a text message."""
        text = self.text
        return frozenset() if text is None else intents(text)

    def has_intent(self, intent: Intent) -> bool:
        """Whether the text has this intent."""
        return intent in self.intents

    def tapped(self, prefix: str) -> str | None:
        """Return what follows `prefix:` in the id of a tapped button; None where none was tapped."""
        if self.inbound.kind is not InboundKind.TAP:
            return None
        name, colon, rest = self.inbound.payload.partition(":")
        return rest if name == prefix and colon else None
