"""Invariants of bulk actions."""

from typing import Final

from sqlalchemy import exists, or_

from app.core.invariants import always
from app.moderation.bulk import ItemState
from app.moderation.models import BulkAction, BulkItem

INVARIANTS: Final = (
    always(
        "nothing of a finished bulk action waits, and its reason is in the log only",
        BulkAction,
        or_(
            exists().where(BulkItem.bulk_id == BulkAction.id, BulkItem.state == ItemState.WAITING),
            BulkAction.reason_sealed.is_not(None),
        ),
        BulkAction.finished_at.is_not(None),
    ),
    always(
        "an item of a bulk action that does not wait says when it ended",
        BulkItem,
        BulkItem.at.is_(None),
        BulkItem.state != ItemState.WAITING,
    ),
)
