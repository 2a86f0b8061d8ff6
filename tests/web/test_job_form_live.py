"""The form of a job in a real browser: the forecast while one types, the week by keys and by dragging, the team;
and a job's page that changes while somebody uses it."""

from typing import TYPE_CHECKING

import pytest

from tests.infra.pages import barriers, opened, overflow
from tests.support.app_harness import BANDRA, PASSWORD, World
from tests.support.page_reader import PageReader

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 800}


def sign_in(page: "Page", world: World, email: str) -> None:
    page.goto(f"{world.url}/signin")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").first.click()
    page.get_by_role("heading", level=1).wait_for()


@pytest.mark.timeout(240)
def test_the_forecast_comes_while_one_types_and_the_week_is_set_by_keys_and_mouse(
    world: World, browser_of_file: "Browser"
) -> None:
    nights = [{"weekday": day, "start": "10:00", "end": "04:00"} for day in ("saturday", "sunday")]
    world.worker(location=BANDRA, slots=nights)
    owner = world.employer()
    assert owner.email is not None
    with opened(browser_of_file, f"{world.url}/", color_scheme="dark") as page:
        sign_in(page, world, owner.email)
        page.goto(f"{world.url}/jobs/new")
        forecast = page.locator("#forecast-said")
        assert "still needs" in forecast.inner_text()
        page.get_by_label("Role").fill("waiter")
        page.get_by_label("Place").fill("400050")
        page.get_by_label("First day").fill("2026-11-28")
        page.get_by_label("Last day").fill("2026-12-26")
        page.get_by_label("Saturday", exact=True).check()
        forecast.get_by_text("1 person fits").wait_for()
        page.get_by_label("Pay (INR)").fill("150")
        forecast.get_by_text("₹1,200 a shift").wait_for()
        assert barriers(page) == []

        # By keys: the end moves past midnight, field, words and forecast with it.
        end = page.get_by_role("slider", name="Saturday: to")
        end.focus()
        for _ in range(4):
            page.keyboard.press("PageUp")
        assert page.locator("[name=end_saturday]").input_value() == "02:00"
        assert end.get_attribute("aria-valuetext") == "02:00 +1"
        page.get_by_text("ends on the next day").first.wait_for()
        forecast.get_by_text("₹2,400 a shift").wait_for()

        # By dragging over another day.
        track = page.locator("#grid .track").nth(6)
        box = track.bounding_box()
        assert box is not None
        middle = box["y"] + box["height"] / 2
        page.mouse.move(box["x"] + box["width"] * 12 / 36, middle)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 20 / 36, middle, steps=4)
        page.mouse.up()
        assert page.get_by_label("Sunday", exact=True).is_checked()
        times = [page.locator(f"[name={edge}_sunday]").input_value() for edge in ("start", "end")]
        assert times == ["12:00", "20:00"]

        # A shift that was typed goes on past noon, where the row ends: moving its start leaves its end.
        page.locator("[name=start_sunday]").fill("18:00")
        page.locator("[name=end_sunday]").fill("13:00")
        start = page.get_by_role("slider", name="Sunday: from")
        start.focus()
        page.keyboard.press("ArrowRight")
        assert page.locator("[name=start_sunday]").input_value() == "18:30"
        assert page.locator("[name=end_sunday]").input_value() == "13:00"
        page.get_by_role("slider", name="Sunday: to").focus()
        page.keyboard.press("ArrowLeft")
        assert page.locator("[name=end_sunday]").input_value() == "12:30"

        page.set_viewport_size({"width": 390, "height": 800})
        assert overflow(page) == 0
        assert barriers(page) == []
        page.goto(f"{world.url}/team")
        page.get_by_role("heading", name="Team", level=1).wait_for()
        assert overflow(page) == 0
        assert barriers(page) == []


@pytest.mark.timeout(240)
def test_an_owner_invites_by_keyboard_alone_on_a_phone_in_hindi(
    world: World, browser_of_file: "Browser"
) -> None:
    owner = world.employer()
    assert owner.email is not None
    with opened(browser_of_file, f"{world.url}/", viewport=PHONE) as page:
        sign_in(page, world, owner.email)
        page.goto(f"{world.url}/language/hi?back=/team")
        page.get_by_role("heading", name="टीम", level=1).wait_for()
        assert barriers(page) == []
        page.get_by_label("ई-मेल").focus()
        page.keyboard.type("meera@example.com")
        for _ in range(4):
            page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.tagName") == "BUTTON"
        page.keyboard.press("Enter")
        page.get_by_text("meera@example.com").wait_for()
        page.get_by_text("बुलाया गया").first.wait_for()
        assert overflow(page) == 0
        assert barriers(page) == []


@pytest.mark.timeout(240)
def test_what_was_ticked_stays_while_others_say_yes_and_a_session_that_ends_leads_to_the_sign_in(
    sqlite_world: World, browser_of_file: "Browser"
) -> None:
    world = sqlite_world
    names = ("Asha Kulkarni", "Vijay Patil", "Meera Nair")
    asked = [world.worker(name=name, location=BANDRA, slots=["saturday"]) for name in names]
    owner = world.employer(verified=True)
    assert owner.email is not None
    job = world.job(owner, location=BANDRA, positions=3)
    world.settle()
    for worker in asked[:2]:
        world.accept(worker, world.offers(worker)[0]["id"])
    with opened(browser_of_file, f"{world.url}/", expects=[401]) as page:
        sign_in(page, world, owner.email)
        page.goto(f"{world.url}/jobs/{job['id']}")
        tick = page.get_by_role("checkbox", name="Vijay P.")
        tick.check()
        world.accept(asked[2], world.offers(asked[2])[0]["id"])
        page.get_by_role("heading", name="Meera N.").wait_for()
        assert tick.is_checked()
        assert page.locator("[name=match_ids]:checked").count() == 1
        assert tick.evaluate("tick => tick === document.activeElement")

        [session] = [each for each in page.context.cookies() if each["name"] == "__Host-session"]
        copy = PageReader(world.url, cookies={"__Host-session": session["value"]})
        copy.get("/overview")
        copy.send("/signout", {})
        page.wait_for_url("**/signin?done=session_over")
        page.get_by_text("Your session is over").wait_for()
