"""Every page of the console that its router knows, opened in both languages; `test_every_page` looks at each by axe.

The addresses are found by walking the router, so that a new page can't be forgotten: whoever adds one with something of
its own in the address says in `THINGS` which.
"""

import re
from typing import Any

from fastapi.routing import APIRoute

from app.web.console.lists import TABLES
from app.web.console.rooms import ROUTERS
from app.web.console.settings import SECTIONS
from tests.support.app_harness import World
from tests.support.assertions import ok
from tests.support.leads import lead
from tests.web.test_console import held_job, signed_in
from tests.web.test_console_browser import sign_in

PAGES = sorted(
    route.path
    for router in ROUTERS
    for route in router.routes
    if isinstance(route, APIRoute) and "GET" in (route.methods or ())
)
NO_PAGE = {
    "/console/companies/{employer_id}/export": "a file",
    "/console/workers/{worker_id}/export": "a file",
    "/console/invoices/{invoice_id}": "a PDF",
    "/console/bulk": "leads to the list",
}
_PART = "/now"
"""The end of the address of a part that an open page asks for."""


def things(world: World) -> dict[str, list[str]]:
    """Something on every page; by the name of what an address takes, what there is of it."""
    held = held_job(world)
    bought = lead(world)
    bought.buy()
    path = f"/api/employers/matches/{bought.id}/report"
    report = ok(bought.employer.post(path, {"reason": "other", "note": "rude"}), 201)
    world.says(str(bought.worker.phone), "human")
    for _ in range(6):
        world.worker(location={"latitude": 18.52, "longitude": 73.85}, slots=())
    admin = world.admin()
    body = {"action": "verify", "ids": [bought.worker.id], "reason": "papers"}
    bulk = ok(admin.post("/api/admin/bulk", body), 202)
    ok(admin.put("/api/admin/settings", {"waves": {"interval_minutes": 44}}))
    invited = {"email": "nina@example.com", "name": "Nina", "admin_role": "support"}
    ok(admin.post("/api/admin/admins", invited), 201)
    (talk, *_) = ok(admin.get("/api/admin/conversations?waiting=true"))["items"]
    return {
        "conversation_id": [talk["id"]],
        "job_id": [held, bought.job_id],
        "worker_id": [bought.worker.id],
        "employer_id": [bought.employer.id],
        "report_id": [report["id"]],
        "bulk_id": [bulk["id"]],
        "section": list(SECTIONS),
        "name": list(TABLES),
    }


def addresses(world: World) -> list[str]:
    """Return the address of every page, with something in it."""
    there = things(world)
    found = []
    for path in PAGES:
        if path in NO_PAGE or path.endswith(_PART):
            continue
        named = re.findall(r"{(\w+)}", path)
        if not named:
            found.append(path)
            continue
        (name,) = named
        assert name in there, f"{path}: say in `things` what {name} is"
        found += [path.replace(f"{{{name}}}", each) for each in there[name]]
    more = there["worker_id"][0]
    why = f"/console/jobs/{there['job_id'][1]}/why"
    return [
        *found,
        f"{why}?q=a",
        f"{why}?worker={more}",
        f"/console/workers/{more}/merge?q=a",
        "/console/find?q=cafe",
        "/console/market?city=Pune",
    ]


def test_every_page_and_part_opens_in_both_languages(world: World) -> None:
    owner = signed_in(world)
    pages = addresses(world)
    for language in ("en", "hi"):
        owner.language = language
        for path in pages:
            answer = owner.get(path)
            assert answer.status_code == 200, path
            assert answer.text.count("<h1") == 1, path
            assert f'<html lang="{language}">' in answer.text, path
            assert not re.search(r"\bconsole\.[a-z_]+\.?[a-z_]*\b(?![^<]*>)", answer.text), path
    for path in (each for each in PAGES if each.endswith(_PART)):
        asked = path
        for name in re.findall(r"{(\w+)}", path):
            asked = asked.replace(f"{{{name}}}", things_of(world, name))
        answer = owner.get(asked)
        assert answer.status_code == 200, path
        assert "<html" not in answer.text, path


def things_of(world: World, name: str) -> str:
    """Return something that is there already."""
    where = {
        "conversation_id": "/api/admin/conversations?waiting=true",
        "bulk_id": "/api/admin/bulk",
    }
    return str(ok(world.admin().get(where[name]))["items"][0]["id"])


def sign_in_as_owner(world: World, page: Any) -> None:
    """Make the owner, and sign in as them."""
    world.admin()
    sign_in(page)
