"""Lists of offers, as their two readers see them: only the columns shown, and no ORM graph."""

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Float, Select, Text, bindparam, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue import places
from app.core.geo import coarse_km
from app.core.money import Money
from app.core.paging import Keyset, PageRequest
from app.core.person_names import UNNAMED, letters_of
from app.database.fast_reads import Prepared
from app.database.session import keyring
from app.database.statements import json_rows, table
from app.database.types import UtcDateTime
from app.employers.models import Employer
from app.identity.models import User
from app.jobs.models import Job, JobSlot
from app.masking.mask import mask_together
from app.offers.effective_status import effective_status, has_status
from app.offers.models import JobMatch
from app.offers.rules import OfferStatus
from app.offers.steps import OfferNotFound
from app.offers.worker_names import shown_name
from app.workers.models import Worker
from app.workers.rules import reliability

_JOBS, _EMPLOYERS, _USERS, _WORKERS = map(table, (Job, Employer, User, Worker))
_READER = _USERS.alias("reader")
"""Who reads an employer's list."""
_MATCH, _JOB, _SLOT = table(JobMatch).c, _JOBS.c, table(JobSlot).c
_NOW = bindparam("now", type_=UtcDateTime)

_WORKERS_OFFERS = Keyset("worker_offers", [_MATCH.id])
"""Newest first: ids are UUIDv7, which sort by the time they were made."""

_HALF_KM = func.round(2 * _MATCH.distance_km, type_=Float)
"""Half kilometres, as coarse as an employer sees a distance: the finer order would tell more than the page."""


class MatchOrder(StrEnum):
    """How a list of an employer's matches is sorted; those that are alike by the higher score."""

    SCORE = "score"
    """The higher score, then the nearer, then the one made earlier."""
    DISTANCE = "distance"
    EXPERIENCE = "experience"
    """The most years first."""
    PRICE = "price"
    """The cheapest first."""


_ORDERS: Final[Mapping[MatchOrder, tuple[Keyset, Callable[["EmployersMatch"], Sequence[Any]]]]] = {
    MatchOrder.SCORE: (
        Keyset("job_matches", [-_MATCH.score, _MATCH.distance_km, _MATCH.id], descending=False),
        lambda row: (-row.score, row.distance_km, row.id),
    ),
    MatchOrder.DISTANCE: (
        Keyset("job_matches_distance", [_HALF_KM, -_MATCH.score, _MATCH.id], descending=False),
        lambda row: (row.half_kms, -row.score, row.id),
    ),
    MatchOrder.EXPERIENCE: (
        Keyset(
            "job_matches_experience",
            [-_WORKERS.c.experience_years, -_MATCH.score, _MATCH.id],
            descending=False,
        ),
        lambda row: (-row.experience_years, -row.score, row.id),
    ),
    MatchOrder.PRICE: (
        Keyset(
            "job_matches_price", [_MATCH.price_amount, -_MATCH.score, _MATCH.id], descending=False
        ),
        lambda row: (row.price_amount, -row.score, row.id),
    ),
}

_NAMED: Final = frozenset({OfferStatus.ACCEPTED, OfferStatus.WITHDRAWN})
"""Those who accepted: the employer got a message that names each."""

type Shift = tuple[int, dt.time, dt.time]
"""Weekday (Monday is 0), start and end."""


class WorkersOffer(NamedTuple):
    """An offer as its worker sees it: texts masked, no exact address and no employer's contact."""

    id: UUID
    status: str
    job_id: UUID
    distance_km: float
    why: str
    """Reasons as data: a JSON array of objects, as it is stored."""
    offered_at: dt.datetime
    respond_by: dt.datetime
    responded_at: dt.datetime | None
    title: str
    category: str
    description: str
    city: str | None
    starts_on: dt.date
    ends_on: dt.date | None
    time_zone: str
    salary_amount: int | None
    salary_currency: str
    salary_per: str | None
    positions: int
    company_name: str
    employer_verified: bool
    language: str
    """The worker's own."""
    shifts: str | None
    """A JSON array of weekday, start and end."""

    @property
    def slots(self) -> Sequence[Shift]:
        """The job's weekly hours, in the order of the week."""
        return _shifts(self.shifts or "[]")

    @property
    def salary(self) -> Money | None:
        """What the job pays, None where the employer names no pay."""
        return (
            None if self.salary_amount is None else Money(self.salary_amount, self.salary_currency)
        )


