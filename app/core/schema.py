"""Bases and field types of request and response bodies: strict, bounded, normalised.

FastAPI's defaults accept unknown fields, `true` for an integer, NaN, and text that no database stores.
Request bodies derive from `RequestModel`, responses from `ResponseModel`; fields use the types below.
"""

import datetime as dt
import re
import unicodedata
from enum import StrEnum
from typing import Annotated, Any, Final, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

from app.core.geo import Point
from app.core.money import CURRENCIES, Money
from app.core.person_names import JOINERS, is_readable_name

MAX_AMOUNT = 10**12
"""Largest amount of money in minor units; far above any price, far below 2**63."""
_MISSING: Final = object()
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class RequestModel(BaseModel):
    """Base of every request body: an unknown field is refused."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, frozen=True)


def changeable(description: str, **details: Any) -> Any:
    """Return a field that a partial update may leave out; null only where its type has None.

    `sent` returns what was sent. The schema shows the field as optional, without a default.
    """
    return Field(default_factory=lambda: None, description=description, **details)


def sent(body: RequestModel) -> dict[str, Any]:
    """Return the fields of a partial update that the client sent, by name."""
    return {name: getattr(body, name) for name in body.model_fields_set}


class ResponseModel(BaseModel):
    """Base of every response body."""

    model_config = ConfigDict(extra="forbid", from_attributes=True, frozen=True)

    @classmethod
    def from_rows(cls, *rows: object, **fields: object) -> Self:
        """Return the response made of `fields`, and for the others of the first row that has them."""
        for row in rows:
            for name in cls.__pydantic_fields__:
                if name not in fields and (value := getattr(row, name, _MISSING)) is not _MISSING:
                    fields[name] = value
        return cls.model_validate(fields)


def clean_text(value: Any) -> Any:
    """Trim and NFC-normalise text; refuse NUL, lone surrogates and other control characters."""
    if not isinstance(value, str):
        return value
    if any(0xD800 <= ord(c) <= 0xDFFF for c in value):
        raise ValueError("must be valid Unicode text")
    value = unicodedata.normalize("NFC", value).strip()
    if any(unicodedata.category(c) == "Cc" and c not in "\n\t\r" for c in value):
        raise ValueError("must not contain control characters")
    return value


def _one_line(value: str) -> str:
    if "\n" in value or "\r" in value or "\t" in value:
        raise ValueError("must be a single line")
    return value


def _text(minimum: int, maximum: int, *, lines: bool = False) -> Any:
    checks: list[Any] = [
        # The constraints come first, so that their messages count characters.
        StringConstraints(min_length=minimum, max_length=maximum, strict=True),
        BeforeValidator(clean_text),
    ]
    return checks if lines else [*checks, AfterValidator(_one_line)]


def _seen(value: Any) -> Any:
    """Drop what nobody sees, such as a sign that turns the text around: two names that look alike are alike.

    The joiners stay: some scripts and emoji need them.
    """
    if not isinstance(value, str):
        return value
    return "".join(c for c in value if unicodedata.category(c) != "Cf" or c in JOINERS)


def _visible(value: str) -> str:
    if not any(unicodedata.category(c)[0] in "LN" for c in value):
        raise ValueError("must have a letter or a number")
    return value


def _person(value: str) -> str:
    if not is_readable_name(value):
        raise ValueError("must be a name that has a letter, such as Asha Kulkarni")
    return value


Name = Annotated[str, *_text(1, 120), AfterValidator(_visible), BeforeValidator(_seen)]
"""A company's or place's name: one line."""
PersonName = Annotated[str, *_text(1, 120), AfterValidator(_person)]
"""A person's name: one line that can be seen and has a letter."""
Title = Annotated[str, *_text(3, 120), AfterValidator(_visible), BeforeValidator(_seen)]
Line = Annotated[str, *_text(1, 200)]
Prose = Annotated[str, *_text(0, 4_000, lines=True)]
"""Free text of several lines."""
LongProse = Annotated[str, *_text(1, 4_000, lines=True)]
Reason = Annotated[str, *_text(1, 500, lines=True)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", strict=True)]
PhoneText = Annotated[str, *_text(5, 32)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=1_024, strict=True)]
"""A token or code; never trimmed into something else."""

