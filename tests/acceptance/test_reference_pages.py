"""`/docs` and the page of error codes: at home on a machine that reaches no other."""

import re

from playwright.sync_api import Browser

from app.api.http.error_codes import error_codes
from tests.infra.pages import WAIT_MILLISECONDS, barriers, opened
from tests.support.app_harness import World


def test_the_reference_loads_with_every_other_host_out_of_reach(
    browser: Browser, sqlite_world: World
) -> None:
    asked: list[str] = []
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(WAIT_MILLISECONDS)
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{sqlite_world.url}/docs")
    page.get_by_text("employers_publish_job").wait_for()
    context.close()
    assert complaints == []
    assert [url for url in asked if not url.startswith((sqlite_world.url, "data:"))] == []
    assert f"{sqlite_world.url}/openapi.json" in asked


def test_no_page_of_the_reference_names_another_host(sqlite_world: World) -> None:
    for path in ("/docs", "/docs/errors"):
        answer = sqlite_world.http.get(path)
        assert answer.status_code == 200
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; ")
        assert "http" not in policy
        loaded = re.findall(r'(?:src|href)="([^"]+)"', answer.text)
        assert loaded
        assert [address for address in loaded if not address.startswith("/")] == []
        for address in loaded:
            assert sqlite_world.http.get(address).status_code == 200, address


def test_every_error_code_is_explained_on_its_page(browser: Browser, sqlite_world: World) -> None:
    with opened(browser, f"{sqlite_world.url}/docs/errors") as page:
        for error in error_codes():
            row = page.locator(f"tr#{error.code}-{error.status}").inner_text()
            assert all(row.split("\t")), row
        assert page.locator("h1").count() == 1
        assert barriers(page) == []


def test_only_the_files_of_the_reference_are_served(sqlite_world: World) -> None:
    for name in ("redoc.standalone.js", "../core.py", "%2e%2e%2fcore.py", ""):
        assert sqlite_world.http.get(f"/docs/files/{name}").status_code == 404
