"""Outgoing HTTP: one client for everything, quick with many connections to one host."""

import itertools
from types import TracebackType
from typing import Final

import httpx

from app.messaging.delivery import CONCURRENT_SENDS

_EACH: Final = 8
"""Connections of one pool: httpcore looks at each of them at every request."""
_KEPT_SECONDS: Final = 60
_TIMEOUT: Final = httpx.Timeout(10, connect=5)


class Spread(httpx.AsyncBaseTransport):
    """Many small pools taken in turn, together as large as messages travel at once.

    Connections are kept: by default httpx keeps 20, and the rest of a batch makes its own anew.
    """

    def __init__(self, connections: int) -> None:
        verify = httpx.create_ssl_context()  # shared: to read the certificates takes longest
        limits = httpx.Limits(
            max_connections=_EACH,
            max_keepalive_connections=_EACH,
            keepalive_expiry=_KEPT_SECONDS,
        )
        self._pools = [
            httpx.AsyncHTTPTransport(verify=verify, limits=limits)
            for _ in range(-(-connections // _EACH))
        ]
        self._turns = itertools.cycle(self._pools)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send by the next pool."""
        return await next(self._turns).handle_async_request(request)

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        """Close every connection."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection."""
        for pool in self._pools:
            await pool.aclose()


def outgoing() -> httpx.AsyncClient:
    """Return the client; a proxy named in the environment goes before our own connections."""
    return httpx.AsyncClient(timeout=_TIMEOUT, mounts={"all://": Spread(CONCURRENT_SENDS)})
