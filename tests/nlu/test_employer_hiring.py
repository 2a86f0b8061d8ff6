"""Who needs people is told apart from who needs work, though both say "chahiye" and name a role."""

import pytest

from app.nlu.hiring_intent import is_hiring
from app.nlu.intents import Intent, yes_or_no
from app.nlu.normalize import split_words
from app.nlu.spoken_language import spoken_in


@pytest.mark.parametrize(
    "text",
    """I need 2 waiters for Saturday | we are hiring | need a cook for my restaurant | mujhe waiter chahiye
    | मुझे दो वेटर चाहिए | 2 cook chahiye kal ke liye | hum hiring kar rahe hain | delivery boy chahiye
    | we want to hire delivery boys for part time work | waiter, Saturday 10-6, Bandra, 2 people, 150/hour
    | waiter, sunday 10-6, Bandra, 1 person, 150/hour | log chahiye kaam ke liye | हमें स्टाफ चाहिए
    | need 3 boys for catering | mujhe kaam wali bai chahiye | urgnt reqd 2 waiters""".split("|"),
)
def test_who_needs_people_is_heard(text: str) -> None:
    assert is_hiring(text)


@pytest.mark.parametrize(
    "text",
    """hi | I need work | I need a job | mujhe kaam chahiye | मुझे काम चाहिए | waiter ka kaam chahiye
    | need waiter job | I am a waiter | looking for waiter work | waiter 3 years experience | are you hiring?
    | kya aap hiring kar rahe ho | naukri chahiye | is there any job | waiter | stop | 400050 | do you need 2 waiters?
    | mujhe delivery boy ki job chahiye | please hire me | 28 | Asha Kulkarni
    | hi i am Ravi 24 cook from Andheri free weekends | mera naam Ravi hai 24 saal waiter""".split(
        "|"
    ),
)
def test_who_needs_work_is_not_taken_for_an_employer(text: str) -> None:
    assert not is_hiring(text)


def test_of_a_worker_only_what_can_mean_nothing_else_counts() -> None:
    assert not is_hiring("mujhe waiter chahiye", surely=True)
    assert is_hiring("I need 2 waiters", surely=True)


def test_hinglish_is_answered_in_hindi() -> None:
    assert spoken_in("mujhe waiter chahiye").language == spoken_in("मुझे वेटर चाहिए").language == "hi"
    assert spoken_in("we are hiring").language == "en"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("haan post it", Intent.YES),
        ("yes, post it", Intent.YES),
        ("post", Intent.YES),
        ("हाँ, डाल दो", Intent.YES),
        ("haan ji post kar dijiye", Intent.YES),
        ("don't post it", None),
        ("mat daalo", None),
        ("no, post it", None),
        ("looks good", Intent.YES),
        ("sab sahi hai", Intent.YES),
        ("सही है", Intent.YES),
        ("ok perfect", Intent.YES),
        ("not good", None),
        ("sahi nahi hai", Intent.NO),
        ("nahi", Intent.NO),
        ("post a job", None),
    ],
)
def test_a_yes_may_name_what_it_says_yes_to(text: str, meant: Intent | None) -> None:
    assert yes_or_no(split_words(text), "post_it") is meant


def test_what_is_agreed_to_is_no_yes_to_anything_else() -> None:
    assert yes_or_no(split_words("post it")) is None
