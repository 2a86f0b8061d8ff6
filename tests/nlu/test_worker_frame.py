"""One message is read for all its facts about a worker, and what is only a guess is left to its question."""

import time
from typing import Any

import pytest

from app.core.week import Slot
from app.nlu.fact import Fact
from app.nlu.skill_phrases import matching_skills
from app.nlu.worker_frame import WorkerFrame, read_worker

WEEKENDS = tuple(slot for day in (5, 6) for slot in (Slot(day, 0, 720), Slot(day, 720, 0)))
EVENINGS = tuple(Slot(day, 17 * 60, 22 * 60) for day in range(7))


def facts(frame: WorkerFrame) -> dict[str, Any]:
    """Return what was read, without how sure it is."""
    names = ("name", "age", "skills", "distance_km", "years", "slots", "language")
    found: dict[str, Any] = {}
    for name in names:
        fact: Fact[Any] | None = getattr(frame, name)
        if fact is not None:
            found[name] = fact.value
    if frame.place is not None:
        found["place"] = frame.place.value[0].name
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "hi i am Ravi 24 cook from Andheri free weekends",
            {
                "name": "Ravi",
                "age": 24,
                "skills": ("cook",),
                "place": "Andheri",
                "slots": WEEKENDS,
            },
        ),
        (
            "ravi 24 cook andheri weekends",
            {
                "name": "ravi",
                "age": 24,
                "skills": ("cook",),
                "place": "Andheri",
                "slots": WEEKENDS,
            },
        ),
        ("Sunita, Thane, cook", {"name": "Sunita", "place": "Thane", "skills": ("cook",)}),
        (
            "namaste, mera naam Geeta hai, umar 35, ghar ka kaam karti hu, shaam ko",
            {"name": "Geeta", "age": 35, "skills": ("home_cleaner",), "slots": EVENINGS},
        ),
        (
            "मेरा नाम राजू है, मैं कुक हूँ, पुणे में रहता हूँ",
            {"name": "राजू", "skills": ("cook",), "place": "Pune"},
        ),
        (
            "driver, 5 saal ka experience, thane, 10 km tak",
            {"skills": ("car_driver",), "years": 5, "place": "Thane", "distance_km": 10.0},
        ),
        ("waiter 2 years 6 months experience", {"skills": ("waiter",), "years": 2}),
        ("Ravi 24", {"name": "Ravi", "age": 24}),
        ("Anil Kumar, 30 saal", {"name": "Anil Kumar", "age": 30}),
        ("hindi me baat karo, main Rohit hoon", {"language": "hi", "name": "Rohit"}),
        ("delivery work, evenings only", {"skills": ("bike_delivery",), "slots": EVENINGS}),
        ("cook nahi, waiter", {"skills": ("waiter",)}),
        ("my pin is 400050, waiter", {"place": "Bandra West", "skills": ("waiter",)}),
    ],
)
def test_every_fact_of_a_message_is_read(text: str, expected: dict[str, Any]) -> None:
    assert facts(read_worker(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "mujhe kaam chahiye",
        "kisi se baat karao",
        "samajh nahi aaya",
        "message band karo",
        "mera number hata do yahan se",
        "dukaan ke upar",
        "is this genuine? who are you",
        "good morning sir",
        "800 per day, full time job",
        "not free on fridays",
        "हाँ जी",
        "10 se zyada nahi",
        "call me at 5",
        "baad mein batata hoon",
        "who has my number",
        "",
        "...",
    ],
)
def test_what_says_nothing_of_a_worker_gives_no_fact(text: str) -> None:
    assert facts(read_worker(text)) == {}


@pytest.mark.parametrize(
    ("text", "age", "years"),
    [
        ("22 saal ka hu, cook", 22, None),
        ("20 years old with 1 year experience", 20, 1),
        ("teen saal se kar raha hu", None, 3),
        ("umar 40 saal, 12 saal ka anubhav", 40, 12),
        ("5 saal hotel mein kaam kiya", None, 5),
    ],
)
def test_an_age_is_no_experience(text: str, age: int | None, years: int | None) -> None:
    frame = read_worker(text)
    assert (frame.age.value if frame.age else None, frame.years.value if frame.years else None) == (
        age,
        years,
    )


def test_ravi_is_a_name_before_it_is_a_sunday() -> None:
    assert facts(read_worker("Ravi Kumar", asked_name=True)) == {"name": "Ravi Kumar"}
    sundays = (Slot(6, 0, 720), Slot(6, 720, 0))
    assert facts(read_worker("ravivar ko free")) == {"slots": sundays}


def test_each_fact_says_which_words_gave_it() -> None:
    frame = read_worker("hi i am Ravi 24 cook from Thane")
    assert frame.name is not None
    assert frame.skills is not None
    assert frame.place is not None
    assert (frame.name.evidence, frame.skills.evidence, frame.place.evidence) == (
        "ravi",
        "cook",
        "thane",
    )
    assert frame.rest == ()


def test_a_home_with_namesakes_is_no_certain_place() -> None:
    frame = read_worker("Ravi, cook, Andheri")
    assert frame.place is not None
    assert not frame.place.certain


def test_a_long_message_is_read_within_two_milliseconds() -> None:
    text = (
        "hi sir mera naam Ramesh Yadav hai umar 28 saal main Andheri East Mumbai me rehta hu cook aur waiter ka kaam "
        "5 saal se karta hu 10 km tak ja sakta hu sat sun free shaam 6 se 11 please"
    )
    assert 180 <= len(text) <= 220
    read_worker(text)
    quickest = min(_seconds(text) for _ in range(20))
    assert quickest < 0.006, f"{quickest * 1000:.1f} ms"


def _seconds(text: str) -> float:
    begun = time.thread_time()
    read_worker(text)
    return time.thread_time() - begun


@pytest.mark.parametrize("word", ["honest", "weight", "letter"])
def test_an_everyday_word_is_no_misspelt_trade(word: str) -> None:
    assert not {"host", "waiter", "kitchen_helper"} & set(matching_skills(word, "en"))
