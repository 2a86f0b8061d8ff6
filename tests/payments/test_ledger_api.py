"""The ledger as administrators read it: accounts, days, and a day against the provider's books."""

import csv
import io
from collections import Counter
from typing import Any

import pytest

from app.payments.day_books import reconcile_day
from app.runtime import wall_clock
from tests.support.app_harness import World
from tests.support.assertions import ok, refused
from tests.support.leads import bought_lead, refund
from tests.support.provider_faults import provider_fault

ACCOUNTS, DAYS = "/api/admin/ledger/accounts", "/api/admin/ledger/days"
TOP_UPS = "/api/employers/balance/top-ups"


@pytest.fixture
def world(world_of_file: World) -> World:
    """One Partimer for the file: every test brings its own people."""
    world_of_file.unread = True
    return world_of_file


def accounts(world: World, **params: Any) -> list[dict[str, Any]]:
    path = {"limit": 100, **params}
    items: list[dict[str, Any]] = ok(world.admin().get(ACCOUNTS, params=path))["items"]
    return items


def test_the_sums_of_all_accounts_come_to_zero(world: World) -> None:
    mine, payment = bought_lead(world)
    ok(refund(world, payment, amount=900))
    world.pay(ok(mine.employer.post(TOP_UPS, {"pack": "small"}), 202)["checkout_url"])
    all_ = accounts(world)
    sums = Counter[str]()
    for account in all_:
        sums[account["sum"]["currency"]] += account["sum"]["amount"]
    assert set(sums.values()) == {0}
    [balance] = accounts(world, employer_id=mine.employer.id)
    assert (balance["type"], balance["owner_id"]) == ("employer_balance", mine.employer.id)
    assert (balance["sum"]["amount"], balance["entries"]) == (-55_000, 1)
    [cash] = accounts(world, type="provider_cash", currency="INR")
    assert (cash["provider"], cash["owner_id"]) == ("stripe", None)
    assert accounts(world, type="provider_cash", currency="EUR") == []
    text = world.admin().get(ACCOUNTS, params={"format": "csv"}).text
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert {row["id"] for row in rows} == {account["id"] for account in all_}


def test_a_day_s_debits_and_credits_are_equal(world: World) -> None:
    before = {
        (row["kind"], row["account"]): row["transactions"]
        for row in ok(world.admin().get(DAYS))["items"]
    }
    bought_lead(world)
    rows = ok(world.admin().get(DAYS))["items"]
    debit, credit = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for row in rows:
        key = row["day"], row["debit"]["currency"]
        debit[key] += row["debit"]["amount"]
        credit[key] += row["credit"]["amount"]
    assert debit == credit
    counts = {(row["kind"], row["account"]): row["transactions"] for row in rows}
    for account in ("provider_cash", "lead_revenue"):
        key = "capture", account
        assert counts[key] == before.get(key, 0) + 1


@pytest.mark.parametrize(
    "query", ["from=2026-01-01&to=2026-12-31", "from=2026-12-31&to=2026-01-01", "from=yesterday"]
)
def test_a_span_that_is_none_or_too_long_is_refused(world: World, query: str) -> None:
    refused(world.admin().get(f"{DAYS}?{query}"), 422, "invalid")


def test_a_day_is_shown_as_it_was_compared(world: World) -> None:
    bought_lead(world)
    provider: Any = world.runtime.payments
    stripe = provider.configured["stripe"]
    day = wall_clock().date()
    path = f"/api/admin/reconciliation?day={day}"

    def shown() -> dict[str, Any]:
        answer: dict[str, Any] = ok(world.admin().get(path))
        return next(one for one in answer["providers"] if one["provider"] == "stripe")

    assert (shown()["fees"], shown()["differences"]) == (None, [])
    provider_fault(world, "lost", 9)
    page = ok(world.employer(verified=True).post(TOP_UPS, {"pack": "small"}), 202)
    world.pay(page["checkout_url"])  # its events are lost, and nobody has asked yet
    provider_fault(world, "lost", 0)
    world.run(reconcile_day(world.runtime.database, stripe, day, wall_clock()))
    [difference] = shown()["differences"]
    assert difference["details"]["says"] == "We have not booked this payment."
    refused(world.admin().get("/api/admin/reconciliation?day=0001-01-01"), 422, "invalid")


def test_the_balance_s_entries_are_a_file_too(world: World) -> None:
    employer = world.employer(verified=True)
    world.pay(ok(employer.post(TOP_UPS, {"pack": "small"}), 202)["checkout_url"])
    answer = employer.get("/api/employers/balance/entries.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    [row] = csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert (row["kind"], row["amount"], row["currency"]) == ("top_up", "55000", "INR")
    empty = world.employer().get("/api/employers/balance/entries.csv").text
    assert len(empty.splitlines()) == 1
