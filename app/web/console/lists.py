"""Every list of the console by its name: shown, filtered in the address, taken as a file, and acted on row by row."""

from collections.abc import Mapping
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from fastapi import Path
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api.admin import logs
from app.api.http.csv_export import AsCsv
from app.api.http.dependencies import NotGranted, PageQuery, Read
from app.core.errors import Invalid, NotFound
from app.core.paging import PageRequest
from app.core.schema import Page
from app.web.console.desk import AnyDesk, Desk, room
from app.web.console.money_tables import MONEY_TABLES
from app.web.console.other_tables import OTHER_TABLES
from app.web.console.tables import Table
from app.web.forms import TypedForm, describe_error
from app.web.site import words

router = room()

TABLES: Final = {table.name: table for table in (*MONEY_TABLES, *OTHER_TABLES)}
_LIMIT: Final = 50

Named = Annotated[str, Path(max_length=40)]
RowId = Annotated[UUID, Path()]


def table_of(desk: Desk, name: str) -> Table:
    """Return the list of this name. Raises `NotFound`, and `NotGranted` for who may not see it."""
    table = TABLES.get(name)
    if table is None:
        raise NotFound
    if not desk.may(table.permission):
        raise NotGranted
    return table


def tables_for(desk: Desk, group: str) -> list[Table]:
    """Return the lists of a group that this administrator may see."""
    return [
        table for table in TABLES.values() if table.group == group and desk.may(table.permission)
    ]


@router.get("/lists/{name}")
async def show_list(
    desk: AnyDesk, session: Read, listed: PageQuery, name: Named, as_csv: AsCsv
) -> Response:
    """Show one list, or give it as a file."""
    table = table_of(desk, name)
    return await _page(desk, session, table, listed.cursor, TypedForm(), as_csv=as_csv)


async def _page(
    desk: Desk,
    session: AsyncSession,
    table: Table,
    cursor: str | None,
    form: TypedForm,
    *,
    as_csv: bool = False,
) -> Response:
    here = _here(form) or desk.request.query_params
    shown, chosen = table.chosen(here)
    cursor = cursor or here.get("cursor")
    sort = table.order(here)
    asked = desk.asks(session, PageRequest(_LIMIT, cursor), as_csv=as_csv, sort=sort or None)
    language = desk.visitor.language
    wrong: Mapping[str, str] = {name: words(language, "invalid.other") for name in chosen.unread}
    found: Page[Any] | Response = Page(items=[], next_cursor=None)
    if not wrong:
        try:
            found = await table.read(asked, desk, chosen)
        except Invalid as error:
            wrong = describe_error(error, language)[0]
    if isinstance(found, Response):
        return found
    return desk.page(
        "list.html",
        # A file of nothing would pass for an answer.
        status=422 if wrong and as_csv else form.status,
        wrong=wrong,
        here=urlencode(
            {
                **shown,
                **({"sort": sort} if table.sorts else {}),
                **({"cursor": cursor} if cursor else {}),
            }
        ),
        sort=sort,
        table=table,
        tables=tables_for(desk, table.group),
        found=found,
        shown=shown,
        form=form,
        head=await logs.get_log_head(session, desk.actor) if table.name == "logs" else None,
        may_act=table.acting is not None and desk.may(table.acting),
    )


def _here(form: TypedForm) -> dict[str, str]:
    """Return the filters and the page of the list that a form of one of its rows stood in."""
    return dict(parse_qsl(form.get("here") or "", keep_blank_values=True))


@router.post("/lists/{name}/{row_id}")
async def act_on_row(desk: AnyDesk, name: Named, row_id: RowId) -> Response:
    """Do something to one row of a list."""
    table = table_of(desk, name)
    if table.do is None or table.acting is None or not desk.may(table.acting):
        raise NotGranted
    do, form = table.do, await desk.form()

    async def verb(session: AsyncSession) -> object:
        return await do(session, desk, row_id, form)

    async def show(session: AsyncSession, refused: TypedForm) -> Response:
        return await _page(desk, session, table, None, refused)

    # Back to the same rows: whoever decides one case after the other does not filter anew each time.
    there = urlencode({**_here(form), "done": "decided"})
    return await desk.do(form, verb, show, f"/console/lists/{name}?{there}")
