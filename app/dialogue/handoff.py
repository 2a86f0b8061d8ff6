"""The handoff to a human: what calls one, what the bot still answers, and what ends it. Pure.

The bot goes on answering what it knows, and answers end no handoff. Which event ends one depends on the
reason (decision 0017): somebody asked for a human (they call the bot back), the bot did not understand
(it does again), or somebody called for help (our team hands back). While an administrator has the
conversation the bot is silent.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from app.dialogue.context import Context
from app.dialogue.effects import AnswerOffer, Effect, HandBack, RequestHandoff, SendOwnData
from app.dialogue.employer.erasure import read_erasure
from app.dialogue.employer.job_questions import POSTING
from app.dialogue.employer.message import EmployerMessage
from app.dialogue.employer.newcomer import SIGNING_UP, is_signing_up
from app.dialogue.engine import unreadable_text
from app.dialogue.persona import acting_account
from app.dialogue.state import FREE_WRITING, Ask
from app.dialogue.turn import Incoming, Reply, Turn
from app.dialogue.worker.account_requests import ask_delete, read_delete, read_report, send_code
from app.dialogue.worker.offers import read_clear_answer, read_quoted_answer
from app.dialogue.worker.onboarding import resume
from app.dialogue.worker.questions import QUESTIONS
from app.dialogue.worker.second_thoughts import read_after_yes, read_withdraw
from app.messaging.inbound import InboundKind
from app.nlu.faq_topic import find_topic
from app.nlu.intents import Intent
from app.nlu.job_request import role_and_people
from app.nlu.normalize import split_words
from app.nlu.quiet_wish import parse_quiet_wish
from app.nlu.safety import Distress, find_distress
from app.nlu.vocabulary import phrase_set

SAFETY: Final = "safety"
NOT_UNDERSTOOD: Final = "not_understood"
"""Values of `app.messaging.models.HandoffReason` that end in their own way."""
_BACK_TO_THE_BOT: Final = frozenset({Intent.MENU, Intent.BOT, Intent.BACK, Intent.START})
_BOT_ONLY: Final = frozenset(
    {
        Intent.OFFERS,
        Intent.AS_WORKER,
        Intent.PROFILE,
        Intent.AREA,
        Intent.LANGUAGE,
        Intent.CONTACTS,
        Intent.BALANCE,
        Intent.POST,
    }
)
"""What only the bot can answer."""
_INFORMATIVE: Final = frozenset({Intent.HELP, Intent.WHO_KNOWS, Intent.BLOCK, Intent.REPORT})
"""The bot answers these too, but they may be about the trouble that the human was called for."""
_FOR_THE_HUMAN: Final = frozenset({Intent.GREETING, Intent.COURTESY, Intent.HUMAN})
_FOR_A_QUESTION: Final = frozenset({InboundKind.LOCATION, InboundKind.CONTACT, InboundKind.FORM})
HUMAN_ONLY: Final = frozenset({InboundKind.MEDIA, InboundKind.OTHER})
"""Kinds of messages that only a human can read."""
_GUESSES: Final = frozenset({"ask_which_skill", "skills_left_out", "ask_which_place"})
_NAME_WORDS: Final = 3
"""A text of more words is meant for the human, and is no name."""

type Converse = Callable[[Incoming], Turn]


# ── Calls for help ───────────────────────────────────────────────────────────────────────────────


def call_for_help(message: Incoming) -> Turn | None:
    """Call our team at once for somebody in distress; in danger, name the number of the police too."""
    text, state, context = message.text, message.state, message.context
    distress = (
        find_distress(text, own_words=state.ask in FREE_WRITING) if text is not None else None
    )
    if text is None or distress is None:
        return None
    danger = distress is Distress.DANGER
    if not danger and (
        state.ask in {Ask.REPORT, Ask.APPEAL, Ask.LEAD_REPORT} or state.ask in POSTING
    ):
        # Our team reads reports anyway, and a job's text describes the job.
        return None
    if acting_account(state, context) is not None and _describes_a_job(text):
        return None
    call = (RequestHandoff(SAFETY),)
    if context.taken_over:
        return Turn(state, (), call)
    if context.handoff_reason == SAFETY and not danger:
        return Turn(
            replace(state, handoff_announced=True),
            () if state.handoff_announced else (_reminder(message),),
        )
    reply = Reply("danger_called" if danger else "help_called")
    if state.ask is Ask.REPORT and (reported := read_report(message)) is not None:
        return replace(
            reported, replies=(reply, *reported.replies), effects=(*reported.effects, *call)
        )
    answer = read_quoted_answer(message) or read_clear_answer(message)
    if answer is not None and any(_declines(effect) for effect in answer.effects):
        # "No, I am hurt" rejects the offer as well.
        return replace(answer, replies=(reply, *answer.replies), effects=(*answer.effects, *call))
    return Turn(replace(state, misses=0), (reply,), call)


def _declines(effect: Effect) -> bool:
    return isinstance(effect, AnswerOffer) and effect.verb in {"reject", "withdraw"}


def _describes_a_job(text: str) -> bool:
    """Whether an employer names a role with a number of people, or says that they need one."""
    named, people, _ = role_and_people(text)
    return named and (
        people is not None or phrase_set("wants", "hiring").anywhere(split_words(text))
    )


# ── During a handoff ─────────────────────────────────────────────────────────────────────────────────


def during_handoff(message: Incoming, converse: Converse) -> Turn | None:
    """Return what follows during a handoff; None outside one. `converse` is the bot's conversation."""
    if not message.context.in_handoff:
        return None
    back = message.intents & _BACK_TO_THE_BOT or message.tapped("menu") == "open"
    if back and message.context.handoff_reason != SAFETY:
        return _handed_back(resume(replace(message, context=_outside_handoff(message.context))))
    if (own := _own_data(message) or read_clear_answer(message)) is not None:
        return own
    if not message.context.attended and (turn := read_after_yes(message)) is not None:
        return turn
    if message.context.taken_over:
        return Turn(message.state)
    if (turn := _bot_answer(message, converse)) is not None:
        solved = message.context.handoff_reason == NOT_UNDERSTOOD and _shows_understanding(message)
        return _handed_back(turn) if solved else turn
    announced = replace(message.state, handoff_announced=True)
    if message.inbound.kind in HUMAN_ONLY:
        return Turn(announced, (Reply(unreadable_text(message), buttons=()), _reminder(message)))
    if message.state.handoff_announced and not message.intents & {Intent.HUMAN, Intent.HELP}:
        return Turn(message.state)
    upgraded = message.has_intent(Intent.HUMAN) and message.context.handoff_reason == NOT_UNDERSTOOD
    return Turn(announced, (_reminder(message),), (RequestHandoff(),) if upgraded else ())


