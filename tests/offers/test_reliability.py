"""What counts for a worker's reliability, for how long, what takes it away again, and how it is explained."""

import datetime as dt
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import new_id
from app.database.session import Database
from app.identity import users
from app.identity.actor import Actor
from app.identity.models import Role, UserStatus
from app.identity.rules import AdminRole
from app.jobs.rules import JobAction
from app.offers.appeals import (
    AppealDecided,
    AppealStatus,
    NothingToAppeal,
    OtherAdministratorNeeded,
    PartNotFound,
    appeal,
    decide,
    note_of,
)
from app.offers.closing import close_job
from app.offers.expire import expire_due
from app.offers.models import ReliabilityAppeal
from app.offers.reconsider import reconsider
from app.offers.reliability import Advice, PartKind, ReliabilityReport, explain, forget_due
from app.offers.respond import respond, withdraw
from app.offers.rules import OfferAnswer
from app.privacy.erase import erase_worker
from app.workers.models import Worker
from app.workers.rules import (
    OUTCOME_COUNTS_FOR,
    RELIABILITY_PRIOR,
    TAKE_BACK_WITHIN,
    reliability,
    reliability_effects,
)
from tests.support.database import (
    mark_delivered,
    market,
    match_of,
    message_kinds_to,
    messages_to,
    opened,
    run,
)
from tests.support.factories import (
    DEADLINE,
    HOUR,
    NOW,
    NewWorker,
    add_employer,
    add_job,
    add_workers,
    create_offers,
)

PASSWORD = "correct horse battery staple"
SECOND = dt.timedelta(seconds=1)
type Offer = tuple[UUID, UUID]


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with opened(database_url) as database:
        yield database


async def report_of(database: Database, worker_id: UUID) -> ReliabilityReport:
    async with database.read() as session:
        return await explain(session, worker_id)


async def counters_of(database: Database, worker_id: UUID) -> tuple[int, int, int]:
    async with database.read() as session:
        worker = await session.get_one(Worker, worker_id)
        return worker.answered, worker.missed, worker.withdrawn


async def answers(
    database: Database, offer: Offer, answer: OfferAnswer, now: dt.datetime = NOW
) -> None:
    await run(database, lambda session: respond(session, *offer, answer, None, now))


async def takes_back(database: Database, offer: Offer, now: dt.datetime) -> None:
    await run(database, lambda session: withdraw(session, *offer, now))


async def missed(database: Database) -> Offer:
    """An offer that reached its worker and ran out."""
    _, [offer] = await market(database)
    await mark_delivered(database)
    await run(database, lambda session: expire_due(session, DEADLINE, 100))
    return offer


def worker_actor(worker_id: UUID) -> Actor:
    return Actor(worker_id, Role.WORKER, UserStatus.ACTIVE, "")


async def admin_actor(database: Database) -> Actor:
    email = f"{new_id()}@example.com"
    admin = await run(
        database,
        lambda session: users.create_admin(
            session, email, "Admin", PASSWORD, now=NOW, admin_role=AdminRole.MODERATOR
        ),
    )
    admin_id: UUID = admin.id
    return Actor(admin_id, Role.ADMIN, UserStatus.ACTIVE, "")


async def appeals(
    database: Database, worker_id: UUID, what: str, now: dt.datetime = DEADLINE
) -> ReliabilityAppeal:
    actor = worker_actor(worker_id)
    made: ReliabilityAppeal = await run(
        database, lambda session: appeal(session, actor, what, "No network that day.", now)
    )
    return made


async def decides(
    database: Database,
    row: ReliabilityAppeal,
    actor: Actor,
    *,
    uphold: bool,
    now: dt.datetime = DEADLINE,
) -> None:
    await run(
        database,
        lambda session: decide(
            session, row.id, uphold=uphold, reason="Looked at it.", actor=actor, now=now
        ),
    )


# ── The rule ─────────────────────────────────────────────────────────────────────────────────────

COUNTS = st.integers(0, 500)


@given(COUNTS, COUNTS, COUNTS)
def test_effects_explain_the_score(kept: int, missed_count: int, withdrawn: int) -> None:
    answered = kept + withdrawn
    effects = reliability_effects(answered, missed_count, withdrawn)
    lowering = missed_count + withdrawn
    told = RELIABILITY_PRIOR + effects.answered + effects.each_lowering * lowering
    assert told == pytest.approx(
        reliability(answered, missed_count, withdrawn), abs=0.06 + 0.01 * lowering
    )
    assert effects.answered >= 0 >= effects.each_lowering


@given(COUNTS, COUNTS, COUNTS)
def test_an_answer_never_lowers_anything(kept: int, missed_count: int, withdrawn: int) -> None:
    """A no is an answer as a yes is."""
    before = reliability(kept + withdrawn, missed_count, withdrawn)
    assert reliability(kept + withdrawn + 1, missed_count, withdrawn) >= before


