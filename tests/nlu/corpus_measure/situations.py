"""The situations in which the lines of the corpora arrive: a state and a context for each question's name.

The instant is Monday, 23 November 2026, 11:30 in India.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final
from uuid import UUID

from app.core.week import Slot
from app.dialogue.context import Context, EmployerAccount, JobSummary, Profile
from app.dialogue.employer.job_questions import job_values
from app.dialogue.state import REGISTRATION, Ask, State
from app.jobs.rules import JobStatus
from app.nlu.job_draft import Draft, token
from app.offers.rules import OfferStatus
from app.offers.summary import OfferSummary
from app.texts.catalogue import SAMPLES

NOW: Final = dt.datetime(2026, 11, 23, 6, tzinfo=dt.UTC)
PHONE: Final = "+919811100001"
OFFER: Final = UUID("0198c0de-0000-7000-8000-000000000001")
OTHER_OFFER: Final = UUID("0198c0de-0000-7000-8000-000000000002")
JOB: Final = UUID("0198c0de-0000-7000-8000-000000000020")
HINDI: Final = frozenset({"hi", "hinglish"})
"""Whose lines are answered in Hindi: those who write it, in whatever script."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What a message finds when it arrives."""

    state: State
    context: Context

    def draft(self, key: str) -> Any:
        """Return an unsaved answer that is there before the message."""
        return self.state.draft.get(key)


@cache
def situation(side: str, question: str, language: str) -> Situation:
    """Return the situation of this name for a line in this language. Raises `KeyError` for none."""
    made = _SITUATIONS[side][question]()
    before_choice = made.context.language is None
    spoken = "hi" if language in HINDI else "en"
    if before_choice:
        return made
    return _read_back(replace(made, context=replace(made.context, language=spoken)))


def questions(side: str) -> Sequence[str]:
    """Return the names of a side's situations, in the order in which people meet them."""
    return tuple(_SITUATIONS[side])


def _context(profile: Profile | None, **more: Any) -> Context:
    known: dict[str, Any] = {"now": NOW, "language": "en", "profile": profile}
    return Context(**{**known, "base_url": "https://partimer.example", **more})


# ── Workers ──────────────────────────────────────────────────────────────────────────────────────

_WEEK: Final = tuple(Slot(day, 18 * 60, 22 * 60) for day in range(5))
_SETTLED: Final = Profile(
    name="Asha",
    agreed=True,
    suspended=False,
    has_phone=True,
    skills=("waiter",),
    place="Dadar, Mumbai",
    located=True,
    max_distance_km=10,
    experience_years=2,
    slots=_WEEK,
)
NEWCOMER: Final = replace(
    _SETTLED, name="", agreed=False, skills=(), place=None, located=False, slots=()
)
_KNOWN_FROM: Final[Mapping[Ask, Mapping[str, Any]]] = {
    Ask.NAME: {"agreed": True},
    Ask.PHONE: {"name": "Asha"},
    Ask.LOCATION: {"skills": ("waiter",)},
    Ask.DISTANCE: {"place": "Dadar, Mumbai", "located": True},
}
"""What the profile holds from a question on."""
_RAMPURS: Final = (
    {"name": "Rampur", "city": "Rampur", "state": "Uttar Pradesh", "at": [28.81, 79.03]},
    {"name": "Rampur", "city": "Shimla", "state": "Himachal Pradesh", "at": [31.45, 77.63]},
    {"name": "Rampur", "city": "Patna", "state": "Bihar", "at": [25.6, 85.1]},
)
_JUHU: Final = {"name": "Juhu", "city": "Mumbai", "state": "Maharashtra", "at": [19.1, 72.83]}


def _registering(ask: Ask, asked: Ask | None = None, **draft: Any) -> Callable[[], Situation]:
    """Return a situation within a registration; `asked` names the question that `ask` belongs to."""

    def make() -> Situation:
        at = REGISTRATION.index(asked or ask)
        profile = NEWCOMER
        for question in REGISTRATION[: at + 1]:
            profile = replace(profile, **_KNOWN_FROM.get(question, {}))
        if ask is Ask.PHONE:
            profile = replace(profile, has_phone=False)
        state = State(ask, frozenset(REGISTRATION[:at]), registering=True, draft=dict(draft))
        language = None if ask is Ask.LANGUAGE else "en"
        return Situation(state, _context(profile, language=language))

    return make


