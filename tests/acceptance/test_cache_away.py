"""A cache that is frozen or forgets: nobody is let in unchecked, and it is told within seconds."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from app.identity.redis_sessions import durability_warnings
from tests.acceptance.shapes import problem
from tests.infra.run import free_port, wait_until
from tests.infra.valkey import valkey_answers, valkey_command
from tests.support.app_harness import PASSWORD, World
from tests.support.assertions import ok
from tests.support.sign_in import employer_body

LOGIN = {"role": "employer", "email": "owner@example.com", "password": PASSWORD}
ANSWER_SECONDS = 5.0


class Cache:
    """A server of one's own."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        command = [*valkey_command(self.port), *options]
        self.process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
        wait_until(lambda: valkey_answers(self.port), "the cache answers")

    def freeze(self) -> None:
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)

    def forget(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(b"FLUSHALL\r\n")
            assert connection.recv(16) == b"+OK\r\n"

    def close(self) -> None:
        self.thaw()
        self.process.kill()
        self.process.wait()


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    made = Cache(tmp_path)
    yield made
    made.close()


@pytest.fixture
def world_by_cache(
    cache: Cache,
    sqlite_database_url: str,
    world_with: Callable[..., AbstractContextManager[World]],
) -> Iterator[World]:
    with world_with(sqlite_database_url, redis_url=cache.url, rate_limits="on") as world:
        yield world


def timed(ask: Callable[[], httpx.Response]) -> tuple[httpx.Response, float]:
    began = time.monotonic()
    return ask(), time.monotonic() - began


def test_a_frozen_cache_is_told_within_seconds_and_is_over_by_itself(
    world_by_cache: World, cache: Cache
) -> None:
    http = world_by_cache.http
    ok(http.post("/api/auth/register/employer", json=employer_body()), 201)
    token = ok(http.post("/api/auth/login", json=LOGIN))["access_token"]
    signed_in = {"Authorization": f"Bearer {token}"}
    asks: dict[str, Callable[[], httpx.Response]] = {
        "signed in": lambda: http.get("/api/auth/me", headers=signed_in),
        "limited": lambda: http.post("/api/auth/login", json=LOGIN),
        "changing": lambda: http.post("/api/auth/logout", headers=signed_in),
        "ready": lambda: http.get("/health/ready"),
    }
    cache.freeze()
    try:
        for name, ask in asks.items():
            answer, seconds = timed(ask)
            problem(answer, 503)
            assert answer.headers["Retry-After"], name
            assert seconds < ANSWER_SECONDS, (name, seconds)
        ok(http.get("/health"))
    finally:
        cache.thaw()
    wait_until(lambda: asks["signed in"]().status_code == 200, "all is well again", 10)


def test_a_bulk_action_waits_until_the_cache_is_back(
    cache: Cache,
    sqlite_database_url: str,
    world_with: Callable[..., AbstractContextManager[World]],
) -> None:
    with world_with(sqlite_database_url, redis_url=cache.url) as world:
        company, admin = world.employer(), world.admin()
        body = {"action": "sign_out", "ids": [company.id], "reason": "lost phone"}
        path = f"/api/admin/bulk/{ok(admin.post('/api/admin/bulk', body), 202)['id']}"
        cache.freeze()
        try:
            world.settle()
        finally:
            cache.thaw()
        (item,) = ok(admin.get(path))["items"]
        assert (item["state"], item["code"]) == ("waiting", None)
        world.clock.advance(minutes=5)
        world.settle()
        (item,) = ok(admin.get(path))["items"]
        assert (item["state"], item["code"]) == ("done", None)
        problem(company.get("/api/auth/me"), 401)


def test_a_cache_that_was_emptied_signs_people_out_and_lets_nobody_in(
    world_by_cache: World, cache: Cache
) -> None:
    http = world_by_cache.http
    ok(http.post("/api/auth/register/employer", json=employer_body()), 201)
    tokens = ok(http.post("/api/auth/login", json=LOGIN))
    cache.forget()
    signed_in = {"Authorization": f"Bearer {tokens['access_token']}"}
    problem(http.get("/api/auth/me", headers=signed_in), 401)
    body = {"refresh_token": tokens["refresh_token"]}
    problem(http.post("/api/auth/refresh", json=body), 401)
    ok(http.post("/api/auth/login", json=LOGIN))


@pytest.mark.parametrize(
    ("options", "reasons"),
    [
        ((), ["a restart signs people out"]),
        (("--appendonly", "yes"), []),
        (("--appendonly", "yes", "--maxmemory", "64mb", "--maxmemory-policy", "noeviction"), []),
        (
            ("--appendonly", "yes", "--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru"),
            ["drops what it has no memory for"],
        ),
    ],
)
async def test_a_cache_that_forgets_is_named(
    options: tuple[str, ...], reasons: list[str], tmp_path: Path
) -> None:
    made = Cache(tmp_path, *options)
    redis: Any = Redis.from_url(made.url)
    try:
        found = await durability_warnings(redis)
    finally:
        await redis.aclose()
        made.close()
    assert len(found) == len(reasons)
    assert all(reason in sentence for reason, sentence in zip(reasons, found, strict=True))
