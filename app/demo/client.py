"""The demonstration's client of the public API, and of the sandbox in place of phones and cards."""

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx

PATIENCE_SECONDS: Final = 120.0
"""How long the demonstration waits for a message or a payment, and how long for a server that serves nobody."""

_POLL_SECONDS: Final = 0.15
_CODE = re.compile(r"\b(\d{6})\b")

type Json = dict[str, Any]


class DemoFailed(Exception):
    """The demonstration can't go on; the message says why and what to do."""


class Server:
    """A running development server."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`clock` counts seconds, and `pause` lets some pass."""
        self._http = http
        self._clock = clock
        self._pause = pause
        self._served_at = clock()
        self._codes: dict[str, str] = {}
        self._arrived: dict[str, asyncio.Event] = {}
        self.requests = 0

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        address: str | None = None,
        expect: tuple[int, ...] = (200, 201, 202, 204),
    ) -> Json:
        """Send one request and return its JSON. Raises `DemoFailed` for an unexpected status.

        `address` is the client's address, as a proxy sends it: two thousand people don't share one.
        """
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if address:
            headers["X-Forwarded-For"] = address
        answer = await self._answer(method, path, body, headers)
        if answer.status_code not in expect:
            raise DemoFailed(f"{method} {path} answered {answer.status_code}: {answer.text[:300]}")
        found: Json = answer.json() if answer.content else {}
        return {**found, "_status": answer.status_code}

    async def _answer(
        self, method: str, path: str, body: Any, headers: dict[str, str]
    ) -> httpx.Response:
        """Send one request; repeat it when a busy server answers 503, as its Retry-After says.

        A server that has much to do serves others meanwhile: only one that serves nobody for long is given up.
        """
        begun = self._clock()
        while True:
            self.requests += 1
            try:
                answer = await self._http.request(method, path, json=body, headers=headers)
            except httpx.HTTPError as error:
                raise DemoFailed(
                    f"{self._http.base_url} does not answer ({type(error).__name__}): start the "
                    "server with `make run`, then try again."
                ) from error
            wait = answer.headers.get("Retry-After", "")
            busy = answer.status_code == httpx.codes.SERVICE_UNAVAILABLE and wait.isdigit()
            if not busy:
                self._served_at = self._clock()
                return answer
            if self._clock() + int(wait) > max(begun, self._served_at) + PATIENCE_SECONDS:
                return answer
            await self._pause(int(wait))

    async def require_sandbox(self) -> None:
        """Raise `DemoFailed` unless this is a development server."""
        welcome = await self.call("GET", "/")
        if "sandbox" not in welcome.get("links", {}):
            raise DemoFailed(
                "This server has no sandbox, so it is not a development server; the demonstration "
                "never touches a real one."
            )

    @asynccontextmanager
    async def reading_codes(self) -> AsyncIterator[None]:
        """Collect every sign-in code that is sent during the block."""
        # Before anybody asks for a code: one that arrives meanwhile would count as old.
        newest = await self._newest()
        task = asyncio.create_task(self._read_codes(newest))
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _read_codes(self, after: str | None) -> None:
        while True:
            path = "/sandbox/whatsapp/_control/messages" + (f"?after={after}" if after else "")
            items = (await self.call("GET", _quoted(path)))["items"]
            for item in items:
                if found := _CODE.search(item["text"]):
                    self._codes[item["to"]] = found[1]
                    self._arrived.setdefault(item["to"], asyncio.Event()).set()
            if items:
                after = items[-1]["id"]
            await asyncio.sleep(_POLL_SECONDS)

    async def _newest(self) -> str | None:
        after = None
        while True:
            path = "/sandbox/whatsapp/_control/messages" + (f"?after={after}" if after else "")
            items = (await self.call("GET", _quoted(path)))["items"]
            if not items:
                return after
            after = items[-1]["id"]

    async def code_for(self, phone: str) -> str:
        """Return the code sent to `phone` once it is there; each code is returned once."""
        arrived = self._arrived.setdefault(phone, asyncio.Event())
        try:
            await asyncio.wait_for(arrived.wait(), PATIENCE_SECONDS * 5)
        except TimeoutError:
            raise DemoFailed(f"No code arrived within {PATIENCE_SECONDS * 5:.0f} s.") from None
        arrived.clear()
        return self._codes.pop(phone)

    async def messages(self, phone: str) -> list[Json]:
        """Return the WhatsApp messages to `phone`, oldest first."""
        path = f"/sandbox/whatsapp/_control/messages?phone={phone.replace('+', '%2B')}"
        items: list[Json] = (await self.call("GET", path))["items"]
        return items

    async def message_with(self, phone: str, words: str, *, after: int = 0) -> Json:
        """Return the first message to `phone` from index `after` on that contains `words`."""
        deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while asyncio.get_running_loop().time() < deadline:
            for item in (await self.messages(phone))[after:]:
                if words in item["text"] or any(words in b["id"] for b in item["buttons"]):
                    return item
            await asyncio.sleep(_POLL_SECONDS)
        raise DemoFailed(f"No message about {words!r} arrived within {PATIENCE_SECONDS:.0f} s.")

    async def tap(self, phone: str, button: str) -> None:
        """Tap a button on `phone`."""
        message = {"type": "button_reply", "id": button}
        path = "/sandbox/whatsapp/_control/inbound"
        await self.call("POST", path, {"phone": phone, "message": message})

    async def pay(self, checkout_url: str) -> None:
        """Pay on the payment page, by card or by UPI, whichever provider's it is."""
        page_id = checkout_url.rstrip("/").rsplit("/", 1)[-1]
        by_upi = "/razorpay/" in checkout_url
        control = "razorpay/_control/payment_links" if by_upi else "stripe/_control/checkout"
        await self.call("POST", f"/sandbox/{control}/{page_id}", {"outcome": "pay"})


def _quoted(path: str) -> str:
    """Return a path whose `after` survives the query string."""
    head, mark, after = path.partition("?after=")
    escaped = after.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
    return f"{head}{mark}{escaped}"
