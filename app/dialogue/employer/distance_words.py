"""What a text says of how far away people of a job may live, and how little they may know of the work. Pure."""

from dataclasses import replace
from typing import Final

from app.dialogue.employer.job_questions import widenable
from app.jobs.job_text import Widenable
from app.nlu.job_draft import Draft
from app.nlu.normalize import split_words
from app.nlu.vocabulary import phrase_set
from app.nlu.widening_wish import find_widening_wish

_DISTANCE_CHARACTERS: Final = 60


def is_any_distance(text: str) -> bool:
    """Whether a short text says that any distance will do."""
    said = split_words(text[:_DISTANCE_CHARACTERS])
    return bool(said) and not phrase_set("any_distance", "filler", "polite").without(said)


def with_widening(draft: Draft, text: str) -> Draft | None:
    """Return the job with whom the text allows, or refuses, beyond its limits; None where it does neither.

    Who allows less experience for a job without any years says something else: "freshers are fine" is a note.
    """
    wish = find_widening_wish(text)
    if wish is None or not (wish.far or draft.years):
        return None
    named = {Widenable.RADIUS: wish.far, Widenable.EXPERIENCE: wish.less}
    limits = {limit for limit, is_named in named.items() if is_named}
    before = set(Widenable) if draft.widens else set()
    if draft.widens and draft.widens_only:
        before = {Widenable(draft.widens_only)}
    after = before | limits if wish.is_fine else before - limits
    # A limit that the job does not have is neither allowed nor refused.
    allowed = after & set(widenable(draft))
    only = next(iter(after)) if len(after) == 1 else ""
    return replace(draft, widens=bool(allowed), widens_only=str(only) if allowed else "")
