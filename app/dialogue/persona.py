"""As whom somebody writes: one phone may be a worker's and that of several companies. Pure."""

from typing import Final

from app.dialogue.employer.model import EmployerFacts
from app.dialogue.model import Context, State

WORKER: Final = "worker"


def acting(state: State, context: Context) -> EmployerFacts | None:
    """Return the employer who writes; None for a worker, and for who has yet to say as whom.

    Only an account that the phone was proven for ever acts.
    """
    proven = [account for account in context.employers if account.proven]
    chosen = next((account for account in proven if str(account.id) == state.hat), None)
    if chosen is not None or state.hat == WORKER:
        return chosen
    alone = context.profile is None and not state.registering
    return proven[0] if alone and len(proven) == 1 else None


def undecided(state: State, context: Context) -> bool:
    """Whether it has to be asked as whom this person writes."""
    proven = any(account.proven for account in context.employers)
    return proven and state.hat != WORKER and acting(state, context) is None
