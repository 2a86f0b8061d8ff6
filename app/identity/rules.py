"""What accounts there are, and how their status may move: one table. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


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
    """What an administrator may do to an account's status."""

    ACTIVATE = "activate"
    SUSPEND = "suspend"
    RESTRICT = "restrict"


@dataclass(frozen=True)
class AccountStep:
    """One allowed move: from any of `sources` to `to`, for accounts of these roles."""

    sources: tuple[UserStatus, ...]
    to: UserStatus
    roles: frozenset[Role]
    ends_sessions: bool


STEPS: Mapping[AccountAction, AccountStep] = {
    AccountAction.ACTIVATE: AccountStep(
        (UserStatus.SUSPENDED, UserStatus.RESTRICTED), UserStatus.ACTIVE, frozenset(Role), False
    ),
    AccountAction.SUSPEND: AccountStep(
        (UserStatus.ACTIVE, UserStatus.RESTRICTED), UserStatus.SUSPENDED, frozenset(Role), True
    ),
    AccountAction.RESTRICT: AccountStep(
        (UserStatus.ACTIVE,), UserStatus.RESTRICTED, frozenset({Role.EMPLOYER}), False
    ),
}

MAY_SIGN_IN: frozenset[UserStatus] = frozenset({UserStatus.ACTIVE, UserStatus.RESTRICTED})
"""Statuses in which a session is alive; a pending worker becomes active by the first code."""


def step_of(role: Role, action: AccountAction) -> AccountStep | None:
    """Return the step `action` means for an account of `role`, or None if there is none."""
    step = STEPS[action]
    return step if role in step.roles else None
