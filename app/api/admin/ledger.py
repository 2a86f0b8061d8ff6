"""The ledger as administrators read it: accounts, daily totals, and how a day compares with the provider's books."""

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from app.api.admin.access import MoneyReader
from app.api.admin.lists import Listing, ListSpec, equal
from app.api.admin.open_items import OpenItemRow
from app.api.http.csv_export import CSV_ANSWER
from app.api.http.dependencies import Now, Read, Route, Rt
from app.api.http.parameters import ListedEmployer
from app.core.errors import Invalid
from app.core.money import Money
from app.core.paging import Keyset
from app.core.schema import Day, MoneyAnswer, Page, ResponseModel
from app.payments.models import LedgerAccount
from app.payments.rules import AccountType
from app.reporting import ledger_totals

router = APIRouter(prefix="/api/admin", tags=["admin"], route_class=Route)


class LedgerAccountRow(ResponseModel):
    """An account of the ledger."""

    id: UUID = Field(description="Its id.")
    type: AccountType = Field(description="What the account holds.")
    provider: str | None = Field(description="The payment provider whose it is; null where none.")
    owner_id: UUID | None = Field(description="Id of the employer whose balance it is, or null.")
    sum: MoneyAnswer = Field(
        description="Sum of its entries: positive where debited, as what a provider holds for us; negative where "
        "credited, as revenue, tax and what we owe employers."
    )
    entries: int = Field(description="How many entries it has.")


class LedgerDayRow(ResponseModel):
    """What one kind of event moved on one kind of account on a day."""

    day: Day = Field(description="The day (UTC) on which it happened.")
    kind: str = Field(description="What happened, such as `capture`.")
    account: AccountType = Field(description="The kind of account.")
    provider: str | None = Field(description="The provider whose accounts; null where none.")
    transactions: int = Field(description="How many transactions.")
    debit: MoneyAnswer = Field(description="What was debited.")
    credit: MoneyAnswer = Field(description="What was credited.")


class LedgerDays(ResponseModel):
    """What the ledger moved, by day; each day's debits and credits are equal."""

    items: list[LedgerDayRow] = Field(description="Oldest day first.")


class ProviderDay(ResponseModel):
    """How our books of a day stand against a provider's."""

    provider: str = Field(description="The provider.")
    totals: list[LedgerDayRow] = Field(
        description="What we booked on its accounts, by its own day (Stripe's in UTC, Razorpay's in India)."
    )
    fees: list[MoneyAnswer] | None = Field(
        description="The day's fees as booked; null before the day was compared after its end."
    )
    differences: list[OpenItemRow] = Field(
        description="In what the books differed when they were compared last (`python -m app reconcile --day`)."
    )


class DayReconciliation(ResponseModel):
    """How our books of a day stand against the providers'."""

    day: Day = Field(description="The day.")
    providers: list[ProviderDay] = Field(description="One for each provider.")


async def _accounts(
    session: AsyncSession, rows: Sequence[Any], _now: dt.datetime
) -> list[LedgerAccountRow]:
    accounts: list[LedgerAccount] = [row[0] for row in rows]
    sums = await ledger_totals.sums_of(session, [account.id for account in accounts])
    answers = []
    for account in accounts:
        total, count = sums.get(account.id, (0, 0))
        money = MoneyAnswer.of(Money(total, account.currency))
        answers.append(LedgerAccountRow.from_rows(account, sum=money, entries=count))
    return answers


_ACCOUNTS = ListSpec(
    "ledger_accounts",
    LedgerAccountRow,
    select(LedgerAccount),
    Keyset("admin_ledger_accounts", [LedgerAccount.id]),
    {
        "type": equal(LedgerAccount.type),
        "currency": equal(LedgerAccount.currency),
        "employer_id": equal(LedgerAccount.owner_id),
    },
    items_of=_accounts,
)


@router.get("/ledger/accounts", response_model=Page[LedgerAccountRow], responses=CSV_ANSWER)
async def list_ledger_accounts(
    asked: Listing,
    actor: MoneyReader,
    type_: Annotated[
        AccountType | None, Query(alias="type", description="Only accounts of this type.")
    ] = None,
    currency: Annotated[
        str | None, Query(pattern="^[A-Z]{3}$", description="Only accounts of this currency.")
    ] = None,
    employer_id: ListedEmployer = None,
) -> Page[LedgerAccountRow] | Response:
    """List the ledger's accounts with their sums; the sums of each currency come to zero."""
    return await _ACCOUNTS.answer(
        actor, asked, type=type_, currency=currency, employer_id=employer_id
    )


def _require_sensible(day: dt.date, field: str) -> None:
    """Raise `Invalid` for a day on which no book can be: there the calendar ends, and days before or after with it."""
    if not 2000 <= day.year <= 2199:
        raise Invalid.field(field, "must lie between the years 2000 and 2199")


@router.get("/ledger/days")
async def list_ledger_days(
    session: Read,
    _actor: MoneyReader,
    now: Now,
    from_: Annotated[
        dt.date | None, Query(alias="from", description="First day (UTC); left out, a week ago.")
    ] = None,
    to: Annotated[dt.date | None, Query(description="Last day (UTC); left out, today.")] = None,
) -> LedgerDays:
    """Return what the ledger moved, by day, kind of event and kind of account; at most 92 days."""
    last = to or now.date()
    _require_sensible(last, "to")
    first = from_ or last - dt.timedelta(days=7)
    _require_sensible(first, "from")
    if not 0 <= (last - first).days < ledger_totals.MOST_DAYS:
        raise Invalid.field("from", f"must be at most {ledger_totals.MOST_DAYS} days before `to`")
    days = await ledger_totals.list_days(session, first, last)
    return LedgerDays(items=[LedgerDayRow.model_validate(each) for each in days])


@router.get("/reconciliation")
async def get_reconciliation(
    session: Read,
    _actor: MoneyReader,
    rt: Rt,
    day: Annotated[dt.date, Query(description="The day.", examples=["2026-11-29"])],
) -> DayReconciliation:
    """Return how our books of a day stand against the providers', as they were compared last.

    Nothing is asked of a provider here: `python -m app reconcile --day` does that, every night.
    """
    _require_sensible(day, "day")
    configured = rt.payments.configured if rt.payments is not None else {}
    providers = []
    for name in rt.payment_events:
        zone = configured[name].books.zone if name in configured else dt.UTC
        days = await ledger_totals.list_days(session, day, day, zone)
        fees = await ledger_totals.fees_booked(session, name, day)
        items = await ledger_totals.list_differences(session, name, day)
        providers.append(
            ProviderDay(
                provider=name,
                totals=[
                    LedgerDayRow.model_validate(each) for each in days if each.provider == name
                ],
                fees=[MoneyAnswer.of(fee) for fee in fees] if fees is not None else None,
                differences=[OpenItemRow.model_validate(item) for item in items],
            )
        )
    return DayReconciliation(day=day, providers=providers)
