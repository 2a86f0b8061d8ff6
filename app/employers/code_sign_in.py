"""Employers sign in by a code that comes by WhatsApp to their proven phone, as workers do.

An account that only names a phone gets no code: whoever holds the phone may be a stranger to it. One code
proves the phone, so it is good for the worker's account of that phone and for the company's alike.
"""

import datetime as dt
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Conflict
from app.database.session import keyring
from app.employers import phones
from app.employers.phones import PhoneAccount
from app.employers.profile import EmployerNotFound
from app.identity import codes, second_factor, sign_in, users
from app.identity.codes import ChatCodesExhausted, CodeRecipient
from app.identity.sessions import SessionStore
from app.identity.sign_in import InvalidCredentials, SignedIn
from app.messaging.outbox import enqueue


class SeveralAccounts(Conflict):
    """The phone is proven for several companies; `accounts` lists them. The code is still good."""

    code = "several_accounts"
    detail = "This phone belongs to several companies: choose one."
    remedy = "Send the same code again with `employer_id`, one of the ids in `accounts`."

    def __init__(self, accounts: list[PhoneAccount]) -> None:
        super().__init__(
            accounts=[
                {"id": str(account.id), "company_name": account.company} for account in accounts
            ]
        )


async def find_recipient(session: AsyncSession, phone: str) -> CodeRecipient | None:
    """Return the employer to whom a code goes that is asked for by this phone (E.164), or None."""
    proven = await _proven(session, users.index_of_phone(keyring(session), phone))
    return CodeRecipient(proven[0].user_id, proven[0].language) if proven else None


async def send_code_in_chat(
    session: AsyncSession, employer_id: UUID, phone_index: str, language: str, *, now: dt.datetime
) -> None:
    """Send a code that an employer asked for from their own phone. Raises `ChatCodesExhausted`.

    Raises `EmployerNotFound` where the phone is not proven for the account.
    """
    proven = await _proven(session, phone_index)
    account = next((each for each in proven if each.id == employer_id), None)
    if account is None:
        raise EmployerNotFound
    user = await users.get_user(session, account.user_id)
    challenge = await codes.issue_in_chat(session, phone_index, now=now)
    if challenge is None:
        raise ChatCodesExhausted
    await enqueue.send_code(
        session,
        phone=users.phone_of(session, user),
        user_id=user.id,
        code=challenge.code,
        language=language,
        key=str(challenge.id),
        now=now,
        expires_at=challenge.expires_at,
    )


async def with_code(
    session: AsyncSession,
    sessions: SessionStore,
    phone: str,
    code: str,
    *,
    now: dt.datetime,
    employer_id: UUID | None = None,
    totp_code: str | None = None,
    address: str | None = None,
) -> SignedIn:
    """Sign an employer in by a proven phone (E.164) and a code, typed at `address`.

    A second factor is asked for as with a password. Raises `InvalidCredentials`, `SeveralAccounts` (the
    code is still good then), `AccountSuspended` and `SessionsDown`.
    """
    subject = users.index_of_phone(keyring(session), phone)
    if not await codes.redeem(session, subject, code, now=now, address=address):
        raise InvalidCredentials
    proven = await _proven(session, subject)
    if employer_id is not None:
        proven = [account for account in proven if account.id == employer_id]
    if not proven:
        raise InvalidCredentials
    if len(proven) > 1:
        raise SeveralAccounts(proven)
    user = await users.get_user(session, proven[0].user_id)
    if not await second_factor.verify(session, user, subject, totp_code, now=now):
        raise InvalidCredentials
    return await sign_in.start(session, sessions, user, now)


async def _proven(session: AsyncSession, phone_index: str) -> list[PhoneAccount]:
    """Return the accounts that this phone is proven for, one of each company, the newest first."""
    accounts = await phones.list_sign_ins(session, phone_index)
    return sorted(
        {account.id: account for account in accounts if account.proven}.values(),
        key=lambda account: account.id,
        reverse=True,
    )
