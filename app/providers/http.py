"""Outgoing HTTP: one client for everything, and a fast one for the platform that most messages go to."""

from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx

from app.messaging.outbox.delivery import CONCURRENT_SENDS

_KEPT_SECONDS: Final = 4
"""Servers commonly close a connection that was idle for five seconds. A request on one that closes at that
moment has an unknown outcome."""
_TIMEOUT: Final = httpx.Timeout(10, connect=5)


def outgoing() -> httpx.AsyncClient:
    """Return the client for occasional requests."""
    return httpx.AsyncClient(timeout=_TIMEOUT)


def sending(to: str) -> aiohttp.ClientSession:
    """Return the client for messages to an address, with a connection for each concurrent send.

    It keeps no cookies, and uses the environment's proxy for that address. Call it in a running loop.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=CONCURRENT_SENDS, keepalive_timeout=_KEPT_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        proxy=_proxy(to),
    )


def _proxy(to: str) -> str | None:
    """Return the environment's proxy for an address.

    aiohttp's `trust_env` would look it up before every request, in a thread, and read ~/.netrc too.
    """
    address = urlsplit(to)
    bypassed = address.hostname is not None and proxy_bypass(address.hostname)
    return None if bypassed else getproxies().get(address.scheme)
