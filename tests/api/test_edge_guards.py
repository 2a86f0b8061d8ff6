"""What the edge keeps true whatever a route does: who waits for whom, and what a hang or a leak costs."""

import asyncio
import hashlib
import socket
import threading
import time
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import httpx
import pytest
from anyio import CapacityLimiter
from fastapi import FastAPI
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from app.api.http import problems
from app.api.http.middleware import WEBHOOK_BODY_BYTES, RequestContext, ResponseCutOff
from app.core.errors import TooMany
from app.core.metrics import exposition
from app.core.ratelimit import InMemory, LimiterDown, RateLimiter
from app.database.postgresql import REQUEST
from app.database.session import keyring
from app.identity import passwords, users
from app.identity.models import IdempotencyKey, SignInTries, User
from app.identity.sign_in_throttle import COUNT_TIMEOUT_SECONDS
from tests.support.app_harness import PASSWORD, START, World
from tests.support.assertions import ok, refused
from tests.support.sign_in import employer_body, password_login


@contextmanager
def no_room_to_hash(world: World) -> Iterator[CapacityLimiter]:
    """Keep every password waiting that is checked, as a burst of sign-ins does."""
    places = [object() for _ in range(passwords.HASHES_AT_ONCE)]

    async def take() -> CapacityLimiter:
        limiter = passwords.hashing_limiter()
        for place in places:
            await limiter.acquire_on_behalf_of(place)
        return limiter

    async def give_back(limiter: CapacityLimiter) -> None:
        for place in places:
            limiter.release_on_behalf_of(place)

    limiter = world.run(take())
    try:
        yield limiter
    finally:
        world.run(give_back(limiter))


def until_one_waits(world: World, limiter: CapacityLimiter) -> None:
    """Return once a password waits for its turn to be checked: past all that is done before it."""
    until = time.monotonic() + 10
    while not limiter.statistics().tasks_waiting:
        assert time.monotonic() < until
        world.run(asyncio.sleep(0))


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


def test_a_password_is_checked_in_nobodys_turn_to_write(sqlite_world: World) -> None:
    """Hashing takes as long as hundreds of writes: on SQLite nobody who writes may wait for it."""
    world, employer = sqlite_world, sqlite_world.employer()

    async def written(session: AsyncSession) -> None:
        await session.execute(update(User).values(updated_at=START))

    with ThreadPoolExecutor(1) as pool, no_room_to_hash(world) as room:
        answer = pool.submit(password_login, world, "a guess", str(employer.email))
        until_one_waits(world, room)
        world.in_session(written)
        assert not answer.done()
    refused(answer.result(10), 401, "invalid_credentials")


@pytest.fixture
def limited_world(
    sqlite_database_url: str, world_with: Callable[..., AbstractContextManager[World]]
) -> Iterator[World]:
    """One that counts tries, as it does outside tests."""
    with world_with(sqlite_database_url, rate_limits="on") as world:
        yield world


def test_a_try_that_cannot_be_counted_is_told_so_soon_and_not_judged(limited_world: World) -> None:
    """A guess that nobody counted would be free, so while somebody writes for long nobody is let in."""
    world, employer = limited_world, limited_world.employer()

    async def counted() -> int:
        async with world.runtime.database.read() as session:
            return len((await session.scalars(select(SignInTries))).all())

    with somebody_writes(world), no_room_to_hash(world):  # nothing waits for a hash, either
        for password in ("a guess", PASSWORD):
            asked_at = time.monotonic()
            answer = password_login(world, password, str(employer.email))
            problem = refused(answer, 503, "database_unavailable")
            # Sooner than other requests give up, even where the machine is busy.
            assert time.monotonic() - asked_at < COUNT_TIMEOUT_SECONDS + REQUEST.pool_seconds
            assert "Nothing was changed" in problem["detail"]
            assert answer.headers["retry-after"]
        assert world.run(counted()) == 0
    refused(password_login(world, "a guess", str(employer.email)), 401, "invalid_credentials")
    assert world.run(counted()) > 0
    ok(password_login(world, PASSWORD, str(employer.email)))


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
        address = users.email_columns(keyring(session), str(employer.email))
        session.add(User(**address, **values, **times))
        await session.flush()

    with pytest.raises(IntegrityError) as refusal:
        world.in_session(again)
    assert "Canary" not in str(refusal.value)


