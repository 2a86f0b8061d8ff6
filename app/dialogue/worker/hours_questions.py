"""When somebody is free: chosen or written, and read back before it is kept. Pure."""

from collections.abc import Sequence
from functools import cache
from zoneinfo import ZoneInfo

from app.core.week import Slot
from app.dialogue.flow import answered, said, said_slots, says, tapped, turn_to
from app.dialogue.model import Ask, Context, Heard, Say, SetWeek, State, Turn
from app.dialogue.worker import hours_form
from app.messaging.inbound import InboundKind
from app.nlu import weekly_hours
from app.nlu.intents import Intent, Lexicon, around, every, words_of
from app.nlu.time_tokens import FROM_TODAY
from app.texts.formatting import DEFAULT_ZONE


def ask_availability(_state: State, context: Context) -> Say:
    """Ask this question: by the form where there is one, else by a list."""
    if not context.form_id:
        return Say("ask_availability")
    return Say("ask_availability", form=hours_form.form(context.said_in, context.form_id))


def read_availability(heard: Heard) -> Turn | None:
    """Read weekly hours; None where none can be read."""
    pattern = tapped(heard, "free")
    text = pattern if pattern is not None else said(heard)
    if heard.inbound.kind is InboundKind.FORM:
        slots = hours_form.read(heard.inbound.answers)
    elif text is not None:
        slots = weekly_hours.read(text[:300], _today(heard.context), known(heard))
    else:
        return None
    if slots is None:
        # By the list this time, whatever was wrong with the form.
        replies = (Say("availability_unclear"), Say("ask_availability"))
        return Turn(heard.state.at(Ask.AVAILABILITY), replies, missed=True)
    kept = [[slot.weekday, slot.start, slot.end] for slot in slots]
    return turn_to(heard.state, Ask.AVAILABILITY_RIGHT, heard.context, slots=kept)


def known(heard: Heard) -> Sequence[Slot]:
    """Return the free times that were told before: those read back last, else those that are kept."""
    profile = heard.context.profile
    kept = profile.slots if profile is not None else ()
    return _drafted_slots(heard.state) or kept


def _today(context: Context) -> int:
    """Return the weekday where the worker is: "kal" is said by that clock."""
    zone = context.profile.time_zone if context.profile else DEFAULT_ZONE
    return context.now.astimezone(ZoneInfo(zone)).weekday()


def _drafted_slots(state: State) -> list[Slot]:
    return [Slot(*slot) for slot in state.draft.get("slots", [])]


def ask_availability_right(state: State, _context: Context) -> Say:
    """Read the weekly hours back, and ask whether they are right."""
    return Say("ask_availability_right", {"slots": said_slots(_drafted_slots(state))})


def read_availability_right(heard: Heard) -> Turn | None:
    """Read whether the weekly hours are right; None where that is unclear."""
    choice = tapped(heard, "free")
    slots = _drafted_slots(heard.state)
    if (choice == "yes" or says(heard, Intent.YES)) and slots:
        return answered(heard, Ask.AVAILABILITY, SetWeek(tuple(slots)), slots=slots)
    if choice == "no" or says(heard, Intent.NO):
        return turn_to(heard.state, Ask.AVAILABILITY, heard.context)
    return read_availability(heard)


def told_in_passing(heard: Heard) -> Turn | None:
    """Read back what somebody registered says of their free times: "I'm free on sunday too", "sunday nahi".

    It adds to the week that is kept or takes from it; a single day such as "tomorrow" is no week.
    """
    text, profile = said(heard), heard.context.profile
    if text is None or profile is None or not profile.slots or heard.context.open_offers:
        return None
    words = words_of(text[:300])
    if not around("says_free").anywhere(words):
        return None
    if around("day_off").anywhere(words) and _soon().anywhere(words):
        return Turn(heard.state, (Say("day_off"),))
    slots = weekly_hours.read(text[:300], None, profile.slots, adds=True)
    if slots is None or slots == list(profile.slots):
        return None
    kept = [[slot.weekday, slot.start, slot.end] for slot in slots]
    return turn_to(heard.state, Ask.AVAILABILITY_RIGHT, heard.context, slots=kept)


@cache
def _soon() -> Lexicon[None]:
    return Lexicon((word, None) for word in every("calendar", *FROM_TODAY))
