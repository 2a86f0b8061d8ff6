"""What people write is understood, in English, Hindi and Hinglish, and nothing is guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.week import WEEKDAYS, Slot, format_clock, overlaps
from app.nlu import weekly_hours
from app.nlu.consent import parse_consent
from app.nlu.intents import Intent, intents
from app.nlu.person_name import find_name
from app.nlu.quantities import kilometres, years

WEDNESDAY = 2


def said(text: str) -> str | None:
    slots = weekly_hours.read(text, WEDNESDAY)
    return None if slots is None else _told(slots)


def _told(slots: list[Slot]) -> str:
    spans: dict[str, list[str]] = {}
    for slot in slots:
        span = f"{format_clock(slot.start)}-{format_clock(slot.end)}"
        spans.setdefault(span, []).append(WEEKDAYS[slot.weekday][:2])
    return "; ".join(f"{' '.join(days)} {span}" for span, days in spans.items())


WEEK = "mo tu we th fr"
ALL = "mo tu we th fr sa su"


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("weekdays after 6pm, sat all day", f"{WEEK} 18:00-00:00; sa 00:00-12:00; sa 12:00-00:00"),
        ("Weekdays after 6 PM sat all day", f"{WEEK} 18:00-00:00; sa 00:00-12:00; sa 12:00-00:00"),
        ("weekends 9-5", "sa su 09:00-17:00"),
        ("Weekends, 9 to 5!", "sa su 09:00-17:00"),
        ("mon-fri 18:00-22:00", f"{WEEK} 18:00-22:00"),
        ("Mon to Fri 6pm – 10pm", f"{WEEK} 18:00-22:00"),
        ("monday, wednesday and friday evenings", "mo we fr 17:00-22:00"),
        ("sunday morning", "su 06:00-12:00"),
        ("sat 9-5 sun 10-2", "sa 09:00-17:00; su 10:00-14:00"),
        ("friday 10pm to 2am", "fr 22:00-02:00"),
        ("nights 10pm-6am", f"{ALL} 22:00-06:00"),
        ("weekdays before 2pm", f"{WEEK} 06:00-14:00"),
        ("every day 9 to 12", f"{ALL} 09:00-12:00"),
        ("weekdays 6-10", f"{WEEK} 18:00-22:00"),
        ("sat-mon 9-5", "mo sa su 09:00-17:00"),
        ("noon to 6pm on sundays", "su 12:00-18:00"),
        ("evenings on weekdays", f"{WEEK} 17:00-22:00"),
        ("sundays noon to 6pm", "su 12:00-18:00"),
        ("saturday 6pm to midnight", "sa 18:00-00:00"),
        ("I am free on weekends 10am to 6pm", "sa su 10:00-18:00"),
        ("रोज़ शाम 6 के बाद", f"{ALL} 18:00-00:00"),
        ("शनिवार सुबह 9 से 5", "sa 09:00-17:00"),
        ("शनि रवि सुबह ९ बजे से शाम ५ बजे तक", "sa su 09:00-17:00"),
        ("सोमवार से शुक्रवार शाम 6 बजे के बाद", f"{WEEK} 18:00-00:00"),
        ("som se shukr 6 baje ke baad", f"{WEEK} 18:00-00:00"),
        ("shaam ko 6 baje ke baad", f"{ALL} 18:00-00:00"),
        ("subah 9 se shaam 5 baje", f"{ALL} 09:00-17:00"),
        ("har din subah", f"{ALL} 06:00-12:00"),
        ("itvar pura din", "su 00:00-12:00; su 12:00-00:00"),
        ("somvar se shukravar sham", f"{WEEK} 17:00-22:00"),
        ("somvar se shukravar subah 9 se 5 baje tak", f"{WEEK} 09:00-17:00"),
        ("mai subah 10 se 4 free hu", f"{ALL} 10:00-16:00"),
        ("subah se sham tak", f"{ALL} 06:00-19:00"),
        ("morning to evening", f"{ALL} 06:00-19:00"),
        ("subah 9 se sham tak", f"{ALL} 09:00-19:00"),
        ("dopahar ke baad", f"{ALL} 12:00-00:00"),
        ("din mein", f"{ALL} 09:00-17:00"),
        ("raat ko", f"{ALL} 20:00-06:00"),
        ("शाम को", f"{ALL} 17:00-22:00"),
        ("sham ko 6 baje se", f"{ALL} 18:00-00:00"),
        ("6pm onwards", f"{ALL} 18:00-00:00"),
        ("i am free every evening after 7", f"{ALL} 19:00-00:00"),
        ("weekdays 7 to 11 at night", f"{WEEK} 19:00-23:00"),
        ("nau se paanch", f"{ALL} 09:00-17:00"),
        ("10pm to 6", f"{ALL} 22:00-06:00"),
        ("7 to 11 pm", f"{ALL} 19:00-23:00"),
        ("10 to 11 pm", f"{ALL} 10:00-23:00"),
        ("9pm-5", f"{ALL} 21:00-05:00"),
        ("10 to 6 am", f"{ALL} 22:00-06:00"),
        ("6 to 12 am", f"{ALL} 18:00-00:00"),
        ("raat 10 se 6", f"{ALL} 22:00-06:00"),
        ("night shift 10 se 6", f"{ALL} 22:00-06:00"),
        ("8 se 8 night", f"{ALL} 20:00-08:00"),
        ("sham 5 se raat 12", f"{ALL} 17:00-00:00"),
        ("raat 12 se 8", f"{ALL} 00:00-08:00"),
        ("5 to 1", f"{ALL} 17:00-01:00"),
        ("before 6am", f"{ALL} 00:00-06:00"),
        ("before midnight", f"{ALL} 06:00-00:00"),
        ("only mornings before 10", f"{ALL} 06:00-10:00"),
        ("12 noon to 10 pm weekends", "sa su 12:00-22:00"),
        ("sunday off, baaki din 10 se 7", "mo tu we th fr sa 10:00-19:00"),
        ("रविवार छुट्टी, बाकी दिन 10 से 7", "mo tu we th fr sa 10:00-19:00"),
        ("itwar ko chhutti, baaki din subah", "mo tu we th fr sa 06:00-12:00"),
        ("college finishes at 2, then I am free", f"{ALL} 14:00-00:00"),
        ("school timing 8 to 2, I am free after that", f"{ALL} 14:00-00:00"),
        ("naukri 6 baje khatam hoti hai uske baad", f"{ALL} 18:00-00:00"),
        ("six to ten pm", f"{ALL} 18:00-22:00"),
        ("शाम साढ़े छह बजे के बाद", f"{ALL} 18:30-00:00"),
        ("kal sham", "th 17:00-22:00"),
        ("aaj raat 8 se 11", "we 20:00-23:00"),
        ("tomorrow 9 to 5", "th 09:00-17:00"),
        ("weekends but not sunday", "sa 00:00-12:00; sa 12:00-00:00"),
        ("9 to 6 except sunday", "mo tu we th fr sa 09:00-18:00"),
        ("har din sham 5 se 9, itwaar ko chhodke", "mo tu we th fr sa 17:00-21:00"),
        ("raat 10 se subah 6, sunday nahi", "mo tu we th fr sa 22:00-06:00"),
        ("shaam 6 se 10, ravivar nahi", "mo tu we th fr sa 18:00-22:00"),
        ("रात 8 से 11, रविवार नहीं", "mo tu we th fr sa 20:00-23:00"),
        ("evenings, not friday", "mo tu we th sa su 17:00-22:00"),
        ("evenings, no sunday", "mo tu we th fr sa 17:00-22:00"),
        ("mon-fri 6 se 10 baje shaam, no wait friday nahi", "mo tu we th 18:00-22:00"),
        ("nahi rehne do, shaam 7 se 11", f"{ALL} 19:00-23:00"),
        ("no, 7pm to 11pm", f"{ALL} 19:00-23:00"),
        ("sorry, weekends 9-5", "sa su 09:00-17:00"),
        ("somvaar se shanivaar shaam", "mo tu we th fr sa 17:00-22:00"),
        ("shukrawaar raat", "fr 20:00-06:00"),
        ("college ke baad 4 bje k baad", f"{ALL} 16:00-00:00"),
        ("after college, evenings", f"{ALL} 17:00-22:00"),
        ("कॉलेज के बाद शाम 5 से 9", f"{ALL} 17:00-21:00"),
        ("subah ka time chalega", f"{ALL} 06:00-12:00"),
        ("सुबह का समय चलेगा", f"{ALL} 06:00-12:00"),
        ("24x7", f"{ALL} 00:00-12:00; {ALL} 12:00-00:00"),
    ],
)
def test_free_times_are_read(text: str, meaning: str) -> None:
    assert said(text) == meaning


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "9",
        "sunday except sunday",
        "half day",
        "10am",
        "after office hours",
        "college ke baad",
        "after college",
        "sunday nahi",
        "nahi",
        "nahi shaam ko",
        "shaam ko nahi",
        "college",
        "sometimes",
        "sunday 25 to 30",
        "5 days",
        "as you like",
        "मुझे नहीं पता",
        "monday 9:75 to 10",
        "!!!",
    ],
)
def test_what_is_unclear_is_not_guessed(text: str) -> None:
    assert weekly_hours.read(text) is None


NIGHTS = weekly_hours.read("weekends 6pm to 10pm") or []


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("नहीं रुको, रविवार नहीं", "sa 18:00-22:00"),
        ("no wait, not sunday", "sa 18:00-22:00"),
        ("sunday nahi", "sa 18:00-22:00"),
        ("friday bhi", "fr 00:00-12:00; fr 12:00-00:00; sa su 18:00-22:00"),
        ("friday evening too", "fr 17:00-22:00; sa su 18:00-22:00"),
        ("शुक्रवार शाम भी", "fr 17:00-22:00; sa su 18:00-22:00"),
        ("friday evening", "fr 17:00-22:00"),
        ("nahi, shaam 7 se 11", f"{ALL} 19:00-23:00"),
    ],
)
def test_what_was_told_before_is_changed_by_a_not_and_a_too(text: str, meaning: str) -> None:
    slots = weekly_hours.read(text, WEDNESDAY, NIGHTS)
    assert slots is not None
    assert _told(slots) == meaning
    assert weekly_hours.read("sunday nahi, shanivaar nahi", WEDNESDAY, NIGHTS) is None


WORDS = st.sampled_from(
    "mon tue sat sunday weekdays weekends every day after before to - , and 9 6pm 18:00 22:30 kal "
    "except nahi not no bhi ruko college somvaar six pm saadhe onwards din mein chhodke today "
    "morning evening night all any time noon रोज़ शाम सुबह से तक के बाद शनिवार se tak ke baad".split()
)


@given(st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=12).map(" ".join)))
def test_no_text_breaks_the_reader_and_no_slots_overlap(text: str) -> None:
    slots = weekly_hours.read(text) or []
    for position, slot in enumerate(slots):
        assert not overlaps(slot, slots[:position])


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("STOP", Intent.STOP),
        (" stop. ", Intent.STOP),
        ("बंद करो", Intent.STOP),
        ("हाँ", Intent.YES),
        ("हां", Intent.YES),
        ("Haan!", Intent.YES),
        ("👍", Intent.YES),
        ("मंज़ूर है", Intent.YES),
        ("haan ji bhaiya", Intent.YES),
        ("ok sir", Intent.YES),
        ("yes please, thanks", Intent.YES),
        ("👍🏽", Intent.YES),
        ("nahi sir", Intent.NO),
        ("sahi nahi hai", Intent.NO),
        ("menu please", Intent.MENU),
        ("नहीं", Intent.NO),
        ("nahi", Intent.NO),
        ("Delete my data", Intent.DELETE_DATA),
        ("मेरा नंबर किसके पास है?", Intent.WHO_KNOWS),
        ("मेनू", Intent.MENU),
        ("?", Intent.HELP),
    ],
)
def test_an_intent_is_known_in_each_language(text: str, intent: Intent) -> None:
    assert intent in intents(text)


@pytest.mark.parametrize(
    "text",
    "stop please|please stop|Please STOP!|stop ji|stop sending messages|please don't send messages|ruk jao|"
    "band karo|band kar do|message band karo|रुक जाओ|कृपया बंद करें|बंद कर दो प्लीज़|मैसेज मत भेजो".split("|"),
)
def test_opting_out_is_heard_however_politely_it_is_said(text: str) -> None:
    assert intents(text) == {Intent.STOP}


@pytest.mark.parametrize(
    "text",
    "please delete my data|delete my data please|delete my data, thank you|mera data delete kar do|"
    "mera data delete karo ji|मेरा डेटा डिलीट करो|मेरा डेटा मिटा दो|कृपया मेरा डेटा हटा दो|"
    "mera account delete karo|खाता बंद करें".split("|"),
)
def test_erasure_is_heard_however_politely_it_is_said(text: str) -> None:
    assert intents(text) == {Intent.DELETE_DATA}


@pytest.mark.parametrize(
    "text",
    [
        "don't stop",
        "please stop it",
        "please stop asking",
        "bus stop",
        "bus stop please",
        "stop nahi karna",
        "yes but later",
        "yes no",
        "haan par abhi nahi",
        "",
        "stopp",
        "yes " * 100,
    ],
)
def test_only_the_exact_word_is_a_command(text: str) -> None:
    assert not intents(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10", 10.0),
        ("about 15 km", 15.0),
        ("about 15 km from my home", 15.0),
        ("10km", 10.0),
        ("२५ किमी", 25.0),
        ("बीस किमी तक", 20.0),
        ("2.5", 2.5),
        ("two", 2.0),
        ("ten km", 10.0),
        ("up to twenty five kilometres", 25.0),
        ("5 kilometre tak", 5.0),
        ("paanch kilometre", 5.0),
        ("das pandrah km", 15.0),
        ("10 se 15 km", 15.0),
        ("ek sau pachas km", 150.0),
        ("500 m", 0.5),
        ("5 or 10", None),
        ("10 is ok", 10.0),
        ("10 theek hai", 10.0),
        ("5 km shaam ko", 5.0),
        ("30 minutes", None),
        ("6 baje", None),
        ("after 6pm", None),
        ("after 6", None),
        ("6 ke baad", None),
        ("5 people", None),
        ("2 bus", None),
        ("roz shaam ko 6 baje ke baad free hu", None),
        ("3 years", None),
        ("400050", None),
        ("i do cooking", None),
        ("x", None),
        ("", None),
    ],
)
def test_a_distance_is_read_where_there_is_one(text: str, value: float | None) -> None:
    assert kilometres(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("about 3 years", 3.0),
        ("I have 3 years of experience", 3.0),
        ("do saal", 2.0),
        ("दो साल", 2.0),
        ("teen saal ka anubhav", 3.0),
        ("dedh saal", 1.5),
        ("ढाई साल", 2.5),
        ("saadhe teen saal", 3.5),
        ("a year and a half", 1.5),
        ("half a year", 0.5),
        ("2-3 saal", 2.0),
        ("do teen saal", 2.0),
        ("5+ years", 5.0),
        ("6 months", 0.5),
        ("1 year 6 months", 1.5),
        ("chhah mahine", 0.5),
        ("5 km", None),
        ("two jobs", None),
        ("2 jobs", None),
        ("6 baje", None),
    ],
)
def test_years_are_read_where_there_are_some(text: str, value: float | None) -> None:
    assert years(text) == value


@given(
    st.one_of(
        st.text(max_size=80),
        st.lists(
            st.one_of(
                WORDS,
                st.sampled_from(
                    "1 2 99999999 ek do sau saadhe half a and - to km saal years + 18 १८ ²".split()
                ),
            ),
            max_size=10,
        ).map(" ".join),
    )
)
def test_no_text_breaks_the_readers_of_answers(text: str) -> None:
    for value in (kilometres(text), years(text)):
        assert value is None or value >= 0
    assert parse_consent(text) in {None, "yes", "no", "minor", "of_age"}
    find_name(text)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("yes i am 18", "yes"),
        ("haan main 18 ka hu", "yes"),
        ("haan ji main athara saal ka hoon", "yes"),
        ("मैं १९ साल की हूँ, हाँ", "yes"),
        ("Yes, over 18", "yes"),
        ("I'm 17", "minor"),
        ("yes, 17", "minor"),
        ("main 16 saal ki hoon", "minor"),
        ("under 18", "minor"),
        ("18 se kam", "minor"),
        ("no i am not 18", "minor"),
        ("I am a minor", "minor"),
        ("I am 25", "of_age"),
        ("18+", "of_age"),
        ("nahi", "no"),
        ("no, 25", None),
        ("yes but don't share my number", None),
        ("yes 250", None),
        ("17 or 18", None),
    ],
)
def test_nobody_agrees_by_half_a_sentence_and_nobody_under_age_by_a_yes(
    text: str, meaning: str | None
) -> None:
    assert parse_consent(text) == meaning


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Asha Kulkarni", "Asha Kulkarni"),
        ("My name is Asha Kulkarni", "Asha Kulkarni"),
        ("mera naam Ramesh hai", "Ramesh"),
        ("main Sunita hoon", "Sunita"),
        ("मेरा नाम आशा है", "आशा"),
        ("this is Ravi", "Ravi"),
        ("Mai Devi", "Mai Devi"),
        ("Main", "Main"),
        ("my name is", ""),
    ],
)
def test_a_name_is_taken_without_what_introduces_it(text: str, name: str) -> None:
    assert find_name(text) == name


@pytest.mark.parametrize("text", ["Stop 🙏", "🛑 STOP", "mujhe message mat karo", "stop please 🙏"])
def test_stop_is_heard_with_a_sign_beside_it(text: str) -> None:
    assert intents(text) == {Intent.STOP}


@pytest.mark.parametrize("text", ["don't stop 🙏", "bus stop 🚌", "yes 👎", "ruko", "रुको"])
def test_what_only_has_the_word_in_it_stops_nothing(text: str) -> None:
    assert Intent.STOP not in intents(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("ab message mat bhejna", Intent.STOP),
        ("stop sending me jobs", Intent.STOP),
        ("mera sab data delete karo", Intent.DELETE_DATA),
        ("मेरी जानकारी मिटा दो", Intent.DELETE_DATA),
        ("please delete all my information", Intent.DELETE_DATA),
        ("kisi aadmi se baat karao", Intent.HUMAN),
        ("I want to talk to a real person", Intent.HUMAN),
    ],
)
def test_a_command_is_said_in_parts(text, meant):
    assert intents(text) == {meant}


@pytest.mark.parametrize(
    "text",
    [
        *("cook hata do", "remove cook", "stop this job", "do not stop", "mat karo", "everything"),
        *("baat karni hai husband se", "sunday hata do", "message", "i will talk to my brother"),
    ],
)
def test_a_part_of_a_command_is_none(text):
    assert not intents(text) & {Intent.STOP, Intent.DELETE_DATA, Intent.HUMAN}
