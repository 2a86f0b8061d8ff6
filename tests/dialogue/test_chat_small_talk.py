"""Courtesies, languages asked for in words, and reasons for a no: what people write in passing."""

import datetime as dt
from dataclasses import replace

import pytest

from app.dialogue.effects import AnswerOffer, GiveReason, RequestHandoff, SetLanguage
from app.dialogue.router import handle_message
from app.dialogue.state import Ask, State
from app.dialogue.worker.questions import QUESTIONS
from app.nlu.intents import Intent, intents, language_named
from app.offers.rules import OfferStatus
from tests.support.dialogue import NOW, OFFER, PROFILE, SETTLED, context, incoming, offer, tap

THANKS = [
    "thanks",
    "ok",
    "shukriya",
    "धन्यवाद",
    "👍",
    "🙏",
    "thank you bhai",
    "❤️🌹",
    "ठीक है",
    "ok thanks",
]


@pytest.mark.parametrize("text", THANKS)
def test_a_courtesy_is_no_misunderstanding(text: str) -> None:
    state = State(misses=2)
    turn = handle_message(state, incoming(text), context(profile=SETTLED))
    assert [say.text for say in turn.replies] == ["courtesy"]
    assert not turn.effects


@pytest.mark.parametrize("text", THANKS)
@pytest.mark.parametrize("ask", sorted(set(QUESTIONS) - {Ask.LANGUAGE}))
def test_within_a_question_a_courtesy_is_its_yes_or_nothing(ask: Ask, text: str) -> None:
    state = State(ask=ask, registering=True, misses=2)
    asked = replace(SETTLED, name="", agreed=False, has_phone=False)
    turn = handle_message(state, incoming(text), context(profile=asked))
    assert not any(isinstance(effect, RequestHandoff) for effect in turn.effects)
    if Intent.YES not in intents(text):
        assert not turn.effects
        assert turn.state.ask is ask


@pytest.mark.parametrize("text", ["thanks", "🙏", "shukriya"])
def test_thanks_for_an_offer_do_not_accept_it(text: str) -> None:
    facts = context(profile=SETTLED, open_offers=[offer(OfferStatus.OFFERED)])
    turn = handle_message(State(), incoming(text), facts)
    assert not turn.effects
    assert [say.text for say in turn.replies] == ["offer_open"]
    assert handle_message(State(), incoming("ok"), facts).effects == (AnswerOffer(OFFER, "accept"),)


@pytest.mark.parametrize("ask", [Ask.NOTHING, *QUESTIONS])
def test_a_tap_is_never_a_misunderstanding(ask: Ask) -> None:
    state = State(ask=ask, registering=ask is not Ask.NOTHING, misses=2)
    for payload in ("place:77", "free:nothing", "skill:gone", "years:x", "gone:1", "here:yes"):
        turn = handle_message(state, tap(payload), context(profile=SETTLED))
        assert turn.replies
        assert not any(isinstance(effect, RequestHandoff) for effect in turn.effects)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("english please", "en"),
        ("in english", "en"),
        ("हिंदी में", "hi"),
        ("Hindi mein", "hi"),
        ("speak hindi", "hi"),
        ("angrezi", "en"),
        ("please speak in Hindi", "hi"),
    ],
)
@pytest.mark.parametrize("ask", [Ask.NOTHING, Ask.CONSENT, Ask.LOCATION, Ask.AVAILABILITY])
def test_a_language_is_asked_for_anywhere(ask: Ask, text: str, language: str) -> None:
    turn = handle_message(
        State(ask=ask, registering=ask is not Ask.NOTHING), incoming(text), context()
    )
    assert SetLanguage(language) in turn.effects


@pytest.mark.parametrize("text", ["hi", "en", "I teach hindi", "hindi tutor", ""])
def test_what_only_has_a_language_in_it_chooses_none(text: str) -> None:
    assert language_named(text) is None


