"""Each capture has an invoice, each refund a credit note; what they say stays."""

import datetime as dt
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from app.core.money import Money
from app.database.session import keyring
from app.invoices.issue import ADDRESS
from app.invoices.models import Invoice
from app.payments import ledger, rules, settle
from app.payments.models import Payment
from app.payments.provider import Checkout, CheckoutState
from tests.support import leads
from tests.support.app_harness import World
from tests.support.assertions import balances_of, ok
from tests.support.leads import Lead, lead, payment_row, refund
from tests.support.sellers import BENGALURU, MUMBAI, SELLER, charge_tax, put_settings


@pytest.fixture
def world(world_of_file: World) -> Iterator[World]:
    """One Partimer for the file, whose seller charges GST; money is right after each test."""
    world_of_file.unread = True
    charge_tax(world_of_file)
    yield world_of_file
    leads.check_at_rest(world_of_file)


def documents(world: World, employer_id: str | None) -> list[Invoice]:
    """An employer's documents, oldest first."""

    async def read(session: Any) -> list[Invoice]:
        mine = Invoice.employer_id == UUID(employer_id)
        return list(await session.scalars(select(Invoice).where(mine).order_by(Invoice.id)))

    found: list[Invoice] = world.in_session(read)
    return found


def bought(world: World, *, starts_on: str | None = None, **profile: Any) -> tuple[Lead, str]:
    """A lead that a company with this profile bought, and its payment's id."""
    employer = world.employer()
    ok(employer.put("/api/employers/profile", profile))
    dates: dict[str, Any] = {"starts_on": starts_on, "ends_on": None} if starts_on else {}
    mine = lead(world, employer, **dates)
    return mine, mine.buy()["payment"]["id"]


def taxes(invoice: Invoice) -> list[tuple[str, int]]:
    return [(tax["name"], tax["amount"]) for tax in invoice.snapshot["taxes"]]


def test_a_capture_has_an_invoice_that_says_all(world: World) -> None:
    before = world.in_session(balances_of)
    profile = {"tax_id": BENGALURU, "city": "Bengaluru", "address": "1 MG Road"}
    mine, payment_id = bought(world, **profile)
    [invoice] = documents(world, mine.employer.id)
    assert (invoice.kind, invoice.source) == ("invoice", f"payment:{payment_id}")
    assert (invoice.net, invoice.tax, invoice.total) == (4_153, 747, 4_900)
    assert invoice.number == f"I/26-27/{invoice.sequence:07}"
    assert len(invoice.number) <= 16
    said = invoice.snapshot
    assert said["seller"] == {name: SELLER[name] for name in ("name", "address", "tax_id")}
    assert said["buyer"] == {
        "name": ok(mine.employer.get("/api/employers/profile"))["company_name"],
        "city": "Bengaluru",
        "tax_id": BENGALURU,
    }
    assert said["place_of_supply"] == {"code": "29", "name": "Karnataka"}
    assert said["taxes"] == [{"name": "IGST", "rate_percent": 18.0, "amount": 747}]
    [line] = said["lines"]
    assert (line["payment_id"], line["service_code"]) == (payment_id, "998519")
    assert line["description"].startswith("Contact of one worker: ")
    assert (said["number"], said["about"]) == (invoice.number, None)
    assert dt.datetime.fromisoformat(said["issued_at"]) == invoice.issued_at.replace(microsecond=0)
    # The address is sealed, as in the profile.
    assert "MG Road" not in str(said)

    async def address(session: Any) -> str | None:
        return keyring(session).reveal(invoice.buyer_address_sealed, ADDRESS)

    assert world.in_session(address) == "1 MG Road"
    after = world.in_session(balances_of)
    for account, amount in ((rules.REVENUE, -4_153), (rules.TAX, -747), (rules.CASH, 4_900)):
        assert after[account, "INR"] - before.get((account, "INR"), 0) == amount


