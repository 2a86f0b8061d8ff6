"""What every test of a page looks at: the browser's complaints, the width, and who can use it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, ConsoleMessage, Page

WAIT_MILLISECONDS = 30_000
"""For one step; the machine may be busy with other things."""


@contextmanager
def opened(
    browser: Browser, url: str, *, expects: Sequence[int] = (), **context: Any
) -> Iterator[Page]:
    """Open `url` in a page of its own; fails where the browser complained about it meanwhile.

    It complains about every answer that is an error; those with a status of `expects` are meant.
    """
    # Nothing slides: a click waits until what it clicks stands still.
    page = browser.new_page(reduced_motion="reduce", **context)
    page.set_default_timeout(WAIT_MILLISECONDS)
    complaints: list[str] = []
    meant = tuple(
        f"{said} {status} "
        for status in expects
        for said in ("the server responded with a status of", "SSE reconnect failed with status")
    )

    def note(message: ConsoleMessage) -> None:
        address = message.location.get("url", "")
        if "status of 503" in message.text and address.endswith("/jobs/forecast"):
            return  # a busy machine; the form goes on with the forecast of before
        if message.type == "error" and not any(each in message.text for each in meant):
            complaints.append(f"{message.text} {address}")

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(url)
    try:
        yield page
    except Exception as error:
        # What a run elsewhere can be understood by: nobody can look at its screen.
        error.add_note(f"The browser complained: {complaints or 'about nothing'}")
        error.add_note(f"The page said:\n{page.inner_text('body')}")
        raise
    finally:
        page.context.close()
    assert not complaints, complaints


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than the screen."""
    page.wait_for_load_state()  # a click waits until the next page begins, not until it is there
    wider: int = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return max(0, wider)


def barriers(page: Page) -> list[str]:
    """What stands in somebody's way (WCAG 2.2 A and AA), one line each, by axe."""
    page.wait_for_load_state()  # half a page has faults that the whole one has not
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    return _found(page, {"type": "tag", "values": tags})


def contrast(page: Page) -> list[str]:
    """What of it differs between light and dark: text that hardly stands out from its ground, one line each."""
    return _found(page, {"type": "rule", "values": ["color-contrast", "link-in-text-block"]})


_RUN = """async only => (await axe.run({runOnly: only, resultTypes: ["violations"]})).violations.flatMap(
    rule => rule.nodes.map(node => `${rule.id}: ${node.target} ${node.failureSummary}`))"""


def _found(page: Page, only: dict[str, Any]) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found: list[str] = page.evaluate(_RUN, only)
    return found
