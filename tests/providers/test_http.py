"""The client for everything that goes out."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from app.messaging.channel import TransportError
from app.messaging.rules import Refusal
from app.providers.http import sending
from app.providers.whatsapp.client import WhatsApp
from tests.infra.run import free_port

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
        async with sending(base_url) as http:
            for _ in range(3):
                await asyncio.gather(*(http.post(base_url, json={}) for _ in range(AT_ONCE)))
    first, later = set(ports[:AT_ONCE]), set(ports[AT_ONCE:])
    assert len(ports) == 3 * AT_ONCE
    # One that is given back meanwhile serves a second request of the first batch.
    assert len(later - first) < AT_ONCE / 2


async def test_a_proxy_of_the_environment_is_gone_by_where_it_names_no_exception(
    live_app: Callable[[Any], AbstractContextManager[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def note_url(
        scope: Any, _receive: object, send: Callable[[Any], Awaitable[None]]
    ) -> None:
        if scope["type"] == "http":
            headers = dict(scope["headers"])
            asked.append(f"{headers[b'host'].decode()} {headers.get(b'proxy-authorization')}")
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})

    with live_app(note_url) as proxy:
        monkeypatch.setenv("http_proxy", proxy.replace("//", "//us:secret@"))
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        for to in ("http://graph.invalid", proxy):
            async with sending(to) as http:
                await http.post(f"{to}/messages", json={})
    assert asked[0] == "graph.invalid b'Basic dXM6c2VjcmV0'"
    assert asked[1].endswith(" None")


async def refusal_of(base: str) -> Refusal:
    async with sending(base) as http:
        whatsapp = WhatsApp(
            http, base=base, version="v1", token="t", number_id="1", answer_seconds=0.2
        )
        with pytest.raises(TransportError) as refused:
            await whatsapp.typing("wamid.1")
    return refused.value.kind


async def test_nothing_was_sent_where_nobody_takes_the_connection() -> None:
    assert await refusal_of(f"http://127.0.0.1:{free_port()}") is Refusal.UNSENT
    assert await refusal_of("http://nowhere.invalid") is Refusal.UNSENT


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="cut off before the answer"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", id="cut off within it"),
        pytest.param(b"no HTTP at all\r\n\r\n", id="not HTTP"),
        pytest.param(None, id="no answer in time"),
    ],
)
async def test_what_came_after_the_request_began_is_ambiguous_and_sent_once(
    answer: bytes | None,
) -> None:
    requests = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests
        await reader.readuntil(b"\r\n\r\n")
        requests += 1
        if answer is None:
            await reader.read()
            await reader.read()
        else:
            writer.write(answer)
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert await refusal_of(f"http://127.0.0.1:{port}") is Refusal.AMBIGUOUS
    assert requests == 1
