"""Reads skills, chosen or written, and their confirmation. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from app.catalogue import skills as skill_catalogue
from app.dialogue.choices import index
from app.dialogue.effects import EditProfile
from app.dialogue.state import Ask
from app.dialogue.turn import Incoming, Reply, Turn
from app.dialogue.worker.person_answers import read_age, read_name_correction
from app.dialogue.worker.questions import chosen_skills, skill_row, skill_rows
from app.dialogue.worker.registration import (
    ask_question,
    close_question,
    later_changes,
    open_question,
)
from app.nlu.intents import Intent, confirms
from app.nlu.normalize import split_words
from app.nlu.skill_corrections import read_change
from app.nlu.skill_phrases import find_skills

MAX_SKILLS: Final = 30
_QUOTED_PARTS: Final = 3
"""So many unknown words are quoted."""
_MOST_PAGES: Final = 100


def read_skills(message: Incoming) -> Turn | None:
    """Read skills."""
    state, context = message.state, message.context
    chosen = chosen_skills(state)
    slug = message.tapped("skill")
    control = message.tapped("skills")
    if slug is not None and slug in skill_catalogue.SKILLS:
        chosen = [*dict.fromkeys([*chosen, slug])][:MAX_SKILLS]
        return ask_question(state, Ask.SKILLS, context, skills=chosen)
    if control is not None and control.startswith("page:"):
        page = index(control.removeprefix("page:"), _MOST_PAGES) or 0
        return ask_question(state, Ask.SKILLS, context, skills=chosen, page=page)
    enough = message.has_intent(Intent.DONE) or (bool(chosen) and message.has_intent(Intent.YES))
    if control == "done" or enough:
        if not chosen:
            opened, question = open_question(state, Ask.SKILLS, context)
            return Turn(opened, (Reply("skills_needed"), question))
        return _save(message, chosen)
    if message.has_intent(Intent.MORE):
        page = int(state.draft.get("page", 0)) + 1
        return ask_question(state, Ask.SKILLS, context, skills=chosen, page=page)
    text = message.text or ""
    if not split_words(text) or message.has_intent(Intent.COURTESY, Intent.SKIP):
        return None
    other = read_name_correction(message) or read_age(message) if state.registering else None
    if other is not None:
        return other
    return read_written_skills(message, text, chosen)


def read_written_skills(message: Incoming, text: str, chosen: list[str]) -> Turn | None:
    """Suggest the skills that the words may mean; they are saved once confirmed."""
    state, context = message.state, message.context
    change = read_change(text, context.reply_language)
    if change is not None and (changed := change.applied_to(chosen)):
        return ask_question(state, Ask.SKILLS_RIGHT, context, skills=changed[:MAX_SKILLS])
    found, unclear = find_skills(text, context.reply_language)
    if not found and not unclear:
        return None
    unknown = [words for words, matches in unclear if not matches]
    several = [(words, matches) for words, matches in unclear if matches]
    if not found and not several:
        rows = skill_rows(chosen, 0, context)
        reply = Reply("skills_unknown", {"said": _quoted(unknown)}, rows=rows)
        return Turn(state.at(Ask.SKILLS, skills=chosen), (reply,), missed=True)
    if not found and len(unclear) == 1:
        words, matches = several[0]
        rows = [skill_row(slug, context.reply_language) for slug in matches]
        reply = Reply("ask_which_skill", {"said": words[:60]}, rows=rows)
        return Turn(state.at(Ask.SKILLS, skills=chosen), (reply,))
    # Of several, an unclear one takes its likeliest meaning: all are read back.
    found += [matches[0] for _, matches in several]
    together = [*dict.fromkeys([*chosen, *found])][:MAX_SKILLS]
    turn = ask_question(state, Ask.SKILLS_RIGHT, context, skills=together)
    if not unknown:
        return turn
    left_out = Reply("skills_left_out", {"said": _quoted(unknown)})
    return replace(turn, replies=(left_out, *turn.replies))


def _quoted(parts: Sequence[str]) -> str:
    return ", ".join(f"“{part[:40]}”" for part in parts[:_QUOTED_PARTS])


def read_skills_right(message: Incoming) -> Turn | None:
    """Read the confirmation of skills, or more skills."""
    choice = message.tapped("skills")
    chosen = chosen_skills(message.state)
    if choice == "yes" or message.has_intent(Intent.YES, Intent.DONE) or confirms(message.text):
        return _save(message, chosen)
    if choice == "no" or message.has_intent(Intent.NO, Intent.CHANGE):
        later = later_changes(message.state)
        return ask_question(message.state, Ask.SKILLS, message.context, **later)
    return read_skills(message)


def _save(message: Incoming, chosen: list[str]) -> Turn:
    message = message.with_profile(skills=list(chosen))
    return close_question(message, Ask.SKILLS, EditProfile({"skills": chosen}))
