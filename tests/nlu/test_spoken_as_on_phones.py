"""What people wrote who were played to the end on the page of phones, and what the chat made of it once."""

import datetime as dt
from dataclasses import replace

import pytest

from app.core.week import Slot
from app.dialogue.router import handle_message
from app.dialogue.state import Ask
from app.messaging.inbound import Inbound, InboundKind
from app.nlu.consent import parse_consent
from app.nlu.intents import language_amid, takes_proposal
from app.nlu.job_correction import CorrectionContext
from app.nlu.job_correction import read as correct
from app.nlu.job_note import without_introduction
from app.nlu.job_request import read
from app.nlu.quantities import kilometres, years
from app.nlu.week_change import read_week_change
from app.nlu.worker_frame import read_worker
from tests.nlu.corpus_measure.simulation import Person
from tests.nlu.corpus_measure.situations import NOW, PHONE, situation

TODAY = dt.date(2026, 12, 1)


@pytest.mark.parametrize(
    ("text", "name", "note"),
    [
        ("karve nagar pune", "Karvenagar", ""),
        ("waiter chahiye karve nagar me pune", "Karvenagar", ""),
        ("hinjewadi phase 1 pune", "Hinjewadi", "phase 1"),
        ("shop assistant, FC road Pune", "FC Road", ""),
        ("shop assistant, ZZ road Pune", "Pune", "zz road"),
        ("2 tailors, t nagar chennai", "T Nagar", ""),
        ("owner of Sagar restaurant Dadar, need a cook", "Dadar", None),
    ],
)
def test_what_stands_beside_a_city_is_its_quarter_or_is_kept(text, name, note):
    found = read(text, TODAY)
    assert found.place is not None
    assert found.place["name"] == name
    assert note is None or found.note == note


@pytest.mark.parametrize(
    ("text", "people", "amount"),
    [
        ("500 denge ek ladke ko", None, 50_000),
        ("2 waiter, 500 rs har ladke ko", 2, 50_000),
        ("3 log chahiye 600 ek aadmi ka", 3, 60_000),
        ("जुहू में 2 वेटर, 700 एक आदमी को", 2, 70_000),
        ("2 waiters 500 per boy", 2, 50_000),
        ("har aadmi 500", None, 50_000),
        ("ek ladka chahiye 500 rupay", 1, 50_000),
        ("1 boy for 500", 1, 50_000),
    ],
)
def test_what_each_of_them_gets_is_no_number_of_people(text, people, amount):
    found = read(text, TODAY)
    assert (found.people, found.amount) == (people, amount)


def test_what_each_of_them_gets_a_day_keeps_its_unit():
    assert read("2 waiter kal 500 per boy per day", TODAY).per == "day"


@pytest.mark.parametrize(
    "text",
    """roz sunday chodke | har din sunday ke alawa | रोज़ रविवार छोड़कर | daily except sunday
    | sab din sirf sunday nahi | sunday chhod kar roz""".split("|"),
)
def test_every_day_but_one(text):
    found = read(text.strip(), TODAY)
    assert (found.days, found.weekly) == ((0, 1, 2, 3, 4, 5), True)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("yes i m 20 yrs old studnt", "yes"),
        ("haan main 34 saal ka hu driver", "yes"),
        ("हाँ मेरी उम्र 40 साल है विधवा हूँ", "yes"),
        ("yes i am 16 yr old student", "minor"),
        ("yes but i am 20 years old and afraid", None),
        ("yes 25 yrs but what is it", None),
    ],
)
def test_a_yes_with_an_age_agrees_whatever_else_is_told(text, meant):
    assert parse_consent(text) == meant


@pytest.mark.parametrize(
    "text",
    """haan agle saal 18 ka ho jaunga | yes i am 18 next year | haan 18 ka hone wala hu | yes i will be 18 soon
    | haan 18 saal hone wale hain | yes i am almost 18 | almost 18 | हाँ अगले साल 18 का हो जाऊँगा | yes 18 in december
    | yes my son is 20 | haan mera beta 20 saal ka hai | yes for my brother 21 | haan bhai 19 ka hai wo karega
    | yes he is 19 | he is 19 | haan mere bhai ki umar 22 hai | yes my son is 15""".split("|"),
)
def test_an_age_still_to_come_and_the_age_of_another_are_no_consent(text):
    assert parse_consent(text) is None


