"""The form of a job: the forecast beside it, what the pay comes to, earlier jobs, the words' review."""

import pytest

from tests.support.app_harness import World
from tests.support.page_reader import PageReader
from tests.support.team import newest_member
from tests.web.test_pages import JOB, draft

BANDRA = {"latitude": 19.0596, "longitude": 72.8295}


@pytest.fixture
def owner(world: World) -> PageReader:
    reader = PageReader(world.url)
    reader.sign_up()
    return reader


def waiter(world: World) -> None:
    """Let there be somebody who fits the job of the form."""
    nights = [{"weekday": day, "start": "10:00", "end": "04:00"} for day in ("saturday", "sunday")]
    world.worker(location=BANDRA, slots=nights)


def forecast(owner: PageReader, **changes: object) -> str:
    owner.get("/jobs/new")
    answer = owner.send("/jobs/new", JOB | changes | {"do": "forecast"})
    assert answer.status_code == 200
    return answer.text.partition('id="forecast-said"')[2]


def test_without_scripts_a_button_shows_the_forecast_and_keeps_nothing(
    world: World, owner: PageReader
) -> None:
    for _ in range(3):
        waiter(world)
    owner.get("/jobs/new")
    answer = owner.send("/jobs/new", JOB | {"do": "forecast"})
    assert answer.status_code == 200
    assert "3 people fit" in answer.text
    assert "Chance to fill" in answer.text
    assert 'value="waiter"' in answer.text  # the form is as it was
    assert "No job is open" in owner.open("/jobs").text


def test_the_live_part_is_the_same_forecast(world: World, owner: PageReader) -> None:
    waiter(world)
    owner.get("/jobs/new")
    form = owner.form("/jobs/new") | JOB
    answer = owner.post("/jobs/forecast", form)
    assert answer.status_code == 200
    assert "1 person fits" in answer.text
    assert "<html" not in answer.text
    forged = owner.post("/jobs/forecast", JOB)
    assert forged.status_code == 403


def test_what_is_missing_is_named(world: World, owner: PageReader) -> None:
    said = forecast(owner, role="", place="", days=[])
    for needed in ("the role", "the place", "at least one day"):
        assert needed in said
    assert "the first day" not in said
    assert "We don&#39;t find this place" in forecast(owner, place="zzzzqqq")
    assert "people fit" not in forecast(owner, positions="many")


def test_a_place_with_a_namesake_and_no_words_yet_is_no_hindrance(
    world: World, owner: PageReader
) -> None:
    assert "people fit" in forecast(owner, place="Bandra, Mumbai", description="", title="a")


@pytest.mark.parametrize(
    ("pay", "per", "said"),
    [
        ("150", "hour", "₹150 an hour · ₹1,200 a shift · ₹2,400 a week"),
        ("1200", "day", "₹150 an hour · ₹1,200 a shift · ₹2,400 a week"),
        ("2400", "week", "₹150 an hour"),
        ("10400", "month", "₹150 an hour"),
    ],
)
def test_the_pay_is_told_by_hour_shift_and_week(
    world: World, owner: PageReader, pay: str, per: str, said: str
) -> None:
    text = forecast(owner, pay=pay, per=per)
    assert said in text
    assert "16 hours" in text
    assert "floor wage" not in text


def test_a_pay_below_the_floor_is_warned_of(world: World, owner: PageReader) -> None:
    assert "national floor wage" in forecast(owner, pay="21", per="hour")
    assert "national floor wage" not in forecast(owner, pay="23", per="hour")


def test_the_words_are_reviewed_before_anything_is_published(
    world: World, owner: PageReader
) -> None:
    evil = "Pay a registration fee of 500 rupees before you join."
    said = forecast(owner, description=evil)
    assert "Sentences that our review marks" in said
    assert "registration fee" in said
    assert "before anybody is asked" in said
    assert "Sentences that our review marks" not in forecast(owner)


def test_a_new_job_begins_with_an_earlier_one(world: World, owner: PageReader) -> None:
    path = draft(owner, title="Brunch waiter")
    text = owner.get("/jobs/new").text
    assert "Begin with an earlier job" in text
    assert "Brunch waiter" in text
    text = owner.get("/jobs/new", params={"like": path[-36:]}).text
    for typed in ('value="Brunch waiter"', 'value="18:00"', 'value="150"', "Serve guests"):
        assert typed in text, typed
    assert 'value="2026-11-28"' not in text  # the dates are new ones
    stranger = PageReader(world.url)
    stranger.sign_up(2)
    assert stranger.get("/jobs/new", params={"like": path[-36:]}).status_code == 404


