"""A wire between the product and its database that can be cut where it hurts."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Wire:
    """Passes bytes on; cuts a connection at the next COMMIT once `cut` was called."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._cuts: str | None = None
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, what: str) -> None:
        """At the next COMMIT lose the `answer` to it, or the `question` itself."""
        self._cuts = what

    def close(self) -> None:
        """End every connection."""
        for each in [self._listener, *self._open]:
            _end(each)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._to))
                self._open |= {client, server}
                lost = threading.Event()
                for source, target, asks in ((client, server, True), (server, client, False)):
                    arguments = (source, target, lost, asks)
                    threading.Thread(target=self._pass, args=arguments, daemon=True).start()

    def _pass(
        self, source: socket.socket, target: socket.socket, lost: threading.Event, asks: bool
    ) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if asks and self._cuts is not None and b"COMMIT" in data:
                    question, self._cuts = self._cuts == "question", None
                    lost.set()
                    if question:
                        break
                elif lost.is_set():
                    break
                target.sendall(data)
        for each in (source, target):
            _end(each)
            self._open.discard(each)


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


@contextmanager
def wire_to(port: int) -> Iterator[Wire]:
    """Give a wire to a port of this machine."""
    wire = Wire(port)
    try:
        yield wire
    finally:
        wire.close()
