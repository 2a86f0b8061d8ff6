"""Reading a message that somebody wants sent: checked as the platform does, and made readable.

`read()` turns the body of a send into what the person will see. Whatever the platform would
refuse before accepting is refused here, with the platform's code.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.graph import flows, limits, templates
from sandbox.graph.errors import GraphError
from sandbox.store import Json, Store

MEDIA_TYPES = ("image", "audio", "video", "document", "sticker")


@dataclass(frozen=True, slots=True)
class Content:
    """What a message shows: `buttons` are `{id, title}`, `rows` have a description too.

    `category` is what the platform prices it as.
    """

    type: str
    text: str
    buttons: tuple[Json, ...] = ()
    rows: tuple[Json, ...] = ()
    category: str = "service"

    @property
    def free_form(self) -> bool:
        """Only templates may be sent outside the 24-hour window."""
        return self.type != "template"


def read(store: Store, body: Json) -> Content:
    """What the message shows to its reader.

    Raises GraphError 100, 131008, 131009, 131051 and the template codes.
    """
    kind = body.get("type", "text")
    reader = READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        raise GraphError(131051, f"Message type {kind!r} is not supported.")
    part = body.get(str(kind))
    if kind != "contacts" and not isinstance(part, dict):
        raise GraphError(100, f"The parameter {kind} is required.")
    return reader(store, part)


def characters(value: Any, name: str, longest: int, *, required: bool = True) -> str:
    """A text of the message, within its limit. Raises GraphError 131008 or 131009."""
    if value is None and not required:
        return ""
    if not isinstance(value, str) or (required and not value.strip()):
        raise GraphError(131008, f"The parameter {name} is required.")
    if len(value) > longest:
        raise GraphError(131009, f"{name} is {len(value)} characters, the limit is {longest}.")
    return value


def _text(_: Store, part: Json) -> Content:
    return Content("text", characters(part.get("body"), "text.body", limits.TEXT_CHARACTERS))


def _media(kind: str) -> Callable[[Store, Json], Content]:
    def read_media(store: Store, part: Json) -> Content:
        id_, link = part.get("id"), part.get("link")
        if (id_ is None) == (link is None):
            raise GraphError(131009, f"{kind} has either an id or a link.")
        if (
            id_ is not None
            and not store.db.execute("SELECT 1 FROM media WHERE id = ?", (str(id_),)).fetchone()
        ):
            raise GraphError(131053, f"Media {id_} was never uploaded.")
        if link is not None and not re.match(r"https?://\S+$", str(link)):
            raise GraphError(131009, f"{kind}.link is not a web address.")
        caption = characters(
            part.get("caption"), f"{kind}.caption", limits.CAPTION_CHARACTERS, required=False
        )
        return Content(kind, caption or str(part.get("filename") or ""))

    return read_media


def _location(_: Store, part: Json) -> Content:
    for name, bound in (("latitude", 90), ("longitude", 180)):
        try:
            value = float(part.get(name, "missing"))
        except (TypeError, ValueError):
            raise GraphError(131008, f"The parameter location.{name} is required.") from None
        if not -bound <= value <= bound:
            raise GraphError(131009, f"location.{name} is from -{bound} to {bound}.")
    lines = [part.get("name"), part.get("address"), f"{part['latitude']}, {part['longitude']}"]
    return Content("location", "\n".join(str(line) for line in lines if line))


def _contacts(_: Store, part: Any) -> Content:
    if not isinstance(part, list) or not part:
        raise GraphError(131008, "The parameter contacts is required.")
    names = []
    for contact in part:
        name = contact.get("name") if isinstance(contact, dict) else None
        if not isinstance(name, dict) or not name.get("formatted_name"):
            raise GraphError(131008, "The parameter contacts[].name.formatted_name is required.")
        phones = [str(phone.get("phone", "")) for phone in contact.get("phones", [])]
        names.append(" ".join([str(name["formatted_name"]), *phones]))
    return Content("contacts", "\n".join(names))


def _reaction(_: Store, part: Json) -> Content:
    characters(part.get("message_id"), "reaction.message_id", 1000)
    return Content("reaction", characters(part.get("emoji", ""), "emoji", 32, required=False))


def _template(store: Store, part: Json) -> Content:
    rendered = templates.render(store, part)
    return Content("template", rendered.text, rendered.buttons, (), rendered.category)


def _interactive(store: Store, part: Json) -> Content:
    kind = part.get("type")
    action = part.get("action")
    if not isinstance(action, dict):
        raise GraphError(131008, "The parameter interactive.action is required.")
    longest = limits.LIST_BODY_CHARACTERS if kind == "list" else limits.INTERACTIVE_BODY_CHARACTERS
    body = _part_text(part, "body", longest)
    header = part.get("header")
    shown = [
        _part_text(part, "header", limits.HEADER_CHARACTERS)
        if isinstance(header, dict) and header.get("type") == "text"
        else "",
        body or characters(None, "interactive.body.text", longest),
        _part_text(part, "footer", limits.FOOTER_CHARACTERS),
    ]
    buttons: tuple[Json, ...] = ()
    rows: tuple[Json, ...] = ()
    if kind == "button":
        buttons = _buttons(action)
    elif kind == "list":
        rows = _rows(action)
    elif kind == "cta_url":
        shown.append(_link(action))
    elif kind == "flow":
        _flow(store, action)
    elif kind == "location_request_message":
        _named(action, "send_location")
    elif kind == "request_contact_info":
        _named(action, "request_contact_info")
    else:
        raise GraphError(131009, f"interactive.type {kind!r} is not supported.")
    return Content("interactive", "\n".join(line for line in shown if line), buttons, rows)


def _part_text(part: Json, name: str, longest: int) -> str:
    value = part.get(name)
    if value is None:
        return ""
    if not isinstance(value, dict):
        raise GraphError(131009, f"interactive.{name} is an object.")
    return characters(value.get("text"), f"interactive.{name}.text", longest)


def _buttons(action: Json) -> tuple[Json, ...]:
    buttons = action.get("buttons")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= limits.BUTTONS:
        raise GraphError(131009, f"Between 1 and {limits.BUTTONS} buttons are allowed.")
    found: list[Json] = []
    for button in buttons:
        reply = button.get("reply") if isinstance(button, dict) else None
        if not isinstance(reply, dict) or button.get("type") != "reply":
            raise GraphError(131009, "A button is of type reply and has a reply.")
        title = characters(reply.get("title"), "button title", limits.BUTTON_TITLE_CHARACTERS)
        id_ = characters(reply.get("id"), "button id", limits.BUTTON_ID_CHARACTERS)
        if id_ != id_.strip():
            raise GraphError(131009, "A button id has no leading or trailing spaces.")
        found.append({"id": id_, "title": title})
    _unique([button["id"] for button in found], "Button ids")
    _unique([button["title"] for button in found], "Button titles")
    return tuple(found)


def _rows(action: Json) -> tuple[Json, ...]:
    characters(action.get("button"), "interactive.action.button", limits.LIST_BUTTON_CHARACTERS)
    sections = action.get("sections")
    if not isinstance(sections, list) or not 1 <= len(sections) <= limits.LIST_SECTIONS:
        raise GraphError(131009, f"Between 1 and {limits.LIST_SECTIONS} sections are allowed.")
    found: list[Json] = []
    for section in sections:
        rows = section.get("rows") if isinstance(section, dict) else None
        if not isinstance(rows, list) or not rows:
            raise GraphError(131009, "A section has at least one row.")
        characters(
            section.get("title"),
            "section title",
            limits.SECTION_TITLE_CHARACTERS,
            required=len(sections) > 1,
        )
        for row in rows:
            if not isinstance(row, dict):
                raise GraphError(131009, "A row is an object.")
            description = characters(
                row.get("description"),
                "row description",
                limits.ROW_DESCRIPTION_CHARACTERS,
                required=False,
            )
            found.append(
                {
                    "id": characters(row.get("id"), "row id", limits.ROW_ID_CHARACTERS),
                    "title": characters(row.get("title"), "row title", limits.ROW_TITLE_CHARACTERS),
                    "description": description,
                }
            )
    if len(found) > limits.LIST_ROWS_IN_ALL:
        raise GraphError(131009, f"Total row count exceeds {limits.LIST_ROWS_IN_ALL}.")
    _unique([row["id"] for row in found], "Row ids")
    return tuple(found)


def _link(action: Json) -> str:
    _named(action, "cta_url")
    parameters = action.get("parameters")
    if not isinstance(parameters, dict):
        raise GraphError(131008, "The parameter interactive.action.parameters is required.")
    characters(parameters.get("display_text"), "display_text", limits.LINK_BUTTON_CHARACTERS)
    url = characters(parameters.get("url"), "url", 2000)
    if not re.match(r"https?://\S+$", url):
        raise GraphError(131009, "url is not a web address.")
    return url


def _flow(store: Store, action: Json) -> None:
    _named(action, "flow")
    parameters = action.get("parameters")
    if not isinstance(parameters, dict):
        raise GraphError(131008, "The parameter interactive.action.parameters is required.")
    if str(parameters.get("flow_message_version")) != "3":
        raise GraphError(131009, "flow_message_version is 3.")
    if not parameters.get("flow_id") and not parameters.get("flow_name"):
        raise GraphError(131008, "The parameter flow_id or flow_name is required.")
    characters(parameters.get("flow_cta"), "flow_cta", limits.FLOW_BUTTON_CHARACTERS)
    flows.check(store, parameters)


def _named(action: Json, name: str) -> None:
    if action.get("name") != name:
        raise GraphError(131009, f"interactive.action.name is {name}.")


def _unique(values: list[str], what: str) -> None:
    if len(set(values)) != len(values):
        raise GraphError(131009, f"{what} are unique within a message.")


READERS: dict[str, Callable[[Store, Any], Content]] = {
    "text": _text,
    "template": _template,
    "interactive": _interactive,
    "location": _location,
    "contacts": _contacts,
    "reaction": _reaction,
    **{kind: _media(kind) for kind in MEDIA_TYPES},
}