def test_a_drafts_forecast_stands_beside_it(world: World, owner: PageReader) -> None:
    waiter(world)
    path = draft(owner)
    assert "1 person fits" in owner.get(f"{path}/edit").text
    answer = owner.send(f"{path}/edit", JOB | {"do": "forecast", "role": "cook"})
    assert "0 people fit" in answer.text
    assert "Waiter" in owner.open(path).text


MISTYPED: list[tuple[dict[str, str], str]] = [
    ({"answer_hours": "inf"}, "answer_hours"),
    ({"answer_hours": "nan"}, "answer_hours"),
    ({"answer_hours": "1e308"}, "answer_hours"),
    ({"radius": "-inf"}, "radius"),
    ({"latitude": "nan", "longitude": "1e308"}, "latitude"),
    ({"pay": "1e999999"}, "pay"),
    ({"pay": "1e400000"}, "pay"),
    ({"pay": "nan"}, "pay"),
    ({"place_choice": "x", "place_asked": "400050"}, "place"),
    ({"place_choice": "nan,inf,Mumbai", "place_asked": "400050"}, "place"),
    ({"place_choice": "1e5,1e5,", "place_asked": "400050"}, "place"),
]


def test_what_is_no_number_is_said_at_its_field_and_the_rest_is_kept(sqlite_world: World) -> None:
    owner = PageReader(sqlite_world.url)
    owner.sign_up()
    owner.get("/jobs/new")
    new = owner.form("/jobs/new") | JOB | {"do": "save"}
    edit = f"{draft(owner)}/edit"
    owner.get(edit)
    for typed, field in MISTYPED:
        for action, form in (("/jobs/new", new), (edit, owner.form(edit) | JOB)):
            answer = owner.post(action, form | typed | {"once": ""})
            assert answer.status_code == 422, (action, typed)
            assert f'id="{field}-wrong"' in answer.text, (action, typed)
            assert 'value="waiter"' in answer.text, (action, typed)
            assert "Serve guests" in answer.text, (action, typed)
        beside = owner.post("/jobs/forecast", new | typed)
        assert beside.status_code == 200, typed  # what stands beside the form says what is wrong
        assert "The forecast waits for this" in beside.text, typed
        assert "people fit" not in beside.text, typed
        owner.get(edit)


def test_a_limit_that_is_no_amount_is_said_at_its_field(sqlite_world: World) -> None:
    owner = PageReader(sqlite_world.url)
    owner.sign_up()
    owner.open("/team")
    member = f"/team/{newest_member(sqlite_world)}"
    for limit in ("1e999999", "1e400000", "inf", "nan", "snan"):
        for action, typed in (
            ("/team", {"email": "new@example.com", "role": "manager", "name": "Meera"}),
            (member, {"role": "manager", "do": "change"}),
        ):
            owner.open("/team")
            answer = owner.send(action, typed | {"limit": limit})
            assert answer.status_code == 422, (action, limit)
            assert "limit-wrong" in answer.text, (action, limit)
            assert f'value="{limit}"' in answer.text, (action, limit)


def test_an_employer_allows_asking_beyond_the_limits_and_reads_it_again(
    world: World, owner: PageReader
) -> None:
    path = draft(owner, radius="5", experience="2", widen=["radius_km", "min_experience_years"])
    page = owner.open(path).text
    assert "whoever lives up to twice as far away" in page
    assert "whoever has less experience" in page
    form = owner.open(f"{path}/edit").text
    assert 'name="widen" value="radius_km" checked' in form
    owner.send(f"{path}/edit", JOB | {"do": "save", "radius": "5", "experience": "2"})
    assert "whoever lives up to twice as far away" not in owner.open(path).text


@pytest.mark.parametrize("do", ["save", "forecast"])
def test_what_is_allowed_beyond_the_limits_in_another_tab_is_not_overwritten(
    sqlite_world: World, do: str
) -> None:
    owner = PageReader(sqlite_world.url)
    owner.sign_up()
    path = f"{draft(owner, radius='5', experience='2')}/edit"
    owner.open(path)
    seen = owner.form(path)
    wider = JOB | {"do": "save", "radius": "5", "experience": "2", "widen": ["radius_km"]}
    assert owner.post(path, owner.form(path) | wider).status_code == 303
    stale = JOB | {"do": do, "radius": "5", "experience": "2"}
    refused = owner.post(path, seen | stale)
    assert refused.status_code == 409
    assert 'id="widen-wrong"' in refused.text
    assert "Now there: whoever lives up to twice as far away" in refused.text
