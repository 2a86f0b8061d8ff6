"""A stranger who writes a job keeps it: at most six messages, one company, nobody else's account."""

import asyncio
import datetime as dt
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select

from app.dialogue.employer.sign_up import MOST_MESSAGES
from app.dialogue.state import Ask, State
from app.employers import phones
from app.employers.models import Employer
from app.employers.registration import ChatCompany, PhoneHasCompany, open_by_phone
from app.identity.models import Consent, User
from app.jobs.models import Job
from app.messaging.models import ChatPerson
from tests.support.chat_events import PHONE, add_account
from tests.support.chat_player import ASHA, ChatWorld, chat
from tests.support.database import database_of
from tests.support.factories import NOW

LINE = "need 2 waiters tomorrow 6pm to 11pm Bandra 800 per day"
HIDDEN: dict[str, Any] = {"from": None, "from_user_id": "IN.135"}


def last(world: ChatWorld) -> str:
    return world.phone.received[-1][2].text


def offered(world: ChatWorld, begins: str) -> str:
    """The id of the newest button that begins so."""
    buttons = [button.id for button in world.phone.received[-1][2].buttons]
    return next(id_ for id_ in buttons if id_.startswith(begins))


async def companies(world: ChatWorld) -> list[tuple[User, Employer]]:
    async with world.database.read() as session:
        query = select(User, Employer).join(Employer, Employer.id == User.id)
        return [(user, employer) for user, employer in await session.execute(query)]


async def jobs(world: ChatWorld) -> list[Job]:
    async with world.database.read() as session:
        return list(await session.scalars(select(Job).order_by(Job.id)))


async def asked(world: ChatWorld) -> Ask:
    return State.from_json((await world.person()).state or {}).ask


CONVERSATIONS = [
    [LINE, "Cafe Bandra", "sign:profile", "yes"],
    ["we need 2 waiters on Saturday 10-6 in Bandra, 150/hour", "we are Cafe Bandra", "Ravi", "ok"],
    ["I need 3 waiters tomorrow 6 pm to 11 pm in Juhu", "800", "per day", "A", "Ravi", "yes"],
    ["need 3 waiters", "Juhu tomorrow 6pm to 11pm 800 per day", "Juhu Caterers", "Ravi", "yes"],
    [
        "hiring",
        "post:role:waiter",
        "Juhu tomorrow 6pm to 11pm 2 people 800 per day",
        "A",
        "B",
        "yes",
    ],
    ["need staff", "2 waiters, Juhu, Saturday 10-6, 150/hour", "sign:private", "Ravi", "yes"],
    ["kal ke liye 3 waiter chahiye", "Juhu, shaam 6 se 11, 800 rupaye din ke", "A", "Ravi", "haan"],
    [
        "2 waiter chahiye kal shaam 6 se 11 Juhu 800 rupaye",
        "din ke",
        "Juhu Caterers",
        "Ravi",
        "haan",
    ],
    ["mujhe waiter chahiye", "1, Bandra, kal 10 se 6, 150 rupaye ghanta", "Hotel A", "रवि", "हाँ"],
    ["मुझे वेटर चाहिए", "Bandra, kal 10 se 6, 150 रुपये घंटा, 2 लोग", "होटल दीप", "रवि", "हाँ"],
]


@pytest.mark.parametrize("texts", CONVERSATIONS, ids=lambda texts: texts[0][:30])
async def test_a_job_is_posted_within_six_messages(
    sqlite_database_url: str, texts: Sequence[str]
) -> None:
    assert len(texts) <= MOST_MESSAGES
    async with chat(sqlite_database_url) as world:
        for text in texts:
            assert await jobs(world) == []
            await (world.taps(text) if ":" in text and " " not in text else world.says(text))
        [(user, employer)] = await companies(world)
        [job] = await jobs(world)
        assert (job.employer_id, job.status) == (employer.id, "published"), last(world)
        assert (user.status, user.email_index, user.password_hash) == ("active", None, None)
        assert employer.verified_at is None
        assert employer.proven_phone_index == user.phone_index is not None
        # No worker was made of them, and what they write now they write as the company.
        assert [each.role for each in await world.users()] == ["employer"]
        await world.says("menu")
        assert employer.company_name in last(world)


