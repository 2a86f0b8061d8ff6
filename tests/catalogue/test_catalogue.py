"""Skills are found by what people call them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalogue import skills
from app.catalogue.skills import (
    CATEGORIES,
    MASK_BITS,
    MOST_BITS,
    SKILLS,
    fold,
    masks,
    search,
    unknown,
)

SLUGS = sorted(SKILLS)


def test_there_are_about_a_hundred_skills_in_known_categories() -> None:
    assert len(SKILLS) >= 100
    assert {skill.category for skill in SKILLS.values()} <= set(CATEGORIES)


def test_every_skill_has_names_in_both_languages_and_an_occupation() -> None:
    for skill in SKILLS.values():
        assert skill.name("en").isascii()
        assert any("\u0900" <= c <= "\u097f" for c in skill.name("hi")), skill.slug
        assert len(skill.isco08) == 4
        assert skill.isco08.isdigit()


def test_bits_are_permanent_places_nobody_shares() -> None:
    bits = [skill.bit for skill in SKILLS.values()]
    assert len(set(bits)) == len(bits)
    assert max(bits) < MOST_BITS


def test_a_server_is_a_waiter_and_nothing_in_it() -> None:
    found = search("server")
    assert found[0].slug == "waiter"
    assert all(skill.category != "it" for skill in found)


@pytest.mark.parametrize("slug", SLUGS)
def test_a_skill_is_found_by_each_of_its_names(slug: str) -> None:
    skill = SKILLS[slug]
    for name in skill.known_as:
        assert search(name, limit=1)[0] is skill or skill in search(name), name


@pytest.mark.parametrize(
    ("typed", "slug"),
    [
        ("waitr", "waiter"),
        ("WAITER ", "waiter"),
        ("बैरा", "waiter"),
        ("सफाई", "home_cleaner"),
        ("dlivery", "bike_delivery"),
        ("plumbr", "plumber"),
        ("darzi", "tailor"),
        ("chowkidar", "security_guard"),
        ("नौकरानी", "home_cleaner"),
        ("झाड़ू पोछा", "home_cleaner"),
        ("सिक्योरिटी", "security_guard"),
        ("मैकेनिक", "car_mechanic"),
        ("बच्चे संभालना", "child_care"),
    ],
)
def test_what_people_type_finds_what_they_mean(typed: str, slug: str) -> None:
    assert search(typed)[0].slug == slug


def test_asking_for_nothing_lists_all_in_a_fixed_order() -> None:
    assert search("", limit=1_000) == search("  ", limit=1_000)
    assert {skill.slug for skill in search("", limit=1_000)} == set(SLUGS)


def test_nonsense_finds_nothing() -> None:
    assert search("qqqqxxxx") == []


@given(st.text(max_size=60))
def test_no_text_breaks_the_search_and_asking_twice_gives_the_same(text: str) -> None:
    assert search(text) == search(text)
    assert fold(fold(text)) == fold(text)


@given(st.sets(st.sampled_from(SLUGS)))
def test_masks_hold_exactly_the_skills(chosen: set[str]) -> None:
    low, high = masks(chosen)
    assert 0 <= low < 2**MASK_BITS
    assert 0 <= high < 2**MASK_BITS
    assert low.bit_count() + high.bit_count() == len(chosen)
    for slug in SLUGS:
        one_low, one_high = masks([slug])
        has = bool(low & one_low or high & one_high)
        assert has == (slug in chosen)


def test_unknown_skills_are_named() -> None:
    assert unknown(["waiter", "wizard"]) == ["wizard"]
    assert skills.names(["waiter", "wizard"], "hi") == ["वेटर", "wizard"]


@pytest.mark.parametrize(
    ("typed", "slug"),
    [
        ("data entry operator", "data_entry"),
        ("security guard job", "security_guard"),
        ("सिक्योरिटी गार्ड की नौकरी", "security_guard"),
        ("I am a cook", "cook"),
    ],
)
def test_a_skill_is_found_within_a_sentence(typed: str, slug: str) -> None:
    assert search(typed)[0].slug == slug


def test_a_short_word_within_a_sentence_is_no_skill() -> None:
    assert search("nai chahiye") == []  # "not wanted"; "nai" alone is a barber
    assert search("nai")[0].slug == "hairdresser"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("झाड़ू", "झाडू"),
        ("गुड़गाँव", "गुड़गांव"),
        ("क्\u200dषमा", "क्षमा"),
        ("  Café-Staff ", "cafe staff"),
    ],
)
def test_spellings_that_mean_the_same_are_compared_alike(one: str, other: str) -> None:
    assert fold(one) == fold(other)


EVERYDAY = """
home_cleaner: cleaning, cleaner, safai, सफ़ाई, सफाई, bai, saaf safai, safai wala
home_cleaner: jhadu pocha, झाड़ू पोंछा, ghar ki safai, ghar ka kaam, housework, house cleaning
office_cleaner: housekeeping, sweeper, office cleaning
car_driver: driver, driving, ड्राइवर, gaadi chalana
home_cook: khana, khana banana, खाना बनाना, khana pakana
cook: cook, cooking, bawarchi, कुक
kitchen_helper: helper, हेल्पर, kitchen
security_guard: guard, गार्ड, security, watchman, chowkidar
shop_assistant: shop, dukan, दुकान, store, sales
bike_delivery: delivery, डिलीवरी, parcel, blinkit, courier
data_entry: computer, कंप्यूटर, computer ka kaam, typing
tutor: teacher, tuition, शिक्षक, bachcho ko padhana, टीचर
child_care: aaya, आया, baby, bachche, baby care
waiter: hotel, hotel work, restaurant
laundry: press, kapde dhona, washing clothes
sorter: parcel sorting
factory_helper: company work
""".strip().splitlines()


@pytest.mark.parametrize(
    ("slug", "said"),
    [
        (slug, word)
        for slug, words in (line.split(": ") for line in EVERYDAY)
        for word in words.split(", ")
    ],
)
def test_an_everyday_word_means_first_what_most_people_mean_by_it(slug: str, said: str) -> None:
    assert skills.search(said)[0].slug == slug


@pytest.mark.parametrize(
    ("said", "slug"),
    [
        ("watier", "waiter"),
        ("2 watier", "waiter"),
        ("clenaer", "home_cleaner"),
        ("drvier", "car_driver"),
    ],
)
def test_letters_that_changed_places_are_likelier_than_another_word(said: str, slug: str) -> None:
    assert skills.search(said)[0].slug == slug
