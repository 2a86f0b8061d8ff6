"""The questions of a registration and of later changes: how each is asked. Pure.

The answers are read in `*_answers.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.catalogue import skills as skill_catalogue
from app.catalogue.place_names import place_in
from app.core.languages import languages
from app.core.week import Slot
from app.dialogue.context import Context, Profile
from app.dialogue.state import Ask, State
from app.dialogue.turn import Incoming, Reply
from app.dialogue.worker import hours_form
from app.nlu.name_words import is_person_name
from app.texts import catalogue
from app.texts.formatting import inert, slot_params
from app.texts.message import (
    BUTTON_TITLE_CHARACTERS,
    ROW_DESCRIPTION_CHARACTERS,
    ROW_TITLE_CHARACTERS,
    Button,
    Row,
)

NAME_CHARACTERS: Final = 60
_SKILLS_A_PAGE: Final = 8


@dataclass(frozen=True, slots=True)
class Question:
    """How a question is asked, and when the profile has answered it."""

    ask: Callable[[State, Context], Reply]
    is_answered: Callable[[Context], bool] = lambda _context: False


def _fixed(text: str) -> Callable[[State, Context], Reply]:
    return lambda _state, _context: Reply(text)


def ask_language(state: State, _context: Context) -> Reply:
    """Ask for the language."""
    known = [(code, catalogue.get_catalogue(code).name) for code in shown_languages(state)]
    text = "choose_language_devanagari" if state.draft.get("first") else "choose_language"
    if len(known) <= 3:
        return Reply(text, buttons=[Button(f"language:{code}", name) for code, name in known])
    return Reply(text, rows=[Row(f"language:{code}", name) for code, name in known[:10]])


def shown_languages(state: State) -> list[str]:
    """Return the languages to choose from, the one of the first message first."""
    return sorted(languages(), key=lambda code: code != state.draft.get("first"))


def ask_name(state: State, context: Context) -> Reply:
    """Ask for a name."""
    offered = offered_name(state, context)
    return Reply("ask_name", buttons=[_name_button(offered, context)] if offered else None)


def ask_this_name(context: Context, name: str) -> Reply:
    """Ask whether this, which is a common word too, is the name."""
    return Reply("ask_this_name", {"name": name}, buttons=[_name_button(name, context)])


def _name_button(name: str, context: Context) -> Button:
    title = context.word("use_name").replace("{name}", inert(name))
    if len(title) > BUTTON_TITLE_CHARACTERS:
        title = inert(name, BUTTON_TITLE_CHARACTERS)
    return Button("name:profile", title)


def offered_name(state: State, context: Context) -> str:
    """Return the name for the button, or ""."""
    offered = str(state.draft.get("offered") or "") or (
        context.profile.name if context.profile else ""
    )
    return offered if good_name(offered) else ""


def good_name(name: str) -> bool:
    """Whether this can be a person's name, of at most `NAME_CHARACTERS`."""
    return len(name) <= NAME_CHARACTERS and is_person_name(name)


def ask_skills(state: State, context: Context) -> Reply:
    """Ask for skills."""
    chosen = chosen_skills(state)
    rows = skill_rows(chosen, int(state.draft.get("page", 0)), context)
    if chosen:
        return Reply("skill_added", {"skills": chosen}, rows=rows)
    return Reply("ask_skills", rows=rows)


