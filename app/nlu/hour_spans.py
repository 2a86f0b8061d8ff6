"""Read one stretch of a day among tokens: "after 6pm", "9 to 5", "raat 10 se 6", "subah se sham tak". Pure.

Spans are minutes from the day's midnight, past 1440 on the next day.
"""

from collections.abc import Collection, Sequence
from typing import Final

from app.core.week import DAY
from app.nlu.time_tokens import DAYS, HALF_DAY, PARTS, UNTIL, Token

type Span = tuple[int, int]
type Tokens = Sequence[Token]
_SHORTEST_SHIFT: Final = 2 * 60


def one_of(names: Collection[str], table: Collection[str]) -> str | None:
    """Return the first name of the table that is among these names."""
    return next((name for name in table if name in names), None)


def token_is(tokens: Tokens, position: int, name: str) -> bool:
    """Return whether there is a token at this position that may be `name`."""
    return position < len(tokens) and name in tokens[position].names


def _time_at(tokens: Tokens, position: int) -> bool:
    return token_is(tokens, position, "time")


_HALVES: Final = frozenset({"morning", "afternoon", "evening", "night"})
"""Parts of the day that say which half a time beside them means; "daytime" and "any time" don't."""


def span_at(tokens: Tokens, position: int, part: str | None = None) -> tuple[Span, int] | None:
    """Read one stretch of a day: "after 6pm", "9 to 5", "morning", "subah 9 se 5", "6 ke baad".

    `part` is the part of the day that stood before, with nothing of its own ("night shift, 10 to 6").
    """
    names = tokens[position].names
    if part is not None and "time" in names:
        return _times_at(tokens, position, part)
    part = one_of(names, PARTS)
    if part is not None and part not in _HALVES:
        return _times_at(tokens, position + 1, None) or _part_at(tokens, position, part)
    if part is not None:
        if token_is(tokens, position + 1, "before") and _time_at(tokens, position + 2):
            return (PARTS[part][0], moment_of(tokens[position + 2], part)), position + 3
        return _times_at(tokens, position + 1, part) or _part_at(tokens, position, part)
    if "after" in names and _time_at(tokens, position + 1):
        return _after(tokens, position + 1)
    if "before" in names and _time_at(tokens, position + 1):
        return _until(tokens[position + 1], None), position + 2
    if "time" in names:
        return _times_at(tokens, position, None)
    return None


def _after(tokens: Tokens, position: int) -> tuple[Span, int]:
    """Read "after 6", and "from 9 to 5"."""
    ranged = _times_at(tokens, position, None)
    if ranged is not None and ranged[1] > position + 1:
        return ranged
    first = tokens[position]
    after, hint = _hint_after(tokens, position + 1)
    start = moment_of(first, hint) if hint else _opening(first)
    return (start, DAY), after


def _part_at(tokens: Tokens, position: int, part: str) -> tuple[Span, int]:
    """Read "morning", "subah se sham tak", "dopahar ke baad"."""
    start, end = PARTS[part]
    after = position + 1
    if token_is(tokens, after, "to") and after + 1 < len(tokens):
        last = one_of(tokens[after + 1].names, UNTIL)
        if last is not None and UNTIL[last] > start:
            return (start, UNTIL[last]), _closed(tokens, after + 2)
    if token_is(tokens, after, "after") and not _time_at(tokens, after + 1):
        return (start, DAY), after + 1
    return (start, end), after


def _closed(tokens: Tokens, position: int) -> int:
    """Skip the "tak" that closes a range."""
    return position + (token_is(tokens, position, "before") and not _time_at(tokens, position + 1))


def _times_at(tokens: Tokens, position: int, part: str | None) -> tuple[Span, int] | None:
    after_it = part is not None and token_is(tokens, position, "after")
    position += after_it
    if not _time_at(tokens, position):
        return None
    first = tokens[position]
    position, hint = _hint_after(tokens, position + 1)
    part = part or hint
    if token_is(tokens, position, "to"):
        ahead, late_part = _hint_at(tokens, position + 1)
        if _time_at(tokens, ahead):
            last = tokens[ahead]
            after, last_hint = _hint_after(tokens, ahead + 1)
            span = _span(first, last, part, late_part or last_hint, both=late_part is None)
            return span, _closed(tokens, after)
        if late_part and UNTIL[late_part] > (start := moment_of(first, part)):
            # "subah 9 se sham tak".
            return (start, UNTIL[late_part]), _closed(tokens, ahead)
    if after_it or token_is(tokens, position, "after") or _onwards(tokens, position):
        start = _opening(first) if part is None else moment_of(first, part)
        return (start, DAY), position + (not after_it)
    if token_is(tokens, position, "before"):
        return _until(first, part), position + 1
    return None


