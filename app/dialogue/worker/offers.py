"""Talking of offers: taps, quotations, a plain yes, and how an offer stands. Pure."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from app.dialogue.flow import QUESTIONS, said, tapped
from app.dialogue.model import (
    REGISTRATION,
    Answer,
    Ask,
    Context,
    GiveReason,
    Heard,
    OfferFacts,
    Say,
    State,
    Turn,
)
from app.dialogue.worker.onboarding import resume, unfinished
from app.nlu.intents import Intent, around, intents, words_of
from app.nlu.offer_reply import REASONS, OfferAnswer, answer_in
from app.offers.rules import OfferStatus
from app.texts import catalogue
from app.texts.formatting import inert, role
from app.texts.message import ROW_DESCRIPTION_CHARACTERS, ROW_TITLE_CHARACTERS, ROWS, Row

_REASON_WITHIN: Final = dt.timedelta(hours=1)
"""What is written later than this after a rejection is about something else."""
REASON_CHARACTERS: Final = 300
_ANSWERS: Final = frozenset({"accept", "reject", "withdraw"})
_NO_REASON: Final = frozenset({Intent.COURTESY, Intent.NO, Intent.SKIP, Intent.DONE})
"""Says that there is no reason to give; but "no time" is one, though it begins with a no."""


def offer_tap(heard: Heard) -> Turn | None:
    """Read a tap on an offer's button, wherever it comes from."""
    rest = tapped(heard, "offer")
    if rest is None:
        return None
    _, _, verb = rest.partition(":")
    offer = heard.context.offer
    if offer is None:
        return Turn(heard.state, (Say("offer_unknown"),))
    verb, _, detail = verb.partition(":")
    if verb == "why" and detail in REASONS:
        noted = replace(heard.state, draft=_without_rejected(heard.state))
        return Turn(noted, (Say("reason_noted"),), (GiveReason(offer.id, detail),))
    if verb in _ANSWERS:
        return _answer_offer(heard, offer, verb)
    return Turn(heard.state, (tell_offer(offer),))


def _answer_offer(heard: Heard, offer: OfferFacts, verb: str, reason: str | None = None) -> Turn:
    """The written rule: the first answer counts, and a yes can be taken back until it is unlocked."""
    status = offer.status
    calm = replace(heard.state, misses=0)
    if status is OfferStatus.OFFERED and verb == "reject":
        asked = calm if reason else _asked_why(calm, offer, heard.context)
        return Turn(asked, (), (Answer(offer.id, verb, reason),), if_refused=calm)
    if status is OfferStatus.OFFERED and verb == "accept":
        return Turn(calm, (), (Answer(offer.id, verb),))
    # A no that is older than what was handled since was never a change of mind.
    takes_back = verb == "withdraw" or (verb == "reject" and not heard.context.late)
    if status is OfferStatus.ACCEPTED and takes_back and not offer.unlocked:
        return Turn(calm, (), (Answer(offer.id, "withdraw"),))
    return Turn(calm, (tell_offer(offer),))


def _without_rejected(state: State) -> Mapping[str, Any]:
    return {key: value for key, value in state.draft.items() if key not in {"rejected", "until"}}


def _asked_why(state: State, offer: OfferFacts, context: Context) -> State:
    """The reply to a rejection asks for the reason, and what is written next may be one."""
    if state.ask is not Ask.NOTHING:
        return state
    until = (context.now + _REASON_WITHIN).isoformat()
    return replace(state, draft={"rejected": str(offer.id), "until": until})


def reason(heard: Heard) -> Turn | None:
    """Read why an offer was rejected, in the words that follow a rejection: "too far", "exam hai"."""
    text = said(heard)
    rejected = heard.state.draft.get("rejected")
    if heard.state.ask is not Ask.NOTHING or text is None or not rejected:
        return None
    closed = replace(heard.state, draft=_without_rejected(heard.state))
    if heard.context.now.isoformat() > heard.state.draft["until"]:
        return None
    meant = intents(text)
    if meant and not (meant <= _NO_REASON or Intent.COURTESY in meant):
        return None
    if "?" in text or around("asking").anywhere(words_of(text)[:1]):
        return None  # "what is my profile" is asked, and no reason
    answer = answer_in(text)
    if heard.context.open_offers and answer is not None and _of_another(answer):
        return None
    why = _reason_in(text)
    if meant and why not in REASONS:
        # "No", "later", "thanks": nothing more to say about it.
        return Turn(closed, (Say("courtesy" if Intent.COURTESY in meant else "reason_skipped"),))
    return Turn(closed, (Say("reason_noted"),), (GiveReason(UUID(rejected), why),))


def _of_another(answer: OfferAnswer) -> bool:
    """Whether an answer rather means another offer that is open than why the last was refused."""
    return answer.verb == "accept" or (answer.verb == "reject" and not answer.by_reason)


def _reason_in(text: str) -> str:
    """Return one of the reasons that are offered where the words say it, else the words."""
    words = words_of(text[:REASON_CHARACTERS])
    for why in REASONS:
        left = around(f"why_{why}").without(words)
        if len(left) < len(words) and not around("before_reason", "filler", "polite").without(left):
            return why
    first, colon, rest = text.partition(":")
    prefixed = bool(colon) and rest.strip() and not around("before_reason").without(words_of(first))
    return (rest if prefixed else text).strip()[:REASON_CHARACTERS]


