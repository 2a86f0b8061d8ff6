"""The phones in a real browser: everything a person can do with one arrives at the business."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import pytest

from tests.infra.pages import barriers, opened, overflow
from tests.infra.phones import write
from tests.sandbox.conftest import ASHA, RAVI, Open, World
from tests.sandbox.test_flows import create, opening
from tests.sandbox.test_sending import HELLO, YES_NO, listing
from tests.sandbox.test_stripe import session_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

TIMES = [{"id": "09:00", "title": "9 am"}, {"id": "17:00", "title": "5 pm"}]
DAYS = [{"id": day.lower(), "title": day} for day in ("Friday", "Saturday", "Sunday")]
DONE = {
    "name": "complete",
    "payload": {"days": "${form.days}", "from": "${form.starts}", "until": "${form.ends}"},
}
FIELDS: list[dict[str, Any]] = [
    {"type": "TextBody", "text": "Which ${data.label}?"},
    {"type": "CheckboxGroup", "name": "days", "label": "Days", "required": True},
    {"type": "Dropdown", "name": "starts", "label": "From", "required": True},
    {"type": "Dropdown", "name": "ends", "label": "Until"},
    {"type": "Footer", "label": "Send ${data.label}", "on-click-action": DONE},
]
for field, options in zip(FIELDS[1:4], (DAYS, TIMES, TIMES), strict=True):
    field["data-source"] = options
SCREEN: dict[str, Any] = {"id": "HOURS", "title": "Hours", "terminal": True}
HOURS = {
    "version": "7.2",
    "screens": [{**SCREEN, "layout": {"type": "SingleColumnLayout", "children": FIELDS}}],
}

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning"),
]


@pytest.fixture
def world(open_world: Open) -> Iterator[World]:
    """A sandbox by itself: the product is elsewhere."""
    with open_world(product_url="http://localhost:8000") as world:
        yield world


@pytest.fixture
def page(browser_of_file: "Browser", world: World) -> Iterator["Page"]:
    """The page of phones, opened; the test fails if the browser complains about it."""
    with opened(browser_of_file, f"{world.url}/") as page:
        yield page


def phone_of(page: "Page", name: str = "Asha", number: str = ASHA) -> "Locator":
    """A phone, added by hand."""
    page.get_by_text("Another number").click()
    page.get_by_label("Number or user id").fill(number)
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Add phone").click()
    return page.get_by_role("article", name=f"Phone of {name}")


def attach(phone: "Locator", what: str) -> None:
    phone.get_by_role("button", name="Send something else").click()
    phone.get_by_role("dialog").get_by_role("button", name=what).click()


def arrived(world: World, count: int) -> Any:
    """The message that came last, once there are so many."""
    return world.business.wait(lambda b: b.messages()[count - 1 :])[0]


def test_two_people_chat_side_by_side(page: "Page", world: World) -> None:
    asha, ravi = phone_of(page), phone_of(page, "Ravi", RAVI)
    write(asha, "hi")
    write(ravi, "hello")
    arrived(world, 2)
    world.sent(YES_NO)
    world.sent(HELLO, to=RAVI)
    asha.get_by_role("button", name="Accept", exact=True).click()
    tap = arrived(world, 3)
    assert tap["interactive"]["button_reply"]["id"] == "yes-1"
    ravi.get_by_text("Hello", exact=True).wait_for()


def test_what_people_write_is_never_markup(page: "Page", world: World) -> None:
    phone = phone_of(page, "<img src=x onerror=alert(1)>")
    write(phone, "<script>alert(1)</script>")
    phone.get_by_text("<script>alert(1)</script>").wait_for()
    attack = "*<b>bold</b>* _it_ ~old~ `code` 2*3*4 https://example.org/a?b=<i>."
    world.sent({"type": "text", "text": {"body": attack}})
    said = phone.locator(".bubble:not(.mine)").last
    said.locator("strong", has_text="<b>bold</b>").wait_for()
    assert [said.locator(tag).all_inner_texts() for tag in ("em", "s", "code")] == [
        ["it"],
        ["old"],
        ["code"],
    ]
    assert "2*3*4" in said.inner_text()
    assert said.get_by_role("link").get_attribute("href") == "https://example.org/a?b=<i>"
    assert page.locator("img, b, i").count() == 0


def test_a_list_is_a_sheet_that_escape_closes(page: "Page", world: World) -> None:
    phone = phone_of(page)
    write(phone, "hi")
    arrived(world, 1)
    rows = [{"id": "cook", "title": "Cook", "description": "In a kitchen"}]
    world.sent(listing([*rows, {"id": "waiter", "title": "Waiter"}]))
    choose = phone.get_by_role("button", name="☰ Choose")
    choose.focus()
    choose.press("Enter")
    sheet = phone.get_by_role("dialog")
    sheet.get_by_role("button", name="Cook In a kitchen").press("Escape")
    sheet.wait_for(state="hidden")
    assert choose.evaluate("button => button === document.activeElement")
    choose.press("Enter")
    sheet.get_by_role("button", name="Waiter").press("Enter")
    assert arrived(world, 2)["interactive"]["list_reply"]["id"] == "waiter"


def test_a_form_is_filled_in_by_keyboard_and_what_is_missing_is_asked_for(
    page: "Page", world: World
) -> None:
    phone = phone_of(page)
    write(phone, "hi")
    arrived(world, 1)
    world.sent(opening(create(world, flow_json=json.dumps(HOURS))["id"]))
    phone.get_by_role("button", name="Choose hours").press("Enter")
    form = phone.get_by_role("dialog")
    assert barriers(page) == []
    form.get_by_role("button", name="Send Days").press("Enter")
    form.get_by_label("Saturday").press("Space")
    form.get_by_label("Sunday").press("Space")
    form.get_by_label("From").select_option("09:00")
    form.get_by_role("button", name="Send Days").press("Enter")
    reply = arrived(world, 2)["interactive"]["nfm_reply"]
    assert json.loads(reply["response_json"]) == {
        "flow_token": "token-7",
        "days": ["saturday", "sunday"],
        "from": "09:00",
        "until": "",
    }
    assert len(world.business.messages()) == 2


def test_a_place_is_found_by_its_pin_code_or_given_as_a_point(page: "Page", world: World) -> None:
    phone = phone_of(page)
    attach(phone, "Location")
    phone.get_by_label("City, area or PIN code").fill("560038")
    phone.get_by_label("City, area or PIN code").press("Enter")
    place = arrived(world, 1)["location"]
    assert (place["name"], place["latitude"]) == ("Indiranagar, Bengaluru", 12.9719)
    attach(phone, "Location")
    phone.get_by_text("An exact point").click()
    phone.get_by_label("Latitude").fill("19.0596")
    phone.get_by_label("Longitude").fill("72.8295")
    phone.get_by_role("button", name="Send this point").click()
    assert arrived(world, 2)["location"] == {"latitude": 19.0596, "longitude": 72.8295}
    phone.get_by_text("19.0596, 72.8295").first.wait_for()


def test_pictures_the_number_stop_and_start_are_sent(page: "Page", world: World) -> None:
    phone = phone_of(page)
    for what in ("Photo", "Voice note", "Sticker", "My number", "STOP", "START"):
        attach(phone, what)
    arrived(world, 6)
    sent = world.business.messages()
    kinds = ["image", "audio", "sticker", "contacts", "text", "text"]
    assert [message["type"] for message in sent] == kinds
    assert sent[3]["contacts"][0]["phones"][0]["phone"] == ASHA
    assert [message["text"]["body"] for message in sent[4:]] == ["STOP", "START"]


def test_somebody_whose_number_is_hidden_types_the_one_to_share(page: "Page", world: World) -> None:
    phone = phone_of(page, "Meera", "IN.13491208655302741918")
    attach(phone, "My number")
    phone.get_by_label("The number to share").fill(RAVI)
    phone.get_by_role("button", name="Share", exact=True).click()
    card = arrived(world, 1)
    assert "from" not in card
    assert card["contacts"][0]["phones"][0]["phone"] == RAVI


def test_an_answer_quotes_and_a_reaction_stands_on_its_message(page: "Page", world: World) -> None:
    phone = phone_of(page)
    write(phone, "hi")
    arrived(world, 1)
    asked = world.sent(HELLO)
    phone.get_by_role("button", name="Reply to “Hello”").press("Enter")
    write(phone, "yes")
    assert arrived(world, 2)["context"]["id"] == asked
    phone.get_by_text("In answer to: Hello").wait_for()
    phone.get_by_role("button", name="React with 👍").press("Enter")
    assert arrived(world, 3)["reaction"] == {"message_id": asked, "emoji": "👍"}
    phone.locator(".reactions", has_text="👍").wait_for()


def test_a_block_and_a_jump_of_the_clock_are_a_button_away(page: "Page", world: World) -> None:
    phone = phone_of(page)
    write(phone, "hi")
    phone.get_by_text("Window: 24 h").wait_for()
    page.get_by_label("WhatsApp’s clock").select_option("90000")
    page.get_by_role("button", name="Jump").click()
    page.get_by_text("25 h ahead").wait_for()
    phone.get_by_text("Window closed").wait_for()
    world.sent(HELLO)
    phone.get_by_text("131047 Re-engagement message").wait_for()
    phone.get_by_role("button", name="More for Asha").click()
    phone.get_by_role("button", name="Block Partimer").click()
    phone.get_by_role("button", name="Unblock").wait_for()
    people = world.http.get("/whatsapp/_control/people").json()["items"]
    assert people[0]["blocked"] is True


def test_a_phone_in_hand_reads_and_one_laid_down_counts(page: "Page", world: World) -> None:
    phone = phone_of(page)
    write(phone, "hi")
    arrived(world, 1)
    seen = world.sent(HELLO)
    world.business.wait_for_status(seen, "read")
    page.get_by_label("WhatsApp’s clock").focus()
    unseen = world.sent({"type": "text", "text": {"body": "Later"}})
    phone.get_by_text("1 unread").wait_for()
    assert page.title() == "(1) Partimer sandbox"
    world.business.wait_for_status(unseen, "delivered")
    assert [s for s in world.business.statuses(unseen) if s["status"] == "read"] == []
    phone.get_by_label("Message", exact=True).focus()
    world.business.wait_for_status(unseen, "read")


def test_ticks_tell_sent_delivered_and_read(page: "Page", world: World) -> None:
    phone = phone_of(page)
    write(phone, "hi")
    ticks = phone.locator(".bubble.mine .ticks")
    phone.locator(".ticks.delivered").wait_for()
    body = {"messaging_product": "whatsapp", "status": "read", "typing_indicator": {"type": "text"}}
    body["message_id"] = world.business.messages()[0]["id"]
    path = f"{world.config.phone_number_id}/messages"
    world.graph("POST", path, json=body)
    phone.get_by_text("typing…").wait_for()
    world.sent(HELLO)
    phone.get_by_text("Hello", exact=True).wait_for()
    assert phone.get_by_text("typing…").count() == 0
    assert ticks.get_attribute("title") == "read"


def test_a_message_that_nobody_acknowledges_says_so_until_somebody_does(
    browser_of_file: "Browser", open_world: Open
) -> None:
    with open_world(product_url="http://localhost:8000", retry_first_seconds=0.4) as world:
        page = browser_of_file.new_page()
        page.goto(f"{world.url}/")
        phone = phone_of(page)
        world.business.answers = [503]
        write(phone, "hi")
        phone.get_by_text("Not delivered: the webhook answered 503").wait_for()
        phone.get_by_role("alert").get_by_text("It will be repeated").wait_for()
        phone.locator(".ticks.delivered").wait_for()
        page.context.close()


def test_what_goes_wrong_next_is_scripted_and_taken_back(page: "Page", world: World) -> None:
    page.get_by_label("What goes wrong next").select_option("whatsapp http_500")
    page.get_by_role("button", name="Script it").click()
    page.get_by_text("whatsapp: http 500, 1 more").wait_for()
    assert world.refused(HELLO) == 1
    page.get_by_label("What goes wrong next").select_option("stripe http_500")
    page.get_by_role("button", name="Script it").click()
    scripted = page.get_by_role("listitem").filter(has_text="stripe: http 500")
    scripted.get_by_role("button", name="Take back").click()
    scripted.wait_for(state="detached")


def test_a_payment_appears_at_the_till_and_is_paid_by_keyboard(page: "Page", world: World) -> None:
    session = session_of(world, success_url=f"{world.url}/", cancel_url=f"{world.url}/")
    page.get_by_role("link", name="Pay ₹49").wait_for()
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{world.url}/stripe/checkout/{session.id}")
    assert overflow(page) == 0
    assert barriers(page) == []
    page.get_by_role("button", name="Decline").press("Enter")
    page.get_by_text("The card was declined").wait_for()
    assert page.title() == "The card was declined. Nothing was charged. Payment"
    page.get_by_label("Card").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Partimer sandbox").wait_for()
    world.business.wait_for_event("checkout.session.completed")


def test_the_page_comes_back_by_itself_and_shows_nothing_twice(
    browser_of_file: "Browser", world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A browser's "offline" lets an open stream be: it has to end by itself, soon.
    monkeypatch.setattr("sandbox.pages.phones.STREAM_SECONDS", 0.5)
    page = browser_of_file.new_page()  # which complains, rightly, while it is offline
    page.goto(f"{world.url}/")
    phone = phone_of(page)
    write(phone, "hi")
    phone.locator(".ticks.delivered").wait_for()
    page.get_by_text("Live", exact=True).wait_for()
    page.context.set_offline(True)
    write(phone, "is anybody there?")
    phone.get_by_text("The sandbox does not answer").wait_for()
    assert phone.get_by_label("Message", exact=True).input_value() == "is anybody there?"
    world.sent(HELLO)
    page.get_by_text("Waiting for the server").wait_for()
    page.context.set_offline(False)
    page.get_by_text("Live", exact=True).wait_for()
    phone.get_by_text("Hello", exact=True).wait_for()
    assert phone.get_by_text("Hello", exact=True).count() == 1
    assert page.locator("#news .what", has_text="Hello").count() == 1
    page.context.close()


def test_everybody_can_use_it_on_a_small_screen_too_by_day_and_by_night(
    page: "Page", world: World
) -> None:
    def barriers_by_day_and_by_night() -> list[str]:
        found = []
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            found += barriers(page)
        return found

    assert barriers_by_day_and_by_night() == []
    page.set_viewport_size({"width": 360, "height": 740})
    phone = phone_of(page, "A" * 60)
    write(phone, "x" * 300)
    arrived(world, 1)
    world.sent(YES_NO)
    world.sent(listing([{"id": "cook", "title": "Cook"}]))
    phone.get_by_role("button", name="☰ Choose").wait_for()
    assert overflow(page) == 0
    assert barriers_by_day_and_by_night() == []
    phone.get_by_role("button", name="☰ Choose").click()
    assert barriers_by_day_and_by_night() == []
    assert overflow(page) == 0
