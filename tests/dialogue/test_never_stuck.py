"""Nobody is kept in a circle: the same nonsense at any question leads to a human, and on the way says how to get out."""

from dataclasses import replace

import pytest

from app.dialogue.effects import RequestHandoff
from app.dialogue.state import Ask, State
from app.offers.rules import OfferStatus
from app.texts.catalogue import get_catalogue
from tests.nlu.corpus_measure.lines import SIDES
from tests.nlu.corpus_measure.simulation import Person
from tests.nlu.corpus_measure.situations import Situation, questions, situation
from tests.support.dialogue import OFFER, SETTLED, context, offer, render

NONSENSE = (
    *("blorp zxcv", "blorp zxcv?", "kya blorp?", "??", "...", "why blorp", "blorp ka zxcv kaise"),
    *("99999999999", "vanakkam sollunga", "🦄🦄"),
)
MOST_MESSAGES = 7
"""From a first text that is read (as a report, a company's name, a language guessed) to the human."""
SILENT = {"stopped", "handoff"}
"""Situations in which the bot is silent on purpose."""
OUT = ("*human*", "*menu*", "*cancel*", "*Cancel*", "*no*", "STOP", "इंसान")
JOB_ID = "0198c0de-0000-7000-8000-000000000020"


def _kept(verb, **to):
    return {"job": JOB_ID, "verb": verb, "to": to, "token": "x"}


def _other_questions():
    """Return the situations of questions that the corpora have no lines for."""
    settled = context(profile=SETTLED)
    accepted = replace(settled, accepted_offers=(offer(OfferStatus.ACCEPTED),))
    yield "quiet", Situation(State(Ask.QUIET), settled)
    yield "appeal", Situation(State(Ask.APPEAL), settled)
    yield "withdraw", Situation(State(Ask.WITHDRAW, draft={"offer_id": str(OFFER)}), accepted)
    posted = situation("employer", "job_published", "en")
    for ask, draft in (
        (Ask.WHICH_JOB, {"said": "2 more"}),
        (Ask.REPEAT_DAYS, {"job": JOB_ID, "dates": [], "told": {}}),
        (Ask.POSTED_JOB, _kept("add_people", total=4)),
    ):
        yield ask.value, replace(posted, state=replace(posted.state, ask=ask, draft=draft))


SITUATIONS = [
    *(
        (f"{side}-{name}", situation(side, name, "en"))
        for side in SIDES
        for name in questions(side)
    ),
    *_other_questions(),
]


@pytest.mark.parametrize("text", NONSENSE)
@pytest.mark.parametrize(
    "where",
    [one for one in SITUATIONS if one[0].partition("-")[2] not in SILENT],
    ids=lambda one: one[0],
)
def test_the_same_nonsense_leads_to_a_human_and_says_how_to_get_out(where, text):
    name, found = where
    person = Person(found)
    said: list[str] = []
    ways: list[str] = []
    for _ in range(MOST_MESSAGES):
        if text == "🦄🦄" and person.situation.state.ask is Ask.NOTHING:
            return  # a flower where nothing is asked is meant kindly
        before = person.situation
        turn = person.write(text)
        language = turn.language or before.context.reply_language
        render(turn, language)
        said += [reply.text for reply in turn.replies]
        ways += ["menu" for reply in turn.replies if reply.text in {"menu", "employer_menu"}]
        chat = get_catalogue(language).chat
        ways += [way for reply in turn.replies for way in OUT if way in chat[reply.text].text]
        if text == "🦄🦄" and (ways or said[-1:] == ["courtesy"]):
            return  # a flower is no misunderstanding: how to call a human is said, and that is enough
        if any(isinstance(effect, RequestHandoff) for effect in turn.effects):
            assert ways, said
            return
    pytest.fail(f"{name}: {said}")


# ── A question about an offer that nothing answers ───────────────────────────────────────────────


def _at_offer():
    return Person(situation("worker", "offer", "en"))


def test_an_unknown_question_gets_the_post_once_and_the_third_time_a_human():
    person = _at_offer()
    texts = [
        [reply.text for reply in person.write(ask).replies] for ask in ("zxcv?", "blorp?", "qwv?")
    ]
    assert texts[0] == ["offer_work_unsaid", "offer_so"]
    assert "offer_work_unsaid" not in texts[1]
    assert person.turns[-1].effects == (RequestHandoff("not_understood"),)


def test_an_answered_question_between_two_unknown_ones_begins_the_count_anew():
    person = _at_offer()
    for text in ("zxcv?", "kitna paisa?", "blorp?", "kahan hai?", "qwv?"):
        turn = person.write(text)
        assert not any(isinstance(effect, RequestHandoff) for effect in turn.effects), text


@pytest.mark.parametrize("misses", [0, 1, 2])
def test_a_slip_is_mended_however_often_nothing_was_understood(misses):
    person = _at_offer()
    for _ in range(misses):
        person.write("zxcv?")
    turn = person.write("ofers?")
    assert [reply.text for reply in turn.replies] == ["offer_open"]


def test_only_signs_report_nobody_and_pay_nothing():
    for side, question, stays in (
        ("worker", "report", Ask.REPORT),
        ("employer", "lead_report", Ask.LEAD_REPORT),
        ("employer", "job_pay", Ask.JOB_PAY),
        ("employer", "job_right", Ask.JOB_RIGHT),
    ):
        turn = Person(situation(side, question, "en")).write("??")
        assert (turn.state.ask, turn.effects) == (stays, ()), question


def test_a_number_is_no_company():
    turn = Person(situation("employer", "company", "en")).write("9820012345")
    assert (turn.state.ask, turn.state.misses) == (Ask.COMPANY, 1)
