"""Message templates: created (and approved at once), listed, and filled in.

What a client may get wrong when it sends one is checked as the platform does: name, language,
status, number and kind of parameters.
"""

import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.graph import limits
from sandbox.graph.errors import GraphError
from sandbox.store import Json, Store, dumps, loads

CATEGORIES = ("AUTHENTICATION", "MARKETING", "UTILITY")
STATUSES = ("APPROVED", "PENDING", "REJECTED", "PAUSED", "DISABLED")
VARIABLE = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")
LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?")

#: The platform words authentication templates itself, in the template's language: body, advice,
#: footer. Other languages than these read as English here.
AUTHENTICATION_TEXTS = {
    "en": (
        "*{{1}}* is your verification code.",
        " For your security, do not share this code.",
        "This code expires in {minutes} minutes.",
    ),
    "hi": (
        "*{{1}}* आपका सत्यापन कोड है.",
        " अपनी सुरक्षा के लिए, यह कोड किसी को न बताएँ.",
        "यह कोड {minutes} मिनट में समाप्त हो जाएगा.",
    ),
}


@dataclass(frozen=True, slots=True)
class Rendered:
    """A filled-in template: `category` is in lower case, as pricing names it."""

    text: str
    buttons: tuple[Json, ...]
    category: str


def create(store: Store, body: Mapping[str, Any]) -> Json:
    """Store a template, approved. Raises GraphError 100 for what the platform refuses."""
    category = _checked(body)
    id_ = str(uuid.uuid4().int)[:16]
    name, language = body["name"], body["language"]
    with store.write() as db:
        inserted = db.execute(
            "INSERT INTO templates (name, language, id, status, category, components)"
            " VALUES (?, ?, ?, 'APPROVED', ?, ?) ON CONFLICT (name, language) DO NOTHING",
            (name, language, id_, category, dumps(body["components"])),
        ).rowcount
    if not inserted:
        raise GraphError(
            100, f"Content in this language already exists: there is {name} in {language}."
        )
    return {"id": id_, "status": "APPROVED", "category": category}


def check(wanted: Iterable[Mapping[str, Any]]) -> None:
    """Raises ValueError naming a template that the platform would refuse."""
    for template in wanted:
        try:
            _checked(template)
        except GraphError as error:
            raise ValueError(f"template {template.get('name')!r}: {error.details}") from None


def seed(store: Store, wanted: Iterable[Mapping[str, Any]]) -> None:
    """Make the templates that exist from the start; one already there is brought up to date."""
    with store.write() as db:
        there = {
            (row["name"], row["language"]): row for row in db.execute("SELECT * FROM templates")
        }
        for template in wanted:
            row = there.get((template["name"], template["language"]))
            if row is None:
                create(store, template)
            elif (row["category"], row["components"]) != (
                str(template["category"]).upper(),
                dumps(template["components"]),
            ):
                edit(store, row["id"], template)


def edit(store: Store, id_: str, body: Mapping[str, Any]) -> None:
    """Change components or category. Raises GraphError 100 where there is no such template."""
    if "components" in body:
        _check_components(body["components"])
    with store.write() as db:
        row = db.execute("SELECT * FROM templates WHERE id = ?", (id_,)).fetchone()
        if row is None:
            raise GraphError(100, f"There is no template {id_}.")
        category = str(body.get("category") or row["category"]).upper()
        if category not in CATEGORIES:
            raise GraphError(100, f"category is one of {', '.join(CATEGORIES)}.")
        components = dumps(body["components"]) if "components" in body else str(row["components"])
        db.execute(
            "UPDATE templates SET components = ?, category = ? WHERE id = ?",
            (components, category, id_),
        )


def delete(store: Store, name: str) -> bool:
    """Remove a template in all its languages. Raises GraphError 100 where there is none."""
    with store.write() as db:
        if not db.execute("DELETE FROM templates WHERE name = ?", (name,)).rowcount:
            raise GraphError(100, f"There is no template {name}.")
    return True


def set_status(store: Store, name: str, language: str | None, status: str) -> list[Json]:
    """Pause, disable or approve; returns the templates (one a language) with that name."""
    with store.write() as db:
        rows = db.execute(
            "UPDATE templates SET status = ? WHERE name = ? AND (? IS NULL OR language = ?)"
            " RETURNING id, name, language",
            (status, name, language, language),
        ).fetchall()
    return [dict(row) for row in rows]


def set_category(store: Store, name: str, language: str | None, category: str) -> list[Json]:
    """File under another category; returns the templates with that name, and what each was before."""
    with store.write() as db:
        before = db.execute(
            "SELECT id, name, language, category FROM templates"
            " WHERE name = ? AND (? IS NULL OR language = ?)",
            (name, language, language),
        ).fetchall()
        db.executemany(
            "UPDATE templates SET category = ? WHERE id = ?",
            [(category, row["id"]) for row in before],
        )
    return [dict(row) for row in before]


