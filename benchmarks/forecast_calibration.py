"""Whether a forecast's chance to fill is how often jobs fill: forecasts in the simulator against what then happened.

Each job is forecast as it is published, from what the wave policy has learned by then and the people who fit; then the
same policy plays it. The score is Brier's: the mean square of the chance less the outcome, 0 the best; that of saying how often
jobs fill, and nothing more, stands beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from app.matching.forecast import ENOUGH_SEEN, Pace, chance_to_fill
from app.matching.forecast_bands import BAND_EDGES_KM
from app.matching.forecast_calibration import Calibration, calibrated
from app.matching.learned_responses import LearnedResponses
from app.simulation.policies import Waves
from app.simulation.run import Market, OpenJob, play
from app.simulation.world import read_world

WORLDS: Final = ("slack", "tight", "two_towns")
SEEDS: Final = (1, 2)
DAYS: Final = 28
BINS: Final = 10
NEWEST: Final = 1_000
_COMPARED_EVERY: Final = 10
"""Jobs that ended between two looks at how forecasts fared."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What was said of a job, and what came of it."""

    number: int
    """Of the job."""
    model: float
    """The chance by the model alone."""
    chance: float
    """The chance as it is told: corrected by what became of the jobs before."""
    filled: bool
    seen: int
    """Offers that the policy had learned from."""


class _Forecasting(Waves):
    """The wave policy, which forecasts each job before it asks anybody."""

    def __init__(self) -> None:
        super().__init__()
        self.said: dict[int, tuple[float, float, int]] = {}
        self._calibration = Calibration()
        self._compared = 0

    def look(self, market: Market, job: OpenJob) -> float | None:
        """Forecast a job that is new, then ask."""
        if job.job.number not in self.said:
            if len(market.done) >= self._compared + _COMPARED_EVERY:
                self._compare(market)
            chance = self._chance(market, job)
            told = self._calibration.of(chance)
            self.said[job.job.number] = (chance, told, self.curves.seen)
        return super().look(market, job)

    def _compare(self, market: Market) -> None:
        self._compared = len(market.done)
        newest = market.done[-NEWEST:]
        said = np.array([self.said[job.job.number][0] for job in newest])
        self._calibration = calibrated(said, np.array([float(job.places == 0) for job in newest]))

    def _chance(self, market: Market, job: OpenJob) -> float:
        it, clock = job.job, market.clock
        here = it.km[market.people.joins[it.fitting] <= market.now]
        band = np.searchsorted(BAND_EDGES_KM, here)
        rules = market.world.rules
        return chance_to_fill(
            np.bincount(band, minlength=len(BAND_EDGES_KM) + 1).tolist(),
            it.places,
            clock.waking(it.starts) - clock.waking(market.now),
            Pace(rules.offers_per_open_place * it.places, rules.wave_minutes),
            LearnedResponses(self.curves),
        )


def forecasts(world: str, seed: int, days: int) -> list[Forecast]:
    """Return every job's forecast and outcome."""
    policy = _Forecasting()
    market = play(read_world(world), policy, seed, days).market
    return [
        Forecast(number, *said[:2], job.places == 0, said[2])
        for job in market.done
        for number, said in [(job.job.number, policy.said[job.job.number])]
    ]


def judged(found: Sequence[Forecast], *, by_model: bool = False) -> dict[str, Any]:
    """Return Brier's score and the reliability: of forecasts alike, what was said and how often it came."""
    said = np.array([each.model if by_model else each.chance for each in found])
    came = np.array([each.filled for each in found], dtype=float)
    place = np.minimum((said * BINS).astype(int), BINS - 1)
    return {
        "jobs": len(found),
        "brier": round(float(((said - came) ** 2).mean()), 4),
        "brier_of_the_share": round(float(came.mean() * (1 - came.mean())), 4),
        "said": round(float(said.mean()), 4),
        "filled": round(float(came.mean()), 4),
        "bins": [
            {
                "jobs": int((place == number).sum()),
                "said": round(float(said[place == number].mean()), 4),
                "filled": round(float(came[place == number].mean()), 4),
            }
            for number in range(BINS)
            if (place == number).any()
        ],
    }


def run(*, quick: bool) -> list[dict[str, Any]]:
    """Judge every world, and what was said once there was history."""
    records = []
    for world in WORLDS[:1] if quick else WORLDS:
        found = [
            each
            for seed in (SEEDS[:1] if quick else SEEDS)
            for each in forecasts(world, seed, 3 if quick else DAYS)
        ]
        later = [each for each in found if each.seen >= ENOUGH_SEEN]
        records.append(
            {
                "world": world,
                "told": judged(found),
                "told_from_history": judged(later or found),
                "by_the_model_alone": judged(found, by_model=True),
            }
        )
    return records
