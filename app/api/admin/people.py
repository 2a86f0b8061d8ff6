"""Workers and employers, as administrators see and manage them."""

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy import ColumnElement, Row, Select, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app import audit
from app.api.admin.access import PeopleModerator, PeopleReader
from app.api.admin.lists import (
    City,
    Listing,
    ListSpec,
    Search,
    cleaned,
    contains,
    each,
    equals,
    needs_reason,
)
from app.api.admin.people_bodies import (
    EmployerAction,
    EmployerDetails,
    EmployerRow,
    WorkerAction,
    WorkerDetails,
    WorkerRow,
)
from app.api.admin.signals import signals_of
from app.api.employers.profile import location_answer
from app.api.http.csv_export import CSV_ANSWER
from app.api.http.dependencies import Now, Read, Route, Rt, Write
from app.api.http.parameters import EmployerId, Verified, WorkerId
from app.api.http.problems import problems
from app.core.crypto import Keyring
from app.core.errors import Conflict, NotFound
from app.core.paging import Keyset
from app.core.phones import parse_phone
from app.core.schema import Page
from app.database.session import changed, keyring
from app.database.statements import rows_changed
from app.employers import shared_identifiers
from app.employers.models import Employer
from app.identity import users
from app.identity.actor import Actor
from app.identity.models import Role, User, UserStatus
from app.identity.users import StatusForbids
from app.jobs.models import Job
from app.masking.mask import mask
from app.messaging.outbox.enqueue import notify
from app.offers import closing
from app.offers.models import JobMatch
from app.payments.models import LeadReport, Unlock
from app.runtime import Runtime
from app.workers import profile
from app.workers.models import Worker
from app.workers.track_record import reliability

router = APIRouter(prefix="/api/admin", tags=["admin"], route_class=Route)


class AlreadyVerified(Conflict):
    """It was checked before."""

    code = "already_verified"
    detail = "This account is verified already."


class AccountErased(Conflict):
    """The account is a tombstone: nothing can be done with it any more."""

    code = "account_erased"
    detail = "This account was erased."


def _by_contact(q: str, keys: Keyring, country: str) -> list[ColumnElement[bool]]:
    """Return how `q` finds somebody by their exact phone or e-mail, should it be one."""
    found: list[ColumnElement[bool]] = [users.is_email(keys, q.strip().lower())]
    try:
        phone = parse_phone(q, country)
    except ValueError:
        return found
    return [*found, User.phone_index == users.index_of_phone(keys, phone)]


def _listed(
    query: Select[*tuple[Any, ...]],
    table: type[Worker | Employer],
    name: Any,
    *,
    status: UserStatus | None,
    verified: bool | None,
    city: str | None,
    q: str | None,
    rt: Runtime,
) -> Select[*tuple[Any, ...]]:
    if status is not None:
        query = query.where(User.status == status)
    if verified is not None:
        query = query.where(
            table.verified_at.is_not(None) if verified else table.verified_at.is_(None)
        )
    if city := cleaned(city, "city"):
        query = query.where(equals(table.city, city))
    if q := cleaned(q, "q"):
        names = [contains(User.name, q), *([] if name is User.name else [contains(name, q)])]
        query = query.where(or_(*names, *_by_contact(q, rt.keyring, rt.settings.default_country)))
    return query


@router.get("/workers", response_model=Page[WorkerRow], responses=CSV_ANSWER)
async def list_workers(
    asked: Listing,
    actor: PeopleReader,
    status: Annotated[UserStatus | None, Query(description="Only those that stand here.")] = None,
    verified: Verified = None,
    city: City = None,
    q: Search = None,
) -> Page[WorkerRow] | Response:
    """List workers, newest first; `q` finds by name, exact phone or e-mail."""
    query = _listed(
        select(User, Worker).join(Worker, Worker.id == User.id),
        Worker,
        User.name,
        status=status,
        verified=verified,
        city=city,
        q=q,
        rt=asked.rt,
    )
    return await _WORKERS.answer(query, actor, asked)


def _worker_values(user: User, worker: Worker) -> dict[str, Any]:
    return {
        "id": user.id,
        "name": user.name,
        "status": user.status,
        "verified": worker.verified_at is not None,
        "city": mask(worker.city) if worker.city else None,
        "skills": worker.skills,
        "experience_years": worker.experience_years,
        "reliability": reliability(worker.answered, worker.missed, worker.withdrawn),
        "language": user.language,
        "created_at": user.created_at,
    }


