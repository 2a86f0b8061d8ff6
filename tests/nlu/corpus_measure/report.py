"""Tables of what was measured, with Wilson's intervals at 95 per cent."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tests.nlu.corpus_measure.judge import Judgement, Verdict


@dataclass(frozen=True, slots=True)
class Figures:
    """How many lines were right, asked and wrong."""

    right: int = 0
    asked: int = 0
    wrong: int = 0
    proposed: int = 0
    """Of those asked, how many had the right value to tap."""
    misread: int = 0
    """How many had something false read back or proposed."""
    by_model: int = 0
    """Of those proposed, how many come from a language model."""

    @property
    def total(self) -> int:
        """All lines."""
        return self.right + self.asked + self.wrong


def interval(hits: int, of: int) -> tuple[float, float]:
    """Return Wilson's interval, at 95 per cent, of a share of `hits` in `of`."""
    if not of:
        return 0.0, 1.0
    z, share = 1.96, hits / of
    middle = share + z * z / (2 * of)
    half = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return max(0.0, (middle - half) / (1 + z * z / of)), min(
        1.0, (middle + half) / (1 + z * z / of)
    )


def figures(judged: Iterable[Judgement]) -> Figures:
    """Return the figures of these lines."""
    found = list(judged)
    return Figures(
        right=sum(one.verdict is Verdict.RIGHT for one in found),
        asked=sum(one.verdict is Verdict.ASKED for one in found),
        wrong=sum(one.verdict is Verdict.WRONG for one in found),
        proposed=sum(one.verdict is Verdict.ASKED and one.proposed for one in found),
        misread=sum(bool(one.misread) for one in found),
        by_model=sum(one.by_model and one.proposed for one in found),
    )


def by(
    key: Callable[[Judgement], str], judged: Iterable[Judgement], order: Sequence[str] = ()
) -> Mapping[str, Figures]:
    """Return the figures by a key, in this order, then by name."""
    groups: dict[str, list[Judgement]] = defaultdict(list)
    for one in judged:
        groups[key(one)].append(one)
    names = [name for name in order if name in groups]
    names += sorted(name for name in groups if name not in names)
    return {name: figures(groups[name]) for name in names}


def table(title: str, rows: Mapping[str, Figures]) -> str:
    """Return a table with a row for each name and the sum."""
    head = f"{title:<28}{'lines':>6}{'right':>7}{'right %':>21}{'asked':>7}{'(offered)':>10}{'wrong':>7}{'wrong %':>21}{'misread':>9}"
    with_model = any(row.by_model for row in rows.values())
    lines = [head, *(_row(name, row) for name, row in rows.items())]
    whole = Figures(
        *(
            sum(getattr(row, field) for row in rows.values())
            for field in ("right", "asked", "wrong", "proposed", "misread", "by_model")
        )
    )
    lines.append(_row("all", whole))
    if with_model:
        found = [f"{'model':>7}", *(f"{row.by_model:>7}" for row in (*rows.values(), whole))]
        lines = [line + more for line, more in zip(lines, found, strict=True)]
    return "\n".join(lines)


def _row(name: str, row: Figures) -> str:
    return (
        f"{name:<28}{row.total:>6}{row.right:>7}{_share(row.right, row.total):>21}"
        f"{row.asked:>7}{row.proposed:>10}{row.wrong:>7}{_share(row.wrong, row.total):>21}{row.misread:>9}"
    )


def _share(hits: int, of: int) -> str:
    low, high = interval(hits, of)
    return f"{100 * hits / max(1, of):.1f} ({100 * low:.1f}-{100 * high:.1f})"


def told(one: Judgement) -> str:
    """Return a judged line for whoever mends the rules."""
    line = one.line
    parts = [
        f"{one.verdict.name.lower():<6}{line.side[:1]}/{line.question} [{line.language}] {line.text!r}",
        f"       expected: {line.expected}",
    ]
    if one.wrong:
        parts.append(f"       wrong:    {'; '.join(one.wrong)}")
    if one.misread:
        parts.append(f"       misread:  {'; '.join(one.misread)}")
    parts.append(f"       replies:  {', '.join(one.outcome.keys) or '-'}")
    return "\n".join(parts)
