"""An employer's matches, and their dashboard."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from app.api.deps import EmployerActor, Now, PageQuery, Read, Route
from app.api.problems import problems
from app.core import schema
from app.core.money import Money
from app.core.schema import Instant, MoneyAnswer, Page
from app.jobs import queries as jobs
from app.offers import dashboards, queries
from app.offers.queries import EmployersMatch
from app.offers.rules import OfferStatus, acceptance_rate
from app.payments import contacts
from app.payments.contacts import Contact
from app.policy import policy

router = APIRouter(prefix="/api/employers", tags=["employers"], route_class=Route)


class Breakdown(schema.Answer):
    """What the score is made of, each part 0 to 100."""

    distance: float
    availability: float
    skills: float
    experience: float
    reliability: float


class MatchedWorker(schema.Answer):
    """The worker, before the contact is unlocked: first name and initial."""

    display_name: str
    city: str | None
    skills: list[str]
    experience_years: int
    verified: bool
    reliability: float = Field(description="0 to 100: how well this worker deals with offers.")


class ContactAnswer(schema.Answer):
    """How to reach the worker; all three are null once the worker has erased their account."""

    name: str | None
    phone: str | None
    whatsapp_url: str | None


class Match(schema.Answer):
    """A worker matched to my job; a lead once accepted."""

    id: UUID
    status: OfferStatus
    score: float = Field(ge=0, le=100)
    breakdown: Breakdown
    distance_km: float
    worker: MatchedWorker
    price: MoneyAnswer = Field(description="What unlocking the contact costs; fixed when offered.")
    unlocked: bool
    contact: ContactAnswer | None = Field(
        description="null until unlocked, then there for good; its fields go with the worker's account."
    )
    offered_at: Instant
    respond_by: Instant
    responded_at: Instant | None

    @classmethod
    def of(cls, match: EmployersMatch, contact: Contact | None) -> "Match":
        """Return the answer; `contact` only if this employer has unlocked it."""
        return cls(
            id=match.id,
            status=match.status,
            score=match.score,
            breakdown=Breakdown(
                distance=match.distance,
                availability=match.availability,
                skills=match.skills_part,
                experience=match.experience,
                reliability=match.reliability_part,
            ),
            distance_km=match.distance_km,
            worker=MatchedWorker(
                display_name=match.display_name,
                city=match.city,
                skills=list(match.skills),
                experience_years=match.experience_years,
                verified=match.verified,
                reliability=match.reliability,
            ),
            price=MoneyAnswer.of(match.price),
            unlocked=contact is not None,
            contact=ContactAnswer.model_validate(contact) if contact else None,
            offered_at=match.offered_at,
            respond_by=match.respond_by,
            responded_at=match.responded_at,
        )


class JobCounts(schema.Answer):
    """How many of my jobs stand where."""

    draft: int
    published: int
    filled: int
    expired: int
    cancelled: int


class MatchCounts(schema.Answer):
    """How many of my matches stand where; an unanswered one is expired once its time is over."""

    offered: int
    accepted: int
    rejected: int
    expired: int


class EmployerDashboard(schema.Answer):
    """My figures."""

    jobs: JobCounts
    matches: MatchCounts
    leads_unlocked: int
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


@router.get("/jobs/{job_id}/matches", responses=problems(404))
async def list_matches(
    session: Read,
    actor: EmployerActor,
    job_id: UUID,
    page: PageQuery,
    now: Now,
    status: Annotated[OfferStatus | None, Query()] = None,
) -> Page[Match]:
    """List the matches of my job, best first; contacts only of those I unlocked."""
    found, cursor = await queries.matches_of(session, actor.user_id, job_id, status, page, now)
    if not found:
        await jobs.owned(session, actor.user_id, job_id)
    unlocked = await contacts.contacts_of(session, actor.user_id, [match.id for match in found])
    items = [Match.of(match, unlocked.get(match.id)) for match in found]
    return Page(items=items, next_cursor=cursor)


@router.get("/dashboard")
async def dashboard(session: Read, actor: EmployerActor, now: Now) -> EmployerDashboard:
    """Return my figures."""
    figures = await dashboards.of_employer(session, actor.user_id, now)
    currency = (await policy.current(session)).lead_prices.currency
    spent = await contacts.spent_by(session, actor.user_id)
    here = next((money for money in spent if money.currency == currency), Money(0, currency))
    matches = figures.matches
    return EmployerDashboard(
        jobs=JobCounts(**{status.value: count for status, count in figures.jobs.items()}),
        matches=MatchCounts(
            **{name: matches[OfferStatus(name)] for name in MatchCounts.model_fields}
        ),
        leads_unlocked=figures.leads_unlocked,
        spend=MoneyAnswer.of(here),
        spend_in_other_currencies=[
            MoneyAnswer.of(money) for money in spent if money.currency != currency and money.amount
        ],
        median_minutes_to_first_accept=figures.median_minutes_to_first_accept,
        acceptance_rate=acceptance_rate(
            matches[OfferStatus.ACCEPTED],
            matches[OfferStatus.REJECTED],
            matches[OfferStatus.EXPIRED],
            matches[OfferStatus.WITHDRAWN],
        ),
    )
