"""One search over people, companies, jobs, leads, money and messages, for administrators.

Ids, providers' ids, invoice numbers, phones and mailboxes are found whole, by an index; names and titles by any part
of them. Nothing sealed is opened: a phone or mailbox is looked for by its keyed index.
"""

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.money import Money, exponent
from app.core.phones import parse_phone
from app.database.session import keyring
from app.employers.models import Employer
from app.identity import users
from app.identity.models import Role, User
from app.identity.permissions import Permission
from app.invoices.models import Invoice
from app.jobs.models import Job
from app.messaging.models import OutboxMessage
from app.offers.models import JobMatch
from app.payments.models import Dispute, Order, Payment, PaymentAttempt, Refund

MOST: Final = 10
"""Of each kind, the newest; whoever wants more asks the kind's own list."""
_LEAST_CHARACTERS: Final = 2
"""Of a name: fewer are part of nearly every one."""


class FoundKind(StrEnum):
    """What was found."""

    WORKER = "worker"
    EMPLOYER = "employer"
    JOB = "job"
    LEAD = "lead"
    ORDER = "order"
    PAYMENT = "payment"
    INVOICE = "invoice"
    REFUND = "refund"
    DISPUTE = "dispute"
    MESSAGE = "message"


NEEDS: Final = {
    FoundKind.WORKER: Permission.READ_PEOPLE,
    FoundKind.EMPLOYER: Permission.READ_PEOPLE,
    FoundKind.JOB: Permission.READ_JOBS,
    FoundKind.LEAD: Permission.READ_JOBS,
    FoundKind.ORDER: Permission.READ_MONEY,
    FoundKind.PAYMENT: Permission.READ_MONEY,
    FoundKind.INVOICE: Permission.READ_MONEY,
    FoundKind.REFUND: Permission.READ_MONEY,
    FoundKind.DISPUTE: Permission.READ_MONEY,
    FoundKind.MESSAGE: Permission.READ_MESSAGES,
}
"""Who may find what: whoever may read its list."""


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that was found, with what there is to recognise it by; never a phone or mailbox."""

    type: FoundKind
    id: UUID
    title: str
    detail: str | None
    status: str
    at: dt.datetime
    by_contact: bool = False
    """Whether the phone or mailbox was asked for: that tells whose it is."""


@dataclass(frozen=True)
class _Asked:
    """What is looked for, read once."""

    text: str
    id: UUID | None
    contact: ColumnElement[bool] | None
    """The condition that an account has this phone or mailbox; None where it is neither."""


async def search(
    session: AsyncSession, text: str, kinds: Collection[FoundKind], default_country: str
) -> list[Found]:
    """Return what is found of these kinds, each kind's newest first; `text` is trimmed, and not empty."""
    asked = _Asked(text, _id(text), _contact(session, text, default_country))
    found: list[Found] = []
    for kind, look in _LOOKS.items():
        if kind in kinds:
            found += await look(session, asked)
    return found


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _contact(session: AsyncSession, text: str, default_country: str) -> ColumnElement[bool] | None:
    keys = keyring(session)
    if "@" in text:
        return users.email_equals(keys, text.lower())
    try:
        phone = parse_phone(text, default_country)
    except ValueError:
        return None
    return User.phone_index == users.index_of_phone(keys, phone)


def _part_of(text: str, *columns: Any) -> list[ColumnElement[bool]]:
    """Return the conditions that a column contains the text, whatever the case."""
    if len(text) < _LEAST_CHARACTERS:
        return []
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    pattern = func.lower(f"%{escaped}%")
    return [func.lower(column).like(pattern, escape="\\") for column in columns]


async def _rows(
    session: AsyncSession,
    query: Select[*tuple[Any, ...]],
    id_: Any,
    conditions: Sequence[ColumnElement[bool]],
) -> Sequence[Any]:
    if not conditions:
        return []
    limited = query.where(or_(*conditions)).order_by(id_.desc()).limit(MOST)
    return (await session.execute(limited)).all()


async def _workers(session: AsyncSession, asked: _Asked) -> list[Found]:
    conditions = _by_id(User.id, asked) + _part_of(asked.text, User.name)
    return await _people(session, asked, Role.WORKER, select(User, User.name), conditions)


async def _employers(session: AsyncSession, asked: _Asked) -> list[Found]:
    query = select(User, Employer.company_name).join(Employer, Employer.id == User.id)
    named = _part_of(asked.text, Employer.company_name, User.name)
    if asked.text:
        named.append(Employer.tax_id == asked.text.upper())
    return await _people(session, asked, Role.EMPLOYER, query, _by_id(User.id, asked) + named)


async def _people(
    session: AsyncSession,
    asked: _Asked,
    role: Role,
    query: Select[*tuple[Any, ...]],
    conditions: list[ColumnElement[bool]],
) -> list[Found]:
    mine = query.where(User.role == role)
    rows = await _rows(session, mine, User.id, conditions)
    known = {row[0].id for row in rows}
    by_contact = (
        [] if asked.contact is None else await _rows(session, mine, User.id, [asked.contact])
    )
    owners = {row[0].id for row in by_contact}
    together = [*by_contact, *(row for row in rows if row[0].id not in owners)]
    return [
        Found(
            FoundKind(role.value),
            user.id,
            title,
            None if title == user.name else user.name,
            user.status,
            user.created_at,
            by_contact=user.id in owners and user.id not in known,
        )
        for user, title in together
    ]


def _written(money: Money) -> str:
    """Return a sum as people write it: "49.00 INR"."""
    digits = exponent(money.currency)
    return f"{money.amount / 10**digits:.{digits}f} {money.currency}"


