"""A notice: a message that the product sends by itself, and whom of a company's team it is for."""

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from app.identity.rules import TeamRole
from app.messaging.team_notices import TEAM_NOTICES, gets


class Recipient(NamedTuple):
    """A user who may be written to, with what belongs to their addresses, and whose team they are in."""

    id: UUID
    role: str
    status: str
    name: str
    language: str
    email: str | None
    email_sealed: bytes | None
    phone_sealed: bytes | None
    phone_index: str | None
    chat_user_id: str | None
    company_id: UUID | None = None
    """The company in whose team they are; known only where its team was asked for."""
    team_role: str | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """A message to one user.

    `key` names the event: a second notice of the same kind, key and user is not written. `params` are JSON data,
    never sentences. `subject_id` is the offer, job or payment it is about, by which `suppress` finds it. After
    `expires_at` it is not sent. `to_mailbox` sends it by e-mail, also where the account has a phone: that phone
    may not be proven. `urgent` is about work that the person said yes to: it goes before offers, also in quiet hours.

    A notice to a company goes to its team as well, as `team_notices` says: `theirs` are the members whose job or
    purchase it is about, None being whoever opened the company; `done_by` did it and needs no message. Of `url`, which
    acts for whoever follows it, each member gets one of their own by `link_of`, or none. `only` names whom of all of
    them to tell.
    """

    user_id: UUID
    kind: str
    params: Mapping[str, Any]
    key: str
    subject_id: UUID | None = None
    expires_at: dt.datetime | None = None
    to_mailbox: bool = False
    urgent: bool = False
    theirs: Collection[UUID | None] = ()
    done_by: UUID | None = None
    link_of: Callable[[UUID], str] | None = None
    only: Collection[UUID] | None = None

    def is_for(self, user: Recipient) -> bool:
        """Whether this account is to get the notice: the one it is written to, or a member of that company's team."""
        if user.id == self.done_by or (self.only is not None and user.id not in self.only):
            return False
        role = None
        if user.team_role is not None and user.company_id == self.user_id:
            role = TeamRole(user.team_role)
        is_opener = user.id == self.user_id
        if is_opener and (role is None or self.kind not in TEAM_NOTICES):
            return True
        # A job or a purchase that names no member is of whoever opened the company.
        is_theirs = user.id in self.theirs or (is_opener and None in self.theirs)
        return role is not None and gets(self.kind, role, is_theirs=is_theirs)

    def params_for(self, user_id: UUID) -> Mapping[str, Any]:
        """Return the parameters for one recipient."""
        if user_id == self.user_id or "url" not in self.params:
            return self.params
        return {**self.params, "url": self.link_of(user_id) if self.link_of else None}
