"""Identifiers that two accounts share (phone, mailbox, company, address, tax number), as keyed hashes.

A suspended fraud comes back under another name with the same phone or address; so does an honest company
with two branches. Administrators are shown shared identifiers; nothing is refused.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.database.session import keyring
from app.employers.models import Employer, SharedIdentifier
from app.identity import users
from app.identity.models import User
from app.masking.deobfuscation import fold, words

ADDRESS: Final = "street address"
"""The sealing context of a street address."""
_HOSTS_IGNORING_DOTS: Final = frozenset({"gmail.com", "googlemail.com"})
_MOST_SHOWN: Final = 50
_MIN_CHARACTERS: Final = 4
"""Shorter companies and addresses identify nobody."""


@dataclass(frozen=True, slots=True)
class AccountInCommon:
    """Another account, and the kind of identifier it shares."""

    kind: str
    employer_id: UUID
    status: str
    created_at: dt.datetime


async def refresh(session: AsyncSession, user: User, employer: Employer) -> None:
    """Replace an employer's stored identifiers by the current ones."""
    await session.execute(delete(SharedIdentifier).where(SharedIdentifier.user_id == user.id))
    rows = [
        {"user_id": user.id, "kind": kind, "mark": mark}
        for kind, mark in list_marks(session, user, employer)
    ]
    if rows:
        await session.execute(insert(SharedIdentifier), rows)


def list_marks(session: AsyncSession, user: User, employer: Employer) -> list[tuple[str, str]]:
    """Return an employer's current identifiers: each one's kind and keyed hash."""
    keys = keyring(session)
    marks = [
        (kind, keys.index(value, f"mark:{kind}"))
        for kind, value in _identifiers(session, user, employer)
    ]
    if user.phone_index is not None:
        marks.append(("phone", user.phone_index))
    return marks


def _identifiers(
    session: AsyncSession, user: User, employer: Employer
) -> Iterator[tuple[str, str]]:
    if email := users.email_of(session, user):
        yield "mailbox", mailbox(email)
    address = address_of(session, employer)
    for kind, text in (
        ("company", employer.company_name),
        ("address", f"{address} {employer.city or ''}" if address else ""),
        ("tax_id", employer.tax_id or ""),
    ):
        plain = words(fold(text)).replace(" ", "").replace(",", "")
        if len(plain) >= _MIN_CHARACTERS:
            yield kind, plain


def address_of(session: AsyncSession, employer: Employer) -> str | None:
    """Return a company's street address, or None."""
    return keyring(session).reveal(employer.address_sealed, ADDRESS, employer.address)


def mailbox(email: str) -> str:
    """Return the mailbox of an address: without "+anything", and without Gmail's dots."""
    name, _, host = email.lower().rpartition("@")
    name = name.partition("+")[0]
    return f"{name.replace('.', '') if host in _HOSTS_IGNORING_DOTS else name}@{host}"


async def list_accounts_in_common(
    session: AsyncSession, user_id: UUID
) -> Sequence[AccountInCommon]:
    """Return the accounts that share an identifier with this one, oldest first."""
    mine, theirs = aliased(SharedIdentifier), aliased(SharedIdentifier)
    query = (
        select(theirs.kind, User.id, User.status, User.created_at)
        .join(mine, (mine.kind == theirs.kind) & (mine.mark == theirs.mark))
        .join(User, User.id == theirs.user_id)
        .where(mine.user_id == user_id, theirs.user_id != user_id)
        .order_by(User.created_at, User.id, theirs.kind)
        .limit(_MOST_SHOWN)
    )
    return [AccountInCommon(*row) for row in await session.execute(query)]


def has_identifier_in_common() -> ColumnElement[bool]:
    """Return the condition that an employer shares an identifier with another account."""
    mine, theirs = aliased(SharedIdentifier), aliased(SharedIdentifier)
    return (
        select(mine.user_id)
        .join(theirs, (mine.kind == theirs.kind) & (mine.mark == theirs.mark))
        .where(mine.user_id == Employer.id, theirs.user_id != mine.user_id)
        .exists()
    )
