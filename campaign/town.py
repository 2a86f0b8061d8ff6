"""The way to the product and to the sandbox: one request, its retries, and what is noted of it."""

import asyncio
import random
import re
import time
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import httpx

from campaign.journal import Journal, Outcome

ANSWER_SECONDS: Final = 12.0
"""Who waits longer for a page has gone."""

PATIENCE_SECONDS: Final = 12.0
"""A program repeats a write that was not answered for so long, under the same idempotency key."""

BUSY_SECONDS: Final = 20.0
"""So long the campaign waits at most for its first people before the first fault."""

CODE_SECONDS: Final = 40.0
_CODE: Final = re.compile(r"\b\d{6}\b")
_RETRY_SECONDS: Final = 0.4
_LOOK_SECONDS: Final = 0.25
_NOTHING_CHANGED: Final = "nothing was changed"

type Json = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What came back; `status` 0 is no answer."""

    status: int
    body: Json

    @property
    def outcome(self) -> Outcome:
        """What it promises."""
        if 200 <= self.status < 300:
            return Outcome.ACKNOWLEDGED
        if 400 <= self.status < 500:
            return Outcome.REFUSED
        if _NOTHING_CHANGED in str(self.body.get("detail", "")).lower():
            return Outcome.UNCHANGED
        return Outcome.UNKNOWN


class Town:
    """Product and sandbox, as everybody in the campaign reaches them."""

    def __init__(self, product: str, sandbox: str, journal: Journal, luck: random.Random) -> None:
        self.journal, self.luck = journal, luck
        self.closed = asyncio.Event()
        """Set when nobody begins anything new."""
        self.signed_in = 0
        self.requests = 0
        self.answered_5xx = 0
        self.slowest_seconds = 0.0
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=64)
        self._product = httpx.AsyncClient(
            base_url=product, timeout=ANSWER_SECONDS, limits=limits, trust_env=False
        )
        self._sandbox = httpx.AsyncClient(
            base_url=f"{sandbox}/sandbox", timeout=30, limits=limits, trust_env=False
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._product.aclose()
        await self._sandbox.aclose()

    async def busy(self, people: int) -> None:
        """Return once so many have signed in and the first lead is being bought, or after a time."""
        deadline = time.monotonic() + BUSY_SECONDS
        while time.monotonic() < deadline:
            if self.signed_in >= people and self.journal.acknowledged("unlock"):
                return
            await asyncio.sleep(_LOOK_SECONDS)

    async def pause(self, most_seconds: float) -> None:
        """Wait up to so long, as people do between one thing and the next."""
        seconds = self.luck.uniform(0.1, 1.0) * most_seconds
        try:
            await asyncio.wait_for(self.closed.wait(), seconds)
        except TimeoutError:
            return

    async def ask(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, key: str = ""
    ) -> Answer:
        """Send one request to the product."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if key:
            headers["Idempotency-Key"] = key
        self.requests += 1
        begun = time.monotonic()
        try:
            answer = await self._product.request(method, path, json=body, headers=headers)
        except httpx.TransportError:
            return Answer(0, {})
        finally:
            self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - begun)
        self.answered_5xx += answer.status_code >= 500
        try:
            found = answer.json() if answer.content else {}
        except ValueError:
            found = {}
        return Answer(answer.status_code, found if isinstance(found, dict) else {})

    async def write(
        self,
        verb: str,
        subject: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        **facts: Any,
    ) -> Answer:
        """Send a write, again under the same key while nobody knows what became of it, and note it.

        `subject` "" is the `id` of what the answer shows.
        """
        key, unknown, attempt = uuid4().hex, False, 0
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            attempt += 1
            answer = await self.ask(method, path, body, token=token, key=key)
            unknown = unknown or answer.outcome is Outcome.UNKNOWN
            if answer.outcome in {Outcome.ACKNOWLEDGED, Outcome.REFUSED}:
                break
            if time.monotonic() > deadline:
                break
            await asyncio.sleep(_RETRY_SECONDS * attempt)
        outcome = answer.outcome
        if unknown and outcome is not Outcome.ACKNOWLEDGED:
            outcome = Outcome.UNKNOWN  # one of the others may have been done
        if outcome is Outcome.REFUSED:
            facts["code"] = answer.body.get("code")
        subject = subject or str(answer.body.get("id", ""))
        self.journal.note(verb, subject, outcome, answer.status, **facts)
        return answer

    # ── The sandbox ──────────────────────────────────────────────────────────────────────────────

    async def outside(self, method: str, path: str, body: Any = None, **params: str) -> Answer:
        """Send one request to the sandbox, which is never broken."""
        answer = await self._sandbox.request(method, path, json=body, params=params)
        found: Json = answer.json() if answer.content else {}
        return Answer(answer.status_code, found)

    async def messages(self, phone: str) -> list[Json]:
        """Return what this phone received, oldest first."""
        answer = await self.outside("GET", "/whatsapp/_control/messages", phone=phone)
        items: list[Json] = answer.body["items"]
        return items

    async def code_for(self, phone: str, after: int) -> str | None:
        """Return the code among the messages from number `after` on; None if it does not come."""
        deadline = time.monotonic() + CODE_SECONDS
        while time.monotonic() < deadline and not self.closed.is_set():
            for message in reversed((await self.messages(phone))[after:]):
                if found := _CODE.search(message["text"]):
                    return found[0]
            await asyncio.sleep(_LOOK_SECONDS)
        return None

    async def send(self, verb: str, phone: str, message: Json) -> None:
        """Let this phone send a message; the platform repeats what we do not acknowledge."""
        answer = await self.outside(
            "POST", "/whatsapp/_control/inbound", {"phone": phone, "message": message}
        )
        outcome = Outcome.ACKNOWLEDGED if answer.body.get("delivered") else Outcome.UNKNOWN
        self.journal.note(verb, phone, outcome, answer.status, message=message)
