"""A phone is all a number, or it is a slip and is told so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.phones import parse_phone
from app.providers.whatsapp_values import phone


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
    ],
)
def test_a_number_may_be_divided_as_people_do(written: str) -> None:
    assert parse_phone(written, "IN") == "+919812345678"


@pytest.mark.parametrize(
    "written",
    """+919812345678x|+919812345678 x|+919812345678 ext. 1|tel:+919812345678|abc+919812345678
    |Phone: 9812345678|+919812345678,,|+919812345678;ext=|9812345678#|1800FLOWERS|+91/9812345678
    |+91 98123 45678 or 98123 45679|++919812345678|+91+9812345678|+|()|+919812345678\u200b|+91\n9812345678
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
