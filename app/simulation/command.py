"""`python -m app simulate`: play seeds of a world under a policy, and tell the figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from app.simulation.figures import Figures, figures_of, mean_of
from app.simulation.policies import POLICIES
from app.simulation.run import Drawn, Played, play
from app.simulation.world import World, WorldError, read_world

MOST_SEEDS = 1_000
MOST_DAYS = 365


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of all seeds, and the run of the first one, from which plots are drawn."""

    world: str
    policy: str
    seeds: Sequence[int]
    figures: Sequence[Figures]
    first: Played
    days: int

    @property
    def mean(self) -> Figures:
        """The mean over the seeds."""
        return mean_of(list(self.figures))

    def as_json(self) -> dict[str, Any]:
        """Return it in the shape that the contract fixes."""
        seeds = [
            {"seed": seed, **one.as_json()}
            for seed, one in zip(self.seeds, self.figures, strict=True)
        ]
        return {
            "world": self.world,
            "policy": self.policy,
            "seeds": seeds,
            "mean": self.mean.as_json(),
        }


def simulate(world: str, policy: str, *, seeds: int, first_seed: int, days: int) -> Report:
    """Play `seeds` seeds from `first_seed` on. The same arguments give the same figures.

    Raises `WorldError` for a world that can't be read and for numbers out of range.
    """
    for name, number, least, most in (
        ("--seeds", seeds, 1, MOST_SEEDS),
        ("--first-seed", first_seed, 0, 2**31),
        ("--days", days, 1, MOST_DAYS),
    ):
        if not least <= number <= most:
            raise WorldError(f"{name} must be between {least} and {most:,}, not {number}.")
    if policy not in POLICIES:
        raise WorldError(f"--policy must be one of {', '.join(POLICIES)}, not {policy}.")
    return simulate_world(
        read_world(world), world, policy, range(first_seed, first_seed + seeds), days
    )


def simulate_world(
    world: World,
    name: str,
    policy: str,
    seeds: Sequence[int],
    days: int,
    drawn: Mapping[int, Drawn] = MappingProxyType({}),
) -> Report:
    """Play these seeds of a world that was read already; `name` is what it is called in the report.

    `drawn` are people and jobs of seeds that were drawn before: several policies can share them.
    """
    figures: list[Figures] = []
    first: Played | None = None
    for seed in seeds:
        run = play(world, POLICIES[policy](), seed, days, drawn.get(seed))
        figures.append(figures_of(run, days))
        first = first or run
    if first is None:
        raise WorldError("There is no seed to play.")
    return Report(name, policy, list(seeds), figures, first, days)


def table(report: Report) -> str:
    """Return the figures as a table to read."""
    head = ("seed", "fill", "offers/fill", "median h", "Gini", "newcomers", "over cap", "double")
    rows = [(str(seed), *_row(one)) for seed, one in zip(report.seeds, report.figures, strict=True)]
    rows.append(("mean", *_row(report.mean)))
    widths = [max(len(row[place]) for row in (head, *rows)) for place in range(len(head))]
    lines = [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in (head, *rows)
    ]
    return "\n".join([f"World {report.world}, policy {report.policy}, {report.days} days", *lines])


def _row(figures: Figures) -> tuple[str, ...]:
    return (
        f"{figures.fill:.2%}",
        f"{figures.offers_per_fill:.2f}",
        f"{figures.median_hours_to_fill:.2f}",
        f"{figures.gini_offers:.3f}",
        f"{figures.newcomers_offered:.2%}",
        f"{figures.cap_breaches:g}",
        f"{figures.double_bookings:g}",
    )


def write_plots(report: Report, folder: Path) -> list[Path]:
    """Draw the first seed into `folder`, and write the figures beside; returns the files."""
    import json

    from app.simulation.plots import PLOTS

    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for name, draw in PLOTS.items():
            file = folder / f"{name}.svg"
            file.write_text(
                draw(report.first, f"{report.world}, {report.policy}"), encoding="utf-8"
            )
            written.append(file)
        figures = folder / "figures.json"
        figures.write_text(json.dumps(report.as_json(), indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise WorldError(f"--out {folder}: {error.strerror}.") from None
    return [*written, figures]