class EmployersMatch(NamedTuple):
    """A match as its employer sees it before the contact is theirs. Scores are 0 to 100."""

    id: UUID
    status: str
    score: float
    score_distance: float
    score_availability: float
    score_skills: float
    score_experience: float
    score_reliability: float
    distance_km: float
    half_kms: float
    price_amount: int
    price_currency: str
    offered_at: dt.datetime
    respond_by: dt.datetime
    responded_at: dt.datetime | None
    display_name: str | None
    """First name and initial; None until the worker accepts."""
    city: str | None
    skills: Sequence[str]
    experience_years: int
    verified: bool
    answered: int
    missed: int
    withdrawn: int
    why: str
    """Reasons as data: a JSON array of objects; distances are to half a kilometre, as in `distance_km`."""
    language: str
    """The employer's own."""

    @property
    def reliability(self) -> float:
        """The share of offers answered in time, 0 to 100."""
        return reliability(self.answered, self.missed, self.withdrawn)

    @property
    def price(self) -> Money:
        """What unlocking the contact costs."""
        return Money(self.price_amount, self.price_currency)


async def list_offers(
    session: AsyncSession,
    worker_id: UUID,
    status: OfferStatus | None,
    page: PageRequest,
    now: dt.datetime,
) -> tuple[list[WorkersOffer], str | None]:
    """Return one page of a worker's offers, newest first, and the cursor of the next."""
    keys = keyring(session)
    found = _offers_page(status, after=page.cursor is not None)
    values = _WORKERS_OFFERS.page_values(page, keys)
    rows = await found.all(session, worker_id=worker_id, now=now, **values)
    cursor = _WORKERS_OFFERS.next_cursor([(row.id,) for row in rows], page, keys)
    return [_masked_offer(row) for row in rows[: page.limit]], cursor


async def get_offer(
    session: AsyncSession, worker_id: UUID, offer_id: UUID, now: dt.datetime
) -> WorkersOffer:
    """Return one offer of a worker. Raises `OfferNotFound`."""
    row = await _ONE_OFFER.one_or_none(session, worker_id=worker_id, offer_id=offer_id, now=now)
    if row is None:
        raise OfferNotFound
    return _masked_offer(row)


async def employer_of_offer(
    session: AsyncSession, worker_id: UUID, offer_id: UUID, *, lock: bool = False
) -> UUID:
    """Return whose job a worker was offered, the offer locked if asked. Raises `OfferNotFound`."""
    query = select(JobMatch.employer_id).where(
        JobMatch.id == offer_id, JobMatch.worker_id == worker_id
    )
    employer_id: UUID | None = await session.scalar(query.with_for_update() if lock else query)
    if employer_id is None:
        raise OfferNotFound
    return employer_id


async def find_open_offer(
    session: AsyncSession, job_id: UUID, now: dt.datetime
) -> tuple[UUID, UUID] | None:
    """Return worker and id of the job's open offer with the best score, None where nobody is asked now."""
    query = (
        select(_MATCH.worker_id, _MATCH.id)
        .where(_MATCH.job_id == job_id, has_status(OfferStatus.OFFERED, now))
        .order_by(_MATCH.score.desc(), _MATCH.id)
        .limit(1)
    )
    row = (await session.execute(query)).one_or_none()
    return (row.worker_id, row.id) if row else None


async def list_matches(
    session: AsyncSession,
    employer_id: UUID,
    job_id: UUID,
    status: OfferStatus | None,
    page: PageRequest,
    now: dt.datetime,
    order: MatchOrder = MatchOrder.SCORE,
) -> tuple[list[EmployersMatch], str | None]:
    """Return one page of the matches of an employer's job, and the next page's cursor.

    For an unknown job, or another employer's, the page is empty. Raises `Invalid` for a cursor of another list or
    order.
    """
    keys = keyring(session)
    keyset, key_of = _ORDERS[order]
    found = _matches_page(status, order, after=page.cursor is not None)
    values = keyset.page_values(page, keys)
    rows = await found.all(session, job_id=job_id, employer_id=employer_id, now=now, **values)
    cursor = keyset.next_cursor([key_of(row) for row in rows], page, keys)
    return [_masked_match(row) for row in rows[: page.limit]], cursor


_SHIFTS = (
    select(json_rows(_SLOT.weekday, _SLOT.starts, _SLOT.ends))
    .where(_SLOT.job_id == _JOB.id)
    .scalar_subquery()
)


