"""Writes the gates' figures into docs/how-people-are-chosen.md: `python -m benchmarks.policy_report`.

It takes what `python -m benchmarks policy` measured (`benchmarks/results/policy.json`), and, where they were played,
the worlds of other habits and shapes (`benchmarks/results/policy_worlds.json`).
"""

import json
from pathlib import Path
from typing import Any, Final

from app.simulation.figures import Figures
from benchmarks.policy_gates import GATES, judge

_ROOT: Final = Path(__file__).parents[1]
_RESULTS: Final = _ROOT / "benchmarks" / "results"
PAGE: Final = _ROOT / "docs" / "how-people-are-chosen.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
_IN_POINTS: Final = frozenset(
    {"fill - ten nearest every 2 h", "fill - policy of before", "the same, no cap"}
)


def section(records: list[dict[str, Any]], worlds: list[dict[str, Any]]) -> str:
    """Return the part of the page between its marks; a figure that misses its gate is bold."""
    by_world = {record["world"]: record for record in records}
    counts = ", ".join(f"{record['seeds']} seeds {name}" for name, record in by_world.items())
    lines = [
        f"Means of {counts}, 28 days each, the same people, jobs and luck for every policy.",
        "",
        "| against | slack: goal | seen | tight: goal | seen |",
        "|---|---|---|---|---|",
    ]
    for place, gate in enumerate(GATES):
        cells = [gate.says]
        for name in ("slack", "tight"):
            if (record := by_world.get(name)) is None:
                cells += ["", "not played"]
                continue
            seen = record["gates"][place]
            cells += [_goal(gate.says, seen["bound"], gate.is_floor), _seen(gate.says, seen)]
        lines.append(f"| {' | '.join(cells)} |")
    if worlds:
        lines += ["", *_worlds(worlds)]
    return "\n".join(lines)


def _goal(says: str, bound: float, is_floor: bool) -> str:
    return f"{'≥' if is_floor else '≤'} {_number(says, bound)}"


def _seen(says: str, seen: dict[str, Any]) -> str:
    if seen["value"] is None:
        return "not played"
    number = _number(says, seen["value"])
    told = number if seen["met"] else f"**{number}**"
    return f"{told} ({seen['seeds']} seeds)" if "seeds" in seen else told


def _number(says: str, value: float) -> str:
    if says in _IN_POINTS:
        return f"{100 * value:+.1f} pt"
    return f"{value:.3f}" if 0 < abs(value) < 10 else f"{value:g}"


def _worlds(worlds: list[dict[str, Any]]) -> list[str]:
    lines = [
        (
            "| world | seeds | fill | oracle | ten every 2 h | rules of before | offers per fill | median hours | Gini "
            "| newcomers | more than a tenth from its gate |"
        ),
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for record in worlds:
        ours, often, before = (record[name] for name in ("waves", "nearest-2h", "today"))
        cells = (
            record["world"],
            str(record["seeds"]),
            f"{ours['fill']:.3f}",
            f"{record['oracle']['fill']:.3f}",
            f"{often['fill']:.3f}",
            f"{before['fill']:.3f}",
            f"{ours['offers_per_fill']:.1f}",
            f"{ours['median_hours_to_fill']:.2f}",
            f"{ours['gini_offers']:.2f}",
            f"{ours['newcomers_offered']:.3f}",
            "; ".join(_far_off(record)) or "nothing",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _far_off(record: dict[str, Any]) -> list[str]:
    """Return the gates of the slack (or tight) world that a world misses by more than a tenth, with what was seen."""
    figures = {
        name: Figures(**values) for name, values in record.items() if isinstance(values, dict)
    }
    bounds = "tight" if record["world"].startswith("tight") else "slack"
    found = []
    for gate, value in zip(GATES, judge(figures), strict=True):
        if value is None:
            continue
        bound = gate.bound(bounds)
        leeway = abs(bound) / 10 + 1e-9
        off = bound - leeway > value if gate.is_floor else value > bound + leeway
        if off:
            found.append(f"{gate.says} {_number(gate.says, value)}")
    return found


def write(page: Path, text: str) -> None:
    """Put the text between the marks of the page. Raises `ValueError` where they are not there."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"{page.name} has no {BEGIN} … {END}")
    page.write_text(f"{before}{BEGIN}\n{text}\n{end}{after}", encoding="utf-8")


def _read(name: str) -> list[dict[str, Any]]:
    file = _RESULTS / name
    if not file.exists():
        return []
    found: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["results"]
    return found


if __name__ == "__main__":
    write(PAGE, section(_read("policy.json"), _read("policy_worlds.json")))
