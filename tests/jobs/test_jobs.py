"""An employer's jobs over HTTP: writing, changing, publishing, cancelling."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.app_harness import Person, World
from tests.support.assertions import ok, refused

JOBS = "/api/employers/jobs"
NOBODY = "01900000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
def employer(shared_world: World) -> Person:
    """An employer for tests that only look at their own job."""
    return shared_world.employer()


def fields(problem: dict[str, Any]) -> list[str]:
    return [error["field"] for error in problem["errors"]]


def test_a_job_starts_as_a_draft_that_holds_what_was_said(world: World) -> None:
    employer = world.employer()
    body = world.job_body(
        preferred_skills=["bartender"],
        min_experience_years=1,
        radius_km=12.5,
        respond_within_minutes=120,
        may_widen=["radius_km"],
        positions=3,
    )
    made = ok(employer.post(JOBS, body), 201)
    assert {name: made[name] for name in body} == body
    assert made["status"] == "draft"
    assert made["progress"] == {
        **dict.fromkeys(("wave", "offered", "accepted", "rejected", "expired", "unlocked"), 0)
    }
    assert made["published_at"] is None
    assert made["created_at"] == made["updated_at"] == "2026-11-23T06:00:00Z"
    assert ok(employer.get(f"{JOBS}/{made['id']}")) == made


def test_what_is_left_out_gets_its_default(shared_world: World, employer: Person) -> None:
    left_out = ("city", "address", "ends_on", "time_zone", "required_skills", "salary")
    body = shared_world.job_body(**dict.fromkeys(left_out, ...))
    made = ok(employer.post(JOBS, body), 201)
    assert made["time_zone"] == "Asia/Kolkata"
    assert made["ends_on"] is None
    assert made["required_skills"] == made["preferred_skills"] == []
    assert made["min_experience_years"] == 0
    assert made["may_widen"] == []
    for name in ("city", "address", "radius_km", "salary", "respond_within_minutes"):
        assert made[name] is None


def test_each_skill_counts_once_and_required_before_preferred(
    shared_world: World, employer: Person
) -> None:
    made = shared_world.job(
        employer,
        publish=False,
        required_skills=["waiter", "waiter"],
        preferred_skills=["waiter", "cook", "cook"],
    )
    assert made["required_skills"] == ["waiter"]
    assert made["preferred_skills"] == ["cook"]


def test_a_one_day_shift_starts_and_ends_on_the_same_day(
    shared_world: World, employer: Person
) -> None:
    day = {"starts_on": "2026-11-28", "ends_on": "2026-11-28"}
    assert shared_world.job(employer, publish=False, **day)["ends_on"] == "2026-11-28"


def slot(weekday: str, start: str = "10:00", end: str = "18:00") -> dict[str, str]:
    return {"weekday": weekday, "start": start, "end": end}


REFUSED: list[tuple[dict[str, Any], list[str]]] = [
    ({"title": ...}, ["title"]),
    ({"title": "ab"}, ["title"]),
    ({"description": ""}, ["description"]),
    ({"category": "levitation"}, ["category"]),
    ({"location": ...}, ["location"]),
    ({"location": {"latitude": -90.1, "longitude": 0}}, ["location.latitude"]),
    ({"starts_on": "28.11.2026"}, ["starts_on"]),
    ({"starts_on": "2026-W48-6"}, ["starts_on"]),
    ({"ends_on": "2026-W50-7"}, ["ends_on"]),
    ({"ends_on": "2026-11-27"}, ["ends_on"]),
    ({"ends_on": "2028-11-28"}, ["ends_on"]),
    ({"time_zone": "Asia/Nowhere"}, ["time_zone"]),
    ({"slots": []}, ["slots"]),
    ({"slots": [slot("saturday")] * 51}, ["slots"]),
    ({"slots": [slot("saturday", "10:00", "10:00")]}, ["slots.0.end"]),
    ({"slots": [slot("saturday"), slot("saturday", "17:00", "19:00")]}, ["slots.1"]),
    ({"slots": [slot("sunday", "22:00", "02:00"), slot("monday", "01:00", "03:00")]}, ["slots.1"]),
    (
        {
            "starts_on": "2026-11-28",
            "ends_on": "2026-11-29",
            "slots": [slot("saturday"), slot("monday")],
        },
        ["slots.1.weekday"],
    ),
    ({"positions": 0}, ["positions"]),
    ({"positions": 501}, ["positions"]),
    ({"positions": True}, ["positions"]),
    ({"positions": 1.5}, ["positions"]),
    ({"positions": 2**63}, ["positions"]),
    ({"required_skills": ["waiter", "levitation"]}, ["required_skills.1"]),
    ({"preferred_skills": ["levitation"]}, ["preferred_skills.0"]),
    ({"required_skills": None}, ["required_skills"]),
    ({"min_experience_years": -1}, ["min_experience_years"]),
    ({"radius_km": 0}, ["radius_km"]),
    ({"radius_km": 500.1}, ["radius_km"]),
    ({"salary": {"amount": -1, "currency": "INR", "per": "hour"}}, ["salary.amount"]),
    ({"salary": {"amount": 10.5, "currency": "INR", "per": "hour"}}, ["salary.amount"]),
    ({"salary": {"amount": 10, "currency": "XXX", "per": "hour"}}, ["salary.currency"]),
    ({"salary": {"amount": 10, "currency": "INR", "per": "shift"}}, ["salary.per"]),
    ({"salary": {"amount": 10, "currency": "INR"}}, ["salary.per"]),
    ({"salary": {"amount": 150, "currency": "INR", "per": "hour"}}, ["salary.amount"]),
    ({"salary": {"amount": 700, "currency": "INR", "per": "day"}}, ["salary.amount"]),
    ({"salary": {"amount": 15_000, "currency": "INR", "per": "month"}}, ["salary.amount"]),
    ({"salary": {"amount": 18, "currency": "USD", "per": "hour"}}, ["salary.amount"]),
    ({"salary": {"amount": 5, "currency": "KWD", "per": "hour"}}, ["salary.amount"]),
    ({"respond_within_minutes": 0}, ["respond_within_minutes"]),
    ({"respond_within_minutes": 10_081}, ["respond_within_minutes"]),
    ({"may_widen": ["pay"]}, ["may_widen.0"]),
    ({"status": "published"}, ["status"]),
    ({"price": 1}, ["price"]),
]


@pytest.mark.parametrize(("changes", "named"), REFUSED)
def test_a_job_that_means_nothing_is_refused_by_field(
    shared_world: World, employer: Person, changes: dict[str, Any], named: list[str]
) -> None:
    problem = refused(employer.post(JOBS, shared_world.job_body(**changes)), 422, "invalid")
    assert fields(problem) == named


@pytest.mark.parametrize(
    ("amount", "currency", "per"),
    [(15_000, "INR", "hour"), (1_000, "USD", "hour"), (1_100, "JPY", "hour"), (900, "KWD", "hour")],
)
def test_pay_that_somebody_works_for_is_taken(
    shared_world: World, employer: Person, amount: int, currency: str, per: str
) -> None:
    salary = {"amount": amount, "currency": currency, "per": per}
    assert shared_world.job(employer, publish=False, salary=salary)["salary"] == salary


def test_pay_in_whole_rupees_is_refused_in_words(shared_world: World, employer: Person) -> None:
    body = shared_world.job_body(salary={"amount": 150, "currency": "INR", "per": "hour"})
    [error] = refused(employer.post(JOBS, body), 422, "invalid")["errors"]
    assert "1.50 INR per hour" in error["message"]
    assert "minor units" in error["message"]


@pytest.mark.parametrize(
    ("changes", "named"), [case for case in REFUSED if ... not in case[0].values()]
)
def test_a_change_that_means_nothing_is_refused_and_changes_nothing(
    shared_world: World, changes: dict[str, Any], named: list[str]
) -> None:
    employer = shared_world.employer()
    made = shared_world.job(employer, publish=False)
    problem = refused(employer.put(f"{JOBS}/{made['id']}", changes), 422, "invalid")
    assert fields(problem) == named
    assert ok(employer.get(f"{JOBS}/{made['id']}")) == made


def test_a_draft_can_be_changed_in_every_field(world: World) -> None:
    employer = world.employer()
    made = world.job(employer, publish=False)
    changes = {
        "title": "Cook for weddings",
        "description": "Cook.",
        "category": "events",
        "location": {"latitude": 25.2, "longitude": 55.27},
        "city": "Dubai",
        "address": None,
        "starts_on": "2027-01-04",
        "ends_on": None,
        "slots": [slot("monday", "22:00", "02:00"), slot("wednesday")],
        "positions": 7,
        "required_skills": ["cook"],
        "preferred_skills": ["waiter"],
        "min_experience_years": 3,
        "radius_km": 5,
        "salary": None,
        "respond_within_minutes": 30,
        "may_widen": ["radius_km", "min_experience_years"],
    }
    world.clock.advance(minutes=1)
    after = ok(employer.put(f"{JOBS}/{made['id']}", changes))
    assert {name: after[name] for name in changes} == changes
    assert after["time_zone"] == "Asia/Dubai"
    assert after["updated_at"] == "2026-11-23T06:01:00Z"
    assert after["created_at"] == made["created_at"]
    assert ok(employer.get(f"{JOBS}/{made['id']}")) == after


def test_a_change_keeps_what_it_leaves_out(shared_world: World) -> None:
    employer = shared_world.employer()
    made = shared_world.job(employer, publish=False)
    after = ok(employer.put(f"{JOBS}/{made['id']}", {"positions": 2}))
    assert after == {**made, "positions": 2}


def test_a_draft_may_lie_in_the_past_but_is_not_published(shared_world: World) -> None:
    employer = shared_world.employer()
    past = {"starts_on": "2026-11-22", "ends_on": "2026-12-26"}
    made = shared_world.job(employer, publish=False, **past)
    problem = refused(employer.post(f"{JOBS}/{made['id']}/publish"), 422, "invalid")
    assert fields(problem) == ["starts_on"]
    assert ok(employer.get(f"{JOBS}/{made['id']}"))["status"] == "draft"


def test_the_past_is_judged_where_the_job_is(sqlite_world: World) -> None:
    # 20:00 in London on the 23rd is 01:30 in Mumbai on the 24th.
    sqlite_world.clock.advance(hours=14)
    employer = sqlite_world.employer()
    body = {"starts_on": "2026-11-23", "ends_on": None, "slots": [slot("monday", "22:00", "23:00")]}
    for zone, status in (("Asia/Kolkata", 422), ("Europe/London", 200)):
        made = sqlite_world.job(employer, publish=False, time_zone=zone, **body)
        assert employer.post(f"{JOBS}/{made['id']}/publish").status_code == status


def test_a_shift_that_has_started_today_is_not_published(shared_world: World) -> None:
    employer = shared_world.employer()
    today = {"starts_on": "2026-11-23", "ends_on": "2026-11-23"}
    gone = shared_world.job(
        employer, publish=False, slots=[slot("monday", "11:30", "13:00")], **today
    )
    refused(employer.post(f"{JOBS}/{gone['id']}/publish"), 422, "invalid")
    coming = shared_world.job(
        employer, publish=False, slots=[slot("monday", "11:31", "13:00")], **today
    )
    ok(employer.post(f"{JOBS}/{coming['id']}/publish"))


def test_publishing_asks_the_workers_who_fit(world: World) -> None:
    worker, employer = world.worker(), world.employer()
    world.worker(skills=["cook"])
    made = world.job(employer)
    assert made["status"] == "published"
    assert made["published_at"] == "2026-11-23T06:00:00Z"
    assert made["progress"]["wave"] == 1
    assert made["progress"]["offered"] == 1
    assert [offer["job"]["id"] for offer in world.offers(worker)] == [made["id"]]


def test_a_job_is_published_once(shared_world: World) -> None:
    employer = shared_world.employer()
    made = shared_world.job(employer)
    refused(employer.post(f"{JOBS}/{made['id']}/publish"), 409, "job_not_draft")


def test_of_many_publishing_at_once_one_succeeds(world: World) -> None:
    worker, employer = world.worker(), world.employer()
    made = world.job(employer, publish=False)
    path = f"{JOBS}/{made['id']}/publish"
    with ThreadPoolExecutor(5) as pool:
        statuses = sorted(pool.map(lambda _: employer.post(path).status_code, range(5)))
    assert statuses == [200, 409, 409, 409, 409]
    assert len(world.offers(worker)) == 1


def test_after_publishing_only_what_decides_nothing_changes(shared_world: World) -> None:
    employer = shared_world.employer()
    made = shared_world.job(employer)
    changes = {
        "title": "Waiter, Saturdays",
        "description": "Smile.",
        "city": "Bandra",
        "address": "2 Hill Road",
        "salary": {"amount": 20_000, "currency": "INR", "per": "hour"},
        "respond_within_minutes": 60,
    }
    after = ok(employer.put(f"{JOBS}/{made['id']}", changes))
    assert {name: after[name] for name in changes} == changes


@pytest.mark.parametrize(
    "changes",
    [
        {"category": "retail"},
        {"location": {"latitude": 19.1, "longitude": 72.8}},
        {"starts_on": "2026-11-29"},
        {"ends_on": None},
        {"time_zone": "Asia/Dubai"},
        {"slots": [slot("saturday", "10:00", "19:00")]},
        {"positions": 1},
        {"required_skills": []},
        {"preferred_skills": ["cook"]},
        {"min_experience_years": 1},
        {"radius_km": 3},
        {"may_widen": ["radius_km"]},
        {"title": "Waiter", "positions": 1},
    ],
)
def test_after_publishing_what_decides_who_matches_stays(
    shared_world: World, changes: dict[str, Any]
) -> None:
    employer = shared_world.employer()
    made = shared_world.job(employer, positions=2)
    refused(employer.put(f"{JOBS}/{made['id']}", changes), 409, "job_not_editable")
    assert ok(employer.get(f"{JOBS}/{made['id']}"))["title"] == made["title"]


def test_a_published_job_takes_its_own_values_again(shared_world: World) -> None:
    employer = shared_world.employer()
    made = shared_world.job(employer)
    body = shared_world.job_body(title="Waiter, Saturdays")
    assert ok(employer.put(f"{JOBS}/{made['id']}", body))["title"] == "Waiter, Saturdays"


def test_a_cancelled_job_changes_no_more(shared_world: World) -> None:
    employer = shared_world.employer()
    made = shared_world.job(employer, publish=False)
    ok(employer.delete(f"{JOBS}/{made['id']}"))
    refused(employer.put(f"{JOBS}/{made['id']}", {"title": "Other"}), 409, "job_not_editable")
    refused(employer.post(f"{JOBS}/{made['id']}/publish"), 409, "job_not_draft")


def test_closing_keeps_who_said_yes_for_sale(world: World) -> None:
    worker, late, employer = world.worker(), world.worker(), world.employer()
    made = world.job(employer, positions=2)
    close = f"{JOBS}/{made['id']}/close"
    world.accept(worker, world.offers(worker)[0]["id"])
    assert world.offers(late)[0]["status"] == "offered"
    draft = world.job(employer, publish=False)
    refused(employer.post(f"{JOBS}/{draft['id']}/close"), 409, "job_not_published")
    refused(world.employer().post(close), 404, "job_not_found")
    closed = ok(employer.post(close))
    assert closed["status"] == "closed"
    assert closed["progress"]["offered"] == 0
    assert closed["progress"]["accepted"] == 1
    assert ok(employer.post(close)) == closed
    refused(employer.delete(f"{JOBS}/{made['id']}"), 409, "job_closed")
    refused(employer.put(f"{JOBS}/{made['id']}", {"positions": 5}), 409, "job_not_editable")
    assert world.offers(late)[0]["status"] == "closed"
    [match] = world.matches(employer, made["id"], status="accepted")
    answer = ok(employer.post(f"/api/employers/matches/{match['id']}/unlock"), 202)
    world.pay(answer["checkout_url"])
    [bought] = world.matches(employer, made["id"], status="accepted")
    assert bought["contact"]["phone"] == worker.phone
    assert ok(employer.get(JOBS, params={"status": "closed"}))["items"][0]["id"] == made["id"]
    # An administrator may open it again.
    action = {"action": "reopen", "reason": "asked for by phone"}
    again = ok(world.admin().post(f"/api/admin/jobs/{made['id']}/action", action))
    assert again["status"] == "published"


def test_closing_jobs_nobody_was_hired_for_counts_as_taking_them_back(world: World) -> None:
    employer = world.employer()
    world.runtime.limiter.enabled = True
    limits = {"limits": {"published_jobs_cancelled_per_day": 2}}
    ok(world.admin().put("/api/admin/settings", limits))
    for _ in range(2):
        made = world.job(employer)
        ok(employer.post(f"{JOBS}/{made['id']}/close"))
    draft = world.job(employer, publish=False)
    refused(employer.post(f"{JOBS}/{draft['id']}/publish"), 429, "publish_limit_reached")


def test_cancelling_closes_open_offers_and_tells_their_workers_once(world: World) -> None:
    worker, employer = world.worker(), world.employer()
    made = world.job(employer)
    world.settle()
    before = len(world.messages(worker.phone or ""))
    cancelled = ok(employer.delete(f"{JOBS}/{made['id']}"))
    assert cancelled["status"] == "cancelled"
    assert cancelled["progress"]["offered"] == 0
    assert ok(employer.delete(f"{JOBS}/{made['id']}")) == cancelled
    offer = world.offers(worker)[0]
    assert offer["status"] == "closed"
    path = f"/api/workers/offers/{offer['id']}/respond"
    refused(worker.post(path, {"response": "accept"}), 409, "offer_closed")
    assert len(world.messages(worker.phone or "")) == before + 1


def test_progress_counts_answers(world: World) -> None:
    workers = [world.worker() for _ in range(4)]
    employer = world.employer()
    made = world.job(employer, positions=2)
    offers = [world.offers(worker)[0] for worker in workers]
    for worker, offer, response in zip(workers, offers, ("accept", "reject"), strict=False):
        ok(worker.post(f"/api/workers/offers/{offer['id']}/respond", {"response": response}))
    progress = ok(employer.get(f"{JOBS}/{made['id']}"))["progress"]
    counts = {"offered": 2, "accepted": 1, "rejected": 1, "expired": 0, "unlocked": 0}
    assert progress == {"wave": 1, **counts}
    world.clock.advance(hours=5)
    employer = world.sign_in(employer.email or "", role="employer")
    counts |= {"offered": 0, "expired": 2}
    assert ok(employer.get(f"{JOBS}/{made['id']}"))["progress"] == {"wave": 1, **counts}
    assert ok(employer.get(JOBS))["items"][0]["progress"] == {"wave": 1, **counts}


def test_jobs_are_listed_newest_first_page_by_page(shared_world: World) -> None:
    employer = shared_world.employer()
    made = [shared_world.job(employer, publish=False)["id"] for _ in range(5)]
    seen: list[str] = []
    cursor = None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = ok(employer.get(JOBS, params=params))
        seen += [job["id"] for job in page["items"]]
        if len(seen) == 2:
            shared_world.job(employer, publish=False)  # a later one changes no page after it
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == made[::-1]
    refused(employer.get(JOBS, params={"cursor": "forged"}), 422, "invalid")
    refused(employer.get(JOBS, params={"limit": 101}), 422, "invalid")


def test_jobs_are_filtered_by_status(shared_world: World) -> None:
    employer = shared_world.employer()
    draft = shared_world.job(employer, publish=False)["id"]
    published = shared_world.job(employer)["id"]
    cancelled = shared_world.job(employer, publish=False)["id"]
    ok(employer.delete(f"{JOBS}/{cancelled}"))
    for status, expected in (
        ("draft", [draft]),
        ("published", [published]),
        ("cancelled", [cancelled]),
        ("filled", []),
    ):
        items = ok(employer.get(JOBS, params={"status": status}))["items"]
        assert [job["id"] for job in items] == expected
    refused(employer.get(JOBS, params={"status": "lost"}), 422, "invalid")


def test_another_s_job_looks_like_none(shared_world: World) -> None:
    owner, stranger = shared_world.employer(), shared_world.employer()
    theirs = shared_world.job(owner, publish=False)["id"]
    for method, end, body in (
        ("GET", "", None),
        ("PUT", "", {"title": "Mine now"}),
        ("DELETE", "", None),
        ("POST", "/publish", None),
    ):
        answers = [
            refused(stranger.request(method, f"{JOBS}/{job}{end}", json=body), 404, "job_not_found")
            for job in (theirs, NOBODY)
        ]
        assert answers[0] | {"request_id": ""} == answers[1] | {"request_id": ""}
    assert ok(stranger.get(JOBS))["items"] == []
    assert ok(owner.get(f"{JOBS}/{theirs}"))["status"] == "draft"


def test_jobs_are_for_employers_only(shared_world: World) -> None:
    refused(shared_world.http.get(JOBS), 401, "not_authenticated")
    refused(shared_world.worker(slots=()).get(JOBS), 403, "wrong_role")
    refused(shared_world.worker(slots=()).post(JOBS, shared_world.job_body()), 403, "wrong_role")


def test_the_same_key_writes_one_job(world: World) -> None:
    employer = world.employer()
    key = {"Idempotency-Key": "k1"}
    first = ok(employer.post(JOBS, world.job_body(), headers=key), 201)
    assert ok(employer.post(JOBS, world.job_body(), headers=key), 201) == first
    assert len(ok(employer.get(JOBS))["items"]) == 1


def test_a_restricted_employer_reads_but_does_not_publish(shared_world: World) -> None:
    employer = shared_world.employer()
    made = shared_world.job(employer, publish=False)
    action = {"action": "restrict", "reason": "under review"}
    ok(shared_world.admin().post(f"/api/admin/employers/{employer.id}/action", action))
    refused(employer.post(f"{JOBS}/{made['id']}/publish"), 403, "account_restricted")
    assert ok(employer.get(f"{JOBS}/{made['id']}"))["status"] == "draft"
