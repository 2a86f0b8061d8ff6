"""Every text, in every language: complete, within the platform's limits, harmless."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import app.texts
from app.core.languages import Language, languages
from app.messaging.outbox.enqueue import BY_SMS
from app.messaging.outbox.sms_segments import segments
from app.nlu.intents import Intent
from app.nlu.vocabulary import vocabulary
from app.texts.catalogue import (
    SAMPLES,
    Entry,
    TemplateText,
    format_context,
    format_reason,
    get_catalogue,
    kind_of_template,
    render_chat,
    render_notice,
    templates,
)
from app.texts.formatting import FILTERS, clock, day, hours, inert, money, weekdays
from app.texts.message import BODY_CHARACTERS

FOLDER = Path(app.texts.__file__).parent / "locales"
RAW = {file.stem: tomllib.loads(file.read_text(encoding="utf-8")) for file in FOLDER.glob("*.toml")}
OTHERS = [language for language in languages() if language != "en"]

CHAT_SAMPLES: dict[str, Any] = {
    "balance": {"amount": 123_450, "currency": "INR"},
    "credits": {"amount": 230_000, "currency": "INR"},
    "missing": "your skills, your free times",
    **SAMPLES,
    "skills": ["waiter", "cook"],
    "said": "xyz",
    "place": "Bandra West, Mumbai",
    "facts": {"name": "Asha", "skills": ["waiter"], "place": "Thane", "km": 5, "years": 3},
    "years": 3,
    "count": 2,
    "example": 10,
    "list": "• one\n• two",
    "ahead": 1,
    "percent": "26%",
    "advice": "• one\n• two",
    "email": "o•••@e•••.com",
    "employer_id": SAMPLES["offer_id"],
    "job_id": SAMPLES["offer_id"],
    "people": 2,
    "asked": 12,
    "accepted": 3,
    "unlocked": 1,
    "standing": "open",
    "radius": "from within 5 km",
    "token": "0a1b2c3d4e5f",
    "total": 4,
    "new": {"amount": 18_000, "currency": "INR", "per": "hour"},
}


def entries(language: str) -> dict[str, Entry]:
    found = {f"notice.{kind}": entry for kind, entry in get_catalogue(language).notices.items()}
    return found | {f"chat.{kind}": entry for kind, entry in get_catalogue(language).chat.items()}


def test_there_is_a_catalogue_for_every_language_one_can_choose() -> None:
    assert set(languages()) == {language.value for language in Language} == set(RAW)


@pytest.mark.parametrize(("years", "said"), [(0, "0 years"), (1, "1 year"), (12, "12 years")])
def test_one_year_is_not_years(years: int, said: str) -> None:
    told = render_chat("en", "profile", CHAT_SAMPLES | {"years": years}).text
    assert f"Experience: {said}\n" in told


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_has_every_text_with_the_same_values_and_buttons(language: str) -> None:
    english, other = entries("en"), entries(language)
    assert set(english) == set(other)
    for kind, entry in english.items():
        theirs = other[kind]
        assert set(entry.placeholders) == set(theirs.placeholders), kind
        assert list(entry.buttons) == list(theirs.buttons), kind
        assert list(entry.rows) == list(theirs.rows), kind
        assert (entry.category, entry.ask, bool(entry.rows_label)) == (
            theirs.category,
            theirs.ask,
            bool(theirs.rows_label),
        ), kind


@pytest.mark.parametrize(
    "section",
    ["words", "form", "data"],
)
@pytest.mark.parametrize("language", OTHERS)
def test_a_language_has_every_word(language: str, section: str) -> None:
    assert not set(RAW["en"][section]) - set(RAW[language][section])


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_has_every_list_of_phrases(language: str) -> None:
    english, other = vocabulary("en"), vocabulary(language)
    assert english.keys() == other.keys()
    for section, lists in english.items():
        assert not lists.keys() - other[section].keys()
    assert other["intents"].keys() == {intent.value for intent in Intent}


def test_every_filter_a_text_names_exists() -> None:
    used = {
        kind
        for language in languages()
        for e in entries(language).values()
        for _, kind in e.placeholders
    }
    assert used <= set(FILTERS)


@pytest.mark.parametrize("kind", sorted(get_catalogue("en").chat))
@pytest.mark.parametrize("language", languages())
def test_a_text_of_the_conversation_is_within_the_limits(language: str, kind: str) -> None:
    params = CHAT_SAMPLES
    if kind in {"registered", "ask_availability_right", "profile"}:
        params = params | {"slots": SAMPLES["slots"]}
    outgoing = render_chat(language, kind, params)
    assert outgoing.problem() is None
    assert "{" not in outgoing.text
    if outgoing.rows:
        assert not outgoing.buttons


@pytest.mark.parametrize("kind", sorted(get_catalogue("en").notices))
@pytest.mark.parametrize("language", languages())
def test_a_notice_is_within_the_limits_of_message_and_template(language: str, kind: str) -> None:
    outgoing = render_notice(language, kind, SAMPLES)
    assert outgoing.problem() is None
    assert "{" not in outgoing.text + outgoing.subject
    assert outgoing.subject
    template = outgoing.template
    assert template is not None
    assert len(outgoing.text) <= BODY_CHARACTERS
    assert [button.id for button in outgoing.buttons] == list(template.payloads)
    for value in template.params:
        assert value.strip()
        assert not re.search(r"[\n\t]| {4}", value)


@pytest.mark.parametrize("language", languages())
def test_what_may_go_by_sms_has_a_short_text(language: str) -> None:
    notices = get_catalogue(language).notices
    assert {kind for kind, entry in notices.items() if entry.sms} == BY_SMS
    for kind in BY_SMS:
        said = render_notice(language, kind, SAMPLES).short
        assert segments(said) <= 3
        assert "{" not in said


@pytest.mark.parametrize("template", templates(), ids=lambda t: f"{t.name}-{t.language}")
def test_a_template_is_one_the_platform_approves(template: TemplateText) -> None:
    assert re.fullmatch(r"[a-z0-9_]{1,512}", template.name)
    numbers = [int(number) for number in re.findall(r"\{\{(\d+)\}\}", template.text)]
    assert list(dict.fromkeys(numbers)) == list(range(1, max(numbers, default=0) + 1))
    if template.category != "authentication":
        assert len(template.examples) == max(numbers, default=0)
        # The platform refuses a text that starts or ends with a value, or is little but values.
        assert not re.match(r"\W*\{\{", template.text)
        assert not re.search(r"\}\}\s*$", template.text)
    assert len(template.text) <= BODY_CHARACTERS
    assert all(len(button) <= 20 for button in template.buttons)


def test_the_template_and_the_free_form_say_the_same() -> None:
    for template in templates():
        if template.category == "authentication":
            continue
        kind = kind_of_template(template.name)
        filled = template.text
        for number, value in enumerate(template.examples, start=1):
            filled = filled.replace(f"{{{{{number}}}}}", value)
        assert filled == render_notice(template.language, kind, SAMPLES).text


@pytest.mark.parametrize(
    ("item", "english", "hindi"),
    [
        ({"kind": "distance", "km": 2.1}, "2.1 km away", "2.1 किमी दूर"),
        ({"kind": "distance", "km": 1.0}, "1 km away", "1 किमी दूर"),
        (
            {"kind": "hours", "percent": 100},
            "you are free at all its hours",
            "इसके पूरे समय आप खाली हैं",
        ),
        (
            {"kind": "hours", "percent": 60},
            "you are free for 60 % of the hours",
            "इसके 60% समय आप खाली हैं",
        ),
        ({"kind": "skills", "slugs": ["waiter"]}, "you know Waiter", "आपको यह आता है: वेटर"),
        ({"kind": "experience", "years": 1}, "your 1 year of experience", "आपका 1 साल का अनुभव"),
        ({"kind": "experience", "years": 3}, "your 3 years of experience", "आपका 3 साल का अनुभव"),
        ({"kind": "verified"}, "a verified employer", "जाँचे हुए मालिक"),
        ({"kind": "something new"}, "", ""),
    ],
)
def test_a_reason_is_said_in_both_languages(item: dict[str, Any], english: str, hindi: str) -> None:
    assert format_reason("en", item) == english
    assert format_reason("hi", item) == hindi


@pytest.mark.parametrize(
    ("amount", "currency", "said"),
    [
        (15_000, "INR", "₹150"),
        (15_050, "INR", "₹150.50"),
        (12_345_600, "INR", "₹1,23,456"),
        (1_500, "JPY", "JP¥1,500"),
        (15_500, "KWD", "KWD15.500"),
        (15_000, "KWD", "KWD15"),
    ],
)
def test_money_follows_its_currency(amount: int, currency: str, said: str) -> None:
    assert money(amount, currency, format_context("en")).replace("\xa0", "") == said


def test_equal_hours_are_said_together() -> None:
    slots = [{"weekday": day, "start": "18:00", "end": "22:30"} for day in range(5)]
    slots.append({"weekday": 6, "start": "09:00", "end": "12:00"})
    assert hours(slots, format_context("en")) == "Mon–Fri 6 pm – 10:30 pm; Sun 9 am – 12 pm"
    assert weekdays([0, 1, 4], format_context("en")) == "Mon, Tue, Fri"


def test_a_deadline_is_told_in_the_zone_of_the_job() -> None:
    params = {**SAMPLES} | {
        "time_zone": "America/New_York",
        "respond_by": "2026-11-25T04:30:00+00:00",
    }
    assert "Tue 24 Nov, 11:30 pm" in render_notice("en", "job_offer", params).text


def test_a_deadline_is_told_by_the_clock_of_who_reads_it_and_work_by_the_jobs() -> None:
    params = {**SAMPLES, "time_zone": "America/New_York", "reader_zone": "Asia/Kolkata"}
    params["respond_by"] = "2026-11-25T04:30:00+00:00"
    text = render_notice("en", "job_offer", params).text
    assert "Wed 25 Nov, 10 am" in text
    assert "Sat, Sun 6 pm – 11 pm" in text


@given(st.text(max_size=400))
def test_peoples_words_come_out_as_one_harmless_line(text: str) -> None:
    line = inert(text)
    assert len(line) <= 160
    assert not re.search(r"[\n\r\t*_~`{}\u2028\u2029\u202a-\u202e\u2066-\u2069]|  ", line)
    assert line == line.strip()
    line.encode()


def test_a_job_title_can_neither_format_nor_fill_in_nor_break_the_template() -> None:
    params = {**SAMPLES} | {
        "title": "*Free* {{1}}\nmoney _now_ " + "x" * 500,
        "company": "\u202eevil",
    }
    outgoing = render_notice("en", "job_offer", params)
    assert outgoing.template is not None
    title = outgoing.template.params[0]
    assert title.startswith("∗Free∗ ((1)) money ˍnowˍ")
    assert len(title) == 160
    assert len(outgoing.text) <= BODY_CHARACTERS


def test_hindi_tells_the_time_as_people_do() -> None:
    import datetime as dt

    reader = format_context("hi")
    said = [clock(dt.time(hour), reader) for hour in (0, 5, 12, 18, 21)]
    assert said == ["रात 12 बजे", "सुबह 5 बजे", "दोपहर 12 बजे", "शाम 6 बजे", "रात 9 बजे"]
    assert day(dt.date(2026, 11, 28), reader) == "शनि, 28 नवंबर"


@pytest.mark.parametrize(
    ("title", "english", "hindi"),
    [
        ("वेटर", "Waiter", "वेटर"),
        ("Waiter", "Waiter", "वेटर"),
        ("Driver", "Driver", "कार ड्राइवर"),
        ("ड्राइवर", "Car driver", "ड्राइवर"),
        ("Waiter for Saturday brunch", "Waiter for Saturday brunch", "Waiter for Saturday brunch"),
        ("शनिवार को वेटर", "शनिवार को वेटर", "शनिवार को वेटर"),
        ("*Waiter*!{x}", "∗Waiter∗!(x)", "∗Waiter∗!(x)"),
    ],
)
def test_a_title_that_is_only_a_skills_name_is_told_in_the_readers_language(
    title: str, english: str, hindi: str
) -> None:
    for language, said in (("en", english), ("hi", hindi)):
        told = render_notice(language, "job_offer", {**SAMPLES, "title": title})
        assert f"*{said}*" in told.text