async def test_a_counter_of_requests_that_hangs_is_a_counter_that_is_down() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        limiter = RateLimiter(f"redis://127.0.0.1:{silent.getsockname()[1]}/0", enabled=True)
        with pytest.raises(LimiterDown):
            await asyncio.wait_for(limiter.hit("login:address", "3/hour", "somebody"), 15)


def guarded(app: ASGIApp, **changes: Any) -> httpx.AsyncClient:
    """Return a client of `app` behind the guards, as production has them."""
    set_up: dict[str, Any] = {"hosts": [], "max_body_bytes": 1_024, "production": True} | changes
    transport = httpx.ASGITransport(RequestContext(app, **set_up))
    return httpx.AsyncClient(transport=transport, base_url="http://partimer.example")


async def test_an_error_is_answered_and_its_words_stay_out_of_the_server_s_log() -> None:
    async def fails(_request: Request) -> Response:
        raise ValueError("canary@example.com exists already")

    application = FastAPI(routes=[Route("/", fails)])
    problems.install(application)
    async with guarded(application) as client:  # the transport raises what a server would print
        answer = await client.get("/")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "canary" not in answer.text


async def test_an_answer_that_breaks_off_is_cut_so_that_nobody_takes_it_for_whole() -> None:
    async def rows() -> AsyncIterator[str]:
        yield "name\r\n"
        raise ValueError("canary@example.com")

    async def export(_request: Request) -> Response:
        return StreamingResponse(rows())

    application = FastAPI(routes=[Route("/", export)])
    problems.install(application)
    async with guarded(application) as client:
        with pytest.raises(ResponseCutOff) as broken:
            await client.get("/")
    assert "canary" not in "".join(traceback.format_exception(broken.value))


async def test_a_provider_s_webhook_may_be_larger_than_what_people_send() -> None:
    async def length(request: Request) -> Response:
        return PlainTextResponse(str(len(await request.body())))

    paths = ("/api/webhooks/whatsapp", "/api/jobs")
    application = FastAPI(routes=[Route(path, length, methods=["POST"]) for path in paths])
    problems.install(application)
    async with guarded(application) as client:
        statuses = [
            (await client.post(path, content=b"x" * 2_000_000)).status_code for path in paths
        ]
        assert statuses == [200, 413]
        too_much = b"x" * (WEBHOOK_BODY_BYTES + 1)
        assert (await client.post(paths[0], content=too_much)).status_code == 413


async def test_methods_that_people_make_up_are_one_metric() -> None:
    async with guarded(FastAPI()) as client:
        for method in ("FOO", "BAR"):
            await client.request(method, "/")
    told = exposition().decode()
    assert 'method="OTHER"' in told
    assert 'method="FOO"' not in told


async def test_a_host_is_known_however_it_is_written() -> None:
    async with guarded(FastAPI(), hosts=["partimer.example"]) as client:
        for host, status in (("Partimer.Example:443", 404), ("evil.example", 400)):
            assert (await client.get("/", headers={"Host": host})).status_code == status


def test_the_page_for_browsers_loads_nothing_and_is_framed_by_nobody(shared_world: World) -> None:
    page = shared_world.http.get("/", headers={"Accept": "text/html"})
    assert page.headers["x-frame-options"] == "DENY"
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    # The chat sends employers without an account to this place.
    assert 'id="employers"' in page.text
    assert 'href="/signup"' in page.text


async def test_counts_that_have_ended_are_forgotten_and_others_go_on() -> None:
    counts = InMemory()
    for subject in range(100):
        await counts.incr(f"ended/{subject}", expiry=-1)
    assert [await counts.incr("going on", expiry=60) for _ in range(3)] == [1, 2, 3]
    assert await counts.incr("ended/1", expiry=-1) == 1
    counts._swept_at -= InMemory.SWEEP_SECONDS
    assert await counts.incr("going on", expiry=60) == 4
    assert list(counts.storage) == list(counts.expirations) == ["going on"]


async def test_the_limit_holds_in_memory() -> None:
    limiter = RateLimiter(None, enabled=True)
    for _ in range(5):
        await limiter.hit("code", "5/hour", "somebody")
    with pytest.raises(TooMany):
        await limiter.hit("code", "5/hour", "somebody")
    await limiter.hit("code", "5/hour", "somebody else")
