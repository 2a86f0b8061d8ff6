"""People who are there already when a test begins: made by the verbs behind the doors.

Registering over HTTP takes a worker four requests and a message, an employer two and a slow hash. The
tests of registration go through those doors; all others would only wait in front of them.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.api.auth.registration import RegisterEmployer, RegisterWorker
from app.api.workers.hours import Week
from app.core.phones import parse_phone
from app.employers import registration as employer_registration
from app.identity import passwords, users
from app.identity.models import Role, User
from app.identity.rules import AdminRole
from app.identity.tokens import Claims
from app.runtime import Runtime
from app.workers import availability
from app.workers import registration as worker_registration


@dataclass(frozen=True)
class Tokens:
    """Whose session it is, and what its requests carry."""

    user_id: str
    access: str
    refresh: str


async def worker(runtime: Runtime, body: Mapping[str, Any], slots: Sequence[Any]) -> Tokens:
    """Register a worker as `POST /api/auth/register/worker` reads `body`, proven and with a week."""
    said = RegisterWorker.model_validate(body)
    country = runtime.settings.default_country
    new = said.new(parse_phone(said.phone, country))
    week = [slot.slot for slot in Week.model_validate({"slots": slots}).slots]
    now = runtime.clock()
    async with runtime.database.begin() as session:
        user_id = await worker_registration.register_proven(session, new, country, now=now)
        if week:
            await availability.replace_slots(session, user_id, week, now=now)
        return await _sign_in(session, runtime, user_id, Role.WORKER, now)


async def employer(runtime: Runtime, body: Mapping[str, Any], *, verified: bool = False) -> Tokens:
    """Register an employer as `POST /api/auth/register/employer` reads `body`.

    Whoever is `verified` was so before anything is logged.
    """
    said = RegisterEmployer.model_validate(body)
    country = runtime.settings.default_country
    phone = parse_phone(said.phone, country) if said.phone else None
    new = said.new(users.parse_email(said.email), phone, await _hash(said.password))
    now = runtime.clock()
    async with runtime.database.begin() as session:
        user, company = await employer_registration.register(session, new, now=now)
        company.verified_at = now if verified else None
        return await _sign_in(session, runtime, user.id, Role.EMPLOYER, now)


async def admin(
    runtime: Runtime, email: str, password: str, role: AdminRole = AdminRole.OWNER
) -> Tokens:
    """Make an administrator unless there is one of this address, and sign in."""
    now = runtime.clock()
    async with runtime.database.begin() as session:
        user = await users.find_by_email(session, Role.ADMIN, email)
        user = user or await users.create_admin(
            session, email, "Admin", password, now=now, admin_role=role
        )
        return await _sign_in(session, runtime, user.id, Role.ADMIN, now)


_hashes: dict[str, str] = {}


async def _hash(password: str) -> str:
    if password not in _hashes:
        _hashes[password] = await passwords.hash_password(password)
    return _hashes[password]


async def _sign_in(
    session: AsyncSession, runtime: Runtime, user_id: UUID, role: Role, now: dt.datetime
) -> Tokens:
    user = await session.get_one(User, user_id, populate_existing=True)
    issued = await runtime.sessions.create(session, user.id, user.version, now)
    claims = Claims(user.id, issued.session_id, role, user.version)
    return Tokens(str(user.id), runtime.tokens.issue(claims, now), issued.refresh_token)
