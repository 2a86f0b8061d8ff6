"""The command `simulate`: its arguments, and what it prints. Imports NumPy only when it runs."""

import argparse
import json
import sys
from pathlib import Path
from typing import Final

POLICY_NAMES: Final = ("waves", "today", "nearest-once", "nearest-2h", "everybody", "oracle")


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--world", default="slack", help="slack, tight, or a TOML file with the parameters of one"
    )
    parser.add_argument(
        "--policy",
        choices=POLICY_NAMES,
        default="waves",
        help="who is asked, and when (else waves, the policy of the real system)",
    )
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds to play")
    parser.add_argument("--first-seed", type=int, default=1, help="the first of them")
    parser.add_argument("--days", type=int, default=28, help="days on which jobs are published")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--out", help="folder for the plots and figures of the first seed")


def simulate(arguments: argparse.Namespace) -> int:
    """Play a synthetic city under a policy of asking workers, and tell its figures."""
    from app.simulation import command
    from app.simulation.world import WorldError

    try:
        report = command.simulate(
            arguments.world,
            arguments.policy,
            seeds=arguments.seeds,
            first_seed=arguments.first_seed,
            days=arguments.days,
        )
        written = command.write_plots(report, Path(arguments.out)) if arguments.out else []
    except WorldError as error:
        print(error, file=sys.stderr)
        return 1
    if arguments.json:
        print(json.dumps(report.as_json(), indent=2))
    else:
        print("\n".join([command.table(report), *map(str, written)]))
    return 0
