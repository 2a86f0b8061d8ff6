"""Settings before and after: the effect of a change shown first, the history, and undoing one."""

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import Field, ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api.admin.access import SettingsChanger, SettingsReader
from app.api.admin.lists import Listing, ListSpec
from app.api.admin.settings import CHANGE, PolicyChanges, checked, put_in_force
from app.api.http.csv_export import CSV_ANSWER
from app.api.http.dependencies import Now, Once, Route, Rt, Write
from app.api.http.problems import problems
from app.audit.models import AdminActionLog
from app.core.errors import Conflict, NotFound
from app.core.paging import Keyset
from app.core.schema import Instant, MoneyAnswer, Page, ResponseModel
from app.identity.models import User
from app.policy import policy
from app.policy.changes import FieldDifference, differences, taken_back
from app.policy.policy import Policy
from app.reporting.policy_effect import effect_of

router = APIRouter(prefix="/api/admin/settings", tags=["admin"], route_class=Route)

_UNDOES: Final = "undoes "
"""Before the id of the change in the log's reason."""


class ChangedSince(Conflict):
    """A later change touched the same field."""

    code = "changed_since"
    detail = "A later change touched the same field: undo that one first, or set the field anew."
    remedy = "List the history, and undo the newest change of that field."


class NotUndoable(Conflict):
    """The policy of then would not be accepted now."""

    code = "change_not_undoable"
    detail = "What the settings were then is not accepted any more: set them anew."
    remedy = "Send the values with PUT /api/admin/settings."


class FieldChange(ResponseModel):
    """One field of the settings that changed."""

    field: str = Field(description="Its dotted path, such as `lead_prices.default`.")
    before: Any = Field(description="Its value before; null where it was not there.")
    after: Any = Field(description="Its value after; null where it is not there.")


class SettingsChange(ResponseModel):
    """One change of the settings."""

    id: UUID = Field(description="Id of its entry in the log.")
    at: Instant = Field(description="When it was made (UTC).")
    actor_id: UUID | None = Field(description="Id of the administrator.")
    actor_name: str | None = Field(description="Name of the administrator.")
    changes: list[FieldChange] = Field(description="Each field that changed.")
    undoes: UUID | None = Field(description="Id of the change that this one took back; null: none.")
    undoable: bool = Field(
        description="Whether it can be undone now: every field still has the value it was given."
    )


class PriceMoveAnswer(ResponseModel):
    """Leads of one category in one city whose price moves."""

    category: str = Field(description="Slug of the category.")
    city: str | None = Field(description="City; null where jobs tell none.")
    open_jobs: int = Field(description="Jobs of that kind that are open now.")
    before: MoneyAnswer = Field(description="What a lead costs now.")
    after: MoneyAnswer = Field(description="What a lead of a new offer would cost.")


class SettingsPreview(ResponseModel):
    """What a change would do; nothing was changed."""

    settings: Policy = Field(description="The settings as they would be.")
    changes: list[FieldChange] = Field(description="Each field that would change.")
    open_jobs: int = Field(
        description="Jobs that are open now: their next offers follow the new settings; offers that are out keep "
        "price and deadline."
    )
    prices: list[PriceMoveAnswer] = Field(description="Prices of open jobs that would move.")


def _change(difference: FieldDifference) -> FieldChange:
    return FieldChange(field=difference.field, before=difference.before, after=difference.after)


async def _changes(
    session: AsyncSession, rows: Sequence[Any], _now: dt.datetime
) -> list[SettingsChange]:
    current = (await policy.readable(session)).model_dump(mode="json")
    return [_answer(entry, name, current) for entry, name in rows]


def _answer(entry: AdminActionLog, name: str | None, current: dict[str, Any]) -> SettingsChange:
    before, after = entry.before or {}, entry.after or {}
    _, undoes, change_id = (entry.reason or "").partition(_UNDOES)
    return SettingsChange(
        id=entry.id,
        at=entry.at,
        actor_id=entry.actor_id,
        actor_name=name,
        changes=[_change(each) for each in differences(before, after)],
        undoes=UUID(change_id) if undoes else None,
        undoable=bool(after) and taken_back(current, before, after) is not None,
    )


_HISTORY = ListSpec(
    "settings_history",
    SettingsChange,
    select(AdminActionLog, User.name)
    .outerjoin(User, User.id == AdminActionLog.actor_id)
    .where(AdminActionLog.action == CHANGE),
    Keyset("admin_settings_history", [AdminActionLog.number]),
    items_of=_changes,
)


@router.get("/history", response_model=Page[SettingsChange], responses=CSV_ANSWER)
async def list_settings_changes(
    asked: Listing, actor: SettingsReader
) -> Page[SettingsChange] | Response:
    """List changes of the settings, newest first, field by field."""
    return await _HISTORY.answer(actor, asked)


@router.post("/preview")
async def preview_settings(
    body: PolicyChanges, session: Write, _actor: SettingsChanger, rt: Rt
) -> SettingsPreview:
    """Tell what a change of the settings would do, by the same checks; nothing is changed."""
    before = await policy.readable(session)
    after = checked(before, body, rt)
    effect = await effect_of(session, before, after)
    was, is_now = before.model_dump(mode="json"), after.model_dump(mode="json")
    return SettingsPreview(
        settings=after,
        changes=[_change(each) for each in differences(was, is_now)],
        open_jobs=effect.open_jobs,
        prices=[
            PriceMoveAnswer(
                category=move.category,
                city=move.city,
                open_jobs=move.open_jobs,
                before=MoneyAnswer.of(move.before),
                after=MoneyAnswer.of(move.after),
            )
            for move in effect.prices
        ],
    )


@router.post("/history/{change_id}/undo", responses=problems(NotFound, ChangedSince, NotUndoable))
async def undo_settings_change(
    change_id: Annotated[UUID, Path(description="Id of the change, as the history has it.")],
    session: Write,
    actor: SettingsChanger,
    rt: Rt,
    now: Now,
    _once: Once,
) -> Policy:
    """Take one change of the settings back, as a new change; later ones of other fields stay."""
    entry = await session.get(AdminActionLog, change_id)
    if entry is None or entry.action != CHANGE:
        raise NotFound
    before, after = entry.before or {}, entry.after or {}
    current = (await policy.lock_to_change(session, now=now)).model_dump(mode="json")
    made = taken_back(current, before, after)
    if made is None or not after:
        raise ChangedSince
    try:
        Policy.model_validate(made)
        body = PolicyChanges.model_validate({name: made[name] for name in after})
    except ValidationError:
        raise NotUndoable from None
    return await put_in_force(session, body, actor, rt, now, code=f"{_UNDOES}{change_id}")
