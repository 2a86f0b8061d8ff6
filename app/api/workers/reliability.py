"""A worker's reliability, explained, and appeals against it: `/api/workers/reliability`."""

import datetime as dt
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, status
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.http.dependencies import Now, Once, Read, Route, WorkerActor, Write
from app.api.http.problems import problems
from app.core import schema
from app.core.languages import languages
from app.core.schema import Instant
from app.offers import appeals, reliability
from app.offers.appeals import AppealDecided, AppealStatus, NothingToAppeal, PartNotFound
from app.offers.models import ReliabilityAppeal
from app.offers.reliability_text import advice_texts, part_texts
from app.workers import profile

router = APIRouter(prefix="/api/workers", tags=["workers"], route_class=Route)

WHAT_CHARACTERS = 300


class ReliabilityPart(schema.ResponseModel):
    """Something that raises or lowers my reliability."""

    what: str = Field(
        description="What it is, in my language; the same words name it in an appeal.",
        examples=["You did not answer the offer “Waiter” (Thu 12 Nov)"],
    )
    effect: float = Field(
        description="Points that it adds; below 0 it lowers. Everybody begins with 75; that and all the "
        "effects together are the score, but for rounding."
    )
    until: Instant = Field(description="When it stops to count, as things are now (UTC).")


class Reliability(schema.ResponseModel):
    """How well I deal with offers, and why."""

    score: float = Field(ge=0, le=100, description="My reliability, as employers see it.")
    parts: list[ReliabilityPart] = Field(
        description="What it is made of, newest first; nothing for somebody about whom nothing counts yet."
    )
    newcomer: bool = Field(
        description="Whether nothing counts yet: the score is the one that everybody begins with."
    )
    how_to_improve: list[str] = Field(description="What I can do, in my language.")


class AppealRequest(schema.RequestModel):
    """Something that should not count, and why."""

    what: Annotated[schema.Prose, Field(min_length=1, max_length=WHAT_CHARACTERS)] = Field(
        description="The `what` of a part, or `missed:` or `withdrawn:` with an offer's id; anything else is an appeal "
        "about everything that lowers the score.",
        examples=["You did not answer the offer “Waiter” (Thu 12 Nov)"],
    )
    note: schema.Reason = Field(
        description="What happened, 1 to 500 characters; an administrator reads it.",
        examples=["My phone was at the repair shop."],
    )


class OwnAppeal(schema.ResponseModel):
    """My appeal; a person of the team decides it and tells me."""

    id: UUID = Field(description="Id of the appeal (UUIDv7).")
    what: str = Field(
        description="What it is about: `missed` or `withdrawn`, with an offer's id; `score` for everything that lowers "
        "the score."
    )
    status: AppealStatus = Field(description="Where it stands.")
    created_at: Instant = Field(description="When it was made (UTC).")


def appeal_answer(row: ReliabilityAppeal) -> OwnAppeal:
    """Return the answer for a stored appeal."""
    return OwnAppeal(
        id=row.id, what=row.about, status=AppealStatus(row.status), created_at=row.created_at
    )


@router.get("/reliability")
async def get_reliability(session: Read, actor: WorkerActor, now: Now) -> Reliability:
    """Get my reliability with everything that it is made of, and what I can do.

    Yes and no count alike. What never reached my phone counts for nothing, and neither does an answer that I took
    back within five minutes. Everything is forgotten after 60 days.
    """
    user, worker = await profile.get_worker(session, actor.user_id)
    report = await reliability.explain(session, worker.id)
    texts = part_texts(report.parts, user.language, worker.time_zone, now)
    return Reliability(
        score=report.score,
        parts=[
            ReliabilityPart(what=what, effect=part.effect, until=part.until)
            for what, part in zip(texts, report.parts, strict=True)
        ],
        newcomer=report.newcomer,
        how_to_improve=advice_texts(report, user.language),
    )


@router.post(
    "/reliability/appeal",
    status_code=status.HTTP_201_CREATED,
    responses=problems(PartNotFound, NothingToAppeal, AppealDecided),
)
async def appeal_reliability(
    session: Write, actor: WorkerActor, body: AppealRequest, now: Now, _: Once
) -> OwnAppeal:
    """Appeal against something that lowers my reliability; a person of the team decides.

    While an appeal about the same is open, it is returned. Against a refusal I can appeal once more: then somebody
    else decides.
    """
    what = await _part_named(session, actor.user_id, body.what, now)
    return appeal_answer(await appeals.appeal(session, actor, what, body.note, now))


async def _part_named(session: AsyncSession, worker_id: UUID, words: str, now: dt.datetime) -> str:
    """Return the part that these words name, in whatever language they were shown; else the words."""
    _, worker = await profile.get_worker(session, worker_id)
    report = await reliability.explain(session, worker_id)
    for language in languages():
        texts = part_texts(report.parts, language, worker.time_zone, now)
        if words in texts:
            return report.parts[texts.index(words)].what
    return words
