"""A language model's reading of an answer that the rules did not understand. Pure.

The model is asked about one open question and may answer in one shape only. What it answers is data from outside:
`read_answer` takes a value that a person could have tapped or typed, and nothing else. No shape can say that an
offer is accepted, that data is deleted or that anything is posted or paid.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Protocol, Self

from app.catalogue.skills import SKILLS
from app.core.week import WEEKDAYS, Slot, overlaps, parse_clock
from app.masking.mask import MASK, mask
from app.nlu.head_count import MOST_PEOPLE
from app.nlu.normalize import split_words
from app.nlu.pay import MOST_PAY, UNITS

TEXT_CHARACTERS: Final = 300
"""Longest text that is sent to the model; the rest is cut off."""
MOST_SKILLS: Final = 10
MOST_SLOTS: Final = 21
"""Three spans a day."""
MOST_KM: Final = 100
MOST_YEARS: Final = 60
_NAME_CHARACTERS: Final = 60
_PLACE_CHARACTERS: Final = 80
_AHEAD: Final = dt.timedelta(days=300)
"""A job begins within this time."""
_NUMBER: Final = re.compile(r"\d(?:[\s.-]?\d){5,}")
"""Six digits or more, such as a code, an account or an identity card."""
_TOKEN: Final = re.compile(r"\w+")
_DIGITS_OF_DOCUMENTS: Final = 4
"""So many digits beside letters are the number of a tax card, of a passport, of a car."""


class Shape(StrEnum):
    """What an answer may consist of; the stored value names it in the question."""

    NAME = "name"
    SKILLS = "skills"
    PLACE = "place"
    KILOMETRES = "kilometres"
    YEARS = "years"
    WEEK = "week"
    DAY = "day"
    SPAN = "span"
    PEOPLE = "people"
    PAY = "pay"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """What the model is asked: one open question, and the masked text that answers it."""

    shape: Shape
    ask: str
    """The stored name of the open question (`app.dialogue.state.Ask`)."""
    text: str
    """As `masked` returns it."""
    today: dt.date
    """By the clock of the place that the question is about."""
    choices: tuple[str, ...] = ()
    """For `Shape.CHOICE`: what may be chosen."""

    def as_json(self) -> dict[str, Any]:
        """Return the question as it is stored."""
        return {
            "shape": self.shape.value,
            "ask": self.ask,
            "text": self.text,
            "today": self.today.isoformat(),
            "choices": [*self.choices],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return a stored question. Raises `LookupError` or `ValueError` for what is none."""
        return cls(
            Shape(value["shape"]),
            str(value["ask"]),
            str(value["text"]),
            dt.date.fromisoformat(value["today"]),
            tuple(value["choices"]),
        )


class Interpreter(Protocol):
    """Something that reads what the rules did not understand."""

    def is_resting(self) -> bool:
        """Whether nothing is asked now."""
        ...

    async def interpret(self, question: OpenQuestion) -> Mapping[str, Any] | None:
        """Return the fields of an answer that `read_answer` takes; None where there is none. Never raises."""
        ...


# ── What leaves ──────────────────────────────────────────────────────────────────────────────────


def masked(text: str) -> str:
    """Return a text as it may leave: without contacts, links, codes and numbers of documents, and bounded."""
    plain = mask(text[:TEXT_CHARACTERS])
    return _TOKEN.sub(_without_document, _NUMBER.sub(MASK, plain))


def _without_document(token: re.Match[str]) -> str:
    word = token[0]
    digits = sum(map(str.isdecimal, word))
    return MASK if digits >= _DIGITS_OF_DOCUMENTS and digits < len(word) else word


def schema(question: OpenQuestion) -> dict[str, Any]:
    """Return the JSON schema of an answer: every field is there, and null where the text does not say it."""
    fields = {name: dict(field) for name, field in _FIELDS[question.shape].items()}
    if question.shape is Shape.CHOICE:
        fields["choice"]["enum"] = [*question.choices, None]
    fields["understood"] = {
        "type": "boolean",
        "description": "false if the text does not answer the question",
    }
    return _object(fields)


def _object(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(fields),
        "required": [*fields],
        "additionalProperties": False,
    }


def _nullable(kind: str, description: str, **more: Any) -> dict[str, Any]:
    return {"type": [kind, "null"], "description": description, **more}


def _list_of(item: Mapping[str, Any], description: str) -> dict[str, Any]:
    return {"type": "array", "items": dict(item), "description": description}


_CLOCK: Final = {"type": "string", "description": "24-hour clock, HH:MM"}
_FIELDS: Final[Mapping[Shape, Mapping[str, Mapping[str, Any]]]] = {
    Shape.NAME: {"name": _nullable("string", "the person's own name, in the words of the text")},
    Shape.SKILLS: {
        "skills": _list_of(
            {"type": "string", "enum": [*SKILLS]}, "the kinds of work that the text names"
        )
    },
    Shape.PLACE: {
        "place": _nullable("string", "the quarter, village or city, without other words"),
        "city": _nullable("string", "the city it belongs to"),
    },
    Shape.KILOMETRES: {"kilometres": _nullable("number", "how far, in kilometres")},
    Shape.YEARS: {"years": _nullable("number", "years of experience; 0 for none")},
    Shape.WEEK: {
        "week": _list_of(
            _object(
                {
                    "weekday": {"type": "string", "enum": [*WEEKDAYS]},
                    "start": _CLOCK,
                    "end": _CLOCK,
                }
            ),
            "when the person is free every week; an end at or before the start is on the next day",
        )
    },
    Shape.DAY: {"day": _nullable("string", "the day of the work, YYYY-MM-DD")},
    Shape.SPAN: {
        "start": _nullable("string", "when the work starts, HH:MM"),
        "end": _nullable("string", "when it ends, HH:MM"),
    },
    Shape.PEOPLE: {"people": _nullable("integer", "how many people are wanted")},
    Shape.PAY: {
        "amount": _nullable("integer", "the pay of one person, in whole units of the currency"),
        "per": _nullable("string", "for how long that is", enum=[*UNITS, None]),
    },
    Shape.CHOICE: {"choice": _nullable("string", "what the person wants to do")},
}


