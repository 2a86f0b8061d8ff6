"""The questions of a registration, which are those of every later change too. Pure.

`QUESTIONS` is the table: how each is asked, and how an answer to it is read. A reader returns None for
what it can't make sense of; `script` then asks again.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from app.catalogue import places
from app.catalogue import skills as skill_catalogue
from app.chat import free_times
from app.chat.model import (
    REGISTRATION,
    Agree,
    Ask,
    Context,
    Edit,
    Effect,
    Forget,
    Heard,
    Say,
    SetPhone,
    SetWeek,
    State,
    Turn,
)
from app.chat.understand import Command, commands, number
from app.core.week import WEEKDAYS, Slot, format_clock
from app.messaging import texts
from app.messaging.channels import (
    BUTTON_TITLE_CHARACTERS,
    ROW_DESCRIPTION_CHARACTERS,
    ROW_TITLE_CHARACTERS,
    Button,
    Row,
)
from app.messaging.inbound import InboundKind
from app.messaging.wording import inert

MAX_SKILLS: Final = 30
MAX_YEARS: Final = 60
MAX_TRAVEL_KM: Final = 500
NAME_CHARACTERS: Final = 60
_IN_NAMES: Final = " .'’-\u200c\u200d"
"""What a name holds besides letters; the last two join Indian letters."""
_SKILLS_A_PAGE: Final = 8
_WANTED_MOST: Final = (
    "waiter kitchen_helper bike_delivery shop_assistant home_cleaner security_guard picker_packer "
    "cook event_staff cashier telecaller data_entry child_care car_driver loader promoter"
).split()
"""What part-time jobs ask for most; the rest of the catalogue follows."""
_BETWEEN_SKILLS: Final = re.compile(r"[,;/\n।&+]|\s(?:and|aur|और|or|ya|या)\s")


@dataclass(frozen=True, slots=True)
class Question:
    """How a question is asked, and what an answer leads to."""

    ask: Callable[[State, Context], Say]
    read: Callable[[Heard], Turn | None]
    done: Callable[[Context], bool] = lambda _context: False
    """Whether the profile answers it already."""


# ── From one question to the next ────────────────────────────────────────────────────────────────


def ask(state: State, question: Ask, context: Context, **draft: Any) -> tuple[State, Say]:
    """Open a question and say it."""
    opened = state.at(question, **draft)
    return opened, QUESTIONS[question].ask(opened, context)


def next_unanswered(state: State, context: Context) -> Ask | None:
    """Return the first question of a registration that neither profile nor chat has answered."""
    for question in REGISTRATION:
        if question not in state.answered and not QUESTIONS[question].done(context):
            return question
    return None


def answered(
    heard: Heard,
    question: Ask,
    *effects: Effect,
    before: Sequence[Say] = (),
    language: str | None = None,
    slots: Sequence[Slot] | None = None,
) -> Turn:
    """Close a question: the next one follows in a registration, else what was changed is saved."""
    context = heard.context
    if language is not None:
        context = replace(context, language=language)
    state = replace(heard.state.at(Ask.NOTHING), answered=heard.state.answered | {question})
    if not state.registering:
        closing = (*before, Say("saved")) if effects else (*before,)
        return Turn(state, closing, effects, language)
    following = next_unanswered(state, context)
    if following is None:
        done = replace(state, registering=False)
        said = Say("registered", summary(context, slots))
        return Turn(done, (*before, said), effects, language)
    opened, said = ask(state, following, context)
    return Turn(opened, (*before, said), effects, language)


def summary(context: Context, slots: Sequence[Slot] | None = None) -> Mapping[str, Any]:
    """Return the values of the texts that tell a profile."""
    profile = context.profile
    if profile is None:
        raise ValueError("there is no profile to tell")
    week = profile.slots if slots is None else slots
    unknown = texts.word(context.said_in, "unknown_place")
    return {
        "name": profile.name,
        "skills": list(profile.skills),
        "place": profile.place or unknown,
        "distance_km": profile.max_distance_km,
        "years": profile.experience_years,
        "slots": said_slots(week),
    }


def said_slots(slots: Sequence[Slot]) -> list[dict[str, str]]:
    """Return slots as the texts take them."""
    return [
        {
            "weekday": WEEKDAYS[slot.weekday],
            "start": format_clock(slot.start),
            "end": format_clock(slot.end),
        }
        for slot in slots
    ]


def tapped(heard: Heard, prefix: str) -> str | None:
    """Return what follows `prefix:` in what was tapped, or None."""
    inbound = heard.inbound
    if inbound.kind is not InboundKind.TAP or not inbound.payload.startswith(f"{prefix}:"):
        return None
    return inbound.payload[len(prefix) + 1 :]


def said(heard: Heard) -> str | None:
    """Return what was written, or None for anything but text."""
    return heard.inbound.text.strip() if heard.inbound.kind is InboundKind.TEXT else None


def says(heard: Heard, command: Command) -> bool:
    """Whether the text is one of the words for that."""
    text = said(heard)
    return text is not None and command in commands(text)


# ── Language, consent, name, phone ───────────────────────────────────────────────────────────────


def _ask_language(_state: State, _context: Context) -> Say:
    known = [(code, texts.catalogue(code).name) for code in texts.languages()]
    if len(known) <= 3:
        buttons = [Button(f"language:{code}", name) for code, name in known]
        return Say("choose_language", buttons=buttons)
    return Say("choose_language", rows=[Row(f"language:{code}", name) for code, name in known[:10]])


def _read_language(_heard: Heard) -> Turn | None:
    # A choice of language is understood everywhere (`script`), so what comes here is none.
    return None


def _ask_consent(_state: State, _context: Context) -> Say:
    return Say("ask_consent")


def _read_consent(heard: Heard) -> Turn | None:
    choice = tapped(heard, "consent")
    if choice == "yes" or says(heard, Command.YES):
        return answered(heard, Ask.CONSENT, Agree())
    if choice == "minor":
        return Turn(State(), (Say("minor"),), (Forget(),))
    if choice == "no" or says(heard, Command.NO):
        return Turn(State(), (Say("consent_declined"),), (Forget(),))
    return None


def _ask_name(state: State, context: Context) -> Say:
    offered = str(state.draft.get("offered") or "") or (
        context.profile.name if context.profile else ""
    )
    if not good_name(offered):
        return Say("ask_name")
    title = texts.word(context.said_in, "use_name").replace("{name}", inert(offered))
    if len(title) > BUTTON_TITLE_CHARACTERS:
        title = inert(offered, BUTTON_TITLE_CHARACTERS)
    return Say("ask_name", buttons=[Button("name:profile", title)])


def _read_name(heard: Heard) -> Turn | None:
    text = said(heard)
    profile = heard.context.profile
    if tapped(heard, "name") == "profile" and profile is not None:
        return answered(heard, Ask.NAME, Edit({"name": profile.name}))
    if text is None:
        return None
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not good_name(name):
        return Turn(heard.state, (Say("name_bad"),))
    return answered(heard, Ask.NAME, Edit({"name": name}))


def good_name(name: str) -> bool:
    """Whether this can be a person's name: letters, their marks and joiners, one short line."""
    letters = sum(character.isalpha() for character in name)
    plain = all(
        character.isalpha()
        or unicodedata.category(character) in {"Mn", "Mc"}
        or character in _IN_NAMES
        for character in name
    )
    return letters > 0 and plain and len(name) <= NAME_CHARACTERS


