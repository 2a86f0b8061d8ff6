"""Money: what waits for somebody, every list, and how a day stands against the providers' books."""

import datetime as dt
from typing import Annotated, Any

from fastapi import Query
from starlette.responses import Response

from app.api.admin import ledger, settings
from app.api.admin.invoices import get_any_invoice_pdf
from app.api.http.dependencies import Read
from app.api.http.parameters import InvoiceId
from app.core.schema import MoneyAnswer
from app.payments.open_items import ItemKind
from app.reporting import parked, statistics
from app.web.console.desk import MoneyDesk, room
from app.web.console.lists import tables_for

router = room()


@router.get("/money")
async def show_money(
    desk: MoneyDesk, session: Read, day: Annotated[str, Query(max_length=10)] = ""
) -> Response:
    """Show what of money waits, the lists, and a day's reconciliation."""
    given_up = (await parked.count(session, desk.now)).by_kind()
    waits = {kind: given_up.get(kind, 0) for kind in ItemKind}
    chosen = _day(day, desk.now)
    books: Any = await ledger.get_reconciliation(session, desk.actor, desk.rt, chosen)
    moved = await ledger.list_ledger_days(session, desk.actor, desk.now, chosen, chosen)
    policy = await settings.get_settings(session, desk.actor)
    return desk.page(
        "money.html",
        revenue=[MoneyAnswer.of(money) for money in await statistics.revenue(session)],
        waits=waits,
        tables=tables_for(desk, "money"),
        day=chosen,
        books=books,
        moved=moved.items,
        prices=policy.lead_prices,
    )


def _day(text: str, now: dt.datetime) -> dt.date:
    """Return the day that was asked for; yesterday where none or none that makes sense was."""
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        day = now.date() - dt.timedelta(days=1)
    return day if 2000 <= day.year <= 2199 else now.date()


@router.get("/invoices/{invoice_id}")
async def show_invoice(desk: MoneyDesk, session: Read, invoice_id: InvoiceId) -> Response:
    """Give an invoice as PDF."""
    return await get_any_invoice_pdf(invoice_id, session, desk.actor, desk.rt)
