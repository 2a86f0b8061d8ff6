"""The stand-in for Razorpay: the shapes of its documentation, its refusals, and what a payer can do."""

import contextlib
import hashlib
import hmac
import time
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import Open, World

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

LINK_FIELDS = set(
    "accept_partial amount amount_paid callback_method callback_url cancelled_at created_at currency customer"
    " description expire_by expired_at first_min_partial_amount id notes notify payments reference_id"
    " reminder_enable reminders short_url status updated_at upi_link user_id whatsapp_link".split()
)
PAYMENT_FIELDS = set(
    "id entity amount currency base_amount status order_id invoice_id international method amount_refunded"
    " amount_transferred refund_status captured description card_id bank wallet vpa email contact notes fee tax"
    " error_code error_description error_source error_step error_reason acquirer_data created_at".split()
)
REFUND_FIELDS = set(
    "id entity amount currency payment_id notes receipt acquirer_data created_at batch_id status speed_processed"
    " speed_requested".split()
)
DISPUTE_FIELDS = set(
    "id entity payment_id amount currency amount_deducted reason_code respond_by status phase created_at"
    " evidence".split()
)


def asked(**more: Any) -> dict[str, Any]:
    """A link that sells one lead for 49 rupees."""
    return {
        "amount": 4_900,
        "currency": "INR",
        "description": "Contact of a worker",
        "reference_id": "payment-1",
        "expire_by": int(time.time()) + 3_600,
        "notes": {"payment_id": "payment-1"},
        "callback_url": "http://localhost:8000/paid",
        "callback_method": "get",
        **more,
    }


def link_of(world: World, **more: Any) -> Any:
    answer = world.razorpay("POST", "payment_links", json=asked(**more))
    assert answer.status_code == 200, answer.text
    return answer.json()


def page_of(link: Any) -> str:
    """Where its page is served, below the sandbox."""
    return f"/razorpay/pay/{link['id']}"


def paid(world: World, **more: Any) -> tuple[Any, Any]:
    """A link that was paid, and its payment."""
    link = link_of(world, **more)
    assert world.upi(link["id"]).status_code == 200
    link = world.razorpay("GET", f"payment_links/{link['id']}").json()
    payment_id = link["payments"][0]["payment_id"]
    return link, world.razorpay("GET", f"payments/{payment_id}").json()


def refused(answer: Any, status: int, words: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    error: dict[str, Any] = answer.json()["error"]
    assert set(error) >= {"code", "description", "source", "step", "reason", "metadata"}
    assert words in error["description"]
    return error


def test_a_link_has_every_field_that_is_published(world: World) -> None:
    link = link_of(world)
    assert set(link) == LINK_FIELDS
    assert (link["status"], link["payments"], link["amount_paid"]) == ("created", None, 0)
    assert link["id"].startswith("plink_")
    assert link["short_url"] == world.config.url(f"/razorpay/pay/{link['id']}")
    assert world.http.get(page_of(link)).status_code == 200
    assert world.razorpay("GET", f"payment_links/{link['id']}").json() == link
    found = world.razorpay("GET", "payment_links", params={"reference_id": "payment-1"}).json()
    assert found == {"payment_links": [link]}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"amount": 99}, "at least INR 1.00"),
        ({"amount": "4900"}, "integer"),
        ({"amount": None}, "integer"),
        ({"currency": "inr"}, "currency"),
        ({"currency": "KWD", "amount": 4_905}, "not valid for the currency"),
        ({"expire_by": int(time.time()) + 600}, "atleast 15 minutes in future"),
        ({"expire_by": int(time.time()) + 400 * 86_400}, "6 months"),
        ({"reference_id": "x" * 41}, "greater than 40"),
        ({"description": "x" * 2_049}, "greater than 2048"),
        ({"notes": {str(n): "x" for n in range(16)}}, "15 pairs"),
        ({"notes": {"a": "x" * 256}}, "must not be greater than 255"),
        ({"callback_method": "post"}, "callback_method"),
        ({"upi_link": True}, "not supported in Test Mode"),
        ({"accept_partial": True}, "accept_partial is/are not required"),
        ({"options": {"order": {}}}, "options is/are not required"),
    ],
)
def test_what_razorpay_refuses_is_refused(world: World, changes: Any, words: str) -> None:
    answer = world.razorpay("POST", "payment_links", json=asked(**changes))
    refused(answer, 400, words)


