"""Who waits for a person, when they are more than a page, and while the page asks again by itself."""

import re
from html import unescape
from typing import TYPE_CHECKING

import pytest

from tests.infra.pages import opened
from tests.support.app_harness import World
from tests.web.test_console import signed_in
from tests.web.test_console_browser import sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_WAITING = 25
"""More than a page shows."""


def test_the_second_page_of_who_waits_stays_the_second_and_all_are_counted(world: World) -> None:
    for _ in range(_WAITING):
        world.says(str(world.worker(slots=()).phone), "human")
    owner = signed_in(world)
    first = owner.get("/console/waiting").text
    assert re.search(rf"<title>\s*\({_WAITING}\) ", first)
    assert f'data-waiting="{_WAITING}"' in first
    (following,) = re.findall(r'rel="next" href="([^"]+)"', first)
    second = owner.get(unescape(following)).text
    (polled,) = re.findall(r'hx-get="([^"]+)"', second)
    again = owner.get(unescape(polled)).text
    assert f'data-waiting="{_WAITING}"' in again
    listed = re.compile(r'href="(/console/waiting/[0-9a-f-]+)"')
    assert len(listed.findall(first)) + len(listed.findall(again)) == _WAITING
    assert listed.findall(again) == listed.findall(second)
    assert f'hx-get="{polled}"' in again


@pytest.mark.browser
def test_the_keyboard_stays_where_it_is_while_the_table_comes_anew(
    sqlite_world: World, browser_of_file: "Browser"
) -> None:
    asha, ravi = sqlite_world.worker(slots=()), sqlite_world.worker(slots=())
    sqlite_world.admin()
    sqlite_world.says(str(asha.phone), "human")
    with opened(browser_of_file, f"{sqlite_world.url}/signin") as page:
        sign_in(page)
        page.goto(f"{sqlite_world.url}/console/waiting")
        page.locator("#waiting-now a").first.focus()
        here = page.evaluate("document.activeElement.href")
        sqlite_world.says(str(ravi.phone), "human")
        page.locator("#waiting-now a").nth(1).wait_for()
        assert page.evaluate("document.activeElement.href") == here
