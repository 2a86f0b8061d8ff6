"""The whole story on the page of phones, by hand: a registration, an offer, a payment, STOP."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import pytest

from tests.infra.pages import barriers, opened, overflow
from tests.infra.phones import register, take_phone, write

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request, Route

pytestmark = pytest.mark.browser

LiveServer = Callable[..., AbstractContextManager[str]]

MOST_TABS = 8


def tab_back_to(page: "Page", name: str) -> None:
    """From what has the focus to a button before it, by the keyboard alone; it is seen to be there."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Shift+Tab")
        focused = page.locator(":focus")
        if focused.inner_text() == name:
            assert focused.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
            return
    raise AssertionError(f"{name} is not among the {MOST_TABS} things before")


def test_a_worker_registers_accepts_and_is_paid_for_by_a_company_made_once_all_on_one_page(
    live_server: LiveServer, sqlite_database_url: str, browser_of_file: "Browser"
) -> None:
    with (
        live_server({"DATABASE_URL": sqlite_database_url}) as url,
        opened(browser_of_file, f"{url}/sandbox/") as page,
    ):
        asha, cafe = take_phone(page, "Asha Kulkarni"), take_phone(page, "Café Deccan")
        register(asha, "Asha Kulkarni")

        # A company is made once, whatever happens while it is made: here, a second press, and news.
        held: list[Route] = []
        posted: list[str] = []

        def hold(route: "Route") -> None:
            held.append(route)

        def note(request: "Request") -> None:
            path = request.url.removeprefix(f"{url}/api/")
            if request.method == "POST" and path != request.url:
                posted.append(path.rpartition("/")[2])

        page.route("**/api/auth/register/employer", hold)
        page.on("request", note)
        page.get_by_role("button", name="Post and publish").dblclick()
        write(asha, "hi")
        asha.get_by_text("Hello Asha").wait_for()
        page.get_by_role("button", name="Post and publish").press("Enter")
        held[0].continue_()
        page.get_by_role("article", name="Job: Waiter, published").wait_for()
        assert posted == ["employer", "login", "jobs", "publish"]

        # The offer arrives by itself, and is answered by the keyboard alone.
        asha.get_by_text("A job for you").wait_for()
        asha.get_by_text("1 unread").wait_for()
        asha.get_by_label("Message", exact=True).focus()
        tab_back_to(page, "Accept")
        page.keyboard.press("Enter")
        asha.get_by_text("You accepted Waiter").wait_for()
        cafe.get_by_text("Asha K. would like to work for you").wait_for()
        assert barriers(page) == []

        # The employer pays on a phone's screen.
        with page.expect_popup() as popup:
            page.get_by_role("button", name="Unlock the contact").press("Enter")
        till = popup.value
        till.set_viewport_size({"width": 360, "height": 740})
        till.get_by_role("button", name="Pay", exact=True).wait_for()
        assert overflow(till) == 0
        till.get_by_role("button", name="Pay", exact=True).press("Enter")
        page.get_by_text("+919812345678, yours for good").wait_for()
        asha.get_by_text("chose you").wait_for()
        cafe.get_by_text("in your account's mailbox").wait_for()

        write(asha, "STOP")
        asha.get_by_text("no more messages").wait_for()
        page.set_viewport_size({"width": 360, "height": 740})
        assert overflow(page) == 0
