"""Plots of a run as SVG, drawn here: a line, bars, a map of cells. No library, the same bytes each time."""

from collections.abc import Callable, Sequence
from html import escape
from typing import Final

import numpy as np

from app.simulation.figures import CELL_KM, by_cell, hours_to_fill
from app.simulation.run import Played

_WIDTH, _HEIGHT, _EDGE = 640, 380, 56
_INK, _LINE, _BAR = "#333333", "#2b6f8f", "#7fb3c8"
_STYLE: Final = 'font-family="sans-serif" font-size="12"'


def fill_over_time(run: Played, title: str) -> str:
    """Draw the share of places that are filled so many hours after publication."""
    job_hours = hours_to_fill(run)
    filled = np.sort(
        [(at - job.job.published) / 60 for job in run.market.done for at in job.filled_at]
    )
    most = 48.0
    marks = np.linspace(0, most, 97)
    share = np.searchsorted(filled, marks, side="right") / max(len(job_hours), 1)
    return _line(
        marks.tolist(), share.tolist(), f"Places filled: {title}", "hours since publication"
    )


def offers_per_worker(run: Played, title: str) -> str:
    """Draw how many workers got how many offers."""
    offers = np.minimum(run.market.offers, 30)
    counts = np.bincount(offers, minlength=31)
    labels = [str(count) for count in range(30)] + ["30+"]
    return _bars(labels, counts.tolist(), f"Workers by offers: {title}", "offers to one worker")


def fairness_by_worker(run: Played, title: str) -> str:
    """Draw the Lorenz curve: which share of the offers went to the share of workers with fewest."""
    offers = np.sort(run.market.offers.astype(float))
    share = np.concatenate([[0.0], offers.cumsum() / max(offers.sum(), 1.0)])
    marks = np.linspace(0, 1, 101)
    at = np.interp(marks, np.linspace(0, 1, len(share)), share)
    return _line(
        marks.tolist(),
        at.tolist(),
        f"Share of offers: {title}",
        "share of workers, fewest first",
        diagonal=True,
    )


def fairness_by_cell(run: Played, title: str) -> str:
    """Draw a map: offers per worker in each cell of five kilometres."""
    cells = by_cell(run)
    columns = 1 + max(x for x, _ in cells)
    rows = 1 + max(y for _, y in cells)
    most = max((mean for _, mean in cells.values()), default=1.0) or 1.0
    size = min((_WIDTH - 2 * _EDGE) / columns, (_HEIGHT - 2 * _EDGE) / rows)
    parts = []
    for (x, y), (workers, mean) in cells.items():
        left, top = _EDGE + x * size, _HEIGHT - _EDGE - (y + 1) * size
        parts.append(
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{size:.1f}" height="{size:.1f}" '
            f'fill="{_LINE}" fill-opacity="{0.08 + 0.9 * mean / most:.2f}" stroke="white">'
            f"<title>{workers} workers, {mean:.1f} offers each</title></rect>"
            f'<text x="{left + size / 2:.1f}" y="{top + size / 2 + 4:.1f}" text-anchor="middle" '
            f'font-size="10">{mean:.1f}</text>'
        )
    return _picture(f"Offers per worker by cell of {CELL_KM:g} km: {title}", "".join(parts))


def _line(
    xs: Sequence[float], ys: Sequence[float], title: str, below: str, *, diagonal: bool = False
) -> str:
    most = max(xs) or 1.0
    points = " ".join(f"{_x(x / most):.1f},{_y(y):.1f}" for x, y in zip(xs, ys, strict=True))
    parts = [_axes([f"{most * part / 4:g}" for part in range(5)], below)]
    if diagonal:
        parts.append(
            f'<line x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}" stroke="#bbbbbb"/>'
        )
    parts.append(f'<polyline points="{points}" fill="none" stroke="{_LINE}" stroke-width="2"/>')
    return _picture(title, "".join(parts))


def _bars(labels: Sequence[str], counts: Sequence[int], title: str, below: str) -> str:
    most = max([*counts, 1])
    width = (_WIDTH - 2 * _EDGE) / len(counts)
    parts = [
        f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 12}" text-anchor="middle">{escape(below)}</text>',
        f'<text x="{_EDGE - 6}" y="{_y(1) + 4:.1f}" text-anchor="end">{most}</text>',
    ]
    for place, (label, count) in enumerate(zip(labels, counts, strict=True)):
        left, top = _EDGE + place * width, _y(count / most)
        parts.append(
            f'<rect x="{left + 1:.1f}" y="{top:.1f}" width="{width - 2:.1f}" '
            f'height="{_y(0) - top:.1f}" fill="{_BAR}"><title>{label}: {count}</title></rect>'
        )
        if place % 5 == 0:
            parts.append(
                f'<text x="{left + width / 2:.1f}" y="{_HEIGHT - 34}" text-anchor="middle">'
                f"{label}</text>"
            )
    return _picture(title, "".join(parts))


def _axes(marks: Sequence[str], below: str) -> str:
    parts = [
        f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 12}" text-anchor="middle">{escape(below)}</text>'
    ]
    for place, mark in enumerate(marks):
        at = place / (len(marks) - 1)
        parts.append(
            f'<text x="{_x(at):.1f}" y="{_HEIGHT - 34}" text-anchor="middle">{mark}</text>'
            f'<line x1="{_EDGE}" y1="{_y(at):.1f}" x2="{_WIDTH - _EDGE}" y2="{_y(at):.1f}" '
            f'stroke="#e5e5e5"/>'
            f'<text x="{_EDGE - 6}" y="{_y(at) + 4:.1f}" text-anchor="end">{at:.0%}</text>'
        )
    return "".join(parts)


def _picture(title: str, body: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" {_STYLE} '
        f'fill="{_INK}" role="img"><title>{escape(title)}</title>'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>'
        f'<text x="{_EDGE}" y="30" font-size="14">{escape(title)}</text>{body}</svg>\n'
    )


def _x(share: float) -> float:
    return _EDGE + share * (_WIDTH - 2 * _EDGE)


def _y(share: float) -> float:
    return _HEIGHT - _EDGE - share * (_HEIGHT - 2 * _EDGE)


PLOTS: Final[dict[str, Callable[[Played, str], str]]] = {
    "fill_over_time": fill_over_time,
    "offers_per_worker": offers_per_worker,
    "fairness_by_worker": fairness_by_worker,
    "fairness_by_cell": fairness_by_cell,
}
