"""What was given up is seen by administrators, in readiness and in figures, and can be tried again."""

import datetime as dt
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select, update

from app.__main__ import _check_invariants
from app.api.http import idempotency
from app.core.metrics import REGISTRY
from app.core.settings import Settings
from app.identity.models import IdempotencyKey
from app.jobs.models import Job
from app.messaging.models import InboxItem
from app.offers.models import JobMatch
from app.policy.models import PolicyRow
from app.reporting import parked
from tests.infra.counted import alerts
from tests.support.app_harness import START, World
from tests.support.assertions import ok, refused
from tests.support.leads import logged_actions

pytestmark = pytest.mark.usefixtures("world", "quiet_log")

PARKED = "/api/admin/parked"
INBOX = "/api/admin/inbox"


def change(world: World, statement: Any) -> None:
    world.in_session(lambda session: session.execute(statement))


def pass_time(world: World, minutes: int = 30) -> None:
    """Let the pauses of bad data pass, one after another."""
    for seconds in (0, 10, 30, 90, 240, 700):
        world.clock.advance(seconds=min(seconds, minutes * 60))
        world.settle()


def gauge(kind: str) -> float:
    return REGISTRY.get_sample_value("partimer_parked", {"kind": kind}) or 0.0


def test_a_job_that_can_not_be_matched_is_listed_and_matched_once_it_is_mended(
    world: World,
) -> None:
    worker = world.worker(slots=("saturday",))
    bad = world.job(world.employer(), publish=False)
    good = world.job(world.employer(), publish=False)
    broken = update(Job).where(Job.title == bad["title"]).values(status="published")
    change(world, broken.values(next_wave_at=START, accept_limit=2))
    change(world, update(Job).where(Job.id == _id(bad)).values(time_zone="Asia/Atlantis"))
    world.settle()
    assert [offer["job"]["id"] for offer in world.offers(worker)] == [good["id"]]
    pass_time(world)
    admin = world.admin()
    [row] = ok(admin.get(PARKED))["items"]
    assert (row["kind"], row["subject_id"], row["attempts"]) == ("wave", bad["id"], 6)
    assert row["error"] == "ZoneInfoNotFoundError"
    assert ok(admin.get(PARKED, params={"kind": "refund"}))["items"] == []
    assert set(row) == {"kind", "subject_id", "attempts", "lost", "error", "parked_at"}

    # Every process would see the same: they stay in service, and say what waits.
    ready = ok(world.http.get("/health/ready"))
    assert (ready["status"], ready["parked"]) == ("degraded", {"wave": 1})
    assert ready["background_lag_seconds"] == 0
    assert gauge("wave") == 1
    figures = ok(admin.get("/api/admin/stats"))["parked"]
    assert figures["by_kind"] == {"wave": 1}
    world.clock.advance(hours=2)
    world.settle()
    admin = world.admin()
    assert ok(admin.get("/api/admin/stats"))["parked"]["oldest_seconds"] >= 7_200
    assert ok(world.http.get("/health/ready"))["background_lag_seconds"] == 0

    change(world, update(Job).where(Job.id == _id(bad)).values(time_zone="Asia/Kolkata"))
    retry = f"{PARKED}/wave/{bad['id']}/retry"
    assert ok(admin.post(retry))["attempts"] == 0
    refused(admin.post(retry), 409, "work_not_parked")
    assert logged_actions(world, bad["id"]).count("work.retry") == 1
    world.settle()
    assert world.in_session(lambda session: _asked(session, bad["id"])) == 1
    refused(admin.post(retry), 404, "not_found")
    assert ok(world.http.get("/health/ready"))["status"] == "ok"


async def _asked(session: Any, job_id: str) -> int:
    """How many workers were asked about a job."""
    query = select(func.count()).select_from(JobMatch).where(JobMatch.job_id == UUID(job_id))
    found: int = await session.scalar(query)
    return found


def _id(job: dict[str, Any]) -> Any:
    return UUID(job["id"])


def test_parked_work_that_is_called_off_waits_for_nobody(world: World) -> None:
    employer = world.employer()
    job = world.job(employer)
    change(world, update(Job).values(required_skills=["gone"], next_wave_at=START))
    pass_time(world)
    admin = world.admin()
    assert len(ok(admin.get(PARKED))["items"]) == 1
    assert employer.email is not None
    employer = world.sign_in(employer.email, role="employer")
    ok(employer.delete(f"/api/employers/jobs/{job['id']}"))
    world.clock.advance(minutes=2)
    world.settle()
    assert ok(admin.get(PARKED))["items"] == []
    assert gauge("wave") == 0


