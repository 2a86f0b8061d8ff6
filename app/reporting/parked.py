"""What was given up and waits for an administrator: how much of it there is, and since when.

For readiness, the statistics, the metrics and `check --invariants`; the list is `admin_parked`.
"""

import datetime as dt
from typing import Final, NamedTuple

from sqlalchemy import Column, ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.attempts.models import WorkAttempt
from app.attempts.work import Kind, Work
from app.core.metrics import PARKED
from app.database.statements import is_one_of, rows_changed, table
from app.matching.forecast_history import FORECASTS
from app.matching.standby import PLACES
from app.matching.waves import WAVES
from app.messaging.models import (
    InboxItem,
    OutboxMessage,
    OutboxState,
    WebhookEvent,
    WebhookState,
)
from app.moderation.bulk import ITEMS
from app.offers.closing import ENDS
from app.offers.expire import EXPIRIES
from app.offers.remind import REMINDERS
from app.payments import open_items
from app.payments.card_taps import TAPS
from app.payments.early_events import MATCHES
from app.payments.kept_card import LOOKS
from app.payments.lead_guarantee import REPORTS
from app.payments.reconcile import CHECKS
from app.payments.reconcile_returns import DISPUTE_CHECKS, REFUND_CHECKS
from app.payments.send_refunds import REFUNDS
from app.privacy.purge import ERASURES

WORKS: Final[dict[Kind, Work]] = {
    work.kind: work
    for work in (
        WAVES,
        EXPIRIES,
        REMINDERS,
        ENDS,
        REFUNDS,
        CHECKS,
        TAPS,
        LOOKS,
        REFUND_CHECKS,
        DISPUTE_CHECKS,
        MATCHES,
        REPORTS,
        ERASURES,
        ITEMS,
        PLACES,
        FORECASTS,
    )
}
"""Every kind of work whose tries are counted apart."""

DUE_WITHIN: Final = dt.timedelta(days=2)
"""Work whose own time is set ahead by hours between two tries is not called off."""


class Parked(NamedTuple):
    """What waits for an administrator."""

    messages: int
    """Messages to people (`GET /api/admin/messages?state=dead`)."""
    webhooks: int
    """`GET /api/admin/webhooks?state=dead`."""
    inbox: int
    """Messages from people (`GET /api/admin/inbox?state=dead`)."""
    work: dict[str, int]
    """By kind (`GET /api/admin/parked`); kinds of which there is none are left out."""
    money: dict[str, int]
    """Open items by kind (`GET /api/admin/open-items?open=true`); kinds of which there is none are left out."""
    oldest_seconds: int
    """Age of what has waited longest, 0 when nothing waits."""

    @property
    def total(self) -> int:
        """How much it is in all."""
        apart = sum(self.work.values()) + sum(self.money.values())
        return self.messages + self.webhooks + self.inbox + apart

    def by_kind(self) -> dict[str, int]:
        """Return all of it by kind, without what there is none of."""
        found = {"message": self.messages, "webhook": self.webhooks, "inbox": self.inbox}
        return {kind: count for kind, count in (found | self.work | self.money).items() if count}


def _oldest(
    since: Column[dt.datetime], is_dead: ColumnElement[bool]
) -> Select[int, dt.datetime | None]:
    return select(func.count(), func.min(since)).where(is_dead)


_MESSAGES: Final = table(OutboxMessage).c
_EVENTS: Final = table(WebhookEvent).c
_ITEMS: Final = table(InboxItem).c
_TRIES: Final = table(WorkAttempt).c
# Built once: each process counts every minute, and so does whoever asks whether it is ready.
_DEAD: Final = (
    _oldest(_MESSAGES.updated_at, is_one_of(_MESSAGES.state, [OutboxState.DEAD])),
    _oldest(_EVENTS.received_at, is_one_of(_EVENTS.state, [WebhookState.DEAD])),
    _oldest(_ITEMS.received_at, is_one_of(_ITEMS.state, [WebhookState.DEAD])),
)
_APART: Final = (
    select(_TRIES.kind, func.count(), func.min(_TRIES.parked_at))
    .where(_TRIES.parked_at.is_not(None))
    .group_by(_TRIES.kind)
)


async def count(session: AsyncSession, now: dt.datetime) -> Parked:
    """Return how much is parked, and bring the metric to it."""
    dead = [(await session.execute(query)).one() for query in _DEAD]
    apart = (await session.execute(_APART)).all()
    money = await open_items.count_open(session)
    since = [oldest for _, oldest in dead] + [oldest for _, _, oldest in apart]
    since += [oldest for _, oldest in money.values()]
    oldest = min((instant for instant in since if instant is not None), default=now)
    messages_dead, events_dead, items_dead = (number for number, _ in dead)
    parked = Parked(
        messages_dead,
        events_dead,
        items_dead,
        work={kind: number for kind, number, _ in apart},
        money={kind: number for kind, (number, _) in money.items()},
        oldest_seconds=max(0, int((now - oldest).total_seconds())),
    )
    for kind in ("message", "webhook", "inbox", *Kind, *open_items.ItemKind):
        PARKED.labels(kind).set(parked.by_kind().get(kind, 0))
    return parked


async def tidy(session: AsyncSession, now: dt.datetime, _limit: int) -> int:
    """Forget tries at work that was done or called off elsewhere, and count what is parked.

    Returns how many tries were forgotten.
    """
    forgotten = 0
    # What succeeds at once is never counted here: mostly there is no row, and nothing to ask each kind.
    for kind in await session.scalars(select(WorkAttempt.kind).distinct()):
        work = WORKS[Kind(kind)]
        forgotten += await rows_changed(session, work.over(), work.values(now + DUE_WITHIN))
    await count(session, now)
    return forgotten