async def test_the_account_is_theirs_and_everything_is_recorded(database_url: str) -> None:
    async with chat(database_url) as world:
        for said in (LINE, "Cafe Bandra", "my name is Ravi Sharma"):
            await world.says(said)
        assert await companies(world) == []
        yes = offered(world, "post:yes")
        await world.taps(yes)
        await world.taps(yes)  # twice, as phones do
        [(user, employer)] = await companies(world)
        assert (employer.company_name, user.name) == ("Cafe Bandra", "Ravi Sharma")
        assert (user.language, employer.city) == ("en", "Mumbai")
        assert len(await jobs(world)) == 1
        await world.says(LINE)
        await world.says("yes")
        assert [job.employer_id for job in await jobs(world)] == [employer.id] * 2
        assert len(await companies(world)) == 1


async def test_a_message_that_comes_twice_counts_once(database_url: str) -> None:
    async with chat(database_url) as world:
        contact = {"wa_id": ASHA, "profile": {"name": "Asha K"}}
        for said in (LINE, "Cafe Bandra", "Ravi", "yes"):
            message = world.message({"type": "text", "text": {"body": said}})
            await world.deliver(message, message, contacts=[contact])
            await world.deliver(message, contacts=[contact])
            world.clock_now += dt.timedelta(seconds=7)
        assert len(await companies(world)) == len(await jobs(world)) == 1


async def test_two_processes_open_one_company(database_url: str) -> None:
    """Two database handles open it at once: the unique index lets one through."""
    new = ChatCompany(company_name="Cafe Bandra", contact_name="Ravi", language="en")
    both = [database_of(database_url), database_of(database_url)]

    async def opens(number: int) -> bool:
        try:
            async with both[number].begin() as session:
                await open_by_phone(session, PHONE, new, now=NOW)
        except PhoneHasCompany:
            return False
        return True

    try:
        assert sorted(await asyncio.gather(opens(0), opens(1))) == [False, True]
    finally:
        for database in both:
            await database.close()


async def test_two_processes_handle_the_first_texts_and_the_yes(database_url: str) -> None:
    async with chat(database_url) as world, chat(database_url) as other:
        await asyncio.gather(world.says(LINE), other.says(LINE, id="wamid.other1"))
        for said in ("Cafe Bandra", "Ravi"):
            await world.says(said)
        yes = offered(world, "post:yes")
        await asyncio.gather(world.taps(yes), other.taps(yes, id="wamid.other2"))
        await world.settle()
        assert len(await companies(world)) == len(await jobs(world)) == 1


async def test_an_account_that_names_the_phone_is_not_taken_over(database_url: str) -> None:
    async with chat(database_url) as world:
        theirs = await add_account(world, "Sassanian", proven=False)
        await world.says(LINE)
        assert "written in an employer's account" in last(world)
        await world.taps("hire:new")
        for said in ("Cafe Bandra", "Ravi", "yes"):
            await world.says(said)
        [job] = await jobs(world)
        assert job.employer_id != theirs
        async with world.database.read() as session:
            index = session.info["keyring"].index(PHONE, "phone")
            accounts = await phones.list_accounts(session, index)
        assert {account.id: account.proven for account in accounts} == {
            theirs: False,
            job.employer_id: True,
        }


async def test_a_phone_that_the_platform_hides_is_asked_for(database_url: str) -> None:
    async with chat(database_url) as world:
        for said in (LINE, "Cafe Bandra", "Ravi"):
            await world.says(said, **HIDDEN)
        assert world.phone.received[-1][2].ask == "contact"
        await world.says("9811100001", **HIDDEN)
        assert await asked(world) is Ask.COMPANY_PHONE
        card = {"origin": "contact_request", "phones": [{"wa_id": ASHA, "phone": f"+{ASHA}"}]}
        await world.says({"type": "contacts", "contacts": [card]}, **HIDDEN)
        assert "Shall I post this?" in last(world)
        await world.says("yes", **HIDDEN)
        assert len(await companies(world)) == len(await jobs(world)) == 1


