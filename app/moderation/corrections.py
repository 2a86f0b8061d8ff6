"""An administrator corrects a worker's profile, because the worker asked for it."""

import datetime as dt
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.core.crypto import Keyring
from app.core.errors import FieldError, Invalid
from app.database.session import keyring
from app.identity.actor import Actor
from app.identity.models import User, UserStatus
from app.messaging.outbox.enqueue import notify
from app.moderation.accounts import AccountErased
from app.workers import profile
from app.workers.models import Worker
from app.workers.profile import WorkerEdit

CORRECTION: Final = "worker.correct"
_LOGGED: Final = "audit value"
_REFERENCE: Final = "value:"
"""Prefix of what the log holds in place of a personal value: a keyed hash, which proves it and tells nothing."""
_PERSONAL: Final = frozenset({"name", "location", "bio"})
"""Fields that the log only refers to: its rows can never be erased."""
_FOLLOWING: Final = ("city", "location", "time_zone", "verified")
"""What may change with another field: a location brings city and time zone, a new name ends the verification."""


async def correct_worker(
    session: AsyncSession,
    worker_id: UUID,
    changes: WorkerEdit,
    actor: Actor,
    *,
    reason: str,
    now: dt.datetime,
) -> None:
    """Change the worker's profile as they would themselves, log what changed, and tell them once.

    Where nothing differs, nothing is logged or told. Raises `Invalid` without any field or for a bad one,
    `UnknownPlace`, `WorkerNotFound` and `AccountErased`.
    """
    if not changes:
        raise Invalid([FieldError("fields", "Name at least one field to correct.")])
    # Locked before it is read: the log's `before` is what this change replaced.
    await profile.lock_worker(session, worker_id, now=now)
    user, worker = await profile.get_worker(session, worker_id)
    if user.status == UserStatus.ERASED:
        raise AccountErased
    before = _values(session, user, worker)
    user, worker = await profile.edit(session, worker_id, changes, now=now)
    after = _values(session, user, worker)
    changed = [name for name in after if after[name] != before[name]]
    if not changed:
        return
    keys = keyring(session)
    audit.record(
        session,
        CORRECTION,
        worker_id,
        actor,
        now,
        reason=reason,
        before={name: _logged(name, before[name], keys) for name in changed},
        after={name: _logged(name, after[name], keys) for name in changed},
    )
    told = [name for name in changed if name in changes or name not in _FOLLOWING]
    told = told or [name for name in changed if name != "verified"]
    key = f"{worker_id}:{now.isoformat()}"
    await notify(session, worker_id, "profile_corrected", {"fields": told}, key=key, now=now)


def _values(session: AsyncSession, user: User, worker: Worker) -> dict[str, Any]:
    """Return the profile's fields by name, as JSON values."""
    quiet = worker.quiet_start, worker.quiet_end
    return {
        "name": user.name,
        "language": str(user.language),
        "city": worker.city,
        "location": None if worker.latitude is None else [worker.latitude, worker.longitude],
        "max_distance_km": worker.max_distance_km,
        "skills": list(worker.skills),
        "experience_years": worker.experience_years,
        "bio": profile.bio_of(session, worker),
        "time_zone": worker.time_zone,
        "weekly_offer_cap": worker.weekly_offer_cap,
        "quiet_hours": [f"{at:%H:%M}" for at in quiet if at is not None] or None,
        "verified": worker.verified_at is not None,
    }


def _logged(field: str, value: Any, keys: Keyring) -> Any:
    if field not in _PERSONAL or not value:
        return value
    return _REFERENCE + keys.index(f"{field}:{value}", _LOGGED)
