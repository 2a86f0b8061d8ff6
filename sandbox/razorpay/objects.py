"""Razorpay's objects as rows: kept, found, and listed by `from`, `to`, `count` and `skip`.

A key that begins with an underscore is the sandbox's own note on an object and is never shown.
"""

import secrets
import string
import time
from typing import Any

from sandbox.razorpay.errors import RazorpayError, missing
from sandbox.store import Json, Store, dumps, loads

_ALPHABET = string.ascii_letters + string.digits
MOST_LISTED = 100
#: What the API names a link is no `entity` of its own: `payment_link` has none.
LINK = "payment_link"


def new_id(prefix: str) -> str:
    """An id in Razorpay's manner, e.g. `pay_…`."""
    return f"{prefix}_" + "".join(secrets.choice(_ALPHABET) for _ in range(14))


def now() -> int:
    """Unix seconds."""
    return int(time.time())


class Objects:
    """All objects of the account. Writing is done inside `store.write()`."""

    def __init__(self, store: Store) -> None:
        """One table holds them all."""
        self._store = store

    def insert(self, entity: str, item: Json) -> Json:
        """Keep a new object."""
        self._store.db.execute(
            "INSERT INTO razorpay_objects"
            " (id, entity, payment_id, reference, created_at, open_until, body)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (item["id"], entity, *_indexed(entity, item), dumps(item)),
        )
        return item

    def save(self, entity: str, item: Json) -> Json:
        """Keep a changed object."""
        self._store.db.execute(
            "UPDATE razorpay_objects SET payment_id = ?, reference = ?, created_at = ?,"
            " open_until = ?, body = ? WHERE id = ?",
            (*_indexed(entity, item), dumps(item), item["id"]),
        )
        return item

    def find(self, entity: str, id_: str) -> Json | None:
        """The object with that id and of that kind, or None."""
        row = self._store.db.execute(
            "SELECT body FROM razorpay_objects WHERE id = ? AND entity = ?", (id_, entity)
        ).fetchone()
        return None if row is None else dict(loads(row["body"]))

    def get(self, entity: str, id_: str) -> Json:
        """The object of that kind. Raises RazorpayError."""
        item = self.find(entity, id_)
        if item is None:
            raise missing()
        return item

    def by_reference(self, reference: str) -> Json | None:
        """The link with that `reference_id`, or None."""
        row = self._store.db.execute(
            "SELECT body FROM razorpay_objects WHERE reference = ?", (reference,)
        ).fetchone()
        return None if row is None else dict(loads(row["body"]))

    def open_past(self, instant: float) -> list[Json]:
        """Links still open after their time."""
        rows = self._store.db.execute(
            "SELECT body FROM razorpay_objects WHERE open_until <= ?", (instant,)
        )
        return [loads(row["body"]) for row in rows]

    def of_payment(self, entity: str, payment_id: str) -> list[Json]:
        """Objects of a kind that belong to a payment, newest first."""
        rows = self._store.db.execute(
            "SELECT body FROM razorpay_objects WHERE payment_id = ? AND entity = ?"
            " ORDER BY seq DESC",
            (payment_id, entity),
        )
        return [loads(row["body"]) for row in rows]

    def page(
        self, entity: str, params: Json, *, most: int = MOST_LISTED, payment_id: str | None = None
    ) -> list[Json]:
        """One page, newest first. Raises RazorpayError for parameters out of bounds."""
        count = whole(params, "count", 10, 1, most)
        skip = whole(params, "skip", 0, 0, 10**9)
        since = whole(params, "from", 0, 0, 10**11)
        until = whole(params, "to", 10**11, 0, 10**11)
        clauses, values = ["entity = ?", "created_at BETWEEN ? AND ?"], [entity, since, until]
        if payment_id is not None:
            clauses.append("payment_id = ?")
            values.append(payment_id)
        rows = self._store.db.execute(
            f"SELECT body FROM razorpay_objects WHERE {' AND '.join(clauses)}"
            " ORDER BY created_at DESC, seq DESC LIMIT ? OFFSET ?",
            [*values, count, skip],
        )
        return [loads(row["body"]) for row in rows]


def shown(item: Json) -> Json:
    """An object as the API answers it."""
    return {name: value for name, value in item.items() if not name.startswith("_")}


def collection(items: list[Json]) -> Json:
    """A list as the API answers it."""
    return {
        "entity": "collection",
        "count": len(items),
        "items": [shown(item) for item in items],
    }


def whole(params: Json, name: str, default: int, lowest: int, highest: int) -> int:
    """A whole number of the query, within bounds. Raises RazorpayError."""
    value: Any = params.get(name, default)
    if isinstance(value, str) and value.isdecimal() and len(value) < 13:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise RazorpayError(f"The {name} must be an integer.", field=name)
    if value < lowest:
        raise RazorpayError(f"The {name} must be at least {lowest}.", field=name)
    if value > highest:
        raise RazorpayError(f"The {name} may not be greater than {highest}.", field=name)
    return value


def _indexed(entity: str, item: Json) -> tuple[str | None, str | None, int, float | None]:
    is_link = entity == LINK
    open_until = item["expire_by"] or None if is_link and item["status"] == "created" else None
    reference = item["reference_id"] or None if is_link else None
    return item.get("payment_id"), reference, item["created_at"], open_until