_WORKERS = ListSpec(
    "workers",
    WorkerRow,
    Keyset("admin_workers", [User.id]),
    each(lambda user, worker: WorkerRow(**_worker_values(user, worker))),
)


async def _note_look(rt: Runtime, actor: Actor, kind: str, user_id: UUID, now: dt.datetime) -> None:
    """Log that an administrator saw a contact, in a transaction of its own: reading changes nothing."""
    async with rt.database.begin() as session:
        audit.record(session, f"{kind}.view", user_id, actor, now)


async def _worker_of(session: AsyncSession, worker_id: UUID) -> Row[User, Worker]:
    query = select(User, Worker).join(Worker, Worker.id == User.id).where(User.id == worker_id)
    row = (await session.execute(query.execution_options(populate_existing=True))).one_or_none()
    if row is None:
        raise NotFound
    return row


async def _count(session: AsyncSession, *where: ColumnElement[bool]) -> int:
    return await session.scalar(select(func.count()).where(*where)) or 0


async def _worker_details(session: AsyncSession, worker_id: UUID) -> WorkerDetails:
    user, worker = await _worker_of(session, worker_id)
    return WorkerDetails(
        **_worker_values(user, worker),
        phone=users.phone_of(session, user),
        location=location_answer(worker.latitude, worker.longitude),
        max_distance_km=worker.max_distance_km,
        bio=profile.bio_of(session, worker),
        time_zone=worker.time_zone,
        stopped=worker.stopped_at is not None,
        offers=await _count(session, JobMatch.worker_id == worker_id),
        unlocks=await _count(session, Unlock.worker_id == worker_id),
        reports=await _count(
            session, LeadReport.match_id == JobMatch.id, JobMatch.worker_id == worker_id
        ),
        updated_at=worker.updated_at,
    )


@router.get("/workers/{worker_id}", responses=problems(NotFound))
async def get_worker(
    worker_id: WorkerId, session: Read, actor: PeopleReader, rt: Rt, now: Now
) -> WorkerDetails:
    """Return one worker, contact included; that it was looked at is logged."""
    details = await _worker_details(session, worker_id)
    await _note_look(rt, actor, "worker", worker_id, now)
    return details


@router.post(
    "/workers/{worker_id}/action",
    responses=problems(NotFound, AlreadyVerified, AccountErased, StatusForbids),
)
async def act_on_worker(
    worker_id: WorkerId,
    body: WorkerAction,
    session: Write,
    actor: PeopleModerator,
    rt: Rt,
    now: Now,
) -> WorkerDetails:
    """Activate, suspend or verify a worker. A suspended one's tokens die, their open offers close.

    To sign them out ends every session and changes nothing else.
    """
    needs_reason(body.action, body.reason)
    before = await _worker_of(session, worker_id)
    if body.action == "suspend":
        await closing.close_for_worker(session, worker_id, now)
    await _act(
        session, rt, Worker, worker_id, body.action, body.reason, actor, now, before[0].status
    )
    return await _worker_details(session, worker_id)


async def _act(
    session: AsyncSession,
    rt: Runtime,
    table: type[Worker | Employer],
    user_id: UUID,
    action: str,
    reason: str | None,
    actor: Actor,
    now: dt.datetime,
    before: str,
) -> None:
    """Do one action on an account, with its log row and what the person is told."""
    kind = Role.WORKER if table is Worker else Role.EMPLOYER
    if action == "verify":
        await _verify(session, table, user_id, now)
    elif action == "suspend":
        await users.suspend(session, user_id, now)
        await rt.sessions.end_all(session, user_id)
    elif action == "sign_out":
        await rt.sessions.end_all(session, user_id)
    elif action == "restrict":
        await users.restrict(session, user_id, now)
    else:
        await users.activate(session, user_id, now)
    after = await session.scalar(select(User.status).where(User.id == user_id))
    told = {"suspend": "account_suspended", "activate": "account_restored"}.get(action)
    if told is not None:
        params = {"reason": reason or ""} if action == "suspend" else {}
        key = f"{user_id}:{now.isoformat()}"
        await notify(session, user_id, told, params, key=key, now=now)
    verified = {"verified": True} if action == "verify" else {}
    audit.record(
        session,
        f"{kind}.{action}",
        user_id,
        actor,
        now,
        reason=reason,
        before={"status": before, **dict.fromkeys(verified, False)},
        after={"status": after, **verified},
    )


