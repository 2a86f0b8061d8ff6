"""How far the background work is behind: for readiness, the admin's statistics, and alarms."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.jobs.models import Job, JobStatus
from app.messaging.models import InboxItem, OutboxMessage, OutboxState, WebhookEvent, WebhookState

READY_WITHIN_SECONDS = 300
"""Work that is due for longer than this means that no loop runs, or that it can't keep up."""


@dataclass(frozen=True)
class Lag:
    """Age in seconds of the oldest thing that is due, 0 when nothing waits."""

    message_seconds: int
    webhook_seconds: int
    job_seconds: int

    @property
    def worst_seconds(self) -> int:
        """The largest of the three."""
        return max(self.message_seconds, self.webhook_seconds, self.job_seconds)


async def measure(session: AsyncSession, now: dt.datetime) -> Lag:
    """Return how old the oldest due message, webhook or inbox item, and job wave are."""

    async def oldest(column: Any, *where: Any) -> int:
        instant = await session.scalar(select(func.min(column)).where(column <= now, *where))
        return max(0, int((now - instant).total_seconds())) if instant else 0

    waiting = WebhookState.WAITING
    return Lag(
        message_seconds=await oldest(
            OutboxMessage.due_at, OutboxMessage.state == OutboxState.WAITING
        ),
        webhook_seconds=max(
            await oldest(WebhookEvent.due_at, WebhookEvent.state == waiting),
            await oldest(InboxItem.due_at, InboxItem.state == waiting),
        ),
        job_seconds=await oldest(Job.next_wave_at, Job.status == JobStatus.PUBLISHED),
    )
