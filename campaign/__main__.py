"""`python -m campaign`: run one, and say what holds. The exit code is 1 when anything does not."""

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

from campaign.run import START_SECONDS, Options, Report, run


def main() -> int:
    """Run the campaigns that are asked for, one after the other."""
    arguments = _parser().parse_args()
    # Ended from outside, it ends what it started, as at Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    kinds = ["sqlite", "postgresql"] if arguments.database == "both" else [arguments.database]
    reports = []
    for kind in kinds:
        print(f"{kind}, seed {arguments.seed}: {arguments.seconds:g} s of faults", flush=True)
        options = Options(
            database=kind,
            seed=arguments.seed,
            seconds=arguments.seconds,
            cache=kind == "postgresql" if arguments.cache is None else arguments.cache == "on",
            workers=arguments.workers,
            employers=arguments.employers,
            pause_seconds=arguments.pause,
            start_seconds=arguments.start_seconds,
            folder=arguments.folder / kind if arguments.folder else None,
        )
        report = asyncio.run(run(options))
        _tell(report)
        reports.append(report)
    if arguments.json:
        found = [vars(report) | {"holds": report.holds} for report in reports]
        arguments.json.write_text(json.dumps(found, indent=2, default=str) + "\n")
    return 0 if all(report.holds for report in reports) else 1


def _tell(report: Report) -> None:
    for name, figure in report.figures.items():
        print(f"  {name}: {figure if not isinstance(figure, dict) else json.dumps(figure)}")
    for kind, problems in report.problems.items():
        for problem in problems:
            print(f"  {kind.upper()}: {problem}")
    where = report.options["folder"]
    print("Everything holds." if report.holds else f"Something does not hold. Logs: {where}")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m campaign",
        description="Play every fault, then compare with what was promised.",
    )
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--seed", type=int, default=1, help="(%(default)s)")
    parser.add_argument("--seconds", type=float, default=60.0, help="of faults (%(default)s)")
    parser.add_argument("--cache", choices=["on", "off"], help="Valkey (on with PostgreSQL)")
    parser.add_argument("--workers", type=int, default=12, help="at a time (%(default)s)")
    parser.add_argument("--employers", type=int, default=3, help="at a time (%(default)s)")
    parser.add_argument("--pause", type=float, default=5.0, help="between faults, at most, seconds")
    parser.add_argument(
        "--start-seconds", type=float, default=START_SECONDS, help="a killed process may take"
    )
    parser.add_argument("--folder", type=Path, help="for logs and journal (else a temporary one)")
    parser.add_argument("--json", type=Path, help="write the summary there, too")
    return parser


if __name__ == "__main__":
    sys.exit(main())
