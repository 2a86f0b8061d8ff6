"""The demonstration, as a newcomer runs it: a small city through the public API, and its story."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.infra.run import ROOT, free_port

LiveServer = Callable[..., AbstractContextManager[str]]

WORKERS = 100
"""A tenth of a town: just one of these people fits the story's job."""

ADMIN = {"role": "admin", "email": "admin@example.com", "password": "the demo is over by noon"}

STEPS = [
    "An employer publishes a job",
    "Partimer finds the people who fit, and asks the best",
    "The offer, as the workers read it in WhatsApp",
    "The best one taps Accept; the employer hears of it",
    "The employer pays once, and has the contact for good",
]


def demo(base_url: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the demonstration against `base_url`."""
    command = [*(sys.executable, "-m", "app", "demo"), *("--url", base_url, "--json")]
    return subprocess.run(
        [*command, "--workers", str(WORKERS)],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def told(run: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Return what was printed, which must be one JSON object and nothing else."""
    assert run.returncode == 0, run.stderr
    story: dict[str, Any] = json.loads(run.stdout)
    return story


def free_everybody(base_url: str, database_url: str, job_id: str, folder: Path) -> None:
    """Cancel the story's job, so that whoever accepted it is free again, as an administrator may."""
    subprocess.run(
        [sys.executable, "-m", "app", "create-admin", "--email", ADMIN["email"]],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "DATABASE_URL": database_url,
            "ADMIN_PASSWORD": ADMIN["password"],
        },
        capture_output=True,
        check=True,
    )
    tokens = httpx.post(f"{base_url}/api/auth/login", json=ADMIN, timeout=30).json()
    answer = httpx.post(
        f"{base_url}/api/admin/jobs/{job_id}/action",
        json={"action": "cancel", "reason": "the story is told"},
        headers={"Authorization": f"Bearer {tokens['access_token']}"},
        timeout=30,
    )
    assert answer.json()["status"] == "cancelled", answer.text


@pytest.mark.timeout(420)  # two stories, with a city before the first
def test_a_city_is_filled_once_and_each_run_tells_another_story(
    live_server: LiveServer, sqlite_database_url: str, tmp_path: Path
) -> None:
    with live_server({"DATABASE_URL": sqlite_database_url}) as base_url:
        filling = demo(base_url, tmp_path)
        first = told(filling)
        job_id = first["story"]["job_id"]
        free_everybody(base_url, sqlite_database_url, job_id, tmp_path)
        again = told(demo(base_url, tmp_path))

    assert f"Workers register by phone: {WORKERS} of {WORKERS}" in filling.stderr
    assert first["city"]["workers"] == first["city"]["registered_now"] == WORKERS
    assert again["city"]["registered_now"] == 0
    assert again["story"]["job_id"] != job_id
    for run in (first, again):
        steps = run["story"]["steps"]
        assert [step["title"] for step in steps] == STEPS
        assert [step["step"] for step in steps] == [1, 2, 3, 4, 5]
        assert steps[1]["matches"]
        assert steps[3]["contact_before_payment"] is None
        contact = run["story"]["contact"]
        assert contact["phone"] in {offer["phone"] for offer in steps[2]["offers"]}


def test_without_a_server_one_sentence_says_how_to_start_it(tmp_path: Path) -> None:
    ran = demo(f"http://127.0.0.1:{free_port()}", tmp_path)
    assert ran.returncode == 1
    assert ran.stdout == ""
    assert "does not answer" in ran.stderr
    assert "make run" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_real_server_is_never_touched(
    live_server: LiveServer, sqlite_database_url: str, tmp_path: Path
) -> None:
    with live_server({"DATABASE_URL": sqlite_database_url, "SANDBOX": "off"}) as base_url:
        ran = demo(base_url, tmp_path)
    assert ran.returncode == 1
    assert "never touches a real one" in " ".join(ran.stderr.split())
