"""Take the pictures of the documents anew: `python -m scripts.screenshots`.

Plays the story on the page of phones, against a server of its own that is thrown away, in this
machine's Chromium. A Linux machine may lack letters and emoji for it:
`apt-get install fonts-noto-core fonts-noto-color-emoji`.
"""

import tempfile
from pathlib import Path

from playwright.sync_api import Page

from tests.infra.browser import open_browser
from tests.infra.live import serve_process
from tests.infra.pages import opened
from tests.infra.phones import register, take_phone, tap, write
from tests.infra.run import ROOT

PICTURES = ROOT / "docs" / "pictures"
MOST_BYTES = 300_000


def main() -> None:
    """Write every picture; raises where one has become too heavy for a repository."""
    PICTURES.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        serve_process(Path(folder), {"DATABASE_URL": f"sqlite:///{folder}/partimer.db"}) as url,
        open_browser() as browser,
    ):
        screen = {"width": 1280, "height": 830}
        with opened(browser, f"{url}/sandbox/", viewport=screen) as page:
            _play(page)
            _take(page, "phones")
            till = _unlock(page)
            _take(till, "till")
        small = {"width": 360, "height": 760}
        with opened(browser, f"{url}/sandbox/", viewport=small, color_scheme="dark") as page:
            sunita = page.get_by_role("article", name="Phone of Sunita Devi")
            sunita.get_by_label("Message", exact=True).focus()
            tap(sunita, "☰ हुनर चुनें")
            sunita.evaluate("phone => phone.scrollIntoView()")
            _take(page, "phone")


def _play(page: Page) -> None:
    """Asha accepts an offer, the café hears of it, Sunita is registering in Hindi."""
    asha = take_phone(page, "Asha Kulkarni")
    sunita = take_phone(page, "Sunita Devi")
    cafe = take_phone(page, "Café Deccan")
    register(asha, "Asha Kulkarni")
    page.get_by_role("button", name="Post and publish").click()
    asha.get_by_text("A job for you").wait_for()
    tap(asha, "Accept")
    asha.get_by_text("You accepted").wait_for()
    cafe.get_by_text("would like to work for you").wait_for()
    write(sunita, "नमस्ते")
    for title in ("हिन्दी", "हाँ, मैं 18+ हूँ", "Sunita Devi रखें"):
        tap(sunita, title)
    sunita.get_by_role("button", name="☰").wait_for()
    page.get_by_role("button", name="Unlock the contact").wait_for()
    page.evaluate("window.scrollTo(0, 0)")


def _unlock(page: Page) -> Page:
    with page.expect_popup() as popup:
        page.get_by_role("button", name="Unlock the contact").click()
    popup.value.set_viewport_size({"width": 480, "height": 620})
    return popup.value


def _take(page: Page, name: str) -> None:
    file = PICTURES / f"{name}.png"
    page.screenshot(path=file)
    size = file.stat().st_size
    print(f"{file.relative_to(ROOT)}: {size / 1000:.0f} kB")
    if size > MOST_BYTES:
        raise SystemExit(f"{file.name} is larger than {MOST_BYTES / 1000:.0f} kB.")


if __name__ == "__main__":
    main()