def skill_rows(chosen: Sequence[str], page: int, context: Context) -> list[Row]:
    """Return one page of the skills that are not chosen yet, the most wanted first."""
    every = list(dict.fromkeys([*skill_catalogue.WANTED_MOST, *skill_catalogue.SKILLS]))
    left = [slug for slug in every if slug not in chosen and slug in skill_catalogue.SKILLS]
    pages = max(1, -(-len(left) // _SKILLS_A_PAGE))
    page %= pages
    shown = left[page * _SKILLS_A_PAGE : (page + 1) * _SKILLS_A_PAGE]
    rows = [skill_row(slug, context.reply_language) for slug in shown]
    if pages > 1:
        rows.append(Row(f"skills:page:{(page + 1) % pages}", context.word("show_more")))
    if chosen:
        rows.append(Row("skills:done", context.word("done")))
    return rows


def skill_row(slug: str, language: str) -> Row:
    """Return a skill as a row of a list."""
    name = skill_catalogue.SKILLS[slug].name(language)
    if len(name) <= ROW_TITLE_CHARACTERS:
        return Row(f"skill:{slug}", name)
    cut = name[: ROW_TITLE_CHARACTERS - 1].rstrip() + "…"
    return Row(f"skill:{slug}", cut, name[:ROW_DESCRIPTION_CHARACTERS])


def chosen_skills(state: State) -> list[str]:
    """Return the skills chosen so far."""
    return [str(slug) for slug in state.draft.get("skills", [])]


def ask_skills_right(state: State, _context: Context) -> Reply:
    """Read the skills back for confirmation."""
    return Reply("ask_skills_right", {"skills": chosen_skills(state)})


def ask_which_place(state: State, context: Context) -> Reply:
    """Ask which of several places is meant."""
    rows = []
    options = state.draft.get("places", [])
    if len(options) == 1:
        return Reply("ask_this_place", {"place": place_in_full(options[0])})
    for number, option in enumerate(options):
        name, about = (place_in(part, context.reply_language) for part in place_area(option))
        rows.append(
            Row(
                f"place:{number}",
                inert(name, ROW_TITLE_CHARACTERS),
                inert(about, ROW_DESCRIPTION_CHARACTERS),
            )
        )
    return Reply("ask_which_place", rows=rows)


def place_area(option: Mapping[str, Any]) -> tuple[str, str]:
    """Return a place's name, and its city and state."""
    name = str(option["name"])
    around = dict.fromkeys(str(option[key]) for key in ("city", "state") if option.get(key))
    return name, ", ".join(part for part in around if part != name) or name


def place_label(option: Mapping[str, Any]) -> str:
    """Return a place with its city."""
    city = option.get("city")
    name = str(option["name"])
    return f"{name}, {city}" if city and city != name else name


def place_in_full(option: Mapping[str, Any]) -> str:
    """Return a place with its city or district and its state."""
    parts = dict.fromkeys(str(option.get(key) or "") for key in ("name", "city", "state"))
    return ", ".join(filter(None, parts))


def ask_availability(_state: State, context: Context) -> Reply:
    """Ask for weekly hours, by the form where there is one."""
    if not context.form_id:
        return Reply("ask_availability")
    return Reply("ask_availability", form=hours_form.form(context.reply_language, context.form_id))


def ask_availability_right(state: State, _context: Context) -> Reply:
    """Read the weekly hours back for confirmation."""
    return Reply("ask_availability_right", {"slots": slot_params(drafted_slots(state))})


def drafted_slots(state: State) -> list[Slot]:
    """Return the slots that were read back."""
    return [Slot(*slot) for slot in state.draft.get("slots", [])]


def _profile_has(fact: Callable[[Profile], object]) -> Callable[[Context], bool]:
    return lambda context: context.profile is not None and bool(fact(context.profile))


QUESTIONS: Final[Mapping[Ask, Question]] = {
    Ask.LANGUAGE: Question(ask_language, lambda context: context.language is not None),
    Ask.CONSENT: Question(_fixed("ask_consent"), _profile_has(lambda p: p.agreed)),
    Ask.NAME: Question(ask_name),
    Ask.PHONE: Question(_fixed("ask_phone"), _profile_has(lambda p: p.has_phone)),
    Ask.SKILLS: Question(ask_skills, _profile_has(lambda p: p.skills)),
    Ask.SKILLS_RIGHT: Question(ask_skills_right),
    Ask.LOCATION: Question(_fixed("ask_location"), _profile_has(lambda p: p.located)),
    Ask.WHICH_PLACE: Question(ask_which_place),
    Ask.DISTANCE: Question(_fixed("ask_distance")),
    Ask.EXPERIENCE: Question(_fixed("ask_experience")),
    Ask.AVAILABILITY: Question(ask_availability, _profile_has(lambda p: p.slots)),
    Ask.AVAILABILITY_RIGHT: Question(ask_availability_right),
}
"""Every question that changes a profile."""


def ask_again(message: Incoming) -> Reply:
    """Return the open question once more."""
    return QUESTIONS[message.state.ask].ask(message.state, message.context)
