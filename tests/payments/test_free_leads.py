"""Free leads: the first of a company, once for each phone, mailbox and tax number, and never through a provider."""

import asyncio
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from sqlalchemy import select, update

from app.employers.models import Employer, FreeLead
from app.identity.actor import Actor
from app.identity.models import Role, User, UserStatus
from app.jobs.models import Job
from app.offers import respond
from app.offers.links import payment_link
from app.offers.rules import OfferAnswer
from app.payments import purchase
from app.payments.models import LedgerEntry, LedgerTransaction, PaymentAttempt, Unlock
from app.policy import policy
from app.policy.policy import FreeLeads
from tests.support import leads
from tests.support.app_harness import Person, World
from tests.support.assertions import ok, refused
from tests.support.database import market, opened
from tests.support.factories import NOW
from tests.support.leads import Lead, at_once, lead, logged_actions
from tests.support.sellers import BENGALURU, charge_tax, put_settings
from tests.support.team import TEAM, member_of

PRICE = 4_900


@pytest.fixture
def world(world_of_file: World) -> Iterator[World]:
    """One Partimer for the file, whose first lead is free; money is right after each test."""
    world_of_file.unread = True
    give(world_of_file, 1)
    yield world_of_file
    leads.check_at_rest(world_of_file)
    ok(put_settings(world_of_file, free_leads={}, seller={"tax_pack": "none"}))


def give(world: World, per_company: int) -> None:
    ok(put_settings(world, free_leads={"per_company": per_company}))


def company(world: World, **fields: Any) -> Person:
    """A company that an administrator has checked."""
    return world.employer(verified=True, **fields)


def test_the_first_lead_is_free_and_says_so_before(world: World) -> None:
    charge_tax(world)
    employer = company(world)
    first, second = lead(world, employer), lead(world, employer)
    for one in (first, second):
        assert (one.shown["free"], one.shown["price"]["amount"]) == (True, 0)
        assert one.shown["quote"]["total"]["amount"] == one.shown["quote"]["net"]["amount"] == 0
    bought = ok(first.unlock())
    assert bought["contact"]["phone"] == first.worker.phone
    assert (bought["payment"]["status"], bought["payment"]["price"]["amount"]) == ("succeeded", 0)
    assert (second.shown["free"], second.shown["price"]["amount"]) == (False, PRICE)
    assert first.shown["free"] is False
    assert second.begin()["price"]["amount"] == PRICE
    # A second tap gives the same, and takes nothing.
    assert ok(first.unlock())["payment"] == bought["payment"]
    [order] = [
        one
        for one in ok(employer.get("/api/employers/orders"))["items"]
        if one["status"] == "succeeded"
    ]
    assert (order["pay_with"], order["price"]["amount"]) == ("free", 0)
    assert ok(employer.get("/api/employers/invoices"))["items"] == []


def test_a_free_lead_is_in_the_ledger_without_entries_and_without_a_provider(world: World) -> None:
    mine = lead(world, company(world))
    payment_id = UUID(ok(mine.unlock())["payment"]["id"])

    async def traces(session: Any) -> tuple[Any, ...]:
        booked = select(LedgerTransaction).where(LedgerTransaction.payment_id == payment_id)
        header = (await session.scalars(booked)).one()
        entries = select(LedgerEntry).where(LedgerEntry.transaction_id == header.id)
        attempts = select(PaymentAttempt).where(PaymentAttempt.order_id == payment_id)
        return (
            header.kind,
            header.provider,
            list(await session.scalars(entries)),
            list(await session.scalars(attempts)),
        )

    assert world.in_session(traces) == ("capture", None, [], [])
    assert logged_actions(world, mine.id)[-1] == "lead.unlock"


def test_of_several_leads_the_first_is_free_and_the_page_is_for_the_others(world: World) -> None:
    employer = company(world)
    ids = [lead(world, employer).id for _ in range(3)]
    asked = {"match_ids": ids}
    page = ok(employer.post("/api/employers/unlocks", asked), 202)
    assert (page["match_ids"], page["price"]["amount"]) == (ids[1:], 2 * PRICE)
    assert ok(employer.post("/api/employers/unlocks", asked), 202) == page
    world.pay(page["checkout_url"])
    assert len(ok(employer.post("/api/employers/unlocks", asked))["items"]) == 3


