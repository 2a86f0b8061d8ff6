"""The sandbox as a program of its own."""

import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from app.core.settings import Settings
from sandbox import SandboxConfig
from tests.infra.forked import Running
from tests.infra.live import running
from tests.infra.run import READY_SECONDS, ROOT, free_port


def _first_answer(http: httpx.Client, process: Running, folder: Path) -> httpx.Response:
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


def test_a_sandbox_and_a_product_that_were_told_nothing_agree() -> None:
    sandbox, product = SandboxConfig(), Settings(_env_file=None)
    assert (sandbox.whatsapp_token, sandbox.whatsapp_app_secret) == (
        product.whatsapp_token,
        product.whatsapp_secret,
    )
    assert (sandbox.phone_number_id, sandbox.waba_id, sandbox.graph_version) == (
        product.whatsapp_number,
        product.whatsapp_account,
        product.whatsapp_api_version,
    )
    assert sandbox.stripe_secret_key == product.stripe_key
    assert [sandbox.stripe_webhook_secret] == product.stripe_webhook_secrets
    assert sandbox.whatsapp_webhook_url == f"{product.base_url}/api/webhooks/whatsapp"


def test_a_product_sends_no_quicker_than_the_number_it_talks_to_may() -> None:
    alone = Settings(_env_file=None, whatsapp_api_url="http://127.0.0.1:8101/sandbox/whatsapp")
    assert alone.whatsapp_pace == SandboxConfig().throughput_per_second == 80
    assert Settings(_env_file=None).whatsapp_pace == 1_000
    assert (alone.whatsapp_status_seconds, Settings(_env_file=None).whatsapp_status_seconds) == (
        None,
        5.0,
    )
    assert Settings(_env_file=None, whatsapp_messages_per_second=7).whatsapp_pace == 7


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--port", "{taken}"], "can't be used (Address already in use)"),
        (["--journal", "/dev/null/sandbox.db"], "The world can't be kept in /dev/null/sandbox.db"),
    ],
)
def test_what_stops_the_start_is_one_sentence(
    tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        taken = str(listener.getsockname()[1])
        command = [sys.executable, "-m", "sandbox", *(a.format(taken=taken) for a in arguments)]
        ended = subprocess.run(
            command,
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert ended.returncode == 1
    assert sentence in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1
