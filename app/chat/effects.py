"""Doing what a step wants done: by the same verbs as the API, in the message's own transaction.

A verb that refuses picks the reply by the name of its refusal, as over HTTP it picks the code.
"""

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue import places
from app.chat import employer_effects as employer_apply
from app.chat import load_context, own_data
from app.chat.effect_context import Doing
from app.chat.load_context import CHANNEL
from app.core.errors import DomainError
from app.core.geo import Point
from app.core.ids import new_id
from app.core.languages import Language
from app.core.logging import logger
from app.core.paging import PageRequest
from app.core.person_names import UNNAMED
from app.database.session import changed
from app.database.statements import insert_if_absent
from app.dialogue import effects as fx
from app.dialogue.effects import Effect
from app.dialogue.turn import Reply
from app.dialogue.worker.offers import tell_offer
from app.dialogue.worker.person_questions import good_name
from app.employers.reports import report_employer
from app.identity import users
from app.identity.actor import Actor
from app.identity.models import Consent, Role, User, UserStatus
from app.masking.mask import mask
from app.messaging.contacts import identify
from app.messaging.conversations import handoff
from app.messaging.models import ChatPerson, HandoffReason
from app.offers import reasons, respond
from app.offers.queries import employer_of_offer
from app.offers.rules import OfferAnswer
from app.payments import contacts
from app.privacy.erase import erase_worker
from app.privacy.export import export_worker
from app.texts import catalogue
from app.texts.formatting import role
from app.workers import availability, blocks, profile, registration
from app.workers.models import Worker
from app.workers.profile import WorkerEdit

SHOWN_HOLDERS: Final = 50


async def apply(doing: Doing, effect: Effect) -> bool:
    """Do one thing; return False when it was refused and the refusal is what there is to say."""
    refused: DomainError | None = None
    try:
        async with doing.session.begin_nested():
            try:
                await _VERBS[type(effect)](doing, effect)
            except DomainError as refusal:
                if not refusal.keeps_changes:
                    raise
                refused = refusal
    except DomainError as refusal:
        refused = refusal
    if refused is None:
        return True
    doing.replies.append(await _told(doing, effect, refused))
    return False


_REFUSALS: Final[Mapping[str, str]] = {
    "offer_expired": "offer_expired",
    "offer_closed": "offer_closed",
    "account_suspended": "suspended",
}


_CODE_REFUSALS: Final = frozenset(
    error.code
    for error in (
        registration.NotRegistered,
        registration.PhoneMissing,
        registration.ChatCodesExhausted,
    )
)
"""Each is called as its text is."""


async def _told(doing: Doing, effect: Effect, refusal: DomainError) -> Reply:
    """Return what to say of a refusal; an offer that moved on is told as it stands now."""
    if isinstance(effect, fx.AnswerOffer | fx.GiveReason | fx.BlockEmployer | fx.ReportEmployer):
        offer = await load_context.offer_facts(
            doing.session, doing.person.user_id, effect.offer_id, doing.now
        )
        if offer is None:
            return Reply("offer_unknown")
        if refusal.reason in _REFUSALS:
            return Reply(_REFUSALS[refusal.reason], offer.params)
        return tell_offer(offer)
    if isinstance(effect, fx.SendSignInCode):
        known = refusal.reason in _CODE_REFUSALS
        return Reply(refusal.reason if known else "code_unregistered", essential=True)
    if (told := employer_apply.told(effect, refusal)) is not None:
        return told
    logger().warning("chat_effect_refused", kind=type(effect).__name__, code=refusal.reason)
    return Reply("not_understood")


# ── Meeting, agreeing, forgetting ────────────────────────────────────────────────────────────────


