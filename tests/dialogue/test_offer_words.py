"""An offer is answered in people's own words; no no is ever read as a yes."""

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.dialogue.effects import AnswerOffer, EraseAccount, RequestHandoff
from app.dialogue.router import handle_message
from app.dialogue.state import Ask, State
from app.nlu.offer_reply import parse_offer_reply
from app.offers.rules import OfferStatus
from tests.support.dialogue import OFFER, SETTLED, context, incoming, offer

OPEN = context(profile=SETTLED, open_offers=[offer(OfferStatus.OFFERED)])
YES = """
yes i will come
i can come
i can do it
i'll come
yes i can do this work
yup
i am ready
i am available
okk
yess sir
count me in
ok sir i will come
haan aa jaunga
ha bhai aaunga
mai kar lunga ye kaam
kar lenge
hum aa jayenge
haan mujhe ye kaam chahiye
mujhe manjur hai
main taiyar hoon
han kar sakta hu
hanji
hn ji
zaroor
haan free hu
accept kar lo
koi dikkat nahi aa jaunga
हाँ मैं कर लूँगा
कर लूँगी
मैं तैयार हूँ
हाँ मुझे यह काम चाहिए
हाँ आ जाऊंगी
हाँ जी ज़रूर
yes no problem, i will come
haan pakka
""".strip().splitlines()

NO = """
no sorry
i can't come
i cannot come
i will not come
i won’t come
no need
not possible
i am not available
i don't want this job
not coming
next time
it doesn't suit me
no, not suitable for me
not this one
nope sorry
dont want
nhi
nhi chahiye
nahi aa paunga
nahi aa sakta
main nahi kar sakta
nahi jaunga
sorry nahi kar paunga
ye kaam nahi chahiye
interest nahi hai
bilkul nahi
free nahi hu
iss baar nahi
aaunga nahi
kar sakta nahi
taiyar nahi hu
mana kar do
नहीं आ पाऊँगा
नहीं कर पाऊँगी
मैं नहीं कर सकता
नहीं आऊँगा
मुझे नहीं करना
बिल्कुल नहीं
""".strip().splitlines()

NO_FOR_THE_TIME = """
nahi, time thik nahi hai
no, the timing doesn't suit me
नहीं, समय ठीक नहीं है
समय ठीक नहीं है
time nahi hai
mere paas time nahi hai
timing match nahi ho rahi
i am busy
night shift nahi karta
raat ko nahi kar sakta
no night shift
no, it's too early
the time doesn't suit me
no time
""".strip().splitlines()

NO_TOO_FAR = """
no, too far
nahi bahut door hai
नहीं, बहुत दूर है
no it's too far from my home
door hai nahi jaunga
""".strip().splitlines()

NO_FOR_THE_PAY = """
nahi, paise kam hai
no, salary kam hai
नहीं पैसे कम हैं
no because the pay is too low
rate kam hai nahi karunga
""".strip().splitlines()

NO_IN_THEIR_OWN_WORDS = """
nahi exam hai
no, I moved to Pune
nahi tabiyat kharab hai
""".strip().splitlines()

WHY = [
    *((text, "time") for text in NO_FOR_THE_TIME),
    *((text, "far") for text in NO_TOO_FAR),
    *((text, "pay") for text in NO_FOR_THE_PAY),
    *((text, text) for text in NO_IN_THEIR_OWN_WORDS),
]

UNCLEAR = """
haan ya nahi
yes no
no thik hai
no i can come
i am sick
cancel kar do
i can come at 5
nahi main aa jaunga
no one called me yesterday
rehne do bhai
""".strip().splitlines()

LATER = """
ok but not now
abhi nahi
अभी नहीं
not now
busy hu, baad mein
maybe later
raat ko bataunga
shayad
maybe
dekhta hu
sochna padega
pata nahi
i don't know
kal bataunga
""".strip().splitlines()

ELSE = """
ok good night
kya time hai
pay kitna hai
is it far
not understood
free hai
job available hai
""".strip().splitlines()


