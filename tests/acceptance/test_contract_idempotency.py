"""`Idempotency-Key`: the same request sent twice is done once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.acceptance.shapes import page, problem
from tests.support.app_harness import PASSWORD, Person, World
from tests.support.assertions import ok

JOBS = "/api/employers/jobs"


def keyed(person: Person, path: str, body: Any, key: str = "key-1") -> Any:
    return person.post(path, body, headers={"Idempotency-Key": key})


def test_the_same_request_is_done_once_and_answered_alike(town: World) -> None:
    employer = town.employer()
    first, again = (keyed(employer, JOBS, town.job_body()) for _ in range(2))
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert first.status_code == 201
    assert again.headers["content-type"] == first.headers["content-type"]
    assert len(page(employer.get(JOBS))) == 1
    keyed(employer, JOBS, town.job_body(), "key-2")
    assert len(page(employer.get(JOBS))) == 2


def test_another_body_under_the_same_key_is_refused(town: World) -> None:
    employer = town.employer()
    ok(keyed(employer, JOBS, town.job_body()), 201)
    other = keyed(employer, JOBS, town.job_body(positions=2))
    problem(other, 422, "idempotency_key_reused")
    assert len(page(employer.get(JOBS))) == 1


def test_keys_belong_to_their_user(town: World) -> None:
    mine, theirs = town.employer(), town.employer()
    first = ok(keyed(mine, JOBS, town.job_body()), 201)
    second = ok(keyed(theirs, JOBS, town.job_body()), 201)
    assert first["id"] != second["id"]
    assert [job["id"] for job in page(theirs.get(JOBS))] == [second["id"]]


def test_a_refused_request_leaves_its_key_free(town: World) -> None:
    employer = town.employer()
    problem(keyed(employer, JOBS, town.job_body(positions=0)), 422)
    ok(keyed(employer, JOBS, town.job_body()), 201)


def test_a_key_is_forgotten_after_a_day(world: World) -> None:
    employer = world.employer()
    first = ok(keyed(employer, JOBS, world.job_body(starts_on="2026-12-05")), 201)
    world.clock.advance(hours=25)
    employer = world.sign_in(employer.email or "", role="employer")
    second = ok(keyed(employer, JOBS, world.job_body(starts_on="2026-12-05")), 201)
    assert first["id"] != second["id"]


def test_ten_at_once_make_one(town: World) -> None:
    employer = town.employer()

    def send(_number: int) -> tuple[int, str]:
        answer = keyed(employer, JOBS, town.job_body())
        return answer.status_code, answer.json().get("id") or answer.json()["code"]

    with ThreadPoolExecutor(10) as pool:
        answers = set(pool.map(send, range(10)))
    assert len({told for status, told in answers if status == 201}) == 1
    assert {status for status, _ in answers} <= {201, 409}
    assert len(page(employer.get(JOBS))) == 1


def test_keys_work_on_everything_that_creates_or_charges(town: World) -> None:
    place = {"latitude": 26.9, "longitude": 75.8}
    worker, employer = town.worker(location=place, slots=("saturday",)), town.employer()
    job = ok(keyed(employer, JOBS, town.job_body(location=place)), 201)

    def twice(person: Person, path: str, body: Any, key: str, other: Any = ...) -> Any:
        first, again = keyed(person, path, body, key), keyed(person, path, body, key)
        assert first.status_code < 300, first.text
        assert (first.status_code, first.json()) == (again.status_code, again.json()), path
        if other is not ...:
            problem(keyed(person, path, other, key), 422, "idempotency_key_reused")
        return first.json()

    slot = {"weekday": "monday", "start": "21:00", "end": "22:00"}
    twice(worker, "/api/workers/availability", slot, "slot", slot | {"end": "23:00"})
    free = {"starts_on": "2027-01-01", "ends_on": "2027-01-02"}
    twice(worker, "/api/workers/time-off", free, "off", free | {"ends_on": "2027-01-03"})
    twice(employer, f"{JOBS}/{job['id']}/publish", None, "publish")
    twice(employer, f"/api/matching/jobs/{job['id']}/trigger", None, "trigger")
    (match,) = page(employer.get(f"{JOBS}/{job['id']}/matches"))
    respond = f"/api/workers/offers/{match['id']}/respond"
    twice(worker, respond, {"response": "accept"}, "accept", {"response": "reject"})
    unlock = f"/api/employers/matches/{match['id']}/unlock"
    pending = twice(employer, unlock, None, "unlock")
    town.pay(pending["checkout_url"])
    assert ok(employer.post(unlock))["status"] == "unlocked"
    # The same key for another match is another request.
    problem(
        keyed(employer, f"{JOBS}/{job['id']}/publish", None, "unlock"),
        422,
        "idempotency_key_reused",
    )


def test_registering_with_a_key_can_be_repeated(town: World) -> None:
    body = {
        "company_name": "Cafe",
        "contact_name": "Rustom",
        "email": "twice@example.com",
        "password": PASSWORD,
    }
    first, again = (
        town.http.post(
            "/api/auth/register/employer", json=body, headers={"Idempotency-Key": "reg-1"}
        )
        for _ in range(2)
    )
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert first.status_code == 201


def test_a_key_that_is_none_is_refused(town: World) -> None:
    employer = town.employer()
    for key in ("x" * 10_000, "a\tb"):
        problem(keyed(employer, JOBS, town.job_body(), key), 422)
    assert page(employer.get(JOBS)) == []
