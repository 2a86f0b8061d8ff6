"""Workers' appeals against their reliability, as administrators decide them."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api.admin.access import PeopleModerator, PeopleReader
from app.api.admin.lists import Listing, ListSpec, equal
from app.api.http.csv_export import CSV_ANSWER
from app.api.http.dependencies import Now, Route, Write
from app.api.http.parameters import AppealId, InStatus, ListedWorker
from app.api.http.problems import problems
from app.core.paging import Keyset
from app.core.schema import Instant, Page, Reason, RequestModel, ResponseModel
from app.offers import appeals
from app.offers.appeals import (
    AppealDecided,
    AppealNotFound,
    AppealStatus,
    OtherAdministratorNeeded,
)
from app.offers.models import ReliabilityAppeal
from app.workers.models import Worker
from app.workers.rules import reliability

router = APIRouter(prefix="/api/admin", tags=["admin"], route_class=Route)


class AppealRow(ResponseModel):
    """A worker's appeal against something that lowers their reliability."""

    id: UUID = Field(description="Its id (UUIDv7).")
    worker_id: UUID = Field(description="Id of the worker.")
    match_id: UUID | None = Field(
        description="Id of the offer it is about; null for everything that lowers the reliability."
    )
    what: str = Field(
        description="What it is about: `missed` or `withdrawn`, with the offer's id, or `score`."
    )
    round: int = Field(
        description="1, or more for the appeal against a refusal, which somebody else decides."
    )
    note: str = Field(description="What the worker writes of it.")
    status: AppealStatus = Field(description="Where it stands.")
    reliability: float = Field(description="The worker's reliability now, 0 to 100.")
    created_at: Instant = Field(description="When it was made (UTC).")
    decided_at: Instant | None = Field(description="When it was decided (UTC); null before.")
    decided_by: UUID | None = Field(description="Id of the administrator who decided it.")
    reason: str | None = Field(description="Why it was decided so; the worker reads it.")


class AppealActionRequest(RequestModel):
    """How an appeal is decided, and why."""

    action: Literal["uphold", "decline"] = Field(
        description="Take away the effect of what it is about, or leave it."
    )
    reason: Reason = Field(
        description="Why, 1 to 500 characters; the worker reads it.",
        examples=["Your phone was without network that day."],
    )


_ROWS = select(ReliabilityAppeal, Worker.answered, Worker.missed, Worker.withdrawn).join(
    Worker, Worker.id == ReliabilityAppeal.worker_id
)


async def _items_of(
    session: AsyncSession, rows: Sequence[Any], _now: dt.datetime
) -> list[AppealRow]:
    return [
        AppealRow.from_rows(
            row[0],
            what=row[0].about,
            note=appeals.note_of(session, row[0]),
            reliability=reliability(row.answered, row.missed, row.withdrawn),
        )
        for row in rows
    ]


APPEALS = ListSpec(
    "appeals",
    AppealRow,
    _ROWS,
    Keyset("admin_appeals", [ReliabilityAppeal.id]),
    {
        "status": equal(ReliabilityAppeal.status),
        "worker_id": equal(ReliabilityAppeal.worker_id),
    },
    items_of=_items_of,
    sorts={"created_at": None},
)


@router.get("/appeals", response_model=Page[AppealRow], responses=CSV_ANSWER)
async def list_appeals(
    asked: Listing,
    actor: PeopleReader,
    status: InStatus[AppealStatus] = None,
    worker_id: ListedWorker = None,
) -> Page[AppealRow] | Response:
    """List appeals against a reliability, newest first; `status=open` are those that wait for a decision."""
    return await APPEALS.answer(actor, asked, status=status, worker_id=worker_id)


@router.post(
    "/appeals/{appeal_id}/action",
    responses=problems(AppealNotFound, AppealDecided, OtherAdministratorNeeded),
)
async def act_on_appeal(
    appeal_id: AppealId,
    body: AppealActionRequest,
    session: Write,
    actor: PeopleModerator,
    now: Now,
) -> AppealRow:
    """Uphold an appeal, so that what it is about does not count any more, or decline it; the worker is told once.

    An appeal against a refusal is decided by another administrator than the one who refused.
    """
    await appeals.decide(
        session,
        appeal_id,
        uphold=body.action == "uphold",
        reason=body.reason,
        actor=actor,
        now=now,
    )
    rows = (await session.execute(_ROWS.where(ReliabilityAppeal.id == appeal_id))).all()
    [answer] = await _items_of(session, rows, now)
    return answer