def test_a_coupon_is_not_used_for_what_is_free(world: World) -> None:
    ok(put_settings(world, coupons={"WELCOME": {"percent": 50}}))
    employer = company(world)
    first, second = lead(world, employer), lead(world, employer)
    assert ok(first.unlock({"coupon": "WELCOME"}))["payment"]["price"]["amount"] == 0
    assert ok(second.unlock({"coupon": "WELCOME"}), 202)["price"]["amount"] == PRICE // 2
    ok(put_settings(world, coupons={}))


def test_who_asks_for_the_balance_gets_it_free_too(world: World) -> None:
    mine = lead(world, company(world))
    assert ok(mine.unlock({"pay_with": "balance"}))["payment"]["price"]["amount"] == 0
    refused(mine.unlock({"pay_with": "free"}), 422, "invalid")


def test_an_open_page_keeps_its_price(world: World) -> None:
    give(world, 0)
    mine = lead(world, company(world))
    page = mine.begin()
    give(world, 1)
    assert mine.begin() == page
    assert (mine.shown["free"], mine.shown["price"]["amount"]) == (False, PRICE)


def test_nobody_checked_and_no_phone_proven_pays(world: World) -> None:
    mine = lead(world, world.employer())
    assert (mine.shown["free"], mine.begin()["price"]["amount"]) == (False, PRICE)
    prove(world, mine.employer)
    other = lead(world, mine.employer)
    assert other.shown["free"] is True
    assert ok(other.unlock())["payment"]["price"]["amount"] == 0


def prove(world: World, *employers: Person) -> None:
    """Let these companies' accounts name one phone that is proven to be theirs."""

    async def same(session: Any) -> None:
        ids = [UUID(employer.id) for employer in employers]
        index = f"index of {ids[0]}"[:64]
        named = update(User).where(User.id.in_(ids)).values(phone_index=index)
        await session.execute(named)
        proven = update(Employer).where(Employer.id.in_(ids)).values(proven_phone_index=index)
        await session.execute(proven)

    world.in_session(same)


def free(mine: Lead) -> bool:
    shown: bool = mine.shown["free"]
    return shown


def test_another_account_of_the_phone_gets_nothing_more(world: World) -> None:
    one, other = company(world), company(world)
    prove(world, one, other)
    first, second = lead(world, one), lead(world, other)
    assert free(second)
    ok(first.unlock())
    assert not free(second)
    assert second.begin()["price"]["amount"] == PRICE


def test_another_account_of_the_mailbox_gets_nothing_more(world: World) -> None:
    one = company(world, email="owner.of.shop+one@gmail.com")
    other = company(world, email="ownerofshop@gmail.com")
    ok(lead(world, one).unlock())
    assert lead(world, other).begin()["price"]["amount"] == PRICE


def test_another_account_of_the_tax_number_gets_nothing_more(world: World) -> None:
    one, other = company(world), company(world)
    for employer in (one, other):
        ok(employer.put("/api/employers/profile", {"tax_id": BENGALURU}))
        prove(world, employer)  # another tax number has to be checked again
    ok(lead(world, one).unlock())
    assert lead(world, other).begin()["price"]["amount"] == PRICE


def test_an_account_that_changes_its_mailbox_gets_nothing_more(world: World) -> None:
    employer = company(world)
    ok(lead(world, employer).unlock())

    async def change(session: Any) -> None:
        mine = update(User).where(User.id == UUID(employer.id))
        await session.execute(mine.values(email_index=None, email_sealed=None, email=None))

    world.in_session(change)
    assert lead(world, employer).begin()["price"]["amount"] == PRICE


def test_uses_are_kept_as_hashes(world: World) -> None:
    employer = company(world)
    ok(lead(world, employer).unlock())

    async def marks(session: Any) -> list[str]:
        return list(await session.scalars(select(FreeLead.mark)))

    kept = world.in_session(marks)
    assert all(str(employer.email) not in mark for mark in kept)


