"""Several groups of days, each with its hours, in one sentence and in any order; what is denied of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.week import Slot
from app.nlu import weekly_hours

_DAYS = ("mo", "tu", "we", "th", "fr", "sa", "su")
_WEEK = "mo tu we th fr"


def _clock(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02d}" if minutes % 60 else str(minutes // 60)


def _said(text: str, known: list[Slot] | None = None) -> str | None:
    """Return the slots that a text means, by their hours: "sa su all; mo 17-21"."""
    slots = weekly_hours.read(text, 0, known or [])
    if slots is None:
        return None
    hours: dict[int, list[str]] = {}
    for slot in slots:
        hours.setdefault(slot.weekday, []).append(f"{_clock(slot.start)}-{_clock(slot.end)}")
    days: dict[str, list[str]] = {}
    for day, spans in hours.items():
        written = " & ".join(spans).replace("0-12 & 12-0", "all")
        days.setdefault(written, []).append(_DAYS[day])
    return "; ".join(f"{' '.join(each)} {span}" for span, each in days.items())


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("weekdays after 5pm and whole day saturday sunday", f"{_WEEK} 17-0; sa su all"),
        ("evening 5 to 9 mon wed fri, weekend full day", "mo we fr 17-21; sa su all"),
        ("4pm-9pm weekdays sunday full", f"{_WEEK} 16-21; su all"),
        ("from 4pm to 9pm on weekdays and the whole day on sunday", f"{_WEEK} 16-21; su all"),
        ("morning mon tue evening wed", "mo tu 6-12; we 17-22"),
        ("sunday monday 5 to 9, 10 to 5 saturday", "mo su 17-21; sa 10-17"),
        (
            "mon tue wed 5 to 9 pm thu fri 10 to 2 sat full day",
            "mo tu we 17-21; th fr 10-14; sa all",
        ),
        ("5-9 mon, wed, sat 10-6", "mo we 17-21; sa 10-18"),
        ("saturday and sunday, weekdays evening", f"{_WEEK} 17-22; sa su all"),
        ("weekdays and weekends evening", f"{_WEEK} sa su 17-22"),
        (
            "monday to thursday after 7pm and friday after 3 and sat sun anytime",
            "mo tu we th 19-0; fr 15-0; sa su all",
        ),
        ("subah 7-9 aur shaam 6-9 weekdays, weekend pura din", f"{_WEEK} 7-9 & 18-21; sa su all"),
        ("somvar se shukravar shaam 6 se 9, shanivar itvar pura din", f"{_WEEK} 18-21; sa su all"),
        ("सोमवार से शुक्रवार शाम 6 से 9, शनिवार रविवार पूरा दिन", f"{_WEEK} 18-21; sa su all"),
        ("शनिवार रविवार पूरा दिन लेकिन बाकी दिन शाम 6 के बाद", f"{_WEEK} 18-0; sa su all"),
        ("weekend pura din weekdays sirf shaam", f"{_WEEK} 17-22; sa su all"),
        ("weekdays 6 to 9\nweekends 10 to 6", f"{_WEEK} 18-21; sa su 10-18"),
    ],
)
def test_each_days_keep_their_own_hours(text: str, meaning: str) -> None:
    assert _said(text) == meaning


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("baaki din shaam ko, sunday pura din", f"{_WEEK} sa 17-22; su all"),
        ("saturday sunday full day, baaki din shaam 6 ke baad", f"{_WEEK} 18-0; sa su all"),
        ("sunday nahi, baaki 5 ke baad", f"{_WEEK} sa 17-0"),
        ("sunday free hu baki din clg", "su all"),
        ("daily 6 to 9, sunday 10 to 5", f"{_WEEK} sa 18-21; su 10-17"),
        ("baaki din", None),
    ],
)
def test_other_days_are_those_of_which_nothing_else_is_said(text: str, meaning: str | None) -> None:
    assert _said(text) == meaning


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("somvar chhod ke roz", "tu we th fr sa su all"),
        ("somvar chhod ke", "tu we th fr sa su all"),
        ("sunday ko chod k roj sham", f"{_WEEK} sa 17-22"),
        ("बुधवार को छोड़कर सब दिन", "mo tu th fr sa su all"),
        ("sunday chhodkar monday se saturday 10 se 5", f"{_WEEK} sa 10-17"),
        ("mon to sat except sunday", f"{_WEEK} sa all"),
        ("mon-fri after 6 but not wednesday", "mo tu th fr 18-0"),
        ("except sunday, monday 5 to 9", "mo 17-21"),
        ("saturday aur sunday nahi, baaki din 10 se 6", f"{_WEEK} 10-18"),
        ("weekends but not in the morning", "sa su 12-0"),
        ("weekends, raat ko nahi", "sa su 6-20"),
        ("all days except sunday and saturday after 6", f"{_WEEK} 18-0"),
        ("sunday nahi", None),
        ("raat ko nahi", None),
        ("har din nahi", None),
    ],
)
def test_what_is_denied_is_taken_away(text: str, meaning: str | None) -> None:
    assert _said(text) == meaning


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("sunday evening nahi", "mo tu we th fr sa 10-20; su 10-17"),
        ("sunday ko shaam ko nahi", "mo tu we th fr sa 10-20; su 10-17"),
        ("रविवार को शाम को नहीं", "mo tu we th fr sa 10-20; su 10-17"),
        ("not sunday evening", "mo tu we th fr sa 10-20; su 10-17"),
        ("sunday shaam ko chhod kar", "mo tu we th fr sa 10-20; su 10-17"),
        ("saturday sunday morning nahi", "mo tu we th fr 10-20; sa su 12-20"),
        ("sunday 5 to 8 nahi", "mo tu we th fr sa 10-20; su 10-17"),
        ("sunday ki raat nahi", "mo tu we th fr sa su 10-20"),
        ("kal shaam ko nahi", None),
    ],
)
def test_a_denied_part_of_a_day_takes_only_that_part(text: str, left: str | None) -> None:
    assert _said(text, [Slot(day, 10 * 60, 20 * 60) for day in range(7)]) == left


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("mon to sun 10 to 8, sunday ko shaam ko nahi", "mo tu we th fr sa 10-20; su 10-17"),
        ("daily 10 to 8 except sunday evening", "mo tu we th fr sa 10-20; su 10-17"),
        ("10 to 8 daily sunday evening nahi", "mo tu we th fr sa 10-20; su 10-17"),
        ("monday to friday 9 to 5, also sunday evening nahi", f"{_WEEK} 9-17"),
        ("sunday shaam ko nahi subah 9 se 1", "su 9-13"),
        # Of somebody who said nothing yet, the rest of that day is left.
        ("sunday evening nahi", "su 6-17 & 22-0"),
    ],
)
def test_a_denied_part_of_a_day_is_taken_from_what_is_told_with_it(text: str, meaning: str) -> None:
    assert _said(text) == meaning


def test_what_is_denied_is_taken_from_the_week_that_is_known() -> None:
    known = [Slot(day, 8 * 60, 22 * 60) for day in (5, 6)]
    assert _said("sunday nahi", known) == "sa 8-22"
    assert _said("raat ko nahi", known) == "sa su 8-20"
    assert _said("sat sun nahi", known) is None


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("night shift raat 10 se 6", "22-6"),
        ("night shift, 10 to 6", "22-6"),
        ("raat ki duty, 9 se 5", None),
        ("raat 10 baje se subah 6 baje tak", "22-6"),
        ("shaam 5 ke baad kabhi bhi", "17-0"),
        ("full day 10 to 6", "10-18"),
        ("दिन में 10 से 4", "10-16"),
        ("pura din 9 se 5", "9-17"),
        ("morning and 5 to 9", "6-12 & 17-21"),
    ],
)
def test_times_say_more_than_the_part_of_the_day_beside_them(
    text: str, meaning: str | None
) -> None:
    assert _said(text) == (meaning and f"{_WEEK} sa su {meaning}")


_HOURS = st.sampled_from(
    [
        ("6pm to 9pm", [(18, 21)]),
        ("10am to 2pm", [(10, 14)]),
        ("after 5pm", [(17, 0)]),
        ("whole day", [(0, 12), (12, 0)]),
        ("morning", [(6, 12)]),
    ]
)
_NAMES = ("mon", "tuesday", "wed", "thursday", "fri", "sat", "sunday")


@given(
    st.permutations(range(7)),
    st.lists(st.integers(1, 3), min_size=1, max_size=4),
    st.lists(_HOURS, min_size=4, max_size=4),
    st.sampled_from([", ", " and ", " aur ", "; "]),
    st.lists(st.booleans(), min_size=4, max_size=4),
)
def test_any_number_of_groups_is_read_in_any_order(
    days: list[int],
    sizes: list[int],
    hours: list[tuple[str, list[tuple[int, int]]]],
    between: str,
    hours_first: list[bool],
) -> None:
    clauses: list[str] = []
    meant: set[tuple[int, int, int]] = set()
    for size, (span, stretches), first in zip(sizes, hours, hours_first, strict=False):
        group, days = days[:size], days[size:]
        if not group:
            break
        named = " ".join(_NAMES[day] for day in group)
        clauses.append(f"{span} {named}" if first else f"{named} {span}")
        meant |= {(day, start * 60, end * 60) for day in group for start, end in stretches}
    slots = weekly_hours.read(between.join(clauses)) or []
    assert {(slot.weekday, slot.start, slot.end) for slot in slots} == meant
