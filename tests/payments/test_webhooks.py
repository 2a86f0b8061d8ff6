"""The webhooks of the payment providers: every configured one is believed, whichever sells."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.core.payment_settings import SANDBOX_RAZORPAY_WEBHOOK_SECRET
from app.messaging.models import WebhookEvent
from tests.infra.counted import alerts
from tests.support import leads
from tests.support.app_harness import World
from tests.support.assertions import ok, refused
from tests.support.leads import lead
from tests.support.provider_faults import post_to_webhook, stripe_event


@pytest.fixture
def world(world_of_file: World) -> Iterator[World]:
    """One Partimer for the file: every test brings its own people, and money is right after each."""
    world_of_file.unread = True
    yield world_of_file
    leads.check_at_rest(world_of_file)


def from_razorpay(
    world: World, event: Any, id_: str, *, secret: str | None = None
) -> httpx.Response:
    """Post an event to our webhook as Razorpay would."""
    body = json.dumps(event).encode()
    key = (secret or SANDBOX_RAZORPAY_WEBHOOK_SECRET).encode()
    digest = hmac.new(key, body, hashlib.sha256).hexdigest()
    headers = {"X-Razorpay-Signature": digest, "X-Razorpay-Event-Id": id_}
    return world.http.post("/api/webhooks/razorpay", content=body, headers=headers)


def kept(world: World, event_id: str) -> list[WebhookEvent]:
    """The stored events of that id."""

    async def read(session: Any) -> list[WebhookEvent]:
        query = select(WebhookEvent).where(WebhookEvent.event_id == event_id)
        return list(await session.scalars(query))

    rows: list[WebhookEvent] = world.in_session(read)
    return rows


def test_an_event_of_the_provider_that_does_not_sell_is_stored_once_and_handled(
    world: World,
) -> None:
    event = {"entity": "event", "event": "settlement.processed", "payload": {}}
    for _ in range(3):
        ok(from_razorpay(world, event, "evt_once"))
    world.settle()
    [row] = kept(world, "evt_once")
    assert (row.provider, row.kind, row.state) == ("razorpay", "settlement.processed", "handled")


def test_a_forged_event_is_not_stored(world: World) -> None:
    event = {"entity": "event", "event": "payment_link.paid", "payload": {}}
    refused(from_razorpay(world, event, "evt_forged", secret="guessed"), 401, "bad_signature")
    refused(world.http.post("/api/webhooks/razorpay", json=event), 401, "bad_signature")
    assert kept(world, "evt_forged") == []


@pytest.mark.parametrize(
    "foreign", [{"livemode": True}, {"livemode": False, "account": "acct_someone"}]
)
def test_a_paid_page_of_the_other_mode_or_account_unlocks_nothing(
    world: World, foreign: dict[str, Any]
) -> None:
    mine = lead(world)
    page = mine.begin()
    metadata = {"payment_id": page["payment_id"], "match_id": mine.id}
    intent = {
        "id": f"pi_{page['payment_id']}",
        "amount": 4_900,
        "amount_received": 4_900,
        "currency": "inr",
        "created": 1_764_000_000,
        "livemode": False,
        "metadata": metadata,
    }
    before = alerts("payment_event_not_ours")
    event = stripe_event("payment_intent.succeeded", intent) | foreign
    assert post_to_webhook(world, event) == [200]
    assert alerts("payment_event_not_ours") == before + 1
    assert (mine.payment["status"], mine.contact()) == ("pending", None)
    world.pay(page["checkout_url"])
    assert mine.phone_shown() == mine.worker.phone
