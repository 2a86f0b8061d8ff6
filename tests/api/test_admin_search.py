"""One box that finds anything, and only what its administrator may read."""

from typing import Any

import pytest

from app.identity.rules import AdminRole
from tests.support.app_harness import World
from tests.support.assertions import ok, refused
from tests.support.leads import bought_lead, lead, logged_actions, payment_row, refund, refunds_of
from tests.support.provider_faults import dispute
from tests.support.team import TEAM, invite

pytestmark = pytest.mark.both_databases  # each database compares letters in its own way


def found(world: World, q: str, role: AdminRole = AdminRole.OWNER) -> dict[str, list[str]]:
    """The ids of what is found, by kind."""
    items = ok(world.admin(role).get("/api/admin/search", params={"q": q}))["items"]
    kinds: dict[str, list[str]] = {}
    for item in items:
        kinds.setdefault(item["type"], []).append(item["id"])
    return kinds


@pytest.fixture
def world(world_of_file: World) -> World:
    """One Partimer for the file: every test brings its own people."""
    world_of_file.unread = True
    return world_of_file


def test_a_company_is_found_with_what_it_bought(world: World) -> None:
    employer = world.employer(company_name="Zephyr Bakehouse", verified=True)
    mine = lead(world, employer, title="Croissant roller")
    mine.buy()
    assert found(world, "zephyr BAKE")["employer"] == [employer.id]
    assert found(world, "croissant")["job"] == [mine.job_id]
    together = found(world, employer.id)
    assert together["employer"] == [employer.id]
    assert together["job"] == [mine.job_id]
    assert together["payment"] == together["order"] == [mine.payment["id"]]
    assert len(together["invoice"]) == 1
    assert together["message"]


def test_a_lead_and_the_provider_s_ids_find_the_money(world: World) -> None:
    mine, payment_id = bought_lead(world)
    of_lead = found(world, mine.id)
    assert (of_lead["lead"], of_lead["payment"]) == ([mine.id], [payment_id])
    intent = payment_row(world, payment_id).intent_id or ""
    by_charge = found(world, intent)
    assert (by_charge["order"], by_charge["payment"]) == ([payment_id], [payment_id])
    ok(refund(world, payment_id, amount=100))
    world.settle()
    [row] = refunds_of(world, payment_id)
    assert found(world, row.provider_id or "") == {"refund": [str(row.id)]}
    dispute(world, intent, "opened")
    [disputed] = found(world, payment_id)["dispute"]
    listed = ok(world.admin().get(f"/api/admin/disputes?payment_id={payment_id}"))["items"]
    assert [one["id"] for one in listed] == [disputed]
    assert found(world, listed[0]["provider_id"])["dispute"] == [disputed]
    dispute(world, intent, "won")


def test_an_invoice_is_found_by_its_number(world: World) -> None:
    mine, _ = bought_lead(world)
    [invoice] = ok(mine.employer.get("/api/employers/invoices"))["items"]
    assert found(world, invoice["number"].lower())["invoice"] == [invoice["id"]]


def test_whose_phone_or_mailbox_it_is_is_found_and_logged(world: World) -> None:
    worker = world.worker(name="Quinn Ximenes")
    employer = world.employer()
    assert worker.phone is not None
    assert employer.email is not None
    path = "/api/admin/search"
    for q, kind, person in (
        (worker.phone, "worker", worker),
        (worker.phone.removeprefix("+91"), "worker", worker),
        (employer.email.upper(), "employer", employer),
    ):
        answer = world.admin().get(path, params={"q": q})
        assert [(one["type"], one["id"]) for one in ok(answer)["items"]] == [(kind, person.id)], q
        assert worker.phone not in answer.text
        assert employer.email not in answer.text
    assert logged_actions(world, worker.id).count("worker.found_by_contact") == 2
    assert logged_actions(world, employer.id).count("employer.found_by_contact") == 1
    assert found(world, "ximen")["worker"] == [worker.id]
    assert logged_actions(world, worker.id).count("worker.found_by_contact") == 2, "told by name"


def test_a_company_is_found_by_the_phone_mailbox_or_id_of_its_team(world: World) -> None:
    owner = world.employer()
    by_phone = invite(owner, "viewer")
    by_mail = invite(owner, "manager", email="purchase@zanzibar-tea.in")
    for q in (by_phone["phone"], "Purchase@Zanzibar-Tea.in", by_phone["id"]):
        assert found(world, q)["employer"] == [owner.id], q
    assert logged_actions(world, owner.id).count("employer.found_by_contact") == 2
    for q in (by_phone["phone"], "purchase@zanzibar-tea.in"):
        listed = ok(world.admin().get("/api/admin/employers", params={"q": q}))["items"]
        assert [one["id"] for one in listed] == [owner.id], q
    ok(owner.delete(f"{TEAM}/{by_mail['id']}"), 204)
    assert "employer" not in found(world, "purchase@zanzibar-tea.in")


def test_nobody_finds_what_they_may_not_read(world: World) -> None:
    employer = world.employer(verified=True)
    mine = lead(world, employer)
    mine.buy()
    assert "message" in found(world, employer.id, AdminRole.SUPPORT)
    finance = found(world, employer.id, AdminRole.FINANCE)
    assert "message" not in finance
    assert finance["payment"] == [mine.payment["id"]]
    refused(employer.get("/api/admin/search?q=x"), 403, "wrong_role")


@pytest.mark.parametrize("q", ["", " ", "\x00", "x" * 121])
def test_what_nothing_can_contain_is_refused(world: World, q: str) -> None:
    assert world.admin().get("/api/admin/search", params={"q": q}).status_code == 422


@pytest.mark.parametrize("q", ["%", "_%", "'; DROP TABLE users; --", "🦀", "0", "{}", "@", "+91"])
def test_odd_words_find_nothing_and_break_nothing(world: World, q: str) -> None:
    assert found(world, q) == {}


def test_no_more_than_ten_of_a_kind(world: World) -> None:
    ids = [world.employer(company_name=f"Manifold {number}").id for number in range(12)]
    assert found(world, "manifold")["employer"] == ids[:1:-1]


def test_what_is_found_says_what_it_is(world: World) -> None:
    employer = world.employer(company_name="Nimbus Tea", contact_name="Asha Rao", verified=True)
    items: list[dict[str, Any]] = ok(world.admin().get("/api/admin/search?q=nimbus"))["items"]
    assert [(one["title"], one["detail"], one["status"]) for one in items] == [
        ("Nimbus Tea", "Asha Rao", "active")
    ]
    mine = lead(world, employer)
    mine.buy()
    sums = ok(world.admin().get("/api/admin/search", params={"q": mine.payment["id"]}))["items"]
    assert {one["type"]: one["title"] for one in sums}["order"] == "Nimbus Tea"
    assert {one["type"]: one["detail"] for one in sums}["order"] == "49.00 INR"
