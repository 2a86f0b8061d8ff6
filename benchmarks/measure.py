"""Timing things against each other, on a machine that does other things as well.

Absolute times depend on the machine and on what else it does; ratios of things measured in turns, in
one run, hold much better. So everything here is interleaved, and told as medians.
"""

import os
import platform
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

type Work = Callable[[], Awaitable[object]]


@dataclass
class Times:
    """How long one thing took, each time, in milliseconds."""

    samples: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.samples)

    @property
    def worst_of_20(self) -> float:
        """What one in twenty exceeds."""
        ordered = sorted(self.samples)
        return ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]

    def summary(self) -> dict[str, float | int]:
        """For the record."""
        return {
            "median_ms": round(self.median, 3),
            "p95_ms": round(self.worst_of_20, 3),
            "times": len(self.samples),
        }


async def interleaved(
    works: Mapping[str, Work], *, rounds: int, repeats: Mapping[str, int] | None = None
) -> dict[str, Times]:
    """Measure each in turn, `rounds` times; quick ones several times a round (`repeats`).

    Those run once unmeasured before, so that caches and prepared statements are as in use.
    """
    often = repeats or {}
    times = {name: Times() for name in works}
    for name in often:
        await works[name]()
    for _ in range(rounds):
        for name, work in works.items():
            for _ in range(often.get(name, 1)):
                started = time.perf_counter()
                await work()
                times[name].samples.append((time.perf_counter() - started) * 1_000)
    return times


def machine() -> dict[str, str | int | float]:
    """What it was measured on."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count() or 0,
        "load_before": load(),
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def load() -> float:
    """How many processes wanted a core in the last minute."""
    return round(os.getloadavg()[0], 2)


def processor_seconds(pid: int) -> float:
    """User and system time that a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
