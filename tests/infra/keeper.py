"""Runs one server beside a test run, and takes it down when the run is gone, however it ended.

    python keeper.py <pid to watch> <folder of the server> <system user or -> <command …>

A run killed outright gets no chance to clean up; a process that watches it does.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

POLL_SECONDS = 0.2
STOP_SECONDS = 10


def alive(pid: int) -> bool:
    """Whether a process `pid` exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def keep(watched: int, folder: str, user: str, command: list[str]) -> int:
    """Run `command` until it ends by itself or `watched` is gone; return its exit code."""
    as_user: dict[str, Any] = {} if user == "-" else {"user": user, "extra_groups": []}
    child = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, **as_user)
    stopped = False

    def stop(_signal: int, _frame: object) -> None:
        nonlocal stopped
        stopped = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the run; its end is what ends us
    while child.poll() is None and not stopped and alive(watched):
        time.sleep(POLL_SECONDS)
    if child.poll() is None:
        child.send_signal(signal.SIGINT)  # PostgreSQL: fast shutdown; Valkey: without saving
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    shutil.rmtree(folder, ignore_errors=True)
    run = Path(folder).parent
    if not any(entry.is_dir() for entry in run.iterdir()):  # the last server turns out the light
        shutil.rmtree(run, ignore_errors=True)
    return child.returncode


if __name__ == "__main__":
    sys.exit(keep(int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]))
