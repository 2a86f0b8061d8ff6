"""A sandbox on a real port, and the business behind it: a receiver of its webhooks."""

import asyncio
import contextlib
import itertools
import json
import ssl
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send
from stripe import StripeClient

from sandbox import Sandbox, SandboxConfig, create_sandbox
from tests.infra.live import serve_app

ASHA = "+919812345678"
RAVI = "+919898989898"
PATIENCE_SECONDS = 8.0


@dataclass
class Received:
    """One webhook as it arrived."""

    path: str
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Business:
    """The business's server: it keeps all that it is sent, and answers what it is told to."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    async def __call__(self, request: Request) -> Response:
        body = await request.body()
        with self._changed:
            self.received.append(Received(request.url.path, body, dict(request.headers)))
            status = self.answers.pop(0) if self.answers else 200
            self._changed.notify_all()
        return PlainTextResponse("noted" if status < 300 else "not now", status)

    def wait(self, found: Callable[["Business"], Any]) -> Any:
        """What `found` gives, as soon as it gives something; fails after a while."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        with self._changed:
            while not (result := found(self)):
                left = deadline - time.monotonic()
                assert left > 0, f"never came, among {len(self.received)} webhooks"
                self._changed.wait(left)
            return result

    def values(self) -> list[Any]:
        """The `value` of every WhatsApp change, in order of arrival."""
        return [
            change["value"]
            for received in self.received
            if received.path.endswith("/whatsapp")
            for entry in received.json["entry"]
            for change in entry["changes"]
        ]

    def statuses(self, message_id: str | None = None) -> list[Any]:
        found = [status for value in self.values() for status in value.get("statuses", [])]
        return [s for s in found if message_id in (None, s["id"])]

    def messages(self) -> list[Any]:
        return [message for value in self.values() for message in value.get("messages", [])]

    def events(self, type_: str | None = None) -> list[Any]:
        found = [r.json for r in self.received if r.path.endswith("/stripe")]
        return [event for event in found if type_ in (None, event["type"])]

    def wait_for_razorpay(self, name: str) -> "Received":
        """The first event of Razorpay of that name, as it arrived."""
        found: Received = self.wait(
            lambda b: next(
                (
                    each
                    for each in b.received
                    if each.path.endswith("/razorpay") and each.json["event"] == name
                ),
                None,
            )
        )
        return found

    def wait_for_status(self, message_id: str, name: str) -> Any:
        return self.wait(
            lambda b: next((s for s in b.statuses(message_id) if s["status"] == name), None)
        )

    def wait_for_event(self, type_: str, times: int = 1) -> Any:
        return self.wait(
            lambda b: b.events(type_)[times - 1] if len(b.events(type_)) >= times else None
        )


class World:
    """A sandbox being served, and the calls that tests make of it."""

    def __init__(self, url: str, config: SandboxConfig, business: Business) -> None:
        self.url = f"{url}{config.mount_path}"
        self.config = config
        self.business = business
        no_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # quicker than loading authorities
        self.http = httpx.Client(base_url=self.url, timeout=20, verify=no_tls)
        self._stripe_http: list[stripe.HTTPXClient] = []

    def close(self) -> None:
        self.http.close()
        for client in self._stripe_http:
            client.close()

    def stripe(self, *, retries: int = 0, timeout: float = 10, key: str = "") -> StripeClient:
        """Stripe's own client, calling the stand-in."""
        http = stripe.HTTPXClient(timeout=timeout, allow_sync_methods=True)
        self._stripe_http.append(http)
        return StripeClient(
            key or self.config.stripe_secret_key,
            base_addresses={"api": f"{self.url}/stripe"},
            http_client=http,
            max_network_retries=retries,
        )

    def razorpay(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Call the stand-in for Razorpay, as its API is called."""
        key = (self.config.razorpay_key_id, self.config.razorpay_key_secret)
        return self.http.request(method, f"/razorpay/v1/{path}", **{"auth": key, **more})

    def upi(self, link_id: str, outcome: str = "pay", **more: Any) -> httpx.Response:
        """Let somebody act on a link's page."""
        path = f"/razorpay/_control/payment_links/{link_id}"
        return self.http.post(path, json={"outcome": outcome, **more})

    def graph(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.config.whatsapp_token}"}
        return self.http.request(method, f"/whatsapp/v26.0/{path}", headers=headers, **more)

    def send(self, message: dict[str, Any], to: str = ASHA, **more: Any) -> httpx.Response:
        body = {"messaging_product": "whatsapp", "to": to, **message, **more}
        return self.graph("POST", f"{self.config.phone_number_id}/messages", json=body)

    def sent(self, message: dict[str, Any], to: str = ASHA, **more: Any) -> str:
        """Send what must be accepted; its id."""
        answer = self.send(message, to, **more)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["messages"][0]["id"])

    def refused(self, message: dict[str, Any], to: str = ASHA, **more: Any) -> int:
        """Send what must be refused; its code."""
        answer = self.send(message, to, **more)
        assert answer.status_code >= 400, answer.text
        return int(answer.json()["error"]["code"])

    def control(self, path: str, body: dict[str, Any]) -> httpx.Response:
        return self.http.post(f"/whatsapp/_control/{path}", json=body)

    def says(self, message: dict[str, Any], phone: str = ASHA, **more: Any) -> str:
        """A person sends a message; its id."""
        answer = self.control("inbound", {"phone": phone, "message": message, **more})
        assert answer.status_code == 200, answer.text
        assert answer.json()["delivered"] is True
        return str(answer.json()["message_id"])

    def inbox(self, phone: str = ASHA, **query: str) -> list[Any]:
        answer = self.http.get("/whatsapp/_control/messages", params={"phone": phone, **query})
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    def template(self, name: str, components: list[Any], **more: Any) -> None:
        body = {
            "name": name,
            "language": "en",
            "category": "UTILITY",
            "components": components,
            **more,
        }
        answer = self.graph("POST", f"{self.config.waba_id}/message_templates", json=body)
        assert answer.status_code == 200, answer.text

    def pays(self, session_id: str, outcome: str = "pay", **more: Any) -> httpx.Response:
        path = f"/stripe/_control/checkout/{session_id}"
        return self.http.post(path, json={"outcome": outcome, **more})


