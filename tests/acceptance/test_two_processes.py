"""Several processes are one product: started at once, on one new database, with a cache or without.

Two API processes and a worker process on PostgreSQL and Valkey; two of uvicorn's on one SQLite file.
"""

import re
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from sqlalchemy import inspect

from app.database.engines import sync_engine_for
from app.database.schema import load_models
from tests.acceptance.shapes import problem
from tests.infra.live import running, serve_process, wait_until_healthy
from tests.infra.postgres import Postgres
from tests.infra.run import ROOT, free_port, wait_until
from tests.infra.valkey import valkey_url_of_worker
from tests.support.app_harness import BANDRA, EVERY_DAY, PASSWORD
from tests.support.assertions import ok
from tests.support.sign_in import ME, employer_body


@dataclass
class Cluster:
    """Two doors to one house; the first has the sandbox beside it."""

    first: httpx.Client
    second: httpx.Client
    database_url: str

    def messages(self, phone: str) -> list[dict[str, Any]]:
        """Return what this person received."""
        answer = self.first.get("/sandbox/whatsapp/_control/messages", params={"phone": phone})
        items: list[dict[str, Any]] = ok(answer)["items"]
        return items

    def code_for(self, phone: str) -> str:
        """Return the code this phone received, as soon as the worker process has sent it."""
        found: list[str] = []

        def look() -> bool:
            found[:] = [
                code
                for message in self.messages(phone)
                for code in re.findall(r"\b\d{6}\b", message["text"])
            ]
            return bool(found)

        wait_until(look, f"a code for {phone}")
        return found[-1]


