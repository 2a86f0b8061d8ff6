"""Appeals against what counts for a worker's reliability: made by the worker, decided by administrators.

open ── uphold ──▶ upheld     what it is about leaves the counters
  └──── decline ─▶ declined   once more the worker may appeal; then somebody else decides, and that is final
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import case, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.core.errors import Conflict, NotFound
from app.core.ids import new_id
from app.database.session import keyring
from app.database.statements import insert_if_absent
from app.identity.actor import Actor
from app.messaging.outbox.enqueue import notify
from app.offers import reliability
from app.offers.models import JobMatch, ReliabilityAppeal
from app.offers.reliability import PartKind, ScorePart
from app.offers.rules import OfferStatus
from app.workers.rules import OUTCOME_COUNTS_FOR

NOTE: Final = "appeal"
"""The context in which a note is sealed."""
EVERYTHING: Final = "score"
"""The `about` of an appeal that names no one part: it is about everything that lowers the reliability."""
ROUNDS: Final = 2
"""How often the same thing is appealed against while it counts."""
_LOWERS: Final = {
    PartKind.MISSED: OfferStatus.EXPIRED,
    PartKind.WITHDRAWN: OfferStatus.WITHDRAWN,
}


class AppealStatus(StrEnum):
    """Where an appeal stands."""

    OPEN = "open"
    UPHELD = "upheld"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    """The worker was erased before it was decided."""


class AppealNotFound(NotFound):
    """There is no such appeal."""

    code = "appeal_not_found"
    detail = "There is no such appeal."


class PartNotFound(NotFound):
    """There is no such offer of this worker."""

    code = "part_not_found"
    detail = "There is no such part of your reliability."


class NothingToAppeal(Conflict):
    """What the appeal is about does not lower the reliability, or does not any more."""

    code = "nothing_to_appeal"
    detail = "This does not lower your reliability, so there is nothing to appeal against."


class AppealDecided(Conflict):
    """It was decided: an appeal once, and the same matter twice at most."""

    code = "appeal_decided"
    detail = "This was decided, and nothing more can be done about it."


class OtherAdministratorNeeded(Conflict):
    """Whoever declined the first appeal does not decide the second one."""

    code = "other_administrator_needed"
    detail = (
        "You declined the first appeal about this; another administrator has to decide this one."
    )


@dataclass(frozen=True, slots=True)
class _Matter:
    about: str
    match_id: UUID | None


async def appeal(
    session: AsyncSession, actor: Actor, what: str, note: str, now: dt.datetime
) -> ReliabilityAppeal:
    """Store an appeal of a worker; while one about the same is open, that one is returned.

    `what` is a part's (`reliability.ScorePart.what`); whatever names no part is an appeal about everything that lowers
    the reliability. Raises `PartNotFound`, `NothingToAppeal` or `AppealDecided`.
    """
    matter = _matter_of(what)
    await _check_that_it_counts(session, actor.user_id, matter)
    about = matter.about
    query = (
        select(ReliabilityAppeal)
        .where(ReliabilityAppeal.worker_id == actor.user_id, ReliabilityAppeal.about == about)
        .order_by(ReliabilityAppeal.round.desc())
    )
    before = (await session.scalars(query)).all()
    if before and before[0].status == AppealStatus.OPEN:
        return before[0]
    since = now - OUTCOME_COUNTS_FOR
    if sum(each.created_at > since for each in before) >= ROUNDS:
        raise AppealDecided
    appeal_id, number = new_id(), before[0].round + 1 if before else 1
    row = {
        "id": appeal_id,
        "worker_id": actor.user_id,
        "match_id": matter.match_id,
        "about": about,
        "round": number,
        "note_sealed": keyring(session).seal(note, NOTE),
        "status": AppealStatus.OPEN.value,
        "created_at": now,
    }
    # Of two requests at once one inserts, and both return that row.
    if await insert_if_absent(session, ReliabilityAppeal, row):
        audit.record(
            session,
            "appeal.make",
            appeal_id,
            actor,
            now,
            after={"about": about, "round": number},
        )
    return (await session.scalars(query.limit(1))).one()


async def standing(
    session: AsyncSession, worker_id: UUID, parts: Sequence[ScorePart], now: dt.datetime
) -> list[tuple[ScorePart, AppealStatus | None]]:
    """Return what lowers a reliability, of these parts, each with where its appeal stands.

    `OPEN` while one is to be decided, `DECLINED` where no further one is possible, None where one is.
    """
    since = now - OUTCOME_COUNTS_FOR
    by_matter: dict[str, list[ReliabilityAppeal]] = {}
    for row in await list_of_worker(session, worker_id):
        by_matter.setdefault(row.about, []).append(row)

    def status(about: str) -> AppealStatus | None:
        rows = by_matter.get(about, [])
        if any(row.status == AppealStatus.OPEN for row in rows):
            return AppealStatus.OPEN
        recent = sum(row.created_at > since for row in rows)
        return AppealStatus.DECLINED if recent >= ROUNDS else None

    of_all = status(EVERYTHING)
    lowering = [part for part in parts if part.kind in _LOWERS]
    waits = of_all is AppealStatus.OPEN
    return [(part, AppealStatus.OPEN if waits else status(part.what)) for part in lowering]


def _matter_of(what: str) -> _Matter:
    kind, _, offer = what.partition(":")
    if kind in _LOWERS:
        if not offer:
            return _Matter(kind, None)
        try:
            return _Matter(f"{kind}:{UUID(offer)}", UUID(offer))
        except ValueError:
            pass
    return _Matter(EVERYTHING, None)


async def _check_that_it_counts(session: AsyncSession, worker_id: UUID, matter: _Matter) -> None:
    if await _offers_of(session, worker_id, matter.about, matter.match_id):
        return
    if matter.match_id is not None:
        own = select(JobMatch.id).where(
            JobMatch.id == matter.match_id, JobMatch.worker_id == worker_id
        )
        if await session.scalar(own) is None:
            raise PartNotFound
    raise NothingToAppeal


async def _offers_of(
    session: AsyncSession, worker_id: UUID, about: str, match_id: UUID | None
) -> list[UUID]:
    """Return the offers that an appeal is about and that lower the worker's reliability now."""
    kind = about.partition(":")[0]
    statuses = list(_LOWERS.values()) if kind == EVERYTHING else [_LOWERS[PartKind(kind)]]
    query = select(JobMatch.id).where(
        JobMatch.worker_id == worker_id,
        JobMatch.counts_since.is_not(None),
        JobMatch.status.in_([status.value for status in statuses]),
    )
    if match_id is not None:
        query = query.where(JobMatch.id == match_id)
    return list(await session.scalars(query))


