"""A reliability in words: what it is made of, and what somebody can do. For the API, the chat and the console."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from app.offers.reliability import PartKind, ReliabilityReport, ScorePart
from app.texts import catalogue


def part_text(part: ScorePart, language: str, time_zone: str, now: dt.datetime) -> str:
    """Say what a part is about, in one line without its effect."""
    if part.kind is PartKind.ANSWERED:
        return catalogue.word(language, "part_answered").replace("{offers}", str(part.offers))
    if part.match_id is None or part.title is None or part.happened_at is None:
        more = catalogue.word(language, f"part_{part.kind.value}_more")
        return more.replace("{offers}", str(part.offers))
    local = part.happened_at.astimezone(ZoneInfo(time_zone)).date()
    date = catalogue.format_day(local, catalogue.format_context(language, {}, now))
    words = catalogue.word(language, f"part_{part.kind.value}")
    return words.replace("{date}", date).replace("{title}", catalogue.plain(part.title))


def part_texts(
    parts: Sequence[ScorePart], language: str, time_zone: str, now: dt.datetime
) -> list[str]:
    """Say what each of all parts is about, no two in the same words: of several alike the later ones are numbered.

    The oldest keeps its words, so that a new one renames none. `parts` are newest first.
    """
    texts: list[str] = []
    seen: Counter[str] = Counter()
    for part in reversed(parts):
        text = part_text(part, language, time_zone, now)
        seen[text] += 1
        texts.append(text if seen[text] == 1 else f"{text} ({seen[text]})")
    return texts[::-1]


def advice_texts(report: ReliabilityReport, language: str) -> list[str]:
    """Say what the worker can do, most useful first."""
    return [catalogue.word(language, f"advice_{advice.value}") for advice in report.advice]
