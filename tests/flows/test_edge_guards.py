"""What the edge keeps true whatever a route does: who waits for whom, and what a hang or a leak costs."""

import asyncio
import hashlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ratelimit import LimiterDown, RateLimiter
from app.identity.models import IdempotencyKey, User
from tests.flows.auth_world import employer_body, password_login
from tests.flows.world import START, World, ok, refused


@contextmanager
def somebody_writes(world: World) -> Iterator[None]:
    """A write transaction that stays open while the block runs."""
    begun, done = threading.Event(), asyncio.Event()

    async def write() -> None:
        async with world.runtime.database.begin():
            begun.set()
            await done.wait()

    writing = asyncio.run_coroutine_threadsafe(write(), world.loop)
    assert begun.wait(10)
    try:
        yield
    finally:
        world.loop.call_soon_threadsafe(done.set)
        writing.result(10)


def test_a_wrong_password_waits_for_no_writer_and_holds_none_up(sqlite_world: World) -> None:
    """Hashing takes as long as hundreds of writes: on SQLite it must not be done in a writer's turn."""
    employer = sqlite_world.employer()
    with somebody_writes(sqlite_world):
        answer = password_login(sqlite_world, "a guess", str(employer.email))
        refused(answer, 401, "invalid_credentials")


def test_what_is_kept_of_a_request_does_not_help_to_guess_its_password(world: World) -> None:
    """The fingerprint is keyed: the table alone does not tell a right guess from a wrong one."""
    headers = {"Idempotency-Key": "once"}
    path = "/api/auth/register/employer"
    for _ in range(2):
        ok(world.http.post(path, json=employer_body(), headers=headers), 201)
    other = employer_body(password="another good passphrase")
    refused(world.http.post(path, json=other, headers=headers), 422, "idempotency_key_reused")
    sent = world.http.build_request("POST", path, json=employer_body())

    async def kept(session: AsyncSession) -> str | None:
        return await session.scalar(select(IdempotencyKey.fingerprint))

    assert world.in_session(kept) not in plain_hashes("POST", path, sent.content)


def plain_hashes(method: str, path: str, body: bytes) -> set[str]:
    """Return what anybody with the table could compute for a guessed body."""
    whole = b"\0".join((method.encode(), path.encode(), body))
    return {hashlib.sha256(part).hexdigest() for part in (whole, body)}


def test_an_error_of_the_database_does_not_say_what_was_written(world: World) -> None:
    employer = world.employer(email="canary@example.com")

    async def again(session: AsyncSession) -> None:
        values = {"role": "employer", "status": "active", "name": "Canary Sharma"}
        times = {"created_at": START, "updated_at": START}
        session.add(User(email=employer.email, **values, **times))
        await session.flush()

    with pytest.raises(IntegrityError) as refusal:
        world.in_session(again)
    assert "Canary" not in str(refusal.value)


async def test_a_counter_of_requests_that_hangs_is_a_counter_that_is_down() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        limiter = RateLimiter(f"redis://127.0.0.1:{silent.getsockname()[1]}/0", enabled=True)
        with pytest.raises(LimiterDown):
            await asyncio.wait_for(limiter.hit("login:address", "3/hour", "somebody"), 15)
