"""The background loops: which due work they do, and how often they poll for it.

Due work is a query over the domain's tables, so a loop that dies loses nothing, and any number of processes may
run the same loops. A commit that makes work wakes them at once (`app.database.wakeups`); polling finds the rest.
"""

import asyncio
import datetime as dt
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app import clock_repair
from app.api.http import idempotency
from app.attempts.work import Verb as ItemVerb
from app.attempts.work import Work, do_due
from app.audit import heads
from app.chat import runner
from app.core.logging import logger
from app.core.metrics import LOOP_ERRORS, LOOP_ITEMS, LOOP_LAST_ROUND
from app.database.due import Due
from app.identity import password_reset
from app.matching import forecast_history, learning, stale_filing, standby, waves
from app.messaging import retention as messages_kept
from app.messaging.account_links import send_reset_link
from app.messaging.inbox import model_readings, process
from app.messaging.outbox import delivery, messaging_limits
from app.moderation import bulk
from app.offers import closing, expire, reliability, remind
from app.payments import (
    card_taps,
    early_events,
    events,
    forget_customers,
    kept_card,
    lead_guarantee,
    reconcile,
    reconcile_returns,
    send_refunds,
)
from app.privacy import purge, sealing
from app.reporting import lag_history, parked
from app.runtime import Runtime
from app.web.console import market_figures

BATCH = 100
"""Most due items of one round, where each is little work or a transaction of its own."""

_LONGEST_PAUSE_SECONDS = 60.0

type Verb = Callable[[AsyncSession, dt.datetime, int], Awaitable[int]]
type Round = Callable[[Runtime, int], Awaitable[int]]


@dataclass(frozen=True)
class Loop:
    """One kind of due work; `work` handles at most a batch and returns how many items it handled."""

    name: str
    work: Round
    poll_seconds: float
    batch: int = BATCH

    async def round(self, runtime: Runtime) -> int:
        """Do a batch; return how many items were handled."""
        return await self.work(runtime, self.batch)


def _in_one_transaction(verb: Verb) -> Round:
    """Return the round that runs `verb`, which needs few statements."""

    async def work(runtime: Runtime, batch: int) -> int:
        async with runtime.database.begin() as session:
            return await verb(session, runtime.clock(), batch)

    return work


def _item_by_item(work: Work, verb: ItemVerb) -> Round:
    """Return the round that handles each due item in a transaction of its own, so failures stay apart."""

    async def due(runtime: Runtime, batch: int) -> int:
        return await do_due(runtime.database, runtime.clock, batch, work, verb)

    return due


def _in_steps(verb: Verb, *dues: Due) -> Round:
    """Return the round that deletes in short transactions and pauses after a full batch."""

    async def work(runtime: Runtime, batch: int) -> int:
        now = runtime.clock()
        if not any([await due.any_due(runtime.database, now) for due in dues]):
            return 0
        async with runtime.database.begin() as session:
            handled = await verb(session, now, batch)
        if handled >= batch:
            await asyncio.sleep(messages_kept.PAUSE_SECONDS)
        return handled

    return work


async def _forget_messages(runtime: Runtime, batch: int) -> int:
    return await messages_kept.forget_due(runtime.database, runtime.clock(), batch)


async def _send_messages(runtime: Runtime, batch: int) -> int:
    if await runtime.clock_check.is_wrong():
        return 0
    return await delivery.send_due(runtime.database, runtime.channels, runtime.clock, batch)


async def _do_bulk(runtime: Runtime, batch: int) -> int:
    return await bulk.do_bulk(runtime.database, runtime.sessions, runtime.clock, batch)


async def _learn_answers(runtime: Runtime, _batch: int) -> int:
    # Learning comes first: a comparison that fails must not keep it from being done.
    learned = await learning.learn_due(runtime.database, runtime.clock())
    return learned + await forecast_history.compare_due(runtime.database, runtime.clock)


