"""Routes a message: `handle_message(state, inbound, context) -> Turn`. Pure.

**The order of precedence.** The first that understands a message answers it:

1. STOP. What is never answered (reactions, edits) comes before it; after it only START, deletion and codes count,
   and once a day one line says how to come back.
2. Safety: a call for help.
3. The question that the bot itself asked and a yes or no decides: "Delete everything?", "Take your yes back?",
   and a proposal made of what a language model read. A message that quotes or taps something else is about that.
4. An offer that is tapped or quoted.
5. Commands: menu, language, human, my data.
6. The open question: of the registration, of a job, or an offer that waits for its answer, which also takes
   questions about it.
7. Other facts: hours, a place, a phone said in passing.
8. Frequent questions about Partimer.
9. Small talk.

What none of them understands is read once more with its typos mended (`misspelled`): what would change anything is
proposed as a tap. A language model comes after that, where there is one.

A handoff (`handoff`) leaves 1 to 4 as they are; below that it answers only what is clearly for the bot. While
an administrator has the conversation, words are for them, and only taps and quotations count. 5 to 9 are the
readers of the persona (`worker.conversation`, `employer.conversation`, `employer.account_linking`). A message
older than one that was handled (`_late`) goes through 1, 2 and 4.
"""

from dataclasses import replace
from typing import Final

from app.dialogue.context import Context
from app.dialogue.effects import HandBack, SetLanguage, Start
from app.dialogue.employer.account_linking import employer
from app.dialogue.employer.erasure import ask_erasure, read_erasure
from app.dialogue.employer.message import EmployerMessage
from app.dialogue.engine import Reader, count_standstill, follow_intent, hand_over, respond, stop
from app.dialogue.handoff import HUMAN_ONLY, call_for_help, during_handoff, own_question
from app.dialogue.interpretation import read_refusal, with_answered_proposal
from app.dialogue.misspelled import with_typos_mended
from app.dialogue.persona import acting_account
from app.dialogue.state import Ask, State
from app.dialogue.turn import Incoming, Reply, Turn
from app.dialogue.worker.account_requests import read_delete, send_code
from app.dialogue.worker.after_unlock import ask_which_company, reached_tap
from app.dialogue.worker.conversation import WORKER, WORKERS_OWN
from app.dialogue.worker.language_answers import with_repetition
from app.dialogue.worker.offers import offer_tap, read_quoted_answer
from app.dialogue.worker.onboarding import greet_newcomer, read_language_choice, resume
from app.messaging.inbound import Inbound, InboundKind
from app.nlu.intents import Intent, intents
from app.nlu.normalize import READ_CHARACTERS, has_devanagari
from app.nlu.safety import find_distress

SILENT_KINDS: Final = frozenset(
    {InboundKind.REACTION, InboundKind.EDIT, InboundKind.MOVED, InboundKind.PREFERENCE}
)
"""Never answered: a reaction accepts nothing, and an edit changes no answer."""


def handle_message(state: State, inbound: Inbound, context: Context) -> Turn:
    """Return what follows from one message. Never raises, whatever arrives."""
    if len(inbound.text) > READ_CHARACTERS:
        inbound = replace(inbound, text=inbound.text[:READ_CHARACTERS])
    message = Incoming(inbound, state, context)
    if inbound.kind in SILENT_KINDS or (stops_or_starts(inbound) and context.stop_superseded):
        return Turn(state)
    if _is_stop(inbound):
        return stop(message)
    if context.stopped:
        return _while_stopped(message)
    if context.late:
        return _late(message)
    if state.handoff_announced and not context.in_handoff:
        # Our team handed back: the next handoff is announced again.
        state = replace(state, handoff_announced=False)
        message = replace(message, state=state)
    message = with_answered_proposal(message)
    if message.inbound is not inbound and message.inbound.kind is InboundKind.TEXT:
        # The words of a proposal that was agreed to count as if they had been written: STOP comes first again.
        return handle_message(message.state, message.inbound, message.context)
    inbound, state = message.inbound, message.state
    first = (read_language_choice, _in_hindi, call_for_help, own_question, read_refusal)
    for read in (*first, offer_tap, read_quoted_answer):
        if (turn := read(message)) is not None:
            return turn
    if state.ask is Ask.WITHDRAW and message.text:
        # What is no answer to it leaves the yes as it is.
        state = state.at(Ask.NOTHING)
        message = replace(message, state=state)
    if (turn := during_handoff(message, _converse)) is not None:
        return turn
    turn = with_typos_mended(message, count_standstill(message, _converse(message)), _again)
    if 0 < turn.state.misses == state.misses and inbound.kind not in HUMAN_ONLY:
        # A message that was understood ends the count of misses.
        return replace(turn, state=replace(turn.state, misses=0))
    return turn


