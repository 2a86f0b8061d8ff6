"""The lead guarantee: who bought a contact in vain says so, and the money goes back."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import leads
from tests.support.app_harness import World
from tests.support.assertions import ok, refused
from tests.support.leads import (
    Lead,
    at_once,
    bought_lead,
    lead,
    logged_actions,
    refund,
    refunds_of,
)


@pytest.fixture
def world(world_of_file: World) -> Iterator[World]:
    """One Partimer for the file: every test brings its own people, and money is right after each."""
    yield world_of_file
    leads.check_at_rest(world_of_file)


def report(lead_: Lead, reason: Any = "other", **more: Any) -> Any:
    path = f"/api/employers/matches/{lead_.id}/report"
    return lead_.employer.post(path, {"reason": reason, **more})


def test_a_reported_lead_waits_for_an_administrator(world: World) -> None:
    mine, payment = bought_lead(world)
    first = ok(report(mine, "wrong_person", note="her brother answers"), 201)
    assert (first["status"], first["match_id"], first["decided_at"]) == ("open", mine.id, None)
    assert (first["reason"], first["note"]) == ("wrong_person", "her brother answers")
    assert first["decides_by"] is None
    assert ok(report(mine, "other", note="and again"), 201) == first
    assert mine.payment["status"] == "succeeded"
    assert logged_actions(world, mine.id)[-1] == "lead.report"
    details = ok(world.admin().get(f"/api/admin/employers/{mine.employer.id}"))
    assert details["reports"] == 1
    assert refunds_of(world, payment) == []


def test_only_a_bought_lead_can_be_reported_and_in_time(world: World) -> None:
    mine = lead(world)
    refused(report(mine), 409, "match_not_unlocked")
    for bad in ("", "the number is dead", None):
        assert report(mine, bad).status_code == 422
    assert report(mine, note="x" * 501).status_code == 422


# ── What we know ourselves ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("how", ["suspended", "blocks"])
def test_a_worker_who_is_gone_for_this_employer_is_refunded_at_once(world: World, how: str) -> None:
    mine, payment = bought_lead(world)
    if how == "suspended":
        path = f"/api/admin/workers/{mine.worker.id}/action"
        ok(world.admin().post(path, {"action": "suspend", "reason": "fraud"}))
    else:
        ok(mine.worker.post("/api/workers/blocks", {"employer_id": mine.employer.id}), 201)
    assert ok(report(mine, "no_answer"), 201)["status"] == "refunded"
    world.settle()
    assert mine.payment["status"] == "refunded"
    why = {"suspended": "account_suspended", "blocks": "worker_withdrew"}[how]
    assert [one.reason for one in refunds_of(world, payment)] == [why]


def unreachable(world: World) -> tuple[Lead, str]:
    """A lead bought in vain: WhatsApp can't bring the worker the news of it."""
    mine = lead(world)
    page = mine.begin()
    world.settle()
    ok(world.http.post("/sandbox/whatsapp/_control/faults", json={"next": 1, "kind": "blocked"}))
    world.pay(page["checkout_url"])
    return mine, page["payment_id"]


def test_a_number_that_proved_unreachable_is_refunded_by_itself(world: World) -> None:
    mine, payment = unreachable(world)
    answer = ok(report(mine), 201)
    assert answer["status"] == "refunded"
    assert answer["decided_at"] is not None
    world.settle()
    assert mine.payment["status"] == "refunded"
    assert mine.phone_shown() == mine.worker.phone
    assert [one.reason for one in refunds_of(world, payment)] == ["unreachable"]


def test_a_contact_whose_worker_is_gone_is_refunded_by_itself(world: World) -> None:
    mine = lead(world)
    mine.buy()
    ok(mine.worker.delete("/api/workers/account"), 204)
    answer = ok(report(mine), 201)
    assert answer["status"] == "refunded"
    world.settle()
    assert mine.payment["status"] == "refunded"
    assert mine.phone_shown() is None


def test_a_lead_refunded_before_can_still_be_reported(world: World) -> None:
    mine, payment = unreachable(world)
    ok(refund(world, payment))
    assert ok(report(mine), 201)["status"] == "refunded"
    world.settle()
    assert mine.payment["refunded"]["amount"] == 4_900


def test_reports_made_at_once_are_one(world: World) -> None:
    mine, payment = unreachable(world)
    answers = [ok(answer, 201) for answer in at_once([lambda: report(mine)] * 5)]
    assert len({answer["id"] for answer in answers}) == 1
    world.settle()
    assert len(refunds_of(world, payment)) == 1


def decide(world: World, report_id: str, action: str) -> Any:
    body = {"action": action, "reason": "we called the number"}
    return world.admin().post(f"/api/admin/reports/{report_id}/action", body)


@pytest.mark.parametrize("action", ["refund", "decline"])
def test_an_administrator_decides_a_report_once(world: World, action: str) -> None:
    mine, _ = bought_lead(world)
    made = ok(report(mine), 201)["id"]
    for who in ({"employer_id": mine.employer.id}, {"worker_id": mine.worker.id}):
        params = {"status": "open", **who}
        [row] = ok(world.admin().get("/api/admin/reports", params=params))["items"]
        assert (row["id"], row["worker_id"], row["match_id"]) == (made, mine.worker.id, mine.id)
    answers = at_once([lambda: decide(world, made, action)] * 3)
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    refused(decide(world, made, "refund"), 409, "report_decided")
    world.settle()
    status, given_back = ("refunded", 4_900) if action == "refund" else ("declined", 0)
    assert ok(report(mine), 201)["status"] == status
    assert mine.payment["refunded"]["amount"] == given_back
    assert logged_actions(world, mine.id)[-1] == f"report.{action}"
    assert ok(world.admin().get(f"/api/admin/workers/{mine.worker.id}"))["reports"] == 1
    unknown = "0190b5a4-0000-7000-8000-000000000000"
    refused(decide(world, unknown, "decline"), 404, "report_not_found")