def test_refunds_have_credit_notes_and_the_last_takes_what_is_left(world: World) -> None:
    tax_before = world.in_session(balances_of).get((rules.TAX, "INR"), 0)
    mine, payment_id = bought(world, tax_id=MUMBAI)
    for amount in (1, 1_633, 1_633):
        ok(refund(world, payment_id, amount=amount))
        world.settle()
    ok(refund(world, payment_id))
    world.settle()
    invoice, *notes = documents(world, mine.employer.id)
    assert [note.kind for note in notes] == ["credit_note"] * 4
    assert [note.total for note in notes] == [1, 1_633, 1_633, 1_633]
    assert all(note.number.startswith("C/26-27/") for note in notes)
    assert {note.invoice_id for note in notes} == {invoice.id}
    assert all(note.snapshot["about"]["number"] == invoice.number for note in notes)
    assert [taxes(note) for note in notes] == [
        [("CGST", 0), ("SGST", 0)],
        [("CGST", 125), ("SGST", 125)],
        [("CGST", 124), ("SGST", 124)],
        [("CGST", 125), ("SGST", 125)],
    ]
    assert sum(note.tax for note in notes) == invoice.tax == 748
    assert world.in_session(balances_of)[rules.TAX, "INR"] == tax_before
    # The seller and the buyer of a note are those of its invoice.
    assert all(note.snapshot["buyer"] == invoice.snapshot["buyer"] for note in notes)


def test_a_note_names_the_parties_as_its_invoice_did(world: World) -> None:
    mine, payment_id = bought(world, tax_id=MUMBAI, address="1 Old Street")
    ok(mine.employer.put("/api/employers/profile", {"company_name": "New", "address": "2 New"}))
    charge_tax(world, name="Another Seller Ltd")
    ok(refund(world, payment_id))
    world.settle()
    invoice, note = documents(world, mine.employer.id)
    for party in ("seller", "buyer"):
        assert note.snapshot[party] == invoice.snapshot[party]

    async def address(session: Any) -> str | None:
        return keyring(session).reveal(note.buyer_address_sealed, ADDRESS)

    assert world.in_session(address) == "1 Old Street"


def test_a_refund_that_fails_after_all_has_a_debit_note(world: World) -> None:
    mine, payment_id = bought(world, tax_id=MUMBAI)
    ok(refund(world, payment_id))
    world.settle()
    intent = payment_row(world, payment_id).intent_id
    refunds = ok(world.http.get("/sandbox/stripe/_control/objects", params={"object": "refund"}))[
        "items"
    ]
    [sent] = [one for one in refunds if one["payment_intent"] == intent]
    path = f"/sandbox/stripe/_control/refunds/{sent['id']}"
    ok(world.http.post(path, json={"status": "failed"}))
    world.settle()
    invoice, credit, debit = documents(world, mine.employer.id)
    assert (debit.kind, debit.net, debit.tax) == ("debit_note", invoice.net, invoice.tax)
    assert debit.number.startswith("D/26-27/")
    ok(refund(world, payment_id))
    world.settle()
    *_, again = documents(world, mine.employer.id)
    assert (again.kind, again.total, again.tax) == ("credit_note", credit.total, credit.tax)


def test_a_second_charge_has_its_own_invoice_and_goes_back_whole(sqlite_world: World) -> None:
    world = sqlite_world
    charge_tax(world)
    mine, payment_id = bought(world, tax_id=MUMBAI)
    paid = payment_row(world, payment_id)

    async def second(session: Any) -> None:
        checkout = Checkout(
            session_id="cs_of_another_page",
            url=None,
            state=CheckoutState.PAID,
            expires_at=world.clock(),
            paid=Money(4_900, "INR"),
            livemode=bool(paid.livemode),
            payment_id=payment_id,
            intent_id=f"pi_second_{payment_id}",
        )
        await settle.settle(session, checkout, world.clock(), livemode=bool(paid.livemode))

    world.in_session(second)
    first, other = documents(world, mine.employer.id)
    assert (other.kind, other.net, other.tax) == ("invoice", first.net, first.tax)
    assert other.sequence > first.sequence


