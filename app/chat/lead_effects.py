"""Performs what an employer does about leads and money: list them, pay, unlock with a tap, top up the balance.

Nothing here asks a payment provider: a link leads to the page that does.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from app.chat.effect_context import EffectContext
from app.chat.employer_effects import contact_line, own_account
from app.core.money import Money
from app.core.paging import PageRequest
from app.database.session import keyring
from app.dialogue.effects import (
    ChargeCard,
    ChargeCardForAll,
    ListLeads,
    PayForAll,
    ShowBalance,
    TopUp,
    UnlockLead,
)
from app.dialogue.turn import Reply
from app.employers.phones import PhoneAccount
from app.jobs import queries
from app.jobs.models import Job
from app.offers.lead_facts import lead_params
from app.offers.links import order_link, payment_link
from app.offers.queries import EmployersMatch, list_matches
from app.offers.rules import OfferStatus
from app.payments import (
    balance,
    card_taps,
    contacts,
    kept_card,
    ledger,
    other_buyers,
    quotes,
)
from app.payments.contacts import Contact
from app.payments.kept_card import ShownCard
from app.payments.purchase import begin, page_ends
from app.payments.rules import PayWith
from app.payments.ways import first_way
from app.policy import policy
from app.texts import catalogue
from app.texts.formatting import inert
from app.texts.message import ROW_DESCRIPTION_CHARACTERS, ROW_TITLE_CHARACTERS, Button, Row

SHOWN_LEADS: Final = 9
"""With a row for all of them: as many as a list takes."""


async def _list_leads(context: EffectContext, effect: ListLeads) -> None:
    account = await own_account(context, effect.employer_id)
    job = await queries.get_own_job(context.session, account.id, effect.job_id)
    page = PageRequest(SHOWN_LEADS, None)
    leads, _ = await list_matches(
        context.session, account.id, job.id, OfferStatus.ACCEPTED, page, context.now
    )
    title = {"title": job.title, "job_id": str(job.id)}
    if not leads:
        context.reply("no_leads", title)
        return
    bought = await contacts.contacts_of(context.session, account.id, [lead.id for lead in leads])
    prices = await quotes.prices_now(context.session, account.id, [lead.price for lead in leads])
    others = await other_buyers.count_others(
        context.session, account.id, job.id, [lead.id for lead in leads], context.now
    )
    lines = [
        _lead_line(context, account, job, lead, price, bought.get(lead.id))
        + _bought_by_others(context, 0 if lead.id in bought else others.get(lead.id, 0))
        for lead, price in zip(leads, prices, strict=True)
    ]
    params = {**title, "list": "\n".join(lines)}
    to_pay = [
        (lead, price) for lead, price in zip(leads, prices, strict=True) if lead.id not in bought
    ]
    if to_pay and await _offer_one_tap(context, account.id, job, to_pay, params):
        return
    if len(to_pay) < 2:
        context.reply("your_leads" if to_pay else "leads_bought", params)
        return
    own = catalogue.get_catalogue(context.language).chat["your_leads"].buttons
    words = context.word("lead_pay_all").replace("{value}", str(len(to_pay)))
    buttons = [Button(f"job:{job.id}:payall", words)]
    buttons += [Button(id_.replace("{job_id}", str(job.id)), said) for id_, said in own.items()]
    context.replies.append(Reply("your_leads", params, buttons=buttons))


async def _offer_one_tap(
    context: EffectContext,
    employer_id: UUID,
    job: Job,
    to_pay: Sequence[tuple[EmployersMatch, Money]],
    params: dict[str, Any],
) -> bool:
    """Show the leads with a row for each that one tap unlocks, its price on it; False where there is none.

    A tap unlocks what is free, what the balance covers, and else what the kept card may be charged (`ways`).
    """
    currency = to_pay[0][1].currency
    there = await ledger.balance_of(context.session, employer_id, currency)
    card = await kept_card.find(context.session, employer_id)
    is_free = to_pay[0][1].amount == 0
    if is_free:
        card = None  # the first that is tapped is free: nothing says yet what the others then cost
    rows = [
        row
        for lead, price in to_pay
        if price.currency == currency
        and (row := _row_of_lead(context, lead, price, there, card)) is not None
    ]
    if not rows:
        return False
    if is_free:
        context.reply("your_leads_free", params, rows)
        return True
    total = Money(sum(price.amount for _, price in to_pay), currency)
    way = first_way(total, there, card)
    if len(to_pay) > 1 and len(rows) == len(to_pay) and way is not PayWith.PAGE:
        words = context.word("lead_all").replace("{value}", str(len(to_pay)))
        these = _digest([lead.id for lead, _ in to_pay])
        verb = f"payall:{these}" if way is PayWith.BALANCE else f"cardall:{total.amount}:{these}"
        rows.append(Row(f"job:{job.id}:{verb}", words, _price_on_tap(context, total, way, card)))
    held = {"amount": there, "currency": currency}
    by_card = any(":card:" in row.id for row in rows)
    text = "your_leads_card" if by_card else "your_leads_tap"
    context.reply(text, {**params, "balance": held}, rows)
    return True


def _row_of_lead(
    context: EffectContext,
    lead: EmployersMatch,
    price: Money,
    there: int,
    card: ShownCard | None,
) -> Row | None:
    """Return the row that unlocks a lead by one tap; None where only the page can."""
    way = first_way(price, there, card)
    if way is PayWith.PAGE:
        return None
    verb = "unlock" if way is PayWith.BALANCE else f"card:{price.amount}"
    name = inert(lead.display_name or "…", ROW_TITLE_CHARACTERS)
    return Row(f"lead:{lead.id}:{verb}", name, _price_on_tap(context, price, way, card))


def _price_on_tap(
    context: EffectContext, price: Money, way: PayWith, card: ShownCard | None
) -> str:
    """Return what stands below the name of a lead that one tap unlocks: what the tap costs, taxes included."""
    if price.amount == 0:
        return context.word("lead_for_free")
    value = {"amount": price.amount, "currency": price.currency}
    said = catalogue.format_value("money", value, context.formatting)
    word = "lead_from_card" if way is PayWith.CARD else "lead_from_balance"
    told = context.word(word).replace("{price}", said).replace("{card}", str(card or ""))
    return told[:ROW_DESCRIPTION_CHARACTERS]


async def _unlock_lead(context: EffectContext, effect: UnlockLead) -> None:
    """Unlock one lead for nothing or out of the balance; a second tap takes nothing.

    The contact follows in a message of its own.
    """
    account = await own_account(context, effect.employer_id)
    await begin(
        context.session,
        account.actor,
        [effect.match_id],
        context.now,
        pay_with=PayWith.BALANCE,
    )
    currency = (await policy.current(context.session)).lead_prices.currency
    there = await ledger.balance_of(context.session, account.id, currency)
    context.reply("lead_got", {"balance": {"amount": there, "currency": currency}})


async def _charge_card(context: EffectContext, effect: ChargeCard) -> None:
    """Have one lead charged to the kept card; a second tap charges nothing."""
    account = await own_account(context, effect.employer_id)
    await _charge(context, account, [effect.match_id], effect.amount)


async def _charge_card_for_all(context: EffectContext, effect: ChargeCardForAll) -> None:
    account = await own_account(context, effect.employer_id)
    job = await queries.get_own_job(context.session, account.id, effect.job_id)
    wanted = [lead.id for lead in await _leads_to_pay(context, account, job)]
    if wanted and effect.leads == _digest(wanted):
        await _charge(context, account, wanted, effect.amount)
    else:
        await _list_leads(context, ListLeads(effect.employer_id, effect.job_id))


async def _charge(
    context: EffectContext, account: PhoneAccount, match_ids: Sequence[UUID], agreed: int
) -> None:
    """Begin the order and the tap on the card; contact, or the link to the page, follow in a message of their own."""
    order = await card_taps.tap(
        context.session,
        account.actor,
        match_ids,
        agreed,
        context.now,
        tapped_at=min(context.sent_at, context.now),
    )
    if order is None:
        context.reply("lead_yours", {})
        return
    price = {"amount": order.total, "currency": order.currency}
    context.reply("card_being_charged", {"price": price})


def _digest(match_ids: Sequence[UUID]) -> str:
    """Return what tells the leads of one row apart from those of another day's: a row buys those that it was made for."""
    every = b"".join(sorted(each.bytes for each in match_ids))
    return hashlib.blake2s(every, digest_size=6).hexdigest()


