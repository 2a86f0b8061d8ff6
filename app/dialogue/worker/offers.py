"""Answers to offers by tap, quotation or text, and lists of offers. Pure."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from app.core.languages import languages
from app.dialogue.context import Context
from app.dialogue.effects import AnswerOffer, GiveReason, StandBy
from app.dialogue.state import GUESS, Ask, State
from app.dialogue.turn import Incoming, Reply, Turn
from app.dialogue.worker.onboarding import resume, unfinished
from app.dialogue.worker.registration import unanswered
from app.nlu.intents import Intent
from app.nlu.normalize import split_words
from app.nlu.offer_question import sets_a_time, weekdays_named
from app.nlu.offer_reply import REASONS, OfferReply, parse_offer_reply, parse_reason
from app.nlu.vocabulary import phrase_set
from app.offers.rules import OfferStatus
from app.offers.summary import OfferSummary
from app.texts import catalogue
from app.texts.formatting import inert, role
from app.texts.message import ROW_DESCRIPTION_CHARACTERS, ROW_TITLE_CHARACTERS, ROWS, Row

_REASON_WITHIN: Final = dt.timedelta(hours=1)
"""A text that comes later after a rejection is no reason for it."""
_ANSWERS: Final = frozenset({"accept", "reject", "withdraw"})
_TAPS: Final = _ANSWERS | {"reconsider"}
_NAMING_CHARACTERS: Final = 80
_NAME_LETTERS: Final = 3
"""Shorter words of a title name no offer."""
_SEVERAL: Final = 2
_NO_REASON: Final = frozenset({Intent.COURTESY, Intent.NO, Intent.SKIP, Intent.DONE})
"""Intents that give no reason; "no time" is one, though it begins with a no."""


def offer_tap(message: Incoming) -> Turn | None:
    """Read a tap on an offer's button."""
    rest = message.tapped("offer")
    if rest is None:
        return None
    _, _, verb = rest.partition(":")
    offer = message.context.offer
    if offer is None:
        return Turn(message.state, (Reply("offer_unknown"),))
    verb, _, detail = verb.partition(":")
    if verb == "why" and detail in REASONS:
        noted = replace(message.state, draft=without_rejected(message.state))
        return Turn(noted, (Reply("reason_noted"),), (GiveReason(offer.id, detail),))
    if verb == "keep" and offer.status is OfferStatus.ACCEPTED:
        return Turn(closed_withdrawal(message.state), (Reply("offer_kept", offer.params),))
    if verb == "standby" and offer.status is OfferStatus.CLOSED and offer.full:
        return Turn(message.state, (), (StandBy(offer.id),))
    if verb in _TAPS:
        return _answer_offer(message, offer, verb)
    return Turn(message.state, (offer_reply(offer),))


def _answer_offer(
    message: Incoming, offer: OfferSummary, verb: str, reason: str | None = None
) -> Turn:
    """Answer an offer; a yes can be withdrawn until the contact is unlocked, a no while the offer stands."""
    status = offer.status
    calm = replace(closed_withdrawal(message.state), misses=0)
    if status is OfferStatus.OFFERED and verb == "reject":
        asked = calm if reason else _asked_why(calm, offer, message.context)
        return Turn(asked, (), (AnswerOffer(offer.id, verb, reason),), if_refused=calm)
    if status is OfferStatus.OFFERED and verb == "accept":
        return Turn(calm, (), (AnswerOffer(offer.id, verb),))
    if status is OfferStatus.REJECTED and verb == "reconsider":
        opened = replace(calm, draft=without_rejected(calm))
        return Turn(opened, (), (AnswerOffer(offer.id, verb),), if_refused=calm)
    if status is OfferStatus.CLOSED and verb == "accept" and offer.full:
        return Turn(calm, (Reply("offer_full", offer.params),))
    # A late no is older than the yes, and withdraws nothing.
    takes_back = verb == "withdraw" or (verb == "reject" and not message.context.late)
    if status is OfferStatus.ACCEPTED and takes_back and not offer.unlocked:
        return Turn(calm, (), (AnswerOffer(offer.id, "withdraw"),))
    return Turn(calm, (offer_reply(offer),))


