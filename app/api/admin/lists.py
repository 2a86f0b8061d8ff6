"""Lists of administrators: each is one `ListSpec`, read as pages or exported as CSV."""

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Annotated, Any

from fastapi import Depends, Query
from sqlalchemy import ColumnElement, Select, func
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app import audit
from app.api.http.csv_export import AsCsv, export
from app.api.http.dependencies import Now, PageQuery, Read, Rt
from app.core.errors import Invalid
from app.core.paging import Keyset, PageRequest
from app.core.schema import Page, ResponseModel, clean_text
from app.database.statements import contains_text
from app.identity.actor import Actor
from app.runtime import Runtime

Search = Annotated[
    str | None,
    Query(min_length=1, max_length=120, description="Only those in which these words are found."),
]
City = Annotated[
    str | None, Query(min_length=1, max_length=120, description="Only those in this city, by name.")
]


@dataclass(frozen=True)
class ListRequest:
    """Which page of a list is asked for, or all of it as a file."""

    session: AsyncSession
    rt: Runtime
    now: dt.datetime
    page: PageRequest
    as_csv: bool
    sort: str | None = None
    """The column by which it is sorted, with a dash before it from the greatest; None: as the list is."""


Sort = Annotated[
    str | None,
    Query(
        pattern="^-?[a-z_]{1,40}$",
        description="Sort by this column, from the least; with a dash before it, from the greatest. Without it "
        "the list has its own order, as a CSV file always has. 422 for a column by which the list is not sorted.",
        examples=["-created_at"],
    ),
]


async def _list_request(
    session: Read, rt: Rt, now: Now, page: PageQuery, as_csv: AsCsv, sort: Sort = None
) -> ListRequest:
    return ListRequest(session, rt, now, page, as_csv, sort)


Listing = Annotated[ListRequest, Depends(_list_request)]


type Filter = Callable[[Any, ListRequest], ColumnElement[bool]]
"""Makes the condition of a query parameter's value."""
type ItemsOf[Item] = Callable[[AsyncSession, Sequence[Any], dt.datetime], Awaitable[list[Item]]]
"""Makes the answers of one page of rows."""


def equal(column: Any) -> Filter:
    """Return the filter for rows in which `column` is the value."""
    return lambda value, _: column == value


def same_text(column: Any) -> Filter:
    """Return the filter for rows in which `column` is the text, whatever the case."""
    return lambda text, _: func.lower(column) == func.lower(text)


def whether(condition: ColumnElement[bool]) -> Filter:
    """Return the filter for rows that meet `condition`, or do not."""
    return lambda wanted, _: condition if wanted else ~condition


def contains(*columns: Any) -> Filter:
    """Return the filter for rows in which a column contains the text, whatever the case."""
    return lambda text, _: contains_text(text, *columns)


def each[Item](item_of: Callable[..., Item]) -> ItemsOf[Item]:
    """Return the `items_of` that calls `item_of` with the columns of each row."""

    async def items_of(_: AsyncSession, rows: Sequence[Any], __: dt.datetime) -> list[Item]:
        return [item_of(*row) for row in rows]

    return items_of


