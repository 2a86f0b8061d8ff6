"""Texts that make a slow pattern or parser show itself: short seeds, repeated to a full length.

A backtracking pattern is slow on a repetition of what one of its own repeats matches, followed by
something that makes the whole fail. `seeds_of` builds such texts from a pattern's syntax tree.
"""

import ast
import importlib
import math
import pkgutil
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import _lru_cache_wrapper, lru_cache, partial
from itertools import pairwise
from pathlib import Path
from re import _constants as kinds
from re import _parser as parser
from statistics import median
from typing import Any, Final

LONGEST: Final = 4_096
"""Characters of the longest text that a person can send: the platform's limit of a message."""
SLOWEST_SECONDS: Final = 0.05
"""CPU seconds that any pattern or parser may take for `LONGEST` characters."""
_STEPS: Final = (24, 48, 96, 192)
"""Short lengths tried first, so that an exponential one is caught before it hangs the test."""
_QUICK_SECONDS: Final = 0.001
"""What takes no longer for a quarter of the text is quick: what is quadratic and takes `SLOWEST_SECONDS`
for the whole takes three times as long as this for a quarter."""
_SO_FAR_SECONDS: Final = SLOWEST_SECONDS / 6
_SO_FAR: Final = 2.2
_EVEN: Final = 1.1
"""What takes no longer than `_SO_FAR_SECONDS` for a quarter of the text, and `_SO_FAR` times as long as for
half of that, is linear: what is partly quadratic, so much that the whole takes more than `_LINEAR` times as
long as its half, takes at least 2.4 times as long for a quarter as for an eighth. Of two measures of each
the lesser counts, or one is enough where the last of `_STEPS` says the same: that, for its length, the eighth
took no more than `_EVEN` times as long."""
_NOISE_SECONDS: Final = 0.02
"""Times below this say nothing about growth."""
_LINEAR: Final = 3.0
"""A doubled text may take this many times as long: two for linear work, the rest for the machine."""
_TRIES: Final = 5
"""How often a text that seems slow is measured again. The least counts: other work only adds to it."""
_YARDSTICK_SECONDS: Final = 0.0005
"""CPU seconds of `_yardstick` on the quiet machine for which `SLOWEST_SECONDS` is meant."""
_FEW_TEXTS: Final = 64
"""A cache of the product that keeps no more is one of texts just read, not of words or names."""
_SHARED_CORE: Final = 2.0
"""Work takes at most this many times its CPU time where two threads share a core and its caches."""

SEEDS: Final[Sequence[str]] = (
    *"1|12 |1,|9-|1.|१|१२ |1 2|0 |+91 |six|sixteen|sixteen |six six |नौ |nau |do teen ".split("|"),
    *"a|a |ab |aa bb |. |.|, |; |- |-|—|/|: |:|@|a@|@a |a.b@|.a|www.a|http://a |a.com/".split("|"),
    *"(|) |()|[|{|{x}|'|\"|*a* |_a_ |~|#|&|%|\\|<b>|₹1 |rs 1 |1/- |1k |5%|½ ".split("|"),
    *"10pm to |10-6 |9:00-|9.30 |1:0|2026-12-|31/12/|monday |mon-fri |sunday not |mon ".split("|"),
    *"to |no |not |nahi |but |and |aur |ki |se |or yes |every day |daily |kal |1 dec ".split("|"),
    *"Mumbai |near |in |Bandra |पुणे |mein |rehta |400050 |4000|waiter |waiter, |cook and ".split(
        "|"
    ),
    *"registration fee |fee |pay |no fee |r e g |rs 500 |deposit |otp |girls only |age 18 ".split(
        "|"
    ),
    *"my name is |mera naam |Mr. |A. |O'|18 saal |years |2 people |150/hour |km |10 ".split("|"),
    *(
        "\n",
        "\t",
        " \n",
        "।",
        "\u200b",
        "\u200d",
        "a\u200c",
        "\u0301",
        "é",
        "क्",
        "हाँ ",
        "ا ",
        "👍🏽",
        "🙂 ",
    ),
    *(
        "\U0001d7d8",
        "９",
        "①",
        "ß",
        "İ",
        "ﷺ",
        "a\u0301\u0301",
        "\u202e",
        "\ufe0f",
        "1️⃣",
        "x1",
        "1x ",
    ),
)
"""What people and attackers repeat: digits, words in three languages, signs, joiners, emoji."""
_ENDS: Final = ("", "!", "\x01", " z")


