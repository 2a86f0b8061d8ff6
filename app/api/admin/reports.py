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
from app.api.http.dependencies import Now, Read, Route, Write
from app.api.http.parameters import InStatus, ListedEmployer, ListedWorker, ReportId
from app.api.http.problems import problems
from app.core.money import Money
from app.core.paging import Keyset
from app.core.schema import Instant, MoneyAnswer, Page, Reason, RequestModel, ResponseModel
from app.messaging.models import OutboxState
from app.offers.models import JobMatch
from app.payments import lead_guarantee
from app.payments.lead_guarantee import ReportAwaitsApproval, ReportDecided, ReportNotFound
from app.payments.models import LeadReport, Unlock
from app.payments.refunds import PaymentDisputed, PaymentNotRefundable
from app.payments.rules import PaymentStatus, ReportReason, ReportStatus
from app.reporting.report_evidence import evidence_of

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
    sorts={"created_at": None},
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


class MessageEvidence(ResponseModel):
    """One message of ours to the worker; what it says is not shown."""

    at: Instant = Field(description="When it was written (UTC).")
    kind: str = Field(description="What it is about.")
    channel: str = Field(description="How it travels.")
    state: OutboxState = Field(description="Where it stands.")
    error_code: str | None = Field(description="The provider's code of the last error; null: none.")


class RelatedReport(ResponseModel):
    """Another report by the same company, or about the same worker."""

    id: UUID = Field(description="Its id (UUIDv7).")
    at: Instant = Field(description="When it was made (UTC).")
    kind: ReportReason = Field(description="What was wrong, as the employer said.")
    status: ReportStatus = Field(description="Where it stands.")
    by_same_company: bool = Field(description="Whether the same company made it.")
    about_same_worker: bool = Field(description="Whether it is about the same worker.")


class ReportDetails(ReportRow):
    """A report with what there is to know of its lead."""

    job_id: UUID = Field(description="Id of the job.")
    job_title: str = Field(description="Title of the job.")
    company_name: str = Field(description="Name of the company.")
    worker_name: str = Field(description="Name of the worker.")
    worker_status: str = Field(description="Where the worker's account stands.")
    offered_at: Instant = Field(description="When the worker was asked (UTC).")
    responded_at: Instant | None = Field(description="When they said yes (UTC).")
    unlocked_at: Instant | None = Field(description="When the contact was bought (UTC).")
    price: MoneyAnswer | None = Field(description="What it cost; null without a payment.")
    payment_status: PaymentStatus | None = Field(description="Where the payment stands.")
    known: str | None = Field(
        description="Why the contact is no good beyond doubt: `account_erased`, `account_suspended`, "
        "`worker_withdrew`, `unreachable`, `undelivered`; null where somebody has to judge."
    )
    messages: list[MessageEvidence] = Field(
        description="Our newest messages to the worker since their yes, newest first."
    )
    earlier: list[RelatedReport] = Field(description="Other reports of the two, newest first.")


@router.get("/reports/{report_id}", responses=problems(ReportNotFound))
async def get_report(
    report_id: ReportId, session: Read, _actor: MoneyReader, now: Now
) -> ReportDetails:
    """Return a report with its evidence: the lead, the money, our messages, other reports of the two."""
    evidence = await evidence_of(session, report_id, now)
    row = (await session.execute(_ROWS.where(LeadReport.id == report_id))).one()
    paid = evidence.payment
    return ReportDetails.from_rows(
        row[0],
        row,
        evidence,
        price=MoneyAnswer.of(Money(paid.amount, paid.currency)) if paid else None,
        payment_status=PaymentStatus(paid.status) if paid else None,
        messages=[MessageEvidence.model_validate(each._asdict()) for each in evidence.messages],
        earlier=[RelatedReport.model_validate(each._asdict()) for each in evidence.earlier],
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
