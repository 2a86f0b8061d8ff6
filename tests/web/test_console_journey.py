"""A day at the console by the keyboard alone, with two tabs, and without scripts."""

from typing import TYPE_CHECKING

import pytest

from tests.infra.pages import opened
from tests.support.app_harness import PASSWORD, World
from tests.support.assertions import ok
from tests.support.page_reader import PageReader
from tests.web.test_console import held_job, signed_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_MOST_TABS = 80


def tab_to(page: "Page", name: str) -> None:
    """Press Tab until what has this name is reached, as somebody does who has no mouse."""
    for _ in range(_MOST_TABS):
        page.keyboard.press("Tab")
        said = page.evaluate(
            "(() => { const e = document.activeElement; return (e.labels?.[0]?.innerText "
            "|| e.getAttribute('aria-label') || e.innerText || '').trim(); })()"
        )
        if said.startswith(name):
            return
    raise AssertionError(f"{name} is not reached by Tab")


def press(page: "Page", name: str) -> None:
    """Go to what has this name, and press Enter."""
    tab_to(page, name)
    page.keyboard.press("Enter")


def keyed_in(page: "Page", email: str = "admin@example.com") -> None:
    """Sign in by keys."""
    tab_to(page, "Email")
    page.keyboard.type(email)
    tab_to(page, "Password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/console")


@pytest.mark.browser
@pytest.mark.timeout(240)
def test_a_day_at_the_console_is_done_by_keyboard_alone(
    world: World, browser_of_file: "Browser"
) -> None:
    asha = world.worker(name="Asha Kulkarni", slots=())
    held_job(world)
    world.admin()
    world.says(str(asha.phone), "human")
    with opened(browser_of_file, f"{world.url}/signin") as page:
        keyed_in(page)
        assert page.title().startswith("(1) ")

        # Somebody waits: taken, answered with a ready reply and own words, handed back.
        press(page, "People who wait")
        page.wait_for_url("**/console/waiting")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Asha Kulkarni", level=1).wait_for()
        press(page, "Take it")
        page.get_by_label("Your answer").wait_for()
        press(page, "Hello, this is the Partimer team")
        page.keyboard.type(" Meera here.")
        press(page, "Send")
        page.locator(".talk .team").get_by_text("Meera here.").wait_for()
        press(page, "Hand back")
        page.get_by_text("Handed back to the bot.").wait_for()
        page.get_by_text("Nobody waits.").wait_for()

        # A held text is approved.
        press(page, "Texts")
        page.wait_for_url("**/console/review")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Marked sentences").wait_for()
        press(page, "Approve")
        page.get_by_text("Done, and logged.").wait_for()

        # Somebody calls: found by name, their city corrected.
        page.keyboard.press("/")
        page.keyboard.type("Asha")
        page.keyboard.press("Enter")
        page.wait_for_url("**/console/find?q=Asha")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Correct the profile").wait_for()
        tab_to(page, "City")
        page.keyboard.press("Control+a")
        page.keyboard.type("Pune")
        tab_to(page, "Reason")
        page.keyboard.type("She moved.")
        press(page, "Correct")
        page.get_by_text("Corrected, logged").wait_for()
    assert ok(asha.get("/api/workers/profile"))["city"] == "Pune"
    world.settle()
    assert any("Meera here." in str(each) for each in world.messages(str(asha.phone)))


@pytest.mark.browser
def test_an_end_of_the_session_in_another_tab_is_told_and_takes_no_word(
    sqlite_world: World, browser_of_file: "Browser"
) -> None:
    asha = sqlite_world.worker(slots=())
    sqlite_world.admin()
    sqlite_world.says(str(asha.phone), "human")
    with opened(browser_of_file, f"{sqlite_world.url}/signin", expects=[401, 403]) as page:
        keyed_in(page)
        page.goto(f"{sqlite_world.url}/console/waiting")
        page.locator("#waiting-now a").first.click()
        page.get_by_role("button", name="Take it").click()
        page.get_by_label("Your answer").fill("We have found your payment, dear Asha.")
        with page.expect_popup() as opened_beside:
            page.evaluate("open('/console')")
        other = opened_beside.value
        other.get_by_role("button", name="Sign out").click()
        other.get_by_text("You are signed out").wait_for()
        # The open page says so by itself, and leaves alone what is typed.
        page.get_by_role("alert").get_by_text("Your session is over").wait_for()
        # Sent all the same: what was typed is there to be copied.
        page.get_by_role("button", name="Send").click()
        page.get_by_role("heading", name="That did not work").wait_for()
        kept = page.get_by_label("What you typed, to be copied")
        assert kept.input_value() == "We have found your payment, dear Asha."
        assert sqlite_world.messages(str(asha.phone)) is not None
        page.get_by_role("main").get_by_role("link", name="Sign in").click()
        page.get_by_label("Email").wait_for()


def test_the_same_without_scripts_and_nothing_of_another_site_is_repeated(world: World) -> None:
    asha = world.worker(slots=())
    world.says(str(asha.phone), "human")
    owner = signed_in(world)
    (talk, *_) = ok(world.admin().get("/api/admin/conversations?waiting=true"))["items"]
    here = f"/console/waiting/{talk['id']}"
    owner.get(here)
    owner.send(f"{here}/take", {})
    # A ready reply comes by its link, in the person's language.
    filled = owner.get(f"{here}?canned=looking").text
    assert "this is the Partimer team" in filled
    said = owner.send(f"{here}/reply", {"text": "We look into it."})
    assert said.headers["location"] == here
    assert "We look into it." in owner.get(here).text
    support = PageReader(world.url)
    stolen = {"form_token": "guessed", "text": "Send your code to this number"}
    for site in ("cross-site", "same-site"):
        answer = support.post(f"{here}/reply", stolen, headers={"Sec-Fetch-Site": site})
        assert answer.status_code in {303, 403}
        assert "Send your code" not in answer.text
