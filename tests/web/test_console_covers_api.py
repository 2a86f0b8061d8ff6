"""Everything that administrators do by the API can be done in the console: each of its calls is used by a page."""

import re
from pathlib import Path

from fastapi.routing import APIRoute

from app import main
from app.identity.rules import AdminRole
from tests.infra.run import ROOT
from tests.support.app_harness import World
from tests.support.leads import lead, somewhere
from tests.web.test_console import signed_in

CONSOLE = Path("app/web/console")
WITHOUT_A_PAGE = {
    "get_own_admin_role": "pages show what the role includes",
    "get_admin": "the page of the team shows all of each",
    "get_any_invoice": "its PDF is shown",
    "get_stats": "the pages of the market and of money count only what of it they show",
    "get_market": "the page shows the same figures, which a loop has counted",
    "expire_matches": "a loop does it by itself; the call is for programs",
}
"""Calls that need no page of their own, each with the reason."""


def _calls() -> dict[str, str]:
    """Return every call of administrators: the function's name, and where it is."""
    routes = [
        route
        for router in main.ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and route.path.startswith(("/api/admin", "/api/matching"))
    ]
    return {route.endpoint.__name__: f"{min(route.methods or ())} {route.path}" for route in routes}


def test_each_call_of_administrators_has_its_page() -> None:
    used = " ".join(file.read_text("utf-8") for file in (ROOT / CONSOLE).glob("*.py"))
    names = set(re.findall(r"\b[a-z_]+\b", used))
    missing = {name: where for name, where in _calls().items() if name not in names}
    assert len(_calls()) > 50
    assert {name: where for name, where in missing.items() if name not in WITHOUT_A_PAGE} == {}
    assert set(WITHOUT_A_PAGE) <= set(missing)


def test_why_somebody_is_asked_or_not_is_said_on_a_page(world: World) -> None:
    asked = lead(world, accept=False)
    far = world.worker(name="Farida Far", location=somewhere(), slots=["monday"])
    owner = signed_in(world)
    why = f"/console/jobs/{asked.job_id}/why"
    assert why in owner.get(f"/console/jobs/{asked.job_id}").text
    found = owner.get(why, params={"q": "Farida"}).text
    assert f"{why}?worker={far.id}" in found
    page = owner.get(f"{why}?worker={far.id}").text
    assert "Is not asked" in page
    assert "km away" in page
    assert "Nothing was found" in owner.get(f"{why}?worker={asked.job_id}").text


def test_the_next_people_are_asked_by_a_button_and_a_second_press_asks_nobody_twice(
    world: World,
) -> None:
    asked = lead(world, accept=False)
    owner = signed_in(world)
    owner.get(f"/console/jobs/{asked.job_id}")
    wave = f"/console/jobs/{asked.job_id}/wave"
    form = owner.form(wave)
    first = owner.post(wave, form)
    assert first.headers["location"].startswith(f"/console/jobs/{asked.job_id}?done=wave_")
    assert owner.post(wave, form).headers["location"] == first.headers["location"]
    assert len(world.matches(asked.employer, asked.job_id)) == 1
    finance = signed_in(world, AdminRole.FINANCE)
    assert wave not in finance.get(f"/console/jobs/{asked.job_id}").text
    assert owner.get("/console/lists/logs").text.count("Head of the log") == 1