def tell_offer(offer: OfferFacts) -> Say:
    """Say how an offer stands: a second tap gets the state again."""
    if offer.status is OfferStatus.ACCEPTED and offer.unlocked:
        return Say("offer_unlocked_already", offer.said)
    return Say(_OFFER_TEXTS[offer.status], offer.said)


_OFFER_TEXTS: Final[Mapping[OfferStatus, str]] = {
    OfferStatus.OFFERED: "offer_open",
    OfferStatus.ACCEPTED: "offer_accepted_already",
    OfferStatus.REJECTED: "offer_rejected_already",
    OfferStatus.WITHDRAWN: "offer_withdrawn_already",
    OfferStatus.EXPIRED: "offer_expired",
    OfferStatus.CLOSED: "offer_closed",
}


def _answered(heard: Heard) -> OfferAnswer | None:
    text = said(heard)
    return None if text is None else answer_in(text)


def quoted(heard: Heard) -> Turn | None:
    """A yes or no that quotes an offer means that offer, whatever question is open."""
    answer = _answered(heard) if heard.context.quoted else None
    if answer is None or answer.verb not in _ANSWERS:
        return None
    offer = heard.context.offer
    if offer is None:
        return Turn(heard.state, (Say("offer_unknown"),))
    return _answer_offer(heard, offer, answer.verb, answer.reason)


def _offer_rows(offers: list[OfferFacts], context: Context) -> list[Row]:
    rows = []
    for offer in offers[:ROWS]:
        company = inert(str(offer.said.get("company", "")), 40)
        if offer.status is OfferStatus.ACCEPTED:
            standing = catalogue.word(context.said_in, "accepted")
        else:
            when = catalogue.say(
                catalogue.reader(context.said_in, offer.said, context.now), "respond_by", "when"
            )
            standing = catalogue.word(context.said_in, "answer_by").replace("{when}", when)
        reader = catalogue.reader(context.said_in, offer.said, context.now)
        title = inert(role(str(offer.said.get("title", "")), reader), ROW_TITLE_CHARACTERS)
        rows.append(
            Row(
                f"offer:{offer.id}:show",
                title or "…",
                inert(f"{company} · {standing}", ROW_DESCRIPTION_CHARACTERS),
            )
        )
    return rows


def _missing_for_offers(heard: Heard) -> str:
    """Return what has still to be known before offers can come, in words; "" when all is."""
    standing = unfinished(heard.state, heard.context)
    if standing is None:
        return ""
    state, _ = standing
    open_questions = [
        question
        for question in REGISTRATION
        if question not in state.answered and not QUESTIONS[question].done(heard.context)
    ]
    said_in = heard.context.said_in
    return ", ".join(catalogue.word(said_in, f"missing_{ask.value}") for ask in open_questions)


def my_offers(heard: Heard) -> Turn:
    """Tell the open and accepted offers."""
    context = heard.context
    every = [*context.open_offers, *context.accepted_offers]
    if not every:
        missing = _missing_for_offers(heard)
        if missing:
            return resume(heard, Say("offers_wait", {"missing": missing}))
        return Turn(heard.state, (Say("no_offers"),))
    if len(every) == 1:
        return Turn(heard.state, (tell_offer(every[0]),))
    return Turn(heard.state, (Say("your_offers", rows=_offer_rows(every, context)),))


def free_answer(heard: Heard) -> Turn | None:
    """Read an answer in words: it counts with exactly one open offer; with several, ask which."""
    answer = _answered(heard)
    context = heard.context
    if answer is None:
        return None
    among = list(context.accepted_offers if answer.verb == "withdraw" else context.open_offers)
    if not among:
        return _nothing_to_answer(heard, answer)
    if answer.verb == "later":
        return _later(heard, among)
    if len(among) > 1:
        rows = _offer_rows(among, context)
        return Turn(heard.state, (Say("which_offer", {"count": len(among)}, rows=rows),))
    if answer.verb is None:
        return Turn(heard.state, (Say("offer_unclear"), tell_offer(among[0])), missed=True)
    return _answer_offer(heard, among[0], answer.verb, answer.reason)


def clear_answer(heard: Heard) -> Turn | None:
    """Read an answer in words while a human is wanted: the offer won't wait for them.

    None for an "ok", which is said to the news that one is called, and once one was there: then even a
    yes may be meant for them. Taps and quotations always count.
    """
    if heard.context.attended or heard.state.ask is not Ask.NOTHING:
        return None
    answer = _answered(heard)
    if answer is None or answer.verb not in _ANSWERS or answer.by_reason:
        return None
    among = (
        heard.context.accepted_offers if answer.verb == "withdraw" else heard.context.open_offers
    )
    polite = Intent.COURTESY in intents(said(heard) or "")
    return free_answer(heard) if among and not polite else None


def _later(heard: Heard, among: list[OfferFacts]) -> Turn | None:
    return Turn(heard.state, (Say("answer_later", among[0].said),)) if len(among) == 1 else None


def _nothing_to_answer(heard: Heard, answer: OfferAnswer) -> Turn | None:
    """A second yes is told how things stand, and so is who accepted and can't come after all."""
    said_so = answer.verb in {"accept", "reject"} or (
        answer.verb is None and heard.context.accepted_offers
    )
    polite = Intent.COURTESY in intents(said(heard) or "")
    return my_offers(heard) if said_so and not polite else None