Latitude = Annotated[float, Field(strict=True, ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(strict=True, ge=-180, le=180, allow_inf_nan=False)]
Kilometres = Annotated[float, Field(strict=True, gt=0, le=500, allow_inf_nan=False)]
Years = Annotated[int, Field(strict=True, ge=0, le=60)]


def whole(minimum: int, maximum: int) -> Any:
    """Return the field constraints of a bounded integer that `true` and `1.0` are not."""
    return Field(strict=True, ge=minimum, le=maximum)


def _utc(value: dt.datetime) -> str:
    text = value.astimezone(dt.UTC).isoformat().removesuffix("+00:00")
    return (text.rstrip("0") if value.microsecond else text) + "Z"


Instant = Annotated[
    dt.datetime,
    PlainSerializer(_utc, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]
"""An instant, as RFC 3339 in UTC."""


def _clock_time(value: Any) -> Any:
    if isinstance(value, dt.time):
        return value
    if not isinstance(value, str) or len(value) != 5 or value[2] != ":":
        raise ValueError('must be a wall-clock time such as "09:30"')
    hours, minutes = value[:2], value[3:]
    if not (hours.isascii() and hours.isdigit() and minutes.isascii() and minutes.isdigit()):
        raise ValueError('must be a wall-clock time such as "09:30"')
    if int(hours) > 23 or int(minutes) > 59:
        raise ValueError('must be a wall-clock time between "00:00" and "23:59"')
    return dt.time(int(hours), int(minutes))


ClockTime = Annotated[
    dt.time,
    BeforeValidator(_clock_time),
    PlainSerializer(lambda value: value.isoformat("minutes"), when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d$"}),
]
"""A wall-clock time, "HH:MM"."""


def _date(value: Any) -> Any:
    if isinstance(value, dt.date):
        return value
    # `fromisoformat` also accepts week dates such as "2026-W51-1".
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise ValueError('must be a date such as "2026-11-30"')
    try:
        parsed = dt.date.fromisoformat(value)
    except ValueError:
        raise ValueError('must be a date that exists, such as "2026-11-30"') from None
    if not 2000 <= parsed.year <= 2199:
        raise ValueError("must lie between the years 2000 and 2199")
    return parsed


Day = Annotated[
    dt.date,
    BeforeValidator(_date),
    WithJsonSchema({"type": "string", "format": "date"}),
]
"""A calendar date."""


class Weekday(StrEnum):
    """A day of the week; `number` counts from Monday = 0."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"

    @property
    def number(self) -> int:
        """Monday is 0, Sunday 6, as `datetime.date.weekday` counts."""
        return _WEEKDAYS.index(self)

    @classmethod
    def of(cls, number: int) -> "Weekday":
        """Return the weekday with that number, Monday 0."""
        return _WEEKDAYS[number]


_WEEKDAYS = tuple(Weekday)


class Location(RequestModel):
    """A point on the Earth, in degrees (WGS 84)."""

    latitude: Latitude = Field(description="Latitude in degrees, -90 to 90.", examples=[19.06])
    longitude: Longitude = Field(description="Longitude in degrees, -180 to 180.", examples=[72.83])

    @property
    def point(self) -> Point:
        """The same place, as the domain's value."""
        return Point(self.latitude, self.longitude)


class MoneyAnswer(ResponseModel):
    """An amount in minor units and its ISO 4217 currency."""

    amount: int = Field(description="Amount in minor units of the currency.")
    currency: str = Field(description="Currency, three letters of ISO 4217.")

    @classmethod
    def of(cls, money: Money) -> "MoneyAnswer":
        """Return the answer for the domain's value."""
        return cls(amount=money.amount, currency=money.currency)


def _known_currency(value: str) -> str:
    if value not in CURRENCIES:
        raise ValueError("must be a currency code of ISO 4217, such as INR")
    return value


Currency = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z]{3}$", strict=True),
    AfterValidator(_known_currency),
]
Amount = Annotated[int, whole(0, MAX_AMOUNT)]


class Page[Item](ResponseModel):
    """One page of a list; `next_cursor` is null on the last."""

    items: list[Item] = Field(description="The entries of this page.")
    next_cursor: str | None = Field(
        default=None, description="What `?cursor=` takes for the next page; null on the last."
    )
