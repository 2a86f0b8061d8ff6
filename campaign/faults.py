"""What goes wrong meanwhile: each kind of fault by name, dealt in an order that the seed decides."""

import asyncio
import contextlib
import json
import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import redis.asyncio
from sqlalchemy import Connection, delete, insert, select, text

from app.database.engines import sync_engine_for
from app.database.schema import load_models
from campaign.databases import CampaignDatabase, PostgresServer
from campaign.processes import Process
from campaign.town import Town

_OF_SENDS: Final = (
    *("timeout_after_accept", "drop_after_accept", "http_500_after_accept"),
    *("timeout", "http_500", "http_503", "html_502"),
    *("rate_limited", "pair_limited", "template_paused", "token_expired"),
    *("error", "blocked", "window_closed", "failed", "no_status", "skip_delivered"),
)
_OF_WEBHOOKS: Final = ("duplicate", "reorder", "batch", "delay", "bad_signature")
_OF_PAYMENTS: Final = (
    *("timeout_after_accept", "drop_after_accept", "timeout", "http_500"),
    *("http_500_after_accept", "html_502", "rate_limited"),
)
_RESTED: Final = 0.7
"""Share of the faults that meet a product at work; the others meet one that is starting or broken."""

_READY_SECONDS: Final = 15.0
_FIVE: Final = 5
_AGAIN_AT_MOST: Final = 40

type Fault = Callable[[], Coroutine[Any, Any, None]]


