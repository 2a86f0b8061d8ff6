"""A call for help is heard wherever it is made, and what only sounds like one calls nobody."""

from dataclasses import replace

import pytest

from app.dialogue.effects import AnswerOffer, ReportEmployer, RequestHandoff
from app.dialogue.router import handle_message
from app.dialogue.state import FREE_WRITING, Ask, State
from app.dialogue.turn import Turn
from app.dialogue.worker.questions import QUESTIONS
from app.nlu.safety import Distress, find_distress
from app.offers.rules import OfferStatus
from tests.support.dialogue import OFFER, SETTLED, context, incoming, offer

DANGER = """
harassment
he is threatening me
he touched me
police
call the police please
employer misbehaved with me
boss slapped me yesterday
they are not letting me leave the kitchen, they do not let me go
mujhe dhamki de raha hai
malik mujhe maarta hai
manager ne gaali di
usne badtameezi ki
mujhe police chahiye
dar lag raha hai
bachao
पुलिस
वह मुझे धमकी दे रहा है
मेरे साथ छेड़छाड़ हुई
मुझे डर लग रहा है
मालिक ने मुझे मारा
""".strip().splitlines()
WRONGED = """
please help me employer took 2000 rs from me
my boss took 2000 rs from me
they did not pay me for 3 days
I did not get paid by the cafe where I worked all of last week and nobody calls me back
owner not giving my salary
he is asking for 500 rs deposit
he kept my documents
I was cheated by this company
this company is a fraud
employer cheated me
they owe me money
paise nahi diye malik ne
malik ne paise nahi diye
salary nahi mili abhi tak
mujhse 2000 le liye
usne mere paise kha liye
company wale registration ke paise mang rahe hain
mere sath fraud hua
मालिक ने पैसे नहीं दिए
मेरी सैलरी नहीं मिली
मुझसे 500 रुपये ले लिए
मेरे साथ धोखा हुआ
""".strip().splitlines()
NO_CALLS = """
is this a scam?
ye fraud hai kya
fraud to nahi hai
kitna paisa milega
paise kab milenge
paise kam hai
pay too low
do i have to pay
what if they don't pay
agar malik paise na de to
agar paise nahi mile to kya hoga
I did not pay anything
maine paise nahi diye
paise nahi chahiye
code nahi mila
kaam nahi mila
call me
mere liye kaam hai
kaam ke liye aaunga
2 waiter chahiye
I can work as a security guard
near police station, Bandra
police verification hai kya
I took 2 days off
maine 2 saal kaam kiya
mere pita ji bimar hai
koi khatra to nahi
mere paas aadhaar hai
advance milega kya
will I get paid
who has my number
time nahi hai
मेरा नंबर किसको मिलेगा
पैसे कब मिलेंगे
""".strip().splitlines()


@pytest.mark.parametrize("text", DANGER)
def test_danger_is_heard(text: str) -> None:
    assert find_distress(text) is Distress.DANGER


@pytest.mark.parametrize("text", WRONGED)
def test_whoever_was_wronged_is_heard(text: str) -> None:
    assert find_distress(text) is Distress.WRONGED


@pytest.mark.parametrize("text", NO_CALLS)
def test_what_only_sounds_like_a_call_for_help_is_none(text: str) -> None:
    assert find_distress(text) is None


@pytest.mark.parametrize("text", ["Police Lines, Pune", "police thana ke paas", "Danger Das"])
def test_a_place_or_a_name_is_no_call_for_help(text: str) -> None:
    assert find_distress(text, own_words=True) is None


def test_a_call_for_help_calls_a_human_whatever_is_open() -> None:
    for ask in (Ask.NOTHING, *QUESTIONS):
        state = State(ask=ask, registering=ask is not Ask.NOTHING, misses=2)
        for text, reply in (("he touched me", "danger_called"), (WRONGED[0], "help_called")):
            turn = handle_message(state, incoming(text), context(profile=SETTLED))
            assert [say.text for say in turn.replies] == [reply]
            assert turn.effects == (RequestHandoff("safety"),)
            assert turn.state == replace(state, misses=0)


