"""An employer has their account erased in the chat: asked first, told what it means, and done as the API does it."""

import datetime as dt
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import new_id
from app.employers import phones, team
from app.employers.models import Employer
from app.identity.actor import Actor
from app.identity.models import Role, TeamMember, User, UserStatus
from app.identity.rules import TeamRole
from app.jobs.models import Job, JobStatus
from app.messaging.models import ChatPerson
from app.payments import balance
from app.payments.models import Dispute, Order, Refund
from app.payments.provider import Checkout, CheckoutState
from app.payments.purchase import page_ends
from app.payments.rules import DisputeStatus
from app.payments.settle import settle
from tests.chat.test_balance_in_chat import held, with_leads
from tests.chat.test_chat_employers import LINE, chat, last
from tests.support.chat_events import PHONE, add_account
from tests.support.chat_player import ChatWorld

OTHER = "+919811100077"
"""The phone of another owner."""


async def status_of(world: ChatWorld, user_id: UUID) -> tuple[str, bytes | None]:
    async with world.database.read() as session:
        query = select(User.status, User.phone_sealed).where(User.id == user_id)
        status, phone = (await session.execute(query)).one()
        return status, phone


async def is_erased(world: ChatWorld, user_id: UUID) -> bool:
    status, phone = await status_of(world, user_id)
    return status == UserStatus.ERASED and phone is None


def offered(world: ChatWorld) -> set[str]:
    """What the newest message's buttons do; each of them names what was asked, too."""
    return {":".join(button_id.split(":")[:2]) for button_id in button_ids(world)}


def button_ids(world: ChatWorld) -> list[str]:
    """The ids of the newest message's buttons."""
    return [button.id for button in world.phone.received[-1][2].buttons]


def button(world: ChatWorld, does: str) -> str:
    """The id of the newest button that does this."""
    shown = [each.id for message in world.phone.received for each in message[2].buttons]
    return [each for each in shown if f"{each}:".startswith(f"{does}:")][-1]


async def taps(world: ChatWorld, does: str) -> None:
    """They tap the newest button that does this."""
    await world.taps(button(world, does))


async def topped_up(world: ChatWorld, employer_id: UUID) -> None:
    """The company has paid a pack in advance: 500, and 50 on top."""
    async with world.database.begin() as session:
        [account] = await world_accounts(session)
        ends = await page_ends(session, world.clock())
        order = await balance.begin_top_up(session, account, "small", ends, world.clock())
    async with world.database.begin() as session:
        await settle(session, paid(order, ends), world.clock(), livemode=False)
    assert await held(world, employer_id) > 0


async def world_accounts(session: AsyncSession) -> list[Actor]:
    index = session.info["keyring"].index(PHONE, "phone")
    return [account.actor for account in await phones.list_accounts(session, index)]


async def add_member(world: ChatWorld, employer_id: UUID, role: str) -> UUID:
    """Who writes is in the company's team."""
    member_id = new_id()
    async with world.database.begin() as session:
        keys = session.info["keyring"]
        user: dict[str, Any] = {"id": member_id, "role": "employer", "status": "active"}
        user |= {"name": "Meher", "language": "en", "email": "meher@example.com"}
        user |= {
            "phone_sealed": keys.seal(PHONE, "phone"),
            "phone_index": keys.index(PHONE, "phone"),
        }
        user |= {"created_at": world.clock(), "updated_at": world.clock()}
        await session.execute(insert(User), user)
        member = {"user_id": member_id, "employer_id": employer_id, "role": role}
        member |= {"invited_at": world.clock(), "joined_at": world.clock()}
        await session.execute(insert(TeamMember), member)
    return member_id


def opener_of(employer_id: UUID) -> Actor:
    """Who opened the company, as whoever acts."""
    return Actor(employer_id, Role.EMPLOYER, UserStatus.ACTIVE, "", team_role=TeamRole.OWNER)


def paid(order: Order, ends: dt.datetime) -> Checkout:
    state, intent = CheckoutState.PAID, f"pi_{order.id}"
    return Checkout(f"cs_{order.id}", None, state, ends, order.price, False, str(order.id), intent)


@pytest.mark.parametrize(
    ("asks", "means", "done"),
    [
        ("delete my account", "Invoices stay, because the law wants them", "is deleted"),
        ("mera account hata do", "Invoices stay, because the law wants them", "is deleted"),
        ("मेरा खाता हटा दो", "बिल रहेंगे, क्योंकि कानून यही चाहता है", "हटा दिया है"),
    ],
)
async def test_an_owner_is_asked_told_what_it_means_and_erased_by_a_tap(
    database_url: str, asks: str, means: str, done: str
) -> None:
    async with with_leads(database_url) as (world, employer_id, job_id):
        await world.says(asks)
        assert means in last(world)
        assert offered(world) == {"erase:yes", "erase:no"}
        assert not await is_erased(world, employer_id)
        await taps(world, "erase:yes")
        assert "Cafe Bandra" in last(world)
        assert done in last(world)
        assert await is_erased(world, employer_id)
        async with world.database.read() as session:
            assert (await session.get_one(Job, job_id)).status == JobStatus.CANCELLED
            [person] = await session.scalars(select(ChatPerson))
            assert (person.phone_index, person.phone_sealed, person.state) == (None, None, {})
        # Who writes again is somebody new.
        await world.says("hi")
        assert "Cafe Bandra" not in last(world)


