"""What an employer wants done with a job that is posted, read from their words."""

import datetime as dt

import pytest

from app.nlu.job_command import COMMAND_CHARACTERS, JobVerb, read

MONDAY = dt.date(2026, 11, 23)
TUESDAY = dt.date(2026, 11, 24)


def verb_of(text: str) -> JobVerb | None:
    command = read(text, MONDAY)
    return None if command is None else command.verb


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("2 more", 2),
        ("2 aur chahiye", 2),
        ("aur 2 chahiye", 2),
        ("need 3 more people", 3),
        ("two more waiters please", 2),
        ("एक और चाहिए", 1),
        ("2 लोग और चाहिए", 2),
        ("do aur", 2),
        ("another waiter", 1),
        ("2 extra", 2),
    ],
)
def test_more_people_are_counted(text: str, more: int) -> None:
    command = read(text, MONDAY)
    assert command is not None
    assert (command.verb, command.more) == (JobVerb.PEOPLE, more)


@pytest.mark.parametrize("text", ["make it 5 people", "5 log kar do", "5 लोग कर दो"])
def test_people_in_all_are_a_number_and_no_sum(text: str) -> None:
    command = read(text, MONDAY)
    assert command is not None
    assert (command.verb, command.more, command.told.people) == (JobVerb.PEOPLE, None, 5)


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("1 more, total 600 rs", 1),
        ("2 more total 600", 2),
        ("2 aur chahiye total 800 denge", 2),
        ("1 more, total 90 rs", 1),
        ("2 और चाहिए कुल 800 रुपये", 2),
    ],
)
def test_a_sum_of_money_is_no_number_of_people_in_all(text: str, more: int) -> None:
    command = read(text, MONDAY)
    assert command is not None
    assert (command.verb, command.more, command.told.people) == (JobVerb.PEOPLE, more, None)


@pytest.mark.parametrize(
    ("text", "amount", "per"),
    [
        ("pay 180 instead", 18_000, None),
        ("180 kar do", 18_000, None),
        ("पैसा 650 कर दो", 65_000, None),
        ("salary 700 kar do", 70_000, None),
        ("increase pay to 700 per day", 70_000, "day"),
        ("pay 200 per hour for the cook job", 20_000, "hour"),
    ],
)
def test_another_pay_is_read_with_its_unit(text: str, amount: int, per: str | None) -> None:
    command = read(text, MONDAY)
    assert command is not None
    assert command.verb is JobVerb.PAY
    assert (command.told.amount, command.told.per) == (amount, per)


@pytest.mark.parametrize(
    ("text", "starts_on", "people"),
    [
        ("same job tomorrow", TUESDAY, None),
        ("same again tomorrow with 4 people", TUESDAY, 4),
        ("kal wahi kaam", TUESDAY, None),
        ("phir se wahi 12 dec ko", dt.date(2026, 12, 12), None),
        ("वही काम 12 दिसंबर को", dt.date(2026, 12, 12), None),
        ("wahi job dobara", None, None),
        ("repeat the waiter job", None, None),
    ],
)
def test_a_repeat_tells_its_day(text: str, starts_on: dt.date | None, people: int | None) -> None:
    command = read(text, MONDAY)
    assert command is not None
    assert command.verb is JobVerb.REPEAT
    assert (command.told.starts_on, command.told.people) == (starts_on, people)


def test_an_unclear_day_of_a_repeat_is_left_to_choose() -> None:
    command = read("same again next saturday", MONDAY)
    assert command is not None
    assert command.told.dates == ("2026-11-28", "2026-12-05")
    assert not command.told.when


@pytest.mark.parametrize(
    ("text", "verb"),
    [
        ("cancel the waiter job", JobVerb.CANCEL),
        ("waiter wala kaam cancel karo", JobVerb.CANCEL),
        ("वेटर वाला काम रद्द करो", JobVerb.CANCEL),
        ("can you cancel the waiter job", JobVerb.CANCEL),
        ("who accepted?", JobVerb.LEADS),
        ("kisne haan kaha", JobVerb.LEADS),
        ("किसने हाँ कहा", JobVerb.LEADS),
        ("who accepted the waiter job", JobVerb.LEADS),
        ("is anyone coming?", JobVerb.STATUS),
        ("koi aa raha hai kya", JobVerb.STATUS),
        ("कोई आ रहा है क्या?", JobVerb.STATUS),
        ("status", JobVerb.STATUS),
    ],
)
def test_a_command_is_told_by_its_words(text: str, verb: JobVerb) -> None:
    assert verb_of(text) is verb


def test_the_role_of_a_command_says_which_job_is_meant() -> None:
    for text in ("cancel the waiter job", "2 more waiters", "repeat the waiter job on sunday"):
        command = read(text, MONDAY)
        assert command is not None
        assert command.told.skill == "waiter"


@pytest.mark.parametrize(
    "text",
    [
        "waiter, Saturday 10-6, Bandra, 2 people, 150/hour",
        "need 2 more waiters saturday 10-6 bandra 150/hour",
        "2 waiter aur 3 cook chahiye",
        "need 2 waiters tomorrow 600 per day",
        "don't cancel",
        "cancel mat karo",
        "रद्द मत करो",
        "can i cancel a job",
        "how do i cancel",
        "when do i pay",
        "cook",
        "hi",
        "",
        "?",
        "cancel " * 40,
        "please tell my neighbour about the cancelled train to the village yesterday evening",
        "same again " + "x" * COMMAND_CHARACTERS,
    ],
)
def test_a_new_job_a_question_and_a_denial_are_no_command(text: str) -> None:
    assert verb_of(text) is None
