"""A worker's name is a name: in any script, and with no contact in it where strangers read it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.person_names import is_readable_name
from app.dialogue.worker.questions import good_name
from app.offers.worker_names import shown_name

PEOPLE = """
Asha
S. K. Rao
S.K.Rao
R. Dev
K.Dev
A.P.J. Dev
Md. Arif
O'Brien
D’Souza
Anne-Marie
José Ángel
Élodie
Ram Prasad Singh Yadav
Ek Nath
Do Yeon Kim
Om
Link Singh
Mee
Nau Nihal Singh
Teen Murti Das
आशा कुलकर्णी
एस. के. राव
रामज़ान
अंज़ूर्\u200dया
আশা কুমারী
আশা দাশ
ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ
આશા પટેલ
ଆଶା ଦାସ
ஆஷா குமார்
ఆశా రావు
ಆಶಾ ಗೌಡ
ആശ നായർ
ක්\u200dරිස්ටීන්
عائشہ خان
ᱟᱥᱟ ᱢᱩᱨᱢᱩ
ꯑꯥꯁꯥ ꯗꯦꯕꯤ
""".strip().splitlines()

NO_NAMES = """
Asha 9876543210
Asha 98
आशा ९८७६५
Asha 9️⃣8️⃣
A$ha
asha@okbank
@asha.k
asha@example.com
asha at gmail dot com
www.asha.in
asha.com
K.Dev.com
wa.me/asha
Asha nine eight seven six five four three two one zero
insta: asha
Asha_K
nauaathsaatchhepaanchchaarteendoekshunya
t dot me slash asha
Asha 🙂
.
'-
=HYPERLINK
<b>Asha</b>
Insta.ashakulkarni R.
asha.kulkarni
https://asha
""".strip().splitlines()

digits = st.characters(categories=["Nd"])


@pytest.mark.parametrize("name", PEOPLE)
def test_people_may_be_called_what_they_are_called(name: str) -> None:
    assert good_name(unicodedata.normalize("NFC", name))


@pytest.mark.parametrize("name", [*NO_NAMES, "", "Asha\nRao"])
def test_no_name_carries_a_contact_or_signs(name: str) -> None:
    assert not good_name(name)


@given(st.sampled_from(PEOPLE), digits, st.integers(0, 40))
def test_one_digit_of_any_script_is_one_too_many(name: str, digit: str, place: int) -> None:
    assert not good_name(name[:place] + digit + name[place:])


@pytest.mark.parametrize(
    "name", [*PEOPLE, "Worker 2", "7 Eleven", "Asha 🙂", "Asha (B)", "A$ha", "R2-D2"]
)
def test_a_name_that_can_be_read_is_taken(name: str) -> None:
    assert is_readable_name(unicodedata.normalize("NFC", name))


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "12",
        "...",
        "🙂",
        "\u0301",
        "\u200b",
        "\u200d",
        "\u3164",
        "\u2060",
        "A\u2028B",
        "A\u200bB",
    ],
)
def test_a_name_without_a_letter_or_with_what_cannot_be_seen_is_not(name: str) -> None:
    assert not is_readable_name(name)


@given(st.text(max_size=120))
def test_of_any_text_strangers_read_a_name_of_letters(text: str) -> None:
    seen = shown_name(text)
    assert any(map(str.isalpha, seen))
    assert not any(
        c.isnumeric() or unicodedata.category(c)[0] in "SC" for c in seen if c not in JOINERS
    )


@given(st.sampled_from(NO_NAMES))
def test_no_contact_in_a_name_is_shown(name: str) -> None:
    seen = shown_name(name)
    assert not any(map(str.isdigit, seen))
    assert not any(sign in seen for sign in "@/:_•<>")


JOINERS = "\u200c\u200d"
