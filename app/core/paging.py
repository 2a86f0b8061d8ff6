"""Keyset paging, which is stable while rows are inserted.

A cursor is the encrypted sort key of a page's last row; a forged one, or one of another list, is refused.
"""

import base64
import binascii
import datetime as dt
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Row, Select, bindparam, literal, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Keyring, SealBroken
from app.core.errors import Invalid

MAX_LIMIT = 100
DEFAULT_LIMIT = 20


@dataclass(frozen=True)
class PageRequest:
    """Which page of a list is asked for."""

    limit: int = DEFAULT_LIMIT
    cursor: str | None = None


@dataclass(frozen=True)
class Keyset:
    """The order of one list: `columns` all ascending or descending, the last one unique.

    `name` binds cursors to the list.
    """

    name: str
    columns: Sequence[Any]
    descending: bool = True

    def apply[*Columns](
        self, query: Select[*Columns], page: PageRequest, keyring: Keyring
    ) -> Select[*Columns]:
        """Return `query` with order, start and a limit of one row more than the page has.

        Raises `Invalid` for a foreign cursor.
        """
        after = None
        if page.cursor is not None:
            values = _decode(page.cursor, self.name, len(self.columns), keyring)
            pairs = zip(self.columns, values, strict=True)
            after = [literal(value, column.type) for column, value in pairs]
        return self._page(query, after, page.limit + 1)

    def page_of[*Columns](self, query: Select[*Columns], *, after: bool) -> Select[*Columns]:
        """Return the query of any page, built once for frequent lists; `page_values` has its values."""
        places = [
            bindparam(f"after_{number}", type_=column.type)
            for number, column in enumerate(self.columns)
        ]
        return self._page(query, places if after else None, bindparam("rows", type_=Integer))

    def page_values(self, page: PageRequest, keyring: Keyring) -> dict[str, Any]:
        """Return the values of a query of `page_of`. Raises `Invalid` for a foreign cursor."""
        values: dict[str, Any] = {"rows": page.limit + 1}
        if page.cursor is not None:
            after = _decode(page.cursor, self.name, len(self.columns), keyring)
            values |= {f"after_{number}": value for number, value in enumerate(after)}
        return values

    def _page[*Columns](
        self, query: Select[*Columns], after: Sequence[Any] | None, rows: Any
    ) -> Select[*Columns]:
        if after is not None:
            here: Any = tuple_(*self.columns)
            query = query.where(here < tuple_(*after) if self.descending else here > tuple_(*after))
        order = [c.desc() if self.descending else c.asc() for c in self.columns]
        return query.order_by(*order).limit(rows)

    async def fetch[*Columns](
        self,
        session: AsyncSession,
        query: Select[*Columns],
        page: PageRequest,
        keyring: Keyring,
        key_of: Callable[[Any], Sequence[Any]] | None = None,
    ) -> tuple[Sequence[Row[*Columns]], str | None]:
        """Return one page of rows and the cursor of the next.

        The first entity of a row has the columns, unless `key_of` gives its sort key. Raises `Invalid`.
        """
        rows: Sequence[Any] = (await session.execute(self.apply(query, page, keyring))).all()
        key_of = key_of or self._key_of
        cursor = self.next_cursor([key_of(row[0]) for row in rows], page, keyring)
        return rows[: page.limit], cursor

    def _key_of(self, entity: Any) -> Sequence[Any]:
        return [getattr(entity, column.key) for column in self.columns]

    def next_cursor(
        self, keys: Sequence[Sequence[Any]], page: PageRequest, keyring: Keyring
    ) -> str | None:
        """Return the cursor after this page, given the sort keys of all fetched rows."""
        if len(keys) <= page.limit:
            return None
        return _encode(keys[page.limit - 1], self.name, keyring)


def _encode(values: Sequence[Any], name: str, keyring: Keyring) -> str:
    plain = json.dumps([_plain(value) for value in values])
    return base64.urlsafe_b64encode(keyring.seal(plain, f"cursor:{name}")).decode().rstrip("=")


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return {"t": value.isoformat()}
    if isinstance(value, UUID):
        return {"u": str(value)}
    if isinstance(value, dt.date):
        return {"d": value.isoformat()}
    return value


def _value(plain: Any) -> Any:
    if isinstance(plain, dict):
        if "t" in plain:
            return dt.datetime.fromisoformat(plain["t"])
        if "d" in plain:
            return dt.date.fromisoformat(plain["d"])
        return UUID(plain["u"])
    return plain


def _decode(cursor: str, name: str, length: int, keyring: Keyring) -> list[Any]:
    try:
        sealed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        values = [_value(plain) for plain in json.loads(keyring.open(sealed, f"cursor:{name}"))]
    except (SealBroken, ValueError, binascii.Error, KeyError, TypeError):
        values = []
    if len(values) != length:
        raise Invalid.field("cursor", "This cursor was not made by this list; start without one.")
    return values
