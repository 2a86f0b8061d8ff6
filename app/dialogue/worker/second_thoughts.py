"""A worker has second thoughts about an answer: a no that was a slip, a yes they can't keep. Pure."""

from dataclasses import replace
from uuid import UUID

from app.dialogue.effects import AnswerOffer
from app.dialogue.state import Ask
from app.dialogue.turn import Incoming, Reply, Turn
from app.dialogue.worker.offers import (
    ask_withdraw,
    just_rejected,
    offer_reply,
    offer_rows,
    without_rejected,
)
from app.nlu.intents import Intent
from app.nlu.offer_question import offer_questions, says_cannot_come, says_late
from app.nlu.offer_reply import comes_after_all, parse_offer_reply, takes_back_no
from app.offers.rules import OfferStatus
from app.offers.summary import OfferSummary

# ── A no ─────────────────────────────────────────────────────────────────────────────────────────


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
    if others:
        return None
    if context.offer is not None and context.quoted:
        return Turn(state, (offer_reply(context.offer),))
    return Turn(state, (Reply("nothing_to_undo"),))


def _opened(message: Incoming, offer_id: UUID) -> Turn:
    calm = replace(message.state, misses=0)
    opened = replace(calm, draft=without_rejected(calm))
    return Turn(opened, (), (AnswerOffer(offer_id, "reconsider"),), if_refused=calm)


# ── A yes ────────────────────────────────────────────────────────────────────────────────────────


def read_after_yes(message: Incoming) -> Turn | None:
    """Read what somebody who accepted writes about coming: that they can't, or that they will be late.

    With an open offer beside it, "can't come" may mean either: the person chooses.
    """
    text, context = message.text, message.context
    quoted = context.offer if context.quoted else None
    accepted = [quoted] if quoted is not None else list(context.accepted_offers)
    if text is None or message.state.ask is not Ask.NOTHING or not accepted:
        return None
    if accepted[0].status is not OfferStatus.ACCEPTED or just_rejected(message) is not None:
        return None
    open_too = [] if quoted is not None else list(context.open_offers)
    if _takes_back(message, text, alone=not open_too):
        return _about(message, [*open_too, *accepted])
    late = says_late(text) and not offer_questions(text)
    if late and not open_too and len(accepted) == 1:
        key = "offer_late_unlocked" if accepted[0].unlocked else "offer_late"
        return Turn(replace(message.state, misses=0), (Reply(key, accepted[0].params),))
    return None


def _takes_back(message: Incoming, text: str, *, alone: bool) -> bool:
    intents = message.intents
    if intents & {Intent.WITHDRAW, Intent.COURTESY, Intent.SKIP, Intent.DONE, Intent.YES}:
        return False
    if intents - {Intent.CANCEL, Intent.NO}:
        return False
    if says_cannot_come(text) or (alone and Intent.CANCEL in intents):
        return True
    answer = parse_offer_reply(text)
    return alone and answer is not None and answer.verb == "reject" and answer.sure


def _about(message: Incoming, offers: list[OfferSummary]) -> Turn:
    if len(offers) == 1:
        return ask_withdraw(message, offers[0])
    rows = offer_rows(offers, message.context)
    return Turn(message.state, (Reply("which_offer", {"count": len(offers)}, rows=rows),))


def read_withdraw(message: Incoming) -> Turn | None:
    """Read whether a yes is really to be taken back."""
    closed = message.state.at(Ask.NOTHING)
    offer_id = message.state.draft.get("offer_id")
    known = [offer for offer in message.context.accepted_offers if str(offer.id) == offer_id]
    if not known:
        # It was taken back, cancelled or chosen meanwhile.
        return None
    text = message.text
    if text is None:
        return None
    answer = parse_offer_reply(text)
    stays = answer is not None and answer.verb == "accept" and not message.has_intent(Intent.YES)
    if message.has_intent(Intent.NO) or stays or comes_after_all(text):
        return Turn(closed, (Reply("offer_kept", known[0].params),))
    if message.has_intent(Intent.YES, Intent.WITHDRAW, Intent.CANCEL) or says_cannot_come(text):
        return Turn(closed, (), (AnswerOffer(known[0].id, "withdraw"),), if_refused=closed)
    return None
