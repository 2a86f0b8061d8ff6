"""Every page of the portal and the console, for everybody: English and Hindi, light and dark, on a phone and on a desk.

The addresses are found by walking the routers, so that a new page can't be forgotten. One world and one browser serve
them all, and a page is loaded once a language. Each is looked at whole in English on a phone in light, and in Hindi on a
desk in dark; the other two ways differ from these in contrast and width, so those are looked at there.
"""

import re
from typing import TYPE_CHECKING, Literal

import pytest
from fastapi.routing import APIRoute

from app.main import PAGE_ROUTERS
from app.web.console.rooms import ROUTERS
from app.web.public import TOPICS
from tests.infra.pages import barriers, contrast, opened, overflow
from tests.infra.sweeps import share
from tests.support.app_harness import World
from tests.support.assertions import ok
from tests.support.leads import lead
from tests.web import test_console_every_page as console
from tests.web.test_job_form_live import sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, ViewportSize

PHONE: "ViewportSize" = {"width": 390, "height": 800}
DESK: "ViewportSize" = {"width": 1280, "height": 860}
PARTS = 2
"""Tests a language, so that none takes long where other things run."""
NO_PAGE = {
    "/company/data": "a file",
    "/invoices.csv": "a file",
    "/payments.csv": "a file",
    "/invoices/{invoice_id}.pdf": "a file",
    "/jobs/place": "a part of the form",
    "/jobs/{job_id}/events": "a stream",
    "/language/{language}": "leads back",
}
PAGES = sorted(
    route.path
    for router in PAGE_ROUTERS
    if router not in ROUTERS
    for route in router.routes
    if isinstance(route, APIRoute) and "GET" in (route.methods or ())
)


def portal(world: World) -> tuple[str, list[str], list[str]]:
    """Return an owner's mail address, the pages of guests, and those of this owner, with something on each."""
    owner = world.employer(verified=True)
    assert owner.email is not None
    bought, waiting = lead(world, employer=owner), lead(world, employer=owner)
    bought.buy()
    draft = world.job(owner, publish=False)
    body = {"name": "Weekend", "job_id": draft["id"]}
    ok(owner.post("/api/employers/job-templates", body), 201)
    member = {"email": "mina@example.com", "name": "Mina", "role": "viewer"}
    ok(owner.post("/api/employers/team", member), 201)
    of = {
        "{topic}": list(TOPICS),
        "{job_id}": [draft["id"], bought.job_id, waiting.job_id],
        "{job_id}/leads/{match_id}": [f"{bought.job_id}/leads/{bought.id}"],
    }
    found: list[str] = []
    for path in PAGES:
        if path in NO_PAGE:
            continue
        named = re.search(r"\{.*\}", path)
        if named is None:
            found.append(path)
            continue
        assert named[0] in of, f"{path}: say in `portal` what there is"
        found += [path.replace(named[0], each) for each in of[named[0]]]
    found = [each for each in found if each != f"/jobs/{bought.job_id}/edit"]
    guests = [each for each in found if each.startswith(("/sign", "/forgot", "/check", "/help"))]
    mine = [each for each in found if each not in guests]
    return owner.email, ["/", "/nowhere", *guests], [*mine, "/jobs/new?like=" + draft["id"]]


def seen(page: "Page", url: str, path: str, language: str) -> list[str]:
    """Return what stands in somebody's way on a page: on a phone in light, and on a desk in dark."""
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(PHONE)
    page.goto(f"{url}{path}")
    found = []
    looks: list[tuple[ViewportSize, Literal["light", "dark"], str]] = [
        (PHONE, "light", "en"),
        (DESK, "dark", "hi"),
    ]
    for screen, light, whole in looks:
        page.set_viewport_size(screen)
        page.emulate_media(color_scheme=light)
        bars = barriers(page) if language == whole else contrast(page)
        found += [f"{path}, {screen['width']}, {light}: {each}" for each in bars]
        if wider := overflow(page):
            found.append(f"{path}, {screen['width']}: {wider} pixels too wide")
    return found


@pytest.mark.browser
@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("language", ["en", "hi"])
def test_every_page_is_for_everybody(
    sqlite_world: World, browser_of_file: "Browser", language: str, part: int
) -> None:
    world, name = sqlite_world, f"pages {language} {part}"
    email, guests, mine = portal(world)
    found = []
    start = f"{world.url}/language/en"
    with opened(browser_of_file, start, expects=[404]) as page:
        page.goto(f"{world.url}/language/{language}")
        for path in share(f"{name} guests", guests[part::PARTS]):
            found += seen(page, world.url, path, language)
    with opened(browser_of_file, start) as page:
        sign_in(page, world, email)
        page.goto(f"{world.url}/language/{language}")
        for path in share(f"{name} portal", mine[part::PARTS]):
            found += seen(page, world.url, path, language)
    with opened(browser_of_file, f"{world.url}/signin") as page:
        console.sign_in_as_owner(world, page)
        page.goto(f"{world.url}/language/{language}")
        for path in share(f"{name} console", console.addresses(world)[part::PARTS]):
            found += seen(page, world.url, path, language)
    assert found == []
