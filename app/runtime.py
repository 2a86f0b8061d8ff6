"""The parts of one process, built from the settings: server, worker and commands share them."""

import datetime as dt
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from redis.asyncio import Redis

from app.audit import log
from app.core.clocks import Clock
from app.core.crypto import Keyring
from app.core.logging import logger
from app.core.ratelimit import IMPATIENT, RateLimiter
from app.core.settings import Settings
from app.database import schema
from app.database.clock_check import ClockCheck
from app.database.postgresql import REQUEST, Patience
from app.database.session import Database
from app.identity.redis_sessions import RedisSessions
from app.identity.sessions import DatabaseSessions, SessionStore
from app.identity.tokens import TokenRing
from app.matching.newcomers import index_and_look_again
from app.messaging.channel import ChannelRegistry
from app.messaging.inbox.group_commit import GroupCommit
from app.messaging.inbox.model_readings import ModelDesk
from app.payments import erasure as payments_privacy
from app.payments import live_mode
from app.payments.provider import PaymentEvents
from app.payments.provider_choice import ChosenProviders
from app.privacy.erase import ERASED_WORKER
from app.providers.http import outgoing, sending
from app.providers.wiring import (
    build_channels,
    build_model_desk,
    build_payment_events,
    build_payments,
)


def wall_clock() -> dt.datetime:
    """Return the current instant, in UTC."""
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True)
class Runtime:
    """What a process has while it runs."""

    settings: Settings
    clock: Clock
    keyring: Keyring
    database: Database
    sessions: SessionStore
    tokens: TokenRing
    limiter: RateLimiter
    channels: ChannelRegistry
    group_commit: GroupCommit
    payments: ChosenProviders | None
    """None when no payment provider is configured."""
    payment_events: Mapping[str, PaymentEvents]
    """The webhook of every provider, by its name, whichever of them sells."""
    redis: Redis | None
    clock_check: ClockCheck
    model_desk: ModelDesk | None = None
    """None where no language model is configured."""


def build_keyring(settings: Settings) -> Keyring:
    """Return the keys for personal values: from DATA_KEY, else from SECRET_KEY."""
    newest, *previous = settings.data_secrets
    return Keyring(newest, previous)


@asynccontextmanager
async def running(
    settings: Settings, clock: Clock = wall_clock, patience: Patience = REQUEST
) -> AsyncIterator[Runtime]:
    """Build the parts, bring the schema to this version, and close everything at the end.

    Raises `Unavailable` with a sentence for a person when the database can't be used.
    """
    keyring = build_keyring(settings)
    database = Database(
        settings.database_url.get_secret_value(),
        keyring,
        default_currency=settings.default_currency,
        sms=bool(settings.sms_url),
        patience=patience,
    )
    database.on_change("worker", index_and_look_again(clock))
    database.on_change(ERASED_WORKER, payments_privacy.forget_words)
    redis_url = settings.redis_url.get_secret_value() if settings.redis_url else None
    redis = Redis.from_url(redis_url, **IMPATIENT) if redis_url else None
    days = (settings.refresh_token_days, settings.session_days)
    async with outgoing() as http, sending(settings.whatsapp_url) as platform:
        runtime = Runtime(
            settings=settings,
            clock=clock,
            keyring=keyring,
            database=database,
            sessions=RedisSessions(redis, *days) if redis else DatabaseSessions(*days),
            tokens=TokenRing.from_settings(settings),
            limiter=RateLimiter(redis_url, enabled=settings.rate_limits == "on"),
            channels=build_channels(settings, http, platform),
            group_commit=GroupCommit(database, clock),
            payments=build_payments(settings),
            payment_events=build_payment_events(settings),
            redis=redis,
            clock_check=ClockCheck(database, clock, on=settings.environment != "test"),
            model_desk=build_model_desk(settings, http, clock),
        )
        try:
            await schema.prepare(
                database,
                migrate=not settings.is_production,
                wait_seconds=settings.database_wait_seconds,
            )
            if settings.is_production:
                async with database.read() as session:
                    await live_mode.require_no_test_money(session)
            await runtime.clock_check.require()
            await _key_audit_log(database, clock())
            yield runtime
        finally:
            if runtime.payments is not None:
                await runtime.payments.close()
            await runtime.group_commit.close()
            await database.close()
            await runtime.limiter.close()
            if redis is not None:
                await redis.aclose()


async def _key_audit_log(database: Database, now: dt.datetime) -> None:
    """Key the audit log of an older installation; the log line tells whoever keeps its head."""
    async with database.read() as session:
        if not await log.needs_keying(session):
            return
    async with database.begin() as session:
        rows = await log.start_keying(session, now=now)
    if rows is not None:
        logger().warning("audit_log_keyed", count=rows)