def test_what_is_unchanged_is_told_once(world: World) -> None:
    mine, payment_id = bought(world)
    paid = payment_row(world, payment_id)

    async def again(session: Any) -> None:
        checkout = Checkout(
            paid.session_id or "",
            None,
            CheckoutState.PAID,
            world.clock(),
            paid.price,
            bool(paid.livemode),
            payment_id,
            paid.intent_id,
        )
        await settle.settle(session, checkout, world.clock(), livemode=bool(paid.livemode))

    world.in_session(again)
    assert len(documents(world, mine.employer.id)) == 1


def test_a_seller_without_a_tax_number_has_invoices_without_tax(world: World) -> None:
    ok(put_settings(world, seller=SELLER | {"tax_pack": "none", "tax_id": None, "name": "Asha K"}))
    mine, _ = bought(world, tax_id=MUMBAI)
    [invoice] = documents(world, mine.employer.id)
    assert (invoice.net, invoice.tax, invoice.seller) == (4_900, 0, "Asha K")
    assert invoice.snapshot["buyer"]["tax_id"] == MUMBAI
    assert invoice.snapshot["place_of_supply"] is None


def test_payments_from_before_invoices_have_no_notes_either(sqlite_world: World) -> None:
    world = sqlite_world
    charge_tax(world)
    mine, payment_id = bought(world, tax_id=MUMBAI)
    [invoice] = documents(world, mine.employer.id)

    async def as_before(session: Any) -> None:
        """Let the payment look as if it was of another employer's invoice."""
        other = Payment(
            **{
                column.key: getattr(await session.get_one(Payment, UUID(payment_id)), column.key)
                for column in Payment.__table__.c
                if column.key not in {"id", "session_id", "intent_id", "quote"}
            },
            id=OLD,
            intent_id="pi_old",
        )
        session.add(other)
        await session.flush()
        await ledger.book(
            session,
            f"capture:{OLD}",
            rules.capture(other.amount),
            currency="INR",
            payment_id=OLD,
            now=world.clock(),
            provider="stripe",
        )

    world.in_session(as_before)
    ok(refund(world, str(OLD)))
    world.settle()
    assert [one.id for one in documents(world, mine.employer.id)] == [invoice.id]


OLD = UUID("01900000-0000-7000-8000-00000000abcd")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE invoices SET total = 1",
        "UPDATE invoices SET snapshot = '{}'",
        "DELETE FROM invoices",
        "UPDATE invoice_lines SET total = 1",
        "DELETE FROM invoice_lines",
    ],
)
def test_the_database_refuses_to_change_an_invoice(world: World, statement: str) -> None:
    bought(world)

    async def change(session: Any) -> None:
        await session.execute(text(statement))

    with pytest.raises(DBAPIError, match="never changed"):
        world.in_session(change)


def test_the_financial_year_begins_on_the_first_of_april_in_india(sqlite_world: World) -> None:
    world = sqlite_world
    charge_tax(world)
    first, _ = bought(world)
    assert documents(world, first.employer.id)[0].number == "I/26-27/0000001"
    later = dt.datetime(2027, 3, 31, 18, 29, tzinfo=dt.UTC) - world.clock()
    world.clock.advance(seconds=later.total_seconds())
    old, _ = bought(world, starts_on="2027-04-10")
    assert documents(world, old.employer.id)[0].number == "I/26-27/0000002"
    world.clock.advance(minutes=2)
    new, _ = bought(world, starts_on="2027-04-10")
    assert documents(world, new.employer.id)[0].number == "I/27-28/0000001"


def test_quotes_of_before_are_settled_without_tax(world: World) -> None:
    mine = lead(world, world.employer())
    page = mine.begin()

    async def forget(session: Any) -> None:
        own = Payment.id == UUID(page["payment_id"])
        await session.execute(update(Payment).where(own).values(quote=None))

    world.in_session(forget)
    world.pay(page["checkout_url"])
    [invoice] = documents(world, mine.employer.id)
    assert (invoice.net, invoice.tax) == (4_900, 0)