@pytest.mark.parametrize("text", YES)
def test_a_yes_is_heard(text: str) -> None:
    answer = parse_offer_reply(text)
    assert answer is not None
    assert answer.verb == "accept"


@pytest.mark.parametrize("text", NO)
def test_a_no_is_heard(text: str) -> None:
    answer = parse_offer_reply(text)
    assert answer is not None
    assert (answer.verb, answer.reason) == ("reject", None)


@pytest.mark.parametrize(("text", "why"), WHY)
def test_a_no_brings_its_reason(text: str, why: str) -> None:
    facts = context(profile=SETTLED, open_offers=[offer(OfferStatus.OFFERED)])
    turn = handle_message(State(), incoming(text), facts)
    assert turn.effects == (AnswerOffer(OFFER, "reject", why),)
    # Who said why is asked for no other reason.
    assert not turn.state.draft


@pytest.mark.parametrize("text", UNCLEAR)
def test_what_is_neither_yes_nor_no_is_asked_with_the_buttons(text: str) -> None:
    facts = context(profile=SETTLED, open_offers=[offer(OfferStatus.OFFERED)])
    turn = handle_message(State(), incoming(text), facts)
    assert not turn.effects
    assert [say.text for say in turn.replies] == ["offer_unclear", "offer_open"]
    for _ in range(2):
        turn = handle_message(turn.state, incoming(text), facts)
    assert turn.effects == (RequestHandoff("not_understood"),)


@pytest.mark.parametrize("text", LATER)
def test_who_has_to_think_may(text: str) -> None:
    facts = context(profile=SETTLED, open_offers=[offer(OfferStatus.OFFERED)])
    turn = handle_message(State(), incoming(text), facts)
    assert [say.text for say in turn.replies] == ["answer_later"]


@pytest.mark.parametrize("text", ELSE)
def test_what_only_sounds_like_an_answer_is_none(text: str) -> None:
    answer = parse_offer_reply(text)
    assert answer is None or answer.verb is None


@given(
    st.sampled_from(YES),
    st.sampled_from("nahi nhi नहीं no not don't never mat but lekin if agar ?".split()),
    st.integers(0, 9),
)
@example("yes no problem, i will come", "no", 1)
def test_with_a_no_or_a_but_anywhere_nothing_is_a_yes(text: str, word: str, place: int) -> None:
    """At most one tap is asked for: "yes, no no problem, I will come" may be meant so."""
    words = text.split()
    place = min(place, len(words))
    said = " ".join([*words[:place], word, *words[place:]])
    answer = parse_offer_reply(said)
    assert answer is None or answer.verb != "accept" or not answer.sure
    for facts in (OPEN, replace(OPEN, quoted=True, offer=offer(OfferStatus.OFFERED))):
        accepted = [AnswerOffer(OFFER, "accept")]
        assert [*handle_message(State(), incoming(said), facts).effects] != accepted


@pytest.mark.parametrize("text", ["no, 11 to 6", "nahi, 10 se 4 tak", "no. 12 to 8", "नहीं, 11 से 6"])
def test_a_no_to_something_else_with_its_hours_rejects_nothing(text: str) -> None:
    for facts in (OPEN, replace(OPEN, quoted=True, offer=offer(OfferStatus.OFFERED))):
        turn = handle_message(State(), incoming(text), facts)
        assert not turn.effects
        assert {say.text for say in turn.replies} & {"offer_no_right", "offer_unclear"}


