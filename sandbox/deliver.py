"""Webhooks on their way out: a queue in the world's file, and one loop a service that empties it.

What is due is a query, so nothing is lost when a process dies: a claimed row is pushed into the
future by a lease, and comes back if nobody reports on it. Several processes share the queue by
claiming in one statement. Refused and unreachable posts are repeated with growing waits.
"""

import asyncio
import contextlib
import logging
import random
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx

from sandbox import faults
from sandbox.config import SandboxConfig
from sandbox.store import Json, Store, dumps, loads

LEASE_SECONDS = 60.0
#: Other processes' webhooks are noticed by looking, this often.
LOOK_SECONDS = 0.5
#: After a quiet time, what comes within this goes out together: a post costs more than a send.
GATHER_SECONDS = 0.02
#: From this attempt on, items go one by one, so that a bad one does not hold up its neighbours.
ALONE_FROM_ATTEMPT = 3

log = logging.getLogger("sandbox.deliver")


@dataclass(frozen=True, slots=True)
class Service:
    """How one platform posts: where, how many items at once, their body, and its signature."""

    name: str
    url: str
    batch: int
    body: Callable[[Sequence[Json]], bytes]
    sign: Callable[[bytes, str], dict[str, str]]
    #: The header that carries an item's `event_id`, where the platform puts the id beside the body.
    id_header: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver said: `status` 0 means that it could not be reached."""

    status: int
    text: str

    @property
    def acknowledged(self) -> bool:
        """Both platforms take any 2xx for an acknowledgement."""
        return 200 <= self.status < 300

    @property
    def reason(self) -> str:
        """One line for a person."""
        if self.status == 0:
            return f"the webhook could not be reached: {self.text}"
        return f"the webhook answered {self.status}: {self.text[:300]}"


class Deliverer:
    """Queues webhooks and posts them, in the background or at once."""

    def __init__(self, config: SandboxConfig, store: Store, services: Sequence[Service]) -> None:
        """Nothing runs before `start()`."""
        self._config = config
        self._store = store
        self._services = {service.name: service for service in services}
        self._wakers: dict[str, asyncio.Event] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._client: httpx.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Begin emptying the queue on the running loop; starting twice changes nothing."""
        loop = asyncio.get_running_loop()
        if self._loop is loop:
            return
        self._loop = loop
        # No proxy from the environment: the receiver is this machine or a named development host.
        self._client = httpx.AsyncClient(
            timeout=self._config.webhook_timeout_seconds,
            trust_env=False,
            verify=_tls(any(s.url.startswith("https:") for s in self._services.values())),
        )
        self._wakers = {name: asyncio.Event() for name in self._services}
        self._tasks = [
            loop.create_task(self._run(service), name=f"sandbox-{service.name}")
            for service in self._services.values()
        ]

    async def stop(self) -> None:
        """End the loops; what they held goes back to the queue."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
        self._client = None
        self._loop = None

    def enqueue(
        self,
        service: str,
        item: Json,
        *,
        ref: str,
        after_seconds: float = 0.0,
        at_once: bool = True,
    ) -> list[int]:
        """Store a webhook to be posted; scripted faults apply here. Call inside `store.write()`.

        `at_once=False` leaves the posting to `deliver()` of this process; should that not
        happen, the loop takes over after the lease. Returns the ids that `deliver()` may post
        now: none where a fault delays or loses it, two where one doubles it.
        """
        if not self.subscribed(service):
            return []
        fault = faults.take(self._store, service, "webhook")
        kind = fault.kind if fault else None
        wait = after_seconds
        if kind == "delay":
            wait += fault.seconds if fault and fault.seconds is not None else 5.0
        elif kind == "reorder":
            wait += 1.0
        elif kind == "batch":
            wait += 0.5
        postponed = kind in {"delay", "reorder", "batch", "lost"}
        now = time.time()
        due_at = now + (wait if at_once or postponed else LEASE_SECONDS)
        ids: list[int] = []
        with self._store.write() as db:
            for _ in range(2 if kind == "duplicate" else 1):
                row = db.execute(
                    "INSERT INTO webhooks (service, item, ref, state, created_at, due_at, flaw)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
                    (
                        service,
                        dumps(item),
                        ref,
                        "lost" if kind == "lost" else "waiting",
                        now,
                        due_at,
                        "bad_signature" if kind == "bad_signature" else None,
                    ),
                ).fetchone()
                ids.append(row["id"])
        return [] if postponed else ids

    def subscribe(self, service: str, *, wanted: bool) -> None:
        """Whether webhooks are queued at all; those that wait are still posted."""
        self._store.set_setting(f"{service}_subscribed", "yes" if wanted else "no")

    def subscribed(self, service: str) -> bool:
        """Every service is, until somebody says otherwise."""
        return self._store.setting(f"{service}_subscribed", "yes") == "yes"

    def wake(self, service: str) -> None:
        """Tell this process's loop that something was queued."""
        waker = self._wakers.get(service)
        if waker is not None:
            waker.set()

    async def deliver(self, service: str, ids: Sequence[int]) -> Answer:
        """Post queued items now, in one request, and record the outcome.

        A refusal leaves them queued, to be repeated in the background as the platform does.
        """
        rows = [
            row
            for id_ in ids
            if (
                row := self._store.db.execute(
                    "SELECT id, item, attempts, flaw, created_at FROM webhooks WHERE id = ?", (id_,)
                ).fetchone()
            )
        ]
        return await self._post_rows(self._services[service], [dict(row) for row in rows])

    async def post(
        self, service: str, body: bytes, signature: str, *, event_id: str = ""
    ) -> Answer:
        """Post exact bytes; `signature` is "good", "bad" or "none"."""
        target = self._services[service]
        headers = {"Content-Type": "application/json", "User-Agent": f"sandbox-{service}"}
        if signature != "none":
            headers |= target.sign(body, signature)
        if target.id_header and event_id:
            headers[target.id_header] = event_id
        if self._client is None:
            self.start()
        client = self._client
        if client is None:
            return Answer(0, "the sandbox is shutting down")
        try:
            response = await client.post(target.url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Answer(0, str(error) or type(error).__name__)
        return Answer(response.status_code, response.text[:2000])

    async def _run(self, service: Service) -> None:
        waker = self._wakers[service.name]
        while True:
            waker.clear()
            try:
                worked = await self._round(service)
            except Exception:
                # A loop must outlive whatever one round meets; the rows come back by their lease.
                log.exception("delivering %s webhooks failed", service.name)
                worked = False
                await asyncio.sleep(1.0)
            if not worked:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(waker.wait(), self._next_look(service.name))
                    await asyncio.sleep(GATHER_SECONDS)

    def _next_look(self, service: str) -> float:
        row = self._store.db.execute(
            "SELECT MIN(due_at) AS due FROM webhooks WHERE service = ? AND state = 'waiting'",
            (service,),
        ).fetchone()
        if row["due"] is None:
            return LOOK_SECONDS
        return min(LOOK_SECONDS, max(0.005, float(row["due"]) - time.time()))

    async def _round(self, service: Service) -> bool:
        claimed = self._claim(service)
        if not claimed:
            return False
        together = [row for row in claimed if row["attempts"] < ALONE_FROM_ATTEMPT]
        alone = [row for row in claimed if row["attempts"] >= ALONE_FROM_ATTEMPT]
        for group in [*([together] if together else []), *([row] for row in alone)]:
            await self._post_rows(service, group)
        return True

    def _claim(self, service: Service) -> list[Json]:
        now = time.time()
        due = "service = ? AND state = 'waiting' AND due_at <= ?"
        # The empty case is the common one: it must not take the write lock twice a second.
        if not self._store.db.execute(
            f"SELECT 1 FROM webhooks WHERE {due} LIMIT 1", (service.name, now)
        ).fetchone():
            return []
        with self._store.write() as db:
            rows = db.execute(
                f"UPDATE webhooks SET due_at = ? WHERE id IN (SELECT id FROM webhooks WHERE {due}"
                " ORDER BY due_at, id LIMIT ?) RETURNING id, item, attempts, flaw, created_at",
                (now + LEASE_SECONDS, service.name, now, service.batch),
            ).fetchall()
        return sorted((dict(row) for row in rows), key=lambda row: row["id"])

    async def _post_rows(self, service: Service, rows: Sequence[Json]) -> Answer:
        flawed = any(row["flaw"] == "bad_signature" and row["attempts"] == 0 for row in rows)
        items = [loads(row["item"]) for row in rows]
        body = service.body(items)
        id_ = str(items[0].get("event_id", "")) if items else ""
        try:
            answer = await self.post(service.name, body, "bad" if flawed else "good", event_id=id_)
        except asyncio.CancelledError:
            self._give_back(rows)
            raise
        self._record(service, rows, answer)
        return answer

    def _give_back(self, rows: Sequence[Json]) -> None:
        now = time.time()
        with self._store.write() as db:
            db.executemany(
                "UPDATE webhooks SET due_at = ? WHERE id = ? AND state = 'waiting'",
                [(now, row["id"]) for row in rows],
            )

    def _record(self, service: Service, rows: Sequence[Json], answer: Answer) -> None:
        now = time.time()
        with self._store.write() as db:
            if answer.acknowledged:
                db.executemany(
                    "UPDATE webhooks SET state = 'delivered', attempts = attempts + 1 WHERE id = ?",
                    [(row["id"],) for row in rows],
                )
                self._store.note("webhook", f"{service.name}: {_items(len(rows))} acknowledged")
                return
            for row in rows:
                dead = now - row["created_at"] > self._config.give_up_after_seconds
                db.execute(
                    "UPDATE webhooks SET state = ?, attempts = attempts + 1, due_at = ?,"
                    " last_error = ? WHERE id = ? AND state = 'waiting'",
                    (
                        "dead" if dead else "waiting",
                        now + self._backoff_seconds(row["attempts"]),
                        answer.reason,
                        row["id"],
                    ),
                )
            self._store.note(
                "webhook_failed", f"{service.name}: {_items(len(rows))}, {answer.reason}"
            )

    def _backoff_seconds(self, attempts: int) -> float:
        longest = self._config.retry_longest_seconds
        wait = min(longest, self._config.retry_first_seconds * 2.0 ** min(attempts, 20))
        return wait * random.uniform(0.8, 1.2)  # noqa: S311 - spreads repeats, hides nothing


def _tls(needed: bool) -> ssl.SSLContext:
    """Loading the certificate authorities takes 0.1 s: not for receivers without TLS."""
    return ssl.create_default_context() if needed else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _items(count: int) -> str:
    return "1 item" if count == 1 else f"{count} items"