async def _refile_stale(runtime: Runtime, _batch: int) -> int:
    corrected = await stale_filing.refile_stale(runtime.database)
    if corrected:
        logger().info("refiled", workers=corrected)
    return 0  # a lap is whole: the next one is not at once


async def _read_limits(runtime: Runtime, _batch: int) -> int:
    return await messaging_limits.read_due(runtime.database, runtime.channels, runtime.clock)


async def _handle_inbox(runtime: Runtime, batch: int) -> int:
    return await process.handle_due(
        runtime.database,
        runtime.clock,
        batch,
        runner.handler(runtime.settings, runtime.model_desk),
        bursts=runtime.settings.text_bursts == "on",
    )


async def _ask_model(runtime: Runtime, batch: int) -> int:
    return await model_readings.ask_due(runtime.database, runtime.clock, batch, runtime.model_desk)


async def _handle_payment_events(runtime: Runtime, batch: int) -> int:
    return await events.handle_due(runtime.database, runtime.clock, batch, runtime.payment_events)


async def _reconcile_payments(runtime: Runtime, batch: int) -> int:
    if runtime.payments is None:
        return 0
    return await reconcile.check_due(runtime.database, runtime.payments, runtime.clock, batch)


async def _reconcile_returns(runtime: Runtime, batch: int) -> int:
    if runtime.payments is None:
        return 0
    return await reconcile_returns.check_due(
        runtime.database, runtime.payments, runtime.clock, batch
    )


async def _charge_taps(runtime: Runtime, batch: int) -> int:
    if runtime.payments is None:
        return 0
    return await card_taps.charge_due(
        runtime.database, runtime.payments, runtime.settings.base_url, runtime.clock, batch
    )


async def _look_for_cards(runtime: Runtime, batch: int) -> int:
    if runtime.payments is None:
        return 0
    return await kept_card.look_due(runtime.database, runtime.payments, runtime.clock, batch)


async def _forget_customers(runtime: Runtime, batch: int) -> int:
    if runtime.payments is None:
        return 0
    return await forget_customers.forget_due(
        runtime.database, runtime.payments, runtime.clock, batch
    )


async def _send_refunds(runtime: Runtime, batch: int) -> int:
    if runtime.payments is None:
        return 0
    return await send_refunds.send_due(runtime.database, runtime.payments, runtime.clock, batch)


async def _set_instants_right(runtime: Runtime, batch: int) -> int:
    now = runtime.clock()
    if not await clock_repair.is_needed(runtime.database, now):
        return 0
    async with runtime.database.begin() as session:
        return await clock_repair.repair(session, now, batch)


async def _mail_reset_links(runtime: Runtime, batch: int) -> int:
    async with runtime.database.read() as session:
        if not await password_reset.has_requests(session):
            return 0
    now = runtime.clock()
    async with runtime.database.begin() as session:
        emails = await password_reset.take_requests(session, batch)
        for email in emails:
            for link in await password_reset.issue_tokens(session, email, now=now):
                await send_reset_link(session, runtime.settings.base_url, link, now)
    return len(emails)


async def _keep_figures(runtime: Runtime, _batch: int) -> int:
    """Keep what pages show and nobody should wait for: a sample of the lags, the figures of a large market."""
    try:
        await lag_history.sample_due(runtime.database, runtime.clock())
    finally:  # neither waits for the other to succeed
        await market_figures.keep_due(runtime.database, runtime.clock())
    return 0


async def _log_audit_head(runtime: Runtime, _batch: int) -> int:
    """Log the head of the audit log: kept with the logs, it shows whether the audit log was cut off."""
    async with runtime.database.read() as session:
        head = await heads.current(session)
    logger().info("audit_head", number=head.number, hash=head.hash)
    return 0


