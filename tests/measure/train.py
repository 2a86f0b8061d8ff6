"""Trains the weights by which texts are like scams, from the corpora of this folder: `make weights`.

Logistic regression with a ridge, solved by Newton's method: the same lines give the same weights. Lines that
are held out are not looked at. Of a scam the likest passage counts, of an honest post every one; honest posts
are also read one after the other, so that neighbours alone say nothing.
"""

import hashlib
import random
import re
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.jobs import scam_likeness
from app.jobs.review import readings_of, sentences_of
from app.jobs.scam_likeness import Features
from tests.catalogue.skill_titles import titles
from tests.measure.texts import CORPUS, lines
from tests.moderation.test_job_review import HONEST, LAWFUL, SCAMS, UNEQUAL

WEIGHTS: Final = Path(scam_likeness.__file__).parent / "data" / "scam_weights.tsv"
THRESHOLD: Final = 0.0
"""The score above which a text is held, before it is taken off the bias: raised, it costs recall."""
_RIDGE: Final = 0.1
_ROUNDS: Final = 2
"""How often the likest passage of each scam is chosen anew."""
_STEPS: Final = 5
_LEAST_LINES: Final = 2
"""Lines that have a feature of which one learns."""
_FILLED: Final = 3
"""How many sentences are made of each frame that has slots."""
_TESTED: Final = 3
"""How often the honest sentences of the tests count: these must not wait."""
_TITLES: Final = 3
"""One of so many titles of jobs is learned of."""
_NEIGHBOURS: Final = 300
"""How many posts are made of honest ones."""

type Post = list[Features]


@dataclass(frozen=True, slots=True)
class Model:
    """Weights by feature."""

    bias: float
    weights: dict[str, float]


def post_of(text: str) -> Post:
    """Return the sentences of a text as they are weighed."""
    return [scam_likeness.features(readings_of(sentence)[-1]) for sentence in sentences_of(text)]


def learned() -> tuple[list[str], list[str]]:
    """Return the scams and the honest posts that may be learned of."""
    review = [line for line in lines("review", "scam") if not line.held_out]
    masking = [line for line in lines("masking", "disguise") if not line.held_out]
    frames = framed()
    scams = [line.text for line in review if line.wanted] + frames["scam"] + SCAMS
    honest = [line.text for line in review + masking if not line.wanted] + frames["honest"]
    honest += [*HONEST, *LAWFUL, *UNEQUAL] * _TESTED
    honest += [title.text for title in titles() if not title.held_out][::_TITLES]
    return scams, honest


def framed() -> dict[str, list[str]]:
    """Return by kind the sentences of `review_frames.toml`, each frame filled a few times."""
    data = tomllib.loads((CORPUS / "review_frames.toml").read_text(encoding="utf-8"))
    slots: dict[str, list[str]] = data["slots"] | data["words"]
    chance = random.Random(7)

    def filled(frame: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda slot: chance.choice(slots[slot[1]]), frame)

    return {
        kind: list(
            dict.fromkeys(
                filled(frame)
                for listed in data[kind].values()
                for frame in listed
                for _ in range(_FILLED if "{" in frame else 1)
            )
        )
        for kind in ("scam", "honest")
    }


def digest() -> str:
    """Return the mark of the texts that are learned of, in any order."""
    joined = "\1".join("\0".join(sorted(set(texts))) for texts in learned())
    return hashlib.sha256(joined.encode()).hexdigest()[:16]


def train(scams: Sequence[Post], honest: Sequence[Post]) -> Model:
    """Return the model that tells these apart."""
    chance = random.Random(7)
    mixed = [
        [sentence for post in chance.sample(list(honest), 2) for sentence in post]
        for _ in range(_NEIGHBOURS)
    ]
    tested = [post_of(text) for text in (*HONEST, *LAWFUL)]
    mixed += [
        [sentence for post in chance.sample(tested, 3) for sentence in post]
        for _ in range(_NEIGHBOURS)
    ]
    clear = [
        _named(post[first:end])
        for post in honest
        for first, end in scam_likeness.passages(len(post))
    ]
    clear += [_named(post[-scam_likeness.LONGEST_PASSAGE :]) for post in mixed]
    chosen = [_named(post) for post in scams]
    model = _fit(chosen, clear)
    for _ in range(_ROUNDS - 1):
        chosen = [
            max(
                (_named(post[first:end]) for first, end in scam_likeness.passages(len(post))),
                key=lambda passage: score(model, passage),
            )
            for post in scams
        ]
        model = _fit(chosen, clear)
    return model


def score(model: Model, passage: Counter[str]) -> float:
    """Return how like a scam a passage is."""
    known = {name: times for name, times in passage.items() if name in model.weights}
    total: float = sum(model.weights[name] * times for name, times in known.items())
    return float(model.bias + total / max(1, sum(known.values())) ** 0.5)


def _named(passage: Sequence[Features]) -> Counter[str]:
    """Return how often a passage has each feature."""
    named = Counter(term for sentence in passage for term in sentence.terms)
    named.update(scam_likeness.named_pairs(frozenset().union(*(s.concepts for s in passage))))
    return named


def _fit(scams: Sequence[Counter[str]], honest: Sequence[Counter[str]]) -> Model:
    rows = [*scams, *honest]
    frequent = Counter(name for row in rows for name in row)
    names = sorted(name for name, times in frequent.items() if times >= _LEAST_LINES)
    place = {name: number for number, name in enumerate(names)}
    table = np.zeros((len(rows), len(names)))
    for number, row in enumerate(rows):
        for name, times in row.items():
            if name in place:
                table[number, place[name]] = times
    table /= np.sqrt(np.maximum(1, table.sum(axis=1, keepdims=True)))
    said = np.array([1.0] * len(scams) + [0.0] * len(honest))
    alpha, bias = _newton(table @ table.T, said)
    return Model(bias, dict(zip(names, (table.T @ alpha).tolist(), strict=True)))


def _newton(
    kernel: NDArray[np.float64], said: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """Return the dual weights and the bias."""
    alpha, bias = np.zeros(len(said)), 0.0
    for _ in range(_STEPS):
        margin = kernel @ alpha + bias
        likely = 1 / (1 + np.exp(-margin))
        slope = np.maximum(likely * (1 - likely), 1e-6)
        wanted = margin + (said - likely) / slope
        system = kernel + np.diag(_RIDGE / slope)
        ones, aims = np.linalg.solve(system, np.stack([np.ones(len(said)), wanted], axis=1)).T
        bias = float(aims.sum() / ones.sum())
        alpha = aims - bias * ones
    return alpha, bias


def write(model: Model) -> None:
    """Store the weights; what is nearly nothing is left out."""
    unit = scam_likeness.WEIGHT_UNIT
    rows = [f"# Trained by `make weights` from the lines of mark {digest()}: not edited by hand."]
    rows.append(f"{scam_likeness.BIAS}\t{round((model.bias - THRESHOLD) * unit)}")
    rows += [
        f"{name}\t{round(weight * unit)}"
        for name, weight in sorted(model.weights.items())
        if round(weight * unit)
    ]
    WEIGHTS.write_text("\n".join(rows) + "\n", encoding="utf-8")


def main() -> None:
    """Train and store."""
    scams, honest = learned()
    write(train([post_of(text) for text in scams], [post_of(text) for text in honest]))
    print(f"Learned of {len(scams)} scams and {len(honest)} honest posts: {WEIGHTS.name}")


if __name__ == "__main__":
    main()