# ── What counts ──────────────────────────────────────────────────────────────────────────────────


async def test_nothing_counts_of_a_newcomer(database: Database) -> None:
    _, [offer] = await market(database)
    report = await report_of(database, offer[0])
    assert (report.score, report.parts, report.newcomer) == (RELIABILITY_PRIOR, [], True)
    assert report.advice == [Advice.BEGIN, Advice.ANSWER]


@pytest.mark.parametrize("answer", list(OfferAnswer))
async def test_a_yes_and_a_no_count_alike(database: Database, answer: OfferAnswer) -> None:
    _, [offer] = await market(database)
    await answers(database, offer, answer)
    report = await report_of(database, offer[0])
    [part] = report.parts
    assert (report.score, report.newcomer) == (80.0, False)
    assert (part.what, part.effect, part.until) == ("answered", 5.0, NOW + OUTCOME_COUNTS_FOR)


async def test_a_missed_offer_is_told_with_its_job_and_its_end(database: Database) -> None:
    offer = await missed(database)
    report = await report_of(database, offer[0])
    [part] = report.parts
    assert (report.score, part.effect) == (60.0, -15.0)
    assert (part.kind, part.what) == (PartKind.MISSED, f"missed:{offer[1]}")
    assert (part.title, part.until) == ("Evening waiter", DEADLINE + OUTCOME_COUNTS_FOR)
    assert Advice.HOURS in report.advice


async def test_what_never_reached_a_phone_counts_for_nothing(database: Database) -> None:
    _, [offer] = await market(database)
    await run(database, lambda session: expire_due(session, DEADLINE, 100))
    report = await report_of(database, offer[0])
    assert report.newcomer
    assert (await match_of(database, offer[1])).counts_since is None


# ── Five minutes ─────────────────────────────────────────────────────────────────────────────────


async def test_a_yes_taken_back_within_five_minutes_leaves_no_trace(database: Database) -> None:
    _, [offer] = await market(database)
    await answers(database, offer, OfferAnswer.ACCEPT)
    await takes_back(database, offer, NOW + TAKE_BACK_WITHIN)
    assert await counters_of(database, offer[0]) == (0, 0, 0)
    assert (await report_of(database, offer[0])).newcomer


async def test_a_yes_taken_back_later_counts(database: Database) -> None:
    _, [offer] = await market(database)
    await answers(database, offer, OfferAnswer.ACCEPT)
    late = NOW + TAKE_BACK_WITHIN + SECOND
    await takes_back(database, offer, late)
    assert await counters_of(database, offer[0]) == (1, 0, 1)
    report = await report_of(database, offer[0])
    [part] = report.parts
    assert (part.what, part.until) == (f"withdrawn:{offer[1]}", late + OUTCOME_COUNTS_FOR)
    assert Advice.TAKE_BACK in report.advice


async def test_a_no_taken_back_leaves_no_trace(database: Database) -> None:
    _, [offer] = await market(database)
    await answers(database, offer, OfferAnswer.REJECT)
    await run(database, lambda session: reconsider(session, *offer, NOW + SECOND))
    assert await counters_of(database, offer[0]) == (0, 0, 0)
    assert (await match_of(database, offer[1])).counts_since is None


async def test_taking_back_a_yes_to_a_cancelled_job_counts_for_nothing(database: Database) -> None:
    job_id, [offer] = await market(database)
    await answers(database, offer, OfferAnswer.ACCEPT)
    await run(database, lambda s: close_job(s, job_id, JobAction.CANCEL, None, NOW + HOUR))
    await takes_back(database, offer, NOW + 2 * HOUR)
    assert await counters_of(database, offer[0]) == (0, 0, 0)


async def test_taking_back_a_yes_to_a_job_that_is_over_counts_for_nothing(
    database: Database,
) -> None:
    _, [offer] = await market(database, closes_at=NOW + HOUR)
    await answers(database, offer, OfferAnswer.ACCEPT)
    await takes_back(database, offer, NOW + HOUR)
    assert await counters_of(database, offer[0]) == (0, 0, 0)


# ── Forgetting ───────────────────────────────────────────────────────────────────────────────────


