"""Statistics of the whole system, for administrators."""

import datetime as dt

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.admin.access import StatsReader
from app.api.http.dependencies import Now, Read, Route
from app.core.schema import Day, MoneyAnswer, ResponseModel
from app.jobs.models import Job, JobStatus
from app.messaging.models import OutboxMessage, OutboxState
from app.offers.models import JobMatch
from app.offers.rules import OfferStatus
from app.payments.models import Payment
from app.payments.rules import PaymentStatus
from app.reporting import backlog, message_figures, parked, statistics
from app.reporting.message_figures import ConversationFigures, HeldFigures

router = APIRouter(prefix="/api/admin", tags=["admin"], route_class=Route)


class DayFigures(ResponseModel):
    """What happened on one day (UTC)."""

    day: Day = Field(description="The day (UTC).")
    workers: int = Field(description="Workers who registered.")
    employers: int = Field(description="Employers who registered.")
    jobs: int = Field(description="Jobs published.")
    offers: int = Field(description="Offers made.")
    accepted: int = Field(description="Offers accepted.")
    unlocked: int = Field(description="Contacts bought.")


class LagFigures(ResponseModel):
    """Age in seconds of the oldest thing that is due, 0 when nothing waits."""

    oldest_message_seconds: int = Field(
        description="Age of the oldest message that is due, in seconds."
    )
    oldest_webhook_seconds: int = Field(
        description="Age of the oldest event or message that came and is due, in seconds."
    )
    oldest_due_job_seconds: int = Field(
        description="Age of the oldest wave that is due, in seconds."
    )


class ParkedFigures(ResponseModel):
    """What was given up and waits for an administrator."""

    by_kind: dict[str, int] = Field(
        description="How much: `message`, `webhook`, `inbox`, or a kind of `GET /api/admin/parked`."
    )
    oldest_seconds: int = Field(
        description="How long the oldest of it has waited, 0 when there is none."
    )


class Stats(ResponseModel):
    """How the whole system stands."""

    users: dict[str, dict[str, int]] = Field(
        description="How many accounts, by role, then by status."
    )
    jobs: dict[str, int] = Field(description="How many jobs, by status.")
    matches: dict[str, int] = Field(description="How many matches, by status.")
    payments: dict[str, int] = Field(description="How many payments, by status.")
    revenue: list[MoneyAnswer] = Field(
        description="What was paid and not given back, one amount a currency."
    )
    messages: dict[str, int] = Field(description="How many messages to be sent, by state.")
    conversations: ConversationFigures = Field(description="Who waits for a human.")
    held: HeldFigures = Field(description="Messages and templates that are held back.")
    days: list[DayFigures] = Field(description="The last 30 days (UTC), oldest first.")
    lag: LagFigures = Field(description="How far background work is behind.")
    parked: ParkedFigures = Field(description="How much was given up, and since when.")


@router.get("/stats")
async def get_stats(session: Read, _actor: StatsReader, now: Now) -> Stats:
    """Return totals, the last 30 days, and how far background work is behind."""
    waits = await parked.count(session, now)
    return Stats(
        users=await statistics.accounts(session),
        jobs=await statistics.by_status(session, Job.status, JobStatus),
        matches=await statistics.by_status(session, JobMatch.status, OfferStatus),
        payments=await statistics.by_status(session, Payment.status, PaymentStatus),
        revenue=[MoneyAnswer.of(money) for money in await statistics.revenue(session)],
        messages=await message_states(session),
        conversations=await message_figures.waiting(session, now),
        held=await message_figures.held(session, now),
        days=await last_days(session, now),
        lag=await lags(session, now),
        parked=ParkedFigures(by_kind=waits.by_kind(), oldest_seconds=waits.oldest_seconds),
    )


async def message_states(session: AsyncSession) -> dict[str, int]:
    """Return how many messages to be sent are in each state."""
    return await statistics.by_status(session, OutboxMessage.state, OutboxState)


async def last_days(session: AsyncSession, now: dt.datetime) -> list[DayFigures]:
    """Return what happened on each of the last 30 days (UTC), the oldest first."""
    return [DayFigures.model_validate(day) for day in await statistics.last_days(session, now)]


async def lags(session: AsyncSession, now: dt.datetime) -> LagFigures:
    """Return how far background work is behind."""
    return LagFigures.model_validate(await backlog.measure(session, now))
