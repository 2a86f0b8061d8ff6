"""How much sentences are like the scams and honest posts of the corpora: a linear model. Pure.

The rules of `scam_rules.py` find a scam by parts that somebody listed; this model weighs all words, pairs of
neighbouring words, concepts and pairs of concepts of a passage. Its weights are data
(`data/scam_weights.tsv`), trained from the corpora by `make weights`. `is_held` says which scores hold a text.
"""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.jobs import scam_rules

LONGEST_PASSAGE: Final = 3
"""Sentences that are read together: who pays may stand in one, what for in the next."""
SURER_TOGETHER: Final = 0.7
"""By so much more must several sentences be like a scam: what stands side by side need not belong together."""
TELLING: Final = frozenset(
    "account agentfee amount bank bankcard bigmoney code coupon crypto cryptowork deposit document escort "
    "fee giftcard handoveraccount identity keepmoney moneyin moneyout otp penalty phonecode profit remote "
    "scan simgive simname smuggle sum taskmoney topup wallet".split()
)
"""Concepts of what a scam is after: money, codes, papers, accounts. Without any of them, words alone are like a
scam only by accident: "Send your name and age to apply"."""
SURER_UNNAMED: Final = 0.5
"""The score above which a text is held that names none of `TELLING`, but has an amount in figures or words."""
WEIGHT_UNIT: Final = 1_000
"""Weights are stored as whole thousandths."""
KEEP_SECRET: Final = "keepsecret"
"""The concept of sentences that warn: they are like a scam in all words but one."""
BIAS: Final = "{}"
"""Names the weight that every passage has."""
_MOST_SENTENCES: Final = 60
"""Where there are more, each is weighed alone: no job's texts have so many."""
_MOST_DIGITS: Final = 6
"""A number stands for its length: 499 is like 650, and unlike 20,000."""


@dataclass(frozen=True, slots=True)
class Features:
    """What a sentence is weighed by."""

    terms: tuple[str, ...]
    concepts: frozenset[str]


@dataclass(frozen=True, slots=True)
class Likeness:
    """The passage that is most like a scam: its score, and the sentence of it that speaks loudest."""

    score: float
    sentence: int


@dataclass(frozen=True, slots=True)
class _Weights:
    bias: float
    terms: dict[str, float]
    concepts: dict[str, int]
    pairs: NDArray[np.float64]
    known: NDArray[np.float64]


def is_held(score: float, concepts: AbstractSet[str], *, has_amount: bool) -> bool:
    """Whether a text of that score waits for an administrator.

    `concepts` are those of all its sentences; `has_amount` is whether a number other than a contact is in it.
    """
    if not TELLING.isdisjoint(concepts):
        return score > 0
    return has_amount and score > SURER_UNNAMED


@lru_cache(maxsize=1_024)
def features(reading: str) -> Features:
    """Return what a folded sentence is weighed by."""
    said = reading.split()
    shapes = [_shape(word) for word in said]
    ends = ["^", *shapes, "$"]
    neighbours = [f"{first} {second}" for first, second in pairwise(ends)]
    return Features(tuple(dict.fromkeys([*shapes, *neighbours])), scam_rules.concepts_in(reading))


def named_pairs(concepts: Iterable[str]) -> list[str]:
    """Return the names under which a passage's concepts and pairs of them are weighed."""
    ordered = sorted(concepts)
    pairs = [
        f"{{{first}}} {{{second}}}"
        for number, first in enumerate(ordered)
        for second in ordered[number + 1 :]
    ]
    return [*(f"{{{one}}}" for one in ordered), *pairs]


def passages(count: int) -> list[tuple[int, int]]:
    """Return the first and past-the-last sentence of all that is weighed together."""
    return [
        (first, first + length)
        for length in range(1, _longest(count) + 1)
        for first in range(count - length + 1)
    ]


def _longest(count: int) -> int:
    return 1 if count > _MOST_SENTENCES else min(LONGEST_PASSAGE, count)


