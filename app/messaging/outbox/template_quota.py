"""The template quota: which messages may go outside the 24-hour window now.

The platform lets a business write first to so many different people in any 24 hours (its tier), over all
processes. Answers within the window do not count. Messages beyond the quota, or of a barred template, wait.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clocks import SKEW
from app.core.logging import logger
from app.core.metrics import ALERTS
from app.messaging.models import (
    ChannelState,
    ChatPerson,
    MessageTemplate,
    OutboxMessage,
    OutboxState,
)
from app.messaging.outbox.enqueue import REPLIES
from app.messaging.rules import (
    LONGEST_DEFERRAL,
    MUCH_LATER,
    WORTH_TRYING,
    Refusal,
    window_open,
)
from app.texts import catalogue

DAY: Final = dt.timedelta(hours=24)
"""The limit counts any 24 hours, not dates."""
CODES_SHARE: Final = 20
"""One in so many of a day's people is kept for sign-in codes, or offers would lock everybody out."""
SHORTEST_DEFERRAL: Final = dt.timedelta(minutes=1)
"""The shortest time until a deferred message is looked at again."""


class DeferralReason(StrEnum):
    """Why a message is held back, and what comes next to its person is not."""

    DAILY_LIMIT = "daily_limit"
    TEMPLATE = "template"
    NOT_NOW = "not_now"


DEFERRED_AFTER: Final[Mapping[Refusal, DeferralReason]] = {
    Refusal.TEMPLATE_PAUSED: DeferralReason.TEMPLATE,
    Refusal.NOT_NOW: DeferralReason.NOT_NOW,
}
"""Refusals after which a message is deferred."""


@dataclass(frozen=True, slots=True)
class DeferredFigures:
    """How many messages are deferred for one reason, and the age of the oldest."""

    count: int
    oldest_seconds: int


@dataclass
class TemplateQuota:
    """The quota that is left in this round; `admit` uses it up."""

    templates: Mapping[tuple[str, str], MessageTemplate] = field(default_factory=dict)
    limit: int | None = None
    """How many people a day we may write to first; None where nothing limits it."""
    begun: int = 0
    """How many that were in the last 24 hours."""
    known: set[str] = field(default_factory=set)
    """Those among them who get a message in this round; they count once."""
    next_free_at: dt.datetime | None = None
    """When the first of them stops counting."""
    reached: bool = False

    def is_unwanted_marketing(self, row: OutboxMessage, person: ChatPerson | None) -> bool:
        """Whether this is marketing to a person who stopped it."""
        return (
            person is not None
            and person.no_marketing_at is not None
            and self._category(row) == catalogue.MARKETING
        )

    def admit(self, row: OutboxMessage) -> DeferralReason | None:
        """Count a message that goes as a template, or return why it is deferred."""
        known = self.templates.get(_template(row))
        if known is not None and known.barred_at is not None:
            return DeferralReason.TEMPLATE
        if self.limit is None or row.recipient_index in self.known:
            return None
        reserve = 0 if row.essential else self.limit // CODES_SHARE
        if self.begun >= self.limit - reserve:
            self.reached = True
            return DeferralReason.DAILY_LIMIT
        self.begun += 1
        self.known.add(row.recipient_index)
        return None

    def retry_at(self, why: DeferralReason, now: dt.datetime) -> dt.datetime:
        """Return when a deferred message is looked at again."""
        wanted = self.next_free_at if why is DeferralReason.DAILY_LIMIT else None
        return min(
            max(wanted or now + LONGEST_DEFERRAL, now + SHORTEST_DEFERRAL), now + LONGEST_DEFERRAL
        )

    def filed_as(self, row: OutboxMessage) -> str:
        """Return the platform's category of this template; "" where none is known."""
        known = self.templates.get(_template(row))
        return (known and known.category) or ""

    def _category(self, row: OutboxMessage) -> str:
        return self.filed_as(row) or catalogue.category_of(row.kind)


