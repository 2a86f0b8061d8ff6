"""A worker blocks or reports an employer who bought their contact. Pure."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from app.dialogue.effects import AnswerReached, BlockEmployer
from app.dialogue.state import Ask
from app.dialogue.turn import Incoming, Reply, Turn
from app.nlu.intents import Intent
from app.offers.summary import OfferSummary
from app.texts import catalogue
from app.texts.formatting import inert, role
from app.texts.message import ROW_TITLE_CHARACTERS, Row


def contact_tap(message: Incoming) -> Turn | None:
    """Read a tap below the message that the contact was unlocked."""
    rest = message.tapped("contact")
    if rest is None:
        return None
    offer = message.context.offer
    if offer is None:
        return Turn(message.state, (Reply("offer_unknown"),))
    return _about(message, offer, Intent.BLOCK if rest.endswith(":block") else Intent.REPORT)


def reached_tap(message: Incoming) -> Turn | None:
    """Read the answer to "did they reach you?", which counts however late it comes."""
    rest = message.tapped("reached")
    if rest is None:
        return None
    name, _, answer = rest.partition(":")
    try:
        offer_id = UUID(name)
    except ValueError:
        return Turn(message.state, (Reply("offer_unknown"),))
    reached = answer == "yes"
    reply = Reply("reached_yes" if reached else "reached_no")
    effects = (AnswerReached(offer_id, reached),)
    return Turn(message.state, (reply,), effects, if_refused=message.state)


def ask_which_company(verb: Intent) -> Callable[[Incoming], Turn]:
    """Return the reader of "block them" or "report", which asks which of several employers is meant."""

    def follow(message: Incoming) -> Turn:
        context = message.context
        holders = [offer for offer in context.accepted_offers if offer.unlocked]
        if context.quoted and context.offer is not None:
            holders = [context.offer]
        if not holders:
            return Turn(message.state, (Reply("nobody_has_number"),))
        if len(holders) == 1:
            return _about(message, holders[0], verb)
        rows = [_row(offer, verb, context.reply_language) for offer in holders]
        return Turn(message.state, (Reply("which_company", rows=rows),))

    return follow


def _about(message: Incoming, offer: OfferSummary, verb: Intent) -> Turn:
    company: dict[str, Any] = {
        "company": offer.params.get("company", ""),
        "offer_id": str(offer.id),
    }
    if verb is Intent.BLOCK:
        return Turn(message.state, (Reply("blocked", company),), (BlockEmployer(offer.id),))
    opened = message.state.at(Ask.REPORT, **company, blocked=offer.blocked)
    return Turn(opened, (Reply("ask_report", company),))


def _row(offer: OfferSummary, verb: Intent, language: str) -> Row:
    title = role(str(offer.params.get("title", "")), catalogue.format_context(language))
    company = inert(str(offer.params.get("company", "")), ROW_TITLE_CHARACTERS)
    return Row(f"contact:{offer.id}:{verb}", company, inert(title, 60))
