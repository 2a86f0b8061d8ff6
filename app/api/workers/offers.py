"""A worker's offers: list, answer, withdraw, report; the dashboard, and who holds the contact."""

import json
from functools import lru_cache
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from app.api.employers.salaries import SalaryAnswer
from app.api.http.dependencies import (
    Now,
    Once,
    PageQuery,
    Read,
    Route,
    Rt,
    WorkerActor,
    Write,
    limit_subject,
)
from app.api.http.parameters import InStatus, OfferId
from app.api.http.problems import problems
from app.api.slots import SlotAnswer
from app.core import schema
from app.core.schema import Day, Instant, Page
from app.employers import reports
from app.employers.reports import EmployerReportReason
from app.matching.standby_odds import standby_chance
from app.matching.withdrawals import find_withdrawal_share
from app.offers import queries, standby
from app.offers import reconsider as reconsidering
from app.offers import respond as responding
from app.offers.queries import WorkersOffer
from app.offers.rules import (
    AlreadyResponded,
    AlreadyUnlocked,
    NotAccepted,
    NotRejected,
    OfferAnswer,
    OfferClosed,
    OfferExpired,
    OfferStatus,
)
from app.offers.steps import OfferNotFound
from app.payments import contacts
from app.reporting import dashboards
from app.texts import catalogue

router = APIRouter(prefix="/api/workers", tags=["workers"], route_class=Route)


@lru_cache(maxsize=8_192)
def _reason_texts(language: str, reasons: str) -> list[str]:
    """Say reasons, given as a JSON array.

    Kept, because a list is read again and again, and numbers take long to put into words.
    """
    texts = (catalogue.format_reason(language, reason) for reason in json.loads(reasons))
    return [text for text in texts if text]


class OfferedJob(schema.ResponseModel):
    """A job as the worker it is offered to sees it: no exact address, no employer's contact."""

    id: UUID = Field(description="Id of the job.")
    title: str = Field(description="Title of the job.")
    category: str = Field(description="Slug of the kind of work, as the catalogue has it.")
    description: str = Field(description="What there is to do, in words.")
    company_name: str = Field(description="Name of the company.")
    employer_verified: bool = Field(description="Whether an administrator has checked the company.")
    city: str | None = Field(description="City of the job; null when not told.")
    distance_km: float = Field(description="Distance to the job, in kilometres.")
    starts_on: Day = Field(description="First day, a local date.")
    ends_on: Day | None = Field(description="null: open-ended")
    time_zone: str = Field(description="IANA name of the time zone.")
    slots: list[SlotAnswer] = Field(
        description="Weekly hours of the job, by the clock of its time zone."
    )
    salary: SalaryAnswer | None = Field(description="What I earn; null when not told.")
    positions: int = Field(description="How many people are wanted.")


class Offer(schema.ResponseModel):
    """A job offered to me."""

    id: UUID = Field(description="Id of the offer.")
    status: OfferStatus = Field(description="Where the offer stands.")
    job: OfferedJob = Field(description="The job that is offered.")
    why: list[str] = Field(
        description="What speaks for it, in my language.", examples=[["2.1 km away"]]
    )
    offered_at: Instant = Field(description="When the offer was made (UTC).")
    respond_by: Instant = Field(description="Until when it can be answered (UTC).")
    responded_at: Instant | None = Field(description="When it was answered (UTC); null before.")

    @classmethod
    def of(cls, offer: WorkersOffer) -> "Offer":
        """Return the response, its reasons in the worker's language."""
        job = OfferedJob.from_rows(
            offer,
            id=offer.job_id,
            slots=[SlotAnswer.of(*shift) for shift in offer.slots],
            salary=SalaryAnswer.or_none(offer.salary, offer.salary_per),
        )
        return cls.from_rows(offer, job=job, why=_reason_texts(offer.language, offer.why))


class RespondRequest(schema.RequestModel):
    """My answer to an offer; the first one counts."""

    response: OfferAnswer = Field(description="Accept or reject.")
    reason: schema.Reason | None = Field(
        default=None, description="Kept with a rejection; the employer does not see it."
    )


