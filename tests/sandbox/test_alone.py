"""The sandbox as a program of its own."""

import subprocess
import sys
import time
from pathlib import Path

import httpx

from tests.infra.live import running
from tests.infra.run import READY_SECONDS, free_port


def _first_answer(
    http: httpx.Client, process: subprocess.Popen[bytes], folder: Path
) -> httpx.Response:
    deadline = time.monotonic() + READY_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            return http.get("/")
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError((folder / "output.log").read_text())


def test_alone_it_serves_the_same_paths(tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "sandbox", "--port", str(port)]
    with running(command, tmp_path, {}) as process, httpx.Client(base_url=url) as http:
        home = _first_answer(http, process, tmp_path)
        assert home.headers["location"] == "/sandbox/"
        assert "http://localhost:8000/docs" in http.get("/sandbox/").text
        session = http.post(
            "/sandbox/stripe/v1/checkout/sessions",
            headers={"Authorization": "Bearer sk_test_sandbox"},
            data={
                "mode": "payment",
                "success_url": "http://localhost:8000/",
                "line_items[0][price_data][currency]": "inr",
                "line_items[0][price_data][unit_amount]": "4900",
                "line_items[0][price_data][product_data][name]": "A lead",
            },
        ).json()
        assert session["url"] == f"{url}/sandbox/stripe/checkout/{session['id']}"
        assert http.get(session["url"]).status_code == 200
    assert (tmp_path / "sandbox.db").exists()
