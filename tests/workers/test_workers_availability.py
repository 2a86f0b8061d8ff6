"""A worker's week and times off over HTTP."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.support.app_harness import Person, World
from tests.support.assertions import ok, refused

SLOTS = "/api/workers/availability"
TIME_OFF = "/api/workers/time-off"


def slot(weekday: str, start: str = "09:00", end: str = "17:00") -> dict[str, str]:
    return {"weekday": weekday, "start": start, "end": end}


def at_once(count: int, request: Callable[[int], httpx.Response]) -> list[int]:
    """Send so many requests at the same time; return their statuses."""
    with ThreadPoolExecutor(count) as pool:
        return sorted(answer.status_code for answer in pool.map(request, range(count)))


def week_of(worker: Person) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = ok(worker.get(SLOTS))["items"]
    return items


def test_slots_are_listed_in_the_order_of_the_week(shared_world: World) -> None:
    worker = shared_world.worker(slots=())
    assert week_of(worker) == []
    late = ok(worker.post(SLOTS, slot("friday", "22:00", "02:00")), 201)
    early = ok(worker.post(SLOTS, slot("monday", "09:00", "17:00")), 201)
    assert set(late) == {"id", "weekday", "start", "end"}
    assert week_of(worker) == [early, late]


@pytest.mark.parametrize(
    ("held", "wanted"),
    [
        (slot("monday", "09:00", "17:00"), slot("monday", "09:00", "17:00")),
        (slot("monday", "09:00", "17:00"), slot("monday", "16:59", "18:00")),
        (slot("monday", "09:00", "17:00"), slot("monday", "08:00", "18:00")),
        (slot("monday", "22:00", "02:00"), slot("tuesday", "01:00", "03:00")),
        (slot("tuesday", "01:00", "03:00"), slot("monday", "22:00", "02:00")),
        (slot("sunday", "22:00", "02:00"), slot("monday", "01:59", "05:00")),
        (slot("monday", "00:00", "05:00"), slot("sunday", "23:00", "00:01")),
        (slot("monday", "10:00", "09:00"), slot("tuesday", "08:00", "09:30")),
    ],
)
def test_an_overlapping_slot_is_refused(
    shared_world: World, held: dict[str, str], wanted: dict[str, str]
) -> None:
    worker = shared_world.worker(slots=(held,))
    refused(worker.post(SLOTS, wanted), 409, "slot_overlap")
    assert len(week_of(worker)) == 1


@pytest.mark.parametrize(
    ("held", "wanted"),
    [
        (slot("monday", "09:00", "17:00"), slot("monday", "17:00", "18:00")),
        (slot("monday", "22:00", "00:00"), slot("tuesday", "00:00", "02:00")),
        (slot("sunday", "22:00", "02:00"), slot("monday", "02:00", "05:00")),
        (slot("sunday", "22:00", "00:00"), slot("monday", "00:00", "05:00")),
    ],
)
def test_slots_may_touch(shared_world: World, held: dict[str, str], wanted: dict[str, str]) -> None:
    worker = shared_world.worker(slots=(held,))
    ok(worker.post(SLOTS, wanted), 201)
    assert len(week_of(worker)) == 2


def test_another_s_slots_don_t_count(shared_world: World) -> None:
    hours = slot("monday", "09:00", "17:00")
    shared_world.worker(slots=(hours,))
    ok(shared_world.worker(slots=()).post(SLOTS, hours), 201)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (slot("monday", "09:00", "09:00"), "end"),
        (slot("someday", "09:00", "10:00"), "weekday"),
        (slot("monday", "24:00", "10:00"), "start"),
        (slot("monday", "9:00", "10:00"), "start"),
        (slot("monday", "09:00", "10:00:00"), "end"),
        ({"weekday": 0, "start": "09:00", "end": "10:00"}, "weekday"),
        ({"weekday": "monday", "start": "09:00"}, "end"),
        ({**slot("monday", "09:00", "10:00"), "id": "x"}, "id"),
    ],
)
def test_a_slot_that_means_nothing_is_refused(
    shared_world: World, body: dict[str, Any], field: str
) -> None:
    problem = refused(shared_world.worker(slots=()).post(SLOTS, body), 422, "invalid")
    assert [error["field"] for error in problem["errors"]] == [field]


def test_a_week_holds_fifty_slots(shared_world: World) -> None:
    times = [
        slot("monday", f"{n // 2:02}:{n % 2 * 30:02}", f"{n // 2:02}:{n % 2 * 30 + 15:02}")
        for n in range(48)
    ]
    worker = shared_world.worker(slots=(*times, slot("tuesday", "01:00", "02:00")))
    ok(worker.post(SLOTS, slot("tuesday", "03:00", "04:00")), 201)
    refused(worker.post(SLOTS, slot("tuesday", "05:00", "06:00")), 409, "too_many_slots")
    ok(worker.delete(f"{SLOTS}/{week_of(worker)[0]['id']}"), 204)
    ok(worker.post(SLOTS, slot("tuesday", "05:00", "06:00")), 201)


def test_of_two_overlapping_slots_at_once_one_is_kept(world: World) -> None:
    worker = world.worker(slots=())

    def add(number: int) -> httpx.Response:
        return worker.post(SLOTS, slot("monday", f"{9 + number:02}:00", "18:00"))

    assert at_once(6, add) == [201, *[409] * 5]
    assert len(week_of(worker)) == 1


def test_the_same_key_adds_a_slot_once(world: World) -> None:
    worker = world.worker(slots=())
    hours, key = slot("monday", "09:00", "17:00"), {"Idempotency-Key": "one"}
    first = ok(worker.post(SLOTS, hours, headers=key), 201)
    assert ok(worker.post(SLOTS, hours, headers=key), 201) == first
    other = slot("tuesday", "09:00", "17:00")
    refused(worker.post(SLOTS, other, headers=key), 422, "idempotency_key_reused")
    assert week_of(worker) == [first]


def test_a_whole_week_takes_the_place_of_all_slots(shared_world: World) -> None:
    worker = shared_world.worker(slots=("monday", "tuesday"))
    week = [slot("friday", "22:00", "02:00"), slot("sunday", "09:00", "17:00")]
    replaced = ok(worker.put(SLOTS, {"slots": week}))["items"]
    assert replaced == week_of(worker)
    assert [{**item, "id": ...} for item in replaced] == [{**item, "id": ...} for item in week]
    assert ok(worker.put(SLOTS, {"slots": []})) == {"items": []}


def test_a_week_that_overlaps_itself_changes_nothing(shared_world: World) -> None:
    worker = shared_world.worker(slots=("monday",))
    before = week_of(worker)
    week = [slot("sunday", "22:00", "02:00"), slot("monday", "01:00", "05:00")]
    refused(worker.put(SLOTS, {"slots": week}), 409, "slot_overlap")
    refused(worker.put(SLOTS, {"slots": [slot("monday")] * 51}), 422, "invalid")
    assert week_of(worker) == before


def test_a_slot_is_removed_by_its_owner_only(shared_world: World) -> None:
    owner = shared_world.worker(slots=("monday",))
    stranger = shared_world.worker(slots=())
    path = f"{SLOTS}/{week_of(owner)[0]['id']}"
    unknown = f"{SLOTS}/01900000-0000-7000-8000-000000000000"
    theirs = refused(stranger.delete(path), 404, "slot_not_found")
    nothing = refused(stranger.delete(unknown), 404, "slot_not_found")
    theirs.pop("request_id")
    nothing.pop("request_id")
    assert theirs == nothing
    answer = owner.delete(path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert week_of(owner) == []
    refused(owner.delete(path), 404, "slot_not_found")
    refused(owner.delete(f"{SLOTS}/not-an-id"), 422, "invalid")


def test_time_off_is_kept_until_removed(shared_world: World) -> None:
    worker = shared_world.worker(slots=())
    late = ok(worker.post(TIME_OFF, {"starts_on": "2026-12-20", "ends_on": "2026-12-31"}), 201)
    day = ok(worker.post(TIME_OFF, {"starts_on": "2026-12-01", "ends_on": "2026-12-01"}), 201)
    inside = ok(worker.post(TIME_OFF, {"starts_on": "2026-12-24", "ends_on": "2026-12-25"}), 201)
    assert ok(worker.get(TIME_OFF)) == {"items": [day, late, inside]}
    ok(worker.delete(f"{TIME_OFF}/{late['id']}"), 204)
    assert ok(worker.get(TIME_OFF)) == {"items": [day, inside]}


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "field"),
    [
        ("2026-12-02", "2026-12-01", "ends_on"),
        ("2026-12-01", "2027-12-02", "ends_on"),
        ("2026-02-30", "2026-12-01", "starts_on"),
        ("2026-12-01T00:00:00Z", "2026-12-01", "starts_on"),
        ("1999-12-31", "2026-12-01", "starts_on"),
        (20261201, "2026-12-01", "starts_on"),
    ],
)
def test_time_off_that_means_nothing_is_refused(
    shared_world: World, starts_on: Any, ends_on: Any, field: str
) -> None:
    worker = shared_world.worker(slots=())
    body = {"starts_on": starts_on, "ends_on": ends_on}
    problem = refused(worker.post(TIME_OFF, body), 422, "invalid")
    assert [error["field"] for error in problem["errors"]] == [field]


def test_a_year_off_is_possible(shared_world: World) -> None:
    worker = shared_world.worker(slots=())
    ok(worker.post(TIME_OFF, {"starts_on": "2026-12-01", "ends_on": "2027-12-01"}), 201)


def test_time_off_is_removed_by_its_owner_only(shared_world: World) -> None:
    owner, stranger = shared_world.worker(slots=()), shared_world.worker(slots=())
    made = ok(owner.post(TIME_OFF, {"starts_on": "2026-12-01", "ends_on": "2026-12-01"}), 201)
    refused(stranger.delete(f"{TIME_OFF}/{made['id']}"), 404, "time_off_not_found")
    assert ok(stranger.get(TIME_OFF)) == {"items": []}
    assert ok(owner.get(TIME_OFF)) == {"items": [made]}


def test_whoever_has_time_off_is_not_asked(world: World) -> None:
    worker = world.worker()
    ok(worker.post(TIME_OFF, {"starts_on": "2026-11-28", "ends_on": "2026-11-28"}), 201)
    one_day: dict[str, Any] = {"starts_on": "2026-11-28", "ends_on": "2026-11-28"}
    world.job(world.employer(), **one_day)
    assert world.offers(worker) == []
    next_week: dict[str, Any] = {"starts_on": "2026-12-05", "ends_on": "2026-12-05"}
    world.job(world.employer(), **next_week)
    assert len(world.offers(worker)) == 1


def test_whoever_removes_the_slot_is_not_asked(shared_world: World) -> None:
    worker = shared_world.worker(slots=("saturday",))
    ok(worker.delete(f"{SLOTS}/{week_of(worker)[0]['id']}"), 204)
    shared_world.job(shared_world.employer())
    assert shared_world.offers(worker) == []