async def _meet(doing: Doing, effect: fx.CreateWorker) -> None:
    """Make the pending worker of somebody new; of several messages at once, one makes it."""
    session, person, now = doing.session, doing.person, doing.now
    if person.user_id is not None:
        return
    row = {
        "id": new_id(),
        "role": Role.WORKER,
        "status": UserStatus.PENDING,
        "name": effect.name if good_name(effect.name) else UNNAMED,
        "language": doing.language,
        # Sealed as a user's phone is (`outbox.ADDRESS`), so it can be copied.
        "phone_sealed": person.phone_sealed,
        "phone_index": person.phone_index,
        "chat_user_id": await _free_id(session, person),
        "version": 1,
        "created_at": now,
        "updated_at": now,
    }
    await insert_if_absent(session, User, row)
    await identify.link_account(session, person, now)
    await insert_if_absent(
        session,
        Worker,
        {
            "id": doing.worker_id,
            "max_distance_km": registration.DEFAULT_TRAVEL_KM,
            "skills": [],
            "experience_years": 0,
            "bio": "",
            "time_zone": places.main_time_zone(doing.country),
            "answered": 0,
            "missed": 0,
            "withdrawn": 0,
            "created_at": now,
            "updated_at": now,
        },
    )


async def _free_id(session: AsyncSession, person: ChatPerson) -> str | None:
    taken = await session.scalar(
        select(User.id).where(User.chat_user_id == person.platform_user_id)
    )
    return person.platform_user_id if taken is None else None


async def _set_language(doing: Doing, effect: fx.SetLanguage) -> None:
    doing.person.language = effect.language
    await employer_apply.speak(doing, effect.language)
    if doing.person.user_id is not None:
        await doing.session.execute(
            update(User)
            .where(User.id == doing.person.user_id)
            .values(language=effect.language, updated_at=doing.now)
        )


async def _agree(doing: Doing, effect: fx.GiveConsent) -> None:
    """Record the consent. A phone is proven by the message that came from it."""
    user = await users.get_user(doing.session, doing.worker_id)
    phone = users.phone_of(doing.session, user)
    if phone is not None:
        new = registration.NewWorker(
            name=effect.name if good_name(effect.name) else UNNAMED,
            phone=phone,
            language=Language(doing.language),
            channel=CHANNEL,
        )
        await registration.register_proven(doing.session, new, doing.country, doing.now)
        return
    doing.session.add(
        Consent(
            user_id=user.id,
            purpose=registration.CONSENT_PURPOSE,
            wording_version=registration.CONSENT_VERSION,
            language=doing.language,
            channel=CHANNEL,
            granted_at=doing.now,
        )
    )


async def _forget(doing: Doing, _effect: fx.ForgetPerson) -> None:
    await _erase(doing, _effect)


async def _set_phone(doing: Doing, effect: fx.SetPhone) -> None:
    """Keep a phone the platform vouches for; an account that proved it already is this person's."""
    await identify.set_phone(doing.session, doing.person, effect.phone, doing.now)


# ── Profile ──────────────────────────────────────────────────────────────────────────────────────


async def _edit(doing: Doing, effect: fx.EditProfile) -> None:
    changes: WorkerEdit = {**effect.changes}  # type: ignore[typeddict-item]
    if "location" in effect.changes:
        changes["location"] = Point(*effect.changes["location"])
    await profile.edit(doing.session, doing.worker_id, changes, doing.now)


async def _set_week(doing: Doing, effect: fx.SetWeeklyHours) -> None:
    await availability.replace_slots(doing.session, doing.worker_id, effect.slots, doing.now)


# ── Offers and employers ─────────────────────────────────────────────────────────────────────────


async def _answer(doing: Doing, effect: fx.AnswerOffer) -> None:
    """Answer by the API's own verbs, whose notices are the reply."""
    if effect.verb == "withdraw":
        await respond.withdraw(doing.session, doing.worker_id, effect.offer_id, doing.now)
        return
    await respond.respond(
        doing.session,
        doing.worker_id,
        effect.offer_id,
        OfferAnswer(effect.verb),
        None if effect.reason is None else mask(effect.reason),
        doing.now,
        base_url=doing.base_url,
    )


async def _give_reason(doing: Doing, effect: fx.GiveReason) -> None:
    await reasons.give_reason(
        doing.session, doing.worker_id, effect.offer_id, mask(effect.reason), doing.now
    )


async def _block(doing: Doing, effect: fx.BlockEmployer) -> None:
    employer_id = await employer_of_offer(doing.session, doing.worker_id, effect.offer_id)
    await respond.break_with(doing.session, doing.worker_id, employer_id, doing.now)
    await blocks.block_employer(doing.session, doing.worker_id, employer_id, doing.now)


