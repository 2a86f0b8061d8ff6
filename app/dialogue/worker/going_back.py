"""Back: from a question to the one before it, and from everyday talk to the menu. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from app.dialogue.state import Ask
from app.dialogue.turn import Incoming, Reply, Turn
from app.dialogue.worker.onboarding import resume
from app.dialogue.worker.registration import ask

_PART_OF: Final[Mapping[Ask, Ask]] = {
    Ask.SKILLS_RIGHT: Ask.SKILLS,
    Ask.WHICH_PLACE: Ask.LOCATION,
    Ask.AVAILABILITY_RIGHT: Ask.AVAILABILITY,
}
"""Questions that follow from an answer: back from them is that answer again."""


def back(message: Incoming) -> Turn:
    """Open the question before; in everyday talk, the menu."""
    state, context = message.state, message.context
    if not state.registering:
        return Turn(state.at(Ask.NOTHING), (Reply("menu"),))
    if (whole := _PART_OF.get(state.ask)) is not None:
        opened, reply = ask(state, whole, context)
        return Turn(opened, (reply,))
    asked = [
        question
        for question in (
            Ask.NAME,
            Ask.SKILLS,
            Ask.LOCATION,
            Ask.DISTANCE,
            Ask.EXPERIENCE,
            Ask.AVAILABILITY,
        )
        if question in state.answered
    ]
    if not asked:
        return resume(message)
    previous = asked[-1]
    reopened = replace(state, answered=state.answered - {previous})
    opened, reply = ask(reopened, previous, context)
    return Turn(opened, (reply,))
