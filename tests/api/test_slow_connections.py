"""Clients that are slow, silent or say too much, over real connections."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from app.api.application import Application
from app.api.http import middleware, problems
from app.api.http.middleware import RequestContext
from app.database.postgresql import keep_alive
from app.server import connections

type LiveApp = Callable[[Any], AbstractContextManager[str]]


@contextmanager
def serving(live_app: LiveApp) -> Iterator[tuple[str, int]]:
    """Serve something small; give where it listens."""

    async def echo(request: Request) -> Response:
        return PlainTextResponse(str(len(await request.body())))

    application = Application(routes=[Route("/", echo, methods=["GET", "POST"])])
    problems.install(application)
    # As the product does it: what the framework puts around middleware counts, too.
    application.add_middleware(RequestContext, hosts=(), max_body_bytes=1_024, production=False)
    with live_app(application) as url:
        parts = urlsplit(url)
        yield parts.hostname or "", parts.port or 0


@pytest.fixture
def address(live_app: LiveApp, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    """Where a server with short limits listens."""
    monkeypatch.setattr(connections, "HEADER_SECONDS", 0.4)
    monkeypatch.setattr(connections, "KEPT_SECONDS", 1)
    monkeypatch.setattr(connections, "LINGER_SECONDS", 0.4)
    monkeypatch.setattr(middleware, "BODY_SECONDS", 0.4)
    with serving(live_app) as address:
        yield address


def said(connection: socket.socket, seconds: float = 5) -> bytes:
    """Return all that the server says until it closes the connection."""
    connection.settimeout(seconds)
    answer = b""
    try:
        while part := connection.recv(65_536):
            answer += part
    except ConnectionResetError:
        pass
    return answer


def test_who_says_nothing_is_hung_up_on(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as silent:
        assert said(silent) == b""


def test_a_connection_is_kept_for_the_next_request_as_long_as_we_say(
    address: tuple[str, int],
) -> None:
    with socket.create_connection(address) as idle:
        idle.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        began = time.monotonic()
        assert said(idle).startswith(b"HTTP/1.1 200")
        assert time.monotonic() - began < 3


def test_clients_and_proxies_close_before_we_do() -> None:
    assert connections.KEPT_SECONDS > 60


@pytest.mark.parametrize("keep_alive", [False, True])
def test_headers_that_never_end_are_cut_off(address: tuple[str, int], keep_alive: bool) -> None:
    with socket.create_connection(address) as slow:
        if keep_alive:
            slow.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            assert slow.recv(65_536).startswith(b"HTTP/1.1 200")
        slow.sendall(b"GET / HTTP/1.1\r\n")
        began = time.monotonic()
        slow.settimeout(0.05)
        answer = b""
        while time.monotonic() - began < 5:
            try:
                slow.sendall(b"x-more: 1\r\n")
                answer += slow.recv(65_536)
            except TimeoutError:
                continue
            except OSError:
                break
            if not answer or answer.endswith(b"}"):
                break
        assert time.monotonic() - began < 3
        assert b" 408 " in answer.partition(b"\r\n")[0]


def test_a_body_that_comes_byte_by_byte_is_408(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as slow:
        slow.sendall(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nx")
        answer = said(slow)
        assert answer.startswith(b"HTTP/1.1 408")
        assert b'"code":"too_slow"' in answer


def test_headers_that_are_too_large_are_431(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as large:
        large.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n")
        try:
            for _ in range(connections.MAX_HEADER_BYTES // 1_000 + 5):
                large.sendall(b"x: " + b"a" * 1_000 + b"\r\n")
        except OSError:
            pass
        assert said(large).startswith(b"HTTP/1.1 431")


def test_a_body_that_is_too_large_is_413_and_not_read_to_its_end(address: tuple[str, int]) -> None:
    chunk = b"1000\r\n" + b"a" * 4_096 + b"\r\n"
    with socket.create_connection(address) as large:
        large.sendall(b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n" + chunk)
        assert large.recv(65_536).startswith(b"HTTP/1.1 413")
        with pytest.raises(ConnectionError):
            large.sendall(chunk * (64 * 1_024 * 1_024 // len(chunk)))


def test_one_connection_too_many_is_503(live_app: LiveApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_most_connections", lambda: 1)
    with serving(live_app) as address, socket.create_connection(address) as first:
        first.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        assert first.recv(65_536).startswith(b"HTTP/1.1 200")
        with socket.create_connection(address) as second:
            answer = said(second)
    assert answer.startswith(b"HTTP/1.1 503")
    assert b"retry-after: 5" in answer
    assert b'"code": "overloaded"' in answer


def test_a_client_that_vanished_is_noticed_by_the_operating_system(
    address: tuple[str, int],
) -> None:
    seen: list[int] = []
    original = keep_alive

    def noting(made: socket.socket | None) -> None:
        original(made)
        assert made is not None
        seen.append(made.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connections, "keep_alive", noting)
        with socket.create_connection(address) as client:
            client.sendall(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            assert said(client).startswith(b"HTTP/1.1 200")
    assert seen == [1]
