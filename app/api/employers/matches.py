"""An employer's matches, and their dashboard."""

import datetime as dt
import json
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.http.dependencies import EmployerActor, Now, PageQuery, Read, Route
from app.api.http.parameters import InStatus, JobId
from app.api.http.problems import problems
from app.api.http.quotes import QuoteAnswer
from app.core import schema
from app.core.money import Money
from app.core.paging import PageRequest
from app.core.schema import Instant, MoneyAnswer, Page
from app.identity.actor import Actor
from app.jobs import queries as jobs
from app.jobs.models import JobStatus
from app.jobs.queries import JobNotFound
from app.offers import queries
from app.offers.queries import EmployersMatch, MatchOrder
from app.offers.rules import OfferStatus
from app.payments import contacts, other_buyers, quotes
from app.payments.contacts import Contact
from app.reporting import dashboards
from app.taxes.quote import Quote
from app.texts import catalogue

router = APIRouter(prefix="/api/employers", tags=["employers"], route_class=Route)


class Breakdown(schema.ResponseModel):
    """What the score is made of, each part 0 to 100."""

    distance: float = Field(description="For how near the worker is, 0 to 100.")
    availability: float = Field(description="For how well the hours fit, 0 to 100.")
    skills: float = Field(description="For the skills asked for, 0 to 100.")
    experience: float = Field(description="For the experience asked for, 0 to 100.")
    reliability: float = Field(description="For how well offers are answered, 0 to 100.")


class MatchedWorker(schema.ResponseModel):
    """The worker, before the contact is unlocked."""

    display_name: str | None = Field(
        description="First name and initial of the last name; null until the worker accepts."
    )
    city: str | None = Field(description="City of the worker; null when not told.")
    skills: list[str] = Field(description="Slugs of skills, as the catalogue has them.")
    experience_years: int = Field(description="Experience in whole years.")
    verified: bool = Field(description="Whether an administrator has checked this account.")
    reliability: float = Field(description="0 to 100: how well this worker deals with offers.")


class ContactAnswer(schema.ResponseModel):
    """How to reach the worker; all three are null once the worker has erased their account."""

    name: str | None = Field(description="Full name of the worker.")
    phone: str | None = Field(description="Phone in E.164.")
    whatsapp_url: str | None = Field(description="Link that opens a chat with the worker.")


class Match(schema.ResponseModel):
    """A worker matched to my job; a lead once accepted."""

    id: UUID = Field(description="Id of the match.")
    status: OfferStatus = Field(description="Where the offer stands.")
    score: float = Field(ge=0, le=100, description="How well the worker fits, 0 to 100.")
    breakdown: Breakdown = Field(description="What the score is made of.")
    distance_km: float = Field(description="Distance between worker and job, in kilometres.")
    why: list[str] = Field(
        description="What speaks for this worker, in my language.",
        examples=[["2 km away", "free at all its hours", "knows Waiter"]],
    )
    worker: MatchedWorker = Field(description="The worker, without contact.")
    price: MoneyAnswer = Field(description="What unlocking the contact costs; fixed when offered.")
    quote: QuoteAnswer = Field(
        description="The price with its taxes; fixed when the purchase begins, as my tax number and city are then."
    )
    free: bool = Field(
        description="Whether unlocking it now costs nothing, because my company's first leads are free. Whichever "
        "is unlocked first takes one; the others then cost their price."
    )
    others_bought: int | None = Field(
        description="How many other companies bought this worker's contact for hours that overlap this job's and are "
        "still to come; null until the worker accepts, and once it is unlocked."
    )
    unlocked: bool = Field(description="Whether I bought the contact.")
    contact: ContactAnswer | None = Field(
        description="null until unlocked, then there for good; its fields go with the worker's account."
    )
    offered_at: Instant = Field(description="When the offer was made (UTC).")
    respond_by: Instant = Field(description="Until when it can be answered (UTC).")
    responded_at: Instant | None = Field(description="When it was answered (UTC); null before.")

    @classmethod
    def of(
        cls, match: EmployersMatch, quote: Quote, contact: Contact | None, others: int
    ) -> "Match":
        """Return the answer; `contact` only if this employer has unlocked it."""
        return cls.from_rows(
            match,
            breakdown=Breakdown(
                distance=match.score_distance,
                availability=match.score_availability,
                skills=match.score_skills,
                experience=match.score_experience,
                reliability=match.score_reliability,
            ),
            why=[
                said
                for reason in json.loads(match.why)
                if (said := catalogue.format_lead_reason(match.language, reason))
            ],
            worker=MatchedWorker.model_validate(match),
            price=Money(quote.total, quote.currency),
            quote=QuoteAnswer.of(quote),
            others_bought=others
            if contact is None and match.status == OfferStatus.ACCEPTED
            else None,
            free=contact is None and quote.total == 0,
            unlocked=contact is not None,
            contact=contact,
        )


