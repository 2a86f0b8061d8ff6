"""One action on many workers, employers or jobs: `/api/admin/bulk`."""

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, status
from pydantic import AfterValidator, Field, model_validator
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api.admin.access import BulkActor, PeopleReader
from app.api.admin.lists import Listing, ListSpec
from app.api.http.csv_export import CSV_ANSWER
from app.api.http.dependencies import NotGranted, Now, Once, Read, Route, Write
from app.api.http.problems import problems
from app.attempts.models import WorkAttempt
from app.attempts.work import Kind
from app.core.errors import NotFound
from app.core.paging import Keyset
from app.core.schema import Instant, Page, Reason, RequestModel, ResponseModel
from app.employers.models import Employer
from app.identity.actor import Actor
from app.identity.models import User
from app.identity.permissions import may
from app.jobs.models import Job
from app.moderation import bulk, bulk_preview
from app.moderation.bulk import MOST_ITEMS, BulkFinished, BulkWork, ItemState, Target, Verb
from app.moderation.models import BulkAction, BulkItem

router = APIRouter(prefix="/api/admin/bulk", tags=["admin"], route_class=Route)

BulkId = Annotated[UUID, Path(description="Id of the bulk action.")]


def _each_once(ids: list[UUID]) -> list[UUID]:
    if len(set(ids)) < len(ids):
        raise ValueError("name each one once")
    return ids


class _BulkBody(RequestModel):
    """An action on many; what it is about may stand before it (`workers.suspend`) or in `target`."""

    action: Verb = Field(
        description="What to do: `activate`, `suspend`, `restrict`, `verify` or `sign_out` accounts, "
        "`cancel` or `reopen` jobs. `workers.suspend` is `suspend` with the target `workers`."
    )
    target: Target | None = Field(
        default=None,
        description="What the ids are of: `workers`, `employers`, `accounts` (both) or `jobs`; left out, jobs "
        "or accounts, as the action says. An id of something else is refused with `not_found`.",
    )
    ids: Annotated[list[UUID], AfterValidator(_each_once)] = Field(
        description=f"Ids of 1 to {MOST_ITEMS} of them, each once.",
        min_length=1,
        max_length=MOST_ITEMS,
        examples=[["01930f5e-7c1a-7a64-9d2f-3f6f1c1f0a01"]],
    )

    @model_validator(mode="before")
    @classmethod
    def _split(cls, sent: Any) -> Any:
        if not isinstance(sent, dict) or not isinstance(sent.get("action"), str):
            return sent
        target, dot, action = sent["action"].partition(".")
        if not dot or sent.get("target") is not None:
            return sent
        return sent | {"action": action, "target": target}

    def plan(self) -> BulkWork:
        """Return the plan. Raises `Invalid` where action and target do not go together."""
        return BulkWork(self.action, bulk.target_of(self.action, self.target), self.ids)


class BulkPlan(_BulkBody):
    """An action on many, to be looked at before it is asked for."""

    model_config = {
        "json_schema_extra": {
            "examples": [{"action": "suspend", "ids": ["01930f5e-7c1a-7a64-9d2f-3f6f1c1f0a01"]}]
        }
    }

    reason: Reason | None = Field(
        default=None, description="Why; a preview needs none and keeps none."
    )


class BulkRequest(_BulkBody):
    """An action on many, to be done in the background."""

    model_config = {
        "json_schema_extra": {
            "examples": [
                {
                    "action": "suspend",
                    "target": "workers",
                    "ids": ["01930f5e-7c1a-7a64-9d2f-3f6f1c1f0a01"],
                    "reason": "One person registered all of these.",
                }
            ]
        }
    }

    reason: Reason = Field(description="Why; the log keeps it with each item.")


class ForeseenItem(ResponseModel):
    """What would come of one item."""

    id: UUID = Field(description="Id of the account or job.")
    label: str | None = Field(
        description="Company, name or title; null where there is no such thing."
    )
    possible: bool = Field(description="Whether it would be done.")
    code: str | None = Field(description="Why it would be refused; null where it would be done.")
    detail: str | None = Field(description="The same in words.")


class BulkPreview(ResponseModel):
    """What a bulk action would do if it were done now; nothing was changed."""

    action: Verb = Field(description="What would be done.")
    target: Target = Field(description="What it is about.")
    total: int = Field(description="How many items there are.")
    possible: int = Field(description="How many of them would be done.")
    refused: int = Field(description="How many would be refused.")
    offers_that_close: int = Field(description="Open offers that would close with it.")
    items: list[ForeseenItem] = Field(description="Each item, in the order of the request.")


class BulkRow(ResponseModel):
    """A bulk action and how far it is."""

    id: UUID = Field(description="Its id (UUIDv7).")
    action: Verb = Field(description="What is done.")
    target: Target = Field(description="What it is about.")
    admin_id: UUID = Field(description="Id of the administrator who asked for it.")
    reason: str | None = Field(
        description="Why, while it is under way; null afterwards, when only the log has it."
    )
    total: int = Field(description="How many items there are.")
    done: int = Field(description="How many are done.")
    refused: int = Field(description="How many were refused, as the single action would have been.")
    stopped: int = Field(description="How many were taken back before they were done.")
    waiting: int = Field(description="How many are still to be done.")
    parked: int = Field(
        description="How many of those failed again and again and wait in `GET /api/admin/parked`."
    )
    created_at: Instant = Field(description="When it was asked for (UTC).")
    finished_at: Instant | None = Field(
        description="When nothing was left to do (UTC); null before."
    )


class BulkItemAnswer(ResponseModel):
    """One item and what came of it."""

    id: UUID = Field(description="Id of the account or job.")
    label: str | None = Field(
        description="Company, name or title; null where there is no such thing."
    )
    state: ItemState = Field(
        description="`waiting`, `done`, `refused`, or `stopped` before it was done."
    )
    code: str | None = Field(description="Why it was refused; null where it was not.")
    at: Instant | None = Field(description="When that was (UTC); null while it waits.")


