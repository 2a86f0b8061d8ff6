"""The state of our templates at the platform, and what one message's refusal means for other messages."""

import datetime as dt
from typing import Any, Final, Protocol
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.languages import languages
from app.core.logging import logger
from app.core.metrics import ALERTS
from app.database.statements import insert_if_absent
from app.database.wakeups import wake_loops
from app.messaging.models import MessageTemplate, OutboxMessage, OutboxState
from app.messaging.outbox import enqueue, template_quota
from app.messaging.rules import Refusal
from app.texts import catalogue

_CATEGORY_OF: Final = {
    Refusal.ELSEWHERE: catalogue.MARKETING,
    Refusal.NOT_MARKETING: catalogue.UTILITY,
}
"""The platform's category of a template, by refusal."""


class RefusedMessage(Protocol):
    """A refused message, as a row or as plain values."""

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
    """Apply a refusal to the message's template and person, and send it by SMS where that may help.

    Must be called before the parameters of the message are deleted.
    """
    if refusal in {Refusal.TEMPLATE, Refusal.TEMPLATE_PAUSED}:
        name = catalogue.template_name(message.kind)
        await bar_template(session, name, message.language, f"refused {code or ''}".strip(), now)
    if refusal in _CATEGORY_OF:
        name = catalogue.template_name(message.kind)
        await update_template(session, name, message.language, now, category=_CATEGORY_OF[refusal])
    if refusal is Refusal.UNREACHABLE:
        await enqueue.also_by_sms(session, message.id, now)
    if refusal is Refusal.NO_MARKETING and message.person_id is not None:
        await template_quota.stop_marketing(session, [message.person_id], now)


async def bar_template(
    session: AsyncSession, name: str, language: str, reason: str, now: dt.datetime
) -> None:
    """Defer every message that needs this template, and raise an alert."""
    await update_template(session, name, language, now, barred_at=now, reason=reason[:64])
    ALERTS.labels("template_barred").inc()
    logger().error("template_barred", name=name, language=language, reason=reason)


async def release_template(
    session: AsyncSession, name: str, language: str, now: dt.datetime
) -> None:
    """Allow a template again; its deferred messages are due at once."""
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
    """Return the condition for a language; an event that names none is about all."""
    return [MessageTemplate.language == language] if language else []


async def update_template(
    session: AsyncSession, name: str, language: str, now: dt.datetime, **values: Any
) -> None:
    """Set fields of a template in one language, or in all where `language` is empty."""
    for each in [language] if language else languages():
        key = {"name": name[:128], "language": each}
        await insert_if_absent(session, MessageTemplate, {**key, "updated_at": now})
        query = select(MessageTemplate).filter_by(**key).with_for_update()
        template = (await session.scalars(query)).one()
        for field, value in values.items():
            setattr(template, field, value)
        template.updated_at = now