@pytest.mark.parametrize("text", ["हाँ", "yes", "nahi", "thanks"])
def test_a_yes_is_no_place(text: str) -> None:
    turn = handle_message(State(ask=Ask.LOCATION, registering=True), incoming(text), context())
    assert turn.state.ask is Ask.LOCATION
    assert not turn.effects


def test_what_is_no_place_leaves_those_to_choose_from() -> None:
    asked = handle_message(
        State(ask=Ask.LOCATION, registering=True), incoming("Andheri"), context()
    )
    turn = handle_message(asked.state, incoming("zzzz qqqq"), context())
    assert turn.state.ask is Ask.WHICH_PLACE
    assert turn.state.draft == asked.state.draft
    assert turn.replies[-1].rows == asked.replies[-1].rows


def test_who_can_teach_hindi_says_so_as_a_skill() -> None:
    turn = handle_message(State(ask=Ask.SKILLS, registering=True), incoming("hindi"), context())
    assert not any(isinstance(effect, SetLanguage) for effect in turn.effects)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("too far", "far"),
        ("bahut door hai bhai", "far"),
        ("paise kam hai", "pay"),
        ("पैसे कम हैं", "pay"),
        ("time nahi hai", "time"),
        ("other: exam", "exam"),
        ("मेरी परीक्षा है", "मेरी परीक्षा है"),
    ],
)
def test_a_reason_may_be_written(text: str, reason: str) -> None:
    rejected = handle_message(
        State(), incoming("no"), context(open_offers=[offer(OfferStatus.OFFERED)])
    )
    assert rejected.effects == (AnswerOffer(OFFER, "reject"),)
    turn = handle_message(rejected.state, incoming(text), context(profile=SETTLED))
    assert turn.effects == (GiveReason(OFFER, reason),)
    assert not handle_message(turn.state, incoming(text), context(profile=SETTLED)).effects


@pytest.mark.parametrize(
    "text", ["thanks", "no", "menu", "later", "नहीं", "what is my profile", "kab hai", "...?"]
)
def test_what_is_said_instead_of_a_reason_is_none(text: str) -> None:
    rejected = handle_message(
        State(), incoming("no"), context(open_offers=[offer(OfferStatus.OFFERED)])
    )
    turn = handle_message(rejected.state, incoming(text), context(profile=SETTLED))
    assert not turn.effects


def test_what_is_written_much_later_is_no_reason() -> None:
    rejected = handle_message(
        State(), incoming("no"), context(open_offers=[offer(OfferStatus.OFFERED)])
    )
    later = context(profile=SETTLED, now=NOW + dt.timedelta(hours=2))
    assert not handle_message(rejected.state, incoming("too far"), later).effects


@pytest.mark.parametrize(
    "text",
    [
        "I want to talk to a person",
        "mujhe aadmi se baat karni hai",
        "किसी इंसान से बात करनी है",
        "can i talk to someone please",
    ],
)
def test_a_human_is_asked_for_in_a_sentence(text: str) -> None:
    for ask in (Ask.NOTHING, Ask.NAME, Ask.SKILLS, Ask.LOCATION):
        turn = handle_message(
            State(ask=ask, registering=ask is not Ask.NOTHING), incoming(text), context()
        )
        assert turn.effects == (RequestHandoff("asked"),)


@pytest.mark.parametrize("text", ["my offers", "koi kaam hai?", "कोई काम है क्या?"])
def test_who_asks_for_offers_too_early_reads_what_is_missing(text: str) -> None:
    for profile in (PROFILE, replace(PROFILE, skills=(), located=False)):
        for ask in (Ask.NOTHING, Ask.SKILLS, Ask.LOCATION, Ask.AVAILABILITY):
            state = State(ask=ask, registering=ask is not Ask.NOTHING)
            turn = handle_message(state, incoming(text), context(profile=profile))
            assert turn.replies[0].text == "offers_wait"
            assert "your free times" in turn.replies[0].params["missing"]
            assert len(turn.replies) == 2
