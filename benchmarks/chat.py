"""The pure conversation on one core: steps a second, and with their replies put into words."""

import datetime as dt
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from app.core.languages import languages
from app.core.week import Slot
from app.dialogue.context import Context, Profile
from app.dialogue.router import handle_message
from app.dialogue.state import State
from app.dialogue.turn import Turn
from app.messaging.inbound import Inbound, InboundKind
from app.offers.rules import OfferStatus
from app.offers.summary import OfferSummary
from app.texts import catalogue
from app.texts.catalogue import SAMPLES
from app.texts.joining import join

NOW: Final = dt.datetime(2026, 11, 25, 6, tzinfo=dt.UTC)
GOAL_PER_SECOND: Final = 5_000
_OFFER: Final = UUID("0198c0de-0000-7000-8000-000000000001")
_NOBODY: Final = Profile(
    name="Asha",
    agreed=False,
    suspended=False,
    has_phone=True,
    skills=(),
    place=None,
    located=False,
    max_distance_km=10,
    experience_years=0,
    slots=(),
)
_SOMEBODY: Final = replace(
    _NOBODY,
    agreed=True,
    skills=("waiter",),
    place="Mumbai",
    located=True,
    slots=[Slot(0, 540, 1020)],
)

type Step = tuple[Inbound, Context]


def run(*, quick: bool) -> list[dict[str, Any]]:
    """Play whole conversations in turns with and without words; medians of the rounds."""
    rounds, times = (2, 5) if quick else (15, 60)
    conversations = [_conversation(language) for language in languages()]
    works: dict[str, Callable[[], int]] = {
        "steps": lambda: sum(_play(conversation) for conversation in conversations),
        "steps, replies in words": lambda: sum(_tell(each) for each in conversations),
    }
    speeds: dict[str, list[float]] = {name: [] for name in works}
    for work in works.values():
        work()
    for _ in range(rounds):
        for name, work in works.items():
            # Of this process only: what else the machine does is not the conversation's time.
            started = time.process_time()
            done = sum(work() for _ in range(times))
            speeds[name].append(done / (time.process_time() - started))
    return [
        {
            "what": name,
            "per_second": round(statistics.median(measured)),
            "goal_per_second": GOAL_PER_SECOND,
            "rounds": rounds,
        }
        for name, measured in speeds.items()
    ]


def _play(conversation: Sequence[Step]) -> int:
    state = State()
    for inbound, context in conversation:
        state = State.from_json(handle_message(state, inbound, context).state.as_json())
    return len(conversation)


def _tell(conversation: Sequence[Step]) -> int:
    state = State()
    for inbound, context in conversation:
        turn = handle_message(state, inbound, context)
        _in_words(turn, turn.language or context.reply_language)
        state = turn.state
    return len(conversation)


def _in_words(turn: Turn, language: str) -> None:
    join(
        [
            catalogue.render_chat(
                language, s.text, s.params, buttons=s.buttons, rows=s.rows, form=s.form, now=NOW
            )
            for s in turn.replies
        ]
    )


def _conversation(language: str) -> list[Step]:
    """A registration, half typed and half tapped, then offers and everyday talk."""
    offer = OfferSummary(
        _OFFER, OfferStatus.OFFERED, unlocked=False, params={**SAMPLES, "offer_id": str(_OFFER)}
    )
    new = Context(NOW, None, None)
    asked = Context(NOW, language, _NOBODY)
    agreed = replace(asked, profile=replace(_NOBODY, agreed=True))
    skilled = replace(asked, profile=replace(_SOMEBODY, located=False, slots=()))
    located = replace(asked, profile=replace(_SOMEBODY, slots=()))
    known = replace(asked, profile=_SOMEBODY)
    offered = replace(known, open_offers=[offer], offer=offer)
    return [
        (_text("hi"), new),
        (_tap(f"language:{language}"), new),
        (_text("haan main 20 saal ka hoon"), asked),
        (_text("my name is Asha Kulkarni"), agreed),
        (_text("waiter, driving aur xyzzy"), agreed),
        (_text("haan ji"), agreed),
        (_text("400050"), skilled),
        (_text("das kilometre tak"), located),
        (_tap("years:3"), located),
        (_text("weekdays after 6pm, sat all day"), located),
        (_text("no"), located),
        (_text("som se shukr shaam 6 ke baad"), located),
        (_tap("free:yes"), located),
        (_text("menu"), known),
        (_tap("menu:profile"), known),
        (_tap("edit:distance"), known),
        (_text("25 km"), known),
        (_text("offers"), offered),
        (_tap(f"offer:{_OFFER}:accept"), offered),
        (_text("haan"), offered),
        (_text("where is my money"), known),
        (_text("help"), known),
        (_text("STOP"), known),
        (_text("START"), replace(known, stopped=True)),
    ]


def _text(text: str) -> Inbound:
    return Inbound("m", InboundKind.TEXT, NOW, phone_from="+919811100001", text=text)


def _tap(payload: str) -> Inbound:
    return Inbound("m", InboundKind.TAP, NOW, phone_from="+919811100001", payload=payload)
