"""Charts drawn by the server: an SVG that the table beneath it says in numbers, so that it needs no words of its own."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from markupsafe import Markup

_WIDTH: Final = 640
_BAR: Final = 22
_GAP: Final = 8
_LABEL: Final = 190
_END: Final = 120
"""Left free for the number at the end of the longest bar."""
_HEIGHT: Final = 160
_LINE_MARGIN: Final = 28


class Bar(NamedTuple):
    """One bar: its name, its length, and the number that stands at its end."""

    name: str
    value: float
    said: str


def bars(rows: Sequence[Bar], label: str) -> Markup:
    """Return horizontal bars, the longest over the whole width; `label` names the chart for who can't see it."""
    most = max((row.value for row in rows), default=0) or 1
    height = len(rows) * (_BAR + _GAP)
    room = _WIDTH - _LABEL - _END
    parts = Markup()
    for number, row in enumerate(rows):
        y = number * (_BAR + _GAP)
        long = max(1, round(row.value / most * room)) if row.value else 0
        parts += Markup(
            '<text x="{end}" y="{base}" text-anchor="end">{name}</text>'
            '<rect x="{x}" y="{y}" width="{long}" height="{bar}" rx="3"/>'
            '<text x="{after}" y="{base}">{said}</text>'
        ).format(
            end=_LABEL - 8,
            base=y + 16,
            name=row.name[:28],
            x=_LABEL,
            y=y,
            long=long,
            bar=_BAR,
            after=_LABEL + long + 6,
            said=row.said,
        )
    return _svg(label, height, parts)


def line(values: Sequence[float], first: str, last: str, label: str) -> Markup:
    """Return a line over time from `first` to `last`, its highest value at the side."""
    most = max(values, default=0) or 1
    inner = _HEIGHT - _LINE_MARGIN
    step = (_WIDTH - 60) / max(1, len(values) - 1)
    points = " ".join(
        f"{round(50 + number * step)},{round(inner - value / most * (inner - 14)) + 4}"
        for number, value in enumerate(values)
    )
    parts = Markup(
        '<polyline points="{points}"/><text x="44" y="16" text-anchor="end">{most}</text>'
        '<text x="44" y="{base}" text-anchor="end">0</text>'
        '<text x="50" y="{foot}">{first}</text>'
        '<text x="{end}" y="{foot}" text-anchor="end">{last}</text>'
    ).format(
        points=points,
        most=math.ceil(most),
        base=inner + 4,
        foot=_HEIGHT - 4,
        first=first,
        last=last,
        end=_WIDTH - 10,
    )
    return _svg(label, _HEIGHT, parts)


def _svg(label: str, height: int, parts: Markup) -> Markup:
    return Markup(
        '<svg class="chart" viewBox="0 0 {width} {height}" role="img" aria-label="{label}">{parts}</svg>'
    ).format(width=_WIDTH, height=max(1, height), label=label, parts=parts)
