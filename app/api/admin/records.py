"""What was done and how things stand: the audit log, statistics, and the policy."""

import datetime as dt
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, cast, func, select
from sqlalchemy import Date as SqlDate
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app import audit
from app.api.admin.access import LogReader, SettingsChanger, SettingsReader, StatsReader
from app.api.admin.lists import Listing, ListSpec, cleaned
from app.api.http.csv_export import CSV_ANSWER
from app.api.http.dependencies import Now, Read, Route, Write
from app.attempts.work import Kind, try_all_anew
from app.audit import heads
from app.audit.log import reasons_of
from app.audit.models import AdminActionLog
from app.catalogue import skills
from app.core.errors import FieldError, Invalid
from app.core.money import Money
from app.core.paging import Keyset
from app.core.schema import Day, Instant, MoneyAnswer, Page, RequestModel, ResponseModel
from app.database.statements import is_postgresql
from app.database.wakeups import wake_loops
from app.identity.models import Role, User, UserStatus
from app.jobs.models import Job, JobStatus
from app.messaging.models import OutboxMessage, OutboxState
from app.offers.models import JobMatch
from app.offers.rules import OfferStatus
from app.payments.models import Payment, Unlock
from app.payments.rules import PaymentStatus
from app.policy import policy
from app.policy.policy import (
    DeadlinePolicy,
    LeadPrices,
    LimitPolicy,
    MatchingPolicy,
    MessagePrices,
    Policy,
    WavePolicy,
)
from app.reporting import backlog as lag
from app.reporting import message_figures, parked
from app.reporting.message_figures import ConversationFigures, HeldFigures

router = APIRouter(prefix="/api/admin", tags=["admin"], route_class=Route)

DAYS = 30
SYSTEM = "system"


def _word(description: str) -> Any:
    """Return what is asked of a word that the log is searched by."""
    return Query(min_length=1, max_length=64, description=description)


class LogRow(ResponseModel):
    """One thing that was done; `hash` chains it to the one before."""

    id: UUID = Field(description="Its id (UUIDv7).")
    at: Instant = Field(description="When it was done (UTC).")
    actor: str = Field(description="Id of who did it, or `system`.")
    actor_role: str = Field(description="Role of who did it.")
    action: str = Field(description="What was done, such as `worker.suspend`.")
    target_type: str = Field(description="What it was done to, such as `worker`.")
    target_id: str = Field(description="Id of what it was done to.")
    reason: str | None = Field(description="Why; null where no reason was needed.")
    before: dict[str, Any] | None = Field(
        description="What changed, as it was; null where nothing did."
    )
    after: dict[str, Any] | None = Field(
        description="What changed, as it is now; null where nothing did."
    )
    hash: str = Field(description="Keyed hash of this entry and the one before, in hexadecimal.")


@router.get("/logs", response_model=Page[LogRow], responses=CSV_ANSWER)
async def list_logs(
    asked: Listing,
    actor_in: LogReader,
    actor: Annotated[str | None, _word("Only what this account did: its id, or `system`.")] = None,
    action: Annotated[str | None, _word("Only this action, such as `worker.suspend`.")] = None,
    target_type: Annotated[
        str | None, _word("Only what was done to this kind of thing, such as `worker`.")
    ] = None,
    target_id: Annotated[str | None, _word("Only what was done to the thing with this id.")] = None,
    from_: Annotated[
        dt.datetime | None,
        Query(description="From this instant on (RFC 3339, with a zone).", alias="from"),
    ] = None,
    to: Annotated[
        dt.datetime | None, Query(description="Before this instant (RFC 3339, with a zone).")
    ] = None,
) -> Page[LogRow] | Response:
    """List what was done, newest first; `from` is included, `to` is not."""
    query = select(AdminActionLog).where(*_actor_is(actor))
    for column, wanted in (
        (AdminActionLog.action, action),
        (AdminActionLog.target_type, target_type),
        (AdminActionLog.target_id, target_id),
    ):
        if word := cleaned(wanted, column.key):
            query = query.where(column == word)
    if from_ is not None:
        query = query.where(AdminActionLog.at >= _aware(from_, "from"))
    if to is not None:
        query = query.where(AdminActionLog.at < _aware(to, "to"))
    return await _LOGS.answer(query, actor_in, asked)


