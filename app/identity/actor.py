"""The actor of a request or verb."""

from dataclasses import dataclass
from uuid import UUID

from app.core.errors import Forbidden
from app.identity.models import Role, UserStatus
from app.identity.rules import AdminRole


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

    def require_unrestricted(self) -> None:
        """Raise `AccountRestricted` for a restricted employer."""
        if self.status is UserStatus.RESTRICTED:
            raise AccountRestricted