def _at_rest(ask: Ask = Ask.NOTHING, draft: Mapping[str, Any] | None = None, **more: Any) -> Any:
    """Return a situation of a registered worker."""
    state = State(ask, frozenset(REGISTRATION), draft=draft or {})
    return lambda: Situation(state, _context(_SETTLED, **more))


def _offer(status: OfferStatus, id_: UUID = OFFER, **more: Any) -> OfferSummary:
    unlocked = bool(more.pop("unlocked", False))
    return OfferSummary(id_, status, unlocked, {**SAMPLES, "offer_id": str(id_), **more})


_OPEN: Final = _offer(OfferStatus.OFFERED)
_OTHER: Final = _offer(OfferStatus.OFFERED, OTHER_OFFER, title="Cook", company="Hotel Sagar")
_ACCEPTED: Final = _offer(OfferStatus.ACCEPTED)
_STANDS: Final = replace(_offer(OfferStatus.REJECTED), stands=True)
_REJECTED: Final = {
    "rejected": str(OFFER),
    "until": (NOW + dt.timedelta(minutes=50)).isoformat(),
}

_WORKER: Final[Mapping[str, Callable[[], Situation]]] = {
    "first": lambda: Situation(State(), _context(None, language=None)),
    "language": _registering(Ask.LANGUAGE),
    "consent": _registering(Ask.CONSENT),
    "name": _registering(Ask.NAME),
    "phone": _registering(Ask.PHONE),
    "skills": _registering(Ask.SKILLS),
    "skills_right": _registering(Ask.SKILLS_RIGHT, Ask.SKILLS, skills=["waiter", "cook"]),
    "location": _registering(Ask.LOCATION),
    "which_place": _registering(Ask.WHICH_PLACE, Ask.LOCATION, places=list(_RAMPURS)),
    "this_place": _registering(Ask.WHICH_PLACE, Ask.LOCATION, places=[_JUHU]),
    "distance": _registering(Ask.DISTANCE),
    "experience": _registering(Ask.EXPERIENCE),
    "availability": _registering(Ask.AVAILABILITY),
    "availability_right": _registering(
        Ask.AVAILABILITY_RIGHT, Ask.AVAILABILITY, slots=[[5, 600, 1080]]
    ),
    "idle": _at_rest(),
    "offer": _at_rest(open_offers=(_OPEN,)),
    "two_offers": _at_rest(open_offers=(_OPEN, _OTHER)),
    "offer_accepted": _at_rest(accepted_offers=(_ACCEPTED,)),
    "rejected": _at_rest(draft=_REJECTED, rejected_offers=(_STANDS,)),
    "delete": _at_rest(Ask.DELETE),
    "report": _at_rest(Ask.REPORT, {"offer_id": str(OFFER), "company": "Café Mondegar"}),
    "new_place": _at_rest(Ask.NEW_PLACE, {"at": [19.1, 72.83]}),
    "stopped": _at_rest(stopped=True),
    "handoff": _at_rest(in_handoff=True, handoff_reason="asked"),
}

# ── Employers ────────────────────────────────────────────────────────────────────────────────────

_ACCOUNT: Final = EmployerAccount(
    id=UUID("0198c0de-0000-7000-8000-000000000010"),
    company="Sharma Caterers",
    email="o•••@e•••.com",
    proven=True,
    suspended=False,
    city="Mumbai",
)
_PUBLISHED: Final = JobSummary(
    JOB,
    _ACCOUNT.id,
    JobStatus.PUBLISHED,
    {**SAMPLES, "job_id": str(JOB), "people": 2, "asked": 5, "accepted": 2, "unlocked": 1},
    ("waiter",),
)
_JUHU_JOB: Final = {**_JUHU, "zone": "Asia/Kolkata"}
_SATURDAY: Final = dt.date(2026, 12, 5)
_WHOLE: Final = Draft(
    skill="waiter",
    place=_JUHU_JOB,
    starts_on=_SATURDAY,
    ends_on=_SATURDAY,
    spans=((-1, 18 * 60, 23 * 60),),
    people=3,
    amount=80_000,
    per="day",
)
_UNKNOWN_FROM: Final[Mapping[Ask, Mapping[str, Any]]] = {
    Ask.JOB_ROLE: {"skill": None},
    Ask.JOB_WHICH_ROLE: {"skill": None, "skills": ("cook", "kitchen_helper")},
    Ask.JOB_PLACE: {"place": None},
    Ask.JOB_WHICH_PLACE: {"place": None, "places": tuple(dict(p) for p in _RAMPURS)},
    Ask.JOB_DAYS: {"starts_on": None, "ends_on": None},
    Ask.JOB_HOURS: {"spans": ()},
    Ask.JOB_WEEKLY: {"starts_on": None, "ends_on": None, "days": (5, 6)},
    Ask.JOB_PEOPLE: {"people": None},
    Ask.JOB_PAY: {"amount": None, "per": None},
    Ask.JOB_PAY_PER: {"per": None},
}
"""What is not known of the job at a question; what is asked later is not known either."""


