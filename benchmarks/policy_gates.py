"""The wave policy against its rivals in the simulator, seed by seed, and the gates it is held to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.simulation.command import simulate_world
from app.simulation.figures import Figures, mean_of
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


def judge(figures: dict[str, Figures]) -> list[float]:
    """Return the value of each gate, in their order, from the mean figures of every policy."""
    ours, once, often = figures["waves"], figures["nearest-once"], figures["nearest-2h"]
    before, oracle, all_ = figures["today"], figures["oracle"], figures["everybody"]
    return [
        ours.fill / once.fill,
        (1 - ours.fill) / (1 - once.fill),
        ours.offers_per_fill / once.offers_per_fill,
        ours.offers_per_fill / all_.offers_per_fill,
        ours.fill - often.fill,
        ours.median_hours_to_fill / often.median_hours_to_fill,
        ours.gini_offers / once.gini_offers,
        ours.newcomers_offered,
        ours.cap_breaches,
        ours.double_bookings,
        ours.fill / oracle.fill,
        ours.fill - before.fill,
        figures[UNCAPPED].fill - before.fill,
        ours.offers_per_fill / before.offers_per_fill,
        ours.median_hours_to_fill / before.median_hours_to_fill,
        ours.gini_offers / before.gini_offers,
    ]


def run(*, quick: bool = False, seeds: Sequence[int] = SEEDS) -> list[dict[str, Any]]:
    """Play the seeds of both worlds under every policy, all of a seed after each other."""
    records: list[dict[str, Any]] = []
    for world in ("slack", "tight"):
        *_, whole = play(world, seeds[:1] if quick else seeds, 2 if quick else DAYS)
        records.append(whole)
    return records


def play(name: str, seeds: Sequence[int], days: int) -> Iterator[dict[str, Any]]:
    """Yield after each seed the figures so far: the mean of each policy, and the gates."""
    world = read_world(name)
    rules = world.rules.model_copy(update={"weekly_cap": 0})
    uncapped = world.model_copy(update={"rules": rules})
    played: dict[str, list[Figures]] = {}
    for seed in seeds:
        for policy in ("waves", *RIVALS):
            played.setdefault(policy, []).append(_one(world, name, policy, seed, days))
        played.setdefault(UNCAPPED, []).append(_one(uncapped, name, "waves", seed, days))
        means = {policy: mean_of(figures) for policy, figures in played.items()}
        yield {
            "world": name,
            "seeds": len(played["waves"]),
            "figures": {policy: mean.as_json() for policy, mean in means.items()},
            "gates": [
                {
                    "gate": gate.says,
                    "bound": gate.bound(name),
                    "value": value,
                    "met": _met(gate, name, value),
                }
                for gate, value in zip(GATES, judge(means), strict=True)
            ],
            "fill_by_seed": [figures.fill for figures in played["waves"]],
        }


def _met(gate: Gate, world: str, value: float) -> bool:
    bound = gate.bound(world)
    return value >= bound if gate.is_floor else value <= bound


def _one(world: World, name: str, policy: str, seed: int, days: int) -> Figures:
    return simulate_world(world, name, policy, [seed], days).mean
