"""Where money that is given back goes: to what it was paid with, or into the balance."""

import datetime as dt
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from app.core.money import Money
from app.identity.rules import AdminRole
from app.messaging.models import OutboxMessage
from app.payments.disputes import record_dispute
from app.payments.models import LedgerAccount, LedgerEntry
from app.payments.provider import DisputeChanged
from app.payments.rules import DisputeStatus
from tests.support import leads
from tests.support.app_harness import Person, World
from tests.support.assertions import ok, refused
from tests.support.leads import (
    Lead,
    at_once,
    bought_lead,
    later,
    lead,
    payment_row,
    refund,
    refunds_of,
)
from tests.support.provider_faults import dispute
from tests.support.sellers import charge_tax, put_settings

PRICE = 4_900


@pytest.fixture
def world(world_of_file: World) -> Iterator[World]:
    """One Partimer for the file; money is right after each test."""
    world_of_file.unread = True
    yield world_of_file
    leads.check_at_rest(world_of_file)
    ok(put_settings(world_of_file, seller={"tax_pack": "none"}))


def there(employer: Person) -> int:
    amount: int = ok(employer.get("/api/employers/balance"))["balance"]["amount"]
    return amount


def report(mine: Lead, reason: str, refund_to: str | None = "balance") -> Any:
    body = {"reason": reason} | ({"refund_to": refund_to} if refund_to else {})
    return ok(mine.employer.post(f"/api/employers/matches/{mine.id}/report", body), 201)


def went_into_the_balance(world: World, mine: Lead) -> None:
    """The whole price is in the balance, no provider gave anything back, and books and documents agree."""
    world.settle()
    assert there(mine.employer) == PRICE
    assert (mine.payment["status"], mine.payment["refunded"]["amount"]) == ("refunded", PRICE)
    [made] = refunds_of(world, mine.payment["id"])
    assert (made.status, made.refund_to, made.provider_id) == ("succeeded", "balance", None)
    entries = ok(mine.employer.get("/api/employers/balance/entries"))["items"]
    assert [(one["kind"], one["amount"]["amount"]) for one in entries] == [("refund", PRICE)]


def test_what_our_evidence_decides_is_in_the_balance_at_once(world: World) -> None:
    charge_tax(world)
    mine, _ = bought_lead(world)
    ok(mine.worker.delete("/api/workers/account"), 204)
    told = report(mine, "unreachable")
    assert (told["status"], told["refund_to"]) == ("refunded", "balance")
    assert there(mine.employer) == PRICE
    went_into_the_balance(world, mine)
    notes = ok(mine.employer.get("/api/employers/invoices?kind=credit_note"))["items"]
    assert [note["total"]["amount"] for note in notes] == [PRICE]
    # Reported again, nothing more comes.
    report(mine, "unreachable", "source")
    went_into_the_balance(world, mine)
    bought = ok(lead(world, mine.employer).unlock())
    assert (bought["status"], there(mine.employer)) == ("unlocked", 0)


def test_silence_pays_into_the_balance_too(world: World) -> None:
    mine, _ = bought_lead(world)
    later(world, mine, hours=49)
    assert report(mine, "no_answer")["status"] == "checking"
    later(world, mine, hours=25)
    went_into_the_balance(world, mine)


def test_an_administrator_pays_where_the_employer_wanted_it(world: World) -> None:
    mine, _ = bought_lead(world)
    assert report(mine, "wrong_person")["status"] == "open"
    admin = world.admin()
    [row] = ok(admin.get(f"/api/admin/reports?employer_id={mine.employer.id}"))["items"]
    decision = {"action": "refund", "reason": "they called us"}
    ok(admin.post(f"/api/admin/reports/{row['id']}/action", decision))
    went_into_the_balance(world, mine)


def test_without_a_wish_the_source_gets_it(world: World) -> None:
    mine, payment = bought_lead(world)
    ok(mine.worker.delete("/api/workers/account"), 204)
    assert report(mine, "unreachable", None)["refund_to"] == "source"
    world.settle()
    [made] = refunds_of(world, payment)
    assert (made.status, made.refund_to, there(mine.employer)) == ("succeeded", "source", 0)
    assert made.provider_id is not None


def test_an_administrator_refunds_a_part_into_the_balance(world: World) -> None:
    mine, payment = bought_lead(world)
    made = ok(refund(world, payment, amount=1_000, refund_to="balance"))
    assert (made["status"], made["refund_to"]) == ("succeeded", "balance")
    assert there(mine.employer) == 1_000
    ok(refund(world, payment))
    world.settle()
    assert (mine.payment["status"], there(mine.employer)) == ("refunded", 1_000)
    refused(refund(world, payment, refund_to="balance"), 409, "payment_not_refundable")
    refused(refund(world, payment, refund_to="elsewhere"), 422, "invalid")


def test_a_refund_into_the_balance_waits_for_the_second_administrator(world: World) -> None:
    limits = ok(world.admin().get("/api/admin/settings"))["limits"]
    ok(put_settings(world, limits=limits | {"refund_alone_up_to": 1_000}))
    mine, payment = bought_lead(world)
    made = ok(refund(world, payment, refund_to="balance"))
    ok(put_settings(world, limits=limits))
    assert made["status"] == "proposed"
    world.settle()
    assert there(mine.employer) == 0
    second = world.admin(role=AdminRole.FINANCE)
    approval = {"action": "approve", "reason": "I have seen the letter"}
    ok(second.post(f"/api/admin/refunds/{made['id']}/action", approval))
    went_into_the_balance(world, mine)


