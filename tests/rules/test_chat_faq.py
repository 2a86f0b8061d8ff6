"""What many ask is answered, and is no misunderstanding however often it is asked."""

import pytest

from app.chat.faq import SUBJECTS, subject_of
from app.chat.model import Ask, HandOver, State
from app.chat.questions import TABLE as QUESTIONS
from app.chat.script import step
from app.messaging.texts import catalogue, languages
from app.offers.rules import OfferStatus
from tests.rules.test_chat_script import context, heard, offer
from tests.rules.test_chat_small_talk import SETTLED

ASKED = {
    "free": (
        *("is it free?", "is this free", "free hai kya", "paise lagenge kya", "kitna charge hai"),
        *("do i have to pay", "registration fee hai kya", "kya paisa dena hai", "क्या यह मुफ़्त है"),
    ),
    "pay": (
        *("kitna paisa milega", "kitne paise milenge bhai", "how much salary", "salary kitni hai"),
        *("when do i get paid", "paise kab milenge", "payment kab milega", "कितना पैसा मिलेगा"),
        *("kitna paisa milega waiter ka", "पैसे कब मिलेंगे", "when will i get paid sir?"),
    ),
    "who": (
        *(
            "who are you",
            "aap kaun ho",
            "kaun ho",
            "ye kya hai",
            "what is partimer",
            "are you a bot",
        ),
        *("kya aap robot ho", "आप कौन हैं", "which company", "where is your office"),
    ),
    "safe": (
        *("is this a scam", "is this a scam?", "is this real", "fraud to nahi hai", "asli hai kya"),
        *("ye fraud hai kya", "यह फ्रॉड तो नहीं"),
    ),
    "jobs": (
        *("how do i get jobs", "how to get job", "kaam kaise milega", "job kaise milegi"),
        *("kab kaam milega", "काम कैसे मिलेगा", "kaise kaam karta hai"),
    ),
    "number": (
        *("mera number kisko milega", "who gets my number", "mera number kisi ko doge"),
        *("is my number safe", "मेरा नंबर किसको मिलेगा"),
    ),
}
EVERY = [(text, subject) for subject, texts in ASKED.items() for text in texts]


@pytest.mark.parametrize(("text", "subject"), EVERY)
def test_a_question_is_answered_and_never_counts(text: str, subject: str) -> None:
    for ask in (Ask.NOTHING, *(set(QUESTIONS) - {Ask.LANGUAGE})):
        state = State(ask=ask, registering=ask is not Ask.NOTHING, misses=2)
        turn = step(state, heard(text), context(profile=SETTLED))
        assert turn.replies[0].text == f"faq_{subject}"
        assert turn.state == state
        assert not turn.effects
        assert len(turn.replies) == (1 if ask is Ask.NOTHING else 2)


def test_who_asks_for_the_pay_of_an_offer_reads_it_again() -> None:
    facts = context(profile=SETTLED, open_offers=[offer(OfferStatus.OFFERED)])
    turn = step(State(), heard("kitna paisa milega"), facts)
    assert [say.text for say in turn.replies] == ["faq_pay", "offer_open"]
    assert not any(isinstance(effect, HandOver) for effect in turn.effects)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "waiter",
            "I am free on monday",
            "free",
            "main free hu",
            "monday free hai",
            "paise kam hai",
        ),
        *("pay too low", "mera number 98200 55123", "human", "who has my number", "Bandra", "no"),
        *(
            "mera number kiske paas hai",
            "kaam hai kya",
            "delivery, computer",
            "my name is Safe Khan",
        ),
        "I did not get paid by the cafe where I worked all of last week and nobody calls me back",
    ],
)
def test_what_only_sounds_like_a_question_is_none(text: str) -> None:
    assert subject_of(text) is None


@pytest.mark.parametrize("language", languages())
def test_every_subject_has_its_answer(language: str) -> None:
    assert {f"faq_{subject}" for subject in SUBJECTS} <= set(catalogue(language).chat)
