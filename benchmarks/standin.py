"""A stand-in for the messaging platform: it takes every message, and notes when.

`python -m benchmarks.standin PORT`. One process does nothing else, so that it is never what is measured.
`GET /times` tells the moments (seconds since 1970) at which messages came, and forgets them.
"""

import asyncio
import itertools
import json
import sys
import time
from typing import cast

import uvloop

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
_numbers = itertools.count()
_times: list[float] = []


class _Client(asyncio.Protocol):
    """One connection: requests one after another."""

    def __init__(self) -> None:
        self._received = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while self._answer_one():
            pass

    def _answer_one(self) -> bool:
        head, end, rest = self._received.partition(b"\r\n\r\n")
        if not end or self._transport is None:
            return False
        _, said, after = head.lower().partition(b"content-length:")
        length = int(after.split(b"\r\n", 1)[0]) if said else 0
        if len(rest) < length:
            return False
        self._received = rest[length:]
        if head.startswith(b"GET"):
            body = json.dumps(_times).encode()
            _times.clear()
        else:
            _times.append(time.time())
            body = b'{"messages":[{"id":"wamid.standin%d"}]}' % next(_numbers)
        self._transport.write(_HEAD % len(body) + body)
        return True


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Client, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
