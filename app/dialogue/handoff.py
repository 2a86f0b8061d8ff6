"""While a human is wanted: what calls one, what the bot still answers, and what ends the wait. Pure.

Nobody who waits meets silence where the bot knows the answer, and nobody is forgotten because the bot
answered something. Who asked for a human waits until they call the bot back or our team hands back; whom
the bot gave up on, until both understand each other again; who called for help, until our team is done
(decision 0017). Once a human is there, they have the word.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from app.dialogue.employer.job_questions import POSTING
from app.dialogue.flow import QUESTIONS, said, says, tapped
from app.dialogue.model import (
    FREE_WRITING,
    Answer,
    Ask,
    Context,
    Effect,
    HandBack,
    HandOver,
    Heard,
    Say,
    SendData,
    State,
    Turn,
)
from app.dialogue.persona import acting
from app.dialogue.worker.account_requests import asked_code, read_delete, read_report
from app.dialogue.worker.offers import clear_answer
from app.dialogue.worker.onboarding import resume
from app.messaging.inbound import InboundKind
from app.nlu.faq_topic import subject_of
from app.nlu.intents import Intent, around, intents, words_of
from app.nlu.job_request import wanted
from app.nlu.safety import Distress, distress_in

SAFETY: Final = "safety"
NOT_UNDERSTOOD: Final = "not_understood"
"""Of `app.messaging.conversations.handoff.HandoffReason`, by whose value the wait ends otherwise."""
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

type Understand = Callable[[Heard], Turn | None]


def hand_over(heard: Heard, why: str = "asked") -> Turn:
    """Let a person of our team take over."""
    return Turn(replace(heard.state, misses=0), (Say("handed_over"),), (HandOver(why),))


# ── Calls for help ───────────────────────────────────────────────────────────────────────────────


def call_for_help(heard: Heard) -> Turn | None:
    """Call our team at once for who was wronged, and say the number of the police where there is danger."""
    text, state, context = said(heard), heard.state, heard.context
    distress = distress_in(text, own_words=state.ask in FREE_WRITING) if text is not None else None
    if text is None or distress is None:
        return None
    danger = distress is Distress.DANGER
    if not danger and (state.ask in {Ask.REPORT, Ask.LEAD_REPORT} or state.ask in POSTING):
        # Our team reads a report, and in a job's text nobody tells what was done to them.
        return None
    if acting(state, context) is not None and _tells_of_a_job(text):
        return None
    call = (HandOver(SAFETY),)
    if context.held:
        return Turn(state, (), call)
    if context.wanted_for == SAFETY and not danger:
        return Turn(
            replace(state, told_of_human=True), () if state.told_of_human else (_told(heard),)
        )
    reply = Say("danger_called" if danger else "help_called")
    if state.ask is Ask.REPORT and (reported := read_report(heard)) is not None:
        return replace(
            reported, replies=(reply, *reported.replies), effects=(*reported.effects, *call)
        )
    answer = clear_answer(heard)
    if answer is not None and any(_says_no(effect) for effect in answer.effects):
        # "No, I am hurt" is a no as well.
        return replace(answer, replies=(reply, *answer.replies), effects=(*answer.effects, *call))
    return Turn(replace(state, misses=0), (reply,), call)


def _says_no(effect: Effect) -> bool:
    return isinstance(effect, Answer) and effect.verb in {"reject", "withdraw"}


def _tells_of_a_job(text: str) -> bool:
    """Whether somebody who hires names a role, and how many or that they need them."""
    named, people = wanted(text)
    return named and (people is not None or around("wants", "hiring").anywhere(words_of(text)))


# ── The wait ─────────────────────────────────────────────────────────────────────────────────────


def while_wanted(heard: Heard, understood: Understand) -> Turn | None:
    """Return what follows while a human is wanted; None while none is.

    `understood` is what follows for anybody else, None for what makes no sense.
    """
    if not heard.context.paused:
        return None
    back = _said_to(heard) & _BACK_TO_THE_BOT or tapped(heard, "menu") == "open"
    if back and heard.context.wanted_for != SAFETY:
        return _handed_back(resume(replace(heard, context=_alone(heard.context))))
    if (own := _own_data(heard) or clear_answer(heard)) is not None:
        return own
    if heard.context.held:
        return Turn(heard.state)
    if (turn := _by_the_bot(heard, understood)) is not None:
        solved = heard.context.wanted_for == NOT_UNDERSTOOD and _goes_on(heard)
        return _handed_back(turn) if solved else turn
    told = replace(heard.state, told_of_human=True)
    if heard.inbound.kind in UNREAD:
        return Turn(told, (Say("cannot_read"), _told(heard)))
    if heard.state.told_of_human and not _said_to(heard) & {Intent.HUMAN, Intent.HELP}:
        return Turn(heard.state)
    upgraded = says(heard, Intent.HUMAN) and heard.context.wanted_for == NOT_UNDERSTOOD
    return Turn(told, (_told(heard),), (HandOver(),) if upgraded else ())


def _told(heard: Heard) -> Say:
    return Say("human_hurries" if heard.context.wanted_for == SAFETY else "human_called")


def _said_to(heard: Heard) -> frozenset[Intent]:
    text = said(heard)
    return intents(text) if text is not None else frozenset()


def _alone(context: Context) -> Context:
    return replace(context, paused=False)


def _handed_back(turn: Turn) -> Turn:
    return replace(
        turn,
        state=replace(turn.state, told_of_human=False),
        replies=(Say("handed_back"), *turn.replies),
        effects=(HandBack(), *turn.effects),
    )


def _own_data(heard: Heard) -> Turn | None:
    """What is kept of a worker is theirs: nobody of our team has to send or delete it, or let them in."""
    if heard.context.profile is None:
        return None
    if says(heard, Intent.SEND_DATA):
        return Turn(heard.state, (), (SendData(),))
    if says(heard, Intent.DELETE_DATA):
        return Turn(heard.state.at(Ask.DELETE), (Say("ask_delete"),))
    if (code := asked_code(heard)) is not None:
        return code
    # By the button alone: a written yes may be meant for the human.
    by_button = heard.state.ask is Ask.DELETE and tapped(heard, "delete") is not None
    return read_delete(heard) if by_button else None


def _by_the_bot(heard: Heard, understood: Understand) -> Turn | None:
    """Answer what is the bot's to answer and it surely understands; None for all else."""
    answers = _answers_question(heard)
    if not (answers or _is_for_the_bot(heard)):
        return None
    calm: State = replace(heard.state, misses=0)
    turn = understood(replace(heard, state=calm, context=_alone(heard.context)))
    if turn is None or turn.state.misses or any(isinstance(e, HandOver) for e in turn.effects):
        return None
    return turn if not answers or _fits(heard, turn) else None


