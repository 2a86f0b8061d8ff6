"""The lists of money: payments, refunds, disputes, what is open, suspense, invoices, balances."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.api.admin import invoices, ledger, open_items, payments, reports, returns
from app.api.admin.open_items import CloseRequest, SuspenseActionRequest
from app.api.admin.payments import RefundRequest
from app.api.admin.reports import ReportActionRequest
from app.api.admin.returns import RefundActionRequest
from app.identity.permissions import Permission
from app.invoices.numbering import InvoiceKind
from app.payments.open_items import ItemKind
from app.payments.rules import (
    AccountType,
    DisputeStatus,
    PaymentStatus,
    RefundStatus,
    ReportStatus,
)
from app.web.console.desk import Desk
from app.web.console.tables import Column, Filter, RowAction, Table
from app.web.forms import TypedForm, checked

_COMPANY = Column("employer_id", "code", link="/console/companies/", link_to="employer_id")
_PAYMENT = Column("payment_id", "code")
_GIVEN = frozenset({PaymentStatus.SUCCEEDED, PaymentStatus.PARTIALLY_REFUNDED})


def _why(form: TypedForm) -> dict[str, Any]:
    return {"action": form.get("action"), "reason": form.get("reason")}


async def _refund_payment(
    session: AsyncSession, desk: Desk, row_id: UUID, form: TypedForm
) -> object:
    body = checked(
        RefundRequest, {"reason": form.get("reason"), "refund_to": form.get("refund_to")}
    )
    return await payments.refund_payment(row_id, body, session, desk.actor, desk.now, None)


async def _act_on_refund(
    session: AsyncSession, desk: Desk, row_id: UUID, form: TypedForm
) -> object:
    body = checked(RefundActionRequest, _why(form))
    return await returns.act_on_refund(row_id, body, session, desk.actor, desk.now)


async def _act_on_report(
    session: AsyncSession, desk: Desk, row_id: UUID, form: TypedForm
) -> object:
    body = checked(ReportActionRequest, _why(form))
    return await reports.act_on_report(row_id, body, session, desk.actor, desk.now)


async def _close_item(session: AsyncSession, desk: Desk, row_id: UUID, form: TypedForm) -> object:
    body = checked(CloseRequest, {"reason": form.get("reason")})
    return await open_items.close_open_item(row_id, body, session, desk.actor, desk.now)


async def _act_on_suspense(
    session: AsyncSession, desk: Desk, row_id: UUID, form: TypedForm
) -> object:
    body = checked(SuspenseActionRequest, _why(form))
    return await open_items.act_on_suspense(row_id, body, session, desk.actor, desk.now)


MONEY_TABLES = (
    Table(
        "refunds",
        "money",
        Permission.READ_MONEY,
        lambda asked, desk, chosen: returns.list_refunds(
            asked, desk.actor, chosen.get("status"), None, chosen.get("employer_id")
        ),
        (
            Column("created_at", "when"),
            Column("money", "money"),
            Column("status", "status"),
            Column("reason"),
            Column("refund_to", "status"),
            _COMPANY,
            Column("failure_code"),
        ),
        (Filter("status", RefundStatus), Filter("employer_id", is_id=True)),
        actions=(
            RowAction("approve", lambda row: row.status == RefundStatus.PROPOSED),
            RowAction("decline", lambda row: row.status == RefundStatus.PROPOSED, takes_away=True),
        ),
        acting=Permission.MOVE_MONEY,
        do=_act_on_refund,
        sorts=("created_at", "money"),
    ),
    Table(
        "disputes",
        "money",
        Permission.READ_MONEY,
        lambda asked, desk, chosen: returns.list_disputes(
            asked, desk.actor, chosen.get("status"), None, chosen.get("employer_id")
        ),
        (
            Column("created_at", "when"),
            Column("money", "money"),
            Column("status", "status"),
            Column("changed_at", "when"),
            _COMPANY,
            Column("provider_id", "code"),
        ),
        (Filter("status", DisputeStatus), Filter("employer_id", is_id=True)),
        sorts=("created_at", "money"),
    ),
    Table(
        "suspense",
        "money",
        Permission.READ_MONEY,
        lambda asked, desk, chosen: open_items.list_suspense(asked, desk.actor, chosen.get("open")),
        (
            Column("opened_at", "when"),
            Column("money", "money"),
            Column("details", "text"),
            Column("outcome", "status"),
            Column("reason"),
            _PAYMENT,
        ),
        (Filter("open", is_yes=True),),
        {"open": "yes"},
        actions=(
            RowAction("settle", lambda row: row.closed_at is None),
            RowAction("refund", lambda row: row.closed_at is None, takes_away=True),
            RowAction("close", lambda row: row.closed_at is None, takes_away=True),
        ),
        acting=Permission.MOVE_MONEY,
        do=_act_on_suspense,
        sorts=("opened_at",),
        first_sort="opened_at",
    ),
    Table(
        "open-items",
        "money",
        Permission.READ_MONEY,
        lambda asked, desk, chosen: open_items.list_open_items(
            asked, desk.actor, chosen.get("kind"), chosen.get("open")
        ),
        (
            Column("opened_at", "when"),
            Column("kind", "status"),
            Column("money", "money"),
            Column("details", "text"),
            Column("outcome", "status"),
            Column("reason"),
        ),
        (Filter("kind", ItemKind), Filter("open", is_yes=True)),
        {"open": "yes"},
        actions=(
            RowAction(
                "close",
                lambda row: row.closed_at is None and row.kind != ItemKind.SUSPENSE,
                takes_away=True,
            ),
        ),
        acting=Permission.MOVE_MONEY,
        do=_close_item,
        sorts=("opened_at",),
        first_sort="opened_at",
    ),
    Table(
        "payments",
        "money",
        Permission.READ_MONEY,
        lambda asked, desk, chosen: payments.list_payments(
            asked, desk.actor, chosen.get("status"), chosen.get("employer_id")
        ),
        (
            Column("created_at", "when"),
            Column("price", "money"),
            Column("refunded", "money"),
            Column("status", "status"),
            _COMPANY,
            Column("failure_code"),
        ),
        (Filter("status", PaymentStatus), Filter("employer_id", is_id=True)),
        actions=(RowAction("refund", lambda row: row.status in _GIVEN, takes_away=True),),
        acting=Permission.MOVE_MONEY,
        do=_refund_payment,
        sorts=("created_at", "price", "refunded"),
    ),
    Table(
        "invoices",
        "money",
        Permission.READ_MONEY,
        lambda asked, desk, chosen: invoices.list_all_invoices(
            asked,
            desk.actor,
            chosen.get("number"),
            chosen.get("kind"),
            chosen.get("year"),
            chosen.get("employer_id"),
        ),
        (
            Column("number", link="/console/invoices/"),
            Column("kind", "status"),
            Column("issued_at", "when"),
            Column("buyer_name"),
            Column("total", "money"),
            _COMPANY,
        ),
        (
            Filter("number"),
            Filter("kind", InvoiceKind),
            Filter("year"),
            Filter("employer_id", is_id=True),
        ),
        sorts=("issued_at", "total"),
    ),
    Table(
        "balances",
        "money",
        Permission.READ_MONEY,
        lambda asked, desk, chosen: ledger.list_ledger_accounts(
            asked, desk.actor, chosen.get("type"), None, chosen.get("employer_id")
        ),
        (
            Column("type", "status"),
            Column("provider"),
            Column("owner_id", "code", link="/console/companies/", link_to="owner_id"),
            Column("sum", "money"),
            Column("entries", "number"),
        ),
        (Filter("type", AccountType), Filter("employer_id", is_id=True)),
        {"type": AccountType.EMPLOYER_BALANCE.value},
    ),
    Table(
        "reports",
        "reports",
        Permission.READ_MONEY,
        lambda asked, desk, chosen: reports.list_reports(
            asked,
            desk.actor,
            chosen.get("status"),
            chosen.get("employer_id"),
            chosen.get("worker_id"),
        ),
        (
            Column("created_at", "when", link="/console/reports/"),
            Column("kind", "status"),
            Column("reason"),
            Column("status", "status"),
            Column("reports_of_employer", "number"),
            Column("leads_of_employer", "number"),
            Column("reports_of_worker", "number"),
        ),
        (
            Filter("status", ReportStatus),
            Filter("employer_id", is_id=True),
            Filter("worker_id", is_id=True),
        ),
        {"status": ReportStatus.OPEN.value},
        actions=(
            RowAction(
                "refund", lambda row: row.status in {ReportStatus.OPEN, ReportStatus.CHECKING}
            ),
            RowAction(
                "decline",
                lambda row: row.status in {ReportStatus.OPEN, ReportStatus.CHECKING},
                takes_away=True,
            ),
        ),
        acting=Permission.MOVE_MONEY,
        do=_act_on_report,
        sorts=("created_at",),
        first_sort="created_at",
    ),
)
