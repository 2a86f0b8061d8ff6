"""A day's comparison with the provider's books, for people and for programs."""

import json
from collections.abc import Sequence
from typing import Any

from app.payments.day_books import DayReport


def as_text(reports: Sequence[DayReport]) -> str:
    """Return a line a kind and a line a difference."""
    lines = []
    for report in reports:
        state = "" if report.is_over else ", a day that is not over: its fees are not booked"
        lines.append(f"{report.provider} {report.day}: {report.movements} movements{state}")
        for (kind, currency), amount in sorted(report.sums.items()):
            lines.append(f"  {kind:16} {report.counts[kind]:>8}  {amount:>14} {currency}")
        for currency, amount in sorted(report.fees.items()):
            lines.append(f"  {'fees':16} {'':>8}  {amount:>14} {currency}")
        if report.waiting:
            lines.append(f"  {report.waiting} of ours are not in the provider's books yet")
        lines += [f"  DIFFERENT {each.kind} {each.ref}: {each.says}" for each in report.differences]
        lines.append(f"  {len(report.differences)} differences")
    return "\n".join(lines)


def as_json(reports: Sequence[DayReport]) -> str:
    """Return the same for a program."""
    return json.dumps([_one(report) for report in reports], indent=2)


def _one(report: DayReport) -> dict[str, Any]:
    return {
        "provider": report.provider,
        "day": report.day.isoformat(),
        "is_over": report.is_over,
        "movements": report.movements,
        "sums": [
            {"kind": kind, "count": report.counts[kind], "amount": amount, "currency": currency}
            for (kind, currency), amount in sorted(report.sums.items())
        ],
        "fees": [
            {"amount": amount, "currency": currency}
            for currency, amount in sorted(report.fees.items())
        ],
        "waiting": report.waiting,
        "differences": [each._asdict() for each in report.differences],
    }
