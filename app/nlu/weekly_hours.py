"""Read weekly hours: "weekdays after 6pm, sat all day", "शनिवार सुबह 9 से 5". Pure.

Days in a row share the times after them; times without days count for every day. A text that can't be
read as a whole is not read at all, because a wrong guess is worse than a question.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence

from app.core.week import DAY, Slot, merge
from app.nlu.hour_clauses import Clauses, read_clauses, without
from app.nlu.hour_spans import Span, Tokens
from app.nlu.time_tokens import ALL_DAY, EVERY_DAY, HALF_DAY, PARTS, Token, scan, tokens

_ASIDES = frozenset({"occasion", "correction", "also"})


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
    every: Tokens, today: int | None = None, known: Sequence[Slot] = (), *, adds: bool = False
) -> list[Slot] | None:
    """Return the slots that tokens mean; see `read`."""
    found = _without_asides(every)
    if not found:
        return None
    said = read_clauses(found, today)
    if said is None:
        return None
    before = [((slot.weekday,), [_span_of(slot)]) for slot in known]
    if not said.told:
        return _left_of(before, said)
    told = [((day,), clause.spans) for clause in said.told for day in clause.days]
    adds |= any("also" in token.names for token in every)
    kept = [(days, spans) for days, spans in before if not said.never & set(days)]
    return to_slots(_without_denied([*kept, *told] if adds else told, said))


def _without_denied(
    week: Iterable[tuple[tuple[int], Sequence[Span]]], said: Clauses
) -> Iterator[tuple[tuple[int], Sequence[Span]]]:
    for days, spans in week:
        if (left := said.left_of(days[0], spans)) is not None:
            yield days, left


def _left_of(before: Sequence[tuple[tuple[int], list[Span]]], said: Clauses) -> list[Slot] | None:
    """Return what is left of the week where days or hours are only denied; None where nothing is known of it."""
    if not before and (said.except_only or said.off):
        # "Sunday evening nahi", of somebody who said nothing yet: the rest of that day is left.
        some = set(EVERY_DAY) if said.except_only else {d for each in said.off for d in each.days}
        return to_slots(_without_denied([((day,), []) for day in some - said.never], said))
    kept = [(days, without(spans, said.not_at)) for days, spans in before]
    left = [(days, spans) for days, spans in kept if spans and not said.never & set(days)]
    return to_slots(_without_denied(left, said))


def _span_of(slot: Slot) -> Span:
    return slot.start, slot.start + slot.minutes


def _without_asides(tokens: Tokens) -> Tokens | None:
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


def _after_the_occasion(tokens: Tokens) -> Tokens:
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


def to_slots(parts: Iterable[tuple[Collection[int], Sequence[Span]]]) -> list[Slot] | None:
    """Return days with their spans as slots: merged within a day, none touching another's minutes.

    Spans are minutes from the day's midnight, past 1440 on the next day; none are the whole day.
    """
    week: dict[int, list[Span]] = {}
    for days, spans in parts:
        for day in days:
            week.setdefault(day, []).extend(spans or [ALL_DAY])
    slots: list[Slot] = []
    for day in sorted(week):
        slots += _slots_of_day(day, merge(week[day]))
    return _without_overlap(slots)


# ── Slots ────────────────────────────────────────────────────────────────────────────────────────


def _slots_of_day(day: int, spans: Sequence[Span]) -> Iterator[Slot]:
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
