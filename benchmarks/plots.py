"""Pictures of the figures."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("agg")
import matplotlib.pyplot as plt

_COLOURS = {
    "plain ORM": "#8c8c8c",
    "lean ORM": "#bdbdbd",
    "bounding box": "#a3b86c",
    "earthdistance GiST": "#d9a441",
    "ST_DWithin": "#8a6fb0",
    "service-box GiST": "#c46f4b",
    "match": "#2b6f8f",
    "search": "#7fb3c8",
}
_SAID = {
    "plain ORM": "everybody through the ORM",
    "lean ORM": "the same, slots of the near only",
    "bounding box": "a box of latitudes and longitudes, by its index",
    "earthdistance GiST": "PostgreSQL's earthdistance, by its index",
    "ST_DWithin": "PostGIS's ST_DWithin, by its index",
    "service-box GiST": "boxes of where each would work, by a GiST index",
    "match": "our match: the ten best, exactly",
    "search": "our index search alone",
}


def draw_matching(records: Sequence[dict[str, Any]], file: Path) -> None:
    """Median times by size, one panel a database, on a logarithmic scale."""
    databases = sorted({record["database"] for record in records}, reverse=True)
    figure, panels = plt.subplots(
        1, len(databases), figsize=(5.5 * len(databases), 4.2), sharey=True, squeeze=False
    )
    for panel, database in zip(panels[0], databases, strict=True):
        mine = [record for record in records if record["database"] == database]
        for name, colour in _COLOURS.items():
            points = [
                (record["workers"], record["times"][name]["median_ms"])
                for record in mine
                if name in record["times"]
            ]
            if points:
                xs, ys = zip(*points, strict=True)
                panel.plot(xs, ys, "o-", color=colour, label=_SAID.get(name, name))
        panel.set(xscale="log", yscale="log", title=database, xlabel="workers")
        panel.grid(which="major", alpha=0.25)
    panels[0][0].set_ylabel("median milliseconds")
    lines = {line.get_label(): line for panel in panels[0] for line in panel.get_lines()}
    figure.tight_layout(rect=(0, 0.14, 1, 1))
    figure.legend(handles=list(lines.values()), loc="lower center", ncols=3, fontsize=8)
    figure.savefig(file, dpi=130, metadata={"Software": None})
    plt.close(figure)
