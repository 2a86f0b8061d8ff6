"""How often somebody may do something, and what sending it twice costs."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from app.api.http.rate_limits import LIMITS
from tests.support.app_harness import World
from tests.support.assertions import ok, refused
from tests.support.sign_in import SENT

PROFILE = "/api/workers/profile"


def test_one_account_writes_so_often_a_minute_and_reads_on(
    sqlite_database_url: str, world_with: Callable[..., AbstractContextManager[World]]
) -> None:
    with world_with(sqlite_database_url, rate_limits="on") as world:
        busy, other = world.worker(slots=()), world.worker(slots=())

        async def write_as_often_as_allowed() -> None:
            limit = LIMITS["write:account"]
            for _ in range(int(limit.partition("/")[0]) - 1):
                await world.runtime.limiter.hit("write:account", limit, busy.id)

        ok(busy.put(PROFILE, {"bio": "first"}))
        world.run(write_as_often_as_allowed())
        answer = busy.put(PROFILE, {"bio": "one too many"})
        refused(answer, 429, "rate_limited")
        assert int(answer.headers["retry-after"]) > 0
        assert ok(busy.get(PROFILE))["bio"] == "first"
        ok(other.put(PROFILE, {"bio": "not concerned"}))


def test_asking_for_a_code_twice_with_one_idempotency_key_sends_one(shared_world: World) -> None:
    phone = str(shared_world.worker(slots=()).phone)
    before = len(shared_world.messages(phone))
    for _ in range(2):
        headers = {"Idempotency-Key": f"code for {phone}"}
        answer = shared_world.http.post("/api/auth/otp", json={"phone": phone}, headers=headers)
        assert ok(answer, 202) == SENT
    assert len(shared_world.messages(phone)) == before + 1
