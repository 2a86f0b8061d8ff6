"""Sending: a message is checked, accepted, written down, and its statuses are queued."""

import base64
import math
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox import faults
from sandbox.config import SandboxConfig
from sandbox.deliver import Deliverer
from sandbox.faults import Fault
from sandbox.graph import content, limits, people, webhooks
from sandbox.graph.content import Content
from sandbox.graph.errors import GraphError, webhook_error
from sandbox.graph.people import Person
from sandbox.store import Json, Store, dumps, loads, readable

#: What a scripted fault does to the answer of a send.
CALL_FAULTS = {
    "timeout_after_accept": "accepted, and the answer never comes",
    "drop_after_accept": "accepted, and the connection breaks before the answer",
    "http_500_after_accept": "accepted, and answered with 500 (code 1, or `code`)",
    "timeout": "not accepted, and no answer comes",
    "http_500": "refused with 500 (code 1, or `code`)",
    "http_503": "refused with 503 (code 131016, or `code`)",
    "html_502": "refused with an HTML page and 502",
    "rate_limited": "refused with 130429 (or `code`)",
    "pair_limited": "refused with 131056",
    "spam_limited": "refused with 131048 (or `code`, such as 131064)",
    "graph_limited": "refused with 613 (or `code`: 17, 32, 80008)",
    "not_registered": "refused with 133010 (or `code`: 133000 to 133016)",
    "unapproved": "refused with 131037",
    "deleted": "refused with 33",
    "elsewhere": "refused with 131063: marketing goes to `marketing_messages`",
    "unknown": "refused with a code nobody knows (999999, or `code`)",
    "template_paused": "refused with 132015",
    "flow_blocked": "refused with 132068 (or `code`, such as 132069)",
    "token_expired": "refused with 190",
    "locked": "refused with 131031",
    "error": "refused with `code` (default 131000)",
    "blocked": "accepted, then failed with 131026 (or `code`): the person can't be reached",
    "window_closed": "accepted, then failed with 131047",
    "failed": "accepted, then failed with `code` (default 131000)",
    "no_status": "accepted and received, and no status ever comes",
    "skip_delivered": "accepted and received, the delivered status never comes",
}
_REFUSING = {
    "http_500": 1,
    "http_503": 131016,
    "rate_limited": 130429,
    "pair_limited": 131056,
    "spam_limited": 131048,
    "graph_limited": 613,
    "not_registered": 133010,
    "unapproved": 131037,
    "deleted": 33,
    "elsewhere": 131063,
    "unknown": 999999,
    "template_paused": 132015,
    "flow_blocked": 132068,
    "token_expired": 190,
    "locked": 131031,
    "error": 131000,
}
_LYING = {"http_500_after_accept": 1}
_FAILING = {"blocked": 131026, "window_closed": 131047, "failed": 131000}


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer to an accepted send, and the fault (if any) that its answer will meet."""

    answer: Json
    fault: Fault | None


class RefusedByFault(Exception):
    """A scripted refusal that is not a Graph error: an HTML page, or silence."""

    def __init__(self, kind: str) -> None:
        """`kind` is the fault's name."""
        super().__init__(kind)
        self.kind = kind


def now_in_sandbox(store: Store) -> float:
    """Unix seconds, plus what the clock was advanced by: for the window and pair limits only."""
    return time.time() + float(store.setting("clock_advance_seconds", "0"))


def new_message_id() -> str:
    """An id in the platform's manner."""
    return "wamid." + base64.urlsafe_b64encode(b"HBg" + secrets.token_bytes(30)).decode()


def send(
    config: SandboxConfig,
    store: Store,
    deliverer: Deliverer,
    body: Json,
    *,
    marketing: bool = False,
) -> Accepted:
    """Accept a message, or refuse it as the platform would.

    `marketing` is the way that takes marketing templates, and only those: by the category that a template
    has now. Raises GraphError, and RefusedByFault for a scripted answer that isn't one.
    """
    address, by_user_id = _recipient(body)
    callback_data = body.get("biz_opaque_callback_data")
    if callback_data is not None:
        content.characters(
            callback_data, "biz_opaque_callback_data", limits.CALLBACK_DATA_CHARACTERS
        )
    if people.digits_of(address) == people.digits_of(config.display_phone_number):
        raise GraphError(131021, "The recipient is the number that sends.")
    shown = content.read(store, body)
    _check_way(shown, marketing=marketing)
    if by_user_id and shown.category == "authentication":
        raise GraphError(131062, "Authentication templates are sent to phone numbers only.")
    # A transaction of its own: a fault stays used up although the call it refuses is undone.
    fault = faults.take(store, "whatsapp", "call")
    _refuse(fault)
    with store.write():
        return _accept(config, store, deliverer, body, shown, address, by_user_id, fault)


