"""Putting the sandbox together: one ASGI application, mountable or alone."""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Router
from starlette.types import Receive, Scope, Send

from sandbox import pages
from sandbox.config import SandboxConfig
from sandbox.deliver import Deliverer
from sandbox.graph import flows, templates, webhooks
from sandbox.graph.api import GraphApi
from sandbox.graph.control import WhatsAppControl
from sandbox.interpreter.api import InterpreterApi
from sandbox.interpreter.control import InterpreterControl
from sandbox.razorpay.account import Account as RazorpayAccount
from sandbox.razorpay.api import RazorpayApi
from sandbox.razorpay.control import RazorpayControl
from sandbox.razorpay.events import service as razorpay_service
from sandbox.store import Store
from sandbox.stripe.account import Account
from sandbox.stripe.api import StripeApi
from sandbox.stripe.control import StripeControl
from sandbox.stripe.events import service as stripe_service

#: A checkout session ends within this of its time; one that is asked for, at once.
SESSIONS_LOOK_SECONDS = 2.0

log = logging.getLogger("sandbox")


class Sandbox:
    """The stand-in for the outside world, as an ASGI application.

    Mounted in another application, `async with sandbox.running()` (in that one's lifespan) starts
    and stops the webhook loops; without it they start with the first request. Alone, the server's
    own lifespan events do the same.
    """

    def __init__(self, config: SandboxConfig) -> None:
        """Opens nothing yet; raises ValueError for a template that the platform would refuse."""
        self.config = config
        self.store = Store(config.journal)
        self.deliverer = Deliverer(
            config,
            self.store,
            [webhooks.service(config), stripe_service(config), razorpay_service(config)],
        )
        templates.check(config.templates)
        self._seeded = False
        self._account = Account(config, self.store, self.deliverer)
        self._razorpay = RazorpayAccount(config, self.store, self.deliverer)
        parts = (config, self.store, self.deliverer)
        self._router = Router(self._routes(*parts), lifespan=self._lifespan)

    def _routes(self, config: SandboxConfig, store: Store, deliverer: Deliverer) -> list[BaseRoute]:
        stripe = StripeApi(config, store, deliverer)
        return [
            Mount("/whatsapp/_control", routes=WhatsAppControl(config, store, deliverer).routes()),
            Mount("/whatsapp", routes=GraphApi(config, store, deliverer).routes()),
            Mount("/stripe/_control", routes=StripeControl(config, store, deliverer).routes()),
            Mount("/stripe/v1", routes=stripe.routes()),
            Mount("/razorpay/_control", routes=RazorpayControl(config, store, deliverer).routes()),
            Mount("/razorpay/v1", routes=RazorpayApi(config, store, deliverer).routes()),
            Mount("/interpreter/_control", routes=InterpreterControl(store).routes()),
            Mount("/interpreter/v1", routes=InterpreterApi(config, store).routes()),
            *pages.routes(config, store, deliverer),
        ]

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The webhook loops run inside; leaving ends them and gives back what they held."""
        self._start()
        watching = asyncio.create_task(self._watch_sessions(), name="sandbox-sessions")
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            await self.deliverer.stop()
            self.store.close()

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: Router) -> AsyncIterator[None]:
        async with self.running():
            yield

    async def _watch_sessions(self) -> None:
        while True:
            await asyncio.sleep(SESSIONS_LOOK_SECONDS)
            try:
                self._account.expire_due()
                self._razorpay.expire_due()
            except sqlite3.OperationalError:
                # Another process holds the file for long: the next look will do.
                log.warning("sessions could not be looked at", exc_info=True)

    def _start(self) -> None:
        if not self._seeded:
            templates.seed(self.store, self.config.templates)
            flows.seed(self.store, self.config.flows)
            self._seeded = True
        self.deliverer.start()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, and never let another site's page play with this world."""
        if scope["type"] == "http":
            self._start()
            request = Request(scope)
            if scope["method"] != "GET" and request.headers.get("sec-fetch-site") == "cross-site":
                await refused_cross_site()(scope, receive, send)
                return
        await self._router(scope, receive, send)


def refused_cross_site() -> Response:
    """The answer to a browser that another site sent here."""
    problem = {
        "type": "about:blank",
        "title": "Cross site",
        "status": 403,
        "detail": "The sandbox is played from its own pages and from programs.",
        "code": "cross_site",
    }
    return JSONResponse(problem, 403, media_type="application/problem+json")


def create_sandbox(config: SandboxConfig) -> Sandbox:
    """The stand-ins for the Graph API, Stripe, Razorpay and a language model, with their pages, as one application."""
    return Sandbox(config)