@given(st.sampled_from([*NO, *(text for text, _ in WHY)]), st.sampled_from(YES))
def test_a_no_with_a_yes_is_no_yes(refusal: str, agreed: str) -> None:
    for text in (f"{refusal} {agreed}", f"{agreed}, {refusal}"):
        answer = parse_offer_reply(text)
        assert answer is None or answer.verb != "accept"


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("nahi nahi aa jaunga", "offer_yes_right"),
        ("no no, I'll come", "offer_yes_right"),
        ("arre nahi nahi, zarur aaunga", "offer_yes_right"),
        ("don't worry, I will be there", "offer_yes_right"),
        ("why not", "offer_yes_right"),
        ("done", "offer_yes_right"),
        ("bahut door hai", "offer_no_right"),
        ("पैसे कम हैं", "offer_no_right"),
        ("pay too low", "offer_no_right"),
        ("yes if pay is more", "offer_condition"),
        ("aa jaunga agar 900 mile", "offer_condition"),
        ("yes but only on Saturday", "offer_days"),
    ],
)
def test_what_is_likely_is_asked_with_one_tap(text: str, asked: str) -> None:
    facts = context(profile=SETTLED, open_offers=[offer(OfferStatus.OFFERED)])
    turn = handle_message(State(), incoming(text), facts)
    assert not turn.effects
    assert turn.replies[0].text == asked
    assert turn.state.misses == 0


@pytest.mark.parametrize("text", ["bilkul", "pakka", "chalega", "theek hai kal aata hoon", "चलेगा"])
def test_a_plain_agreement_accepts(text: str) -> None:
    facts = context(profile=SETTLED, open_offers=[offer(OfferStatus.OFFERED)])
    turn = handle_message(State(), incoming(text), facts)
    assert turn.effects == (AnswerOffer(OFFER, "accept"),)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("where is it?", "offer_where"),
        ("kitne baje aana hai", "offer_time"),
        ("kab aana hai", "offer_when"),
        ("kitni door hai", "offer_far"),
        ("khana milega kya", "offer_food_unsaid"),
        ("kaun si company hai", "offer_who"),
        ("until when can I answer?", "offer_until"),
        ("when will they decide?", "offer_decide"),
        ("kitne log honge", "offer_people"),
        ("can I come only on Saturday?", "offer_days"),
        ("क्या काम है", "offer_work_unsaid"),
        ("how much", "offer_pay"),
    ],
)
def test_what_everybody_asks_is_answered_from_the_job(text: str, answer: str) -> None:
    facts = context(profile=SETTLED, open_offers=[offer(OfferStatus.OFFERED)])
    turn = handle_message(State(), incoming(text), facts)
    assert [say.text for say in turn.replies] == [answer, "offer_so"]
    assert not turn.effects


def test_of_several_offers_a_question_asks_which() -> None:
    other = replace(offer(OfferStatus.OFFERED), id=UUID(int=7))
    facts = context(profile=SETTLED, open_offers=[offer(OfferStatus.OFFERED), other])
    turn = handle_message(State(), incoming("kitne baje"), facts)
    assert [say.text for say in turn.replies] == ["which_offer"]


@pytest.mark.parametrize(
    "text", ["galti se no dabaya", "undo", "ruko, aa sakta hoon", "मन बदल गया"]
)
def test_a_rejection_is_opened_again_and_never_accepted_by_words(text: str) -> None:
    facts = context(profile=SETTLED, open_offers=[offer(OfferStatus.OFFERED)])
    refused = handle_message(State(), incoming("no"), facts)
    turn = handle_message(refused.state, incoming(text), replace(facts, open_offers=()))
    assert turn.effects == (AnswerOffer(OFFER, "reconsider"),)


@pytest.mark.parametrize("text", ["nahi aa paunga", "i can't come", "cancel kar do", "cancel"])
def test_who_accepted_and_cannot_come_is_asked_whether_to_take_it_back(text: str) -> None:
    facts = context(profile=SETTLED, accepted_offers=[offer(OfferStatus.ACCEPTED)])
    asked = handle_message(State(), incoming(text), facts)
    assert [say.text for say in asked.replies] == ["ask_withdraw"]
    assert not asked.effects
    taken = handle_message(asked.state, incoming("yes"), facts)
    assert taken.effects == (AnswerOffer(OFFER, "withdraw"),)
    kept = handle_message(asked.state, incoming("nahi"), facts)
    assert not kept.effects
    assert [say.text for say in kept.replies] == ["offer_kept"]


def test_who_will_be_late_is_told_what_can_be_done() -> None:
    facts = context(profile=SETTLED, accepted_offers=[offer(OfferStatus.ACCEPTED)])
    turn = handle_message(State(), incoming("10 min late"), facts)
    assert [say.text for say in turn.replies] == ["offer_late"]


