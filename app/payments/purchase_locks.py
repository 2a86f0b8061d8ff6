"""The leads that somebody wants to buy, as they are; and what a purchase locks before it reads them for good.

Whoever buys or settles locks in one order: jobs, the employer, the balance, open orders of leads. An order that was
paid is another matter: who gives a top-up back locks it before the balance (`pay_back`, `employer_erasure`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, Uuid, and_, bindparam, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.money import Money
from app.database.statements import table
from app.employers.models import Employer
from app.identity.actor import Actor
from app.jobs.models import Job
from app.offers.job_lock import JOB_COLUMNS, LockedJob, lock_jobs, locked_job
from app.offers.mark_unlocked import for_sale
from app.offers.models import JobMatch
from app.payments import ledger, orders, rules
from app.payments.buyers import Buyer, asked_of, buyer_of, with_buyer
from app.payments.models import Order, Payment, Unlock
from app.payments.rules import PaymentStatus, PayWith
from app.policy import policy


@dataclass(frozen=True, slots=True)
class Lead:
    """A lead that somebody wants to buy."""

    id: UUID
    job_id: UUID
    price: Money
    bought: bool
    for_sale: bool
    in_review: bool
    """Whether money for it waits in suspense."""
    being_bought: bool
    """Whether an order for it may still be paid."""


_MATCH, _UNLOCK, _PAYMENT = table(JobMatch).c, table(Unlock).c, table(Payment).c
_LEADS: Final = select(
    _MATCH.id,
    _MATCH.job_id,
    _MATCH.price_amount,
    _MATCH.price_currency,
    exists()
    .where(_UNLOCK.match_id == _MATCH.id, _UNLOCK.employer_id == _MATCH.employer_id)
    .label("bought"),
    and_(*for_sale()).label("for_sale"),
    exists()
    .where(
        _PAYMENT.match_id == _MATCH.id,
        _PAYMENT.employer_id == _MATCH.employer_id,
        _PAYMENT.status == PaymentStatus.IN_REVIEW,
    )
    .label("in_review"),
    exists()
    .where(_PAYMENT.match_id == _MATCH.id, _PAYMENT.status.in_(rules.OPEN))
    .label("being_bought"),
).where(
    _MATCH.id.in_(bindparam("match_ids", expanding=True)),
    _MATCH.employer_id == bindparam("employer_id", type_=Uuid()),
)
_EMPLOYER: Final = (
    select(Employer)
    .where(Employer.id == bindparam("employer_id", type_=Uuid()))
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)


async def _lock(session: AsyncSession, employer_id: UUID) -> Employer:
    """Return the employer as they are once the row is locked; later in the transaction nobody has to read it again."""
    return (await session.scalars(_EMPLOYER, {"employer_id": employer_id})).one()


_EMPLOYER_WITH_JOB: Final = (
    select(*JOB_COLUMNS, Employer)
    .join(Employer, Employer.id == Job.employer_id)
    .where(
        Job.id == bindparam("job_id", type_=Uuid()),
        Employer.id == bindparam("employer_id", type_=Uuid()),
    )
    # One row, whose parts are locked in this order.
    .with_for_update(of=[Job, Employer], key_share=True)
    .execution_options(populate_existing=True)
)


async def _lock_with_jobs(
    session: AsyncSession, employer_id: UUID, leads: Iterable[Lead]
) -> tuple[Employer, dict[UUID, LockedJob]]:
    """Lock the jobs of these leads, and then the employer; return the jobs by lead."""
    job_of = {lead.id: lead.job_id for lead in leads}
    job_ids = set(job_of.values())
    if len(job_ids) > 1:
        # Two statements: of one, PostgreSQL would lock the employer between the first job and the second.
        locked = await lock_jobs(session, job_ids)
        employer = await _lock(session, employer_id)
    else:
        asked = {"job_id": job_ids.pop(), "employer_id": employer_id}
        row = (await session.execute(_EMPLOYER_WITH_JOB, asked)).one()
        employer, job = row.Employer, locked_job(row)
        locked = {job.id: job}
    return employer, {match_id: locked[job_id] for match_id, job_id in job_of.items()}


_LEADS_AND_POLICY: Final = _LEADS.add_columns(policy.STORED.label("policy"))


async def read_leads(
    session: AsyncSession,
    employer_id: UUID,
    match_ids: Sequence[UUID],
    *,
    with_policy: bool = False,
) -> dict[UUID, Lead]:
    """Return those of these leads that are the employer's, as they are now.

    `with_policy` reads the policy of this session along with a lead; each of several would bring it again.
    """
    with_policy = with_policy and len(match_ids) == 1
    wanted = {"match_ids": list(match_ids), "employer_id": employer_id}
    rows = (await session.execute(_LEADS_AND_POLICY if with_policy else _LEADS, wanted)).all()
    if with_policy and rows:
        policy.keep(session, rows[0].policy)
    return {row.id: _lead(row) for row in rows}


def _lead(row: Row[*tuple[Any, ...]]) -> Lead:
    return Lead(
        row.id,
        row.job_id,
        Money(row.price_amount, row.price_currency),
        bought=row.bought,
        for_sale=row.for_sale,
        in_review=row.in_review,
        being_bought=row.being_bought,
    )


_LEADS_AND_BUYER: Final = with_buyer(_LEADS, _MATCH.employer_id)


async def _read_again(
    session: AsyncSession, actor: Actor, leads: Mapping[UUID, Lead]
) -> tuple[dict[UUID, Lead], Buyer]:
    """Return the leads and who buys them, as they are under the locks."""
    currency = next((each.price.currency for each in leads.values() if not each.bought), None)
    wanted = {"match_ids": list(leads), "employer_id": actor.employer_id}
    wanted |= asked_of(actor.employer_id, actor.user_id, currency)
    rows = (await session.execute(_LEADS_AND_BUYER, wanted)).all()
    buyer = buyer_of(session, rows[0], actor.user_id)
    return {row.id: _lead(row) for row in rows}, buyer


@dataclass(frozen=True, slots=True)
class Locked:
    """What a purchase has locked, and the leads as they are since."""

    employer: Employer
    buyer: Buyer
    """With the balance in the currency of the leads that were not bought when the purchase began."""
    leads: dict[UUID, Lead]
    jobs: dict[UUID, LockedJob]
    """By lead; none where nothing is unlocked here and now."""
    standing: list[Order]
    """Open orders for one of the leads."""


async def lock_all(
    session: AsyncSession,
    actor: Actor,
    leads: dict[UUID, Lead],
    pay_with: PayWith | None,
    *,
    settles: bool,
) -> Locked:
    """Lock what a purchase of these leads depends on, and read them again.

    `settles` is whether some may be unlocked for nothing; if so, or if the balance may pay, the jobs and the balance are locked, too.
    """
    employer_id, match_ids = actor.employer_id, list(leads)
    jobs: dict[UUID, LockedJob] = {}
    standing: list[Order] = []
    now: tuple[dict[UUID, Lead], Buyer] | None = None
    is_ours_to_take = True
    if settles or pay_with is not PayWith.PAGE:
        # Paying settles, and whoever settles locks jobs first.
        employer, jobs = await _lock_with_jobs(session, employer_id, leads.values())
        if pay_with is not PayWith.PAGE:
            for currency in sorted({each.price.currency for each in leads.values()}):
                locked = await ledger.lock_balance_account(session, employer_id, currency)
                is_ours_to_take = is_ours_to_take and locked
        # Nobody settles an order for one of these leads now, and nobody begins another.
        now = await _read_again(session, actor, leads)
    else:
        employer = await _lock(session, employer_id)
    if now is None or any(lead.being_bought for lead in now[0].values()):
        standing = await orders.open_orders_of(session, match_ids)
        # Whoever paid one of them meanwhile had its order locked, and is done.
        now = await _read_again(session, actor, leads)
    buyer = now[1] if is_ours_to_take else replace(now[1], balance=0)
    return Locked(employer, buyer, now[0], jobs, standing)
