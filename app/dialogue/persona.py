"""As whom somebody writes: one phone may belong to a worker and to several employers. Pure."""

from typing import Final

from app.dialogue.context import Context, EmployerAccount
from app.dialogue.state import State

WORKER: Final = "worker"


def acting_account(state: State, context: Context) -> EmployerAccount | None:
    """Return the employer who writes; None for a worker, and before somebody chose.

    Only an account that the phone was proven for may act.
    """
    proven = context.proven
    chosen = next((account for account in proven if str(account.id) == state.persona), None)
    if chosen is not None or state.persona == WORKER:
        return chosen
    alone = context.profile is None and not state.registering
    return proven[0] if alone and len(proven) == 1 else None


def must_choose_persona(state: State, context: Context) -> bool:
    """Whether this person must be asked as whom they write."""
    unclear = state.persona != WORKER and acting_account(state, context) is None
    return bool(context.proven) and unclear
