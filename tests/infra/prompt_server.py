"""uvicorn's server, ending at once: its own looks only ten times a second whether it should, and whether it may."""

import asyncio
import socket
from typing import Final

import uvicorn

_HEADERS_SECONDS: Final = 1.0
"""How often uvicorn writes the `Date` of its answers anew."""
_LOOK_SECONDS: Final = 0.002


class PromptServer(uvicorn.Server):
    """Serves until `end`; as uvicorn's own it lets requests finish and the application close."""

    _loop: asyncio.AbstractEventLoop | None = None
    _told: asyncio.Event | None = None

    def end(self) -> None:
        """End soon; callable from any thread, also before the server has started and after it ended."""
        self.should_exit = True
        if self._loop is not None and self._told is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._told.set)

    async def main_loop(self) -> None:
        """Serve until told to end."""
        self._told, self._loop = asyncio.Event(), asyncio.get_running_loop()
        # Beginning a second's count makes it write the header.
        while not await self.on_tick(0):
            try:
                await asyncio.wait_for(self._told.wait(), _HEADERS_SECONDS)
            except TimeoutError:
                continue

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more connections, let requests finish, and let the application close."""
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        while self.server_state.connections or self.server_state.tasks:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(_LOOK_SECONDS)
        for server in self.servers:
            await server.wait_closed()
        await self.lifespan.shutdown()
