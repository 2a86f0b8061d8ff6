"""The state of a conversation: the open question, what was answered, and unsaved answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final, Self


class Ask(StrEnum):
    """The open question; `NOTHING` while none is open."""

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
    ERASE_COMPANY = "erase_company"
    REPORT = "report"
    APPEAL = "appeal"
    WITHDRAW = "withdraw"
    NEW_PLACE = "new_place"
    QUIET = "quiet"
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
    JOB_WHICH_HOURS = "job_which_hours"
    JOB_PEOPLE = "job_people"
    JOB_PAY = "job_pay"
    JOB_PAY_PER = "job_pay_per"
    JOB_RADIUS = "job_radius"
    JOB_NOTE = "job_note"
    JOB_RIGHT = "job_right"
    JOB_CHANGE = "job_change"
    WHICH_JOB = "which_job"
    REPEAT_DAYS = "repeat_days"
    POSTED_JOB = "posted_job"
    COMPANY = "company"
    CONTACT_NAME = "contact_name"
    COMPANY_PHONE = "company_phone"


GUESS: Final = "guess"
"""Where a draft keeps the id of the one tap that was proposed: a typed yes to it is that tap."""
_ASKS: Final[Mapping[str, Ask]] = {ask.value: ask for ask in Ask}
FREE_WRITING: Final = frozenset(
    {
        *(Ask.NAME, Ask.SKILLS, Ask.LOCATION, Ask.WHICH_PLACE, Ask.REPORT, Ask.APPEAL),
        *(Ask.COMPANY, Ask.CONTACT_NAME),
    }
)
"""Questions answered in people's own words: there, only unmistakable intents count."""
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
    """Where a conversation is: kept as JSON with the person, and never holding a phone."""

    ask: Ask = Ask.NOTHING
    answered: frozenset[Ask] = frozenset()
    """Questions with a default that were asked and answered."""
    registering: bool = False
    """Whether the next unanswered question follows by itself."""
    draft: Mapping[str, Any] = field(default_factory=dict)
    """Unsaved answers: skills chosen so far, slots read back, places to choose from, a job's draft."""
    misses: int = 0
    """How often in a row nothing was understood."""
    persona: str = ""
    """As whom somebody with several accounts writes: `worker` or an employer's id; empty: not chosen."""
    handoff_announced: bool = False
    """Whether somebody who waits for a human was reminded that one is called."""
    last_faq: str = ""
    """The topic of the frequent question that was answered last."""
    told_how_to_start: str = ""
    """The day, by UTC, on which somebody who said STOP was last told how to come back."""
    said: Mapping[str, Any] = field(default_factory=dict)
    """Facts of a registration that were said before they were asked for, and are not stored yet."""

    def at(self, ask: Ask, **draft: Any) -> Self:
        """Return the state with this question open and a new draft."""
        return replace(self, ask=ask, draft=draft, misses=0)

    def as_json(self) -> dict[str, Any]:
        """Return what `from_json` reads back."""
        return {
            "ask": self.ask.value,
            "answered": sorted(ask.value for ask in self.answered),
            "registering": self.registering,
            "draft": dict(self.draft),
            "misses": self.misses,
            "hat": self.persona,
            "told_of_human": self.handoff_announced,
            "told_of": self.last_faq,
            **({"said": dict(self.said)} if self.said else {}),
            **({"told_how_to_start": self.told_how_to_start} if self.told_how_to_start else {}),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return a stored state; questions of older versions that are unknown by now are dropped."""
        return cls(
            ask=_ASKS.get(value.get("ask") or "", Ask.NOTHING),
            answered=frozenset(_ASKS[name] for name in value.get("answered", []) if name in _ASKS),
            registering=bool(value.get("registering")),
            draft=dict(value.get("draft") or {}),
            misses=int(value.get("misses") or 0),
            persona=str(value.get("hat") or ""),
            handoff_announced=bool(value.get("told_of_human")),
            last_faq=str(value.get("told_of") or ""),
            said=dict(value.get("said") or {}),
            told_how_to_start=str(value.get("told_how_to_start") or ""),
        )
