"""One test run: its folder, its workers, and the servers they share.

A run may be one process or several (pytest-xdist). The first that needs a server starts it under a
lock and writes down how to reach it; the others read that. The servers end with the run.
"""

import fcntl
import json
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

ROOT = Path(__file__).resolve().parents[2]

READY_SECONDS = 60
"""How long a server may take to answer, on a machine that is busy with other things."""

_KEEPER = Path(__file__).with_name("keeper.py")


class ServerFailedError(RuntimeError):
    """A server that the tests need did not start; the message holds the end of its log."""


def worker_name() -> str:
    """Return the name of this worker: `gw0`, `gw1`, …, or `main` in a run of one process."""
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


def worker_number() -> int:
    """Return the number of this worker, from 0."""
    name = worker_name()
    return int(name.removeprefix("gw")) if name != "main" else 0


def _leader() -> int:
    """Return the process whose end is the end of the run."""
    return os.getpid() if worker_name() == "main" else os.getppid()


def run_folder() -> Path:
    """Return the folder of this run, shared by its workers; everyone may enter it."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or f"{os.getpid()}"
    folder = Path(tempfile.gettempdir()) / f"partimer-tests-{run}"
    folder.mkdir(mode=0o755, exist_ok=True)
    return folder


@contextmanager
def only_one(name: str) -> Iterator[None]:
    """Let one worker of the run at a time in."""
    with (run_folder() / f"{name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def free_port() -> int:
    """Return a TCP port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(
    check: Callable[[], bool],
    what: str,
    seconds: float = READY_SECONDS,
    *,
    look_seconds: float = 0.02,
) -> None:
    """Return as soon as `check` holds; fail naming `what` if it doesn't within `seconds`.

    For what another process does in its own time; inside one process wait for an event.
    """
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(look_seconds)


@dataclass(frozen=True)
class Plan:
    """What to run for a server: a command in a folder of its own, as `user` (None: as ourselves)."""

    command: list[str]
    folder: Path
    facts: dict[str, Any]
    ready: Callable[[], bool]
    user: str | None = None


def shared(name: str, prepare: Callable[[Path], Plan]) -> dict[str, Any]:
    """Return the facts of server `name`, starting it if no worker of this run has yet.

    Raises `ServerFailedError` if it ends or does not answer within `READY_SECONDS`.
    """
    told = run_folder() / f"{name}.json"
    with only_one(name):
        if told.exists():
            facts: dict[str, Any] = json.loads(told.read_text())
            return facts
        folder = run_folder() / name
        folder.mkdir(mode=0o755)
        plan = prepare(folder)
        _start(name, plan)
        told.write_text(json.dumps(plan.facts))
        return plan.facts


def _start(name: str, plan: Plan) -> None:
    log = run_folder() / f"{name}.log"
    # Opened for reading at once: a keeper that ends takes the folder of the run with it, if it is the last.
    with log.open("wb") as output, log.open(encoding="utf-8", errors="replace") as said:
        keeper = _keep(plan, output)
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if os.waitpid(keeper, os.WNOHANG) != (0, 0):
                raise ServerFailedError(f"{name} ended at once:\n{said.read()[-2000:]}")
            if plan.ready():
                return
            time.sleep(0.02)
        os.kill(keeper, signal.SIGTERM)
        raise ServerFailedError(f"{name} does not answer:\n{said.read()[-2000:]}")


def _keep(plan: Plan, output: BinaryIO) -> int:
    """Start the keeper, which waits for our end while nobody waits for its; return its process id."""
    command = [
        *(sys.executable, str(_KEEPER), str(_leader())),
        *(str(plan.folder), plan.user or "-", *plan.command),
    ]
    return os.posix_spawn(
        command[0],
        command,
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, output.fileno(), 1),
            (os.POSIX_SPAWN_DUP2, output.fileno(), 2),
        ],
        setsid=True,
    )
