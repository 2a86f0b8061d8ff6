"""An employer sees about how far somebody lives, never where."""

import itertools

from tests.flows.world import BANDRA, World, ok


def test_what_an_employer_sees_is_the_same_within_half_a_kilometre(sqlite_world: World) -> None:
    world = sqlite_world
    home = {"latitude": BANDRA["latitude"] + 0.0301, "longitude": BANDRA["longitude"]}
    world.worker(location=home)
    owner = world.employer()
    seen = []
    for shift in (-0.0005, 0.0, 0.0005):
        spot = {"latitude": BANDRA["latitude"] + shift, "longitude": BANDRA["longitude"]}
        job = world.job(owner, location=spot, radius_km=5.0)
        match = world.matches(owner, job["id"])[0]
        seen.append((match["distance_km"], match["breakdown"]["distance"], match["score"]))
    assert all(one == other for one, other in itertools.pairwise(seen)), seen
    assert seen[0][0] == 3.5


def test_a_circle_around_one_house_is_refused(sqlite_world: World) -> None:
    owner = sqlite_world.employer()
    body = sqlite_world.job_body(radius_km=0.01)
    problem = owner.post("/api/employers/jobs", body)
    assert problem.status_code == 422
    assert problem.json()["errors"][0]["field"] == "radius_km"
    ok(owner.post("/api/employers/jobs", sqlite_world.job_body(radius_km=0.5)), 201)