class Standby(schema.ResponseModel):
    """Where I stand among those who wait for a place of a full job."""

    offer_id: UUID = Field(description="Id of the offer.")
    since: Instant = Field(description="Since when I wait (UTC).")
    ahead: int = Field(description="How many have waited longer.")
    chance: float = Field(
        ge=0, le=1, description="How likely I get a place: that enough people withdraw."
    )


class EmployerReportRequest(schema.RequestModel):
    """What is wrong with the employer who made an offer."""

    reason: EmployerReportReason = Field(
        description="What is wrong: `asked_for_money`, `not_the_job` (another job than was offered), "
        "`unsafe`, `not_paid` or `other`.",
        examples=["asked_for_money"],
    )
    note: schema.Reason | None = Field(
        default=None,
        description="What happened, 1 to 500 characters; the team reads it, the employer does not.",
        examples=["They want a deposit for the uniform."],
    )


class EmployerReport(schema.ResponseModel):
    """My report of an employer; the team reads it."""

    offer_id: UUID = Field(description="Id of the offer.")
    reason: EmployerReportReason = Field(description="What I said is wrong.")
    reported_at: Instant = Field(description="When I first reported it (UTC).")


class OfferCounts(schema.ResponseModel):
    """How many of my offers stand where; an unanswered one is expired once its time is over."""

    offered: int = Field(description="Offers that wait for an answer.")
    accepted: int = Field(description="Offers accepted.")
    rejected: int = Field(description="Offers rejected.")
    expired: int = Field(description="Offers not answered in time.")
    withdrawn: int = Field(description="Acceptances taken back.")


class WorkerDashboard(schema.ResponseModel):
    """My figures."""

    offers: OfferCounts = Field(description="My offers, by where they stand.")
    unlocked: int = Field(description="How often an employer unlocked my contact.")
    acceptance_rate: float | None = Field(
        description="Accepted of all settled offers (accepted, rejected, expired, withdrawn), 0 to "
        "1; null while none is settled."
    )
    median_response_minutes: float | None = Field(
        description="From offer to answer, over my latest 200 answers; null before the first."
    )
    profile_completeness: float = Field(
        ge=0,
        le=1,
        description="The share of what employers look for that my profile tells, 0 to 1.",
    )


class HeldContact(schema.ResponseModel):
    """An employer who holds my contact."""

    employer_id: UUID = Field(description="Id of the employer.")
    company_name: str = Field(description="Name of the company.")
    job_title: str = Field(description="Title of the job.")
    match_id: UUID = Field(description="Id of the match.")
    unlocked_at: Instant = Field(description="Since when they hold it (UTC).")


@router.get("/offers", responses=problems())
async def list_offers(
    session: Read,
    actor: WorkerActor,
    page: PageQuery,
    now: Now,
    status: InStatus[OfferStatus] = None,
) -> Page[Offer]:
    """List my offers, newest first."""
    offers, cursor = await queries.list_offers(session, actor.user_id, status, page, now)
    return Page(items=[Offer.of(offer) for offer in offers], next_cursor=cursor)


@router.post(
    "/offers/{offer_id}/respond",
    responses=problems(OfferNotFound, AlreadyResponded, OfferExpired, OfferClosed),
)
async def respond_to_offer(
    session: Write,
    actor: WorkerActor,
    offer_id: OfferId,
    body: RespondRequest,
    rt: Rt,
    now: Now,
    _: Once,
) -> Offer:
    """Accept or reject an offer.

    The same answer again changes nothing. Refused with 409: `already_responded` (another answer was
    given), `offer_expired` (too late), `offer_closed` (cancelled, filled or full).
    """
    await responding.respond(
        session,
        actor.user_id,
        offer_id,
        body.response,
        body.reason,
        now,
        base_url=rt.settings.base_url,
    )
    return Offer.of(await queries.get_offer(session, actor.user_id, offer_id, now))


@router.post(
    "/offers/{offer_id}/withdraw",
    responses=problems(OfferNotFound, NotAccepted, AlreadyUnlocked, AlreadyResponded, OfferClosed),
)
async def withdraw_offer(
    session: Write, actor: WorkerActor, offer_id: OfferId, now: Now, _: Once
) -> Offer:
    """Take an acceptance back; again changes nothing, and it can't be accepted anew.

    Refused with 409: `not_accepted`, or `already_unlocked` once an employer holds my contact.
    """
    await responding.withdraw(session, actor.user_id, offer_id, now)
    return Offer.of(await queries.get_offer(session, actor.user_id, offer_id, now))