@pytest.mark.parametrize("text", ["haan bhai 20 saal ka hu", "yes bro 21", "ok boss 25"])
def test_a_word_for_a_relative_that_is_only_polite_makes_the_age_nobody_elses(text):
    assert parse_consent(text) == "yes"


def test_who_tells_an_age_under_18_stays_under_age_beside_a_relative():
    assert parse_consent("yes i am 16 my father agrees") == "minor"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("english hi chlega", "en"),
        ("english weak hai", None),
        ("hindi kam aati hai", None),
        ("english thodi aati hai", None),
        ("hindi me problem hai", None),
        ("हिंदी कम आती है", None),
        ("hindi theek rahega", "hi"),
        ("english nahi aati", None),
        ("hindi ya english", None),
    ],
)
def test_a_language_is_chosen_amid_other_words(text, language):
    assert language_amid(text) == language


@pytest.mark.parametrize("text", ["yes use that", "wahi rakho", "haan yahi naam", "यही नाम है"])
def test_a_name_that_is_proposed_is_taken_in_words(text):
    assert takes_proposal(text)
    assert not takes_proposal(f"{text}?")
    before = situation("employer", "contact_name", "hi")
    inbound = Inbound("m", InboundKind.TEXT, NOW, phone_from=PHONE, name="Meena Rao", text=text)
    turn = handle_message(before.state, inbound, before.context)
    assert turn.state.draft["new_company"]["contact"] == "Meena Rao"


@pytest.mark.parametrize(
    "text",
    [
        "थोड़ा और जोड़ दो कि खाना मिलेगा और सफेद शर्ट पहन के आना",
        "add in note खाना मिलेगा और सफेद शर्ट पहन के आना",
    ],
)
def test_a_note_does_not_repeat_the_wish_to_note_it(text):
    assert without_introduction(text) == "खाना मिलेगा और सफेद शर्ट पहन के आना"


def test_everyday_words_are_not_called_an_unknown_place():
    for text in ("ghar ke liye ek bai chahiye", "2 ladke chahiye serving ke liye waiter"):
        turn = Person(situation("employer", "job_new", "hi")).write(text)
        assert "job_place_unknown" not in [reply.text for reply in turn.replies], text


def test_the_role_that_was_missing_makes_the_job_whole():
    person = Person(situation("employer", "job_new", "en"))
    person.write("I run a mobile shop in FC road. Need one helper boy")
    turn = person.write(
        "shop assistant, Juhu, from tomorrow, 11 to 8, monday to saturday, 12000 per month"
    )
    assert "job_anew" not in [reply.text for reply in turn.replies]
    job = turn.state.draft["job"]
    assert (job["people"], job["place"]["name"], job["amount"]) == (1, "Juhu", 1_200_000)


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("2 ladke chahiye ek nahi", {"people": 2}),
        ("ek nahi do", {"people": 2}),
        ("not 1, 3", {"people": 3}),
        ("hinjewadi phase 1, not whole pune", {"place": "Hinjewadi", "note": "phase 1"}),
        ("pura pune nahi, sirf kothrud", {"place": "Kothrud", "note": ""}),
        ("jagah galat hai karve nagar likho", {"place": "Karvenagar"}),
        (
            "2 ladke chahiye ek nahi. aur jagah karve nagar hai, pune me",
            {"people": 2, "place": "Karvenagar"},
        ),
        ("kal nahi parso", {"starts_on": dt.date(2026, 12, 3)}),
        ("12 baje nahi 11 baje tak", {"spans": ((-1, 19 * 60, 23 * 60),)}),
    ],
)
def test_what_is_read_back_is_corrected_by_saying_what_it_is_not(text, changes):
    drafted = read("waiter kal sham 7 se raat 12 pune 500 per day", TODAY)
    context = CorrectionContext(None, TODAY, "hi", "INR", "Pune")
    found = correct(text, replace(drafted, people=1), context)
    assert found is not None
    for name, value in changes.items():
        now = getattr(found.draft, name)
        assert (now["name"] if name == "place" else now) == value
    assert found.draft.amount == drafted.amount
    assert found.draft.skill == drafted.skill


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("कितने लोग मिलेंगे?", "job_shown"),
        ("kab tak milenge log", "job_shown"),
        ("when will i get people", "job_shown"),
        ("log nahi mil rahe", "job_shown"),
        ("kuch log mile?", "job_shown"),
        ("need 1 more for same, total 3", "ask_add_people"),
        ("2 aur chahiye, kul 5", "ask_add_people"),
    ],
)
def test_an_owner_asks_how_a_posted_job_goes_and_adds_to_it(text, reply):
    turn = Person(situation("employer", "job_published", "hi")).write(text)
    assert [said.text for said in turn.replies] == [reply]