class Host:
    """One server for all tests: an application a test, each under a prefix of its own."""

    def __init__(self) -> None:
        self.url = ""
        self.loop: asyncio.AbstractEventLoop | None = None
        self._apps: dict[str, ASGIApp] = {}
        self._numbers = itertools.count(1)

    def add(self, app: ASGIApp) -> str:
        """Serve `app`; its base URL."""
        prefix = f"/{next(self._numbers)}"
        self._apps[prefix] = app
        return f"{self.url}{prefix}"

    def run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run something on the server's loop."""
        assert self.loop is not None
        asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(PATIENCE_SECONDS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.loop = asyncio.get_running_loop()
        if scope["type"] == "lifespan":
            await Router()(scope, receive, send)
            return
        prefix = "/" + scope["path"].split("/")[1]
        await self._apps[prefix]({**scope, "root_path": prefix}, receive, send)


@pytest.fixture(scope="session")
def host() -> Iterator[Host]:
    """A server, started once."""
    started = Host()
    with serve_app(started) as url:
        started.url = url
        yield started


@pytest.fixture
def business(host: Host) -> Business:
    """The receiver of the webhooks, on a real port."""
    receiver = Business()
    routes = [
        Route(path, receiver.__call__, methods=["POST"])
        for path in ("/whatsapp", "/stripe", "/razorpay")
    ]
    receiver.url = host.add(Router(routes))
    return receiver


type Open = Callable[..., contextlib.AbstractContextManager[World]]


@pytest.fixture
def open_world(host: Host, business: Business, tmp_path: Path) -> Open:
    """`with open_world(limits=False) as world`: a sandbox; the same file each time in a test."""

    @contextlib.contextmanager
    def opened(**settings: Any) -> Iterator[World]:
        defaults: dict[str, Any] = {
            "journal": tmp_path / "sandbox.db",
            "whatsapp_webhook_url": f"{business.url}/whatsapp",
            "stripe_webhook_url": f"{business.url}/stripe",
            "razorpay_webhook_url": f"{business.url}/razorpay",
            "delivered_after_seconds": 0.0,
            "retry_first_seconds": 0.02,
            "hang_seconds": 5.0,
        }
        config = SandboxConfig(**{**defaults, **settings})
        sandbox = create_sandbox(config)
        url = host.add(Router([Mount(config.mount_path, app=sandbox)]))
        stack = contextlib.AsyncExitStack()
        host.run(_enter(stack, sandbox))
        world = World(url, config, business)
        try:
            yield world
        finally:
            world.close()
            host.run(stack.aclose())

    return opened


async def _enter(stack: contextlib.AsyncExitStack, sandbox: Sandbox) -> None:
    await stack.enter_async_context(sandbox.running())


@pytest.fixture
def world(open_world: Open) -> Iterator[World]:
    """A sandbox with its limits on."""
    with open_world() as opened:
        yield opened