def _template(row: OutboxMessage) -> tuple[str, str]:
    return catalogue.template_name(row.kind), row.language


async def load_quota(
    session: AsyncSession,
    rows: Sequence[OutboxMessage],
    state: ChannelState | None,
    own_limit: int | None,
    now: dt.datetime,
) -> TemplateQuota:
    """Return what is left; the caller has locked the channel's row, so that all processes count together.

    The lower of the platform's limit and `own_limit` applies.
    """
    found = await session.scalars(select(MessageTemplate))
    templates = {(each.name, each.language): each for each in found}
    platform_limit = state.daily_people if state is not None else None
    limit = min((each for each in (platform_limit, own_limit) if each is not None), default=None)
    if limit is None:
        return TemplateQuota(templates)
    # A later `template_at` was written by a clock that ran ahead.
    since = OutboxMessage.template_at.between(now - DAY, now + SKEW)
    latest = (
        select(func.max(OutboxMessage.template_at).label("at"))
        .where(since)
        .group_by(OutboxMessage.recipient_index)
        .subquery()
    )
    begun, oldest = (
        await session.execute(select(func.count(), func.min(latest.c.at)).select_from(latest))
    ).one()
    known = await session.scalars(
        select(OutboxMessage.recipient_index)
        .where(since, OutboxMessage.recipient_index.in_({row.recipient_index for row in rows}))
        .distinct()
    )
    next_free_at = oldest + DAY if oldest is not None else None
    return TemplateQuota(templates, limit, begun, set(known), next_free_at)


def alert_once(state: ChannelState | None, quota: TemplateQuota, now: dt.datetime) -> None:
    """Raise an alert that the day's limit is reached, once a day."""
    if not quota.reached or state is None:
        return
    at = state.limit_reached_at
    if at is not None and at <= now + SKEW and now < at + DAY:
        return
    state.limit_reached_at = now
    ALERTS.labels("daily_limit").inc()
    logger().error("daily_limit_reached", channel=state.channel, count=quota.begun)


def needs_template(row: OutboxMessage, person: ChatPerson | None, now: dt.datetime) -> bool:
    """Whether this is a notice to a person whose window is closed."""
    if row.kind in REPLIES:
        return False
    return person is None or not window_open(person.last_inbound_at, now)


def worth_later(kind: str, expires_at: dt.datetime | None, now: dt.datetime) -> bool:
    """Whether this is still valid much later; an answer in a chat is not."""
    lasts = expires_at is None or expires_at >= now + MUCH_LATER + WORTH_TRYING
    return lasts and kind not in REPLIES


async def stop_marketing(session: AsyncSession, ids: Collection[UUID], now: dt.datetime) -> None:
    """Record that these people stopped marketing."""
    await session.execute(
        update(ChatPerson)
        .where(ChatPerson.id.in_(ids), ChatPerson.no_marketing_at.is_(None))
        .values(no_marketing_at=now)
        .execution_options(synchronize_session=False)
    )


async def deferred_figures(
    session: AsyncSession, now: dt.datetime
) -> Mapping[DeferralReason, DeferredFigures]:
    """Return how many messages are deferred for each reason."""
    query = (
        select(OutboxMessage.held_why, func.count(), func.min(OutboxMessage.created_at))
        .where(
            OutboxMessage.state == OutboxState.WAITING,
            OutboxMessage.held_why.is_not(None),
            or_(OutboxMessage.expires_at.is_(None), OutboxMessage.expires_at > now),
        )
        .group_by(OutboxMessage.held_why)
    )
    rows: Any = await session.execute(query)
    found = {why: DeferredFigures(0, 0) for why in DeferralReason}
    for why, count, oldest in rows:
        if why in found:
            seconds = max(0, int((now - oldest).total_seconds()))
            found[DeferralReason(why)] = DeferredFigures(count, seconds)
    return found
