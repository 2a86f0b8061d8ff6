"""People find a skill by what they call the work, in titles that nobody tuned the search for."""

import pytest

from app.catalogue import skills
from tests.catalogue.skill_titles import Title, measure, titles

CORPUS = list(titles())
LEAST_SHARE = 0.95
"""Of the held-out titles of each language, so many have their skill among the first three."""


def test_the_corpus_is_large_and_names_known_skills() -> None:
    assert len(CORPUS) >= 400
    assert {title.language for title in CORPUS} == {"en", "hi", "hinglish"}
    assert {title.expected for title in CORPUS} <= set(skills.SKILLS)
    assert len({title.text.casefold() for title in CORPUS}) == len(CORPUS)
    assert sum(title.held_out for title in CORPUS) >= len(CORPUS) / 6


@pytest.mark.parametrize("held_out", [True, False])
def test_titles_find_their_skill_among_the_first_three(held_out: bool) -> None:
    figures = measure(title for title in CORPUS if title.held_out == held_out)
    low = {name: each for name, each in figures.items() if each.share < LEAST_SHARE}
    assert low == {}


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("CNC operator", "machine_operator"),
        ("porter", "loader"),
        ("gym attendant", "fitness_trainer"),
        ("toilet attendant", "office_cleaner"),
        ("chai wala", "tea_maker"),
        ("shopkeeper", "shop_assistant"),
        ("counter staff", "shop_assistant"),
        ("kaam wali bai", "home_cleaner"),
        ("cameraman", "photographer"),
        ("machine operator", "machine_operator"),
        ("fitter", "fitter"),
        ("dj wala", "dj"),
        ("pop ka kaam", "pop_worker"),
    ],
)
def test_titles_that_found_another_skill_or_none_find_theirs(title: str, slug: str) -> None:
    assert skills.search(title)[0].slug == slug


@pytest.mark.parametrize("title", ["metro attendant", "xerox operator", "spaceship boy", "doctor"])
def test_a_title_is_never_matched_by_who_does_it_alone(title: str) -> None:
    assert skills.search(title) == []


def test_a_title_is_held_out_by_its_words_alone() -> None:
    title = CORPUS[0]
    assert title.held_out == Title(title.text, "another", "other").held_out
