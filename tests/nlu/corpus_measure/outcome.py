"""What followed from a message: facts and acts, derived from the effects, the draft and the replies of a turn."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from app.core.week import Slot, parse_clock
from app.dialogue import effects as fx
from app.dialogue.effects import Effect
from app.dialogue.state import Ask
from app.dialogue.turn import Turn
from app.dialogue.worker.said_facts import SaidFacts
from app.nlu.job_draft import Draft, shifts_of
from app.texts.catalogue import get_catalogue
from tests.nlu.corpus_measure.situations import OFFER, OTHER_OFFER, Situation
from tests.nlu.corpus_measure.values import Days, Place

_KNOWN_DRAFT: Final = frozenset(
    {"dates", "to", "told", "verb", "moves", "new_company"}
    | {
        "skills",
        "slots",
        "places",
        "page",
        "first",
        "again",
        "spoken",
        "reach",
        "offered",
        "rejected",
        "until",
        "at",
        "job",
    }
    | {"guess", "token", "offer_id", "company", "blocked", "employer", "match", "name"}
)
"""What conversations keep unsaved today; another key may hide a fact, and is reported."""
_VERBS: Final = frozenset({"accept", "reject", "withdraw", "reconsider"})
_OFFERS: Final = {OFFER: "waiter", OTHER_OFFER: "cook"}
"""What the two open offers are called in expectations."""
_MISSES: Final = frozenset({"not_understood", "not_understood_menu"})
_REPLY_ACTS: Final[Mapping[str, str]] = {
    "ask_delete": "delete?",
    "help": "help",
    "employer_help": "help",
    "menu": "menu",
    "welcome_back": "menu",
    "employer_menu": "menu",
    "profile": "profile",
    "so_far": "profile",
    "so_far_begun": "profile",
    "no_offers": "offers",
    "your_offers": "offers",
    "offers_wait": "offers",
    "choose_language": "language?",
    "choose_language_devanagari": "language?",
    "answer_later": "later",
    "which_offer": "which",
    "which_company": "which_company",
    "ask_report": "report?",
    "ask_cancel_job": "cancel_job?",
    "ask_close_job": "close_job?",
    "which_job": "which_job",
    "ask_add_people": "add_people?",
    "ask_change_pay": "change_pay?",
    "ask_pay_stays": "change_pay?",
    "ask_repeat": "repeat?",
    "ask_repeat_days": "repeat?",
    "ask_repeat_day": "repeat?",
    "job_shown": "jobs",
    "people_only_added": "add_people?",
    "ask_lead_report": "report?",
    "job_dropped": "discard",
    "ask_job_change": "change",
    "which_name": "change",
    "ask_company": "change",
    "ask_contact_name": "change",
    "names_later": "later",
    "sign_up_dropped": "discard",
    "employer_data": "data",
    "kept": "no",
    "danger_called": "danger",
    "help_called": "danger",
}
"""What a reply shows to have been understood, where no effect does."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What followed from one message."""

    saved: Mapping[str, Any] = field(default_factory=dict)
    """Facts that were stored, or kept without being shown."""
    shown: Mapping[str, Any] = field(default_factory=dict)
    """Facts that are read back, or will be before they count."""
    offered: Mapping[str, list[Any]] = field(default_factory=dict)
    """Values to choose from, by a tap."""
    guessed: frozenset[str] = frozenset()
    """Those of them of which one value is proposed: "do you mean …?"."""
    acts: frozenset[str] = frozenset()
    """Effects other than of facts."""
    replies: frozenset[str] = frozenset()
    """What was understood, by the replies."""
    keys: tuple[str, ...] = ()
    lost: frozenset[str] = frozenset()
    """Facts that stood in the draft and do no more."""
    missed: bool = False
    unknown: frozenset[str] = frozenset()
    """Keys of the draft that this measurement does not know."""


