"""A job composed of its parts in any order: what is read of each is what was said, or is asked for, never another."""

import datetime as dt

from hypothesis import given, settings
from hypothesis import strategies as st

from app.nlu.job_request import read
from tests.infra.sweeps import examples

TODAY = dt.date(2026, 11, 23)
NUMBERS = {"2": 2, "3": 3, "12": 12, "two": 2, "paanch": 5}
ROLES = {
    "waiters": "waiter",
    "cook": "cook",
    "security guard": "security_guard",
    "tailor": "tailor",
    "receptionist": "reception",
    "वेटर": "waiter",
}
PLACES = {"Bandra": "Bandra", "in Dadar": "Dadar", "Kothrud Pune": "Kothrud", "Powai mein": "Powai"}
DAYS = {
    "tomorrow": dt.date(2026, 11, 24),
    "kal": dt.date(2026, 11, 24),
    "on 5 december": dt.date(2026, 12, 5),
    "5 dec": dt.date(2026, 12, 5),
}
HOURS = {
    "10 am to 6 pm": (600, 1080),
    "6 pm to 11 pm": (1080, 1380),
    "subah 9 se shaam 5": (540, 1020),
}
PAY = {
    "800 per day": (80_000, "day"),
    "₹150/hour": (15_000, "hour"),
    "600 rupay roz": (60_000, "day"),
    "12k per month": (1_200_000, "month"),
}
BETWEEN = st.sampled_from([", ", ". ", "\n", "; ", " "])


@settings(max_examples=examples(120), deadline=None)
@given(
    number=st.sampled_from(sorted(NUMBERS)),
    role=st.sampled_from(sorted(ROLES)),
    place=st.sampled_from(sorted(PLACES)),
    day=st.sampled_from(sorted(DAYS)),
    hours=st.sampled_from(sorted(HOURS)),
    pay=st.sampled_from(sorted(PAY)),
    order=st.permutations(range(5)),
    left_out=st.sets(st.integers(0, 4), max_size=3),
    between=BETWEEN,
)
def test_each_part_is_read_as_it_was_said_or_not_at_all(
    number, role, place, day, hours, pay, order, left_out, between
) -> None:
    parts = [f"{number} {role}", place, day, hours, pay]
    said = [parts[at] for at in order if at not in left_out]
    found = read(between.join(said), TODAY, city="Mumbai")
    assert found.skill in {None, ROLES[role]} if 0 not in left_out else found.skill is None
    assert found.people in {None, NUMBERS[number]} if 0 not in left_out else found.people is None
    name = (found.place or {}).get("name")
    assert name in {None, PLACES[place]} if 1 not in left_out else name is None
    assert found.starts_on in ({None, DAYS[day]} if 2 not in left_out else {None})
    spans = tuple((start, end) for _, start, end in found.spans)
    assert spans in ({(), (HOURS[hours],)} if 3 not in left_out else {()})
    amount = (found.amount, found.per)
    assert amount in ({(None, None), PAY[pay]} if 4 not in left_out else {(None, None)})


@settings(max_examples=examples(120), deadline=None)
@given(
    number=st.sampled_from(sorted(NUMBERS)),
    word=st.sampled_from(["attendant", "porter", "operator", "cafe", "restaurant", "clinic"]),
    before=st.sampled_from(["need", "we want", "", "urgently need", "mujhe"]),
    after=st.sampled_from(["", "chahiye", "for tomorrow", "in Bandra"]),
)
def test_a_word_of_several_trades_is_never_taken_for_one(number, word, before, after) -> None:
    found = read(f"{before} {number} {word} {after}".strip(), TODAY, city="Mumbai")
    assert found.skill is None


@settings(max_examples=examples(60), deadline=None)
@given(
    whole=st.sampled_from(
        [
            ("CNC operator", "machine_operator"),
            ("parking attendant", "parking_attendant"),
            ("hospital attendant", "nursing_aide"),
            ("forklift operator", "forklift"),
            ("data entry operator", "data_entry"),
        ]
    ),
    number=st.sampled_from(sorted(NUMBERS)),
    after=st.sampled_from(["", ", Bandra, tomorrow", " chahiye kal", ". 600 per day"]),
)
def test_a_trade_called_by_its_whole_name_is_that_trade(whole, number, after) -> None:
    name, slug = whole
    found = read(f"{number} {name}{after}", TODAY, city="Mumbai")
    assert found.skill in {slug, None}
    assert found.skill == slug or slug in found.skills