def _is_for_the_bot(heard: Heard) -> bool:
    if heard.inbound.kind is InboundKind.TAP:
        return "human" not in {tapped(heard, "menu"), tapped(heard, "hire")}
    text = said(heard)
    if text is None or _is_new(heard):
        return False
    return bool(_said_to(heard) & (_PLAIN | _INFORMS | _BACK_TO_THE_BOT)) or (
        acting(heard.state, heard.context) is None and subject_of(text) is not None
    )


def _is_new(heard: Heard) -> bool:
    """Whether somebody called for help before anything else: no question of ours is thrust on them."""
    context = heard.context
    begun = context.profile is not None or heard.state.registering or context.employers
    return not begun and not _said_to(heard) & _BACK_TO_THE_BOT


def _answers_question(heard: Heard) -> bool:
    """Whether this may answer the open question: once a human was there, only what isn't words."""
    state, context = heard.state, heard.context
    if state.ask not in QUESTIONS and state.ask not in POSTING and state.ask is not Ask.REPORT:
        return False
    if said(heard) is None:
        return heard.inbound.kind in _FOR_A_QUESTION
    meant = _said_to(heard)
    return not (context.attended or meant & (_TO_THE_HUMAN | _PLAIN | _INFORMS))


def _fits(heard: Heard, turn: Turn) -> bool:
    """Whether it did answer the question; of people's own words, whether they are no talk to the human."""
    text = said(heard)
    if turn.state.ask is heard.state.ask and not turn.effects:
        return False
    if text is None or heard.state.ask not in FREE_WRITING:
        return True
    if heard.state.ask is Ask.NAME:
        introduced = around("before_name").at(words_of(text), 0) is not None
        return introduced or (
            heard.context.wanted_for == NOT_UNDERSTOOD and len(text.split()) <= _NAME_WORDS
        )
    return not _GUESSES & {say.text for say in turn.replies}


def _goes_on(heard: Heard) -> bool:
    """Whether this shows that the bot is understood again, and not only asked something."""
    return not (_said_to(heard) & _INFORMS) and (
        heard.inbound.kind is not InboundKind.TEXT or subject_of(said(heard) or "") is None
    )
