"""What employers wish of people is a note: never a role, a place, hours or a number (decision 0078)."""

import datetime as dt

import pytest

from app.nlu import job_request
from app.nlu.normalize import normalize
from app.nlu.person_wishes import read_wishes
from app.nlu.skill_phrases import find_skills
from tests.nlu.corpus_measure.simulation import Person
from tests.nlu.corpus_measure.situations import situation

MONDAY = dt.date(2026, 11, 23)
WISHES = [
    "ladies only",
    "only male",
    "males preferred",
    "sirf ladke chahiye",
    "सिर्फ महिला",
    "unmarried only",
    "18-25 age only",
    "age 20 to 30",
    "young boys",
    "hindu only",
    "brahmin only",
    "hindi speaking",
    "hindi bolne wala chahiye",
    "fresher",
    "freshers welcome",
    "experienced",
]
QUESTIONS = [
    *("job_role", "job_which_role", "job_place", "job_which_place", "job_days", "job_weekly"),
    *("job_hours", "job_people", "job_pay", "job_radius", "job_right", "job_change"),
]


@pytest.mark.parametrize("text", WISHES)
@pytest.mark.parametrize("question", QUESTIONS)
def test_a_wish_is_noted_and_the_question_asked_again(question: str, text: str) -> None:
    person = Person(situation("employer", question, "en"))
    before = dict(person.situation.state.draft.get("job", {}))
    turn = person.write(text)
    assert not turn.missed
    assert turn.replies[0].text in {"job_wish_kept", "job_wish_noted"}
    after = dict(turn.state.draft["job"])
    assert after.pop("note")
    before.pop("note", None)
    assert after == before


@pytest.mark.parametrize(
    ("text", "people", "note"),
    [
        ("2 ladies only", 2, "ladies only"),
        ("3 female", 3, "female"),
        ("2 male, 25 to 40 years", 2, "male, 25 to 40 years"),
        ("one male one female", 2, "male, female"),
    ],
)
def test_a_word_that_counts_people_counts_them(text: str, people: int, note: str) -> None:
    person = Person(situation("employer", "job_people", "en"))
    turn = person.write(text)
    job = turn.state.draft["job"]
    assert (job["people"], job["note"]) == (people, note)
    assert turn.replies[0].text == "job_wish_kept"


def test_a_whole_job_keeps_its_wishes_in_the_note() -> None:
    text = "need 2 waiters male only age 20-30, Andheri, tomorrow 6 to 11 pm, 700 per day"
    found = job_request.read(text, MONDAY, city="Mumbai")
    assert (found.skill, found.people, found.amount) == ("waiter", 2, 70_000)
    assert found.place is not None
    assert found.place["name"] == "Andheri"
    assert found.spans == ((-1, 18 * 60, 23 * 60),)
    assert "male only" in found.note
    assert "20-30" in found.note


@pytest.mark.parametrize(
    "text",
    [
        "ladies tailor needed",
        "only boys hostel warden",
        "bachelor party waiter",
        "english tutor",
        "hindi teacher",
        "2 years experience cook",
        "20+ people",
        "ladies only nahi, koi bhi",
    ],
)
def test_words_of_a_trade_or_of_a_thing_are_no_wish(text: str) -> None:
    assert read_wishes(normalize(text)).said == ()


def test_years_of_experience_are_still_read() -> None:
    found = job_request.read("cook 2 years experience required, Juhu", MONDAY, city="Mumbai")
    assert found.years == 2


@pytest.mark.parametrize("text", ["i am a girl", "male", "female"])
def test_who_somebody_is_is_no_skill(text: str) -> None:
    found, _ = find_skills(text, "en")
    assert found == []


@pytest.mark.parametrize("text", ["female", "hindu", "unmarried", "fresher"])
def test_what_somebody_is_is_no_name(text: str) -> None:
    turn = Person(situation("worker", "name", "en")).write(text)
    assert "ask_this_name" not in [reply.text for reply in turn.replies]
    assert not turn.effects


@pytest.mark.parametrize(
    "text", ["experience chahiye", "anubhav chahiye", "अनुभव चाहिए", "anubhavi chahiye"]
)
def test_a_wish_at_the_read_back_publishes_nothing(text: str) -> None:
    turn = Person(situation("employer", "job_right", "en")).write(text)
    assert not turn.effects


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("job_hours", "10 to 6 ladies only"),
        ("job_pay", "800 per day ladies only"),
        ("job_right", "hindi speaking, pay 900"),
    ],
)
def test_a_wish_beside_an_answer_is_noted_and_said(question: str, text: str) -> None:
    turn = Person(situation("employer", question, "en")).write(text)
    wish = "ladies only" if "ladies" in text else "hindi speaking"
    assert wish in turn.state.draft["job"]["note"]
    said = {reply.text for reply in turn.replies}
    assert said & {"job_wish_kept", "job_wish_noted"} or "ask_job_right" in said
