"""The employer's data: a copy of all of it, and its erasure."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response, status
from pydantic import Field

from app.api.account_data import AS_FILE, AccountData
from app.api.employers.balance import BalanceEntryAnswer
from app.api.employers.job_templates import JobTemplateAnswer, template_answer
from app.api.employers.matches import ContactAnswer
from app.api.employers.profile import EmployerProfile, profile_answer
from app.api.employers.team import MemberAnswer, list_members, member_answer
from app.api.http.dependencies import CompanyOwner, EmployerActor, Now, Read, Route, Rt, Write
from app.api.http.invoices import InvoiceAnswer, invoice_answer
from app.api.http.problems import problems
from app.core.money import Money
from app.core.schema import Day, Instant, MoneyAnswer, ResponseModel
from app.database.session import keyring
from app.jobs import posting
from app.jobs.models import JobStatus
from app.payments.disputes import DisputeOpen
from app.payments.employer_erasure import (
    BalanceLeft,
    ErasureChanged,
    MoneyOnItsWay,
    erase_account,
)
from app.payments.employer_export import export_employer
from app.payments.member_export import export_member
from app.payments.rules import OrderKind, PaymentStatus, PayWith, ReportReason, ReportStatus

router = APIRouter(prefix="/api/employers", tags=["employers"], route_class=Route)


class OwnedJob(ResponseModel):
    """A job of mine."""

    id: UUID = Field(description="Id of the job.")
    status: JobStatus = Field(description="Where the job stands.")
    title: str = Field(description="Title of the job.")
    description: str = Field(description="What there is to do, in words.")
    category: str = Field(description="Slug of the kind of work.")
    city: str | None = Field(description="City of the job; null when not told.")
    address: str | None = Field(description="Street address; null when not told.")
    starts_on: Day = Field(description="First day, a local date.")
    ends_on: Day | None = Field(description="Last day, included; null is open-ended.")
    positions: int = Field(description="How many people are wanted.")
    created_at: Instant = Field(description="When it was made (UTC).")
    published_at: Instant | None = Field(description="When it was published (UTC); null before.")
    closed_at: Instant | None = Field(description="When it was closed (UTC); null before.")


class OwnedContact(ResponseModel):
    """A contact that I bought."""

    match_id: UUID = Field(description="Id of the match.")
    job_title: str = Field(description="Title of the job it was bought for.")
    contact: ContactAnswer = Field(
        description="How to reach the worker; empty once they have erased their account."
    )


class OwnedOrder(ResponseModel):
    """What I bought at once."""

    id: UUID = Field(description="Id of the order.")
    kind: OrderKind = Field(description="What was bought.")
    status: PaymentStatus = Field(description="Where it stands.")
    price: MoneyAnswer = Field(description="What all of it costs, taxes included.")
    pay_with: PayWith = Field(description="How it is paid.")
    created_at: Instant = Field(description="When it was made (UTC).")
    paid_at: Instant | None = Field(description="When it was paid (UTC); null before.")


class OwnedPayment(ResponseModel):
    """What I paid for one lead."""

    id: UUID = Field(description="Id of the payment.")
    order_id: UUID | None = Field(description="Id of its order; null from before there were any.")
    match_id: UUID = Field(description="Id of the match.")
    status: PaymentStatus = Field(description="Where the payment stands.")
    price: MoneyAnswer = Field(description="What it costs, taxes included.")
    refunded: MoneyAnswer = Field(description="What was given back so far.")
    created_at: Instant = Field(description="When it was made (UTC).")
    paid_at: Instant | None = Field(description="When it was confirmed (UTC); null before.")


class OwnedReport(ResponseModel):
    """A bad lead that I reported."""

    id: UUID = Field(description="Id of the report.")
    match_id: UUID = Field(description="Id of the match.")
    reason: ReportReason = Field(description="What was wrong with the lead.")
    note: str | None = Field(description="What I wrote of it; null where nothing.")
    status: ReportStatus = Field(description="Where the report stands.")
    created_at: Instant = Field(description="When it was made (UTC).")
    decided_at: Instant | None = Field(description="When it was decided (UTC); null before.")


class OwnCompanyData(AccountData):
    """Everything kept about me and my company."""

    profile: EmployerProfile = Field(description="My profile.")
    jobs: list[OwnedJob] = Field(description="My jobs.")
    templates: list[JobTemplateAnswer] = Field(description="My templates of jobs.")
    contacts: list[OwnedContact] = Field(description="Contacts that I bought, newest first.")
    orders: list[OwnedOrder] = Field(description="My orders.")
    payments: list[OwnedPayment] = Field(description="My payments, one for each lead.")
    invoices: list[InvoiceAnswer] = Field(description="My invoices and credit notes.")
    balance: list[BalanceEntryAnswer] = Field(description="What moved my balance.")
    reports: list[OwnedReport] = Field(description="Leads that I reported.")
    team: list[MemberAnswer] = Field(description="My company's team.")


class OwnAction(ResponseModel):
    """Something I did for the company, as its log has it."""

    at: Instant = Field(description="When it was (UTC).")
    action: str = Field(description="What I did.", examples=["job.publish"])
    target_type: str = Field(description="What kind of thing it was done to.")
    target_id: str = Field(description="Id of that.")


class OwnMemberData(AccountData):
    """Everything kept about me as a member of a company's team; the company's own is not in it."""

    company_name: str = Field(description="The company I act for.")
    member: MemberAnswer = Field(description="Who I am in its team, and what I may do and spend.")
    actions: list[OwnAction] = Field(description="What I did, oldest first.")
    jobs: list[UUID] = Field(description="Ids of the jobs that I posted.")
    orders: list[OwnedOrder] = Field(description="What I bought for the company.")


@router.get("/export/own")
async def export_member_data(
    session: Read, actor: EmployerActor, now: Now, response: Response
) -> OwnMemberData:
    """Get everything kept about me, as JSON, whatever my role in the company's team.

    Who may manage the company also gets all that is the company's by `GET export`.
    """
    response.headers["Content-Disposition"] = AS_FILE
    data = await export_member(session, actor)
    return OwnMemberData.from_rows(
        data,
        data.records,
        exported_at=now,
        member=await member_answer(session, data.member, now),
        jobs=[job.id for job in data.jobs],
    )


@router.get("/export")
async def export_company(
    session: Read, actor: CompanyOwner, now: Now, response: Response
) -> OwnCompanyData:
    """Get everything kept about me and my company, as JSON."""
    response.headers["Content-Disposition"] = AS_FILE
    data = await export_employer(session, actor.employer_id, actor.user_id)
    keys = keyring(session)
    return OwnCompanyData.from_rows(
        data,
        data.records,
        exported_at=now,
        profile=profile_answer(session, data.user, data.employer),
        team=(await list_members(session, actor, now)).items,
        templates=[template_answer(each, keys) for each in data.templates],
        jobs=[OwnedJob.from_rows(posting.text_of(job, keys), job) for job in data.jobs],
        invoices=[invoice_answer(invoice) for invoice in data.invoices],
        balance=[
            BalanceEntryAnswer(
                id=row.id,
                kind=row.kind,
                amount=MoneyAnswer.of(Money(-row.amount, row.currency)),
                payment_id=row.payment_id,
                at=row.booked_at,
            )
            for row in data.balance
        ],
        reports=[
            OwnedReport.from_rows(report, reason=report.kind, note=report.reason or None)
            for report in data.reports
        ],
    )


@router.delete(
    "/account",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(BalanceLeft, DisputeOpen, ErasureChanged, MoneyOnItsWay),
)
async def erase_company(
    session: Write,
    actor: EmployerActor,
    rt: Rt,
    now: Now,
    give_up_balance: Annotated[
        bool, Query(description="Give up what is in the balance: it can't be claimed afterwards.")
    ] = False,
) -> None:
    """Erase my account and everything personal; open jobs are cancelled, and I am signed out everywhere.

    A company goes with its last owner, and its team with it. Anybody else leaves the team, and the company stays.
    Workers with an open offer are told once. Invoices and the books stay without my name, as the law wants them.
    Refused with 409 while there is money in the balance, or one of my payments is disputed or being confirmed.
    """
    gone = await erase_account(session, actor, now=now, gives_up_balance=give_up_balance)
    for user_id in gone.users:
        await rt.sessions.end_all(session, user_id)