def listed(store: Store, filters: Mapping[str, str], after: int, limit: int) -> list[Json]:
    """Templates from a position on, one more than `limit` so that the caller sees a next page."""
    clauses, values = ["1 = 1"], []
    for column in ("name", "language", "status", "category"):
        if filters.get(column):
            clauses.append(f"{column} = ?")
            values.append(filters[column])
    rows = store.db.execute(
        f"SELECT * FROM templates WHERE {' AND '.join(clauses)}"
        " ORDER BY name, language LIMIT ? OFFSET ?",
        (*values, limit + 1, after),
    )
    return [
        {
            "name": row["name"],
            "parameter_format": "POSITIONAL",
            "components": loads(row["components"]),
            "language": row["language"],
            "status": row["status"],
            "category": row["category"],
            "id": row["id"],
        }
        for row in rows
    ]


def render(store: Store, part: Json) -> Rendered:
    """Fill a template in, as its reader sees it.

    Raises GraphError 132000 (count), 132001 (name or language), 132005 (too long), 132012 (kind),
    132015 (paused), 132016 (disabled), 132018 (characters).
    """
    name = part.get("name")
    language = part.get("language")
    code = language.get("code") if isinstance(language, dict) else None
    if not isinstance(name, str) or not isinstance(code, str):
        raise GraphError(131008, "template.name and template.language.code are required.")
    row = store.db.execute(
        "SELECT * FROM templates WHERE name = ? AND language = ?", (name, code)
    ).fetchone()
    if row is None or row["status"] in ("PENDING", "REJECTED"):
        raise GraphError(132001, f"Template name ({name}) does not exist in the translation {code}")
    if row["status"] == "PAUSED":
        raise GraphError(132015, f"Template {name} is paused.")
    if row["status"] == "DISABLED":
        raise GraphError(132016, f"Template {name} is disabled.")
    return _filled(loads(row["components"]), _given(part), row["category"], code)


def _checked(body: Mapping[str, Any]) -> str:
    """The category, in capitals. Raises GraphError 100 for what the platform refuses."""
    name, language = body.get("name"), body.get("language")
    category = str(body.get("category", "")).upper()
    if (
        not isinstance(name, str)
        or len(name) > limits.TEMPLATE_NAME_CHARACTERS
        or not re.fullmatch(r"[a-z0-9_]+", name)
    ):
        raise GraphError(100, "name has lower-case letters, digits and underscores only.")
    if not isinstance(language, str) or not LANGUAGE.fullmatch(language):
        raise GraphError(100, "language is a code such as en or en_US.")
    if category not in CATEGORIES:
        raise GraphError(100, f"category is one of {', '.join(CATEGORIES)}.")
    _check_components(body.get("components"))
    return category


def _check_components(components: Any) -> None:
    if not isinstance(components, list) or not all(
        isinstance(part, dict) and isinstance(part.get("type"), str) for part in components
    ):
        raise GraphError(100, "components is a list of objects with a type.")
    if not any(part["type"].upper() == "BODY" for part in components):
        raise GraphError(100, "A template has a BODY component.")
    for part in components:
        text = part.get("text", "")
        if not isinstance(text, str) or len(text) > limits.TEMPLATE_BODY_CHARACTERS:
            raise GraphError(
                100, f"A component's text has at most {limits.TEMPLATE_BODY_CHARACTERS} characters."
            )
        if part["type"].upper() == "BODY" and re.search(r"^\s*\{\{|\}\}\s*$", text):
            raise GraphError(100, "Variables can't be at the start or the end of the template.")


def _given(part: Json) -> dict[str, list[Json]]:
    """The parameters of a send by place: `header`, `body`, `button:0` and so on."""
    given: dict[str, list[Json]] = {}
    components = part.get("components", [])
    if not isinstance(components, list):
        raise GraphError(131009, "template.components is a list.")
    for component in components:
        if not isinstance(component, dict) or not isinstance(component.get("type"), str):
            raise GraphError(131009, "A component is an object with a type.")
        place = component["type"].lower()
        if place == "button":
            place = f"button:{component.get('index')}"
        parameters = component.get("parameters", [])
        if not isinstance(parameters, list) or not all(isinstance(p, dict) for p in parameters):
            raise GraphError(131009, "Parameters are a list of objects.")
        given[place] = parameters
    return given


