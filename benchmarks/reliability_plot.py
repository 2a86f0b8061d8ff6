"""Draw how often jobs filled against the chance that was forecast, from the figures of `forecast_calibration`."""

from collections.abc import Sequence
from html import escape
from typing import Any, Final

_SIZE, _EDGE = 420, 56
_COLOURS: Final = ("#2b6f8f", "#b5532a", "#4f7f3a", "#7a4f8f")


def draw(records: Sequence[dict[str, Any]], what: str) -> str:
    """Return an SVG with a point for each bin of each world; the more jobs in it, the larger. Same figures, same bytes."""
    parts = [
        f'<rect width="{_SIZE}" height="{_SIZE}" fill="white"/>',
        f'<path d="M{_at(0)} {_SIZE - _at(0)}L{_at(1)} {_SIZE - _at(1)}" stroke="#bbbbbb"/>',
    ]
    for quarter in range(5):
        share = quarter / 4
        parts.append(
            f'<text x="{_at(share):.1f}" y="{_SIZE - 34}" text-anchor="middle">{share:.0%}</text>'
            f'<text x="{_EDGE - 8}" y="{_SIZE - _at(share) + 4:.1f}" text-anchor="end">'
            f"{share:.0%}</text>"
        )
    for place, record in enumerate(records):
        colour = _COLOURS[place % len(_COLOURS)]
        told = record[what]
        for each in told["bins"]:
            radius = 2 + min(10.0, each["jobs"] ** 0.5 / 3)
            parts.append(
                f'<circle cx="{_at(each["said"]):.1f}" cy="{_SIZE - _at(each["filled"]):.1f}" '
                f'r="{radius:.1f}" fill="{colour}" fill-opacity="0.6">'
                f"<title>{each['jobs']} jobs</title></circle>"
            )
        label = f"{record['world']}: Brier {told['brier']:.3f}, {told['jobs']} jobs"
        parts.append(
            f'<text x="{_EDGE + 8}" y="{44 + 16 * place}" fill="{colour}">{escape(label)}</text>'
        )
    parts.append(
        f'<text x="{_SIZE / 2}" y="{_SIZE - 12}" text-anchor="middle">chance to fill that was told</text>'
        f'<text x="{_EDGE}" y="22" font-size="14">How often jobs filled</text>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_SIZE} {_SIZE}" '
        f'font-family="sans-serif" font-size="12" fill="#333333" role="img">'
        f"<title>How often jobs filled, by the chance that was told</title>{''.join(parts)}</svg>\n"
    )


def _at(share: float) -> float:
    return _EDGE + share * (_SIZE - 2 * _EDGE)