@pytest.fixture(scope="module")
def cluster(
    postgres_server: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    cache = valkey_url_of_worker()
    with redis.Redis.from_url(cache) as client:
        client.flushdb()
    name = postgres_server.create()
    ports = free_port(), free_port()
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    env = {
        "ENVIRONMENT": "test",
        "DATABASE_URL": postgres_server.url(name),
        "REDIS_URL": cache,
        "PUBLIC_URL": urls[0],
        "BACKGROUND_LOOPS": "off",
        "WHATSAPP_API_URL": f"{urls[0]}/sandbox/whatsapp",
        "STRIPE_API_URL": f"{urls[0]}/sandbox/stripe",
        "LOG_LEVEL": "error",
    }
    serve = [sys.executable, "-m", "uvicorn", "app.main:app", "--app-dir", str(ROOT)]
    worker = [sys.executable, "-m", "app", "worker"]
    commands = [
        ("first", [*serve, "--port", str(ports[0])], {"PORT": str(ports[0])}),
        ("second", [*serve, "--port", str(ports[1])], {"PORT": str(ports[1]), "SANDBOX": "off"}),
        ("worker", worker, {"SANDBOX": "off"}),
    ]
    try:
        with ExitStack() as stack:
            folders: dict[str, Path] = {}
            processes = {}
            for what, command, more in commands:
                folders[what] = tmp_path_factory.mktemp(what)
                processes[what] = stack.enter_context(
                    running(command, folders[what], env | more, forked=True)
                )
            for what, url in zip(("first", "second"), urls, strict=True):
                wait_until_healthy(url, processes[what], folders[what])
            clients = [stack.enter_context(httpx.Client(base_url=url, timeout=20)) for url in urls]
            yield Cluster(clients[0], clients[1], env["DATABASE_URL"])
            for what, process in processes.items():
                assert process.poll() is None, f"{what} ended"
                assert "Traceback" not in (folders[what] / "output.log").read_text(), what
    finally:
        postgres_server.drop(name)


@dataclass
class Pair:
    """One door, and two processes behind it: either may take a new connection."""

    url: str
    database_url: str

    def statuses(self, path: str, **options: Any) -> set[int]:
        """Ask for this over so many connections that both processes get some; how each answered."""

        def ask(_: int) -> int:
            return httpx.get(f"{self.url}{path}", **options).status_code

        with ThreadPoolExecutor(8) as pool:
            return set(pool.map(ask, range(24)))


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("pair")
    database_url = f"sqlite:///{folder / 'new.db'}"
    with serve_process(folder, {"DATABASE_URL": database_url}, workers=2) as url:
        yield Pair(url, database_url)
    assert "Traceback" not in (folder / "output.log").read_text()


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _employer(cluster: Cluster, email: str) -> dict[str, Any]:
    body = {
        "company_name": "Cafe Leopold",
        "contact_name": "Rustom Irani",
        "email": email,
        "password": PASSWORD,
    }
    ok(cluster.first.post("/api/auth/register/employer", json=body), 201)
    login = {"role": "employer", "email": email, "password": PASSWORD}
    tokens: dict[str, Any] = ok(cluster.second.post("/api/auth/login", json=login))
    return tokens


def _lacking(database_url: str) -> set[str]:
    engine = sync_engine_for(database_url)
    lacking = set(load_models().tables) - set(inspect(engine).get_table_names())
    engine.dispose()
    return lacking


def test_started_at_once_on_a_new_postgresql_one_makes_the_tables_and_all_answer(
    cluster: Cluster,
) -> None:
    for door in (cluster.first, cluster.second):
        assert ok(door.get("/health"))["status"] == "ok"
    assert _lacking(cluster.database_url) == set()


def test_started_at_once_on_a_new_file_one_makes_the_tables_and_both_answer(pair: Pair) -> None:
    assert pair.statuses("/health") == {200}
    assert _lacking(pair.database_url) == set()


def test_who_leaves_by_one_door_is_out_at_the_other(cluster: Cluster) -> None:
    tokens = _employer(cluster, "leaver@example.com")
    headers = _bearer(tokens["access_token"])
    for door in (cluster.first, cluster.second):
        ok(door.get("/api/auth/me", headers=headers))
    assert cluster.first.post("/api/auth/logout", headers=headers).status_code == 204
    for door in (cluster.second, cluster.first):
        problem(door.get("/api/auth/me", headers=headers), 401)
        problem(
            door.post("/api/auth/refresh", json={"refresh_token": tokens["refresh_token"]}), 401
        )


def test_without_a_cache_too_a_token_is_dead_in_every_process_after_logout(pair: Pair) -> None:
    ok(httpx.post(f"{pair.url}/api/auth/register/employer", json=employer_body()), 201)
    login = {"role": "employer", "email": "owner@example.com", "password": PASSWORD}
    headers = _bearer(ok(httpx.post(f"{pair.url}/api/auth/login", json=login))["access_token"])
    assert pair.statuses(ME, headers=headers) == {200}
    ok(httpx.post(f"{pair.url}/api/auth/logout", headers=headers), 204)
    assert pair.statuses(ME, headers=headers) == {401}


def test_a_refresh_token_used_at_both_doors_ends_the_session(cluster: Cluster) -> None:
    tokens = _employer(cluster, "twice@example.com")
    body = {"refresh_token": tokens["refresh_token"]}
    renewed = ok(cluster.first.post("/api/auth/refresh", json=body))
    problem(cluster.second.post("/api/auth/refresh", json=body), 401)
    headers = _bearer(renewed["access_token"])
    problem(cluster.first.get("/api/auth/me", headers=headers), 401)


def test_limits_count_what_comes_through_either_door(cluster: Cluster) -> None:
    body = {"phone": "+919820066001"}
    doors = (cluster.first, cluster.second) * 3
    statuses = [door.post("/api/auth/otp", json=body).status_code for door in doors]
    assert statuses == [202, 202, 202, 429, 429, 429]
    problem(cluster.second.post("/api/auth/otp", json=body), 429)


def test_the_main_job_goes_through_both_doors_with_the_worker_between(cluster: Cluster) -> None:
    phone = "+919820066002"
    body = {
        "name": "Asha Kulkarni",
        "phone": phone,
        "consent": True,
        "location": BANDRA,
        "skills": ["waiter"],
        "max_distance_km": 10,
    }
    ok(cluster.second.post("/api/auth/register/worker", json=body), 202)
    login = {"role": "worker", "phone": phone, "code": cluster.code_for(phone)}
    worker = _bearer(ok(cluster.first.post("/api/auth/login", json=login))["access_token"])
    for weekday in EVERY_DAY:
        slot = {"weekday": weekday, "start": "08:00", "end": "20:00"}
        ok(cluster.second.post("/api/workers/availability", json=slot, headers=worker), 201)

    employer = _bearer(_employer(cluster, "main@example.com")["access_token"])
    job_body = {
        "title": "Waiter for brunch",
        "description": "Serve guests.",
        "category": "hospitality",
        "location": BANDRA,
        "starts_on": time.strftime("%Y-%m-%d", time.gmtime(time.time() + 7 * 86_400)),
        "slots": [{"weekday": day, "start": "10:00", "end": "18:00"} for day in EVERY_DAY],
        "positions": 1,
        "required_skills": ["waiter"],
    }
    job = ok(cluster.first.post("/api/employers/jobs", json=job_body, headers=employer), 201)
    path = f"/api/employers/jobs/{job['id']}"
    ok(cluster.second.post(f"{path}/publish", headers=employer))

    def accept_buttons() -> list[str]:
        buttons = [b["id"] for message in cluster.messages(phone) for b in message["buttons"]]
        return [button for button in buttons if button.endswith(":accept")]

    wait_until(lambda: bool(accept_buttons()), "the offer comes")
    (accept,) = accept_buttons()
    tap = {"phone": phone, "message": {"type": "button_reply", "id": accept}}
    ok(cluster.first.post("/sandbox/whatsapp/_control/inbound", json=tap))

    def matches() -> list[dict[str, Any]]:
        answer = cluster.second.get(f"{path}/matches?status=accepted", headers=employer)
        items: list[dict[str, Any]] = ok(answer)["items"]
        return items

    wait_until(lambda: bool(matches()), "the acceptance is seen")
    (match,) = matches()
    assert match["contact"] is None
    unlock = f"/api/employers/matches/{match['id']}/unlock"
    pending = ok(cluster.second.post(unlock, headers=employer), 202)
    assert (
        ok(cluster.first.post(unlock, headers=employer), 202)["payment_id"]
        == (pending["payment_id"])
    )
    session_id = pending["checkout_url"].rstrip("/").rsplit("/", 1)[-1]
    paid = f"/sandbox/stripe/_control/checkout/{session_id}"
    ok(cluster.first.post(paid, json={"outcome": "pay"}))
    wait_until(lambda: matches()[0]["unlocked"], "the payment is settled")
    for door in (cluster.first, cluster.second):
        assert ok(door.post(unlock, headers=employer))["contact"]["phone"] == phone
    assert ok(cluster.first.get(path, headers=employer))["status"] == "filled"
    ok(cluster.first.get("/health/ready"))
