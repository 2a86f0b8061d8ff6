"""Employers' reports of bad leads, as administrators decide them."""

from typing import Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy import func, select
from sqlalchemy.orm import aliased
from starlette.responses import Response

from app.api.admin.access import MoneyMover, MoneyReader
from app.api.admin.lists import Listing, ListSpec, equal
from app.api.http.csv_export import CSV_ANSWER
from app.api.http.dependencies import Now, Route, Write
from app.api.http.parameters import InStatus, ListedEmployer, ListedWorker, ReportId
from app.api.http.problems import problems
from app.core.paging import Keyset
from app.core.schema import Instant, Page, Reason, RequestModel, ResponseModel
from app.offers.models import JobMatch
from app.payments import lead_guarantee
from app.payments.lead_guarantee import ReportAwaitsApproval, ReportDecided, ReportNotFound
from app.payments.models import LeadReport, Unlock
from app.payments.refunds import PaymentDisputed, PaymentNotRefundable
from app.payments.rules import ReportReason, ReportStatus

router = APIRouter(prefix="/api/admin", tags=["admin"], route_class=Route)


class ReportRow(ResponseModel):
    """A bad lead, as its employer tells it; by employer and by worker, to see who does so often."""

    id: UUID = Field(description="Its id (UUIDv7).")
    match_id: UUID = Field(description="Id of the match.")
    employer_id: UUID = Field(description="Id of the employer.")
    worker_id: UUID = Field(description="Id of the worker.")
    kind: ReportReason = Field(description="What is wrong with the lead, as the employer says.")
    reason: str = Field(description="What the employer writes of the lead; may be empty.")
    status: ReportStatus = Field(
        description="Where the report stands; a `checking` one waits for the worker's answer."
    )
    decides_by: Instant | None = Field(
        description="Until when the worker was or is waited for (UTC); null where nobody was asked."
    )
    reports_of_employer: int = Field(
        description="How many leads this employer reported, this one too: who does so often shows."
    )
    leads_of_employer: int = Field(description="How many leads this employer bought.")
    reports_of_worker: int = Field(description="How many times this worker was reported.")
    created_at: Instant = Field(description="When it was made (UTC).")
    decided_at: Instant | None = Field(description="When it was decided (UTC); null before.")


class ReportActionRequest(RequestModel):
    """What to do about a report, and why."""

    action: Literal["refund", "decline"] = Field(description="Give the price back, or decline to.")
    reason: Reason = Field(
        description="Why, 1 to 500 characters.", examples=["The number does not exist."]
    )


_OTHER = aliased(LeadReport)
_ITS_MATCH = aliased(JobMatch)
_ROWS = select(
    LeadReport,
    JobMatch.worker_id,
    select(func.count())
    .where(_OTHER.employer_id == LeadReport.employer_id)
    .correlate(LeadReport)
    .scalar_subquery()
    .label("reports_of_employer"),
    select(func.count())
    .where(Unlock.employer_id == LeadReport.employer_id)
    .correlate(LeadReport)
    .scalar_subquery()
    .label("leads_of_employer"),
    select(func.count())
    .select_from(_OTHER)
    .join(_ITS_MATCH, _ITS_MATCH.id == _OTHER.match_id)
    .where(_ITS_MATCH.worker_id == JobMatch.worker_id)
    .correlate(JobMatch)
    .scalar_subquery()
    .label("reports_of_worker"),
).join(JobMatch, JobMatch.id == LeadReport.match_id)
_REPORTS = ListSpec(
    "reports",
    ReportRow,
    _ROWS,
    Keyset("admin_reports", [LeadReport.id]),
    {
        "status": equal(LeadReport.status),
        "employer_id": equal(LeadReport.employer_id),
        "worker_id": equal(JobMatch.worker_id),
    },
)


@router.get("/reports", response_model=Page[ReportRow], responses=CSV_ANSWER)
async def list_reports(
    asked: Listing,
    actor: MoneyReader,
    status: InStatus[ReportStatus] = None,
    employer_id: ListedEmployer = None,
    worker_id: ListedWorker = None,
) -> Page[ReportRow] | Response:
    """List reported leads, newest first; `status=open` are those that wait for a decision."""
    return await _REPORTS.answer(
        actor, asked, status=status, employer_id=employer_id, worker_id=worker_id
    )


@router.post(
    "/reports/{report_id}/action",
    responses=problems(
        ReportNotFound, ReportDecided, ReportAwaitsApproval, PaymentNotRefundable, PaymentDisputed
    ),
)
async def act_on_report(
    report_id: ReportId, body: ReportActionRequest, session: Write, actor: MoneyMover, now: Now
) -> ReportRow:
    """Give the lead's price back, or decline to; a report is decided once.

    It stays open while the refund waits for a second administrator.
    """
    report = await lead_guarantee.decide(
        session,
        report_id,
        refund=body.action == "refund",
        reason=body.reason,
        actor=actor,
        now=now,
    )
    row = (await session.execute(_ROWS.where(LeadReport.id == report.id))).one()
    return ReportRow.from_rows(row[0], row)
