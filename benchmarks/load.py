"""A client that asks as fast as it is answered, over connections that stay open."""

import asyncio
import statistics
import time
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from benchmarks.measure import processor_seconds

CONNECTIONS = 16


class Server(NamedTuple):
    """Where it answers, and the process that does."""

    base_url: str
    pid: int


class Load(NamedTuple):
    """What a server did under load."""

    per_second: float
    median_ms: float
    processor_ms: float
    """Processor time of the server's process for one answer: holds on a machine that is busy."""


async def ask(server: Server, requests: Iterator[bytes], seconds: float) -> Load:
    """Ask for that long. Raises `RuntimeError` at an answer that is not 200."""
    address = urlsplit(server.base_url)
    used = processor_seconds(server.pid)
    started = time.perf_counter()
    deadline = started + seconds
    waited: list[float] = []
    await asyncio.gather(
        *(
            _ask(address.hostname or "", address.port or 80, requests, deadline, waited)
            for _ in range(CONNECTIONS)
        )
    )
    answers = len(waited)
    return Load(
        per_second=answers / (time.perf_counter() - started),
        median_ms=statistics.median(waited) * 1_000,
        processor_ms=(processor_seconds(server.pid) - used) * 1_000 / answers,
    )


async def one_by_one(server: Server, requests: Iterator[bytes], times: int) -> list[float]:
    """Ask so many times over one connection, a tenth more unmeasured before; return the milliseconds of each."""
    address = urlsplit(server.base_url)
    reader, writer = await asyncio.open_connection(address.hostname or "", address.port or 80)
    try:
        waited = [
            1_000 * await _answered(reader, writer, next(requests))
            for _ in range(times + times // 10 + 1)
        ]
    finally:
        writer.close()
    return waited[-times:]


async def _ask(
    host: str, port: int, requests: Iterator[bytes], deadline: float, waited: list[float]
) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        while time.perf_counter() < deadline:
            waited.append(await _answered(reader, writer, next(requests)))
    finally:
        writer.close()


async def _answered(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> float:
    """Return the seconds that an answer took."""
    began = time.perf_counter()
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
    body = await reader.readexactly(length)
    if not head.startswith(b"HTTP/1.1 200 "):
        raise RuntimeError((head + body).decode(errors="replace"))
    return time.perf_counter() - began
