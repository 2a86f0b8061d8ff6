"""The employer who buys: what a purchase has to know of them, read once."""

import datetime as dt
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import Uuid, bindparam, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

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


_BUYER: Final = (
    select(
        User.id,
        User.status,
        User.name,
        User.phone_sealed,
        User.phone_index,
        Employer.proven_phone_index,
        Employer.created_at,
        exists()
        .where(Dispute.employer_id == User.id, Dispute.status == DisputeStatus.OPENED)
        .label("disputed"),
        ledger.sum_of(bindparam("account_id", type_=Uuid())).label("balance"),
        *MEMBER_COLUMNS,
    )
    .join(Employer, Employer.id == User.id)
    .join(TeamMember, TeamMember.user_id == bindparam("member_id", type_=Uuid()), isouter=True)
    .where(User.id == bindparam("employer_id"))
)


async def get_buyer(
    session: AsyncSession,
    employer_id: UUID,
    member_id: UUID | None = None,
    *,
    currency: str | None = None,
) -> Buyer:
    """Return the employer, with whoever of their team buys, and their balance in a currency.

    Who has to rely on it until the commit has locked their row before, and for the balance its account.
    """
    account = ledger.balance_account(employer_id, currency) if currency else None
    asked = {"employer_id": employer_id, "member_id": member_id, "account_id": account}
    row = (await session.execute(_BUYER, asked)).one()
    proven = None if row.phone_index is None else row.phone_index == row.proven_phone_index
    return Buyer(
        id=row.id,
        status=UserStatus(row.status),
        disputed=row.disputed,
        since=row.created_at,
        phone_proven=proven,
        caller=caller_of(session, row.name, row.phone_sealed) if proven else None,
        member_id=member_id,
        member=TeamBuyer.of(row),
        balance=-int(row.balance or 0),
    )
