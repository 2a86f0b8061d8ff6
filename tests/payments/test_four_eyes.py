"""A refund above the policy's sum waits for a second administrator."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.identity.rules import AdminRole
from tests.support import leads
from tests.support.app_harness import Person, World
from tests.support.assertions import ok, refused
from tests.support.leads import at_once, bought_lead, logged_actions, payment_row, refunds_of
from tests.support.provider_faults import post_to_webhook, stripe_event

ALONE = 2_000
"""Paise that one administrator gives back alone here."""


@pytest.fixture
def world(world_of_file: World) -> Iterator[World]:
    """One Partimer for the file, whose administrators give back little alone."""
    world_of_file.unread = True
    owner = world_of_file.admin()
    settings = ok(owner.get("/api/admin/settings"))
    settings["limits"]["refund_alone_up_to"] = ALONE
    ok(owner.put("/api/admin/settings", settings))
    yield world_of_file
    leads.check_at_rest(world_of_file)


def refund(admin: Person, payment: str, amount: int | None = None) -> Any:
    body = {"reason": "the number was wrong"} | ({"amount": amount} if amount else {})
    return ok(admin.post(f"/api/admin/payments/{payment}/refund", body))


def decide(admin: Person, refund_id: str, action: str = "approve") -> Any:
    body = {"action": action, "reason": "I have seen the letter"}
    return admin.post(f"/api/admin/refunds/{refund_id}/action", body)


def test_a_large_refund_is_made_once_another_administrator_approves(world: World) -> None:
    mine, payment = bought_lead(world)
    first, second = world.admin(), world.admin(role=AdminRole.FINANCE)
    made = refund(first, payment)
    assert made["status"] == "proposed"
    world.settle()
    assert mine.payment["refunded"]["amount"] == 0
    path = "/api/admin/open-items?kind=refund_proposed&open=true"
    [item] = ok(second.get(path))["items"]
    assert (item["payment_id"], item["money"]["amount"]) == (payment, 4_900)
    closing = second.post(f"/api/admin/open-items/{item['id']}/close", {"reason": "no"})
    refused(closing, 409, "open_item_needs_action")
    refused(decide(first, made["id"]), 409, "second_administrator_needed")
    again = first.post(f"/api/admin/payments/{payment}/refund", {"reason": "again"})
    refused(again, 409, "payment_not_refundable")
    answers = at_once([lambda: decide(second, made["id"])] * 3)
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    world.settle()
    assert mine.payment["status"] == "refunded"
    assert ok(second.get(path))["items"] == []
    assert logged_actions(world, payment)[:2] == ["payment.refund", "payment.refund_approved"]
    refused(decide(second, made["id"], "decline"), 409, "refund_not_proposed")


def test_a_declined_refund_is_not_made_and_can_be_asked_for_again(world: World) -> None:
    mine, payment = bought_lead(world)
    first, second = world.admin(), world.admin(role=AdminRole.FINANCE)
    made = refund(first, payment)
    assert ok(decide(second, made["id"], "decline"))["status"] == "cancelled"
    world.settle()
    assert mine.payment["refunded"]["amount"] == 0
    assert refund(first, payment, 1_000)["status"] == "requested"
    world.settle()
    assert mine.payment["refunded"]["amount"] == 1_000


def test_many_small_refunds_are_a_large_one(world: World) -> None:
    mine, payment = bought_lead(world)
    first = world.admin()
    assert [refund(first, payment, 1_000)["status"] for _ in range(3)] == [
        "requested",
        "requested",
        "proposed",
    ]
    world.settle()
    assert mine.payment["refunded"]["amount"] == ALONE
    decide(first, str(refunds_of(world, payment)[-1].id), "decline")


def test_what_a_rule_decides_needs_nobody(world: World) -> None:
    mine, _ = bought_lead(world)
    ok(mine.worker.delete("/api/workers/account"), 204)
    report = {"reason": "no_answer"}
    ok(mine.employer.post(f"/api/employers/matches/{mine.id}/report", report), 201)
    world.settle()
    assert mine.payment["status"] == "refunded"


def test_a_report_is_decided_by_the_second_administrator(world: World) -> None:
    mine, _ = bought_lead(world)
    body = {"reason": "wrong_person", "note": "somebody else answered"}
    ok(mine.employer.post(f"/api/employers/matches/{mine.id}/report", body), 201)
    first, second = world.admin(), world.admin(role=AdminRole.FINANCE)
    [report] = ok(first.get(f"/api/admin/reports?employer_id={mine.employer.id}"))["items"]

    def acted(action: str) -> Any:
        path = f"/api/admin/reports/{report['id']}/action"
        return first.post(path, {"action": action, "reason": "they called us"})

    def proposed() -> str:
        payment = mine.payment["id"]
        return str(next(one.id for one in refunds_of(world, payment) if one.status == "proposed"))

    assert ok(acted("refund"))["status"] == "open"
    for action in ("refund", "decline"):
        refused(acted(action), 409, "report_awaits_approval")
    ok(decide(second, proposed(), "decline"))
    assert ok(acted("refund"))["status"] == "open"
    ok(decide(second, proposed()))
    world.settle()
    [report] = ok(first.get(f"/api/admin/reports?employer_id={mine.employer.id}"))["items"]
    assert report["status"] == "refunded"
    assert mine.payment["status"] == "refunded"
    refused(acted("decline"), 409, "report_decided")


def test_a_proposed_refund_ends_when_a_bank_takes_the_money(world: World) -> None:
    mine, payment = bought_lead(world)
    first, second = world.admin(), world.admin(role=AdminRole.FINANCE)
    made = refund(first, payment)
    assert made["status"] == "proposed"
    charge = payment_row(world, payment).intent_id
    for status in ("opened", "lost", "won"):
        body = {"payment_intent": charge, "status": status}
        ok(world.http.post("/sandbox/stripe/_control/disputes", json=body))
        world.settle()
        if status == "lost":
            refused(decide(second, made["id"]), 409, "refund_not_proposed")
            path = "/api/admin/open-items?kind=refund_proposed&open=true"
            assert payment not in [item["payment_id"] for item in ok(second.get(path))["items"]]
            assert "payment.refund_cancelled" in logged_actions(world, payment)
    # Nobody approved it, so the bank's second thoughts do not send it either.
    assert [one.status for one in refunds_of(world, payment)] == ["cancelled"]
    assert mine.payment["refunded"]["amount"] == 0


def test_a_proposed_refund_of_more_than_is_left_is_not_approved(world: World) -> None:
    mine, payment = bought_lead(world)
    first, second = world.admin(), world.admin(role=AdminRole.FINANCE)
    made = refund(first, payment)
    given = {
        "id": "re_by_hand_" + payment,
        "status": "succeeded",
        "amount": 700,
        "currency": "inr",
        "payment_intent": payment_row(world, payment).intent_id,
        "metadata": {},
    }
    assert post_to_webhook(world, stripe_event("refund.created", given)) == [200]
    refused(decide(second, made["id"]), 409, "refund_money_gone")
    ok(decide(second, made["id"], "decline"))
    world.settle()
    assert mine.payment["refunded"]["amount"] == 700


def test_only_who_may_move_money_approves(world: World) -> None:
    nowhere = "0190b5a4-0000-7000-8000-000000000000"
    refused(decide(world.admin(), nowhere), 404, "refund_not_found")
    support = world.admin(role=AdminRole.SUPPORT)
    assert decide(support, nowhere).status_code == 403