@pytest.mark.parametrize("answer", ["no", "nahi", "keep it", "erase:no"])
async def test_who_keeps_the_account_keeps_all_of_it(sqlite_database_url: str, answer: str) -> None:
    async with with_leads(sqlite_database_url) as (world, employer_id, job_id):
        await world.says("delete my account")
        asked = button(world, "erase:yes")
        await (world.taps if ":" in answer else world.says)(answer)
        assert "stays as it is" in last(world)
        await world.taps(asked)
        # The question was closed: it is asked again.
        assert "can't be undone" in last(world)
        assert not await is_erased(world, employer_id)
        async with world.database.read() as session:
            assert (await session.get_one(Job, job_id)).status == JobStatus.PUBLISHED


async def test_a_typed_yes_asks_for_the_tap_and_only_clear_words_erase(
    sqlite_database_url: str,
) -> None:
    async with chat(sqlite_database_url) as world:
        employer_id = await add_account(world, "Cafe Bandra", proven=True)
        await world.says("delete my account")
        for unclear in ("yes", "haan", "ok"):
            await world.says(unclear)
            assert "tap the button" in last(world)
            assert not await is_erased(world, employer_id)
        await world.says("yes delete everything")
        assert await is_erased(world, employer_id)


async def test_a_job_written_instead_is_a_job(sqlite_database_url: str) -> None:
    async with chat(sqlite_database_url) as world:
        employer_id = await add_account(world, "Cafe Bandra", proven=True)
        await world.says("delete my account")
        await world.says(LINE)
        await world.says("yes")
        assert not await is_erased(world, employer_id)
        async with world.database.read() as session:
            assert len(list(await session.scalars(select(Job)))) == 1


async def test_money_that_cannot_go_back_is_given_up_by_a_tap_of_its_own(
    database_url: str,
) -> None:
    async with with_leads(database_url, there=10_000) as (world, employer_id, job_id):
        await world.says("delete my account")
        assert "₹100 in your balance" in last(world)
        await taps(world, "erase:yes")
        assert "₹100" in last(world)
        assert "nothing is deleted" in last(world)
        assert offered(world) == {"erase:give_up", "erase:no"}
        async with world.database.read() as session:
            assert (await session.get_one(Job, job_id)).status == JobStatus.PUBLISHED
        assert not await is_erased(world, employer_id)
        await taps(world, "erase:give_up")
        assert await is_erased(world, employer_id)


async def test_money_goes_back_to_its_source_before_the_account_goes(
    database_url: str,
) -> None:
    async with chat(database_url) as world:
        employer_id = await add_account(world, "Cafe Bandra", proven=True)
        await topped_up(world, employer_id)
        await world.says("delete my account")
        await taps(world, "erase:yes")
        assert offered(world) == {"erase:pay_back", "erase:give_up", "erase:no"}
        await taps(world, "erase:pay_back")
        assert "₹500" in last(world)
        assert "on its way" in last(world)
        async with world.database.read() as session:
            assert [refund.amount for refund in await session.scalars(select(Refund))] == [50_000]
        await world.says("delete my account")
        await taps(world, "erase:yes")
        assert "still on its way" in last(world)
        assert not await is_erased(world, employer_id)


async def test_a_bank_that_decides_comes_first(sqlite_database_url: str) -> None:
    async with chat(sqlite_database_url) as world:
        employer_id = await add_account(world, "Cafe Bandra", proven=True)
        async with world.database.begin() as session:
            row = {"id": new_id(), "provider_id": "dp_1", "employer_id": employer_id}
            row |= {"status": DisputeStatus.OPENED, "amount": 4_900, "currency": "INR"}
            row |= {"created_at": world.clock(), "updated_at": world.clock()}
            await session.execute(insert(Dispute), row)
        await world.says("delete my account")
        await taps(world, "erase:yes")
        assert "bank is still deciding" in last(world)
        assert not await is_erased(world, employer_id)


async def test_who_is_no_owner_leaves_the_team_and_the_company_stays(
    database_url: str,
) -> None:
    async with chat(database_url) as world:
        employer_id = await add_account(world, "Cafe Bandra", proven=True, phone=OTHER)
        member_id = await add_member(world, employer_id, "manager")
        await world.says("delete my account")
        assert "The company stays with its owner" in last(world)
        await taps(world, "erase:yes")
        assert await is_erased(world, member_id)
        assert not await is_erased(world, employer_id)
        assert "you have left *Cafe Bandra*" in last(world)
        assert "Cafe Bandra* and what" not in last(world)


