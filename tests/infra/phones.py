"""A hand for the page of phones: what tests do there, and what the documents show."""

from playwright.sync_api import Locator, Page


def take_phone(page: Page, name: str) -> Locator:
    """Take one of the phones that the page suggests."""
    page.get_by_role("button", name=f"Add {name}").click()
    return page.get_by_role("article", name=f"Phone of {name}")


def write(phone: Locator, text: str) -> None:
    """Write a message, and send it with Enter."""
    field = phone.get_by_label("Message", exact=True)
    field.fill(text)
    field.press("Enter")


def tap(phone: Locator, title: str) -> None:
    """Tap the newest button of that title under a message, as soon as it is there."""
    phone.locator(".taps").get_by_role("button", name=title, exact=True).last.click()


def register(phone: Locator, name: str) -> None:
    """Register a waiter in Bandra, free on weekends: by taps, by typing, from the list, by a place."""
    write(phone, "hi")
    for title in ("English", "Yes, I'm 18 or over", f"Use {name}", "☰ Choose skills"):
        tap(phone, title)
    phone.get_by_role("dialog").get_by_role("button", name="Waiter").click()
    phone.get_by_text("Your skills: Waiter").wait_for()
    write(phone, "done")
    tap(phone, "📍 Send location")
    phone.get_by_label("City, area or PIN code").fill("bandra")
    phone.get_by_label("City, area or PIN code").press("Enter")
    tap(phone, "Up to 10 km")
    tap(phone, "3 years")
    phone.get_by_text("When are you free?").wait_for()
    write(phone, "weekends 8am-9pm")
    tap(phone, "Yes")
    phone.get_by_text(f"All set, {name}!").wait_for()
