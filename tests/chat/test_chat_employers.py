"""Who may act for an employer in the chat, and what comes of it: on each database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from app.chat.effect_context import EffectContext
from app.chat.effects import perform
from app.core.errors import NotFound
from app.core.ids import new_id
from app.database.statements import rows_changed
from app.dialogue.effects import (
    AnswerHiringFaq,
    AskLeadReport,
    AskWhichContact,
    BlockWorker,
    CancelJob,
    Effect,
    ListContacts,
    ListJobs,
    ListLeads,
    PostJob,
    PublishJob,
    ReportLead,
)
from app.dialogue.state import Ask
from app.employers import phones, profile
from app.employers.models import BlockByEmployer, Employer
from app.identity.actor import Actor
from app.identity.models import OneTimeCode, Role, User, UserStatus
from app.jobs.models import Job
from app.jobs.rules import JobStatus
from app.matching.publish import publish
from app.messaging.models import PARAMS, Channel, ChatPerson, OutboxMessage
from app.privacy.erase import erase_worker
from tests.support.chat_events import (
    PHONE,
    accept,
    add_account,
    add_nearby,
    mailed_code,
    newest_offer_of,
    pay,
)
from tests.support.chat_player import ASHA, ChatWorld
from tests.support.database import database_of
from tests.support.factories import JOB_TEXT, add_employer, add_job

LINE = "waiter, Saturday 10-6, Bandra, 2 people, 150/hour"
OTHER = "+919811100002"


@asynccontextmanager
async def chat(url: str) -> AsyncIterator[ChatWorld]:
    database = database_of(url)
    try:
        yield ChatWorld(database)
    finally:
        await database.close()


def last(world: ChatWorld) -> str:
    return world.phone.received[-1][2].text


async def jobs(world: ChatWorld) -> list[Job]:
    async with world.database.read() as session:
        return list(await session.scalars(select(Job).order_by(Job.id)))


async def proven(world: ChatWorld, employer_id: UUID) -> bool:
    async with world.database.read() as session:
        index = session.info["keyring"].index(PHONE, "phone")
        accounts = await phones.list_accounts(session, index)
    return any(account.id == employer_id and account.proven for account in accounts)


async def change(world: ChatWorld, employer_id: UUID, **columns: Any) -> None:
    async with world.database.begin() as session:
        statement = update(User).where(User.id == employer_id).values(**columns)
        assert await rows_changed(session, statement) == 1


async def test_an_account_that_only_names_the_phone_does_nothing_here(database_url: str) -> None:
    async with chat(database_url) as world:
        employer_id = await add_account(world, "Cafe Bandra", proven=False)
        async with world.database.begin() as session:
            job_id = await add_job(session, employer_id)
        for said in (LINE, "jobs", "contacts", "menu"):
            await world.says(said)
        for tap in ("post:new", "hire:jobs", "hire:contacts", f"hat:{employer_id}"):
            await world.taps(tap)
        for verb in ("show", "leads", "really"):
            await world.taps(f"job:{job_id}:{verb}")
        assert [job.status for job in await jobs(world)] == ["published"]
        assert not any("Cafe Bandra" in sent.text for _, _, sent in world.phone.received)


async def test_a_yes_to_whose_account_it_is_mails_a_code_and_does_nothing_else(
    database_url: str,
) -> None:
    async with chat(database_url) as world:
        employer_id = await add_account(world, "Cafe Bandra", proven=False)
        await world.says(LINE)
        await world.says("haan mera hai")
        assert "code" in last(world)
        for said in (LINE, "yes", "contacts"):
            await world.says(said)
        assert not await jobs(world)
        assert not await proven(world, employer_id)


async def test_an_address_is_compared_as_it_is_shown(database_url: str) -> None:
    """Whether the rest of it is right is not told: whoever holds the phone may be a stranger."""
    async with chat(database_url) as world:
        await add_account(world, "Cafe Bandra", proven=False)
        # The first message may be it.
        await world.says("ola@evil.com")
        mails = [address.email for _, address, _ in world.phone.received if address.email]
        assert len(mails) == 1
        assert mails[0].endswith("@example.com")


async def test_a_code_from_the_mailbox_has_to_come_from_the_phone(database_url: str) -> None:
    async with chat(database_url) as world:
        employer_id = await add_account(world, "Cafe Bandra", proven=False)
        await world.taps(f"prove:{employer_id}")
        code = mailed_code(world.phone.received)
        # From another phone the same code is nothing.
        await world.says(code, **{"from": OTHER[1:]})
        assert not await proven(world, employer_id)
        await world.says("000000" if code != "000000" else "000001")
        assert "not the code" in last(world)
        await world.says(code)
        assert await proven(world, employer_id)
        await world.says(LINE)
        await world.says("yes")
        assert [job.employer_id for job in await jobs(world)] == [employer_id]


async def test_wrong_codes_are_counted_and_five_are_looked_at(database_url: str) -> None:
    async with chat(database_url) as world:
        employer_id = await add_account(world, "Cafe Bandra", proven=False)
        await world.taps(f"prove:{employer_id}")
        code = mailed_code(world.phone.received)
        for number in range(5):
            await world.says(f"{(int(code) + number + 1) % 1_000_000:06}")
        async with world.database.read() as session:
            assert await session.scalar(select(OneTimeCode.tries)) == 5
        await world.says(code)
        assert not await proven(world, employer_id)


async def test_a_mailbox_is_not_flooded(database_url: str) -> None:
    async with chat(database_url) as world:
        employer_id = await add_account(world, "Cafe Bandra", proven=False)
        for _ in range(5):
            await world.taps(f"prove:{employer_id}")
        mails = [address for _, address, _ in world.phone.received if address.email]
        assert len(mails) == phones.CODES_PER_HOUR
        assert "already" in last(world)
        await world.says(mailed_code(world.phone.received))
        assert await proven(world, employer_id)


async def test_a_code_proves_nothing_once_the_account_names_another_phone(
    database_url: str,
) -> None:
    async with chat(database_url) as world:
        employer_id = await add_account(world, "Cafe Bandra", proven=False)
        await world.taps(f"prove:{employer_id}")
        code = mailed_code(world.phone.received)
        actor = Actor(employer_id, Role.EMPLOYER, UserStatus.ACTIVE, "")
        for phone in (OTHER, PHONE):
            async with world.database.begin() as session:
                await profile.edit(session, actor, {"phone": phone}, now=world.clock())
            assert not await proven(world, employer_id)
        await world.says(code)
        assert await proven(world, employer_id)
        for phone in (OTHER, PHONE):
            async with world.database.begin() as session:
                await profile.edit(session, actor, {"phone": phone}, now=world.clock())
        # Back again, it has to be proven anew: by then it may be somebody else's.
        assert not await proven(world, employer_id)


async def test_a_number_that_moves_takes_the_proof_along(database_url: str) -> None:
    async with chat(database_url) as world:
        employer_id = await add_account(world, "Cafe Bandra", proven=True)
        await world.says("hi")
        moved = {"type": "user_changed_number", "wa_id": OTHER[1:]}
        await world.says({"type": "system", "system": moved})
        assert not await proven(world, employer_id)
        await world.says("menu", **{"from": OTHER[1:]})
        assert last(world).startswith("Cafe Bandra")


async def test_anothers_job_looks_like_one_that_is_not_there(database_url: str) -> None:
    async with chat(database_url) as world:
        await add_account(world, "Cafe Bandra", proven=True)
        async with world.database.begin() as session:
            foreign = await add_job(session, await add_employer(session))
        for verb in ("show", "leads", "cancel", "really", "keep", "x"):
            await world.taps(f"job:{foreign}:{verb}")
            theirs = last(world)
            await world.taps(f"job:0198c0de-0000-7000-8000-000000000001:{verb}")
            assert last(world) == theirs
            assert "can't find that job" in theirs
        assert [job.status for job in await jobs(world)] == ["published"]


async def test_a_second_yes_and_an_old_yes_post_nothing(database_url: str) -> None:
    async with chat(database_url) as world:
        await add_account(world, "Cafe Bandra", proven=True)
        await world.says(LINE)
        first = world.id_of("Yes, post it")
        await world.says("3 people")
        await world.taps(first)
        assert "has changed" in last(world)
        assert not await jobs(world)
        second = world.id_of("Yes, post it")
        await world.taps(second)
        await world.taps(second)
        await world.taps(first)
        await world.says("yes")
        assert [job.positions for job in await jobs(world)] == [3]
        # Another job's read-back isn't posted by the first one's button either.
        await world.says("cook, Sunday 9-5, 400050, 1 person, 900 a day")
        await world.taps(second)
        assert len(await jobs(world)) == 1


@pytest.mark.parametrize("status", [UserStatus.RESTRICTED, UserStatus.SUSPENDED, UserStatus.ERASED])
async def test_who_may_not_publish_posts_nothing(database_url: str, status: UserStatus) -> None:
    async with chat(database_url) as world:
        employer_id = await add_account(world, "Cafe Bandra", proven=True)
        await world.says(LINE)
        button = world.id_of("Yes, post it")
        await change(world, employer_id, status=status.value)
        await world.taps(button)
        assert not await jobs(world)
        told = {"restricted": "restricted", "suspended": "suspended", "erased": "Namaste"}
        assert told[status.value] in last(world)
        if status is UserStatus.RESTRICTED:
            # The job is not lost: once the account is open again, the same yes posts it.
            await change(world, employer_id, status="active")
            await world.taps(button)
            assert len(await jobs(world)) == 1


async def test_a_job_whose_time_has_come_meanwhile_is_not_posted(database_url: str) -> None:
    async with chat(database_url) as world:
        await add_account(world, "Cafe Bandra", proven=True)
        await world.says("waiter, 23 Nov, 10-6, Bandra, 2 people, 150/hour")
        button = world.id_of("Yes, post it")
        await world.passes(1, "days")
        await world.taps(button)
        assert not await jobs(world)
        assert "over" in world.phone.received[-1][2].text
        assert (await world.person()).state["ask"] == Ask.JOB_DAYS


async def test_two_companies_of_one_phone_see_only_their_own(database_url: str) -> None:
    async with chat(database_url) as world:
        first = await add_account(world, "Cafe Bandra", proven=True)
        second = await add_account(world, "Sassanian", proven=True)
        await world.says(LINE)
        assert "As whom" in last(world)
        await world.taps(f"hat:{first}")
        await world.says(LINE)
        await world.says("yes")
        [job] = await jobs(world)
        assert job.employer_id == first
        await world.taps(f"hat:{second}")
        await world.taps(f"job:{job.id}:really")
        assert "can't find that job" in last(world)
        await world.says("jobs")
        assert "no jobs" in last(world)
        assert (await jobs(world))[0].status == "published"


async def test_stop_sends_to_the_mailbox_what_an_employer_has_to_know(database_url: str) -> None:
    async with chat(database_url) as world:
        await add_account(world, "Cafe Bandra", proven=True)
        await add_nearby(world, "Meena Kulkarni")
        await world.says(LINE)
        await world.says("yes")
        await world.says("STOP")
        before = len(world.phone.received)
        await accept(world, "Meena Kulkarni")
        await pay(world, "Meena Kulkarni")
        theirs = [
            (address, sent.text)
            for _, address, sent in world.phone.received[before:]
            if address.email or address.phone == f"+{ASHA}"
        ]
        assert [address.phone for address, _ in theirs] == [None, None]
        assert ["/pay/" in text for _, text in theirs] == [True, False]
        async with world.database.read() as session:
            query = select(OutboxMessage.state).where(
                OutboxMessage.kind.in_(("lead_accepted", "lead_unlocked")),
                OutboxMessage.channel == Channel.EMAIL,
            )
            assert set(await session.scalars(query)) <= {"accepted", "sent", "delivered"}


async def test_a_contact_is_told_only_after_the_payment_and_only_to_who_paid(
    database_url: str,
) -> None:
    async with chat(database_url) as world:
        await add_account(world, "Cafe Bandra", proven=True)
        worker_id = await add_nearby(world, "Meena Kulkarni")
        async with world.database.read() as session:
            user = await session.get_one(User, worker_id)
            phone = session.info["keyring"].open(user.phone_sealed, "phone")
        await world.says(LINE)
        await world.says("yes")
        [job] = await jobs(world)
        await accept(world, "Meena Kulkarni")
        await world.taps(f"job:{job.id}:leads")
        await world.says("contacts")
        shown = [sent.text for _, to, sent in world.phone.received if to.phone != phone]
        assert not any("Meena Kulkarni" in text or phone[-5:] in text for text in shown)
        await pay(world, "Meena Kulkarni")
        assert phone[-5:] in last(world)
        await world.says("contacts")
        assert phone[-5:] in last(world)
        other = await add_account(world, "Sassanian", proven=True)
        await world.taps(f"hat:{other}")
        await world.says("contacts")
        assert "no contacts" in last(world)


@pytest.mark.parametrize("proven", [False, True])
async def test_a_paid_contact_goes_to_no_phone_that_nobody_has_proven(
    database_url: str, proven: bool
) -> None:
    """Whoever holds a number that an employer mistyped gets a notice without name or number."""
    async with chat(database_url) as world:
        employer_id = await add_account(world, "Cafe Bandra", proven=proven)
        await add_nearby(world, "Meena Kulkarni")
        actor = Actor(employer_id, Role.EMPLOYER, UserStatus.ACTIVE, "")
        async with world.database.begin() as session:
            job_id = await add_job(session, employer_id, status=JobStatus.DRAFT)
            await publish(session, actor, job_id, world.clock())
        await accept(world, "Meena Kulkarni")
        await pay(world, "Meena Kulkarni")
        phoned, mailed = (
            [sent.text for _, to, sent in world.phone.received if wanted(to)]
            for wanted in (lambda to: to.phone == PHONE, lambda to: to.email is not None)
        )
        with_contact = [text for text in phoned + mailed if "Meena Kulkarni" in text]
        assert len(with_contact) == 1
        assert (with_contact[0] in phoned) is proven
        assert any("is in your account's mailbox" in text for text in phoned) is not proven
        # Nor by asking for it there.
        for said in ("contacts", "my contacts", "1"):
            before = len(world.phone.received)
            await world.says(said)
            shown = [sent.text for _, to, sent in world.phone.received[before:] if to.phone]
            assert any("Meena Kulkarni" in text for text in shown) is (proven and said != "1")


@pytest.mark.parametrize("language", ["en", "hi"])
async def test_who_paid_is_told_that_the_worker_is_gone_and_nothing_of_them_is_kept(
    sqlite_database_url: str, language: str
) -> None:
    async with chat(sqlite_database_url) as world:
        await add_account(world, "Cafe Bandra", proven=True)
        worker_id = await add_nearby(world, "Meena Kulkarni")
        await world.taps(f"language:{language}")
        await world.says(LINE)
        await world.says("yes")
        await accept(world, "Meena Kulkarni")
        await pay(world, "Meena Kulkarni")
        await world.says("contacts")
        assert "Meena Kulkarni" in last(world)
        before = len(world.phone.received)
        async with world.database.begin() as session:
            await erase_worker(session, worker_id, None, now=world.clock())
        await world.settle()
        [(_, to, told)] = world.phone.received[before:]
        assert to.phone == PHONE
        assert {"en": "deleted their Partimer account", "hi": "खाता हटा दिया है"}[
            language
        ] in told.text
        assert {"en": "168 hours", "hi": "168 घंटे"}[language] in told.text
        assert "Meena" not in told.text
        async with world.database.read() as session:
            kept = session.info["keyring"]
            sealed = await session.scalars(select(OutboxMessage.params_sealed))
            said = [str(kept.open_json(params, PARAMS)) for params in sealed if params]
            assert not any("Meena" in text or "98222" in text for text in said)
        await world.says("contacts")
        gone = {"en": "name and number are gone", "hi": "नाम और नंबर नहीं रहे"}
        assert gone[language] in last(world)
        await world.taps(world.id_of({"en": "Report", "hi": "शिकायत करें"}[language]))
        await world.says("gone before I could call")
        assert {"en": "on its way back", "hi": "वापस भेजे जा रहे"}[language] in last(world)
        await world.says("report")
        job = {"en": "Waiter", "hi": "वेटर"}[language]
        assert [row.title for row in world.phone.received[-1][2].rows] == [job]
        await world.says("block")
        assert not world.phone.received[-1][2].rows
        # Nobody is told twice, and the tombstone can't be erased again.
        async with world.database.begin() as session:
            with pytest.raises(NotFound):
                await erase_worker(session, worker_id, None, now=world.clock())


async def test_who_did_not_pay_is_told_of_no_erasure(sqlite_database_url: str) -> None:
    async with chat(sqlite_database_url) as world:
        await add_account(world, "Cafe Bandra", proven=True)
        worker_id = await add_nearby(world, "Meena Kulkarni")
        await world.says(LINE)
        await world.says("yes")
        await accept(world, "Meena Kulkarni")
        async with world.database.begin() as session:
            await erase_worker(session, worker_id, None, now=world.clock())
        await world.settle()
        assert "no longer available" in last(world)
        async with world.database.read() as session:
            query = select(OutboxMessage.kind).where(OutboxMessage.kind == "lead_erased")
            assert await session.scalar(query) is None


async def test_notices_come_in_the_language_that_was_chosen(database_url: str) -> None:
    async with chat(database_url) as world:
        employer_id = await add_account(world, "Cafe Bandra", proven=True)
        await world.taps("language:hi")
        async with world.database.read() as session:
            assert await session.scalar(select(User.language).where(User.id == employer_id)) == "hi"
            assert await session.scalar(select(func.count()).select_from(Employer)) == 1


async def test_anothers_contact_can_be_neither_blocked_nor_reported(database_url: str) -> None:
    async with chat(database_url) as world:
        await add_account(world, "Sassanian", proven=True, phone=OTHER)
        await add_nearby(world, "Meena Kulkarni")
        theirs = {"from": OTHER[1:]}
        await world.says(LINE, **theirs)
        await world.says("yes", **theirs)
        await accept(world, "Meena Kulkarni")
        await pay(world, "Meena Kulkarni")
        match = await newest_offer_of(world, "Meena Kulkarni")
        await add_account(world, "Cafe Bandra", proven=True)
        for verb in ("block", "report"):
            for name in (match.id, new_id(), "x"):
                await world.taps(f"lead:{name}:{verb}")
                assert "can't find that contact" in last(world)
        async with world.database.read() as session:
            assert await session.scalar(select(func.count()).select_from(BlockByEmployer)) == 0
        await world.taps(f"lead:{match.id}:block", **theirs)
        await world.taps(f"lead:{match.id}:block", **theirs)
        async with world.database.read() as session:
            block = (await session.scalars(select(BlockByEmployer))).one()
        assert (block.employer_id, block.worker_id) == (match.employer_id, match.worker_id)


async def test_each_verb_asks_anew_whether_the_phone_may_act(database_url: str) -> None:
    """Whatever the conversation believed: not proven, another's, suspended or gone, it does nothing."""
    async with chat(database_url) as world:
        unproven = await add_account(world, "Cafe Bandra", proven=False)
        shut_out = await add_account(world, "Sassanian", proven=True)
        elsewhere = await add_account(world, "Yazdani", proven=True, phone=OTHER)
        await change(world, shut_out, status=UserStatus.SUSPENDED.value)
        await world.says("hello")
        async with world.database.begin() as session:
            person = (await session.scalars(select(ChatPerson))).one()
            for employer_id in (unproven, shut_out, elsewhere, new_id()):
                job_id = new_id()
                if employer_id in {unproven, shut_out, elsewhere}:
                    job_id = await add_job(session, employer_id)
                effects: list[Effect] = [
                    PostJob(employer_id, JOB_TEXT),
                    PublishJob(employer_id, job_id),
                    CancelJob(employer_id, job_id),
                    ListJobs(employer_id),
                    ListLeads(employer_id, job_id),
                    ListContacts(employer_id),
                    AnswerHiringFaq(employer_id, "cost"),
                    AskWhichContact(employer_id, "block"),
                    AskLeadReport(employer_id, new_id()),
                    ReportLead(employer_id, new_id(), "other", "no answer"),
                    BlockWorker(employer_id, new_id()),
                ]
                for effect in effects:
                    now = world.clock()
                    context = EffectContext(session, person, now, "https://a.example", "IN", now)
                    assert not await perform(context, effect)
                    assert [say.text for say in context.replies] == ["employer_not_you"]
        assert {job.status for job in await jobs(world)} == {"published"}