LOOPS = (
    Loop("inbox", _handle_inbox, 2),
    Loop("outbox", _send_messages, 2),
    Loop(model_readings.LOOP, _ask_model, 2, model_readings.AT_ONCE),
    Loop("payment_events", _handle_payment_events, 2),
    Loop("refunds", _send_refunds, 5),
    Loop("expire_offers", _item_by_item(expire.EXPIRIES, expire.expire_due), 5),
    Loop("waves", _item_by_item(waves.WAVES, waves.send_due), 5, waves.AT_ONCE),
    Loop("standby", _item_by_item(standby.PLACES, standby.promote_due), 15),
    Loop("learn_answers", _learn_answers, 600),
    Loop("refile", _refile_stale, stale_filing.LAP_SECONDS),
    Loop("remind", _item_by_item(remind.REMINDERS, remind.remind_due), 15),
    Loop("expire_jobs", _item_by_item(closing.ENDS, closing.expire_jobs_due), 30),
    Loop("reconcile_payments", _reconcile_payments, 30),
    Loop("reconcile_returns", _reconcile_returns, 60),
    Loop(card_taps.LOOP, _charge_taps, 2),
    Loop(kept_card.LOOP, _look_for_cards, 60),
    Loop("forget_customers", _forget_customers, 60),
    Loop("early_events", _item_by_item(early_events.MATCHES, early_events.match_due), 60),
    Loop("lead_reports", _item_by_item(lead_guarantee.REPORTS, lead_guarantee.decide_due), 60),
    Loop(bulk.LOOP, _do_bulk, 5, bulk.AT_ONCE),
    Loop("orphaned_events", _in_one_transaction(early_events.report_orphans), 600),
    Loop("read_limits", _read_limits, 60),
    Loop("set_instants_right", _set_instants_right, 30),
    Loop(password_reset.LOOP, _mail_reset_links, 5),
    Loop("audit_head", _log_audit_head, 86_400),
    Loop("seal", _in_one_transaction(sealing.seal_due), 3_600, sealing.STEP),
    Loop("forget_outcomes", _in_steps(reliability.forget_due, reliability.OUTCOMES_DUE), 600),
    Loop("forget_keys", _in_steps(idempotency.purge, idempotency.KEYS_DUE), 600),
    Loop("forget_bodies", _forget_messages, 600),
    Loop("forget_sessions", _in_steps(purge.purge_identity, *purge.IDENTITY_DUE), 600),
    Loop(
        "forget_unproven",
        _item_by_item(purge.ERASURES, purge.purge_unproven),
        600,
        purge.UNPROVEN_AT_ONCE,
    ),
    Loop("keep_figures", _keep_figures, 60),
    Loop("count_parked", _in_one_transaction(parked.tidy), 60),
)


async def _run(runtime: Runtime, loop: Loop) -> None:
    failures = 0
    async with runtime.database.wakeups.event(loop.name) as woken:
        while True:
            woken.clear()
            try:
                handled = await loop.round(runtime)
                failures = 0
            except Exception as error:  # noqa: BLE001 - the top of a loop: nothing may end it
                failures += 1
                handled = 0
                LOOP_ERRORS.labels(loop.name).inc()
                logger().error("loop_failed", loop=loop.name, exc_info=error)
            LOOP_ITEMS.labels(loop.name).inc(handled)
            LOOP_LAST_ROUND.labels(loop.name).set_to_current_time()
            if handled >= loop.batch:
                continue
            pause = loop.poll_seconds * 2 ** min(failures, 5)
            pause = min(pause, max(_LONGEST_PAUSE_SECONDS, loop.poll_seconds))
            # Random, so that many processes do not query the database in the same instant.
            with suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), pause * random.uniform(0.8, 1.2))  # noqa: S311


@asynccontextmanager
async def loops(runtime: Runtime) -> AsyncIterator[None]:
    """Run every loop during the block; work in progress at its end is leased and taken up again."""
    tasks = [asyncio.create_task(_run(runtime, loop), name=loop.name) for loop in LOOPS]
    if runtime.database.is_postgresql:
        url = runtime.database.url.render_as_string(hide_password=False)
        listening = runtime.database.wakeups.listen(url)
        tasks.append(asyncio.create_task(listening, name="listen"))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
