"""Reads what somebody writes in place of choosing a language: nobody is asked for one a third time. Pure."""

from dataclasses import replace
from typing import Final

from app.dialogue.effects import SetLanguage
from app.dialogue.state import Ask
from app.dialogue.turn import Incoming, Reply, Turn
from app.dialogue.worker.questions import shown_languages
from app.dialogue.worker.registration import open_question, unanswered
from app.dialogue.worker.whole_message import frame_of, remember, says_anything
from app.nlu.common_words import is_called_so, own_words, sounds_common
from app.nlu.faq_topic import find_topic
from app.nlu.intents import Intent
from app.nlu.normalize import split_words
from app.nlu.spoken_language import spoken_in

_AGAIN: Final = "again"
"""Where the draft keeps that the question for the language was repeated."""
_SPOKEN: Final = "spoken"
"""Where the draft keeps the language of what was written meanwhile."""
_CHOOSE_NOTHING: Final = frozenset(
    {
        *(Intent.HELP, Intent.MENU, Intent.BACK, Intent.PROFILE, Intent.LANGUAGE, Intent.HUMAN),
        *(Intent.SEND_DATA, Intent.DELETE_DATA, Intent.WHO_KNOWS, Intent.CODE, Intent.BOT),
        *(Intent.BLOCK, Intent.REPORT, Intent.START, Intent.LANGUAGE_NAME),
    }
)
"""Commands, which are followed in place of it."""


def read_facts_before_language(message: Incoming) -> Turn | None:
    """Keep what somebody tells of themselves in place of choosing a language: they are answered in its language.

    In Latin letters that may be a guess, which one word corrects. What tells nothing is not understood, but for a
    sentence in Devanagari.
    """
    if says_anything(frame_of(message)):
        return _with_language(message)
    spoken = spoken_in(message.text or "")
    return _with_language(message) if spoken.clear and not (message.text or "").isascii() else None


def settle_language(message: Incoming) -> Turn | None:
    """Answer in the language that somebody writes in, where the question for it was repeated once already.

    What they wrote is no agreement to terms that they have not seen: those come next. Letters that say nothing
    are not understood, so that a human is offered.
    """
    state, text = message.state, message.text or ""
    if state.ask is not Ask.LANGUAGE or not state.draft.get(_AGAIN) or not text:
        return None
    if message.intents & _CHOOSE_NOTHING:
        return None
    said = message.intents or find_topic(text) or says_anything(frame_of(message))
    words = split_words(text)
    known = (word in own_words() or is_called_so(word) or sounds_common(word) for word in words)
    meant = said or any(known)
    return _with_language(message) if meant else None


def with_repetition(message: Incoming, turn: Turn) -> Turn:
    """Return the turn with a mark where the question for the language stays open after words."""
    if not message.text or message.state.ask is not Ask.LANGUAGE:
        return turn
    if turn.state.ask is not Ask.LANGUAGE or find_topic(message.text):
        return turn  # Whoever asks first is answered, as often as they ask.
    spoken = spoken_in(message.text).language or turn.state.draft.get(_SPOKEN)
    kept = {_AGAIN: True, **({_SPOKEN: spoken} if spoken else {})}
    return replace(turn, state=replace(turn.state, draft={**turn.state.draft, **kept}))


def _with_language(message: Incoming) -> Turn:
    """Choose the language that was written in, and ask what comes next in it."""
    text, context, draft = message.text or "", message.context, message.state.draft
    spoken = spoken_in(text).language or draft.get(_SPOKEN) or context.language
    language = str(spoken or shown_languages(message.state)[0])
    topic, frame = find_topic(text), frame_of(message)
    told = says_anything(frame)
    state = remember(message.state, frame) if told else message.state
    context = replace(context, language=language)
    following = next(iter(unanswered(state, context)), Ask.CONSENT)
    opened, question = open_question(state, following, context)
    replies = (
        Reply("language_guessed"),
        *((Reply(f"faq_{topic}"),) if topic else ()),
        *((Reply("facts_wait"),) if told else ()),
        question,
    )
    chosen = () if message.context.language == language else (SetLanguage(language),)
    return Turn(opened, replies, chosen, language)
