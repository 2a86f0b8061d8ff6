"""The console in a browser: for everybody by axe, on a phone, by keyboard, and live."""

from typing import TYPE_CHECKING

import pytest

from tests.infra.pages import barriers, opened, overflow
from tests.support.app_harness import PASSWORD, World
from tests.support.assertions import ok
from tests.support.leads import lead, somewhere
from tests.web.test_console import held_job

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_SINGLE = (
    "/console",
    "/console/review",
    "/console/companies",
    "/console/find?q=cafe",
    "/console/second-factor",
    "/console/money",
    "/console/market",
    "/console/settings",
    "/console/settings/history",
    "/console/settings/lead_prices",
    "/console/settings/coupons",
    "/console/bulk/new",
    "/console/lists/workers",
    "/console/lists/payments",
    "/console/lists/reports",
    "/console/lists/logs",
)
"""One page of each template; all lists share one."""


def sign_in(page: "Page") -> None:
    """Sign in as the owner."""
    page.get_by_label("Email").fill("admin@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", level=1).wait_for()


def busy_city(world: World) -> list[str]:
    """Something on every page; the addresses of the pages of single things."""
    held = held_job(world)
    bought = lead(world)
    world.pay(ok(bought.unlock(), 202)["checkout_url"])
    world.settle()
    path = f"/api/employers/matches/{bought.id}/report"
    report = ok(bought.employer.post(path, {"reason": "other", "note": "rude"}), 201)
    world.says(str(bought.worker.phone), "human")
    for _ in range(6):
        world.worker(location={"latitude": 18.52, "longitude": 73.85}, slots=())
    admin = world.admin()
    body = {"action": "verify", "ids": [bought.worker.id], "reason": "papers"}
    bulk = ok(admin.post("/api/admin/bulk", body), 202)
    ok(admin.put("/api/admin/settings", {"waves": {"interval_minutes": 44}}))
    (talk, *_) = ok(admin.get("/api/admin/conversations?waiting=true"))["items"]
    return [
        "/console/waiting",
        f"/console/waiting/{talk['id']}",
        f"/console/jobs/{held}",
        f"/console/workers/{bought.worker.id}",
        f"/console/companies/{bought.employer.id}",
        f"/console/reports/{report['id']}",
        f"/console/bulk/{bulk['id']}",
    ]


@pytest.mark.browser
def test_every_page_of_the_console_is_for_everybody_on_a_phone_and_in_the_dark(
    sqlite_world: World, browser_of_file: "Browser"
) -> None:
    single = busy_city(sqlite_world)
    with opened(
        browser_of_file,
        f"{sqlite_world.url}/signin",
        viewport={"width": 390, "height": 800},
        color_scheme="dark",
    ) as page:
        sign_in(page)
        found = []
        for path in (*_SINGLE, *single):
            page.goto(f"{sqlite_world.url}{path}")
            found += [f"{path}: {each}" for each in barriers(page)]
            if wider := overflow(page):
                found.append(f"{path}: {wider} pixels too wide")
        assert found == []


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
