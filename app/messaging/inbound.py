"""What arrives on a chat channel, in our own types; only `app.providers` makes them."""

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
    """Our form, filled in; `answers` hold its fields."""
    LOCATION = "location"
    CONTACT = "contact"
    """Their own phone, shared through the platform; `phone` holds it."""
    REACTION = "reaction"
    MEDIA = "media"
    """Voice, image, video, document or sticker, which we don't read."""
    EDIT = "edit"
    """An earlier message was changed or taken back."""
    MOVED = "moved"
    """The person's number or platform id changed; `moved_to_*` hold the new ones."""
    PREFERENCE = "preference"
    """They stopped or resumed marketing messages in the platform's settings."""
    CALL = "call"
    """They called: no answer, but the 24-hour window opens."""
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
    """Their name on the platform."""
    text: str = ""
    payload: str = ""
    answers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The choices in a form by field; invalid ones are left out."""
    reply_to: str | None = None
    """The id of the message that this one answers."""
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
    """A platform's status of one of our messages."""

    status: str
    """`accepted`, `sent`, `delivered`, `read` or `failed`."""
    at: dt.datetime
    provider_id: str | None = None
    message_id: str | None = None
    """Our own id, where the platform echoes it."""
    code: str | None = None
    refusal: Refusal | None = None
    category: str | None = None
    """The category that the platform charges."""
    number_id: str | None = None
    """The platform's id of the number that sent the message, where it is given."""
    ours: bool = True
    """Whether that number is one of ours now."""


@dataclass(frozen=True, slots=True)
class PlatformEvent:
    """An event of our account, such as a template that was paused."""

    field: str
    about: str = ""
    event: str = ""
    language: str = ""
    """The language of the template it is about."""
    detail: str = ""
    """The platform's reason, the new quality or category."""
    daily_people: int | None = None
    """How many people a day we may write to first from now on; 0 for any number, None if not given."""
    alarming: bool = False
    """Whether an alert is raised; echoes, history and good news are only logged."""
    category: str = ""
    """The template's category from now on: one of `texts.CATEGORIES`, or "" if not given."""
    content_key: str = ""
    """A hash of the content, the same for other bytes; "" where nothing is compared."""
    dated: bool = False
    """Whether the platform gave its time, so that a repeated event has another key."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """The items of a webhook; `set_aside` has the reasons of those that can't be read."""

    messages: Sequence[Inbound] = ()
    statuses: Sequence[StatusUpdate] = ()
    notices: Sequence[PlatformEvent] = ()
    set_aside: Sequence[str] = field(default_factory=tuple)
    not_ours: Mapping[str, int] = field(default_factory=dict)
    """How many items of each kind were for another number of the account; none is stored."""
