"""The client for everything that goes out."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Any

from app.providers.http import outgoing

AT_ONCE = 100


async def test_connections_of_a_large_batch_are_kept_for_the_next(
    live_app: Callable[[Any], AbstractContextManager[str]],
) -> None:
    ports: list[int] = []

    async def note_port(
        scope: Any, _receive: object, send: Callable[[Any], Awaitable[None]]
    ) -> None:
        if scope["type"] == "http":
            ports.append(scope["client"][1])
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})

    with live_app(note_port) as base_url:
        async with outgoing() as http:
            for _ in range(3):
                await asyncio.gather(*(http.post(base_url, json={}) for _ in range(AT_ONCE)))
    first, later = set(ports[:AT_ONCE]), set(ports[AT_ONCE:])
    assert len(ports) == 3 * AT_ONCE
    # Only where a pool's turn comes when its connections are all busy is one more made.
    assert len(later - first) < AT_ONCE / 2
