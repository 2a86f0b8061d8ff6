"""What the chat takes for a company's name and a newcomer's own, and how a wrong one is put right."""

import pytest

from app.nlu.company_name import (
    NameCorrection,
    NameKind,
    SaidNames,
    find_company,
    introduced_names,
    read_name_correction,
    read_names,
)

COMPANY, CONTACT = NameKind.COMPANY, NameKind.CONTACT


@pytest.mark.parametrize(
    "text",
    [
        "kal bataunga",
        "ok",
        "haan",
        "baad mein",
        "not decided yet",
        "why do you need it?",
        "what",
        "👍",
        "पता नहीं",
        "नाम अभी सोचा नहीं",
        "let me think",
        "zaruri hai kya",
        "hmm",
        "do i have to give it",
    ],
)
def test_a_delay_a_question_or_a_yes_names_no_company(text):
    assert read_names(text, COMPANY) == SaidNames()


@pytest.mark.parametrize(
    "text",
    [
        "Sagar Foods",
        "No. 1 Tailors",
        "Hello Kitty Salon",
        "Just Bake",
        "Perfect Caterers",
        "A-1 Tailors",
        "S. K. Rao & Sons",
        "होटल दीप",
        "The Corner Bakery",
        "Sharma ji",
    ],
)
def test_a_name_is_kept_as_it_is_written(text):
    assert find_company(text) == text


@pytest.mark.parametrize(
    ("text", "company", "contact"),
    [
        ("Sagar Foods, my name is Ravi", "Sagar Foods", "Ravi"),
        ("my name is Kavita and my salon is Glow Up", "Glow Up", "Kavita"),
        ("company Juhu Caterers contact Ravi", "Juhu Caterers", "Ravi"),
        ("ghar ke liye, mera naam Meera", "", "Meera"),
        ("दुकान का नाम गुप्ता स्टोर है", "गुप्ता स्टोर", ""),
        ("shop name-Star tailors", "Star tailors", ""),
    ],
)
def test_both_names_are_read_from_one_answer(text, company, contact):
    assert read_names(text, COMPANY) == SaidNames(company, contact)


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("naam galat hai, Meera Nair likho", CONTACT, "Meera Nair"),
        ("naam galat hai", None, ""),
        ("company ka naam Sagar Foods nahi Sagar Caterers hai", COMPANY, "Sagar Caterers"),
        ("mera naam Ravi nahi Ravindra hai", CONTACT, "Ravindra"),
        ("the company name is wrong, it is Juhu Foods", COMPANY, "Juhu Foods"),
        ("नाम गलत है, मीरा लिखो", CONTACT, "मीरा"),
        ("name should be Anil Kumar", CONTACT, "Anil Kumar"),
    ],
)
def test_a_wrong_name_is_put_right(text, kind, name):
    found = read_name_correction(text, "Sagar Foods", "Ravi Kumar")
    assert found == NameCorrection(kind, name)


@pytest.mark.parametrize("text", ["kaam galat hai", "2 log galat hai", "name is Ravi", "Ravi"])
def test_what_says_nothing_wrong_of_a_name_corrects_none(text):
    assert read_name_correction(text, "Sagar Foods", "Ravi Kumar") is None


@pytest.mark.parametrize(
    ("text", "company", "contact"),
    [
        ("600 roz, company Sagar Foods", "Sagar Foods", ""),
        ("need a cook, my name is Meera, shop name is Meera Tiffins", "Meera Tiffins", "Meera"),
        ("company name wrong, it is Meera's Boutique", "Meera's Boutique", ""),
        ("my shop is in Dadar", None, ""),
        ("we are looking for 2 waiters", None, ""),
        ("hamari company ke liye 2 log", None, ""),
        ("name of the work is packing", None, ""),
    ],
)
def test_names_beside_a_job_are_kept(text, company, contact):
    assert introduced_names(text) == SaidNames(company, contact)