def test_who_never_wrote_before_is_heard_too() -> None:
    turn = handle_message(
        State(), incoming("malik ne paise nahi diye"), context(profile=None, language=None)
    )
    assert turn.effects == (RequestHandoff("safety"),)
    waits = context(profile=None, language=None, in_handoff=True, handoff_reason="safety")
    for text in ("help", "madad"):
        told = handle_message(State(handoff_announced=True), incoming(text), waits)
        assert [say.text for say in told.replies] == ["human_hurries"]


@pytest.mark.parametrize("why", ["asked", "not_understood", "taken"])
def test_a_call_for_help_is_heard_while_a_human_is_wanted_for_less(why: str) -> None:
    facts = context(in_handoff=True, handoff_reason=why)
    turn = handle_message(State(handoff_announced=True), incoming(WRONGED[0]), facts)
    assert ([say.text for say in turn.replies], turn.effects) == (
        ["help_called"],
        (RequestHandoff("safety"),),
    )
    # A human who is there has the word; our team sees it all the same.
    there = handle_message(
        State(), incoming("he is threatening me"), replace(facts, taken_over=True)
    )
    assert there == Turn(State(), (), (RequestHandoff("safety"),))


def test_who_called_for_help_is_not_told_the_same_for_ever_but_the_number_of_the_police() -> None:
    facts = context(in_handoff=True, handoff_reason="safety")
    told = handle_message(State(), incoming(WRONGED[0]), facts)
    assert [say.text for say in told.replies] == ["human_hurries"]
    assert handle_message(told.state, incoming(WRONGED[1]), facts) == Turn(told.state)
    turn = handle_message(told.state, incoming("he is threatening me"), facts)
    assert [say.text for say in turn.replies] == ["danger_called"]


def test_only_our_team_ends_the_wait_of_who_called_for_help() -> None:
    facts = context(in_handoff=True, handoff_reason="safety", profile=SETTLED)
    for text in ("menu", "bot", "offers"):
        turn = handle_message(State(handoff_announced=True), incoming(text), facts)
        assert turn.replies
        assert not turn.effects


def test_a_report_is_kept_as_one_and_danger_in_it_calls_for_help() -> None:
    state = State(ask=Ask.REPORT, draft={"offer_id": str(OFFER), "company": "Cafe"})
    wronged = handle_message(state, incoming("he asked for money"), context(profile=SETTLED))
    assert wronged.effects == (ReportEmployer(OFFER, "he asked for money"),)
    danger = handle_message(state, incoming("he touched me"), context(profile=SETTLED))
    assert danger.effects == (ReportEmployer(OFFER, "he touched me"), RequestHandoff("safety"))
    assert [say.text for say in danger.replies] == ["danger_called", "reported"]
    assert Ask.REPORT in FREE_WRITING


EVERYDAY = """
we took 3 people, need 2 more waiters
owner asked 2 years experience cook Dadar
hotel asked for 3 waiters
mujhe 3 log chahiye, 2 le liye
Need 2 security guards Bandra to stop violent customers
bouncer for pub, no violence
cockroach killed
nude lipstick promoter 3 girls
thana me 2 waiter chahiye
mere papa police me hai
security guard ex police
I can come, let me leave at 5
is it unpaid?
unpaid internship?
Will I be unpaid?
my balance is over, recharge not received
chot lagi hai
""".strip().splitlines()


@pytest.mark.parametrize("text", EVERYDAY)
def test_everyday_words_call_nobody(text: str) -> None:
    assert find_distress(text) is None


@pytest.mark.parametrize("text", ["no, he did not pay me last time", "no, my boss beat me"])
def test_a_no_beside_a_call_for_help_is_still_a_no(text: str) -> None:
    facts = context(profile=SETTLED, open_offers=[offer(OfferStatus.OFFERED)])
    turn = handle_message(State(), incoming(text), facts)
    assert RequestHandoff("safety") in turn.effects
    assert [effect.verb for effect in turn.effects if isinstance(effect, AnswerOffer)] == ["reject"]
