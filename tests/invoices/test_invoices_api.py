"""Invoices over HTTP: an employer's own, and all of them for administrators."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import leads
from tests.support.app_harness import Person, World
from tests.support.assertions import ok, refused
from tests.support.leads import lead, refund
from tests.support.sellers import BENGALURU, SELLER, charge_tax
from tests.support.team import member_of

INVOICES = "/api/employers/invoices"


@pytest.fixture
def world(world_of_file: World) -> Iterator[World]:
    """One Partimer for the file, whose seller charges GST."""
    world_of_file.unread = True
    charge_tax(world_of_file)
    yield world_of_file
    leads.check_at_rest(world_of_file)


def customer(world: World) -> tuple[Person, str]:
    """A company with one lead bought, and half of it given back; and the payment's id."""
    employer = world.employer()
    profile = {"tax_id": BENGALURU, "address": "1 MG Road", "city": "Bengaluru"}
    ok(employer.put("/api/employers/profile", profile))
    payment_id = lead(world, employer).buy()["payment"]["id"]
    ok(refund(world, payment_id, amount=2_450))
    world.settle()
    return employer, payment_id


def listed(person: Person, path: str = INVOICES, **params: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = ok(person.get(path, params=params))["items"]
    return items


def rupees(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "INR"}


def test_an_employer_lists_their_documents_and_reads_all_of_one(world: World) -> None:
    employer, payment_id = customer(world)
    note, invoice = listed(employer)
    assert set(invoice) == {
        *("id", "number", "kind", "issued_at", "net", "taxes", "total", "order_id")
    }
    assert (invoice["kind"], note["kind"]) == ("invoice", "credit_note")
    igst = {"name": "IGST", "rate_percent": 18.0, "amount": rupees(747)}
    assert (invoice["net"], invoice["taxes"]) == (rupees(4_153), [igst])
    assert (invoice["total"], invoice["order_id"]) == (rupees(4_900), payment_id)
    assert listed(employer, kind="invoice") == [invoice]
    assert listed(employer, kind="credit_note") == [note]
    assert listed(employer, kind="debit_note") == []
    assert employer.get(INVOICES, params={"kind": "receipt"}).status_code == 422
    whole = ok(employer.get(f"{INVOICES}/{note['id']}"))
    assert {name: whole[name] for name in note} == note
    assert whole["seller"] == {name: SELLER[name] for name in ("name", "address", "tax_id")}
    assert whole["buyer"]["address"] == "1 MG Road"
    assert whole["buyer"]["tax_id"] == BENGALURU
    assert whole["place_of_supply"] == {"code": "29", "name": "Karnataka"}
    assert whole["about"] == {"number": invoice["number"], "issued_at": whole["about"]["issued_at"]}
    [line] = whole["lines"]
    assert (line["payment_id"], line["total"]) == (payment_id, rupees(2_450))


def test_leads_bought_together_are_one_invoice(world: World) -> None:
    employer = world.employer()
    bought = [lead(world, employer) for _ in range(3)]
    ids = [one.id for one in bought]
    page = ok(employer.post("/api/employers/unlocks", {"match_ids": ids}), 202)
    world.pay(page["checkout_url"])
    [invoice] = listed(employer)
    assert (invoice["total"], invoice["order_id"]) == (rupees(14_700), page["order_id"])
    payments = ok(employer.get("/api/employers/payments"))["items"]
    whole = ok(employer.get(f"{INVOICES}/{invoice['id']}"))
    assert {line["payment_id"] for line in whole["lines"]} == {one["id"] for one in payments}
    assert sum(line["net"]["amount"] for line in whole["lines"]) == invoice["net"]["amount"]
    assert [tax["amount"]["amount"] for tax in invoice["taxes"]] == [1_122, 1_122]
    for payment in payments:
        ok(refund(world, payment["id"]))
    world.settle()
    notes = listed(employer, kind="credit_note")
    assert [note["order_id"] for note in notes] == [page["order_id"]] * 3
    given_back = sum(tax["amount"]["amount"] for note in notes for tax in note["taxes"])
    assert given_back == 2_244


def test_pages_of_documents_follow_each_other(world: World) -> None:
    employer, _ = customer(world)
    first = ok(employer.get(INVOICES, params={"limit": 1}))
    second = ok(employer.get(INVOICES, params={"limit": 1, "cursor": first["next_cursor"]}))
    assert [item["kind"] for item in first["items"] + second["items"]] == ["credit_note", "invoice"]
    assert second["next_cursor"] is None


def test_another_s_invoice_is_not_there(world: World) -> None:
    employer, _ = customer(world)
    [_, invoice] = listed(employer)
    stranger = world.employer()
    assert listed(stranger) == []
    refused(stranger.get(f"{INVOICES}/{invoice['id']}"), 404, "invoice_not_found")
    unknown = "01900000-0000-7000-8000-000000000000"
    refused(employer.get(f"{INVOICES}/{unknown}"), 404, "invoice_not_found")


def test_administrators_find_an_invoice_by_its_number(world: World) -> None:
    employer, _ = customer(world)
    note, invoice = listed(employer)
    admin, path = world.admin(), "/api/admin/invoices"
    [found] = listed(admin, path, number=invoice["number"].lower())
    assert {name: found[name] for name in invoice} == invoice
    assert (found["employer_id"], found["seller"]) == (employer.id, SELLER["tax_id"])
    assert (found["year"], found["buyer_tax_id"]) == ("26-27", BENGALURU)
    assert listed(admin, path, employer_id=employer.id, kind="credit_note")[0]["id"] == note["id"]
    assert listed(admin, path, year="25-26") == []
    assert listed(admin, path, number="%") == []
    whole = ok(admin.get(f"{path}/{invoice['id']}"))
    assert whole == ok(employer.get(f"{INVOICES}/{invoice['id']}"))
    rows = list(csv.DictReader(io.StringIO(admin.get(path, params={"format": "csv"}).text)))
    assert invoice["number"] in {row["number"] for row in rows}


def test_payments_are_a_file_that_no_spreadsheet_runs(world: World) -> None:
    employer = world.employer()
    assert employer.get("/api/employers/payments.csv").text.count("\n") == 1
    mine = lead(world, employer, title="=HYPERLINK(1) waiter")
    payment_id = mine.buy()["payment"]["id"]
    answer = employer.get("/api/employers/payments.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert 'filename="payments.csv"' in answer.headers["content-disposition"]
    [row] = csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert row["id"] == payment_id
    assert row["job_title"] == "'=HYPERLINK(1) waiter"
    assert (row["net"], row["tax"], row["total"], row["refunded"]) == ("4152", "748", "4900", "0")
    assert row["status"] == "succeeded"


def file_of(employer: Any, name: str) -> list[dict[str, str]]:
    answer = employer.get(f"/api/employers/{name}.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert f'filename="{name}.csv"' in answer.headers["content-disposition"]
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))


def test_invoices_and_orders_are_files_that_no_spreadsheet_runs(world: World) -> None:
    assert file_of(world.employer(), "invoices") == []
    assert file_of(world.employer(), "orders") == []
    employer, _ = customer(world)
    ok(employer.put("/api/employers/profile", {"company_name": "=1+1 Traders"}))
    lead(world, employer).buy()
    newest, note, first = file_of(employer, "invoices")
    assert (newest["kind"], note["kind"], first["kind"]) == ("invoice", "credit_note", "invoice")
    assert newest["buyer_name"] == "'=1+1 Traders"
    assert note["about"] == first["number"]
    assert first["about"] == ""
    assert int(first["net"]) + int(first["tax"]) == int(first["total"]) == 4_900
    assert len(employer.get("/api/employers/invoices.csv?kind=credit_note").text.splitlines()) == 2
    ordered = file_of(employer, "orders")
    assert [(row["leads"], row["total"]) for row in ordered] == [("1", "4900")] * 2
    assert [row["refunded"] for row in ordered] == ["0", note["total"]]
    assert file_of(world.employer(), "invoices") == []
    colleague = member_of(world, employer, "viewer")
    assert file_of(colleague, "invoices") == [newest, note, first]
    assert file_of(colleague, "orders") == ordered