# ── What comes back ──────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Interpretation:
    """A validated answer; only the field of the question's shape is set."""

    name: str = ""
    skills: tuple[str, ...] = ()
    place: str = ""
    """"Juhu, Mumbai": to be looked up by the reader of typed places."""
    kilometres: int | None = None
    years: int | None = None
    week: tuple[Slot, ...] = ()
    day: dt.date | None = None
    span: tuple[str, str] | None = None
    """Start and end, "HH:MM"."""
    people: int | None = None
    pay: tuple[int, str] | None = None
    """Whole units of the currency, and one of `UNITS`."""
    choice: str = ""


def read_answer(question: OpenQuestion, fields: object) -> Interpretation | None:
    """Return what the model answered; None unless every field is as the schema says and within bounds."""
    names = {*_FIELDS[question.shape], "understood"}
    if not isinstance(fields, Mapping) or {*fields} != names or fields["understood"] is not True:
        return None
    return _READERS[question.shape](fields, question)


def _name(name: object, text: str) -> Interpretation | None:
    """Take a name only in the words that the person wrote: a model may make one up."""
    if not isinstance(name, str) or len(name) > _NAME_CHARACTERS:
        return None
    words = split_words(name)
    written = words and {*words} <= {*split_words(text)}
    return Interpretation(name=" ".join(name.split())) if written else None


def _skills(slugs: object) -> Interpretation | None:
    named = _items(slugs, MOST_SKILLS)
    known = all(isinstance(slug, str) and slug in SKILLS for slug in named)
    return Interpretation(skills=tuple(dict.fromkeys(named))) if named and known else None


def _place(place: object, city: object) -> Interpretation | None:
    parts = [place] if city is None or city == place else [place, city]
    if not all(isinstance(part, str) and part.strip() for part in parts):
        return None
    label = ", ".join(str(part).strip() for part in parts)
    return Interpretation(place=label) if len(label) <= _PLACE_CHARACTERS else None


def _week(items: object) -> Interpretation | None:
    slots: list[Slot] = []
    for item in _items(items, MOST_SLOTS):
        if not isinstance(item, Mapping) or {*item} != {"weekday", "start", "end"}:
            return None
        if not all(isinstance(part, str) for part in item.values()):
            return None
        try:
            slot = Slot.parse(item["weekday"], item["start"], item["end"])
        except ValueError:
            return None
        if overlaps(slot, slots):
            return None
        slots.append(slot)
    return Interpretation(week=tuple(sorted(slots))) if slots else None


def _day(day: object, today: dt.date) -> Interpretation | None:
    try:
        found = dt.date.fromisoformat(day) if isinstance(day, str) else None
    except ValueError:
        return None
    near = found is not None and today <= found <= today + _AHEAD
    return Interpretation(day=found) if near else None


def _span(start: object, end: object) -> Interpretation | None:
    if not isinstance(start, str) or not isinstance(end, str):
        return None
    try:
        different = parse_clock(start) != parse_clock(end)
    except ValueError:
        return None
    return Interpretation(span=(start, end)) if different else None


def _pay(amount: object, per: object) -> Interpretation | None:
    found = _whole(amount, 1, MOST_PAY)
    return (
        Interpretation(pay=(found, per))
        if found and isinstance(per, str) and per in UNITS
        else None
    )


def _whole(value: object, least: int, most: int) -> int | None:
    """Return a whole number within bounds; 3.0 is one, and true, 2.5 and infinity are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if least <= value <= most and value == int(value) else None


def _items(value: object, most: int) -> list[Any]:
    """Return the items of a list that is not too long; none for anything else."""
    return value if isinstance(value, list) and len(value) <= most else []


def _number(name: str, least: int, most: int) -> "_Reader":
    """Return the reader of a whole number, which the answer has by the field's own name."""

    def read(fields: Mapping[str, Any], _question: OpenQuestion) -> Interpretation | None:
        value = _whole(fields[name], least, most)
        found: dict[str, Any] = {name: value}
        return None if value is None else Interpretation(**found)

    return read


def _choice(fields: Mapping[str, Any], question: OpenQuestion) -> Interpretation | None:
    choice = fields["choice"]
    known = isinstance(choice, str) and choice in question.choices
    return Interpretation(choice=choice) if known else None


type _Reader = Callable[[Mapping[str, Any], OpenQuestion], Interpretation | None]

_READERS: Final[Mapping[Shape, _Reader]] = {
    Shape.NAME: lambda fields, question: _name(fields["name"], question.text),
    Shape.SKILLS: lambda fields, _question: _skills(fields["skills"]),
    Shape.PLACE: lambda fields, _question: _place(fields["place"], fields["city"]),
    Shape.KILOMETRES: _number("kilometres", 1, MOST_KM),
    Shape.YEARS: _number("years", 0, MOST_YEARS),
    Shape.WEEK: lambda fields, _question: _week(fields["week"]),
    Shape.DAY: lambda fields, question: _day(fields["day"], question.today),
    Shape.SPAN: lambda fields, _question: _span(fields["start"], fields["end"]),
    Shape.PEOPLE: _number("people", 1, MOST_PEOPLE),
    Shape.PAY: lambda fields, _question: _pay(fields["amount"], fields["per"]),
    Shape.CHOICE: _choice,
}
