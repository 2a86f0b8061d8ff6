"""Any list as a CSV file of all its pages, safe to open in a spreadsheet."""

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
"""Without it spreadsheets don't read the file as UTF-8."""

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""With the full-width forms, which East Asian spreadsheets read as the usual ones."""

MEDIA_TYPE = "text/csv"
CSV_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"content": {MEDIA_TYPE: {"schema": {"type": "string"}}}}
}
"""Documents that a list is also available as CSV."""


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
"""Whether the client asks for CSV."""


def cell(value: Any) -> str:
    """Return a value as a cell that no spreadsheet reads as a formula."""
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
    """Stream all pages of `page_of` as the file `name`.csv, with one column for each field of `item`."""

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
