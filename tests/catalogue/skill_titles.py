"""How well everyday titles find their skill: `python -m tests.catalogue.skill_titles`.

A fifth of the corpus is held out, by the hash of the title. Of it only figures are printed: whoever adds
an alias because a title of it failed measures their memory, not the search.
"""

import csv
import hashlib
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from app.catalogue import skills

CORPUS = Path(__file__).parent / "corpus" / "skill_titles.tsv"
FIRST = 3
"""So many results are seen at a glance."""


@dataclass(frozen=True)
class Title:
    """What somebody calls a job, in which language, and the skill it means."""

    text: str
    language: str
    expected: str

    @property
    def held_out(self) -> bool:
        """Whether it is of the fifth that nobody looks at while the search is worked on."""
        return hashlib.sha256(self.text.encode()).digest()[0] % 5 == 0


@dataclass
class Figures:
    """Of so many titles, how many have their skill first, and among the first three."""

    titles: int = 0
    first: int = 0
    among_first: int = 0
    wrong_first: int = 0

    @property
    def share(self) -> float:
        """The share with their skill among the first three, 0 to 1."""
        return self.among_first / self.titles


def titles() -> Iterator[Title]:
    """Yield the corpus."""
    with CORPUS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            yield Title(row["title"], row["language"], row["expected"])


def found(title: Title) -> list[str]:
    """Return the slugs that a title finds, best first."""
    return [skill.slug for skill in skills.search(title.text, limit=FIRST)]


def measure(corpus: Iterable[Title]) -> dict[str, Figures]:
    """Return the figures by language, and of all under "all"."""
    figures: dict[str, Figures] = defaultdict(Figures)
    for title in corpus:
        slugs = found(title)
        for each in (figures[title.language], figures["all"]):
            each.titles += 1
            each.first += slugs[:1] == [title.expected]
            each.among_first += title.expected in slugs
            each.wrong_first += bool(slugs) and slugs[0] != title.expected
    return figures


def main() -> None:
    """Print the figures, and what of the open part is not found."""
    corpus = list(titles())
    for name, part in (
        ("open", [title for title in corpus if not title.held_out]),
        ("held out", [title for title in corpus if title.held_out]),
    ):
        for language, each in sorted(measure(part).items()):
            sys.stdout.write(
                f"{name:9}{language:9}{each.titles:5} titles  first {each.first / each.titles:6.1%}  "
                f"first {FIRST} {each.share:6.1%}  wrong first {each.wrong_first / each.titles:6.1%}\n"
            )
    for title in corpus:
        if not title.held_out and title.expected not in (slugs := found(title)):
            sys.stdout.write(f"{title.text} ({title.expected}): {', '.join(slugs) or 'nothing'}\n")


if __name__ == "__main__":
    main()
