"""Reads and changes the hours in which a worker wants no notice: "don't message me before 9". Pure.

What is said plainly is stored at once and read back with buttons for the rest: it can be changed again as easily.
"""

import datetime as dt
from dataclasses import replace
from typing import Any

from app.dialogue.effects import EditProfile
from app.dialogue.state import Ask, State
from app.dialogue.turn import Incoming, Reply, Turn
from app.dialogue.worker.questions import QUESTIONS, ask_again
from app.messaging.quiet_hours import QUIET_FROM, QUIET_TO
from app.nlu.intents import Intent
from app.nlu.quiet_wish import (
    QuietWish,
    has_sensible_length,
    parse_quiet_hours,
    parse_quiet_wish,
)
from app.texts.formatting import quiet_param

type QuietHours = tuple[dt.time, dt.time]
USUAL: QuietHours = (QUIET_FROM, QUIET_TO)


def read_quiet_tap(message: Incoming) -> Turn | None:
    """Follow a tap below a text about quiet hours, whatever question is open."""
    choice = message.tapped("quiet")
    profile = message.context.profile
    if choice is None or profile is None or not profile.agreed:
        return None
    if choice == "none":
        return _store(message, None)
    if choice == "keep":
        return Turn(_closed(message.state), (Reply("kept"), *_still_open(message)))
    if (quiet := _hours_of(choice)) is not None:
        return _store(message, quiet)
    return ask_quiet_hours(message)


def _hours_of(choice: str) -> QuietHours | None:
    """Return the hours in the id of a row; None for a forged one."""
    start, _, end = choice.partition("-")
    try:
        hours = dt.time.fromisoformat(start), dt.time.fromisoformat(end)
    except ValueError:
        return None
    return hours if hours[0] != hours[1] and not any(each.tzinfo for each in hours) else None


def ask_quiet_hours(message: Incoming) -> Turn:
    """Say which hours are quiet now, and ask for others; a question of the registration stays open."""
    state, profile = message.state, message.context.profile
    quiet = profile.quiet_hours if profile is not None else USUAL
    text = "quiet_now" if quiet is not None else "quiet_never_now"
    opened = state if state.ask in QUESTIONS else state.at(Ask.QUIET)
    return Turn(replace(opened, misses=0), (Reply(text, {"quiet": quiet_param(quiet)}),))


def read_quiet_wish(message: Incoming) -> Turn | None:
    """Read a wish about the hours of messages, whatever question is open."""
    text, profile = message.text, message.context.profile
    if text is None or profile is None or not profile.agreed:
        return None
    if message.state.ask in {Ask.REPORT, Ask.APPEAL, Ask.DELETE, Ask.QUIET}:
        return None
    wish = parse_quiet_wish(text)
    return None if wish is None else _follow(message, wish)


def read_quiet_answer(message: Incoming) -> Turn | None:
    """Read the answer to the question for quiet hours."""
    text = message.text
    if text is None:
        # A typed title of a row is a tap on it.
        return read_quiet_tap(message)
    if (wish := parse_quiet_hours(text)) is not None:
        return _follow(message, wish)
    if message.has_intent(Intent.NO, Intent.YES, Intent.CANCEL, Intent.SKIP, Intent.DONE):
        return Turn(_closed(message.state), (Reply("kept"),))
    return Turn(message.state, (Reply("ask_quiet_again"),), missed=True)


def _follow(message: Incoming, wish: QuietWish) -> Turn:
    profile = message.context.profile
    now = profile.quiet_hours if profile is not None else None
    if wish.never:
        return _store(message, None)
    if wish.usual:
        return _store(message, now or USUAL)
    if not wish.clear:
        return ask_quiet_hours(message)
    start, end = now or USUAL
    quiet = wish.start or start, wish.end or end
    if quiet[0] == quiet[1] or not has_sensible_length(*quiet):
        return ask_quiet_hours(message)
    return _store(message, quiet)


def _store(message: Incoming, quiet: QuietHours | None) -> Turn:
    changes: dict[str, Any] = {"quiet_hours": None}
    if quiet is not None:
        changes["quiet_hours"] = {"start": quiet[0], "end": quiet[1]}
    again = _still_open(message)
    text = "quiet_set" if quiet is not None else "quiet_never_set"
    reply = Reply(text, {"quiet": quiet_param(quiet)}, buttons=() if again else None)
    return Turn(_closed(message.state), (reply, *again), (EditProfile(changes),))


def _closed(state: State) -> State:
    return state.at(Ask.NOTHING) if state.ask is Ask.QUIET else replace(state, misses=0)


def _still_open(message: Incoming) -> tuple[Reply, ...]:
    return (ask_again(message),) if message.state.ask in QUESTIONS else ()