def closed_withdrawal(state: State) -> State:
    """Return the state without the question whether to take a yes back."""
    return state.at(Ask.NOTHING) if state.ask is Ask.WITHDRAW else state


def without_rejected(state: State) -> Mapping[str, Any]:
    """Return the draft without the note of a rejection."""
    return {key: value for key, value in state.draft.items() if key not in {"rejected", "until"}}


def _asked_why(state: State, offer: OfferSummary, context: Context) -> State:
    """Note that the next text may be the reason, which the reply to a rejection asks for."""
    if state.ask is not Ask.NOTHING:
        return state
    until = (context.now + _REASON_WITHIN).isoformat()
    return replace(state, draft={"rejected": str(offer.id), "until": until})


def just_rejected(message: Incoming) -> UUID | None:
    """Return the offer that was rejected a moment ago, where no other question is open."""
    rejected = message.state.draft.get("rejected")
    if message.state.ask is not Ask.NOTHING or not rejected:
        return None
    return (
        None if message.context.now.isoformat() > message.state.draft["until"] else UUID(rejected)
    )


def read_reason(message: Incoming) -> Turn | None:
    """Read the reason for a rejection from the text that follows it: "too far", "exam hai"."""
    text = message.text
    rejected = just_rejected(message)
    if text is None or rejected is None:
        return None
    closed = replace(message.state, draft=without_rejected(message.state))
    intents = message.intents
    if intents and not (intents <= _NO_REASON or Intent.COURTESY in intents):
        return None
    if "?" in text or phrase_set("asking").anywhere(split_words(text)[:1]):
        return None  # "what is my profile" is a question
    words = split_words(text)
    if phrase_set("other_work").anywhere(words):
        return replace(list_offers(message), state=closed)
    plain = phrase_set("no_special_reason")
    if plain.anywhere(words) and not phrase_set("polite", "no_special_reason").without(words):
        return Turn(closed, (Reply("reason_skipped"),))
    answer = parse_offer_reply(text)
    if message.context.open_offers and answer is not None and _means_other_offer(answer):
        return None
    why = parse_reason(text)
    if intents and why not in REASONS:
        # "No", "later", "thanks" give no reason.
        return Turn(
            closed, (Reply("courtesy" if Intent.COURTESY in intents else "reason_skipped"),)
        )
    return Turn(closed, (Reply("reason_noted"),), (GiveReason(rejected, why),))


def _means_other_offer(answer: OfferReply) -> bool:
    """Whether this answers another open offer, and gives no reason for the rejected one."""
    return answer.verb == "accept" or (answer.verb == "reject" and not answer.by_reason)


def sure_of(offer: OfferSummary, verb: str) -> Reply:
    """Ask with one tap whether a yes or a no was meant."""
    return Reply("offer_yes_right" if verb == "accept" else "offer_no_right", offer.params)


def _ask_if_sure(message: Incoming, offer: OfferSummary, verb: str) -> Turn:
    """Ask with one tap whether a yes or a no was meant.

    A typed yes to "no to this job?" is a no: the state keeps the tap that it stands for.
    """
    state = message.state
    if verb == "reject":
        tap = f"offer:{offer.id}:reject"
        state = replace(state, draft={**state.draft, GUESS: tap})
    return Turn(state, (sure_of(offer, verb),))


def offer_reply(offer: OfferSummary) -> Reply:
    """Return the text about an offer's current status."""
    if offer.status is OfferStatus.ACCEPTED and offer.unlocked:
        return Reply("offer_unlocked_already", offer.params)
    if offer.status is OfferStatus.REJECTED and offer.stands:
        return Reply("offer_rejected_stands", offer.params)
    return Reply(_OFFER_TEXTS[offer.status], offer.params)


_OFFER_TEXTS: Final[Mapping[OfferStatus, str]] = {
    OfferStatus.OFFERED: "offer_open",
    OfferStatus.ACCEPTED: "offer_accepted_already",
    OfferStatus.REJECTED: "offer_rejected_already",
    OfferStatus.WITHDRAWN: "offer_withdrawn_already",
    OfferStatus.EXPIRED: "offer_expired",
    OfferStatus.CLOSED: "offer_closed",
}


