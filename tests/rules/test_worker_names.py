"""A worker's name is a name: in any script, and with no contact in it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.chat.about_person import good_name

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
