"""Talking of offers: taps, quotations, a plain yes, and how an offer stands. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from app.chat.flow import said, says, tapped
from app.chat.model import (
    Answer,
    Context,
    GiveReason,
    Heard,
    OfferFacts,
    Say,
    Turn,
)
from app.chat.understand import Command, commands
from app.messaging import texts
from app.messaging.channels import ROW_DESCRIPTION_CHARACTERS, ROW_TITLE_CHARACTERS, ROWS, Row
from app.messaging.wording import inert
from app.offers.rules import OfferStatus

_REASONS: Final = frozenset({"far", "pay", "time"})


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
    if verb == "why" and detail in _REASONS:
        return Turn(heard.state, (Say("reason_noted"),), (GiveReason(offer.id, detail),))
    if verb in {"accept", "reject", "withdraw"}:
        return _answer_offer(heard, offer, verb)
    return Turn(heard.state, (tell_offer(offer),))


def _answer_offer(heard: Heard, offer: OfferFacts, verb: str) -> Turn:
    """The written rule: the first answer counts, and a yes can be taken back until it is unlocked."""
    status = offer.status
    calm = replace(heard.state, misses=0)
    if status is OfferStatus.OFFERED and verb in {"accept", "reject"}:
        return Turn(calm, (), (Answer(offer.id, verb),))
    if status is OfferStatus.ACCEPTED and verb in {"reject", "withdraw"} and not offer.unlocked:
        return Turn(calm, (), (Answer(offer.id, "withdraw"),))
    return Turn(calm, (tell_offer(offer),))


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


def _verb_in(heard: Heard) -> str | None:
    text = said(heard)
    meant = commands(text) if text is not None else frozenset()
    if Command.YES in meant:
        return "accept"
    if Command.NO in meant:
        return "reject"
    return "withdraw" if Command.WITHDRAW in meant else None


def quoted(heard: Heard) -> Turn | None:
    """A yes or no that quotes an offer means that offer, whatever question is open."""
    verb = _verb_in(heard)
    if not heard.context.quoted or verb is None:
        return None
    offer = heard.context.offer
    if offer is None:
        return Turn(heard.state, (Say("offer_unknown"),))
    return _answer_offer(heard, offer, verb)


def _offer_rows(offers: list[OfferFacts], context: Context) -> list[Row]:
    rows = []
    for offer in offers[:ROWS]:
        company = inert(str(offer.said.get("company", "")), 40)
        if offer.status is OfferStatus.ACCEPTED:
            standing = texts.word(context.said_in, "accepted")
        else:
            when = texts.say(
                texts.reader(context.said_in, offer.said, context.now), "respond_by", "when"
            )
            standing = texts.word(context.said_in, "answer_by").replace("{when}", when)
        title = inert(str(offer.said.get("title", "")), ROW_TITLE_CHARACTERS)
        rows.append(
            Row(
                f"offer:{offer.id}:show",
                title or "…",
                inert(f"{company} · {standing}", ROW_DESCRIPTION_CHARACTERS),
            )
        )
    return rows


def my_offers(heard: Heard) -> Turn:
    """Tell the open and accepted offers."""
    context = heard.context
    every = [*context.open_offers, *context.accepted_offers]
    if not every:
        return Turn(heard.state, (Say("no_offers"),))
    if len(every) == 1:
        return Turn(heard.state, (tell_offer(every[0]),))
    return Turn(heard.state, (Say("your_offers", rows=_offer_rows(every, context)),))


def free_answer(heard: Heard) -> Turn | None:
    """A plain yes or no counts with exactly one open offer; with several, ask which."""
    verb = _verb_in(heard)
    context = heard.context
    if verb is None:
        if says(heard, Command.SKIP) and len(context.open_offers) == 1:
            return Turn(heard.state, (Say("answer_later", context.open_offers[0].said),))
        return None
    among = list(context.accepted_offers if verb == "withdraw" else context.open_offers)
    if len(among) == 1:
        return _answer_offer(heard, among[0], verb)
    if among:
        rows = _offer_rows(among, context)
        return Turn(heard.state, (Say("which_offer", {"count": len(among)}, rows=rows),))
    return None
