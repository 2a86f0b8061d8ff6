"""Which channels and payment provider this installation uses, built from its settings."""

import aiohttp
import httpx

from app.core.settings import Settings
from app.messaging.channel import ChannelRegistry
from app.messaging.models import Channel
from app.payments.provider import PaymentEvents, PaymentProvider
from app.providers.sms import sms_channel
from app.providers.smtp import email_channel
from app.providers.stripe.client import StripePayments
from app.providers.stripe.currencies import STRIPE_CURRENCIES
from app.providers.stripe.webhook import StripeEvents
from app.providers.whatsapp.client import whatsapp_channel
from app.workers.quiet_hours import find_quiet_hours


def build_channels(
    settings: Settings, http: httpx.AsyncClient, platform: aiohttp.ClientSession
) -> ChannelRegistry:
    """Return the channels that are configured; messages for another wait until it is."""
    channels = {
        Channel.WHATSAPP: whatsapp_channel(settings, platform),
        Channel.SMS: sms_channel(settings, http),
        Channel.EMAIL: email_channel(settings),
    }
    configured = {name.value: channel for name, channel in channels.items() if channel is not None}
    return ChannelRegistry(configured, find_quiet_hours)


def currency_problems(settings: Settings) -> list[str]:
    """Return why leads can't be sold in the currency that is configured, each a sentence."""
    problem = STRIPE_CURRENCIES.problem(settings.default_currency)
    return [f"DEFAULT_CURRENCY can't be {settings.default_currency}: {problem}"] if problem else []


def build_payments(settings: Settings) -> PaymentProvider | None:
    """Return the provider, or None when no key is configured."""
    if settings.stripe_key is None:
        return None
    return StripePayments(settings.stripe_key, settings.stripe_url)


def build_payment_events(settings: Settings) -> PaymentEvents:
    """Return the webhook of the provider; events of before are handled even where no key is configured."""
    return StripeEvents(settings.stripe_webhook_secrets)
