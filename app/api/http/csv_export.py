"""CSV of any list: the same rows, all pages, safe to open in a spreadsheet."""

import csv
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any, Literal

from fastapi import Depends, Header, Query
from starlette.responses import StreamingResponse

from app.core.paging import MAX_LIMIT, PageRequest
from app.core.schema import Page, ResponseModel

BYTE_ORDER_MARK = "\ufeff"
"""Spreadsheets read UTF-8 as something else without it."""

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""The wide forms count too: spreadsheets of East Asia take them for the narrow ones."""

MEDIA_TYPE = "text/csv"
CSV_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"content": {MEDIA_TYPE: {"schema": {"type": "string"}}}}
}
"""What the documentation says of a list that can also be had as a file."""


async def _as_csv(
    format: Annotated[  # noqa: A002 - the query parameter's name
        Literal["json", "csv"] | None,
        Query(description="`csv` gives every page as one file; so does `Accept: text/csv`."),
    ] = None,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> bool:
    if format is not None:
        return format == "csv"
    return accept.partition(",")[0].partition(";")[0].strip().lower() == MEDIA_TYPE


AsCsv = Annotated[bool, Depends(_as_csv)]
"""Whether a list is wanted as one file."""


def cell(value: Any) -> str:
    """Return a value as a cell that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


async def export[Item: ResponseModel](
    name: str,
    item: type[Item],
    page_of: Callable[[PageRequest], Awaitable[Page[Item]]],
) -> StreamingResponse:
    """Return every page that `page_of` gives as one file `name`.csv, a column a field of `item`."""

    async def lines() -> AsyncIterator[str]:
        yield BYTE_ORDER_MARK + _line(list(item.model_fields))
        request = PageRequest(MAX_LIMIT)
        while True:
            page = await page_of(request)
            for row in page.items:
                yield _line([cell(value) for value in row.model_dump(mode="json").values()])
            if page.next_cursor is None:
                return
            request = PageRequest(MAX_LIMIT, page.next_cursor)

    return StreamingResponse(
        lines(),
        media_type=f"{MEDIA_TYPE}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


def _line(cells: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue()
