"""Group the days and hours of a text into clauses: "weekdays after 5pm and whole day saturday sunday". Pure.

People name the days first or the hours first, several of each, and change the order within a sentence. Each
clause is days with their hours. Of all ways to cut a text into clauses the one is taken that leaves the fewest
days without hours, cuts where a comma or an "and" stands, and keeps to one order.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from app.core.week import DAY
from app.nlu.hour_spans import Span, Tokens, one_of, span_at, token_is
from app.nlu.time_tokens import ALL_DAY, DAYS, EVERY_DAY, FROM_TODAY, PARTS, Token

_WAKING: Final = (6 * 60, DAY)
"""Of a day without hours from which a part is denied: "weekends, but not in the morning"."""
_VAGUE: Final = frozenset({"all_day", "any_time"})
_WEEKEND: Final = frozenset(DAYS["weekends"])


@dataclass(slots=True)
class Clause:
    """Days, Monday 0, with their hours; no hours are the whole day."""

    days: set[int]
    spans: list[Span]


@dataclass(slots=True)
class Clauses:
    """What a text says of days and hours."""

    told: list[Clause] = field(default_factory=list)
    never: set[int] = field(default_factory=set)
    """The days that are excepted or denied."""
    except_only: bool = False
    """Whether days are excepted of all ("except monday"), and not only denied ("monday nahi")."""
    not_at: list[Span] = field(default_factory=list)
    """The hours that are denied where nothing else is said."""
    off: list[Clause] = field(default_factory=list)
    """The hours of some days that are denied: they are taken from what is told or known of those days."""

    def left_of(self, day: int, spans: Sequence[Span]) -> Sequence[Span] | None:
        """Return the hours of a day without those denied on it; None where nothing is left. No hours are the whole day."""
        denied = [span for clause in self.off if day in clause.days for span in clause.spans]
        if not denied:
            return spans
        return without(spans or [_WAKING], denied) or None


class _Part(NamedTuple):
    """Some days or one stretch of a day, as they stand in the text."""

    gap: str
    """What stands before: `comma`, `and`, or nothing."""
    days: tuple[int, ...] = ()
    span: Span | None = None
    name: str = ""
    """The part of the day, where it has no times of its own; `other_days`; `ahead` of days counted from today."""

    @property
    def is_days(self) -> bool:
        return self.span is None

    @property
    def is_other(self) -> bool:
        return self.name == "other_days"


@dataclass(slots=True)
class _Parts:
    """The parts of a text; what is denied stands with the number of parts before it."""

    parts: list[_Part] = field(default_factory=list)
    never: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)
    not_at: list[tuple[int, Span]] = field(default_factory=list)
    off: list[tuple[int, tuple[int, ...], Span]] = field(default_factory=list)
    """The days and hours that are denied together: "sunday evening nahi"."""
    except_only: bool = False


def read_clauses(tokens: Tokens, today: int | None) -> Clauses | None:
    """Return what tokens say of days and hours; None where anything makes no sense."""
    found = _parts(tokens, today)
    if found is None:
        return None
    never = {day for _, days in found.never for day in days}
    off = [Clause(set(days), [span]) for _, days, span in found.off]
    if not found.parts:
        not_at = [span for _, span in found.not_at]
        return Clauses([], never, found.except_only, not_at, off)
    clauses: list[Clause] = []
    general: list[bool] = []
    later: list[Clause] = []
    at = 0
    for group in _cut(found.parts):
        after = at + len(group)
        spans = _spans_of(group)
        denied = [span for n, span in found.not_at if at < n <= after or (n == 0 and at == 0)]
        spans = without(spans or [_WAKING], denied) if denied else spans
        if denied and not spans:
            return None
        named = [(number, part) for number, part in enumerate(group, at) if part.is_days]
        every = not named or any(len(part.days) == len(EVERY_DAY) for _, part in named)
        clause = Clause(_days_of(named, found.never), spans)
        if any(part.is_other for _, part in named):
            later.append(clause)
        clauses.append(clause)
        general.append(every)
        at = after
    if later:
        # "Sunday evening nahi, baaki din 10 se 8": the rest of Sunday is one of the others' opposites.
        clauses += [Clause({*each.days}, [_WAKING]) for each in off]
        general += [False] * len(off)
        if not _fill_other_days(clauses, later, never):
            return None
    _let_named_days_win(clauses, general)
    left = [clause for clause in clauses if clause.days]
    return Clauses(left, never, found.except_only, off=off) if left else None


def _days_of(
    named: Sequence[tuple[int, _Part]], never: Sequence[tuple[int, tuple[int, ...]]]
) -> set[int]:
    """Return the days of a clause without those denied: of a group always, of a day by itself where it comes later."""
    parts = named or [(0, _Part("", EVERY_DAY))]
    return {
        day
        for number, part in parts
        for day in part.days
        if not any(day in days and (number < at or len(part.days) > 1) for at, days in never)
    }


def _fill_other_days(
    clauses: Sequence[Clause], later: Sequence[Clause], never: Collection[int]
) -> bool:
    """Give "the other days" all days of which nothing else is said; False where no day is named at all."""
    named = {*never, *(day for clause in clauses for day in clause.days)}
    left = set(EVERY_DAY) - named
    for clause in later:
        clause.days |= left
    return bool(named and left)


def _let_named_days_win(clauses: Sequence[Clause], general: Sequence[bool]) -> None:
    """Take the days with hours of their own out of "every day": "daily 6 to 9, sunday 10 to 5"."""
    own = {
        day
        for clause, every in zip(clauses, general, strict=True)
        if not every and clause.spans
        for day in clause.days
    }
    for clause, every in zip(clauses, general, strict=True):
        if every and not own >= clause.days:
            clause.days -= own


# ── The parts of a text ──────────────────────────────────────────────────────────────────────────


def _parts(tokens: Tokens, today: int | None) -> _Parts | None:
    found = _Parts()
    gap = ""
    ended_at = -1
    """Where the last part ended: what follows at once belongs to it."""
    position = 0
    while position < len(tokens):
        names = tokens[position].names
        if "other_days" in names:
            position = ended_at = position + 1
            found.parts.append(_Part(gap, name="other_days"))
            gap = ""
        elif ended_at == position and _denies_before(tokens, position):
            if not _deny_last(found, tokens[position - 1], names):
                return None
            position += 1
        elif days := days_at(tokens, position, today):
            ahead = "ahead" if names & set(FROM_TODAY) else ""
            found.parts.append(_Part(gap, days[0], name=ahead))
            position = ended_at = days[1]
            gap = ""
        elif stretch := span_at(tokens, position, _night_before(found, tokens, position, gap)):
            name = one_of(names, PARTS) if stretch[1] == position + 1 else None
            if found.off and found.off[-1][0] == len(found.parts):
                # "Sunday shaam ko nahi, subah 9 se 1": these hours are of the same days.
                found.parts.append(_Part(gap, found.off[-1][1]))
                gap = ""
            found.parts.append(_Part(gap, span=stretch[0], name=name or ""))
            position = ended_at = stretch[1]
            gap = ""
        elif position == 0 and "not" in names and token_is(tokens, 1, "comma"):
            # "no, 7 to 11": said to what was read back.
            position += 1
        elif "except" in names:
            after = _deny_following(found, tokens, position, today)
            if after is None:
                return None
            position = after
        elif names & {"and", "comma", "to"}:
            gap = (
                "comma" if "comma" in names or gap == "comma" else "and" if "and" in names else gap
            )
            position += 1
        else:
            return None
    return found


def _night_before(found: _Parts, tokens: Tokens, position: int, gap: str) -> str | None:
    """Return `night` where the hours that begin here are those of a night named just before: "night shift, 10 to 6"."""
    before = found.parts[-1] if found.parts else None
    if before is None or before.name != "night" or gap == "and":
        return None
    stretch = span_at(tokens, position)
    return None if stretch is None or _days_follow(tokens, stretch[1]) else "night"


def _denies_before(tokens: Tokens, position: int) -> bool:
    """Return whether a word denies the days or hours before it: "sunday nahi", "raat ko nahi", "baaki din college"."""
    names = tokens[position].names
    if "except_after" in names:
        return True
    if "busy_with" in names:
        following = tokens[position + 1].names if position + 1 < len(tokens) else {"comma"}
        return bool(following & {"comma", "and"})
    return "not" in names and ("except" not in names or not _days_follow(tokens, position + 1))


def _deny_last(found: _Parts, before: Token, names: Collection[str]) -> bool:
    """Take the last part back, with all that stand beside it without a comma; False where that makes no sense."""
    last = found.parts[-1]
    if last.is_other:
        found.parts.pop()
        return bool(found.parts)
    if not last.is_days:
        if last.span == ALL_DAY:
            return False
        found.parts.pop()
        if not last.gap and (days := _days_before(found)) is not None:
            found.off.append((len(found.parts), days, last.span or ALL_DAY))
            found.except_only |= "except_after" in names
            return bool(days)
        if "except_after" in names:
            return False
        found.not_at.append((len(found.parts), last.span or ALL_DAY))
        return True
    if before.names & set(FROM_TODAY):
        return False  # that tomorrow is off says nothing of other weeks
    denied: list[int] = []
    while found.parts and found.parts[-1].is_days and not found.parts[-1].is_other:
        part = found.parts.pop()
        denied += part.days
        if part.gap == "comma":
            break
    if len(set(denied)) == len(EVERY_DAY):
        return False
    found.never.append((len(found.parts), tuple(denied)))
    found.except_only |= "except_after" in names
    return True


def _days_before(found: _Parts) -> tuple[int, ...] | None:
    """Take the days that stand right before hours which are denied on them, "saturday sunday shaam nahi".

    None where no days stand there; none of them for days counted from today, which say nothing of other weeks.
    """
    days: list[int] = []
    gap = ""
    while found.parts and found.parts[-1].is_days and not found.parts[-1].is_other:
        part = found.parts[-1]
        if days and (gap == "comma" or (not gap and len(part.days) > 1)):
            break  # "10 to 8 daily, sunday evening nahi"
        found.parts.pop()
        days += part.days
        gap = part.gap
        if part.name == "ahead":
            return ()
    return tuple(days) or None


def _deny_following(found: _Parts, tokens: Tokens, position: int, today: int | None) -> int | None:
    """Read what an "except" or a "not" takes away: the days or the part of the day after it."""
    names = tokens[position].names
    days, after = _excepted(tokens, position + 1, today)
    part = one_of(tokens[after].names, PARTS) if days and after < len(tokens) else None
    if part is not None and _denies_part(found, tokens, after):
        found.off.append((len(found.parts), days, PARTS[part]))
        found.except_only = True
        return after + 1
    if days:
        if len(set(days)) == len(EVERY_DAY):
            return None
        found.never.append((len(found.parts), days))
        found.except_only |= "not" not in names
        return after
    stretch = span_at(tokens, position + 1) if position + 1 < len(tokens) else None
    if stretch is None or stretch[0] == ALL_DAY:
        return None
    if "not" in names and stretch[1] > position + 2:
        return None  # "no, 7 to 11" without its comma
    found.not_at.append((len(found.parts), stretch[0]))
    return stretch[1]


def _denies_part(found: _Parts, tokens: Tokens, after: int) -> bool:
    """Whether the part of a day after denied days is denied with them: "10 to 8 but not sunday evening", "not sunday evening".

    After days without hours it may be what is left of the other days: "daily except sunday evening".
    """
    stretch = span_at(tokens, after)
    if stretch is None or stretch[0] == ALL_DAY or stretch[1] != after + 1:
        return False
    told = any(not part.is_days for part in found.parts)
    return told or (not found.parts and stretch[1] == len(tokens))


def _excepted(tokens: Tokens, position: int, today: int | None) -> tuple[tuple[int, ...], int]:
    """Read the days after an "except": all that follow each other, with "and" between them."""
    days: tuple[int, ...] = ()
    while position < len(tokens):
        ahead = position + bool(days and tokens[position].names & {"and", "comma"})
        found = days_at(tokens, ahead, today) if ahead < len(tokens) else None
        if found is None:
            break
        if "comma" in tokens[position].names and _hours_follow(tokens, found[1]):
            break  # "except sunday, monday 5 to 9"
        days, position = (*days, *found[0]), found[1]
    return days, position


def _hours_follow(tokens: Tokens, position: int) -> bool:
    return position < len(tokens) and span_at(tokens, position) is not None


def _days_follow(tokens: Tokens, position: int) -> bool:
    return position < len(tokens) and bool(tokens[position].names & {*DAYS, *FROM_TODAY})


def days_at(tokens: Tokens, position: int, today: int | None) -> tuple[tuple[int, ...], int] | None:
    """Return the days that begin at a token, "mon", "som se shukr tak", "kal", and where they end."""
    names = tokens[position].names
    ahead = one_of(names, FROM_TODAY)
    if ahead is not None:
        if _begins_then(tokens, position):
            return None  # "from tomorrow" is when it begins, and no day of the week
        return None if today is None else (((today + FROM_TODAY[ahead]) % 7,), position + 1)
    name = one_of(names, DAYS)
    if name is None:
        return None
    days = DAYS[name]
    if len(days) == 1 and position + 2 < len(tokens) and "to" in tokens[position + 1].names:
        last = one_of(tokens[position + 2].names, DAYS)
        if last is not None and len(DAYS[last]) == 1:
            length = (DAYS[last][0] - days[0]) % 7
            after = position + 3
            # "som se shukr tak": the closing word belongs to the range.
            if after < len(tokens) and "to" in tokens[after].names:
                time_follows = token_is(tokens, after + 1, "time")
                after += not time_follows or "before" in tokens[after].names
            return tuple((days[0] + step) % 7 for step in range(length + 1)), after
    return days, position + 1


def _begins_then(tokens: Tokens, position: int) -> bool:
    after = position + 1
    return (position > 0 and "after" in tokens[position - 1].names) or (
        token_is(tokens, after, "onwards") and not _days_follow(tokens, after + 1)
    )


# ── Cutting them into clauses ────────────────────────────────────────────────────────────────────

_ONE_SIDED: Final = 2.0
"""The cost of days without hours, or of hours without days."""
_CUT: Final = {"": 0.5, "and": 0.0, "comma": 0.0}
_JOINED: Final = {"": 0.0, "and": 0.2, "comma": 0.6}
_ORDER_CHANGES: Final = 0.3
_WEEKEND_WITH_WEEKDAY: Final = 0.1
_WEEKDAYS_WITH_WEEKEND: Final = 1.6
"""Who means both in one clause says "every day"."""


class _Way(NamedTuple):
    """One way to cut the parts so far: its cost, and the cuts before it."""

    cost: float
    cuts: "tuple[int, _Cuts]"


type _Cuts = tuple[int, "_Cuts"] | None


def _cut(parts: Sequence[_Part]) -> list[list[_Part]]:
    """Return the parts of each clause; linear in their number, as ways differ in their last clause only."""
    # A clause is `d`ays or `h`ours so far, or both in one of the two orders; with it the order of the clause before.
    ways: dict[tuple[str, str], _Way] = {("", ""): _Way(0.0, (0, None))}
    for number, part in enumerate(parts):
        kind = "d" if part.is_days else "h"
        following: dict[tuple[str, str], _Way] = {}
        for (clause, order), way in ways.items():
            joined = clause if clause[-1:] == kind else clause + kind
            if clause and len(joined) <= len("dh"):
                cost = way.cost + _JOINED[part.gap] + _mixture(parts[number - 1], part)
                _keep(following, (joined, order), _Way(cost, way.cuts))
            cost, latest = _closed(way.cost, clause, order)
            cost += _CUT[part.gap] if clause else 0.0
            cuts = (number, way.cuts) if clause else way.cuts
            _keep(following, (kind, latest), _Way(cost, cuts))
        ways = following
    ends = [(_closed(way.cost, *state)[0], way.cuts) for state, way in ways.items()]
    at: _Cuts = min(ends, key=lambda end: end[0])[1]
    groups: list[list[_Part]] = []
    end = len(parts)
    while at is not None:
        groups.append(list(parts[at[0] : end]))
        end, at = at
    return groups[::-1]


def _keep(ways: dict[tuple[str, str], _Way], state: tuple[str, str], way: _Way) -> None:
    if state not in ways or way.cost < ways[state].cost:
        ways[state] = way


def _closed(cost: float, clause: str, order: str) -> tuple[float, str]:
    """Return the cost with a clause that ends here, and the order of the last clause that had both."""
    if len(clause) == 1:
        return cost + _ONE_SIDED, order
    changes = bool(clause and order and clause != order)
    return cost + changes * _ORDER_CHANGES, clause or order


def _mixture(before: _Part, part: _Part) -> float:
    """Return what it costs that a weekday and a weekend stand side by side in one clause."""
    if not (before.days and part.days):
        return 0.0
    late, early = ({*each.days} <= _WEEKEND for each in (before, part))
    if late == early:
        return 0.0
    whole = DAYS["weekdays"] in {before.days, part.days}
    return _WEEKDAYS_WITH_WEEKEND if whole else _WEEKEND_WITH_WEEKDAY


# ── The hours of one clause ──────────────────────────────────────────────────────────────────────


def _spans_of(group: Sequence[_Part]) -> list[Span]:
    """Return the hours of a clause; times say more than the part of the day beside them ("raat, 10 se 6")."""
    hours = [part for part in group if part.span is not None]
    timed = [part.span for part in hours if part.span is not None and not part.name]
    kept: list[Span] = []
    for number, part in enumerate(hours):
        if part.span is None:
            continue
        beside = any(each.gap == "and" for each in (part, *hours[number + 1 : number + 2]))
        vague = part.name in _VAGUE
        if part.name and timed and (vague or not beside):
            meets = any(_overlap(part.span, span) for span in timed)
            if vague or meets:
                continue
        kept.append(part.span)
    return kept


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def without(spans: Sequence[Span], denied: Sequence[Span]) -> list[Span]:
    """Return the spans without the hours that are denied."""
    left = list(spans)
    for since, until in denied:
        left = [
            (start, end)
            for first, last in left
            for start, end in ((first, min(last, since)), (max(first, until), last))
            if start < end
        ]
    return left