def test_a_message_that_was_given_up_is_listed_without_its_words_and_handled_again(
    world: World,
) -> None:
    world.says("+919811100042", "hi")
    change(world, update(InboxItem).values(state="dead", error="RuntimeError", attempts=12))
    admin = world.admin()
    [row] = ok(admin.get(INBOX, params={"state": "dead"}))["items"]
    assert "9811100042" not in str(row)
    assert (row["error"], row["attempts"]) == ("RuntimeError", 12)
    [talk] = ok(admin.get("/api/admin/conversations"))["items"]
    assert row["conversation_id"] == talk["id"]
    ready = ok(world.http.get("/health/ready"))
    assert (ready["status"], ready["parked"]) == ("degraded", {"inbox": 1})

    before = len(world.messages("+919811100042"))
    again = ok(admin.post(f"{INBOX}/{row['id']}/retry"))
    assert (again["state"], again["attempts"], again["error"]) == ("waiting", 0, None)
    refused(admin.post(f"{INBOX}/{row['id']}/retry"), 409, "inbox_item_not_dead")
    assert logged_actions(world, row["id"]) == ["inbox.retry"]
    world.settle()
    assert ok(admin.get(INBOX, params={"state": "dead"}))["items"] == []
    assert len(world.messages("+919811100042")) >= before
    refused(admin.post(f"{INBOX}/{row['id']}/retry"), 409, "inbox_item_not_dead")


def test_a_message_of_which_nothing_is_kept_is_not_tried_again(world: World) -> None:
    world.says("+919811100043", "hi")
    change(world, update(InboxItem).values(state="dead", error="x", body_sealed=b""))
    admin = world.admin()
    [row] = ok(admin.get(INBOX, params={"state": "dead"}))["items"]
    refused(admin.post(f"{INBOX}/{row['id']}/retry"), 409, "inbox_item_not_dead")


async def _count(session: Any) -> parked.Parked:
    return await parked.count(session, START)


def test_the_check_of_invariants_says_what_was_given_up(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.says("+919811100044", "hi")
    change(world, update(InboxItem).values(state="dead", error="RuntimeError"))
    settings = Settings(
        _env_file=None, environment="test", database_url=SecretStr(world.database_url)
    )
    assert world.run(_check_invariants(settings)) == 0
    assert "parked 1 of kind inbox" in capsys.readouterr().out
    assert world.in_session(_count).total == 1


def test_a_new_policy_frees_the_waves_that_failed_by_the_old_one(world: World) -> None:
    worker = world.worker(slots=("saturday",))
    job = world.job(world.employer(), publish=False)
    change(world, update(Job).values(status="published", next_wave_at=START, accept_limit=2))
    broken = PolicyRow(
        id=1,
        values={"matching": {"weights": {"distance": "NaN"}}, "waves": {"choice_factor": 3}},
        version=1,
        updated_at=START,
    )

    async def store(session: Any) -> None:
        session.add(broken)

    before = alerts("policy_unreadable")
    world.in_session(store)
    world.settle()
    assert world.offers(worker) == []
    assert alerts("policy_unreadable") > before
    assert ok(world.http.get("/health/ready"))["background_lag_seconds"] == 0
    admin = world.admin()
    refused(admin.get("/api/admin/settings"), 503, "policy_unreadable")
    mended = ok(admin.put("/api/admin/settings", {"matching": {"minimum_availability_share": 0.4}}))
    assert mended["waves"]["choice_factor"] == 3, "what could be read stays"
    world.settle()
    assert [offer["job"]["id"] for offer in world.offers(worker)] == [job["id"]]


def test_old_keys_are_forgotten_in_steps(world: World) -> None:
    old = START - dt.timedelta(hours=idempotency.KEPT_HOURS + 1)

    async def add(session: Any) -> None:
        session.add_all(
            IdempotencyKey(owner="o", key=str(number), fingerprint="f", created_at=old)
            for number in range(7)
        )

    async def forget(session: Any) -> int:
        return await idempotency.purge(session, START, 3)

    async def left(session: Any) -> int:
        return len((await session.scalars(select(IdempotencyKey))).all())

    world.in_session(add)
    assert [world.in_session(forget) for _ in range(4)] == [3, 3, 1, 0]
    assert world.in_session(left) == 0
