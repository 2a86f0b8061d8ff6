"""Reads WhatsApp's webhooks into our own types; never raises.

A payload is `entry[] × changes[] × (messages[] | statuses[] | events)`. Each item is read by itself: one that can't
be read is set aside, and its neighbours are kept.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import Any, Final

from app.messaging.inbound import Inbound, Parsed, PlatformEvent, StatusUpdate
from app.providers.whatsapp.errors import classify, code_of
from app.providers.whatsapp.fields import (
    Json,
    Unreadable,
    instant,
    known,
    line,
    message_id,
    objects,
    part,
)
from app.providers.whatsapp.inbound_message import (
    contacts_of,
    read_call,
    read_message,
    read_new_id,
    read_preference,
)
from app.providers.whatsapp.limits import people_a_day
from app.texts.catalogue import CATEGORIES

_ALARMING: Final = frozenset(
    {
        "account_alerts",
        "account_review_update",
        "account_update",
        "business_capability_update",
        "business_status_update",
        "errors",
        "flows",
        "message_template_quality_update",
        "message_template_status_update",
        "phone_number_quality_update",
        "security",
        "template_category_update",
    }
)
"""Events that raise an alert, unless they are good; others are only logged."""
_NO_EVENTS: Final = frozenset(
    {
        "contacts",
        "history",
        "message_echoes",
        "smb_app_state_sync",
        "smb_message_echoes",
        "standby",
        "user_id_update",
        "user_preferences",
    }
)
"""Echoes, history and fields that are read item by item: no events of our account."""
_STATUSES: Final = frozenset(
    {"accepted", "sent", "delivered", "read", "failed", "played", "deleted", "warning", "pending"}
)
"""The known statuses; some have no consequence."""
_NUMBER_CHARACTERS: Final = 64
_GOOD: Final = frozenset(
    {"APPROVED", "GREEN", "ONBOARDING", "PUBLISHED", "REINSTATED", "UNFLAGGED", "UPGRADE"}
)
_ITEMS_OF_A_NUMBER: Final = ("messages", "calls", "user_preferences", "user_id_update")


def parse(body: bytes, numbers: Collection[str] = ()) -> Parsed:
    """Return the items of a webhook; a body that is not JSON is one item set aside.

    All numbers of a business account share a webhook. `numbers` are the platform's ids of ours: items of other
    numbers are only counted. Their statuses are kept and marked, because a message may have been sent from a
    number that we no longer use.
    """
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return Parsed(set_aside=("not JSON",))
    messages: list[Inbound] = []
    statuses: list[StatusUpdate] = []
    notices: list[PlatformEvent] = []
    aside: list[str] = []
    not_ours: Counter[str] = Counter()
    for field, value, at in _changes(payload, aside):
        number, ours = _addressed(value, numbers)
        if field == "messages":
            for item in _items(value, "statuses", aside):
                _keep(statuses, aside, partial(_status, item, number, ours=ours))
        if not ours:
            not_ours += Counter(
                {name: len(objects(value.get(name))) for name in _ITEMS_OF_A_NUMBER}
            )
            not_ours["changes"] += 1
            continue
        contacts, business = contacts_of(value), _own_number(value)
        if field == "messages":
            for item in _items(value, "messages", aside):
                _keep(messages, aside, partial(read_message, item, contacts, business))
        elif field == "calls":
            for item in _items(value, "calls", aside):
                _keep(messages, aside, partial(read_call, item, contacts))
        elif field not in _NO_EVENTS:
            notices.append(_event(field, value, at))
        for item in _items(value, "user_preferences", aside):
            _keep(messages, aside, partial(read_preference, item))
        for item in _items(value, "user_id_update", aside):
            _keep(messages, aside, partial(read_new_id, item))
        notices += [
            PlatformEvent(
                "errors",
                event="" if (code := code_of(item)) is None else str(code),
                alarming=True,
                content_key=_content_key("errors", item, at),
                dated=at is not None,
            )
            for item in _items(value, "errors", aside)
        ]
    return Parsed(messages, statuses, notices, aside, dict(not_ours))


def _addressed(value: Json, numbers: Collection[str]) -> tuple[str | None, bool]:
    """Return the id of a change's number, if it names one, and whether it is ours.

    Events of the whole account name none, and are ours.
    """
    given = part(value, "metadata").get("phone_number_id")
    if given is None or isinstance(given, bool) or not isinstance(given, str | int):
        return None, given is None or not numbers
    number = str(given).strip()[:_NUMBER_CHARACTERS]
    return number, not numbers or number in numbers


def _keep[Item](into: list[Item], aside: list[str], read: Callable[[], Item | None]) -> None:
    try:
        if (item := read()) is not None:
            into.append(item)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, OSError) as error:
        # The content stays out of the log.
        aside.append(str(error) if isinstance(error, Unreadable) else type(error).__name__)


def _changes(payload: Any, aside: list[str]) -> Iterator[tuple[str, Json, Any]]:
    """Yield each change's field and value, and its time where the platform gives one."""
    if not isinstance(payload, dict):
        aside.append("no object")
        return
    for entry in _items(payload, "entry", aside):
        for change in _items(entry, "changes", aside):
            value = change.get("value")
            if isinstance(value, dict):
                yield line(change.get("field") or "messages")[:64], value, entry.get("time")
            else:
                aside.append("a change without a value")


