"""An employer blocks or reports whose contact they bought, by the button or in words. Pure."""

from uuid import UUID

from app.dialogue.employer.model import (
    AskReport,
    BlockWorker,
    ChooseContact,
    EmployerFacts,
    ReportLead,
)
from app.dialogue.flow import said, says, tapped
from app.dialogue.model import REPORT_CHARACTERS, Ask, Heard, Say, Turn
from app.nlu.intents import Intent


def lead_tap(heard: Heard, account: EmployerFacts) -> Turn | None:
    """Read a tap below a contact, or on one of a list of them."""
    rest = tapped(heard, "lead")
    if rest is None:
        return None
    name, _, verb = rest.partition(":")
    closed = heard.state.at(Ask.NOTHING)
    try:
        match_id = UUID(name)
    except ValueError:
        return Turn(closed, (Say("lead_unknown"),))
    if verb == "block":
        told = (Say("lead_blocked"),)
        return Turn(closed, told, (BlockWorker(account.id, match_id),), if_refused=closed)
    asked = heard.state.at(Ask.LEAD_REPORT, match=str(match_id))
    return Turn(asked, (), (AskReport(account.id, match_id),), if_refused=closed)


def choose(heard: Heard, account: EmployerFacts, verb: Intent) -> Turn:
    """Ask whose contact is meant by "block them" or "report"."""
    return Turn(heard.state.at(Ask.NOTHING), (), (ChooseContact(account.id, verb.value),))


def read_report(heard: Heard, account: EmployerFacts) -> Turn | None:
    """Read what is wrong with a contact; None for what makes no sense."""
    text, match = said(heard), heard.state.draft.get("match")
    if heard.state.ask is not Ask.LEAD_REPORT or not text or match is None:
        return None
    closed = heard.state.at(Ask.NOTHING)
    if says(heard, Intent.SKIP) or says(heard, Intent.NO) or says(heard, Intent.CANCEL):
        return Turn(closed, (Say("kept"),))
    effect = ReportLead(account.id, UUID(match), text[:REPORT_CHARACTERS])
    return Turn(closed, (), (effect,), if_refused=closed)
