"""Invariants of tries: parked work has a reason and is not under way."""

from typing import Final

from sqlalchemy import or_

from app.attempts.models import WorkAttempt
from app.attempts.work import Kind
from app.core.invariants import always

INVARIANTS: Final = (
    always(
        "work that was given up is of a kind there is, and says why",
        WorkAttempt,
        or_(WorkAttempt.error.is_(None), WorkAttempt.kind.not_in(list(Kind))),
        WorkAttempt.parked_at.is_not(None),
    ),
    always(
        "work that was given up is not under way",
        WorkAttempt,
        WorkAttempt.lease_until.is_not(None),
        WorkAttempt.parked_at.is_not(None),
    ),
)
