"""What the handlers of a turn's effects get, and what they add to its replies."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound
from app.core.languages import DEFAULT_LANGUAGE
from app.dialogue.turn import Reply
from app.identity.actor import Actor
from app.identity.models import Role, User, UserStatus
from app.messaging.models import ChatPerson
from app.texts import catalogue
from app.texts.formatting import DEFAULT_ZONE, FormatContext
from app.texts.message import Row


@dataclass
class EffectContext:
    """One message's effects while they are performed."""

    session: AsyncSession
    person: ChatPerson
    now: dt.datetime
    base_url: str
    country: str
    sent_at: dt.datetime
    """When the message was sent: long before `now` where we were away."""
    user: User | None = None
    """The worker's account as it was loaded for the turn."""
    replies: list[Reply] = field(default_factory=list)
    """What the effects have to tell; sent before the turn's own replies."""
    draft: Mapping[str, Any] | None = None
    """What the open question keeps, where an effect asked it."""
    erased: bool = False
    time_zone: str = DEFAULT_ZONE
    """IANA zone of the worker's clock."""
    persona: str = ""
    """As whom they write from now on, where an effect decides it: the id of a company just opened."""

    @property
    def worker_id(self) -> UUID:
        """The worker who writes. Raises `NotFound` where there is none."""
        if self.person.user_id is None:
            raise NotFound
        return self.person.user_id

    @property
    def actor(self) -> Actor:
        """The worker who writes, as whoever acts. Raises `NotFound` where there is none."""
        status = UserStatus.PENDING if self.user is None else UserStatus(self.user.status)
        return Actor(self.worker_id, Role.WORKER, status, "")

    @property
    def language(self) -> str:
        """The language of replies."""
        return self.person.language or DEFAULT_LANGUAGE

    @property
    def formatting(self) -> FormatContext:
        """How values are written in the language of replies."""
        return catalogue.format_context(self.language, {}, self.now)

    def day(self, instant: dt.datetime) -> str:
        """Say on which day something was, by the worker's clock."""
        local = instant.astimezone(ZoneInfo(self.time_zone))
        return catalogue.format_day(local.date(), self.formatting)

    def word(self, name: str) -> str:
        """Return a word of the catalogue in the language of replies."""
        return catalogue.word(self.language, name)

    def reply(
        self, text: str, params: Mapping[str, Any] | None = None, rows: Sequence[Row] = ()
    ) -> None:
        """Add a reply."""
        self.replies.append(Reply(text, params or {}, rows=rows))
