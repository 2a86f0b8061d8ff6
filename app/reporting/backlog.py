"""How far the background work is behind: for readiness, the admin's statistics, and alarms."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.attempts.tries import is_free
from app.jobs.models import Job
from app.matching.waves import WAVES
from app.messaging.models import InboxItem, OutboxMessage, OutboxState, WebhookEvent, WebhookState

READY_WITHIN_SECONDS = 300
"""Work that is due for longer than this means that no loop runs, or that it can't keep up."""


@dataclass(frozen=True)
class Backlog:
    """Age in seconds of the oldest thing that is due, 0 when nothing waits."""

    oldest_message_seconds: int
    oldest_webhook_seconds: int
    oldest_due_job_seconds: int

    @property
    def worst_seconds(self) -> int:
        """The largest of the three."""
        return max(
            self.oldest_message_seconds, self.oldest_webhook_seconds, self.oldest_due_job_seconds
        )


async def measure(session: AsyncSession, now: dt.datetime) -> Backlog:
    """Return how old the oldest due message, webhook or inbox item, and job wave are.

    What failed and waits for its next try counts from then; what is parked is counted elsewhere.
    """

    async def oldest(column: Any, *where: Any) -> int:
        instant = await session.scalar(
            select(func.min(column)).where(column <= now, *where), {"now": now}
        )
        return max(0, int((now - instant).total_seconds())) if instant else 0

    async def oldest_tried(row: Any) -> int:
        # What is being tried is not behind; after a try that was lost it is due when its lease is over.
        waiting = (row.state == WebhookState.WAITING, is_free(row.lease_until, bindparam("now")))
        due_at = case((row.lease_until > row.due_at, row.lease_until), else_=row.due_at)
        return await oldest(due_at, row.due_at <= now, *waiting)

    return Backlog(
        oldest_message_seconds=await oldest(
            OutboxMessage.due_at, OutboxMessage.state == OutboxState.WAITING
        ),
        oldest_webhook_seconds=max(await oldest_tried(WebhookEvent), await oldest_tried(InboxItem)),
        # What is set back or parked is not behind: it waits for its time, or for an administrator.
        oldest_due_job_seconds=await oldest(Job.next_wave_at, *WAVES.free.conditions),
    )