def _items(value: Json, name: str, aside: list[str]) -> list[Json]:
    """Return the objects of a list that may be missing; what else is in it is set aside."""
    given = value.get(name)
    found = objects(given)
    strange = len(given) - len(found) if isinstance(given, list) else int(given is not None)
    aside.extend([f"no object in {name}"] * strange)
    return found


def _own_number(value: Json) -> str | None:
    shown = part(value, "metadata").get("display_phone_number")
    digits = "".join(c for c in shown if c.isdigit()) if isinstance(shown, str) else ""
    return digits or None


def _status(item: Json, number_id: str | None, *, ours: bool) -> StatusUpdate:
    status = item["status"]
    if not isinstance(status, str):
        raise Unreadable("a status that is no word")
    known(status, _STATUSES, "status")
    errors = objects(item.get("errors"))
    code = code_of(errors[0]) if errors else None
    own, provider_id = item.get("biz_opaque_callback_data"), message_id(item.get("id"))
    if provider_id is None and not isinstance(own, str):
        raise Unreadable("a status of nothing")
    return StatusUpdate(
        status=status,
        at=instant(item.get("timestamp")),
        provider_id=provider_id,
        message_id=own if isinstance(own, str) else None,
        code=str(code) if code is not None else None,
        refusal=classify(code) if status == "failed" else None,
        category=line(part(item, "pricing").get("category"))[:24] or None,
        number_id=number_id,
        ours=ours,
    )


def _content_key(field: str, value: Json, at: Any) -> str:
    """Return a hash of the content that ignores spaces and the order of keys."""
    content = json.dumps([field, value, at], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


def _event(field: str, value: Json, at: Any) -> PlatformEvent:
    event = line(value.get("event") or part(value, "alert_info").get("alert_type"))[:64]
    reasons = ("new_category", "reason", "new_quality_score", "new_status")
    detail = next(filter(None, (line(value.get(name)) for name in reasons)), "")
    good = not _GOOD.isdisjoint({event.upper(), detail.upper()})
    return PlatformEvent(
        field,
        line(value.get("message_template_name") or value.get("display_phone_number")),
        event,
        line(value.get("message_template_language"))[:16],
        detail,
        people_a_day(value),
        alarming=field in _ALARMING and not good,
        category=_category(value),
        content_key=_content_key(field, value, at),
        dated=at is not None,
    )


def _category(value: Json) -> str:
    """Return a template's new category, or "" where it is missing or unknown."""
    given = value.get("new_category") or value.get("message_template_category")
    if given is None:
        return ""
    return known(line(given).lower(), CATEGORIES, "template_category")