@pytest.mark.parametrize("end", ["won", "lost"])
def test_a_refund_into_the_balance_waits_for_the_end_of_a_dispute(world: World, end: str) -> None:
    mine, payment = bought_lead(world)
    charge = payment_row(world, payment).intent_id
    ok(mine.worker.delete("/api/workers/account"), 204)
    dispute(world, charge, "opened")
    report(mine, "unreachable")
    world.settle()
    assert (there(mine.employer), refunds_of(world, payment)[0].status) == (0, "waiting")
    dispute(world, charge, end)
    if end == "won":
        went_into_the_balance(world, mine)
    else:
        assert (there(mine.employer), refunds_of(world, payment)[0].status) == (0, "cancelled")


def lost_too(world: World, employer: Person, *, is_open: bool) -> list[int]:
    """What of refunds into this employer's balance a bank took from us as well, and nobody gave back."""
    path = f"/api/admin/open-items?kind=refund_lost_too&open={str(is_open).lower()}&limit=100"
    found = ok(world.admin().get(path))["items"]
    mine = [one for one in found if one["details"]["employer_id"] == employer.id]
    return [one["money"]["amount"] for one in mine]


@pytest.mark.parametrize("given", [PRICE, 1_000])
def test_a_bank_that_takes_what_is_in_the_balance_takes_it_from_there(
    world: World, given: int
) -> None:
    charge_tax(world)
    mine, payment = bought_lead(world)
    ok(refund(world, payment, amount=given, refund_to="balance"))
    charge, before = payment_row(world, payment).intent_id, losses(world)
    assert there(mine.employer) == given
    dispute(world, charge, "opened")
    assert there(mine.employer) == given
    dispute(world, charge, "lost")
    assert (there(mine.employer), losses(world) - before) == (0, PRICE - given)
    entries = ok(mine.employer.get("/api/employers/balance/entries"))["items"]
    assert [(one["kind"], one["amount"]["amount"]) for one in entries] == [
        ("dispute_from_balance", -given),
        ("refund", given),
    ]
    assert lost_too(world, mine.employer, is_open=True) == []
    dispute(world, charge, "won")
    world.clock.advance(hours=1)  # told within a second, it is asked about
    world.settle()
    mine.employer.token = world.sign_in(str(mine.employer.email), role="employer").token
    assert (there(mine.employer), losses(world)) == (given, before)


def test_what_was_spent_before_a_bank_took_it_is_a_loss_that_somebody_sees(world: World) -> None:
    mine, payment = bought_lead(world)
    ok(refund(world, payment, refund_to="balance"))
    charge, before = payment_row(world, payment).intent_id, losses(world)
    assert ok(lead(world, mine.employer).unlock())["status"] == "unlocked"
    dispute(world, charge, "lost")
    assert (there(mine.employer), losses(world) - before) == (0, PRICE)
    assert lost_too(world, mine.employer, is_open=True) == [PRICE]
    dispute(world, charge, "won")
    world.clock.advance(hours=1)
    world.settle()
    mine.employer.token = world.sign_in(str(mine.employer.email), role="employer").token
    assert (there(mine.employer), losses(world)) == (0, before)
    assert lost_too(world, mine.employer, is_open=True) == []
    assert lost_too(world, mine.employer, is_open=False) == [PRICE]


def test_a_dispute_taken_of_a_part_takes_nothing_that_was_given_back_rightly(
    world: World,
) -> None:
    mine, payment = bought_lead(world)
    ok(refund(world, payment, amount=1_000, refund_to="balance"))
    charge, part = payment_row(world, payment).intent_id, Money(3_000, "INR")
    # The bank takes less than what we kept: what is in the balance is not among it.
    for number, status in enumerate((DisputeStatus.OPENED, DisputeStatus.LOST)):
        at = world.clock() + dt.timedelta(seconds=number)
        change = DisputeChanged(f"dp_{payment}", charge or "", status, part, at)
        told = world.in_session(
            lambda session, told=change, at=at: record_dispute(session, told, at)
        )
        assert told
    assert there(mine.employer) == 1_000


def losses(world: World) -> int:
    """All that was booked as a loss, in minor units."""
    query = (
        select(func.coalesce(func.sum(LedgerEntry.amount), 0))
        .join(LedgerAccount, LedgerAccount.id == LedgerEntry.account_id)
        .where(LedgerAccount.type == "dispute_losses")
    )
    return int(world.in_session(lambda session: session.scalar(query)))


def test_fifty_refunds_at_once_pay_once(world: World) -> None:
    mine, payment = bought_lead(world)
    admin = world.admin()
    path = f"/api/admin/payments/{payment}/refund"
    bodies = [{"reason": "wrong number", "refund_to": to} for to in ("balance", "source")] * 25
    answers = at_once([lambda body=body: admin.post(path, body) for body in bodies])
    assert sorted(answer.status_code for answer in answers)[:2] == [200, 409]
    world.settle()
    [made] = [one for one in refunds_of(world, payment) if one.status == "succeeded"]
    assert there(mine.employer) == (PRICE if made.refund_to == "balance" else 0)
    assert mine.payment["refunded"]["amount"] == PRICE


def test_the_message_says_where_the_money_is(world: World) -> None:
    payment = bought_lead(world)[1]
    ok(refund(world, payment, amount=1_000, refund_to="balance"))
    ok(refund(world, payment))
    world.settle()

    async def kinds(session: Any) -> list[str]:
        about = select(OutboxMessage.kind).where(OutboxMessage.subject_id == UUID(payment))
        return list(await session.scalars(about.order_by(OutboxMessage.id)))

    assert world.in_session(kinds) == ["refund_to_balance", "refund_made"]
