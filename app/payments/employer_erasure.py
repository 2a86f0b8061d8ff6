"""Erasing an employer: a tombstone stays, nothing personal does, and the books stay as the law wants them.

Invoices, orders, payments and the ledger are kept under an id that names nobody (docs/payments.md says how long);
names, mailbox, phones, addresses, texts of jobs and the chat are emptied. The provider's customer is deleted by a loop
(`forget_customers`), for which the tombstone keeps its id until then.
"""

import datetime as dt
import hashlib
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.audit import log
from app.core.errors import Conflict
from app.core.money import Money
from app.employers import phones, team
from app.employers.models import BlockByEmployer, Employer, SharedIdentifier
from app.identity import users
from app.identity.actor import Actor
from app.jobs.models import Job, JobStatus, JobTemplate
from app.jobs.rules import JobAction, JobCancelled, JobExpired, JobFilled
from app.offers import closing
from app.offers.job_lock import lock_jobs
from app.payments import disputes, erasure, ledger, orders
from app.payments.models import KeptCard, LedgerAccount, Order, Refund
from app.payments.rules import ON_THE_WAY, AccountType, PaymentStatus, RefundStatus
from app.privacy.erase import erase_chats, erase_messages, take_out_of_team

_GRID_PER_DEGREE = 200
"""Where people live is kept on a grid of 0.005 degrees; a job may have been at somebody's home."""


class BalanceLeft(Conflict):
    """The employer's own money is still here."""

    code = "balance_left"
    detail = (
        "There is money in your balance, and it stays yours. Spend it, or have it paid back to where it came from; "
        "then your account can be erased. You may also give up what can't be paid back."
    )
    remedy = "Have it paid back, or send it again with `give_up_balance=true`."


class MoneyOnItsWay(Conflict):
    """A payment, or money of the balance that is paid back, is not confirmed yet."""

    code = "money_on_its_way"
    detail = (
        "Money of yours is on its way, and is being confirmed. Once it is, or has failed, your account can be "
        "erased; nothing was changed."
    )


class ErasureChanged(Conflict):
    """What would go is no longer what was asked for: another owner left or joined, or the balance changed."""

    code = "erasure_changed"
    detail = (
        "What goes with your account has changed since you were asked: another owner left or joined, or the balance "
        "is another. Nothing was changed."
    )
    remedy = "Look at what goes now, and send it again."


@dataclass(frozen=True, slots=True)
class Ending:
    """What ends with somebody's account, as it stands now: what they are asked about."""

    employer_id: UUID
    company_goes: bool
    """Whether the company goes with its last owner; anybody else leaves its team."""
    balances: Sequence[Money]
    """What is in the balance of a company that goes."""

    @property
    def token(self) -> str:
        """A short name of exactly this: a yes counts for what was asked, only."""
        amounts = sorted((money.currency, money.amount) for money in self.balances)
        plain = repr((str(self.employer_id), self.company_goes, amounts)).encode()
        return hashlib.sha256(plain).hexdigest()[:12]


async def ending_of(session: AsyncSession, actor: Actor) -> Ending:
    """Return what would end with the account of somebody who acts for a company."""
    goes = await team.is_last_owner(session, actor)
    there = await ledger.balances_of(session, actor.employer_id) if goes else ()
    return Ending(actor.employer_id, goes, tuple(there))


@dataclass(frozen=True, slots=True)
class ErasedAccount:
    """Who is gone with an account."""

    users: Sequence[UUID]
    """Whose sessions end; the caller removes those in Redis (`SessionStore.end_all`)."""
    persons: Collection[UUID]
    """People of the chat (`messaging.models.ChatPerson`) of whom nothing is known any more."""
    company_went: bool
    """Whether the company went; otherwise somebody left its team."""


async def erase_account(
    session: AsyncSession,
    actor: Actor,
    *,
    now: dt.datetime,
    gives_up_balance: bool = False,
    asked: str | None = None,
) -> ErasedAccount:
    """Erase the account of somebody who acts for a company: the company with its last owner; others leave its team.

    `asked` is the token of the `Ending` that was confirmed. Raises `ErasureChanged` where another would come about,
    also where that shows only under the company's lock, and as `erase_employer`.
    """
    ending = await ending_of(session, actor)
    if asked is not None and asked != ending.token:
        raise ErasureChanged
    if ending.company_goes:
        return await erase_employer(
            session,
            actor.employer_id,
            actor,
            now=now,
            gives_up_balance=gives_up_balance,
            confirmed=ending,
        )
    persons = await take_out_of_team(session, actor, actor.user_id, keeps_name=False, now=now)
    return ErasedAccount([actor.user_id], persons, company_went=False)


