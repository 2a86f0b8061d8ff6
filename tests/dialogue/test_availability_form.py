"""The form for free times: whole in every language, within the platform's limits, and read strictly."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.languages import languages
from app.core.week import WEEKDAYS, Slot, overlaps
from app.dialogue.worker import hours_form
from app.providers.whatsapp import flows
from app.texts.message import Outgoing

LAYOUT: dict[str, Any] = json.loads(flows.layout())
SCREEN = LAYOUT["screens"][0]
FIELDS = SCREEN["layout"]["children"][0]["children"]
LIMITS = {"CheckboxGroup": 30, "Dropdown": 20, "Footer": 35, "TextBody": 4096}


@pytest.mark.parametrize("language", languages())
def test_a_language_fills_in_all_that_the_form_leaves_open(language: str) -> None:
    form = hours_form.form(language, "1")
    assert set(form.data) == set(SCREEN["data"])
    assert set(re.findall(r"\$\{data\.(\w+)\}", flows.layout())) == set(form.data)
    assert form.screen == SCREEN["id"]
    assert Outgoing("When?", form=form).problem() is None


@pytest.mark.parametrize("language", languages())
def test_what_the_form_shows_is_within_the_platforms_limits(language: str) -> None:
    data = hours_form.form(language, "1").data
    for part in FIELDS:
        text = str(part.get("label") or part["text"])
        shown = data[text.removeprefix("${data.").removesuffix("}")]
        assert 0 < len(shown) <= LIMITS[part["type"]], part
    assert len(data["day_choices"]) <= 20
    assert len(data["time_choices"]) <= 200
    for choice in (*data["day_choices"], *data["time_choices"]):
        assert 0 < len(choice["title"]) <= 30
    ids = [choice["id"] for choice in data["time_choices"]]
    assert len(ids) == len(set(ids))


def test_the_form_asks_for_what_is_read() -> None:
    names = [part["name"] for part in FIELDS if part.get("name")]
    assert names == ["days", "starts", "ends", "days_2", "starts_2", "ends_2"]
    payload = FIELDS[-1]["on-click-action"]["payload"]
    assert payload == {name: f"${{form.{name}}}" for name in names}


@pytest.mark.parametrize(
    ("answers", "slots"),
    [
        ({"days": ["monday"], "starts": ["18:00"], "ends": ["22:00"]}, [Slot(0, 1080, 1320)]),
        ({"days": ["friday"], "starts": ["22:00"], "ends": ["06:00"]}, [Slot(4, 1320, 360)]),
        ({"days": ["monday"], "starts": ["18:00"]}, [Slot(0, 1080, 0)]),
        ({"days": ["monday"]}, [Slot(0, 0, 720), Slot(0, 720, 0)]),
        (
            {"days": ["monday"], "starts": ["all_day"], "ends": ["22:00"]},
            [Slot(0, 0, 720), Slot(0, 720, 0)],
        ),
        (
            {
                "days": ["sunday", "monday"],
                "starts": ["09:00"],
                "ends": ["12:00"],
                "days_2": ["monday"],
                "starts_2": ["11:00"],
                "ends_2": ["14:00"],
            },
            [Slot(0, 540, 840), Slot(6, 540, 720)],
        ),
        ({}, None),
        ({"days": []}, None),
        ({"days": ["someday"]}, None),
        ({"days": ["monday"], "starts": ["25:00"]}, None),
        ({"days": ["monday"], "starts": ["18:00"], "ends": ["18:00"]}, None),
        ({"days": ["monday"], "starts": ["18:00", "19:00"]}, None),
        ({"days": ["monday"], "starts": ["18:00' OR 1"]}, None),
    ],
)
def test_a_form_is_read_as_a_whole_or_not_at_all(
    answers: dict[str, list[str]], slots: list[Slot] | None
) -> None:
    assert hours_form.read(answers) == slots


words = st.one_of(
    st.sampled_from([*WEEKDAYS, "all_day", "00:00", "08:30", "18:00", "24:00"]), st.text(max_size=9)
)
fields = st.one_of(
    st.sampled_from(["days", "starts", "ends", "days_2", "starts_2", "ends_2"]), st.text(max_size=9)
)


@given(st.dictionaries(fields, st.lists(words, max_size=8), max_size=8))
def test_no_form_breaks_the_reader_and_no_slots_overlap(answers: dict[str, list[str]]) -> None:
    slots = hours_form.read(answers) or []
    for position, slot in enumerate(slots):
        assert not overlaps(slot, slots[:position])
