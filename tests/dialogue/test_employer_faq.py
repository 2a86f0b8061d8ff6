"""What employers ask is answered wherever they ask it; what says something of a job is no question."""

from dataclasses import replace
from uuid import UUID

import pytest

from app.core.languages import languages
from app.dialogue.context import JobSummary
from app.dialogue.effects import AnswerHiringFaq
from app.dialogue.employer import posting
from app.dialogue.employer.job_questions import POSTING
from app.dialogue.router import handle_message
from app.dialogue.state import Ask, State
from app.dialogue.turn import Incoming
from app.nlu.faq_topic import EMPLOYER_TOPICS, find_topic
from app.nlu.job_draft import Draft
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


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("ask", sorted(POSTING - {Ask.JOB_NOTE}))
def test_a_question_asked_again_has_other_words_an_example_and_a_way_out(
    ask: Ask, language: str
) -> None:
    """The note takes any text, and so is never asked again."""
    facts = replace(FACTS, language=language)
    place = {"name": "Juhu", "city": "Mumbai", "at": [19.1, 72.8], "zone": "Asia/Kolkata"}
    draft = Draft(
        skill="waiter",
        place=place,
        places=(place, {**place, "name": "Juhu Scheme"}),
        days=(5,),
        spans=((-1, 600, 1_080),),
        people=2,
        amount=15_000,
        per="hour",
        dates=("2026-11-28", "2026-12-05") if ask is Ask.JOB_DAYS else (),
    )
    state = replace(MINE.at(ask, job=draft.as_json()), persona=MINE.persona)
    turn = handle_message(state, incoming("qwzx vbnm"), facts)
    if turn.state.misses == 0:
        pytest.skip("read as an answer")
    asked = posting.again(Incoming(incoming("x"), state, facts))
    chat = get_catalogue(language).chat
    again = next(reply for reply in turn.replies if reply.text == f"{asked.text}_again")
    assert ("*cancel*" if language == "en" else "*रद्द*") in chat[again.text].text
    if asked.text != "ask_job_right":
        shown = chat[asked.text]
        ids = {*shown.buttons, *([row.id for row in asked.rows] or shown.rows)}
        ids |= {button.id for button in asked.buttons or ()}
        assert {row.id for row in again.rows} | {b.id for b in again.buttons or ()} == ids
