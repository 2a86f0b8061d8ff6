"""Identifiers: UUIDv7 (RFC 9562), which sort by the time of creation."""

from uuid import UUID

import uuid6


def new_id() -> UUID:
    """Return a new UUIDv7."""
    return UUID(int=uuid6.uuid7().int)
