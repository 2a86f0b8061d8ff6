"""Which channels and payment provider this installation uses, built from its settings."""

from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

import aiohttp
import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clocks import Clock
from app.core.settings import Settings
from app.employers import quiet_hours as of_teams
from app.messaging.channel import ChannelRegistry
from app.messaging.inbox.model_readings import ModelDesk
from app.messaging.models import Channel
from app.messaging.quiet_hours import QuietPeriod
from app.payments.provider import PaymentEvents, PaymentProvider
from app.payments.provider_choice import ChosenProviders
from app.payments.provider_currencies import ProviderCurrencies
from app.providers.interpreter import build_interpreter
from app.providers.razorpay.client import RazorpayPayments
from app.providers.razorpay.currencies import RAZORPAY_CURRENCIES
from app.providers.razorpay.webhook import RazorpayEvents
from app.providers.sms import sms_channel
from app.providers.smtp import email_channel
from app.providers.stripe.client import StripePayments
from app.providers.stripe.currencies import STRIPE_CURRENCIES
from app.providers.stripe.webhook import StripeEvents
from app.providers.whatsapp.client import whatsapp_channel
from app.workers import quiet_hours as of_workers


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
    return ChannelRegistry(configured, _find_quiet_hours)


async def _find_quiet_hours(
    session: AsyncSession, ids: Collection[UUID]
) -> Mapping[UUID, QuietPeriod]:
    """Return the quiet hours of workers and of members of teams."""
    found = await of_workers.find_quiet_hours(session, ids)
    rest = [user_id for user_id in ids if user_id not in found]
    return {**found, **await of_teams.find_quiet_hours(session, rest)}


_CURRENCIES: Final[dict[str, ProviderCurrencies]] = {
    "stripe": STRIPE_CURRENCIES,
    "razorpay": RAZORPAY_CURRENCIES,
}


def currency_problems(settings: Settings) -> list[str]:
    """Return why leads can't be sold in the currency that is configured, each a sentence."""
    problem = _CURRENCIES[settings.payment_provider].problem(settings.default_currency)
    return [f"DEFAULT_CURRENCY can't be {settings.default_currency}: {problem}"] if problem else []


def build_payments(settings: Settings) -> ChosenProviders | None:
    """Return the providers whose keys are configured; None without any."""
    configured: list[PaymentProvider] = []
    if settings.stripe_key is not None:
        configured.append(
            StripePayments(
                settings.stripe_key, settings.stripe_url, livemode=settings.stripe_is_live
            )
        )
    if settings.razorpay_key is not None:
        configured.append(
            RazorpayPayments(
                settings.razorpay_key, settings.razorpay_url, livemode=settings.razorpay_is_live
            )
        )
    if not configured:
        return None
    name = settings.payment_provider
    return ChosenProviders(name, _CURRENCIES[name], {each.name: each for each in configured})


def build_payment_events(settings: Settings) -> dict[str, PaymentEvents]:
    """Return the webhooks by the provider's name; events of before are handled even where no key is configured."""
    events: tuple[PaymentEvents, ...] = (
        StripeEvents(settings.stripe_webhook_secrets, livemode=settings.stripe_is_live),
        RazorpayEvents(
            settings.razorpay_webhook_secrets,
            livemode=settings.razorpay_is_live,
            account_id=settings.razorpay_account_id,
        ),
    )
    return {each.name: each for each in events}


def build_model_desk(settings: Settings, http: httpx.AsyncClient, clock: Clock) -> ModelDesk | None:
    """Return the language model with its budget, or None where none is configured."""
    interpreter = build_interpreter(settings, http, clock)
    return (
        None if interpreter is None else ModelDesk(interpreter, settings.interpreter_calls_per_day)
    )
