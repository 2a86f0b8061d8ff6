"""Names in what people write: found in a sentence, and no request, greeting or place is one."""

import pytest

from app.nlu.common_words import is_called_so, is_common, sounds_common
from app.nlu.fact import Confidence
from app.nlu.introduced_name import find_introduced
from app.nlu.message_words import words_of
from app.nlu.person_name import read_name_answer


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("मेरा नाम सुनीता है और मैं पुणे में रहती हूँ", "सुनीता"),
        ("hi i am Ravi 24 cook from Andheri free weekends", "Ravi"),
        ("mera naam Priya aur main 22 saal ki hu", "Priya"),
        ("myself Deepak from Pune", "Deepak"),
        ("Ravi is my name", "Ravi"),
        ("Sunita naam hai mera", "Sunita"),
        ("I'm Anita.", "Anita"),
    ],
)
def test_a_name_is_found_in_a_sentence(text: str, name: str) -> None:
    found = find_introduced(words_of(text))
    assert found is not None
    assert found[0].value == name
    assert found[0].certain


@pytest.mark.parametrize(
    "text",
    [
        "mujhe kaam chahiye",
        "मुझे काम चाहिए",
        "My profile",
        "Talk to a person",
        "good morning",
        "kaun bol raha hai",
        "what is this",
        "I need a job",
        "kya aap log sach me kaam dete ho",
        "why do you need my name",
        "main Andheri mein rehta hoon",
        "i am from Pune",
        "i am waiter",
        "waiter",
        "Mumbai",
        "later",
        "baad mein",
        "pata nahi",
        "nahi bataunga",
        "my free times",
        "i am 22",
        "naam galat hai",
    ],
)
def test_a_sentence_a_request_or_a_place_is_no_name(text: str) -> None:
    assert read_name_answer(words_of(text)) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("raju bhai", "raju"),
        ("Vikas ji", "Vikas"),
        ("ok ravi", "ravi"),
        ("raju bol raha hu", "raju"),
        ("Mohd Aslam Ansari", "Mohd Aslam Ansari"),
        ("Md. Arif", "Md. Arif"),
        ("Salman Khan", "Salman Khan"),
        ("संतोष कुमार", "संतोष कुमार"),
        ("sunitha", "sunitha"),
        ("Poojaa Kumaar", "Poojaa Kumaar"),
        ("shabnam bano", "shabnam bano"),
        ("Lobsang Dolma", "Lobsang Dolma"),
        ("शबनम", "शबनम"),
    ],
)
def test_a_name_alone_is_certain(text: str, name: str) -> None:
    found = read_name_answer(words_of(text))
    assert found is not None
    assert (found.value, found.confidence) == (name, Confidence.CERTAIN)


@pytest.mark.parametrize(
    "text",
    [
        *("Happy", "Mai Devi", "Vanaja", "asdfghjkl"),
        # What only sounds like a name, and what sounds like an everyday word.
        *("nill", "sry", "seri", "samayal", "tabiyat kharab hai"),
    ],
)
def test_a_name_that_is_a_word_too_is_only_likely(text: str) -> None:
    found = read_name_answer(words_of(text))
    assert found is not None
    assert found.confidence is Confidence.LIKELY


@pytest.mark.parametrize("word", ["later", "metro", "baad", "mein", "चाहिए", "market"])
def test_an_everyday_word_is_common(word: str) -> None:
    assert is_common(word)
    assert not is_called_so(word)


@pytest.mark.parametrize("word", ["Salem", "Mumbai", "Andheri", "Juhu"])
def test_a_place_that_people_mean_is_not_common(word: str) -> None:
    assert not is_common(word)


def test_hinglish_is_common_by_its_sound() -> None:
    assert sounds_common("naukri")
    assert not sounds_common("Koramangala")


