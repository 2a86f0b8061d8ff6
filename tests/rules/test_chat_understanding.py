"""What people write is understood, in English, Hindi and Hinglish, and nothing is guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.chat import free_times
from app.chat.understand import Command, commands, number
from app.core.week import WEEKDAYS, format_clock, overlaps


def said(text: str) -> str | None:
    slots = free_times.read(text)
    if slots is None:
        return None
    spans: dict[str, list[str]] = {}
    for slot in slots:
        span = f"{format_clock(slot.start)}-{format_clock(slot.end)}"
        spans.setdefault(span, []).append(WEEKDAYS[slot.weekday][:2])
    return "; ".join(f"{' '.join(days)} {span}" for span, days in spans.items())


WEEK = "mo tu we th fr"
ALL = "mo tu we th fr sa su"


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("weekdays after 6pm, sat all day", f"{WEEK} 18:00-00:00; sa 00:00-12:00; sa 12:00-00:00"),
        ("Weekdays after 6 PM sat all day", f"{WEEK} 18:00-00:00; sa 00:00-12:00; sa 12:00-00:00"),
        ("weekends 9-5", "sa su 09:00-17:00"),
        ("Weekends, 9 to 5!", "sa su 09:00-17:00"),
        ("mon-fri 18:00-22:00", f"{WEEK} 18:00-22:00"),
        ("Mon to Fri 6pm – 10pm", f"{WEEK} 18:00-22:00"),
        ("monday, wednesday and friday evenings", "mo we fr 17:00-22:00"),
        ("sunday morning", "su 06:00-12:00"),
        ("sat 9-5 sun 10-2", "sa 09:00-17:00; su 10:00-14:00"),
        ("friday 10pm to 2am", "fr 22:00-02:00"),
        ("nights 10pm-6am", f"{ALL} 22:00-06:00"),
        ("weekdays before 2pm", f"{WEEK} 06:00-14:00"),
        ("every day 9 to 12", f"{ALL} 09:00-12:00"),
        ("weekdays 6-10", f"{WEEK} 18:00-22:00"),
        ("sat-mon 9-5", "mo sa su 09:00-17:00"),
        ("noon to 6pm on sundays", "su 12:00-18:00"),
        ("evenings on weekdays", f"{WEEK} 17:00-22:00"),
        ("sundays noon to 6pm", "su 12:00-18:00"),
        ("saturday 6pm to midnight", "sa 18:00-00:00"),
        ("I am free on weekends 10am to 6pm", "sa su 10:00-18:00"),
        ("रोज़ शाम 6 के बाद", f"{ALL} 18:00-00:00"),
        ("शनिवार सुबह 9 से 5", "sa 09:00-17:00"),
        ("शनि रवि सुबह ९ बजे से शाम ५ बजे तक", "sa su 09:00-17:00"),
        ("सोमवार से शुक्रवार शाम 6 बजे के बाद", f"{WEEK} 18:00-00:00"),
        ("som se shukr 6 baje ke baad", f"{WEEK} 18:00-00:00"),
        ("shaam ko 6 baje ke baad", f"{ALL} 18:00-00:00"),
        ("subah 9 se shaam 5 baje", f"{ALL} 09:00-17:00"),
        ("har din subah", f"{ALL} 06:00-12:00"),
        ("itvar pura din", "su 00:00-12:00; su 12:00-00:00"),
    ],
)
def test_free_times_are_read(text: str, meaning: str) -> None:
    assert said(text) == meaning


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "9",
        "weekends but not sunday",
        "sometimes",
        "sunday 25 to 30",
        "5 days",
        "as you like",
        "मुझे नहीं पता",
        "monday 9:75 to 10",
        "!!!",
    ],
)
def test_what_is_unclear_is_not_guessed(text: str) -> None:
    assert free_times.read(text) is None


WORDS = st.sampled_from(
    "mon tue sat sunday weekdays weekends every day after before to - , and 9 6pm 18:00 22:30 "
    "morning evening night all any time noon रोज़ शाम सुबह से तक के बाद शनिवार se tak ke baad".split()
)


@given(st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=12).map(" ".join)))
def test_no_text_breaks_the_reader_and_no_slots_overlap(text: str) -> None:
    slots = free_times.read(text) or []
    for position, slot in enumerate(slots):
        assert not overlaps(slot, slots[:position])


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("STOP", Command.STOP),
        (" stop. ", Command.STOP),
        ("बंद करो", Command.STOP),
        ("हाँ", Command.YES),
        ("हां", Command.YES),
        ("Haan!", Command.YES),
        ("👍", Command.YES),
        ("मंज़ूर है", Command.YES),
        ("नहीं", Command.NO),
        ("nahi", Command.NO),
        ("Delete my data", Command.DELETE_DATA),
        ("मेरा नंबर किसके पास है?", Command.WHO_KNOWS),
        ("मेनू", Command.MENU),
        ("?", Command.HELP),
    ],
)
def test_a_command_is_known_in_each_language(text: str, command: Command) -> None:
    assert command in commands(text)


@pytest.mark.parametrize("text", ["don't stop", "please stop it", "yes but later", "", "stopp"])
def test_only_the_exact_word_is_a_command(text: str) -> None:
    assert not commands(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10", 10.0),
        ("about 15 km", 15.0),
        ("२५ किमी", 25.0),
        ("2.5", 2.5),
        ("5 or 10", None),
        ("x", None),
    ],
)
def test_a_number_is_read_when_there_is_one(text: str, value: float | None) -> None:
    assert number(text) == value
