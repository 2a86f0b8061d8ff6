"""What is said to be done stays done, and what can't be done is told in one sentence."""

import logging
import re
import signal
import socket
import sqlite3
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.__main__ import main
from tests.acceptance.shapes import problem
from tests.conftest import Command
from tests.infra.forked import Running
from tests.infra.live import running, wait_until_healthy
from tests.infra.run import ROOT, free_port, wait_until
from tests.support.app_harness import PASSWORD, World
from tests.support.assertions import ok
from tests.support.sign_in import employer_body

ENV = {"ENVIRONMENT": "test", "RATE_LIMITS": "off", "LOG_LEVEL": "error"}


class Server:
    """The product in a process of its own, to be killed and started again on the same data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = ENV | {
            "DATABASE_URL": f"sqlite:///{folder / 'partimer.db'}",
            "PORT": str(self.port),
            "PUBLIC_URL": self.url,
        }
        self.command = [
            *(sys.executable, "-m", "uvicorn", "app.main:app", "--app-dir", str(ROOT)),
            *("--host", "127.0.0.1", "--port", str(self.port), "--no-access-log"),
        ]

    def running(self, **env: str) -> Any:
        return running(self.command, self.folder, self.env | env, forked=True)

    def ready(self, process: Running) -> None:
        wait_until_healthy(self.url, process, self.folder)


def kill(process: Running) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_what_was_acknowledged_is_there_after_a_kill(tmp_path: Path) -> None:
    """Writes go on while the process is killed; every one that was answered is there afterwards."""
    server = Server(tmp_path)
    acknowledged: list[str] = []
    phones: list[str] = []
    with server.running(BACKGROUND_LOOPS="off") as process:
        server.ready(process)

        def write() -> None:
            number = 0
            with httpx.Client(base_url=server.url, timeout=10) as http:
                while True:
                    number += 1
                    phone = f"+9198200{number:05}"
                    body = {"name": "Asha", "phone": phone, "consent": True}
                    try:
                        answer = http.post("/api/auth/register/worker", json=body)
                    except httpx.TransportError:
                        return
                    assert answer.status_code == 202, answer.text
                    phones.append(phone)
                    acknowledged.append(answer.headers["x-request-id"])

        writer = threading.Thread(target=write)
        writer.start()
        wait_until(lambda: len(acknowledged) >= 5, "some writes are acknowledged")
        kill(process)
        writer.join(20)
    with closing(sqlite3.connect(tmp_path / "partimer.db")) as database:
        (users,) = database.execute("SELECT count(*) FROM users").fetchone()
        assert len(phones) <= users <= len(phones) + 1  # one may have been answered to nobody
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []

    # The codes that waited go out once somebody sends again, and they open the door.
    with server.running() as process, httpx.Client(base_url=server.url, timeout=10) as http:
        server.ready(process)

        def received(phone: str) -> list[str]:
            answer = http.get("/sandbox/whatsapp/_control/messages", params={"phone": phone})
            return [message["text"] for message in ok(answer)["items"]]

        for phone in (phones[0], phones[-1]):
            wait_until(partial(_any, received, phone), "the code arrives")
            (text,) = received(phone)
            code = re.search(r"\d{6}", text)
            assert code is not None
            body = {"role": "worker", "phone": phone, "code": code[0]}
            ok(http.post("/api/auth/login", json=body))


def _any(received: Callable[[str], list[str]], phone: str) -> bool:
    return bool(received(phone))


def test_without_the_cache_nobody_is_let_in_and_it_says_so(
    sqlite_database_url: str,
    world_with: Callable[..., AbstractContextManager[World]],
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    dead = f"redis://127.0.0.1:{free_port()}/0"
    login = {"role": "employer", "email": "owner@example.com", "password": PASSWORD}
    with world_with(sqlite_database_url, redis_url=dead) as world:
        ok(world.http.post("/api/auth/register/employer", json=employer_body()), 201)
        told = problem(world.http.post("/api/auth/login", json=login), 503)
        assert "127.0.0.1" not in str(told)
        problem(world.http.get("/health/ready"), 503, "cache_unavailable")
        world.settle()
    # Limits that count in the cache refuse rather than let everybody pass.
    with world_with(sqlite_database_url, redis_url=dead, rate_limits="on") as world:
        problem(world.http.post("/api/auth/otp", json={"phone": "+919820011001"}), 503)
        problem(world.http.post("/api/auth/login", json=login), 503)
    assert capsys.readouterr().err == ""
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_a_process_without_its_cache_runs_on_and_is_not_ready(tmp_path: Path) -> None:
    server = Server(tmp_path)
    with server.running(REDIS_URL=f"redis://127.0.0.1:{free_port()}/0") as process:
        server.ready(process)
        problem(httpx.get(f"{server.url}/health/ready"), 503, "cache_unavailable")
        process.terminate()
        process.wait(15)
    assert "Traceback" not in (tmp_path / "output.log").read_text()


UNUSABLE: dict[str, tuple[dict[str, str], str]] = {
    "another kind of database": ({"DATABASE_URL": "mysql://root@localhost/x"}, "DATABASE_URL"),
    "no address at all": ({"DATABASE_URL": "partimer.db"}, "DATABASE_URL"),
    "a database that does not answer": (
        {
            "DATABASE_URL": "postgresql://someone:hush-hush@127.0.0.1:1/x",
            "DATABASE_WAIT_SECONDS": "0",
        },
        "database",
    ),
    "a folder that is not there": ({"DATABASE_URL": "sqlite:////nowhere/at/all.db"}, "database"),
    "a file that is no database": ({"DATABASE_URL": "sqlite:///garbage.db"}, "database"),
    "a country that is none": ({"DEFAULT_COUNTRY": "India"}, "DEFAULT_COUNTRY"),
    "a country of two letters that is none": ({"DEFAULT_COUNTRY": "UK"}, "DEFAULT_COUNTRY"),
    "phones of a country that is none": (
        {"ALLOWED_PHONE_COUNTRIES": "IN, UK"},
        "ALLOWED_PHONE_COUNTRIES",
    ),
    "a live key in development": ({"STRIPE_SECRET_KEY": "sk_live_x"}, "STRIPE_SECRET_KEY"),
    "a switch that is none": ({"RATE_LIMITS": "perhaps"}, "RATE_LIMITS"),
}


def _is_one_sentence(said: str, named: str) -> None:
    assert named.lower() in said.lower(), said
    assert "Traceback" not in said
    assert "hush-hush" not in said
    assert len(said.strip().splitlines()) <= 6, said


@pytest.mark.parametrize("how", UNUSABLE)
def test_what_can_not_work_is_told_in_a_sentence(
    how: str, tmp_path: Path, command: Command
) -> None:
    env, named = UNUSABLE[how]
    (tmp_path / "garbage.db").write_bytes(b"this is not a database, it is a text" * 100)
    ran = command("serve", PORT=str(free_port()), **env)
    assert (ran.code, ran.out) == (1, "")
    _is_one_sentence(ran.err, named)


def test_a_day_that_is_none_is_told_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["reconcile", "--day", "2026-13-30"])
    assert ended.value.code == 2
    assert "--day: 2026-13-30 is no day: write 2026-11-30" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("program", "how"),
    [
        ("app serve", "a database that does not answer"),
        ("uvicorn app.main:app", "a database that does not answer"),  # told by the start
        ("uvicorn app.main:app", "another kind of database"),  # told by the import
    ],
)
def test_a_process_says_no_more_than_that_sentence(program: str, how: str, tmp_path: Path) -> None:
    env, named = UNUSABLE[how]
    whole = [sys.executable, "-m", *program.split()]
    # The import is a part of what happens only where it tells.
    forked = how != "another kind of database"
    with running(whole, tmp_path, {"PORT": str(free_port()), **env}, forked=forked) as process:
        assert process.wait(30) != 0
    _is_one_sentence((tmp_path / "output.log").read_text(), named)


def test_a_port_in_use_is_told_in_one_sentence(tmp_path: Path) -> None:
    whole = [sys.executable, "-m", "app", "serve"]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with running(whole, tmp_path, {"PORT": str(port)}, forked=True) as process:
            assert process.wait(30) == 1
    said = (tmp_path / "output.log").read_text().strip()
    assert f"Port {port}" in said
    assert len(said.splitlines()) == 1


def test_production_names_everything_that_is_missing_at_once(tmp_path: Path) -> None:
    env = {
        "ENVIRONMENT": "production",
        "RATE_LIMITS": "off",
        "STRIPE_SECRET_KEY": "sk_test_hush",
        "DATABASE_URL": "mysql://root:hush@localhost/x",
        "DEFAULT_COUNTRY": "India",
    }
    whole = [sys.executable, "-m", "app", "serve"]
    with running(whole, tmp_path, env, forked=True) as process:
        assert process.wait(30) != 0
    said = (tmp_path / "output.log").read_text()
    for name in (
        "DATABASE_URL",
        "DEFAULT_COUNTRY",
        "SECRET_KEY",
        "PUBLIC_URL",
        "RATE_LIMITS",
        "STRIPE_SECRET_KEY",
        "STRIPE_WEBHOOK_SECRET",
        "WHATSAPP_API_TOKEN",
        "WHATSAPP_APP_SECRET",
        "WHATSAPP_VERIFY_TOKEN",
    ):
        assert said.count(f"- {name}") == 1, name
    assert "hush" not in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("email", "password", "named"),
    [("nobody", "a long sentence here", "email: "), ("root@example.com", "short", "password: ")],
)
def test_an_administrator_who_can_not_be_made_is_told_why(
    command: Command, email: str, password: str, named: str
) -> None:
    ran = command("create-admin", "--email", email, ADMIN_PASSWORD=password)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(named)


@pytest.mark.parametrize(("kind", "times"), [("http_500", 5), ("html_502", 4), ("rate_limited", 5)])
def test_when_whatsapp_stops_nothing_is_lost_and_nothing_comes_twice(
    sqlite_world: World, kind: str, times: int
) -> None:
    world = sqlite_world
    workers = [world.worker(slots=("saturday",)) for _ in range(2)]
    employer = world.employer()
    before = {worker.phone: len(world.messages(worker.phone or "")) for worker in workers}
    faults = "/sandbox/whatsapp/_control/faults"
    ok(world.http.post(faults, json={"next": times, "kind": kind}))
    world.job(employer, positions=2)
    for _ in range(12):
        world.settle()
        world.clock.advance(minutes=4)
    for worker in workers:
        new = world.messages(worker.phone or "")[before[worker.phone] :]
        offers = [message for message in new if message["buttons"]]
        assert len(offers) == 1, [message["text"] for message in new]
