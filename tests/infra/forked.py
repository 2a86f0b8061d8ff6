"""Processes forked from one that has imported the product: a start without its imports.

Where many processes are started on a small machine, their imports are most of the work, and reading the map
and the vocabularies most of the rest. What a start takes is
measured with whole processes only.
"""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final, Protocol

_LOOK_SECONDS: Final = 0.02
_FORKING: Final = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload(["tests.infra.preloaded"])
_RUN_ANEW: Final = ("app.main", "app.__main__", "campaign.product")
"""Modules that read the settings or the command line when they are imported."""


class Running(Protocol):
    """What `subprocess.Popen` and `Forked` have in common."""

    @property
    def pid(self) -> int:
        """Return its process id."""

    def poll(self) -> int | None:
        """Return the exit code, less than 0 for a signal; None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises `subprocess.TimeoutExpired`."""

    def send_signal(self, sig: int) -> None:
        """Send a signal, if it still runs."""

    def terminate(self) -> None:
        """Ask it to end."""

    def kill(self) -> None:
        """Kill it at once."""


class Forked:
    """`python -m module arguments…` with `env` and nothing of ours, in `folder`, its output added to `log`."""

    def __init__(
        self, module: str, arguments: Sequence[str], env: Mapping[str, str], folder: Path, log: Path
    ) -> None:
        self._name = f"{module} {' '.join(arguments)}"
        self._one_at_a_time = threading.Lock()  # the exit code can be read only once
        self._process: BaseProcess = _FORKING.Process(
            target=_run, args=(module, list(arguments), dict(env), folder, log)
        )
        self._process.start()

    @property
    def pid(self) -> int:
        """Return its process id."""
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """Return the exit code, less than 0 for a signal; None while it runs."""
        with self._one_at_a_time:
            return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises `subprocess.TimeoutExpired`."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if timeout is not None and deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(self._name, timeout)
            time.sleep(_LOOK_SECONDS)
        return code

    def send_signal(self, sig: int) -> None:
        """Send a signal, if it still runs."""
        with self._one_at_a_time:
            if self._process.exitcode is None and self._process.pid is not None:
                os.kill(self._process.pid, sig)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it at once."""
        self.send_signal(signal.SIGKILL)


def _run(module: str, arguments: list[str], env: dict[str, str], folder: Path, log: Path) -> None:
    """Become that process: its session, its environment, its folder, its output."""
    os.setsid()
    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder)
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.argv = [module, *arguments]
    for name in _RUN_ANEW:
        sys.modules.pop(name, None)
    runpy.run_module(module, run_name="__main__", alter_sys=True)
