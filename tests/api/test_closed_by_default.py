"""What only developers need is shut where people are served, and shut to the internet everywhere."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from app.core.settings import Settings, own_host
from app.main import create_app
from tests.core.test_secret_strength import GOOD
from tests.support.app_harness import World
from tests.support.assertions import refused


def production(tmp_path: Path, **changes: Any) -> Any:
    """The application as production builds it."""
    values: dict[str, Any] = {
        name: SecretStr(value)
        if "SecretStr" in str(Settings.model_fields[name].annotation)
        else value
        for name, value in GOOD.items()
    }
    values["database_url"] = SecretStr(f"sqlite:///{tmp_path}/partimer.db")
    made = Settings(_env_file=None, environment="production", **values, **changes)
    assert made.problems() == []
    return create_app(made, loops=False)


async def answer(application: Any, path: str, client: str = "127.0.0.1") -> httpx.Response:
    """What the application answers to a client of that address."""
    transport = httpx.ASGITransport(application, client=(client, 4_321))
    async with httpx.AsyncClient(transport=transport, base_url="https://partimer.example") as http:
        return await http.get(path)


@pytest.mark.parametrize("path", ["/openapi.json", "/docs", "/redoc", "/sandbox/"])
async def test_production_shows_no_document_and_no_sandbox(tmp_path: Path, path: str) -> None:
    refused(await answer(production(tmp_path), path), 404, "not_found")


async def test_production_shows_its_document_where_it_is_wanted(tmp_path: Path) -> None:
    application = production(tmp_path, openapi="on")
    document = (await answer(application, "/openapi.json")).json()
    assert "/api/auth/login" in document["paths"]
    assert (await answer(application, "/docs")).status_code == 200


def test_a_development_server_can_be_told_to_show_none(
    sqlite_database_url: str, world_with: Callable[..., AbstractContextManager[World]]
) -> None:
    with world_with(sqlite_database_url, openapi="off") as world:
        refused(world.http.get("/openapi.json"), 404, "not_found")
        refused(world.http.get("/docs"), 404, "not_found")
        welcome = world.http.get("/").json()
        assert set(welcome["links"]) == {"health", "sandbox"}
        page = world.http.get("/", headers={"Accept": "text/html"}).text
        assert "/docs" not in page
        assert "openapi" not in page


@pytest.fixture
def development(tmp_path: Path) -> Callable[..., Any]:
    def build(**changes: Any) -> Any:
        made = Settings(
            _env_file=None,
            environment="development",
            database_url=SecretStr(f"sqlite:///{tmp_path}/partimer.db"),
            sandbox_journal=tmp_path / "sandbox.db",
            **changes,
        )
        return create_app(made, loops=False)

    return build


PUBLIC = ["203.0.112.9", "8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8"]
NEAR = ["127.0.0.1", "::1", "10.1.2.3", "172.17.0.1", "192.168.1.20", "fd00::7", "::ffff:10.0.0.1"]


@pytest.mark.parametrize("client", PUBLIC)
async def test_the_sandbox_is_not_there_for_the_internet(
    development: Callable[..., Any], client: str
) -> None:
    """It shows every message and code: whoever reaches it could sign in as anybody."""
    application = development()
    path = "/sandbox/whatsapp/_control/messages?phone=+919811100001"
    refused(await answer(application, path, client), 404, "not_found")
    refused(await answer(application, "/sandbox/", client), 404, "not_found")


@pytest.mark.parametrize("client", NEAR)
async def test_the_sandbox_is_there_for_this_machine_and_its_network(
    development: Callable[..., Any], client: str
) -> None:
    assert (await answer(development(), "/sandbox/", client)).status_code == 200


async def test_a_tunnel_is_let_in_where_somebody_says_so(development: Callable[..., Any]) -> None:
    assert (await answer(development(sandbox="public"), "/sandbox/", "8.8.8.8")).status_code == 200


@pytest.mark.parametrize(
    ("argv", "environ", "host"),
    [
        (["uvicorn", "app.main:app", "--reload", "--host", "0.0.0.0"], {}, "0.0.0.0"),
        (["uvicorn", "app.main:app", "--host=0.0.0.0"], {}, "0.0.0.0"),
        (["uvicorn", "app.main:app"], {"UVICORN_HOST": "::"}, "::"),
        (["uvicorn", "app.main:app"], {}, "127.0.0.1"),
        (["uvicorn", "app.main:app", "--host"], {}, "127.0.0.1"),
    ],
)
def test_the_address_a_server_listens_on_is_known_before_it_listens(
    argv: list[str], environ: dict[str, str], host: str
) -> None:
    assert own_host(environ, argv) == host


def test_a_development_server_open_to_the_network_says_so(
    development: Callable[..., Any],
    live_app: Callable[[Any], AbstractContextManager[str]],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.argv", ["uvicorn", "app.main:app", "--reload", "--host", "0.0.0.0"])
    with live_app(development()) as url:
        assert httpx.get(f"{url}/health").status_code == 200
    assert "development_server_is_open_to_the_network" in capfd.readouterr().err