def test_of_more_and_a_total_the_total_counts():
    turn = Person(situation("employer", "job_published", "hi")).write("2 aur chahiye, kul 5")
    assert turn.state.draft["to"] == {"total": 5}


def test_the_hours_that_a_job_has_already_change_nothing():
    person = Person(situation("employer", "job_published", "hi"))
    person.write("timing 7 se 9 kar do")
    turn = person.write("nahi rehne do, shaam 6 se 11 hi theek hai")
    assert [said.text for said in turn.replies] == ["kept"]


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("timing galat likh diya, subah 6 se dopahar 3 tak", "ask_availability_right"),
        ("mera time badal gaya, 10 se 5", "ask_availability_right"),
        ("what type of works u have", "faq_jobs"),
        ("kaisa kaam hai aapke paas", "faq_jobs"),
        ("malik kaun hoga", "faq_employer"),
        ("pehle bolo ki malik ladies hoga ya gents", "faq_employer"),
        ("who will call me?", "faq_employer"),
    ],
)
def test_a_worker_asks_and_changes_hours_in_passing(text, reply):
    turn = Person(situation("worker", "idle", "hi")).write(text)
    assert [said.text for said in turn.replies] == [reply]


def test_a_question_is_no_place_that_was_not_found():
    turn = Person(situation("worker", "location", "hi")).write("kya ghar batana zaruri hai?")
    assert "place_unknown" not in [said.text for said in turn.replies]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("बहुत साल हो गए, दस बारह साल", 10),
        ("bahut saal ho gaye, 10 saal", 10),
        ("5 saal, umar 30 saal", None),
        ("das saal nahi, bahut kam", None),
    ],
)
def test_years_are_read_from_the_clause_that_says_them(text, number):
    assert years(text) == number


def test_no_before_more_skills_adds_them():
    turn = Person(situation("worker", "skills_right", "en")).write("no also delivery")
    assert turn.state.draft["skills"][:2] == ["waiter", "cook"]
    assert len(turn.state.draft["skills"]) == 3


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("jyada door nahi, ghar se 2 3 km bas", 3),
        ("पास में ही, 2 किमी तक", 2),
        ("paas me hi, 5 nahi, 3 km", None),
    ],
)
def test_kilometres_are_read_from_the_clause_that_says_them(text, number):
    assert kilometres(text) == number


@pytest.mark.parametrize(
    "text",
    ["clg 2 baje khtm hota h uske bad free, sat sun full day", "roj shm ko 6 bje ke bad"],
)
def test_hours_in_hasty_spelling_are_read_back(text):
    turn = Person(situation("worker", "availability", "en")).write(text)
    assert [said.text for said in turn.replies] == ["ask_availability_right"]


def test_a_clause_that_names_no_hour_does_not_hide_the_hours():
    said = "10 se 5 tak, bachche school jate hai. sunday nahi"
    turn = Person(situation("worker", "availability", "hi")).write(said)
    assert {tuple(slot[1:]) for slot in turn.state.draft["slots"]} == {(600, 1020)}
    assert [slot[0] for slot in turn.state.draft["slots"]] == [0, 1, 2, 3, 4, 5]
    unclear = "10 se 5 tak, mummy sunday ko bahar jati hai"
    turn = Person(situation("worker", "availability", "hi")).write(unclear)
    assert "availability_unclear" in [said.text for said in turn.replies]


@pytest.mark.parametrize(
    "text", ["savitri bai ka number do", "send me her number", "number kaise milega"]
)
def test_who_asks_for_a_number_sees_who_said_yes(text):
    turn = Person(situation("employer", "job_published", "hi")).write(text)
    assert [type(effect).__name__ for effect in turn.effects] == ["ListLeads"]


def _amid_draft():
    person = Person(situation("employer", "job_published", "hi"))
    person.write("ek cook chahiye kal")
    assert person.situation.state.ask is Ask.JOB_PLACE
    return person


