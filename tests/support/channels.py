"""The channels of tests: any sender behind WhatsApp's policy, without its rate unless asked for."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from app.messaging.channel import (
    ChannelPolicy,
    ChannelRegistry,
    MessageChannel,
    QuietHoursOf,
    Sender,
)
from app.messaging.models import Channel
from app.providers.whatsapp.client import POLICY


def channels_of(
    whatsapp: Sender,
    email: Sender | None = None,
    *,
    per_second: int | None = None,
    daily_people: int | None = None,
    ask_daily_people: Callable[[], Awaitable[int | None]] | None = None,
    quiet_hours: QuietHoursOf | None = None,
) -> ChannelRegistry:
    """Return a registry of these senders."""
    allowed = replace(
        POLICY, per_second=per_second, daily_people=daily_people, ask_daily_people=ask_daily_people
    )
    by_name = {Channel.WHATSAPP.value: MessageChannel(whatsapp, allowed)}
    if email is not None:
        by_name[Channel.EMAIL.value] = MessageChannel(email, ChannelPolicy(by_email=True))
    return ChannelRegistry(by_name, quiet_hours)
