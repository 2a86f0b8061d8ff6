"""A posted job is changed in words, after a yes to what was read back: on each database."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select

from app.chat.effect_context import EffectContext
from app.chat.effects import perform
from app.dialogue.effects import AddPositions, Effect, RaisePay, RepeatJob
from app.dialogue.employer.published_job import OPEN
from app.dialogue.state import State
from app.identity.models import UserStatus
from app.jobs.job_text import JobSalary
from app.jobs.models import Job
from app.jobs.rules import JobStatus
from app.messaging.models import ChatPerson
from tests.support.chat_events import accept, add_account, add_nearby, pay, set_account_status
from tests.support.chat_player import ChatWorld
from tests.support.database import opened
from tests.support.factories import NOW, add_job

WAITERS = "waiter, Saturday 10-6, Bandra, 1 person, 150/hour"
COOK = "cook, Friday 9-5, Bandra, 1 person, 900/day"


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[ChatWorld]:
    async with opened(database_url) as database:
        world = ChatWorld(database)
        await add_account(world, "Cafe Bandra", proven=True)
        yield world


async def says(world: ChatWorld, *messages: str) -> str:
    """Say them one by one; return the newest answer."""
    for message in messages:
        await world.says(message)
    return world.phone.received[-1][2].text


async def jobs(world: ChatWorld) -> list[Job]:
    async with world.database.read() as session:
        return list(await session.scalars(select(Job).order_by(Job.id)))


async def state(world: ChatWorld) -> State:
    return State.from_json((await world.person()).state or {})


async def test_more_people_are_looked_for_only_after_a_yes(world: ChatWorld) -> None:
    await says(world, WAITERS, "yes")
    assert "1 wanted now, 3 after your yes" in await says(world, "2 aur chahiye")
    assert [job.positions for job in await jobs(world)] == [1]
    await says(world, "haan")
    [job] = await jobs(world)
    assert (job.positions, job.accept_limit, job.status) == (3, 6, "published")


async def test_a_second_tap_on_yes_changes_nothing_more(world: ChatWorld) -> None:
    await says(world, WAITERS, "yes", "2 more")
    button = world.id_of("Yes, find more")
    await world.taps(button)
    await world.taps(button)
    assert [job.positions for job in await jobs(world)] == [3]
    assert "closed" in world.phone.received[-1][2].text


async def test_a_button_of_another_question_does_nothing(world: ChatWorld) -> None:
    await says(world, WAITERS, "yes", "2 more")
    older = world.id_of("Yes, find more")
    await says(world, "5 more")
    await world.taps(older)
    assert "older question" in world.phone.received[-1][2].text
    assert [job.positions for job in await jobs(world)] == [1]
    await says(world, "yes")
    assert [job.positions for job in await jobs(world)] == [6]


async def test_a_filled_job_looks_for_more(world: ChatWorld) -> None:
    await add_nearby(world, "Meena Kulkarni")
    await says(world, WAITERS, "yes")
    await accept(world, "Meena Kulkarni")
    await pay(world, "Meena Kulkarni")
    assert [job.status for job in await jobs(world)] == [JobStatus.FILLED]
    await says(world, "1 more", "yes")
    [job] = await jobs(world)
    assert (job.status, job.positions) == (JobStatus.PUBLISHED, 2)


async def test_a_raise_is_made_and_a_cut_is_refused_with_a_way_out(world: ChatWorld) -> None:
    await add_nearby(world, "Meena Kulkarni")
    await says(world, WAITERS, "yes", "pay 180 instead", "yes")
    assert [job.salary_amount for job in await jobs(world)] == [18_000]
    assert "can rise, but not fall" in await says(world, "pay 120 instead")
    await says(world, "yes")
    assert [job.salary_amount for job in await jobs(world)] == [18_000]
    await world.taps(world.id_of("Post it again"))
    assert "₹120 an hour" in await says(world, "5 December")
    await says(world, "yes")
    assert [job.salary_amount for job in await jobs(world)] == [18_000, 12_000]


async def test_a_job_is_repeated_once_however_often_yes_is_tapped(world: ChatWorld) -> None:
    await says(world, WAITERS, "yes")
    assert "Sun 29 Nov" in await says(world, "same again on sunday")
    assert len(await jobs(world)) == 1
    button = world.id_of("Yes, post it")
    await world.taps(button)
    await world.taps(button)
    first, again = await jobs(world)
    assert again.status == "published"
    assert str(again.starts_on) == str(again.ends_on) == "2026-11-29"
    assert [(slot.weekday, slot.starts.hour) for slot in again.slots] == [(6, 10)]
    kept = ("title", "description", "city", "required_skills", "salary_amount", "positions")
    assert [getattr(first, name) for name in kept] == [getattr(again, name) for name in kept]


async def test_a_typed_title_of_the_button_posts_what_is_read_back_last(world: ChatWorld) -> None:
    await says(world, WAITERS, "yes", "same again on sunday", "3 people")
    await says(world, "Yes, post it")
    assert [job.positions for job in await jobs(world)] == [1, 3]


async def test_which_job_is_meant_is_asked_and_told_by_words(world: ChatWorld) -> None:
    await says(world, WAITERS, "yes", COOK, "yes")
    assert "Which job" in await says(world, "2 more")
    await world.taps(world.id_of("Cook"))
    await says(world, "yes")
    assert [job.positions for job in await jobs(world)] == [1, 3]
    assert "Cancel *Waiter*?" in await says(world, "cancel the waiter job")
    assert "Cancel *Cook*?" in await says(world, "friday wala cancel karo")
    await says(world, "no")
    assert {job.status for job in await jobs(world)} == {"published"}
    await says(world, "cancel the cook job", "yes")
    assert [job.status for job in await jobs(world)] == ["published", "cancelled"]


@pytest.mark.parametrize("words", ["stop asking", "aur kisi se mat pucho", "और किसी से मत पूछिए"])
async def test_a_job_is_closed_in_words_and_nobody_more_is_asked(
    world: ChatWorld, words: str
) -> None:
    await says(world, WAITERS, "yes")
    asked = await says(world, words)
    assert "Close *Waiter*?" in asked or "*Waiter* बंद कर दूँ?" in asked
    assert {job.status for job in await jobs(world)} == {"published"}
    await says(world, "yes")
    assert [job.status for job in await jobs(world)] == ["closed"]


@pytest.mark.parametrize(
    "words", ["we found someone", "Found somebody for the waiter job", "mil gaya", "लोग मिल गए"]
)
async def test_who_found_somebody_is_asked_whether_to_close_which_keeps_who_said_yes(
    world: ChatWorld, words: str
) -> None:
    await add_nearby(world, "Meena Kulkarni")
    await says(world, WAITERS, "yes")
    await accept(world, "Meena Kulkarni")
    asked = await says(world, words)
    assert "Close *Waiter*?" in asked or "*Waiter* बंद कर दूँ?" in asked
    await says(world, "yes")
    assert [job.status for job in await jobs(world)] == ["closed"]
    assert [job.accepted for job in await jobs(world)] == [1]


@pytest.mark.parametrize("words", ["we found someone, cancel it", "mil gaya, cancel kar do"])
async def test_who_says_to_cancel_is_asked_whether_to_cancel(world: ChatWorld, words: str) -> None:
    await says(world, WAITERS, "yes")
    asked = await says(world, words)
    assert "Cancel *Waiter*?" in asked or "*Waiter* रद्द कर दूँ?" in asked


async def test_who_asks_whether_somebody_was_found_closes_nothing(world: ChatWorld) -> None:
    await says(world, WAITERS, "yes")
    assert "Close" not in await says(world, "have you found someone?")
    assert {job.status for job in await jobs(world)} == {"published"}


async def test_who_wants_to_cancel_may_only_close_instead(world: ChatWorld) -> None:
    await says(world, WAITERS, "yes", COOK, "yes")
    await says(world, "cancel the waiter job")
    assert "nobody more is asked" in await says(world, "Only close it")
    assert [job.status for job in await jobs(world)] == ["closed", "published"]
    await says(world, "cancel the cook job")
    button = world.id_of("Only close it")
    await world.taps(button)
    await world.taps(button)
    assert [job.status for job in await jobs(world)] == ["closed", "closed"]


async def test_of_a_closed_job_it_is_still_told_who_said_yes_and_how_it_stands(
    world: ChatWorld,
) -> None:
    await add_nearby(world, "Meena Kulkarni")
    await says(world, WAITERS, "yes")
    await accept(world, "Meena Kulkarni")
    await says(world, "stop asking", "yes", COOK, "yes")
    assert [job.status for job in await jobs(world)] == ["closed", "published"]
    assert "Meena K." in await says(world, "who said yes for the waiter job")
    assert "closed" in await says(world, "status of the waiter job")
    # Without a word of which, it is the one that asks.
    assert "Cook" in await says(world, "any update")


async def test_who_said_yes_is_listed_and_asked_for_where_several_jobs_have_some(
    world: ChatWorld,
) -> None:
    await add_nearby(world, "Meena Kulkarni")
    await says(world, WAITERS, "yes")
    assert "Nobody has said yes" in await says(world, "who accepted?")
    await accept(world, "Meena Kulkarni")
    assert "Meena K." in await says(world, "kisne haan kaha")
    await says(world, "same again on sunday", "yes")
    await accept(world, "Meena Kulkarni")
    assert "Which job" in await says(world, "who accepted")
    newest = (await jobs(world))[-1]
    await world.taps(f"change:job:{newest.id}")
    assert "Meena K." in world.phone.received[-1][2].text


async def test_a_question_that_is_not_understood_says_how_to_get_out(world: ChatWorld) -> None:
    await says(world, WAITERS, "yes", "wahi job dobara")
    assert "*no*" in await says(world, "xyz")
    assert (await state(world)).ask in OPEN
    assert "stays as it is" in await says(world, "no")
    assert (await state(world)).ask not in OPEN
    assert len(await jobs(world)) == 1


async def test_a_restricted_company_changes_and_repeats_nothing(world: ChatWorld) -> None:
    await says(world, WAITERS, "yes")
    await set_account_status(world, "Cafe Bandra", UserStatus.RESTRICTED)
    assert "restricted" in await says(world, "2 more", "yes")
    assert "restricted" in await says(world, "same again on sunday", "yes")
    assert [job.positions for job in await jobs(world)] == [1]


async def test_another_company_s_job_is_changed_by_nobody_else(world: ChatWorld) -> None:
    await says(world, WAITERS, "yes", "2 more")
    other = await add_account(world, "Hotel Sagar", proven=False, phone="+919822200077")
    async with world.database.begin() as session:
        [job] = (await session.scalars(select(Job))).all()
        job.employer_id = other
    await says(world, "yes")
    assert [job.positions for job in await jobs(world)] == [1]


async def test_too_many_people_and_a_job_that_is_over_are_refused(world: ChatWorld) -> None:
    await says(world, WAITERS, "yes")
    assert "at most 500" in await says(world, "500 more")
    await says(world, "2 more")
    await world.passes(8, "days")
    assert "is over" in await says(world, "yes")
    assert [job.positions for job in await jobs(world)] == [1]


async def test_an_account_that_only_names_the_phone_changes_no_job(world: ChatWorld) -> None:
    await says(world, "hello")
    unproven = await add_account(world, "Hotel Sagar", proven=False)
    async with world.database.begin() as session:
        job_id = await add_job(session, unproven)
        person = (await session.scalars(select(ChatPerson))).one()
        effects: list[Effect] = [
            AddPositions(unproven, job_id, 5),
            RaisePay(unproven, job_id, JobSalary(90_000, "INR", "day")),
            RepeatJob(unproven, job_id, NOW.date(), None, (), 1, None),
        ]
        for effect in effects:
            context = EffectContext(session, person, NOW, "https://partimer.example", "IN", NOW)
            assert not await perform(context, effect)
            assert [say.text for say in context.replies] == ["employer_not_you"]
    assert len(await jobs(world)) == 1


async def test_another_time_and_pay_post_the_job_anew_and_cancel_the_old_one(
    world: ChatWorld,
) -> None:
    await says(world, WAITERS, "yes")
    shown = await says(world, "time 5 se 9 kar do, 180 de dunga")
    assert "180" in shown
    assert "5 pm – 9 pm" in shown
    assert [job.status for job in await jobs(world)] == ["published"]
    await world.taps(world.id_of("Yes, change it"))
    old, new = await jobs(world)
    assert (old.status, new.status) == ("cancelled", "published")
    assert new.salary_amount == 18_000
    await world.taps("change:yes:again")  # an older button does nothing more
    assert len(await jobs(world)) == 2


async def test_another_time_is_asked_for_where_none_is_said(world: ChatWorld) -> None:
    await says(world, WAITERS, "yes")
    assert "What time" in await says(world, "time badal do")
    assert "post it anew" in await says(world, "5 pm to 9 pm")
    await says(world, "no")
    assert [job.status for job in await jobs(world)] == ["published"]


async def test_another_number_of_people_corrects_the_job_that_is_posted(world: ChatWorld) -> None:
    await says(world, WAITERS, "yes")
    assert "2 after your yes" in await says(world, "2 log chahiye 1 nahi")
    await says(world, "haan")
    assert [job.positions for job in await jobs(world)] == [2]
