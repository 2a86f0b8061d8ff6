"""More requests than can be served: the rest is told so, soon; webhooks last, health never."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from app.api.http import problems
from app.api.http.middleware import RequestContext
from app.core.metrics import exposition
from app.server.load_shedding import Capacity, ConcurrencyLimiter, LoadShedder, Overloaded
from tests.acceptance.shapes import problem

PATHS = (
    "/api/jobs",
    "/api/webhooks/whatsapp",
    "/health",
    "/health/ready",
    "/metrics",
    "/sandbox/x",
)


class Busy:
    """An application whose every request is under way until `done` is set."""

    def __init__(self) -> None:
        self.done = asyncio.Event()
        self.inside = 0
        application = FastAPI(
            routes=[Route(path, self.work, methods=["GET", "POST"]) for path in PATHS]
        )
        problems.install(application)
        shedder = LoadShedder(Capacity("ordinary", 2, 1, 0.05), Capacity("webhooks", 2, 2, 0.3))
        guarded = RequestContext(
            application, hosts=(), max_body_bytes=100, production=False, shedder=shedder
        )
        transport = httpx.ASGITransport(guarded, raise_app_exceptions=False)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://test")

    async def work(self, _request: Request) -> Response:
        self.inside += 1
        try:
            await self.done.wait()
        finally:
            self.inside -= 1
        return PlainTextResponse("served")

    @asynccontextmanager
    async def under_way(
        self, path: str, count: int
    ) -> AsyncIterator[list[asyncio.Task[httpx.Response]]]:
        """Send `count` requests, and let them end when the block does."""
        tasks = [asyncio.create_task(self.http.get(path)) for _ in range(count)]
        while self.inside < min(count, 2):  # noqa: ASYNC110 - the event loop has to turn
            await asyncio.sleep(0)
        try:
            yield tasks
        finally:
            self.done.set()
            await asyncio.gather(*tasks)


async def test_who_would_wait_too_long_is_told_to_come_again() -> None:
    busy = Busy()
    async with busy.under_way("/api/jobs", 2) as served:
        waiting = asyncio.create_task(busy.http.get("/api/jobs"))
        await asyncio.sleep(0)
        at_once = await busy.http.get("/api/jobs")  # one waits already
        told = problem(at_once, 503, "overloaded")
        assert "Nothing was changed." in told["detail"]
        assert int(at_once.headers["Retry-After"]) > 0
        problem(await waiting, 503, "overloaded")  # after its patience
    assert [task.result().status_code for task in served] == [200, 200]
    assert (await busy.http.get("/api/jobs")).status_code == 200  # no room was lost
    assert 'partimer_requests_shed_total{kind="ordinary"} ' in exposition().decode()


async def test_health_metrics_and_webhooks_are_let_in_when_nothing_else_is() -> None:
    busy = Busy()
    async with busy.under_way("/api/jobs", 2):
        problem(await busy.http.get("/api/jobs"), 503, "overloaded")
        others = [asyncio.create_task(busy.http.get(path)) for path in PATHS[1:]]
        while busy.inside < 2 + len(others):  # noqa: ASYNC110 - the event loop has to turn
            await asyncio.sleep(0)
    assert [(await each).status_code for each in others] == [200] * len(others)


async def test_the_first_who_came_is_the_first_who_is_let_in() -> None:
    limiter = ConcurrencyLimiter(Capacity("ordinary", 1, 5, 5.0))
    await limiter.acquire()
    order: list[int] = []

    async def come(number: int) -> None:
        await limiter.acquire()
        order.append(number)
        limiter.release()

    tasks = [asyncio.create_task(come(number)) for number in range(3)]
    await asyncio.sleep(0)
    tasks[0].cancel()  # this one's client left
    limiter.release()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert order == [1, 2]
    await limiter.acquire()
    with pytest.raises(Overloaded):
        await asyncio.wait_for(ConcurrencyLimiter(Capacity("none", 0, 0, 5.0)).acquire(), 1)


@pytest.mark.parametrize("in_the_next_step", [False, True])  # what races depends on the event loop
async def test_a_turn_that_comes_as_patience_ends_is_not_lost(in_the_next_step: bool) -> None:
    """Under load both fall into one step of the event loop; each turn lost would be lost for good."""
    limiter = ConcurrencyLimiter(Capacity("ordinary", 1, 5, 0.02))
    await limiter.acquire()
    waiting = asyncio.create_task(limiter.acquire())
    await asyncio.sleep(0)
    loop = asyncio.get_running_loop()
    if in_the_next_step:
        loop.call_soon(limiter.release)
    else:
        limiter.release()
    late = loop.time() + 0.03
    while loop.time() < late:
        pass  # a long step of the event loop: the turn and the end of the patience come together
    await asyncio.gather(waiting, return_exceptions=True)
    if waiting.exception() is None:
        limiter.release()
    await limiter.acquire()
