"""What a forecast has to know of how people answer offers: chances, and the time a reply takes."""

from typing import Protocol


class Responses(Protocol):
    """What is known of how people answer offers."""

    @property
    def seen(self) -> int:
        """How many offers that ended it was learned from."""

    def yes(self, km: float) -> float:
        """Return how likely somebody so far away who is asked says yes at all, 0 to 1."""

    def replied(self, minutes: float) -> float:
        """Return the share of replies that come within so many waking minutes, 0 to 1; never falls."""
