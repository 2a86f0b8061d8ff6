"""Read weekly hours: "weekdays after 6pm, sat all day", "शनिवार सुबह 9 से 5". Pure.

Days in a row share the times after them; times without days count for every day. A text that can't be
read as a whole is not read at all, because a wrong guess is worse than a question.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from app.core.week import DAY, Slot, merge
from app.nlu.time_tokens import (
    ALL_DAY,
    DAYS,
    EVERY_DAY,
    FROM_TODAY,
    HALF_DAY,
    PARTS,
    UNTIL,
    Token,
    scan,
    tokens,
)


@dataclass(slots=True)
class _Clause:
    days: set[int] = field(default_factory=set)
    spans: list[tuple[int, int]] = field(default_factory=list)


_ASIDES = frozenset({"occasion", "correction", "also"})
_SHORTEST_SHIFT = 2 * 60
type _Span = tuple[int, int]
type _Tokens = Sequence[Token]


def read(
    text: str, today: int | None = None, known: Sequence[Slot] = (), *, adds: bool = False
) -> list[Slot] | None:
    """Return the weekly slots a text means, merged and in order, or None if it can't be read.

    `today` is the weekday (Monday 0) that "tomorrow" counts from; `known` are slots that were told
    before, of which "not sunday" takes away and to which "sunday too" adds; with `adds` all that is told.
    """
    every = tokens(text)
    return slots_of(every, today, known, adds=adds) if every else None


def longest_run(words: Sequence[str], at: int, most: int) -> int | None:
    """Return where the longest run of normalized words from `at` that `read` understands ends, at most `most` long.

    The words are cut into tokens once, and not once for each run.
    """
    text = " ".join(words[at : at + most])
    seen = scan(text)
    first = seen.tokens[:2]
    if len(first) == 2 and all("time" in token.names for token in first):
        return None  # two bare times side by side are no hours, whatever follows
    end = len(text)
    for after in range(min(len(words), at + most), at, -1):
        try:
            every = seen.before(end)
        except ValueError:
            every = tokens(text[:end])
        if every and slots_of(every) is not None:
            return after
        end -= len(words[after - 1]) + 1
    return None


def slots_of(
    every: _Tokens, today: int | None = None, known: Sequence[Slot] = (), *, adds: bool = False
) -> list[Slot] | None:
    """Return the slots that tokens mean; see `read`."""
    found = _without_asides(every)
    if not found:
        return None
    read = _clauses(found, today)
    if read is None:
        return None
    clauses, never = read
    before = [((slot.weekday,), [_span_of(slot)]) for slot in known]
    if not clauses:
        left = [(days, spans) for days, spans in before if not never & set(days)]
        return to_slots(left) if never else None
    told = [(clause.days or set(EVERY_DAY), clause.spans) for clause in clauses]
    adds |= any("also" in token.names for token in every)
    return to_slots([*before, *told] if adds else told)


def _span_of(slot: Slot) -> _Span:
    return slot.start, slot.start + slot.minutes


def _without_asides(tokens: _Tokens) -> _Tokens | None:
    """Leave out what says nothing of times: "no wait", "too", "after college" beside a time.

    None where nothing else is said: when college is over nobody knows.
    """
    tokens = _after_the_occasion(tokens)
    if not any(token.names & _ASIDES for token in tokens):
        return tokens
    kept: list[Token] = []
    position = 0
    asides = False
    while position < len(tokens):
        names = tokens[position].names
        following = tokens[position + 1].names if position + 1 < len(tokens) else frozenset()
        pair = {"after", "before"}
        if ("occasion" in names and following & pair) or (names & pair and "occasion" in following):
            asides = True
            position += 2
            continue
        if "correction" in names:
            kept.append(Token(frozenset({"comma"})))
        elif "also" not in names:
            kept.append(tokens[position])
        position += 1
    times = any("time" in token.names or token.names & set(PARTS) for token in kept)
    return None if asides and not times else kept


def _after_the_occasion(tokens: _Tokens) -> _Tokens:
    """Read "college finishes at 2" and "school 8 to 2, free after that" as "after 2"."""
    names = [token.names for token in tokens]
    times = [at for at, each in enumerate(names) if "time" in each]
    begins = next((at for at, each in enumerate(names) if "occasion" in each), None)
    ends = [at for at, each in enumerate(names) if each & {"ends", "after_that"}]
    if begins is None or not times or not ends or times[0] < begins or times[-1] > ends[-1] + 2:
        return tokens
    until = max(times[-1], ends[-1])
    after = Token(frozenset({"after"}))
    return [*tokens[:begins], after, tokens[times[-1]], *tokens[until + 1 :]]


def to_slots(parts: Iterable[tuple[Collection[int], Sequence[_Span]]]) -> list[Slot] | None:
    """Return days with their spans as slots: merged within a day, none touching another's minutes.

    Spans are minutes from the day's midnight, past 1440 on the next day; none are the whole day.
    """
    week: dict[int, list[_Span]] = {}
    for days, spans in parts:
        for day in days:
            week.setdefault(day, []).extend(spans or [ALL_DAY])
    slots: list[Slot] = []
    for day in sorted(week):
        slots += _slots_of_day(day, merge(week[day]))
    return _without_overlap(slots)


# ── Days, and the spans that belong to them ──────────────────────────────────────────────────────


def _clauses(tokens: _Tokens, today: int | None) -> tuple[list[_Clause], set[int]] | None:
    """Group days and spans; days that come after a span begin the next clause.

    Returns with them the days that were excepted, and None where anything makes no sense.
    """
    clauses = [_Clause()]
    never: set[int] = set()
    latest: tuple[int, ...] = ()
    latest_at = -1
    position = 0
    while position < len(tokens):
        names = tokens[position].names
        if "other_days" in names:
            if not (latest := _other_days(clauses, never)):
                return None
            clauses.append(_Clause(set(latest)))
            position += 1
        elif latest_at == position and "not" in names and not _days_follow(tokens, position + 1):
            # "sunday nahi"; but that tomorrow is off says nothing of other weeks.
            if tokens[position - 1].names & set(FROM_TODAY):
                return None
            clauses[-1].days.difference_update(latest)
            never.update(latest)
            position += 1
        elif day := _days_at(tokens, position, today):
            latest, position = day
            latest_at = position
            if clauses[-1].spans and clauses[-1].days:
                clauses.append(_Clause())
            elif clauses[-1].spans and _more_times(tokens, position):
                # "6pm to 9pm, sat 10 to 5": the first times are for every day.
                clauses[-1].days.update(EVERY_DAY)
                clauses.append(_Clause())
            clauses[-1].days.update(latest)
        elif span := _span_at(tokens, position):
            bounds, position = span
            clauses[-1].spans.append(bounds)
        elif "except" in names and ("not" not in names or _days_follow(tokens, position + 1)):
            days, after = _excepted(tokens, position + 1, today)
            position = after if len(days) < len(EVERY_DAY) else position + 1
            if len(days) in {0, len(EVERY_DAY)}:
                # "itvar ko chhodkar roz": the day stands before.
                days = latest
                clauses[-1].days.difference_update(days)
            never.update(days)
            latest = ()
        elif names & {"and", "comma", "to"}:
            position += 1
        elif position == 0 and "not" in names and _is(tokens, 1, "comma"):
            # "no, 7 to 11": said to what was read back.
            position += 1
        else:
            return None
    clauses = [clause for clause in clauses if clause.days or clause.spans]
    for clause in clauses:
        clause.days = (clause.days or set(EVERY_DAY)) - never
    left = [clause for clause in clauses if clause.days]
    return None if clauses and not left else (left, never)


def _other_days(clauses: Sequence[_Clause], never: Collection[int]) -> tuple[int, ...]:
    """Return the days of which nothing was said yet; none where no day was named at all."""
    named = {*never, *(day for clause in clauses for day in clause.days)}
    return tuple(day for day in EVERY_DAY if day not in named) if named else ()


def _days_follow(tokens: _Tokens, position: int) -> bool:
    return position < len(tokens) and bool(tokens[position].names & {*DAYS, *FROM_TODAY})


def _excepted(tokens: _Tokens, position: int, today: int | None) -> tuple[tuple[int, ...], int]:
    """Read the days after an "except": all that follow each other, with "and" between them."""
    days: tuple[int, ...] = ()
    while position < len(tokens):
        ahead = position + bool(days and tokens[position].names & {"and", "comma"})
        found = _days_at(tokens, ahead, today) if ahead < len(tokens) else None
        if found is None:
            break
        days, position = (*days, *found[0]), found[1]
    return days, position


def _more_times(tokens: _Tokens, position: int) -> bool:
    return any("time" in token.names or token.names & set(PARTS) for token in tokens[position:])


def _days_at(
    tokens: _Tokens, position: int, today: int | None
) -> tuple[tuple[int, ...], int] | None:
    names = tokens[position].names
    ahead = _one_of(names, FROM_TODAY)
    if ahead is not None:
        if _begins_then(tokens, position):
            return None  # "from tomorrow" is when it begins, and no day of the week
        return None if today is None else (((today + FROM_TODAY[ahead]) % 7,), position + 1)
    name = _one_of(names, DAYS)
    if name is None:
        return None
    days = DAYS[name]
    if len(days) == 1 and position + 2 < len(tokens) and "to" in tokens[position + 1].names:
        last = _one_of(tokens[position + 2].names, DAYS)
        if last is not None and len(DAYS[last]) == 1:
            length = (DAYS[last][0] - days[0]) % 7
            after = position + 3
            # "som se shukr tak": the closing word belongs to the range.
            if after < len(tokens) and "to" in tokens[after].names:
                after += not _time_follows(tokens, after + 1) or "before" in tokens[after].names
            return tuple((days[0] + step) % 7 for step in range(length + 1)), after
    return days, position + 1


def _begins_then(tokens: _Tokens, position: int) -> bool:
    after = position + 1
    return (position > 0 and "after" in tokens[position - 1].names) or (
        _is(tokens, after, "onwards") and not _days_follow(tokens, after + 1)
    )


def _time_follows(tokens: _Tokens, position: int) -> bool:
    return position < len(tokens) and "time" in tokens[position].names


def _is(tokens: _Tokens, position: int, name: str) -> bool:
    return position < len(tokens) and name in tokens[position].names


def _one_of(names: Collection[str], table: Collection[str]) -> str | None:
    return next((name for name in table if name in names), None)


# ── One stretch of a day ─────────────────────────────────────────────────────────────────────────


def _span_at(tokens: _Tokens, position: int) -> tuple[_Span, int] | None:
    """Read one stretch of a day: "after 6pm", "9 to 5", "morning", "subah 9 se 5", "6 ke baad"."""
    names = tokens[position].names
    part = _one_of(names, PARTS)
    if part is not None:
        if _is(tokens, position + 1, "before") and _time_follows(tokens, position + 2):
            return (PARTS[part][0], moment_of(tokens[position + 2], part)), position + 3
        return _times_at(tokens, position + 1, part) or _part_at(tokens, position, part)
    if "after" in names and _time_follows(tokens, position + 1):
        return _after(tokens, position + 1)
    if "before" in names and _time_follows(tokens, position + 1):
        return _until(tokens[position + 1], None), position + 2
    if "time" in names:
        return _times_at(tokens, position, None)
    return None


def _after(tokens: _Tokens, position: int) -> tuple[_Span, int]:
    """Read "after 6", and "from 9 to 5"."""
    ranged = _times_at(tokens, position, None)
    if ranged is not None and ranged[1] > position + 1:
        return ranged
    first = tokens[position]
    after, hint = _hint_after(tokens, position + 1)
    start = moment_of(first, hint) if hint else _opening(first)
    return (start, DAY), after


def _part_at(tokens: _Tokens, position: int, part: str) -> tuple[_Span, int]:
    """Read "morning", "subah se sham tak", "dopahar ke baad"."""
    start, end = PARTS[part]
    after = position + 1
    if _is(tokens, after, "to") and after + 1 < len(tokens):
        last = _one_of(tokens[after + 1].names, UNTIL)
        if last is not None and UNTIL[last] > start:
            return (start, UNTIL[last]), _closed(tokens, after + 2)
    if _is(tokens, after, "after") and not _time_follows(tokens, after + 1):
        return (start, DAY), after + 1
    return (start, end), after


def _closed(tokens: _Tokens, position: int) -> int:
    """Skip the "tak" that closes a range."""
    return position + (_is(tokens, position, "before") and not _time_follows(tokens, position + 1))


def _times_at(tokens: _Tokens, position: int, part: str | None) -> tuple[_Span, int] | None:
    after_it = part is not None and _is(tokens, position, "after")
    position += after_it
    if not _time_follows(tokens, position):
        return None
    first = tokens[position]
    position, hint = _hint_after(tokens, position + 1)
    part = part or hint
    if _is(tokens, position, "to"):
        ahead, late_part = _hint_at(tokens, position + 1)
        if _time_follows(tokens, ahead):
            last = tokens[ahead]
            after, last_hint = _hint_after(tokens, ahead + 1)
            span = _span(first, last, part, late_part or last_hint, both=late_part is None)
            return span, _closed(tokens, after)
        if late_part and UNTIL[late_part] > (start := moment_of(first, part)):
            # "subah 9 se sham tak".
            return (start, UNTIL[late_part]), _closed(tokens, ahead)
    if after_it or _is(tokens, position, "after") or _onwards(tokens, position):
        start = _opening(first) if part is None else moment_of(first, part)
        return (start, DAY), position + (not after_it)
    if _is(tokens, position, "before"):
        return _until(first, part), position + 1
    return None


def _onwards(tokens: _Tokens, position: int) -> bool:
    """Return whether "se" says from then on: nothing follows that it could lead to."""
    following = tokens[position + 1].names if position + 1 < len(tokens) else {"comma"}
    return _is(tokens, position, "onwards") and bool(following & {"comma", "and", "except", *DAYS})


def _until(last: Token, part: str | None) -> _Span:
    """Read "before 10": from six in the morning, but "before 6am" from midnight."""
    end = moment_of(last, part)
    if 0 < end <= 6 * 60 and (last.fixed or part == "morning"):
        return 0, end
    return 6 * 60, end if end > 6 * 60 else end + (HALF_DAY if end else DAY)


def _opening(first: Token) -> int:
    """Return when "after 6" begins: nobody says so of an hour before dawn."""
    minutes = first.minutes
    return minutes + HALF_DAY if not first.fixed and minutes < 9 * 60 else minutes


def _hint_at(tokens: _Tokens, position: int) -> tuple[int, str | None]:
    """Skip a part of the day that only says which half a time means: "9 se shaam 5"."""
    if position < len(tokens):
        part = _one_of(tokens[position].names, PARTS)
        if part in {"morning", "afternoon", "evening", "night"}:
            return position + 1, part
    return position, None


def _hint_after(tokens: _Tokens, position: int) -> tuple[int, str | None]:
    """As `_hint_at`, where the part follows the time: "6 in the evening"."""
    ahead, part = _hint_at(tokens, position)
    if part is not None and not _time_follows(tokens, ahead):
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
) -> _Span:
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


def _in_the_night(first: Token, last: Token) -> _Span:
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


# ── Slots ────────────────────────────────────────────────────────────────────────────────────────


def _slots_of_day(day: int, spans: Sequence[_Span]) -> Iterator[Slot]:
    for start, end in spans:
        if end - start >= DAY:
            # A slot can't last a whole day, so it is told as two halves.
            yield Slot(day, 0, HALF_DAY)
            yield Slot(day, HALF_DAY, 0)
            return
        if start < DAY:
            yield Slot(day, start, end % DAY)


def _without_overlap(slots: Sequence[Slot]) -> list[Slot] | None:
    """Cut what a night runs into the next morning's own slot; the earlier slot gives way."""
    kept: list[Slot] = []
    for slot in slots:
        end = slot.begin + slot.minutes
        starts = [
            other.begin + (7 * DAY if other.begin < slot.begin else 0)
            for other in slots
            if other is not slot
        ]
        nearest = min((start for start in starts if slot.begin < start < end), default=end)
        if nearest - slot.begin > 0:
            kept.append(Slot(slot.weekday, slot.start, (slot.start + nearest - slot.begin) % DAY))
    return kept or None
