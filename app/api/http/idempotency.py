"""Idempotency keys: a request sent twice is done once.

The transaction that does the work also claims the key and stores the response, so none of them exists without
the others. Errors are not stored: they changed nothing.
"""

import datetime as dt
import hashlib
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from app.core.errors import FieldError, Invalid
from app.database.due import Due
from app.database.session import keyring
from app.database.statements import insert_if_absent, rows_changed
from app.identity.kept_answers import CONTEXT, ERASED
from app.identity.models import IdempotencyKey

KEPT_HOURS = 24
MAX_KEY_CHARACTERS = 255


_ANSWER_ERASED = "This request was done; its answer went when the account it was about was erased."


class KeyReused(Invalid):
    """The key already stands for another request."""

    code = "idempotency_key_reused"
    detail = "This Idempotency-Key was used for another request; use a new key for a new request."
    remedy = "Send a new Idempotency-Key with a new request."


class Replayed(Exception):
    """The request was answered before, with `response`."""

    def __init__(self, response: Response) -> None:
        self.response = response
        super().__init__("answered before")


@dataclass(frozen=True)
class Claim:
    """A key that this transaction has claimed."""

    owner: str
    key: str


async def fingerprint(request: Request) -> str:
    """Return the hash of a request's method, path and body."""
    body = await request.body()
    parts = (request.method.encode(), request.url.path.encode(), body)
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


async def claim(
    session: AsyncSession, owner: str, key: str, print_: str, now: dt.datetime
) -> Claim:
    """Claim `key` for this transaction.

    A request without a stored response is done again: it was refused, or what it creates is unique by itself.
    Raises `Replayed` with the first response, and `KeyReused` when the key belongs to another request, or to one whose
    response is erased.
    """
    if not key.isprintable() or not 0 < len(key) <= MAX_KEY_CHARACTERS:
        raise Invalid([FieldError("Idempotency-Key", "Use 1 to 255 printable characters.")])
    # Keyed: a body may hold a password, and a plain hash of one is quickly guessed.
    print_ = keyring(session).index(print_, CONTEXT)
    mine = (IdempotencyKey.owner == owner) & (IdempotencyKey.key == key)
    expired = IdempotencyKey.created_at < now - dt.timedelta(hours=KEPT_HOURS)
    await session.execute(delete(IdempotencyKey).where(mine, expired))
    first = {"owner": owner, "key": key, "fingerprint": print_, "created_at": now}
    if await insert_if_absent(session, IdempotencyKey, first):
        return Claim(owner, key)
    row = (await session.execute(select(IdempotencyKey).where(mine).with_for_update())).scalar_one()
    if row.fingerprint != print_:
        raise KeyReused([FieldError("Idempotency-Key", KeyReused.detail)])
    if row.status is None or row.answer_sealed is None:
        return Claim(owner, key)
    body = keyring(session).open(row.answer_sealed, CONTEXT)
    if body == ERASED:
        raise KeyReused([FieldError("Idempotency-Key", _ANSWER_ERASED)])
    headers = {"Idempotent-Replayed": "true"}
    raise Replayed(Response(body.encode(), row.status, headers, media_type="application/json"))


async def claim_request(
    request: Request, session: AsyncSession, owner: str, key: str | None, now: dt.datetime
) -> Claim | None:
    """Claim the key that came with a request, if one did. Raises as `claim` does."""
    if key is None:
        return None
    return await claim(session, owner, key, await fingerprint(request), now)


async def store(session: AsyncSession, claimed: Claim, response: Response) -> None:
    """Store the response to a claimed key, encrypted because it may hold a contact."""
    await session.execute(
        update(IdempotencyKey)
        .where(IdempotencyKey.owner == claimed.owner, IdempotencyKey.key == claimed.key)
        .values(
            status=response.status_code,
            answer_sealed=keyring(session).seal(bytes(response.body).decode(), CONTEXT),
        )
    )


KEYS_DUE = Due(IdempotencyKey.created_at < bindparam("now"), delay=dt.timedelta(hours=KEPT_HOURS))


async def purge(session: AsyncSession, now: dt.datetime, limit: int) -> int:
    """Delete at most `limit` expired keys; return how many."""
    old = (
        select(IdempotencyKey.owner, IdempotencyKey.key)
        .where(*KEYS_DUE.conditions)
        .order_by(IdempotencyKey.created_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    which = tuple_(IdempotencyKey.owner, IdempotencyKey.key).in_(old)
    statement = delete(IdempotencyKey).where(which)
    statement = statement.execution_options(synchronize_session=False)
    return await rows_changed(session, statement, KEYS_DUE.values(now))
