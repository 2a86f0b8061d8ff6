"""A worker reports the employer of an offer over the API; administrators read it in the log."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import httpx

from app.api.http.rate_limits import LIMITS
from tests.support.app_harness import Person, World
from tests.support.assertions import ok, refused
from tests.support.leads import bought_lead

NOTE = "They want a deposit; call 98765 43210"


def reports(worker: Person, offer_id: str, body: Any = None, **options: Any) -> httpx.Response:
    path = f"/api/workers/offers/{offer_id}/report"
    return worker.post(path, body or {"reason": "asked_for_money"}, **options)


def offered(world: World) -> tuple[Person, Person, str]:
    worker, employer = world.worker(), world.employer()
    world.job(employer)
    [offer] = world.offers(worker)
    return worker, employer, offer["id"]


def logged(world: World, employer_id: str) -> list[dict[str, Any]]:
    params = {"action": "employer.report", "target_id": employer_id}
    items: list[dict[str, Any]] = ok(world.admin().get("/api/admin/logs", params=params))["items"]
    return items


def test_a_report_is_answered_and_read_by_administrators(world: World) -> None:
    worker, employer, offer_id = offered(world)
    body = {"reason": "asked_for_money", "note": NOTE}
    assert ok(reports(worker, offer_id, body), 201) == {
        "offer_id": offer_id,
        "reason": "asked_for_money",
        "reported_at": "2026-11-23T06:00:00Z",
    }
    [entry] = logged(world, employer.id)
    assert (entry["actor"], entry["actor_role"]) == (worker.id, "worker")
    assert entry["target_type"] == "employer"
    assert entry["after"] == {"match_id": offer_id, "reason": "asked_for_money"}
    assert "deposit" in entry["reason"]
    assert "98765" not in entry["reason"]


def test_the_same_offer_is_reported_once(world: World) -> None:
    worker, employer, offer_id = offered(world)
    first = ok(reports(worker, offer_id), 201)
    world.clock.advance(minutes=5)
    assert ok(reports(worker, offer_id, {"reason": "unsafe", "note": "Late"}), 201) == first
    assert len(logged(world, employer.id)) == 1


def test_of_two_reports_at_once_one_is_made(world: World) -> None:
    worker, employer, offer_id = offered(world)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: reports(worker, offer_id), range(2)))
    assert ok(answers[0], 201) == ok(answers[1], 201)
    assert len(logged(world, employer.id)) == 1


def test_the_key_replays_the_first_answer(world: World) -> None:
    worker, employer, offer_id = offered(world)
    key = {"Idempotency-Key": "report-1"}
    first = ok(reports(worker, offer_id, headers=key), 201)
    assert ok(reports(worker, offer_id, headers=key), 201) == first
    other = reports(worker, offer_id, {"reason": "other"}, headers=key)
    refused(other, 422, "idempotency_key_reused")
    assert len(logged(world, employer.id)) == 1


def test_who_holds_the_contact_can_be_reported(world: World) -> None:
    lead, _ = bought_lead(world)
    body = {"reason": "not_paid"}
    assert ok(reports(lead.worker, lead.id, body), 201)["reason"] == "not_paid"
    assert len(logged(world, lead.employer.id)) == 1


def test_another_s_offer_is_not_found(world: World) -> None:
    _, employer, offer_id = offered(world)
    stranger = world.worker(slots=())
    refused(reports(stranger, offer_id), 404, "offer_not_found")
    refused(reports(stranger, "01900000-0000-7000-8000-000000000000"), 404, "offer_not_found")
    refused(reports(employer, offer_id), 403, "wrong_role")
    assert logged(world, employer.id) == []


def test_a_bad_report_is_refused(world: World) -> None:
    worker, employer, offer_id = offered(world)
    for body in (
        {"reason": "rude"},
        {"note": "No reason"},
        {"reason": "other", "note": ""},
        {"reason": None},
        {"reason": "other", "words": "Unknown field"},
    ):
        refused(reports(worker, offer_id, body), 422, "invalid")
    assert logged(world, employer.id) == []


def test_reports_are_limited(
    sqlite_database_url: str, world_with: Callable[..., AbstractContextManager[World]]
) -> None:
    with world_with(sqlite_database_url, rate_limits="on") as world:
        worker, _, offer_id = offered(world)
        most = int(LIMITS["report:account"].partition("/")[0])
        for _ in range(most):
            ok(reports(worker, offer_id), 201)
        refused(reports(worker, offer_id), 429, "rate_limited")
