"""As whom somebody writes: one phone may be a worker's and that of several companies. Pure."""

from typing import Final

from app.dialogue.context import Context, EmployerAccount
from app.dialogue.state import State

WORKER: Final = "worker"


def acting(state: State, context: Context) -> EmployerAccount | None:
    """Return the employer who writes; None for a worker, and for who has yet to say as whom.

    Only an account that the phone was proven for ever acts.
    """
    proven = [account for account in context.employers if account.proven]
    chosen = next((account for account in proven if str(account.id) == state.persona), None)
    if chosen is not None or state.persona == WORKER:
        return chosen
    alone = context.profile is None and not state.registering
    return proven[0] if alone and len(proven) == 1 else None


def undecided(state: State, context: Context) -> bool:
    """Whether it has to be asked as whom this person writes."""
    proven = any(account.proven for account in context.employers)
    return proven and state.persona != WORKER and acting(state, context) is None
