"""Onboarding: the choice of a language, the beginning of a registration, and its resumption. Pure."""

from dataclasses import replace

from app.core.languages import languages
from app.dialogue.context import Context
from app.dialogue.effects import CreateWorker, Effect, SetLanguage
from app.dialogue.employer import name_questions
from app.dialogue.employer.conversation import menu, open_question_or_menu
from app.dialogue.employer.message import EmployerMessage
from app.dialogue.employer.newcomer import is_signing_up
from app.dialogue.engine import UNREADABLE
from app.dialogue.persona import acting_account
from app.dialogue.state import Ask, State
from app.dialogue.turn import Incoming, Reply, Turn
from app.dialogue.worker.questions import QUESTIONS, shown_languages
from app.dialogue.worker.registration import close_question, open_question, unanswered
from app.dialogue.worker.whole_message import frame_of, remember, says_anything
from app.nlu.intents import language_amid, language_named
from app.nlu.normalize import has_devanagari, normalize, split_words
from app.nlu.spoken_language import spoken_in


def read_language_choice(message: Incoming) -> Turn | None:
    """Read a choice of language, which counts at any time; the open question is then repeated."""
    choice = message.tapped("language")
    if choice is None:
        choice = _named_language(message)
    if choice is None or choice not in languages():
        return None
    effects: tuple[Effect, ...] = (SetLanguage(choice),)
    spoken = replace(message, context=replace(message.context, language=choice))
    if (account := acting_account(message.state, message.context)) is not None:
        again = open_question_or_menu(EmployerMessage.of(spoken, account))
        return Turn(message.state, (Reply("saved"), *again), effects, choice)
    if is_signing_up(message.state):
        return Turn(message.state, (Reply("saved"), *name_questions.again(spoken)), effects, choice)
    if (
        message.context.profile is None
        and not message.state.registering
        and message.context.employers
    ):
        return Turn(message.state, (Reply("saved"),), effects, choice)
    if message.context.profile is None:
        effects = (CreateWorker(message.inbound.name or ""), *effects)
    message, context = spoken, spoken.context
    if message.state.ask is Ask.LANGUAGE or context.profile is None:
        turn = close_question(
            replace(message, state=_registering(message.state, context)),
            Ask.LANGUAGE,
            language=choice,
        )
        if turn.replies:
            return replace(turn, effects=(*effects, *turn.effects))
        return Turn(turn.state, (Reply("saved"), Reply("menu")), effects, choice)
    resumed = resume(message)
    return replace(resumed, effects=(*effects, *resumed.effects), language=choice)


def _named_language(message: Incoming) -> str | None:
    """Return the language that is asked for in words.

    At questions answered in own words a bare name is no choice: somebody may teach Hindi.
    """
    text = message.text or ""
    named = language_named(text)
    if message.state.ask is Ask.LANGUAGE:
        shown = {str(number): code for number, code in enumerate(shown_languages(message.state), 1)}
        return named or shown.get(normalize(text)) or language_amid(text)
    in_own_words = message.state.ask in {
        *(Ask.NAME, Ask.SKILLS, Ask.REPORT, Ask.APPEAL),
        *(Ask.COMPANY, Ask.CONTACT_NAME),
    }
    return None if in_own_words and len(split_words(text)) < 2 else named


def _registering(state: State, context: Context) -> State:
    """Begin the registration where the language is chosen before the consent."""
    agreed = context.profile is not None and context.profile.agreed
    return state if agreed and not state.registering else replace(state, registering=True)


def greet_newcomer(message: Incoming) -> Turn | None:
    """Begin the registration of somebody unknown."""
    if message.context.profile is None and not message.state.registering:
        return _begin(message)
    return None


def _begin(message: Incoming) -> Turn:
    state = State(registering=True, persona=message.state.persona)
    question = next(iter(unanswered(state, message.context)), Ask.LANGUAGE)
    first = {"first": "hi"} if _is_hindi(message) and question is Ask.LANGUAGE else {}
    opened, reply = open_question(state, question, message.context, **first)
    create = CreateWorker(message.inbound.name or "")
    frame = frame_of(message)
    if message.inbound.kind in UNREADABLE:
        # A voice note or a picture: what can be read is said in both languages.
        return Turn(opened, (Reply("first_unreadable"), reply), (create,))
    if not says_anything(frame):
        return Turn(opened, (reply,), (create,))
    written = spoken_in(message.text or "")
    spoken = written.language
    if (
        question is not Ask.LANGUAGE
        or spoken is None
        or not (written.probable or _is_hindi(message))
    ):
        before = () if question is Ask.LANGUAGE else (Reply("facts_wait"),)
        return Turn(remember(opened, frame), (*before, reply), (create,))
    # Who tells of themselves has chosen a language by writing in it.
    context = replace(message.context, language=spoken)
    following = next(iter(unanswered(state, context)), Ask.CONSENT)
    opened, reply = open_question(state, following, context)
    replies = (Reply("language_guessed"), Reply("facts_wait"), reply)
    return Turn(remember(opened, frame), replies, (create, SetLanguage(spoken)), spoken)


def _is_hindi(message: Incoming) -> bool:
    return has_devanagari(message.text or "")


def resume(message: Incoming, *before: Reply) -> Turn:
    """Resume the conversation: repeat the open question, ask the next unanswered one, or show the menu."""
    state, context = message.state, message.context
    if (account := acting_account(state, context)) is not None:
        return Turn(state.at(Ask.NOTHING), (*before, menu(account)))
    if is_signing_up(state):
        return Turn(replace(state, misses=0), (*before, *name_questions.again(message)))
    if context.profile is None:
        return _begin(message)
    named = state.ask is Ask.PHONE and context.profile.has_phone  # the platform named it meanwhile
    if state.ask in QUESTIONS and not named:
        again = replace(state, misses=0)
        return Turn(again, (*before, QUESTIONS[state.ask].ask(again, context)))
    missing = unfinished(state, context)
    if missing is not None:
        opened, reply = open_question(replace(missing[0], misses=0), missing[1], context)
        return Turn(opened, (*before, reply))
    return Turn(state.at(Ask.NOTHING), (*before, Reply("menu")))


def unfinished(state: State, context: Context) -> tuple[State, Ask] | None:
    """Return the next question of an incomplete registration with its state; None for a complete one."""
    profile = context.profile
    if profile is None or profile.suspended:
        return None
    if not state.registering:
        if profile.agreed and profile.skills and profile.located and profile.slots:
            return None
        # Asked already where somebody registered over the API.
        elsewhere = {Ask.LANGUAGE, Ask.NAME, Ask.DISTANCE, Ask.EXPERIENCE} if profile.agreed else {}
        state = replace(state, registering=True, answered=state.answered | frozenset(elsewhere))
    questions = unanswered(state, context)
    return (state, questions[0]) if questions else None
