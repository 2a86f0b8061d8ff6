"""A real server on a real port, for what only real HTTP shows."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from tests.infra.forked import Forked, Running
from tests.infra.prompt_server import PromptServer
from tests.infra.run import READY_SECONDS, ROOT, ServerFailedError, free_port


@contextmanager
def serve_app(app: Any) -> Iterator[str]:
    """Serve an ASGI application from a thread of this process; give its base URL."""
    # TCP by name: only then is Nagle off, and 40 ms are not waited in every answer to a POST.
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        server = PromptServer(uvicorn.Config(app, log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + READY_SECONDS
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise ServerFailedError("the application did not start; its log says why")
            time.sleep(0.005)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.end()
            thread.join(READY_SECONDS)


@contextmanager
def serve_process(
    folder: Path,
    env: Mapping[str, str],
    *,
    app: str = "app.main:app",
    workers: int = 1,
    port: int | None = None,
    forked: bool = False,
) -> Iterator[str]:
    """Serve `app` by uvicorn in a process of its own; give its base URL once /health answers.

    The process sees `env` and nothing of ours but the path, and works in `folder`, so that neither
    a developer's .env nor a local database gets in. `PUBLIC_URL` is its own address unless given.
    """
    port = port or free_port()
    base_url = f"http://127.0.0.1:{port}"
    command = [
        *(sys.executable, "-m", "uvicorn", app, "--app-dir", str(ROOT)),
        *("--host", "127.0.0.1", "--port", str(port), "--workers", str(workers)),
    ]
    whole_env = {"PORT": str(port), "PUBLIC_URL": base_url, **env}
    with running(command, folder, whole_env, forked=forked) as process:
        wait_until_healthy(base_url, process, folder)
        try:
            yield base_url
        except Exception as error:
            error.add_note(f"The server said at the end:\n{end_of_log(folder)}")
            raise


@contextmanager
def running(
    command: list[str], folder: Path, env: Mapping[str, str], *, forked: bool = False
) -> Iterator[Running]:
    """Run `command` in `folder`, its output in `folder/output.log`; end it, and its children.

    With `forked`, `python -m module …` starts without its imports: see `Forked`.
    """
    whole_env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        **env,
    }
    log = folder / "output.log"
    process: Running
    if forked:
        _python, _m, module, *arguments = command
        log.touch()
        process = Forked(module, arguments, whole_env, folder, log)
    else:
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=whole_env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def wait_until_healthy(base_url: str, process: Running, folder: Path) -> None:
    """Return once `/health` answers 200. Raises `ServerFailedError` with the log's end if not."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{base_url}/health", timeout=2).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise ServerFailedError(f"{base_url} does not answer:\n{end_of_log(folder)}")


def end_of_log(folder: Path) -> str:
    """Return the last lines that the process in `folder` wrote."""
    return (folder / "output.log").read_text(errors="replace")[-4000:]
