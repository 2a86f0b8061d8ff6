"""The table of mutants: `table.toml`, read and checked."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLE = Path(__file__).with_name("table.toml")


class DoesNotApplyError(ValueError):
    """A mutant's text is not in its file exactly once any more."""


@dataclass(frozen=True)
class Mutant:
    """One protection that is taken away: `text` of `file` becomes `becomes`."""

    name: str
    file: str
    text: str
    becomes: str
    why: str
    """What goes wrong without it."""
    tests: tuple[str, ...]
    """What pytest is given: files, or tests of a file."""
    only: str = ""
    """Which of these tests, as `pytest -k` takes it; empty for all."""

    def apply(self, root: Path) -> None:
        """Take the protection away in the tree at `root`. Raises `DoesNotApplyError`."""
        file = root / self.file
        before = file.read_text(encoding="utf-8")
        file.write_text(self.mutated(before), encoding="utf-8")

    def mutated(self, before: str) -> str:
        """Return the file's text without the protection. Raises `DoesNotApplyError`."""
        found = before.count(self.text)
        if found != 1:
            raise DoesNotApplyError(
                f"{self.name}: its text stands {found} times in {self.file}, not once:"
                f" change the mutant with the code\n{self.text}"
            )
        return before.replace(self.text, self.becomes)


def mutants() -> list[Mutant]:
    """Return every mutant of the table."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return [Mutant(**{**row, "tests": tuple(row["tests"])}) for row in table["mutant"]]
