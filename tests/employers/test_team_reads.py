"""What a company has is the same for each of its people who may read it, in lists and in files."""

import re

from starlette.routing import Route

from app.main import ROUTERS
from tests.support.app_harness import World
from tests.support.assertions import ok
from tests.support.team import member_of

OF_THE_COMPANY = sorted(
    route.path
    for router in ROUTERS
    for route in router.routes
    if isinstance(route, Route)
    and route.path.startswith("/api/employers/")
    and "GET" in (route.methods or ())
    and not route.path.endswith(("/events", "/export/own"))
)
"""Every GET of employers but the streams, and the copy of one's own."""
OWNERS_ALONE = {"/api/employers/export"}


def test_every_member_reads_what_the_owner_reads(world: World) -> None:
    owner, worker = world.employer(), world.worker()
    job = world.job(owner)
    (offer,) = world.offers(worker)
    world.accept(worker, offer["id"])
    unlock = f"/api/employers/matches/{offer['id']}/unlock"
    world.pay(ok(owner.post(unlock), 202)["checkout_url"])
    world.settle()
    paid = ok(owner.post(unlock))
    (order,) = ok(owner.get("/api/employers/orders"))["items"]
    (invoice,) = ok(owner.get("/api/employers/invoices"))["items"]
    kept = {"job_id": job["id"], "name": "Brunch"}
    template = ok(owner.post("/api/employers/job-templates", kept), 201)
    ids = {
        "job_id": job["id"],
        "template_id": template["id"],
        "payment_id": paid["payment"]["id"],
        "order_id": order["id"],
        "invoice_id": invoice["id"],
    }
    members = [member_of(world, owner, role) for role in ("owner", "manager", "viewer")]
    assert len(OF_THE_COMPANY) >= 18
    for template in OF_THE_COMPANY:
        path = re.sub(r"\{(\w+)\}", lambda found: ids[found[1]], template)
        theirs = owner.get(path)
        assert theirs.status_code == 200, path
        for member in members:
            answer = member.get(path)
            if template in OWNERS_ALONE:
                assert answer.status_code in {200, 403}, path
            elif not path.endswith(".pdf"):
                assert (answer.status_code, answer.text) == (200, theirs.text), path
    # The comparison is worth nothing where nothing is listed.
    for name in ("payments", "orders", "invoices"):
        assert len(owner.get(f"/api/employers/{name}.csv").text.splitlines()) == 2, name