async def _report(doing: Doing, effect: fx.ReportEmployer) -> None:
    employer_id = await employer_of_offer(doing.session, doing.worker_id, effect.offer_id)
    worker = Actor(doing.worker_id, Role.WORKER, UserStatus.ACTIVE, "")
    report_employer(
        doing.session, employer_id, effect.offer_id, effect.words, worker, now=doing.now
    )


# ── Silence, humans, data ────────────────────────────────────────────────────────────────────────


async def _stop(doing: Doing, _effect: fx.Stop) -> None:
    doing.person.stopped_at = doing.now
    await _mark_worker(doing, doing.now)


async def _start(doing: Doing, _effect: fx.Start) -> None:
    doing.person.stopped_at = None
    await _mark_worker(doing, None)


async def _mark_worker(doing: Doing, stopped_at: dt.datetime | None) -> None:
    if doing.person.user_id is None:
        return
    await doing.session.execute(
        update(Worker)
        .where(Worker.id == doing.person.user_id)
        .values(stopped_at=stopped_at, updated_at=doing.now)
    )
    changed(doing.session, "worker", doing.person.user_id)


async def _hand_over(doing: Doing, effect: fx.RequestHandoff) -> None:
    handoff.request(doing.person, HandoffReason(effect.why), doing.now)


async def _hand_back(doing: Doing, _effect: fx.HandBack) -> None:
    handoff.resume_bot(doing.person, doing.now)


async def _tell_who_knows(doing: Doing, _effect: fx.ListContactHolders) -> None:
    holders: list[contacts.ContactHolder] = []
    if doing.person.user_id is not None:
        page = PageRequest(SHOWN_HOLDERS, None)
        holders, _ = await contacts.list_holders(doing.session, doing.person.user_id, page)
    if not holders:
        doing.replies.append(Reply("nobody_has_number"))
        return
    reader = catalogue.format_context(doing.language, {}, doing.now)
    since = catalogue.word(doing.language, "since")
    lines = [
        f"• {catalogue.plain(holder.company_name)} ({role(holder.job_title, reader)}), "
        + since.replace("{date}", catalogue.format_day(holder.unlocked_at.date(), reader))
        for holder in holders
    ]
    doing.replies.append(Reply("who_has_number", {"list": "\n".join(lines)}))


async def _send_data(doing: Doing, _effect: fx.SendOwnData) -> None:
    """Tell everything that is kept; the person reads what an export holds, in plain lines."""
    own = await export_worker(doing.session, doing.worker_id)
    phone = users.phone_of(doing.session, own.user)
    lines = own_data.told(own, phone, doing.language, doing.now)
    doing.replies.append(Reply("your_data", {"list": "\n".join(lines)}))


async def _send_code(doing: Doing, _effect: fx.SendSignInCode) -> None:
    """Send a code to the phone that signs in; nobody but its holder can ask for one here."""
    await registration.send_code_in_chat(doing.session, doing.worker_id, doing.language, doing.now)


async def _erase(doing: Doing, _effect: Effect) -> None:
    """Delete everything; the last reply goes to an address that is then no longer kept."""
    if doing.person.user_id is not None:
        actor = Actor(doing.person.user_id, Role.WORKER, UserStatus.ACTIVE, "")
        await erase_worker(doing.session, doing.person.user_id, actor, now=doing.now)
    else:
        await identify.erase_contacts(doing.session, [doing.person.id], doing.now)
    doing.erased = True


type _Verb = Callable[[Doing, Any], Awaitable[None]]
_VERBS: Final[Mapping[type, _Verb]] = {
    fx.CreateWorker: _meet,
    fx.SetLanguage: _set_language,
    fx.GiveConsent: _agree,
    fx.ForgetPerson: _forget,
    fx.SetPhone: _set_phone,
    fx.EditProfile: _edit,
    fx.SetWeeklyHours: _set_week,
    fx.AnswerOffer: _answer,
    fx.GiveReason: _give_reason,
    fx.BlockEmployer: _block,
    fx.ReportEmployer: _report,
    fx.Stop: _stop,
    fx.Start: _start,
    fx.RequestHandoff: _hand_over,
    fx.HandBack: _hand_back,
    fx.ListContactHolders: _tell_who_knows,
    fx.SendOwnData: _send_data,
    fx.SendSignInCode: _send_code,
    fx.EraseAccount: _erase,
    **employer_apply.VERBS,
}
