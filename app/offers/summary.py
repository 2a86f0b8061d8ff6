"""An offer in short, as the chat lists and tells it to its worker."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.offers.rules import OfferStatus


@dataclass(frozen=True, slots=True)
class OfferSummary:
    """An offer of the worker who writes."""

    id: UUID
    status: OfferStatus
    """The effective one: an unanswered offer past its deadline has expired."""
    unlocked: bool
    params: Mapping[str, Any]
    """Values for the texts about it."""
    stands: bool = False
    """Whether a rejection of it can be taken back: in time, the job published and not full."""
    full: bool = False
    """Whether the job still asks people but has all the acceptances it takes: one can stand by."""
    description: str = ""
    """What the post says there is to do, contacts masked."""
    blocked: bool = False
    """Whether this worker blocked its employer."""
