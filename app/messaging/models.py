"""Tables of messaging."""

import datetime as dt
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.attempts.models import Tried
from app.core.ids import new_id
from app.database.types import Base, JsonType

ADDRESS: Final = "phone"
"""The context that recipients are sealed in, the same as for `users.phone_sealed`.

A worker's sealed phone is copied as it is: opening and sealing it anew would cost more than writing the row.
"""
PARAMS: Final = "outbox"
"""The context that a message's parameters are sealed in."""
EVENT: Final = "webhook"
"""The context that a stored webhook is sealed in."""
ITEM: Final = "inbox"
"""The context that a received message is sealed in."""


class Channel(StrEnum):
    """By what a message travels."""

    WHATSAPP = "whatsapp"
    EMAIL = "email"
    SMS = "sms"


class OutboxState(StrEnum):
    """Where a message stands.

    `waiting` is due at `due_at`; `sending` is leased by a process; `unknown` was handed over but the
    answer was lost, and waits for the platform's status; then the platform's own words. `failed` may
    still become delivered; `dead` needs an administrator; `suppressed` will never be sent (STOP,
    cancelled, out of date).
    """

    WAITING = "waiting"
    SENDING = "sending"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    DEAD = "dead"
    SUPPRESSED = "suppressed"


class OutboxMessage(Base):
    """One message to one person, written in the transaction of what it tells about.

    `key` is unique: one message per event and recipient. Recipient and parameters are sealed, because
    they hold phones, codes and contacts.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index(
            "ix_outbox_due",
            "priority",
            "due_at",
            postgresql_where=text("state IN ('waiting', 'sending', 'unknown')"),
            sqlite_where=text("state IN ('waiting', 'sending', 'unknown')"),
        ),
        Index("ix_outbox_state_id", "state", "id"),
        Index("ix_outbox_recipient", "recipient_index", "state"),
        Index(
            "ix_outbox_template",
            "template_at",
            "recipient_index",
            postgresql_where=text("template_at IS NOT NULL"),
            sqlite_where=text("template_at IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    key: Mapped[str] = mapped_column(String(160), unique=True)
    channel: Mapped[str] = mapped_column(String(16))
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"), index=True)
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("chat_people.id"))
    """Who is answered in the chat; a notice finds its person by user or phone when it is sent."""
    recipient_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    recipient_index: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(64))
    """Which text of the catalogue."""
    language: Mapped[str] = mapped_column(String(8))
    params_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    subject_id: Mapped[UUID | None] = mapped_column(index=True)
    """The offer, payment or job this tells about, so that what is out of date can be suppressed."""
    essential: Mapped[bool] = mapped_column(default=False)
    """Sent even after STOP: sign-in codes and the confirmation of STOP itself."""
    priority: Mapped[int] = mapped_column(default=1)
    """0 goes before 1: somebody waits for a code or an answer, ten thousand offers can wait."""
    state: Mapped[str] = mapped_column(String(16))
    due_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime | None]
    """After this it would only confuse, and is suppressed."""
    attempts: Mapped[int] = mapped_column(default=0)
    unanswered: Mapped[int] = mapped_column(default=0)
    """How often the answer to a send was lost; each one might have reached the person."""
    lease_until: Mapped[dt.datetime | None]
    provider_id: Mapped[str | None] = mapped_column(String(160), unique=True)
    number_id: Mapped[str | None] = mapped_column(String(64))
    """The platform's id of the number it was last sent from: the statuses of no other are about it."""
    form: Mapped[str | None] = mapped_column(String(16))
    """How it went: `free` inside the 24-hour window, `template` outside."""
    template_at: Mapped[dt.datetime | None]
    """When it set off as a template, outside the window: the platform counts whom we begin with."""
    held_why: Mapped[str | None] = mapped_column(String(24))
    """An `app.messaging.outbox.template_quota.DeferralReason`; what comes next to the person goes before it."""
    cost_category: Mapped[str | None] = mapped_column(String(24))
    units: Mapped[int] = mapped_column(default=1, server_default="1")
    """How many messages it is paid as: a long SMS is several."""
    error_code: Mapped[str | None] = mapped_column(String(32))
    error: Mapped[str | None] = mapped_column(String(300))
    created_at: Mapped[dt.datetime]
    sent_at: Mapped[dt.datetime | None]
    updated_at: Mapped[dt.datetime]