class Trouble:
    """Every fault there is here, and how often each was played."""

    def __init__(
        self,
        town: Town,
        database: CampaignDatabase,
        processes: Sequence[Process],
        cache_url: str | None,
        sandbox_file: Path,
        luck: random.Random,
    ) -> None:
        self.played: Counter[str] = Counter()
        self.impossible: dict[str, str] = {}
        """Faults that can't be played here, and why."""
        self.poisoned: list[tuple[str, str]] = []
        """Rows that were made unreadable: table and id."""
        self._one_at_a_time = asyncio.Lock()
        self._town, self._database, self._processes = town, database, list(processes)
        self._cache_url, self._sandbox_file, self._luck = cache_url, sandbox_file, luck

    def deck(self) -> dict[str, Fault]:
        """Return the faults that can be played here."""
        faults: dict[str, Fault] = {
            "kill": self._kill,
            "kill_at_a_write": self._kill_at_a_write,
            "kill_all": self._kill_all,
            "freeze_a_process": self._freeze_a_process,
            "whatsapp_fails": self._whatsapp_fails,
            "stripe_fails": self._stripe_fails,
            "webhooks_misbehave": self._webhooks_misbehave,
            "webhooks_in_fives": self._webhooks_in_fives,
            "clock_jumps": self._clock_jumps,
            "poisoned_message": self._poisoned_message,
            "poisoned_job": self._poisoned_job,
            "poisoned_inbox": self._poisoned_inbox,
        }
        if isinstance(self._database, PostgresServer):
            faults["sessions_end"] = self._sessions_end
            faults["database_restarts"] = self._database_restarts
            faults["database_freezes"] = self._database_freezes
        if self._database.no_small_disk is None:
            faults["full_disk"] = self._full_disk
        else:
            self.impossible["full_disk"] = self._database.no_small_disk
        if self._cache_url is not None:
            faults["cache_flushed"] = self._cache_flushed
        return faults

    async def play(self, pause_seconds: float) -> None:
        """Play faults until the campaign ends: each kind once before any comes again.

        They overlap, but for those of the database, which come one after the other.
        """
        deck = self.deck()
        left: list[str] = []
        async with asyncio.TaskGroup() as playing:
            while not self._town.closed.is_set():
                if not left:
                    # A kill at a write is what the campaign is for: it comes three times as often.
                    left = [*deck, "kill_at_a_write", "kill_at_a_write"]
                    self._luck.shuffle(left)
                name = left.pop()
                if self._luck.random() < _RESTED:
                    await self._all_ready()
                playing.create_task(deck[name]())
                self.played[name] += 1
                await self._town.pause(pause_seconds)

    async def _all_ready(self) -> None:
        """Return once every process serves, so that something gets done between one fault and the next."""
        waiting = asyncio.gather(*(process.ready.wait() for process in self._processes))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(waiting, _READY_SECONDS)

    # ── Processes ────────────────────────────────────────────────────────────────────────────────

    def _one(self) -> Process:
        return self._luck.choice(self._processes)

    async def _kill(self) -> None:
        self._one().kill()

    async def _kill_all(self) -> None:
        for process in self._processes:
            process.kill()
        await asyncio.sleep(0.1)

    async def _kill_at_a_write(self) -> None:
        process = self._one()
        at = self._luck.choice(("statement", "commit", "committed"))
        process.order(die={"at": at, "after": self._luck.randint(0, 12)})

    async def _freeze_a_process(self) -> None:
        await self._one().freeze(self._luck.uniform(0.5, 3.0))

    async def _clock_jumps(self) -> None:
        """Turn one clock or all, for some seconds: ahead by up to a quarter of an hour, or back."""
        processes = self._luck.choice(([self._one()], self._processes))
        ahead = self._luck.choice((-45.0, 100.0, 250.0, 900.0))
        for process in processes:
            process.order(clock_seconds=ahead)
        await asyncio.sleep(self._luck.uniform(0.5, 2.0))
        for process in processes:
            process.order(clock_seconds=0.0)

    # ── Database, disk, cache ────────────────────────────────────────────────────────────────────

    async def _sessions_end(self) -> None:
        async with self._one_at_a_time:
            if isinstance(self._database, PostgresServer):
                self.played["sessions ended"] += await self._database.end_sessions()

    async def _database_restarts(self) -> None:
        async with self._one_at_a_time:
            if isinstance(self._database, PostgresServer):
                await self._database.restart(crash=self._luck.random() < 0.5)

    async def _database_freezes(self) -> None:
        async with self._one_at_a_time:
            if isinstance(self._database, PostgresServer):
                await self._database.freeze(self._luck.uniform(0.5, 5.0))

    async def _full_disk(self) -> None:
        async with self._one_at_a_time:
            await self._database.fill_disk(self._luck.uniform(0.5, 2.0))

    async def _cache_flushed(self) -> None:
        async with redis.asyncio.Redis.from_url(self._cache_url or "") as cache:
            await cache.flushall()

    # ── Providers ────────────────────────────────────────────────────────────────────────────────

    async def _script(self, service: str, kind: str, times: int) -> None:
        body = {"kind": kind, "next": times, "seconds": 1}
        await self._town.outside("POST", f"/{service}/_control/faults", body)
        self.played[f"{service}: {kind}"] += times

    async def _whatsapp_fails(self) -> None:
        for _ in range(2):
            await self._script("whatsapp", self._luck.choice(_OF_SENDS), self._luck.randint(1, 3))

    async def _stripe_fails(self) -> None:
        await self._script("stripe", self._luck.choice(_OF_PAYMENTS), self._luck.randint(1, 2))

    async def _webhooks_misbehave(self) -> None:
        for service in ("whatsapp", "whatsapp", "stripe"):
            await self._script(service, self._luck.choice(_OF_WEBHOOKS), self._luck.randint(1, 4))

    async def _webhooks_in_fives(self) -> None:
        """Post what came before again, shuffled, in other batches, each five times."""
        items = self._sent("whatsapp")
        value = {
            "metadata": {"phone_number_id": "100000000000001"},
            "messages": [item["message"] for item in items if "message" in item],
            "statuses": [item["status"] for item in items if "status" in item],
            "contacts": [item["contact"] for item in items if item.get("contact")],
        }
        change = {"field": "messages", "value": value}
        payload = {
            "object": "whatsapp_business_account",
            "entry": [{"id": "200000000000002", "changes": [change]}],
        }
        body: dict[str, Any] = {"payload": payload, "signature": "good", "times": _FIVE}
        await self._town.outside("POST", "/whatsapp/_control/raw", body)
        for event in self._sent("stripe")[:3]:
            body = {"payload": event, "signature": "good", "times": _FIVE}
            await self._town.outside("POST", "/stripe/_control/raw", body)

    def _sent(self, service: str) -> list[dict[str, Any]]:
        with closing(sqlite3.connect(self._sandbox_file)) as sandbox:
            rows = sandbox.execute(
                "SELECT item FROM webhooks WHERE service = ? AND state = 'delivered'"
                " ORDER BY id DESC LIMIT 400",
                (service,),
            ).fetchall()
        items = [json.loads(item) for (item,) in rows]
        self._luck.shuffle(items)
        return items[:_AGAIN_AT_MOST]

    # ── Rows that nobody can read ────────────────────────────────────────────────────────────────

    async def _poisoned_message(self) -> None:
        """Make one message that waits to be sent unreadable; there may be none."""
        await self._poison(
            "outbox",
            "UPDATE outbox SET params_sealed = :garbage WHERE id = (SELECT id FROM outbox"
            " WHERE state IN ('waiting', 'unknown') AND kind = 'job_offer' LIMIT 1) RETURNING id",
        )

    async def _poisoned_job(self) -> None:
        """Let the time zone of one published job be lost; there may be none."""
        await self._poison(
            "jobs",
            "UPDATE jobs SET time_zone = 'Nowhere/Lost' WHERE id = (SELECT id FROM jobs"
            " WHERE status = 'published' AND time_zone <> 'Nowhere/Lost' LIMIT 1) RETURNING id",
        )

    async def _poisoned_inbox(self) -> None:
        """Let something wait in the inbox of somebody who wrote before that nobody can read."""

        def write(connection: Connection) -> list[str]:
            tables = load_models().tables
            inbox, people = tables["inbox"], tables["chat_people"]
            # Of who erased everything nothing waits, which the invariants look at.
            reachable = select(people.c.id).where(people.c.phone_index.is_not(None))
            written = (inbox.c.state == "handled") & inbox.c.person_id.in_(reachable)
            rows = connection.execute(select(inbox).where(written).limit(20))
            found = [dict(row) for row in rows.mappings()]
            if not found:
                return []
            new = {"id": uuid4(), "message_id": f"poison.{uuid4().hex}", "state": "waiting"}
            unread = {"body_sealed": uuid4().bytes, "attempts": 0, "handled_at": None}
            connection.execute(insert(inbox), [self._luck.choice(found) | new | unread])
            return [str(new["id"])]

        await self._write("inbox", write)

    async def _poison(self, table: str, statement: str) -> None:
        def write(connection: Connection) -> list[str]:
            binding = {"garbage": uuid4().bytes} if ":garbage" in statement else {}
            return [str(row.id) for row in connection.execute(text(statement), binding)]

        await self._write(table, write)

    async def _write(self, table: str, write: Callable[[Connection], list[str]]) -> None:
        def in_transaction() -> list[str]:
            engine = sync_engine_for(self._database.url)
            try:
                with engine.begin() as connection:
                    return write(connection)
            finally:
                engine.dispose()

        try:
            rows = await asyncio.to_thread(in_transaction)
        except Exception:  # noqa: BLE001 - the database may be broken by another fault just now
            return
        self.poisoned += [(table, row) for row in rows]

    # ── The end ──────────────────────────────────────────────────────────────────────────────────

    async def end(self) -> None:
        """Take back every fault that still waits, and mend what was broken."""
        for service, kinds in (
            ("whatsapp", (*_OF_SENDS, *_OF_WEBHOOKS)),
            ("stripe", (*_OF_PAYMENTS, *_OF_WEBHOOKS)),
        ):
            for kind in kinds:
                body = {"kind": kind, "next": 0}
                await self._town.outside("POST", f"/{service}/_control/faults", body)
        for process in self._processes:
            process.order(clock_seconds=0.0, die=None)
        await self._database.mend()
        await self._clear_inbox()
        await asyncio.wait_for(
            asyncio.gather(*(process.ready.wait() for process in self._processes)), 60
        )

    async def _clear_inbox(self) -> None:
        """Delete what was put there that nobody can read: its people's own messages wait behind it."""

        def write(connection: Connection) -> list[str]:
            inbox = load_models().tables["inbox"]
            poison = [UUID(row) for table, row in self.poisoned if table == "inbox"]
            connection.execute(delete(inbox).where(inbox.c.id.in_(poison)))
            return []

        await self._write("inbox", write)

    async def approve_templates(self, names: Sequence[str]) -> None:
        """Let the platform approve again what it had paused."""
        for name in names:
            body = {"name": name, "status": "APPROVED"}
            await self._town.outside("POST", "/whatsapp/_control/templates", body)
