"""The wave policy against its rivals in the simulator, seed by seed, and the gates it is held to.

What was played is kept, a file for each world, policy and seed, named after the code that it ran: a run that was
interrupted goes on where it stopped, and another policy's figures stay when the wave policy changes.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from app.simulation.command import simulate_world
from app.simulation.figures import Figures, mean_of
from app.simulation.run import Drawn, draw
from app.simulation.world import World, read_world

DAYS: Final = 28
SEEDS: Final = tuple(range(1, 21))
RIVALS: Final = ("nearest-once", "nearest-2h", "everybody", "today", "oracle")
UNCAPPED: Final = "waves, no cap"


@dataclass(frozen=True, slots=True)
class Gate:
    """A figure of the policy against a rival's, and the bound in each world."""

    says: str
    slack: float
    tight: float
    is_floor: bool

    def bound(self, world: str) -> float:
        """Return the bound in this world."""
        return self.slack if world == "slack" else self.tight


GATES: Final = (
    Gate("fill / ten nearest once", 1.40, 1.30, is_floor=True),
    Gate("unfilled / ten nearest once", 0.25, 0.55, is_floor=False),
    Gate("offers per fill / ten nearest once", 1.15, 1.55, is_floor=False),
    Gate("offers per fill / everybody", 0.15, 0.17, is_floor=False),
    Gate("fill - ten nearest every 2 h", 0.02, -0.01, is_floor=True),
    Gate("median time to fill / ten nearest every 2 h", 0.80, 0.60, is_floor=False),
    Gate("Gini of offers / ten nearest once", 0.70, 0.50, is_floor=False),
    Gate("newcomers offered something within 14 days", 0.98, 0.98, is_floor=True),
    Gate("cap breaches", 0.0, 0.0, is_floor=False),
    Gate("double bookings", 0.0, 0.0, is_floor=False),
    Gate("fill / oracle", 0.99, 0.96, is_floor=True),
    Gate("fill - policy of before", 0.015, -0.02, is_floor=True),
    Gate("the same, no cap", 0.015, 0.02, is_floor=True),
    Gate("offers per fill / policy of before", 1.10, 1.15, is_floor=False),
    Gate("median time to fill / policy of before", 0.60, 0.55, is_floor=False),
    Gate("Gini of offers / policy of before", 0.75, 0.50, is_floor=False),
)


def judge(figures: dict[str, Figures]) -> list[float | None]:
    """Return the value of each gate, in their order, from the mean figures of every policy.

    None where it needs those that need not be played: everybody, and the policy without a cap.
    """
    ours, once, often = figures["waves"], figures["nearest-once"], figures["nearest-2h"]
    before, oracle, all_ = figures["today"], figures["oracle"], figures.get("everybody")
    uncapped = figures.get(UNCAPPED)
    return [
        ours.fill / once.fill,
        (1 - ours.fill) / (1 - once.fill),
        ours.offers_per_fill / once.offers_per_fill,
        None if all_ is None else ours.offers_per_fill / all_.offers_per_fill,
        ours.fill - often.fill,
        ours.median_hours_to_fill / often.median_hours_to_fill,
        ours.gini_offers / once.gini_offers,
        ours.newcomers_offered,
        ours.cap_breaches,
        ours.double_bookings,
        ours.fill / oracle.fill,
        ours.fill - before.fill,
        None if uncapped is None else uncapped.fill - before.fill,
        ours.offers_per_fill / before.offers_per_fill,
        ours.median_hours_to_fill / before.median_hours_to_fill,
        ours.gini_offers / before.gini_offers,
    ]


def run(
    *, quick: bool = False, seeds: Sequence[int] = SEEDS, keep: Path | None = None
) -> list[dict[str, Any]]:
    """Play the seeds of both worlds under every policy, all of a seed after each other; `keep` is a `Kept` folder."""
    records: list[dict[str, Any]] = []
    for world in ("slack", "tight"):
        *_, whole = play(world, seeds[:1] if quick else seeds, 2 if quick else DAYS, keep)
        records.append(whole)
    return records


def play(
    name: str, seeds: Sequence[int], days: int, keep: Path | None = None
) -> Iterator[dict[str, Any]]:
    """Yield after each seed the figures so far: the mean of each policy, and the gates."""
    world = read_world(name)
    rules = world.rules.model_copy(update={"weekly_cap": 0})
    uncapped = world.model_copy(update={"rules": rules})
    played: dict[str, list[Figures]] = {}
    for seed in seeds:
        of = Seed(world, name, seed, days, keep)
        for policy in ("waves", *RIVALS):
            played.setdefault(policy, []).append(of.figures(policy))
        played.setdefault(UNCAPPED, []).append(of.figures("waves", uncapped))
        yield record(name, played)


def record(name: str, played: dict[str, list[Figures]]) -> dict[str, Any]:
    """Return the means of what was played of a world, and its gates."""
    means = {policy: mean_of(figures) for policy, figures in played.items()}
    return {
        "world": name,
        "seeds": len(played["waves"]),
        "figures": {policy: mean.as_json() for policy, mean in means.items()},
        "gates": [
            {
                "gate": gate.says,
                "bound": gate.bound(name),
                "value": value,
                "met": value is not None and _met(gate, name, value),
            }
            for gate, value in zip(GATES, judge(means), strict=True)
        ],
        "fill_by_seed": [figures.fill for figures in played["waves"]],
    }


class Seed:
    """One seed of a world: its people and jobs are drawn once, and only if something has to be played."""

    def __init__(self, world: World, name: str, seed: int, days: int, keep: Path | None) -> None:
        self._world, self._name, self._seed, self._days, self._keep = world, name, seed, days, keep
        self._drawn: Drawn | None = None

    def figures(self, policy: str, world: World | None = None) -> Figures:
        """Return the figures of a policy; `world` may differ from the seed's in what the platform promises."""
        world = world or self._world
        file = self._file(policy, world)
        if file is not None and file.exists():
            return Figures(**json.loads(file.read_text(encoding="utf-8")))
        drawn = self._drawn or draw(self._world, self._seed, self._days)
        self._drawn = drawn
        report = simulate_world(
            world, self._name, policy, [self._seed], self._days, {self._seed: drawn}
        )
        if file is not None:
            # Put in place whole: a run that is stopped leaves no half of a file.
            file.parent.mkdir(parents=True, exist_ok=True)
            half = file.with_suffix(".half")
            half.write_text(json.dumps(report.mean.as_json()) + "\n", encoding="utf-8")
            half.replace(file)
        return report.mean

    def _file(self, policy: str, world: World) -> Path | None:
        if self._keep is None:
            return None
        code = _code(policy == "waves") + world.model_dump_json().encode() + bytes([self._days])
        mark = hashlib.sha256(code).hexdigest()[:12]
        return self._keep / f"{self._name}-{policy}-{self._seed}-{mark}.json"


@cache
def _code(is_ours: bool) -> bytes:
    """Return the source that a policy runs: what only the wave policy runs is no part of its rivals'."""
    app = Path(__file__).parents[1] / "app"
    files = [app / "simulation" / f"{name}.py" for name in ("city", "run", "rivals", "figures")]
    if is_ours:
        files.append(app / "simulation" / "policies.py")
        files += [app / "matching" / f"{name}.py" for name in ("asking", "response")]
    return b"".join(file.read_bytes() for file in files)


def _met(gate: Gate, world: str, value: float) -> bool:
    bound = gate.bound(world)
    return value >= bound if gate.is_floor else value <= bound
