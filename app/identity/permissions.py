"""What each role may do: one table."""

from collections.abc import Mapping
from enum import StrEnum

from app.identity.models import Role
from app.identity.rules import AdminRole, TeamRole


class Permission(StrEnum):
    """Something a role may be granted; whose things they are is decided by the query."""

    BE_WORKER = "be_worker"
    """Everything a worker does with their own profile and offers."""
    BE_EMPLOYER = "be_employer"
    """Read what is the company's: jobs, leads, contacts that were bought, money, the team."""
    POST_JOBS = "post_jobs"
    """Write, publish, change and cancel jobs; block workers."""
    BUY_LEADS = "buy_leads"
    """Spend the company's money, within one's limit, and report what was bought."""
    MANAGE_COMPANY = "manage_company"
    """The profile, the team, the card, money that goes back, a copy of all data."""
    TRIGGER_MATCHING = "trigger_matching"
    SIGN_OUT = "sign_out"

    BE_ADMIN = "be_admin"
    """What every administrator does with their own account."""
    ADMINISTER = "administer"
    """What no narrower permission covers: owners only."""
    MANAGE_ADMINS = "manage_admins"
    READ_PEOPLE = "read_people"
    """Workers and employers, contacts included; each view is logged."""
    MODERATE_PEOPLE = "moderate_people"
    """Verify, restrict, suspend, activate and sign out workers and employers."""
    CORRECT_PEOPLE = "correct_people"
    """Correct a worker's profile on their request."""
    KEEP_DATA_RIGHTS = "keep_data_rights"
    """Give people a copy of their data, and erase them, on their request."""
    ACT_IN_BULK = "act_in_bulk"
    """One action on many; what the single action needs is asked besides."""
    READ_JOBS = "read_jobs"
    MODERATE_JOBS = "moderate_jobs"
    READ_MONEY = "read_money"
    """Payments, and the reports about leads that lead to refunds."""
    MOVE_MONEY = "move_money"
    """Refund, and decide reports."""
    READ_MESSAGES = "read_messages"
    """What was sent and arrived, what it costs, what the platform says."""
    RETRY_MESSAGES = "retry_messages"
    READ_CONVERSATIONS = "read_conversations"
    CONVERSE = "converse"
    """Take a conversation over and answer in it."""
    READ_LOG = "read_log"
    READ_STATS = "read_stats"
    READ_SETTINGS = "read_settings"
    CHANGE_SETTINGS = "change_settings"
    """Prices, weights, waves and limits."""


_OWNER, _FINANCE = AdminRole.OWNER, AdminRole.FINANCE
_MODERATOR, _SUPPORT = AdminRole.MODERATOR, AdminRole.SUPPORT

GRANTS: Mapping[Permission, frozenset[Role | AdminRole]] = {
    Permission.BE_WORKER: frozenset({Role.WORKER}),
    Permission.BE_EMPLOYER: frozenset({Role.EMPLOYER}),
    Permission.POST_JOBS: frozenset({Role.EMPLOYER}),
    Permission.BUY_LEADS: frozenset({Role.EMPLOYER}),
    Permission.MANAGE_COMPANY: frozenset({Role.EMPLOYER}),
    Permission.TRIGGER_MATCHING: frozenset({Role.EMPLOYER, _OWNER, _MODERATOR, _SUPPORT}),
    Permission.SIGN_OUT: frozenset(Role),
    Permission.BE_ADMIN: frozenset(AdminRole),
    Permission.ADMINISTER: frozenset({_OWNER}),
    Permission.MANAGE_ADMINS: frozenset({_OWNER}),
    Permission.READ_PEOPLE: frozenset(AdminRole),
    Permission.MODERATE_PEOPLE: frozenset({_OWNER, _MODERATOR}),
    Permission.CORRECT_PEOPLE: frozenset({_OWNER, _MODERATOR, _SUPPORT}),
    Permission.KEEP_DATA_RIGHTS: frozenset({_OWNER, _MODERATOR}),
    Permission.ACT_IN_BULK: frozenset({_OWNER, _MODERATOR}),
    Permission.READ_JOBS: frozenset(AdminRole),
    Permission.MODERATE_JOBS: frozenset({_OWNER, _MODERATOR}),
    Permission.READ_MONEY: frozenset(AdminRole),
    Permission.MOVE_MONEY: frozenset({_OWNER, _FINANCE}),
    Permission.READ_MESSAGES: frozenset({_OWNER, _MODERATOR, _SUPPORT}),
    Permission.RETRY_MESSAGES: frozenset({_OWNER, _SUPPORT}),
    Permission.READ_CONVERSATIONS: frozenset({_OWNER, _MODERATOR, _SUPPORT}),
    Permission.CONVERSE: frozenset({_OWNER, _MODERATOR, _SUPPORT}),
    Permission.READ_LOG: frozenset({_OWNER, _FINANCE, _MODERATOR}),
    Permission.READ_STATS: frozenset(AdminRole),
    Permission.READ_SETTINGS: frozenset(AdminRole),
    Permission.CHANGE_SETTINGS: frozenset({_OWNER}),
}
"""Permissions by role or administrators' role."""

_TEAM, _POSTERS = frozenset(TeamRole), frozenset({TeamRole.OWNER, TeamRole.MANAGER})

TEAM_GRANTS: Mapping[Permission, frozenset[TeamRole]] = {
    Permission.BE_EMPLOYER: _TEAM,
    Permission.SIGN_OUT: _TEAM,
    Permission.POST_JOBS: _POSTERS,
    Permission.TRIGGER_MATCHING: _POSTERS,
    Permission.BUY_LEADS: _POSTERS,
    Permission.MANAGE_COMPANY: frozenset({TeamRole.OWNER}),
}
"""What of an employer's permissions each role of a company's team has."""


def may(
    role: Role,
    permission: Permission,
    admin_role: AdminRole | None = None,
    team_role: TeamRole = TeamRole.OWNER,
) -> bool:
    """Whether somebody of `role` is granted `permission`: an administrator of `admin_role`, an employer of `team_role`."""
    if role is Role.EMPLOYER:
        return role in GRANTS[permission] and team_role in TEAM_GRANTS[permission]
    return role in GRANTS[permission] or (role is Role.ADMIN and admin_role in GRANTS[permission])


def permissions_of(admin_role: AdminRole) -> list[Permission]:
    """Return what an administrator of this role is granted."""
    return [each for each in Permission if may(Role.ADMIN, each, admin_role)]