def _check_way(shown: Content, *, marketing: bool) -> None:
    if marketing and shown.free_form:
        raise GraphError(100, "Message must be a template message.")
    if marketing and shown.category != "marketing":
        raise GraphError(134100, "Only templates categorized as marketing can be sent here.")
    if not marketing and not shown.free_form and shown.category == "marketing":
        raise GraphError(131063, "Send marketing templates to /marketing_messages.")


def _recipient(body: Json) -> tuple[str, bool]:
    if body.get("messaging_product") != "whatsapp":
        raise GraphError(100, "The parameter messaging_product is required and is whatsapp.")
    if body.get("recipient_type", "individual") != "individual":
        raise GraphError(100, "recipient_type is individual.")
    to, recipient = body.get("to"), body.get("recipient")
    if to is not None and recipient is not None:
        raise GraphError(100, "Give either to or recipient, not both.")
    if recipient is not None:
        if not isinstance(recipient, str) or not people.USER_ID.fullmatch(recipient):
            raise GraphError(100, "recipient is a business-scoped user id.")
        return recipient, True
    if not isinstance(to, str) or not to.strip():
        raise GraphError(100, "The parameter to is required.")
    if not people.USER_ID.fullmatch(to) and not 7 <= len(people.digits_of(to)) <= 15:
        raise GraphError(100, "to is a phone number with its country code.")
    return to, False


def _refuse(fault: Fault | None) -> None:
    if fault is None:
        return
    if fault.kind in ("timeout", "html_502"):
        raise RefusedByFault(fault.kind)
    if fault.kind in _REFUSING:
        raise _scripted(fault, _REFUSING)


def _scripted(fault: Fault, codes: Mapping[str, int]) -> GraphError:
    return GraphError(_code(fault, codes), f"Scripted by the sandbox: {fault.kind}.")


def _code(fault: Fault, codes: Mapping[str, int]) -> int:
    return int(fault.code) if fault.code and fault.code.isdigit() else codes[fault.kind]


def refused_all_the_same(fault: Fault | None) -> None:
    """Raise GraphError where the script wants an accepted send to be answered with one."""
    if fault is not None and fault.kind in _LYING:
        raise _scripted(fault, _LYING)


def _accept(
    config: SandboxConfig,
    store: Store,
    deliverer: Deliverer,
    body: Json,
    shown: Content,
    address: str,
    by_user_id: bool,
    fault: Fault | None,
) -> Accepted:
    id_ = new_message_id()
    if not by_user_id and people.USER_ID.fullmatch(address):
        # The platform accepts a user id in `to`, and drops it without a word.
        _write_down(store, id_, None, body, shown, address, "dropped")
        return Accepted(_answer(id_, {"input": address, "wa_id": address}, shown), fault)
    person = (
        people.with_user_id(store, address)
        if by_user_id
        else people.with_phone(store, people.digits_of(address))
    )
    now = now_in_sandbox(store)
    if config.limits:
        _check_limits(config, store, person, now)
    failure = _failure(person, shown, now, fault)
    pricing = _pricing(person, shown, now)
    # A reaction is seen on the message it belongs to; everything else is a bubble of its own.
    _write_down(
        store, id_, person, body, shown, person.shown, "failed" if failure else "delivered", pricing
    )
    _queue_statuses(config, deliverer, id_, person, body, pricing, failure, fault)
    key = {"user_id": person.user_id} if by_user_id else {"wa_id": person.phone}
    return Accepted(_answer(id_, {"input": address, **key}, shown), fault)


def _answer(id_: str, contact: Json, shown: Content) -> Json:
    message = {"id": id_}
    if shown.type == "template":
        message["message_status"] = "accepted"
    return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [message]}


def _check_limits(config: SandboxConfig, store: Store, person: Person, now: float) -> None:
    # Counted on the real clock: an advanced one must not make room for more messages a second.
    sent = store.db.execute(
        "SELECT COUNT(*) FROM messages WHERE incoming = 0 AND at > ?", (time.time() - 1.0,)
    ).fetchone()[0]
    if sent >= config.throughput_per_second:
        raise GraphError(
            130429, f"This number sends at most {config.throughput_per_second} messages a second."
        )
    free_at = max(person.pair_free_at, now)
    if free_at - now > (limits.PAIR_BURST - 1) * limits.PAIR_SECONDS:
        raise GraphError(131056, "Too many messages from this number to the same person.")
    store.db.execute(
        "UPDATE people SET pair_free_at = ? WHERE id = ?",
        (free_at + limits.PAIR_SECONDS, person.id),
    )


