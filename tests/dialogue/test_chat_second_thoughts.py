"""What people say after all: another name, an age, an answer to the question before, times that changed."""

from dataclasses import replace

import pytest

from app.core.week import Slot
from app.dialogue.effects import EditProfile, ForgetPerson
from app.dialogue.router import handle_message
from app.dialogue.state import Ask, State
from app.messaging.inbound import InboundKind
from app.nlu.consent import parse_consent
from app.nlu.intents import Intent, intents
from app.offers.rules import OfferStatus
from tests.support.dialogue import NEWCOMER, PROFILE, SETTLED, context, incoming, offer, tap

NAMED = context(profile=replace(NEWCOMER, name="Anil", agreed=True))
AT_SKILLS = State(ask=Ask.SKILLS, answered=frozenset({Ask.NAME}), registering=True)
AT_NAME = State(ask=Ask.NAME, registering=True)


@pytest.mark.parametrize(
    "text",
    [
        "sorry Anil Kumar",
        "no wait, Anil Kumar",
        "actually anil Kumar",
        "my name is Anil Kumar",
        "mera naam Anil Kumar hai",
        "matlab Anil Kumar",
    ],
)
def test_a_name_is_corrected_at_the_question_after_it(text: str) -> None:
    turn = handle_message(AT_SKILLS, incoming(text), NAMED)
    [effect] = turn.effects
    assert isinstance(effect, EditProfile)
    assert str(effect.changes["name"]).casefold() == "anil kumar"
    assert turn.state.ask is Ask.SKILLS


@pytest.mark.parametrize(
    "text", ["sorry waiter", "waiter", "actually cook", "main cook hoon", "sorry"]
)
def test_a_skill_is_no_name(text: str) -> None:
    assert not handle_message(AT_SKILLS, incoming(text), NAMED).effects


@pytest.mark.parametrize("text", ["17", "i am 17", "iam 17", "main 16 saal ka hu"])
def test_who_turns_out_to_be_under_age_goes_no_further(text: str) -> None:
    turn = handle_message(AT_NAME, incoming(text), NAMED)
    assert turn.effects == (ForgetPerson(),)
    assert [say.text for say in turn.replies] == ["minor"]


@pytest.mark.parametrize("text", ["i am 15", "15 years old", "main 16 saal ki hoon", "नाबालिग हूँ"])
def test_who_says_to_be_under_age_at_a_later_question_goes_no_further(text: str) -> None:
    assert handle_message(AT_SKILLS, incoming(text), NAMED).effects == (ForgetPerson(),)


@pytest.mark.parametrize(
    "text",
    [
        "10 years",
        "5 साल",
        "पाँच साल",
        "12 saal",
        "11 साल का अनुभव",
        "8 years of experience",
        "6 saal se",
    ],
)
def test_years_of_experience_are_no_age(text: str) -> None:
    turn = handle_message(AT_SKILLS, incoming(text), NAMED)
    # Where the word stands beside them, they are kept for the question that asks for experience.
    changed = [effect.changes for effect in turn.effects if isinstance(effect, EditProfile)]
    assert len(changed) == len(turn.effects)
    assert all(change.keys() == {"experience_years"} for change in changed)
    assert turn.state.ask is Ask.SKILLS


@pytest.mark.parametrize(
    ("state", "text"),
    [(AT_NAME, "19"), (AT_SKILLS, "45"), (AT_SKILLS, "7"), (AT_SKILLS, "i am 45")],
)
def test_a_number_is_no_name_and_no_skill(state: State, text: str) -> None:
    turn = handle_message(state, incoming(text), NAMED)
    assert not turn.effects
    assert [say.text for say in turn.replies] == [f"ask_{state.ask.value}"]
    assert turn.state.misses == 1  # it answers nothing: the third time a human is called


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("yes iam 19", "yes"),
        ("iam 17", "minor"),
        ("iam 20", "of_age"),
        ("yes iam", "yes"),
        ("iam happy", None),
    ],
)
def test_an_age_is_told_however_it_is_spelt(text: str, meant: str | None) -> None:
    assert parse_consent(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "stop calling me",
        "STOP calling",
        "please stop messaging me",
        "stop texting us",
        "call mat karo",
        "मुझे कॉल मत करो",
    ],
)
def test_opting_out_of_calls_is_opting_out(text: str) -> None:
    assert intents(text) == {Intent.STOP} or text.startswith("मुझे")


@pytest.mark.parametrize(
    "text",
    [
        "bus stop",
        "stop asking",
        "stop it",
        "don't stop calling me",
        "stop the boss calling my wife",
    ],
)
def test_what_only_has_a_stop_in_it_is_none(text: str) -> None:
    assert Intent.STOP not in intents(text)


