"""While a human is wanted: what calls one, what the bot still answers, and what ends the wait. Pure.

Nobody who waits meets silence where the bot knows the answer, and nobody is forgotten because the bot
answered something. Who asked for a human waits until they call the bot back or our team hands back; whom
the bot gave up on, until both understand each other again; who called for help, until our team is done
(decision 0017). Once a human is there, they have the word.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from app.dialogue.context import Context
from app.dialogue.effects import AnswerOffer, Effect, HandBack, RequestHandoff, SendOwnData
from app.dialogue.employer.job_questions import POSTING
from app.dialogue.persona import acting
from app.dialogue.state import FREE_WRITING, Ask, State
from app.dialogue.turn import Incoming, Reply, Turn
from app.dialogue.worker.account_requests import asked_code, read_delete, read_report
from app.dialogue.worker.offers import clear_answer
from app.dialogue.worker.onboarding import resume
from app.dialogue.worker.questions import QUESTIONS
from app.messaging.inbound import InboundKind
from app.nlu.faq_topic import find_topic
from app.nlu.intents import Intent
from app.nlu.job_request import role_and_people
from app.nlu.normalize import split_words
from app.nlu.safety import Distress, find_distress
from app.nlu.vocabulary import phrase_set

SAFETY: Final = "safety"
NOT_UNDERSTOOD: Final = "not_understood"
"""Of `app.messaging.models.HandoffReason`, by whose value the wait ends otherwise."""
_BACK_TO_THE_BOT: Final = frozenset({Intent.MENU, Intent.BOT, Intent.BACK, Intent.START})
_PLAIN: Final = frozenset(
    {
        Intent.OFFERS,
        Intent.AS_WORKER,
        Intent.PROFILE,
        Intent.AREA,
        Intent.LANGUAGE,
        Intent.CONTACTS,
        Intent.POST,
    }
)
"""What only the bot can answer."""
_INFORMS: Final = frozenset({Intent.HELP, Intent.WHO_KNOWS, Intent.BLOCK, Intent.REPORT})
"""What it answers, too, but what may well be about the very trouble a human is wanted for."""
_TO_THE_HUMAN: Final = frozenset({Intent.GREETING, Intent.COURTESY, Intent.HUMAN})
_FOR_A_QUESTION: Final = frozenset({InboundKind.LOCATION, InboundKind.CONTACT, InboundKind.FORM})
UNREAD: Final = frozenset({InboundKind.MEDIA, InboundKind.OTHER})
"""Kinds in which nobody but a human finds anything."""
_GUESSES: Final = frozenset({"ask_which_skill", "skills_left_out", "ask_which_place"})
_NAME_WORDS: Final = 3
"""More of them are said to the human, and are no name."""

type Converse = Callable[[Incoming], Turn]


# ── Calls for help ───────────────────────────────────────────────────────────────────────────────


def call_for_help(message: Incoming) -> Turn | None:
    """Call our team at once for who was wronged, and say the number of the police where there is danger."""
    text, state, context = message.text, message.state, message.context
    distress = (
        find_distress(text, own_words=state.ask in FREE_WRITING) if text is not None else None
    )
    if text is None or distress is None:
        return None
    danger = distress is Distress.DANGER
    if not danger and (state.ask in {Ask.REPORT, Ask.LEAD_REPORT} or state.ask in POSTING):
        # Our team reads a report, and in a job's text nobody tells what was done to them.
        return None
    if acting(state, context) is not None and _tells_of_a_job(text):
        return None
    call = (RequestHandoff(SAFETY),)
    if context.taken_over:
        return Turn(state, (), call)
    if context.handoff_reason == SAFETY and not danger:
        return Turn(
            replace(state, handoff_announced=True),
            () if state.handoff_announced else (_told(message),),
        )
    reply = Reply("danger_called" if danger else "help_called")
    if state.ask is Ask.REPORT and (reported := read_report(message)) is not None:
        return replace(
            reported, replies=(reply, *reported.replies), effects=(*reported.effects, *call)
        )
    answer = clear_answer(message)
    if answer is not None and any(_says_no(effect) for effect in answer.effects):
        # "No, I am hurt" is a no as well.
        return replace(answer, replies=(reply, *answer.replies), effects=(*answer.effects, *call))
    return Turn(replace(state, misses=0), (reply,), call)


def _says_no(effect: Effect) -> bool:
    return isinstance(effect, AnswerOffer) and effect.verb in {"reject", "withdraw"}


def _tells_of_a_job(text: str) -> bool:
    """Whether somebody who hires names a role, and how many or that they need them."""
    named, people = role_and_people(text)
    return named and (
        people is not None or phrase_set("wants", "hiring").anywhere(split_words(text))
    )


# ── The wait ─────────────────────────────────────────────────────────────────────────────────────


def while_wanted(message: Incoming, converse: Converse) -> Turn | None:
    """Return what follows while a human is wanted; None while none is.

    `converse` returns what follows for anybody else.
    """
    if not message.context.in_handoff:
        return None
    back = message.intents & _BACK_TO_THE_BOT or message.tapped("menu") == "open"
    if back and message.context.handoff_reason != SAFETY:
        return _handed_back(resume(replace(message, context=_alone(message.context))))
    if (own := _own_data(message) or clear_answer(message)) is not None:
        return own
    if message.context.taken_over:
        return Turn(message.state)
    if (turn := _by_the_bot(message, converse)) is not None:
        solved = message.context.handoff_reason == NOT_UNDERSTOOD and _goes_on(message)
        return _handed_back(turn) if solved else turn
    told = replace(message.state, handoff_announced=True)
    if message.inbound.kind in UNREAD:
        return Turn(told, (Reply("cannot_read"), _told(message)))
    if message.state.handoff_announced and not message.intents & {Intent.HUMAN, Intent.HELP}:
        return Turn(message.state)
    upgraded = message.has_intent(Intent.HUMAN) and message.context.handoff_reason == NOT_UNDERSTOOD
    return Turn(told, (_told(message),), (RequestHandoff(),) if upgraded else ())


def _told(message: Incoming) -> Reply:
    return Reply("human_hurries" if message.context.handoff_reason == SAFETY else "human_called")


def _alone(context: Context) -> Context:
    return replace(context, in_handoff=False)


def _handed_back(turn: Turn) -> Turn:
    return replace(
        turn,
        state=replace(turn.state, handoff_announced=False),
        replies=(Reply("handed_back"), *turn.replies),
        effects=(HandBack(), *turn.effects),
    )


def _own_data(message: Incoming) -> Turn | None:
    """What is kept of a worker is theirs: nobody of our team has to send or delete it, or let them in."""
    if message.context.profile is None:
        return None
    if message.has_intent(Intent.SEND_DATA):
        return Turn(message.state, (), (SendOwnData(),))
    if message.has_intent(Intent.DELETE_DATA):
        return Turn(message.state.at(Ask.DELETE), (Reply("ask_delete"),))
    if (code := asked_code(message)) is not None:
        return code
    # By the button alone: a written yes may be meant for the human.
    by_button = message.state.ask is Ask.DELETE and message.tapped("delete") is not None
    return read_delete(message) if by_button else None


def _by_the_bot(message: Incoming, converse: Converse) -> Turn | None:
    """Answer what is the bot's to answer and it surely understands; None for all else."""
    answers = _answers_question(message)
    if not (answers or _is_for_the_bot(message)):
        return None
    calm: State = replace(message.state, misses=0)
    turn = converse(replace(message, state=calm, context=_alone(message.context)))
    if turn.state.misses or any(isinstance(e, RequestHandoff) for e in turn.effects):
        return None
    return turn if not answers or _fits(message, turn) else None


