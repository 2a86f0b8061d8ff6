"""The console in a browser: for everybody by axe, on a phone, by keyboard, and live."""

from typing import TYPE_CHECKING

import pytest

from tests.infra.pages import opened
from tests.support.app_harness import PASSWORD, World
from tests.support.leads import somewhere

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


def sign_in(page: "Page") -> None:
    """Sign in as the owner."""
    page.get_by_label("Email").fill("admin@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", level=1).wait_for()


@pytest.mark.browser
def test_a_bulk_action_is_done_by_keyboard_and_followed_live(
    sqlite_world: World, browser_of_file: "Browser"
) -> None:
    people = [sqlite_world.worker(location=somewhere(), slots=()) for _ in range(2)]
    sqlite_world.admin()
    with opened(browser_of_file, f"{sqlite_world.url}/signin") as page:
        sign_in(page)
        page.keyboard.press("/")
        page.keyboard.type(people[0].id)
        page.keyboard.press("Enter")
        page.wait_for_url("**/console/find?q=*")
        assert people[0].id in page.content()
        page.goto(f"{sqlite_world.url}/console/lists/workers")
        boxes = page.get_by_role("checkbox")
        for number in range(2):
            boxes.nth(number).focus()
            page.keyboard.press("Space")
        page.get_by_role("button", name="Do something to the chosen").press("Enter")
        page.get_by_label("Action").select_option("sign_out")
        page.get_by_role("button", name="Show what would happen").press("Enter")
        page.get_by_label("Reason").fill("lost phones")
        page.get_by_role("button", name="Do it to 2").press("Enter")
        page.get_by_role("progressbar").wait_for()
        page.get_by_text("0 / 2").wait_for()
        sqlite_world.settle()
        # Nobody reloads: the page asks by itself.
        page.get_by_text("2 / 2").wait_for()
        page.get_by_text("Finished").wait_for()


@pytest.mark.browser
def test_who_waits_comes_by_itself_and_is_counted_in_the_title(
    sqlite_world: World, browser_of_file: "Browser"
) -> None:
    worker = sqlite_world.worker(slots=())
    sqlite_world.admin()
    with opened(browser_of_file, f"{sqlite_world.url}/signin") as page:
        sign_in(page)
        page.goto(f"{sqlite_world.url}/console/waiting")
        page.get_by_text("Nobody waits.").wait_for()
        sqlite_world.says(str(worker.phone), "human")
        page.get_by_text("asked for a person").wait_for()
        page.wait_for_function("document.title.startsWith('(1)')")
