"""A client that asks as fast as it is answered, over connections that stay open."""

import asyncio
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

CONNECTIONS = 16


async def requests_per_second(base_url: str, requests: Iterator[bytes], seconds: float) -> float:
    """Answers a second to these raw requests. Raises `RuntimeError` at an answer that is not 200."""
    address = urlsplit(base_url)
    deadline = time.perf_counter() + seconds
    started = time.perf_counter()
    counts = await asyncio.gather(
        *(
            _ask(address.hostname or "", address.port or 80, requests, deadline)
            for _ in range(CONNECTIONS)
        )
    )
    return sum(counts) / (time.perf_counter() - started)


async def _ask(host: str, port: int, requests: Iterator[bytes], deadline: float) -> int:
    reader, writer = await asyncio.open_connection(host, port)
    answers = 0
    try:
        while time.perf_counter() < deadline:
            writer.write(next(requests))
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200 "):
                raise RuntimeError(head.decode(errors="replace"))
            length = head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0]
            await reader.readexactly(int(length))
            answers += 1
    finally:
        writer.close()
    return answers
