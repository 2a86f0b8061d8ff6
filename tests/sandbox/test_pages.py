"""The pages: phones that work by hand, and a till."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.conftest import ASHA, RAVI, World
from tests.sandbox.test_sending import HELLO, YES_NO, listing
from tests.sandbox.test_stripe import session_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


def test_the_page_carries_no_inline_script_and_says_so(world: World) -> None:
    answer = world.http.get("/")
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer.text.count("<script") == 1
    assert '/sandbox/static/phones.js" defer' in answer.text
    assert "style=" not in answer.text
    assert "onclick=" not in answer.text


@pytest.mark.parametrize("name", ["phones.js", "sandbox.css"])
def test_the_page_s_files_are_served(world: World, name: str) -> None:
    assert world.http.get(f"/static/{name}").status_code == 200


@pytest.mark.parametrize("name", ["phones.html", "..%2Fphones.py", "nothing"])
def test_nothing_else_is_served(world: World, name: str) -> None:
    assert world.http.get(f"/static/{name}").status_code == 404


def test_news_comes_as_server_sent_events_and_ends_soon(world: World) -> None:
    world.says({"type": "text", "text": "hi"})
    answer = world.http.get("/news", params={"after": "0"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert '"kind": "received"' in answer.text
    assert f'"person": "{ASHA}"' in answer.text


def test_the_till_shows_what_is_paid_and_leads_back(world: World) -> None:
    session = session_of(world)
    till = world.http.get(f"/stripe/checkout/{session.id}")
    assert "INR 49.00" in till.text
    assert "Contact of a worker" in till.text
    assert "form-action 'self' http://localhost:8000" in till.headers["content-security-policy"]
    paid = world.http.post(f"/stripe/checkout/{session.id}", data={"outcome": "pay"})
    assert paid.status_code == 303
    assert paid.headers["location"] == f"http://localhost:8000/paid?session={session.id}"
    assert "Paid" in world.http.get(f"/stripe/checkout/{session.id}").text


def test_the_till_s_other_buttons_stay_on_the_page(world: World) -> None:
    session = session_of(world)
    for outcome, said in [
        ("decline", "declined"),
        ("require_action", "bank"),
        ("expire", "Expired"),
    ]:
        page = world.http.post(f"/stripe/checkout/{session.id}", data={"outcome": outcome})
        assert page.status_code == 200
        assert said in page.text


def test_what_is_sold_is_shown_as_text(world: World) -> None:
    price = {"currency": "inr", "unit_amount": 4900, "product_data": {"name": "<b>lead</b>"}}
    session = session_of(world, line_items=[{"quantity": 1, "price_data": price}])
    assert "&lt;b&gt;lead&lt;/b&gt;" in world.http.get(f"/stripe/checkout/{session.id}").text


def test_an_unknown_session_has_no_till(world: World) -> None:
    assert world.http.get("/stripe/checkout/cs_test_nothing").status_code == 404


@pytest.fixture
def page(browser: "Browser", world: World) -> Iterator["Page"]:
    """The first page, opened; the test fails if the browser complains about it."""
    opened = browser.new_page()
    complaints: list[str] = []
    opened.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.goto(f"{world.url}/")
    yield opened
    assert complaints == []


def add(page: "Page", number: str, name: str) -> Any:
    """A phone, added by hand."""
    page.get_by_label("Number").fill(number)
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Add phone").click()
    phone = page.get_by_role("article", name=f"Phone of {name}")
    phone.wait_for()
    return phone


def test_two_people_chat_side_by_side(page: "Page", world: World) -> None:
    asha, ravi = add(page, ASHA, "Asha"), add(page, RAVI, "Ravi")
    asha.get_by_label("Message").fill("hi")
    asha.get_by_label("Message").press("Enter")
    ravi.get_by_label("Message").fill("hello")
    ravi.get_by_role("button", name="Send", exact=True).click()
    world.business.wait(lambda b: len(b.messages()) == 2)
    world.sent(YES_NO)
    world.sent(HELLO, to=RAVI)
    asha.get_by_role("button", name="Accept").click()
    tap = world.business.wait(lambda b: b.messages()[2:])[0]
    assert tap["interactive"]["button_reply"]["id"] == "yes-1"
    ravi.get_by_text("Hello", exact=True).wait_for()


def test_what_people_write_is_never_markup(page: "Page", world: World) -> None:
    phone = add(page, ASHA, "<img src=x onerror=alert(1)>")
    phone.get_by_label("Message").fill("<script>alert(1)</script>")
    phone.get_by_label("Message").press("Enter")
    phone.get_by_text("<script>alert(1)</script>").wait_for()
    assert page.locator("img").count() == 0


def test_lists_places_and_stop_are_sent_from_the_phone(page: "Page", world: World) -> None:
    phone = add(page, ASHA, "Asha")
    phone.get_by_text("More to send").click()
    phone.get_by_role("button", name="Send location").click()
    world.business.wait(lambda b: b.messages())
    world.sent(listing([{"id": "cook", "title": "Cook"}]))
    phone.get_by_text("Choose").click()
    phone.get_by_role("button", name="Cook").click()
    world.business.wait(lambda b: b.messages()[1:])
    phone.get_by_role("button", name="STOP").click()
    world.business.wait(lambda b: b.messages()[2:])
    assert [message["type"] for message in world.business.messages()] == [
        "location",
        "interactive",
        "text",
    ]


def test_a_block_and_a_jump_of_the_clock_are_a_button_away(page: "Page", world: World) -> None:
    phone = add(page, ASHA, "Asha")
    phone.get_by_role("button", name="Block").click()
    phone.get_by_role("button", name="Blocked").wait_for()
    page.get_by_label("Later by").select_option("90000")
    page.get_by_role("button", name="Jump").click()
    page.get_by_text("25 h ahead").wait_for()
    people = world.http.get("/whatsapp/_control/people").json()["items"]
    assert people[0]["blocked"] is True


def test_a_phone_in_hand_reads_and_one_laid_down_does_not(page: "Page", world: World) -> None:
    phone = add(page, ASHA, "Asha")
    world.says({"type": "text", "text": "hi"})
    seen = world.sent(HELLO)
    world.business.wait_for_status(seen, "read")
    page.get_by_label("Number").focus()
    unseen = world.sent({"type": "text", "text": {"body": "Later"}})
    phone.get_by_text("Later", exact=True).wait_for()
    world.business.wait_for_status(unseen, "delivered")
    assert [s for s in world.business.statuses(unseen) if s["status"] == "read"] == []
    phone.get_by_label("Message").focus()
    world.business.wait_for_status(unseen, "read")


def test_a_payment_appears_at_the_till_and_is_paid_by_hand(page: "Page", world: World) -> None:
    shop = f"{world.url}/"
    session = session_of(world, success_url=shop, cancel_url=shop)
    link = page.get_by_role("link", name="Pay INR 49")
    link.wait_for()
    page.goto(f"{world.url}/stripe/checkout/{session.id}")
    page.get_by_role("button", name="Pay", exact=True).click()
    page.get_by_role("heading", name="Partimer sandbox").wait_for()
    world.business.wait_for_event("checkout.session.completed")


def test_the_page_fits_a_small_screen(page: "Page", world: World) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    add(page, ASHA, "A" * 60)
    world.says({"type": "text", "text": "x" * 300})
    page.get_by_text("xxx").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
