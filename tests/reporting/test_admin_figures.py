"""What administrators read and set: the figures, and the numbers that shape the market."""

from typing import Any

import pytest

from tests.support.app_harness import Person, World
from tests.support.assertions import ok, refused
from tests.support.leads import lead, log_of, somewhere
from tests.support.team import invite, member_of

pytestmark = pytest.mark.both_databases  # each database has its own words for days


@pytest.fixture
def admin(world_of_file: World) -> Person:
    return world_of_file.admin()


def stats(world: World) -> dict[str, Any]:
    figures: dict[str, Any] = ok(world.admin().get("/api/admin/stats"))
    return figures


def test_the_figures_add_up(world_of_file: World) -> None:
    world = world_of_file
    world.settle()
    before = stats(world)
    bought, waiting = lead(world), lead(world, accept=False)
    payment = bought.buy()["payment"]["id"]
    lead(world).begin()
    world.job(bought.employer, publish=False)
    after = stats(world)
    moved = {
        ("users", "worker", "active"): 3,
        ("users", "employer", "active"): 3,
        ("jobs", "filled"): 1,
        ("jobs", "published"): 2,
        ("jobs", "draft"): 1,
        ("matches", "accepted"): 2,
        ("matches", "offered"): 1,
        ("payments", "succeeded"): 1,
        ("payments", "pending"): 1,
    }
    for path, count in moved.items():
        assert _at(after, path) - _at(before, path) == count, path
    earned = [{"amount": 4_900, "currency": "INR"}]
    assert _less(after["revenue"], before["revenue"]) == earned
    assert len(after["days"]) == 30
    assert [day["day"] for day in after["days"]] == sorted(day["day"] for day in after["days"])
    today, was = after["days"][-1], before["days"][-1]
    assert today["day"] == world.clock().date().isoformat()
    assert {name: today[name] - was[name] for name in today if name != "day"} == {
        "workers": 3,
        "employers": 3,
        "jobs": 3,
        "offers": 3,
        "accepted": 2,
        "unlocked": 1,
    }
    body = {"amount": 900, "reason": "late"}
    ok(world.admin().post(f"/api/admin/payments/{payment}/refund", body))
    world.settle()
    figures = stats(world)
    assert _less(figures["revenue"], after["revenue"]) == [{"amount": -900, "currency": "INR"}]
    assert figures["payments"]["partially_refunded"] >= 1
    assert waiting.shown["status"] == "offered"


def _at(figures: Any, path: tuple[str, ...]) -> int:
    for word in path:
        figures = figures[word]
    count: int = figures
    return count


def _less(after: list[dict[str, Any]], before: list[dict[str, Any]]) -> list[dict[str, Any]]:
    known = {money["currency"]: money["amount"] for money in before}
    return [
        money | {"amount": money["amount"] - known.get(money["currency"], 0)} for money in after
    ]


def test_every_state_is_counted_also_where_nothing_is(world_of_file: World) -> None:
    figures = stats(world_of_file)
    jobs = set("draft published filled expired cancelled closed".split())
    assert set(figures["jobs"]) == jobs
    assert set(figures["users"]) == {"worker", "employer", "admin"}
    assert {"active", "suspended"} <= set(figures["users"]["worker"])
    assert {"offered", "accepted", "rejected", "expired"} <= set(figures["matches"])
    assert {"pending", "succeeded", "refunded", "failed"} <= set(figures["payments"])
    assert {"waiting", "sent", "dead"} <= set(figures["messages"])


def test_work_that_waits_shows_its_age(world_of_file: World) -> None:
    world = world_of_file
    world.settle()
    lag = stats(world)["lag"]
    assert lag == {
        "oldest_message_seconds": 0,
        "oldest_webhook_seconds": 0,
        "oldest_due_job_seconds": 0,
    }
    place = somewhere()
    world.worker(location=place, slots=["saturday"])
    world.job(world.employer(), location=place)
    world.clock.advance(seconds=90)
    lag = stats(world)["lag"]
    assert lag["oldest_message_seconds"] == 90
    world.settle()
    assert stats(world)["lag"]["oldest_message_seconds"] == 0


def test_a_day_is_counted_as_its_own(world_of_file: World) -> None:
    world = world_of_file
    before = stats(world)["days"][-1]
    world.clock.advance(days=1)
    world.employer()
    days = stats(world)["days"]
    assert days[-2] == before
    assert (days[-1]["employers"], days[-1]["offers"]) == (1, 0)
    world.clock.advance(days=-1)


