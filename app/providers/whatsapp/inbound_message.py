"""Reads one message of a person from WhatsApp's payload.

A malformed message raises, and the caller sets it aside. An unknown kind is a message of kind `other`, because its
sender waits for an answer.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Final

from app.core.geo import Point, on_grid
from app.messaging.inbound import Inbound, InboundKind
from app.providers.whatsapp.fields import (
    Json,
    Unreadable,
    instant,
    known,
    line,
    message_id,
    objects,
    part,
    person_id,
    phone,
    text,
)

_MEDIA: Final = frozenset({"audio", "voice", "image", "video", "document", "sticker"})
_OPENED: Final = "hi"
"""The text of a person who opens the chat for the first time and writes nothing."""
_TAP_CHARACTERS: Final = 256
_FORM_FIELDS: Final = 20
_FORM_CHOICES: Final = 20
_MOVES: Final = frozenset(
    {"user_changed_number", "customer_changed_number", "user_changed_user_id"}
)
"""System messages about a new number or id."""
_OTHER_SYSTEM: Final = frozenset({"customer_identity_changed", "user_identity_changed"})
_ASKED_CONTACT: Final = frozenset(
    {"contact_info", "contact_info_reply", "request_contact_info", "request_contact_info_reply"}
)
"""Answers to our request for a person's own number."""
_PREFERENCES: Final = frozenset({"stop", "resume", "signup"})
_MARKETING_PREFERENCE: Final = "marketing_messages"
_CHANGED: Final = re.compile(r"changed from (\S+) to (\S+)$")
"""The end of a system message's text; before it is a name that the person chose."""


def contacts_of(value: Json) -> dict[str, Json]:
    """Return the contacts of a change by each of their ids."""
    found: dict[str, Json] = {}
    for contact in objects(value.get("contacts")):
        for key in ("wa_id", "user_id"):
            if isinstance(contact.get(key), str):
                found[contact[key]] = contact
    return found


def read_message(item: Json, contacts: Mapping[str, Json], business: str | None) -> Inbound:
    """Return one message. `business` is our own number (digits), whose echoes are refused.

    Raises KeyError, TypeError or ValueError for a malformed one.
    """
    if (id_ := message_id(item.get("id"))) is None:
        raise Unreadable("a message without an id")
    sender, own_id = item.get("from"), item.get("from_user_id") or item.get("user_id")
    if business is not None and sender == business:
        raise Unreadable("a message of our own")
    contact = contacts.get(str(sender)) or contacts.get(str(own_id)) or {}
    if sender is None and own_id is None and len({id(each) for each in contacts.values()}) == 1:
        contact = next(iter(contacts.values()))
    platform_id = person_id(own_id or contact.get("user_id"))
    from_phone = phone(sender) or phone(contact.get("wa_id"))
    if platform_id is None and from_phone is None:
        # A sender that is no number is the platform's id.
        platform_id = person_id(sender) or _before_the_change(item)
    if from_phone is None and platform_id is None:
        raise Unreadable("a message from nobody")
    context = part(item, "context")
    return Inbound(
        message_id=id_,
        sent_at=instant(item.get("timestamp")),
        phone_from=from_phone,
        platform_id=platform_id,
        name=line(part(contact, "profile").get("name")) or None,
        reply_to=message_id(context.get("id")),
        in_group=bool(item.get("group_id") or context.get("group_id")),
        **_content(item),
    )


def _before_the_change(item: Json) -> str | None:
    """Return the former id in a system message, which names no sender."""
    system = part(item, "system")
    if (given := person_id(system.get("previous_user_id"))) is not None:
        return given
    found = _CHANGED.search(line(system.get("body")))
    if found is None or found[2] != system.get("user_id"):
        return None
    return person_id(found[1])


def _content(item: Json) -> Json:
    """Return kind and content of a message; an unknown kind is `other`."""
    kind = str(item.get("type") or "")
    if (read := _READERS.get(kind)) is not None:
        return read(part(item, kind), item)
    if kind in _MEDIA:
        return {"kind": InboundKind.MEDIA, "text": kind}
    if kind in {"edit", "revoke"}:
        return {"kind": InboundKind.EDIT, "text": kind}
    return _other(kind)


def _other(kind: str) -> Json:
    return {"kind": InboundKind.OTHER, "text": line(kind)[:40]}


def _words(words: Json, _item: Json) -> Json:
    if not isinstance(words.get("body"), str):
        raise Unreadable("a text without words")
    return {"kind": InboundKind.TEXT, "text": text(words["body"])}


def _opened(_nothing: Json, _item: Json) -> Json:
    return {"kind": InboundKind.TEXT, "text": _OPENED}


def _button(button: Json, _item: Json) -> Json:
    return _tap(button.get("payload") or button.get("text"), button.get("text"))


def _interactive(answer: Json, _item: Json) -> Json:
    kind = str(answer.get("type"))
    reply = part(answer, kind)
    if kind in {"button_reply", "list_reply"}:
        return _tap(reply.get("id"), reply.get("title"))
    if kind == "nfm_reply":
        return {"kind": InboundKind.FORM, "answers": _answers(reply.get("response_json"))}
    if kind in _ASKED_CONTACT:
        return _own_number(reply, answer)
    return _other(kind)