def test_a_reference_is_one_link(world: World) -> None:
    link_of(world)
    again = world.razorpay("POST", "payment_links", json=asked())
    refused(again, 400, "reference ID already attempted")


def test_nobody_without_the_key_is_let_in(world: World) -> None:
    for auth in (("rzp_test_sandbox", "wrong"), ("x", "y")):
        answer = world.razorpay("POST", "payment_links", json=asked(), auth=auth)
        refused(answer, 401, "api key")
    assert world.http.get("/razorpay/v1/payments").status_code == 401


def test_a_payment_by_upi_and_its_signed_events(world: World) -> None:
    link, payment = paid(world)
    assert (link["status"], link["amount_paid"]) == ("paid", 4_900)
    assert set(payment) == PAYMENT_FIELDS | {"upi"}
    assert (payment["status"], payment["method"], payment["notes"]) == (
        "captured",
        "upi",
        {"payment_id": "payment-1"},
    )
    assert (payment["fee"], payment["tax"]) == (115, 17)
    event = world.business.wait_for_razorpay("payment_link.paid")
    assert set(event.json) == {"entity", "account_id", "event", "contains", "payload", "created_at"}
    assert set(event.json["payload"]) == {"payment_link", "order", "payment"}
    assert event.json["payload"]["payment"]["entity"] == payment
    told = event.json["payload"]["payment_link"]["entity"]
    assert set(told) == LINK_FIELDS - {"payments"} | {"order_id"}
    secret = world.config.razorpay_webhook_secret.encode()
    digest = hmac.new(secret, event.body, hashlib.sha256).hexdigest()
    assert event.headers["x-razorpay-signature"] == digest
    id_ = event.headers["x-razorpay-event-id"]
    captured = world.business.wait_for_razorpay("payment.captured")
    assert captured.headers["x-razorpay-event-id"] != id_
    before = len(world.business.received)
    answer = world.http.post(f"/razorpay/_control/events/{id_}/resend").json()
    assert answer == {"id": id_, "type": "payment_link.paid", "delivered": True}
    again = world.business.wait(lambda b: b.received[before] if len(b.received) > before else None)
    assert (again.body, again.headers["x-razorpay-event-id"]) == (event.body, id_)


def test_a_payment_that_fails_leaves_the_link_open(world: World) -> None:
    link = link_of(world)
    assert world.upi(link["id"], "failure").status_code == 200
    failed = world.business.wait_for_razorpay("payment.failed").json["payload"]["payment"]
    assert failed["entity"]["error_reason"] == "payment_declined"
    assert world.razorpay("GET", f"payment_links/{link['id']}").json()["status"] == "created"
    assert world.upi(link["id"]).json()["status"] == "paid"
    assert world.upi(link["id"]).status_code == 400


def test_a_pending_payment_may_come_after_the_link_is_over(world: World) -> None:
    link = link_of(world)
    world.upi(link["id"], "pending")
    assert world.razorpay("POST", f"payment_links/{link['id']}/cancel").status_code == 200
    world.business.wait_for_razorpay("payment_link.cancelled")
    late = world.upi(link["id"]).json()
    assert (late["status"], late["amount_paid"]) == ("cancelled", 4_900)
    world.business.wait_for_razorpay("payment.captured")
    assert not [r for r in world.business.received if b"payment_link.paid" in r.body]


