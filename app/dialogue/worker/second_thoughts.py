"""A worker takes a rejection back in words: "undo", "galti se no dabaya", "ruko, aa sakta hoon". Pure."""

from dataclasses import replace
from uuid import UUID

from app.dialogue.effects import AnswerOffer
from app.dialogue.state import Ask
from app.dialogue.turn import Incoming, Reply, Turn
from app.dialogue.worker.offers import just_rejected, offer_reply, offer_rows, without_rejected
from app.nlu.offer_reply import comes_after_all, takes_back_no


def read_changed_mind(message: Incoming) -> Turn | None:
    """Open a rejected offer again for whoever says that the no was a slip, or that they come after all.

    It is only opened, with its buttons: a tap accepts. "I can come" counts where no other offer waits; of
    several rejected offers the person chooses.
    """
    text, state, context = message.text, message.state, message.context
    if text is None or state.ask is not Ask.NOTHING:
        return None
    newest = just_rejected(message)
    undo = takes_back_no(text)
    others = context.open_offers or context.accepted_offers
    if not undo and ((newest is None and others) or not comes_after_all(text)):
        return None
    if newest is not None:
        return _opened(message, newest)
    standing = [offer for offer in context.rejected_offers if offer.stands]
    if not standing and not undo:
        return None
    if len(standing) == 1:
        return _opened(message, standing[0].id)
    if standing:
        rows = offer_rows(standing, context)
        return Turn(state, (Reply("which_offer", {"count": len(standing)}, rows=rows),))
    if context.accepted_offers or context.open_offers:
        return None
    if context.offer is not None and context.quoted:
        return Turn(state, (offer_reply(context.offer),))
    return Turn(state, (Reply("nothing_to_undo"),))


def _opened(message: Incoming, offer_id: UUID) -> Turn:
    calm = replace(message.state, misses=0)
    opened = replace(calm, draft=without_rejected(calm))
    return Turn(opened, (), (AnswerOffer(offer_id, "reconsider"),), if_refused=calm)