def _is_for_the_bot(message: Incoming) -> bool:
    if message.inbound.kind is InboundKind.TAP:
        return "human" not in {message.tapped("menu"), message.tapped("hire")}
    text = message.text
    if text is None or _is_new(message):
        return False
    return bool(message.intents & (_PLAIN | _INFORMS | _BACK_TO_THE_BOT)) or (
        acting(message.state, message.context) is None and find_topic(text) is not None
    )


def _is_new(message: Incoming) -> bool:
    """Whether somebody called for help before anything else: no question of ours is thrust on them."""
    context = message.context
    begun = context.profile is not None or message.state.registering or context.employers
    return not begun and not message.intents & _BACK_TO_THE_BOT


def _answers_question(message: Incoming) -> bool:
    """Whether this may answer the open question: once a human was there, only what isn't words."""
    state, context = message.state, message.context
    if state.ask not in QUESTIONS and state.ask not in POSTING and state.ask is not Ask.REPORT:
        return False
    if message.text is None:
        return message.inbound.kind in _FOR_A_QUESTION
    meant = message.intents
    return not (context.attended or meant & (_TO_THE_HUMAN | _PLAIN | _INFORMS))


def _fits(message: Incoming, turn: Turn) -> bool:
    """Whether it did answer the question; of people's own words, whether they are no talk to the human."""
    text = message.text
    if turn.state.ask is message.state.ask and not turn.effects:
        return False
    if text is None or message.state.ask not in FREE_WRITING:
        return True
    if message.state.ask is Ask.NAME:
        introduced = phrase_set("before_name").at(split_words(text), 0) is not None
        return introduced or (
            message.context.handoff_reason == NOT_UNDERSTOOD and len(text.split()) <= _NAME_WORDS
        )
    return not _GUESSES & {reply.text for reply in turn.replies}


def _goes_on(message: Incoming) -> bool:
    """Whether this shows that the bot is understood again, and not only asked something."""
    return not (message.intents & _INFORMS) and (
        message.inbound.kind is not InboundKind.TEXT or find_topic(message.text or "") is None
    )
