"""Take the pictures of the documents anew: `python -m scripts.screenshots`.

Plays the story on the page of phones, fills a city and opens the pages of employers and administrators, against a
server of its own that is thrown away, in this machine's Chromium. `--url` takes the pages alone from a server that
runs and has its city already (`make demo`), with an administrator whose password is ADMIN_PASSWORD. A Linux machine
may lack letters and emoji for it: `apt-get install fonts-noto-core fonts-noto-color-emoji`.
"""

import argparse
import datetime as dt
import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from uuid import uuid4

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize

from tests.infra.browser import open_browser
from tests.infra.live import serve_process
from tests.infra.pages import opened
from tests.infra.phones import register, take_phone, tap, write
from tests.infra.run import ROOT

PICTURES = ROOT / "docs" / "pictures"
MOST_BYTES = 200_000
COLOURS = 255
"""Enough for flat pages: a third of the bytes, and no difference to see."""
EMAIL = "meera@example.com"
PASSWORD = "pictures at the river"
DESK = {"width": 1280, "height": 860}
PHONE: ViewportSize = {"width": 390, "height": 800}


def main() -> None:
    """Write every picture; raises where one has become too heavy for a repository."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="a server with its city: take the pages alone")
    parser.add_argument("--email", default=EMAIL, help="the administrator there")
    given = parser.parse_args()
    PICTURES.mkdir(exist_ok=True)
    with open_browser() as browser:
        if given.url:
            _pages(browser, given.url, given.email, os.environ["ADMIN_PASSWORD"])
            return
        with tempfile.TemporaryDirectory() as folder:
            env = {"DATABASE_URL": f"sqlite:///{folder}/partimer.db", "RATE_LIMITS": "off"}
            with serve_process(Path(folder), env) as url:
                _phones(browser, url)
                _fill(Path(folder), env, url)
                _pages(browser, url, EMAIL, PASSWORD)


def _phones(browser: Browser, url: str) -> None:
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


def _fill(folder: Path, env: dict[str, str], url: str) -> None:
    """Let the demonstration's city come into being, and an administrator who looks after it."""
    whole = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PUBLIC_URL": url, **env}
    whole["ADMIN_PASSWORD"] = PASSWORD
    for command in (["demo", "--url", url, "--workers", "600"], ["create-admin", "--email", EMAIL]):
        subprocess.run(
            [sys.executable, "-m", "app", *command],
            cwd=folder,
            env=whole,
            check=True,
            stdout=subprocess.DEVNULL,
        )


def _pages(browser: Browser, url: str, email: str, password: str) -> None:
    """The pages of an employer who posts a job, and those of an administrator."""
    with opened(browser, f"{url}/signup", viewport=DESK) as page:
        page.get_by_label("Company name").fill("Cafe Deccan")
        page.get_by_label("Your name").fill("Rustom Irani")
        page.get_by_label("Email").fill(f"rustom-{uuid4().hex[:8]}@example.com")
        page.get_by_label("Password").fill("a busy cafe on hill road")
        page.get_by_role("button", name="Create account").click()
        page.get_by_role("heading", name="Cafe Deccan").wait_for()
        page.goto(f"{url}/jobs/new")
        _fill_job(page)
        page.locator("#forecast-said").get_by_text("a shift").wait_for()
        page.evaluate("window.scrollTo(0, 0)")
        _take(page, "job-form")
        page.set_viewport_size(PHONE)
        page.get_by_label("Saturday", exact=True).scroll_into_view_if_needed()
        _take(page, "job-form-phone")
    with opened(browser, f"{url}/signin", viewport=DESK) as page:
        page.get_by_label("Email").fill(email)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").first.click()
        page.wait_for_url("**/console")
        page.locator("#queues").wait_for()
        _take(page, "console")
        page.goto(f"{url}/console/waiting")
        page.locator("#waiting-rows a").first.click()
        take = page.get_by_role("button", name="Take it")
        if take.is_visible():
            take.click()
        page.get_by_label("Your answer").wait_for()
        _take(page, "conversation")


def _fill_job(page: Page) -> None:
    """A waiter's weekends in Mumbai, where the city has people."""
    first = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=3)
    page.get_by_label("Role").fill("waiter")
    page.get_by_label("Description").fill("Serve guests at a busy cafe. A meal is included.")
    page.get_by_label("Place").fill("400050")
    page.get_by_label("First day").fill(first.isoformat())
    page.get_by_label("Last day").fill((first + dt.timedelta(days=28)).isoformat())
    page.get_by_label("Saturday", exact=True).check()
    page.get_by_label("Sunday", exact=True).check()
    page.get_by_label("People").fill("2")
    page.get_by_label("Pay (INR)").fill("150")


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
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
    size = file.stat().st_size
    print(f"{file.relative_to(ROOT)}: {size / 1000:.0f} kB")
    if size > MOST_BYTES:
        raise SystemExit(f"{file.name} is larger than {MOST_BYTES / 1000:.0f} kB.")


if __name__ == "__main__":
    main()
