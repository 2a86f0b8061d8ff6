"""Events: kept, and posted to the webhook signed as Stripe signs them."""

import hashlib
import hmac
import json
import time
from collections.abc import Sequence

from sandbox.config import SandboxConfig
from sandbox.deliver import Deliverer, Service
from sandbox.store import Json, Store
from sandbox.stripe.objects import Objects, new_id, now

#: The API version of `stripe` 16, which events are rendered in.
API_VERSION = "2026-10-28.endive"


def service(config: SandboxConfig) -> Service:
    """How Stripe's webhooks are posted: one event a request, signed with the time of posting."""

    def body(items: Sequence[Json]) -> bytes:
        return json.dumps(items[0], indent=2).encode()

    def sign(raw: bytes, quality: str) -> dict[str, str]:
        key = config.stripe_webhook_secret + ("-wrong" if quality == "bad" else "")
        at = str(int(time.time()))
        digest = hmac.new(key.encode(), at.encode() + b"." + raw, hashlib.sha256).hexdigest()
        return {"Stripe-Signature": f"t={at},v1={digest}"}

    return Service("stripe", config.stripe_webhook_url, 1, body, sign)


class Events:
    """Emits events about objects."""

    def __init__(self, store: Store, objects: Objects, deliverer: Deliverer) -> None:
        """`deliverer` queues what is emitted."""
        self._store = store
        self._objects = objects
        self._deliverer = deliverer

    def emit(self, type_: str, item: Json) -> Json:
        """Keep and queue an event that shows the object as it is now. Inside `store.write()`."""
        event: Json = {
            "id": new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": now(),
            "data": {"object": self._objects.shown(item, [])},
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": new_id("req", 14), "idempotency_key": None},
            "type": type_,
        }
        self._objects.insert(event)
        self._deliverer.enqueue("stripe", event, ref=event["id"])
        self._store.note("event", f"{type_} for {item['id']}")
        return event