def test_a_question_about_a_posted_job_leaves_the_draft_as_it_is():
    person = _amid_draft()
    before = person.situation.state
    turn = person.write("savitri bai ka number do")
    assert [type(effect).__name__ for effect in turn.effects] == ["ListLeads"]
    assert turn.state == before
    assert turn.replies[-1].text in {"ask_job_place", "ask_job_rest"}


def test_what_drops_a_draft_may_go_on():
    person = _amid_draft()
    turn = person.write("rehne do, 2 aur chahiye")
    assert [said.text for said in turn.replies] == ["job_dropped", "ask_add_people"]
    turn = _amid_draft().write("rehne do, blah blah xyz")
    assert [said.text for said in turn.replies] == ["job_dropped"]
    assert turn.state.ask is Ask.NOTHING


@pytest.mark.parametrize("question", ["job_right", "job_hours", "job_published"])
@pytest.mark.parametrize(
    ("text", "part", "value"),
    [
        ("chhodo, 600 kar do", "amount", 60_000),
        ("never mind, sunday only", "days", [6]),
        ("rehne do, 3 log chahiye", "people", 3),
        ("cancel, make it 700", "amount", 70_000),
    ],
)
def test_a_correction_behind_the_words_that_drop_a_draft_keeps_it(question, text, part, value):
    person = Person(situation("employer", question, "hi"))
    if question == "job_published":
        person.write("ek cook chahiye kal juhu")
    turn = person.write(text)
    assert "job_dropped" not in [said.text for said in turn.replies]
    assert turn.state.draft["job"][part] == value
    assert turn.state.draft["job"]["skill"] in {"cook", "waiter"}


@pytest.mark.parametrize(
    "text", ["chhodo, 3 cooks chahiye kal 10 se 6 Pune 900", "rehne do, mere kaam dikhao"]
)
def test_another_job_and_another_wish_behind_them_drop_it(text):
    turn = Person(situation("employer", "job_right", "hi")).write(text)
    assert turn.replies[0].text == "job_dropped"


@pytest.mark.parametrize("text", ["bhai koi aaya?", "no one came yet", "koi mil raha hai kya"])
def test_a_common_word_is_not_the_beginning_of_a_place(text):
    turn = Person(situation("employer", "job_published", "hi")).write(text)
    assert turn.state.ask is Ask.NOTHING
    assert not read(text, TODAY).places


@pytest.mark.parametrize(
    "text",
    [
        "namaste mera naam Sunil Kale hai, office boy ka kaam",
        "namaskar ji mera naam Sunil Kale hai",
        "ram ram bhai mera naam Sunil Kale hai",
    ],
)
def test_a_greeting_before_a_name_is_no_name(text):
    found = read_worker(text).name
    assert found is not None
    assert found.value == "Sunil Kale"


@pytest.mark.parametrize(
    "text", ["sunday not possible for me", "sunday i can't come", "sunday ko nahi aa paunga"]
)
def test_a_day_is_denied_from_behind(text):
    week = [Slot(day, 960, 0) for day in range(7)]
    assert {slot.weekday for slot in read_week_change(text, week) or ()} == {0, 1, 2, 3, 4, 5}


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("kothrud pune me, subah 8 se 10, roz sunday chodke, 4000 mahina", [0, 1, 2, 3, 4, 5]),
        ("juhu, monday aur tuesday, sunday nahi, 8 to 10, 500 per day", [0, 1]),
    ],
)
def test_the_days_of_an_answer_are_without_the_one_it_denies(text, days):
    person = Person(situation("employer", "job_new", "hi"))
    person.write("ek kaamwali bai chahiye")
    assert person.write(text).state.draft["job"]["days"] == days


@pytest.mark.parametrize(
    "text", ["thursday also i am free now", "ab thursday ko bhi free hu", "now thursday also"]
)
def test_a_day_that_comes_in_addition_replaces_no_week(text):
    week = [Slot(day, 960, 0) for day in (0, 1, 2, 4, 5, 6)]
    assert {slot.weekday for slot in read_week_change(text, week) or ()} == set(range(7))


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("600 kar do, jaldi chahiye", "ask_change_pay"),
        ("pay 200 kar do per hour, urgent hai", "ask_change_pay"),
        ("waiter chahiye, juhu", "ask_job_days"),
    ],
)
def test_a_command_stands_beside_what_tells_nothing(text, reply):
    turn = Person(situation("employer", "job_published", "hi")).write(text)
    assert reply in [said.text for said in turn.replies]