async def test_fifty_clicks_on_five_leads_get_one_for_free(database_url: str) -> None:
    async with opened(database_url) as database:
        job_id, people = await market(database, 5, positions=5)
        async with database.begin() as session:
            for worker_id, match_id in people:
                await respond.respond(session, worker_id, match_id, OfferAnswer.ACCEPT, None, NOW)
            employer = await session.get_one(
                Employer, (await session.get_one(Job, job_id)).employer_id
            )
            employer.verified_at = NOW
            in_force = policy.default_policy("INR").model_copy(
                update={"free_leads": FreeLeads(per_company=1)}
            )
            await policy.replace(session, in_force, now=NOW)
        actor = Actor(employer.id, Role.EMPLOYER, UserStatus.ACTIVE, "")

        async def click(match_id: UUID) -> UUID | None:
            async with database.begin() as session:
                order = await purchase.begin(session, actor, [match_id], NOW, paced=False)
                return order.id if order else None

        clicks = [match_id for _, match_id in people] * 10
        done = await asyncio.gather(*(click(match_id) for match_id in clicks))
        assert len(set(done)) == 5
        async with database.read() as session:
            bought = list(await session.scalars(select(Unlock.match_id)))
        assert {match for match, order in zip(clicks, done, strict=True) if order is None} == set(
            bought
        )
        assert len(bought) == 1


def test_accounts_of_one_phone_that_come_together_get_one_for_free(world: World) -> None:
    accounts = [company(world) for _ in range(4)]
    prove(world, *accounts)
    mine = [lead(world, account) for account in accounts]
    answers = at_once([one.unlock for one in mine])
    assert sorted(answer.status_code for answer in answers) == [200, 202, 202, 202]


def test_a_free_lead_that_proves_bad_gives_another(world: World) -> None:
    employer = company(world)
    bad, next_one = lead(world, employer), lead(world, employer)
    ok(bad.unlock())
    assert not free(next_one)
    ok(bad.worker.delete("/api/workers/account"), 204)
    report = f"/api/employers/matches/{bad.id}/report"
    assert ok(employer.post(report, {"reason": "unreachable"}), 201)["status"] == "refunded"
    assert ok(employer.post(report, {"reason": "unreachable"}), 201)["status"] == "refunded"
    assert ok(next_one.unlock())["payment"]["price"]["amount"] == 0
    assert lead(world, employer).begin()["price"]["amount"] == PRICE


def test_the_page_of_a_free_lead_asks_for_no_money(world: World) -> None:
    mine = lead(world, company(world))
    link = urlsplit(payment_link(world.runtime.keyring, world.url, UUID(mine.id))).path
    shown = world.http.get(link)
    assert "Get it for free" in shown.text
    assert re.search(r"₹ ?49|49[.,]00", shown.text) is None
    after = world.http.post(link, follow_redirects=True)
    assert "These contacts" in after.text or "This contact is yours" in after.text
    assert mine.phone_shown() == mine.worker.phone


def test_a_link_of_who_may_not_buy_any_more_gets_nothing_for_free(world: World) -> None:
    employer = company(world)
    mine = lead(world, employer)
    viewer, removed = (member_of(world, employer, role) for role in ("viewer", "manager"))
    links = [
        payment_link(world.runtime.keyring, world.url, UUID(mine.id), UUID(member.id))
        for member in (viewer, removed)
    ]
    ok(employer.delete(f"{TEAM}/{removed.id}"), 204)
    for link in links:
        assert world.http.post(urlsplit(link).path, follow_redirects=False).status_code == 409
        assert mine.phone_shown() is None
    assert ok(mine.unlock())["status"] == "unlocked"


@pytest.mark.parametrize("free_leads", [{"per_company": -1}, {"per_company": 21}, {"many": 1}])
def test_settings_that_make_no_sense_are_refused(shared_world: World, free_leads: Any) -> None:
    refused(put_settings(shared_world, free_leads=free_leads), 422, "invalid")
