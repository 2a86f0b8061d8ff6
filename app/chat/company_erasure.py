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
from app.identity.admins import LastOwner
from app.payments import employer_erasure, ledger, pay_back
from app.payments.disputes import DisputeOpen
from app.payments.employer_erasure import BalanceLeft, Ending, ErasureChanged, MoneyOnItsWay
from app.payments.pay_back import BalanceNotRefundable

_REFUSALS: Final[Mapping[str, str]] = {
    DisputeOpen.code: "erase_disputed",
    MoneyOnItsWay.code: "erase_money_on_its_way",
    BalanceNotRefundable.code: "pay_back_nothing",
}


async def _ask(context: EffectContext, effect: AskErasure) -> None:
    context.replies.append(await _question(context, effect.employer_id))


async def _question(context: EffectContext, employer_id: UUID) -> Reply:
    """Return the question what ends with this account, and let the conversation keep what was asked."""
    account = await own_account(context, employer_id)
    ending = await employer_erasure.ending_of(context.session, account.actor)
    params: dict[str, Any] = {"company": account.company, "token": _keep(context, ending)}
    if not ending.company_goes:
        return Reply("ask_leave_company", params, essential=True)
    if ending.balances:
        params |= {"balance": _money(ending.balances[0])}
        return Reply("ask_erase_company_balance", params, essential=True)
    return Reply("ask_erase_company", params, essential=True)


def _keep(context: EffectContext, ending: Ending) -> str:
    context.draft = {
        "account": str(ending.employer_id),
        "company_goes": ending.company_goes,
        "token": ending.token,
    }
    return ending.token


async def _erase(context: EffectContext, effect: EraseCompany) -> None:
    """Erase the account; the last reply goes to an address that is kept in memory only."""
    account = await own_account(context, effect.employer_id)
    erased = await employer_erasure.erase_account(
        context.session,
        account.actor,
        now=context.now,
        gives_up_balance=effect.gives_up_balance,
        asked=effect.asked,
    )
    done = "company_deleted" if erased.company_went else "company_left"
    context.replies.append(Reply(done, {"company": account.company}, essential=True))
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
    if isinstance(effect, EraseCompany):
        if isinstance(refusal, BalanceLeft):
            return await _what_about_the_balance(context, effect.employer_id)
        if isinstance(refusal, ErasureChanged | LastOwner):
            return await _question(context, effect.employer_id)
    return refusal_reply(effect, refusal)


async def _what_about_the_balance(context: EffectContext, employer_id: UUID) -> Reply:
    """Ask whether the balance is paid back or given up; what can't go back is not offered to."""
    account = await own_account(context, employer_id)
    ending = await employer_erasure.ending_of(context.session, account.actor)
    if not ending.balances:  # spent, or given to others, a moment ago
        return await _question(context, employer_id)
    there, token = ending.balances[0], _keep(context, ending)
    goes_back = await pay_back.refundable(context.session, employer_id, there.currency)
    if not goes_back:
        return Reply(
            "erase_balance_stays", {"balance": _money(there), "token": token}, essential=True
        )
    price = _money(Money(goes_back, there.currency))
    params = {"balance": _money(there), "price": price, "token": token}
    return Reply("erase_balance_left", params, essential=True)


def _money(money: Money) -> dict[str, Any]:
    return {"amount": money.amount, "currency": money.currency}


type _Handler = Callable[[EffectContext, Any], Awaitable[None]]
HANDLERS: Final[Mapping[type, _Handler]] = {
    AskErasure: _ask,
    EraseCompany: _erase,
    PayBackBalance: _pay_back,
}
