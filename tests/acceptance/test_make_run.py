"""What a newcomer types: `make run`, and against that server the tour, the demonstration, the smoke script.

One server for all that go well: each story plays where the others have nobody near.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from app.api.auth.registration import RegisterWorker
from app.api.workers.hours import Week
from app.catalogue import skills
from app.demo import city
from app.demo.client import Server
from tests.conftest import Command
from tests.infra.live import running, wait_until_healthy
from tests.infra.run import ROOT, free_port
from tests.support.app_harness import World
from tests.support.assertions import ok

ADDRESS = "http://localhost:8000"

WORKERS = 20
"""All of them fit the story's job, so that somebody is free for a second story."""

EMAIL = "admin@example.com"
PASSWORD = "a long enough passphrase for smoke"

STEPS = [
    "An employer publishes a job",
    "Partimer finds the people who fit, and asks the best",
    "The offer, as the workers read it in WhatsApp",
    "The best one taps Accept; the employer hears of it",
    "The employer pays once, and has the contact for good",
]


@dataclass
class Started:
    """The server in its folder, where its database and everything else of it is."""

    url: str
    folder: Path


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """What `make run` starts, on the port it is told, in a folder with nothing in it."""
    folder = tmp_path_factory.mktemp("started")
    url = f"http://127.0.0.1:{(port := free_port())}"
    with running([sys.executable, "-m", "app", "serve"], folder, {"PORT": str(port)}) as process:
        wait_until_healthy(url, process, folder)
        yield Started(url, folder)
        process.terminate()
        process.wait(15)
    assert "Traceback" not in (folder / "output.log").read_text()