async def _verify(
    session: AsyncSession, table: type[Worker | Employer], user_id: UUID, now: dt.datetime
) -> None:
    gone = select(User.id).where(User.id == user_id, User.status == UserStatus.ERASED)
    if await session.scalar(gone) is not None:
        raise AccountErased
    statement = (
        update(table)
        .where(table.id == user_id, table.verified_at.is_(None))
        .values(verified_at=now, updated_at=now)
    )
    if await rows_changed(session, statement) != 1:
        raise AlreadyVerified
    changed(session, "worker", user_id)


@router.get("/employers", response_model=Page[EmployerRow], responses=CSV_ANSWER)
async def list_employers(
    asked: Listing,
    actor: PeopleReader,
    status: Annotated[UserStatus | None, Query(description="Only those that stand here.")] = None,
    verified: Verified = None,
    repeated: Annotated[
        bool | None,
        Query(
            description="Only those that have something in common with another account, or nothing."
        ),
    ] = None,
    city: City = None,
    q: Search = None,
) -> Page[EmployerRow] | Response:
    """List employers, newest first; `q` finds by company, contact, exact phone or e-mail.

    `repeated` are those that have a phone, mailbox, company, address or tax number in common with another.
    """
    query = _listed(
        select(User, Employer).join(Employer, Employer.id == User.id),
        Employer,
        Employer.company_name,
        status=status,
        verified=verified,
        city=city,
        q=q,
        rt=asked.rt,
    )
    if repeated is not None:
        again = shared_identifiers.is_repeated()
        query = query.where(again if repeated else ~again)
    return await _EMPLOYERS.answer(query, actor, asked)


def _employer_values(user: User, employer: Employer) -> dict[str, Any]:
    return {
        "id": user.id,
        "company_name": employer.company_name,
        "contact_name": user.name,
        "status": user.status,
        "verified": employer.verified_at is not None,
        "city": employer.city,
        "created_at": user.created_at,
    }


_EMPLOYERS = ListSpec(
    "employers",
    EmployerRow,
    Keyset("admin_employers", [User.id]),
    each(lambda user, employer: EmployerRow(**_employer_values(user, employer))),
)


async def _employer_of(session: AsyncSession, employer_id: UUID) -> Row[User, Employer]:
    query = (
        select(User, Employer).join(Employer, Employer.id == User.id).where(User.id == employer_id)
    )
    row = (await session.execute(query.execution_options(populate_existing=True))).one_or_none()
    if row is None:
        raise NotFound
    return row


async def _employer_details(
    session: AsyncSession, employer_id: UUID, now: dt.datetime
) -> EmployerDetails:
    user, employer = await _employer_of(session, employer_id)
    keys = keyring(session)
    return EmployerDetails(
        **_employer_values(user, employer),
        email=users.email_of(session, user) or "",
        email_verified=user.email_verified_at is not None,
        phone=keys.open(user.phone_sealed, "phone") if user.phone_sealed else None,
        address=shared_identifiers.address_of(session, employer),
        location=location_answer(employer.latitude, employer.longitude),
        tax_id=employer.tax_id,
        jobs=await _count(session, Job.employer_id == employer_id),
        unlocks=await _count(session, Unlock.employer_id == employer_id),
        reports=await _count(session, LeadReport.employer_id == employer_id),
        signals=await signals_of(session, employer, now),
        updated_at=employer.updated_at,
    )


@router.get("/employers/{employer_id}", responses=problems(NotFound))
async def get_employer(
    employer_id: EmployerId, session: Read, actor: PeopleReader, rt: Rt, now: Now
) -> EmployerDetails:
    """Return one employer, contact included; that it was looked at is logged."""
    details = await _employer_details(session, employer_id, now)
    await _note_look(rt, actor, "employer", employer_id, now)
    return details


@router.post(
    "/employers/{employer_id}/action",
    responses=problems(NotFound, AlreadyVerified, AccountErased, StatusForbids),
)
async def act_on_employer(
    employer_id: EmployerId,
    body: EmployerAction,
    session: Write,
    actor: PeopleModerator,
    rt: Rt,
    now: Now,
) -> EmployerDetails:
    """Activate, suspend, restrict or verify an employer.

    A suspended one's tokens die and the open offers of their jobs close; their jobs ask nobody until
    they are active again. A restricted one can read but neither publish nor unlock. To sign them out
    ends every session and changes nothing else.
    """
    needs_reason(body.action, body.reason)
    before = await _employer_of(session, employer_id)
    if body.action == "suspend":
        await closing.close_for_employer(session, employer_id, actor, now)
    await _act(
        session, rt, Employer, employer_id, body.action, body.reason, actor, now, before[0].status
    )
    return await _employer_details(session, employer_id, now)
