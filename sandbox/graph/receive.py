"""What a person does: their messages and taps, turned into the platform's webhooks."""

import time
from typing import Any

from sandbox import faults
from sandbox.config import SandboxConfig
from sandbox.deliver import Deliverer
from sandbox.graph import flows, media, people, webhooks
from sandbox.graph.people import Person
from sandbox.graph.send import new_message_id, now_in_sandbox
from sandbox.problem import Problem
from sandbox.store import Json, Store, dumps, loads, readable

#: A tap is looked for in this many of the latest messages to that person.
TAPPABLE_MESSAGES = 200

#: These say nothing to the business and so do not open the 24-hour window.
_WITHOUT_WINDOW = frozenset({"system", "unsupported"})

PERSON_FAULTS = {"missing_phone": "the message comes without the person's phone"}


def receive(
    config: SandboxConfig, store: Store, deliverer: Deliverer, body: Json
) -> tuple[str, list[int]]:
    """One person sends one message: it is written down and its webhook is queued.

    Returns the message id and the webhook ids to deliver now. Raises Problem 422.
    """
    message = body.get("message")
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise Problem(422, "invalid_body", "`message` is an object with a `type`.")
    for name in ("phone", "user_id", "name", "message_id", "context_id"):
        value = body.get(name)
        if value is not None and (not isinstance(value, str) or readable(value) != value):
            raise Problem(422, "invalid_body", f"`{name}` is text.")
    phone_hidden = not body.get("phone") or bool(people.USER_ID.fullmatch(body["phone"].strip()))
    with store.write() as db:
        person = people.meet(store, body.get("phone"), body.get("user_id"), body.get("name"))
        id_ = str(body.get("message_id") or new_message_id())
        sent, text = _on_the_wire(config, store, person, message, body.get("context_id"))
        now = now_in_sandbox(store)
        if message["type"] not in _WITHOUT_WINDOW:
            db.execute("UPDATE people SET last_inbound_at = ? WHERE id = ?", (now, person.id))
        db.execute(
            "INSERT INTO messages (id, person_id, incoming, at, recipient, type, text, buttons,"
            " rows, payload, status) VALUES (?, ?, 1, ?, ?, ?, ?, '[]', '[]', ?, 'sent')"
            " ON CONFLICT (id) DO NOTHING",
            (
                id_,
                person.id,
                time.time(),
                config.display_phone_number,
                readable(sent["type"]),
                readable(text),
                dumps(sent),
            ),
        )
        store.note("received", f"from {person.shown}: {text[:120]}", person_id=person.id)
        if faults.take(store, "whatsapp", "person") is not None:
            phone_hidden = True
        item = webhooks.incoming(id_, person, sent, show_phone=not phone_hidden)
        ids = deliverer.enqueue("whatsapp", item, ref=id_, at_once=False)
    return id_, ids


def _on_the_wire(
    config: SandboxConfig, store: Store, person: Person, message: Json, context_id: str | None
) -> tuple[Json, str]:
    """The message as the platform posts it, and how it reads in the chat."""
    kind = message["type"]
    context = _context(config, context_id)
    if kind == "text":
        wire, text = _text(message)
    elif kind == "button_reply":
        wire, text, found = _button(store, person, _id_of(message))
        context = context or _context(config, found)
    elif kind == "list_reply":
        wire, text, found = _row(store, person, _id_of(message))
        context = context or _context(config, found)
    elif kind == "location":
        wire, text = _location(message)
    elif kind in ("flow_reply", "nfm_reply"):
        wire, text, found = _filled_in(store, person, message, context_id)
        context = context or _context(config, found)
    else:
        wire, text = _any_other(store, person, message)
    if context is not None:
        wire["context"] = context
    return wire, text


def _text(message: Json) -> tuple[Json, str]:
    given = message.get("text")
    text = given.get("body") if isinstance(given, dict) else given
    if not isinstance(text, str):
        raise Problem(422, "invalid_body", "`message.text` is text.")
    return {**_rest(message, "text"), "type": "text", "text": {"body": text}}, text


def _location(message: Json) -> tuple[Json, str]:
    given = message["location"] if isinstance(message.get("location"), dict) else message
    place = {
        name: given[name]
        for name in ("latitude", "longitude", "name", "address", "url")
        if given.get(name) is not None
    }
    for name in ("latitude", "longitude"):
        if isinstance(place.get(name), bool) or not isinstance(place.get(name), int | float):
            raise Problem(422, "invalid_body", f"`message.{name}` is a number.")
    label = place.get("name") or f"{place['latitude']}, {place['longitude']}"
    return {"type": "location", "location": place}, f"📍 {label}"


def _button(store: Store, person: Person, id_: str) -> tuple[Json, str, str | None]:
    found = _tapped(store, person, "buttons", id_)
    if found is None:
        reply = {"id": id_, "title": id_[:20]}
        return _interactive("button_reply", reply), reply["title"], None
    message_id, kind, button = found
    title = str(button["title"])
    if kind == "template":
        return {"type": "button", "button": {"payload": id_, "text": title}}, title, message_id
    return _interactive("button_reply", {"id": id_, "title": title}), title, message_id