def _posting(ask: Ask) -> Callable[[], Situation]:
    """Return a situation in which this question about a job is open."""

    def make() -> Situation:
        draft = _WHOLE
        if ask in _UNKNOWN_FROM:
            later = list(_UNKNOWN_FROM)[list(_UNKNOWN_FROM).index(ask) + 1 :]
            follow_ups = {Ask.JOB_WHICH_ROLE, Ask.JOB_WHICH_PLACE, Ask.JOB_WEEKLY, Ask.JOB_PAY_PER}
            for question in (*(name for name in later if name not in follow_ups), ask):
                draft = replace(draft, **_UNKNOWN_FROM[question])
        kept = {"job": draft.as_json()}
        state = State(ask, draft=kept, persona=str(_ACCOUNT.id))
        return Situation(state, _context(None, employers=(_ACCOUNT,)))

    return make


def _read_back(made: Situation) -> Situation:
    """Return the situation with the name of what was read back, in the language of the replies."""
    if made.state.ask is not Ask.JOB_RIGHT:
        return made
    values = job_values(Draft.from_json(made.state.draft["job"]), made.context)
    named = {**made.state.draft, "token": token(values or {})}
    return replace(made, state=replace(made.state, draft=named))


def _employer(job: JobSummary | None = None, ask: Ask = Ask.NOTHING, **draft: Any) -> Any:
    """Return a situation of an employer who signed in by this phone."""
    state = State(ask, draft=draft, persona=str(_ACCOUNT.id))
    jobs = () if job is None else (job,)
    return lambda: Situation(state, _context(None, employers=(_ACCOUNT,), job=job, jobs=jobs))


_STORED_NAMES: Final[Mapping[Ask, Mapping[str, Any]]] = {
    Ask.COMPANY: {"company": None, "contact": "", "messages": 1},
    Ask.CONTACT_NAME: {"company": "Sagar Foods", "contact": "", "messages": 2},
    Ask.JOB_RIGHT: {"company": "Sagar Foods", "contact": "Ravi Kumar", "messages": 3},
}
"""What a newcomer has said beside the job at a question."""


def _signing_up(ask: Ask) -> Callable[[], Situation]:
    """Return a situation in which a newcomer with a whole job is asked for a name, or reads it back."""

    def make() -> Situation:
        kept = {"job": _WHOLE.as_json(), "new_company": dict(_STORED_NAMES[ask])}
        return Situation(State(ask, draft=kept), _context(None, has_phone=True))

    return make


_EMPLOYER: Final[Mapping[str, Callable[[], Situation]]] = {
    "job_stranger": lambda: Situation(State(), _context(None, language=None)),
    "company": _signing_up(Ask.COMPANY),
    "contact_name": _signing_up(Ask.CONTACT_NAME),
    "names_right": _signing_up(Ask.JOB_RIGHT),
    "job_new": _employer(),
    **{ask.value: _posting(ask) for ask in Ask if ask.value.startswith("job_")},
    "job_published": _employer(job=_PUBLISHED),
    "lead_report": _employer(ask=Ask.LEAD_REPORT, match=str(OFFER)),
}
_SITUATIONS: Final[Mapping[str, Mapping[str, Callable[[], Situation]]]] = {
    "worker": _WORKER,
    "employer": _EMPLOYER,
}
