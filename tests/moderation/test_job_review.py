"""Which job texts wait for a person, which are only marked, and which are let through."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.jobs.review import (
    CONTACT,
    NothingToReview,
    ReviewAction,
    ReviewFinding,
    ReviewStatus,
    decide,
    judge,
    status_of,
    version_of,
)

SCAMS = """
ek cheez: joining kit ke liye 300 dena hoga
Bring 500 for uniform, refundable
verification ke 150 dene honge
Registration fee Rs 500 only
Pay 300 rupees for registration and join today
Joining charges 1000/- refundable
Security deposit of Rs. 2000 required before joining
Pay a refundable deposit of ₹500 for the uniform
Uniform deposit 700 rs
Pay to join our team
Pay first then work
Advance payment required to confirm your slot
Pehle 500 rupaye jama karo phir kaam milega
Pehle paise bhejo, phir joining
Registration ke liye 250 rupaye bhejo
Training fees 1500 dena hoga
ID card ka charge 200 rs
पंजीकरण शुल्क 500 रुपये
रजिस्ट्रेशन फीस 300 रुपये जमा करें
पहले पैसे भेजो फिर काम मिलेगा
सिक्योरिटी जमा 1000 रुपये लगेगा
नौकरी के लिए पैसे देना होगा
घर बैठे कमाएं 5000 रुपये रोज
Ghar baithe 30000 mahina kamao
Earn 5000 daily from home
Work from home and earn unlimited income
Like YouTube videos and earn 3000 per day
Online tasks on telegram, commission 2000
Telegram tasks paid daily 5000
Send 500 on GPay to confirm
Scan the QR code to pay the joining amount
UPI ID: hiring.team@okaxis
Pay via PhonePe to register
Paytm karo 200 rupaye
Buy Amazon gift cards and send the codes
Send gift card codes to the manager
Buy USDT for the company
Share the OTP you receive with HR
OTP batana hoga joining ke liye
ओटीपी हमें भेजना होगा
Give your bank account on rent, 10000 monthly
Original documents will be kept with us
Submit original Aadhaar and marksheet at joining
ओरिजिनल मार्कशीट जमा करनी होगी
R e g i s t r a t i o n  f e e 500
Reg1strat10n f33 500
Regi.stra.tion fee 500
S3cur1ty d3p0$it 1000
Registration. Fee. 500.
Security money 500 lagega
Invest Rs 2000 and double your money
No experience needed, registration fee 200
No fee for girls, boys pay 500 joining fee
Registration fee is not refundable
Non-refundable fee of 100
Pencil packing work from home
You need to buy our starter kit before joining
Data entry work from home 25000 monthly
Lucky draw winner gets job, lottery win
Paise do naukri lo
500 rs security deposit
processing fees 99 only
Deposit Rs 1000 to join
Joining kit kharidna hoga 1200 ka
Pay the registration fee, it is not much
""".strip().splitlines()
"""What nobody may ask of a worker, as it is really written."""

HONEST = """
Get 500 for joining bonus
500 for training is paid to you
You earn 600 for training day
Stipend 500 for training
No registration fee
No registration fee, no deposit
There is no joining fee of any kind
We never ask for a security deposit
We pay a deposit of wages weekly
Cashier handles deposits
UPI payments accepted at the till
Wages are paid by UPI every day
Salary deposited in your bank account every month
Koi registration fee nahi
Registration fees nahi lagegi
कोई पंजीकरण शुल्क नहीं
रजिस्ट्रेशन फीस नहीं लगेगी
बिना किसी फीस के
Bina registration fee ke join karein
Free registration, free training
Training is free and paid
We pay your training fees
Uniform provided free of charge
Collect registration fees from participants at the event desk
You will collect the security deposit from tenants
Deposit cash at the bank every evening
Take cash deposits to the bank
Security guard for night shift
Customers pay first at the counter
Customers pay first, then you serve
Handle UPI and card payments
Help customers scan the QR code
Paid daily via GPay
Aapko roz paise UPI se milenge
Never share your OTP with anyone
Take the OTP from the customer at delivery
Ask the customer for the OTP before handing over the parcel
Sell gift cards at our counter
Gift wrapping during the season
Copies of Aadhaar to be submitted
Bring original Aadhaar for verification
Show your original ID, it is returned at once
Work from home two days a week
Earn up to 800 a day with tips
Earn good tips as a waiter, food from home allowed
Data entry operator at our office, Excel needed
Pay is 500 a day
We pay 150 an hour, first payment after the first week
First pay on Saturday
Advance salary possible after one month
Beware of anyone asking for a registration fee
Do not pay anyone for this job
Never pay a fee to get this job
You don't have to pay anything to join
Joining date 1 December
Join our team
Form filling help for patients at the hospital desk
Membership desk: collect membership fees from members
Refer a friend
Packing of pens at our factory in Vasai
Watch over the children while playing games
Tuition fee counter clerk for a school
Delivery boy with bike
Cook for a family, vegetarian
Security deposit not required
Deposit is not needed
Fee: nil
No hidden charges, no advance
We don't charge workers anything
Home delivery, earn 40 per order
Petrol paid per km
Serve guests at a busy cafe
Meals included
Teller: accept deposits and withdrawals at the branch
Clean the video room and the games corner
18+ only
Must be at least 18 years old
No refunds
""".strip().splitlines()
"""What sounds like it and is meant otherwise: such a job must not wait."""

UNEQUAL = {
    "Only girls": "gender",
    "Female candidates only": "gender",
    "Sirf ladke chahiye": "gender",
    "सिर्फ लड़कियां चाहिए": "gender",
    "Male only": "gender",
    "Boys required for catering": "gender",
    "Only Hindu candidates": "religion",
    "No Muslims": "religion",
    "Brahmin cook wanted": "caste",
    "Upper caste only": "caste",
    "Unmarried girls preferred": "marital_status",
    "अविवाहित लड़की चाहिए": "marital_status",
    "Age 18 to 25 years": "age",
    "Below 30 years": "age",
    "Age limit 35": "age",
    "Good looking girls for hostess work": "looks",
    "Fair complexion": "looks",
    "Sundar ladki chahiye": "looks",
    "Only Maharashtrian people": "origin",
    "No Biharis": "origin",
    "Local people only": "origin",
    "Young boys wanted": "age",
    "Max age 28": "age",
    "Umar 18 se 25": "age",
}
"""What the law may forbid to ask for, and the kind it is of."""

LAWFUL = """
Women's changing-room attendant
Female attendant for the ladies' changing room
Women security staff for frisking female guests
18+
Age above 18
Minimum age 21 because alcohol is served
Male or female, both can apply
Men and women welcome
Ladies tailor
Gents salon helper
Sales staff for women's wear
Female caretaker required for elderly lady
Take care of children aged 5 to 10
Kids party helper, children under 12 years
North Indian cook
Gujarati thali chef
Marathi speaking receptionist
Jain food cook
Muslim wedding catering
Bachelor's degree in commerce
Beautiful cafe by the sea
Good looking plating
Fair pay, fair treatment
2 to 3 years experience
Upto 20 km
Under 30 minutes delivery
Hindu temple festival stall
All castes welcome, caste no bar
Married or unmarried, everybody can apply
""".strip().splitlines()
"""What names such a thing with good reason, or another thing."""


def review(text: str, title: str = "Waiter") -> list[ReviewFinding]:
    return judge({"title": title, "description": text})


def kinds(text: str) -> set[str]:
    return {finding.kind for finding in review(text)}


@pytest.mark.parametrize("text", SCAMS)
def test_a_scam_is_held_and_the_sentence_named(text: str) -> None:
    found = review(text)
    assert status_of(found) is ReviewStatus.HELD
    plain = " ".join(f"Waiter {text}".replace(".", " ").split())
    assert all(" ".join(f.sentence.replace(".", " ").split()) in plain for f in found)


@pytest.mark.parametrize("text", HONEST)
def test_an_honest_text_does_not_wait(text: str) -> None:
    assert review(text) == []


@pytest.mark.parametrize(("text", "kind"), UNEQUAL.items())
def test_an_unequal_demand_is_marked_and_does_not_wait(text: str, kind: str) -> None:
    assert kind in kinds(text)
    assert status_of(review(text)) is ReviewStatus.FLAGGED


@pytest.mark.parametrize("text", LAWFUL)
def test_a_demand_the_work_itself_makes_is_not_marked(text: str) -> None:
    assert review(text) == []


@pytest.mark.parametrize("text", ["Call 98200 55123", "Mail a.b@c.in", "wa.me/919820055123"])
def test_a_contact_is_marked_and_does_not_wait(text: str) -> None:
    assert kinds(f"Serve guests. {text}!") == {CONTACT}
    assert review(f"Serve guests. {text}!")[0].sentence == text


def test_a_denial_covers_its_own_sentence_only() -> None:
    assert kinds("No registration fee. Security deposit 1000.") == {"deposit"}
    assert kinds("No. Registration fee 500.") == {"fee"}
    assert kinds("Registration fee 500. No refunds.") == {"fee"}


def test_a_scam_may_lie_across_title_and_description() -> None:
    assert status_of(review("fee 500 rupees.", title="Registration")) is ReviewStatus.HELD


invisible = st.lists(
    st.sampled_from(["", "\u200b", "\u00ad", "\u2060", "\u200d"]), min_size=40, max_size=40
)
look_alike = str.maketrans("aeopcxis", "\u0430\u0435\u043e\u0440\u0441\u0445\u0456\u0455")
leet = str.maketrans("aeios", "43105")
plain_scams = st.sampled_from(
    ["registration fee 500", "security deposit required", "buy gift cards and send the codes"]
)


@given(plain_scams, invisible)
def test_invisible_characters_hide_nothing(text: str, between: list[str]) -> None:
    dressed = "".join(a + b for a, b in zip(text, between, strict=False))
    assert status_of(review(dressed)) is ReviewStatus.HELD


@given(plain_scams, st.lists(st.integers(0, 4), min_size=40, max_size=40))
def test_look_alikes_leet_capitals_and_wide_letters_hide_nothing(
    text: str, choices: list[int]
) -> None:
    def dressed(letter: str, way: int) -> str:
        if not letter.isalpha():
            return letter
        wide = chr(ord(letter) + 0xFEE0)
        return [letter, letter.upper(), letter.translate(look_alike), letter.translate(leet), wide][
            way
        ]

    worn = "".join(dressed(letter, way) for letter, way in zip(text, choices, strict=False))
    assert status_of(review(worn)) is ReviewStatus.HELD


@given(plain_scams, st.sampled_from(" .-_*"))
def test_letters_apart_hide_nothing(text: str, apart: str) -> None:
    dressed = "  ".join(apart.join(word) for word in text.split())
    assert status_of(review(dressed)) is ReviewStatus.HELD


@example("Registration. Fee. 500.", "No registration fee", "No registration fee")
@given(st.sampled_from(SCAMS), st.sampled_from(HONEST), st.sampled_from(HONEST))
def test_honest_sentences_around_it_hide_nothing(scam: str, before: str, after: str) -> None:
    assert status_of(review(f"{before}.\n{scam}.\n{after}.")) is ReviewStatus.HELD


@given(st.lists(st.sampled_from(HONEST + LAWFUL), max_size=12))
def test_honest_sentences_together_are_honest(sentences: list[str]) -> None:
    assert status_of(review(".\n".join(sentences) or "-")) is not ReviewStatus.HELD


@given(st.text(max_size=400))
def test_any_text_can_be_judged(text: str) -> None:
    assert status_of(review(text)) in {
        ReviewStatus.CLEAR,
        ReviewStatus.FLAGGED,
        ReviewStatus.HELD,
    }


@given(st.dictionaries(st.sampled_from(["title", "city"]), st.text(max_size=5), min_size=1))
def test_another_text_is_another_version(texts: dict[str, str]) -> None:
    field = next(iter(texts))
    assert version_of(texts) == version_of(dict(reversed(texts.items())))
    assert version_of(texts) != version_of({**texts, field: texts[field] + "."})


@pytest.mark.parametrize("action", ReviewAction)
@pytest.mark.parametrize("status", ReviewStatus)
def test_a_person_decides_once_about_what_waits(status: ReviewStatus, action: ReviewAction) -> None:
    if status in {ReviewStatus.HELD, ReviewStatus.FLAGGED}:
        decided = decide(status, action)
        assert decided == {"approve": "approved", "decline": "declined"}[action]
        return
    with pytest.raises(NothingToReview):
        decide(status, action)


@pytest.mark.parametrize(
    "text",
    [
        "Id of the job.",
        "Contact details follow after unlock",
        "Call me at +91 98765 43210 for details",
        "Send your CV on whatsapp",
        "Send a photo of the finished work",
        "Details will be told on call",
        "Apply with your name and area",
        "Call 98765 43210 between 10 and 6",
        "Test job",
        "Lorem ipsum dolor sit amet",
    ],
)
def test_words_alone_hold_no_text_that_asks_for_nothing_of_value(text: str) -> None:
    found = judge({"title": "Waiter for brunch", "description": text})
    assert not any(finding.holds for finding in found)
