"""Merge two accounts of one worker: what would happen, and the merge itself."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.admin.access import DataKeeper
from app.api.admin.accounts import get_account, log_view
from app.api.http.dependencies import Now, Once, Read, Route, Rt, Write
from app.api.http.parameters import WorkerId
from app.api.http.problems import problems
from app.core.errors import NotFound
from app.core.schema import Instant, Reason, RequestModel, ResponseModel
from app.identity import users
from app.identity.models import Role, UserStatus
from app.merging.plan import SAID, MergeObstacle, MergePlan, plan_merge
from app.merging.workers import MergeRefused, merge_workers
from app.workers.models import Worker
from app.workers.rules import reliability

router = APIRouter(prefix="/api/admin/workers", tags=["admin"], route_class=Route)


class MergedAccount(ResponseModel):
    """One of the two accounts, as far as it tells whether both are of one person."""

    id: UUID = Field(description="Id of the account.")
    name: str = Field(description="Name of the worker.")
    phone: str | None = Field(description="Phone in E.164; null when there is none.")
    city: str | None = Field(description="City; null when not told.")
    skills: list[str] = Field(description="Slugs of skills, as the catalogue has them.")
    status: UserStatus = Field(description="Where the account stands.")
    verified: bool = Field(description="Whether an administrator has checked this account.")
    reliability: float = Field(description="How well offers are answered in time, 0 to 100.")
    created_at: Instant = Field(description="When the account was made (UTC).")


class ObstacleAnswer(ResponseModel):
    """Something that forbids the merge."""

    code: MergeObstacle = Field(description="What it is; the merge is refused with this code.")
    detail: str = Field(description="What it is and what to do about it, in words.")


class MergePreview(ResponseModel):
    """What a merge would do. It can't be undone: the merged account's phone, chat and sessions end."""

    kept: MergedAccount = Field(
        description="The account that stays, with its profile, hours, phone, chat and sessions."
    )
    merged: MergedAccount = Field(description="The account that becomes a tombstone.")
    moved: int = Field(
        description="Offers that go over to the kept account, with what counts of them."
    )
    accepted: int = Field(description="Acceptances among them whose contact nobody has bought.")
    withdrawn: int = Field(
        description="Acceptances that are withdrawn, because a block stands between the company and the person."
    )
    bought: int = Field(
        description="Contacts among them that companies have bought: they show the kept account's phone "
        "from then on. Payments and invoices stay as they are."
    )
    closes: int = Field(description="Open offers of the merged account, which close.")
    left: int = Field(
        description="Offers that stay with the tombstone: both were asked for the same job, or a company bought "
        "the contact that has a block between it and the person."
    )
    blocks: int = Field(description="Blocks that hold for the kept account from then on.")
    dropped: int = Field(
        description="Blocks that end, because the kept account said yes to work of that company to come."
    )
    obstacles: list[ObstacleAnswer] = Field(
        description="What forbids it; empty where it is possible."
    )
    undoable: bool = Field(description="Whether it can be undone: never.")


class MergeRequest(RequestModel):
    """Which account becomes part of this one, and why."""

    model_config = {
        "json_schema_extra": {
            "examples": [
                {
                    "other_id": "0198c0de-0000-7000-8000-000000000001",
                    "reason": "She has a new number, and called from both.",
                }
            ]
        }
    }

    other_id: UUID = Field(description="Id of the account that is merged into this one, and ends.")
    reason: Reason = Field(description="Why; the log keeps it.")


Other = Annotated[
    UUID, Query(description="Id of the account that would be merged into this one, and end.")
]


async def _account(session: AsyncSession, worker_id: UUID) -> MergedAccount:
    user, worker = await get_account(session, Worker, worker_id)
    return MergedAccount.from_rows(
        user,
        worker,
        phone=users.phone_of(session, user),
        verified=worker.verified_at is not None,
        reliability=reliability(worker.answered, worker.missed, worker.withdrawn),
    )


async def _preview(session: AsyncSession, plan: MergePlan) -> MergePreview:
    return MergePreview.from_rows(
        plan,
        kept=await _account(session, plan.kept_id),
        merged=await _account(session, plan.merged_id),
        obstacles=[ObstacleAnswer(code=each, detail=SAID[each]) for each in plan.obstacles],
        undoable=False,
    )


@router.get("/{worker_id}/merge", responses=problems(NotFound))
async def preview_worker_merge(
    worker_id: WorkerId, other_id: Other, session: Read, actor: DataKeeper, rt: Rt, now: Now
) -> MergePreview:
    """Show what merging the account `other_id` into this one would do, and what forbids it.

    Both phones are shown, so it is logged that both workers were looked at.
    """
    shown = await _preview(session, await plan_merge(session, worker_id, other_id, now))
    for each in sorted({worker_id, other_id}):
        await log_view(rt, actor, Role.WORKER, each, now)
    return shown


@router.post("/{worker_id}/merge", responses=problems(NotFound, MergeRefused))
async def merge_two_workers(
    worker_id: WorkerId,
    body: MergeRequest,
    session: Write,
    actor: DataKeeper,
    rt: Rt,
    now: Now,
    _once: Once,
) -> MergePreview:
    """Merge the account `other_id` into this one: two accounts of one person become one.

    Offers, acceptances and bought contacts go over; payments and invoices follow them unchanged. Open offers
    of the other account close, its sessions and its chat end, and its phone is free. It can't be undone. The
    person is told. Refused for accounts that are booked at the same hours, while somebody pays for a contact
    of the other account, and while a report or an appeal of it is open.
    """
    for each in (worker_id, body.other_id):
        await get_account(session, Worker, each)
    plan = await merge_workers(
        session, rt.sessions, worker_id, body.other_id, actor, reason=body.reason, now=now
    )
    return await _preview(session, plan)