def _failure(person: Person, shown: Content, now: float, fault: Fault | None) -> Json | None:
    if fault is not None and fault.kind in _FAILING:
        return webhook_error(_code(fault, _FAILING), f"Scripted by the sandbox: {fault.kind}.")
    if person.blocked:
        return webhook_error(131026, "Message Undeliverable.")
    if shown.free_form and not window_seconds_left(person, now):
        return webhook_error(
            131047,
            "Message failed to send because more than 24 hours have passed since the customer"
            " last replied to this number.",
        )
    return None


def window_seconds_left(person: Person, now: float) -> int:
    """For how long free-form messages still reach that person; `now` is the sandbox's time."""
    if person.last_inbound_at is None:
        return 0
    return max(0, math.ceil(limits.WINDOW_SECONDS - (now - person.last_inbound_at)))


def _pricing(person: Person, shown: Content, now: float) -> Json:
    """Per-message pricing as statuses carry it: utility in the window and replies are free."""
    in_window = window_seconds_left(person, now) > 0
    free = in_window and shown.category in ("service", "utility")
    return {
        "billable": not free,
        "pricing_model": "PMP",
        "category": shown.category,
        "type": "free_customer_service" if free else "regular",
    }


def _write_down(
    store: Store,
    id_: str,
    person: Person | None,
    body: Json,
    shown: Content,
    recipient: str,
    status: str,
    pricing: Json | None = None,
) -> None:
    now = time.time()
    person_id = person.id if person else None
    callback_data = body.get("biz_opaque_callback_data")
    if callback_data is not None:
        callback_data = readable(callback_data)
    store.db.execute(
        "INSERT INTO messages (id, person_id, incoming, at, recipient, type, text, buttons, rows,"
        " payload, callback_data, pricing, status) VALUES (?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            id_,
            person_id,
            now,
            recipient,
            shown.type,
            readable(shown.text),
            dumps(shown.buttons),
            dumps(shown.rows),
            dumps(body),
            callback_data,
            dumps(pricing) if pricing else None,
            status,
        ),
    )
    store.db.execute(
        "INSERT INTO journal (at, kind, person_id, summary) VALUES (?, 'accepted', ?, ?)",
        (now, person_id, readable(f"to {recipient}: {shown.text[:120]}")),
    )


def _queue_statuses(
    config: SandboxConfig,
    deliverer: Deliverer,
    id_: str,
    person: Person,
    body: Json,
    pricing: Json,
    failure: Json | None,
    fault: Fault | None,
) -> None:
    kind = fault.kind if fault else None
    if kind == "no_status":
        return
    callback_data = body.get("biz_opaque_callback_data")
    if failure is not None:
        names = ["failed"]
    elif kind == "skip_delivered":
        names = ["sent"]
    else:
        names = ["sent", "delivered"]
    for name in names:
        deliverer.enqueue(
            "whatsapp",
            webhooks.status(
                id_, name, person, callback_data=callback_data, pricing=pricing, error=failure
            ),
            ref=id_,
            after_seconds=config.delivered_after_seconds if name == "delivered" else 0.0,
        )


def mark_read(store: Store, body: Json) -> Json:
    """The business has read a message (and may show that it types). Raises GraphError 100."""
    message_id = body.get("message_id")
    row = store.db.execute(
        "SELECT person_id FROM messages WHERE id = ? AND incoming = 1", (str(message_id),)
    ).fetchone()
    if row is None:
        raise GraphError(100, f"There is no received message {message_id}.")
    typing = body.get("typing_indicator")
    if typing is not None and typing != {"type": "text"}:
        raise GraphError(100, 'typing_indicator is {"type": "text"}.')
    with store.write() as db:
        db.execute(
            "UPDATE messages SET status = 'read' WHERE person_id = ? AND incoming = 1"
            " AND seq <= (SELECT seq FROM messages WHERE id = ?)",
            (row["person_id"], message_id),
        )
        who = people.by_id(store, row["person_id"]).shown
        if typing:
            store.note("typing", f"an answer to {who}", person_id=row["person_id"])
        else:
            store.note("seen", f"what {who} wrote", person_id=row["person_id"])
    return {"success": True}


def stored_status(
    store: Store, deliverer: Deliverer, message_id: str, name: str, error: Json | None
) -> list[int]:
    """Queue a status of a message by hand, known or not; returns the ids to deliver."""
    row = store.db.execute("SELECT * FROM messages WHERE id = ?", (message_id,)).fetchone()
    person = people.by_id(store, row["person_id"]) if row is not None and row["person_id"] else None
    item = webhooks.status(
        message_id,
        name,
        person,
        callback_data=row["callback_data"] if row is not None else None,
        pricing=loads(row["pricing"]) if row is not None and row["pricing"] else None,
        error=error,
    )
    with store.write() as db:
        if name in ("read", "failed"):
            db.execute("UPDATE messages SET status = ? WHERE id = ?", (name, message_id))
        return deliverer.enqueue("whatsapp", item, ref=message_id, at_once=False)
