"""An employer taps a lead: unlocks it, or blocks or reports a worker whose contact they bought. Pure."""

from typing import Final
from uuid import UUID

from app.dialogue.effects import (
    REPORT_CHARACTERS,
    AskLeadReport,
    AskWhichContact,
    BlockWorker,
    ChargeCard,
    ReportLead,
    UnlockLead,
)
from app.dialogue.employer.message import EmployerMessage
from app.dialogue.state import Ask
from app.dialogue.turn import Reply, Turn
from app.nlu.intents import Intent
from app.nlu.normalize import split_words
from app.nlu.vocabulary import phrase_set

_REASONS: Final = frozenset({"no_answer", "unreachable", "wrong_person"})
"""The buttons below the question; what is written is another reason."""
_MOST_DIGITS: Final = 12
"""No amount on a button is longer."""


def lead_tap(message: EmployerMessage) -> Turn | None:
    """Read a tap below a contact or in a list of contacts."""
    rest = message.tapped("lead")
    if rest is None:
        return None
    name, _, verb = rest.partition(":")
    closed = message.state.at(Ask.NOTHING)
    try:
        match_id = UUID(name)
    except ValueError:
        return Turn(closed, (Reply("lead_unknown"),))
    if verb == "unlock":
        taken = UnlockLead(message.account.id, match_id)
        return Turn(closed, (), (taken,), if_refused=closed)
    if (amount := tapped_amount(verb, "card")) is not None:
        return Turn(
            closed, (), (ChargeCard(message.account.id, match_id, amount),), if_refused=closed
        )
    if verb == "block":
        replies = (Reply("lead_blocked"),)
        return Turn(
            closed, replies, (BlockWorker(message.account.id, match_id),), if_refused=closed
        )
    if verb in _REASONS:
        effect = ReportLead(message.account.id, match_id, verb, "")
        return Turn(closed, (), (effect,), if_refused=closed)
    asked = message.state.at(Ask.LEAD_REPORT, match=str(match_id))
    return Turn(asked, (), (AskLeadReport(message.account.id, match_id),), if_refused=closed)


def tapped_amount(verb: str, name: str) -> int | None:
    """Return the minor units that a tap like `card:4900` names; None for another one."""
    kind, _, amount = verb.partition(":")
    if kind != name or not (amount.isascii() and amount.isdigit()) or len(amount) > _MOST_DIGITS:
        return None
    return int(amount)


def ask_which_contact(message: EmployerMessage, verb: Intent) -> Turn:
    """Ask whose contact is meant by "block them" or "report"."""
    return Turn(
        message.state.at(Ask.NOTHING), (), (AskWhichContact(message.account.id, verb.value),)
    )


def read_report(message: EmployerMessage) -> Turn | None:
    """Read what is wrong with a contact."""
    text, match = message.text, message.state.draft.get("match")
    if message.state.ask is not Ask.LEAD_REPORT or not text or match is None:
        return None
    closed = message.state.at(Ask.NOTHING)
    words = split_words(text)
    if not words:
        return None
    nothing = phrase_set("nothing", "by_mistake", "filler", "polite")
    if message.has_intent(Intent.SKIP, Intent.NO, Intent.CANCEL) or nothing.covers(words):
        return Turn(closed, (Reply("kept"),))
    effect = ReportLead(message.account.id, UUID(match), "other", text[:REPORT_CHARACTERS])
    return Turn(closed, (), (effect,), if_refused=closed)
