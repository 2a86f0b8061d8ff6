"""Authenticating a request, by its session and account as they are now."""

import datetime as dt

from sqlalchemy.ext.asyncio import AsyncSession

from app.identity.actor import Actor
from app.identity.rules import MAY_SIGN_IN
from app.identity.sessions import SessionEnded, SessionStore
from app.identity.tokens import InvalidToken, TokenRing


async def authenticate(
    session: AsyncSession,
    sessions: SessionStore,
    tokens: TokenRing,
    token: str,
    *,
    now: dt.datetime,
) -> Actor:
    """Return the actor of an access token.

    Raises `TokenExpired`, `InvalidToken`, `SessionsDown` and `SessionEnded` (also for a suspended account).
    """
    claims = tokens.read(token, now)
    account = await sessions.find_account(session, claims.user_id, claims.session_id, now)
    if account is None or account.status not in MAY_SIGN_IN:
        raise SessionEnded
    # A role never changes and a version never decreases: we did not issue this token.
    if account.role is not claims.role or claims.version > account.version:
        raise InvalidToken
    return Actor(
        user_id=claims.user_id,
        role=account.role,
        status=account.status,
        name=account.name,
        session_id=claims.session_id,
        admin_role=account.admin_role,
        has_second_factor=account.has_second_factor,
        company_id=account.company_id,
        team_role=account.team_role,
    )
