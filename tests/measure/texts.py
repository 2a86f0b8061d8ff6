"""Measures masking and review on the corpora of this folder: `make masking`.

A corpus is a table of kind, language and text. In a disguise the contact stands between « and »; `\\n` is a
line end, `\\u200b` a character that cannot be seen. A fifth of the lines is held out by a hash of the text:
rules are written by looking at the others, and CI compares the figures of the held-out part with the goals.
Lines of `…_seen.tsv` were first a measure of finished rules, then looked at to mend them: none of these is
held out.
"""

import argparse
import hashlib
import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.jobs.review import ReviewStatus, judge, status_of
from app.masking.mask import MASK, mask

CORPUS: Final = Path(__file__).parent / "corpus"
LEAST_RECALL: Final = 0.90
LEAST_PRECISION: Final = 0.95
HIDDEN_SHARE: Final = 0.7
"""As much of a contact's letters and digits as must be hidden: three digits of ten say nothing."""
_HELD_OUT_OF: Final = 5
_OPEN: Final = "«"
_CLOSE: Final = "»"


@dataclass(frozen=True, slots=True)
class Line:
    """One text of a corpus; `wanted` says whether something has to be found in it."""

    wanted: bool
    language: str
    text: str
    seen: bool = False

    @property
    def held_out(self) -> bool:
        """Whether this line is kept from whoever writes the rules."""
        digest = hashlib.sha256(self.text.encode()).digest()
        return not self.seen and digest[0] % _HELD_OUT_OF == 0


@dataclass(frozen=True, slots=True)
class Figures:
    """How many lines were judged rightly."""

    found: int = 0
    missed: int = 0
    wrong: int = 0
    clear: int = 0

    @property
    def recall(self) -> float:
        """The share of what had to be found."""
        return self.found / max(1, self.found + self.missed)

    @property
    def precision(self) -> float:
        """The share of what was found that had to be."""
        return self.found / max(1, self.found + self.wrong)


def lines(name: str, wanted: str) -> list[Line]:
    """Return the lines of a corpus; those of the kind `wanted` hold something to be found."""
    found: list[Line] = []
    for part in (name, f"{name}_seen"):
        rows = (CORPUS / f"{part}.tsv").read_text(encoding="utf-8").splitlines()
        for kind, language, text in (row.split("\t") for row in rows):
            seen = part != name
            found.append(Line(kind == wanted, language, _unescaped(text), seen))
    return found


def _unescaped(text: str) -> str:
    """Return a line with the characters that its escapes stand for."""
    plain = text.replace("\\n", "\n")
    return re.sub(r"\\u([0-9a-f]{4})", lambda code: chr(int(code[1], 16)), plain)


def is_masked(text: str) -> bool:
    """Whether the contact of a marked text is hidden; in an unmarked text, whether anything is."""
    plain = text.replace(_OPEN, "").replace(_CLOSE, "")
    seen = mask(plain)
    if _OPEN not in text:
        return seen != plain
    hidden = _hidden(plain, seen)
    place, inside = 0, False
    marked: list[bool] = []
    for character in text:
        if character in _OPEN + _CLOSE:
            inside = character == _OPEN
            continue
        if inside and character.isalnum():
            marked.append(hidden[place])
        place += 1
    return sum(marked) >= HIDDEN_SHARE * len(marked)


def _hidden(text: str, seen: str) -> list[bool]:
    """Return of each character whether the mask stands in its place."""
    hidden = [True] * len(text)
    place = 0
    for piece in seen.split(MASK):
        start = text.find(piece, place)
        if start >= 0:
            hidden[start : start + len(piece)] = [False] * len(piece)
            place = start + len(piece)
    return hidden


def is_held(text: str) -> bool:
    """Whether a job with this description waits for an administrator."""
    found = judge({"title": "Helper wanted", "description": text})
    return status_of(found) is ReviewStatus.HELD


def count(measured: Iterable[Line], finds: Callable[[str], bool]) -> Figures:
    """Return the figures of these lines."""
    cells = {(wanted, said): 0 for wanted in (True, False) for said in (True, False)}
    for line in measured:
        cells[line.wanted, finds(line.text)] += 1
    return Figures(
        found=cells[True, True],
        missed=cells[True, False],
        wrong=cells[False, True],
        clear=cells[False, False],
    )


def interval(hits: int, of: int) -> tuple[float, float]:
    """Return Wilson's interval, at 95 per cent, of a share of `hits` in `of`."""
    if not of:
        return 0.0, 1.0
    z, share = 1.96, hits / of
    middle = share + z * z / (2 * of)
    half = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return (middle - half) / (1 + z * z / of), (middle + half) / (1 + z * z / of)


CORPORA: Final[dict[str, tuple[str, Callable[[str], bool]]]] = {
    "masking": ("disguise", is_masked),
    "review": ("scam", is_held),
}


def _row(name: str, figures: Figures) -> str:
    low, high = interval(figures.found, figures.found + figures.missed)
    least, most = interval(figures.found, figures.found + figures.wrong)
    return (
        f"{name:<22}{figures.found:>6}{figures.missed:>8}{figures.wrong:>7}{figures.clear:>7}"
        f"   {figures.recall:.3f} ({low:.2f}-{high:.2f})  {figures.precision:.3f} ({least:.2f}-{most:.2f})"
    )


def report(name: str, *, misses: bool) -> None:
    """Print the figures of one corpus, by part and language; with `misses`, visible lines judged wrongly."""
    wanted, finds = CORPORA[name]
    every = lines(name, wanted)
    print(f"\n{name:<22} found  missed  wrong  clear   recall             precision")
    for title, held_out in (("visible", False), ("held out", True)):
        part = [line for line in every if line.held_out is held_out]
        print(_row(title, count(part, finds)))
        by_language: dict[str, list[Line]] = defaultdict(list)
        for line in part:
            by_language[line.language].append(line)
        for language, some in sorted(by_language.items()):
            print(_row(f"  {language}", count(some, finds)))
    if misses:
        for line in every:
            if not line.held_out and finds(line.text) is not line.wanted:
                print(f"{'missed' if line.wanted else 'wrong'}\t{line.language}\t{line.text!r}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Measure masking and review on their corpora.")
    parser.add_argument("--misses", action="store_true", help="print visible lines judged wrongly")
    parser.add_argument("corpus", nargs="*", choices=[*CORPORA, []], help="which; both by default")
    chosen = parser.parse_args(arguments)
    for name in chosen.corpus or CORPORA:
        report(name, misses=chosen.misses)


if __name__ == "__main__":
    main()
