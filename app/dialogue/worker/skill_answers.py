"""Reads skills, chosen or written, and their confirmation. Pure."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from app.catalogue import skills as skill_catalogue
from app.dialogue.choices import index
from app.dialogue.context import Context
from app.dialogue.effects import EditProfile
from app.dialogue.state import Ask
from app.dialogue.turn import Incoming, Reply, Turn
from app.dialogue.worker.person_answers import read_age, read_name_correction
from app.dialogue.worker.questions import chosen_skills, skill_row, skill_rows
from app.dialogue.worker.registration import ask_question, close_question, open_question
from app.nlu.intents import Intent
from app.nlu.normalize import split_words
from app.nlu.vocabulary import phrase_set

MAX_SKILLS: Final = 30
_QUOTED_PARTS: Final = 3
"""So many unknown words are quoted."""
_MOST_PAGES: Final = 100
_BETWEEN_SKILLS: Final = re.compile(r"[,;/\n।&+]|\s(?:and|aur|और|or|ya|या)\s")


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
        return close_question(
            _with_skills(message, chosen), Ask.SKILLS, EditProfile({"skills": chosen})
        )
    if message.has_intent(Intent.MORE):
        page = int(state.draft.get("page", 0)) + 1
        return ask_question(state, Ask.SKILLS, context, skills=chosen, page=page)
    text = message.text
    if text is None or message.has_intent(Intent.COURTESY):
        return None
    if (
        state.registering
        and (told := read_name_correction(message) or read_age(message)) is not None
    ):
        return told
    return read_written_skills(message, text, chosen)


def read_written_skills(message: Incoming, text: str, chosen: list[str]) -> Turn | None:
    """Suggest the skills that the words may mean; they are saved once confirmed."""
    state, context = message.state, message.context
    found: list[str] = []
    unclear: list[tuple[str, list[str]]] = []
    for part in _BETWEEN_SKILLS.split(f" {text} "):
        words = part.strip(" .!-")
        if not words:
            continue
        matches = _matches(words, context)
        if len(matches) == 1 or (matches and _names(matches[0], words)):
            found.append(matches[0])
        else:
            unclear.append((words, matches))
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


def _matches(words: str, context: Context) -> list[str]:
    """Return the skills that words may mean, with or without "I can …" or "… ka kaam"."""
    found = skill_catalogue.search(words, context.reply_language, 9)
    if not found:
        bare = phrase_set("around_skill").without(split_words(words), ends_only=True)
        found = skill_catalogue.search(" ".join(bare), context.reply_language, 9) if bare else []
    return [skill.slug for skill in found]


def _quoted(parts: Sequence[str]) -> str:
    return ", ".join(f"“{part[:40]}”" for part in parts[:_QUOTED_PARTS])


def _names(slug: str, words: str) -> bool:
    skill = skill_catalogue.SKILLS[slug]
    folded = skill_catalogue.fold(words)
    return any(skill_catalogue.fold(name) == folded for name in skill.known_as)


def read_skills_right(message: Incoming) -> Turn | None:
    """Read the confirmation of skills, or more skills."""
    choice = message.tapped("skills")
    chosen = chosen_skills(message.state)
    if choice == "yes" or message.has_intent(Intent.YES) or message.has_intent(Intent.DONE):
        return close_question(
            _with_skills(message, chosen), Ask.SKILLS, EditProfile({"skills": chosen})
        )
    if choice == "no" or message.has_intent(Intent.NO):
        return ask_question(message.state, Ask.SKILLS, message.context)
    return read_skills(message)


def _with_skills(message: Incoming, chosen: Sequence[str]) -> Incoming:
    """Return the message with these skills in its profile, as replies may tell them."""
    profile = message.context.profile
    if profile is None:
        return message
    known = replace(profile, skills=list(chosen))
    return replace(message, context=replace(message.context, profile=known))
