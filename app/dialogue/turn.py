"""One turn of a conversation: the incoming message, the replies, and the turn that follows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from app.dialogue.context import Context
from app.dialogue.effects import Effect
from app.dialogue.state import State
from app.messaging.inbound import Inbound, InboundKind
from app.nlu.intents import Intent, intents
from app.texts.message import Button, Form, Row


@dataclass(frozen=True, slots=True)
class Incoming:
    """An inbound message with the state of its conversation and what is known about its sender."""

    inbound: Inbound
    state: State
    context: Context

    @property
    def text(self) -> str | None:
        """The text, stripped; None for anything but a text message."""
        return self.inbound.text.strip() if self.inbound.kind is InboundKind.TEXT else None

    @property
    def intents(self) -> frozenset[Intent]:
        """Every intent of the text; none for anything but a text message."""
        text = self.text
        return frozenset() if text is None else intents(text)

    def has_intent(self, *any_of: Intent) -> bool:
        """Whether the text has one of these intents."""
        return not self.intents.isdisjoint(any_of)

    def tapped(self, prefix: str) -> str | None:
        """Return what follows `prefix:` in the id of a tapped button; None where none was tapped."""
        if self.inbound.kind is not InboundKind.TAP:
            return None
        name, colon, rest = self.inbound.payload.partition(":")
        return rest if name == prefix and colon else None

    def with_profile(self, **changes: Any) -> Self:
        """Return the message with these changes in its profile, where there is one."""
        if self.context.profile is None:
            return self
        profile = replace(self.context.profile, **changes)
        return replace(self, context=replace(self.context, profile=profile))


@dataclass(frozen=True, slots=True)
class Reply:
    """A text of the catalogue with its values."""

    text: str
    params: Mapping[str, Any] = field(default_factory=dict)
    buttons: Sequence[Button] | None = None
    rows: Sequence[Row] = ()
    form: Form | None = None
    """A form to open; the text's rows replace it where the platform has none."""
    essential: bool = False
    """Sent even to somebody who said STOP."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What follows from one message: effects first, then the replies, joined into one message."""

    state: State
    replies: Sequence[Reply] = ()
    effects: Sequence[Effect] = ()
    language: str | None = None
    """The new language, where this turn changes it."""
    missed: bool = False
    """Whether the answer was not understood and the replies say why; three in a row call a human."""
    if_refused: State | None = None
    """The state to keep where an effect is refused."""
