"""Lists, sizes, times and codes stay in a text; a phone number written as a list does not."""

import pytest

from app.masking.harmless_numbers import is_phone_like
from app.masking.mask import MASK, mask


@pytest.mark.parametrize(
    "text",
    [
        "Wages 11k, 14k, 17k and 20k by grade",
        "Stipend 8500 9500 10500 12500 by year",
        "Since 1994, 2,400 seats, two halls",
        "Rs 9,500 + 1,200 travel + 800 food",
        "Rate per plate: 1.50, 2.25, 3.75",
        "Ferries at 7:05 7:50 8:35 9:20",
        "Boards of 600x1200 mm and 800x1800 mm",
        "Screens of 1366x768 and 2560x1440",
        "PIN codes 560001, 560025, 560038 and 560095",
        "Coins and notes: 500 200 100 50 20 10",
        "Buses 201, 212, 225 and 231 stop there",
        "Rs.350/420/480 by skill",
        "Events on 6/11, 8/11, 14/11 and 2/12",
        "Grades 4 5 6 7 8 9 10 11",
        "HSN code 21069099 on the bill",
        "Certified to ISO 45001:2018",
        "Invoice no. 2026/10/00321 is an example",
        "GSTIN 29ABCDE4321K1Z7 is printed on it",
    ],
)
def test_a_list_of_numbers_stays(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize(
    "number",
    [
        "70 75 80 85 90",
        "9 82 451 7360",
        "98 20 45 17 36",
        "9820x4517x36",
        "9 8 7 6 5 4 3 2 1 0",
        "22 2567 8890",
        "022 2567 8890",
        "+91 982 4517 8360",
    ],
)
def test_a_phone_written_as_a_list_is_hidden(number: str) -> None:
    assert mask(f"Ring {number} any day") == f"Ring {MASK} any day"


@pytest.mark.parametrize("label", ["HSN code", "Invoice no.", "Order id", "Train no"])
def test_a_phone_behind_a_label_is_hidden(label: str) -> None:
    assert mask(f"{label} 9820451736") == f"{label} {MASK}"


@pytest.mark.parametrize(
    ("digits", "phone"),
    [
        ("9820451736", True),
        ("02225671834", True),
        ("919820451736", True),
        ("0919820451736", True),
        ("1200150018", False),
        ("411001411004", False),
        ("98204517", False),
    ],
)
def test_a_phone_is_known_by_its_length_and_beginning(digits: str, phone: bool) -> None:
    assert is_phone_like(digits) is phone
