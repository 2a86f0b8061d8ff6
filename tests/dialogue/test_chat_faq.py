"""What many ask is answered, and is no misunderstanding however often it is asked."""

from dataclasses import replace

import pytest

from app.core.languages import languages
from app.dialogue.effects import RequestHandoff
from app.dialogue.router import handle_message
from app.dialogue.state import Ask, State
from app.dialogue.worker.questions import QUESTIONS
from app.messaging.inbound import InboundKind
from app.nlu.faq_topic import WORKER_TOPICS, find_topic
from app.offers.rules import OfferStatus
from app.texts.catalogue import get_catalogue
from tests.support.dialogue import SETTLED, context, incoming, offer

ASKED = """
free: is it free?
free: is this free
free: free hai kya
free: paise lagenge kya
free: kitna charge hai
free: do i have to pay
free: registration fee hai kya
free: kya paisa dena hai
free: क्या यह मुफ़्त है
pay: kitna paisa milega
pay: kitne paise milenge bhai
pay: how much salary
pay: salary kitni hai
pay: when do i get paid
pay: paise kab milenge
pay: payment kab milega
pay: कितना पैसा मिलेगा
pay: kitna paisa milega waiter ka
pay: पैसे कब मिलेंगे
pay: when will i get paid sir?
pay: mujhe kitna milega
pay: kitna milega
pay: कितना मिलेगा?
pay: how much
pay: how much is it
who: who are you
who: aap kaun ho
who: kaun ho
who: ye kya hai
who: what is partimer
who: are you a bot
who: kya aap robot ho
who: आप कौन हैं
who: which company
who: where is your office
who: kya hai ye
who: क्या है ये
safe: is this a scam
safe: is this a scam?
safe: is this real
safe: fraud to nahi hai
safe: asli hai kya
safe: ye fraud hai kya
safe: यह फ्रॉड तो नहीं
safe: fraud to nhi h na?
safe: fraud to nahi na
jobs: how do i get jobs
jobs: how to get job
jobs: kaam kaise milega
jobs: job kaise milegi
jobs: kab kaam milega
jobs: काम कैसे मिलेगा
jobs: kaise kaam karta hai
number: mera number kisko milega
number: who gets my number
number: mera number kisi ko doge
number: is my number safe
number: मेरा नंबर किसको मिलेगा
""".strip().splitlines()

NO_QUESTIONS = """
waiter
I am free on monday
free
main free hu
monday free hai
paise kam hai
pay too low
how much time will it take
kitna time lagega
kitna door hai
mera number 98200 55123
human
who has my number
Bandra
no
mera number kiske paas hai
kaam hai kya
delivery, computer
my name is Safe Khan
""".strip().splitlines()


@pytest.mark.parametrize(("subject", "text"), [line.split(": ", 1) for line in ASKED])
def test_a_question_is_answered_and_never_counts(subject: str, text: str) -> None:
    for ask in (Ask.NOTHING, *QUESTIONS):
        state = State(ask=ask, registering=ask is not Ask.NOTHING, misses=2)
        turn = handle_message(state, incoming(text), context(profile=SETTLED))
        assert turn.replies[0].text == f"faq_{subject}"
        assert turn.state == replace(state, last_faq=subject, misses=0)
        assert not turn.effects
        assert len(turn.replies) == (1 if ask is Ask.NOTHING else 2)


def test_who_asks_for_the_pay_of_an_offer_reads_it_again() -> None:
    facts = context(profile=SETTLED, open_offers=[offer(OfferStatus.OFFERED)])
    turn = handle_message(State(), incoming("kitna paisa milega"), facts)
    assert [say.text for say in turn.replies] == ["offer_pay", "offer_so"]
    assert not any(isinstance(effect, RequestHandoff) for effect in turn.effects)


def test_what_was_understood_ends_the_count_of_what_was_not() -> None:
    facts, state = context(profile=SETTLED), State(ask=Ask.EXPERIENCE, registering=True)
    for text in ("qwertz", "asdf", "kitna milega", "qwertz", "help", "yxcv", "profile", "asdf"):
        turn = handle_message(state, incoming(text), facts)
        assert not turn.effects
        state = turn.state
    assert state.misses == 1
    voice = handle_message(replace(state, misses=2), incoming(kind=InboundKind.MEDIA), facts)
    assert voice.state.misses == 2


@pytest.mark.parametrize("text", NO_QUESTIONS)
def test_what_only_sounds_like_a_question_is_none(text: str) -> None:
    assert find_topic(text) is None


def test_who_asks_the_same_again_hears_how_to_reach_a_human() -> None:
    facts = context(profile=SETTLED)
    once = handle_message(State(), incoming("is it free?"), facts)
    other = handle_message(once.state, incoming("who are you"), facts)
    twice = handle_message(once.state, incoming("free hai kya"), facts)
    assert [say.text for say in other.replies] == ["faq_who"]
    assert [say.text for say in twice.replies] == ["faq_free", "faq_again"]
    assert State.from_json(once.state.as_json()) == once.state


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("how do i delete my data", "ask_delete"),
        ("how to delete my account?", "ask_delete"),
        ("mera data delete kaise kare", "ask_delete"),
        ("मेरा डेटा डिलीट कैसे करें", "ask_delete"),
        ("how can i change my profile", "profile"),
        ("how can i change my number", "not_understood"),
        ("withdraw kaise kare", "not_understood"),
        ("free on monday?", "not_understood"),
    ],
)
def test_a_question_about_another_matter_is_not_answered_as_one_of_these(
    text: str, reply: str
) -> None:
    assert (
        handle_message(State(), incoming(text), context(profile=SETTLED)).replies[0].text == reply
    )


@pytest.mark.parametrize("language", languages())
def test_every_subject_has_its_answer(language: str) -> None:
    assert {f"faq_{subject}" for subject in WORKER_TOPICS} <= set(get_catalogue(language).chat)
