"""What the platform posts to the business: messages and statuses, in its shapes, signed.

A queued item is `{"status": …}`, `{"message": …, "contact": …}`, or `{"change": …}` for what the platform
tells about the account; many go in one payload.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Sequence

from sandbox.config import SandboxConfig
from sandbox.deliver import Service
from sandbox.graph.people import Person
from sandbox.store import Json

STATUSES_IN_ONE_POST = 200


def service(config: SandboxConfig) -> Service:
    """How WhatsApp webhooks are posted: batched, signed over the exact bytes."""

    def body(items: Sequence[Json]) -> bytes:
        # The platform escapes everything beyond ASCII; the signature is over those bytes.
        return json.dumps(payload(config, items), separators=(",", ":")).encode()

    def sign(raw: bytes, quality: str) -> dict[str, str]:
        key = config.whatsapp_app_secret + ("-wrong" if quality == "bad" else "")
        digest = hmac.new(key.encode(), raw, hashlib.sha256).hexdigest()
        return {"X-Hub-Signature-256": f"sha256={digest}"}

    return Service("whatsapp", config.whatsapp_webhook_url, STATUSES_IN_ONE_POST, body, sign)


def payload(config: SandboxConfig, items: Sequence[Json]) -> Json:
    """One delivery: neighbouring items of a kind share a change, as on the platform."""
    changes: list[Json] = []
    for item in items:
        if "change" in item:
            changes.append(item["change"])
            continue
        kind = "statuses" if "status" in item else "messages"
        if not changes or changes[-1]["field"] != "messages" or kind not in changes[-1]["value"]:
            value: Json = {
                "messaging_product": "whatsapp",
                "metadata": {
                    "display_phone_number": "".join(
                        c for c in config.display_phone_number if c.isdigit()
                    ),
                    "phone_number_id": config.phone_number_id,
                },
                kind: [],
            }
            changes.append({"value": value, "field": "messages"})
        value = changes[-1]["value"]
        if kind == "statuses":
            value["statuses"].append(item["status"])
            continue
        value["messages"].append(item["message"])
        contact = item.get("contact")
        if contact is not None:
            known = value.setdefault("contacts", [])
            if contact not in known:
                known.append(contact)
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": config.waba_id, "changes": changes}],
    }


def status(
    message_id: str,
    name: str,
    person: Person | None,
    *,
    callback_data: str | None = None,
    pricing: Json | None = None,
    error: Json | None = None,
) -> Json:
    """A status item; `person` is None for a message that nobody knows."""
    value: Json = {"id": message_id, "status": name, "timestamp": str(int(time.time()))}
    if person is not None:
        if person.phone:
            value["recipient_id"] = person.phone
        value["recipient_user_id"] = person.user_id
    if callback_data is not None:
        value["biz_opaque_callback_data"] = callback_data
    if pricing is not None and name in ("sent", "delivered", "read"):
        value["pricing"] = pricing
    if error is not None:
        value["errors"] = [error]
    return {"status": value}


def template_status(template: Json, event: str) -> Json:
    """What the platform tells when a template is paused, disabled, rejected, or approved again."""
    value = {
        "event": event,
        "message_template_id": int(template["id"]),
        "message_template_name": template["name"],
        "message_template_language": template["language"],
        "reason": "NONE",
    }
    return {"change": {"value": value, "field": "message_template_status_update"}}


def template_category(template: Json, category: str) -> Json:
    """What the platform tells when it has filed a template under another category."""
    value = {
        "message_template_id": int(template["id"]),
        "message_template_name": template["name"],
        "message_template_language": template["language"],
        "previous_category": template["category"],
        "new_category": category,
    }
    return {"change": {"value": value, "field": "template_category_update"}}


def incoming(message_id: str, person: Person, message: Json, *, show_phone: bool) -> Json:
    """A message item from a person; the phone is missing where they hide it."""
    sender: Json = {"from_user_id": person.user_id}
    contact: Json = {"profile": {"name": person.name}, "user_id": person.user_id}
    if person.phone and show_phone:
        sender["from"] = person.phone
        contact["wa_id"] = person.phone
    return {
        "message": {**sender, "id": message_id, "timestamp": str(int(time.time())), **message},
        "contact": contact,
    }
