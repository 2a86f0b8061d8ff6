"""Reads weekly hours and their confirmation. Pure."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from app.core.week import DAY, Slot
from app.dialogue.context import Context
from app.dialogue.effects import SetWeeklyHours
from app.dialogue.state import Ask
from app.dialogue.turn import Incoming, Reply, Turn
from app.dialogue.worker import hours_form
from app.dialogue.worker.questions import drafted_slots
from app.dialogue.worker.registration import ask_question, close_question, later_changes
from app.messaging.inbound import InboundKind
from app.nlu import pay
from app.nlu.dates import GAP
from app.nlu.intents import Intent, confirms
from app.nlu.normalize import normalize, split_words
from app.nlu.spelling import respelled
from app.nlu.vocabulary import phrase_set
from app.nlu.week_change import read_week
from app.texts.formatting import DEFAULT_ZONE


def read_availability(message: Incoming) -> Turn | None:
    """Read weekly hours."""
    pattern = message.tapped("free")
    text = pattern if pattern is not None else message.text
    if message.inbound.kind is InboundKind.FORM:
        slots = hours_form.read(message.inbound.answers)
    elif text is not None:
        today, known = today_of(message.context), known_slots(message)
        slots = read_week(text, today, known) or read_week(respelled(text), today, known)
        if slots is None and (hours := _without_pay(message, text)):
            slots = read_week(hours, today, known)
    else:
        return None
    if slots is None:
        # By the list this time: the form may be what failed.
        replies = (Reply("availability_unclear"), Reply("ask_availability"))
        return Turn(message.state.at(Ask.AVAILABILITY), replies, missed=True)
    slots = list(_at_the_hours_known(message, slots))
    kept = [[slot.weekday, slot.start, slot.end] for slot in slots]
    later = later_changes(message.state)
    return ask_question(message.state, Ask.AVAILABILITY_RIGHT, message.context, slots=kept, **later)


def _at_the_hours_known(message: Incoming, slots: Sequence[Slot]) -> Sequence[Slot]:
    """Return days that were named without hours at those read back a moment ago: "8 to 12", and then "every day".

    Only where all days had the same hours, and the text names none.
    """
    drafted = drafted_slots(message.state)
    hours = {(slot.start, slot.end) for slot in drafted}
    days = sorted({slot.weekday for slot in slots})
    # A whole day may be two halves.
    whole_days = sum(slot.minutes for slot in slots) == len(days) * DAY
    named = any(map(str.isdecimal, normalize(message.text or ""))) or phrase_set(
        "all_day", "any_time", section="calendar"
    ).anywhere(split_words(message.text or ""))
    if message.state.ask is not Ask.AVAILABILITY_RIGHT or len(hours) != 1 or not whole_days:
        return slots
    if message.text is None or named:
        return slots
    [(start, end)] = hours
    return [Slot(day, start, end) for day in days]


def _without_pay(message: Incoming, text: str) -> str:
    """Return an answer without what somebody wants to be paid: "1000 rs daily subah 8 se 12"; "" where it names none."""
    rest, wish = pay.extract(normalize(text), message.context.currency)
    return "" if wish.amount is None else rest.replace(GAP, ", ").strip(" ,;")


def known_slots(message: Incoming) -> Sequence[Slot]:
    """Return the slots that were read back last, else those of the profile."""
    profile = message.context.profile
    kept = profile.slots if profile is not None else ()
    return drafted_slots(message.state) or kept


def today_of(context: Context) -> int:
    """Return the weekday by the worker's clock, for words like "kal"."""
    zone = context.profile.time_zone if context.profile else DEFAULT_ZONE
    return context.now.astimezone(ZoneInfo(zone)).weekday()


def read_availability_right(message: Incoming) -> Turn | None:
    """Read the confirmation of weekly hours, or other hours."""
    choice = message.tapped("free")
    slots = drafted_slots(message.state)
    agrees = choice == "yes" or message.has_intent(Intent.YES) or confirms(message.text)
    if agrees and slots:
        return close_question(message, Ask.AVAILABILITY, SetWeeklyHours(tuple(slots)), slots=slots)
    if choice == "no" or message.has_intent(Intent.NO, Intent.CHANGE):
        later = later_changes(message.state)
        return ask_question(message.state, Ask.AVAILABILITY, message.context, **later)
    return read_availability(message)