def _offers() -> Select[*tuple[Any, ...]]:
    return (
        select(
            _MATCH.id,
            effective_status(_NOW).label("status"),
            _MATCH.job_id,
            _MATCH.distance_km,
            cast(_MATCH.why, Text).label("why"),
            _MATCH.offered_at,
            _MATCH.respond_by,
            _MATCH.responded_at,
            _JOB.title,
            _JOB.category,
            _JOB.description,
            _JOB.city,
            _JOB.starts_on,
            _JOB.ends_on,
            _JOB.time_zone,
            _JOB.salary_amount,
            _JOB.salary_currency,
            _JOB.salary_per,
            _JOB.positions,
            _EMPLOYERS.c.company_name,
            _EMPLOYERS.c.verified_at.is_not(None).label("employer_verified"),
            _USERS.c.language,
            _SHIFTS.label("shifts"),
        )
        .join(_USERS, _USERS.c.id == _MATCH.worker_id)
        .join(_JOBS, _JOB.id == _MATCH.job_id)
        .join(_EMPLOYERS, _EMPLOYERS.c.id == _MATCH.employer_id)
        .where(_MATCH.worker_id == bindparam("worker_id"))
    )


_ONE_OFFER = Prepared(_offers().where(_MATCH.id == bindparam("offer_id")), WorkersOffer)


@cache
def _offers_page(status: OfferStatus | None, *, after: bool) -> Prepared[WorkersOffer]:
    query = _offers() if status is None else _offers().where(has_status(status, _NOW))
    return Prepared(_WORKERS_OFFERS.page_of(query, after=after), WorkersOffer)


@cache
def _matches_page(
    status: OfferStatus | None, order: MatchOrder, *, after: bool
) -> Prepared[EmployersMatch]:
    query = (
        select(
            _MATCH.id,
            effective_status(_NOW).label("status"),
            _MATCH.score,
            _MATCH.score_distance,
            _MATCH.score_availability,
            _MATCH.score_skills,
            _MATCH.score_experience,
            _MATCH.score_reliability,
            _MATCH.distance_km,
            _HALF_KM.label("half_kms"),
            _MATCH.price_amount,
            _MATCH.price_currency,
            _MATCH.offered_at,
            _MATCH.respond_by,
            _MATCH.responded_at,
            _USERS.c.name.label("display_name"),
            _WORKERS.c.city,
            _WORKERS.c.skills,
            _WORKERS.c.experience_years,
            _WORKERS.c.verified_at.is_not(None).label("verified"),
            _WORKERS.c.answered,
            _WORKERS.c.missed,
            _WORKERS.c.withdrawn,
            cast(_MATCH.why, Text).label("why"),
            _READER.c.language,
        )
        .join(_READER, _READER.c.id == _MATCH.employer_id)
        .join(_WORKERS, _WORKERS.c.id == _MATCH.worker_id)
        .join(_USERS, _USERS.c.id == _MATCH.worker_id)
        .where(_MATCH.job_id == bindparam("job_id"), _MATCH.employer_id == bindparam("employer_id"))
    )
    if status is not None:
        query = query.where(has_status(status, _NOW))
    keyset, _ = _ORDERS[order]
    return Prepared(keyset.page_of(query, after=after), EmployersMatch)


@lru_cache(maxsize=4_096)  # few different ones fill most lists
def _shifts(text: str) -> Sequence[Shift]:
    """Parse the shifts that the database returns as JSON, in the order of the week."""
    return tuple(
        (weekday, dt.time.fromisoformat(starts), dt.time.fromisoformat(ends))
        for weekday, starts, ends in sorted(json.loads(text))
    )


def _masked_offer(row: WorkersOffer) -> WorkersOffer:
    title, description, company_name, city = mask_together(
        row.title, row.description, row.company_name, row.city
    )
    return row._replace(
        title=title or "",
        description=description or "",
        company_name=company_name or "",
        city=city,
        distance_km=round(row.distance_km, 1),
    )


def _masked_match(row: EmployersMatch) -> EmployersMatch:
    # Of what was kept before a city had to be the catalogue's, only a place that there is.
    place = places.city_named(row.city) if row.city else None
    # Nobody who was only asked is named: whoever posts a job could learn who lives near it.
    name = shown_name(row.display_name or "") if row.status in _NAMED else None
    masked, city = mask_together(name, place.name if place else None)
    return row._replace(
        display_name=None if masked is None else letters_of(masked) or UNNAMED,
        city=city,
        distance_km=coarse_km(row.distance_km),
        why=_coarse_reasons(row.why),
    )


def _coarse_reasons(reasons: str) -> str:
    """Return reasons with distances as coarse as the employer sees them: they tell where somebody lives."""
    items = json.loads(reasons)
    for item in items:
        if "km" in item:
            item["km"] = coarse_km(item["km"])
    return json.dumps(items)