def _parse_reply(message: Incoming) -> OfferReply | None:
    text = message.text
    return None if text is None else parse_offer_reply(text)


def read_quoted_answer(message: Incoming) -> Turn | None:
    """Read a yes or no that quotes an offer, whatever question is open."""
    answer = _parse_reply(message) if message.context.quoted else None
    if answer is None or answer.verb not in _ANSWERS:
        return None
    offer = message.context.offer
    if offer is None:
        return Turn(message.state, (Reply("offer_unknown"),))
    if offer.status is OfferStatus.OFFERED and _is_about_some_days(message, offer):
        return _all_of_it(message, offer)
    if not answer.sure and offer.status is OfferStatus.OFFERED:
        return _ask_if_sure(message, offer, answer.verb)
    if offer.status is OfferStatus.ACCEPTED and answer.verb == "reject":
        return ask_withdraw(message, offer)
    return _answer_offer(message, offer, answer.verb, answer.reason)


def ask_withdraw(message: Incoming, offer: OfferSummary) -> Turn:
    """Ask whether a yes is to be taken back, and say what that means; after an unlock it can't be."""
    if offer.unlocked:
        return Turn(message.state, (offer_reply(offer),))
    opened = message.state.at(Ask.WITHDRAW, offer_id=str(offer.id))
    return Turn(opened, (Reply("ask_withdraw", offer.params),))


def offer_rows(offers: Sequence[OfferSummary], context: Context) -> list[Row]:
    """Return one row for each offer, with what it is and where it stands."""
    rows = []
    for offer in offers[:ROWS]:
        reads = context.format_context(offer.params)
        if offer.status is OfferStatus.OFFERED:
            when = catalogue.format_param(reads, "respond_by", "when")
            status = context.word("answer_by").replace("{when}", when)
        else:
            status = context.word(offer.status.value)
        title = inert(role(str(offer.params.get("title", "")), reads), ROW_TITLE_CHARACTERS)
        company = inert(str(offer.params.get("company", "")), 40)
        about = inert(f"{company} · {status}", ROW_DESCRIPTION_CHARACTERS)
        rows.append(Row(f"offer:{offer.id}:show", title or "…", about))
    return rows


def _missing_for_offers(message: Incoming) -> str:
    """Return in words what a profile lacks before offers can come; "" for a complete one."""
    missing = unfinished(message.state, message.context)
    questions = unanswered(missing[0], message.context) if missing else []
    language = message.context.reply_language
    return ", ".join(catalogue.word(language, f"missing_{ask.value}") for ask in questions)


def list_offers(message: Incoming) -> Turn:
    """List the open and accepted offers."""
    context = message.context
    every = [*context.open_offers, *context.accepted_offers]
    if not every:
        missing = _missing_for_offers(message)
        if missing:
            return resume(message, Reply("offers_wait", {"missing": missing}))
        return Turn(message.state, (Reply("no_offers"),))
    if len(every) == 1:
        return Turn(message.state, (offer_reply(every[0]),))
    return Turn(message.state, (Reply("your_offers", rows=offer_rows(every, context)),))


def read_answer(message: Incoming) -> Turn | None:
    """Read an answer in words to the only open offer; with several, ask which one."""
    answer = _parse_reply(message)
    context = message.context
    if answer is None:
        return None
    among = _answerable(message, answer)
    if not among:
        return _nothing_to_answer(message, answer)
    if answer.verb == "later":
        alone = len(among) == 1
        return Turn(message.state, (Reply("answer_later", among[0].params),)) if alone else None
    if len(among) > 1 and (named := named_offer(message, among)) is not None:
        plain = answer.verb in {"accept", "reject"}
        if plain:
            return _ask_if_sure(message, named, answer.verb or "")
        return Turn(message.state, (offer_reply(named),))
    if len(among) > 1:
        rows = offer_rows(among, context)
        return Turn(message.state, (Reply("which_offer", {"count": len(among)}, rows=rows),))
    return _about_one(message, among[0], answer)


