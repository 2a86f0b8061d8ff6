"""The message catalogues, one file a language in `locales/`, and their rendering.

WhatsApp's templates come from the same entries, so that people read the same text inside and outside
the 24-hour window.
"""

import datetime as dt
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Final

from babel.core import Locale

from app.core.languages import DEFAULT_LANGUAGE, LOCALES, languages
from app.texts.formatting import FILTERS, OPTIONAL, FormatContext, day, inert
from app.texts.formatting import exclusion as say_exclusion
from app.texts.formatting import reason as say_reason
from app.texts.message import BODY_CHARACTERS, Button, Form, Outgoing, Template
from app.texts.message import Row as ListRow

TEMPLATE_PREFIX: Final = "partimer_"
AUTHENTICATION: Final = "authentication"
MARKETING: Final = "marketing"
UTILITY: Final = "utility"
CATEGORIES: Final = frozenset({AUTHENTICATION, MARKETING, UTILITY})
"""What the platform files a template under."""

_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)(?:\|([a-z]+))?\}")


@dataclass(frozen=True)
class Entry:
    """One text with what can be tapped below it; ids are the same in every language."""

    text: str
    category: str = ""
    version: int = 1
    """Of the template: another number, and so another name, for each change of its values."""
    subject: str = ""
    sms: str = ""
    """What an SMS says instead, in few characters; only what may go by SMS has one."""
    footer: str = ""
    ask: str = ""
    rows_label: str = ""
    buttons: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, str] = field(default_factory=dict)
    """Title, and after a bar a description, by id."""

    @property
    def placeholders(self) -> tuple[tuple[str, str], ...]:
        """Its values, each once, in the order of the text: a template's parameters."""
        found = ((name, kind or "text") for name, kind in _PLACEHOLDER.findall(self.text))
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True)
class Catalogue:
    """All texts of one language."""

    language: str
    name: str
    locale: Locale
    notices: Mapping[str, Entry]
    chat: Mapping[str, Entry]
    pages: Mapping[str, Entry]
    words: Mapping[str, str]
    form: Mapping[str, str]
    data: Mapping[str, str]
    """What the parts of somebody's own data are called."""
    web: Mapping[str, str]
    """Texts of pages, by dotted name."""


@dataclass(frozen=True)
class TemplateText:
    """A template as it is registered with the platform: its values are {{1}}, {{2}} and so on."""

    name: str
    language: str
    category: str
    text: str
    examples: tuple[str, ...]
    buttons: tuple[str, ...]


@cache
def get_catalogue(language: str) -> Catalogue:
    """The catalogue of a language; an unknown one reads the default's."""
    if language not in languages():
        return get_catalogue(DEFAULT_LANGUAGE)
    raw = tomllib.loads((LOCALES / f"{language}.toml").read_text(encoding="utf-8"))

    def entries(section: str) -> dict[str, Entry]:
        return {
            kind: Entry(**{**value, "text": value["text"].strip()})
            for kind, value in raw.get(section, {}).items()
        }

    return Catalogue(
        language=language,
        name=raw["name"],
        locale=Locale.parse(raw["locale"]),
        notices=entries("notice"),
        chat=entries("chat"),
        pages=entries("page"),
        words=raw["words"],
        form=raw["form"],
        data=raw["data"],
        web=dict(_dotted(raw["web"])),
    )


