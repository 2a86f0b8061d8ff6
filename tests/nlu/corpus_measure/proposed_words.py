"""What followed from a message, where words were proposed too: a typo that was mended is at best asked about."""

from dataclasses import replace

from app.dialogue.misspelled import SAID, as_words
from app.dialogue.router import handle_message
from app.dialogue.state import GUESS
from app.dialogue.turn import Incoming, Turn
from app.messaging.inbound import Inbound, InboundKind
from tests.nlu.corpus_measure.outcome import Outcome, outcome_of
from tests.nlu.corpus_measure.situations import NOW, PHONE, Situation


def outcome_with_words(before: Situation, turn: Turn) -> Outcome:
    """Return what followed; proposed words count as a proposal of all that would follow from them."""
    found = outcome_of(before, turn)
    tap = str(turn.state.draft.get(GUESS, ""))
    if not tap.startswith(f"{SAID}:"):
        return found
    message = Incoming(
        Inbound("m", InboundKind.TEXT, NOW, phone_from=PHONE), before.state, before.context
    )
    said = as_words(message, tap)
    then = outcome_of(before, handle_message(before.state, said.inbound, before.context))
    facts = {**then.shown, **then.saved}
    return replace(
        found,
        offered={**found.offered, **{name: [value] for name, value in facts.items()}},
        guessed=found.guessed | facts.keys(),
        replies=found.replies | {f"{act}?" for act in then.acts},
        missed=False,
    )
