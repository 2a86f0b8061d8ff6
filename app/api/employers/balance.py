"""Money paid in advance: what is in the balance, what moved it, and topping it up."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field

from app.api.http import idempotency
from app.api.http.csv_export import CSV_ANSWER, export
from app.api.http.dependencies import (
    CompanyOwner,
    EmployerActor,
    EmployerActorApart,
    KeyHeader,
    LeadBuyerApart,
    Now,
    Once,
    PageQuery,
    Read,
    Route,
    Rt,
    Write,
    limit_subject,
)
from app.api.http.own_address import own_address
from app.api.http.problems import problems
from app.core import schema
from app.core.money import Money
from app.core.paging import PageRequest
from app.core.schema import Instant, MoneyAnswer, Page, ResponseModel
from app.identity.actor import AccountRestricted
from app.offers.links import order_link
from app.payments import balance, checkout, ledger, pay_back, provider, top_up_returns
from app.payments.balance import PackNotFound
from app.payments.disputes import DisputeOpen
from app.payments.pay_back import BalanceNotRefundable
from app.payments.provider import PaymentRefused, PaymentsNotConfigured, PaymentsUnavailable
from app.payments.purchase import page_ends, turn_of
from app.payments.rules import RefundStatus
from app.payments.team_spending import SpendingLimit
from app.policy import policy

router = APIRouter(prefix="/api/employers", tags=["employers"], route_class=Route)


class PackAnswer(ResponseModel):
    """An offer to pay in advance."""

    id: str = Field(description="Its name, for a top-up.")
    pays: MoneyAnswer = Field(description="What is paid.")
    credits: MoneyAnswer = Field(description="What the balance grows by.")


class BalanceAnswer(ResponseModel):
    """What is in the balance. It never lapses."""

    balance: MoneyAnswer = Field(description="What is in it.")
    frozen: MoneyAnswer = Field(
        description="What of it stays there while a bank decides about a top-up; nothing is bought until then."
    )
    refundable: MoneyAnswer = Field(
        description="What of it could go back to what it was paid with (`POST balance/refunds`): no bonus of a pack, "
        "and nothing that came into it another way."
    )
    packs: list[PackAnswer] = Field(description="How it may be topped up.")


class BalanceEntryAnswer(ResponseModel):
    """One movement of the balance."""

    id: UUID = Field(description="Id of the entry.")
    kind: str = Field(description="What moved it, such as `top_up`, `capture` or `refund`.")
    amount: MoneyAnswer = Field(description="By how much; negative where it was taken from it.")
    payment_id: UUID | None = Field(description="The payment it is about; null for a top-up.")
    at: Instant = Field(description="When it was booked (UTC).")


class TopUpRequest(schema.RequestModel):
    """Which pack to pay."""

    pack: schema.Slug = Field(description="Id of the pack.", examples=["small"])


class TopUpPending(ResponseModel):
    """Pay on the page; the balance grows when the payment is confirmed."""

    status: Literal["pending"] = Field(default="pending", description="It is not paid yet.")
    order_id: UUID = Field(description="Id of the order.")
    checkout_url: str | None = Field(
        description="Page on which to pay; null while the money is on its way: there is nothing to pay any more."
    )
    expires_at: Instant = Field(description="Until when the page takes the payment (UTC).")
    price: MoneyAnswer = Field(description="What is paid.")
    credits: MoneyAnswer = Field(description="What the balance will grow by.")


class PayBackRequest(schema.RequestModel):
    """How much of the balance to pay back."""

    amount: Annotated[int, schema.whole(1, 10**12)] | None = Field(
        default=None,
        description="Minor units that shall go back; left out, all that can (`refundable` of the balance).",
        examples=[20_000],
    )


class PayBackPart(ResponseModel):
    """What goes back of one top-up."""

    id: UUID = Field(description="Id of the refund.")
    order_id: UUID = Field(description="Id of the top-up.")
    status: RefundStatus = Field(description="Where it stands; `requested` is sent next.")
    money: MoneyAnswer = Field(description="What goes back to what that top-up was paid with.")


class PayBackAnswer(ResponseModel):
    """Money on its way back, and what is left."""

    items: list[PayBackPart] = Field(description="What goes back, of the oldest top-up first.")
    balance: MoneyAnswer = Field(
        description="What is in the balance now; the bonus of a pack leaves it with its share of the money."
    )


@router.get("/balance")
async def get_balance(session: Read, actor: EmployerActor) -> BalanceAnswer:
    """Return your balance, and the packs by which it may be topped up."""
    in_force = await policy.current(session)
    currency = in_force.lead_prices.currency
    packs = [
        PackAnswer(
            id=pack.id,
            pays=MoneyAnswer.of(Money(pack.pays, currency)),
            credits=MoneyAnswer.of(Money(pack.credits, currency)),
        )
        for pack in in_force.balance.packs
    ]
    there = await ledger.balance_of(session, actor.employer_id, currency)
    disputed = await top_up_returns.frozen(session, actor.employer_id, currency)
    back = await pay_back.refundable(session, actor.employer_id, currency)
    return BalanceAnswer(
        balance=MoneyAnswer.of(Money(there, currency)),
        frozen=MoneyAnswer.of(Money(min(there, disputed), currency)),
        refundable=MoneyAnswer.of(Money(back, currency)),
        packs=packs,
    )


@router.get("/balance/entries")
async def list_balance_entries(
    session: Read, actor: EmployerActor, page: PageQuery
) -> Page[BalanceEntryAnswer]:
    """List what moved your balance, newest first."""
    entries, cursor = await balance.list_entries(session, actor.employer_id, page)
    items = [BalanceEntryAnswer.model_validate(entry) for entry in entries]
    return Page(items=items, next_cursor=cursor)


class BalanceRecord(ResponseModel):
    """A movement of the balance as a row of a file: the amount in minor units."""

    id: UUID = Field(description="Id of the entry.")
    at: Instant = Field(description="When it was booked (UTC).")
    kind: str = Field(description="What moved it.")
    amount: int = Field(description="By how much, in minor units; negative where it was taken.")
    currency: str = Field(description="Currency, three letters of ISO 4217.")
    payment_id: UUID | None = Field(description="The payment it is about; empty for a top-up.")


@router.get("/balance/entries.csv", response_class=Response, responses=CSV_ANSWER)
async def export_balance_entries(actor: EmployerActorApart, rt: Rt) -> Response:
    """Return all that moved my balance as one CSV file, newest first, safe to open in a spreadsheet."""

    async def page_of(page: PageRequest) -> Page[BalanceRecord]:
        # The request's transaction is over when the file is sent.
        async with rt.database.read() as session:
            entries, cursor = await balance.list_entries(session, actor.employer_id, page)
        items = [
            BalanceRecord.from_rows(each, amount=each.amount.amount, currency=each.amount.currency)
            for each in entries
        ]
        return Page(items=items, next_cursor=cursor)

    return await export("balance", BalanceRecord, page_of)


@router.post(
    "/balance/refunds",
    status_code=201,
    responses=problems(BalanceNotRefundable, DisputeOpen),
)
async def pay_balance_back(
    body: PayBackRequest, session: Write, actor: CompanyOwner, now: Now, _once: Once
) -> PayBackAnswer:
    """Have money of the balance sent back to what it was paid with, of the oldest top-up first.

    It leaves the balance now. What the provider refuses is in the balance again, and you are told.
    """
    currency = (await policy.current(session)).lead_prices.currency
    made = await pay_back.request(session, actor, body.amount, currency, now)
    left = await ledger.balance_of(session, actor.employer_id, currency)
    items = [PayBackPart.model_validate(one) for one in made]
    return PayBackAnswer(items=items, balance=MoneyAnswer.of(Money(left, currency)))


@router.post(
    "/balance/top-ups",
    status_code=202,
    response_model=TopUpPending,
    responses=problems(
        PackNotFound,
        DisputeOpen,
        AccountRestricted,
        SpendingLimit,
        PaymentsNotConfigured,
        PaymentsUnavailable,
        PaymentRefused,
    ),
)
async def top_up_balance(
    request: Request,
    body: TopUpRequest,
    actor: LeadBuyerApart,
    rt: Rt,
    now: Now,
    idempotency_key: KeyHeader = None,
) -> Response:
    """Pay in advance: 202 with the payment page. The same pack again gives the same page while it is open.

    The same Idempotency-Key gives the same order and page even after it was paid: a request sent twice never asks
    for money twice.
    """
    await limit_subject(rt, "unlock:account", str(actor.employer_id))
    async with turn_of(actor.employer_id), rt.database.begin() as session:
        owner = str(actor.user_id)
        claimed = await idempotency.claim_request(request, session, owner, idempotency_key, now)
        ends = await page_ends(session, now)
        order = await balance.begin_top_up(session, actor, body.pack, ends, now)
    page = order_link(rt.keyring, own_address(request, rt.settings), order.id)
    paying = await checkout.open_page(rt.database, rt.payments, order.id, page, now)
    attempt = paying.attempt
    lacks_page = paying.is_payable and paying.url is None
    if attempt is None or attempt.expires_at is None or lacks_page:
        raise provider.PaymentsUnavailable
    pending = TopUpPending(
        order_id=order.id,
        checkout_url=paying.url,
        expires_at=attempt.expires_at,
        price=MoneyAnswer.of(order.price),
        credits=MoneyAnswer.of(Money(order.credits or order.total, order.currency)),
    )
    answer = Response(pending.model_dump_json(), 202, media_type="application/json")
    if claimed is not None:
        # Before this, a repeat finds the order open: nobody has its page yet to pay it.
        async with rt.database.begin() as session:
            await idempotency.store(session, claimed, answer)
    return answer
