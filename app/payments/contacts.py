"""Contacts that employers bought. An `unlocks` row, and nothing else, reveals one."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Uuid, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.languages import DEFAULT_LANGUAGE
from app.core.money import Money
from app.core.paging import Keyset, PageRequest
from app.core.phones import whatsapp_url
from app.database.session import keyring
from app.employers.models import Employer
from app.identity.models import User, UserStatus
from app.identity.users import PHONE
from app.jobs.models import Job
from app.masking.mask import mask_together
from app.messaging.outbox.notice import Recipient
from app.offers.models import JobMatch
from app.payments.models import Dispute, Payment, Unlock
from app.payments.rules import CAPTURED, DisputeStatus

_HOLDERS = Keyset("contact_holders", [Unlock.id])
"""Newest first."""
_SHOWN: Final = (User.status, User.name, User.phone_sealed)


@dataclass(frozen=True, slots=True)
class Contact:
    """How to reach a worker; all is None once the worker has erased their account."""

    name: str | None
    phone: str | None
    """E.164."""
    whatsapp_url: str | None


@dataclass(frozen=True, slots=True)
class ContactHolder:
    """An employer who bought a worker's contact, and when; the employer's texts are masked."""

    employer_id: UUID
    company_name: str
    job_title: str
    match_id: UUID
    unlocked_at: dt.datetime


_UNLOCKED: Final = (
    select(Unlock.match_id, *_SHOWN)
    .join(User, User.id == Unlock.worker_id)
    .where(
        Unlock.employer_id == bindparam("employer_id", type_=Uuid()),
        Unlock.match_id.in_(bindparam("match_ids", type_=Uuid(), expanding=True)),
    )
)


async def contacts_of(
    session: AsyncSession, employer_id: UUID, match_ids: Collection[UUID]
) -> dict[UUID, Contact]:
    """Return, by match, the contacts among these that the employer has unlocked."""
    bought = {"employer_id": employer_id, "match_ids": list(match_ids)}
    rows = await session.execute(_UNLOCKED, bought)
    return {row.match_id: _contact(session, row) for row in rows}


def contact_with_language(session: AsyncSession, worker: Recipient | None) -> tuple[Contact, str]:
    """Return the contact of a worker whose `unlocks` row this transaction writes, and in which language they read.

    `worker` is None for one who has erased their account meanwhile.
    """
    if worker is None:
        return _NOBODY, DEFAULT_LANGUAGE
    return _contact(session, worker), worker.language


_NOBODY: Final = Contact(None, None, None)


def _contact(session: AsyncSession, user: Row[*tuple[Any, ...]] | Recipient) -> Contact:
    if user.status == UserStatus.ERASED:
        return _NOBODY
    phone = keyring(session).open(user.phone_sealed, PHONE) if user.phone_sealed else None
    return Contact(user.name, phone, whatsapp_url(phone) if phone else None)


@dataclass(frozen=True, slots=True)
class Bought:
    """A contact that an employer bought, and the job it was bought for."""

    match_id: UUID
    contact: Contact
    job_title: str


async def list_bought(session: AsyncSession, employer_id: UUID, limit: int) -> list[Bought]:
    """Return the contacts an employer has unlocked, newest first."""
    query = (
        select(Unlock.match_id, *_SHOWN, Job.title)
        .join(Unlock, Unlock.worker_id == User.id)
        .join(JobMatch, JobMatch.id == Unlock.match_id)
        .join(Job, Job.id == JobMatch.job_id)
        .where(Unlock.employer_id == employer_id)
        .order_by(Unlock.id.desc())
        .limit(limit)
    )
    return [
        Bought(row.match_id, _contact(session, row), row.title)
        for row in await session.execute(query)
    ]


async def title_of(session: AsyncSession, employer_id: UUID, match_id: UUID) -> str | None:
    """Return for which job this employer bought this contact, or None where they did not."""
    query = (
        select(Job.title)
        .join(JobMatch, JobMatch.job_id == Job.id)
        .join(Unlock, Unlock.match_id == JobMatch.id)
        .where(Unlock.employer_id == employer_id, Unlock.match_id == match_id)
    )
    title: str | None = await session.scalar(query)
    return title


async def list_holders(
    session: AsyncSession, worker_id: UUID, page: PageRequest
) -> tuple[list[ContactHolder], str | None]:
    """Return a page of the employers who bought a worker's contact, newest first, and the next cursor."""
    query = (
        select(
            Unlock.id,
            Unlock.employer_id,
            Employer.company_name,
            Job.title,
            Unlock.match_id,
            Unlock.unlocked_at,
        )
        .join(Employer, Employer.id == Unlock.employer_id)
        .join(JobMatch, JobMatch.id == Unlock.match_id)
        .join(Job, Job.id == JobMatch.job_id)
        .where(Unlock.worker_id == worker_id)
    )
    keys = keyring(session)
    rows = (await session.execute(_HOLDERS.apply(query, page, keys))).all()
    cursor = _HOLDERS.next_cursor([(row.id,) for row in rows], page, keys)
    holders: list[ContactHolder] = []
    for row in rows[: page.limit]:
        title, company = mask_together(row.title, row.company_name)
        holders.append(
            ContactHolder(
                row.employer_id, company or "", title or "", row.match_id, row.unlocked_at
            )
        )
    return holders, cursor


async def spent_by(session: AsyncSession, employer_id: UUID) -> list[Money]:
    """Return what an employer has paid for leads and has not got back, one amount a currency, by code."""
    return await kept(session, Payment.employer_id == employer_id)


async def kept(session: AsyncSession, *which: ColumnElement[bool]) -> list[Money]:
    """Return what was paid for leads and is still ours, one amount a currency, by code.

    What was refunded is not, nor what a bank took back, nor what waits in suspense.
    """
    lost = (
        select(Dispute.payment_id, func.sum(Dispute.amount).label("amount"))
        .where(Dispute.status == DisputeStatus.LOST)
        .group_by(Dispute.payment_id)
        .subquery()
    )
    left = Payment.amount - Payment.refunded_amount - func.coalesce(lost.c.amount, 0)
    query = (
        select(Payment.currency, func.sum(left))
        .join(lost, lost.c.payment_id == Payment.id, isouter=True)
        .where(Payment.status.in_(CAPTURED), *which)
        .group_by(Payment.currency)
        .order_by(Payment.currency)
    )
    return [Money(int(amount), currency) for currency, amount in await session.execute(query)]
