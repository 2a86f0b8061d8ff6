"""Beside the profile: whether to delete, what to report, whether one has moved; codes, courtesies. Pure."""

from typing import Any
from uuid import UUID

from app.dialogue.flow import QUESTIONS, said, says, tapped
from app.dialogue.model import (
    REPORT_CHARACTERS,
    Ask,
    Edit,
    Erase,
    Heard,
    Report,
    Say,
    SendCode,
    State,
    Turn,
)
from app.dialogue.worker.offers import my_offers
from app.messaging.inbound import InboundKind
from app.nlu.intents import Intent, intents


def read_delete(heard: Heard) -> Turn | None:
    """Read whether everything is really to be deleted; None where that is unclear."""
    choice = tapped(heard, "delete")
    if choice == "yes" or (choice is None and says(heard, Intent.YES)):
        return Turn(State(), (Say("deleted", essential=True),), (Erase(),))
    if choice == "no" or says(heard, Intent.NO):
        return Turn(heard.state.at(Ask.NOTHING), (Say("kept"),))
    return None


def asked_code(heard: Heard) -> Turn | None:
    """Send a code to who asks for one and may sign in."""
    profile = heard.context.profile
    if profile is None or profile.suspended or not says(heard, Intent.CODE):
        return None
    return Turn(heard.state, (), (SendCode(),))


def read_report(heard: Heard) -> Turn | None:
    """Read what is wrong with an employer; None where nothing is said."""
    text = said(heard)
    about: dict[str, Any] = dict(heard.state.draft)
    if text is None or "offer_id" not in about or Intent.COURTESY in intents(text):
        return None
    closed = heard.state.at(Ask.NOTHING)
    if Intent.SKIP in intents(text):
        return Turn(closed, (Say("kept"),))
    report = Report(UUID(about["offer_id"]), text[:REPORT_CHARACTERS])
    told = "reported_blocked" if about.get("blocked") else "reported"
    return Turn(closed, (Say(told, about),), (report,))


def read_new_place(heard: Heard) -> Turn | None:
    """Read whether a new pin is the new home; None where that is unclear."""
    choice = tapped(heard, "here")
    at = heard.state.draft.get("at")
    if at and (choice == "yes" or says(heard, Intent.YES)):
        edit = Edit({"location": list(at)})
        return Turn(heard.state.at(Ask.NOTHING), (Say("saved"),), (edit,))
    if choice == "no" or says(heard, Intent.NO):
        return Turn(heard.state.at(Ask.NOTHING), (Say("kept"),))
    return None


def courtesy(heard: Heard) -> Turn | None:
    """Answer thanks and hearts, or a tap on what is gone: neither counts as a misunderstanding."""
    polite = says(heard, Intent.COURTESY)
    if not polite and heard.inbound.kind is not InboundKind.TAP:
        return None
    if heard.state.ask in QUESTIONS:
        again = QUESTIONS[heard.state.ask].ask(heard.state, heard.context)
        return Turn(heard.state, (again,) if polite else (Say("old_tap"), again))
    if heard.state.ask is Ask.DELETE:
        return Turn(heard.state, (Say("ask_delete"),))
    if polite and heard.context.open_offers:
        # Thanks for an offer are no answer to it.
        return my_offers(heard)
    return Turn(heard.state, (Say("courtesy"),) if polite else (Say("old_tap"), Say("menu")))