@dataclass(frozen=True)
class ListSpec[Item: ResponseModel]:
    """One list of administrators: its file's name, columns, query, order and filters.

    The first entity of the query's rows has the columns of `keyset`; `key_of` gives the sort key where
    they are expressions. A row becomes an `item` by its attributes, unless `items_of` is given.
    """

    name: str
    item: type[Item]
    query: Select[*tuple[Any, ...]]
    keyset: Keyset
    filters: Mapping[str, Filter] = field(default_factory=dict)
    items_of: ItemsOf[Item] | None = None
    key_of: Callable[[Any], Sequence[Any]] | None = None
    sorts: Mapping[str, Any] = field(default_factory=dict)
    """Expressions, never NULL, by which the list can be sorted, by the name of their column; None: its own order."""

    async def answer(
        self, actor: Actor, asked: ListRequest, *where: ColumnElement[bool], **values: Any
    ) -> Page[Item] | Response:
        """Return the page that is asked for, or every page as CSV, of the rows that meet `where`.

        `values` are the query parameters by name; a filter is applied unless its value is None.
        Raises `Invalid` for a bad cursor, for text that nothing can contain, and for a column that sorts nothing.
        """
        query = self.query.where(*where)
        if asked.sort is not None and asked.sort.removeprefix("-") not in self.sorts:
            known = ", ".join(self.sorts) or "no column"
            raise Invalid.field("sort", f"This list can be sorted by: {known}.")
        for name, value in values.items():
            wanted = _cleaned(value, name)
            if wanted is not None:
                query = query.where(self.filters[name](wanted, asked))
        if asked.as_csv:
            return await self._exported(query, actor, asked)
        return await self._page(query, asked, asked.page, asked.session)

    async def _page(
        self,
        query: Select[*tuple[Any, ...]],
        asked: ListRequest,
        page: PageRequest,
        reader: AsyncSession,
    ) -> Page[Item]:
        keys = asked.rt.keyring
        by = self.sorts.get(asked.sort.removeprefix("-")) if asked.sort else None
        rows: Sequence[Any]
        if asked.sort is None or by is None:
            rows, cursor = await self._in_order(asked).fetch(reader, query, page, keys, self.key_of)
        else:
            rows, cursor = await self._sorted(query, by, asked, page, reader)
        if self.items_of is None:
            items = [self.item.from_rows(row[0], row) for row in rows]
        else:
            items = await self.items_of(reader, rows, asked.now)
        return Page(items=items, next_cursor=cursor)

    def _in_order(self, asked: ListRequest) -> Keyset:
        """Return the list's own order, or the other way round."""
        if asked.sort is None:
            return self.keyset
        name = f"{self.keyset.name}:{asked.sort}"
        return Keyset(name, self.keyset.columns, descending=asked.sort.startswith("-"))

    async def _sorted(
        self,
        query: Select[*tuple[Any, ...]],
        by: Any,
        asked: ListRequest,
        page: PageRequest,
        reader: AsyncSession,
    ) -> tuple[Sequence[Any], str | None]:
        """Return one page in the order of an expression, and of the unique column where it is the same."""
        keys, unique = asked.rt.keyring, self.keyset.columns[-1]
        order = replace(self._in_order(asked), columns=[by, unique])
        both = query.add_columns(by.label("sort_key"))
        found = (await reader.execute(order.apply(both, page, keys))).all()
        places = [(row[-1], getattr(row[0], unique.key)) for row in found]
        cursor = order.next_cursor(places, page, keys)
        rows: Sequence[Any] = found[: page.limit]
        if self.items_of is not None:
            rows = [tuple(row)[:-1] for row in rows]
        return rows, cursor

    async def _exported(
        self, query: Select[*tuple[Any, ...]], actor: Actor, asked: ListRequest
    ) -> Response:
        """Return the list as CSV, in its own order, and record who exported it.

        By another order the whole table would be sorted for each page of the file, and a row whose value changes
        meanwhile would be in it twice, or not at all.
        """
        in_order = replace(asked, sort=None)
        database = asked.rt.database
        async with database.begin() as session:
            audit.record(session, "list.export", self.name, actor, asked.now)

        async def own_page(page: PageRequest) -> Page[Item]:
            # The request's transaction is over when the file is sent.
            async with database.read() as session:
                return await self._page(query, in_order, page, session)

        return await export(self.name, self.item, own_page)


def _cleaned(value: Any, parameter: str) -> Any:
    """Return a parameter's value, text trimmed and None if empty. Raises `Invalid` for control characters."""
    if not isinstance(value, str) or isinstance(value, Enum):
        return value
    try:
        return clean_text(value) or None
    except ValueError as error:
        raise Invalid.field(parameter, str(error)) from None