def _dotted(table: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the texts of nested tables by their dotted names."""
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _dotted(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value.strip()


def format_context(
    language: str, params: Mapping[str, Any] | None = None, now: dt.datetime | None = None
) -> FormatContext:
    """Return in whose language, zone and year `params` are said."""
    texts = get_catalogue(language)
    return FormatContext(texts.language, texts.locale, texts.words, now, params or {})


def render_notice(
    language: str, kind: str, params: Mapping[str, Any], now: dt.datetime | None = None
) -> Outgoing:
    """Render one notice, its template included. Raises KeyError for an unknown kind or value."""
    entry = get_catalogue(language).notices[kind]
    return render(entry, format_context(language, params, now), template=template_name(kind))


def render_chat(
    language: str,
    kind: str,
    params: Mapping[str, Any] | None = None,
    *,
    buttons: Sequence[Button] | None = None,
    rows: Sequence[ListRow] = (),
    form: Form | None = None,
    now: dt.datetime | None = None,
) -> Outgoing:
    """Render one text of the conversation; given buttons and rows replace the catalogue's."""
    entry = get_catalogue(language).chat[kind]
    outgoing = render(entry, format_context(language, params, now), buttons=buttons, rows=rows)
    return outgoing if form is None else replace(outgoing, form=form)


def render_page(language: str, kind: str, params: Mapping[str, Any]) -> str:
    """Render one text of a web page, as plain text: the first line is its heading."""
    return render(get_catalogue(language).pages[kind], format_context(language, params)).text


def word(language: str, name: str) -> str:
    """Return a small word. Raises KeyError for an unknown one."""
    return get_catalogue(language).words[name]


def format_reason(language: str, item: Mapping[str, Any]) -> str:
    """Say one reason of a match, `{kind, …params}`, e.g. "2.1 km away"; "" for an unknown kind."""
    return say_reason(item, format_context(language))


def format_lead_reason(language: str, item: Mapping[str, Any]) -> str:
    """Say to an employer one reason of a match, e.g. "knows Waiter"; "" for what is said to the worker only."""
    return say_reason(item, format_context(language), words="lead_why")


def format_exclusion(language: str, rule: str, facts: Mapping[str, Any]) -> str:
    """Say which rule keeps a worker from being asked about a job. Raises KeyError for an unknown one."""
    return say_exclusion(rule, facts, format_context(language))


def fill(text: str, reads: FormatContext) -> str:
    """Fill the values of `reads` in. Raises KeyError where one is missing."""
    return _fill(text, reads)


def render(
    entry: Entry,
    reads: FormatContext,
    *,
    template: str | None = None,
    buttons: Sequence[Button] | None = None,
    rows: Sequence[ListRow] = (),
) -> Outgoing:
    """Fill an entry in for a reader."""
    values = {(name, kind): format_param(reads, name, kind) for name, kind in entry.placeholders}
    own_buttons = tuple(
        Button(_fill_id(id_, reads.params), title) for id_, title in entry.buttons.items()
    )
    shown = own_buttons if buttons is None else tuple(buttons)
    shown_rows = tuple(rows) or tuple(
        ListRow(_fill_id(id_, reads.params), *(part.strip() for part in title.split("|", 1)))
        for id_, title in entry.rows.items()
    )
    text = _PLACEHOLDER.sub(lambda found: values[found[1], found[2] or "text"], entry.text)
    if (shown or entry.ask) and len(text) > BODY_CHARACTERS:
        text = text[: BODY_CHARACTERS - 1].rstrip() + "…"
    return Outgoing(
        text=text,
        buttons=shown,
        rows=shown_rows,
        rows_label=(entry.rows_label or reads.words["choose"]) if shown_rows else "",
        footer=entry.footer,
        ask=entry.ask or None,  # type: ignore[arg-type]
        subject=_fill(entry.subject, reads),
        short=_fill(entry.sms, reads),
        template=None
        if template is None
        else _template(entry, template, reads, tuple(values.values()), own_buttons),
    )


def format_param(reads: FormatContext, name: str, kind: str) -> str:
    """Say one value. Raises KeyError where it is missing and the filter has no word for that."""
    value = reads.params.get(name)
    if value is None and kind not in OPTIONAL:
        raise KeyError(name)
    return FILTERS[kind](value, reads)


def plain(value: str) -> str:
    """Return a person's text as one harmless line."""
    return inert(value)


def format_day(value: dt.date, reads: FormatContext) -> str:
    """Say a date."""
    return day(value, reads)


def format_value(kind: str, value: Any, reads: FormatContext) -> str:
    """Say a value as `{value|kind}` does in a text."""
    return FILTERS[kind](value, reads)


def template_name(kind: str) -> str:
    """Return the platform's name of a notice's template.

    A template whose values change gets a new version, and with it a new name: it can be registered and approved
    while the running version still sends the old one.
    """
    entry = get_catalogue(DEFAULT_LANGUAGE).notices.get(kind)
    version = f"_{entry.version}" if entry is not None and entry.version > 1 else ""
    return f"{TEMPLATE_PREFIX}{kind}{version}"


def kind_of_template(name: str) -> str:
    """Return the kind of notice a template says, whatever its version; the reverse of `template_name`."""
    bare = name.removeprefix(TEMPLATE_PREFIX)
    kind, _, version = bare.rpartition("_")
    known = version.isdecimal() and kind in get_catalogue(DEFAULT_LANGUAGE).notices
    return kind if known else bare


def category_of(kind: str) -> str:
    """Return what a notice's template is registered as; "" for what has none."""
    entry = get_catalogue(DEFAULT_LANGUAGE).notices.get(kind)
    return entry.category if entry is not None else ""


def templates() -> list[TemplateText]:
    """Every template of every language, as it has to be registered with the platform."""
    found = []
    for language in languages():
        for kind, entry in get_catalogue(language).notices.items():
            text = _numbered(entry)
            filled = render_notice(language, kind, SAMPLES)
            found.append(
                TemplateText(
                    name=template_name(kind),
                    language=language,
                    category=entry.category,
                    text=text,
                    examples=filled.template.params if filled.template else (),
                    buttons=tuple(entry.buttons.values()),
                )
            )
    return found


def _numbered(entry: Entry) -> str:
    numbers = {place: number for number, place in enumerate(entry.placeholders, start=1)}

    def number(found: re.Match[str]) -> str:
        return f"{{{{{numbers[found[1], found[2] or 'text']}}}}}"

    return _PLACEHOLDER.sub(number, entry.text)


def _fill_id(id_: str, params: Mapping[str, Any]) -> str:
    return _PLACEHOLDER.sub(lambda found: str(params[found[1]]), id_)


def _fill(text: str, reads: FormatContext) -> str:
    return _PLACEHOLDER.sub(lambda found: format_param(reads, found[1], found[2] or "text"), text)


def _template(
    entry: Entry,
    name: str,
    reads: FormatContext,
    values: tuple[str, ...],
    buttons: tuple[Button, ...],
) -> Template:
    if entry.category == AUTHENTICATION:
        # The platform writes the text of such a template itself; it takes the code alone.
        values = values[:1]
    return Template(
        name=name,
        language=reads.language,
        category=entry.category,
        params=values,
        payloads=tuple(button.id for button in buttons),
    )


SAMPLES: Final[Mapping[str, Any]] = {
    "fields": ["name", "skills"],
    "code": "123456",
    "minutes": 5,
    "time": "9 am",
    "days": 3,
    "url": "https://partimer.example/jobs/1",
    "offer_id": "0198c0de-0000-7000-8000-000000000001",
    "about": "You did not answer the offer “Waiter” (Thu 12 Nov)",
    "title": "Waiter for weekends",
    "company": "Café Mondegar",
    "verified": True,
    "city": "Mumbai",
    "distance_km": 2.1,
    "starts_on": "2026-11-28",
    "ends_on": "2026-12-27",
    "time_zone": "Asia/Kolkata",
    "slots": [
        {"weekday": "saturday", "start": "18:00", "end": "23:00"},
        {"weekday": "sunday", "start": "18:00", "end": "23:00"},
    ],
    "salary": {"amount": 15_000, "currency": "INR", "per": "hour"},
    "positions": 2,
    "respond_by": "2026-11-25T13:30:00+00:00",
    "score": "60",
    "decision": "The phone had no network that day.",
    "decides_by": "2026-11-26T12:30:00+00:00",
    "closes_at": "2026-12-27T12:30:00+00:00",
    "post": "Serve guests and clear tables.",
    "why": [
        {"kind": "distance", "km": 2.1},
        {"kind": "hours", "percent": 100},
        {"kind": "skills", "slugs": ["waiter"]},
        {"kind": "experience", "years": 3},
        {"kind": "verified"},
        {"kind": "wider_radius"},
    ],
    "display_name": "Asha K.",
    "lead": {
        "skills": ["waiter"],
        "years": 3,
        "km": 2.0,
        "hours": 100,
        "verified": True,
        "reliability": 92.0,
        "others": 2,
    },
    "caller": {"name": "Ravi Mehta", "phone": "+919820012345"},
    "hello": "https://wa.me/919876543210?text=Hello%20Asha",
    "price": {"amount": 4_900, "currency": "INR"},
    "amount": 4_900,
    "currency": "INR",
    "name": "Asha Kulkarni",
    "phone": "+919876543210",
    "reason": "filled",
    "phone_end": "3210",
    "match_id": "0198c0de-0000-7000-8000-000000000001",
    "since": "2026-11-25T13:30:00+00:00",
    "hours": 48,
}
"""Values the platform's reviewers see in place of the real ones."""
