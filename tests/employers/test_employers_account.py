"""An employer takes their data along, and erases their account; what the law keeps stays without a name."""

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.core.errors import NotFound
from app.database.schema import load_models
from app.identity.actor import Actor
from app.identity.models import Role, User, UserStatus
from app.jobs.models import Job
from app.offers import respond
from app.offers.rules import MatchNotAccepted, OfferAnswer
from app.payments import ledger, purchase, rules
from app.payments.balance import BalanceTooLow
from app.payments.employer_erasure import BalanceLeft, erase_employer
from app.payments.models import LedgerEntry
from app.payments.rules import PayWith
from tests.support import leads
from tests.support.app_harness import World
from tests.support.assertions import ok, refused
from tests.support.database import market, opened
from tests.support.factories import NOW
from tests.support.leads import lead
from tests.support.provider_faults import dispute, stripe_objects

EXPORT = "/api/employers/export"
ACCOUNT = "/api/employers/account"
PRICE = 4_900
TOP_UPS = "/api/employers/balance/top-ups"


@pytest.fixture
def world(world_of_file: World) -> Iterator[World]:
    """One Partimer for the file: every test brings its own people, and money is right after each."""
    world_of_file.unread = True
    yield world_of_file
    leads.check_at_rest(world_of_file)


def everything_stored(world: World) -> str:
    """Every value of every table but those of invoices, sealed ones opened by nobody, as one text."""

    async def read(session: Any) -> str:
        rows = []
        for table in load_models().sorted_tables:
            if not table.name.startswith("invoice"):
                rows += [str(tuple(row)) for row in await session.execute(table.select())]
        return "\n".join(rows)

    text: str = world.in_session(read)
    return text


def test_the_copy_holds_everything_kept(world: World) -> None:
    employer = world.employer(verified=True)
    mine = lead(world, employer, title="Barista")
    bought = mine.buy()
    world.pay(ok(employer.post(TOP_UPS, {"pack": "small"}), 202)["checkout_url"])
    answer = employer.get(EXPORT)
    data = ok(answer)
    assert answer.headers["cache-control"] == "no-store"
    assert "attachment" in answer.headers["content-disposition"]
    assert data["profile"] == ok(employer.get("/api/employers/profile"))
    assert [job["id"] for job in data["jobs"]] == [mine.job_id]
    assert [(one["match_id"], one["contact"]["phone"]) for one in data["contacts"]] == [
        (mine.id, mine.worker.phone)
    ]
    assert [order["kind"] for order in data["orders"]] == ["leads", "top_up"]
    assert [one["id"] for one in data["payments"]] == [bought["payment"]["id"]]
    assert data["invoices"] == ok(employer.get("/api/employers/invoices"))["items"]
    assert data["balance"] == ok(employer.get("/api/employers/balance/entries"))["items"]
    assert "lead_unlocked" in {message["kind"] for message in data["messages"]}
    assert len(data["sessions"]) >= 1
    other = world.employer()
    assert (mine.worker.phone or "") not in other.get(EXPORT).text


def test_after_erasure_nothing_personal_is_stored(world: World) -> None:
    employer = world.employer(
        company_name="Canary Coffee", contact_name="Zubeida Songbird", verified=True
    )
    ok(employer.put("/api/employers/profile", {"address": "7 Canary Lane", "city": "Thane"}))
    mine = lead(world, employer, description="Ask for Songbird at the bar.")
    mine.buy()
    ok(
        employer.post(
            f"/api/employers/matches/{mine.id}/report",
            {"reason": "other", "note": "Songbird waited in vain."},
        ),
        201,
    )
    world.settle()
    assert "songbird" in everything_stored(world).lower()
    ok(employer.delete(ACCOUNT), 204)
    world.settle()
    stored = everything_stored(world).lower()
    assert "canary" not in stored.replace("test_", "")
    assert "songbird" not in stored
    assert employer.email is not None
    assert employer.email not in stored
    number = ok(world.admin().get(f"/api/admin/invoices?employer_id={employer.id}"))["items"]
    assert [one["buyer_name"] for one in number] == ["Canary Coffee"], "the law keeps invoices"


def test_after_erasure_nobody_is_signed_in_and_the_address_is_free(world: World) -> None:
    employer = world.employer()
    answer = employer.delete(ACCOUNT)
    assert (answer.status_code, answer.content) == (204, b"")
    refused(employer.get("/api/employers/profile"), 401, "session_ended")
    assert employer.delete(ACCOUNT).status_code == 401
    again = world.employer(email=employer.email)
    assert again.id != employer.id
    params = {"action": "employer.erase", "target_id": employer.id}
    [entry] = ok(world.admin().get("/api/admin/logs", params=params))["items"]
    assert entry["after"] == {"status": "erased"}