def test_the_question_of_the_bot_comes_first_while_a_human_is_called() -> None:
    facts = context(profile=SETTLED, in_handoff=True, handoff_reason="asked")
    turn = handle_message(State(ask=Ask.DELETE), incoming("yes"), facts)
    assert turn.effects == (EraseAccount(),)
    attended = replace(facts, attended=True)
    assert not handle_message(State(ask=Ask.DELETE), incoming("yes"), attended).effects


@pytest.mark.parametrize("text", ["I will come for sure", "yes i can come", "haan aa jaunga"])
def test_a_yes_to_a_job_deletes_nothing(text: str) -> None:
    facts = context(profile=SETTLED, accepted_offers=[offer(OfferStatus.ACCEPTED)])
    assert not handle_message(State(ask=Ask.DELETE), incoming(text), facts).effects
    assert handle_message(State(ask=Ask.DELETE), incoming("yes sure"), facts).effects


DENIED = """
dur nahi hai
bahut dur nahi
bimar nahi hu
busy nahi hu
mushkil nahi hai
galat nahi hai
exam nahi hai
tabiyat kharab nahi hai
paise kam nahi hai
paise nahi milenge
पैसे कम नहीं हैं
दूर नहीं है
mana nahi kiya
mana nahi kar raha
reject nahi karna
reject mat karo
cannot reject
i can't refuse
don't reject
i did not say no
""".strip().splitlines()


@pytest.mark.parametrize("text", DENIED)
def test_who_denies_a_reason_or_a_refusal_has_not_refused(text: str) -> None:
    facts = context(profile=SETTLED, open_offers=[offer(OfferStatus.OFFERED)])
    turn = handle_message(State(), incoming(text), facts)
    assert not turn.effects
    assert [say.text for say in turn.replies] == ["offer_unclear", "offer_open"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("dur hai, nahi", "far"),
        ("nahi, dur hai", "far"),
        ("too far, no", "far"),
        ("busy hu, nahi", "time"),
        ("nahi nahi, mushkil hai", None),
        ("sunday nahi", "time"),
        ("rate thik nahi hai", "pay"),
    ],
)
def test_a_reason_beside_a_no_is_still_a_no(text: str, why: str | None) -> None:
    answer = parse_offer_reply(text)
    assert answer is not None
    assert (answer.verb, answer.reason) == ("reject", why)


def test_after_one_no_the_reason_is_not_another_no() -> None:
    two = [offer(OfferStatus.OFFERED)]
    refused = handle_message(State(), incoming("no"), context(profile=SETTLED, open_offers=two))
    turn = handle_message(
        refused.state, incoming("time nahi hai"), context(profile=SETTLED, open_offers=two)
    )
    assert not any(isinstance(effect, AnswerOffer) for effect in turn.effects)
    turn = handle_message(
        refused.state, incoming("nahi, door hai"), context(profile=SETTLED, open_offers=two)
    )
    assert turn.effects == (AnswerOffer(OFFER, "reject", "far"),)


@pytest.mark.parametrize("text", ["haan aa jaunga", "ok aa jaunga"])
def test_who_accepted_and_writes_again_reads_how_it_stands(text: str) -> None:
    facts = context(profile=SETTLED, accepted_offers=[offer(OfferStatus.ACCEPTED)])
    turn = handle_message(State(), incoming(text), facts)
    assert [say.text for say in turn.replies] == ["offer_accepted_already"]
    assert not turn.effects


@pytest.mark.parametrize(
    "text", ["kaam karna hai", "i want to work", "mujhe job chahiye", "काम चाहिए"]
)
def test_who_wants_work_has_not_said_yes_to_this_work(text: str) -> None:
    facts = context(profile=SETTLED, open_offers=[offer(OfferStatus.OFFERED)])
    turn = handle_message(State(), incoming(text), facts)
    assert not turn.effects
    assert [say.text for say in turn.replies] == ["offer_open"]
