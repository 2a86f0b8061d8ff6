"""The port to a platform that carries messages: who sends, and what the platform allows.

A channel is one file in `app/providers/`. It turns an `Outgoing` into its platform's call, and a refusal into a
`TransportError`. What follows from a refusal is decided in `app.messaging.rules`, the same for every channel.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.messaging.quiet_hours import QuietPeriod
from app.messaging.rules import Refusal
from app.texts.message import Outgoing


@dataclass(frozen=True, slots=True)
class Address:
    """Where a message goes: exactly one of the three is set."""

    phone: str | None = None
    """E.164."""
    platform_id: str | None = None
    """The platform's id of a person whose phone it hides."""
    email: str | None = None

    def __post_init__(self) -> None:
        if sum(part is not None for part in (self.phone, self.platform_id, self.email)) != 1:
            raise ValueError("an address is a phone, a platform id or an e-mail address")


@dataclass(frozen=True, slots=True)
class SendResult:
    """The channel accepted the message; later statuses name it by `provider_id`."""

    provider_id: str | None
    units: int = 1
    """How many messages are charged."""
    known_as: str | None = None
    """The recipient's phone (E.164) as the platform writes it, if it was given."""


class TransportError(Exception):
    """A channel refused a message. `code` is the platform's, where it gave one.

    `status_seconds` is how soon a status would show that the message arrived nevertheless; None: as usual.
    """

    def __init__(
        self,
        kind: Refusal,
        *,
        code: str | None = None,
        retry_after_seconds: float | None = None,
        status_seconds: float | None = None,
    ) -> None:
        self.kind = kind
        self.code = code
        self.retry_after_seconds = retry_after_seconds
        self.status_seconds = status_seconds
        super().__init__(f"{kind.value} {code or ''}".strip())


class Sender(Protocol):
    """Sends messages by one platform."""

    async def send(self, message_id: UUID, address: Address, outgoing: Outgoing) -> SendResult:
        """Hand over one message; the platform echoes `message_id` in its statuses where it can.

        Sends `outgoing.template` where it is set, else the free form. Raises only `TransportError`.
        """
        ...


@dataclass(frozen=True, slots=True)
class ChannelPolicy:
    """What a platform allows and reports. The defaults are those of a plain gateway to phones."""

    by_email: bool = False
    """Whether an address is an e-mail address, not a phone or a platform id."""
    has_window: bool = False
    """Whether free-form is allowed only for 24 hours after a person's last message; outside, a template is.

    Such a platform also limits the rate to one person and the people we may write to first in a day.
    """
    per_second: int | None = None
    """How many messages a second our number may send; None where nothing limits it."""
    daily_people: int | None = None
    """Our own limit of people in any 24 hours to write to first; None where only the platform limits it."""
    ask_daily_people: Callable[[], Awaitable[int | None]] | None = None
    """Asks the platform for that limit. 0 is any number; None means that it does not say."""
    number_id: str | None = None
    """The platform's id of the number we send from. Statuses of another number are not about our messages."""
    reports_delivery: bool = False
    """Whether statuses follow; without them a message that was taken counts as sent."""
    free_form_category: str | None = None
    """The cost category of a free-form message; None for the channel's name."""


@dataclass(frozen=True, slots=True)
class MessageChannel:
    """One configured channel."""

    sender: Sender
    policy: ChannelPolicy = ChannelPolicy()


type QuietHoursOf = Callable[
    [AsyncSession, Collection[UUID]], Awaitable[Mapping[UUID, QuietPeriod]]
]
"""Looks up which of these users keep quiet hours."""


@dataclass(frozen=True)
class ChannelRegistry:
    """The configured channels by name (`app.messaging.models.Channel`); messages for another one wait."""

    by_name: Mapping[str, MessageChannel]
    quiet_hours: QuietHoursOf | None = None
