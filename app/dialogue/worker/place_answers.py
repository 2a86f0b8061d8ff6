"""Reads home, distance and experience. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from app.catalogue import places
from app.core.geo import Point, on_grid
from app.dialogue.choices import index, place_name
from app.dialogue.effects import EditProfile
from app.dialogue.state import Ask
from app.dialogue.turn import Incoming, Reply, Turn
from app.dialogue.worker.place_options import as_option, place_options
from app.dialogue.worker.questions import QUESTIONS, ask_again, place_in_full
from app.dialogue.worker.registration import ask_question, close_question
from app.dialogue.worker.said_facts import SaidFacts
from app.dialogue.worker.whole_message import frame_of
from app.messaging.inbound import InboundKind
from app.nlu import quantities
from app.nlu.home_place import find_home, parse_pin_code
from app.nlu.intents import Intent, yes_or_no
from app.nlu.normalize import split_words
from app.nlu.place_choice import choose_place
from app.nlu.vocabulary import phrase_set

_NO_PLACES: Final = frozenset({Intent.COURTESY, Intent.YES, Intent.NO})
"""Intents that are no place, although some village has such a name."""
_ANSWER_CHARACTERS: Final = 100
"""Numbers are looked for in the first characters only."""
MAX_YEARS: Final = 60
BELIEVABLE_KM: Final = 100
"""Nobody travels farther for part-time work: a greater number means something else."""


def read_location(message: Incoming) -> Turn | None:
    """Read a place, a PIN code or a location."""
    inbound = message.inbound
    if inbound.kind is InboundKind.LOCATION:
        if inbound.latitude is None or inbound.longitude is None:
            return None
        name = place_name(inbound.latitude, inbound.longitude)
        return _placed(message, inbound.latitude, inbound.longitude, name)
    text = message.text
    if not text or message.intents & _NO_PLACES:
        return None
    profile = message.context.profile
    found = find_home(text, profile.place if profile else None)
    if found is None and ("?" in text or phrase_set("asking").anywhere(split_words(text))):
        return None  # A question is no place that was not found.
    if found is None:
        return Turn(message.state, (Reply("place_unknown"),), missed=True)
    options = place_options(found)
    if found.certain and len(options) == 1:
        return _chosen(message, options[0])
    return ask_question(message.state, Ask.WHICH_PLACE, message.context, places=options)


def _placed(
    message: Incoming, latitude: float, longitude: float, name: str, saved: str = "place_saved"
) -> Turn:
    # `profile.edit` finds the city: a PIN code's own is only its district.
    edit = EditProfile({"location": [latitude, longitude]})
    message = message.with_profile(place=name, located=True)
    return close_question(message, Ask.LOCATION, edit, before=(Reply(saved, {"place": name}),))


def read_which_place(message: Incoming) -> Turn | None:
    """Read which of the listed places is meant."""
    choice = message.tapped("place")
    options = message.state.draft.get("places", [])
    number = index(choice or "", len(options))
    if number is not None:
        return _chosen(message, options[number])
    words = split_words(message.text or "")
    if len(options) == 1 and yes_or_no(words, "that_one") is Intent.YES:
        return _chosen(message, options[0])
    if message.has_intent(Intent.YES):
        # A yes to several leaves open which one.
        return Turn(message.state, (ask_again(message),))
    refused = bool(words) and phrase_set("none_of_them").covers(words)
    if choice == "none" or refused or message.has_intent(Intent.NO):
        return ask_question(message.state, Ask.LOCATION, message.context)
    if left := choose_place(message.text or "", options):
        if len(left) == 1:
            return _chosen(message, left[0])
        return ask_question(message.state, Ask.WHICH_PLACE, message.context, places=list(left))
    turn = read_location(message)
    if turn is not None and turn.missed and options:
        # The places to choose from are still there.
        return replace(turn, replies=(Reply("not_understood"), ask_again(message)))
    return turn


def _chosen(message: Incoming, option: Mapping[str, Any]) -> Turn:
    latitude, longitude = option["at"]
    saved = "place_saved_large" if option.get("large") else "place_saved"
    return _placed(message, latitude, longitude, place_in_full(option), saved)


def read_distance(message: Incoming) -> Turn | None:
    """Read a distance in km."""
    if (pin := parse_pin_code(message.text or "")) is not None:
        return _correct_place(message, pin)
    kilometres = _read_measure(message, "distance", quantities.kilometres)
    if kilometres is None and _tells_several_distances(message.text or ""):
        # "15 km but sunday 5 km": what is said of one day is no distance of all.
        of_all_days = frame_of(message).distance_km
        kilometres = of_all_days.value if of_all_days is not None else None
    if kilometres is None and _names_home(message):
        return Turn(message.state, (ask_again(message),))
    if kilometres is None:
        return _ask_for_kilometres(message)
    if kilometres > BELIEVABLE_KM:
        far = Reply("distance_far", {"distance_km": BELIEVABLE_KM})
        return Turn(message.state, (far,), missed=True)
    if kilometres < 1:
        return Turn(message.state, (Reply("number_bad", {"example": 10}),), missed=True)
    message = message.with_profile(max_distance_km=kilometres)
    return close_question(message, Ask.DISTANCE, EditProfile({"max_distance_km": kilometres}))


def _names_home(message: Incoming) -> bool:
    """Whether a text only says the area again that was just saved: "koregaon park", and then "pune"."""
    profile, words = message.context.profile, split_words(message.text or "")
    place = profile.place if profile is not None else None
    return bool(words and place) and set(words) <= set(split_words(place or ""))


def _tells_several_distances(text: str) -> bool:
    words = split_words(text)
    told = [quantities.in_kilometres(one.amount) for one in quantities.find_measures(words)]
    several = sum(kilometres is not None for kilometres in told) > 1
    return several and not phrase_set("negation").anywhere(words)


def _ask_for_kilometres(message: Incoming) -> Turn | None:
    """Offer fitting kilometres to who says in words how far they go: "only nearby", "kahin bhi"; once."""
    reach = quantities.reach_in_words((message.text or "")[:_ANSWER_CHARACTERS])
    if reach is None or _REACH in message.state.draft:
        return None
    draft = {**message.state.draft, _REACH: reach}
    return Turn(replace(message.state, draft=draft, misses=0), (Reply(f"ask_distance_{reach}"),))


_REACH: Final = "reach"
"""Where the draft keeps what was said without a number."""


def _correct_place(message: Incoming, pin: str) -> Turn:
    """Take a PIN code as the home, and ask for the distance again."""
    place = places.by_pin(pin)
    if place is None:
        return Turn(message.state, (Reply("pin_unknown"), Reply("ask_distance")))
    moved = Reply("place_corrected", {"place": place_in_full(as_option(place))})
    edit = EditProfile({"location": [place.latitude, place.longitude]})
    return Turn(message.state, (moved, Reply("ask_distance")), (edit,))


def move_home(message: Incoming) -> Turn:
    """Take a location sent at another question as the home, and repeat that question."""
    latitude, longitude = message.inbound.latitude or 0.0, message.inbound.longitude or 0.0
    moved = Reply("place_saved", {"place": place_name(latitude, longitude)})
    edit = EditProfile({"location": [latitude, longitude]})
    return Turn(message.state, (moved, ask_again(message)), (edit,))


def remember_pin(message: Incoming) -> Turn | None:
    """Keep a location that was sent before the consent, and repeat the question; the newest counts."""
    if message.state.ask not in QUESTIONS:
        return None
    latitude, longitude = message.inbound.latitude or 0.0, message.inbound.longitude or 0.0
    at = on_grid(Point(latitude, longitude))
    option = {"name": place_name(latitude, longitude), "at": [at.latitude, at.longitude]}
    pinned = SaidFacts(places=(option,), place_sure=True)
    said = SaidFacts.from_json(message.state.said).then(pinned)
    state = replace(message.state, said=said.as_json(), misses=0)
    wait = () if state.ask is Ask.LANGUAGE else (Reply("facts_wait"),)
    return Turn(state, (*wait, ask_again(message)))


def read_experience(message: Incoming) -> Turn | None:
    """Read years of experience."""
    if message.has_intent(Intent.SKIP):
        # Nobody is without experience because they say so later.
        return close_question(message, Ask.EXPERIENCE)
    years = _read_measure(message, "years", quantities.years)
    if years is None and quantities.says_no_experience((message.text or "")[:_ANSWER_CHARACTERS]):
        years = 0.0
    if years is None:
        return None
    if not 0 <= years <= MAX_YEARS:
        return Turn(message.state, (Reply("number_bad", {"example": 3}),), missed=True)
    message = message.with_profile(experience_years=int(years))
    return close_question(message, Ask.EXPERIENCE, EditProfile({"experience_years": int(years)}))


def _read_measure(
    message: Incoming, prefix: str, measure: Callable[[str], float | None]
) -> float | None:
    choice = message.tapped(prefix)
    text = choice if choice is not None else message.text
    if choice is None and quantities.says_age((text or "")[:_ANSWER_CHARACTERS]):
        return None
    return measure(text[:_ANSWER_CHARACTERS]) if text else None
