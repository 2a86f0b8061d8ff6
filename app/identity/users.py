"""Accounts: phone, e-mail address and name, status and erasure."""

import datetime as dt
import re
import unicodedata
from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.crypto import Keyring
from app.core.errors import Conflict, Invalid, NotFound
from app.database.session import changed, keyring, savepoint
from app.database.statements import transition_update
from app.identity import kept_answers
from app.identity.models import Consent, OneTimeCode, Role, Session, User, UserStatus
from app.identity.passwords import hash_password, require_acceptable
from app.identity.rules import TABLE, AccountAction, AdminRole

PHONE = "phone"
"""The context of a sealed phone and its blind index."""
EMAIL = "email"
"""The context of a sealed e-mail address and its blind index."""
ERASED_NAME = "Deleted"
MAX_EMAIL_CHARACTERS = 254
"""RFC 5321 carries no longer address."""

_EMAIL = re.compile(
    r"\A[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])"
)
"""Unquoted ASCII addresses, as mail providers give out."""

_TITLES: Final = frozenset(
    "dr mr mrs ms miss mx prof shri sri smt kum adv er ca md mohd "
    "डॉ डा डॉक्टर श्री श्रीमती सुश्री प्रो मो मोहम्मद मि".split()
)
"""Titles before a name; "Md." is Mohammed, as in "Md. Salim"."""

_BY_PHONE: Final = select(User).where(
    User.role == Role.WORKER, User.phone_index == bindparam("index")
)

_PROVE: Final = (
    update(User)
    .where(User.id == bindparam("user_id"), User.status == UserStatus.PENDING)
    .values(status=UserStatus.ACTIVE, updated_at=bindparam("now"))
    .returning(User.id)
)


class EmailTaken(Conflict):
    """The e-mail address already belongs to an account of this role."""

    code = "email_taken"
    detail = "There is an account with this e-mail address already: sign in, or reset the password."
    remedy = "Sign in with this address, or reset its password."


class StatusForbids(Conflict):
    """The account's status forbids this action; the code names the status."""

    code = "account_status"
    other_codes = tuple(f"account_{status}" for status in UserStatus)
    detail = "The account's current status does not allow this."

    def __init__(self, action: AccountAction, status: str) -> None:
        super().__init__(
            f"This account is {status}: '{action.value}' is not possible now.",
            code=f"account_{status}",
        )


def parse_email(text: str, field: str = "email") -> str:
    """Return an e-mail address as it is stored: trimmed, NFC, lower case. Raises `Invalid`."""
    email = unicodedata.normalize("NFC", text).strip().lower()
    if len(email) > MAX_EMAIL_CHARACTERS or not _EMAIL.fullmatch(email):
        raise Invalid.field(field, "Give an e-mail address, such as asha@example.com.")
    return email


def index_of_phone(keys: Keyring, phone: str) -> str:
    """Return the blind index of an E.164 phone."""
    return keys.index(phone, PHONE)


def seal_phone(keys: Keyring, phone: str) -> bytes:
    """Return an E.164 phone sealed for the user's row."""
    return keys.seal(phone, PHONE)


def phone_of(session: AsyncSession, user: User) -> str | None:
    """Return the user's phone in E.164, or None where there is none."""
    return keyring(session).open(user.phone_sealed, PHONE) if user.phone_sealed else None


async def set_language(
    session: AsyncSession, user_ids: Collection[UUID], language: str, *, now: dt.datetime
) -> None:
    """Set the language in which these users are written to."""
    await session.execute(
        update(User).where(User.id.in_(user_ids)).values(language=language, updated_at=now)
    )


def email_columns(keys: Keyring, email: str) -> dict[str, Any]:
    """Return the columns of `User` for an e-mail address from `parse_email`."""
    return {"email_sealed": keys.seal(email, EMAIL), "email_index": keys.index(email, EMAIL)}


def email_of(session: AsyncSession, user: User) -> str | None:
    """Return the user's e-mail address, or None where there is none."""
    return keyring(session).reveal(user.email_sealed, EMAIL, user.email)


def has_email() -> ColumnElement[bool]:
    """Return the condition that a user has an e-mail address."""
    return or_(User.email_index.is_not(None), User.email.is_not(None))


def email_equals(keys: Keyring, email: str) -> ColumnElement[bool]:
    """Return the condition that a user has this e-mail address (from `parse_email`)."""
    # The second half finds those that `app.privacy.sealing` has not sealed yet.
    return or_(User.email_index == keys.index(email, EMAIL), User.email == email)


def display_name(name: str) -> str:
    """Return first name and one initial: "Asha K." for "Dr. Asha Kulkarni", "Ramesh K." for "K. Ramesh".

    Titles and initials are no first name: "Dr. A. K. Sharma" is "Sharma A.".
    """
    words = name.split()
    while len(words) > 1 and words[0].rstrip(".").casefold() in _TITLES:
        words = words[1:]
    if len(words) < 2 or all(map(_is_initial, words)):
        return " ".join(words)
    first = next(place for place, word in enumerate(words) if not _is_initial(word))
    other = words[-1] if first < len(words) - 1 else words[0]
    return f"{words[first]} {_initial(other)}."


def _is_initial(word: str) -> bool:
    """Whether a word is one letter with its marks, or several with dots: "A", "के.", "A.K."."""
    parts = [part for part in word.split(".") if part]
    return all(len(part) == len(_initial(part)) for part in parts)


def _initial(word: str) -> str:
    """Return the first letter with its combining marks, as in Devanagari "के"."""
    end = 1
    while end < len(word) and unicodedata.category(word[end]).startswith("M"):
        end += 1
    return word[:end]


