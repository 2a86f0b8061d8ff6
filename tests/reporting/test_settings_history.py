"""Settings: the effect before saving, the history field by field, and undoing one change."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.audit import log
from app.identity.rules import AdminRole
from app.policy.changes import differences, taken_back
from tests.support.app_harness import Person, World
from tests.support.assertions import ok, refused

NOWHERE = "0190b5a4-0000-7000-8000-000000000000"
SETTINGS = "/api/admin/settings"


@pytest.fixture
def world(world_of_file: World) -> Iterator[World]:
    """One Partimer for the file; the log is whole after each test."""
    yield world_of_file
    _, broken = world_of_file.in_session(log.verify)
    assert broken is None


def change(admin: Person, **sections: Any) -> Any:
    """Change the settings."""
    return ok(admin.put(SETTINGS, sections))


def history(admin: Person) -> list[Any]:
    """The history, newest first."""
    items: list[Any] = ok(admin.get(f"{SETTINGS}/history"))["items"]
    return items


def undo(admin: Person, change_id: str) -> Any:
    """Take a change back."""
    return admin.post(f"{SETTINGS}/history/{change_id}/undo")


def test_the_history_tells_each_change_field_by_field(world: World) -> None:
    admin = world.admin()
    before = ok(admin.get(SETTINGS))
    change(admin, waves={"interval_minutes": 45}, lead_prices={"default": 5_100})
    newest = history(admin)[0]
    assert {(each["field"], each["before"], each["after"]) for each in newest["changes"]} == {
        ("waves.interval_minutes", before["waves"]["interval_minutes"], 45),
        ("lead_prices.default", before["lead_prices"]["default"], 5_100),
    }
    assert newest["actor_id"] == admin.id
    assert newest["undoable"]


def test_undoing_a_change_leaves_later_ones_of_other_fields(world: World) -> None:
    admin = world.admin()
    first = change(admin, deadlines={"respond_within_minutes": 200})["deadlines"][
        "respond_within_minutes"
    ]
    assert first == 200
    change(admin, deadlines={"respond_within_minutes": 100})
    mine = history(admin)[0]
    change(admin, waves={"interval_minutes": 33})
    settings = ok(undo(admin, mine["id"]))
    assert settings["deadlines"]["respond_within_minutes"] == 200
    assert settings["waves"]["interval_minutes"] == 33
    newest = history(admin)[0]
    assert newest["undoes"] == mine["id"]
    assert newest["changes"] == [
        {"field": "deadlines.respond_within_minutes", "before": 100, "after": 200}
    ]


def test_an_undone_change_can_be_made_again_by_undoing_the_undo(world: World) -> None:
    admin = world.admin()
    change(admin, waves={"interval_minutes": 51})
    change(admin, waves={"interval_minutes": 52})
    ok(undo(admin, history(admin)[0]["id"]))
    assert ok(undo(admin, history(admin)[0]["id"]))["waves"]["interval_minutes"] == 52


def test_a_later_change_of_the_same_field_has_to_be_undone_first(world: World) -> None:
    admin = world.admin()
    change(admin, waves={"interval_minutes": 61})
    first = history(admin)[0]
    change(admin, waves={"interval_minutes": 62})
    assert [each["undoable"] for each in history(admin)[:2]] == [True, False]
    refused(undo(admin, first["id"]), 409, "changed_since")
    ok(undo(admin, history(admin)[0]["id"]))
    ok(undo(admin, first["id"]))


def test_a_coupon_that_was_added_is_gone_after_the_undo(world: World) -> None:
    admin = world.admin()
    change(admin, coupons={"WELCOME": {"percent": 50}})
    mine = history(admin)[0]
    assert mine["changes"][0]["field"] == "coupons.WELCOME"
    assert ok(undo(admin, mine["id"]))["coupons"] == {}


def test_undoing_twice_undoes_once(world: World) -> None:
    admin = world.admin()
    change(admin, waves={"interval_minutes": 71})
    mine = history(admin)[0]["id"]
    ok(undo(admin, mine))
    refused(undo(admin, mine), 409, "changed_since")
    refused(undo(admin, NOWHERE), 404, "not_found")
    other = ok(admin.get("/api/admin/logs?action=worker.verify"))["items"]
    if other:
        refused(undo(admin, other[0]["id"]), 404, "not_found")


def test_the_effect_is_shown_before_it_is_saved(world: World) -> None:
    admin = world.admin()
    job = world.job(world.employer(), city="Pune")
    settings = ok(admin.get(SETTINGS))
    body = {"lead_prices": {"by_category": {job["category"]: 7_700}}}
    seen = ok(admin.post(f"{SETTINGS}/preview", body))
    assert [each["field"] for each in seen["changes"]] == [
        f"lead_prices.by_category.{job['category']}"
    ]
    assert seen["open_jobs"] >= 1
    move = next(each for each in seen["prices"] if each["city"] == "Pune")
    assert move["after"]["amount"] == 7_700
    assert move["before"]["amount"] == settings["lead_prices"]["default"]
    assert ok(admin.get(SETTINGS)) == settings
    refused(
        admin.post(f"{SETTINGS}/preview", {"lead_prices": {"by_category": {"nonsense": 7_700}}}),
        422,
        "invalid",
    )


def test_only_owners_change_and_undo_and_everybody_reads(world: World) -> None:
    owner = world.admin()
    change(owner, waves={"interval_minutes": 81})
    mine = history(owner)[0]["id"]
    for role in (AdminRole.FINANCE, AdminRole.MODERATOR, AdminRole.SUPPORT):
        person = world.admin(role)
        assert history(person)[0]["id"] == mine
        refused(undo(person, mine), 403, "wrong_role")
        refused(person.post(f"{SETTINGS}/preview", {}), 403, "wrong_role")


def test_differences_and_what_is_taken_back_meet_in_every_shape() -> None:
    before = {"a": {"x": 1, "gone": 2}, "list": [1], "same": 0}
    after = {"a": {"x": 5, "new": None}, "list": [1, 2], "same": 0}
    assert {each.field for each in differences(before, after)} == {
        "a.x",
        "a.gone",
        "a.new",
        "list",
    }
    assert taken_back(after, before, after) == before
    assert taken_back(after | {"same": 9}, before, after) == before | {"same": 9}
    assert taken_back(after | {"list": [3]}, before, after) is None
    assert taken_back({}, before, after) is None
