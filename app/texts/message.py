"""A message to a person, before any platform's form, and what chat platforms take."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, Self

TEXT_CHARACTERS: Final = 4096
BODY_CHARACTERS: Final = 1024
"""Of a text that carries buttons, and of a filled-in template."""
BUTTONS: Final = 3
BUTTON_TITLE_CHARACTERS: Final = 20
BUTTON_ID_CHARACTERS: Final = 256
ROWS: Final = 10
ROW_TITLE_CHARACTERS: Final = 24
ROW_DESCRIPTION_CHARACTERS: Final = 72
ROW_ID_CHARACTERS: Final = 200
FORM_LABEL_CHARACTERS: Final = 30
HEADING_CHARACTERS: Final = 60
"""Of a header and of a footer."""


@dataclass(frozen=True, slots=True)
class Button:
    """A quick answer: `id` comes back when it is tapped, `title` is what people see."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list to choose from."""

    id: str
    title: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """A form that opens in the chat; what is filled in comes back as `InboundKind.FORM`."""

    id: str
    """The platform's, as it was registered."""
    token: str
    """Which question it answers."""
    label: str
    """Of the button that opens it."""
    screen: str
    data: Mapping[str, Any]
    """What the form's layout leaves open: its texts and choices."""


@dataclass(frozen=True, slots=True)
class Template:
    """A pre-approved text with its values in order: the only form outside the 24-hour window."""

    name: str
    language: str
    category: str
    """`utility` or `authentication`."""
    params: tuple[str, ...] = ()
    payloads: tuple[str, ...] = ()
    """What comes back for each of its quick-reply buttons."""
    filed_as: str = ""
    """What the platform files it under now, where that is not `category`: by this it travels and is paid."""

    @property
    def files_as(self) -> str:
        """Return the category that counts now."""
        return self.filed_as or self.category


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to one person, in our own words and without any platform's shape.

    Buttons and rows exclude each other; `rows_label` opens the rows. `ask` requests the person's
    location or phone through the platform. With a `form` the rows are what is shown where the platform
    refuses forms. `template` is how to say it where free-form is not allowed. `subject` is for e-mail,
    `short` what an SMS says instead of the text.
    """

    text: str
    buttons: tuple[Button, ...] = ()
    rows: tuple[Row, ...] = ()
    rows_label: str = ""
    footer: str = ""
    ask: Literal["location", "contact"] | None = None
    form: Form | None = None
    subject: str = ""
    short: str = ""
    template: Template | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what `from_json` reads back; the template is left out."""
        value: dict[str, Any] = {"text": self.text}
        if self.buttons:
            value["buttons"] = [[button.id, button.title] for button in self.buttons]
        if self.rows:
            value["rows"] = [[row.id, row.title, row.description] for row in self.rows]
            value["rows_label"] = self.rows_label
        if self.form:
            value["form"] = asdict(self.form)
        for name in ("footer", "ask", "subject"):
            if part := getattr(self, name):
                value[name] = part
        return value

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Return the message `as_json` wrote."""
        return cls(
            text=value["text"],
            buttons=tuple(Button(*button) for button in value.get("buttons", ())),
            rows=tuple(Row(*row) for row in value.get("rows", ())),
            rows_label=value.get("rows_label", ""),
            footer=value.get("footer", ""),
            ask=value.get("ask"),
            form=Form(**value["form"]) if value.get("form") else None,
            subject=value.get("subject", ""),
        )

    def problem(self) -> str | None:
        """Return why no chat platform would take this, or None: checked before the network is."""
        if not self.text.strip():
            return "the text is empty"
        longest = BODY_CHARACTERS if self.buttons or self.ask or self.form else TEXT_CHARACTERS
        if len(self.text) > longest:
            return f"the text has {len(self.text)} characters, the limit is {longest}"
        if len(self.footer) > HEADING_CHARACTERS:
            return "the footer is too long"
        if sum((bool(self.buttons), bool(self.rows), self.ask is not None)) > 1:
            return "buttons, rows and a request exclude each other"
        if self.form and (self.buttons or self.ask):
            return "a form excludes buttons and a request"
        if self.form and not 0 < len(self.form.label) <= FORM_LABEL_CHARACTERS:
            return "the form's button is empty or too long"
        return self._problem_of_buttons() or self._problem_of_rows()

    def _problem_of_buttons(self) -> str | None:
        if len(self.buttons) > BUTTONS:
            return f"{len(self.buttons)} buttons, the limit is {BUTTONS}"
        for button in self.buttons:
            if not 0 < len(button.title) <= BUTTON_TITLE_CHARACTERS:
                return "a button's title is empty or too long"
            if not 0 < len(button.id) <= BUTTON_ID_CHARACTERS:
                return "a button's id is empty or too long"
        for name in ("id", "title"):
            if len({getattr(button, name) for button in self.buttons}) < len(self.buttons):
                return f"two buttons have the same {name}"
        return None

    def _problem_of_rows(self) -> str | None:
        if len(self.rows) > ROWS:
            return f"{len(self.rows)} rows, the limit is {ROWS}"
        if self.rows and not 0 < len(self.rows_label) <= BUTTON_TITLE_CHARACTERS:
            return "the list's button is empty or too long"
        for row in self.rows:
            if not 0 < len(row.title) <= ROW_TITLE_CHARACTERS:
                return "a row's title is empty or too long"
            if not 0 < len(row.id) <= ROW_ID_CHARACTERS:
                return "a row's id is empty or too long"
            if len(row.description) > ROW_DESCRIPTION_CHARACTERS:
                return "a row's description is too long"
        if len({row.id for row in self.rows}) < len(self.rows):
            return "two rows have the same id"
        return None