async def get_user(session: AsyncSession, user_id: UUID) -> User:
    """Return the user. Raises `NotFound`."""
    user = await session.get(User, user_id)
    if user is None:
        raise NotFound
    return user


async def find_by_phone(session: AsyncSession, phone: str) -> User | None:
    """Return the worker who signs in with this E.164 phone, or None."""
    index = index_of_phone(keyring(session), phone)
    return (await session.scalars(_BY_PHONE, {"index": index})).one_or_none()


async def find_by_email(session: AsyncSession, role: Role, email: str) -> User | None:
    """Return the user of that role with this e-mail address (lower case), or None."""
    query = select(User).where(User.role == role, email_equals(keyring(session), email))
    return (await session.scalars(query)).one_or_none()


async def add_with_email(session: AsyncSession, user: User, email: str) -> User:
    """Add an account that signs in by this e-mail address. Raises `EmailTaken`, also in a race."""
    for name, value in email_columns(keyring(session), email).items():
        setattr(user, name, value)
    # The unique index decides a race; it does not cover addresses that are not sealed yet.
    unsealed = select(User.id).where(User.role == user.role, User.email == email)
    if await session.scalar(unsealed) is not None:
        raise EmailTaken
    try:
        async with savepoint(session):
            session.add(user)
    except IntegrityError as error:
        raise EmailTaken from error
    return user


async def set_email(session: AsyncSession, user: User, email: str) -> None:
    """Give a stored account an e-mail address, not confirmed yet. Raises `EmailTaken`, also in a race."""
    unsealed = select(User.id).where(User.role == user.role, User.email == email)
    if await session.scalar(unsealed) is not None:
        raise EmailTaken
    try:
        async with savepoint(session):
            for name, value in email_columns(keyring(session), email).items():
                setattr(user, name, value)
            user.email_verified_at = None
            await session.flush()
    except IntegrityError as error:
        raise EmailTaken from error


async def create_admin(
    session: AsyncSession,
    email: str,
    name: str,
    password: str | None,
    *,
    now: dt.datetime,
    admin_role: AdminRole = AdminRole.OWNER,
) -> User:
    """Create an administrator; without a password, they set it by a mailed link.

    Raises `EmailTaken`, and `Invalid` for an unusable address or password.
    """
    email = parse_email(email)
    if password is not None:
        require_acceptable(password, field="password", personal=[email, name])
    user = User(
        role=Role.ADMIN,
        status=UserStatus.ACTIVE,
        admin_role=admin_role,
        name=name,
        language="en",
        password_hash=await hash_password(password) if password is not None else None,
        created_at=now,
        updated_at=now,
    )
    return await add_with_email(session, user, email)


async def change_status(
    session: AsyncSession, user_id: UUID, action: AccountAction, *, now: dt.datetime
) -> None:
    """Suspend, restrict or activate an account; a suspended one's sessions and tokens die with this commit.

    Raises `NotFound` and `StatusForbids`.
    """
    more = {"version": User.version + 1} if action is AccountAction.SUSPEND else {}
    statement = transition_update(User, TABLE.only(action), now, User.id == user_id, **more)
    statement = statement.execution_options(synchronize_session="fetch")
    if await session.scalar(statement.returning(User.id)) is None:
        status = await session.scalar(select(User.status).where(User.id == user_id))
        if status is None:
            raise NotFound
        raise StatusForbids(action, status)
    changed(session, "worker", user_id)


async def refuse_tokens(
    session: AsyncSession, user_ids: Sequence[UUID], *, now: dt.datetime
) -> None:
    """Refuse all tokens and sessions of these accounts that there are, from this commit on, for good."""
    await session.execute(
        update(User)
        .where(User.id.in_(user_ids))
        .values(version=User.version + 1, updated_at=now)
        .execution_options(synchronize_session="fetch")
    )


async def prove_phone(session: AsyncSession, user_id: UUID, *, now: dt.datetime) -> bool:
    """Activate a pending worker whose phone is proven; return whether they were pending."""
    if await session.scalar(_PROVE, {"user_id": user_id, "now": now}) is None:
        return False
    changed(session, "worker", user_id)
    return True


OF_NOBODY: Final = dict.fromkeys(
    (
        *("email", "email_sealed", "email_index", "email_verified_at", "password_hash"),
        *("phone_sealed", "phone_index", "chat_user_id"),
        *("totp_sealed", "totp_pending_sealed", "totp_step"),
    )
)
"""The columns by which a person is reached and signs in, emptied: an account without a person."""


async def forget_person(session: AsyncSession, user: User, *, now: dt.datetime) -> None:
    """Delete what stands under an account for its person: codes, links, sessions and kept answers; consents end."""
    subjects = [str(user.id), *([user.phone_index] if user.phone_index else [])]
    await session.execute(delete(OneTimeCode).where(OneTimeCode.subject.in_(subjects)))
    await session.execute(delete(Session).where(Session.user_id == user.id))
    await kept_answers.forget(session, user)
    await session.execute(
        update(Consent)
        .where(Consent.user_id == user.id, Consent.withdrawn_at.is_(None))
        .values(withdrawn_at=now)
    )


async def erase(session: AsyncSession, user_id: UUID, *, now: dt.datetime) -> None:
    """Turn an account into a tombstone without personal data; its sessions die with this commit.

    Raises `NotFound`, also if it is erased already.
    """
    user = await session.get(User, user_id, with_for_update=True)
    if user is None or user.status == UserStatus.ERASED:
        raise NotFound
    await forget_person(session, user, now=now)
    await session.execute(
        update(User)
        .where(User.id == user_id)
        .values(
            status=UserStatus.ERASED,
            name=ERASED_NAME,
            admin_role=None,
            **OF_NOBODY,
            version=User.version + 1,
            updated_at=now,
        )
    )
    changed(session, "worker", user_id)
