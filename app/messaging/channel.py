"""What a channel promises.

A channel is one file in `app/providers/`: it turns an `Outgoing` into its platform's call, and a
refusal into a `TransportError` that says what kind of refusal it is. What follows from the kind is
decided here in `app.messaging`, the same for every channel.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.messaging.rules import QuietPeriod, Refusal
from app.texts.message import Outgoing


@dataclass(frozen=True, slots=True)
class Address:
    """Where a message goes: exactly one of the three is set."""

    phone: str | None = None
    """E.164."""
    platform_id: str | None = None
    """The platform's own id of a person whose phone it does not tell us."""
    email: str | None = None

    def __post_init__(self) -> None:
        if sum(part is not None for part in (self.phone, self.platform_id, self.email)) != 1:
            raise ValueError("an address is a phone, a platform id or an e-mail address")


@dataclass(frozen=True, slots=True)
class SendResult:
    """The channel took the message; `provider_id` names it in later statuses."""

    provider_id: str | None
    units: int = 1
    """How many messages it is paid as."""
    known_as: str | None = None
    """The phone (E.164) under which the platform knows whom it was sent to, where it told one."""


class TransportError(Exception):
    """A channel did not take a message. `code` is the platform's, where it gave one.

    `status_seconds` is how soon this platform would tell that it has it all the same; None: as usual.
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


class MessageChannel(Protocol):
    """A way to reach people."""

    async def send(self, message_id: UUID, address: Address, outgoing: Outgoing) -> SendResult:
        """Hand over one message; `message_id` is echoed in statuses where the platform can.

        With `outgoing.template` set the template is sent, else the free form. Raises
        `TransportError`, and nothing else for whatever the other side does.
        """
        ...


type QuietHoursOf = Callable[
    [AsyncSession, Collection[UUID]], Awaitable[Mapping[UUID, QuietPeriod]]
]
"""Looks up which of these users keep quiet hours."""


@dataclass(frozen=True)
class ChannelRegistry:
    """Every way there is to reach people, and at what pace."""

    senders: Mapping[str, MessageChannel]
    """By name (`app.messaging.models.Channel`); one that is missing here is not configured."""
    whatsapp_per_second: int | None = 80
    """What the platform allows our number; None where nothing limits it."""
    whatsapp_daily_people: int | None = None
    """With how many people in any 24 hours we may begin, by this installation's own word; None where
    only the platform limits it."""
    whatsapp_limit: Callable[[], Awaitable[int | None]] | None = None
    """Asks the platform for its limit; 0 is any number, None that it does not say."""
    quiet_hours: QuietHoursOf | None = None
    whatsapp_number: str | None = None
    """The platform's id of the number we send from: statuses of another are not about our messages."""
