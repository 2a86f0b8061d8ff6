"""Reading WhatsApp's webhooks: everything in them, in our own words, and never an error.

A payload is `entry[] × changes[] × (messages[] | statuses[])`. Fields come and go, so each item is
read by itself: one that makes no sense is set aside, and its neighbours are kept.
"""

import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final

import phonenumbers

from app.messaging.inbound import Inbound, InboundKind, Parsed, PlatformNotice, StatusUpdate
from app.providers.whatsapp_errors import classify
from app.providers.whatsapp_limits import people_a_day

type Json = dict[str, Any]

_MEDIA: Final = frozenset({"audio", "voice", "image", "video", "document", "sticker"})
_TEXT_CHARACTERS: Final = 4096
_ID_CHARACTERS: Final = 160
_PLATFORM_ID_CHARACTERS: Final = 128
_FORM_FIELDS: Final = 20
_FORM_CHOICES: Final = 20


def parse(body: bytes) -> Parsed:
    """Return everything a webhook holds; a body that is not JSON is one item set aside."""
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return Parsed(set_aside=("not JSON",))
    messages: list[Inbound] = []
    statuses: list[StatusUpdate] = []
    notices: list[PlatformNotice] = []
    aside: list[str] = []
    for field, value in _changes(payload):
        names = _names(value)
        for item in _objects(value.get("messages")):
            _keep(messages, aside, partial(_message, item, names))
        for item in _objects(value.get("statuses")):
            _keep(statuses, aside, partial(_status, item))
        if field != "messages":
            notices.append(_notice(field, value))
        for item in _objects(value.get("user_preferences")):
            _keep(messages, aside, partial(_preference, item))
    return Parsed(messages, statuses, notices, aside)


def _keep[Item](into: list[Item], aside: list[str], read: Callable[[], Item]) -> None:
    try:
        into.append(read())
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        aside.append(f"{type(error).__name__}: {error}"[:100])


def _changes(payload: Any) -> Iterator[tuple[str, Json]]:
    for entry in _objects(payload.get("entry") if isinstance(payload, dict) else None):
        for change in _objects(entry.get("changes")):
            value = change.get("value")
            if isinstance(value, dict):
                yield str(change.get("field") or "messages"), value


def _objects(value: Any) -> list[Json]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _names(value: Json) -> dict[str, Json]:
    """Return the contacts of a change by every id they are known by."""
    found: dict[str, Json] = {}
    for contact in _objects(value.get("contacts")):
        for key in ("wa_id", "user_id"):
            if isinstance(contact.get(key), str):
                found[contact[key]] = contact
    return found


def _message(item: Json, contacts: dict[str, Json]) -> Inbound:
    message_id = item["id"]
    if not isinstance(message_id, str) or not message_id or len(message_id) > _ID_CHARACTERS:
        raise ValueError("a message without an id")
    sender, platform_id = item.get("from"), item.get("from_user_id") or item.get("user_id")
    contact = contacts.get(str(sender)) or contacts.get(str(platform_id)) or {}
    if sender is None and platform_id is None and len(contacts) == 1:
        contact = next(iter(contacts.values()))
    platform_id = _platform_id(platform_id or contact.get("user_id"))
    phone = _phone(sender) or _phone(contact.get("wa_id"))
    if platform_id is None and phone is None:
        # A sender that is no number is the platform's own id put in the phone's place.
        platform_id = _platform_id(sender)
    if phone is None and platform_id is None:
        raise ValueError("a message from nobody")
    context = _part(item, "context")
    return Inbound(
        message_id=message_id,
        sent_at=_instant(item.get("timestamp")),
        phone_from=phone,
        platform_id=platform_id,
        name=_line(_part(contact, "profile").get("name")) or None,
        reply_to=_text(context.get("id")) or None,
        in_group=bool(item.get("group_id") or context.get("group_id")),
        **_content(item),
    )


def _content(item: Json) -> Json:
    """Return kind and content of a message; whatever is not understood is `other`."""
    kind = str(item.get("type") or "")
    if (read := _READERS.get(kind)) is not None:
        return read(_part(item, kind), item)
    if kind in _MEDIA:
        return {"kind": InboundKind.MEDIA, "text": kind}
    if kind in {"edit", "revoke"}:
        return {"kind": InboundKind.EDIT, "text": kind}
    return {"kind": InboundKind.OTHER, "text": kind[:40]}


def _part(item: Json, name: str) -> Json:
    part = item.get(name)
    return part if isinstance(part, dict) else {}


def _words(part: Json, _item: Json) -> Json:
    if not isinstance(part.get("body"), str):
        raise TypeError("a text without words")
    return {"kind": InboundKind.TEXT, "text": _text(part["body"])}


def _button(part: Json, _item: Json) -> Json:
    return _tap(part.get("payload") or part.get("text"), part.get("text"))


def _interactive(part: Json, _item: Json) -> Json:
    reply = _part(part, str(part.get("type")))
    if part.get("type") == "nfm_reply":
        return {"kind": InboundKind.FORM, "answers": _answers(reply.get("response_json"))}
    if "contact" in str(part.get("type")):
        return _own_number(reply, part)
    return _tap(reply.get("id"), reply.get("title"))


def _answers(response: Any) -> dict[str, list[str]]:
    """Return a form's fields, each as a list of what was chosen; whatever is none is left out."""
    try:
        given = json.loads(response) if isinstance(response, str) else response
    except (ValueError, RecursionError):
        return {}
    if not isinstance(given, dict):
        return {}
    answers = {}
    for name, value in list(given.items())[:_FORM_FIELDS]:
        chosen = value if isinstance(value, list) else [value]
        words = [_line(part) for part in chosen[:_FORM_CHOICES] if isinstance(part, str)]
        answers[_line(name)] = [word for word in words if word]
    return answers