async def _leads_to_pay(
    context: EffectContext, account: PhoneAccount, job: Job
) -> list[EmployersMatch]:
    """Return the leads of a job that are shown and not bought."""
    page = PageRequest(SHOWN_LEADS, None)
    leads, _ = await list_matches(
        context.session, account.id, job.id, OfferStatus.ACCEPTED, page, context.now
    )
    bought = await contacts.contacts_of(context.session, account.id, [lead.id for lead in leads])
    return [lead for lead in leads if lead.id not in bought]


async def _show_balance(context: EffectContext, effect: ShowBalance) -> None:
    account = await own_account(context, effect.employer_id)
    in_force = await policy.current(context.session)
    currency = in_force.lead_prices.currency
    there = await ledger.balance_of(context.session, account.id, currency)

    def said(amount: int) -> str:
        value = {"amount": amount, "currency": currency}
        return catalogue.format_value("money", value, context.formatting)

    rows = [
        Row(
            f"topup:{pack.id}",
            context.word("pack_pays").replace("{price}", said(pack.pays))[:ROW_TITLE_CHARACTERS],
            context.word("pack_credits").replace("{value}", said(pack.credits)),
        )
        for pack in in_force.balance.packs
    ]
    held = {"balance": {"amount": there, "currency": currency}}
    context.reply("your_balance" if rows else "your_balance_only", held, rows)