def _filled(
    components: list[Json], given: dict[str, list[Json]], category: str, language: str
) -> Rendered:
    lines: list[str] = []
    links: list[str] = []
    buttons: list[Json] = []
    expected = {"body"}
    wording = AUTHENTICATION_TEXTS.get(language[:2], AUTHENTICATION_TEXTS["en"])
    for component in components:
        kind = component["type"].upper()
        if kind == "HEADER":
            expected.add("header")
            lines.append(_header(component, given.get("header", [])))
        elif kind == "BODY":
            text = component.get("text")
            if category == "AUTHENTICATION":
                text = wording[0]
                text += wording[1] if component.get("add_security_recommendation") else ""
            body = _fill(str(text), given.get("body", []), "body")
            if len(body) > limits.TEMPLATE_BODY_CHARACTERS:
                raise GraphError(132005, f"The text is {len(body)} characters once filled in.")
            lines.append(body)
        elif kind == "FOOTER":
            minutes = component.get("code_expiration_minutes")
            expires = wording[2].format(minutes=minutes) if minutes else ""
            lines.append(str(component.get("text") or expires))
        elif kind == "BUTTONS":
            for index, button in enumerate(component.get("buttons", [])):
                expected.add(f"button:{index}")
                link, reply = _button(button, given.get(f"button:{index}", []), index)
                links.extend(link)
                buttons.extend(reply)
    for place, parameters in given.items():
        if parameters and place not in expected:
            raise GraphError(132000, f"{place}: the template has no place for parameters there.")
    text = "\n".join(line for line in [*lines, *links] if line)
    return Rendered(text, tuple(buttons), category.lower())


def _header(component: Json, parameters: list[Json]) -> str:
    media = str(component.get("format", "TEXT")).lower()
    if media == "text":
        return _fill(str(component.get("text", "")), parameters, "header")
    if len(parameters) != 1:
        raise GraphError(
            132000, f"header: number of params ({len(parameters)}) does not match the expected 1"
        )
    if parameters[0].get("type") != media or not isinstance(parameters[0].get(media), dict):
        raise GraphError(132012, f"header: the parameter is of type {media}.")
    return ""


def _button(button: Json, parameters: list[Json], index: int) -> tuple[list[str], list[Json]]:
    """What a button adds: its link as a line of text, or itself to tap on."""
    kind = str(button.get("type", "")).upper()
    title = str(button.get("text") or "")
    place = f"button {index}"
    if kind == "QUICK_REPLY":
        payload = parameters[0].get("payload", title) if parameters else title
        if not isinstance(payload, str) or len(payload) > limits.QUICK_REPLY_PAYLOAD_CHARACTERS:
            raise GraphError(132012, f"{place}: the payload is a short text.")
        return [], [{"id": payload, "title": title}]
    if kind == "URL":
        return [_fill(str(button.get("url", "")), parameters, place)], []
    if kind in ("OTP", "COPY_CODE"):
        # The platform fills an OTP button by a text, a coupon button by a coupon_code.
        value = parameters[0].get("coupon_code", parameters[0].get("text")) if parameters else None
        if len(parameters) != 1 or not isinstance(value, str):
            raise GraphError(
                132000,
                f"{place}: number of params ({len(parameters)}) does not match the expected 1",
            )
        return [], [{"id": value, "title": title or "Copy code"}]
    return [], []


def _fill(text: str, parameters: list[Json], place: str) -> str:
    wanted = list(dict.fromkeys(VARIABLE.findall(text)))
    if len(parameters) != len(wanted):
        raise GraphError(
            132000,
            f"{place}: number of localizable_params ({len(parameters)}) does not match the"
            f" expected number of params ({len(wanted)})",
        )
    values: dict[str, str] = {}
    for variable, parameter in zip(wanted, parameters, strict=True):
        name = str(parameter.get("parameter_name") or variable)
        if name not in wanted:
            raise GraphError(132000, f"{place}: there is no parameter {name}.")
        values[name] = _parameter(parameter, place)
    if set(values) != set(wanted):
        raise GraphError(132000, f"{place}: a parameter is given twice.")
    return VARIABLE.sub(lambda match: values[match[1]], text)


def _parameter(parameter: Json, place: str) -> str:
    kind = parameter.get("type")
    if kind in ("currency", "date_time"):
        value = parameter.get(kind)
        text = value.get("fallback_value") if isinstance(value, dict) else None
    elif kind in ("text", "payload"):
        text = parameter.get(kind)
    else:
        raise GraphError(132012, f"{place}: a parameter of type {kind!r} does not fit here.")
    if not isinstance(text, str) or not text.strip():
        raise GraphError(131008, f"{place}: a parameter's text is required.")
    if re.search(r"[\n\t]| {5,}", text):
        raise GraphError(
            132018,
            f"{place}: Param text cannot have new-line/tab characters or more than 4 consecutive"
            " spaces",
        )
    return text