def outcome_of(before: Situation, turn: Turn) -> Outcome:
    """Return what followed."""
    saved: dict[str, Any] = {}
    acts: set[str] = set()
    labels = [
        str(params["place"])
        for reply in turn.replies
        for params in (reply.params, reply.params.get("facts") or {})
        if params.get("place")
    ]
    for effect in turn.effects:
        _read_effect(effect, saved, acts, labels)
        if isinstance(effect, fx.AnswerOffer) and len(before.context.open_offers) > 1:
            verb = f"{effect.verb}@{_OFFERS.get(effect.offer_id, '')}"
            acts = {act.replace(effect.verb, verb) for act in acts}
    keys = tuple(reply.text for reply in turn.replies)
    if "minor" in keys and "forget" in acts:
        acts = (acts - {"forget"}) | {"minor"}
    elif "forget" in acts:
        acts = (acts - {"forget"}) | {"decline"}
    saved = {name: value for name, value in saved.items() if not _known(name, value, before)}
    shown, offered, lost = _read_draft(before, turn)
    acts |= _confirmation(before, saved)
    closed = before.state.ask is Ask.PHONE and turn.state.ask not in {Ask.PHONE, Ask.NOTHING}
    if closed and not turn.effects:
        acts.add("skip")
    if _went_back(before, turn):
        acts.add("back")
    if turn.language is not None:
        acts.add(f"language={turn.language}")
    return Outcome(
        saved=saved,
        shown=shown,
        offered=offered,
        guessed=frozenset(_guessed(str(turn.state.draft.get("guess", "")), before)),
        acts=frozenset(acts),
        replies=_reply_acts(turn) | ({"no"} if _denied(before, turn) else frozenset()),
        keys=keys,
        lost=lost,
        missed=turn.missed
        or turn.state.misses > before.state.misses
        or bool(_MISSES.intersection(keys)),
        unknown=frozenset(turn.state.draft) - _KNOWN_DRAFT,
    )


# ── Effects ──────────────────────────────────────────────────────────────────────────────────────


def _read_effect(effect: Effect, saved: dict[str, Any], acts: set[str], labels: list[str]) -> None:
    match effect:
        case fx.EditProfile(changes=changes):
            _read_profile(changes, saved, labels)
        case fx.SetWeeklyHours(slots=slots):
            saved["hours"] = tuple(slots)
        case fx.AnswerOffer(verb=verb, reason=reason):
            acts.add(f"{verb}:{reason}" if reason else verb)
        case fx.GiveReason(reason=reason):
            acts.add(f"reason:{reason}")
        case fx.SetLanguage(language=language):
            acts.add(f"language={language}")
        case fx.AnswerHiringFaq(topic=topic):
            acts.add(f"answer:{topic}")
        case fx.CreateWorker():
            pass
        case _:
            acts.add(_EFFECT_ACTS.get(type(effect), _snake(type(effect).__name__)))


_EFFECT_ACTS: Final[Mapping[type[Effect], str]] = {
    fx.GiveConsent: "consent",
    fx.ForgetPerson: "forget",
    fx.Stop: "stop",
    fx.Start: "start",
    fx.RequestHandoff: "human",
    fx.HandBack: "resume",
    fx.ListContactHolders: "who",
    fx.SendOwnData: "data",
    fx.SendSignInCode: "code",
    fx.EraseAccount: "erase",
    fx.AskErasure: "delete?",
    fx.BlockEmployer: "block",
    fx.ReportEmployer: "report",
    fx.PostJob: "post",
    fx.PublishJob: "publish",
    fx.CancelJob: "cancel_job",
    fx.CloseJob: "close_job",
    fx.ListJobs: "jobs",
    fx.ListLeads: "leads",
    fx.ListContacts: "contacts",
    fx.AskWhichContact: "which_contact",
    fx.ReportLead: "report",
    fx.BlockWorker: "block",
}


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _read_profile(changes: Mapping[str, Any], saved: dict[str, Any], labels: list[str]) -> None:
    for name, value in changes.items():
        match name:
            case "skills":
                saved["skills"] = frozenset(value)
            case "location":
                latitude, longitude = value
                label = labels[0] if labels else ""
                saved["place"] = Place(label, (float(latitude), float(longitude)))
            case "max_distance_km":
                saved["distance"] = float(value)
            case "experience_years":
                saved["experience"] = float(value)
            case "city":
                pass
            case _:
                saved[name] = value


def _known(name: str, value: Any, before: Situation) -> bool:
    """Whether the profile held this already."""
    profile = before.context.profile
    if profile is None:
        return False
    match name:
        case "name":
            return bool(profile.name) and value == profile.name
        case "skills":
            return bool(profile.skills) and value == frozenset(profile.skills)
        case "hours":
            return bool(profile.slots) and set(value) == set(profile.slots)
        case _:
            return False


def _confirmation(before: Situation, saved: Mapping[str, Any]) -> frozenset[str]:
    """Return `yes` where exactly what was read back was stored."""
    agreed = False
    match before.state.ask:
        case Ask.SKILLS_RIGHT:
            agreed = saved.get("skills") == frozenset(before.draft("skills"))
        case Ask.AVAILABILITY_RIGHT:
            slots = {Slot(*slot) for slot in before.draft("slots")}
            agreed = "hours" in saved and set(saved["hours"]) == slots
        case Ask.WHICH_PLACE:
            options = before.draft("places")
            place = saved.get("place")
            agreed = len(options) == 1 and place is not None
            agreed = agreed and place is not None and place.at == tuple(options[0]["at"])
        case Ask.NEW_PLACE:
            place = saved.get("place")
            agreed = place is not None and place.at == tuple(before.draft("at"))
        case _:
            pass
    return frozenset({"yes"} if agreed else ())


