"""The smoke script against real servers: it finds the product whole, and says what is not."""

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.infra.run import ROOT, free_port

LiveServer = Callable[..., AbstractContextManager[str]]

EMAIL = "admin@example.com"
PASSWORD = "a long enough passphrase for smoke"


def smoke(base_url: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the script against `base_url`, with nothing of our own environment but the path."""
    return subprocess.run(
        ["bash", str(ROOT / "scripts" / "smoke.sh")],
        env={"PATH": os.environ["PATH"], "BASE_URL": base_url, "PATIENCE_SECONDS": "90", **env},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )


@pytest.mark.timeout(420)  # a hundred and more requests, each by a curl of its own
def test_every_group_of_endpoints_holds_on_a_running_server(
    live_server: LiveServer, sqlite_database_url: str, tmp_path: Path
) -> None:
    with live_server({"DATABASE_URL": sqlite_database_url}) as base_url:
        subprocess.run(
            [sys.executable, "-m", "app", "create-admin", "--email", EMAIL],
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(ROOT),
                "DATABASE_URL": sqlite_database_url,
                "ADMIN_PASSWORD": PASSWORD,
            },
            cwd=tmp_path,
            check=True,
        )
        ran = smoke(base_url, ADMIN_EMAIL=EMAIL, ADMIN_PASSWORD=PASSWORD)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "All 29 steps hold." in ran.stdout


def test_a_server_without_the_sandbox_is_asked_only_what_changes_nothing(
    live_server: LiveServer, sqlite_database_url: str
) -> None:
    with live_server({"DATABASE_URL": sqlite_database_url, "SANDBOX": "off"}) as base_url:
        ran = smoke(base_url)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "All 6 steps hold." in ran.stdout
    assert "no sandbox" in ran.stdout


def test_a_server_that_is_not_there_is_told_in_words() -> None:
    ran = smoke(f"http://127.0.0.1:{free_port()}")
    assert ran.returncode == 1
    assert "is the server running?" in ran.stderr


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
        ran = smoke(f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
    assert ran.returncode == 1
    assert "FAILED at: The server is up" in ran.stderr
    assert "expected: status = ok" in ran.stderr
    assert "so-so" in ran.stderr