@pytest.mark.parametrize(
    "text",
    ["subah", "rupay", "thagi", "vikalp", "bandi", "rehna", "Ashok naam", "Ashok Andheri", "Sara"],
)
def test_a_bare_word_of_the_chat_or_a_place_behind_a_name_is_asked_about(text: str) -> None:
    found = read_name_answer(words_of(text))
    assert found is None or not found.certain


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Kamla bai", "Kamla bai"),
        ("लक्ष्मी बाई", "लक्ष्मी बाई"),
        ("Vijay hu main", "Vijay"),
        ("sab Raju bulate hai", "Raju"),
        ("Raju likho", "Raju"),
        ("Anil, but I need work today itself", "Anil"),
        ("Ajay😀", "Ajay"),
        ("Sara Khan", "Sara Khan"),
        ("Ravi", "Ravi"),
    ],
)
def test_a_name_is_read_among_kin_talk_and_pictures(text: str, name: str) -> None:
    found = read_name_answer(words_of(text))
    assert found is not None
    assert (found.value, found.certain) == (name, True)


@pytest.mark.parametrize(
    "text",
    [
        *("main Ravi ka dost hu", "मैं सुनील की पत्नी हूँ", "I am Ravi's brother", "ravi k bhai"),
        *(
            "papa ka naam Ramesh",
            "father name Ramesh",
            "my son's name is Aryan",
            "uska naam Ravi hai",
        ),
        *(
            "Rekha is the name of my mother",
            "tumhara naam Ravi hai kya",
            "Ravi's",
            "papa",
            "this is सुनील's number",
            "its Amit brother",
            "this is Ravi wife",
            "main Amit dost hu",
        ),
        *(
            "main Ravi nahi hu",
            "mera naam Ravi nahi hai",
            "don't call me Raju",
            "मेरा नाम रवि नहीं है",
        ),
        *("जय श्री राम", "Jai Shree Ram", "Radhe Radhe"),
    ],
)
def test_the_name_of_somebody_else_and_a_refused_one_are_no_name(text: str) -> None:
    found = read_name_answer(words_of(text))
    assert found is None or not found.certain


@pytest.mark.parametrize(
    "text",
    [
        *("Gandhi Nagar", "Raju dhaba", "लक्ष्मी होटल", "Hari Om", "सीता राम"),
        *("its Ravi phone", "its Ravi number", "its salman house", "its kiran store"),
        *("this is Ravi phone", "it's Rahul shop"),
        *("Ravi?", "Ravi, Sunil, Meena", "ravi nt", "my name is Ravi and surname is Kumar"),
        *("apna naam Ravi likhwana hai", "mera naam pata hai tumhe", "mera naam Rohit Patna"),
    ],
)
def test_a_name_that_may_be_half_of_one_or_none_is_asked_about(text: str) -> None:
    found = read_name_answer(words_of(text))
    assert found is not None
    assert not found.certain


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("mera naam Bikash Das", "Bikash Das"),
        ("Bikash Das", "Bikash Das"),
        ("my name is Ravi More", "Ravi More"),
        ("mera naam Ram Din hai", "Ram Din"),
        ("my name is Venkata Sai Lakshmi Narayana Rao", "Venkata Sai Lakshmi Narayana Rao"),
        ("main Sunita Ghatkopar se", "Sunita"),
        ("naam Sunita pata Ghatkopar", "Sunita"),
        ("hum Ravi Kumar bol rahe hai", "Ravi Kumar"),
        ("naam-kavita", "kavita"),
        ("Sunita Sunita", "Sunita"),
        ("Mr. Dinesh Patil", "Mr. Dinesh Patil"),
        ("bhai mera naam Ravi hai", "Ravi"),
        ("nahi, mera naam Ravi hai", "Ravi"),
    ],
)
def test_a_name_is_taken_whole_and_without_what_is_around_it(text: str, name: str) -> None:
    found = read_name_answer(words_of(text))
    assert found is not None
    assert (found.value, found.certain) == (name, True)


@pytest.mark.parametrize(
    "word",
    ["Hussain", "Bikash", "Ekka", "Selvam", "Yellamma", "Farida", "फ़रीदा", "Wasim", "Mangesh"],
)
def test_people_of_every_part_of_india_are_called_so(word: str) -> None:
    assert is_called_so(word)
