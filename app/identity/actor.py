"""The actor of a request or verb."""

from dataclasses import dataclass
from uuid import UUID

from app.core.errors import Forbidden
from app.identity.models import Role, UserStatus
from app.identity.rules import AdminRole, TeamRole


class AccountRestricted(Forbidden):
    """A restricted employer can read, but neither publish nor unlock."""

    code = "account_restricted"
    detail = "Your account is restricted: you can read, but not publish or unlock. Contact support."


@dataclass(frozen=True)
class Actor:
    """A signed-in user, as of when the request was authenticated."""

    user_id: UUID
    role: Role
    status: UserStatus
    name: str
    session_id: UUID | None = None
    admin_role: AdminRole | None = None
    has_second_factor: bool = False
    company_id: UUID | None = None
    """The company that a member of its team acts for; None for who opened it, and for other roles."""
    team_role: TeamRole = TeamRole.OWNER
    """What an employer may do for their company."""

    @property
    def employer_id(self) -> UUID:
        """The company, whose jobs, leads and money these are; `user_id` is the person."""
        return self.company_id or self.user_id

    @property
    def member_id(self) -> UUID | None:
        """The person, where somebody else opened the company; None for who opened it."""
        return self.user_id if self.user_id != self.employer_id else None

    def require_unrestricted(self) -> None:
        """Raise `AccountRestricted` for a restricted employer."""
        if self.status is UserStatus.RESTRICTED:
            raise AccountRestricted