def test_who_joins_a_team_is_no_further_employer(world_of_file: World) -> None:
    world = world_of_file
    owner = world.employer()

    def counted() -> tuple[int, int]:
        figures = stats(world)
        return sum(figures["users"]["employer"].values()), figures["days"][-1]["employers"]

    before = counted()
    invite(owner, "viewer")
    assert counted() == before
    member_of(world, owner, "manager")
    assert counted() == before


def settings(admin: Person) -> dict[str, Any]:
    answer: dict[str, Any] = ok(admin.get("/api/admin/settings"))
    return answer


def put(admin: Person, body: Any) -> Any:
    return admin.put("/api/admin/settings", body)


def test_settings_come_back_as_they_were_put(admin: Person) -> None:
    before = settings(admin)
    sections = {
        "lead_prices",
        "matching",
        "waves",
        "deadlines",
        "limits",
        "seller",
        "free_leads",
        "coupons",
        "balance",
        "message_prices",
    }
    assert set(before) == sections
    assert ok(put(admin, before)) == before
    changed = before | {"waves": before["waves"] | {"interval_minutes": 45}}
    assert ok(put(admin, changed)) == changed == settings(admin)
    assert ok(put(admin, before)) == before


def test_what_is_left_out_keeps_its_value(admin: Person, world_of_file: World) -> None:
    before = settings(admin)
    prices = {"currency": "USD", "default": 700, "by_category": {"events": 900}, "by_city": {}}
    ok(put(admin, {"lead_prices": prices}))
    after = ok(put(admin, {"lead_prices": {"default": 800}}))
    assert after["lead_prices"] == prices | {"default": 800}
    after = ok(put(admin, {"matching": {"weights": {"distance": 55.5}}}))
    weights = before["matching"]["weights"]
    assert after["matching"] == before["matching"] | {"weights": weights | {"distance": 55.5}}
    assert after["waves"] == before["waves"]
    row = log_of(world_of_file, "policy")[-1]
    assert row.action == "policy.change"
    assert row.before == {"matching": before["matching"]}
    assert row.after == {"matching": after["matching"]}
    assert ok(put(admin, {})) == after
    ok(put(admin, {"limits": {"unlocks_before_email_confirmed": 3}}))
    empty = {"unlocks_before_email_confirmed": None}
    assert ok(put(admin, {"limits": empty, "waves": None})) == after
    assert ok(put(admin, before)) == before


@pytest.mark.parametrize(
    "body",
    [
        {"lead_prices": {"default": 49}},
        {"lead_prices": {"default": 49.5}},
        {"lead_prices": {"default": True}},
        {"lead_prices": {"default": 2**63}},
        {"lead_prices": {"currency": "XXX"}},
        {"lead_prices": {"by_category": {"events": -1}}},
        {"lead_prices": {"by_category": {"Not a slug!": 100}}},
        {"lead_prices": {"by_category": {"astronauts": 100}}},
        {"matching": {"weights": {"distance": -1}}},
        {"matching": {"weights": {"beauty": 1}}},
        {"matching": {"minimum_availability_share": 1.5}},
        {"waves": {"offers_per_open_place": 0}},
        {"waves": {"interval_minutes": "30"}},
        {"deadlines": {"checkout_minutes": 29}},
        {"deadlines": {"respond_within_minutes": 10_081}},
        {"limits": {"unlocks_before_verification": -1}},
        {"message_prices": {"per_thousand": {"sms": -1}}},
        {"message_prices": {"per_thousand": {"sms": 0.5}}},
        {"message_prices": {"free_service_a_month": True}},
        {"unknown": {}},
        [],
    ],
)
def test_settings_that_make_no_sense_are_refused(admin: Person, body: Any) -> None:
    before = settings(admin)
    assert put(admin, body).status_code == 422
    assert settings(admin) == before


def test_something_must_weigh_something(admin: Person) -> None:
    before = settings(admin)
    names = list(before["matching"]["weights"])
    body = {"matching": {"weights": dict.fromkeys(names, 0)}}
    assert put(admin, body).status_code == 422
    most = {"matching": {"weights": dict.fromkeys(names[1:], 0)}}
    ok(put(admin, most))
    refused(put(admin, {"matching": {"weights": {names[0]: 0}}}), 422, "invalid")
    ok(put(admin, before))


def test_minus_nothing_leaves_the_log_whole(admin: Person, world_of_file: World) -> None:
    from app.audit import log

    before = settings(admin)
    headers = {"Content-Type": "application/json"}
    body = b'{"matching": {"weights": {"experience": -0.0}}}'
    ok(admin.request("PUT", "/api/admin/settings", content=body, headers=headers))
    ok(put(admin, before))
    _, broken = world_of_file.in_session(log.verify)
    assert broken is None
