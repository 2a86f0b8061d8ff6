"""An employer posts a job: in one line or step by step, read back, and posted on a Yes. Pure.

Every answer is read for all parts of a job, so that "Sunday, and 3 people" answers two questions. Only
what was read back last is posted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from zoneinfo import ZoneInfo

from app.catalogue import places, skills
from app.dialogue.choices import as_tap, index
from app.dialogue.context import Context
from app.dialogue.effects import PostJob
from app.dialogue.employer import direct_answers
from app.dialogue.employer.direct_answers import read_whole
from app.dialogue.employer.distance_words import is_any_distance, with_widening
from app.dialogue.employer.job_notes import wishes_of, with_note, with_wishes, with_wishes_noted
from app.dialogue.employer.job_questions import (
    IN_ORDER,
    PARTS,
    POSTING,
    is_over,
    job_text,
    job_values,
    open_question,
    question,
    today_in,
    warnings_of,
    zone_of,
)
from app.dialogue.employer.keeping import drops_job, keeps_job, without_hold_on
from app.dialogue.employer.likely_parts import with_likely_parts
from app.dialogue.employer.message import EmployerMessage
from app.dialogue.reworded import reworded
from app.dialogue.state import Ask, State
from app.dialogue.turn import Incoming, Reply, Turn
from app.masking.mask import mask
from app.messaging.inbound import InboundKind
from app.nlu import head_count, job_correction, job_request, negation, pay
from app.nlu.common_words import is_common, own_words
from app.nlu.intents import INTENT_CHARACTERS, Intent, yes_or_no
from app.nlu.job_certainty import chosen, settled
from app.nlu.job_draft import NOTE_CHARACTERS, Draft, JobPart, token
from app.nlu.normalize import normalize, split_words
from app.nlu.vocabulary import phrase_set, word_set

_LEAST_SAID: Final = 2
"""A text without a role is a job only with so many of its other parts."""
_MOST_CHANGED: Final = 3
"""A text with more parts than these beside the role is a whole job, and no correction."""

_QUESTION_OF: Final[Mapping[JobPart, Ask]] = {
    JobPart.ROLE: Ask.JOB_ROLE,
    JobPart.PLACE: Ask.JOB_PLACE,
    JobPart.DAYS: Ask.JOB_DAYS,
    JobPart.HOURS: Ask.JOB_HOURS,
    JobPart.PEOPLE: Ask.JOB_PEOPLE,
    JobPart.PAY: Ask.JOB_PAY,
}
"""The question about each part of a job."""
_PART_ASKED: Final[Mapping[Ask, JobPart]] = {
    **{ask: part for part, ask in _QUESTION_OF.items()},
    Ask.JOB_WHICH_ROLE: JobPart.ROLE,
    Ask.JOB_WHICH_PLACE: JobPart.PLACE,
    Ask.JOB_WHICH_HOURS: JobPart.HOURS,
    Ask.JOB_WEEKLY: JobPart.DAYS,
    Ask.JOB_PAY_PER: JobPart.PAY,
}


def is_posting(state: State) -> bool:
    """Whether a question about a job is open."""
    return state.ask in POSTING


def draft_of(state: State) -> Draft:
    """Return the unfinished job."""
    kept = state.draft.get("job")
    return Draft.from_json(kept) if isinstance(kept, Mapping) else Draft()


def begin_job(message: Incoming, draft: Draft | None = None) -> Turn:
    """Begin a job, perhaps with parts that are known."""
    return _ask_next(replace(message, state=message.state.at(Ask.NOTHING)), draft or Draft())


def find_job(message: EmployerMessage) -> Draft | None:
    """Return the job that a text describes; None for any other text."""
    text = message.text
    if text is None:
        return None
    draft = read_whole(message, Draft(), text)
    parts = (draft.place or draft.places, draft.when, draft.spans, draft.people, draft.amount)
    guessed = draft.skill is not None or bool(draft.skills)
    much = sum(map(bool, parts)) + guessed
    # A guessed role or a number of people counts alone only where somebody says that they need them.
    wants = phrase_set("wants", "hiring").anywhere(split_words(text))
    named = job_request.names_role(text) or (wants and (guessed or draft.people is not None))
    alone = draft.skill is not None and not draft.note
    return draft if named or alone or much >= _LEAST_SAID else None


def read_parts(message: EmployerMessage) -> Draft:
    """Return whatever a text says of a job."""
    return read_whole(message, Draft(), message.text or "")


def new_job(message: EmployerMessage) -> Turn | None:
    """Begin a job where the text describes one."""
    draft = None if is_posting(message.state) else find_job(message)
    return None if draft is None else begin_job(message, draft)


def again(message: Incoming) -> Reply:
    """Return the open question about a job once more."""
    return question(message.state.ask, draft_of(message.state), message.context)


def read_posting(message: EmployerMessage) -> Turn | None:
    """Read a tap or an answer about an unfinished job."""
    tap = message.tapped("post")
    if tap == "new":
        return begin_job(message)
    if not is_posting(message.state):
        return None if tap is None else Turn(message.state, (Reply("nothing_to_post"),))
    if tap is None:
        message = as_tap(message, again(message))
        tap = message.tapped("post")
    if tap is not None:
        name, _, value = tap.partition(":")
        return _follow_tap(message, name, value)
    if keeps_job(message.text):
        return Turn(replace(message.state, misses=0), (again(message),))
    if message.has_intent(Intent.CANCEL) or drops_job(message.text):
        return _discard(message)
    if message.has_intent(Intent.BACK):
        return _back(message)
    return _answer(message)


def after_dropping(text: str) -> str | None:
    """Return what follows the words that drop a job: "rehne do, mere kaam dikhao"; None where none do."""
    first, _, rest = text.partition(",")
    if not rest.strip() or not drops_job(f"{first},{first}"):
        return None
    return rest.strip()


def _ask_next(message: Incoming, draft: Draft, *before: Reply) -> Turn:
    """Ask the next open question, or read the job back."""
    here = message.context.now.astimezone(ZoneInfo(zone_of(draft, message.context)))
    draft = with_likely_parts(settled(draft, here), message.context, message.text)
    ask = open_question(draft, message.context)
    if draft.no_day:
        before = (*before, Reply("job_no_such_day", {"said": draft.no_day}))
        draft = replace(draft, no_day="")
    if past := _past_days(ask, draft, message.context):
        # What was refused is no frame for the next answer: "Sunday" is none of those past days.
        before = (*before, *past)
        draft = replace(draft, days=(), weekly=None, starts_on=None, ends_on=None)
    values = job_values(draft, message.context) if ask is Ask.JOB_RIGHT else None
    if values is not None:
        before = (*before, *warnings_of(values))
    said = phrase_set("wants", "hiring", "polite", "filler").without(split_words(draft.note))
    if ask is Ask.JOB_PLACE and said and len(draft.note.split()) <= 3 and not _names_people(draft):
        # A short text that was not understood is most likely the place.
        # "for home", "for serving" and "at my place" name none, and everyday words are no news to anybody.
        if not all(is_common(word) or word in own_words() for word in said):
            before = (*before, Reply("job_place_unknown", {"said": draft.note}))
        draft = replace(draft, note="")
    return _open(message, ask, draft, *before)


def _names_people(draft: Draft) -> bool:
    """Whether what is left over says whom somebody looks for, and no place: "helpers", "ladies only"."""
    words = phrase_set("wants", "hiring", "polite", "filler").without(split_words(draft.note))
    return wishes_of(draft.note).is_all or all(
        word in word_set("job", "people", "generic_roles") for word in words
    )


def _past_days(ask: Ask, draft: Draft, context: Context) -> tuple[Reply, ...]:
    """Say why the days are asked for again: they are past."""
    if ask is Ask.JOB_DAYS and is_over(draft, context):
        return (Reply("job_in_past"),)
    if ask is not Ask.JOB_DAYS or not draft.when or not draft.spans:
        return ()
    if draft.starts_on is not None and draft.ends_on is None and not draft.days:
        return ()
    return (Reply("job_in_past"),)


def _open(message: Incoming, ask: Ask, draft: Draft, *before: Reply) -> Turn:
    draft, noted = with_wishes(message, draft)
    before = (*before, *noted)
    reply = question(ask, draft, message.context)
    kept: dict[str, Any] = {"job": draft.as_json()}
    if ask is Ask.JOB_RIGHT and (values := job_values(draft, message.context)) is not None:
        kept["token"] = token(values)
    return Turn(message.state.at(ask, **kept), (*before, reply))


# ── Yes, Change, Cancel ──────────────────────────────────────────────────────────────────────────


def read_yes(message: EmployerMessage) -> Turn | None:
    """Read a yes to the job that was read back: "yes", "haan, post it", "looks good"."""
    text = message.text
    if message.state.ask is not Ask.JOB_RIGHT or text is None or len(text) > INTENT_CHARACTERS:
        return None
    if "?" in text or wishes_of(text).said:
        return None  # "done?" is a question, "experience chahiye" a wish
    if yes_or_no(split_words(text), "post_it") is not Intent.YES:
        return None
    return _confirm(message, str(message.state.draft.get("token", "")))


def _confirm(message: EmployerMessage, read_back: str) -> Turn:
    """Post exactly what was read back; a job that changed since is read back again."""
    draft = draft_of(message.state)
    values = job_values(draft, message.context)
    whole = open_question(draft, message.context) is Ask.JOB_RIGHT
    if values is None or not whole or token(values) != read_back:
        return _ask_next(message, draft, Reply("job_changed"))
    here = message.state.at(Ask.JOB_RIGHT, **message.state.draft)
    return Turn(
        message.state.at(Ask.NOTHING),
        (),
        (PostJob(message.account.id, job_text(values)),),
        if_refused=here,
    )


def _change(message: EmployerMessage) -> Turn:
    return _open(message, Ask.JOB_CHANGE, draft_of(message.state))


def _field(message: EmployerMessage, value: str) -> Turn | None:
    ask = next((ask for ask in POSTING if ask.value == f"job_{value}"), None)
    draft = draft_of(message.state)
    if ask is None or (ask is Ask.JOB_WHICH_PLACE and not draft.places):
        return None
    return _open(message, ask, draft)


def _discard(message: EmployerMessage) -> Turn:
    return Turn(message.state.at(Ask.NOTHING), (Reply("job_dropped"),))


def _back(message: EmployerMessage) -> Turn:
    """Ask the previous question again; before the first, drop the job."""
    at = IN_ORDER.index(PARTS.get(message.state.ask, message.state.ask))
    if at == 0:
        return _discard(message)
    return _open(message, IN_ORDER[at - 1], draft_of(message.state))


# ── Taps ─────────────────────────────────────────────────────────────────────────────────────────


def _follow_tap(message: EmployerMessage, name: str, value: str) -> Turn | None:
    match name:
        case "yes":
            return _confirm(message, value)
        case "change":
            return _change(message)
        case "cancel":
            return _discard(message)
        case "field":
            return _field(message, value)
        case "radius":
            return _set_radius(message, _number(value))
        case "note":
            return _ask_next(message, replace(draft_of(message.state), note=""))
        case "widen":
            draft = replace(draft_of(message.state), widens=value == "yes", widens_only="")
            return _ask_next(message, draft)
    part = _tapped_part(message, name, value)
    return None if part is None else _add(message, part)


def _tapped_part(message: EmployerMessage, name: str, value: str) -> Draft | None:
    """Return what a button says of the job."""
    match name:
        case "role" if value in skills.SKILLS:
            return Draft(skill=value)
        case "place":
            options = draft_of(message.state).places
            number = index(value, len(options))
            return None if number is None else Draft(place=options[number])
        case "days" | "hours":
            read = read_whole(message, draft_of(message.state), value)
            fields = ("days", "weekly", "starts_on", "ends_on", "spans")
            return Draft(**{field: getattr(read, field) for field in fields})
        case "half" if value in {"early", "late"} and draft_of(message.state).halves:
            known = draft_of(message.state)
            return Draft(spans=chosen(known, is_late=value == "late").spans)
        case "weekly":
            return Draft(weekly=value == "yes")
        case "people" if (people := head_count.parse_count(value)) is not None:
            return Draft(people=people)
        case "pay" if value == "open":
            return Draft(pay_open=True)
        case "pay":
            return pay.parse_tapped(value, message.context.currency)
        case "per" if value in pay.UNITS:
            return Draft(per=value)
    return None


def ask_which_place(message: Incoming, options: Sequence[Mapping[str, Any]]) -> Turn:
    """Ask which of these places is meant; what is known of the job stays."""
    draft = replace(draft_of(message.state), places=tuple(options))
    return _open(message, Ask.JOB_WHICH_PLACE, draft)


def _set_radius(message: EmployerMessage, kilometres: float | None) -> Turn:
    believable = kilometres is not None and 1 <= kilometres <= direct_answers.MOST_KM
    draft = replace(draft_of(message.state), radius_km=kilometres if believable else None)
    return _ask_next(message, draft)


def _number(text: str) -> float | None:
    """Return the only number in a short text."""
    found = [word for word in split_words(text[:60]) if word[0].isdecimal() and len(word) <= 5]
    return float(found[0]) if len(found) == 1 else None


# ── Words ────────────────────────────────────────────────────────────────────────────────────────


def _answer(message: EmployerMessage) -> Turn | None:
    state = message.state
    draft = draft_of(state)
    if message.inbound.kind is InboundKind.LOCATION:
        return _pin(message)
    text = message.text
    if not text:
        return None
    if state.ask in {Ask.JOB_RIGHT, Ask.JOB_CHANGE}:
        wider = with_widening(draft, text)
        if wider is not None:
            return _ask_next(message, wider)
    if state.ask is Ask.JOB_RIGHT and message.has_intent(Intent.NO, Intent.CHANGE):
        return _change(message)
    if state.ask is Ask.JOB_NOTE:
        note = "" if message.has_intent(Intent.NO, Intent.SKIP) else text
        return _ask_next(message, replace(draft, note=mask(note)[:NOTE_CHARACTERS]))
    if state.ask is Ask.JOB_RADIUS and is_any_distance(text):
        return _set_radius(message, None)
    wishes = wishes_of(text)
    if wishes.is_all:
        return _ask_next(message, draft)
    noted, told = with_wishes_noted(message, draft)
    turn = _read_job_text(wishes.rest if wishes.said else text, noted)
    if turn is None and wishes.said and "?" not in text:
        return _ask_next(message, draft)  # What else was said is asked for again.
    return turn and replace(turn, replies=(*told, *turn.replies))


def _read_job_text(text: str, message: EmployerMessage) -> Turn | None:
    draft = draft_of(message.state)
    text = without_hold_on(text)
    message = replace(message, inbound=replace(message.inbound, text=text))
    if draft == Draft():
        # Nothing can be corrected yet: this is the whole job, or its role.
        part = read_whole(message, draft, text)
        return _add(message, part) if replace(part, note="") != Draft() else None
    if (turn := _read_nothing(message)) is not None:
        return turn
    if (turn := _read_none_of_these(text, message)) is not None:
        return turn
    if (fresh := _other_job(text, message)) is not None:
        turn = begin_job(message, fresh)
        return replace(turn, replies=(Reply("job_anew"), *turn.replies))
    denies = negation.has_negation(normalize(text))
    if draft.skill is None and not draft.skills and not denies:
        whole = read_whole(message, draft, text)
        if whole.skill is not None:
            return _add(message, whole)  # The role that was missing, with all beside it.
    reads = direct_answers.read_days_off if denies else direct_answers.read
    answer = reads(message, draft, text)
    if answer is not None:
        return _add(message, answer)
    found = job_correction.read(text, draft, _correction_context(message))
    if found is None:
        noted = with_note(message, draft, message.text or text)
        return _unknown_place(message, text) if noted is None else _ask_next(message, noted)
    if found.part is None:
        return _ask_next(message, found.draft)
    ask = _QUESTION_OF[found.part]
    if ask is message.state.ask and found == job_correction.Correction(draft, found.part):
        return _unknown_place(message, text)  # names the part that is asked for already
    before = (Reply("job_place_unknown", {"said": found.no_place}),) if found.no_place else ()
    return _open(message, ask, found.draft, *before)


def _correction_context(message: EmployerMessage) -> job_correction.CorrectionContext:
    context = message.context
    draft = draft_of(message.state)
    part = _PART_ASKED.get(message.state.ask)
    # "jagah Karve Nagar hai", said of a job in Pune, is there.
    city = str(draft.place.get("city") or "") if draft.place else ""
    return job_correction.CorrectionContext(
        part,
        today_in(draft, context),
        context.reply_language,
        context.currency,
        city or message.account.city,
    )


def _read_nothing(message: EmployerMessage) -> Turn | None:
    """Read "nothing" and "none": no pay, nothing to change."""
    words = split_words(message.text or "")
    nothing = bool(words) and phrase_set("nothing", "filler").covers(words)
    match message.state.ask:
        case Ask.JOB_PAY | Ask.JOB_PAY_PER if nothing or message.has_intent(Intent.NO):
            return _add(message, Draft(pay_open=True))
        case Ask.JOB_CHANGE if nothing or message.has_intent(Intent.NO):
            return _ask_next(message, draft_of(message.state))
        case Ask.JOB_RIGHT if nothing:
            return _change(message)
        case _:
            return None


def _read_none_of_these(text: str, message: EmployerMessage) -> Turn | None:
    """Read "none of these", and "none, Dadar": the list is left, and the rest answers the open question."""
    state, words = message.state, split_words(text)
    if state.ask not in {Ask.JOB_WHICH_ROLE, Ask.JOB_WHICH_PLACE} or not words:
        return None
    none = phrase_set("none_of_these").at(words, 0)
    if none is None:
        return None
    draft = draft_of(state)
    role = state.ask is Ask.JOB_WHICH_ROLE
    draft = replace(draft, skills=()) if role else replace(draft, places=())
    ask = Ask.JOB_ROLE if role else Ask.JOB_PLACE
    left = phrase_set("polite", "filler").without(words[len(none.words) :])
    open_again = message.state.at(ask, job=draft.as_json())
    rest = replace(message, state=open_again)
    turn = _read_job_text(" ".join(words[len(none.words) :]), rest) if left else None
    return turn or _open(message, ask, draft)


def _other_job(text: str, message: EmployerMessage) -> Draft | None:
    """Return the new job that a text describes, where it is no answer about the unfinished one.

    It names its role and other parts; a correction names no other role in that way.
    """
    draft = draft_of(message.state)
    found = read_whole(message, Draft(), text)
    named = job_request.find_role(normalize(text))
    parts = (found.place, found.when, found.spans, found.people, found.amount)
    much = sum(map(bool, parts))
    if named is None or named in draft.skills or negation.has_negation(normalize(text)):
        return None
    if draft.skill is None and not draft.skills:
        return None  # The role that was missing makes the job whole, however much is said with it.
    if named == draft.skill:
        known = (draft.place, draft.when, draft.spans, draft.people, draft.amount)
        # The details of a role that was named alone are no other job.
        return found if much > _MOST_CHANGED and sum(map(bool, known)) > 1 else None
    wanted = phrase_set("wants", "hiring").anywhere(split_words(text))
    return found if much >= _LEAST_SAID or (wanted and much) else None


def _add(message: Incoming, part: Draft) -> Turn:
    return _ask_next(message, draft_of(message.state).merged_with(part))


def _unknown_place(message: Incoming, text: str) -> Turn | None:
    """Say that a place is unknown, the first time; None for other questions."""
    state = message.state
    if state.ask not in {Ask.JOB_PLACE, Ask.JOB_WHICH_PLACE} or state.misses:
        return None
    if message.has_intent(Intent.YES, Intent.NO, Intent.COURTESY, Intent.SKIP, Intent.DONE):
        return None  # nobody calls a place so
    again_asked = reworded(again(message), message.context)
    replies = (Reply("job_place_unknown", {"said": text[:60]}), *again_asked)
    return Turn(replace(state, misses=1), replies)


def _pin(message: Incoming) -> Turn | None:
    latitude, longitude = message.inbound.latitude, message.inbound.longitude
    if latitude is None or longitude is None:
        return None
    nearest = places.nearest_city(latitude, longitude)
    place = {
        "name": nearest.name if nearest else f"{latitude:.2f}, {longitude:.2f}",
        "city": nearest.name if nearest else "",
        "state": (nearest.state or "") if nearest else "",
        "at": [latitude, longitude],
        "zone": places.time_zone_at(latitude, longitude),
    }
    return _add(message, Draft(place=place))