async def test_outcomes_are_forgotten_good_and_bad(database: Database) -> None:
    _, [first, second] = await market(database, 2)
    await mark_delivered(database)
    await answers(database, first, OfferAnswer.REJECT)
    await run(database, lambda session: expire_due(session, DEADLINE, 100))
    over = NOW + OUTCOME_COUNTS_FOR
    assert await run(database, lambda s: forget_due(s, over - SECOND, 100)) == 0
    assert await run(database, lambda s: forget_due(s, over, 100)) == 1
    assert await counters_of(database, first[0]) == (0, 0, 0)
    assert await counters_of(database, second[0]) == (0, 1, 0)
    assert await run(database, lambda s: forget_due(s, DEADLINE + OUTCOME_COUNTS_FOR, 100)) == 1
    assert (await report_of(database, second[0])).score == RELIABILITY_PRIOR
    assert await run(database, lambda s: forget_due(s, over + OUTCOME_COUNTS_FOR, 100)) == 0


async def test_many_workers_are_forgotten_at_once(database: Database) -> None:
    async def offers(session: AsyncSession) -> None:
        workers = await add_workers(session, [NewWorker() for _ in range(5)])
        for _ in range(2):
            job_id = await add_job(session, await add_employer(session), positions=9)
            await create_offers(session, job_id, workers)

    await run(database, offers)
    await mark_delivered(database)
    assert await run(database, lambda session: expire_due(session, DEADLINE, 100)) == 10
    later = DEADLINE + OUTCOME_COUNTS_FOR
    assert await run(database, lambda session: forget_due(session, later, 100)) == 10


# ── Appeals ──────────────────────────────────────────────────────────────────────────────────────


async def test_an_upheld_appeal_takes_the_effect_away_and_is_told_once(database: Database) -> None:
    offer = await missed(database)
    row = await appeals(database, offer[0], f"missed:{offer[1]}")
    again = await appeals(database, offer[0], f"missed:{offer[1]}")
    assert (again.id, again.status) == (row.id, AppealStatus.OPEN)
    admin = await admin_actor(database)
    await decides(database, row, admin, uphold=True)
    report = await report_of(database, offer[0])
    assert (report.score, report.newcomer) == (RELIABILITY_PRIOR, True)
    assert (await message_kinds_to(database, offer[0])).count("appeal_upheld") == 1
    with pytest.raises(AppealDecided):
        await decides(database, row, admin, uphold=False)
    assert (await message_kinds_to(database, offer[0]))[-1] == "appeal_upheld"
    with pytest.raises(NothingToAppeal):
        await appeals(database, offer[0], f"missed:{offer[1]}")


async def test_a_second_appeal_is_decided_by_somebody_else_and_is_the_last(
    database: Database,
) -> None:
    offer = await missed(database)
    first, second = await admin_actor(database), await admin_actor(database)
    row = await appeals(database, offer[0], "score")
    await decides(database, row, first, uphold=False)
    kind, params = (await messages_to(database, offer[0]))[-1]
    assert (kind, params["decision"], params["score"]) == ("appeal_declined", "Looked at it.", "60")
    later = DEADLINE + HOUR
    more = await appeals(database, offer[0], "score", later)
    assert more.id != row.id
    with pytest.raises(OtherAdministratorNeeded):
        await decides(database, more, first, uphold=True, now=later)
    await decides(database, more, second, uphold=False, now=later)
    assert (await message_kinds_to(database, offer[0]))[-1] == "appeal_declined_finally"
    with pytest.raises(AppealDecided):
        await appeals(database, offer[0], "score", later + HOUR)
    assert (await report_of(database, offer[0])).score == 60.0


@pytest.mark.parametrize("what", ["score", "missed", "the offer of Tuesday", "missed:nonsense"])
async def test_words_of_ones_own_appeal_against_everything_that_lowers(
    database: Database, what: str
) -> None:
    offer = await missed(database)
    row = await appeals(database, offer[0], what)
    assert row.match_id is None
    await decides(database, row, await admin_actor(database), uphold=True)
    assert (await report_of(database, offer[0])).score == RELIABILITY_PRIOR


async def test_only_ones_own_offers_that_lower_can_be_appealed_against(database: Database) -> None:
    other = await missed(database)
    _, [offer] = await market(database)
    with pytest.raises(PartNotFound):
        await appeals(database, offer[0], f"missed:{other[1]}")
    for what in ("score", "withdrawn", f"missed:{offer[1]}"):
        with pytest.raises(NothingToAppeal):
            await appeals(database, offer[0], what)


async def test_an_erased_worker_leaves_no_words(database: Database) -> None:
    offer = await missed(database)
    row = await appeals(database, offer[0], "score")
    await run(database, lambda session: erase_worker(session, offer[0], None, now=DEADLINE))
    async with database.read() as session:
        kept = await session.get_one(ReliabilityAppeal, row.id)
        assert (note_of(session, kept), kept.reason, kept.status) == ("", None, "withdrawn")
    assert await counters_of(database, offer[0]) == (0, 0, 0)
    assert await run(database, lambda s: forget_due(s, DEADLINE + OUTCOME_COUNTS_FOR, 9)) == 0
