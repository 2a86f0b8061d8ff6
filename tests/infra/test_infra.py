"""The ground the other tests stand on."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import redis
from playwright.sync_api import Browser
from sqlalchemy import inspect, text

from app.database.engines import sync_engine_for
from app.database.schema import load_models
from tests.infra.postgres import Lender, Postgres
from tests.infra.run import ROOT, Plan, ServerFailedError, shared, wait_until


def test_a_database_has_every_table_and_no_row(database_url: str) -> None:
    engine = sync_engine_for(database_url)
    with engine.connect() as connection:
        tables = {*load_models().tables, "alembic_version"}
        assert set(inspect(connection).get_table_names()) == tables
        for table in load_models().tables.values():
            assert connection.execute(table.select().limit(1)).first() is None
    engine.dispose()


def test_a_server_that_ends_at_once_is_named_with_its_last_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTEST_XDIST_TESTRUNUID", f"of-its-own-{os.getpid()}")
    command = [sys.executable, "-c", "raise SystemExit('no room left')"]
    with pytest.raises(ServerFailedError, match=r"(?s)broken ended at once.*no room left"):
        shared("broken", lambda folder: Plan(command, folder, {}, lambda: False))


@pytest.mark.parametrize("turn", [1, 2])
def test_what_one_test_writes_another_never_sees(database_url: str, turn: int) -> None:
    engine = sync_engine_for(database_url)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE left_over_{turn} (id INTEGER)"))
        assert not inspect(connection).has_table(f"left_over_{3 - turn}")
    engine.dispose()


def test_a_database_is_dropped_though_somebody_is_still_connected(
    postgres_server: Postgres,
) -> None:
    name = postgres_server.create()
    connection = psycopg.connect(postgres_server.url(name))
    postgres_server.drop(name)
    with pytest.raises(psycopg.OperationalError), connection:
        connection.execute("SELECT 1")


def test_a_database_lent_again_is_empty_though_the_last_one_wrote_where_nothing_is_deleted(
    postgres_server: Postgres, postgres_template: str
) -> None:
    lender = Lender(postgres_server, postgres_template)
    with lender.lend() as url, psycopg.connect(url) as still_connected:
        still_connected.execute("INSERT INTO audit_head (number, hash) VALUES (7, 'x')")
        still_connected.execute("SELECT nextval('audit_head_id_seq')")
        still_connected.commit()
    with lender.lend() as again, psycopg.connect(again) as connection:
        assert again == url
        assert connection.execute("SELECT * FROM audit_head").fetchone() is None
        assert connection.execute("SELECT nextval('audit_head_id_seq')").fetchone() == (1,)
        connection.execute("DROP TRIGGER admin_action_log_append_only ON admin_action_log")
    with lender.lend() as another:
        assert another != url
    lender.close()


def test_postgresql_is_the_version_we_promise_and_knows_every_script(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        row = connection.execute("SELECT current_setting('server_version'), lower('ÀÉ')").fetchone()
    assert row is not None
    assert (row[0].split(".")[0], row[1]) == ("18", "àé")


@pytest.mark.parametrize("turn", [1, 2])
def test_the_cache_is_empty_at_first(valkey_url: str, turn: int) -> None:
    with redis.Redis.from_url(valkey_url) as client:
        assert client.dbsize() == 0
        client.set("left over", turn)


def saying(body: bytes) -> Any:
    """Return an application that answers `body` to everything."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            while (message := await receive())["type"] != "lifespan.shutdown":
                await send({"type": message["type"] + ".complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        headers = [(b"content-type", b"text/html")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


def test_a_live_application_answers_on_a_real_port(
    live_app: Callable[[Any], AbstractContextManager[str]],
) -> None:
    with live_app(saying(b"hello")) as base_url:
        assert httpx.get(base_url).text == "hello"
    with pytest.raises(httpx.ConnectError):
        httpx.get(base_url)


@pytest.mark.browser
def test_a_browser_runs_the_script_of_a_page(
    browser: Browser, live_app: Callable[[Any], AbstractContextManager[str]]
) -> None:
    with live_app(saying(b"<title>before</title><script>document.title = 'after'</script>")) as url:
        page = browser.new_page()
        page.goto(url)
        assert page.title() == "after"


async def test_an_async_test_may_follow_one_with_a_browser() -> None:
    """Playwright's own loop would keep every later one from running."""


def test_servers_end_with_the_run_even_when_it_is_killed() -> None:
    """A run of its own starts both servers and dies without a word; nothing of it stays."""
    program = (
        "import os\n"
        "from tests.infra.postgres import postgres\n"
        "from tests.infra.valkey import valkey_port\n"
        "print(postgres().port, valkey_port(), flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_XDIST")}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # PostgreSQL runs as another user when we are root
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**env, "TMPDIR": folder},
            stdout=subprocess.PIPE,
            check=False,
            text=True,
        )
        assert done.returncode == -signal.SIGKILL
        postgres_port, valkey_port = map(int, done.stdout.split())
        wait_until(lambda: not list(Path(folder).iterdir()), "the run's folder is gone")
    for port in (postgres_port, valkey_port):
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0
