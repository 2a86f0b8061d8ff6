"""What an employer says beside the facts of a job, for the people who read it: it goes into the note. Pure.

Whom they wish for ("ladies only", "18-25", "hindi speaking") is noted, too, and decides nothing; they hear so
in a sentence (decision 0078).
"""

from dataclasses import replace
from typing import Final

from app.dialogue.employer.message import EmployerMessage
from app.dialogue.state import Ask
from app.dialogue.turn import Incoming, Reply
from app.masking.mask import mask
from app.nlu.dates import GAP
from app.nlu.job_draft import Draft, joined_note
from app.nlu.job_note import without_introduction
from app.nlu.normalize import normalize, split_words
from app.nlu.person_wishes import Wishes, read_wishes
from app.nlu.place_phrases import MOST_CHARACTERS
from app.nlu.vocabulary import phrase_set

_SAID_CHARACTERS: Final = 60


def wishes_of(text: str) -> Wishes:
    """Return what a text wishes of people, and what else it says."""
    found = read_wishes(normalize(text[:MOST_CHARACTERS].replace("\n", " , ")))
    return replace(found, rest=found.rest.replace(GAP, ", ").strip(" ,"))


def with_wishes(message: Incoming, draft: Draft) -> tuple[Draft, tuple[Reply, ...]]:
    """Return the job with the wishes of its employer in the note, and the sentence that says so.

    Of a message that began a job only what its note holds was a wish, and no part of a name.
    """
    text = message.text
    if text is None or message.state.ask is Ask.JOB_NOTE:
        return draft, ()
    wishes = wishes_of(text)
    said = mask(", ".join(wishes.said))
    if not said:
        return draft, ()
    note = joined_note(draft.note, said)
    if message.state.ask is not Ask.NOTHING:
        draft = replace(draft, note=note)
    elif note != draft.note:
        return draft, ()
    if not (wishes.who or wishes.is_all):
        return draft, ()
    key = "job_wish_kept" if wishes.who else "job_wish_noted"
    return draft, (Reply(key, {"said": said[:_SAID_CHARACTERS]}),)


def with_wishes_noted(
    message: EmployerMessage, draft: Draft
) -> tuple[EmployerMessage, tuple[Reply, ...]]:
    """Return the message as if the wishes in it stood in the job's note already, and the sentence that says so.

    The rest of it is read without them. Where no job is begun the whole text is what begins it.
    """
    if draft == Draft():
        return message, ()
    noted, told = with_wishes(message, draft)
    kept = {**message.state.draft, "job": noted.as_json()}
    return replace(message, state=replace(message.state, draft=kept)), told


def with_note(message: EmployerMessage, draft: Draft, text: str) -> Draft | None:
    """Return the job with a note for workers, where it is read back: "uniform provided", "likh do …"; else None."""
    words = split_words(text)
    says = phrase_set("note_begins", "note_says").anywhere(words)
    asks = "?" in text or phrase_set("asking").anywhere(words)
    if message.state.ask not in {Ask.JOB_RIGHT, Ask.JOB_CHANGE} or asks or not says:
        return None
    note = joined_note(draft.note, mask(without_introduction(text)))
    return None if note == draft.note else replace(draft, note=note)