@router.post(
    "/offers/{offer_id}/reconsider",
    responses=problems(OfferNotFound, NotRejected, OfferExpired, OfferClosed),
)
async def reconsider_offer(
    session: Write, actor: WorkerActor, offer_id: OfferId, now: Now, _: Once
) -> Offer:
    """Take a rejection back while the offer stands: it is `offered` again, until the same `respond_by`.

    Its reason is forgotten, and nothing is accepted by it. An offer that is open already stays as it is.
    Refused with 409: `not_rejected` (accepted, or an acceptance taken back), `offer_expired` (too late),
    `offer_closed` (cancelled, filled, full, or the employer is blocked or suspended).
    """
    await reconsidering.reconsider(session, actor.user_id, offer_id, now)
    return Offer.of(await queries.get_offer(session, actor.user_id, offer_id, now))


@router.post("/offers/{offer_id}/standby", responses=problems(OfferNotFound, OfferClosed))
async def join_standby(
    session: Write, actor: WorkerActor, offer_id: OfferId, now: Now, _: Once
) -> Standby:
    """Wait for a place of a job that is full; again changes nothing and tells where I stand now.

    When somebody withdraws, whoever has waited longest gets the place within a minute, and is told: at night once their
    quiet hours end. Whoever sleeps until the job closes is passed over, and waits on. I can take the place back, and
    nothing counts. Refused with 409: `offer_closed`, where the job is over, my offer did
    not close because the job was full, or one of us blocked the other.
    """
    standing = await standby.stand_by(session, actor.user_id, offer_id, now)
    withdraws = await find_withdrawal_share(session)
    chance = standby_chance(standing.accepted, standing.ahead, standing.open_places, withdraws)
    return Standby(
        offer_id=offer_id,
        since=standing.since,
        ahead=standing.ahead,
        chance=round(chance, 3),
    )


@router.delete(
    "/offers/{offer_id}/standby",
    status_code=204,
    responses=problems(OfferNotFound, AlreadyResponded),
)
async def leave_standby(session: Write, actor: WorkerActor, offer_id: OfferId, now: Now) -> None:
    """Wait no longer for a place; whoever does not wait changes nothing.

    Refused with 409: `already_responded`, where I was given the place: `withdraw` takes it back, and nothing counts.
    """
    await standby.leave(session, actor.user_id, offer_id, now)


@router.post("/offers/{offer_id}/report", status_code=201, responses=problems(OfferNotFound))
async def report_employer(
    session: Write,
    actor: WorkerActor,
    offer_id: OfferId,
    body: EmployerReportRequest,
    rt: Rt,
    now: Now,
    _: Once,
) -> EmployerReport:
    """Report the employer who made me an offer, however it stands; a person of the team reads it.

    An offer is reported once: reporting again changes nothing and answers with the first report.
    """
    await limit_subject(rt, "report:account", str(actor.user_id))
    employer_id = await queries.employer_of_offer(session, actor.user_id, offer_id, lock=True)
    report = await reports.report_employer_once(
        session, employer_id, offer_id, body.reason, body.note, actor, now=now
    )
    return EmployerReport.from_rows(report, offer_id=offer_id)


@router.get("/dashboard")
async def get_dashboard(session: Read, actor: WorkerActor, now: Now) -> WorkerDashboard:
    """Return my figures."""
    figures = await dashboards.of_worker(session, actor.user_id, now)
    offers = {name: figures.offers[OfferStatus(name)] for name in OfferCounts.model_fields}
    return WorkerDashboard.from_rows(figures, offers=offers)


@router.get("/unlocks", responses=problems())
async def list_unlocks(session: Read, actor: WorkerActor, page: PageQuery) -> Page[HeldContact]:
    """List the employers who hold my contact, newest first."""
    holders, cursor = await contacts.list_holders(session, actor.user_id, page)
    return Page[HeldContact].from_rows(items=holders, next_cursor=cursor)
