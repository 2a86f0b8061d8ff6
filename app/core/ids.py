"""Identifiers: UUIDv7 (RFC 9562), so that keys sort by the time they were made."""

from uuid import UUID

import uuid6


def new_id() -> UUID:
    """Return a new UUIDv7."""
    return UUID(int=uuid6.uuid7().int)
