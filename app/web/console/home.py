"""The console's first page, and the box that finds anything."""

from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import Query
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api.admin import queues, search
from app.api.admin.queues import QueueFigures
from app.api.http.dependencies import Read
from app.identity.permissions import Permission
from app.reporting.queues import Queue
from app.reporting.search import FoundKind
from app.web.console.desk import AnyDesk, Desk, StatsDesk, room
from app.web.console.lists import tables_for
from app.web.console.tables import Table
from app.web.site import fragment

router = room()

_PAGES = {
    FoundKind.WORKER: "/console/workers/",
    FoundKind.EMPLOYER: "/console/companies/",
    FoundKind.JOB: "/console/jobs/",
    FoundKind.INVOICE: "/console/invoices/",
}
"""Where the page of what was found begins; of the others the log tells."""
QUEUES: Final[Mapping[Queue, tuple[Permission, str]]] = {
    Queue.PEOPLE: (Permission.READ_CONVERSATIONS, "/console/waiting"),
    Queue.TEXTS: (Permission.READ_JOBS, "/console/review"),
    Queue.FLAGGED: (Permission.READ_JOBS, "/console/review?review=flagged"),
    Queue.COMPANIES: (Permission.READ_PEOPLE, "/console/companies"),
    Queue.REPORTS: (Permission.READ_MONEY, "/console/lists/reports"),
    Queue.APPEALS: (Permission.READ_PEOPLE, "/console/lists/appeals"),
    Queue.REFUNDS: (Permission.READ_MONEY, "/console/lists/refunds?status=proposed"),
    Queue.SUSPENSE: (Permission.READ_MONEY, "/console/lists/suspense"),
    Queue.OPEN_ITEMS: (Permission.READ_MONEY, "/console/lists/open-items"),
    Queue.PARKED: (Permission.READ_MESSAGES, "/console/lists/parked"),
    Queue.MESSAGES: (Permission.READ_MESSAGES, "/console/lists/messages"),
    Queue.WEBHOOKS: (Permission.READ_MESSAGES, "/console/lists/webhooks"),
    Queue.INBOX: (Permission.READ_MESSAGES, "/console/lists/inbox"),
}
"""Who may see each queue, and where it is worked off."""
_GROUPS = ("people", "reports", "money", "queues", "bulk", "log")


@router.get("")
async def show_console(desk: StatsDesk, session: Read) -> Response:
    """Show what waits for somebody, and the way to every list."""
    return desk.page("home.html", queues=await _queues(desk, session), groups=_groups_of(desk))


@router.get("/now")
async def show_queues_now(desk: StatsDesk, session: Read) -> Response:
    """Return only what waits, which an open page asks for again and again."""
    found = await _queues(desk, session)
    html = fragment(desk.request, desk.visitor, "console/queues.html", queues=found)
    return Response(html, media_type="text/html", headers={"Cache-Control": "no-store"})


async def _queues(desk: Desk, session: AsyncSession) -> list[tuple[QueueFigures, str]]:
    """Return the queues that this administrator may see, each with its page."""
    found = (await queues.list_queues(session, desk.actor, desk.now)).items
    return [(each, QUEUES[each.queue][1]) for each in found if desk.may(QUEUES[each.queue][0])]


def _groups_of(desk: Desk) -> list[tuple[str, list[Table]]]:
    return [(group, tables_for(desk, group)) for group in _GROUPS]


@router.get("/find")
async def find_anything(
    desk: AnyDesk, session: Read, q: Annotated[str, Query(max_length=120)] = ""
) -> Response:
    """Find people, companies, jobs, payments, invoices and messages by one box."""
    found = []
    if q.strip():
        found = (await search.search_everything(session, desk.actor, desk.rt, desk.now, q)).items
    return desk.page("find.html", q=q, found=found, pages=_PAGES)
