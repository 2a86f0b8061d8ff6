"""Tables of messaging, and the contexts that their values are sealed in."""

import datetime as dt
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.attempts.models import Tried
from app.core.ids import new_id
from app.database.types import Base, JsonType, partial_index

ADDRESS: Final = "phone"
"""Of recipients; the same as of `users.phone_sealed`, because copying is cheaper than sealing anew."""
PARAMS: Final = "outbox"
"""Of a message's parameters."""
EVENT: Final = "webhook"
"""Of a stored webhook."""
ITEM: Final = "inbox"
"""Of a received message."""
READING: Final = "reading"
"""Of a question to the language model, and of its answer."""


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
    """One message to one person, written in the transaction of the event it is about.

    `key` is unique: one message per event and recipient. Recipient and parameters hold phones, codes and
    contacts, so they are sealed.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        partial_index(
            "ix_outbox_due",
            "priority",
            "due_at",
            where="state IN ('waiting', 'sending', 'unknown')",
        ),
        Index("ix_outbox_state_id", "state", "id"),
        Index("ix_outbox_recipient", "recipient_index", "state"),
        partial_index(
            "ix_outbox_template", "template_at", "recipient_index", where="template_at IS NOT NULL"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    key: Mapped[str] = mapped_column(String(160), unique=True)
    channel: Mapped[str] = mapped_column(String(16))
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"), index=True)
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("chat_people.id"))
    """The person of a chat reply; a notice finds its person by user or phone when it is sent."""
    recipient_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    recipient_index: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(64))
    """Which text of the catalogue."""
    language: Mapped[str] = mapped_column(String(8))
    params_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    subject_id: Mapped[UUID | None] = mapped_column(index=True)
    """The offer, payment or job it is about, by which outdated messages are suppressed."""
    essential: Mapped[bool] = mapped_column(default=False)
    """Sent even after STOP: sign-in codes and the confirmation of STOP itself."""
    priority: Mapped[int] = mapped_column(default=1)
    """0 goes before 1: codes and answers go before offers."""
    state: Mapped[str] = mapped_column(String(16))
    due_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime | None]
    """After this the message is suppressed."""
    attempts: Mapped[int] = mapped_column(default=0)
    unanswered: Mapped[int] = mapped_column(default=0)
    """Sends whose answer was lost; each may have reached the person."""
    lease_until: Mapped[dt.datetime | None]
    provider_id: Mapped[str | None] = mapped_column(String(160), unique=True)
    number_id: Mapped[str | None] = mapped_column(String(64))
    """The platform's id of the number it was last sent from; statuses of other numbers are ignored."""
    form: Mapped[str | None] = mapped_column(String(16))
    """`free` inside the 24-hour window, `template` outside."""
    template_at: Mapped[dt.datetime | None]
    """When it was last sent as a template outside the window; the platform counts these people a day."""
    held_why: Mapped[str | None] = mapped_column(String(24))
    """A `DeferralReason`; later messages to the person overtake it."""
    cost_category: Mapped[str | None] = mapped_column(String(24))
    units: Mapped[int] = mapped_column(default=1, server_default="1")
    """How many messages are charged: a long SMS is several."""
    error_code: Mapped[str | None] = mapped_column(String(32))
    error: Mapped[str | None] = mapped_column(String(300))
    created_at: Mapped[dt.datetime]
    sent_at: Mapped[dt.datetime | None]
    updated_at: Mapped[dt.datetime]


class ChannelState(Base):
    """The health and quota of a channel, shared by every process that sends on it."""

    __tablename__ = "channel_states"

    channel: Mapped[str] = mapped_column(String(16), primary_key=True)
    turns: Mapped[list[float] | None] = mapped_column(JsonType)
    """When each slot of the rate limiter is free, in seconds since 1970."""
    halted_at: Mapped[dt.datetime | None]
    """Since when one message a minute tries again: credentials or the account were refused."""
    backs_off_until: Mapped[dt.datetime | None]
    """Nothing goes out before: the number sent too fast, or answers failed."""
    only_replies_until: Mapped[dt.datetime | None]
    """Until then only people who wrote are answered: the platform takes our notices for spam."""
    reason: Mapped[str | None] = mapped_column(String(64))
    """The last refusal and its code, where the channel is halted, backs off or only answers."""
    back_offs: Mapped[int] = mapped_column(default=0, server_default="0")
    """Pauses since the last success; each is longer than the one before."""
    backing_off_since: Mapped[dt.datetime | None]
    """When the first of those pauses began."""
    refused: Mapped[list[list[Any]] | None] = mapped_column(JsonType)
    """The run of unknown refusals: message id, recipient's index, whether a status reported it."""
    daily_people: Mapped[int | None]
    """How many people a day the platform lets us write to first; None where no limit is known."""
    limits_read_at: Mapped[dt.datetime | None]
    """When the platform was last asked for that limit; set back where it did not answer."""
    limit_reached_at: Mapped[dt.datetime | None]
    """When the alert for the reached limit was last raised; once a day is enough."""
    updated_at: Mapped[dt.datetime]