_DENIED: Final[Mapping[Ask, tuple[Ask, str]]] = {
    Ask.SKILLS_RIGHT: (Ask.SKILLS, "skills"),
    Ask.AVAILABILITY_RIGHT: (Ask.AVAILABILITY, "slots"),
    Ask.WHICH_PLACE: (Ask.LOCATION, "places"),
}
"""Where a no leads: back to the question, without what was read back."""


def _denied(before: Situation, turn: Turn) -> bool:
    asked = _DENIED.get(before.state.ask)
    return asked is not None and turn.state.ask is asked[0] and not turn.state.draft.get(asked[1])


def _went_back(before: Situation, turn: Turn) -> bool:
    """Whether an earlier question of the registration is asked again."""
    state = turn.state
    return (
        before.state.registering
        and state.registering
        and state.answered < before.state.answered
        and not turn.effects
    )


# ── What is kept unsaved ─────────────────────────────────────────────────────────────────────────


def _read_draft(
    before: Situation, turn: Turn
) -> tuple[dict[str, Any], dict[str, list[Any]], frozenset[str]]:
    draft = turn.state.draft
    shown: dict[str, Any] = {}
    offered: dict[str, list[Any]] = {}
    lost: set[str] = set()
    if draft.get("skills") and draft["skills"] != before.draft("skills"):
        shown["skills"] = frozenset(draft["skills"])
    if draft.get("slots") and draft["slots"] != before.draft("slots"):
        shown["hours"] = tuple(Slot(*slot) for slot in draft["slots"])
    if draft.get("places") and draft["places"] != before.draft("places"):
        offered["place"] = [_place(option) for option in draft["places"]]
    if turn.state.ask is Ask.NAME and draft.get("offered"):
        offered["name"] = [str(draft["offered"])]
    shown |= _said_before_asked(before, turn, offered)
    for reply in turn.replies:
        slugs = [row.id.partition(":")[2] for row in reply.rows if row.id.startswith("skill:")]
        if reply.text == "ask_which_skill" and slugs:
            offered["skills"] = slugs
    # A question about a posted job keeps that job's id there.
    if isinstance(draft.get("job"), Mapping):
        old = _job_facts(before.draft("job") or {}, before)
        new = _job_facts(draft["job"], before)
        shown |= {name: value for name, value in new.items() if old.get(name) != value}
        lost |= {name for name in old if name not in new}
        # What stays to be chosen from is asked again, and proposed by nobody.
        before_job = before.draft("job") or {}
        if (options := draft["job"].get("places")) and options != before_job.get("places"):
            offered["job.place"] = [_place(option) for option in options]
        if (options := draft["job"].get("skills")) and options != before_job.get("skills"):
            offered["job.role"] = list(options)
    shown |= _new_names(before, turn)
    return shown, offered | _guessed(str(draft.get("guess", "")), before), frozenset(lost)


PRIVATE: Final = "private"
"""What an expectation calls having no company."""


def _new_names(before: Situation, turn: Turn) -> dict[str, Any]:
    """Return the names of a newcomer that the message changed: they are read back before anything is opened."""
    old, new = before.draft("new_company") or {}, turn.state.draft.get("new_company") or {}
    return {
        name: new[name] or PRIVATE
        for name in ("company", "contact")
        if new.get(name) is not None
        and new.get(name) != (old.get(name) or (None if name == "company" else ""))
    }


def _guessed(tap: str, before: Situation) -> dict[str, list[Any]]:
    """Return the fact in the tap that was proposed; an entry of the menu is none."""
    *names, value = tap.split(":", 2)
    match names:
        case ["distance"]:
            return {"distance": [float(value)]}
        case ["years"]:
            return {"experience": [float(value)]}
        case ["post", "role"]:
            return {"job.role": [value]}
        case ["post", "people"]:
            return {"job.people": [float(value)]}
        case ["post", "pay"]:
            amount, _, per = value.partition("/")
            return {"job.pay": [(int(amount), per)]}
        case ["post", "hours"]:
            start, end = map(parse_clock, value.split("-"))
            return {"job.hours": [(Slot(0, start, end),)]}
        case ["post", "days"]:
            day = dt.date.fromisoformat(value)
            return {"job.days": [_days(Draft(starts_on=day, ends_on=day), before.context.now)]}
        case _:
            return {}


