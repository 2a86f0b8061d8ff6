"""The console's first page, and the box that finds anything."""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from app.api.admin import search, stats
from app.api.http.dependencies import Read
from app.reporting.search import FoundKind
from app.web.console.desk import AnyDesk, StatsDesk, room
from app.web.console.lists import tables_for

router = room()

_PAGES = {
    FoundKind.WORKER: "/console/workers/",
    FoundKind.EMPLOYER: "/console/companies/",
    FoundKind.JOB: "/console/jobs/",
    FoundKind.INVOICE: "/console/invoices/",
}
"""Where the page of what was found begins; of the others the log tells."""
_GROUPS = ("people", "reports", "money", "queues", "bulk", "log")


@router.get("")
async def show_console(desk: StatsDesk, session: Read) -> Response:
    """Show what waits for somebody, the figures, and the way to every list."""
    figures = await stats.get_stats(session, desk.actor, desk.now)
    groups = [(group, tables_for(desk, group)) for group in _GROUPS]
    return desk.page("home.html", figures=figures, groups=groups)


@router.get("/find")
async def find_anything(
    desk: AnyDesk, session: Read, q: Annotated[str, Query(max_length=120)] = ""
) -> Response:
    """Find people, companies, jobs, payments, invoices and messages by one box."""
    found = []
    if q.strip():
        found = (await search.search_everything(session, desk.actor, desk.rt, desk.now, q)).items
    return desk.page("find.html", q=q, found=found, pages=_PAGES)