def _about_one(message: Incoming, offer: OfferSummary, answer: OfferReply) -> Turn:
    """Follow an answer to one offer, as far as it is certain."""
    if answer.verb != "withdraw" and _is_about_some_days(message, offer):
        return _all_of_it(message, offer)
    if answer.verb is None and sets_a_time(message.text or ""):
        return Turn(message.state, (Reply("offer_condition", offer.params),))
    if answer.verb is None:
        return Turn(message.state, (Reply("offer_unclear"), offer_reply(offer)), missed=True)
    if answer.verb == "condition":
        return Turn(message.state, (Reply("offer_condition", offer.params),))
    if not answer.sure:
        return _ask_if_sure(message, offer, answer.verb)
    return _answer_offer(message, offer, answer.verb, answer.reason)


def _is_about_some_days(message: Incoming, offer: OfferSummary) -> bool:
    """Whether an answer names days of the week, and the job is on others, too: "sunday ko nahi aa sakta"."""
    named = weekdays_named(message.text or "")
    working = {str(slot["weekday"]) for slot in offer.params.get("slots") or ()}
    return bool(named and working - named)


def _all_of_it(message: Incoming, offer: OfferSummary) -> Turn:
    """Say that an answer is to all of the job's days, and ask for it."""
    return Turn(message.state, (Reply("offer_days", offer.params), Reply("offer_so", offer.params)))


def read_named_offer(message: Incoming) -> Turn | None:
    """Show the one of several open offers that is named: "the cook one", "Hotel Sagar"."""
    named = named_offer(message, message.context.open_offers)
    if named is None or message.intents or len(message.context.open_offers) < _SEVERAL:
        return None
    return Turn(message.state, (offer_reply(named),))


def named_offer(message: Incoming, offers: Sequence[OfferSummary]) -> OfferSummary | None:
    """Return the only one of these offers whose role or company the text names."""
    words = set(split_words((message.text or "")[:_NAMING_CHARACTERS]))
    names = [_names_of(offer) for offer in offers]
    named = [
        offer
        for number, offer in enumerate(offers)
        if words & names[number].difference(*names[:number], *names[number + 1 :])
    ]
    return named[0] if len(named) == 1 else None


def _names_of(offer: OfferSummary) -> set[str]:
    """Return the words by which an offer may be named: its company's, and its role's in every language."""
    title = str(offer.params.get("title", ""))
    said = [str(offer.params.get("company", "")), title]
    said += [role(title, catalogue.format_context(language)) for language in languages()]
    words = {word for text in said for word in split_words(text)}
    return {word for word in words if len(word) >= _NAME_LETTERS}


def read_clear_answer(message: Incoming) -> Turn | None:
    """Read an answer in words during a handoff, for offers expire meanwhile.

    An "ok" to the only open offer is asked with one tap, as it may answer our message that a human was
    called. Nothing counts once a human was there, as even a yes may be meant for them. Taps and quotations
    always count.
    """
    if message.context.attended or message.state.ask is not Ask.NOTHING:
        return None
    answer = _parse_reply(message)
    if answer is None or answer.verb not in _ANSWERS or answer.by_reason:
        return None
    among = _answerable(message, answer)
    if message.has_intent(Intent.COURTESY) and answer.verb == "accept":
        # "Ok" may also answer that a human was called: one tap tells.
        return Turn(message.state, (sure_of(among[0], "accept"),)) if len(among) == 1 else None
    return read_answer(message) if among else None


def _answerable(message: Incoming, answer: OfferReply) -> list[OfferSummary]:
    context = message.context
    return list(context.accepted_offers if answer.verb == "withdraw" else context.open_offers)


def _nothing_to_answer(message: Incoming, answer: OfferReply) -> Turn | None:
    """Tell the status to somebody who answers again, or who accepted and can't come."""
    unclear = answer.verb is None and message.context.accepted_offers
    answers = answer.verb in {"accept", "reject"} or unclear
    return list_offers(message) if answers and not message.has_intent(Intent.COURTESY) else None
