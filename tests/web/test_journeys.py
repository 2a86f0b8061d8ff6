"""An owner's way from the start to a contact, in a real browser: by keys, without scripts, and while things go wrong."""

from typing import TYPE_CHECKING

import pytest

from tests.infra.pages import barriers, opened, overflow
from tests.support.app_harness import BANDRA, World
from tests.web.test_job_form_live import sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PHONE = {"width": 390, "height": 800}
RTL = "مقهى شارع الهضبة"
LONG = "Serve guests, carry plates, smile. " * 114
MOST_STEPS = 90
FOCUSED = """() => {
  const at = document.activeElement;
  const label = at.labels && at.labels.length ? at.labels[0].innerText : "";
  return (at.getAttribute("aria-label") || label || at.innerText || "").trim();
}"""


def go_to(page: "Page", name: str) -> None:
    """Press Tab until what has the focus is called so."""
    for _ in range(MOST_STEPS):
        page.keyboard.press("Tab")
        if str(page.evaluate(FOCUSED)).startswith(name):
            return
    raise AssertionError(f"no way to {name!r} by keys")


def type_into(page: "Page", name: str, text: str) -> None:
    go_to(page, name)
    page.keyboard.press("Control+a")
    page.keyboard.type(text)


def another_tab(page: "Page", url: str) -> "Page":
    """Open a second tab of the same browser."""
    with page.context.expect_page() as opened_tab:
        page.evaluate("url => { window.open(url); }", url)
    return opened_tab.value


def test_from_the_start_to_the_contact_by_keyboard_alone(
    world: World, browser_of_file: "Browser"
) -> None:
    asha = world.worker(name="Asha Kulkarni", location=BANDRA)
    with opened(browser_of_file, f"{world.url}/") as page:
        go_to(page, "Start now")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Open an account").wait_for()
        type_into(page, "Company name", "Cafe Deccan")
        type_into(page, "Your name", "Rustom Irani")
        type_into(page, "Email", "rustom@example.com")
        type_into(page, "Password", "a busy cafe on hill road")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Cafe Deccan").wait_for()
        go_to(page, "Post a job")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Post a job").wait_for()
        type_into(page, "Role", "waiter")
        type_into(page, "Description", "Serve guests at a busy cafe.")
        type_into(page, "Place", "400050")
        # The map comes by itself; the point is moved by the arrow keys.
        page.locator(".stage").wait_for()
        go_to(page, "Map of the place")
        for key in ("ArrowUp", "ArrowUp", "ArrowLeft"):
            page.keyboard.press(key)
        latitude = page.locator("#latitude").input_value()
        assert latitude.startswith("19.0")
        page.locator("#starts_on").fill("2026-11-28")  # a browser's own date field
        page.locator("#ends_on").fill("2026-12-26")
        go_to(page, "Saturday")
        while page.evaluate("document.activeElement.type") != "checkbox":
            go_to(page, "Saturday")
        page.keyboard.press("Space")
        type_into(page, "Pay (INR)", "150")
        go_to(page, "Publish")
        page.keyboard.press("Enter")
        page.get_by_text("People nearby who fit are being asked now").wait_for()
        world.settle()
        world.accept(asha, world.offers(asha)[0]["id"])
        page.get_by_role("heading", name="Asha K.").wait_for()
        go_to(page, "Unlock")
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Pay").first.wait_for()
        go_to(page, "Pay")
        page.keyboard.press("Enter")
        page.wait_for_url("**/pay/*?paid=*")  # the provider leads back
        world.settle()
        page.goto(f"{world.url}/jobs")
        go_to(page, "Waiter")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Asha Kulkarni").wait_for()
        go_to(page, "WhatsApp")
        go_to(page, "Call")
        go_to(page, "First message")


def test_without_scripts_and_in_hindi_on_a_phone(world: World, browser_of_file: "Browser") -> None:
    asha = world.worker(name="Asha Kulkarni", location=BANDRA)
    context = {"viewport": PHONE, "locale": "hi-IN", "java_script_enabled": False}
    with opened(browser_of_file, f"{world.url}/", expects=[422], **context) as page:
        page.get_by_role("link", name="अभी शुरू करें").click()
        page.locator("#company_name").fill(RTL)
        page.locator("#contact_name").fill("روستم ایرانی")
        page.locator("#email").fill("rustom@example.com")
        page.locator("#password").fill("a busy cafe on hill road")
        page.get_by_role("button", name="खाता बनाएँ").click()
        page.get_by_role("heading", name=RTL).wait_for()
        page.get_by_role("link", name="काम डालें").first.click()
        page.locator("#role").fill("वेटर")
        page.locator("#title").fill(f"{RTL} <b>वेटर</b>")
        page.locator("#description").fill(LONG[:4_000])
        page.locator("#place").fill("Bandra, Mumbai")
        page.locator("#starts_on").fill("2026-11-28")
        page.locator("#ends_on").fill("2026-12-26")
        page.locator("[name=days][value=saturday]").check()
        page.get_by_role("button", name="डालें", exact=True).click()
        page.get_by_label("Bandra West").check()
        assert page.locator("#description").input_value() == LONG[:4_000]
        page.get_by_role("button", name="डालें", exact=True).click()
        page.get_by_role("heading", name="<b>वेटर</b>").wait_for()
        world.settle()
        world.accept(asha, world.offers(asha)[0]["id"])
        page.reload()
        page.get_by_role("button", name="नंबर खोलें").click()
        page.locator("form button").first.click()
        world.settle()
        page.goto(f"{world.url}/jobs")
        page.get_by_role("link", name=RTL).click()
        page.get_by_role("heading", name="Asha Kulkarni").wait_for()


