"""A question in other words, for an answer that was not understood. Pure."""

from dataclasses import replace
from typing import Final

from app.dialogue.context import Context
from app.dialogue.turn import Reply
from app.texts import catalogue
from app.texts.message import Button, Row

_READ_BACK: Final = frozenset({"ask_job_right"})
"""Questions that read a whole job back: it is shown again below the other words."""


def reworded(reply: Reply, context: Context) -> tuple[Reply, ...]:
    """Return the question with the text `…_again`, which has an example and says how to get out.

    What can be tapped stays the same. A question without such a text stays as it is.
    """
    other = f"{reply.text}_again"
    if other not in catalogue.get_catalogue(context.reply_language).chat:
        return (reply,)
    if reply.text in _READ_BACK:
        return (Reply(other), reply)
    entry = context.text(reply.text)
    rows = [*reply.rows] or [
        Row(id_, *(part.strip() for part in title.split("|", 1)))
        for id_, title in entry.rows.items()
    ]
    buttons = reply.buttons
    if buttons is None:
        buttons = [Button(id_, title) for id_, title in entry.buttons.items()]
    return (replace(reply, text=other, rows=rows, buttons=buttons),)
