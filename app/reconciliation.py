"""Compare a day with the books of every provider whose key is configured, and print what came of it."""

import datetime as dt
import json
import sys
from collections.abc import Sequence
from typing import Any

from app.core.settings import Settings
from app.payments.day_books import DayReport, reconcile_day
from app.payments.provider import (
    PaymentsMisconfigured,
    PaymentsNotConfigured,
    PaymentsUnavailable,
)
from app.runtime import running


async def run(settings: Settings, day: dt.date, *, as_json: bool) -> int:
    """Print the comparison; return 0 where nothing differs, 1 where something does, 2 where somebody did not answer.

    Each difference is named, and waits for an administrator as an open item. Raises `PaymentsNotConfigured`.
    """
    reports, unasked = [], 0
    async with running(settings) as runtime:
        if runtime.payments is None:
            raise PaymentsNotConfigured
        for name, provider in runtime.payments.configured.items():
            try:
                now = runtime.clock()
                reports.append(await reconcile_day(runtime.database, provider, day, now))
            except PaymentsUnavailable as error:
                wrong_key = isinstance(error, PaymentsMisconfigured)
                why = "takes our key for wrong" if wrong_key else "does not answer"
                sys.stderr.write(f"{name} {why}: nothing was compared.\n")
                unasked += 1
    sys.stdout.write((for_programs(reports) if as_json else for_people(reports)) + "\n")
    return 2 if unasked else int(any(report.differences for report in reports))


def for_people(reports: Sequence[DayReport]) -> str:
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


def for_programs(reports: Sequence[DayReport]) -> str:
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
