"""What administrators see of messages: items set aside, what the platform tells, what is held back."""

import csv
import io
from typing import Any
from uuid import UUID

import pytest

from app.messaging.outbox import enqueue
from tests.support.app_harness import Person, World
from tests.support.assertions import ok, refused
from tests.support.messages import OFFER

WEBHOOKS = "/api/admin/webhooks"
NOTICES = "/api/admin/notices"


@pytest.fixture
def admin(world_of_file: World) -> Person:
    return world_of_file.admin()


def arrives(world: World, field: str, **value: Any) -> None:
    payload = {"entry": [{"changes": [{"field": field, "value": value}]}]}
    body = {"payload": payload, "signature": "good"}
    assert ok(world.http.post("/sandbox/whatsapp/_control/raw", json=body))["delivered"]
    world.settle()


def test_what_nobody_could_read_is_seen_with_its_reason_and_can_be_read_again(
    world_of_file: World, admin: Person
) -> None:
    good = {
        "id": "wamid.aside1",
        "from": "919876600001",
        "timestamp": "1795413600",
        "type": "text",
        "text": {"body": "hi"},
    }
    broken = good | {"id": "wamid.aside2", "timestamp": "yesterday"}
    arrives(world_of_file, "messages", messages=[good, broken, {"id": 7}])
    answer = admin.get(WEBHOOKS, params={"set_aside": True})
    [event] = ok(answer)["items"]
    assert (event["state"], event["set_aside"]) == ("handled", 2)
    assert event["error"].startswith("2 set aside: ")
    # The neighbour was heard.
    people = ok(admin.get("/api/admin/conversations"))["items"]
    assert event["id"] not in {
        row["id"] for row in ok(admin.get(WEBHOOKS, params={"set_aside": False}))["items"]
    }
    again = ok(admin.post(f"{WEBHOOKS}/{event['id']}/retry"))
    assert (again["state"], again["set_aside"]) == ("waiting", 0)
    world_of_file.settle()
    [event] = ok(admin.get(WEBHOOKS, params={"set_aside": True}))["items"]
    assert event["set_aside"] == 2
    assert ok(admin.get("/api/admin/conversations"))["items"] == people
    assert people[0]["last_message_at"] == "2026-11-23T06:00:00Z"


def test_what_was_read_wholly_is_not_read_again(world_of_file: World, admin: Person) -> None:
    world_of_file.says("+919876600002", "hi")
    event = ok(admin.get(WEBHOOKS, params={"set_aside": False}))["items"][0]
    refused(admin.post(f"{WEBHOOKS}/{event['id']}/retry"), 409, "webhook_not_dead")


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        (
            "message_template_status_update",
            {
                "event": "REJECTED",
                "message_template_name": "partimer_refund_made",
                "message_template_language": "hi",
                "reason": "INVALID_FORMAT",
            },
            ("partimer_refund_made", "hi", "REJECTED", "INVALID_FORMAT"),
        ),
        (
            "phone_number_quality_update",
            {"event": "FLAGGED", "display_phone_number": "15550001111"},
            ("15550001111", "", "FLAGGED", ""),
        ),
        ("account_update", {"event": "ACCOUNT_RESTRICTION"}, ("", "", "ACCOUNT_RESTRICTION", "")),
        ("something_new", {"event": "=cmd()"}, ("", "", "=cmd()", "")),
    ],
)
def test_what_the_platform_tells_is_listed(
    world_of_file: World, admin: Person, field: str, value: Any, shown: tuple[str, ...]
) -> None:
    arrives(world_of_file, field, **value)
    notice = ok(admin.get(NOTICES))["items"][0]
    assert notice["kind"] == field
    assert tuple(notice[name] for name in ("about", "language", "event", "detail")) == shown
    assert ok(admin.get(NOTICES, params={"kind": field}))["items"][0]["id"] == notice["id"]
    text = admin.get(NOTICES, params={"format": "csv"}).text.removeprefix("\ufeff")
    row = next(csv.DictReader(io.StringIO(text)))
    assert row["event"] == ("'=cmd()" if shown[2].startswith("=") else shown[2])


def test_what_is_held_back_is_in_the_statistics(world_of_file: World, admin: Person) -> None:
    world = world_of_file
    template = {"message_template_name": "partimer_job_offer", "message_template_language": "en"}
    worker = world.worker(slots=())
    world.clock.advance(seconds=1)
    world.settle()  # the limits that the platform's API tells are read before what it tells by webhook
    arrives(world, "message_template_status_update", event="PAUSED", **template)
    arrives(world, "business_capability_update", max_daily_conversations_per_business=2_000)

    async def tell(session: Any) -> None:
        await enqueue.notify(session, worker_id, "job_offer", OFFER, key="held", now=world.clock())

    worker_id = UUID(worker.id)
    world.in_session(tell)
    world.settle()
    world.clock.advance(minutes=2)
    held = ok(world.admin().get("/api/admin/stats"))["held"]
    assert held["messages"]["template"] == {"count": 1, "oldest_seconds": 120}
    assert held["messages"]["daily_limit"] == {"count": 0, "oldest_seconds": 0}
    assert held["people_a_day"] == 2_000
    barred = {(t["name"], t["language"]): t["reason"] for t in held["templates"]}
    assert barred["partimer_job_offer", "en"] == "paused"
    [row] = [
        row
        for row in ok(world.admin().get("/api/admin/messages"))["items"]
        if row["kind"] == "job_offer"
    ]
    assert (row["state"], row["held_why"]) == ("waiting", "template")
    arrives(world, "message_template_status_update", event="APPROVED", **template)
    assert "A job for you" in world.messages(worker.phone or "")[-1]["text"]
    arrives(world, "business_capability_update", max_daily_conversations_per_business=-1)
    assert ok(world.admin().get("/api/admin/stats"))["held"]["people_a_day"] is None
