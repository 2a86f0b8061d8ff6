"""Hours in which no message is wanted are read in the words people use, and nothing else is."""

import datetime as dt

import pytest

from app.nlu.intents import Intent, intents
from app.nlu.quiet_wish import QuietWish, parse_quiet_hours, parse_quiet_wish

USUAL, NEVER, UNCLEAR = QuietWish(usual=True), QuietWish(never=True), QuietWish()


def hours(start: str = "", end: str = "") -> QuietWish:
    return QuietWish(
        dt.time.fromisoformat(start) if start else None, dt.time.fromisoformat(end) if end else None
    )


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("quiet hours", UNCLEAR),
        ("मैसेज का समय", UNCLEAR),
        ("no message on sunday", UNCLEAR),
        ("raat ko message mat karo", USUAL),
        ("रात को मैसेज मत करो", USUAL),
        ("night me msg mat karna yaar", USUAL),
        ("raat ko message mat karo bacche so jate hain", USUAL),
        ("do not disturb at night", USUAL),
        ("stop messages at night", USUAL),
        ("don't message me before 9", hours(end="09:00")),
        ("subah 9 se pehle message mat karna", hours(end="09:00")),
        ("सुबह 9 बजे से पहले मैसेज मत करना", hours(end="09:00")),
        ("please do not disturb before 8:30", hours(end="08:30")),
        ("don't message me till 9", hours(end="09:00")),
        ("no messages after 10pm", hours("22:00")),
        ("don't message me after 10", hours("22:00")),
        ("रात 10 बजे के बाद मैसेज मत भेजो", hours("22:00")),
        ("no msgs 10pm to 7am", hours("22:00", "07:00")),
        ("no messages between 10 pm and 7 am", hours("22:00", "07:00")),
        ("raat 10 se subah 7 tak message mat karo", hours("22:00", "07:00")),
        ("रात 11 से सुबह 6 बजे तक मैसेज मत करना", hours("23:00", "06:00")),
        ("quiet hours 10 to 7", hours("22:00", "07:00")),
        ("9 baje ke baad hi message karo", hours(end="09:00")),
        ("only message me after 9 am", hours(end="09:00")),
        ("sirf subah 8 se raat 10 tak message karo", hours("22:00", "08:00")),
        ("message only between 9 and 6", hours("18:00", "09:00")),
        ("message anytime", NEVER),
        ("message any time", NEVER),
        ("kabhi bhi message karo", NEVER),
        ("मुझे कभी भी मैसेज कर सकते हैं", NEVER),
        ("quiet hours off", NEVER),
        ("turn off quiet hours", NEVER),
    ],
)
def test_a_wish_about_the_hours_of_messages_is_read(text: str, wish: QuietWish) -> None:
    assert parse_quiet_wish(text) == wish
    assert Intent.STOP not in intents(text)


@pytest.mark.parametrize(
    "text",
    [
        "did you get my message?",
        "when do you message me",
        "i will message you after 9",
        "message karna mat bhulna",
        "I am free at night",
        "raat ko kaam nahi karunga",
        "no, not at night",
        "evening 6 to 10",
        "don't message me after 10 " * 20,
        "",
    ],
)
def test_what_says_nothing_of_messages_is_no_wish(text: str) -> None:
    assert parse_quiet_wish(text) is None


@pytest.mark.parametrize("text", ["don't message me", "message mat karo", "मैसेज मत करो"])
def test_no_message_at_all_is_stop(text: str) -> None:
    assert intents(text) == {Intent.STOP}


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("10 to 7", hours("22:00", "07:00")),
        ("10 se 7 tak", hours("22:00", "07:00")),
        ("रात 10 से सुबह 7", hours("22:00", "07:00")),
        ("22-6", hours("22:00", "06:00")),
        ("11 pm to 6 am", hours("23:00", "06:00")),
        ("12 to 6", hours("00:00", "06:00")),
        ("9 baje tak", hours(end="09:00")),
        ("till 9", hours(end="09:00")),
        ("after 10", hours("22:00")),
        ("at night", USUAL),
        ("any time", NEVER),
        ("haan", None),
        ("monday", None),
        ("7 to 7", hours("19:00", "07:00")),
    ],
)
def test_the_answer_to_the_question_needs_no_word_of_messages(
    text: str, wish: QuietWish | None
) -> None:
    assert parse_quiet_hours(text) == wish