async def test_who_leaves_and_types_yes_is_asked_for_the_tap_that_leaves(
    sqlite_database_url: str,
) -> None:
    async with chat(sqlite_database_url) as world:
        employer_id = await add_account(world, "Cafe Bandra", proven=True, phone=OTHER)
        await add_member(world, employer_id, "manager")
        await world.says("delete my account")
        await world.says("yes")
        assert "To leave *Cafe Bandra*, tap the button" in last(world)
        assert "for good" not in last(world)


async def test_leaving_never_takes_the_company_along(database_url: str) -> None:
    async with chat(database_url) as world:
        employer_id = await add_account(world, "Cafe Bandra", proven=True, phone=OTHER)
        member_id = await add_member(world, employer_id, "owner")
        await world.says("delete my account")
        assert "The company stays with its owner" in last(world)
        async with world.database.begin() as session:
            opener = opener_of(employer_id)
            await team.remove(session, opener, employer_id, now=world.clock())
        await taps(world, "erase:yes")
        # Meanwhile they are its last owner: what would go is another thing, and asked anew.
        assert "Delete *Cafe Bandra* for good?" in last(world)
        assert (await status_of(world, member_id))[0] == UserStatus.ACTIVE
        await taps(world, "erase:yes")
        assert await is_erased(world, member_id)
        assert "is deleted" in last(world)


async def test_an_old_button_of_one_company_never_erases_another(database_url: str) -> None:
    async with chat(database_url) as world:
        first = await add_account(world, "Cafe Bandra", proven=True)
        second = await add_account(world, "Deccan Stores", proven=True)
        await world.says("hi")
        await world.taps(world.id_of("Cafe Bandra"))
        await world.says("delete my account")
        old = button(world, "erase:yes")
        await taps(world, "erase:no")
        await world.says("switch")
        await world.taps(world.id_of("Deccan Stores"))
        await world.says("delete my account")
        assert "Delete *Deccan Stores*" in last(world)
        await world.taps(old)
        assert "Delete *Deccan Stores*" in last(world)
        for employer_id in (first, second):
            assert not await is_erased(world, employer_id)
        await taps(world, "erase:yes")
        assert await is_erased(world, second)
        assert not await is_erased(world, first)


async def test_a_balance_that_has_grown_is_not_given_up_by_an_old_button(
    database_url: str,
) -> None:
    async with with_leads(database_url, there=10_000) as (world, employer_id, _):
        await world.says("delete my account")
        await taps(world, "erase:yes")
        old = button(world, "erase:give_up")
        await topped_up(world, employer_id)
        await world.taps(old)
        texts = [message[2].text for message in world.phone.received]
        assert any("₹650 in your balance" in text for text in texts)
        assert not await is_erased(world, employer_id)


async def test_another_company_of_the_phone_goes_on(sqlite_database_url: str) -> None:
    async with chat(sqlite_database_url) as world:
        gone = await add_account(world, "Cafe Bandra", proven=True)
        kept = await add_account(world, "Deccan Stores", proven=True)
        await world.says("hi")
        await world.taps(world.id_of("Cafe Bandra"))
        await world.says("delete my account")
        await taps(world, "erase:yes")
        assert await is_erased(world, gone)
        assert not await is_erased(world, kept)
        await world.says("menu")
        assert "Deccan Stores" in last(world)


async def test_after_stop_the_account_is_erased_too(sqlite_database_url: str) -> None:
    async with chat(sqlite_database_url) as world:
        employer_id = await add_account(world, "Cafe Bandra", proven=True)
        await world.says("STOP")
        await world.says("delete my account")
        assert "can't be undone" in last(world)
        await taps(world, "erase:yes")
        assert await is_erased(world, employer_id)


async def test_a_suspended_company_is_told_whom_to_ask(sqlite_database_url: str) -> None:
    async with chat(sqlite_database_url) as world:
        employer_id = await add_account(world, "Cafe Bandra", proven=True)
        async with world.database.begin() as session:
            values = {"status": UserStatus.SUSPENDED}
            await session.execute(update(User).where(User.id == employer_id).values(**values))
        await world.says("delete my account")
        await world.taps("erase:yes")
        assert not await is_erased(world, employer_id)


async def test_a_company_without_a_proven_phone_is_not_erased_from_it(
    sqlite_database_url: str,
) -> None:
    async with chat(sqlite_database_url) as world:
        employer_id = await add_account(world, "Cafe Bandra", proven=False)
        await world.says("delete my account")
        await world.taps("erase:yes")
        assert not await is_erased(world, employer_id)
        async with world.database.read() as session:
            assert (await session.get_one(Employer, employer_id)).company_name == "Cafe Bandra"
