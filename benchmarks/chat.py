"""The pure conversation on one core: steps a second, and with their replies put into words."""

import datetime as dt
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final
from uuid import UUID

from app.core.languages import languages
from app.core.week import Slot
from app.dialogue.context import Context, EmployerAccount, Profile
from app.dialogue.router import handle_message
from app.dialogue.state import Ask, State
from app.dialogue.turn import Turn
from app.messaging.inbound import Inbound, InboundKind
from app.offers.rules import OfferStatus
from app.offers.summary import OfferSummary
from app.texts import catalogue
from app.texts.catalogue import SAMPLES
from app.texts.joining import join

NOW: Final = dt.datetime(2026, 11, 25, 6, tzinfo=dt.UTC)
GOAL_PER_SECOND: Final = 5_000
GOAL_FRAME_MS: Final = 2.0
"""For one message of 200 characters, with all its facts."""
_LONG: Final = {
    "name": "hello ji mera naam Suresh Kumar hai, umar 24 saal, main Andheri Mumbai mein rehta hoon, waiter aur "
    "cook ka kaam aata hai, 3 saal ka experience hai, 10 km tak aa sakta hoon, sat sun 10 se 6 free",
    "skills": "i have worked as a waiter and also as a cook in two hotels near Dadar in Mumbai for about 4 years, "
    "no driving please, i can travel 10 km and i am free on weekdays after 6 pm and all sunday",
    "location": "main Kurla mein rehta hoon station ke paas Mumbai 400070, pehle gaon Samastipur Bihar mein tha, "
    "aur kaam ke liye 10 kilometre tak ja sakta hoon, shaam ko 6 baje ke baad aur sunday pura din",
    "offer": "haan ji main zaroor aa jaunga lekin pehle bataiye ki yeh jagah kahan hai, kitne baje aana hai, khana "
    "milega ya nahi, aur paise roz milenge ya mahine ke end mein, mera dost bhi saath aa sakta hai kya",
    "job": "need 3 boys for catering in Juhu Mumbai on 5 and 6 december from 6 pm to 11 pm, 800 rupees per day, "
    "they should speak hindi, wear black pants, food is given, 2 years experience, please fast",
}
"""Messages of about 200 characters, by the question at which they arrive."""
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
    ] + _frames(rounds, times)


def _frames(rounds: int, times: int) -> list[dict[str, Any]]:
    """Read long messages, full of facts, at the questions where they come; medians of the rounds."""
    found = []
    for question, (state, context) in _long_situations().items():
        inbound = _text(_LONG[question])
        handle_message(state, inbound, context)
        taken: list[float] = []
        for _ in range(rounds):
            started = time.process_time()
            for _ in range(times):
                handle_message(state, inbound, context)
            taken.append(1000 * (time.process_time() - started) / times)
        milliseconds = round(statistics.median(taken), 3)
        found.append(
            {
                "what": f"{len(inbound.text)} characters, {question}",
                "ms": milliseconds,
                "goal_ms": GOAL_FRAME_MS,
                "rounds": rounds,
            }
        )
    return found


def _long_situations() -> dict[str, tuple[State, Context]]:
    offer = OfferSummary(
        _OFFER, OfferStatus.OFFERED, unlocked=False, params={**SAMPLES, "offer_id": str(_OFFER)}
    )
    agreed = replace(_NOBODY, agreed=True)
    account = EmployerAccount(_OFFER, "Sharma Caterers", "o•••@e•••.com", True, False, "Mumbai")
    asked = partial(State, registering=True)
    return {
        "name": (asked(Ask.NAME), Context(NOW, "hi", agreed)),
        "skills": (asked(Ask.SKILLS), Context(NOW, "en", agreed)),
        "location": (asked(Ask.LOCATION), Context(NOW, "hi", replace(agreed, skills=("waiter",)))),
        "offer": (State(), Context(NOW, "hi", _SOMEBODY, open_offers=[offer])),
        "job": (State(persona=str(_OFFER)), Context(NOW, "en", None, employers=[account])),
    }


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