def likeness(sentences: Sequence[Features]) -> Likeness:
    """Return how like a scam the likest passage of these sentences is. They may not be none."""
    weights = _weights()
    count = len(sentences)
    sums = np.zeros(count + 1)
    known = np.zeros(count + 1)
    for number, sentence in enumerate(sentences):
        if KEEP_SECRET in sentence.concepts:
            continue
        sums[number + 1], known[number + 1] = _of_terms(sentence)
    if _longest(count) == 1:
        alone = np.array([_of_concepts(sentence.concepts) for sentence in sentences]).T
        scores = _scores(sums[1:] + alone[0], known[1:] + alone[1])
        best = int(scores.argmax())
        return Likeness(float(scores[best]), best)
    said = np.zeros((count, len(weights.concepts)))
    for number, sentence in enumerate(sentences):
        if KEEP_SECRET not in sentence.concepts:
            said[number, [weights.concepts[one] for one in sentence.concepts]] = 1
    sums, known = sums.cumsum(), known.cumsum()
    spans = passages(count)
    longer = [said]
    while len(longer) < _longest(count):
        # The passages of one sentence more: what the shorter ones say, and the next sentence.
        longer.append(np.maximum(longer[-1][:-1], said[len(longer) :]))
    together = np.concatenate(longer)
    firsts, ends = np.array(spans).T
    of_pairs = ((together @ weights.pairs) * together).sum(axis=1)
    known_pairs = ((together @ weights.known) * together).sum(axis=1)
    scores = _scores(
        sums[ends] - sums[firsts] + of_pairs, known[ends] - known[firsts] + known_pairs
    )
    scores[count:] -= SURER_TOGETHER
    best = int(scores.argmax())
    first, end = spans[best]
    # The first `count` passages are the single sentences.
    return Likeness(float(scores[best]), first + int(scores[first:end].argmax()))


def _scores(total: NDArray[np.float64], known: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the scores of passages by the sums of their weights and how many these are."""
    return _weights().bias + total / np.sqrt(np.maximum(1, known))


@lru_cache(maxsize=1_024)
def _of_terms(sentence: Features) -> tuple[float, int]:
    """Return the sum of the weights of a sentence's words, and how many have one."""
    terms = _weights().terms
    heard = [weight for term in sentence.terms if (weight := terms.get(term))]
    return sum(heard), len(heard)


@lru_cache(maxsize=1_024)
def _of_concepts(concepts: frozenset[str]) -> tuple[float, float]:
    """Return the sum of the weights of concepts and their pairs, and how many have one."""
    if KEEP_SECRET in concepts:
        return 0.0, 0.0
    weights = _weights()
    places = [weights.concepts[one] for one in concepts]
    square = np.ix_(places, places)
    return float(weights.pairs[square].sum()), float(weights.known[square].sum())


def _shape(word: str) -> str:
    digits = word.rstrip("k")
    return "0" * min(len(digits), _MOST_DIGITS) if digits.isdecimal() else word


@cache
def _weights() -> _Weights:
    """Return the weights; of pairs as a matrix over the concepts, with single ones on its diagonal."""
    concepts = {name: number for number, name in enumerate(scam_rules.concept_names())}
    pairs = np.zeros((len(concepts), len(concepts)))
    terms: dict[str, float] = {}
    bias = 0.0
    stored = (files("app.jobs") / "data" / "scam_weights.tsv").read_text(encoding="utf-8")
    for row in stored.splitlines():
        if row.startswith("#"):
            continue
        name, thousandths = row.split("\t")
        weight = int(thousandths) / WEIGHT_UNIT
        if name == BIAS:
            bias = weight
        elif name.startswith("{"):
            one, _, other = name.replace("{", "").replace("}", "").partition(" ")
            pairs[concepts[one], concepts[other or one]] = weight
        else:
            terms[name] = weight
    return _Weights(bias, terms, concepts, pairs, (pairs != 0).astype(np.float64))
