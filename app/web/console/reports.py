"""A reported lead with the evidence in one view, and its decision."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api.admin import reports
from app.api.admin.reports import ReportActionRequest
from app.api.http.dependencies import Read
from app.api.http.parameters import ReportId
from app.core.paging import PageRequest
from app.payments.rules import ReportStatus
from app.web.console.desk import (
    Desk,
    MoneyDesk,
    MoverDesk,
    next_case,
    room,
    rows_of,
    sent,
)
from app.web.console.history import history_of
from app.web.forms import TypedForm, checked

router = room()


@router.get("/reports/{report_id}")
async def show_report(desk: MoneyDesk, session: Read, report_id: ReportId) -> Response:
    """Show a report with what there is to know of it."""
    return await _page(desk, session, report_id, TypedForm())


async def _page(desk: Desk, session: AsyncSession, report_id: UUID, form: TypedForm) -> Response:
    report = await reports.get_report(report_id, session, desk.actor, desk.now)
    history = await history_of(desk, session, "match", report.match_id)
    return desk.page("report.html", status=form.status, report=report, form=form, history=history)


@router.post("/reports/{report_id}")
async def decide_report(desk: MoverDesk, report_id: ReportId) -> Response:
    """Give the price back, or decline to."""
    form = await desk.form()
    there = ""

    async def verb(session: AsyncSession) -> object:
        nonlocal there
        body = checked(ReportActionRequest, sent(form, "action", "reason"))
        done = await reports.act_on_report(report_id, body, session, desk.actor, desk.now)
        asked = desk.asks(session, PageRequest(1), sort="created_at")
        waiting = await reports.list_reports(asked, desk.actor, ReportStatus.OPEN, None, None)
        there = next_case(
            "/console/lists/reports", rows_of(waiting), "decided", of="/console/reports"
        )
        return done

    async def show(session: AsyncSession, refused: TypedForm) -> Response:
        return await _page(desk, session, report_id, refused)

    return await desk.do(form, verb, show, lambda: there)
