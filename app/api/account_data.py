"""A copy of one's own data: the part that is alike for workers and employers."""

from typing import Final
from uuid import UUID

from pydantic import Field

from app.core.schema import Instant, ResponseModel

AS_FILE: Final = 'attachment; filename="partimer-my-data.json"'
"""The `Content-Disposition` of a copy: a browser keeps it as a file."""


class ConsentAnswer(ResponseModel):
    """What I agreed to, and when."""

    purpose: str = Field(description="What was agreed to.")
    wording_version: str = Field(description="Which version of the words was agreed to.")
    language: str = Field(description="Language of those words.")
    channel: str = Field(description="Where it was said.")
    granted_at: Instant = Field(description="When it was given (UTC).")
    withdrawn_at: Instant | None = Field(
        description="When it was taken back (UTC); null while it stands."
    )


class MessageAnswer(ResponseModel):
    """A message that was written to me; what it said is not kept longer than needed."""

    id: UUID = Field(description="Its id (UUIDv7).")
    kind: str = Field(description="What the message was about.")
    channel: str = Field(description="How it travels: `whatsapp`, `email` or `sms`.")
    state: str = Field(description="Where the message stands.")
    created_at: Instant = Field(description="When it was written (UTC).")
    sent_at: Instant | None = Field(description="When it was sent (UTC); null before.")


class WrittenAnswer(ResponseModel):
    """Something I wrote in the chat; words are kept for some days, for whoever helps me."""

    at: Instant = Field(description="When I wrote it (UTC).")
    kind: str = Field(description="What it is: a text, a button, a location.")
    text: str | None = Field(description="What I wrote; null where it is not kept.")


class SessionAnswer(ResponseModel):
    """A device I am signed in on."""

    created_at: Instant = Field(description="When it was signed in (UTC).")
    refreshed_at: Instant = Field(description="When its tokens were last renewed (UTC).")
    expires_at: Instant = Field(description="When it ends by itself (UTC).")


class AccountData(ResponseModel):
    """What is kept about me, whatever my role."""

    exported_at: Instant = Field(description="When this copy was made (UTC).")
    consents: list[ConsentAnswer] = Field(description="What I agreed to.")
    messages: list[MessageAnswer] = Field(description="Messages written to me.")
    written: list[WrittenAnswer] = Field(
        description="What I wrote in the chat, as far as it is kept."
    )
    sessions: list[SessionAnswer] = Field(description="Devices I am signed in on.")
