"""What the platform tells about our account: kept, shown, and acted on.

| notice | what follows |
|---|---|
| a template is paused, disabled, rejected or about to be deleted | none of its messages goes out; they wait |
| a template is approved or reinstated | the ones that waited go |
| a template's category changes | who wants no marketing is not sent marketing |
| the number's or portfolio's limit changes | so many people a day from now on |
| anything else (quality, account, review, security) | it is listed, and an alert is raised unless it is good |

An account that is blocked needs no step here: the next send is refused, and halts the channel.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final, Protocol
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import new_id
from app.core.logging import logger
from app.core.metrics import ALERTS
from app.database.statements import insert_if_absent
from app.database.wakeups import wake_loops
from app.messaging.inbound import PlatformEvent
from app.messaging.models import (
    Channel,
    MessageTemplate,
    OutboxMessage,
    OutboxState,
    PlatformNotice,
)
from app.messaging.outbox import enqueue, template_quota
from app.messaging.outbox.channel_health import lock_state
from app.messaging.rules import Refusal
from app.texts import catalogue

BARRING_EVENTS: Final = frozenset({"PAUSED", "DISABLED", "REJECTED", "PENDING_DELETION", "DELETED"})
RELEASING_EVENTS: Final = frozenset({"APPROVED", "REINSTATED", "UNPAUSED"})
_CATEGORY_OF: Final = {
    Refusal.ELSEWHERE: catalogue.MARKETING,
    Refusal.NOT_MARKETING: catalogue.UTILITY,
}
"""What a refusal says of the category that the platform files a template under."""
_TEMPLATE: Final = "message_template_status_update"
_CATEGORY: Final = "template_category_update"


async def record_events(
    session: AsyncSession, webhook_id: UUID, notices: Sequence[PlatformEvent], now: dt.datetime
) -> None:
    """Keep a webhook's notices and do what follows; the same webhook again adds nothing."""
    for position, event in enumerate(notices):
        row = {
            "id": new_id(),
            "webhook_id": webhook_id,
            "position": position,
            "kind": event.field,
            "about": event.about,
            "language": event.language,
            "event": event.event,
            "detail": event.detail,
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
        await _change(session, event.about, event.language, now, category=event.category)
    if event.field == _TEMPLATE and change in RELEASING_EVENTS:
        await release_template(session, event.about, event.language, now)
        return
    if event.field == _TEMPLATE and change in BARRING_EVENTS:
        await bar_template(session, event.about, event.language, change.lower(), now)
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


class RefusedMessage(Protocol):
    """A message that was refused."""

    @property
    def id(self) -> UUID:
        """Which message."""

    @property
    def kind(self) -> str:
        """Which notice."""

    @property
    def language(self) -> str:
        """In which language."""

    @property
    def person_id(self) -> UUID | None:
        """Whose it was."""


async def apply_refusal(
    session: AsyncSession,
    refusal: Refusal,
    message: RefusedMessage,
    code: str | None,
    now: dt.datetime,
) -> None:
    """Draw from one message's refusal what follows for others: of its template, its person, by SMS.

    Called before what the message said is forgotten.
    """
    if refusal in {Refusal.TEMPLATE, Refusal.TEMPLATE_PAUSED}:
        name = catalogue.template_name(message.kind)
        await bar_template(session, name, message.language, f"refused {code or ''}".strip(), now)
    if refusal in _CATEGORY_OF:
        name = catalogue.template_name(message.kind)
        await _change(session, name, message.language, now, category=_CATEGORY_OF[refusal])
    if refusal is Refusal.UNREACHABLE:
        await enqueue.also_by_sms(session, message.id, now)
    if refusal is Refusal.NO_MARKETING and message.person_id is not None:
        await template_quota.stop_marketing(session, [message.person_id], now)


async def bar_template(
    session: AsyncSession, name: str, language: str, reason: str, now: dt.datetime
) -> None:
    """Keep every message back that needs this template."""
    await _change(session, name, language, now, barred_at=now, reason=reason[:64])
    ALERTS.labels("template_barred").inc()
    logger().error("template_barred", name=name, language=language, reason=reason)


async def release_template(
    session: AsyncSession, name: str, language: str, now: dt.datetime
) -> None:
    """Let a template's messages go again; those that waited are due at once."""
    await session.execute(
        update(MessageTemplate)
        .where(MessageTemplate.name == name, *_in(language))
        .values(barred_at=None, reason=None, updated_at=now)
    )
    await session.execute(
        delete(MessageTemplate).where(
            MessageTemplate.barred_at.is_(None), MessageTemplate.category.is_(None)
        )
    )
    await session.execute(
        update(OutboxMessage)
        .where(
            OutboxMessage.kind == catalogue.kind_of_template(name),
            OutboxMessage.state == OutboxState.WAITING,
            OutboxMessage.held_why == template_quota.DeferralReason.TEMPLATE,
        )
        .values(due_at=now, updated_at=now)
        .execution_options(synchronize_session=False)
    )
    wake_loops(session, "outbox")


async def list_barred(session: AsyncSession) -> list[tuple[str, str]]:
    """Return name and language of every template that may not be sent."""
    query = select(MessageTemplate).where(MessageTemplate.barred_at.is_not(None))
    return [(each.name, each.language) for each in await session.scalars(query)]


def _in(language: str) -> list[Any]:
    """A notice that names no language is about all of them."""
    return [MessageTemplate.language == language] if language else []


async def _change(
    session: AsyncSession, name: str, language: str, now: dt.datetime, **values: Any
) -> None:
    for each in [language] if language else catalogue.languages():
        key = {"name": name[:128], "language": each}
        await insert_if_absent(session, MessageTemplate, {**key, "updated_at": now})
        query = select(MessageTemplate).filter_by(**key).with_for_update()
        template = (await session.scalars(query)).one()
        for field, value in values.items():
            setattr(template, field, value)
        template.updated_at = now