async def erase_employer(
    session: AsyncSession,
    employer_id: UUID,
    actor: Actor,
    *,
    now: dt.datetime,
    gives_up_balance: bool = False,
    confirmed: Ending | None = None,
) -> ErasedAccount:
    """Turn an employer into a tombstone, and its team with it.

    What was bought is no longer shown to anybody.

    With `gives_up_balance` what is in the balance is no obstacle: it stays in the books as what we owe. `confirmed` is
    what the actor agreed to: it is looked at again under the company's lock, and `ErasureChanged` raised if it differs.

    Drafts and published jobs are cancelled: their open offers close, and the workers are told once. Pages that
    could be paid are closed; what is paid on one all the same goes back. Sessions are dead from this commit on. Raises `BalanceLeft`, `DisputeOpen`, `MoneyOnItsWay`, and
    `NotFound` for an account that was erased before; nothing is changed then.
    """
    # In the lock order of every transaction: jobs and offers, the employer, orders, the balance, the log last.
    await _cancel_jobs(session, employer_id, actor, now)
    await _require_settled(session, employer_id, gives_up_balance=gives_up_balance)
    if confirmed is not None and await ending_of(session, actor) != confirmed:
        raise ErasureChanged
    await orders.close_of(session, employer_id, now)
    everybody = [one.user.id for one in await team.list_members(session, employer_id)]
    chats = await phones.list_proven(session, [employer_id, *everybody])
    await _forget_profile(session, employer_id, now)
    members = await team.erase_team(session, employer_id, now=now)
    forgotten = await erasure.forget_words_of(session, employer_id)
    everybody = [employer_id, *members]
    for user_id in everybody:
        await erase_messages(session, user_id, now)
    owners = [str(user_id) for user_id in everybody]
    await users.erase(session, employer_id, now=now)
    persons = await erase_chats(session, chats, now)
    await log.erase_words(session, [*owners, *map(str, forgotten)], employer_id)
    audit.record(session, "employer.erase", employer_id, actor, now, after={"status": "erased"})
    return ErasedAccount(everybody, persons, company_went=True)


async def _cancel_jobs(
    session: AsyncSession, employer_id: UUID, actor: Actor, now: dt.datetime
) -> None:
    alive = Job.status.in_([JobStatus.DRAFT, JobStatus.PUBLISHED])
    mine = select(Job.id).where(Job.employer_id == employer_id, alive)
    # All at once, in the order of everybody: one after the other could wait in a circle.
    for job_id in await lock_jobs(session, (await session.scalars(mine)).all()):
        with suppress(JobCancelled, JobExpired, JobFilled):  # a moment ago
            await closing.close_job(session, job_id, JobAction.CANCEL, actor, now)


async def _require_settled(
    session: AsyncSession, employer_id: UUID, *, gives_up_balance: bool
) -> None:
    """Lock the employer's row, and raise if money is theirs, or is being decided about."""
    row = select(Employer.id).where(Employer.id == employer_id)
    await session.scalar(row.with_for_update(key_share=True))
    if await disputes.has_open(session, employer_id):
        raise disputes.DisputeOpen
    paying = select(Order.id).where(
        Order.employer_id == employer_id, Order.status == PaymentStatus.PROCESSING
    )
    paid_back = (
        select(Refund.id)
        .join(Order, Order.id == Refund.order_id)
        .where(
            Order.employer_id == employer_id,
            Refund.status.in_(ON_THE_WAY - {RefundStatus.SUCCEEDED}),
        )
    )
    for on_its_way in (paying, paid_back):
        if await session.scalar(on_its_way.limit(1)) is not None:
            raise MoneyOnItsWay
    if gives_up_balance:
        return
    balances = select(LedgerAccount.currency).where(
        LedgerAccount.owner_id == employer_id,
        LedgerAccount.type == AccountType.EMPLOYER_BALANCE.value,
    )
    for currency in sorted(await session.scalars(balances)):
        if await ledger.lock_balance(session, employer_id, currency) > 0:
            raise BalanceLeft


async def _forget_profile(session: AsyncSession, employer_id: UUID, now: dt.datetime) -> None:
    await session.execute(
        update(Employer)
        .where(Employer.id == employer_id)
        .values(
            company_name=users.ERASED_NAME,
            address=None,
            address_sealed=None,
            city=None,
            latitude=None,
            longitude=None,
            tax_id=None,
            verified_at=None,
            proven_phone_index=None,
            opened_by_phone_index=None,
            updated_at=now,
        )
        .execution_options(synchronize_session=False)
    )
    await session.execute(delete(KeptCard).where(KeptCard.employer_id == employer_id))
    await session.execute(delete(SharedIdentifier).where(SharedIdentifier.user_id == employer_id))
    await session.execute(delete(JobTemplate).where(JobTemplate.employer_id == employer_id))
    await session.execute(delete(BlockByEmployer).where(BlockByEmployer.employer_id == employer_id))
    await session.execute(
        update(Job)
        .where(Job.employer_id == employer_id)
        .values(
            description="",
            address=None,
            address_sealed=None,
            latitude=func.round(Job.latitude * _GRID_PER_DEGREE) / _GRID_PER_DEGREE,
            longitude=func.round(Job.longitude * _GRID_PER_DEGREE) / _GRID_PER_DEGREE,
            review_findings=[],
            review_note=None,
            updated_at=now,
        )
        .execution_options(synchronize_session=False)
    )