def _again(message: Incoming) -> Turn:
    return handle_message(message.state, message.inbound, message.context)


def stops_or_starts(inbound: Inbound) -> bool:
    """Whether it is STOP or START: of several the newest counts, in whatever order they arrive."""
    return _is_stop(inbound) or Intent.START in _intents(inbound)


def _is_stop(inbound: Inbound) -> bool:
    if inbound.kind is InboundKind.TAP:
        return inbound.payload == "menu:stop"
    return Intent.STOP in _intents(inbound)


def _intents(inbound: Inbound) -> frozenset[Intent]:
    return intents(inbound.text) if inbound.kind is InboundKind.TEXT else frozenset()


def _converse(message: Incoming) -> Turn:
    """Return what follows in the conversation of the persona, which understands the message or not."""
    for read in (employer, greet_newcomer):
        if (turn := read(message)) is not None:
            return turn
    if message.state.ask not in WORKERS_OWN:
        # A question to an employer whose account is gone, or who may not act from this phone any more.
        message = replace(message, state=message.state.at(Ask.NOTHING))
    return with_repetition(message, respond(message, WORKER))


def _in_hindi(message: Incoming) -> Turn | None:
    """Answer in Hindi whoever writes in Devanagari before they chose a language."""
    text, state = message.text or "", message.state
    if message.context.language is not None:
        return None
    if state.ask is Ask.LANGUAGE:
        hindi = has_devanagari(text) or (text and state.draft.get("first") == "hi")
        state = replace(state, draft={"first": "hi"})
    else:
        # Before the question for the language, only a call for help.
        hindi = has_devanagari(text) and find_distress(text) is not None
    if not hindi:
        return None
    turn = handle_message(state, message.inbound, replace(message.context, language="hi"))
    return replace(turn, effects=(SetLanguage("hi"), *turn.effects), language=turn.language or "hi")


def _late(message: Incoming) -> Turn:
    """Read a message older than one that was handled: only what must not be lost counts.

    Those are taps on offers and on "did they reach you?", calls for help and for a human, and, where no question is
    open, a wish to delete everything or to report an employer.
    """
    if (turn := offer_tap(message) or reached_tap(message) or call_for_help(message)) is not None:
        return turn
    handlers: dict[Intent, Reader[Incoming]] = {Intent.HUMAN: hand_over}
    if message.state.ask is Ask.NOTHING:
        handlers |= {
            Intent.DELETE_DATA: ask_erasing,
            Intent.REPORT: ask_which_company(Intent.REPORT),
        }
    return follow_intent(message, handlers, message.intents) or Turn(message.state)


# ── STOP and START ───────────────────────────────────────────────────────────────────────────────


def _while_stopped(message: Incoming) -> Turn:
    state, context = message.state, message.context
    if message.has_intent(Intent.START):
        return _start(message)
    if (code := send_code(message)) is not None:
        return code
    if message.has_intent(Intent.DELETE_DATA):
        return ask_erasing(message)
    account = acting_account(state, context)
    if account is not None and not context.late:
        answered = message.tapped("erase") or state.ask is Ask.ERASE_COMPANY
        turn = read_erasure(EmployerMessage.of(message, account)) if answered else None
        return turn or _how_to_come_back(message)
    agrees = message.tapped("delete") or message.has_intent(Intent.YES)
    if state.ask is Ask.DELETE and agrees and not context.late:
        return read_delete(message) or Turn(state)
    return _how_to_come_back(message)


def ask_erasing(message: Incoming) -> Turn:
    """Ask whoever wants everything deleted to confirm it, as whom they write; also after STOP."""
    account = acting_account(message.state, message.context)
    if account is not None and account.suspended:
        return Turn(message.state, (Reply("employer_data", essential=True),))
    if account is not None:
        return ask_erasure(EmployerMessage.of(message, account))
    return Turn(message.state.at(Ask.DELETE), (Reply("ask_delete", essential=True),))


def _how_to_come_back(message: Incoming) -> Turn:
    """Tell somebody who writes after STOP how to come back: once a day, and only in answer to them."""
    state, today = message.state, message.context.now.date().isoformat()
    if message.context.late or state.told_how_to_start == today:
        return Turn(state)
    told = replace(state, told_how_to_start=today)
    return Turn(told, (Reply("stopped_still", essential=True),))


def _start(message: Incoming) -> Turn:
    """Answer START; the bot goes on by itself, unless an administrator has the conversation."""
    state, context = message.state, message.context
    if context.taken_over:
        return Turn(state, (Reply("started"), Reply("human_called")), (Start(),))
    resumed = resume(replace(message, context=replace(context, stopped=False, in_handoff=False)))
    back = (HandBack(),) if context.in_handoff else ()
    return replace(
        resumed,
        replies=(Reply("started"), *resumed.replies),
        effects=(Start(), *back, *resumed.effects),
    )
