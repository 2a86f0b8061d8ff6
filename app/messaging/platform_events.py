"""Events of our account, number and templates at the platform: stored, shown and applied.

| event | consequence |
|---|---|
| a template is paused, disabled, rejected or to be deleted | its messages wait |
| a template is approved or reinstated | its messages go |
| a template's category changes | people who stopped marketing get no marketing |
| the limit of the number or portfolio changes | the daily quota changes |
| any other (quality, account, review, security) | it is listed, and an alert is raised unless it is good |

A blocked account needs no step here: the next send is refused, and halts the channel.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import new_id
from app.core.logging import logger
from app.core.metrics import ALERTS
from app.database.statements import insert_if_absent
from app.database.wakeups import wake_loops
from app.messaging.inbound import PlatformEvent
from app.messaging.models import (
    Channel,
    PlatformNotice,
)
from app.messaging.outbox import templates
from app.messaging.outbox.channel_health import lock_state

BARRING_EVENTS: Final = frozenset({"PAUSED", "DISABLED", "REJECTED", "PENDING_DELETION", "DELETED"})
RELEASING_EVENTS: Final = frozenset({"APPROVED", "REINSTATED", "UNPAUSED"})
_TEMPLATE: Final = "message_template_status_update"
_CATEGORY: Final = "template_category_update"


async def record_events(
    session: AsyncSession, webhook_id: UUID, notices: Sequence[PlatformEvent], now: dt.datetime
) -> None:
    """Store and apply the events of a webhook; the same webhook again adds nothing."""
    for position, event in enumerate(notices):
        row = {
            "id": new_id(),
            "webhook_id": webhook_id,
            "position": position,
            "kind": event.field,
            **{name: getattr(event, name) for name in ("about", "language", "event", "detail")},
            "content_key": event.content_key or None,
            "received_at": now,
        }
        if await _is_known(session, event):
            continue
        if await insert_if_absent(session, PlatformNotice, row):
            await _follow(session, event, now)


async def _is_known(session: AsyncSession, event: PlatformEvent) -> bool:
    """Whether this is known: among all events if it is dated, else as the newest of its kind."""
    if not event.content_key:
        return False
    query = select(PlatformNotice.content_key)
    if event.dated:
        query = query.where(PlatformNotice.content_key == event.content_key)
    else:
        query = query.where(
            PlatformNotice.kind == event.field, PlatformNotice.about == event.about
        ).order_by(PlatformNotice.id.desc())
    return await session.scalar(query.limit(1)) == event.content_key


async def _follow(session: AsyncSession, event: PlatformEvent, now: dt.datetime) -> None:
    change = event.event.upper()
    if event.field in {_TEMPLATE, _CATEGORY} and event.category:
        await templates.update_template(
            session, event.about, event.language, now, category=event.category
        )
    if event.field == _TEMPLATE and change in RELEASING_EVENTS:
        await templates.release_template(session, event.about, event.language, now)
        return
    if event.field == _TEMPLATE and change in BARRING_EVENTS:
        await templates.bar_template(session, event.about, event.language, change.lower(), now)
    if event.daily_people is not None:
        state = await lock_state(session, Channel.WHATSAPP, now)
        state.daily_people = event.daily_people or None
        wake_loops(session, "outbox")
    facts = {"kind": event.field, "name": event.about, "state": event.event}
    if event.alarming:
        ALERTS.labels("platform_notice").inc()
        logger().warning("platform_notice", **facts)
    else:
        logger().info("platform_notice", **facts)
