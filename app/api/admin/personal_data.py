"""A person's data on their request: a copy of all of it, and its erasure."""

import datetime as dt
from uuid import UUID

from fastapi import APIRouter, Response, status
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from app import audit
from app.api.admin.access import DataKeeper
from app.api.admin.accounts import get_account
from app.api.employers.data import OwnCompanyData, export_company
from app.api.http.dependencies import Now, Read, Route, Rt, Write
from app.api.http.parameters import EmployerId, WorkerId
from app.api.http.problems import problems
from app.api.workers.data import OwnData, export_data
from app.core.errors import NotFound
from app.core.schema import Reason, RequestModel
from app.employers.models import Employer
from app.identity.actor import Actor
from app.identity.models import Role, UserStatus
from app.moderation.accounts import AccountErased
from app.payments.disputes import DisputeOpen
from app.payments.employer_erasure import BalanceLeft, MoneyOnItsWay, erase_employer
from app.privacy.erase import erase_worker
from app.runtime import Runtime
from app.workers.models import Worker

router = APIRouter(prefix="/api/admin", tags=["admin"], route_class=Route)


class ErasureRequest(RequestModel):
    """Why an account is erased; it can't be undone."""

    reason: Reason = Field(
        description="Why, 1 to 500 characters; the log keeps it.",
        examples=["She asked for it by mail."],
    )


class CompanyErasureRequest(ErasureRequest):
    """Why a company is erased, and whether its balance is given up."""

    give_up_balance: bool = Field(
        default=False, description="Give up what is in the balance: it can't be claimed afterwards."
    )


async def _person(
    session: AsyncSession, profile: type[Worker | Employer], user_id: UUID, role: Role
) -> Actor:
    """Return the person whose data it is. Raises `NotFound` and `AccountErased`."""
    user = (await get_account(session, profile, user_id))[0]
    if user.status == UserStatus.ERASED:
        raise AccountErased
    return Actor(user_id, role, UserStatus(user.status), user.name)


async def _log(rt: Runtime, action: str, user_id: UUID, actor: Actor, now: dt.datetime) -> None:
    """Record a copy in a transaction of its own: a GET only reads."""
    async with rt.database.begin() as session:
        audit.record(session, action, user_id, actor, now)


@router.get("/workers/{worker_id}/export", responses=problems(NotFound, AccountErased))
async def export_worker_data(
    worker_id: WorkerId, session: Read, actor: DataKeeper, rt: Rt, now: Now, response: Response
) -> OwnData:
    """Return everything kept about a worker, to be given to them; that it was taken is logged."""
    person = await _person(session, Worker, worker_id, Role.WORKER)
    data = await export_data(session, person, now, response)
    await _log(rt, "worker.export", worker_id, actor, now)
    return data


@router.get("/employers/{employer_id}/export", responses=problems(NotFound, AccountErased))
async def export_employer_data(
    employer_id: EmployerId, session: Read, actor: DataKeeper, rt: Rt, now: Now, response: Response
) -> OwnCompanyData:
    """Return everything kept about a company, to be given to it; that it was taken is logged."""
    person = await _person(session, Employer, employer_id, Role.EMPLOYER)
    data = await export_company(session, person, now, response)
    await _log(rt, "employer.export", employer_id, actor, now)
    return data


@router.post(
    "/workers/{worker_id}/erase",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(NotFound, AccountErased),
)
async def erase_worker_data(
    worker_id: WorkerId,
    body: ErasureRequest,
    session: Write,
    actor: DataKeeper,
    rt: Rt,
    now: Now,
) -> None:
    """Erase a worker on their request, as they could themselves. It can't be undone."""
    await _person(session, Worker, worker_id, Role.WORKER)
    await erase_worker(session, worker_id, actor, now=now)
    await rt.sessions.end_all(session, worker_id)
    audit.record(session, "worker.erase_on_request", worker_id, actor, now, reason=body.reason)


@router.post(
    "/employers/{employer_id}/erase",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(NotFound, AccountErased, BalanceLeft, DisputeOpen, MoneyOnItsWay),
)
async def erase_employer_data(
    employer_id: EmployerId,
    body: CompanyErasureRequest,
    session: Write,
    actor: DataKeeper,
    rt: Rt,
    now: Now,
) -> None:
    """Erase a company on its request, as it could itself. It can't be undone.

    Refused while there is money in the balance, or a payment is disputed or being confirmed.
    """
    await _person(session, Employer, employer_id, Role.EMPLOYER)
    gone = await erase_employer(
        session, employer_id, actor, now=now, gives_up_balance=body.give_up_balance
    )
    for user_id in gone.users:
        await rt.sessions.end_all(session, user_id)
    audit.record(session, "employer.erase_on_request", employer_id, actor, now, reason=body.reason)
