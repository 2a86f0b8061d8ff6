"""A message of an employer."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

from app.dialogue.context import EmployerAccount
from app.dialogue.engine import gives_up
from app.dialogue.turn import Incoming, Turn
from app.nlu.spelling import respelled


@dataclass(frozen=True, slots=True)
class EmployerMessage(Incoming):
    """A message with the account that its sender acts for."""

    account: EmployerAccount

    @classmethod
    def of(cls, message: Incoming, account: EmployerAccount) -> Self:
        """Return the message as one of this account."""
        return cls(message.inbound, message.state, message.context, account)


def spelled_if_missed(message: EmployerMessage, read: Callable[[EmployerMessage], Turn]) -> Turn:
    """Return what follows from a message; one that is not understood is read once more as its words are spelled."""
    turn = read(message)
    text = message.text
    if text is None or not is_missed(message, turn):
        return turn
    spelled = respelled(text)
    if spelled == text:
        return turn
    again = read(replace(message, inbound=replace(message.inbound, text=spelled)))
    return turn if is_missed(message, again) else again


def is_missed(message: EmployerMessage, turn: Turn) -> bool:
    """Whether nothing was understood in a message."""
    return turn.missed or gives_up(turn) or turn.state.misses > message.state.misses
