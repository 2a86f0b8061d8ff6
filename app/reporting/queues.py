"""What waits for an administrator, queue by queue: how much, and since when."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from app.attempts.models import WorkAttempt
from app.employers.models import Employer
from app.identity.models import User, UserStatus
from app.jobs.models import Job
from app.jobs.review import ReviewStatus
from app.messaging.conversations import queries
from app.messaging.models import (
    ChatPerson,
    InboxItem,
    OutboxMessage,
    OutboxState,
    WebhookEvent,
    WebhookState,
)
from app.offers.appeals import AppealStatus
from app.offers.models import ReliabilityAppeal
from app.payments.models import LeadReport, OpenItem, Refund
from app.payments.open_items import ItemKind
from app.payments.rules import RefundStatus, ReportStatus


class Queue(StrEnum):
    """Something that a person of the team has to look at."""

    PEOPLE = "people"
    """Who waits for a human in the chat."""
    TEXTS = "texts"
    """Jobs whose text is held."""
    FLAGGED = "flagged"
    """Jobs that are published, with a text worth a look."""
    COMPANIES = "companies"
    """Active companies that nobody has checked."""
    REPORTS = "reports"
    APPEALS = "appeals"
    REFUNDS = "refunds"
    """Refunds that wait for a second person."""
    SUSPENSE = "suspense"
    OPEN_ITEMS = "open_items"
    PARKED = "parked"
    """Work that was given up."""
    MESSAGES = "messages"
    """Messages to people that were given up."""
    WEBHOOKS = "webhooks"
    """Events of providers that were given up."""
    INBOX = "inbox"
    """Messages from people that were given up."""


@dataclass(frozen=True, slots=True)
class QueueLength:
    """How long a queue is."""

    queue: Queue
    waiting: int
    oldest_at: dt.datetime | None
    """Since when the first of it waits; None where nothing does."""


def _sources(now: dt.datetime) -> dict[Queue, tuple[Any, ColumnElement[bool]]]:
    """Return of each queue since when something of it waits, and what is in it."""
    unchecked = and_(Employer.verified_at.is_(None), Employer.id == User.id)
    suspense = OpenItem.kind == ItemKind.SUSPENSE
    return {
        Queue.PEOPLE: (ChatPerson.paused_at, queries.is_waiting(now) & queries.is_reachable()),
        Queue.TEXTS: (Job.created_at, Job.review_status == ReviewStatus.HELD),
        Queue.FLAGGED: (Job.created_at, Job.review_status == ReviewStatus.FLAGGED),
        Queue.COMPANIES: (
            Employer.created_at,
            and_(unchecked, User.status == UserStatus.ACTIVE),
        ),
        Queue.REPORTS: (LeadReport.created_at, LeadReport.status == ReportStatus.OPEN),
        Queue.APPEALS: (
            ReliabilityAppeal.created_at,
            ReliabilityAppeal.status == AppealStatus.OPEN,
        ),
        Queue.REFUNDS: (Refund.created_at, Refund.status == RefundStatus.PROPOSED),
        Queue.SUSPENSE: (OpenItem.opened_at, and_(OpenItem.closed_at.is_(None), suspense)),
        Queue.OPEN_ITEMS: (OpenItem.opened_at, and_(OpenItem.closed_at.is_(None), ~suspense)),
        Queue.PARKED: (WorkAttempt.parked_at, WorkAttempt.parked_at.is_not(None)),
        Queue.MESSAGES: (OutboxMessage.created_at, OutboxMessage.state == OutboxState.DEAD),
        Queue.WEBHOOKS: (WebhookEvent.received_at, WebhookEvent.state == WebhookState.DEAD),
        Queue.INBOX: (InboxItem.received_at, InboxItem.state == WebhookState.DEAD),
    }


async def measure_queues(session: AsyncSession, now: dt.datetime) -> list[QueueLength]:
    """Return every queue with its length, in one statement."""
    counted = union_all(
        *(
            select(literal(queue.value).label("queue"), func.count(since), func.min(since)).where(
                which
            )
            for queue, (since, which) in _sources(now).items()
        )
    )
    rows = {row[0]: row for row in await session.execute(counted)}
    return [QueueLength(queue, rows[queue][1], rows[queue][2]) for queue in Queue]