def ran(command: list[str], folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command in `folder`, as somebody would who has Python and none of our packages."""
    return subprocess.run(
        command,
        cwd=folder,
        env={"PATH": f"{sys.base_prefix}/bin:{os.environ['PATH']}", **env},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


# --- The tour of the README ------------------------------------------------------------------------


def tour(base_url: str) -> str:
    """Return the commands of the tour as one script, for the server at `base_url`."""
    readme = (ROOT / "README.md").read_text()
    section = re.split(r"^## ", readme, flags=re.MULTILINE)
    text = next(part for part in section if part.startswith("A tour"))
    script = "\n".join(re.findall(r"^```bash\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    assert script.count(ADDRESS) == 1
    return script.replace(ADDRESS, base_url)


def test_the_tour_ends_with_the_workers_contact(started: Started) -> None:
    for _ in range(2):  # "as it stands, and again"
        told = ran(["bash", "-eu", "-c", tour(started.url)], started.folder)
        assert told.returncode == 0, told.stdout + told.stderr
        lines = told.stdout.strip().splitlines()
        assert lines[0].startswith('{"status":"ok"')
        assert '"display_name":"Asha K."' in told.stdout
        phone = re.search(r"'phone': '(\+9198\d{8})'", lines[-1])
        assert phone, lines[-1]
        assert phone[1] not in "".join(lines[:-1])


# --- The smoke script ------------------------------------------------------------------------------


def smoke(base_url: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the script against `base_url`."""
    script = ["bash", str(ROOT / "scripts" / "smoke.sh")]
    return ran(script, ROOT, BASE_URL=base_url, PATIENCE_SECONDS="90", **env)


def test_every_group_of_endpoints_holds_on_a_running_server(started: Started) -> None:
    create = [sys.executable, "-m", "app", "create-admin", "--email", EMAIL]
    with running(create, started.folder, {"ADMIN_PASSWORD": PASSWORD}, forked=True) as made:
        assert made.wait(60) == 0, (started.folder / "output.log").read_text()
    tried = smoke(started.url, ADMIN_EMAIL=EMAIL, ADMIN_PASSWORD=PASSWORD)
    assert tried.returncode == 0, tried.stdout + tried.stderr
    assert "All 33 steps hold." in tried.stdout


def test_a_server_that_is_not_there_is_told_in_words() -> None:
    tried = smoke(f"http://127.0.0.1:{free_port()}")
    assert tried.returncode == 1
    assert "is the server running?" in tried.stderr


class _Unwell(BaseHTTPRequestHandler):
    """Answers everything as a server that is not what it should be."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"status": "so-so"}')

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_the_first_thing_that_is_not_as_promised_is_named() -> None:
    with HTTPServer(("127.0.0.1", 0), _Unwell) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        tried = smoke(f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
    assert tried.returncode == 1
    assert "FAILED at: The server is up" in tried.stderr
    assert "expected: status = ok" in tried.stderr
    assert "so-so" in tried.stderr


# --- The demonstration -----------------------------------------------------------------------------


def demo(base_url: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the demonstration against `base_url`."""
    command = [*(sys.executable, "-m", "app", "demo"), *("--url", base_url, "--json")]
    return ran([*command, "--workers", str(WORKERS)], folder, PYTHONPATH=str(ROOT))


def story_of(told: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Return what was printed, which must be one JSON object and nothing else."""
    assert told.returncode == 0, told.stderr
    story: dict[str, Any] = json.loads(told.stdout)
    return story


def test_a_city_is_filled_once_and_each_run_tells_another_story(started: Started) -> None:
    filling = demo(started.url, started.folder)
    first, again = story_of(filling), story_of(demo(started.url, started.folder))

    assert f"Workers register by phone: {WORKERS} of {WORKERS}" in filling.stderr
    assert first["city"]["workers"] == first["city"]["registered_now"] == WORKERS
    assert again["city"]["registered_now"] == 0
    assert again["story"]["job_id"] != first["story"]["job_id"]
    for run in (first, again):
        steps = run["story"]["steps"]
        assert [step["title"] for step in steps] == STEPS
        assert [step["step"] for step in steps] == [1, 2, 3, 4, 5]
        assert steps[1]["matches"]
        assert steps[3]["contact_before_payment"] is None
        contact = run["story"]["contact"]
        assert contact["phone"] in {offer["phone"] for offer in steps[2]["offers"]}


@pytest.mark.timeout(60)
async def test_a_code_that_is_sent_as_soon_as_anybody_registers_is_read(
    sqlite_world: World,
) -> None:
    phone = "+919812345678"
    body = {"name": "Asha", "phone": phone, "consent": True}
    async with httpx.AsyncClient(base_url=sqlite_world.url) as http, asyncio.timeout(30):
        server = Server(http)
        async with server.reading_codes():
            # Nothing of the reader's own runs before the code is there.
            ok(sqlite_world.http.post("/api/auth/register/worker", json=body), 202)
            sent = sqlite_world.code_for(phone)
            assert await server.code_for(phone) == sent


def test_everybody_in_the_whole_city_may_register() -> None:
    citizens = city.workers(2_000, 0)
    for citizen in citizens:
        assert skills.unknown(RegisterWorker.model_validate(citizen.body).skills) == []
        Week.model_validate({"slots": citizen.week})
    assert len({citizen.body["phone"] for citizen in citizens}) == 2_000


def test_without_a_server_one_sentence_says_how_to_start_it(command: Command) -> None:
    ran = command("demo", "--json", "--url", f"http://127.0.0.1:{free_port()}")
    assert (ran.code, ran.out) == (1, "")
    assert "does not answer" in ran.err
    assert "make run" in ran.err
    assert "Traceback" not in ran.err


def test_a_real_server_is_asked_only_what_changes_nothing_and_no_story_is_told(
    sqlite_database_url: str,
    world_with: Callable[..., AbstractContextManager[World]],
    command: Command,
) -> None:
    with world_with(sqlite_database_url, sandbox="off") as world:
        tried = smoke(world.url)
        told = command("demo", "--json", "--url", world.url)
    assert tried.returncode == 0, tried.stdout + tried.stderr
    assert "All 6 steps hold." in tried.stdout
    assert "no sandbox" in tried.stdout
    assert (told.code, told.out) == (1, "")
    assert "never touches a real one" in " ".join(told.err.split())