def _onwards(tokens: Tokens, position: int) -> bool:
    """Return whether "se" says from then on: nothing follows that it could lead to."""
    following = tokens[position + 1].names if position + 1 < len(tokens) else {"comma"}
    return token_is(tokens, position, "onwards") and bool(
        following & {"comma", "and", "except", *DAYS}
    )


def _until(last: Token, part: str | None) -> Span:
    """Read "before 10": from six in the morning, but "before 6am" from midnight."""
    end = moment_of(last, part)
    if 0 < end <= 6 * 60 and (last.fixed or part == "morning"):
        return 0, end
    return 6 * 60, end if end > 6 * 60 else end + (HALF_DAY if end else DAY)


def _opening(first: Token) -> int:
    """Return when "after 6" begins: nobody says so of an hour before dawn."""
    minutes = first.minutes
    return minutes + HALF_DAY if not first.fixed and minutes < 9 * 60 else minutes


def _hint_at(tokens: Tokens, position: int) -> tuple[int, str | None]:
    """Skip a part of the day that only says which half a time means: "9 se shaam 5"."""
    if position < len(tokens):
        part = one_of(tokens[position].names, PARTS)
        if part in {"morning", "afternoon", "evening", "night"}:
            return position + 1, part
    return position, None


def _hint_after(tokens: Tokens, position: int) -> tuple[int, str | None]:
    """As `_hint_at`, where the part follows the time: "6 in the evening"."""
    ahead, part = _hint_at(tokens, position)
    if part is not None and not _time_at(tokens, ahead):
        return ahead, part
    return position, None


def moment_of(token: Token, part: str | None) -> int:
    """Return the minutes of a time that is said to be in a part of the day."""
    minutes = token.minutes
    if token.fixed or part is None:
        return minutes
    if part == "morning":
        return minutes % HALF_DAY
    if part == "night":
        # "raat 2" is early, "raat 12" midnight, "raat 10" late.
        early = minutes < 6 * 60 or minutes == HALF_DAY
        return minutes % HALF_DAY + (0 if early else HALF_DAY)
    return minutes % HALF_DAY + HALF_DAY


def _span(
    first: Token, last: Token, part: str | None, late_part: str | None, *, both: bool
) -> Span:
    """Two times as a stretch: of unclear hours the ones people work at, "9-5" and "6-10".

    An end that may be before or after noon is the one nearest after the start. `both`: a part of the day after
    the two ("7 to 11 at night") may be meant for the first too.
    """
    if both and late_part == "night" and part is None and not (first.fixed or last.fixed):
        return _in_the_night(first, last)
    start = moment_of(first, part)
    end = moment_of(last, late_part)
    if not first.fixed and part is None:
        start = _usual_start(start, end, last, late_part, both=both)
    if last.fixed or late_part is not None:
        return start, end if end > start else end + DAY
    return start, start + ((end - start) % HALF_DAY or HALF_DAY)


def _usual_start(start: int, end: int, last: Token, late_part: str | None, *, both: bool) -> int:
    """Return which half of the day an unclear start is meant in."""
    later = start % HALF_DAY + HALF_DAY
    if both and late_part:
        return later if later < end else start
    if last.fixed and end <= HALF_DAY:
        # "10 to 6 am": the shorter stretch.
        return min(start, later, key=lambda begin: (end - begin) % DAY)
    if last.fixed:
        # "7 to 11 pm": the second time's half holds for the first, unless hardly a shift is left then.
        return later if end - later >= _SHORTEST_SHIFT else start
    # "5 to 9" and "6-10" are evenings, "9-12" a morning.
    return later if start < 6 * 60 or (not late_part and start < min(end, 7 * 60)) else start


def _in_the_night(first: Token, last: Token) -> Span:
    """Return the stretch of two times said to be at night: most of it dark, and of such the shortest."""
    starts = (first.minutes % HALF_DAY, first.minutes % HALF_DAY + HALF_DAY)
    size = (last.minutes - first.minutes) % HALF_DAY or HALF_DAY
    dusk, dawn = PARTS["night"]

    def dark(begin: int) -> int:
        return sum(
            max(0, min(begin + size, until) - max(begin, since))
            for since, until in ((dusk, dawn), (dusk - DAY, dawn - DAY))
        )

    start = max(starts, key=lambda begin: (dark(begin), begin))
    return start, start + size
