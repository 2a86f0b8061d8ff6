"""Outgoing HTTP: one client for everything, and a quick one for the platform most messages go to."""

from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx

from app.messaging.outbox.delivery import CONCURRENT_SENDS

_KEPT_SECONDS: Final = 4
"""Servers commonly close a connection that was idle for five seconds. What is sent on one that closes in
that moment has an unknown outcome, and is waited for; what follows at once goes on the one that is open."""
_TIMEOUT: Final = httpx.Timeout(10, connect=5)


def outgoing() -> httpx.AsyncClient:
    """Return the client for what goes out now and then."""
    return httpx.AsyncClient(timeout=_TIMEOUT)


def sending(to: str) -> aiohttp.ClientSession:
    """Return the client for messages to an address: as many connections as travel at once, kept for
    the next batch.

    It keeps no cookies, and goes by the proxy that the environment names for that address. Made in a
    running loop.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=CONCURRENT_SENDS, keepalive_timeout=_KEPT_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        proxy=_proxy(to),
    )


def _proxy(to: str) -> str | None:
    """Return the environment's proxy for an address.

    Asked once. aiohttp's `trust_env` asks before every request, in a thread, and reads ~/.netrc too:
    more work than the request.
    """
    address = urlsplit(to)
    bypassed = address.hostname is not None and proxy_bypass(address.hostname)
    return None if bypassed else getproxies().get(address.scheme)
