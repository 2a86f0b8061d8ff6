"""The tour in the README does what it says: its own commands are run against a real server."""

import os
import re
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from tests.infra.run import ROOT

LiveServer = Callable[..., AbstractContextManager[str]]

ADDRESS = "http://localhost:8000"


def tour(base_url: str) -> str:
    """Return the commands of the tour as one script, for the server at `base_url`."""
    readme = (ROOT / "README.md").read_text()
    section = re.split(r"^## ", readme, flags=re.MULTILINE)
    text = next(part for part in section if part.startswith("A tour"))
    script = "\n".join(re.findall(r"^```bash\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    assert script.count(ADDRESS) == 1
    return script.replace(ADDRESS, base_url)


@pytest.mark.timeout(240)
def test_the_tour_ends_with_the_workers_contact(
    live_server: LiveServer, sqlite_database_url: str
) -> None:
    with live_server({"DATABASE_URL": sqlite_database_url}) as base_url:
        for _ in range(2):  # "as it stands, and again"
            ran = subprocess.run(
                ["bash", "-eu", "-c", tour(base_url)],
                env={"PATH": os.environ["PATH"]},
                capture_output=True,
                text=True,
                timeout=110,
                check=False,
            )
            assert ran.returncode == 0, ran.stdout + ran.stderr
            lines = ran.stdout.strip().splitlines()
            assert lines[0].startswith('{"status":"ok"')
            assert '"display_name":"Asha K."' in ran.stdout
            phone = re.search(r"'phone': '(\+9198\d{8})'", lines[-1])
            assert phone, lines[-1]
            assert phone[1] not in "".join(lines[:-1])
