"""A process that dies between two steps of its work at the database, and the next one that begins where it ended."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from sqlalchemy import event

from app.payments import checkout
from tests.support.app_harness import World


class Died(Exception):
    """The process is dead: nothing that it still tries at the database is done."""


class DyingProcess:
    """The world's process. Once dead, it reads, writes and commits nothing, whatever it tries, until `restart`.

    What was committed before stays, what was not is rolled back, as when a process is killed. A provider is asked
    only between two steps at the database, so it may have been asked, and the answer lost.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._steps: int | None = None
        """How many are left; None: it does not die."""
        self._outside = False
        # One that died closes the connection of its answer, which nobody may take for the next question.
        world.http.headers["Connection"] = "close"
        engine = world.runtime.database.engine.sync_engine
        for moment in ("before_cursor_execute", "commit"):
            event.listen(engine, moment, self._step)

    @property
    def is_dead(self) -> bool:
        """Whether it has died and was not started again."""
        return self._steps == 0

    def die_after(self, steps: int) -> None:
        """Let it do so many statements and commits more."""
        self._steps = steps

    def _step(self, *_: Any) -> None:
        if self._steps is None or self._outside:
            return
        if self._steps == 0:
            raise Died
        self._steps -= 1

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Look into the database from outside: those are no steps of the process."""
        before, self._outside = self._outside, True
        try:
            yield
        finally:
            self._outside = before

    @contextmanager
    def working(self) -> Iterator[None]:
        """Let it work. If it dies of it, whoever asked gets no answer, and the next process begins."""
        hooks, self._world.http.event_hooks = self._world.http.event_hooks, {}
        try:
            yield
        except (Died, AssertionError, httpx.TransportError):
            if not self.is_dead:
                raise
        finally:
            self._world.http.event_hooks = hooks
            if self.is_dead:
                self.restart()

    def restart(self) -> None:
        """Begin anew, as another process: it knows nothing of what the one before was about, and looks for all."""
        self._steps = None
        checkout._opening.clear()
        self._world.looked_at = None
        self._world.rarely.clear()
        for woken in self._world.woken.values():
            self._world.loop.call_soon_threadsafe(woken.set)
