"""What question and answer share: typed titles of buttons, numbers of options, names of points. Pure."""

from dataclasses import replace
from functools import lru_cache
from typing import Final

from app.catalogue import places
from app.dialogue.turn import Incoming, Reply
from app.messaging.inbound import InboundKind
from app.nlu.normalize import split_words
from app.texts.message import ROW_TITLE_CHARACTERS

_INDEX_DIGITS: Final = 4


def index(text: str, below: int) -> int | None:
    """Return the number of an option; None for one that does not exist: ids may be forged."""
    if len(text) > _INDEX_DIGITS or not text.isdecimal():
        return None
    return number if (number := int(text)) < below else None


def place_name(latitude: float, longitude: float) -> str:
    """Return the city a point belongs to, or its coordinates in the middle of nowhere."""
    nearest = places.nearest_city(latitude, longitude)
    return nearest.name if nearest else f"{latitude:.2f}, {longitude:.2f}"


def as_tap[M: Incoming](message: M, reply: Reply) -> M:
    """Return the message as a tap where its text is the title of one button or row of `reply`."""
    text = message.text
    if text is None or len(text) > ROW_TITLE_CHARACTERS:
        return message
    entry = message.context.text(reply.text)
    shown = [(button.id, button.title) for button in reply.buttons or ()]
    shown += [(row.id, row.title) for row in reply.rows]
    if reply.buttons is None:
        shown += entry.buttons.items()
    if not reply.rows:
        shown += entry.rows.items()
    typed = tuple(split_words(text))
    ids = {id_ for id_, title in shown if _title_words(title) == typed}
    if not typed or len(ids) != 1:
        return message
    inbound = replace(message.inbound, kind=InboundKind.TAP, payload=ids.pop())
    return replace(message, inbound=inbound)


@lru_cache(4_096)
def _title_words(title: str) -> tuple[str, ...]:
    return tuple(split_words(title.partition("|")[0]))