def _by_id(column: Any, asked: _Asked) -> list[ColumnElement[bool]]:
    return [] if asked.id is None else [column == asked.id]


async def _jobs(session: AsyncSession, asked: _Asked) -> list[Found]:
    query = select(Job, Employer.company_name).join(Employer, Employer.id == Job.employer_id)
    conditions = _by_id(Job.id, asked) + _by_id(Job.employer_id, asked)
    conditions += _part_of(asked.text, Job.title)
    return [
        Found(FoundKind.JOB, job.id, job.title, company, job.status, job.created_at)
        for job, company in await _rows(session, query, Job.id, conditions)
    ]


async def _leads(session: AsyncSession, asked: _Asked) -> list[Found]:
    query = (
        select(JobMatch, Job.title, Employer.company_name)
        .join(Job, Job.id == JobMatch.job_id)
        .join(Employer, Employer.id == JobMatch.employer_id)
    )
    rows = await _rows(session, query, JobMatch.id, _by_id(JobMatch.id, asked))
    return [
        Found(FoundKind.LEAD, match.id, title, company, match.status, match.offered_at)
        for match, title, company in rows
    ]


async def _orders(session: AsyncSession, asked: _Asked) -> list[Found]:
    query = select(Order, Employer.company_name).join(Employer, Employer.id == Order.employer_id)
    at_provider = select(PaymentAttempt.order_id).where(
        or_(PaymentAttempt.intent_id == asked.text, PaymentAttempt.session_id == asked.text)
    )
    conditions = [
        *_by_id(Order.id, asked),
        *_by_id(Order.employer_id, asked),
        Order.id.in_(at_provider),
    ]
    return [
        Found(
            FoundKind.ORDER,
            order.id,
            company,
            _written(order.price),
            order.status,
            order.created_at,
        )
        for order, company in await _rows(session, query, Order.id, conditions)
    ]


async def _payments(session: AsyncSession, asked: _Asked) -> list[Found]:
    query = (
        select(Payment, Job.title, Employer.company_name)
        .join(JobMatch, JobMatch.id == Payment.match_id)
        .join(Job, Job.id == JobMatch.job_id)
        .join(Employer, Employer.id == Payment.employer_id)
    )
    captured_by = select(PaymentAttempt.id).where(PaymentAttempt.intent_id == asked.text)
    conditions = [
        *_by_id(Payment.id, asked),
        *_by_id(Payment.match_id, asked),
        *_by_id(Payment.order_id, asked),
        *_by_id(Payment.employer_id, asked),
        Payment.captured_by.in_(captured_by),
    ]
    return [
        Found(FoundKind.PAYMENT, one.id, company, title, one.status, one.created_at)
        for one, title, company in await _rows(session, query, Payment.id, conditions)
    ]


async def _invoices(session: AsyncSession, asked: _Asked) -> list[Found]:
    conditions = [
        *_by_id(Invoice.id, asked),
        *_by_id(Invoice.order_id, asked),
        *_by_id(Invoice.employer_id, asked),
        Invoice.number == asked.text.upper(),
    ]
    return [
        Found(
            FoundKind.INVOICE,
            invoice.id,
            invoice.number,
            invoice.snapshot["buyer"]["name"],
            invoice.kind,
            invoice.issued_at,
        )
        for (invoice,) in await _rows(session, select(Invoice), Invoice.id, conditions)
    ]


async def _refunds(session: AsyncSession, asked: _Asked) -> list[Found]:
    conditions = [
        *_by_id(Refund.id, asked),
        *_by_id(Refund.payment_id, asked),
        *_by_id(Refund.order_id, asked),
        Refund.provider_id == asked.text,
    ]
    return [
        Found(
            FoundKind.REFUND,
            one.id,
            _written(one.money),
            one.provider_id,
            one.status,
            one.created_at,
        )
        for (one,) in await _rows(session, select(Refund), Refund.id, conditions)
    ]


async def _disputes(session: AsyncSession, asked: _Asked) -> list[Found]:
    conditions = [
        *_by_id(Dispute.id, asked),
        *_by_id(Dispute.payment_id, asked),
        *_by_id(Dispute.order_id, asked),
        *_by_id(Dispute.employer_id, asked),
        Dispute.provider_id == asked.text,
    ]
    return [
        Found(
            FoundKind.DISPUTE,
            one.id,
            _written(one.money),
            one.provider_id,
            one.status,
            one.created_at,
        )
        for (one,) in await _rows(session, select(Dispute), Dispute.id, conditions)
    ]


async def _messages(session: AsyncSession, asked: _Asked) -> list[Found]:
    conditions = [
        *_by_id(OutboxMessage.id, asked),
        *_by_id(OutboxMessage.user_id, asked),
        *_by_id(OutboxMessage.subject_id, asked),
    ]
    return [
        Found(FoundKind.MESSAGE, one.id, one.kind, one.channel, one.state, one.created_at)
        for (one,) in await _rows(session, select(OutboxMessage), OutboxMessage.id, conditions)
    ]


_LOOKS: Final[dict[FoundKind, Callable[[AsyncSession, _Asked], Any]]] = {
    FoundKind.WORKER: _workers,
    FoundKind.EMPLOYER: _employers,
    FoundKind.JOB: _jobs,
    FoundKind.LEAD: _leads,
    FoundKind.ORDER: _orders,
    FoundKind.PAYMENT: _payments,
    FoundKind.INVOICE: _invoices,
    FoundKind.REFUND: _refunds,
    FoundKind.DISPUTE: _disputes,
    FoundKind.MESSAGE: _messages,
}