@pytest.mark.parametrize("state", [AT_SKILLS, AT_NAME])
def test_offers_can_be_asked_for_where_own_words_are_wanted(state: State) -> None:
    assert handle_message(state, incoming("offers"), NAMED).replies[0].text == "offers_wait"
    for text in ("Job", "kaam"):
        assert handle_message(state, incoming(text), NAMED).replies[0].text != "offers_wait"


def test_a_profile_tells_no_distance_that_was_not_asked_for() -> None:
    assert handle_message(AT_SKILLS, incoming("profile"), NAMED).replies[0].text == "so_far_begun"
    told = replace(AT_SKILLS, answered=frozenset({Ask.NAME, Ask.DISTANCE}))
    assert handle_message(told, incoming("profile"), NAMED).replies[0].text == "so_far"


def test_a_yes_to_several_places_asks_which() -> None:
    asked = handle_message(
        State(ask=Ask.LOCATION, registering=True), incoming("Andheri"), context()
    )
    turn = handle_message(asked.state, incoming("yes"), context())
    assert turn.state == asked.state
    assert turn.replies == asked.replies[-1:]


def test_who_blocked_a_company_is_not_asked_to_block_it_again() -> None:
    for blocked, reply in ((False, "reported"), (True, "reported_blocked")):
        one = replace(offer(OfferStatus.ACCEPTED, unlocked=True), blocked=blocked)
        facts = context(profile=SETTLED, accepted_offers=[one])
        asked = handle_message(State(), incoming("report"), facts)
        assert [
            say.text for say in handle_message(asked.state, incoming("he shouts"), facts).replies
        ] == [reply]


def test_who_accepted_and_asks_how_much_reads_the_pay_of_that_job() -> None:
    facts = context(profile=SETTLED, accepted_offers=[offer(OfferStatus.ACCEPTED)])
    turn = handle_message(State(), incoming("how much"), facts)
    assert [say.text for say in turn.replies] == ["offer_pay"]


WEEKENDS = context(profile=replace(PROFILE, slots=[Slot(5, 1080, 1320)]))


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("sunday bhi free hu", {5, 6}),
        ("I am free on sunday evening too", {5, 6}),
        ("रविवार भी खाली हूँ", {5, 6}),
        ("monday ko free hu", {0, 5}),
        ("friday available", {4, 5}),
    ],
)
def test_free_times_told_in_passing_are_added_and_read_back(text: str, days: set[int]) -> None:
    turn = handle_message(State(), incoming(text), WEEKENDS)
    assert turn.state.ask is Ask.AVAILABILITY_RIGHT
    assert {slot[0] for slot in turn.state.draft["slots"]} == days
    assert not turn.effects


@pytest.mark.parametrize(
    "text", ["sunday", "saturday evening", "kal free hu", "free hu", "main free nahi hu"]
)
def test_what_tells_no_week_opens_nothing(text: str) -> None:
    assert handle_message(State(), incoming(text), WEEKENDS).state.ask is Ask.NOTHING
    offered = replace(WEEKENDS, open_offers=[offer(OfferStatus.OFFERED)])
    assert handle_message(State(), incoming("sunday bhi free hu"), offered).state.ask is Ask.NOTHING


@pytest.mark.parametrize(
    "text", ["kal chutti hai", "tomorrow off", "कल छुट्टी है", "aaj free nahi hu"]
)
def test_of_a_single_day_off_it_is_said_how(text: str) -> None:
    turn = handle_message(State(), incoming(text), WEEKENDS)
    assert [say.text for say in turn.replies] == ["day_off"]
    assert turn.state == State()
    asked = State(ask=Ask.AVAILABILITY_RIGHT, draft={"slots": [[4, 1080, 1320], [1, 1080, 1320]]})
    assert handle_message(asked, incoming(text), WEEKENDS).replies[0].text == "availability_unclear"


def test_a_day_of_the_week_that_is_off_is_taken_away() -> None:
    both = context(profile=replace(PROFILE, slots=[Slot(5, 1080, 1320), Slot(6, 540, 1020)]))
    for text in ("sunday chutti hai", "sunday ko free nahi hu", "रविवार छुट्टी"):
        turn = handle_message(State(), incoming(text), both)
        assert turn.state.draft["slots"] == [[5, 1080, 1320]], text


def test_a_voice_note_is_still_no_answer() -> None:
    for media, text in (
        ("audio", "cannot_hear"),
        ("voice", "cannot_hear"),
        ("image", "cannot_read"),
    ):
        turn = handle_message(AT_SKILLS, incoming(media, kind=InboundKind.MEDIA), NAMED)
        assert turn.state == AT_SKILLS
        assert [reply.text for reply in turn.replies] == [text, "ask_skills"]
        assert turn.replies[0].buttons == ()  # one message, with the buttons of the question
    heard = handle_message(State(), incoming("audio", kind=InboundKind.MEDIA), NAMED)
    assert [reply.text for reply in heard.replies] == ["cannot_hear"]
    assert handle_message(AT_SKILLS, tap("skill:waiter"), NAMED).state.draft["skills"] == ["waiter"]