def _ask_phone(_state: State, _context: Context) -> Say:
    return Say("ask_phone")


def _read_phone(heard: Heard) -> Turn | None:
    phone = heard.inbound.phone
    if heard.inbound.kind is InboundKind.CONTACT and phone is not None:
        return answered(heard, Ask.PHONE, SetPhone(phone), before=(Say("phone_saved"),))
    if says(heard, Command.SKIP):
        return answered(heard, Ask.PHONE)
    return Turn(heard.state, (Say("phone_missing"), Say("ask_phone")))


# ── Skills ───────────────────────────────────────────────────────────────────────────────────────


def _chosen(heard_or_state: State) -> list[str]:
    return [str(slug) for slug in heard_or_state.draft.get("skills", [])]


def _ask_skills(state: State, context: Context) -> Say:
    chosen = _chosen(state)
    rows = _skill_rows(chosen, int(state.draft.get("page", 0)), context)
    if chosen:
        return Say("skill_added", {"skills": chosen}, rows=rows)
    return Say("ask_skills", rows=rows)


def _skill_rows(chosen: Sequence[str], page: int, context: Context) -> list[Row]:
    every = list(dict.fromkeys([*_WANTED_MOST, *skill_catalogue.SKILLS]))
    left = [slug for slug in every if slug not in chosen and slug in skill_catalogue.SKILLS]
    pages = max(1, -(-len(left) // _SKILLS_A_PAGE))
    page %= pages
    shown = left[page * _SKILLS_A_PAGE : (page + 1) * _SKILLS_A_PAGE]
    rows = [skill_row(slug, context.said_in) for slug in shown]
    if pages > 1:
        rows.append(Row(f"skills:page:{(page + 1) % pages}", _word(context, "show_more")))
    if chosen:
        rows.append(Row("skills:done", _word(context, "done")))
    return rows


def skill_row(slug: str, language: str) -> Row:
    """Return a skill as a line of a list."""
    name = skill_catalogue.SKILLS[slug].name(language)
    if len(name) <= ROW_TITLE_CHARACTERS:
        return Row(f"skill:{slug}", name)
    cut = name[: ROW_TITLE_CHARACTERS - 1].rstrip() + "…"
    return Row(f"skill:{slug}", cut, name[:ROW_DESCRIPTION_CHARACTERS])


def _read_skills(heard: Heard) -> Turn | None:
    state, context = heard.state, heard.context
    chosen = _chosen(state)
    slug = tapped(heard, "skill")
    control = tapped(heard, "skills")
    if slug is not None and slug in skill_catalogue.SKILLS:
        chosen = [*dict.fromkeys([*chosen, slug])][:MAX_SKILLS]
        return _turn(state, Ask.SKILLS, context, skills=chosen)
    if control is not None and control.startswith("page:") and control[5:].isdigit():
        return _turn(state, Ask.SKILLS, context, skills=chosen, page=int(control[5:]))
    if control == "done" or says(heard, Command.DONE):
        if not chosen:
            opened, question = ask(state, Ask.SKILLS, context)
            return Turn(opened, (Say("skills_needed"), question))
        return answered(_with_skills(heard, chosen), Ask.SKILLS, Edit({"skills": chosen}))
    if says(heard, Command.MORE):
        page = int(state.draft.get("page", 0)) + 1
        return _turn(state, Ask.SKILLS, context, skills=chosen, page=page)
    text = said(heard)
    return None if text is None else _read_written_skills(heard, text, chosen)


def _read_written_skills(heard: Heard, text: str, chosen: list[str]) -> Turn | None:
    """Suggest what the words may mean; nothing is kept before it is confirmed."""
    state, context = heard.state, heard.context
    found: list[str] = []
    unclear: list[tuple[str, list[str]]] = []
    for part in _BETWEEN_SKILLS.split(f" {text} "):
        words = part.strip(" .!-")
        if not words:
            continue
        matches = [skill.slug for skill in skill_catalogue.search(words, context.said_in, 9)]
        if len(matches) == 1 or (matches and _names(matches[0], words)):
            found.append(matches[0])
        else:
            unclear.append((words, matches))
    if not found and not unclear:
        return None
    if not found:
        words, matches = unclear[0]
        quoted = {"said": words[:60]}
        if not matches:
            rows = _skill_rows(chosen, 0, context)
            return Turn(
                state.at(Ask.SKILLS, skills=chosen), (Say("skills_unknown", quoted, rows=rows),)
            )
        rows = [skill_row(slug, context.said_in) for slug in matches]
        return Turn(
            state.at(Ask.SKILLS, skills=chosen), (Say("ask_which_skill", quoted, rows=rows),)
        )
    # Of several, what is unclear takes its likeliest meaning: it is read back before it counts.
    found += [matches[0] for _, matches in unclear if matches]
    together = [*dict.fromkeys([*chosen, *found])][:MAX_SKILLS]
    return _turn(state, Ask.SKILLS_RIGHT, context, skills=together)


def _names(slug: str, words: str) -> bool:
    skill = skill_catalogue.SKILLS[slug]
    folded = skill_catalogue.fold(words)
    return any(
        skill_catalogue.fold(name) == folded
        for name in (skill.name_en, skill.name_hi, *skill.aliases)
    )


def _ask_skills_right(state: State, _context: Context) -> Say:
    return Say("ask_skills_right", {"skills": _chosen(state)})


def _read_skills_right(heard: Heard) -> Turn | None:
    choice = tapped(heard, "skills")
    chosen = _chosen(heard.state)
    if choice == "yes" or says(heard, Command.YES) or says(heard, Command.DONE):
        return answered(_with_skills(heard, chosen), Ask.SKILLS, Edit({"skills": chosen}))
    if choice == "no" or says(heard, Command.NO):
        return _turn(heard.state, Ask.SKILLS, heard.context)
    return _read_skills(heard)


def _with_skills(heard: Heard, chosen: Sequence[str]) -> Heard:
    """The profile as it is once this is saved: what is said next may tell it."""
    profile = heard.context.profile
    if profile is None:
        return heard
    known = replace(profile, skills=list(chosen))
    return replace(heard, context=replace(heard.context, profile=known))


# ── Place and distance ───────────────────────────────────────────────────────────────────────────


def _ask_location(_state: State, _context: Context) -> Say:
    return Say("ask_location")


def _read_location(heard: Heard) -> Turn | None:
    inbound = heard.inbound
    if inbound.kind is InboundKind.LOCATION:
        if inbound.latitude is None or inbound.longitude is None:
            return None
        nearest = places.nearest_city(inbound.latitude, inbound.longitude)
        name = nearest.name if nearest else f"{inbound.latitude:.2f}, {inbound.longitude:.2f}"
        return _placed(heard, inbound.latitude, inbound.longitude, name)
    text = said(heard)
    if not text:
        return None
    found = places.search(text[:100], 8)
    if not found:
        return Turn(heard.state, (Say("place_unknown"),))
    if len(found) == 1 or found[0].kind == "pin":
        return _chose(heard, found[0])
    options = [_option(place) for place in found]
    return _turn(heard.state, Ask.WHICH_PLACE, heard.context, places=options)


def _option(place: places.Place) -> dict[str, Any]:
    return {
        "name": place.name,
        "city": place.city,
        "state": place.state,
        "at": [place.latitude, place.longitude],
    }


def _label(option: Mapping[str, Any]) -> str:
    city = option.get("city")
    name = str(option["name"])
    return f"{name}, {city}" if city and city != name else name


def _chose(heard: Heard, place: places.Place) -> Turn:
    option = _option(place)
    return _placed(heard, place.latitude, place.longitude, _label(option))


def _placed(heard: Heard, latitude: float, longitude: float, name: str) -> Turn:
    # The city that goes with it is found where it is saved: a PIN code's own is only its district.
    changes = {"location": [latitude, longitude]}
    profile = heard.context.profile
    if profile is not None:
        known = replace(profile, place=name, located=True)
        heard = replace(heard, context=replace(heard.context, profile=known))
    return answered(
        heard, Ask.LOCATION, Edit(changes), before=(Say("place_saved", {"place": name}),)
    )


def _ask_which_place(state: State, _context: Context) -> Say:
    rows = []
    for index, option in enumerate(state.draft.get("places", [])):
        about = ", ".join(str(option[key]) for key in ("city", "state") if option.get(key))
        rows.append(
            Row(
                f"place:{index}",
                inert(str(option["name"]), ROW_TITLE_CHARACTERS),
                inert(about, ROW_DESCRIPTION_CHARACTERS),
            )
        )
    return Say("ask_which_place", rows=rows)


def _read_which_place(heard: Heard) -> Turn | None:
    choice = tapped(heard, "place")
    options = heard.state.draft.get("places", [])
    if choice is not None and choice.isdigit() and int(choice) < len(options):
        option = options[int(choice)]
        latitude, longitude = option["at"]
        return _placed(heard, latitude, longitude, _label(option))
    return _read_location(heard)


def _ask_distance(_state: State, _context: Context) -> Say:
    return Say("ask_distance")


def _read_distance(heard: Heard) -> Turn | None:
    kilometres = _number_of(heard, "distance")
    if kilometres is None:
        return None
    if not 1 <= kilometres <= MAX_TRAVEL_KM:
        return Turn(heard.state, (Say("number_bad", {"example": 10}),))
    profile = heard.context.profile
    if profile is not None:
        known = replace(profile, max_distance_km=kilometres)
        heard = replace(heard, context=replace(heard.context, profile=known))
    return answered(heard, Ask.DISTANCE, Edit({"max_distance_km": kilometres}))


def _ask_experience(_state: State, _context: Context) -> Say:
    return Say("ask_experience")


def _read_experience(heard: Heard) -> Turn | None:
    years = _number_of(heard, "years")
    if years is None and (says(heard, Command.NO) or says(heard, Command.SKIP)):
        years = 0.0
    if years is None:
        return None
    if not 0 <= years <= MAX_YEARS:
        return Turn(heard.state, (Say("number_bad", {"example": 3}),))
    profile = heard.context.profile
    if profile is not None:
        known = replace(profile, experience_years=int(years))
        heard = replace(heard, context=replace(heard.context, profile=known))
    return answered(heard, Ask.EXPERIENCE, Edit({"experience_years": int(years)}))


def _number_of(heard: Heard, prefix: str) -> float | None:
    choice = tapped(heard, prefix)
    text = choice if choice is not None else said(heard)
    return number(text) if text else None


# ── Free times ───────────────────────────────────────────────────────────────────────────────────


def _ask_availability(_state: State, _context: Context) -> Say:
    return Say("ask_availability")


def _read_availability(heard: Heard) -> Turn | None:
    pattern = tapped(heard, "free")
    text = pattern if pattern is not None else said(heard)
    if text is None:
        return None
    slots = free_times.read(text[:300])
    if slots is None:
        return Turn(heard.state, (Say("availability_unclear"),))
    kept = [[slot.weekday, slot.start, slot.end] for slot in slots]
    return _turn(heard.state, Ask.AVAILABILITY_RIGHT, heard.context, slots=kept)


def _drafted_slots(state: State) -> list[Slot]:
    return [Slot(*slot) for slot in state.draft.get("slots", [])]


def _ask_availability_right(state: State, _context: Context) -> Say:
    return Say("ask_availability_right", {"slots": said_slots(_drafted_slots(state))})


def _read_availability_right(heard: Heard) -> Turn | None:
    choice = tapped(heard, "free")
    slots = _drafted_slots(heard.state)
    if (choice == "yes" or says(heard, Command.YES)) and slots:
        return answered(heard, Ask.AVAILABILITY, SetWeek(tuple(slots)), slots=slots)
    if choice == "no" or says(heard, Command.NO):
        return _turn(heard.state, Ask.AVAILABILITY, heard.context)
    return _read_availability(heard)


# ── The table ────────────────────────────────────────────────────────────────────────────────────


def _turn(state: State, question: Ask, context: Context, **draft: Any) -> Turn:
    opened, say = ask(state, question, context, **draft)
    return Turn(opened, (say,))


def _word(context: Context, name: str) -> str:
    return texts.word(context.said_in, name)


QUESTIONS: Final[Mapping[Ask, Question]] = {
    Ask.LANGUAGE: Question(_ask_language, _read_language, lambda c: c.language is not None),
    Ask.CONSENT: Question(
        _ask_consent, _read_consent, lambda c: c.profile is not None and c.profile.agreed
    ),
    Ask.NAME: Question(_ask_name, _read_name),
    Ask.PHONE: Question(
        _ask_phone, _read_phone, lambda c: c.profile is not None and c.profile.has_phone
    ),
    Ask.SKILLS: Question(
        _ask_skills, _read_skills, lambda c: c.profile is not None and bool(c.profile.skills)
    ),
    Ask.SKILLS_RIGHT: Question(_ask_skills_right, _read_skills_right),
    Ask.LOCATION: Question(
        _ask_location, _read_location, lambda c: c.profile is not None and c.profile.located
    ),
    Ask.WHICH_PLACE: Question(_ask_which_place, _read_which_place),
    Ask.DISTANCE: Question(_ask_distance, _read_distance),
    Ask.EXPERIENCE: Question(_ask_experience, _read_experience),
    Ask.AVAILABILITY: Question(
        _ask_availability,
        _read_availability,
        lambda c: c.profile is not None and bool(c.profile.slots),
    ),
    Ask.AVAILABILITY_RIGHT: Question(_ask_availability_right, _read_availability_right),
}
"""Every question that changes a profile."""
