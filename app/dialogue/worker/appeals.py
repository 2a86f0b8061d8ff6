"""A worker appeals against what lowers their reliability: which miss is meant, and what happened. Pure.

Of several misses it is asked which is meant. Words that come before the choice are kept for it, and words that come
instead of one are about all of them.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from app.dialogue.choices import as_tap, index
from app.dialogue.context import Context, Miss, MissAppeal
from app.dialogue.effects import REPORT_CHARACTERS, AppealReliability
from app.dialogue.state import Ask
from app.dialogue.turn import Incoming, Reply, Turn
from app.masking.mask import mask
from app.nlu.intents import Intent, intents
from app.nlu.normalize import split_words
from app.texts.formatting import inert
from app.texts.message import ROW_DESCRIPTION_CHARACTERS, ROW_TITLE_CHARACTERS, ROWS, Row

PREFIX: Final = "appeal"
EVERYTHING: Final = "score"
"""What an appeal is about that names no one miss."""
_MOST_CHOICES: Final = ROWS - 1
"""Misses shown in one list; the last row is all of them."""


def may_concern(text: str, payload: str, ask: str | None) -> bool:
    """Whether a message may be about an appeal, so that the misses have to be loaded for it."""
    if ask == Ask.APPEAL or payload.startswith(f"{PREFIX}:"):
        return True
    return Intent.APPEAL in intents(text)


def ask_appeal(message: Incoming) -> Turn | None:
    """Ask which miss is meant, or what happened; say so where there is none, or nothing more to be done."""
    profile = message.context.profile
    if profile is None or message.state.registering:
        return None
    misses = message.context.misses
    if misses is None:
        return Turn(message.state.at(Ask.APPEAL), (Reply("ask_appeal"),))
    left = _left(misses)
    if not left:
        return _nothing_left(message, misses)
    if len(left) == 1:
        return _ask_about(message, left[0])
    return Turn(message.state.at(Ask.APPEAL), (ask_which_miss(message.context),))


def ask_which_miss(context: Context, text: str = "ask_which_miss") -> Reply:
    """Ask which of the misses is meant."""
    return Reply(text, rows=_rows(_left(context.misses or ()), context))


def again(message: Incoming) -> Reply:
    """Return the open question of an appeal once more."""
    about = message.state.draft.get("about")
    if about:
        return Reply("ask_appeal_about", {"about": about})
    several = len(_left(message.context.misses or ())) > 1
    return ask_which_miss(message.context) if several else Reply("ask_appeal")


def appeal_tap(message: Incoming) -> Turn | None:
    """Read a tap on a miss, which may be older than the appeal about it."""
    what = message.tapped(PREFIX)
    return None if what is None else _chosen(message, what)


def read_appeal(message: Incoming) -> Turn | None:
    """Read which miss is meant, and what happened."""
    text = message.text
    if text is None or not split_words(text) or message.has_intent(Intent.COURTESY):
        return None
    closed = message.state.at(Ask.NOTHING)
    if message.has_intent(Intent.SKIP, Intent.CANCEL):
        return Turn(closed, (Reply("kept"),))
    kept, left = message.state.draft, _left(message.context.misses or ())
    if message.context.misses is not None and not left:
        return _nothing_left(message, message.context.misses)
    if kept.get("what"):
        return _appeal(message, str(kept["what"]), text)
    if len(left) <= 1:
        return _appeal(message, left[0].what if left else EVERYTHING, text)
    typed = as_tap(message, ask_which_miss(message.context)).tapped(PREFIX)
    number = index(text.strip().rstrip(".)"), len(left[:_MOST_CHOICES]) + 1)
    if number:
        typed = left[number - 1].what
    if typed is not None:
        return _chosen(message, typed)
    if kept.get("words"):
        return _appeal(message, EVERYTHING, f"{kept['words']}\n{text}")
    words = message.state.at(Ask.APPEAL, words=mask(text[:REPORT_CHARACTERS]))
    return Turn(words, (ask_which_miss(message.context, "ask_which_miss_kept"),))


def _chosen(message: Incoming, what: str) -> Turn:
    misses, state = message.context.misses or (), message.state
    left = _left(misses)
    chosen = [miss for miss in left if miss.what == what]
    if not chosen and not (what == EVERYTHING and left):
        same = [miss for miss in misses if miss.what == what]
        return _nothing_left(message, same if what != EVERYTHING else misses)
    words = state.draft.get("words") if state.ask is Ask.APPEAL else None
    if words:
        return _appeal(message, what, str(words))
    if chosen:
        return _ask_about(message, chosen[0])
    opened = state.at(Ask.APPEAL, what=EVERYTHING)
    return Turn(opened, (Reply("ask_appeal"),))


def _ask_about(message: Incoming, miss: Miss) -> Turn:
    opened = message.state.at(Ask.APPEAL, what=miss.what, about=miss.text)
    return Turn(opened, (Reply("ask_appeal_about", {"about": miss.text}),))


def _appeal(message: Incoming, what: str, words: str) -> Turn:
    closed = message.state.at(Ask.NOTHING)
    effect = AppealReliability(words[:REPORT_CHARACTERS], what)
    return Turn(closed, (Reply("appealed"),), (effect,), if_refused=closed)


def _left(misses: Sequence[Miss]) -> list[Miss]:
    """Return what can be appealed against."""
    return [miss for miss in misses if miss.appeal is MissAppeal.NONE]


def _nothing_left(message: Incoming, misses: Sequence[Miss]) -> Turn:
    """Say why there is nothing to appeal against; an open question about another one stays open."""
    state = message.state
    if state.ask is Ask.APPEAL and not _left(message.context.misses or ()):
        state = state.at(Ask.NOTHING)
    if not misses:
        text = "nothing_to_appeal"
    else:
        waits = any(miss.appeal is MissAppeal.OPEN for miss in misses)
        text = "appeal_waits" if waits else "appeal_decided"
    return Turn(replace(state, misses=0), (Reply(text),))


def _rows(left: Sequence[Miss], context: Context) -> list[Row]:
    """Return a row for each miss, numbered because titles and days may be alike, and one for all of them."""
    rows = []
    for number, miss in enumerate(left[:_MOST_CHOICES], 1):
        title = inert(f"{number}. {miss.title or miss.text}", ROW_TITLE_CHARACTERS)
        about = inert(miss.text, ROW_DESCRIPTION_CHARACTERS)
        rows.append(Row(f"{PREFIX}:{miss.what}", title, about))
    return [*rows, Row(f"{PREFIX}:{EVERYTHING}", context.word("all_of_these"))]