@pytest.mark.parametrize("how", ["cancel", "expire", "time"])
def test_a_link_that_is_over_takes_no_payment(open_world: Open, how: str) -> None:
    clock = {"now": time.time()}
    with open_world(session_clock=lambda: clock["now"]) as world:
        link = link_of(world)
        if how == "cancel":
            assert world.razorpay("POST", f"payment_links/{link['id']}/cancel").status_code == 200
        elif how == "expire":
            world.upi(link["id"], "expire")
        else:
            clock["now"] += 3_700
        status = world.razorpay("GET", f"payment_links/{link['id']}").json()["status"]
        assert status == ("cancelled" if how == "cancel" else "expired")
        assert world.upi(link["id"]).status_code == 400
        again = world.razorpay("POST", f"payment_links/{link['id']}/cancel")
        refused(again, 400, f"it is in {status} state")


def test_refunds_in_parts_once_for_each_key(world: World) -> None:
    _, payment = paid(world)
    path = f"payments/{payment['id']}/refund"
    key = {"X-Refund-Idempotency": "refund-0123456789"}
    part = world.razorpay("POST", path, json={"amount": 1_000}, headers=key).json()
    assert set(part) == REFUND_FIELDS
    assert world.razorpay("POST", path, json={"amount": 1_000}, headers=key).json() == part
    other = world.razorpay("POST", path, json={"amount": 2_000}, headers=key)
    refused(other, 409, "Different request with the same idempotency key")
    for bad in ("short", "refund:0123456789"):
        refused(
            world.razorpay("POST", path, json={}, headers={"X-Refund-Idempotency": bad}),
            400,
            "idempotency key must",
        )
    refused(
        world.razorpay("POST", path, json={"amount": 4_000}), 400, "greater than amount captured"
    )
    refused(world.razorpay("POST", path, json={"speed": "optimum"}), 400, "speed")
    rest = world.razorpay("POST", path, json={"notes": {"refund_id": "r-1"}}).json()
    assert (rest["amount"], rest["notes"]) == (3_900, {"refund_id": "r-1"})
    refused(world.razorpay("POST", path, json={}), 400, "fully refunded already")
    listed = world.razorpay("GET", f"payments/{payment['id']}/refunds").json()
    assert (listed["entity"], listed["count"]) == ("collection", 2)
    after = world.razorpay("GET", f"payments/{payment['id']}").json()
    assert (after["status"], after["refund_status"], after["amount_refunded"]) == (
        "refunded",
        "full",
        4_900,
    )
    told = world.business.wait_for_razorpay("refund.processed").json["payload"]
    assert set(told) == {"refund", "payment"}


def test_a_refund_that_fails_comes_back(world: World) -> None:
    _, payment = paid(world)
    refund = world.razorpay("POST", f"payments/{payment['id']}/refund", json={}).json()
    for status in ("pending", "failed"):
        answer = world.http.post(
            f"/razorpay/_control/refunds/{refund['id']}", json={"status": status}
        )
        assert answer.json()["status"] == status
    world.business.wait_for_razorpay("refund.failed")
    after = world.razorpay("GET", f"payments/{payment['id']}").json()
    assert (after["status"], after["refund_status"], after["amount_refunded"]) == (
        "captured",
        None,
        0,
    )


def test_a_dispute_moves_on_and_its_payment_is_not_refunded(world: World) -> None:
    _, payment = paid(world)
    body = {"payment_id": payment["id"]}
    dispute = world.http.post("/razorpay/_control/disputes", json=body).json()
    assert set(dispute) == DISPUTE_FIELDS
    refused(
        world.razorpay("POST", f"payments/{payment['id']}/refund", json={}), 400, "open dispute"
    )
    for status, event in (("under_review", "under_review"), ("lost", "lost"), ("won", "won")):
        told = world.http.post(
            "/razorpay/_control/disputes", json={**body, "status": status}
        ).json()
        assert (told["id"], told["status"]) == (dispute["id"], status)
        assert told["amount_deducted"] == (4_900 if status == "lost" else 0)
        world.business.wait_for_razorpay(f"payment.dispute.{event}")
    listed = world.razorpay("GET", "disputes").json()
    assert [each["id"] for each in listed["items"]] == [dispute["id"]]


