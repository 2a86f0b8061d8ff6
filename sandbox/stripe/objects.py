"""Stripe's objects as rows: kept, found, listed, and shown with what was asked to be expanded.

A key that begins with an underscore is the sandbox's own note on an object and is never shown.
"""

import secrets
import string
import time
from collections.abc import Iterable
from typing import Any

from sandbox.store import Json, Store, dumps, loads
from sandbox.stripe import params as p
from sandbox.stripe.errors import StripeError, missing

_ALPHABET = string.ascii_letters + string.digits
MAX_PAGE = 100
EXPAND_DEPTH = 4


def new_id(prefix: str, length: int = 24) -> str:
    """An id in Stripe's manner, e.g. `cus_…`."""
    return prefix + "_" + "".join(secrets.choice(_ALPHABET) for _ in range(length))


def now() -> int:
    """Unix seconds: Stripe's instants are whole seconds."""
    return int(time.time())


class Objects:
    """All objects of the account. Writing is done inside `store.write()`."""

    def __init__(self, store: Store) -> None:
        """One table holds them all."""
        self._store = store

    def insert(self, item: Json) -> Json:
        """Keep a new object."""
        self._store.db.execute(
            "INSERT INTO stripe_objects"
            " (id, object, created, customer, payment_intent, open_until, body)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                item["id"],
                item["object"],
                item.get("created", now()),
                *_indexed(item),
                dumps(item),
            ),
        )
        return item

    def save(self, item: Json) -> Json:
        """Keep a changed object."""
        self._store.db.execute(
            "UPDATE stripe_objects SET customer = ?, payment_intent = ?, open_until = ?, body = ?"
            " WHERE id = ?",
            (*_indexed(item), dumps(item), item["id"]),
        )
        return item

    def find(self, id_: str) -> Json | None:
        """The object with that id, of any kind, or None."""
        row = self._store.db.execute(
            "SELECT body FROM stripe_objects WHERE id = ?", (id_,)
        ).fetchone()
        return None if row is None else dict(loads(row["body"]))

    def get(self, kind: str, id_: str, param: str = "id") -> Json:
        """The object of that kind. Raises StripeError `resource_missing`."""
        item = self.find(id_)
        if item is None or item["object"] != kind:
            raise missing(kind.replace("_", " "), id_, param)
        return item

    def living_customer(self, id_: str) -> Json:
        """A customer to sell to. Raises StripeError `resource_missing` for none, and for a deleted one."""
        customer = self.get("customer", id_, "customer")
        if customer.get("deleted"):
            raise missing("customer", id_, "customer")
        return customer

    def of_intent(self, kind: str, intent_id: str) -> list[Json]:
        """Objects of a kind that belong to a payment intent, newest first."""
        rows = self._store.db.execute(
            "SELECT body FROM stripe_objects WHERE payment_intent = ? AND object = ?"
            " ORDER BY seq DESC",
            (intent_id, kind),
        )
        return [loads(row["body"]) for row in rows]

    def open_past(self, instant: float) -> list[Json]:
        """Checkout sessions still open after their time."""
        rows = self._store.db.execute(
            "SELECT body FROM stripe_objects WHERE open_until <= ?", (instant,)
        )
        return [loads(row["body"]) for row in rows]

    def all(self, kind: str) -> Iterable[Json]:
        """Every object of a kind, newest first."""
        rows = self._store.db.execute(
            "SELECT body FROM stripe_objects WHERE object = ? ORDER BY seq DESC", (kind,)
        )
        return (loads(row["body"]) for row in rows)

    def page(self, kind: str, params: Json, filters: Json, url: str) -> Json:
        """One page, newest first, as Stripe lists: `limit`, `starting_after`, `ending_before`.

        `filters` are fields that must be equal. Raises StripeError 400.
        """
        limit = p.integer(params, "limit")
        limit = 10 if limit is None else limit
        if not 1 <= limit <= MAX_PAGE:
            raise StripeError(f"Invalid limit: between 1 and {MAX_PAGE}.", param="limit")
        clauses: list[str] = ["object = ?"]
        values: list[Any] = [kind]
        for column in ("customer", "payment_intent"):
            if column in filters:
                clauses.append(f"{column} = ?")
                values.append(filters[column])
        backwards = "ending_before" in params
        for name, sign in (("starting_after", "<"), ("ending_before", ">")):
            if (edge := p.text(params, name)) is not None:
                self.get(kind, edge, name)
                clauses.append(f"seq {sign} (SELECT seq FROM stripe_objects WHERE id = ?)")
                values.append(edge)
        for sign, bound in _bounds(params.get("created")):
            clauses.append(f"created {sign} ?")
            values.append(bound)
        rows = self._store.db.execute(
            f"SELECT body FROM stripe_objects WHERE {' AND '.join(clauses)}"
            f" ORDER BY seq {'ASC' if backwards else 'DESC'}",
            values,
        )
        found: list[Json] = []
        for row in rows:
            item = loads(row["body"])
            if all(item.get(name) == value for name, value in filters.items()):
                found.append(item)
                if len(found) > limit:
                    break
        has_more = len(found) > limit
        data = found[:limit]
        if backwards:
            data.reverse()
        return {"object": "list", "data": data, "has_more": has_more, "url": url}

    def shown(self, item: Json, expand: list[str]) -> Json:
        """An object or list as the API answers it. Raises StripeError 400 for a bad `expand`."""
        tree: Json = {}
        for path in expand:
            parts = str(path).split(".")
            if len(parts) > EXPAND_DEPTH:
                raise StripeError(
                    f"You cannot expand more than {EXPAND_DEPTH} levels.", param="expand"
                )
            node = tree
            for part in parts:
                node = node.setdefault(part, {})
        return self._show(item, tree)

    def _show(self, item: Json, tree: Json) -> Json:
        if item.get("object") in ("list", "search_result"):
            below = tree.get("data", {})
            return {**item, "data": [self._show(entry, below) for entry in item["data"]]}
        answer = {name: value for name, value in item.items() if not name.startswith("_")}
        for name, below in tree.items():
            if name == "line_items" and "_line_items" in item:
                answer[name] = item["_line_items"]
                continue
            if name not in answer:
                raise StripeError(f"This property cannot be expanded ({name}).", param="expand")
            value = answer[name]
            if isinstance(value, str):
                target = self.find(value)
                if target is not None:
                    answer[name] = self._show(target, below)
        return answer


def _indexed(item: Json) -> tuple[str | None, str | None, float | None]:
    open_until = (
        item["expires_at"]
        if item["object"] == "checkout.session" and item["status"] == "open"
        else None
    )
    return item.get("customer"), item.get("payment_intent"), open_until


def _bounds(created: Any) -> list[tuple[str, int]]:
    """The conditions of a `created` filter, as SQL compares. Raises StripeError."""
    if created is None:
        return []
    bounds = created if isinstance(created, dict) else {"gte": created, "lte": created}
    try:
        return [(_SIGNS[name], int(bound)) for name, bound in bounds.items()]
    except (KeyError, TypeError, ValueError):
        raise StripeError("Invalid created filter.", param="created") from None


_SIGNS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
