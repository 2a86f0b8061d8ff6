"""What each role may do: one table, read by the edge once for each router."""

from collections.abc import Mapping
from enum import StrEnum

from app.identity.models import Role


class Permission(StrEnum):
    """Something a role may be granted; whose things they are is decided by the query."""

    BE_WORKER = "be_worker"
    """Everything a worker does with their own profile and offers."""
    BE_EMPLOYER = "be_employer"
    """Everything an employer does with their own jobs and leads."""
    ADMINISTER = "administer"
    TRIGGER_MATCHING = "trigger_matching"
    SIGN_OUT = "sign_out"


GRANTS: Mapping[Permission, frozenset[Role]] = {
    Permission.BE_WORKER: frozenset({Role.WORKER}),
    Permission.BE_EMPLOYER: frozenset({Role.EMPLOYER}),
    Permission.ADMINISTER: frozenset({Role.ADMIN}),
    Permission.TRIGGER_MATCHING: frozenset({Role.EMPLOYER, Role.ADMIN}),
    Permission.SIGN_OUT: frozenset(Role),
}


def may(role: Role, permission: Permission) -> bool:
    """Whether `role` is granted `permission`."""
    return role in GRANTS[permission]
