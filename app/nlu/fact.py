"""What a reader says of a message: a value, how sure it is, and the words that gave it. Pure."""

from dataclasses import dataclass
from enum import IntEnum


class Confidence(IntEnum):
    """How sure a reader is of what it read; what follows depends on what an error would cost."""

    GUESS = 1
    """One reading of several: asked about, as a proposal."""
    LIKELY = 2
    """The best reading, not the only one: read back before anything that is hard to take back."""
    CERTAIN = 3
    """Nothing else can be meant: saved without a question."""


@dataclass(frozen=True, slots=True)
class Fact[Value]:
    """One fact of a message."""

    value: Value
    confidence: Confidence
    evidence: str
    """The words that gave the value, as they are compared; "" where a tap or a pin gave it."""

    @property
    def certain(self) -> bool:
        """Whether nothing else can be meant."""
        return self.confidence is Confidence.CERTAIN
