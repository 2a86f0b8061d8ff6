"""Who is offered a job depends on its hours that are still to come, at each moment people are asked."""

from typing import Any

from tests.support.app_harness import EVERY_DAY, Person, World
from tests.support.assertions import ok, refused

INDIA = "Asia/Kolkata"


def daily(start: str, end: str) -> list[dict[str, str]]:
    return [{"weekday": day, "start": start, "end": end} for day in EVERY_DAY]


def trigger(world: World, job_id: str) -> dict[str, Any]:
    answer: dict[str, Any] = ok(world.admin().post(f"/api/matching/jobs/{job_id}/trigger"), 202)
    return answer


def away(worker: Person, starts_on: str, ends_on: str) -> None:
    ok(worker.post("/api/workers/time-off", {"starts_on": starts_on, "ends_on": ends_on}), 201)


def titles(world: World, worker: Person) -> list[str]:
    return [offer["job"]["title"] for offer in world.offers(worker)]


def test_on_day_twelve_only_who_is_free_on_the_days_left_is_offered(world: World) -> None:
    job = world.job(
        world.employer(),
        starts_on="2026-11-23",
        ends_on="2026-12-06",
        slots=daily("13:00", "19:00"),
        positions=5,
    )
    world.clock.advance(days=11)  # Friday, the 4th of December, 11:30
    gone, here = world.worker(), world.worker()
    away(gone, "2026-12-04", "2026-12-08")
    away(here, "2026-11-23", "2026-12-03")
    sent = trigger(world, job["id"])
    assert sent["offers_created"] == sent["candidates"] == 1
    assert titles(world, gone) == []
    why = world.offers(here)[0]["why"]
    assert "you are free at all its hours" in why


def test_a_wave_that_comes_by_itself_counts_the_same_hours(world: World) -> None:
    employer = world.employer()
    job = world.job(
        employer,
        starts_on="2026-11-23",
        ends_on="2026-11-24",
        slots=[
            {"weekday": "monday", "start": "12:00", "end": "20:00"},
            {"weekday": "tuesday", "start": "06:00", "end": "08:00"},
        ],
    )
    world.clock.advance(hours=9)  # 20:30: Monday's shift is over
    monday = world.worker(slots=["monday"])
    tuesday = world.worker(slots=[{"weekday": "tuesday", "start": "05:00", "end": "09:00"}])
    world.settle()
    assert titles(world, monday) == []
    assert titles(world, tuesday) == [job["title"]]


def test_a_shift_of_this_morning_counts_no_more_this_afternoon(world: World) -> None:
    world.clock.advance(hours=3)  # 14:30 in India
    mornings = world.worker(slots=[{"weekday": "monday", "start": "06:00", "end": "12:00"}])
    evenings = world.worker(slots=[{"weekday": "monday", "start": "16:00", "end": "22:00"}])
    world.job(
        world.employer(),
        starts_on="2026-11-23",
        ends_on="2026-11-23",
        slots=[
            {"weekday": "monday", "start": "06:00", "end": "12:00"},
            {"weekday": "monday", "start": "17:00", "end": "21:00"},
        ],
    )
    assert titles(world, mornings) == []
    assert len(titles(world, evenings)) == 1


def test_the_clock_is_that_of_the_place_of_work(world: World) -> None:
    # 06:00 UTC: Monday's shift in Auckland (from 08:00 to 12:00, UTC+13) is over, that of London is not.
    def shift(city: dict[str, float], zone: str) -> tuple[Person, Person]:
        worker = world.worker(location=city)
        owner = world.employer()
        world.job(
            owner,
            location=city,
            time_zone=zone,
            starts_on="2026-11-23",
            ends_on="2026-11-24",
            slots=[
                {"weekday": "monday", "start": "08:00", "end": "12:00"},
                {"weekday": "tuesday", "start": "21:00", "end": "23:00"},
            ],
        )
        return owner, worker

    _, londoner = shift({"latitude": 51.5074, "longitude": -0.1278}, "Europe/London")
    _, aucklander = shift({"latitude": -36.8485, "longitude": 174.7633}, "Pacific/Auckland")
    assert len(titles(world, londoner)) == 1
    assert titles(world, aucklander) == []  # free from 08:00 to 20:00; only Tuesday night is left


def test_a_job_with_nothing_left_asks_nobody_and_takes_no_answer(world: World) -> None:
    first = world.worker(slots=["monday"])
    job = world.job(
        world.employer(),
        starts_on="2026-11-23",
        ends_on="2026-11-23",
        slots=[{"weekday": "monday", "start": "13:00", "end": "17:00"}],
        positions=3,
        respond_within_minutes=10_000,
    )
    offer = world.offers(first)[0]
    world.clock.advance(hours=1, minutes=30)  # 13:00: the only shift begins
    late = world.worker(slots=["monday"])
    admin = world.admin()
    refused(admin.post(f"/api/matching/jobs/{job['id']}/trigger"), 409, "job_not_published")
    refreshed = world.http.post("/api/auth/refresh", json={"refresh_token": first.refresh_token})
    first.token = ok(refreshed)["access_token"]
    answer = first.post(f"/api/workers/offers/{offer['id']}/respond", {"response": "accept"})
    refused(answer, 409, "offer_expired")
    world.settle()
    assert ok(world.admin().get(f"/api/admin/jobs/{job['id']}"))["status"] == "expired"
    assert titles(world, late) == []


def test_a_day_off_holds_although_the_evening_before_is_free_all_night(world: World) -> None:
    night = {"weekday": "friday", "start": "22:00", "end": "08:00"}
    off = world.worker(slots=[night, "saturday"])
    there = world.worker(slots=[night, "saturday"])
    away(off, "2026-11-28", "2026-11-28")
    world.job(
        world.employer(),
        starts_on="2026-11-28",
        ends_on="2026-11-28",
        slots=[{"weekday": "saturday", "start": "01:00", "end": "07:00"}],
    )
    assert titles(world, off) == []
    assert len(titles(world, there)) == 1
