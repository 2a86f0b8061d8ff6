"""What employers ask is answered wherever they ask it; what says something of a job is no question."""

from dataclasses import replace
from uuid import UUID

import pytest

from app.core.languages import languages
from app.dialogue.context import JobSummary
from app.dialogue.effects import AnswerHiringFaq
from app.dialogue.router import handle_message
from app.dialogue.state import Ask, State
from app.nlu.faq_topic import EMPLOYER_TOPICS, find_topic
from app.texts.catalogue import get_catalogue
from tests.support.dialogue import EMPLOYERS, JOB, context, incoming


def posted(number: int) -> JobSummary:
    """A published job."""
    name = UUID(f"0198c0de-0000-7000-8000-0000000000{number:02}")
    return replace(JOB, id=name, params={**JOB.params, "job_id": str(name)})


FACTS = context(profile=None, employers=[EMPLOYERS[0]])
MINE = State(persona=str(EMPLOYERS[0].id))

ASKED = """
cost: how much do you charge
cost: what does it cost?
cost: kitna lagega
cost: कितना पैसा लगेगा
cost: is it free?
cost: kya paise lagenge
when: when do i pay
when: paise kab dene hain
when: पैसे कब देने हैं
lead: refund chahiye
lead: number galat hai
lead: wrong number
lead: he did not come
lead: worker nahi aaya
lead: वह नहीं आया
lead: what if the worker does not come?
cancel: how do i cancel
cancel: how can I cancel a job?
cancel: job kaise cancel kare
who: who are you
who: aap kaun ho
fraud: this is fraud
fraud: ye fraud hai
"""


@pytest.mark.parametrize("line", ASKED.strip().splitlines())
def test_what_employers_ask_is_answered(line: str) -> None:
    subject, _, text = line.partition(": ")
    turn = handle_message(MINE, incoming(text), FACTS)
    assert turn.effects == (AnswerHiringFaq(EMPLOYERS[0].id, subject),)


@pytest.mark.parametrize("line", ASKED.strip().splitlines()[::4])
def test_a_question_amid_a_job_leaves_it_as_it_is(line: str) -> None:
    begun = handle_message(
        MINE, incoming("3 waiters, saturday 9-6, bandra, 600 per day"), FACTS
    ).state
    turn = handle_message(begun, incoming(line.partition(": ")[2]), FACTS)
    assert (turn.state.ask, turn.state.draft) == (Ask.JOB_RIGHT, begun.draft)
    assert turn.replies[-1].text == "ask_job_right"


@pytest.mark.parametrize(
    "text",
    """
waiter, saturday 10-6, bandra, 2 people, 150/hour
600 per day
pay 700 kar do
free food, cook, saturday
fees counter cashier chahiye
cancel
make it 3
who can cook
sunday nahi
""".strip().splitlines(),
)
def test_what_says_something_of_a_job_is_no_question(text: str) -> None:
    assert find_topic(text, EMPLOYER_TOPICS) is None


@pytest.mark.parametrize(
    "text",
    [
        "cancel job",
        "cancel that",
        "cancel my job please",
        "काम रद्द करो",
        "job cancel kar do",
        "cancel",
    ],
)
def test_a_posted_job_is_cancelled_only_after_asking(text: str) -> None:
    job = posted(1)
    turn = handle_message(MINE, incoming(text), replace(FACTS, jobs=(job,)))
    assert [reply.text for reply in turn.replies] == ["ask_cancel_job"]
    assert not turn.effects
    two = replace(FACTS, jobs=(job, posted(2)))
    assert [reply.text for reply in handle_message(MINE, incoming(text), two).replies] == [
        "which_job"
    ]
    nothing = handle_message(MINE, incoming(text), FACTS)
    assert [reply.text for reply in nothing.replies] == ["no_jobs_to_cancel"]


@pytest.mark.parametrize(
    "text",
    ["😀", "😀😀 🎉", "gali madarchod", "madarchod", "chutiya", "asdf qwer", "fuck you", "!!!"],
)
def test_noise_begins_no_job(text: str) -> None:
    assert handle_message(MINE, incoming(text), FACTS).state.ask is Ask.NOTHING


@pytest.mark.parametrize("text", ["waiter", "waitr needed", "need waitr", "cooks", "मुझे वेटर चाहिए"])
def test_a_role_begins_one(text: str) -> None:
    assert handle_message(MINE, incoming(text), FACTS).state.ask is not Ask.NOTHING


@pytest.mark.parametrize("language", languages())
def test_every_answer_is_there_in_every_language(language: str) -> None:
    assert {f"hire_faq_{subject}" for subject, _ in EMPLOYER_TOPICS} <= set(
        get_catalogue(language).chat
    )
