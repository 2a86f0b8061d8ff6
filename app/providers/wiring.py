"""Which channels this installation sends by, built from its settings."""

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import aiohttp
import httpx

from app.core.settings import Settings
from app.messaging.channel import ChannelRegistry, MessageChannel
from app.messaging.models import Channel
from app.providers.sms import build_sms
from app.providers.smtp import MailFolder, Smtp
from app.providers.whatsapp.client import build_whatsapp
from app.workers.quiet_hours import find_quiet_hours

MAIL_FOLDER: Final = Path("mail")
"""Where e-mails go in development, one file each."""


def build_channels(
    settings: Settings, http: httpx.AsyncClient, platform: aiohttp.ClientSession
) -> ChannelRegistry:
    """Return the channels that are configured; messages for another wait until it is."""
    senders: dict[str, MessageChannel] = {}
    if (whatsapp := build_whatsapp(settings, platform)) is not None:
        senders[Channel.WHATSAPP] = whatsapp
    if (sms := build_sms(settings, http)) is not None:
        senders[Channel.SMS] = sms
    host = urlsplit(settings.base_url).hostname or "localhost"
    sender = f"Partimer <no-reply@{host}>"
    if settings.smtp_url is not None:
        senders[Channel.EMAIL] = Smtp(settings.smtp_url.get_secret_value(), sender)
    elif not settings.is_production:
        senders[Channel.EMAIL] = MailFolder(MAIL_FOLDER, sender)
    # A test's clock stands still, and with it the turns it gives out.
    pace = None if settings.environment == "test" else settings.whatsapp_pace
    return ChannelRegistry(
        senders,
        whatsapp_per_second=pace,
        whatsapp_daily_people=settings.whatsapp_daily_people or None,
        whatsapp_limit=whatsapp.daily_people if whatsapp is not None else None,
        quiet_hours=find_quiet_hours,
        whatsapp_number=settings.whatsapp_number or None,
    )
