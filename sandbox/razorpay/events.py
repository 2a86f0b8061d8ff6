"""Events: kept, and posted to the webhook signed as Razorpay signs them."""

import hashlib
import hmac
import json
from collections.abc import Sequence

from sandbox.config import SandboxConfig
from sandbox.deliver import Deliverer, Service
from sandbox.razorpay.objects import Objects, new_id, now, shown
from sandbox.store import Json, Store

ACCOUNT_ID = "acc_SandboxPartimr"
EVENT_ID_HEADER = "X-Razorpay-Event-Id"


def service(config: SandboxConfig) -> Service:
    """How Razorpay's webhooks are posted: one event a request, its id in a header, no time signed."""

    def body(items: Sequence[Json]) -> bytes:
        return json.dumps(items[0]["event"], separators=(",", ":")).encode()

    def sign(raw: bytes, quality: str) -> dict[str, str]:
        key = config.razorpay_webhook_secret + ("-wrong" if quality == "bad" else "")
        digest = hmac.new(key.encode(), raw, hashlib.sha256).hexdigest()
        return {"X-Razorpay-Signature": digest}

    return Service(
        "razorpay", config.razorpay_webhook_url, 1, body, sign, id_header=EVENT_ID_HEADER
    )


class Events:
    """Emits events about objects."""

    def __init__(self, store: Store, objects: Objects, deliverer: Deliverer) -> None:
        """`deliverer` queues what is emitted."""
        self._store = store
        self._objects = objects
        self._deliverer = deliverer

    def emit(self, name: str, **entities: Json) -> Json:
        """Keep and queue an event that shows these objects as they are now. Inside `store.write()`."""
        event: Json = {
            "entity": "event",
            "account_id": ACCOUNT_ID,
            "event": name,
            "contains": list(entities),
            "payload": {kind: {"entity": _in_event(kind, it)} for kind, it in entities.items()},
            "created_at": now(),
        }
        id_ = new_id("evt")
        item: Json = {"event_id": id_, "event": event}
        kept = {"id": id_, "created_at": event["created_at"], "event": event}
        self._objects.insert("event", kept)
        self._deliverer.enqueue("razorpay", item, ref=id_)
        about = next(iter(entities.values()))
        self._store.note("event", f"{name} for {about['id']}")
        return item


def _in_event(kind: str, item: Json) -> Json:
    """In an event a link does not list its payments, and an order shows its id without the prefix."""
    answer = shown(item)
    if kind == "payment_link":
        answer.pop("payments", None)
    if kind == "order":
        answer["id"] = answer["id"].removeprefix("order_")
    return answer
