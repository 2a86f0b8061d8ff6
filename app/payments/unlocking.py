"""Unlock what was paid: the rows that reveal contacts, and the messages that bring them.

The caller has locked the jobs, has booked the money, and invoices it afterwards.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.core.ids import new_id
from app.database.statements import NewRows, table, write_together
from app.messaging.outbox.enqueue import notify_many, recipients
from app.messaging.outbox.notice import Notice
from app.offers.job_lock import LockedJob
from app.offers.mark_unlocked import SoldLead, sell
from app.offers.rules import AlreadyUnlocked, MatchNotAccepted
from app.payments import unlock_limits
from app.payments.buyers import Buyer
from app.payments.contacts import Contact, contact_with_language
from app.payments.first_message import hello_url
from app.payments.models import Payment, Unlock

_NEW_UNLOCKS: Final = insert(table(Unlock))


async def unlock_paid(
    session: AsyncSession,
    buyer: Buyer,
    payments: Sequence[Payment],
    jobs: Mapping[UUID, LockedJob],
    now: dt.datetime,
) -> list[tuple[Payment, str | None]]:
    """Unlock what was paid; return each payment with why it bought nothing, None where it did.

    The employer may not buy, or the lead is gone or already bought.
    """
    if (closed := buyer.refusal) is not None:
        return [(payment, closed) for payment in payments]
    results: list[tuple[Payment, str | None]] = []
    sold = []
    for payment in payments:
        why = None
        try:
            sold.append(await sell_paid(session, buyer, payment, jobs, now))
        except (MatchNotAccepted, AlreadyUnlocked) as refusal:
            why = refusal.reason
        results.append((payment, why))
    await unlock(session, buyer, sold, now)
    return results


async def sell_paid(
    session: AsyncSession,
    buyer: Buyer,
    payment: Payment,
    jobs: Mapping[UUID, LockedJob],
    now: dt.datetime,
) -> tuple[Payment, SoldLead]:
    """Sell the lead that was paid. Raises `MatchNotAccepted` or `AlreadyUnlocked`."""
    match_id = payment.match_id
    return payment, await sell(session, match_id, jobs[match_id], buyer.caller, now)


async def unlock(
    session: AsyncSession,
    buyer: Buyer,
    sold: Sequence[tuple[Payment, SoldLead]],
    now: dt.datetime,
) -> None:
    """Write what reveals the contacts of leads that were sold, and send them and the workers their messages."""
    if not sold:
        return
    workers = {lead.worker_id for _, lead in sold}
    await unlock_limits.note(session, buyer.id, buyer.since, workers, now)
    people = await recipients(session, {buyer.id, *workers}, {buyer.id})
    unlocks = [
        {
            "id": new_id(),
            "employer_id": payment.employer_id,
            "match_id": lead.match_id,
            "worker_id": lead.worker_id,
            "payment_id": payment.id,
            "unlocked_at": now,
        }
        for payment, lead in sold
    ]
    await write_together(session, NewRows(_NEW_UNLOCKS, unlocks))
    notices = []
    for payment, lead in sold:
        contact, language = contact_with_language(session, people.get(lead.worker_id))
        notices += [lead.notice, *_with_contact(buyer, payment, lead, contact, language)]
        audit.record(
            session,
            "lead.unlock",
            lead.match_id,
            buyer.person,
            now,
            after={"payment_id": str(payment.id), "employer_id": str(payment.employer_id)},
        )
    await notify_many(session, notices, now, known=people)


def _with_contact(
    buyer: Buyer, payment: Payment, lead: SoldLead, contact: Contact, language: str
) -> list[Notice]:
    """Return the contact to the employer's phone if it is proven to be theirs, else to the mailbox.

    An account may name a stranger's phone by a slip: that one only hears where the contact is.
    """
    hello = None
    if contact.phone is not None:
        hello = hello_url(
            contact.phone,
            language,
            name=contact.name or "",
            company=lead.job.company,
            title=lead.job.title,
        )
    params = {
        "match_id": str(lead.match_id),
        "title": lead.job.title,
        "name": contact.name,
        "phone": contact.phone,
        "hello": hello,
        "price": {"amount": payment.amount, "currency": payment.currency},
    }
    key, about = str(payment.id), lead.match_id
    notices = [
        Notice(
            buyer.id,
            "lead_unlocked",
            params,
            key,
            about,
            to_mailbox=not buyer.phone_proven,
            theirs=(lead.job.posted_by, buyer.member_id),
        )
    ]
    if buyer.phone_proven is False:
        title = {"title": lead.job.title}
        notices.append(Notice(buyer.id, "lead_in_mailbox", title, key, about))
    return notices
