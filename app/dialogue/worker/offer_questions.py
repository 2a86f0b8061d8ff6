"""Answers what workers ask about an offered or accepted job, from the job itself. Pure.

Only what may be known before an employer has chosen: no address, and no contact. What the post does not say
is said so. After the answer of an open offer come its buttons again, in short.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from app.core.languages import languages
from app.dialogue.context import Context
from app.dialogue.engine import MISSES_BEFORE_HUMAN
from app.dialogue.state import Ask
from app.dialogue.turn import Incoming, Reply, Turn
from app.dialogue.worker.offers import offer_reply, offer_rows
from app.nlu.faq_topic import find_topic
from app.nlu.intents import Intent
from app.nlu.normalize import split_words
from app.nlu.offer_question import asks_which_offer, offer_questions
from app.nlu.vocabulary import phrase_set
from app.offers.rules import OfferStatus
from app.offers.summary import OfferSummary
from app.texts import catalogue
from app.texts.formatting import role

FAQ_FIRST: Final = frozenset({"free", "safe", "number"})
"""Frequent questions that are about Partimer, whatever offer is open."""
_SAID_IN_THE_POST: Final = {"food": "ask_food", "travel": "ask_travel"}
"""Topics that only the post's own words answer, with the phrases to look for in it."""
_POST_SAID: Final = "post_said"
"""Where a draft keeps the offer whose post was said to a question that nothing answers."""
_ABOUT_ITSELF: Final = frozenset({Intent.COURTESY, Intent.YES, Intent.SKIP})
"""Intents that do not hide a question: "ok, where?"."""


def read_offer_question(message: Incoming) -> Turn | None:
    """Answer a question about the quoted offer, or the only one; of several, ask which is meant."""
    text, state, context = message.text, message.state, message.context
    if text is None or state.ask is not Ask.NOTHING or message.intents - _ABOUT_ITSELF:
        return None
    offers = offers_in_question(context)
    if not offers:
        return None
    if asks_which_offer(text):
        return _which(message, offers)
    topics = offer_questions(text)
    if not topics:
        return None
    if find_topic(text) in FAQ_FIRST and not set(topics) & set(_SAID_IN_THE_POST):
        return None
    if len(offers) > 1:
        return _which(message, offers)
    [offer] = offers
    answers = [answer(offer, topic) for topic in topics]
    return Turn(state, (*answers, *short_buttons(offer)))


def read_unknown_question(message: Incoming) -> Turn | None:
    """Say what the post says, and that more is to be asked of the employer, to a question that nothing else answers.

    Once for each offer: the question is a miss, and the third in a row calls a human.
    """
    text, offers = message.text, offers_in_question(message.context)
    if text is None or message.state.ask is not Ask.NOTHING or len(offers) != 1:
        return None
    if message.intents or not ("?" in text or phrase_set("asking").anywhere(split_words(text))):
        return None
    [offer] = offers
    state, misses = message.state, message.state.misses + 1
    if state.draft.get(_POST_SAID) == str(offer.id) or misses >= MISSES_BEFORE_HUMAN:
        return None
    post = words_of_post(offer)
    said = Reply("offer_post_says" if post else "offer_work_unsaid", {**offer.params, "post": post})
    noted = replace(state, draft={**state.draft, _POST_SAID: str(offer.id)}, misses=misses)
    return Turn(noted, (said, *short_buttons(offer)), missed=True)


def words_of_post(offer: OfferSummary) -> str:
    """Return what the post says beside its role; "" where it names only that, in whatever language."""
    title = str(offer.params.get("title", ""))
    roles = {title, *(role(title, catalogue.format_context(code)) for code in languages())}
    said = offer.description.strip()
    return "" if tuple(split_words(said)) in {tuple(split_words(name)) for name in roles} else said


def offers_in_question(context: Context) -> Sequence[OfferSummary]:
    """Return the offers that a question may be about: the quoted one, else the open, else the accepted."""
    if context.quoted and context.offer is not None:
        return [context.offer]
    return context.open_offers or context.accepted_offers


def short_buttons(offer: OfferSummary) -> tuple[Reply, ...]:
    """Return the buttons of an open offer again, in short."""
    if offer.status is not OfferStatus.OFFERED:
        return ()
    return (Reply("offer_so", offer.params),)


def answer(offer: OfferSummary, topic: str) -> Reply:
    """Return the answer to one question, from what the job says."""
    post = words_of_post(offer)
    params = {**offer.params, "post": post}
    if topic in _SAID_IN_THE_POST:
        words = split_words(post)
        said = phrase_set(_SAID_IN_THE_POST[topic]).anywhere(words)
        return Reply("offer_post_says" if said else f"offer_{topic}_unsaid", params)
    match topic:
        case "work":
            return Reply("offer_work" if post else "offer_work_unsaid", params)
        case "who" if offer.status is OfferStatus.ACCEPTED:
            return Reply("offer_unlocked_already" if offer.unlocked else "offer_who_calls", params)
        case "who":
            verified = bool(offer.params.get("verified"))
            return Reply("offer_who" if verified else "offer_who_unverified", params)
        case "until" if offer.status is not OfferStatus.OFFERED:
            return _decides(offer)
        case "decide":
            return _decides(offer)
        case _:
            return Reply(f"offer_{topic}", params)


def _decides(offer: OfferSummary) -> Reply:
    if offer.unlocked:
        return Reply("offer_unlocked_already", offer.params)
    if offer.status is OfferStatus.OFFERED:
        return Reply("offer_decide", offer.params)
    return Reply("offer_decide_accepted", offer.params)


def _which(message: Incoming, offers: Sequence[OfferSummary]) -> Turn:
    if len(offers) == 1:
        return Turn(message.state, (offer_reply(offers[0]),))
    rows = offer_rows(offers, message.context)
    return Turn(message.state, (Reply("which_offer", {"count": len(offers)}, rows=rows),))
