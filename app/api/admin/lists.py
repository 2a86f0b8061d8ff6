"""What the administrators' lists share: their pages, search and files, and the reason of an action."""

import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
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
from app.identity.actor import Actor
from app.runtime import Runtime

Search = Annotated[
    str | None,
    Query(min_length=1, max_length=120, description="Only those in which these words are found."),
]
City = Annotated[
    str | None, Query(min_length=1, max_length=120, description="Only those in this city, by name.")
]


def needs_reason(action: str, reason: str | None) -> None:
    """Raise `Invalid` unless what takes something away says why."""
    if action in {"suspend", "restrict", "cancel", "decline"} and reason is None:
        raise Invalid.field("reason", f"say why you {action} it")


def like(text: str) -> str:
    """Return the LIKE pattern that finds `text` anywhere, whatever characters it has."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def contains(column: Any, text: str) -> ColumnElement[bool]:
    """Return the condition that `column` contains `text`, whatever the case.

    The database lowers both: were one of them lowered here, "É" would differ from itself in SQLite.
    """
    found: ColumnElement[bool] = func.lower(column).like(func.lower(like(text)), escape="\\")
    return found


def equals(column: Any, text: str) -> ColumnElement[bool]:
    """Return the condition that `column` is `text`, whatever the case."""
    same: ColumnElement[bool] = func.lower(column) == func.lower(text)
    return same


def cleaned(text: str | None, field: str) -> str | None:
    """Return what is searched for, trimmed, or None. Raises `Invalid` for what no text contains."""
    if text is None:
        return None
    try:
        return clean_text(text) or None
    except ValueError as error:
        raise Invalid.field(field, str(error)) from None


@dataclass(frozen=True)
class ListRequest:
    """Which page of a list is asked for, or all of it as a file."""

    session: AsyncSession
    rt: Runtime
    now: dt.datetime
    page: PageRequest
    as_csv: bool


async def _list_request(
    session: Read, rt: Rt, now: Now, page: PageQuery, as_csv: AsCsv
) -> ListRequest:
    return ListRequest(session, rt, now, page, as_csv)


Listing = Annotated[ListRequest, Depends(_list_request)]


@dataclass(frozen=True)
class ListSpec[Item: ResponseModel]:
    """One list of administrators: its order, its rows, and the name of its file.

    The first entity of a query's row has the columns of `keyset`; `key_of` returns its sort key where
    they are expressions. `items_of` makes answers of rows (`each`, where a row needs nothing else).
    """

    name: str
    item: type[Item]
    keyset: Keyset
    items_of: Callable[[AsyncSession, Sequence[Any], dt.datetime], Awaitable[list[Item]]]
    key_of: Callable[[Any], Sequence[Any]] | None = None

    async def answer(
        self, query: Select[*tuple[Any, ...]], actor: Actor, asked: ListRequest
    ) -> Page[Item] | Response:
        """Return the page that is asked for, or every page as CSV. Raises `Invalid` for a bad cursor."""
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
        rows = (await reader.execute(self.keyset.apply(query, page, keys))).all()
        cursor = self.keyset.next_cursor([self._key(row[0]) for row in rows], page, keys)
        items = await self.items_of(reader, rows[: page.limit], asked.now)
        return Page(items=items, next_cursor=cursor)

    def _key(self, entity: Any) -> Sequence[Any]:
        if self.key_of is not None:
            return self.key_of(entity)
        return [getattr(entity, column.key) for column in self.keyset.columns]

    async def _exported(
        self, query: Select[*tuple[Any, ...]], actor: Actor, asked: ListRequest
    ) -> Response:
        """Return the list as CSV, and note who took it: a list in a file is out of our hands."""
        database = asked.rt.database
        async with database.begin() as session:
            audit.record(session, "list.export", self.name, actor, asked.now)

        async def own_page(page: PageRequest) -> Page[Item]:
            # In a transaction of its own: the request's is over when the file is sent.
            async with database.read() as session:
                return await self._page(query, asked, page, session)

        return await export(self.name, self.item, own_page)


def each[Item: ResponseModel](
    row_of: Callable[..., Item],
) -> Callable[[AsyncSession, Sequence[Any], dt.datetime], Awaitable[list[Item]]]:
    """Return the `items_of` that calls `row_of` with the columns of each row."""

    async def items_of(_: AsyncSession, rows: Sequence[Any], __: dt.datetime) -> list[Item]:
        return [row_of(*row) for row in rows]

    return items_of
