"""The lines of the corpora: what people write at a question, and what a person would understand."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

CORPUS: Final = Path(__file__).parents[1] / "corpus"
SIDES: Final = ("worker", "employer")
_HELD_OUT_OF: Final = 5
_COLUMNS: Final = 4


@dataclass(frozen=True, slots=True)
class Line:
    """One message of a corpus."""

    side: str
    """`worker` or `employer`."""
    question: str
    """The name of a situation: `situations.py`."""
    language: str
    text: str
    expected: str
    """In the language of `expectation.py`."""
    source: str
    """File and number, for messages about a faulty line."""

    @property
    def held_out(self) -> bool:
        """Whether whoever writes the rules never sees this line: a fifth, by a hash of the text."""
        return hashlib.sha256(self.text.encode()).digest()[0] % _HELD_OUT_OF == 0


@cache
def corpus() -> Sequence[Line]:
    """Return every line of both sides. Raises `ValueError` for a line without its four columns."""
    found: list[Line] = []
    for side in SIDES:
        for path in sorted((CORPUS / side).glob("*.tsv")):
            found += _read(side, path)
    return found


def _read(side: str, path: Path) -> list[Line]:
    lines: list[Line] = []
    for number, row in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
        if not row.strip() or row.startswith("#"):
            continue
        source = f"{side}/{path.name}:{number}"
        columns = row.split("\t")
        if len(columns) != _COLUMNS:
            raise ValueError(f"{source}: question, language, text, expected; found {len(columns)}")
        question, language, text, expected = columns
        lines.append(
            Line(side, question.strip(), language.strip(), _unescaped(text), expected, source)
        )
    return lines


def _unescaped(text: str) -> str:
    r"""Return a text with the characters that its escapes (`\n`, `\u200b`) stand for."""
    plain = text.replace("\\n", "\n")
    return re.sub(r"\\u([0-9a-f]{4})", lambda code: chr(int(code[1], 16)), plain)
