"""Measures how well the chat understands the corpora of this folder: `make nlu`.

`corpus/README.md` says how lines and expectations are written, `docs/understanding.md` how to read the
tables. Lines of the held-out fifth are counted, and never printed.
"""

import argparse
import sys
from collections.abc import Sequence

from tests.nlu.corpus_measure import cross, floor, language_model, situations
from tests.nlu.corpus_measure.judge import Judgement, Verdict, judge_all
from tests.nlu.corpus_measure.lines import SIDES, corpus
from tests.nlu.corpus_measure.report import by, table, told


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make nlu", description=__doc__)
    parser.add_argument("--side", choices=SIDES)
    parser.add_argument("--question", help="one situation, or several with commas between")
    parser.add_argument("--language")
    parser.add_argument("--wrong", action="store_true", help="list the wrong lines (visible ones)")
    parser.add_argument("--misread", action="store_true", help="list what was read back falsely")
    parser.add_argument("--asked", action="store_true", help="list the lines that were only asked")
    parser.add_argument("--right", action="store_true", help="list the right lines")
    parser.add_argument(
        "--cross", action="store_true", help="list grave effects of texts at questions of others"
    )
    parser.add_argument("--raise-floor", action="store_true", help="keep today's figures as floor")
    parser.add_argument("--new-floor", action="store_true", help="begin the floor anew, lower too")
    return parser.parse_args(words)


def _listed(one: Judgement, chosen: argparse.Namespace) -> bool:
    if chosen.misread and one.misread and one.verdict is not Verdict.WRONG:
        return True
    shown = {
        Verdict.WRONG: chosen.wrong,
        Verdict.ASKED: chosen.asked,
        Verdict.RIGHT: chosen.right,
    }
    return bool(shown[one.verdict])


def _cross(named: Sequence[str] | None) -> int:
    """Print what follows from texts of one question at another that nobody can have meant."""
    found = cross.surprises(named or cross.QUESTIONS)
    for one in found:
        if not one.line.held_out:
            print(f"{one.question:<10}{one.line.text!r} of {one.line.question}: {one.what}")
    hidden = sum(one.line.held_out for one in found)
    print(f"texts at questions of others: {len(found)} surprises, {hidden} of them held out")
    return 0


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print the tables, and return the exit code: 1 below the floor."""
    chosen = _arguments(words)
    named = chosen.question.split(",") if chosen.question else None
    lines = [
        line
        for line in corpus()
        if chosen.side in (None, line.side)
        and (named is None or line.question in named)
        and chosen.language in (None, line.language)
    ]
    asked = language_model.ask_configured(lines)
    judged = judge_all(lines, None if asked is None else asked.fields)
    visible = [one for one in judged if not one.line.held_out]
    for one in visible:
        if _listed(one, chosen):
            print(told(one))
    order = [f"{side}/{name}" for side in SIDES for name in situations.questions(side)]
    for title, part in (
        ("visible", visible),
        ("held out", [one for one in judged if one.line.held_out]),
    ):
        print()
        print(table(f"{title}, by question", by(floor.group, part, order)))
        print()
        print(table(f"{title}, by language", by(lambda one: one.line.language, part)))
    grave = floor.grave(judged)
    print(f"\nwrong where it must not be: {sum(map(len, grave.values()))}")
    for name, ones in grave.items():
        seen = sum(not one.line.held_out for one in ones)
        print(f"  {name:<14}{len(ones):>4}  ({seen} visible)")
    unknown = sorted({key for one in judged for key in one.outcome.unknown})
    if unknown:
        print(f"kept under keys this measurement does not know: {', '.join(unknown)}")
    if chosen.cross:
        return _cross(named)
    print("texts at questions of others: make nlu ARGS=--cross")
    if asked is not None:
        # The floor is that of the rules.
        print(language_model.told(asked, judged))
        return 0
    if len(lines) < len(corpus()):
        return 0
    if chosen.raise_floor or chosen.new_floor:
        floor.write(judged, keep=not chosen.new_floor)
        return 0
    problems = floor.problems(judged)
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
