"""One search over people, companies, jobs, leads, money and messages, for administrators.

Ids, providers' ids, invoice numbers, phones and mailboxes are found whole, by an index; names and titles by any part
of them. Nothing sealed is opened: a phone or mailbox is looked for by its keyed index.
"""

import datetime as dt
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.money import Money, exponent
from app.core.phones import parse_phone
from app.database.session import keyring
from app.database.statements import past_index
from app.employers import members
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
    """Whether the phone or mailbox, of a company's team too, was asked for: that tells whose it is."""


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
    conditions = _by_id(asked, User.id) + _part_of(asked.text, User.name)
    query = select(User, User.name)
    return await _people(session, Role.WORKER, query, conditions, asked.contact)


async def _employers(session: AsyncSession, asked: _Asked) -> list[Found]:
    """Find companies, also by the id, phone or mailbox of somebody in their team."""
    query = select(User, Employer.company_name).join(Employer, Employer.id == User.id)
    conditions = _part_of(asked.text, Employer.company_name, User.name)
    if asked.text:
        conditions.append(Employer.tax_id == asked.text.upper())
    if asked.id is not None:
        conditions.append(User.id.in_(members.companies_of(User.id == asked.id)))
    contact = None
    if asked.contact is not None:
        contact = User.id.in_(members.companies_of(asked.contact))
    return await _people(session, Role.EMPLOYER, query, conditions, contact)


async def _people(
    session: AsyncSession,
    role: Role,
    query: Select[*tuple[Any, ...]],
    conditions: list[ColumnElement[bool]],
    contact: ColumnElement[bool] | None,
) -> list[Found]:
    mine = query.where(User.role == role)
    # Of workers, who are nearly all accounts, the newest are looked at until there are enough.
    walked = query.where(past_index(session, User.role) == role) if role is Role.WORKER else mine
    rows = await _rows(session, walked, User.id, conditions)
    known = {row[0].id for row in rows}
    by_contact = [] if contact is None else await _rows(session, mine, User.id, [contact])
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


def _by_id(asked: _Asked, *columns: Any) -> list[ColumnElement[bool]]:
    return [] if asked.id is None else [column == asked.id for column in columns]


@dataclass(frozen=True)
class _Look:
    """How one kind is found: its query, by which ids, by what else, and how a row is shown."""

    query: Select[*tuple[Any, ...]]
    ids: tuple[Any, ...]
    """The columns that an id may stand in; the first one is its own."""
    shown: Callable[..., Found]
    """Takes the columns of a row."""
    named: Callable[[_Asked], list[ColumnElement[bool]]] = lambda _asked: []

    async def find(self, session: AsyncSession, asked: _Asked) -> list[Found]:
        """Return what is found, newest first."""
        conditions = _by_id(asked, *self.ids) + self.named(asked)
        rows = await _rows(session, self.query, self.ids[0], conditions)
        return [self.shown(*row) for row in rows]


def _at_provider(asked: _Asked) -> list[ColumnElement[bool]]:
    attempts = select(PaymentAttempt.order_id).where(
        or_(PaymentAttempt.intent_id == asked.text, PaymentAttempt.session_id == asked.text)
    )
    return [Order.id.in_(attempts)]


def _captured(asked: _Asked) -> list[ColumnElement[bool]]:
    attempts = select(PaymentAttempt.id).where(PaymentAttempt.intent_id == asked.text)
    return [Payment.captured_by.in_(attempts)]


def _returned(kind: FoundKind) -> Callable[[Any], Found]:
    """Return how money on its way back is shown."""
    return lambda one: Found(
        kind, one.id, _written(one.money), one.provider_id, one.status, one.created_at
    )


_LOOKS: Final[dict[FoundKind, Callable[[AsyncSession, _Asked], Awaitable[list[Found]]]]] = {
    FoundKind.WORKER: _workers,
    FoundKind.EMPLOYER: _employers,
    FoundKind.JOB: _Look(
        select(Job, Employer.company_name).join(Employer, Employer.id == Job.employer_id),
        (Job.id, Job.employer_id),
        lambda job, company: Found(
            FoundKind.JOB, job.id, job.title, company, job.status, job.created_at
        ),
        lambda asked: _part_of(asked.text, Job.title),
    ).find,
    FoundKind.LEAD: _Look(
        select(JobMatch, Job.title, Employer.company_name)
        .join(Job, Job.id == JobMatch.job_id)
        .join(Employer, Employer.id == JobMatch.employer_id),
        (JobMatch.id,),
        lambda match, title, company: Found(
            FoundKind.LEAD, match.id, title, company, match.status, match.offered_at
        ),
    ).find,
    FoundKind.ORDER: _Look(
        select(Order, Employer.company_name).join(Employer, Employer.id == Order.employer_id),
        (Order.id, Order.employer_id),
        lambda order, company: Found(
            FoundKind.ORDER,
            order.id,
            company,
            _written(order.price),
            order.status,
            order.created_at,
        ),
        _at_provider,
    ).find,
    FoundKind.PAYMENT: _Look(
        select(Payment, Job.title, Employer.company_name)
        .join(JobMatch, JobMatch.id == Payment.match_id)
        .join(Job, Job.id == JobMatch.job_id)
        .join(Employer, Employer.id == Payment.employer_id),
        (Payment.id, Payment.match_id, Payment.order_id, Payment.employer_id),
        lambda one, title, company: Found(
            FoundKind.PAYMENT, one.id, company, title, one.status, one.created_at
        ),
        _captured,
    ).find,
    FoundKind.INVOICE: _Look(
        select(Invoice),
        (Invoice.id, Invoice.order_id, Invoice.employer_id),
        lambda one: Found(
            FoundKind.INVOICE,
            one.id,
            one.number,
            one.snapshot["buyer"]["name"],
            one.kind,
            one.issued_at,
        ),
        lambda asked: [Invoice.number == asked.text.upper()],
    ).find,
    FoundKind.REFUND: _Look(
        select(Refund),
        (Refund.id, Refund.payment_id, Refund.order_id),
        _returned(FoundKind.REFUND),
        lambda asked: [Refund.provider_id == asked.text],
    ).find,
    FoundKind.DISPUTE: _Look(
        select(Dispute),
        (Dispute.id, Dispute.payment_id, Dispute.order_id, Dispute.employer_id),
        _returned(FoundKind.DISPUTE),
        lambda asked: [Dispute.provider_id == asked.text],
    ).find,
    FoundKind.MESSAGE: _Look(
        select(OutboxMessage),
        (OutboxMessage.id, OutboxMessage.user_id, OutboxMessage.subject_id),
        lambda one: Found(
            FoundKind.MESSAGE, one.id, one.kind, one.channel, one.state, one.created_at
        ),
    ).find,
}