def test_open_jobs_are_cancelled_and_their_workers_told_once(world: World) -> None:
    employer = world.employer(verified=True)
    asked, accepted = lead(world, employer, accept=False), lead(world, employer)
    page = accepted.begin()
    draft = world.job(employer, publish=False)
    world.settle()
    before = {one.id: len(world.messages(one.worker.phone or "")) for one in (asked, accepted)}
    ok(employer.delete(ACCOUNT), 204)
    world.settle()
    for one in (asked, accepted):
        told = world.messages(one.worker.phone or "")[before[one.id] :]
        assert len(told) == 1, told
    for job_id in (asked.job_id, accepted.job_id, draft["id"]):
        assert ok(world.admin().get(f"/api/admin/jobs/{job_id}"))["status"] == "cancelled"
    offers = {offer["id"]: offer["status"] for offer in world.offers(asked.worker)}
    assert offers[asked.id] == "closed"
    session_id = page["checkout_url"].rpartition("/")[2]
    [closed] = [one for one in stripe_objects(world, "checkout.session") if one["id"] == session_id]
    assert closed["status"] == "expired"


def test_what_is_paid_after_erasure_goes_back(world: World) -> None:
    employer = world.employer(verified=True)
    mine = lead(world, employer)
    page = mine.begin()
    world.pay(page["checkout_url"], "process")
    refused(employer.delete(ACCOUNT), 409, "money_on_its_way")
    assert ok(employer.get("/api/employers/profile"))["status"] == "active"
    assert ok(employer.get(f"/api/employers/jobs/{mine.job_id}"))["status"] == "published"


def test_money_in_the_balance_stays_the_employer_s(world: World) -> None:
    employer = world.employer(verified=True)
    world.pay(ok(employer.post(TOP_UPS, {"pack": "small"}), 202)["checkout_url"])
    mine = lead(world, employer)
    refused(employer.delete(ACCOUNT), 409, "balance_left")
    assert ok(employer.get(f"/api/employers/jobs/{mine.job_id}"))["status"] == "published"
    charge = stripe_objects(world, "payment_intent")[0]["id"]
    dispute(world, charge, "opened")
    refused(employer.delete(ACCOUNT), 409, "dispute_open")
    dispute(world, charge, "lost")
    ok(employer.delete(ACCOUNT), 204)


def test_a_balance_can_be_given_up(world: World) -> None:
    employer = world.employer(verified=True)
    world.pay(ok(employer.post(TOP_UPS, {"pack": "small"}), 202)["checkout_url"])
    refused(employer.delete(ACCOUNT), 409, "balance_left")
    ok(employer.delete(f"{ACCOUNT}?give_up_balance=true"), 204)
    [owed] = ok(world.admin().get(f"/api/admin/ledger/accounts?employer_id={employer.id}"))["items"]
    assert owed["sum"]["amount"] == -55_000, "it stays in the books as what we owe"


def test_the_books_do_not_change(world: World) -> None:
    mine = lead(world)
    mine.buy()

    def entries() -> list[UUID]:
        rows: list[UUID] = world.in_session(_ids)
        return rows

    async def _ids(session: Any) -> list[UUID]:
        return list(await session.scalars(select(LedgerEntry.id).order_by(LedgerEntry.id)))

    before = entries()
    ok(mine.employer.delete(ACCOUNT), 204)
    assert entries() == before
    held = ok(mine.worker.get("/api/workers/unlocks"))["items"]
    assert [(one["match_id"], one["company_name"]) for one in held] == [(mine.id, "Deleted")]


async def test_taps_and_an_erasure_at_once_leave_no_half_state(database_url: str) -> None:
    async with opened(database_url) as database:
        job_id, people = await market(database, 6, positions=6)
        async with database.begin() as session:
            for worker_id, match_id in people:
                await respond.respond(session, worker_id, match_id, OfferAnswer.ACCEPT, None, NOW)
            employer_id = (await session.get_one(Job, job_id)).employer_id
            await ledger.book(
                session,
                "top_up:1",
                rules.top_up(3 * PRICE, 3 * PRICE, employer_id),
                currency="INR",
                payment_id=None,
                now=NOW,
                provider="stripe",
            )
        actor = Actor(employer_id, Role.EMPLOYER, UserStatus.ACTIVE, "")

        async def tap(match_id: UUID) -> str:
            try:
                async with database.begin() as session:
                    await purchase.begin(
                        session, actor, [match_id], NOW, paced=False, pay_with=PayWith.BALANCE
                    )
            except (BalanceTooLow, MatchNotAccepted) as refusal:
                return refusal.reason
            return "bought"

        async def erase() -> str:
            try:
                async with database.begin() as session:
                    await erase_employer(session, employer_id, actor, now=NOW)
            except BalanceLeft as refusal:
                return refusal.reason
            except NotFound:
                return "erased before"
            return "erased"

        taps = [tap(match_id) for _, match_id in people]
        done = await asyncio.gather(*taps[:3], erase(), *taps[3:], erase())
        assert done.count("bought") == 3, "an erasure that is refused has cancelled nothing"
        assert await erase() == ("erased before" if "erased" in done else "erased")
        async with database.read() as session:
            assert await ledger.balance_of(session, employer_id, "INR") == 0
            user = await session.get_one(User, employer_id)
            assert (user.status, user.name) == ("erased", "Deleted")


def test_only_an_employer_erases_themselves(world: World) -> None:
    refused(world.worker().delete(ACCOUNT), 403, "wrong_role")
    refused(world.http.delete(ACCOUNT), 401, "not_authenticated")
