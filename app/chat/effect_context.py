"""What an effect of the conversation needs to be done."""

import datetime as dt
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import NotFound
from app.core.languages import DEFAULT_LANGUAGE
from app.dialogue.turn import Reply
from app.messaging.models import ChatPerson


@dataclass
class Doing:
    """One message's effects under way. `replies` grows with what the effects have to tell."""

    session: AsyncSession
    person: ChatPerson
    now: dt.datetime
    base_url: str
    country: str
    replies: list[Reply] = field(default_factory=list)
    erased: bool = False

    @property
    def worker_id(self) -> UUID:
        """The worker who writes. Raises `NotFound` where there is none."""
        if self.person.user_id is None:
            raise NotFound
        return self.person.user_id

    @property
    def language(self) -> str:
        """The language to speak."""
        return self.person.language or DEFAULT_LANGUAGE
