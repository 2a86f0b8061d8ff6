"""Money in the chat: what the balance is, topping it up by a link, and a contact with one tap."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
from sqlalchemy import func, select

from app.offers.links import order_of
from app.offers.models import JobMatch
from app.payments import ledger, rules
from app.payments.models import Order, Payment, Unlock
from app.payments.rules import PayWith
from app.policy import policy
from app.policy.policy import BalancePolicy, FreeLeads
from tests.chat.test_chat_employers import LINE, chat, jobs, last
from tests.support.chat_events import _ALWAYS, accept, add_account
from tests.support.chat_player import ChatWorld
from tests.support.factories import NewWorker, add_workers

PEOPLE = [("Meena Kulkarni", "+919811100021"), ("Ravi Shinde", "+919811100022")]


@asynccontextmanager
async def with_leads(
    database_url: str, *, there: int = 0, free: int = 0, packs: bool = True
) -> AsyncIterator[tuple[ChatWorld, UUID, UUID]]:
    """A chat with a company whose job two people accepted; the company's and the job's id."""
    async with chat(database_url) as world:
        employer_id = await add_account(world, "Cafe Bandra", proven=True)
        async with world.database.begin() as session:
            in_force = policy.default_policy("INR")
            changes = {
                "free_leads": FreeLeads(per_company=free),
                "balance": BalancePolicy() if packs else BalancePolicy(packs=[]),
            }
            await policy.replace(session, in_force.model_copy(update=changes), now=world.clock())
            await add_workers(
                session,
                [NewWorker(slots=_ALWAYS, name=name, phone=phone) for name, phone in PEOPLE],
            )
            if there:
                await ledger.book(
                    session,
                    "top_up:1",
                    rules.top_up(there, there, employer_id),
                    currency="INR",
                    payment_id=None,
                    now=world.clock(),
                    provider="stripe",
                )
        await world.says(LINE)
        await world.says("yes")
        [job] = await jobs(world)
        for name, _ in PEOPLE:
            await accept(world, name)
        yield world, employer_id, job.id


async def held(world: ChatWorld, employer_id: UUID) -> int:
    async with world.database.read() as session:
        return await ledger.balance_of(session, employer_id, "INR")


async def bought(world: ChatWorld) -> list[str]:
    """How each lead that was bought was paid."""
    async with world.database.read() as session:
        query = (
            select(Order.pay_with)
            .join(Payment, Payment.order_id == Order.id)
            .join(Unlock, Unlock.payment_id == Payment.id)
        )
        return list(await session.scalars(query.order_by(Unlock.id)))


@pytest.mark.parametrize(
    ("language", "words"), [("en", "₹49 from your balance"), ("hi", "आपके बैलेंस से ₹49")]
)
async def test_one_tap_brings_one_contact_out_of_the_balance(
    database_url: str, language: str, words: str
) -> None:
    async with with_leads(database_url, there=10_000) as (world, employer_id, job_id):
        await world.taps(f"language:{language}")
        await world.taps(f"job:{job_id}:leads")
        rows = {row.title: row for row in world.phone.received[-1][2].rows}
        assert rows["Meena K."].description == words
        tap = rows["Meena K."].id
        await world.taps(tap)
        assert (await held(world, employer_id), await bought(world)) == (5_100, [PayWith.BALANCE])
        assert any("₹51" in sent.text for _, _, sent in world.phone.received)
        assert any("98111 00021" in sent.text for _, _, sent in world.phone.received)
        await world.taps(tap)
        assert await held(world, employer_id) == 5_100, "a second tap takes nothing"


async def test_one_tap_brings_all_of_them_where_the_balance_covers_them(database_url: str) -> None:
    async with with_leads(database_url, there=9_800) as (world, employer_id, job_id):
        await world.taps(f"job:{job_id}:leads")
        rows = {row.title: row for row in world.phone.received[-1][2].rows}
        assert rows["All 2 of them"].description == "₹98 from your balance"
        await world.taps(rows["All 2 of them"].id)
        assert (await held(world, employer_id), len(await bought(world))) == (0, 2)


async def test_what_the_balance_does_not_cover_is_paid_by_the_link(database_url: str) -> None:
    async with with_leads(database_url, there=4_899) as (world, employer_id, job_id):
        await world.taps(f"job:{job_id}:leads")
        assert world.phone.received[-1][2].rows == ()
        assert last(world).count("/pay/") == 2
        [lead_id] = (await leads_of(world))[:1]
        await world.taps(f"lead:{lead_id}:unlock")
        assert "does not cover" in last(world)
        assert (await held(world, employer_id), await bought(world)) == (4_899, [])


async def leads_of(world: ChatWorld) -> list[UUID]:
    async with world.database.read() as session:
        return list(await session.scalars(select(JobMatch.id).order_by(JobMatch.id)))


async def test_the_first_contact_is_free_and_the_next_costs_its_price(database_url: str) -> None:
    async with with_leads(database_url, free=1) as (world, _, job_id):
        assert any("contact for free" in sent.text for _, _, sent in world.phone.received)
        await world.taps(f"job:{job_id}:leads")
        rows = {row.title: row for row in world.phone.received[-1][2].rows}
        assert rows["Ravi S."].description == "Free for you"
        await world.taps(rows["Ravi S."].id)
        assert await bought(world) == [PayWith.FREE]
        await world.taps(rows["Meena K."].id)
        assert "does not cover" in last(world)
        await world.taps(f"job:{job_id}:leads")
        assert "₹49" in last(world)
        assert await bought(world) == [PayWith.FREE]


@pytest.mark.parametrize("words", ["balance", "top up", "mera balance kitna hai", "बैलेंस"])
async def test_the_balance_is_shown_and_topped_up_by_a_link(database_url: str, words: str) -> None:
    async with with_leads(database_url) as (world, _, _job):
        await world.says(words)
        assert "₹0" in last(world)
        small, large = world.phone.received[-1][2].rows
        assert ("₹500" in small.title, "₹550" in small.description) == (True, True)
        assert ("₹2,000" in large.title, "₹2,300" in large.description) == (True, True)
        await world.taps(small.id)
        assert "₹500" in last(world)
        assert "₹550" in last(world)
        [token] = re.findall(r"/pay/(\w+)", last(world))
        assert order_of(world.database.keyring, token) is not None
        await world.taps(small.id)
        assert re.findall(r"/pay/(\w+)", last(world)) == [token], "a second tap, the same order"
        async with world.database.read() as session:
            assert await session.scalar(select(func.count()).select_from(Order)) == 1


async def test_a_pack_that_is_gone_begins_nothing(sqlite_database_url: str) -> None:
    async with with_leads(sqlite_database_url, there=100, packs=False) as (world, _, _job):
        await world.says("balance")
        assert "₹1" in last(world)
        assert world.phone.received[-1][2].rows == ()
        for tap in ("topup:small", "topup:", "topup:😀", f"topup:{'x' * 200}"):
            await world.taps(tap)
            assert "over" in last(world)


async def test_another_s_lead_is_not_unlocked_by_a_tap(sqlite_database_url: str) -> None:
    async with with_leads(sqlite_database_url, there=10_000) as (world, employer_id, _job):
        for name in ("00000000-0000-7000-8000-000000000000", "nonsense"):
            await world.taps(f"lead:{name}:unlock")
            assert "can't find" in last(world)
        assert await held(world, employer_id) == 10_000
