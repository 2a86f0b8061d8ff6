"""A process of its own that works until it kills itself, as the kernel kills one that takes all memory."""

import asyncio
import multiprocessing
import os
import signal
import warnings
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn


def die() -> NoReturn:
    """End this process at once: nothing is cleaned up, no transaction is ended in order."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("it lives on")


def in_a_process(work: Callable[[], Coroutine[Any, Any, Any]]) -> bool:
    """Run `work()` in a child process to its end; whether it was killed."""
    with warnings.catch_warnings():
        # The other threads of this process are pytest's own and hold no lock of ours.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = multiprocessing.get_context("fork").Process(target=_run, args=(work,), daemon=True)
        child.start()
    child.join(60)
    killed = child.exitcode == -signal.SIGKILL
    if not killed:
        assert child.exitcode == 0, "the child failed; it printed why"
    return killed


def _run(work: Callable[[], Coroutine[Any, Any, Any]]) -> None:
    # Of the parent's loop, which is not running here, nothing is to be known.
    asyncio.events._set_running_loop(None)
    asyncio.run(work())
