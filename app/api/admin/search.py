"""One box that finds anything."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from app import audit
from app.api.admin.access import AnyAdmin
from app.api.http.dependencies import Now, Read, Route, Rt
from app.core.errors import Invalid
from app.core.schema import Instant, ResponseModel, clean_text
from app.identity.permissions import may
from app.reporting import search
from app.reporting.search import NEEDS, FoundKind

router = APIRouter(prefix="/api/admin", tags=["admin"], route_class=Route)


class FoundRow(ResponseModel):
    """Something that was found; its own list or page says more."""

    type: FoundKind = Field(description="What it is.")
    id: UUID = Field(description="Its id (UUIDv7).")
    title: str = Field(description="Name, title, number or sum, to recognise it by.")
    detail: str | None = Field(description="More of it, such as the company; null where nothing.")
    status: str = Field(description="Where it stands; of an invoice, its kind.")
    at: Instant = Field(description="When it was made (UTC).")


class FoundList(ResponseModel):
    """What was found."""

    items: list[FoundRow] = Field(
        description=f"By kind, at most {search.MOST} of each, newest first."
    )


@router.get("/search")
async def search_everything(
    session: Read,
    actor: AnyAdmin,
    rt: Rt,
    now: Now,
    q: Annotated[
        str,
        Query(
            min_length=1,
            max_length=120,
            description="An id, a provider's id, an invoice's number, a phone, an e-mail address, or part of a name.",
        ),
    ],
) -> FoundList:
    """Find people, companies, jobs, leads, orders, payments, invoices, refunds, disputes and messages.

    Phones, mailboxes, ids and numbers are found whole; names and titles by a part. You find what you may read. That a
    phone or mailbox was looked for, and whose it is, is logged.
    """
    try:
        text = clean_text(q)
    except ValueError as error:
        raise Invalid.field("q", str(error)) from None
    if not text:
        raise Invalid.field("q", "say what to look for")
    mine = [kind for kind in FoundKind if may(actor.role, NEEDS[kind], actor.admin_role)]
    found = await search.search(session, text, mine, rt.settings.default_country)
    told = [each for each in found if each.by_contact]
    if told:
        # In a transaction of its own: a GET only reads.
        async with rt.database.begin() as writer:
            for each in told:
                audit.record(writer, f"{each.type}.found_by_contact", each.id, actor, now)
    return FoundList(items=[FoundRow.model_validate(each) for each in found])
