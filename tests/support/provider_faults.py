"""Providers that misbehave: channels that refuse, and the sandbox's Stripe as a test orders it."""

import itertools
from typing import Any
from uuid import UUID

from app.messaging.channel import Address, SendResult, TransportError
from app.messaging.rules import Refusal
from app.texts.message import Outgoing
from tests.support.app_harness import World
from tests.support.assertions import ok


def stripe_fault(world: World, kind: str, times: int = 1, **more: Any) -> None:
    """Let Stripe misbehave at the next calls or webhooks."""
    body = {"next": times, "kind": kind, **more}
    ok(world.http.post("/sandbox/stripe/_control/faults", json=body))


def provider_fault(world: World, kind: str, times: int = 1, **more: Any) -> None:
    """Let the provider that sells misbehave at the next calls or webhooks."""
    body = {"next": times, "kind": kind, **more}
    ok(world.http.post(f"/sandbox/{world.settings.payment_provider}/_control/faults", json=body))


def pages_of(world: World, match_id: str) -> list[dict[str, Any]]:
    """The payment pages that the provider that sells opened for a lead."""
    if world.settings.payment_provider == "stripe":
        return checkout_pages(world, match_id)
    links = razorpay_objects(world, "payment_link")
    return [link for link in links if (link["notes"] or {}).get("match_id") == match_id]


def dispute(world: World, intent_id: str | None, status: str) -> None:
    """Let the payer's bank say something about a payment, at whosever it is."""
    at_razorpay = (intent_id or "").startswith("pay_")
    name = "payment_id" if at_razorpay else "payment_intent"
    provider = "razorpay" if at_razorpay else "stripe"
    path = f"/sandbox/{provider}/_control/disputes"
    ok(world.http.post(path, json={name: intent_id, "status": status}))
    world.settle()


def razorpay_objects(world: World, entity: str) -> list[dict[str, Any]]:
    """Razorpay's newest objects of a kind, newest first."""
    answer = world.http.get("/sandbox/razorpay/_control/objects", params={"entity": entity})
    items: list[dict[str, Any]] = ok(answer)["items"]
    return items


def stripe_objects(world: World, kind: str) -> list[dict[str, Any]]:
    """Stripe's newest objects of a kind, newest first."""
    answer = world.http.get("/sandbox/stripe/_control/objects", params={"object": kind})
    items: list[dict[str, Any]] = ok(answer)["items"]
    return items


def checkout_pages(world: World, match_id: str) -> list[dict[str, Any]]:
    """The payment pages that Stripe opened for a lead."""
    pages = stripe_objects(world, "checkout.session")
    return [page for page in pages if page["metadata"].get("match_id") == match_id]


def post_to_webhook(
    world: World, payload: Any, signature: str = "good", times: int = 1
) -> list[int]:
    """Post a payload to our webhook as Stripe would, let it be handled; return the answers."""
    body = {"payload": payload, "signature": signature, "times": times}
    statuses: list[int] = ok(world.http.post("/sandbox/stripe/_control/raw", json=body))["statuses"]
    world.settle()
    return statuses


def stripe_event(kind: str, thing: dict[str, Any], name: str | None = None) -> dict[str, Any]:
    """An event of Stripe about an object."""
    number = name or f"evt_test_{next(_events)}"
    return {"id": number, "object": "event", "type": kind, "data": {"object": thing}}


_events = itertools.count(1)


class Refusing:
    """A channel that takes nothing."""

    def __init__(self, kind: Refusal, code: str) -> None:
        self._refusal = kind, code

    async def send(self, message_id: UUID, address: Address, outgoing: Outgoing) -> SendResult:
        kind, code = self._refusal
        raise TransportError(kind, code=code)
