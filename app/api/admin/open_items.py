"""What of money waits for an administrator: open items, and money in suspense with what may be done about it."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy import select
from starlette.responses import Response

from app.api.admin.access import MoneyMover, MoneyReader
from app.api.admin.lists import Listing, ListSpec, equal, whether
from app.api.http.csv_export import CSV_ANSWER
from app.api.http.dependencies import Now, Route, Write
from app.api.http.parameters import OpenItemId
from app.api.http.problems import problems
from app.core.paging import Keyset
from app.core.schema import Instant, MoneyAnswer, Page, Reason, RequestModel, ResponseModel
from app.offers.rules import AlreadyUnlocked, MatchNotAccepted
from app.payments import open_items, settle, suspense
from app.payments.models import OpenItem
from app.payments.open_items import (
    ItemKind,
    ItemOutcome,
    OpenItemClosed,
    OpenItemNeedsAction,
    OpenItemNotFound,
)
from app.payments.refunds import PaymentDisputed, PaymentNotRefundable
from app.payments.suspense import BuyerNotActive, NothingToClose, OtherMode

router = APIRouter(prefix="/api/admin", tags=["admin"], route_class=Route)


class OpenItemRow(ResponseModel):
    """Something about money that a person has to decide or look at."""

    id: UUID = Field(description="Its id (UUIDv7).")
    kind: ItemKind = Field(description="Why somebody has to look.")
    payment_id: UUID | None = Field(description="Id of the payment; null where none is known.")
    money: MoneyAnswer | None = Field(description="The money it is about; null where unknown.")
    details: dict[str, Any] = Field(
        description="What there is to know, by name: for `suspense`, what differs and what was asked for."
    )
    opened_at: Instant = Field(description="Since when it is open (UTC).")
    closed_at: Instant | None = Field(description="When it was closed (UTC); null while open.")
    closed_by: UUID | None = Field(
        description="Id of the administrator who closed it; null while open, and where it closed by itself."
    )
    outcome: ItemOutcome | None = Field(description="How it was closed; null while open.")
    reason: str | None = Field(description="Why it was closed, in words; null while open.")


class SuspenseActionRequest(RequestModel):
    """What to do with money in suspense, and why."""

    action: Literal["refund", "settle", "close"] = Field(
        description="`refund` gives it back; `settle` takes it for the price of its lead and unlocks that; "
        "`close` is for money of the provider's other mode only."
    )
    reason: Reason = Field(
        description="Why, 1 to 500 characters.", examples=["Paid by an old page at the old price."]
    )


class CloseRequest(RequestModel):
    """Why nothing is left to do."""

    reason: Reason = Field(
        description="Why, 1 to 500 characters.", examples=["Paid out by bank transfer."]
    )


IsOpen = Annotated[
    bool | None, Query(alias="open", description="Only those that are open, or closed.")
]

_ITEMS = ListSpec(
    "open_items",
    OpenItemRow,
    select(OpenItem),
    Keyset("admin_open_items", [OpenItem.id]),
    {"kind": equal(OpenItem.kind), "open": whether(OpenItem.closed_at.is_(None))},
    sorts={"opened_at": None},
)
_SUSPENSE = ListSpec(
    "suspense",
    OpenItemRow,
    select(OpenItem).where(OpenItem.kind == ItemKind.SUSPENSE),
    Keyset("admin_suspense", [OpenItem.id]),
    {"open": whether(OpenItem.closed_at.is_(None))},
    sorts={"opened_at": None},
)


@router.get("/open-items", response_model=Page[OpenItemRow], responses=CSV_ANSWER)
async def list_open_items(
    asked: Listing,
    actor: MoneyReader,
    kind: Annotated[ItemKind | None, Query(description="Only those of this kind.")] = None,
    is_open: IsOpen = None,
) -> Page[OpenItemRow] | Response:
    """List what of money somebody has to decide or look at, newest first; `open=true` are those that wait."""
    return await _ITEMS.answer(actor, asked, kind=kind, open=is_open)


@router.post(
    "/open-items/{item_id}/close",
    responses=problems(OpenItemNotFound, OpenItemClosed, OpenItemNeedsAction),
)
async def close_open_item(
    item_id: OpenItemId, body: CloseRequest, session: Write, actor: MoneyMover, now: Now
) -> OpenItemRow:
    """Close an item that was looked at; money in suspense is refunded or settled instead."""
    item = await open_items.close_by_hand(session, item_id, body.reason, actor, now)
    return OpenItemRow.model_validate(item)


@router.get("/suspense", response_model=Page[OpenItemRow], responses=CSV_ANSWER)
async def list_suspense(
    asked: Listing,
    actor: MoneyReader,
    is_open: IsOpen = None,
) -> Page[OpenItemRow] | Response:
    """List money that was taken and does not fit what was asked for, newest first."""
    return await _SUSPENSE.answer(actor, asked, open=is_open)


@router.post(
    "/suspense/{item_id}/action",
    responses=problems(
        OpenItemNotFound,
        OpenItemClosed,
        OtherMode,
        NothingToClose,
        BuyerNotActive,
        PaymentDisputed,
        PaymentNotRefundable,
        MatchNotAccepted,
        AlreadyUnlocked,
    ),
)
async def act_on_suspense(
    item_id: OpenItemId, body: SuspenseActionRequest, session: Write, actor: MoneyMover, now: Now
) -> OpenItemRow:
    """Give money in suspense back, or take it for the price of its lead; an item is decided once."""
    verb = {
        "refund": suspense.refund,
        "settle": settle.settle_suspense,
        "close": suspense.close_other_mode,
    }[body.action]
    return OpenItemRow.model_validate(await verb(session, item_id, body.reason, actor, now))
