"""Kinds of scams that strangers' posts showed, each beside honest work in the same words; and a phone
number, which is never an amount."""

import pytest

from app.jobs.review import LIKE_A_SCAM, judge
from app.masking.digit_runs import without_phones


def holding(text: str) -> list[str]:
    """Return the kinds by rule for which a job with this description waits."""
    found = judge({"title": "Helper wanted", "description": text})
    return [finding.kind for finding in found if finding.holds and finding.kind != LIKE_A_SCAM]


@pytest.mark.parametrize(
    "text",
    [
        "Packets come to your home, you stick a new label and post them again.",
        "Maal aapke ghar aayega, naya label lagakar dobara bhejna hai",
        "Municipal clerk without exam through our contact in the office, 1.5 lakh, half now.",
        "रेलवे में बिना परीक्षा नौकरी, तीन लाख में",
        "Doston ko jodo, har ek 700 dega, usme se 250 tumhara",
        "Masseuse for evenings, happy ending gets more tips.",
        "Sundar ladki chahiye, seth ke saath raat bitana, 25000",
        "You get a cheque from us, keep 5,000 and wire back the difference.",
        "Second level of tasks opens when you load 1,500.",
        "PAN and Aadhaar front and back by WhatsApp tonight.",
        "Hotel job in Laos, visa free, passport kept by the manager.",
        "Install our app and allow all permissions.",
    ],
)
def test_a_scam_is_held_by_the_parts_of_its_kind(text: str) -> None:
    assert holding(text)


@pytest.mark.parametrize(
    "text",
    [
        "Stick labels on packets in our godown, they go out again at six.",
        "Clerk in a coaching centre for railway exams, 14,000.",
        "Bring a friend: 400 for you after a month, paid by us.",
        "Masseur for a sports club with a physiotherapy certificate.",
        "Care for an elderly lady, stay overnight, 900.",
        "Explain the registration fee of the school to parents.",
        "Agent who checks addresses of loan applicants, 45 per visit.",
        "Recharge shop needs a boy for UPI and cash, 9,000.",
        "We lend you the cycle and the helmet, both stay with us at night.",
        "Form bharna aur print nikalna, cyber cafe me, 8500",
        "Exam duty on Sunday, 650, bring photo ID.",
        "घर पर सिलाई, कपड़ा हम देंगे, एक पीस के 90 रुपये",
    ],
)
def test_honest_work_in_the_same_words_is_not_held(text: str) -> None:
    assert holding(text) == []


@pytest.mark.parametrize(
    "phone",
    [
        "98765 43210",
        "9876543210",
        "+91 98765 43210",
        "987-654-3210",
        "९८७६५ ४३२१०",
        "022 2567 1834",
        "2567 1834",
    ],
)
def test_a_phone_number_is_no_amount(phone: str) -> None:
    for text in (
        f"Send your name and age on {phone} before coming",
        f"Joining: message {phone} first",
        f"Aane se pehle naam {phone} par bhejo",
    ):
        found = judge({"title": "Helper wanted", "description": text})
        assert [finding for finding in found if finding.holds] == []


@pytest.mark.parametrize(
    "text",
    [
        "Send 500 on 98765 43210 before coming",
        "Pay 1500 or 2000 before joining, call 98765 43210",
        "Joining fee 2500 3000 before the interview",
    ],
)
def test_an_amount_beside_a_phone_number_is_one(text: str) -> None:
    assert "fee" in holding(text)


@pytest.mark.parametrize(
    "text",
    ["Pay 12000 15000 18000", "From 2026-11-30, 10-18, 400050", "Slots 2500 3500", "no digits"],
)
def test_amounts_and_dates_are_no_phone_numbers(text: str) -> None:
    assert without_phones(text) == text
