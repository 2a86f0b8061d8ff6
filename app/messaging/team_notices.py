"""Which notices to a company its team gets as well, by role.

Of those who have joined, owners get what is in the table; managers what is about a job that they posted or a lead that
they bought; viewers nothing. So does whoever opened the company, an owner until another one gives them a lower role;
notices that are not in the table go to the company's own account alone. Codes and links are nobody else's.
"""

from collections.abc import Mapping
from typing import Final

from app.identity.rules import TeamRole

_OWNERS: Final = frozenset({TeamRole.OWNER})
_POSTERS: Final = frozenset({TeamRole.OWNER, TeamRole.MANAGER})

TEAM_NOTICES: Final[Mapping[str, frozenset[TeamRole]]] = {
    "lead_accepted": _POSTERS,
    "lead_withdrawn": _POSTERS,
    "lead_unlocked": _POSTERS,
    "lead_erased": _POSTERS,
    "lead_moved": _POSTERS,
    "job_filled": _POSTERS,
    "job_closed": _POSTERS,
    "job_approved": _POSTERS,
    "job_declined": _POSTERS,
    "refund_made": _OWNERS,
    "refund_to_balance": _OWNERS,
    "balance_paid_back": _OWNERS,
    "balance_not_paid_back": _OWNERS,
    "balance_topped_up": _OWNERS,
    "account_suspended": _OWNERS,
    "account_restored": _OWNERS,
}
"""Kinds of notices by the roles that get them."""


def gets(kind: str, role: TeamRole, *, is_theirs: bool) -> bool:
    """Whether a member of this role gets such a notice; `is_theirs` if it is about their job or purchase."""
    return role in TEAM_NOTICES.get(kind, ()) and (role is TeamRole.OWNER or is_theirs)
