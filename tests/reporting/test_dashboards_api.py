"""The two dashboards, and who holds a worker's contact."""

from tests.support.app_harness import World
from tests.support.assertions import ok, refused


def test_a_new_workers_dashboard_divides_by_nothing(sqlite_world: World) -> None:
    world = sqlite_world
    worker = world.worker(slots=())
    assert ok(worker.get("/api/workers/dashboard")) == {
        "offers": {"offered": 0, "accepted": 0, "rejected": 0, "expired": 0, "withdrawn": 0},
        "unlocked": 0,
        "acceptance_rate": None,
        "median_response_minutes": None,
        "profile_completeness": 0.5,
    }


def test_a_workers_dashboard_counts_what_stands_where(world: World) -> None:
    worker, employer = world.worker(), world.employer()
    for number in range(5):
        world.job(employer, title=f"Waiter number {number}", respond_within_minutes=60)
    offers = world.offers(worker)
    world.clock.advance(minutes=2)
    worker.post(f"/api/workers/offers/{offers[0]['id']}/respond", {"response": "reject"})
    world.clock.advance(minutes=2)
    world.accept(worker, offers[1]["id"])
    world.clock.advance(minutes=2)
    world.accept(worker, offers[2]["id"])
    ok(worker.post(f"/api/workers/offers/{offers[2]['id']}/withdraw"))
    dashboard = ok(worker.get("/api/workers/dashboard"))
    counts = {"offered": 2, "accepted": 1, "rejected": 1, "expired": 0, "withdrawn": 1}
    assert dashboard["offers"] == counts
    assert dashboard["acceptance_rate"] == 0.333
    assert dashboard["median_response_minutes"] == 4.0
    assert dashboard["profile_completeness"] == 0.75


def test_an_offer_past_its_deadline_counts_as_expired_at_once(world: World) -> None:
    worker, employer = world.worker(), world.employer()
    world.job(employer, respond_within_minutes=5)
    world.clock.advance(minutes=5)
    mine = ok(worker.get("/api/workers/dashboard"))
    assert (mine["offers"]["offered"], mine["offers"]["expired"]) == (0, 1)
    assert mine["acceptance_rate"] == 0.0
    theirs = ok(employer.get("/api/employers/dashboard"))
    assert (theirs["matches"]["offered"], theirs["matches"]["expired"]) == (0, 1)


def test_a_new_employers_dashboard_divides_by_nothing(sqlite_world: World) -> None:
    world = sqlite_world
    assert ok(world.employer().get("/api/employers/dashboard")) == {
        "jobs": {"draft": 0, "published": 0, "filled": 0, "expired": 0, "cancelled": 0},
        "matches": {"offered": 0, "accepted": 0, "rejected": 0, "expired": 0},
        "leads_unlocked": 0,
        "spend": {"amount": 0, "currency": "INR"},
        "spend_in_other_currencies": [],
        "median_minutes_to_first_accept": None,
        "acceptance_rate": None,
    }


def test_an_employers_dashboard_counts_their_own_only(world: World) -> None:
    first, second = world.worker(), world.worker(name="Ravi Menon")
    employer, other = world.employer(), world.employer()
    world.job(employer)
    world.job(employer, publish=False)
    world.clock.advance(minutes=6)
    world.accept(first, world.offers(first)[0]["id"])
    dashboard = ok(employer.get("/api/employers/dashboard"))
    assert dashboard["jobs"] == {
        "draft": 1,
        "published": 1,
        "filled": 0,
        "expired": 0,
        "cancelled": 0,
    }
    assert dashboard["matches"] == {"offered": 1, "accepted": 1, "rejected": 0, "expired": 0}
    assert dashboard["median_minutes_to_first_accept"] == 6.0
    assert dashboard["acceptance_rate"] == 1.0
    assert len(world.offers(second, status="offered")) == 1
    empty = ok(other.get("/api/employers/dashboard"))
    assert empty["matches"] == {"offered": 0, "accepted": 0, "rejected": 0, "expired": 0}


def test_a_worker_sees_who_paid_for_their_contact_and_both_dashboards_count_it(
    world: World,
) -> None:
    worker, employer = world.worker(), world.employer(company_name="Cafe Mondegar")
    job = world.job(employer)
    assert ok(worker.get("/api/workers/unlocks")) == {"items": [], "next_cursor": None}
    offer = world.accept(worker, world.offers(worker)[0]["id"])
    pending = ok(employer.post(f"/api/employers/matches/{offer['id']}/unlock"), 202)
    world.pay(pending["checkout_url"])
    [held] = ok(worker.get("/api/workers/unlocks"))["items"]
    assert held == {
        "employer_id": employer.id,
        "company_name": "Cafe Mondegar",
        "job_title": job["title"],
        "match_id": offer["id"],
        "unlocked_at": "2026-11-23T06:00:00Z",
    }
    assert ok(worker.get("/api/workers/dashboard"))["unlocked"] == 1
    dashboard = ok(employer.get("/api/employers/dashboard"))
    assert dashboard["leads_unlocked"] == 1
    assert dashboard["spend"] == {"amount": 4_900, "currency": "INR"}
    assert dashboard["jobs"]["filled"] == 1
    [match] = world.matches(employer, job["id"])
    assert (match["unlocked"], match["contact"]["phone"]) == (True, worker.phone)


def test_dashboards_belong_to_their_roles(sqlite_world: World) -> None:
    world = sqlite_world
    worker, employer = world.worker(), world.employer()
    refused(employer.get("/api/workers/dashboard"), 403, "wrong_role")
    refused(employer.get("/api/workers/unlocks"), 403, "wrong_role")
    refused(worker.get("/api/employers/dashboard"), 403, "wrong_role")
    refused(world.http.get("/api/workers/dashboard"), 401, "not_authenticated")
