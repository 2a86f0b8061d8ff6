"""A database that is frozen, restarted or ended under way: told within seconds, and over by itself."""

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.acceptance.shapes import problem
from tests.conftest import _create_tables
from tests.infra.live import running, serve_process, wait_until_healthy
from tests.infra.postgres import OwnPostgres, own_postgres
from tests.infra.run import ROOT, free_port, wait_until
from tests.support.app_harness import PASSWORD
from tests.support.assertions import ok
from tests.support.sign_in import employer_body

ENV = {"ENVIRONMENT": "test", "RATE_LIMITS": "off", "LOG_LEVEL": "error"}
HEALTH_SECONDS = 3.0
ANSWER_SECONDS = 5.0
LOGIN = {"role": "employer", "email": "owner@example.com", "password": PASSWORD}


class Product:
    """The product in a process of its own, on a database of its own, and somebody signed in."""

    def __init__(self, http: httpx.Client, database: OwnPostgres, name: str) -> None:
        self.http = http
        self.database = database
        self.name = name
        ok(self.http.post("/api/auth/register/employer", json=employer_body()), 201)
        token = ok(self.http.post("/api/auth/login", json=LOGIN))["access_token"]
        self.signed_in = {"Authorization": f"Bearer {token}"}

    def requests(self) -> dict[str, Any]:
        """Return one request of each kind: what reads, what writes, what is signed in, a webhook."""
        return {
            "read": lambda: self.http.get("/api/employers/profile", headers=self.signed_in),
            "write": lambda: self.http.post(
                "/api/auth/otp", json={"phone": "+919820011001"}, headers={"Idempotency-Key": "k"}
            ),
            "sign in": lambda: self.http.post("/api/auth/login", json=LOGIN),
            "register": lambda: self.http.post(
                "/api/auth/register/employer", json=employer_body(email="other@example.com")
            ),
            "me": lambda: self.http.get("/api/auth/me", headers=self.signed_in),
        }

    def is_well(self) -> bool:
        """Whether everything answers as if nothing had been."""
        answers = [
            self.http.get("/health"),
            self.http.get("/api/auth/me", headers=self.signed_in),
            self.http.post("/api/auth/otp", json={"phone": "+919820011001"}),
        ]
        return [answer.status_code for answer in answers] == [200, 200, 202]

    def sessions(self) -> list[tuple[int, str]]:
        """Return the sessions of the product on the server: process id and state."""
        with psycopg.connect(self.database.url("postgres")) as connection:
            found = connection.execute(
                "SELECT pid, state FROM pg_stat_activity WHERE datname = %s", [self.name]
            ).fetchall()
        return [(int(pid), str(state)) for pid, state in found]


@pytest.fixture(scope="module")
def database() -> Iterator[OwnPostgres]:
    with own_postgres() as server:
        yield server


@pytest.fixture(scope="module")
def product(database: OwnPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    name = database.create()
    _create_tables(database.url(name))
    folder = tmp_path_factory.mktemp("server")
    with (
        serve_process(folder, ENV | {"DATABASE_URL": database.url(name)}, forked=True) as url,
        httpx.Client(base_url=url, timeout=20) as http,
    ):
        yield Product(http, database, name)


def timed(ask: Any) -> tuple[httpx.Response, float]:
    began = time.monotonic()
    answer: httpx.Response = ask()
    return answer, time.monotonic() - began


def test_a_frozen_database_is_told_within_seconds_and_is_over_by_itself(product: Product) -> None:
    assert product.is_well()
    asks = product.requests() | {f"read {n}": product.requests()["read"] for n in range(40)}
    with ThreadPoolExecutor(len(asks) + 1) as pool:
        product.database.freeze()
        try:
            health = pool.submit(timed, lambda: product.http.get("/health"))
            others = {name: pool.submit(timed, ask) for name, ask in asks.items()}
            answer, seconds = health.result()
            problem(answer, 503, "database_unavailable")
            assert seconds < HEALTH_SECONDS
            for name, other in others.items():
                answer, seconds = other.result()
                assert answer.status_code == 503, (name, answer.text)
                assert answer.headers["Retry-After"], name
                assert seconds < ANSWER_SECONDS, (name, seconds)
            again, seconds = timed(lambda: product.http.get("/health"))
            problem(again, 503, "database_unavailable")
            assert seconds < HEALTH_SECONDS
        finally:
            product.database.thaw()
    wait_until(product.is_well, "all is well again", 15)
    # Two pools of sixteen, and the one that listens: none was leaked, none is stuck.
    wait_until(lambda: len(product.sessions()) <= 33, "the lost connections are gone", 15)
    assert not [state for _, state in product.sessions() if "transaction" in state]


def test_ended_sessions_are_answered_with_503_or_not_noticed(product: Product) -> None:
    for _ in range(3):
        with psycopg.connect(product.database.url("postgres"), autocommit=True) as connection:
            for pid, _state in product.sessions():
                connection.execute("SELECT pg_terminate_backend(%s)", [pid])
        for name, ask in product.requests().items():
            answer = ask()
            assert answer.status_code in {200, 201, 202, 409, 503}, (name, answer.text)
    assert product.is_well()


def test_a_restart_of_the_database_is_answered_with_503_and_then_over(product: Product) -> None:
    """Requests go on all the while; each is answered as promised, or told to come again."""
    product.database.stop()
    try:
        for name, ask in product.requests().items():
            answer, seconds = timed(ask)
            assert answer.status_code == 503, (name, answer.text)
            assert answer.headers["Retry-After"], name
            assert seconds < ANSWER_SECONDS
        assert product.http.get("/health").status_code == 503
    finally:
        product.database.start()
    assert product.is_well()


def test_a_process_that_starts_while_the_database_restarts_waits_for_it(
    database: OwnPostgres, tmp_path: Path
) -> None:
    name = database.create()
    database.stop()
    port = free_port()
    base_url = f"http://127.0.0.1:{port}"
    command = [
        *(sys.executable, "-m", "uvicorn", "app.main:app", "--app-dir", str(ROOT)),
        *("--host", "127.0.0.1", "--port", str(port)),
    ]
    env = ENV | {"LOG_LEVEL": "warning", "PORT": str(port), "PUBLIC_URL": base_url}
    env |= {"DATABASE_URL": database.url(name)}
    with running(command, tmp_path, env, forked=True) as process:
        said = tmp_path / "output.log"
        try:
            wait_until(lambda: "waiting_for_database" in said.read_text(), "it waits, and says so")
            assert process.poll() is None
        finally:
            database.start()
        wait_until_healthy(base_url, process, tmp_path)
    assert "Traceback" not in said.read_text()


def test_the_server_has_its_limits_however_it_was_started(product: Product) -> None:
    """`uvicorn app.main:app`, as the specification writes it, knows none of our options."""
    answer = product.http.get("/health", headers={f"x-{n}": "a" * 4_000 for n in range(40)})
    problem(answer, 431, "headers_too_large")
