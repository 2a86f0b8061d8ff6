"""A message of an employer."""

from dataclasses import dataclass
from typing import Self

from app.dialogue.context import EmployerAccount
from app.dialogue.turn import Incoming


@dataclass(frozen=True, slots=True)
class EmployerMessage(Incoming):
    """A message with the account that its sender acts for."""

    account: EmployerAccount

    @classmethod
    def of(cls, message: Incoming, account: EmployerAccount) -> Self:
        """Return the message as one of this account."""
        return cls(message.inbound, message.state, message.context, account)