def test_what_goes_wrong_on_the_way_is_said_and_nothing_is_done_twice(
    world: World, browser_of_file: "Browser"
) -> None:
    asha = world.worker(name="Asha Kulkarni", location=BANDRA)
    owner = world.employer(verified=True)
    assert owner.email is not None
    with opened(browser_of_file, f"{world.url}/", expects=[409, 503], viewport=PHONE) as page:
        sign_in(page, world, owner.email)
        page.goto(f"{world.url}/jobs/new")
        page.get_by_label("Role").fill("waiter")
        page.get_by_label("Title").fill(f"{RTL} {'x' * 60}")
        page.get_by_label("Description").fill(LONG[:4_000])
        page.get_by_label("Place").fill("400050")
        page.get_by_label("First day").fill("2026-11-28")
        page.get_by_label("Last day").fill("2026-12-26")
        page.get_by_label("Saturday", exact=True).check()
        # Over a slow line the button is pressed twice: one job is made.
        line = page.context.new_cdp_session(page)
        slow = {"offline": False, "latency": 300, "downloadThroughput": 50_000}
        line.send("Network.enable")
        line.send("Network.emulateNetworkConditions", slow | {"uploadThroughput": 20_000})
        page.get_by_role("button", name="Publish").dblclick()
        page.get_by_text("People nearby who fit are being asked now").wait_for()
        fast = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        line.send("Network.emulateNetworkConditions", fast)
        path = page.url.split("?")[0]
        assert overflow(page) == 0
        assert len(owner.get("/api/employers/jobs").json()["items"]) == 1

        # The stream breaks, she says yes meanwhile, and the page shows it when the line is back.
        page.context.set_offline(True)
        world.settle()
        world.accept(asha, world.offers(asha)[0]["id"])
        page.context.set_offline(False)
        page.get_by_role("heading", name="Asha K.").wait_for()

        # The provider is down: nothing was charged, and the same button works later.
        faults = "/sandbox/stripe/_control/faults"
        world.http.post(faults, json={"next": 9, "kind": "http_500"})
        page.get_by_role("button", name="Unlock").click()
        page.get_by_text("Nothing was charged").wait_for()
        assert barriers(page) == []
        world.http.post(faults, json={"next": 0, "kind": "http_500"})
        world.clock.advance(minutes=5)
        page.goto(path)
        page.get_by_role("button", name="Unlock").click()
        page.get_by_role("button", name="Pay").first.click()
        page.wait_for_url("**/pay/*?paid=*")  # the provider leads back
        world.settle()
        # Back to the page that still shows the button: pressing it again buys nothing twice.
        page.goto(path)
        page.get_by_role("heading", name="Asha Kulkarni").wait_for()
        page.go_back()
        page.go_back()
        page.goto(path)
        page.get_by_role("heading", name="Asha Kulkarni").wait_for()
        paid = owner.get("/api/employers/payments?status=succeeded").json()["items"]
        assert len(paid) == 1

        # Signed out in another tab: this one says what happened, and leads back.
        other = another_tab(page, f"{world.url}/overview")
        other.get_by_role("button", name="Sign out").click()
        other.get_by_text("You are signed out").wait_for()
        page.goto(f"{path}/edit")
        page.get_by_role("heading", name="Sign in", level=1).wait_for()


def test_a_job_that_is_changed_in_two_tabs_loses_nothing_in_silence(
    world: World, browser_of_file: "Browser"
) -> None:
    owner = world.employer()
    assert owner.email is not None
    job = world.job(owner, publish=False)
    with opened(browser_of_file, f"{world.url}/", expects=[409]) as page:
        sign_in(page, world, owner.email)
        page.goto(f"{world.url}/jobs/{job['id']}/edit")
        other = another_tab(page, f"{world.url}/jobs/{job['id']}/edit")
        other.get_by_label("Title").fill("Brunch waiter")
        other.get_by_label("People").fill("3")
        other.get_by_role("button", name="Save draft").click()
        other.get_by_text("The job is changed").wait_for()
        page.get_by_label("Description").fill("A meal is included.")
        page.get_by_role("button", name="Save draft").click()
        page.get_by_text("This job was changed meanwhile").wait_for()
        page.get_by_text("Now there: Brunch waiter").wait_for()
        assert page.get_by_label("Description").input_value() == "A meal is included."
        assert barriers(page) == []
        page.get_by_label("Title").fill("Brunch waiter")
        page.get_by_label("People").fill("3")
        page.get_by_role("button", name="Save draft").click()
        page.get_by_text("The job is changed").wait_for()
        kept = owner.get(f"/api/employers/jobs/{job['id']}").json()
        told = (kept["title"], kept["positions"], kept["description"])
        assert told == ("Brunch waiter", 3, "A meal is included.")
