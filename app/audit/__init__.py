"""Who did what: an append-only, hash-chained log."""

from app.audit.log import record, record_once

__all__ = ["record", "record_once"]