async def decide(
    session: AsyncSession,
    appeal_id: UUID,
    *,
    uphold: bool,
    reason: str,
    actor: Actor,
    now: dt.datetime,
) -> ReliabilityAppeal:
    """Let an administrator decide an open appeal, once; the worker is told once, with the reason.

    An upheld one takes out of the counters what it is about. Raises `AppealNotFound`, `AppealDecided` or
    `OtherAdministratorNeeded`.
    """
    row = await session.get(
        ReliabilityAppeal, appeal_id, with_for_update=True, populate_existing=True
    )
    if row is None:
        raise AppealNotFound
    if row.status != AppealStatus.OPEN:
        raise AppealDecided
    await _check_decider(session, row, actor)
    row.status = AppealStatus.UPHELD if uphold else AppealStatus.DECLINED
    row.decided_at, row.decided_by, row.reason = now, actor.user_id, reason
    await session.flush()
    removed = 0
    if uphold:
        offers = await _offers_of(session, row.worker_id, row.about, row.match_id)
        removed = await reliability.uncount(session, offers)
    audit.record(
        session,
        f"appeal.{'uphold' if uphold else 'decline'}",
        row.id,
        actor,
        now,
        reason=reason,
        before={"status": AppealStatus.OPEN.value},
        after={"status": row.status, "removed": removed},
    )
    await _tell(session, row, now)
    return row


async def _check_decider(session: AsyncSession, row: ReliabilityAppeal, actor: Actor) -> None:
    """An appeal against a refusal is not decided by whoever refused."""
    if row.round == 1:
        return
    query = select(ReliabilityAppeal.decided_by, ReliabilityAppeal.created_at).where(
        ReliabilityAppeal.worker_id == row.worker_id,
        ReliabilityAppeal.about == row.about,
        ReliabilityAppeal.round == row.round - 1,
        ReliabilityAppeal.created_at > row.created_at - OUTCOME_COUNTS_FOR,
        ReliabilityAppeal.status == AppealStatus.DECLINED,
    )
    before = (await session.execute(query)).one_or_none()
    if before is not None and before.decided_by == actor.user_id:
        raise OtherAdministratorNeeded


_NOTICES: Final = {
    (AppealStatus.UPHELD, True): "appeal_upheld",
    (AppealStatus.UPHELD, False): "appeal_upheld",
    (AppealStatus.DECLINED, True): "appeal_declined",
    (AppealStatus.DECLINED, False): "appeal_declined_finally",
}


async def _tell(session: AsyncSession, row: ReliabilityAppeal, now: dt.datetime) -> None:
    score = (await reliability.explain(session, row.worker_id)).score
    recent = select(func.count()).where(
        ReliabilityAppeal.worker_id == row.worker_id,
        ReliabilityAppeal.about == row.about,
        ReliabilityAppeal.created_at > now - OUTCOME_COUNTS_FOR,
    )
    again = (await session.scalar(recent) or 0) < ROUNDS
    await notify(
        session,
        row.worker_id,
        _NOTICES[AppealStatus(row.status), again],
        {"decision": row.reason, "score": f"{score:.0f}"},
        key=str(row.id),
        now=now,
        subject_id=row.id,
    )


def note_of(session: AsyncSession, row: ReliabilityAppeal) -> str:
    """Return what the worker wrote, or ""."""
    return keyring(session).reveal(row.note_sealed, NOTE, "") or ""


async def erase_words(session: AsyncSession, worker_id: UUID) -> list[UUID]:
    """Empty what was written in a worker's appeals; return the ids of the appeals. An open one needs no decision."""
    own = ReliabilityAppeal.worker_id == worker_id
    ids = list(await session.scalars(select(ReliabilityAppeal.id).where(own)))
    if ids:
        is_open = ReliabilityAppeal.status == AppealStatus.OPEN
        await session.execute(
            update(ReliabilityAppeal)
            .where(own)
            .values(
                note_sealed=keyring(session).seal("", NOTE),
                reason=None,
                status=case(
                    (is_open, AppealStatus.WITHDRAWN.value), else_=ReliabilityAppeal.status
                ),
            )
            .execution_options(synchronize_session=False)
        )
    return ids


async def list_of_worker(session: AsyncSession, worker_id: UUID) -> list[ReliabilityAppeal]:
    """Return a worker's appeals, oldest first."""
    query = select(ReliabilityAppeal).where(ReliabilityAppeal.worker_id == worker_id)
    return list(await session.scalars(query.order_by(ReliabilityAppeal.id)))
