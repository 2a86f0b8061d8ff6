"""What each role does at the console every day, by the keyboard alone: money, many at once, settings, texts."""

from typing import TYPE_CHECKING

import pytest

from app.identity.rules import AdminRole
from tests.infra.pages import barriers, opened
from tests.support.app_harness import World
from tests.support.assertions import ok
from tests.support.leads import lead, somewhere
from tests.web.test_console import held_job
from tests.web.test_console_journey import keyed_in, press, tab_to

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

FOCUSED = "document.activeElement.innerText"


def choose(page: "Page", name: str, first_letters: str) -> None:
    """Go to a choice, and type the beginning of what is chosen."""
    tab_to(page, name)
    page.keyboard.type(first_letters)


def reads(page: "Page", text: str) -> None:
    page.get_by_text(text).first.wait_for()


def test_money_is_given_back_by_keyboard_alone(world: World, browser_of_file: "Browser") -> None:
    bought = lead(world)
    bought.buy()
    finance = world.admin(AdminRole.FINANCE)
    with opened(browser_of_file, f"{world.url}/signin", expects=[422]) as page:
        keyed_in(page, str(finance.email))
        press(page, "Money")
        page.get_by_role("heading", name="Money", level=1).wait_for()
        press(page, "Payments")
        page.get_by_role("heading", name="Payments", level=1).wait_for()
        # The dialog has the focus, gives it back when it is left, and keeps what is behind it out of reach.
        press(page, "Action")
        page.get_by_role("dialog", name="Action").wait_for()
        assert barriers(page) == []
        page.keyboard.press("Escape")
        page.get_by_role("dialog").wait_for(state="hidden")
        assert page.evaluate(FOCUSED) == "Action"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.name") == "reason"
        # Without a reason it is refused, in the dialog, at the field.
        press(page, "Give back")
        page.get_by_role("dialog", name="Action").get_by_text("Please").first.wait_for()
        assert page.evaluate("document.activeElement.name") == "reason"
        assert barriers(page) == []
        page.keyboard.type("She moved away before the first shift.")
        press(page, "Give back")
        page.wait_for_url("**/console/lists/payments?*done=*")
    world.settle()
    (paid,) = ok(bought.employer.get("/api/employers/payments"))["items"]
    assert paid["status"] == "refunded"
    (entry, *_) = ok(world.admin().get("/api/admin/logs?action=payment.refund"))["items"]
    assert entry["reason"] == "She moved away before the first shift."


def test_many_are_suspended_and_that_is_undone_by_keyboard_alone(
    world: World, browser_of_file: "Browser"
) -> None:
    people = [world.worker(location=somewhere(), slots=()) for _ in range(2)]
    world.admin()
    with opened(browser_of_file, f"{world.url}/signin") as page:
        keyed_in(page)
        press(page, "Workers")
        page.get_by_role("heading", name="Workers", level=1).wait_for()
        for _ in people:
            tab_to(page, "Choose")
            page.keyboard.press("Space")
        press(page, "Do something to the chosen")
        page.get_by_role("heading", name="Many at once").wait_for()
        choose(page, "Action", "Suspend")
        press(page, "Show what would happen")
        reads(page, "Sessions end and open offers close")
        tab_to(page, "Reason")
        page.keyboard.type("Two accounts of one cheat.")
        press(page, "Do it to 2")
        page.get_by_text("0 / 2").wait_for()
        world.settle()
        page.get_by_text("2 / 2").wait_for()  # by itself
        press(page, "Undo: Activate")
        reads(page, "Undone by suspending again.")
        tab_to(page, "Reason")
        page.keyboard.type("They were two sisters.")
        press(page, "Do it to 2")
        page.get_by_text("0 / 2").wait_for()
        world.settle()
        page.get_by_text("2 / 2").wait_for()
        assert barriers(page) == []
    shown = ok(world.admin().get("/api/admin/workers"))["items"]
    assert {each["status"] for each in shown} == {"active"}


def test_a_setting_is_changed_seen_in_the_history_and_undone_by_keyboard_alone(
    world: World, browser_of_file: "Browser"
) -> None:
    world.admin()
    before = ok(world.admin().get("/api/admin/settings"))["waves"]["interval_minutes"]
    with opened(browser_of_file, f"{world.url}/signin") as page:
        keyed_in(page)
        press(page, "Settings")
        page.get_by_role("heading", name="Settings", level=1).wait_for()
        press(page, "How many are asked, and when")
        page.get_by_role("heading", name="How many are asked, and when", level=1).wait_for()
        tab_to(page, "Minutes before the next are asked")
        page.keyboard.press("Control+a")
        page.keyboard.type("44")
        press(page, "Show the effect")
        page.get_by_role("heading", name="What would change").wait_for()
        press(page, "Put it in force")
        reads(page, "In force from now on.")
        assert ok(world.admin().get("/api/admin/settings"))["waves"]["interval_minutes"] == 44
        press(page, "History of the settings")
        page.get_by_role("heading", name="History of the settings").wait_for()
        press(page, "Undo")
        reads(page, "Undone, as a new change.")
        assert barriers(page) == []
    assert ok(world.admin().get("/api/admin/settings"))["waves"]["interval_minutes"] == before


def test_held_texts_are_worked_off_by_keyboard_alone(
    world: World, browser_of_file: "Browser"
) -> None:
    jobs = [held_job(world), held_job(world)]
    moderator = world.admin(AdminRole.MODERATOR)
    with opened(browser_of_file, f"{world.url}/signin") as page:
        keyed_in(page, str(moderator.email))
        press(page, "Texts")
        page.wait_for_url("**/console/review")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Marked sentences").wait_for()
        first = page.url
        press(page, "Approve")
        # The next case comes up by itself.
        page.wait_for_url(lambda url: "/console/jobs/" in url and url.split("?")[0] != first)
        page.get_by_role("heading", name="Marked sentences").wait_for()
        tab_to(page, "Reason")
        page.keyboard.type("A fee before the first day is never asked for.")
        press(page, "Decline")
        page.get_by_text("Nothing is waiting here.").wait_for()
        assert barriers(page) == []
    shown = [ok(world.admin().get(f"/api/admin/jobs/{each}"))["review"]["status"] for each in jobs]
    assert sorted(shown) == ["approved", "declined"]
