"""A real browser for the pages: the Chromium of this machine, driven by Playwright."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def browser_path() -> str:
    """Return the browser's program; skips the test, saying so, where there is none."""
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return found
    pytest.skip("no Chromium on this machine; to run the browser tests: apt-get install chromium")


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Start the browser, without a window."""
    path = browser_path()
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=[*as_root, "--disable-dev-shm-usage"]
        )
        try:
            yield browser
        finally:
            browser.close()