async def test_the_job_is_kept_for_days_and_stays_after_stop_and_a_human(database_url: str) -> None:
    async with chat(database_url) as world:
        await world.says(LINE.replace("tomorrow", "on 20 December"))
        await world.passes(5, "days")
        for said in ("STOP", "Cafe Bandra"):
            await world.says(said)
        await world.says("START")
        assert "company, shop or restaurant" in last(world)
        await world.says("human")
        await world.says("menu")
        assert "company, shop or restaurant" in last(world)
        for said in ("Cafe Bandra", "हिन्दी", "रवि", "हाँ"):
            await world.says(said)
        [job] = await jobs(world)
        assert job.starts_on == dt.date(2026, 12, 20)


async def test_who_drops_it_leaves_no_account(database_url: str) -> None:
    async with chat(database_url) as world:
        await world.says(LINE)
        await world.says("cancel")
        assert "nothing is posted" in last(world)
        await world.says(LINE)
        await world.says("delete my data")
        assert await companies(world) == []
        assert await world.users() == []
        assert (await world.person()).state in (None, {})


async def test_who_looks_for_work_is_a_worker(database_url: str) -> None:
    async with chat(database_url) as world:
        for said in ("kaam chahiye", "mujhe kaam chahiye", "I need a job", "2 years as a waiter"):
            await world.says(said)
        assert [user.role for user in await world.users()] == ["worker"]
        assert await asked(world) is Ask.CONSENT


async def test_a_worker_who_hires_is_both_from_then_on(database_url: str) -> None:
    async with chat(database_url) as world:
        await world.registers("en")
        await world.says(LINE)
        await world.says("Cafe Bandra")
        # Their name is known, and asked for no more.
        assert "Cafe Bandra, contact: Asha K" in last(world)
        await world.says("yes")
        assert {user.role for user in await world.users()} == {"worker", "employer"}
        async with world.database.read() as session:
            assert len((await session.scalars(select(Consent))).all()) == 1
        await world.says("worker")
        assert "What would you like to do?" in last(world) or "offers" in last(world).lower()


async def test_names_of_frauds_and_no_names_are_asked_for_again(database_url: str) -> None:
    async with chat(database_url) as world:
        await world.says(LINE)
        await world.says("pay registration fee 500 to join")
        assert await asked(world) is Ask.COMPANY
        await world.says("Cafe Bandra")
        for said in ("12345", "98765 43210"):
            await world.says(said)
            assert await asked(world) is Ask.CONTACT_NAME
        await world.says("call 98765 43210 !!")
        async with world.database.read() as session:
            [person] = await session.scalars(select(ChatPerson))
        assert person.paused_why == "not_understood"


async def test_a_wrong_name_is_asked_about_and_put_right(sqlite_database_url: str) -> None:
    async with chat(sqlite_database_url) as world:
        for said in (LINE, "kal bataunga", "Cafe Bandra", "ok", "Ravi Sharma"):
            await world.says(said)
        assert await asked(world) is Ask.JOB_RIGHT
        await world.says("naam galat hai, Moonlight likho")
        assert await asked(world) is Ask.JOB_CHANGE  # whose name?
        await world.taps("sign:company")
        await world.says("mera naam galat hai, Ravindra likho")
        await world.says("yes")
        [(user, employer)] = await companies(world)
        assert (employer.company_name, user.name) == ("Moonlight", "Ravindra")


async def test_names_beside_the_job_are_not_asked_for_again(sqlite_database_url: str) -> None:
    async with chat(sqlite_database_url) as world:
        await world.says("need 2 waiters tomorrow 6pm to 11pm Bandra, my name is Ravi Sharma")
        await world.says("800 per day, company Sagar Foods")
        assert await asked(world) is Ask.JOB_RIGHT
        assert "Sagar Foods, contact: Ravi Sharma" in last(world)


async def test_a_note_is_no_name_of_a_company(sqlite_database_url: str) -> None:
    async with chat(sqlite_database_url) as world:
        for said in (LINE, "add note: lunch is free", "Cafe Bandra", "Ravi Sharma"):
            await world.says(said)
        assert "lunch is free" in last(world)
        await world.says("yes")
        [(_, employer)] = await companies(world)
        assert employer.company_name == "Cafe Bandra"