@dataclass(frozen=True, slots=True)
class Slow:
    """One text on which something took too long, or grew faster than the text."""

    name: str
    seed: str
    characters: int
    milliseconds: float
    growth: float
    """How many times longer a text of twice the length takes; 0 where it was not measured."""

    def __str__(self) -> str:
        """Say what was slow, on what, and by how much."""
        grown = f", doubling takes {self.growth:.1f} times as long" if self.growth else ""
        return (
            f"{self.name}: {self.milliseconds:.0f} ms for {self.seed!r} to {self.characters}{grown}"
        )


def pumped(seed: str, characters: int) -> str:
    """Return `seed` repeated to that many characters."""
    return (seed * (characters // max(1, len(seed)) + 1))[:characters]


def slow_texts(
    name: str,
    run: Callable[[str], object],
    seeds: Iterable[str],
    *,
    longest: int = LONGEST,
    ends: Sequence[str] = ("",),
) -> Iterator[Slow]:
    """Yield the seeds on which `run` takes too long, or grows faster than its text."""
    for seed in seeds:
        for end in ends:
            if (slow := _slow(name, run, seed, end, longest)) is not None:
                yield slow
                break


def _slow(
    name: str, run: Callable[[str], object], seed: str, end: str, longest: int
) -> Slow | None:
    def seconds(characters: int) -> float:
        return _seconds(run, pumped(seed, characters) + end)

    taken = 0.0
    for characters in _STEPS:
        if (taken := seconds(characters)) > SLOWEST_SECONDS:
            taken, allowed = _least(partial(seconds, characters), taken)
            if taken > allowed:
                return Slow(name, seed, characters, taken * 1_000, 0)
    if (quarter := seconds(_share(seed, longest, 4))) <= _QUICK_SECONDS:
        return None
    if quarter <= _SO_FAR_SECONDS:
        # The whole text takes six times as long as this, and nearly every reader is linear.
        eighth = seconds(_share(seed, longest, 8))
        of_step = taken * longest / 8 / _STEPS[-1]
        if quarter <= _SO_FAR * eighth and eighth <= _EVEN * of_step:
            return None
        eighth = min(eighth, seconds(_share(seed, longest, 8)))
        if min(quarter, seconds(_share(seed, longest, 4))) <= _SO_FAR * eighth:
            return None
    # What reads no more than the beginning of a long text, as the chat does, takes as long for the whole.
    enough = min(SLOWEST_SECONDS, 2 * quarter)
    if quarter > _NOISE_SECONDS / _LINEAR**2 and seconds(longest) <= enough:
        return None
    half = seconds(_share(seed, longest, 2))
    if half <= _NOISE_SECONDS / _LINEAR**2:
        return None
    taken = seconds(longest)
    # A first measure that is good is believed. One of the shorter texts may have been disturbed, which
    # hides growth; hardly both.
    growth = max(taken / half, (taken / quarter) ** 0.5)
    if taken <= _NOISE_SECONDS or (taken <= SLOWEST_SECONDS and growth <= _LINEAR):
        return None
    taken, allowed = _least(partial(seconds, longest), taken)
    if taken <= _NOISE_SECONDS:
        return None
    growth = _growth(partial(seconds, _share(seed, longest, 4)), partial(seconds, longest))
    if taken > allowed or growth > _LINEAR:
        return Slow(name, seed, longest, taken * 1_000, growth)
    return None


def _growth(quarter: Callable[[], float], whole: Callable[[], float]) -> float:
    """Return how many times longer a doubled text takes, by the median of pairs measured in turns.

    The speed of a core changes within milliseconds; both halves of a pair see much the same of it.
    """
    return median(math.sqrt(whole() / quarter()) for _ in range(_TRIES))


def _share(seed: str, characters: int, parts: int) -> int:
    """Return about that part of a length, such that a text of it ends at the same place in `seed`."""
    size = len(seed)
    return characters - (characters - characters // parts) // size * size


def _least(seconds: Callable[[], float], first: float) -> tuple[float, float]:
    """Return the least of several measures, and what is allowed by a yardstick measured between them.

    Where two threads share a core, CPU time runs on while the other works; for the yardstick, too. What
    no machine excuses is repeated only once: the first call of all may have loaded a table.
    """
    hopeless = _TRIES * _SHARED_CORE * SLOWEST_SECONDS
    if first > hopeless and (second := seconds()) > hopeless:
        return min(first, second), SLOWEST_SECONDS
    measures = [(seconds(), _seconds(_yardstick, _SENTENCE)) for _ in range(_TRIES)]
    machine = min(yardstick for _, yardstick in measures) / _YARDSTICK_SECONDS
    allowed = SLOWEST_SECONDS * min(_SHARED_CORE, max(1.0, machine))
    return min(first, *(taken for taken, _ in measures)), allowed


_SENTENCE: Final = "the cook and 12 waiters, from monday; at 9:30. " * 10
_WORD: Final = re.compile(r"\b(\w+)\s*([.,;]?)")


def _yardstick(text: str) -> int:
    """Do what readers do, always as much: find words, look at their letters, count."""
    number = sum(sum(map(ord, word[1].casefold())) for word in _WORD.finditer(text))
    for each in range(6_000):
        number = (number * 31 + each) & 0xFFFF
    return number


def _seconds(run: Callable[[str], object], text: str) -> float:
    for kept in _kept_texts(len(sys.modules)):
        kept.cache_clear()  # or a text that is measured again would have been read already
    began = time.thread_time()
    run(text)
    return time.thread_time() - began


@lru_cache(maxsize=1)
def _kept_texts(_modules: int) -> list[Any]:
    """Return the product's caches of what was read of the last few texts."""
    found = {
        id(value): value
        for name, module in list(sys.modules.items())
        if name.startswith("app.")
        for value in list(vars(module).values())
        if isinstance(value, _lru_cache_wrapper)
        and (value.cache_parameters()["maxsize"] or LONGEST) <= _FEW_TEXTS
    }
    return list(found.values())


# ── Which patterns the tree has ──────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Compiled:
    """A pattern, and where in the tree it is compiled: file and line."""

    pattern: re.Pattern[str]
    file: str
    line: int


def compiled_by(root: Path, *packages: str, then: Callable[[], object]) -> list[Compiled]:
    """Import every module of `packages` and run `then`; return each pattern that `re` compiled for them.

    It has to be the first in its process to import them, since a pattern is compiled once.
    """
    found: dict[tuple[str, int, str], Compiled] = {}
    folders = tuple(f"{root / package}/" for package in packages)
    compile_ = re._compile  # type: ignore[attr-defined]

    def noted(pattern: Any, flags: int) -> Any:
        made = compile_(pattern, flags)
        frame = sys._getframe(1)
        while frame.f_back and frame.f_code.co_filename == re.__file__:
            frame = frame.f_back
        file = frame.f_code.co_filename
        if file.startswith(folders) and isinstance(made.pattern, str):
            where = str(Path(file).relative_to(root)), frame.f_lineno
            found[(*where, made.pattern)] = Compiled(made, *where)
        return made

    re._compile = noted  # type: ignore[attr-defined]
    try:
        for module in modules_of(*packages):
            importlib.import_module(module)
        then()
    finally:
        re._compile = compile_  # type: ignore[attr-defined]
    return list(found.values())


def modules_of(*packages: str) -> Iterator[str]:
    """Yield the names of every module of these packages, but for those that run when imported."""
    for name in packages:
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            if not module.name.endswith("__main__"):
                yield module.name


def places_of_use(root: Path, *packages: str) -> Iterator[tuple[str, int, int]]:
    """Yield file, first and last line of each call of `re` in the sources that compiles a pattern."""
    for package in packages:
        for file in sorted((root / package).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and isinstance(node.func.value, ast.Name)
                    and node.func.value.id == "re"
                    and node.func.attr != "escape"
                ):
                    last = node.end_lineno or node.lineno
                    yield str(file.relative_to(root)), node.lineno, last


# ── Seeds out of a pattern ───────────────────────────────────────────────────────────────────────


def runs_of(pattern: re.Pattern[str]) -> Callable[[str], object]:
    """Return what is tried with a pattern: every match, and a match of the whole text."""

    def run(text: str) -> None:
        for _ in pattern.finditer(text):
            pass
        pattern.fullmatch(text)

    return run


def seeds_of(pattern: re.Pattern[str]) -> list[str]:
    """Return texts to repeat: what each repeat in the pattern matches, and those side by side."""
    tree = parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG)
    found: dict[str, None] = {}
    _walk(tree, found)
    whole = _sample(tree)
    for text in (whole, f"{whole} "):
        found[text] = None
    single = [text for text in found if text]
    pairs = [a + b for a, b in pairwise(single)]
    return [text for text in dict.fromkeys(single + pairs) if 0 < len(text) <= LONGEST // 4]


def _walk(tree: Any, found: dict[str, None]) -> None:
    for op, value in tree:
        if op in {kinds.MAX_REPEAT, kinds.MIN_REPEAT, kinds.POSSESSIVE_REPEAT}:
            for which in (0, 1, 2):
                found[_sample(value[2], which)] = None
            _walk(value[2], found)
        elif op is kinds.SUBPATTERN:
            _walk(value[3], found)
        elif op in {kinds.ASSERT, kinds.ASSERT_NOT}:
            _walk(value[1], found)
        elif op is kinds.ATOMIC_GROUP:
            _walk(value, found)
        elif op is kinds.BRANCH:
            for branch in value[1]:
                _walk(branch, found)


def _sample(tree: Any, which: int = 0) -> str:
    """Return a text that the tree matches; `which` chooses among its alternatives."""
    return "".join(_sample_of(op, value, which) for op, value in tree)


def _sample_of(op: Any, value: Any, which: int) -> str:
    match op:
        case kinds.LITERAL:
            return chr(value)
        case kinds.NOT_LITERAL:
            return "x" if value != ord("x") else "y"
        case kinds.ANY:
            return "x"
        case kinds.IN:
            return _of_class(value, which)
        case kinds.BRANCH:
            return _sample(value[1][which % len(value[1])], which)
        case kinds.SUBPATTERN:
            return _sample(value[3], which)
        case kinds.ATOMIC_GROUP:
            return _sample(value, which)
        case kinds.MAX_REPEAT | kinds.MIN_REPEAT | kinds.POSSESSIVE_REPEAT:
            least, most, inner = value
            times: int = min(max(least, 1 if most else 0), 8)
            return _sample(inner, which) * times
        case _:
            return ""


_CLASSES: Final = {
    kinds.CATEGORY_DIGIT: "1",
    kinds.CATEGORY_SPACE: " ",
    kinds.CATEGORY_WORD: "a",
    kinds.CATEGORY_NOT_DIGIT: "a",
    kinds.CATEGORY_NOT_SPACE: "a",
    kinds.CATEGORY_NOT_WORD: "-",
}


def _of_class(items: Sequence[tuple[Any, Any]], which: int) -> str:
    if items[0][0] is kinds.NEGATE:
        return next(c for c in "x1 -~क" if not any(_holds(item, c) for item in items[1:]))
    op, value = items[which % len(items)]
    if op is kinds.RANGE:
        return chr(value[0])
    return _CLASSES[value] if op is kinds.CATEGORY else chr(value)


def _holds(item: tuple[Any, Any], character: str) -> bool:
    op, value = item
    if op is kinds.LITERAL:
        return bool(ord(character) == value)
    if op is kinds.RANGE:
        return bool(value[0] <= ord(character) <= value[1])
    tests = {
        kinds.CATEGORY_DIGIT: character.isdigit(),
        kinds.CATEGORY_SPACE: character.isspace(),
        kinds.CATEGORY_WORD: character.isalnum() or character == "_",
        kinds.CATEGORY_NOT_DIGIT: not character.isdigit(),
        kinds.CATEGORY_NOT_SPACE: not character.isspace(),
        kinds.CATEGORY_NOT_WORD: not (character.isalnum() or character == "_"),
    }
    return tests[value]