class ChannelState(Base):
    """How a channel stands, shared by every process that sends on it."""

    __tablename__ = "channel_states"

    channel: Mapped[str] = mapped_column(String(16), primary_key=True)
    turns: Mapped[list[float] | None] = mapped_column(JsonType)
    """When each turn is free, in seconds since 1970: what keeps all senders together under the rate."""
    halted_at: Mapped[dt.datetime | None]
    """Credentials or the account were refused; from here on one message a minute tries again."""
    backs_off_until: Mapped[dt.datetime | None]
    """The whole number sent too fast, or answers are failing: nothing goes out before."""
    only_replies_until: Mapped[dt.datetime | None]
    """The platform thinks what we start is spam: until then only people who wrote are answered."""
    reason: Mapped[str | None] = mapped_column(String(64))
    """Why it is halted, backs off, or only answers: what was refused last, and with which code."""
    back_offs: Mapped[int] = mapped_column(default=0, server_default="0")
    """Pauses since the last success: each is longer than the one before."""
    backing_off_since: Mapped[dt.datetime | None]
    """When the first of them began."""
    refused: Mapped[list[list[Any]] | None] = mapped_column(JsonType)
    """Messages refused in a row for reasons nobody knows: id, recipient's index, whether told later."""
    daily_people: Mapped[int | None]
    """With how many people a day the platform lets us begin; None where it has told no limit."""
    limits_read_at: Mapped[dt.datetime | None]
    """When the platform was last asked for that; made earlier where it did not answer."""
    limit_reached_at: Mapped[dt.datetime | None]
    """When somebody was last told that the limit is reached: once a day is enough."""
    updated_at: Mapped[dt.datetime]


class MessageTemplate(Base):
    """What we learned of a template from the platform; one that just works has no row."""

    __tablename__ = "message_templates"

    name: Mapped[str] = mapped_column(String(128), primary_key=True)
    language: Mapped[str] = mapped_column(String(16), primary_key=True)
    barred_at: Mapped[dt.datetime | None]
    """Since when it may not be sent: paused, disabled, rejected, or refused."""
    reason: Mapped[str | None] = mapped_column(String(64))
    category: Mapped[str | None] = mapped_column(String(24))
    """What the platform made it, where that differs from what we asked for."""
    updated_at: Mapped[dt.datetime]


class WebhookState(StrEnum):
    """Where a raw event or a message out of one stands; what is dead waits for an administrator."""

    WAITING = "waiting"
    HANDLED = "handled"
    DEAD = "dead"