def _reminder(message: Incoming) -> Reply:
    return Reply("human_hurries" if message.context.handoff_reason == SAFETY else "human_called")


def _outside_handoff(context: Context) -> Context:
    return replace(context, in_handoff=False)


def _handed_back(turn: Turn) -> Turn:
    return replace(
        turn,
        state=replace(turn.state, handoff_announced=False),
        replies=(Reply("handed_back"), *turn.replies),
        effects=(HandBack(), *turn.effects),
    )


def _own_data(message: Incoming) -> Turn | None:
    """Let a worker have or delete their own data, or sign in, without our team."""
    if message.context.profile is None:
        return None
    if message.has_intent(Intent.SEND_DATA):
        return Turn(message.state, (), (SendOwnData(),))
    if message.has_intent(Intent.DELETE_DATA):
        return ask_delete(message)
    if (code := send_code(message)) is not None:
        return code
    return None


def own_question(message: Incoming) -> Turn | None:
    """Read the answer to a question of the bot's own that a yes or a no decides: delete, take a yes back.

    It comes first, also while a human is called. Once one was there only the button counts, for a written
    yes may be meant for them. A message that quotes one of our offers is about that.
    """
    state, context = message.state, message.context
    if (
        state.ask not in {Ask.DELETE, Ask.ERASE_COMPANY, Ask.WITHDRAW}
        or context.stopped
        or context.late
    ):
        return None
    if context.quoted or (context.attended and message.inbound.kind is InboundKind.TEXT):
        return None
    if state.ask is Ask.DELETE:
        return read_delete(message)
    if state.ask is Ask.ERASE_COMPANY:
        account = acting_account(state, context)
        if account is None or account.suspended:
            return None
        return read_erasure(EmployerMessage.of(message, account))
    return read_withdraw(message)


def _bot_answer(message: Incoming, converse: Converse) -> Turn | None:
    """Return the bot's answer where the message is clearly for the bot and is understood."""
    answers = _answers_question(message)
    if not (answers or _is_for_the_bot(message)):
        return None
    calm = replace(message.state, misses=0)
    turn = converse(replace(message, state=calm, context=_outside_handoff(message.context)))
    if turn.state.misses or any(isinstance(e, RequestHandoff) for e in turn.effects):
        return None
    return turn if not answers or _fits(message, turn) else None


def _is_for_the_bot(message: Incoming) -> bool:
    if message.inbound.kind is InboundKind.TAP:
        return "human" not in {message.tapped("menu"), message.tapped("hire")}
    text = message.text
    if text is None or _is_first_call(message):
        return False
    if parse_quiet_wish(text) is not None:
        return True
    return bool(message.intents & (_BOT_ONLY | _INFORMATIVE | _BACK_TO_THE_BOT)) or (
        acting_account(message.state, message.context) is None and find_topic(text) is not None
    )


def _is_first_call(message: Incoming) -> bool:
    """Whether somebody began with the call for help: the bot asks them no questions."""
    context = message.context
    registering = message.state.registering or is_signing_up(message.state)
    begun = context.profile is not None or registering or context.employers
    return not begun and not message.intents & _BACK_TO_THE_BOT


def _answers_question(message: Incoming) -> bool:
    """Whether this may answer the open question; once a human was there, texts are for them."""
    state, context = message.state, message.context
    others = POSTING | SIGNING_UP | {Ask.REPORT, Ask.APPEAL}
    if state.ask not in QUESTIONS and state.ask not in others:
        return False
    if message.text is None:
        return message.inbound.kind in _FOR_A_QUESTION
    intents = message.intents
    return not (context.attended or intents & (_FOR_THE_HUMAN | _BOT_ONLY | _INFORMATIVE))


def _fits(message: Incoming, turn: Turn) -> bool:
    """Whether the turn answers the open question, and own words are not meant for the human."""
    text = message.text
    if turn.state.ask is message.state.ask and not turn.effects:
        return False
    if text is None or message.state.ask not in FREE_WRITING:
        return True
    if message.state.ask in {Ask.NAME, Ask.COMPANY, Ask.CONTACT_NAME}:
        introduced = phrase_set("before_name").at(split_words(text), 0) is not None
        return introduced or (
            message.context.handoff_reason == NOT_UNDERSTOOD and len(text.split()) <= _NAME_WORDS
        )
    return not _GUESSES & {reply.text for reply in turn.replies}


def _shows_understanding(message: Incoming) -> bool:
    """Whether the person goes on with the bot, rather than only asking something."""
    return not (message.intents & _INFORMATIVE) and (
        message.inbound.kind is not InboundKind.TEXT or find_topic(message.text or "") is None
    )