def test_what_moved_on_a_day_is_listed_page_by_page(world: World) -> None:
    _, payment = paid(world)
    world.razorpay("POST", f"payments/{payment['id']}/refund", json={"amount": 1_000})
    today = time.gmtime(time.time() + 5.5 * 3_600)
    day = {"year": today.tm_year, "month": today.tm_mon, "day": today.tm_mday}

    def page(**more: Any) -> Any:
        query = {**day, **more}
        return world.razorpay("GET", "settlements/recon/combined", params=query).json()["items"]

    both = page(count=1_000)
    assert {each["type"]: each["debit"] or each["credit"] for each in both} == {
        "payment": 4_900 - 115,
        "refund": 1_000,
    }
    assert [page(count=1, skip=n)[0] for n in range(2)] == both
    assert page(count=1, skip=2) == []
    refused(
        world.razorpay("GET", "settlements/recon/combined", params={**day, "month": 13}),
        400,
        "month",
    )
    other = {**day, "year": day["year"] - 1}
    assert world.razorpay("GET", "settlements/recon/combined", params=other).json()["count"] == 0


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("http_500", 500),
        ("html_502", 502),
        ("html_404", 404),
        ("bad_key", 401),
        ("blocked", 403),
        ("rate_limited", 429),
        ("key_in_use", 409),
        ("error", 400),
    ],
)
def test_faults_are_played_on_calls_and_reads(world: World, kind: str, status: int) -> None:
    faults = "/razorpay/_control/faults"
    assert world.http.post(faults, json={"kind": kind, "next": 1}).status_code == 200
    assert world.razorpay("POST", "payment_links", json=asked()).status_code == status
    link_of(world)
    known = world.http.get(faults).json()
    assert known["waiting"] == []
    if f"read_{kind}" in known["kinds"]:
        world.http.post(faults, json={"kind": f"read_{kind}", "next": 1})
        assert world.razorpay("GET", "payments").status_code == status
    assert world.razorpay("GET", "payments").status_code == 200


@pytest.mark.parametrize("kind", ["http_500_after_accept", "drop_after_accept"])
def test_what_was_done_stays_done_although_the_answer_is_lost(world: World, kind: str) -> None:
    _, payment = paid(world)
    key = {"X-Refund-Idempotency": "refund-0123456789"}
    path = f"payments/{payment['id']}/refund"
    world.http.post("/razorpay/_control/faults", json={"kind": kind, "next": 1})
    with contextlib.suppress(httpx.TransportError):  # a connection that broke has no status
        assert world.razorpay("POST", path, json={}, headers=key).status_code == 500
    made = world.razorpay("POST", path, json={}, headers=key).json()
    listed = world.razorpay("GET", f"payments/{payment['id']}/refunds").json()["items"]
    assert [each["id"] for each in listed] == [made["id"]]


def test_paths_and_ids_that_are_none_are_refused_in_its_shape(world: World) -> None:
    refused(world.razorpay("GET", "payment_links/plink_nobody"), 400, "does not exist")
    refused(world.razorpay("GET", "settlements"), 400, "URL was not found")
    refused(world.razorpay("PATCH", "payment_links/plink_1", json={}), 400, "URL was not found")
    refused(world.razorpay("POST", "payment_links", content=b"{"), 422, "not JSON")


def test_the_page_of_a_link_works_without_a_script(world: World) -> None:
    link = link_of(world)
    page = world.http.get(page_of(link))
    assert "INR 49.00" in page.text
    assert 'name="vpa"' in page.text
    assert "<script" not in page.text

    def press(outcome: str, vpa: str = "asha@okbank") -> Any:
        return world.http.post(page_of(link), data={"outcome": outcome, "vpa": vpa})

    assert "name@bank" in press("pay", "nonsense").text
    assert "declined" in press("decline").text
    assert "has not answered yet" in press("process").text
    answer = press("pay")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(
        "http://localhost:8000/paid?razorpay_payment_id=pay_"
    )
    assert "Paid." in world.http.get(page_of(link)).text
    assert world.http.get("/razorpay/pay/plink_nobody").status_code == 404