class JobCounts(schema.ResponseModel):
    """How many of my jobs stand where; those that I closed are found by `GET jobs?status=closed`."""

    draft: int = Field(description="Drafts.")
    published: int = Field(description="Published jobs.")
    filled: int = Field(description="Jobs with as many contacts unlocked as positions.")
    expired: int = Field(description="Jobs whose last shift has started.")
    cancelled: int = Field(description="Cancelled jobs.")


class MatchCounts(schema.ResponseModel):
    """How many of my matches stand where; an unanswered one is expired once its time is over."""

    offered: int = Field(description="Offers that wait for an answer.")
    accepted: int = Field(description="Offers accepted.")
    rejected: int = Field(description="Offers rejected.")
    expired: int = Field(description="Offers that nobody answered in time.")


class EmployerDashboard(schema.ResponseModel):
    """My figures."""

    jobs: JobCounts = Field(description="My jobs, by where they stand.")
    matches: MatchCounts = Field(description="My matches, by where they stand.")
    leads_unlocked: int = Field(description="How many contacts I bought.")
    spend: MoneyAnswer = Field(
        description="What I have paid for leads, less refunds, in the currency of today's prices."
    )
    spend_in_other_currencies: list[MoneyAnswer] = Field(
        description="What I paid while prices were in other currencies; usually empty."
    )
    median_minutes_to_first_accept: float | None = Field(
        description="From publishing to the first acceptance, over my latest 200 jobs; null before "
        "there was one."
    )
    acceptance_rate: float | None = Field(
        description="Accepted of all settled offers (accepted, rejected, expired, withdrawn), 0 to "
        "1; null while none is settled."
    )


@router.get("/jobs/{job_id}/matches", responses=problems(JobNotFound))
async def list_matches(
    session: Read,
    actor: EmployerActor,
    job_id: JobId,
    page: PageQuery,
    now: Now,
    status: InStatus[OfferStatus] = None,
) -> Page[Match]:
    """List the matches of my job, best first; contacts only of those I unlocked."""
    return await list_in_order(session, actor, job_id, page, now, status)


async def list_in_order(
    session: AsyncSession,
    actor: Actor,
    job_id: UUID,
    page: PageRequest,
    now: dt.datetime,
    status: OfferStatus | None = None,
    order: MatchOrder = MatchOrder.SCORE,
) -> Page[Match]:
    """List the matches of an employer's job in this order; contacts only of those they unlocked. Raises `JobNotFound`."""
    found, cursor = await queries.list_matches(
        session, actor.employer_id, job_id, status, page, now, order
    )
    if not found:
        await jobs.get_own_job(session, actor.employer_id, job_id)
    ids = [match.id for match in found]
    unlocked = await contacts.contacts_of(session, actor.employer_id, ids)
    prices = await quotes.prices_now(session, actor.employer_id, [match.price for match in found])
    quoted = await quotes.quote_each(session, actor.employer_id, prices)
    kept = await quotes.kept_quotes(session, actor.employer_id, ids)
    others = await other_buyers.count_others(session, actor.employer_id, job_id, ids, now)
    items = [
        Match.of(match, kept.get(match.id, quote), unlocked.get(match.id), others.get(match.id, 0))
        for match, quote in zip(found, quoted, strict=True)
    ]
    return Page(items=items, next_cursor=cursor)


@router.get("/dashboard")
async def get_dashboard(session: Read, actor: EmployerActor, now: Now) -> EmployerDashboard:
    """Return my figures."""
    figures = await dashboards.of_employer(session, actor.employer_id, now)
    matches = {name: figures.matches[OfferStatus(name)] for name in MatchCounts.model_fields}
    jobs_by_status = {name: figures.jobs[JobStatus(name)] for name in JobCounts.model_fields}
    return EmployerDashboard.from_rows(figures, jobs=jobs_by_status, matches=matches)