class MessageTemplate(Base):
    """What the platform reported of a template; one that works has no row."""

    __tablename__ = "message_templates"

    name: Mapped[str] = mapped_column(String(128), primary_key=True)
    language: Mapped[str] = mapped_column(String(16), primary_key=True)
    barred_at: Mapped[dt.datetime | None]
    """Since when it may not be sent: it was paused, disabled, rejected or refused."""
    reason: Mapped[str | None] = mapped_column(String(64))
    category: Mapped[str | None] = mapped_column(String(24))
    """The platform's category, where it differs from ours."""
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
        partial_index("ix_webhook_events_due", "due_at", where="state = 'waiting'"),
        Index("ix_webhook_events_state_id", "state", "id"),
        partial_index("ix_webhook_events_set_aside", "id", where="set_aside > 0"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    provider: Mapped[str] = mapped_column(String(16))
    event_id: Mapped[str] = mapped_column(String(160))
    """The provider's id; for WhatsApp, which gives batches none, the hash of the raw bytes."""
    kind: Mapped[str] = mapped_column(String(64))
    body_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(String(16))
    set_aside: Mapped[int] = mapped_column(default=0, server_default="0")
    """How many of its items could not be read; `error` says why."""
    received_at: Mapped[dt.datetime]
    handled_at: Mapped[dt.datetime | None]


class PlatformNotice(Base):
    """An event of our account, number or templates at a platform. It holds nothing personal."""

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
    """Hash of the content and, if given, its time; it finds the same event in other bytes."""
    received_at: Mapped[dt.datetime]


class InboxItem(Tried, Base):
    """One message of one person, unpacked from a webhook; handled once, in order per person."""

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("channel", "message_id"),
        partial_index("ix_inbox_due", "due_at", where="state = 'waiting'"),
        Index("ix_inbox_person", "person_id", "state", "sent_at"),
        partial_index("ix_inbox_dead", "id", where="state = 'dead'"),
        partial_index(
            "ix_inbox_dead_words", "received_at", where="state = 'dead' AND length(body_sealed) > 0"
        ),
        partial_index(
            "ix_inbox_words", "handled_at", where="state = 'handled' AND length(body_sealed) > 0"
        ),
        partial_index(
            "ix_inbox_wordless", "handled_at", where="state = 'handled' AND length(body_sealed) = 0"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    channel: Mapped[str] = mapped_column(String(16))
    message_id: Mapped[str] = mapped_column(String(160))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("chat_people.id"))
    body_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """An `app.messaging.inbound.Inbound`, as JSON."""
    state: Mapped[str] = mapped_column(String(16))
    sent_at: Mapped[dt.datetime]
    """When the person sent it, by the platform's clock."""
    received_at: Mapped[dt.datetime]
    handled_at: Mapped[dt.datetime | None]


class ModelReading(Base):
    """A question to the language model about a message that waits for its answer, for seconds."""

    __tablename__ = "model_readings"
    __table_args__ = (
        partial_index("ix_model_readings_waiting", "asked_at", where="taken_at IS NULL"),
        Index("ix_model_readings_asked", "asked_at"),
    )

    item_id: Mapped[UUID] = mapped_column(
        ForeignKey("inbox.id", ondelete="CASCADE"), primary_key=True
    )
    question_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """An `app.nlu.interpreter.OpenQuestion`, as JSON."""
    fields_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The fields of the answer, as JSON; None where there is none."""
    asked_at: Mapped[dt.datetime]
    taken_at: Mapped[dt.datetime | None]
    """When a process began to ask the model."""


class ModelDay(Base):
    """How often the language model was asked on a day, in UTC: every process counts here."""

    __tablename__ = "model_days"

    day: Mapped[dt.date] = mapped_column(primary_key=True)
    calls: Mapped[int]


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
    """A person on a chat channel; a user once registered.

    They are known by the platform's user id or the phone's keyed index; either may be missing at first.
    """

    __tablename__ = "chat_people"
    __table_args__ = (
        UniqueConstraint("channel", "phone_index"),
        UniqueConstraint("channel", "platform_user_id"),
        UniqueConstraint("channel", "other_phone_index"),
        partial_index("ix_chat_people_paused", "paused_at", "id", where="paused_at IS NOT NULL"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    channel: Mapped[str] = mapped_column(String(16))
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"), index=True)
    platform_user_id: Mapped[str | None] = mapped_column(String(128))
    phone_index: Mapped[str | None] = mapped_column(String(64))
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    other_phone_index: Mapped[str | None] = mapped_column(String(64))
    """The index of the same number in the platform's other form, where a country's numbers have two."""
    language: Mapped[str | None] = mapped_column(String(8))
    pair_free_at: Mapped[dt.datetime | None]
    """When all that was sent fits the limit of messages to one person again."""
    last_inbound_at: Mapped[dt.datetime | None]
    """The start of the 24-hour window for free-form messages."""
    stopped_at: Mapped[dt.datetime | None]
    no_marketing_at: Mapped[dt.datetime | None]
    """When they stopped marketing messages in the platform's settings."""
    paused_at: Mapped[dt.datetime | None]
    """Since when the bot is silent: a human is wanted or answers."""
    paused_why: Mapped[str | None] = mapped_column(String(24))
    """A `HandoffReason`."""
    held_by: Mapped[UUID | None]
    """The administrator who answers; the takeover ends some time after their last action."""
    held_at: Mapped[dt.datetime | None]
    """The time of that action."""
    state: Mapped[dict[str, Any]] = mapped_column(JsonType, default=dict)
    """The dialogue's state (`app.dialogue.state`), without phones."""
    last_message_at: Mapped[dt.datetime | None]
    """The platform's time of the newest message handled; older messages change nothing here."""
    phone_changed_at: Mapped[dt.datetime | None]
    """The same for changes of phone."""
    stop_told_at: Mapped[dt.datetime | None]
    """The same for STOP and START."""
    marketing_told_at: Mapped[dt.datetime | None]
    """The same for choices about marketing."""
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]