async def _top_up(context: EffectContext, effect: TopUp) -> None:
    """Begin a top-up and send the link to its page; the same pack again gives the same link while it is open."""
    account = await own_account(context, effect.employer_id)
    ends = await page_ends(context.session, context.now)
    order = await balance.begin_top_up(
        context.session, account.actor, effect.pack, ends, context.now
    )
    context.reply(
        "top_up_link",
        {
            "price": {"amount": order.total, "currency": order.currency},
            "credits": {"amount": order.credits or order.total, "currency": order.currency},
            "url": order_link(keyring(context.session), context.base_url, order.id),
        },
    )


async def _pay_for_all(context: EffectContext, effect: PayForAll) -> None:
    account = await own_account(context, effect.employer_id)
    job = await queries.get_own_job(context.session, account.id, effect.job_id)
    to_pay = await _leads_to_pay(context, account, job)
    wanted = [lead.id for lead in to_pay]
    others = effect.leads is not None and effect.leads != _digest(wanted)
    order = None
    if wanted and not others:
        order = await begin(context.session, account.actor, wanted, context.now)
    if order is None:
        await _list_leads(context, ListLeads(effect.employer_id, effect.job_id))
        return
    context.reply(
        "pay_for_all",
        {
            "job_id": str(job.id),
            "count": len(to_pay),
            "list": ", ".join(lead.display_name or "…" for lead in to_pay),
            "price": {"amount": order.total, "currency": order.currency},
            "url": order_link(keyring(context.session), context.base_url, order.id),
        },
    )


def _lead_line(
    context: EffectContext,
    account: PhoneAccount,
    job: Job,
    lead: EmployersMatch,
    now: Money,
    contact: Contact | None,
) -> str:
    reads = context.formatting
    if contact is not None:
        return contact_line(contact, reads)
    price = {"amount": now.amount, "currency": now.currency}
    values = {
        "name": catalogue.plain(lead.display_name or ""),
        "lead": catalogue.format_value("lead", _lead_value(job, lead), reads),
        "price": catalogue.format_value("money", price, reads),
        "url": payment_link(
            keyring(context.session), context.base_url, lead.id, account.actor.member_id
        ),
    }
    line = context.word("lead_line" if now.amount else "lead_line_free")
    for name, value in values.items():
        line = line.replace(f"{{{name}}}", value)
    return line


def _bought_by_others(context: EffectContext, count: int) -> str:
    """Return what stands behind a lead whose contact others have for the same hours; nothing where nobody has."""
    if not count:
        return ""
    word = context.word("lead_bought_one" if count == 1 else "lead_bought")
    return f" {word.replace('{value}', str(count))}"


def _lead_value(job: Job, lead: EmployersMatch) -> dict[str, Any]:
    return lead_params(
        skills=lead.skills,
        wanted=(*job.required_skills, *job.preferred_skills),
        experience_years=lead.experience_years,
        distance_km=lead.distance_km,
        availability=lead.score_availability,
        verified=lead.verified,
        reliability=lead.reliability,
    )


type _Handler = Callable[[EffectContext, Any], Awaitable[None]]
HANDLERS: Final[Mapping[type, _Handler]] = {
    ListLeads: _list_leads,
    PayForAll: _pay_for_all,
    UnlockLead: _unlock_lead,
    ChargeCard: _charge_card,
    ChargeCardForAll: _charge_card_for_all,
    ShowBalance: _show_balance,
    TopUp: _top_up,
}
