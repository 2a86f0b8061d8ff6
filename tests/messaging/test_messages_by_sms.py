"""Who can't be reached on WhatsApp gets codes and offers by SMS, where there is a gateway."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import new_id
from app.database.session import keyring
from app.messaging.models import ADDRESS, Channel, OutboxMessage, OutboxState
from app.messaging.outbox import enqueue
from tests.providers.test_sms import Gateway
from tests.support.app_harness import Person, World
from tests.support.assertions import ok


@pytest.fixture
def gateway(live_app: Callable[[Any], AbstractContextManager[str]]) -> Iterator[Gateway]:
    made = Gateway()
    with live_app(made.app) as base_url:
        made.url = f"{base_url}/send"
        yield made


def unreachable(world: World, times: int = 1) -> None:
    """WhatsApp takes the next messages, and then says that nobody is there."""
    ok(
        world.http.post(
            "/sandbox/whatsapp/_control/faults", json={"next": times, "kind": "blocked"}
        )
    )


def rows(world: World, channel: str) -> list[dict[str, Any]]:
    items = ok(world.admin().get("/api/admin/messages", params={"limit": 100}))["items"]
    return [row for row in items if row["channel"] == channel]


def test_codes_and_offers_go_by_sms_to_whom_whatsapp_can_not_reach(
    database_url: str, world_with: Any, gateway: Gateway
) -> None:
    with world_with(database_url, sms_url=gateway.url) as world:
        worker: Person = world.worker()
        assert gateway.got == []
        unreachable(world)
        ok(world.http.post("/api/auth/otp", json={"phone": worker.phone}), 202)
        world.settle()
        [(_, _, sms)] = gateway.got
        assert sms["to"] == worker.phone
        assert "is your Partimer code" in sms["text"]
        code = sms["text"].split()[0]
        body = {"role": "worker", "phone": worker.phone, "code": code}
        ok(world.http.post("/api/auth/login", json=body))

        unreachable(world)
        world.job(world.employer(verified=True))
        world.settle()
        offer = gateway.got[1][2]["text"]
        assert offer.startswith("Partimer: Waiter for Saturday brunch at Cafe Leopold")
        assert "\n" not in offer
        assert "{" not in offer
        assert {row["state"] for row in rows(world, "sms")} == {"sent"}
        assert {row["cost_category"] for row in rows(world, "sms")} == {"sms"}

        # STOP holds for every channel, and what is no code and no offer goes by WhatsApp alone.
        world.says(worker.phone or "", "STOP")
        unreachable(world, 2)
        ok(world.http.post("/api/auth/otp", json={"phone": worker.phone}), 202)
        world.settle()
        assert len(gateway.got) == 3

        prices = {"per_thousand": {"sms": 20_000, "utility": 11_500}, "free_service_a_month": 2}
        admin = world.admin()
        ok(admin.put("/api/admin/settings", {"message_prices": prices}))
        costs = ok(admin.get("/api/admin/messages/costs"))
        by_category = {item["category"]: item for item in costs["items"]}
        assert by_category["sms"]["charged"] == by_category["sms"]["messages"] >= 3
        assert by_category["sms"]["cost"]["amount"] == by_category["sms"]["messages"] * 20
        assert costs["total"]["amount"] == sum(item["cost"]["amount"] for item in costs["items"])


@pytest.mark.parametrize(
    ("phone", "copies"),
    [("+919820000001", 1), ("+881612345678", 0), ("+448712345678", 0), ("+79541234567", 0)],
    ids=["a mobile", "a satellite", "a premium number", "a satellite of a country"],
)
def test_no_sms_goes_to_a_number_of_a_special_kind(
    database_url: str, world_with: Any, phone: str, copies: int
) -> None:
    """Such a number signs nobody in; it may be known from before that, or from the platform."""

    async def refuse(session: AsyncSession) -> list[str]:
        keys, now = keyring(session), world.clock.now
        refused = OutboxMessage(
            id=new_id(),
            key="refused",
            channel=Channel.WHATSAPP,
            recipient_sealed=keys.seal(phone, ADDRESS),
            recipient_index=keys.index(phone, "phone"),
            kind="sign_in_code",
            language="en",
            params_sealed=b"",
            state=OutboxState.FAILED,
            due_at=now,
            created_at=now,
            updated_at=now,
        )
        session.add(refused)
        await session.flush()
        await enqueue.also_by_sms(session, refused.id, now)
        return list(
            await session.scalars(
                select(OutboxMessage.key).where(OutboxMessage.channel == Channel.SMS)
            )
        )

    with world_with(database_url, sms_url="http://127.0.0.1:9/send") as world:
        assert len(world.in_session(refuse)) == copies


def test_without_a_gateway_nothing_waits_for_one(sqlite_world: World) -> None:
    worker = sqlite_world.worker(slots=())
    unreachable(sqlite_world)
    ok(sqlite_world.http.post("/api/auth/otp", json={"phone": worker.phone}), 202)
    sqlite_world.settle()
    assert rows(sqlite_world, "sms") == []
