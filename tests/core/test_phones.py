"""A phone is all a number, or it is a slip and is told so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.phones import (
    PhoneNotSupported,
    check_company_phone,
    check_mobile,
    is_special,
    parse_phone,
)
from app.providers.whatsapp.fields import phone


@pytest.mark.parametrize(
    "written",
    [
        "+919812345678",
        " +91 98123 45678 ",
        "+91-98123-45678",
        "+91.98123.45678",
        "098123-45678",
        "(098) 12345678",
        "9812345678",
        "+९१९८१२३४५६७८",
        # Pasted: direction marks, fixed-width spaces, other dashes, a byte order mark.
        "+919812345678\u200b",
        "\u202a+91\u00a098123\u201145678\u202c",
        "\ufeff\u200e+91 98123\u2013\u200945678",
    ],
)
def test_a_number_may_be_divided_as_people_do(written: str) -> None:
    assert parse_phone(written, "IN") == "+919812345678"


@pytest.mark.parametrize(
    "written",
    """+919812345678x|+919812345678 x|+919812345678 ext. 1|tel:+919812345678|abc+919812345678
    |Phone: 9812345678|+919812345678,,|+919812345678;ext=|9812345678#|1800FLOWERS|+91/9812345678
    |+91 98123 45678 or 98123 45679|++919812345678|+91+9812345678|+|()|+91\n9812345678
    """.replace("\n    ", "").split("|"),
)
def test_what_is_not_all_a_number_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"phone number"):
        parse_phone(written, "IN")


@given(st.text(alphabet="0123456789+x,;#abc ()-.\u0967", max_size=20))
def test_nothing_but_digits_and_what_divides_them_is_ever_taken(written: str) -> None:
    try:
        read = parse_phone(written, "IN")
    except ValueError:
        return
    assert read.startswith("+")
    assert not set(written) & set("x,;#abc")


@pytest.mark.parametrize(
    "given", ["+919812345678x", "91981234x678", "tel:91", "९१९८१२३४५६७८", "", None, 5]
)
def test_the_platforms_numbers_are_digits_or_nothing(given: object) -> None:
    assert phone(given) is None


MOBILES = ["+919812345678", "+447911123456", "+12025550123", "+971501234567", "+5511987654321"]

SPECIAL = {
    "premium rate": "+19002345678",
    "premium rate in Europe": "+33899123456",
    "shared cost": "+9118601234567",
    "toll-free": "+911800123456",
    "personal": "+447012345678",
    "personal in America": "+15002345678",
    "pager": "+447600123456",
    "universal access": "+81570012345",
    "Iridium": "+8816123456789",
    "Inmarsat": "+870773111632",
    "Thuraya": "+8821612345678",
    "Globalstar in Russia": "+79541234567",
    "international premium rate": "+979123456789",
    "international shared cost": "+80812345678",
    "international toll-free": "+80012345678",
}


@pytest.mark.parametrize("phone", MOBILES)
def test_a_mobile_is_supported_everywhere(phone: str) -> None:
    check_mobile(phone)
    check_company_phone(phone)
    assert not is_special(phone)


@pytest.mark.parametrize("phone", ["+912269876543", "+390612345678"])
def test_a_landline_is_a_companys_phone_and_gets_no_code(phone: str) -> None:
    check_company_phone(phone)
    with pytest.raises(PhoneNotSupported):
        check_mobile(phone)


@pytest.mark.parametrize("kind", SPECIAL)
def test_a_number_that_is_no_subscribers_is_refused_with_a_sentence(kind: str) -> None:
    phone = SPECIAL[kind]
    for check in (check_mobile, check_company_phone):
        with pytest.raises(PhoneNotSupported) as refusal:
            check(phone)
        [error] = refusal.value.errors
        assert error.field == "phone"
        assert phone not in error.message
    assert is_special(phone)


@pytest.mark.parametrize("phone", ["+999999999999999", "+1", "+", "+551187654321"])
def test_a_number_the_library_does_not_know_is_no_known_kind(phone: str) -> None:
    assert not is_special(phone)