def _location(part: Json, _item: Json) -> Json:
    latitude, longitude = float(part["latitude"]), float(part["longitude"])
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise ValueError("a place that is not on the Earth")
    return {"kind": InboundKind.LOCATION, "latitude": latitude, "longitude": longitude}


def _reaction(part: Json, _item: Json) -> Json:
    return {"kind": InboundKind.REACTION, "text": _text(part.get("emoji"))}


def _own_number(part: Json, _item: Json) -> Json:
    phone = _phone(part.get("phone_number") or part.get("phone") or part.get("wa_id"))
    return {"kind": InboundKind.CONTACT, "phone": phone}


def _system(part: Json, _item: Json) -> Json:
    return {
        "kind": InboundKind.MOVED,
        "moved_to_phone": _phone(part.get("wa_id") or part.get("new_wa_id")),
        "moved_to_id": _platform_id(part.get("user_id") or part.get("new_user_id")),
        "text": _text(part.get("type")),
    }


def _tap(payload: Any, title: Any) -> Json:
    if not isinstance(payload, str) or not payload:
        raise ValueError("a tap on nothing")
    return {"kind": InboundKind.TAP, "payload": payload[:256], "text": _text(title)}


def _cards(_part: Json, item: Json) -> Json:
    """A shared contact card counts as their own phone only where the platform vouches for it."""
    cards = _objects(item.get("contacts"))
    phones = _objects(cards[0].get("phones")) if len(cards) == 1 else []
    own = phones[0].get("wa_id") or phones[0].get("phone") if len(phones) == 1 else None
    vouched = bool(cards) and cards[0].get("origin") == "contact_request"
    return {"kind": InboundKind.CONTACT, "phone": _phone(own) if vouched else None}


_READERS: Final[Mapping[str, Callable[[Json, Json], Json]]] = {
    "text": _words,
    "button": _button,
    "interactive": _interactive,
    "location": _location,
    "reaction": _reaction,
    "contacts": _cards,
    "contact_info": _own_number,
    "request_contact_info": _own_number,
    "system": _system,
}


def _preference(item: Json) -> Inbound:
    value = str(item.get("value") or "")
    instant = _instant(item.get("timestamp"))
    phone, platform_id = _phone(item.get("wa_id")), _platform_id(item.get("user_id"))
    if phone is None and platform_id is None:
        raise ValueError("a preference of nobody")
    return Inbound(
        message_id=f"preference:{phone or platform_id}:{int(instant.timestamp())}:{value}"[:160],
        kind=InboundKind.PREFERENCE,
        sent_at=instant,
        phone_from=phone,
        platform_id=platform_id,
        text=value,
    )


def _status(item: Json) -> StatusUpdate:
    status = item["status"]
    if not isinstance(status, str):
        raise TypeError("a status that is no word")
    errors = _objects(item.get("errors"))
    code = errors[0].get("code") if errors else None
    number = int(code) if isinstance(code, int | str) and str(code).lstrip("-").isdigit() else None
    own = item.get("biz_opaque_callback_data")
    provider_id = item.get("id")
    if not isinstance(provider_id, str) and not isinstance(own, str):
        raise TypeError("a status of nothing")
    return StatusUpdate(
        status=status,
        at=_instant(item.get("timestamp")),
        provider_id=provider_id if isinstance(provider_id, str) else None,
        message_id=own if isinstance(own, str) else None,
        code=str(number) if number is not None else None,
        refusal=classify(number) if status == "failed" else None,
        category=_text(_part(item, "pricing").get("category"))[:24] or None,
    )


def _notice(field: str, value: Json) -> PlatformNotice:
    about = value.get("message_template_name") or value.get("display_phone_number") or ""
    told = [value.get(name) for name in ("reason", "new_quality_score", "new_category")]
    return PlatformNotice(
        field[:64],
        _line(about),
        _line(value.get("event"))[:64],
        _line(value.get("message_template_language"))[:16],
        next(filter(None, map(_line, told)), ""),
        people_a_day(value),
    )


def _instant(value: Any) -> dt.datetime:
    """Return the platform's time; seconds since 1970, as text or number. Raises ValueError."""
    seconds = float(value)
    if seconds > 1e11:
        seconds /= 1000
    instant = dt.datetime.fromtimestamp(seconds, dt.UTC)
    if not 2015 <= instant.year <= 2100:
        raise ValueError("a time out of any reason")
    return instant


def _phone(value: Any) -> str | None:
    """Return a `wa_id` (digits) or a phone as E.164, or None where it is no number."""
    if not isinstance(value, str):
        return None
    digits = value.strip().removeprefix("+")
    if not digits.isascii() or not digits.isdigit() or not 5 <= len(digits) <= 15:
        return None
    try:
        number = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _platform_id(value: Any) -> str | None:
    if not isinstance(value, str) or not 1 <= len(value) <= _PLATFORM_ID_CHARACTERS:
        return None
    return value if value.isprintable() and not value.isspace() else None


def _text(value: Any) -> str:
    """Return a person's text, without what no database stores."""
    if not isinstance(value, str):
        return ""
    return "".join(c for c in value if c != "\0" and not 0xD800 <= ord(c) <= 0xDFFF)[
        :_TEXT_CHARACTERS
    ]


def _line(value: Any) -> str:
    return " ".join(_text(value).split())[:120]