def _answers(response: object) -> dict[str, list[str]]:
    """Return a form's fields, each as the list of its choices; invalid ones are left out."""
    try:
        given = json.loads(response) if isinstance(response, str) else response
    except (ValueError, RecursionError):
        return {}
    if not isinstance(given, dict):
        return {}
    answers = {}
    for name, value in list(given.items())[:_FORM_FIELDS]:
        chosen = value if isinstance(value, list) else [value]
        words = [line(choice) for choice in chosen[:_FORM_CHOICES] if isinstance(choice, str)]
        answers[line(name)] = [word for word in words if word]
    return answers


def _tap(payload: object, title: object) -> Json:
    if not (chosen := text(payload)[:_TAP_CHARACTERS]):
        raise Unreadable("a tap on nothing")
    return {"kind": InboundKind.TAP, "payload": chosen, "text": text(title)}


def _location(pin: Json, _item: Json) -> Json:
    latitude, longitude = float(pin["latitude"]), float(pin["longitude"])
    try:
        place = on_grid(Point(latitude, longitude))
    except ValueError:
        raise Unreadable("a place that is not on the Earth") from None
    return {
        "kind": InboundKind.LOCATION,
        "latitude": place.latitude,
        "longitude": place.longitude,
    }


def _reaction(reaction: Json, _item: Json) -> Json:
    return {"kind": InboundKind.REACTION, "text": text(reaction.get("emoji"))}


def _own_number(given: Json, _item: Json) -> Json:
    number = phone(given.get("phone_number") or given.get("phone") or given.get("wa_id"))
    return {"kind": InboundKind.CONTACT, "phone": number}


def _cards(_nothing: Json, item: Json) -> Json:
    """Return a shared contact; it is their own phone only where the platform vouches for it."""
    cards = objects(item.get("contacts"))
    phones = objects(cards[0].get("phones")) if len(cards) == 1 else []
    own = phones[0].get("wa_id") or phones[0].get("phone") if len(phones) == 1 else None
    vouched = bool(cards) and cards[0].get("origin") == "contact_request"
    return {"kind": InboundKind.CONTACT, "phone": phone(own) if vouched else None}


def _system(system: Json, _item: Json) -> Json:
    if known(system.get("type"), _MOVES | _OTHER_SYSTEM, "system") not in _MOVES:
        return {"kind": InboundKind.MOVED, "text": line(system.get("type"))}
    return {
        "kind": InboundKind.MOVED,
        "moved_to_phone": phone(system.get("wa_id") or system.get("new_wa_id")),
        "moved_to_id": person_id(system.get("user_id") or system.get("new_user_id")),
        "text": line(system.get("type")),
    }


_READERS: Final[Mapping[str, Callable[[Json, Json], Json]]] = {
    "text": _words,
    "request_welcome": _opened,
    "button": _button,
    "interactive": _interactive,
    "location": _location,
    "reaction": _reaction,
    "contacts": _cards,
    "contact_info": _own_number,
    "request_contact_info": _own_number,
    "system": _system,
}


def read_preference(item: Json) -> Inbound:
    """Return a choice about marketing messages. Raises ValueError."""
    value, at = known(item.get("value"), _PREFERENCES, "preference"), instant(item.get("timestamp"))
    if (category := item.get("category")) is not None:
        value = known(category, frozenset({_MARKETING_PREFERENCE}), "preference_category") and value
    own_phone, platform_id = phone(item.get("wa_id")), person_id(item.get("user_id"))
    if own_phone is None and platform_id is None:
        raise Unreadable("a preference of nobody")
    return Inbound(
        message_id=f"preference:{own_phone or platform_id}:{int(at.timestamp())}:{value}"[:160],
        kind=InboundKind.PREFERENCE,
        sent_at=at,
        phone_from=own_phone,
        platform_id=platform_id,
        text=value,
    )


def read_new_id(item: Json) -> Inbound:
    """Return a person's change of id. Raises ValueError."""
    ids, at = part(item, "user_id"), instant(item.get("timestamp"))
    before, after = person_id(ids.get("previous")), person_id(ids.get("current"))
    if before is None or after is None:
        raise Unreadable("a change of id that names no ids")
    return Inbound(
        message_id=f"new_id:{int(at.timestamp())}:{before[-60:]}:{after[-60:]}",
        kind=InboundKind.MOVED,
        sent_at=at,
        platform_id=before,
        moved_to_id=after,
        moved_to_phone=phone(item.get("wa_id")),
        text="user_id_update",
    )


def read_call(item: Json, contacts: Mapping[str, Json]) -> Inbound | None:
    """Return a person's call, which opens the 24-hour window; None for other events of calls.

    Raises KeyError, TypeError or ValueError for a malformed one.
    """
    if item.get("event") != "connect" or item.get("direction") not in {None, "USER_INITIATED"}:
        return None
    if (id_ := message_id(item.get("id"))) is None:
        raise Unreadable("a call without an id")
    sender, own_id = item.get("from"), item.get("from_user_id") or item.get("user_id")
    contact = contacts.get(str(sender)) or contacts.get(str(own_id)) or {}
    from_phone, platform_id = phone(sender), person_id(own_id or contact.get("user_id"))
    if from_phone is None and platform_id is None:
        raise Unreadable("a call from nobody")
    return Inbound(
        message_id=f"call:{id_}"[:160],
        kind=InboundKind.CALL,
        sent_at=instant(item.get("timestamp")),
        phone_from=from_phone,
        platform_id=platform_id,
        name=line(part(contact, "profile").get("name")) or None,
    )
