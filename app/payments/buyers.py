"""The employer who buys: what a purchase has to know of them, read once."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, Uuid, bindparam, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.database.statements import table
from app.employers.models import Employer
from app.employers.phones import Caller, caller_of
from app.identity.actor import Actor
from app.identity.models import Role, TeamMember, User, UserStatus
from app.payments import ledger
from app.payments.disputes import DisputeOpen
from app.payments.models import Dispute
from app.payments.rules import DisputeStatus
from app.payments.team_spending import MEMBER_COLUMNS, TeamBuyer


@dataclass(frozen=True, slots=True)
class Buyer:
    """An employer as they are now."""

    id: UUID
    status: UserStatus
    disputed: bool
    """A bank decides about one of their payments."""
    since: dt.datetime
    phone_proven: bool | None
    """Whether the account's phone was proven to be theirs; None where it names none."""
    caller: Caller | None
    """Who will call the workers, and from which number; None without a proven phone."""
    member_id: UUID | None = None
    """Who of the company's team buys, for the log; None where nobody noted it."""
    member: TeamBuyer | None = None
    """What this member may do and spend; None where nobody noted it, or who has no part in any team."""
    balance: int = 0
    """What is in their balance in the currency that was asked for, in minor units."""

    @property
    def person(self) -> Actor | None:
        """Who buys, as the log names them."""
        if self.member_id is None:
            return None
        return Actor(self.member_id, Role.EMPLOYER, self.status, "", company_id=self.id)

    @property
    def refusal(self) -> str | None:
        """Why their money buys nothing now: the account's status or an open dispute; None if it does."""
        if self.status is not UserStatus.ACTIVE:
            return f"account_{self.status}"
        return DisputeOpen.code if self.disputed else None


# By names of their own: a query that joins the buyer may be about other people as well.
BUYERS: Final = table(User).alias("buyers")
COMPANIES: Final = table(Employer).alias("companies")
_USER, _EMPLOYER, _DISPUTE = BUYERS.c, COMPANIES.c, table(Dispute).c
_COLUMNS: Final = (
    _USER.id.label("buyer_id"),
    _USER.status.label("buyer_status"),
    _USER.name.label("buyer_name"),
    _USER.phone_sealed,
    _USER.phone_index,
    _EMPLOYER.proven_phone_index,
    _EMPLOYER.created_at.label("since"),
    exists()
    .where(_DISPUTE.employer_id == _USER.id, _DISPUTE.status == DisputeStatus.OPENED)
    .label("disputed"),
    ledger.sum_of(bindparam("account_id", type_=Uuid())).label("balance"),
    *MEMBER_COLUMNS,
)


def with_buyer(query: Select[Any], employer_id: ColumnElement[UUID]) -> Select[Any]:
    """Return a query that also reads the employer of each row, for `buyer_of`; `asked_of` says what it binds."""
    team = table(TeamMember).c
    return (
        query.add_columns(*_COLUMNS)
        .join(BUYERS, _USER.id == employer_id)
        .join(COMPANIES, _EMPLOYER.id == _USER.id)
        .outerjoin(table(TeamMember), team.user_id == bindparam("member_id", type_=Uuid()))
    )


def asked_of(employer_id: UUID, member_id: UUID | None, currency: str | None) -> dict[str, Any]:
    """Return the values that `with_buyer` binds: who of the team buys, and whose balance is summed."""
    account = ledger.balance_account(employer_id, currency) if currency else None
    return {"member_id": member_id, "account_id": account}


_ID: Final = bindparam("employer_id", type_=Uuid())
_BUYER: Final = (
    select(*_COLUMNS)
    .select_from(BUYERS)
    .join(COMPANIES, _EMPLOYER.id == _USER.id)
    .outerjoin(
        table(TeamMember), table(TeamMember).c.user_id == bindparam("member_id", type_=Uuid())
    )
    .where(_USER.id == _ID)
)


async def get_buyer(
    session: AsyncSession, employer_id: UUID, member_id: UUID | None = None
) -> Buyer:
    """Return the employer, with whoever of their team buys.

    Who has to rely on it until the commit has locked their row before.
    """
    asked = {"employer_id": employer_id, **asked_of(employer_id, member_id, None)}
    return buyer_of(session, (await session.execute(_BUYER, asked)).one(), member_id)


def buyer_of(session: AsyncSession, row: Row[*tuple[Any, ...]], member_id: UUID | None) -> Buyer:
    """Return the employer of a row that `with_buyer` has read.

    Who has to rely on it until the commit has locked their row before, and for the balance its account.
    """
    proven = None if row.phone_index is None else row.phone_index == row.proven_phone_index
    return Buyer(
        id=row.buyer_id,
        status=UserStatus(row.buyer_status),
        disputed=row.disputed,
        since=row.since,
        phone_proven=proven,
        caller=caller_of(session, row.buyer_name, row.phone_sealed) if proven else None,
        member_id=member_id,
        member=TeamBuyer.of(row),
        balance=-int(row.balance or 0),
    )