class BulkDetails(BulkRow):
    """A bulk action with each of its items."""

    items: list[BulkItemAnswer] = Field(description="Its items, in the order of the request.")


async def _rows(session: AsyncSession, rows: Sequence[Any], _now: dt.datetime) -> list[BulkRow]:
    """Return the answers of bulk actions, their items counted in two queries."""
    actions: list[BulkAction] = [row[0] for row in rows]
    ids = [action.id for action in actions]
    counted = (
        select(BulkItem.bulk_id, BulkItem.state, func.count())
        .where(BulkItem.bulk_id.in_(ids))
        .group_by(BulkItem.bulk_id, BulkItem.state)
    )
    parked = (
        select(BulkItem.bulk_id, func.count())
        .join(WorkAttempt, WorkAttempt.subject_id == BulkItem.id)
        .where(
            BulkItem.bulk_id.in_(ids),
            WorkAttempt.kind == Kind.BULK_ITEM,
            WorkAttempt.parked_at.is_not(None),
        )
        .group_by(BulkItem.bulk_id)
    )
    states = {(row[0], row[1]): row[2] for row in await session.execute(counted)}
    given_up = {row[0]: row[1] for row in await session.execute(parked)}
    return [
        BulkRow.from_rows(
            action,
            reason=bulk.reason_of(session, action),
            parked=given_up.get(action.id, 0),
            **{state.value: states.get((action.id, state), 0) for state in ItemState},
        )
        for action in actions
    ]


_BULK = ListSpec(
    "bulk",
    BulkRow,
    select(BulkAction),
    Keyset("admin_bulk", [BulkAction.id]),
    items_of=_rows,
    sorts={"created_at": None, "total": BulkAction.total},
)


async def _labels(session: AsyncSession, target: Target, ids: Sequence[UUID]) -> dict[UUID, str]:
    if target is Target.JOBS:
        query = select(Job.id, Job.title).where(Job.id.in_(ids))
    else:
        named = func.coalesce(Employer.company_name, User.name)
        query = select(User.id, named).outerjoin(Employer, Employer.id == User.id)
        query = query.where(User.id.in_(ids))
    return {row[0]: row[1] for row in await session.execute(query)}


async def _details(session: AsyncSession, bulk_id: UUID, now: dt.datetime) -> BulkDetails:
    action = await session.get(BulkAction, bulk_id, populate_existing=True)
    if action is None:
        raise NotFound
    (row,) = await _rows(session, [(action,)], now)
    query = select(BulkItem).where(BulkItem.bulk_id == bulk_id).order_by(BulkItem.number)
    items = (await session.scalars(query.execution_options(populate_existing=True))).all()
    labels = await _labels(session, row.target, [item.target_id for item in items])
    answers = [
        BulkItemAnswer.from_rows(item, id=item.target_id, label=labels.get(item.target_id))
        for item in items
    ]
    return BulkDetails(**row.model_dump(), items=answers)


def _permitted(actor: Actor, plan: BulkWork) -> None:
    """Raise `NotGranted` unless the actor may do the single action."""
    if not may(actor.role, plan.permission, actor.admin_role):
        raise NotGranted


@router.post("/preview")
async def preview_bulk_action(
    body: BulkPlan, session: Write, actor: BulkActor, now: Now
) -> BulkPreview:
    """Tell what a bulk action would do and which items would be refused; nothing is changed."""
    plan = body.plan()
    _permitted(actor, plan)
    found = await bulk_preview.preview(session, plan, now)
    items = [
        ForeseenItem(
            id=item.target_id,
            label=item.label,
            possible=item.refusal is None,
            code=item.refusal.reason if item.refusal else None,
            detail=item.refusal.message if item.refusal else None,
        )
        for item in found.items
    ]
    possible = sum(item.possible for item in items)
    return BulkPreview(
        action=plan.action,
        target=plan.target,
        total=len(items),
        possible=possible,
        refused=len(items) - possible,
        offers_that_close=found.offers_that_close,
        items=items,
    )


@router.post("", status_code=status.HTTP_202_ACCEPTED)
async def request_bulk_action(
    body: BulkRequest, session: Write, actor: BulkActor, now: Now, _once: Once
) -> BulkDetails:
    """Do one action to many, in the background: each item as the single action would do or refuse it.

    What is refused is listed with its code; the others are done all the same. Each item has its own log entry.
    """
    plan = body.plan()
    _permitted(actor, plan)
    bulk_id = await bulk.request(session, plan, actor, reason=body.reason, now=now)
    return await _details(session, bulk_id, now)


@router.get("", response_model=Page[BulkRow], responses=CSV_ANSWER)
async def list_bulk_actions(asked: Listing, actor: PeopleReader) -> Page[BulkRow] | Response:
    """List bulk actions, newest first."""
    return await _BULK.answer(actor, asked)


@router.get("/{bulk_id}", responses=problems(NotFound))
async def get_bulk_action(
    bulk_id: BulkId, session: Read, _actor: PeopleReader, now: Now
) -> BulkDetails:
    """Return a bulk action, how far it is, and what came of each item."""
    return await _details(session, bulk_id, now)


@router.post("/{bulk_id}/stop", responses=problems(NotFound, BulkFinished))
async def stop_bulk_action(
    bulk_id: BulkId, session: Write, actor: BulkActor, now: Now
) -> BulkDetails:
    """Take back what is left of a bulk action. What is done stays done: undo it by the opposite action."""
    await bulk.stop(session, bulk_id, actor, now=now)
    return await _details(session, bulk_id, now)
