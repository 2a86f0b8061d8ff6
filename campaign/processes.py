"""The product's processes: started, told what to do, killed, and started again at once."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from app.core.clocks import SKEW
from campaign.databases import CampaignDatabase
from tests.infra.forked import Forked, Running
from tests.infra.run import ROOT

READY_SECONDS = 60.0
"""A process that is not ready by then will not be."""

_LOOK_SECONDS = 0.02


class ProcessFailedError(RuntimeError):
    """A process could not be started; the message holds the end of its log."""


@dataclass
class Restart:
    """A start after a kill: how long until it was ready, and whether the database was there meanwhile."""

    name: str
    seconds: float
    database_up: bool


@dataclass
class Process:
    """One process that is kept running, whatever happens to it."""

    name: str
    what: str
    """`serve` or `worker`."""
    env: Mapping[str, str]
    folder: Path
    health_url: str | None
    """Where it says that it is healthy; None for a process that prints that it works."""
    database: CampaignDatabase
    forked: bool = False
    """Whether it is forked from a process that has imported the product."""
    restarts: list[Restart] = field(default_factory=list)
    kills: int = 0
    gave_up: int = 0
    """How often it ended by itself."""
    gave_up_for_nothing: int = 0
    """How often of these the database was there and the clock was right."""
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    _process: Running | None = None
    _killed: bool = False
    _orders: dict[str, Any] = field(
        default_factory=lambda: {"time_seconds": 0.0, "clock_seconds": 0.0, "die": None}
    )
    _clock_turned: bool = False
    """Whether its clock was wrong at any time since it was started."""
    _ending: bool = False

    async def keep(self) -> None:
        """Start it, and start it again whenever it ends."""
        first = True
        while not self._ending:
            self._start()
            begun, breaks, up = time.monotonic(), self.database.breaks, self.database.up
            if ready := await self._becomes_ready():
                if not first:
                    fair = up and self.database.breaks == breaks
                    self.restarts.append(Restart(self.name, time.monotonic() - begun, fair))
                first = False
                self.ready.set()
                await asyncio.to_thread(self._wait)
                self.ready.clear()
            refused = (
                not ready and self._clock_turned
            )  # with a wrong clock the product does not start
            self._note_end(up and self.database.breaks == breaks and not refused)

    def _note_end(self, up: bool) -> None:
        if self._ending:
            return
        dying = self._orders["die"] is not None and self._code() == -signal.SIGKILL
        if self._killed or dying:
            self.kills += 1
        else:
            self.gave_up += 1
            self.gave_up_for_nothing += up
        self._killed = False
        self._orders["die"] = None

    def _start(self) -> None:
        self._clock_turned = False
        self._write_orders()
        log = self.folder / f"{self.name}.log"
        env = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            **self.env,
        }
        with log.open("ab") as output:
            if self.forked:
                arguments = (self.what, str(self._orders_file))
                self._process = Forked("campaign.product", arguments, env, self.folder, log)
            else:
                self._process = subprocess.Popen(
                    [
                        *(sys.executable, "-m", "campaign.product"),
                        *(self.what, str(self._orders_file)),
                    ],
                    cwd=self.folder,
                    env=env,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        self._log_from = log.stat().st_size

    @property
    def _orders_file(self) -> Path:
        return self.folder / f"{self.name}.orders.json"

    def _write_orders(self) -> None:
        # Read by the process at any moment: never half a file.
        half = self._orders_file.with_suffix(".new")
        half.write_text(json.dumps(self._orders))
        half.replace(self._orders_file)
        self._clock_turned |= abs(self._orders["clock_seconds"]) > SKEW.total_seconds()

    async def _becomes_ready(self) -> bool:
        deadline = time.monotonic() + READY_SECONDS
        while self._running():
            if await self._is_ready():
                return True
            if time.monotonic() > deadline:
                # It lives and does not answer: the database may be frozen. It is ready when it says so.
                deadline = time.monotonic() + READY_SECONDS
            await asyncio.sleep(_LOOK_SECONDS)
        return False

    async def _is_ready(self) -> bool:
        if self.health_url is None:
            return b"Working:" in self._log()
        try:
            async with httpx.AsyncClient(timeout=2, trust_env=False) as http:
                return (await http.get(self.health_url)).is_success
        except httpx.TransportError:
            return False

    def _log(self) -> bytes:
        with (self.folder / f"{self.name}.log").open("rb") as log:
            log.seek(self._log_from)
            return log.read()

    def _wait(self) -> None:
        if self._process is not None:
            self._process.wait()

    def _running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _code(self) -> int | None:
        return None if self._process is None else self._process.poll()

    def _signal(self, number: int) -> None:
        if self._process is not None and self._running():
            self._process.send_signal(number)

    # ── What is done to it ───────────────────────────────────────────────────────────────────────

    def kill(self) -> None:
        """Kill it at once."""
        self._killed = True
        self._signal(signal.SIGKILL)

    def order(self, **orders: Any) -> None:
        """Tell it what to do from now on; a process that is starting reads it when it starts."""
        self._orders |= orders
        self._write_orders()
        if self.ready.is_set():
            self._signal(signal.SIGUSR1)

    async def freeze(self, seconds: float) -> None:
        """Stop it for so long, as a machine does that is moved or swaps."""
        self._signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            self._signal(signal.SIGCONT)

    def end(self) -> None:
        """End it for good, and wait for it."""
        self._ending = True
        if self._process is None:
            return
        self._signal(signal.SIGCONT)
        self._signal(signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def end_of_log(self) -> str:
        """Return the last lines it wrote."""
        file = self.folder / f"{self.name}.log"
        return file.read_text(errors="replace")[-3_000:] if file.exists() else ""
