"""The demonstration on a machine that has much else to do: it waits as Retry-After says, as long as somebody is served."""

import asyncio

import httpx
import pytest

from app.demo.client import PATIENCE_SECONDS, DemoFailed, Server

BUSY = httpx.Response(503, headers={"Retry-After": "5"}, json={"code": "database_unavailable"})


class Machine:
    """A server behind a clock of its own: it is busy for one address until `free_at`, and serves `/other`."""

    def __init__(self, free_at: float, *, serves_others: bool) -> None:
        self.now = 0.0
        self._free_at = free_at
        self._serves_others = serves_others
        self.waits: list[float] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer 503 while busy."""
        is_free = self.now >= self._free_at
        if is_free or (self._serves_others and request.url.path == "/other"):
            return httpx.Response(200, json={})
        return BUSY

    async def pause(self, seconds: float) -> None:
        """Let the time pass, in which somebody else asks, too."""
        self.now += seconds
        self.waits.append(seconds)
        if self._serves_others:
            await self.server.call("GET", "/other")

    def ask(self) -> None:
        """Ask for what the server is busy with."""

        async def asked() -> None:
            transport = httpx.MockTransport(self.answer)
            async with httpx.AsyncClient(transport=transport, base_url="http://demo") as http:
                self.server = Server(http, clock=lambda: self.now, pause=self.pause)
                await self.server.call("GET", "/mine")

        asyncio.run(asked())


def test_it_waits_as_long_as_others_are_served() -> None:
    machine = Machine(4 * PATIENCE_SECONDS, serves_others=True)
    machine.ask()
    assert set(machine.waits) == {5}
    assert machine.now >= 4 * PATIENCE_SECONDS


def test_a_server_that_serves_nobody_is_given_up() -> None:
    machine = Machine(4 * PATIENCE_SECONDS, serves_others=False)
    with pytest.raises(DemoFailed, match="503"):
        machine.ask()
    assert machine.now <= PATIENCE_SECONDS
