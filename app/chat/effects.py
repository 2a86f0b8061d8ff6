"""Performs the effects of a turn by the domains' verbs, in the message's own transaction.

A verb's refusal picks the reply by its code, as it picks the error code over HTTP.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from app.chat import company_erasure, employer_effects, lead_effects
from app.chat.effect_context import EffectContext
from app.chat.load_context import CHANNEL, find_offer
from app.core.errors import DomainError
from app.core.geo import Point
from app.core.logging import logger
from app.core.paging import PageRequest
from app.core.person_names import UNNAMED
from app.database.session import savepoint
from app.dialogue.effects import (
    AnswerOffer,
    AnswerReached,
    AppealReliability,
    BlockEmployer,
    CreateWorker,
    EditProfile,
    Effect,
    EmployerEffect,
    EraseAccount,
    EraseCompany,
    ForgetPerson,
    GiveConsent,
    GiveReason,
    HandBack,
    ListContactHolders,
    OpenCompany,
    PayBackBalance,
    ReportEmployer,
    RequestHandoff,
    SendOwnData,
    SendSignInCode,
    SetLanguage,
    SetPhone,
    SetWeeklyHours,
    ShowReliability,
    StandBy,
    Start,
    Stop,
)
from app.dialogue.turn import Reply
from app.dialogue.worker.offers import offer_reply
from app.dialogue.worker.questions import good_name
from app.employers.reports import report_employer
from app.identity import codes, users
from app.masking.mask import mask
from app.matching.standby_odds import standby_chance
from app.matching.withdrawals import find_withdrawal_share
from app.messaging.contacts import identify
from app.messaging.conversations import handoff
from app.messaging.models import HandoffReason
from app.offers import appeals, reasons, reconsider, reliability, respond, standby
from app.offers.queries import employer_of_offer
from app.offers.reliability_text import advice_texts, part_texts
from app.offers.rules import OfferAnswer
from app.payments import contacts, lead_guarantee
from app.privacy import export_text
from app.privacy.erase import erase_worker
from app.privacy.export import export_worker
from app.texts import catalogue
from app.texts.formatting import role
from app.workers import availability, blocks, chat_registration, opt_out, profile, registration
from app.workers.chat_registration import ChatNewcomer
from app.workers.profile import WorkerEdit

SHOWN_HOLDERS: Final = 50
SHOWN_PARTS: Final = 10
"""Of a reliability, in one message; the API tells all of them."""


async def perform(context: EffectContext, effect: Effect) -> bool:
    """Perform one effect; return False where it was refused, which a reply then tells."""
    refused: DomainError | None = None
    try:
        async with savepoint(context.session):
            try:
                await HANDLERS[type(effect)](context, effect)
            except DomainError as refusal:
                if not refusal.keeps_changes:
                    raise
                refused = refusal
    except DomainError as refusal:
        refused = refusal
    if refused is None:
        return True
    context.replies.append(await _refusal_reply(context, effect, refused))
    return False


_OFFER_REFUSALS: Final[Mapping[str, str]] = {
    "offer_expired": "offer_expired",
    "offer_closed": "offer_closed",
    "account_suspended": "suspended",
}
_APPEAL_REFUSALS: Final = frozenset(
    error.code for error in (appeals.NothingToAppeal, appeals.AppealDecided)
)
"""The text of each has the name of its code."""
_CODE_REFUSALS: Final = frozenset(
    error.code
    for error in (
        registration.NotRegistered,
        registration.PhoneMissing,
        codes.ChatCodesExhausted,
    )
)
"""The text of each has the name of its code."""


async def _refusal_reply(context: EffectContext, effect: Effect, refusal: DomainError) -> Reply:
    """Return what to say of a refusal; an offer that has changed is told as it is now."""
    if isinstance(effect, AnswerOffer | StandBy | GiveReason | BlockEmployer | ReportEmployer):
        offer = await find_offer(context.session, context.person, effect.offer_id, context.now)
        if offer is None:
            return Reply("offer_unknown")
        # Whoever may not wait is not asked whether to wait once more.
        if refusal.reason == "offer_closed" and offer.full and not isinstance(effect, StandBy):
            return Reply("offer_full", offer.params)
        if refusal.reason in _OFFER_REFUSALS:
            return Reply(_OFFER_REFUSALS[refusal.reason], offer.params)
        return offer_reply(offer)
    if isinstance(effect, AppealReliability):
        known = refusal.reason in _APPEAL_REFUSALS
        return Reply(refusal.reason if known else "nothing_to_appeal")
    if isinstance(effect, AnswerReached):
        return Reply("offer_unknown")
    if isinstance(effect, SendSignInCode):
        known = refusal.reason in _CODE_REFUSALS
        return Reply(refusal.reason if known else "code_unregistered", essential=True)
    if isinstance(effect, EraseCompany | PayBackBalance):
        return await company_erasure.refused(context, effect, refusal)
    if isinstance(effect, EmployerEffect | OpenCompany):
        return employer_effects.refusal_reply(effect, refusal)
    logger().warning("chat_effect_refused", kind=type(effect).__name__, code=refusal.reason)
    return Reply("not_understood")


# ── Account, language, consent ───────────────────────────────────────────────────────────────────


async def _create_worker(context: EffectContext, effect: CreateWorker) -> None:
    newcomer = _newcomer(context, effect.name)
    await chat_registration.create_worker(
        context.session, context.person, newcomer, now=context.now
    )


async def _give_consent(context: EffectContext, effect: GiveConsent) -> None:
    newcomer = _newcomer(context, effect.name)
    await chat_registration.give_consent(
        context.session, context.worker_id, newcomer, CHANNEL, now=context.now
    )


def _newcomer(context: EffectContext, name: str) -> ChatNewcomer:
    return ChatNewcomer(name if good_name(name) else UNNAMED, context.language, context.country)


async def _set_language(context: EffectContext, effect: SetLanguage) -> None:
    """Set it for the worker and for every employer account that the phone was proven for."""
    context.person.language = effect.language
    await employer_effects.set_language(context, effect.language)
    if (user_id := context.person.user_id) is not None:
        await users.set_language(context.session, [user_id], effect.language, now=context.now)


async def _set_phone(context: EffectContext, effect: SetPhone) -> None:
    await identify.set_phone(context.session, context.person, effect.phone, context.now)


# ── Profile ──────────────────────────────────────────────────────────────────────────────────────


async def _edit_profile(context: EffectContext, effect: EditProfile) -> None:
    changes: WorkerEdit = {**effect.changes}  # type: ignore[typeddict-item]
    if "location" in effect.changes:
        changes["location"] = Point(*effect.changes["location"])
    await profile.edit(context.session, context.worker_id, changes, now=context.now)


async def _set_weekly_hours(context: EffectContext, effect: SetWeeklyHours) -> None:
    await availability.replace_slots(
        context.session, context.worker_id, effect.slots, now=context.now
    )


# ── Offers and employers ─────────────────────────────────────────────────────────────────────────


async def _answer_offer(context: EffectContext, effect: AnswerOffer) -> None:
    """Answer an offer; the notices of these verbs are the reply."""
    if effect.verb == "withdraw":
        await respond.withdraw(context.session, context.worker_id, effect.offer_id, context.now)
        return
    if effect.verb == "reconsider":
        await reconsider.reconsider(
            context.session, context.worker_id, effect.offer_id, context.now
        )
        return
    await respond.respond(
        context.session,
        context.worker_id,
        effect.offer_id,
        OfferAnswer(effect.verb),
        None if effect.reason is None else mask(effect.reason),
        context.now,
        base_url=context.base_url,
    )


async def _stand_by(context: EffectContext, effect: StandBy) -> None:
    standing = await standby.stand_by(
        context.session, context.worker_id, effect.offer_id, context.now
    )
    offer = await find_offer(context.session, context.person, effect.offer_id, context.now)
    withdraws = await find_withdrawal_share(context.session)
    chance = standby_chance(standing.accepted, standing.ahead, standing.open_places, withdraws)
    params = {} if offer is None else offer.params
    context.reply("standing_by", {**params, "ahead": standing.ahead, "percent": f"{chance:.0%}"})


async def _give_reason(context: EffectContext, effect: GiveReason) -> None:
    await reasons.give_reason(
        context.session, context.worker_id, effect.offer_id, mask(effect.reason), context.now
    )


async def _block_employer(context: EffectContext, effect: BlockEmployer) -> None:
    employer_id = await employer_of_offer(context.session, context.worker_id, effect.offer_id)
    await respond.break_with(context.session, context.worker_id, employer_id, context.now)
    await blocks.block_employer(context.session, context.worker_id, employer_id, now=context.now)


async def _answer_reached(context: EffectContext, effect: AnswerReached) -> None:
    await lead_guarantee.answer(
        context.session,
        context.worker_id,
        effect.offer_id,
        reached=effect.reached,
        now=context.now,
    )


async def _report_employer(context: EffectContext, effect: ReportEmployer) -> None:
    employer_id = await employer_of_offer(context.session, context.worker_id, effect.offer_id)
    report_employer(
        context.session, employer_id, effect.offer_id, effect.words, context.actor, now=context.now
    )


async def _show_reliability(context: EffectContext, _effect: ShowReliability) -> None:
    report = await reliability.explain(context.session, context.worker_id)
    line = context.word("reliability_part")
    texts = part_texts(report.parts, context.language, context.time_zone, context.now)
    lines = [
        line.replace("{effect}", f"{part.effect:+.1f}").replace("{text}", text)
        for part, text in zip(report.parts[:SHOWN_PARTS], texts, strict=False)
    ]
    advice = [f"• {text}" for text in advice_texts(report, context.language)]
    context.reply(
        "reliability",
        {
            "score": f"{report.score:.0f}",
            "list": "\n".join(lines or [context.word("reliability_none")]),
            "advice": "\n".join(advice),
        },
    )


async def _appeal(context: EffectContext, effect: AppealReliability) -> None:
    await appeals.appeal(context.session, context.actor, effect.what, effect.words, context.now)


# ── STOP, handoff, own data ─────────────────────────────────────────────────────────────────────────


async def _stop(context: EffectContext, _effect: Stop) -> None:
    await opt_out.stop(context.session, context.person, now=context.now)


async def _start(context: EffectContext, _effect: Start) -> None:
    await opt_out.start(context.session, context.person, now=context.now)


async def _request_handoff(context: EffectContext, effect: RequestHandoff) -> None:
    handoff.request(context.person, HandoffReason(effect.why), context.now)


async def _hand_back(context: EffectContext, _effect: HandBack) -> None:
    handoff.resume_bot(context.person, context.now)


async def _list_contact_holders(context: EffectContext, _effect: ListContactHolders) -> None:
    holders: list[contacts.ContactHolder] = []
    if context.person.user_id is not None:
        page = PageRequest(SHOWN_HOLDERS, None)
        holders, _ = await contacts.list_holders(context.session, context.person.user_id, page)
    if not holders:
        context.reply("nobody_has_number")
        return
    reader = context.formatting
    since = context.word("since")
    lines = [
        f"• {catalogue.plain(holder.company_name)} ({role(holder.job_title, reader)}), "
        + since.replace("{date}", context.day(holder.unlocked_at))
        for holder in holders
    ]
    context.reply("who_has_number", {"list": "\n".join(lines)})


async def _send_own_data(context: EffectContext, _effect: SendOwnData) -> None:
    own = await export_worker(context.session, context.worker_id)
    phone = users.phone_of(context.session, own.user)
    lines = export_text.as_lines(own, phone, context.language, context.now)
    context.reply("your_data", {"list": "\n".join(lines)})


async def _send_sign_in_code(context: EffectContext, _effect: SendSignInCode) -> None:
    await registration.send_code_in_chat(
        context.session, context.worker_id, context.language, now=context.now
    )


async def _erase(context: EffectContext, _effect: Effect) -> None:
    """Delete everything; the last reply goes to an address that is kept in memory only."""
    if context.person.user_id is not None:
        await erase_worker(context.session, context.worker_id, context.actor, now=context.now)
    else:
        await identify.erase_contacts(context.session, [context.person.id], context.now)
    context.erased = True


type Handler = Callable[[EffectContext, Any], Awaitable[None]]
HANDLERS: Final[Mapping[type, Handler]] = {
    CreateWorker: _create_worker,
    SetLanguage: _set_language,
    GiveConsent: _give_consent,
    ForgetPerson: _erase,
    SetPhone: _set_phone,
    EditProfile: _edit_profile,
    SetWeeklyHours: _set_weekly_hours,
    AnswerOffer: _answer_offer,
    StandBy: _stand_by,
    GiveReason: _give_reason,
    BlockEmployer: _block_employer,
    AnswerReached: _answer_reached,
    ReportEmployer: _report_employer,
    ShowReliability: _show_reliability,
    AppealReliability: _appeal,
    Stop: _stop,
    Start: _start,
    RequestHandoff: _request_handoff,
    HandBack: _hand_back,
    ListContactHolders: _list_contact_holders,
    SendOwnData: _send_own_data,
    SendSignInCode: _send_sign_in_code,
    EraseAccount: _erase,
    **employer_effects.HANDLERS,
    **lead_effects.HANDLERS,
    **company_erasure.HANDLERS,
}
