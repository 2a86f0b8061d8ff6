"""How the story looks in a terminal."""

from collections.abc import Sequence
from typing import Any, Final

from babel.numbers import format_currency
from rich.align import Align
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from app.core.money import exponent

MAP_KM: Final = 12.0
"""How far the map reaches from the job, in every direction."""

_ROWS: Final = 19
_COLUMNS: Final = 57
"""A character is about twice as high as it is wide, so this is about square."""

_PARTS: Final = ("distance", "availability", "skills", "experience", "reliability")

type Json = dict[str, Any]


def money(price: Json) -> str:
    """Return an amount of minor units as people write it."""
    units = price["amount"] / 10 ** exponent(price["currency"])
    return str(format_currency(units, price["currency"], locale="en_IN"))


def job(made: Json, company: str) -> RenderableType:
    """Return the job as a card."""
    hours = ", ".join(f"{s['weekday'][:3]} {s['start']}-{s['end']}" for s in made["slots"])
    salary = made["salary"]
    lines = [
        f"[bold]{escape(made['title'])}[/bold] at {escape(company)}, {escape(made['city'])}",
        f"{hours}, {made['starts_on']} to {made['ends_on']}",
        f"{made['positions']} places, {', '.join(made['required_skills'])}",
        f"{money(salary)} per {salary['per']} (shown to workers, not part of what Partimer sells)",
    ]
    return Panel("\n".join(lines), width=76)


def city_map(
    people: Sequence[tuple[float, float, bool]], made: Json, matches: Sequence[Json]
) -> RenderableType:
    """Return the map around the job: `·` somebody, `o` who has the skills and would come, `★` it."""
    grid = [[" "] * _COLUMNS for _ in range(_ROWS)]
    rank = {" ": 0, "·": 1, "o": 2}
    for east, north, able in people:
        column = round((east / MAP_KM + 1) / 2 * (_COLUMNS - 1))
        row = round((1 - north / MAP_KM) / 2 * (_ROWS - 1))
        if 0 <= column < _COLUMNS and 0 <= row < _ROWS:
            mark = "o" if able else "·"
            grid[row][column] = max(grid[row][column], mark, key=lambda m: rank[m])
    grid[_ROWS // 2][_COLUMNS // 2] = "★"
    text = Text("\n".join("".join(row) for row in grid))
    text.highlight_regex("o", "bold green")
    text.highlight_regex("★", "bold yellow")
    text.highlight_regex("·", "dim")
    could_come = sum(1 for person in people if person[2])
    caption = (
        f"[dim]·[/dim] {len(people)} workers within {MAP_KM:.0f} km   [green]o[/green] {could_come} with the "
        f"skills who would travel this far\n{len(matches)} of them are also free at these hours and "
        f"best: they are asked now"
    )
    title = f"{2 * MAP_KM:.0f} km around {made['city']}"
    return Panel(Group(Align.center(text), Text.from_markup(caption)), title=title, width=76)


def scores(matches: Sequence[Json]) -> RenderableType:
    """Return the table of matches with the parts of their score."""
    table = Table(box=None, pad_edge=False)
    for name in ("asked", "km", "score", *_PARTS):
        table.add_column(name, justify="left" if name == "asked" else "right")
    for number, match in enumerate(matches, 1):
        # Nobody has a name before they accept.
        table.add_row(
            f"worker {number}",
            f"{match['distance_km']:.1f}",
            f"[bold]{match['score']:.1f}[/bold]",
            *(f"{match['breakdown'][part]:.0f}" for part in _PARTS),
        )
    return table


def bubble(name: str, message: Json, *, said: str | None = None) -> RenderableType:
    """Return a WhatsApp message as its reader sees it, after what they `said` themselves."""
    text = escape(message["text"])
    if message["buttons"]:
        titles = (f"\\[ {escape(button['title'])} ]" for button in message["buttons"])
        text += "\n\n[cyan]" + "   ".join(titles) + "[/cyan]"
    received = Panel(text, title=f"{escape(name)}'s phone", title_align="left", width=66)
    if said is None:
        return received
    own = Align.right(Panel(escape(said), style="green", expand=False), width=76)
    return Group(own, received)


def receipt(price: Json, contact: Json) -> RenderableType:
    """Return what was paid and what it gave."""
    lines = [
        f"Paid {money(price)} on the payment page",
        f"[bold]{escape(contact['name'])}[/bold]  {contact['phone']}  {contact['whatsapp_url']}",
    ]
    return Panel("\n".join(lines), title="The lead", width=76, style="green")