class WebhookEvent(Tried, Base):
    """A verified event as it arrived, stored before it is acknowledged; unique by provider and id."""

    __tablename__ = "webhook_events"
    __table_args__ = (
        UniqueConstraint("provider", "event_id"),
        Index(
            "ix_webhook_events_due",
            "due_at",
            postgresql_where=text("state = 'waiting'"),
            sqlite_where=text("state = 'waiting'"),
        ),
        Index("ix_webhook_events_state_id", "state", "id"),
        Index(
            "ix_webhook_events_set_aside",
            "id",
            postgresql_where=text("set_aside > 0"),
            sqlite_where=text("set_aside > 0"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    provider: Mapped[str] = mapped_column(String(16))
    event_id: Mapped[str] = mapped_column(String(160))
    """The provider's id; for WhatsApp, which gives batches none, the hash of the raw bytes."""
    kind: Mapped[str] = mapped_column(String(64))
    body_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(String(16))
    set_aside: Mapped[int] = mapped_column(default=0, server_default="0")
    """How many of its items nobody could read; `error` says why."""
    received_at: Mapped[dt.datetime]
    handled_at: Mapped[dt.datetime | None]


class PlatformNotice(Base):
    """What a platform told about our account, number or templates. It holds nothing personal."""

    __tablename__ = "platform_notices"
    __table_args__ = (
        UniqueConstraint("webhook_id", "position"),
        Index("ix_platform_notices_about", "kind", "about", "id"),
        Index("ix_platform_notices_content_key", "content_key"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    webhook_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_events.id"))
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(String(64))
    about: Mapped[str] = mapped_column(String(120))
    language: Mapped[str] = mapped_column(String(16))
    event: Mapped[str] = mapped_column(String(64))
    detail: Mapped[str] = mapped_column(String(120))
    content_key: Mapped[str | None] = mapped_column(String(64))
    """Hash of what was told, and of when if that was told: the same news in other bytes are one."""
    received_at: Mapped[dt.datetime]


class InboxItem(Tried, Base):
    """One message of one person, exploded out of a batch; handled once, in order per person."""

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("channel", "message_id"),
        Index(
            "ix_inbox_due",
            "due_at",
            postgresql_where=text("state = 'waiting'"),
            sqlite_where=text("state = 'waiting'"),
        ),
        Index("ix_inbox_person", "person_id", "state", "sent_at"),
        Index(
            "ix_inbox_dead",
            "id",
            postgresql_where=text("state = 'dead'"),
            sqlite_where=text("state = 'dead'"),
        ),
        Index(
            "ix_inbox_dead_words",
            "received_at",
            postgresql_where=text("state = 'dead' AND length(body_sealed) > 0"),
            sqlite_where=text("state = 'dead' AND length(body_sealed) > 0"),
        ),
        Index(
            "ix_inbox_words",
            "handled_at",
            postgresql_where=text("state = 'handled' AND length(body_sealed) > 0"),
            sqlite_where=text("state = 'handled' AND length(body_sealed) > 0"),
        ),
        Index(
            "ix_inbox_wordless",
            "handled_at",
            postgresql_where=text("state = 'handled' AND length(body_sealed) = 0"),
            sqlite_where=text("state = 'handled' AND length(body_sealed) = 0"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    channel: Mapped[str] = mapped_column(String(16))
    message_id: Mapped[str] = mapped_column(String(160))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("chat_people.id"))
    body_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """The message in our own form (`app.messaging.inbound.Inbound`), as JSON."""
    state: Mapped[str] = mapped_column(String(16))
    sent_at: Mapped[dt.datetime]
    """When the person sent it, by the platform's clock."""
    received_at: Mapped[dt.datetime]
    handled_at: Mapped[dt.datetime | None]


class HandoffReason(StrEnum):
    """What made the bot fall silent."""

    ASKED = "asked"
    """The person wants to talk to a person."""
    NOT_UNDERSTOOD = "not_understood"
    """The bot didn't understand, several times."""
    TAKEN = "taken"
    """An administrator took over by themselves."""
    SAFETY = "safety"
    """Somebody did them wrong, or they may be in danger: our team sees them before all others."""


class ChatPerson(Base):
    """Somebody who wrote to us, or to whom we write, on a chat channel; a user once registered.

    Known by the platform's user id or by the phone's blind index; either may be missing at first.
    """

    __tablename__ = "chat_people"
    __table_args__ = (
        UniqueConstraint("channel", "phone_index"),
        UniqueConstraint("channel", "platform_user_id"),
        UniqueConstraint("channel", "other_phone_index"),
        Index(
            "ix_chat_people_paused",
            "paused_at",
            "id",
            postgresql_where=text("paused_at IS NOT NULL"),
            sqlite_where=text("paused_at IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    channel: Mapped[str] = mapped_column(String(16))
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"), index=True)
    platform_user_id: Mapped[str | None] = mapped_column(String(128))
    phone_index: Mapped[str | None] = mapped_column(String(64))
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    other_phone_index: Mapped[str | None] = mapped_column(String(64))
    """Of the same number in the platform's other form, where a country's numbers have two."""
    language: Mapped[str | None] = mapped_column(String(8))
    pair_free_at: Mapped[dt.datetime | None]
    """When all that was sent to this person fits their own limit again (`app.messaging.outbox.rate_limiter`)."""
    last_inbound_at: Mapped[dt.datetime | None]
    """The 24-hour window for free-form messages counts from here."""
    stopped_at: Mapped[dt.datetime | None]
    no_marketing_at: Mapped[dt.datetime | None]
    """When they stopped marketing messages in the platform's own settings."""
    paused_at: Mapped[dt.datetime | None]
    """Since when a human is wanted, or there; the bot is silent until handed back."""
    paused_why: Mapped[str | None] = mapped_column(String(24))
    """What made the bot fall silent (a `HandoffReason`)."""
    held_by: Mapped[UUID | None]
    """The administrator who answers; a hold nothing is done with runs out."""
    held_at: Mapped[dt.datetime | None]
    """When they last did something here."""
    state: Mapped[dict[str, Any]] = mapped_column(JsonType, default=dict)
    """The conversation's state (`app.chat`), without phones."""
    last_message_at: Mapped[dt.datetime | None]
    """The platform's time of the newest message handled; an older one can't overwrite it."""
    phone_changed_at: Mapped[dt.datetime | None]
    """The platform's time of the newest change of phone, likewise."""
    stop_told_at: Mapped[dt.datetime | None]
    """The platform's time of the newest STOP or START, likewise."""
    marketing_told_at: Mapped[dt.datetime | None]
    """The platform's time of the newest choice about marketing messages, likewise."""
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]
