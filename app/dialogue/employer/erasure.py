"""An employer wants their account erased: they are asked, told what it means, and confirm. Pure."""

from typing import Final

from app.dialogue.effects import AskErasure, EraseCompany, PayBackBalance
from app.dialogue.employer.message import EmployerMessage
from app.dialogue.state import Ask
from app.dialogue.turn import Reply, Turn
from app.nlu.intents import Intent
from app.nlu.normalize import split_words
from app.nlu.vocabulary import phrase_set

_BUTTON: Final = "erase"


def ask_erasure(message: EmployerMessage) -> Turn:
    """Ask for confirmation before anything is erased."""
    asked = message.state.at(Ask.ERASE_COMPANY)
    closed = message.state.at(Ask.NOTHING)
    return Turn(asked, (), (AskErasure(message.account.id),), if_refused=closed)


def read_erasure(message: EmployerMessage) -> Turn | None:
    """Read the confirmation: a button, or words that can mean nothing else.

    A button of a question that was closed since asks it again: what it meant may be another company by now. A button
    also names what was asked; where something else would go now, the question is asked again.
    """
    choice = message.tapped(_BUTTON)
    closed = message.state.at(Ask.NOTHING)
    if message.state.ask is not Ask.ERASE_COMPANY:
        if choice is None or choice == "no":
            return None if choice is None else Turn(closed, (Reply("kept"),))
        return ask_erasure(message)
    if choice is not None:
        return _follow_button(message, choice)
    words = split_words(message.text or "")
    if not words:
        return None
    if message.has_intent(Intent.NO, Intent.CANCEL) or phrase_set("keeps_data").anywhere(words):
        return Turn(closed, (Reply("kept"),))
    sure = phrase_set("confirms_delete").covers(phrase_set("polite").without(words))
    if sure:
        return _erase(message, _token(message))
    # A yes may be meant for something else: nobody gets back what is erased.
    return Turn(message.state, (again(message),)) if message.has_intent(Intent.YES) else None


def again(message: EmployerMessage) -> Reply:
    """Return the open question once more: it asks for a tap."""
    draft = message.state.draft
    text = "erase_by_tap" if draft.get("company_goes", True) else "leave_by_tap"
    params = {"company": message.account.company, "token": _token(message)}
    return Reply(text, params, essential=True)


def _token(message: EmployerMessage) -> str:
    return str(message.state.draft.get("token", ""))


def _follow_button(message: EmployerMessage, choice: str) -> Turn:
    action, _, token = choice.partition(":")
    match action:
        case "yes":
            return _erase(message, token)
        case "give_up":
            return _erase(message, token, gives_up_balance=True)
        case "pay_back":
            if (token, str(message.account.id)) != (
                _token(message),
                message.state.draft.get("account"),
            ):
                return ask_erasure(message)
            closed = message.state.at(Ask.NOTHING)
            effect = PayBackBalance(message.account.id)
            return Turn(closed, (), (effect,), if_refused=closed)
        case _:
            return Turn(message.state.at(Ask.NOTHING), (Reply("kept"),))


def _erase(message: EmployerMessage, asked: str, *, gives_up_balance: bool = False) -> Turn:
    effect = EraseCompany(message.account.id, asked, gives_up_balance=gives_up_balance)
    return Turn(
        message.state.at(Ask.NOTHING),
        (),
        (effect,),
        if_refused=message.state.at(Ask.ERASE_COMPANY),
    )
