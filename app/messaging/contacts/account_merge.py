"""Which of two workers' accounts stays when a phone and a platform id prove to be one person's.

The claim to an account, from weakest to strongest:

- *unproven*: pending, without consent in the chat. Anybody may have typed the phone on the web, or the person
  writing has not consented yet.
- *consented*: pending with consent in the chat, because the platform hid the phone from us.
- *proven*: active or suspended. Somebody proved a phone for it.

| one, the other | none or erased | unproven           | consented          | proven         |
|----------------|----------------|--------------------|--------------------|----------------|
| none or erased | none           | unproven           | consented          | proven         |
| unproven       | unproven       | the last talked to | consented          | proven         |
| consented      | consented      | consented          | the last talked to | proven         |
| proven         | proven         | proven             | proven             | both, an alert |

The account that stays gets the phone and the platform id; a consented one becomes active with the phone. The
other loses both, so that no one can sign in to it, and retention deletes it. Where both stay nothing moves:
a message belongs to the account of its phone, else to that of its platform id.
"""

import datetime as dt
from enum import IntEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.core.logging import logger
from app.core.metrics import ALERTS
from app.identity import codes
from app.identity.models import Consent, User, UserStatus


class AccountClaim(IntEnum):
    """How strong the claim to an account is."""

    ERASED = 0
    UNPROVEN = 1
    CONSENTED = 2
    PROVEN = 3


async def surviving_account(
    session: AsyncSession, channel: str, one: UUID, other: UUID, now: dt.datetime
) -> UUID | None:
    """Return which of two accounts of one person stays; the other loses its phone and id.

    Of two equal claims it is `one`. Returns None, and changes nothing, where both are proven.
    """
    first, second = [await _claim_of(session, channel, each) for each in (one, other)]
    stays, goes, claim = (one, other, second) if first >= second else (other, one, first)
    if claim is AccountClaim.ERASED or await _release_names(session, goes, now):
        return stays
    return None


async def has_consent(session: AsyncSession, channel: str, user_id: UUID) -> bool:
    """Whether the worker consented on this channel; data typed elsewhere about a phone may not be theirs."""
    query = select(Consent.id).where(
        Consent.user_id == user_id, Consent.channel == channel, Consent.withdrawn_at.is_(None)
    )
    return await session.scalar(query.limit(1)) is not None


async def alert_two_accounts(
    session: AsyncSession, user_id: UUID, other_id: UUID, now: dt.datetime
) -> None:
    """Raise an alert: a person's phone or id belongs to another proven account.

    An administrator has to find out which is theirs. It is recorded once, by the ids of the accounts.
    """
    if await audit.record_once(
        session, "worker.two_accounts", user_id, now, after={"other_account": str(other_id)}
    ):
        ALERTS.labels("two_accounts").inc()
        logger().error("two_accounts_of_one_person", user_id=str(user_id))


async def _claim_of(session: AsyncSession, channel: str, user_id: UUID) -> AccountClaim:
    status = await session.scalar(select(User.status).where(User.id == user_id))
    if status in {None, UserStatus.ERASED}:
        return AccountClaim.ERASED
    if status != UserStatus.PENDING:
        return AccountClaim.PROVEN
    return (
        AccountClaim.CONSENTED
        if await has_consent(session, channel, user_id)
        else AccountClaim.UNPROVEN
    )


async def _release_names(session: AsyncSession, user_id: UUID, now: dt.datetime) -> bool:
    """Remove phone and id from a pending account; False where it is proven.

    Such an account begins when a person writes from a new number before the platform reports the move, or
    when anybody types that number. Neither may cost the person their account.
    """
    query = select(User).where(User.id == user_id, User.status == UserStatus.PENDING)
    pending = await session.scalar(query.with_for_update())
    if pending is None:
        return False
    if pending.phone_index is not None:
        # A code sent for this account would sign in to the other one.
        await codes.revoke(session, pending.phone_index, now=now)
    pending.phone_index = pending.phone_sealed = pending.chat_user_id = None
    pending.updated_at = now
    # The unique columns must be free before the other account takes them.
    await session.flush()
    return True