def _actor_is(actor: str | None) -> list[ColumnElement[bool]]:
    if actor is None:
        return []
    if actor == SYSTEM:
        return [AdminActionLog.actor_id.is_(None)]
    try:
        return [AdminActionLog.actor_id == UUID(actor)]
    except ValueError:
        raise Invalid.field("actor", 'must be the id of a user, or "system"') from None


def _aware(instant: dt.datetime, field: str) -> dt.datetime:
    if instant.tzinfo is None:
        raise Invalid.field(field, "must say its zone, such as 2026-11-22T09:30:00Z")
    if not 2000 <= instant.year <= 2199:
        raise Invalid.field(field, "must lie between the years 2000 and 2199")
    return instant


def _log_row(row: AdminActionLog, reason: str | None) -> LogRow:
    return LogRow(
        id=row.id,
        at=row.at,
        actor=str(row.actor_id) if row.actor_id else SYSTEM,
        actor_role=row.actor_role,
        action=row.action,
        target_type=row.target_type,
        target_id=row.target_id,
        reason=reason,
        before=row.before,
        after=row.after,
        hash=row.hash,
    )


async def _log_rows(session: AsyncSession, rows: Sequence[Any], _now: dt.datetime) -> list[LogRow]:
    entries: list[AdminActionLog] = [row[0] for row in rows]
    reasons = await reasons_of(session, entries)
    return [_log_row(entry, reasons[entry.id]) for entry in entries]


_LOGS = ListSpec("logs", LogRow, Keyset("admin_logs", [AdminActionLog.number]), _log_rows)


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


class LogHead(ResponseModel):
    """The end of the log: kept elsewhere, it tells a log that was cut off or written anew."""

    head: str = Field(description="`NUMBER:HASH`, as `python -m app verify-log --head` reads it.")
    number: int = Field(description="How many rows the log has.")
    at: Instant | None = Field(description="When the last row was written (UTC); null of none.")


@router.get("/logs/head")
async def get_log_head(session: Read, _actor: LogReader) -> LogHead:
    """Return the head of the log, to be kept where the database's owner can't reach."""
    head = await heads.current(session)
    return LogHead(head=str(head), number=head.number, at=head.at)


@router.get("/stats")
async def get_stats(session: Read, _actor: StatsReader, now: Now) -> Stats:
    """Return totals, the last 30 days, and how far background work is behind."""
    users = {role.value: dict.fromkeys(map(str, UserStatus), 0) for role in Role}
    by_role = select(User.role, User.status, func.count()).group_by(User.role, User.status)
    for role, status, count in await session.execute(by_role):
        users[role][status] = count
    behind = await lag.measure(session, now)
    waits = await parked.count(session, now)
    return Stats(
        users=users,
        jobs=await _by(session, Job.status, JobStatus),
        matches=await _by(session, JobMatch.status, OfferStatus),
        payments=await _by(session, Payment.status, PaymentStatus),
        revenue=await _revenue(session),
        messages=await _by(session, OutboxMessage.state, OutboxState),
        conversations=await message_figures.waiting(session, now),
        held=await message_figures.held(session, now),
        days=await _days(session, now),
        lag=LagFigures(
            oldest_message_seconds=behind.message_seconds,
            oldest_webhook_seconds=behind.webhook_seconds,
            oldest_due_job_seconds=behind.job_seconds,
        ),
        parked=ParkedFigures(by_kind=waits.by_kind(), oldest_seconds=waits.oldest_seconds),
    )


async def _by(session: AsyncSession, column: Any, states: type[StrEnum]) -> dict[str, int]:
    """Return how many rows are in each state, 0 where there is none."""
    rows = await session.execute(select(column, func.count()).group_by(column))
    return dict.fromkeys(map(str, states), 0) | {row[0]: row[1] for row in rows}


async def _revenue(session: AsyncSession) -> list[MoneyAnswer]:
    query = (
        select(Payment.currency, func.sum(Payment.amount - Payment.refunded_amount))
        .where(Payment.paid_at.is_not(None))
        .group_by(Payment.currency)
        .order_by(Payment.currency)
    )
    rows = await session.execute(query)
    return [MoneyAnswer.of(Money(int(row[1]), row[0])) for row in rows]