def _said_before_asked(
    before: Situation, turn: Turn, offered: dict[str, list[Any]]
) -> dict[str, Any]:
    """Return the facts that are kept until the consent, and read back then; a doubtful one is proposed."""
    if turn.state.said == before.state.said:
        return {}
    said = SaidFacts.from_json(turn.state.said)
    shown: dict[str, Any] = {}
    if said.name and said.name_sure:
        shown["name"] = said.name
    elif said.name:
        offered["name"] = [said.name]
    if said.skills:
        shown["skills"] = frozenset(said.skills)
    if said.places and said.place_sure:
        shown["place"] = _place(said.places[0])
    elif said.places:
        offered["place"] = [_place(option) for option in said.places]
    if said.slots:
        shown["hours"] = said.slots
    for name, value in (("distance", said.distance_km), ("experience", said.years)):
        if value is not None:
            shown[name] = float(value)
    return shown


def _place(option: Mapping[str, Any]) -> Place:
    parts = dict.fromkeys(str(option.get(key) or "") for key in ("name", "city", "state"))
    latitude, longitude = option["at"]
    return Place(", ".join(filter(None, parts)), (float(latitude), float(longitude)))


def _job_facts(kept: Mapping[str, Any], before: Situation) -> dict[str, Any]:
    """Return the facts of a job's draft; a place or a role that is only offered is none."""
    draft = Draft.from_json(kept)
    facts: dict[str, Any] = {}
    if draft.skill:
        facts["job.role"] = draft.skill
    if draft.place:
        facts["job.place"] = _place(draft.place)
    if draft.people is not None:
        facts["job.people"] = float(draft.people)
    if draft.when:
        facts["job.days"] = _days(draft, before.context.now)
    if draft.spans:
        facts["job.hours"] = tuple(
            sorted({Slot(max(day, 0), start % 1440, end % 1440) for day, start, end in draft.spans})
        )
    if draft.amount is not None or draft.pay_open:
        amount = None if draft.amount is None else draft.amount // 100
        facts["job.pay"] = (amount, draft.per)
    for name, value in (("years", draft.years), ("radius", draft.radius_km)):
        if value is not None:
            facts[f"job.{name}"] = float(value)
    if draft.note:
        facts["job.note"] = draft.note
    return facts


def _days(draft: Draft, now: dt.datetime) -> Days:
    """Return the days of a draft, as dates where they are those of one stretch."""
    weekdays = frozenset(draft.days)
    if draft.starts_on is not None and draft.ends_on is None:
        return Days(weekdays=weekdays, weekly=draft.weekly, starts_on=draft.starts_on)
    if draft.starts_on is None and draft.weekly is not False:
        return Days(weekdays=weekdays, weekly=draft.weekly)
    spanned = Draft(
        days=draft.days,
        weekly=draft.weekly,
        starts_on=draft.starts_on,
        ends_on=draft.ends_on,
        spans=((-1, 1438, 1439),),
    )
    shifts = shifts_of(spanned, now, "Asia/Kolkata")
    if shifts is None or shifts.ends_on is None:
        return Days(weekdays=weekdays, weekly=draft.weekly, starts_on=draft.starts_on)
    working = {slot.weekday for slot in shifts.slots}
    length = (shifts.ends_on - shifts.starts_on).days + 1
    dates = (shifts.starts_on + dt.timedelta(days=ahead) for ahead in range(min(length, 400)))
    return Days(
        dates=frozenset(day for day in dates if day.weekday() in working),
        weekdays=frozenset(working),
        weekly=draft.weekly,
        starts_on=shifts.starts_on,
    )


# ── Replies ──────────────────────────────────────────────────────────────────────────────────────


def _reply_acts(turn: Turn) -> frozenset[str]:
    found: set[str] = set()
    for reply in turn.replies:
        if reply.text in _REPLY_ACTS:
            found.add(_REPLY_ACTS[reply.text])
        tappable = [*(one.id for one in reply.buttons or ()), *(row.id for row in reply.rows)]
        entry = get_catalogue("en").chat.get(reply.text)
        if reply.buttons is None and entry is not None:
            # The catalogue's own buttons, of the offer that the reply is about.
            about = str(reply.params.get("offer_id"))
            tappable += [id_.replace("{offer_id}", about) for id_ in entry.buttons]
        for id_ in tappable:
            prefix, _, verb = id_.rpartition(":")
            if prefix.startswith("offer:") and verb in _VERBS:
                found.add(f"{verb}?")
                named = [name for offer, name in _OFFERS.items() if str(offer) in prefix]
                found |= {f"{verb}?@{name}" for name in named}
        if reply.text == "offer_open":
            shown = str(reply.params.get("offer_id"))
            names = ["", *(f"@{name}" for id_, name in _OFFERS.items() if str(id_) == shown)]
            found |= {f"{verb}?{name}" for name in names for verb in ("accept", "reject")}
        if reply.text == "offer_accepted_already":
            found.add("withdraw?")
    return frozenset(found)
