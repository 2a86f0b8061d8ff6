"""Requests beside the profile: deletion, reports, a new home, sign-in codes, courtesies. Pure."""

from typing import Any, Final
from uuid import UUID

from app.dialogue.effects import (
    REPORT_CHARACTERS,
    EditProfile,
    EraseAccount,
    ReportEmployer,
    SendSignInCode,
)
from app.dialogue.state import Ask, State
from app.dialogue.turn import Incoming, Reply, Turn
from app.dialogue.worker.offers import list_offers
from app.dialogue.worker.questions import QUESTIONS, ask_again
from app.messaging.inbound import InboundKind
from app.nlu.intents import Intent
from app.nlu.normalize import split_words
from app.nlu.vocabulary import phrase_set

_PLAIN_WORDS: Final = 20
"""Of a longer text only the beginning can confirm or refuse a deletion."""


def ask_delete(message: Incoming) -> Turn:
    """Ask for confirmation before everything is deleted."""
    return Turn(message.state.at(Ask.DELETE), (Reply("ask_delete"),))


def read_delete(message: Incoming) -> Turn | None:
    """Read the confirmation of a deletion."""
    choice = message.tapped("delete")
    words = split_words(message.text or "")[:_PLAIN_WORDS]
    if phrase_set("keeps_data").anywhere(words):
        return Turn(message.state.at(Ask.NOTHING), (Reply("kept"),))
    plain = phrase_set("confirms_delete").anywhere(words) and not phrase_set(
        "confirms_delete", "polite"
    ).without(words)
    # "I will come for sure" is meant for an offer, and nobody gets back what is deleted.
    agrees = message.has_intent(Intent.YES) and not phrase_set("can_come").anywhere(words)
    agrees = agrees or (plain and not message.has_intent(Intent.NO))
    if choice == "yes" or (choice is None and agrees):
        return Turn(State(), (Reply("deleted", essential=True),), (EraseAccount(),))
    if choice == "no" or message.has_intent(Intent.NO):
        return Turn(message.state.at(Ask.NOTHING), (Reply("kept"),))
    return None


def send_code(message: Incoming) -> Turn | None:
    """Send a code to somebody who asks for one and may sign in."""
    profile = message.context.profile
    if profile is None or profile.suspended or not message.has_intent(Intent.CODE):
        return None
    return Turn(message.state, (), (SendSignInCode(),))


def read_report(message: Incoming) -> Turn | None:
    """Read what is wrong with an employer."""
    text = message.text
    about: dict[str, Any] = dict(message.state.draft)
    if text is None or not split_words(text) or "offer_id" not in about:
        return None
    if message.has_intent(Intent.COURTESY):
        return None
    closed = message.state.at(Ask.NOTHING)
    if message.has_intent(Intent.SKIP):
        return Turn(closed, (Reply("kept"),))
    report = ReportEmployer(UUID(about["offer_id"]), text[:REPORT_CHARACTERS])
    reply = "reported_blocked" if about.get("blocked") else "reported"
    return Turn(closed, (Reply(reply, about),), (report,))


def read_new_place(message: Incoming) -> Turn | None:
    """Read whether a location is the new home."""
    choice = message.tapped("here")
    at = message.state.draft.get("at")
    if at and (choice == "yes" or message.has_intent(Intent.YES)):
        edit = EditProfile({"location": list(at)})
        return Turn(message.state.at(Ask.NOTHING), (Reply("saved"),), (edit,))
    if choice == "no" or message.has_intent(Intent.NO):
        return Turn(message.state.at(Ask.NOTHING), (Reply("kept"),))
    return None


def answer_courtesy(message: Incoming) -> Turn | None:
    """Answer thanks and hearts, or a tap on an old button; neither counts as a miss."""
    polite = message.has_intent(Intent.COURTESY)
    if not polite and message.inbound.kind is not InboundKind.TAP:
        return None
    if message.state.ask in QUESTIONS:
        again = ask_again(message)
        return Turn(message.state, (again,) if polite else (Reply("old_tap"), again))
    if message.state.ask is Ask.DELETE:
        return Turn(message.state, (Reply("ask_delete"),))
    if polite and message.context.open_offers:
        # Thanks for an offer accept nothing.
        return list_offers(message)
    return Turn(
        message.state, (Reply("courtesy"),) if polite else (Reply("old_tap"), Reply("menu"))
    )
