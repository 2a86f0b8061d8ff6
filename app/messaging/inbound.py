"""What arrives on a chat channel, in our own words: `app/providers/` makes these, nobody else."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

from app.messaging.rules import Refusal


class InboundKind(StrEnum):
    """What a person sent."""

    TEXT = "text"
    TAP = "tap"
    """A button or a row of a list; `payload` is its id."""
    FORM = "form"
    """A form of ours, filled in; `answers` hold its fields."""
    LOCATION = "location"
    CONTACT = "contact"
    """Their own phone, given through the platform; `phone` holds it."""
    REACTION = "reaction"
    MEDIA = "media"
    """Voice, image, video, document, sticker: nothing we read."""
    EDIT = "edit"
    """An earlier message was changed or taken back."""
    MOVED = "moved"
    """The person's number or platform id changed; `moved_to_*` hold the new ones."""
    PREFERENCE = "preference"
    """They stopped or resumed marketing messages in the platform's own settings."""
    CALL = "call"
    """They called: nothing is answered, and the 24-hour window is open."""
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Inbound:
    """One message of one person. At least one of `phone_from` and `platform_id` is set."""

    message_id: str
    kind: InboundKind
    sent_at: dt.datetime
    phone_from: str | None = None
    """E.164."""
    platform_id: str | None = None
    name: str | None = None
    """The name they gave themselves on the platform."""
    text: str = ""
    payload: str = ""
    answers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """What was chosen in a form, by field; one that makes no sense is not there."""
    reply_to: str | None = None
    """Id of the message this one answers."""
    latitude: float | None = None
    longitude: float | None = None
    phone: str | None = None
    moved_to_phone: str | None = None
    moved_to_id: str | None = None
    in_group: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return what `from_json` reads back."""
        value = {
            name: part for name, part in asdict(self).items() if part not in (None, "", False, {})
        }
        value["sent_at"] = self.sent_at.isoformat()
        return value

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the message `as_json` wrote."""
        return cls(
            **{
                **value,
                "kind": InboundKind(value["kind"]),
                "sent_at": dt.datetime.fromisoformat(value["sent_at"]),
            }
        )


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    """What the platform says became of a message of ours."""

    status: str
    """`accepted`, `sent`, `delivered`, `read` or `failed`."""
    at: dt.datetime
    provider_id: str | None = None
    message_id: str | None = None
    """Our own id, where the platform echoes it."""
    code: str | None = None
    refusal: Refusal | None = None
    category: str | None = None
    """What the platform charges it as."""
    number_id: str | None = None
    """The platform's id of the number that sent the message, where it tells."""
    ours: bool = True
    """Whether that number is one of ours now; the message itself knows by which it was sent."""


@dataclass(frozen=True, slots=True)
class PlatformEvent:
    """Something about our account, such as a template that was paused."""

    field: str
    about: str = ""
    event: str = ""
    language: str = ""
    """Of the template it is about."""
    detail: str = ""
    """The platform's reason, the new quality or category."""
    daily_people: int | None = None
    """With how many people a day we may begin from now on; 0 for any number, None if not told."""
    alarming: bool = False
    """Whether somebody has to look; echoes, history and good news are only noted."""
    category: str = ""
    """What the platform files the template under from now on: one of `texts.CATEGORIES`, or "" if not told."""
    content_key: str = ""
    """Hash of what it says, whatever the bytes; "" where nothing is compared."""
    dated: bool = False
    """Whether the platform told when it happened: the same news on another day has another key."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """Everything a webhook held. `set_aside` counts items nobody could read."""

    messages: Sequence[Inbound] = ()
    statuses: Sequence[StatusUpdate] = ()
    notices: Sequence[PlatformEvent] = ()
    set_aside: Sequence[str] = field(default_factory=tuple)
    not_ours: Mapping[str, int] = field(default_factory=dict)
    """How many items were for another number of the business account, by their kind; none is kept."""
