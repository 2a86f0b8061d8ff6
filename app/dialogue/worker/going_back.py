"""Going back to the previous question, or to the menu. Pure."""

from dataclasses import replace

from app.dialogue.state import Ask
from app.dialogue.turn import Incoming, Reply, Turn
from app.dialogue.worker.onboarding import resume
from app.dialogue.worker.registration import open_question
from app.dialogue.worker.whole_message import PART_OF


def go_back(message: Incoming) -> Turn:
    """Ask the previous question of a registration again; outside one, show the menu."""
    state, context = message.state, message.context
    if not state.registering:
        return Turn(state.at(Ask.NOTHING), (Reply("menu"),))
    if (whole := PART_OF.get(state.ask)) is not None:
        opened, reply = open_question(state, whole, context)
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
    opened, reply = open_question(reopened, previous, context)
    return Turn(opened, (reply,))