async def _days(session: AsyncSession, now: dt.datetime) -> list[DayFigures]:
    first = now.date() - dt.timedelta(days=DAYS - 1)
    accepted = JobMatch.status == OfferStatus.ACCEPTED
    counted = {
        "workers": await _per_day(session, User.created_at, first, User.role == Role.WORKER),
        "employers": await _per_day(session, User.created_at, first, User.role == Role.EMPLOYER),
        "jobs": await _per_day(session, Job.published_at, first),
        "offers": await _per_day(session, JobMatch.offered_at, first),
        "accepted": await _per_day(session, JobMatch.responded_at, first, accepted),
        "unlocked": await _per_day(session, Unlock.unlocked_at, first),
    }
    days = [first + dt.timedelta(days=number) for number in range(DAYS)]
    return [
        DayFigures(day=day, **{name: counts.get(day, 0) for name, counts in counted.items()})
        for day in days
    ]


async def _per_day(
    session: AsyncSession, column: Any, first: dt.date, *where: ColumnElement[bool]
) -> dict[dt.date, int]:
    since = dt.datetime.combine(first, dt.time(), dt.UTC)
    day = (
        cast(func.timezone("UTC", column), SqlDate) if is_postgresql(session) else func.date(column)
    )
    query = select(day, func.count()).where(column >= since, *where).group_by(day)
    return {_date(row[0]): row[1] for row in await session.execute(query)}


def _date(value: Any) -> dt.date:
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(value)


class PolicyChanges(RequestModel):
    """What to change; a section, or a field of one, that is left out stays as it is."""

    lead_prices: LeadPrices | None = Field(
        default=None, description="What a lead costs; left out, as it is."
    )
    matching: MatchingPolicy | None = Field(
        default=None, description="Who can be offered a job; left out, as it is."
    )
    waves: WavePolicy | None = Field(
        default=None,
        description="How offers go out; left out, as it is.",
        examples=[{"interval_minutes": 45}],
    )
    deadlines: DeadlinePolicy | None = Field(
        default=None, description="How long people have; left out, as it is."
    )
    limits: LimitPolicy | None = Field(
        default=None, description="How much an account may do; left out, as it is."
    )
    message_prices: MessagePrices | None = Field(
        default=None, description="What messages cost us; left out, as it is."
    )


@router.get("/settings")
async def get_settings(session: Read, _actor: SettingsReader) -> Policy:
    """Return the numbers that shape the market: prices, weights, waves, deadlines, limits."""
    return await policy.current(session)


def _check_categories(body: PolicyChanges) -> None:
    """Refuse a price that no job could ever have; those from before stay as they are."""
    priced = body.lead_prices.by_category if body.lead_prices else {}
    if strangers := sorted(priced.keys() - skills.CATEGORIES.keys()):
        message = "There is no such category; see the catalogue."
        raise Invalid(
            [FieldError(f"lead_prices.by_category.{category}", message) for category in strangers]
        )


@router.put("/settings")
async def update_settings(
    body: PolicyChanges, session: Write, actor: SettingsChanger, now: Now
) -> Policy:
    """Change the policy; what is left out stays, what was offered keeps its price and deadline."""
    before = await policy.readable(session)
    after = _changed(before, body)
    if sum(after.matching.weights.model_dump().values()) <= 0:
        raise Invalid([FieldError("matching.weights", "at least one weight must be above zero")])
    _check_categories(body)
    await policy.replace(session, after, now)
    # Waves that failed by the policy before are tried by this one.
    await session.execute(try_all_anew(Kind.WAVE))
    wake_loops(session, "waves")
    was, is_now = before.model_dump(mode="json"), after.model_dump(mode="json")
    touched = [name for name in is_now if was[name] != is_now[name]]
    audit.record(
        session,
        "policy.change",
        "policy",
        actor,
        now,
        before={name: was[name] for name in touched},
        after={name: is_now[name] for name in touched},
    )
    return after


def _changed[Part: BaseModel](part: Part, sent: BaseModel) -> Part:
    """Return `part` with what was sent in its place, section by section, field by field."""
    values = {}
    for name in sent.model_fields_set:
        value, now = getattr(sent, name), getattr(part, name)
        if value is not None:
            values[name] = _changed(now, value) if isinstance(value, BaseModel) else value
    return part.model_copy(update=values)
