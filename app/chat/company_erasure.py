"""Performs what an employer asks for about the end of their account, as the API does it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from uuid import UUID

from app.chat.effect_context import EffectContext
from app.chat.employer_effects import own_account, refusal_reply
from app.core.errors import DomainError
from app.core.money import Money
from app.dialogue.effects import AskErasure, Effect, EraseCompany, PayBackBalance
from app.dialogue.turn import Reply
from app.employers import team
from app.payments import employer_erasure, ledger, pay_back
from app.payments.disputes import DisputeOpen
from app.payments.employer_erasure import BalanceLeft, MoneyOnItsWay
from app.payments.pay_back import BalanceNotRefundable

_REFUSALS: Final[Mapping[str, str]] = {
    DisputeOpen.code: "erase_disputed",
    MoneyOnItsWay.code: "erase_money_on_its_way",
    BalanceNotRefundable.code: "pay_back_nothing",
}


async def _ask(context: EffectContext, effect: AskErasure) -> None:
    account = await own_account(context, effect.employer_id)
    goes = await team.is_last_owner(context.session, account.actor)
    params: dict[str, Any] = {"company": account.company}
    if not goes:
        text = "ask_leave_company"
    elif there := await ledger.balances_of(context.session, account.id):
        text, params = "ask_erase_company_balance", params | {"balance": _money(there[0])}
    else:
        text = "ask_erase_company"
    context.replies.append(Reply(text, params, essential=True))


async def _erase(context: EffectContext, effect: EraseCompany) -> None:
    """Erase the account; the last reply goes to an address that is kept in memory only."""
    account = await own_account(context, effect.employer_id)
    erased = await employer_erasure.erase_account(
        context.session, account.actor, now=context.now, gives_up_balance=effect.gives_up_balance
    )
    context.erased = context.person.id in erased.persons


async def _pay_back(context: EffectContext, effect: PayBackBalance) -> None:
    account = await own_account(context, effect.employer_id)
    there = await ledger.balances_of(context.session, account.id)
    if not there:
        raise BalanceNotRefundable
    currency = there[0].currency
    refunds = await pay_back.request(context.session, account.actor, None, currency, context.now)
    goes_back = _money(Money(sum(refund.amount for refund in refunds), currency))
    context.replies.append(Reply("balance_goes_back", {"price": goes_back}, essential=True))


async def refused(context: EffectContext, effect: Effect, refusal: DomainError) -> Reply:
    """Return what to say where the account can't be erased, or the balance not be paid back, now."""
    if refusal.reason in _REFUSALS:
        return Reply(_REFUSALS[refusal.reason], essential=True)
    if isinstance(refusal, BalanceLeft) and isinstance(effect, EraseCompany):
        return await _what_about_the_balance(context, effect.employer_id)
    return refusal_reply(effect, refusal)


async def _what_about_the_balance(context: EffectContext, employer_id: UUID) -> Reply:
    """Ask whether the balance is paid back or given up; what can't go back is not offered to."""
    there = (await ledger.balances_of(context.session, employer_id))[0]
    goes_back = await pay_back.refundable(context.session, employer_id, there.currency)
    if not goes_back:
        return Reply("erase_balance_stays", {"balance": _money(there)}, essential=True)
    params = {"balance": _money(there), "price": _money(Money(goes_back, there.currency))}
    return Reply("erase_balance_left", params, essential=True)


def _money(money: Money) -> dict[str, Any]:
    return {"amount": money.amount, "currency": money.currency}


type _Handler = Callable[[EffectContext, Any], Awaitable[None]]
HANDLERS: Final[Mapping[type, _Handler]] = {
    AskErasure: _ask,
    EraseCompany: _erase,
    PayBackBalance: _pay_back,
}