def _filled_in(
    store: Store, person: Person, message: Json, context_id: str | None
) -> tuple[Json, str, str | None]:
    """A form that was filled in: `response` as its fields, or `response_json` as it is posted."""
    rows = store.db.execute(
        "SELECT id, payload FROM messages WHERE person_id = ? AND incoming = 0"
        " AND status != 'failed' AND type = 'interactive' ORDER BY seq DESC LIMIT ?",
        (person.id, TAPPABLE_MESSAGES),
    )
    found, token = next(
        (
            (str(row["id"]), token)
            for row in rows
            if context_id in (None, row["id"])
            and (token := flows.token_of(loads(row["payload"]))) is not None
        ),
        (None, None),
    )
    posted = message.get("response_json")
    if posted is None:
        response = message.get("response", {})
        if not isinstance(response, dict):
            raise Problem(422, "invalid_body", "`message.response` is an object of fields.")
        posted = dumps(response if token is None else {"flow_token": token, **response})
    reply = {"name": "flow", "body": "Sent", "response_json": posted}
    return _interactive("nfm_reply", reply), "Sent", found


def _row(store: Store, person: Person, id_: str) -> tuple[Json, str, str | None]:
    found = _tapped(store, person, "rows", id_)
    title = str(found[2]["title"]) if found else id_[:24]
    reply = {"id": id_, "title": title}
    if found and found[2].get("description"):
        reply["description"] = found[2]["description"]
    return _interactive("list_reply", reply), title, found[0] if found else None


def _tapped(store: Store, person: Person, column: str, id_: str) -> tuple[str, str, Json] | None:
    rows = store.db.execute(
        f"SELECT id, type, {column} AS options FROM messages WHERE person_id = ? AND incoming = 0"
        f" AND status != 'failed' AND {column} != '[]' ORDER BY seq DESC LIMIT ?",
        (person.id, TAPPABLE_MESSAGES),
    )
    for row in rows:
        for option in loads(row["options"]):
            if option["id"] == id_:
                return row["id"], row["type"], option
    return None


def _any_other(store: Store, person: Person, message: Json) -> tuple[Json, str]:
    """Any other type of the platform passes as given; what it can't do without is filled in."""
    kind = message["type"]
    wire = dict(message)
    if kind in ("image", "audio", "video", "document", "sticker") and not isinstance(
        wire.get(kind), dict
    ):
        wire = {**_rest(message, kind), "type": kind, kind: _media(store, kind, message)}
    elif kind == "reaction" and not isinstance(wire.get("reaction"), dict):
        wire = {
            "type": kind,
            "reaction": {
                "message_id": str(message.get("message_id", "")),
                "emoji": str(message.get("emoji", "👍")),
            },
        }
    elif kind == "unsupported" and "errors" not in wire:
        details = {"details": "Message type is not currently supported"}
        error = {"code": 131051, "title": "Unsupported message type", "error_data": details}
        wire["errors"] = [error]
    elif kind == "contacts" and not isinstance(wire.get("contacts"), list):
        wire = {"type": kind, "contacts": [_own_card(person, message)]}
    return wire, f"[{kind}]"


def _own_card(person: Person, message: Json) -> Json:
    """The answer to a contact-info request: the person's own card."""
    phone = people.digits_of(str(message.get("phone") or person.phone or ""))
    if not phone:
        raise Problem(422, "invalid_body", "`message.phone` is the number that is shared.")
    return {
        "origin": "contact_request",
        "name": {"formatted_name": person.name, "first_name": person.name},
        "phones": [{"phone": f"+{phone}", "wa_id": phone, "type": "CELL"}],
    }


def _media(store: Store, kind: str, message: Json) -> Json:
    part = media.from_person(store, kind)
    if message.get("caption"):
        part["caption"] = str(message["caption"])
    if kind == "audio":
        part["voice"] = True
    return part


def _interactive(kind: str, reply: Json) -> Json:
    return {"type": "interactive", "interactive": {"type": kind, kind: reply}}


def _id_of(message: Json) -> str:
    id_ = message.get("id")
    if not isinstance(id_, str) or not id_:
        raise Problem(422, "invalid_body", "`message.id` is the id of what is tapped.")
    return id_


def _context(config: SandboxConfig, message_id: str | None) -> Json | None:
    if message_id is None:
        return None
    return {"from": _digits(config.display_phone_number), "id": message_id}


def _digits(number: str) -> str:
    return "".join(character for character in number if character.isdigit())


def _rest(message: Json, *named: str) -> dict[str, Any]:
    return {name: value for name, value in message.items() if name not in {"type", *named}}


def open_windows(config: SandboxConfig, store: Store, payload: object) -> None:
    """Open the window of everybody who writes to (or calls) our number in a payload of any shape."""
    for value in _values(payload):
        metadata = value.get("metadata")
        number = metadata.get("phone_number_id") if isinstance(metadata, dict) else None
        if number not in (None, config.phone_number_id):
            continue
        for item in [*_objects(value.get("messages")), *_objects(value.get("calls"))]:
            phone, user_id = item.get("from"), item.get("from_user_id")
            known = isinstance(user_id, str) and people.USER_ID.fullmatch(user_id)
            digits = people.digits_of(phone) if isinstance(phone, str) else ""
            with store.write() as db:
                if 7 <= len(digits) <= 15:
                    person = people.with_phone(store, digits)
                elif known:
                    person = people.with_user_id(store, str(user_id))
                else:
                    continue
                db.execute(
                    "UPDATE people SET last_inbound_at = ? WHERE id = ?",
                    (now_in_sandbox(store), person.id),
                )


def _values(payload: object) -> list[Json]:
    entries = payload.get("entry") if isinstance(payload, dict) else None
    changes = [change for entry in _objects(entries) for change in _objects(entry.get("changes"))]
    return [value for change in changes if isinstance(value := change.get("value"), dict)]


def _objects(value: object) -> list[Json]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
