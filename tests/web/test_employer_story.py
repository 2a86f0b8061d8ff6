"""An owner's first hour on pages, in a real browser: sign up, post, see who said yes, pay, call."""

from typing import TYPE_CHECKING

import pytest

from tests.infra.pages import barriers, opened, overflow
from tests.support.app_harness import BANDRA, World

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 800}


def fill_job(page: "Page") -> None:
    page.get_by_label("Role").fill("waiter")
    page.get_by_label("Description").fill("Serve guests at a busy cafe. A meal is included.")
    page.get_by_label("Place").fill("Bandra, Mumbai")
    page.get_by_label("First day").fill("2026-11-28")
    page.get_by_label("Last day").fill("2026-12-26")
    page.get_by_label("Saturday", exact=True).check()
    page.get_by_label("People").fill("2")
    page.get_by_label("Pay (INR)").fill("150")


def test_an_owner_signs_up_posts_sees_who_said_yes_and_pays_on_a_phone(
    world: World, browser_of_file: "Browser"
) -> None:
    asha = world.worker(name="Asha Kulkarni", location=BANDRA)
    with opened(browser_of_file, f"{world.url}/", expects=[422], viewport=PHONE) as page:
        assert barriers(page) == []
        page.get_by_role("link", name="Start now").click()
        page.get_by_label("Company name").fill("Cafe Deccan")
        page.get_by_label("Your name").fill("Rustom Irani")
        page.get_by_label("Email").fill("rustom@example.com")
        page.get_by_label("Password").fill("a busy cafe on hill road")
        assert barriers(page) == []
        page.get_by_role("button", name="Create account").click()
        page.get_by_role("heading", name="Cafe Deccan").wait_for()
        assert barriers(page) == []

        page.get_by_role("link", name="Post a job").first.click()
        fill_job(page)
        assert barriers(page) == []
        assert overflow(page) == 0
        page.get_by_role("button", name="Publish").click()
        # There are two Bandras: nothing that was typed is lost, and one is chosen.
        page.get_by_label("Bandra West").check()
        assert page.get_by_label("Role").input_value() == "waiter"
        assert barriers(page) == []
        page.get_by_role("button", name="Publish").click()
        page.get_by_text("People nearby who fit are being asked now").wait_for()
        assert barriers(page) == []
        page.get_by_text("Nobody has said yes yet").wait_for()

        # She says yes, and the page shows it by itself.
        world.settle()
        [offer] = world.offers(asha)
        world.accept(asha, offer["id"])
        page.get_by_role("heading", name="Asha K.").wait_for()
        assert asha.phone is not None
        assert asha.phone not in page.content()
        assert "Kulkarni" not in page.content()
        assert barriers(page) == []
        assert overflow(page) == 0

        page.get_by_role("button", name="Unlock").click()
        page.get_by_role("button", name="Pay").first.click()
        page.wait_for_url("**/pay/*?paid=*")  # the provider leads back
        page.get_by_role("link", name="Look again").wait_for()
        assert barriers(page) == [], "and no page that loads itself anew under who reads it"
        world.settle()
        # It says by itself that the contact is there.
        page.get_by_role("link", name="Look again").wait_for(state="detached")
        page.get_by_role("link", name="Back to Partimer").wait_for()
        page.goto(f"{world.url}/jobs")
        page.get_by_role("link", name="Waiter").click()
        page.get_by_role("heading", name="Asha Kulkarni").wait_for()
        assert (
            page.get_by_role("link", name=asha.phone).get_attribute("href") == f"tel:{asha.phone}"
        )
        assert barriers(page) == []

        for name in ("Payments", "Invoices", "Balance", "Company"):
            page.get_by_role("link", name=name, exact=True).click()
            page.get_by_role("heading", name=name, level=1).wait_for()
            assert barriers(page) == []
            assert overflow(page) == 0

        page.get_by_role("button", name="Sign out").click()
        page.get_by_text("You are signed out").wait_for()
        page.goto(f"{world.url}/overview")
        page.get_by_role("heading", name="Sign in", level=1).wait_for()
