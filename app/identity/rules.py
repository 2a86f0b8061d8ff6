"""Roles and account statuses, and the table of status changes. Pure."""

from enum import StrEnum
from typing import Final

from app.core.errors import Conflict
from app.core.transitions import ActionRule, Guard, StateTable, Transition


class Role(StrEnum):
    """What a user is; it never changes, and each role has its own routes."""

    WORKER = "worker"
    EMPLOYER = "employer"
    ADMIN = "admin"


class AdminRole(StrEnum):
    """What an administrator is there for; what each may do stands in `permissions`."""

    OWNER = "owner"
    FINANCE = "finance"
    MODERATOR = "moderator"
    SUPPORT = "support"


class TeamRole(StrEnum):
    """What a member of a company's team may do there; `permissions.TEAM_GRANTS` is the table."""

    OWNER = "owner"
    MANAGER = "manager"
    VIEWER = "viewer"


class UserStatus(StrEnum):
    """Where an account stands.

    `pending`: a worker whose phone has not been proven by a code yet. `restricted`: an employer
    who can read but neither publish nor unlock. `erased`: a tombstone; nobody can sign in.
    """

    PENDING = "pending"
    ACTIVE = "active"
    RESTRICTED = "restricted"
    SUSPENDED = "suspended"
    ERASED = "erased"


class AccountAction(StrEnum):
    """How an administrator changes an account's status."""

    ACTIVATE = "activate"
    SUSPEND = "suspend"
    RESTRICT = "restrict"


MAY_SIGN_IN: Final = frozenset({UserStatus.ACTIVE, UserStatus.RESTRICTED})
"""Statuses in which a session is alive; a pending worker becomes active by the first code."""

IS_EMPLOYER: Final = Guard[Role](
    "is_employer",
    lambda role, _now: role is Role.EMPLOYER,
    Conflict,
    where=lambda user, _now: user.role == Role.EMPLOYER,
)

TABLE: Final = StateTable[AccountAction, UserStatus, Role](
    {
        AccountAction.ACTIVATE: ActionRule(
            (
                Transition(
                    frozenset({UserStatus.SUSPENDED, UserStatus.RESTRICTED}), UserStatus.ACTIVE
                ),
            )
        ),
        AccountAction.SUSPEND: ActionRule((Transition(MAY_SIGN_IN, UserStatus.SUSPENDED),)),
        AccountAction.RESTRICT: ActionRule(
            (Transition(frozenset({UserStatus.ACTIVE}), UserStatus.RESTRICTED, (IS_EMPLOYER,)),)
        ),
    }
)
"""How administrators move an account's status. `users.change_status` refuses with the status by name."""
