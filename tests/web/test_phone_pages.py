"""Pages on a phone: words stay whole, what is tapped is large enough, nothing is wider than the screen."""

from typing import TYPE_CHECKING

import pytest

from tests.infra.pages import barriers, opened, overflow
from tests.support.app_harness import World
from tests.web.test_job_form_live import sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

PHONE = {"width": 360, "height": 740}
ONE_LINE = 40
"""Pixels: what is higher has two lines."""


@pytest.mark.parametrize("language", ["en", "hi"])
def test_public_pages_on_a_phone(
    sqlite_world: World, browser_of_file: "Browser", language: str
) -> None:
    with opened(browser_of_file, f"{sqlite_world.url}/language/{language}", viewport=PHONE) as page:
        for path in ("/", "/signup", "/signin", "/forgot", "/check", "/help", "/help/price"):
            page.goto(f"{sqlite_world.url}{path}")
            assert barriers(page) == [], path
            assert overflow(page) == 0, path


def test_a_list_on_a_phone_keeps_its_words_whole(
    sqlite_world: World, browser_of_file: "Browser"
) -> None:
    owner = sqlite_world.employer()
    sqlite_world.job(owner, title="Waiter for the weekend brunch")
    assert owner.email is not None
    with opened(browser_of_file, f"{sqlite_world.url}/", viewport=PHONE) as page:
        sign_in(page, sqlite_world, owner.email)
        page.goto(f"{sqlite_world.url}/jobs")
        for shown in page.locator("td .tag, td.number").all():
            box = shown.bounding_box()
            assert box is not None
            assert box["height"] < ONE_LINE
        assert overflow(page) == 0
        assert barriers(page) == []
        # The way to the other pages takes one line.
        box = page.get_by_role("banner").bounding_box()
        assert box is not None
        assert box["height"] < 4 * ONE_LINE
