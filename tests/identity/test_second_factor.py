"""An administrator's second factor is set up from the command line."""

import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from app.identity import totp
from tests.conftest import Command
from tests.infra.live import running
from tests.support.app_harness import PASSWORD, World
from tests.support.assertions import ok, refused
from tests.support.sign_in import password_login

EMAIL = "admin@example.com"


def second_factor(world: World, folder: Path, email: str) -> tuple[int, str]:
    """Run the command on the world's database; return its exit code and what it said."""
    command = [sys.executable, "-m", "app", "second-factor", "--email", email]
    folder.mkdir()
    env = {"DATABASE_URL": world.database_url}
    with running(command, folder, env, forked=True) as process:
        code = process.wait(60)
    return code, (folder / "output.log").read_text()


def login(world: World, **more: Any) -> Any:
    """Sign the administrator in."""
    body = {"role": "admin", "email": EMAIL, "password": PASSWORD} | more
    return world.http.post("/api/auth/login", json=body)


def test_from_then_on_the_password_alone_opens_nothing(sqlite_world: World, tmp_path: Path) -> None:
    world = sqlite_world
    world.admin()
    code, said = second_factor(world, tmp_path / "command", EMAIL)
    assert code == 0, said
    secret = parse_qs(urlsplit(said.splitlines()[-1]).query)["secret"][0]

    refused(password_login(world, PASSWORD, EMAIL, "admin"), 401, "invalid_credentials")
    shown = totp.code_at(secret, int(world.clock.now.timestamp()) // totp.PERIOD_SECONDS)
    ok(login(world, totp=shown))
    refused(login(world, totp=shown), 401, "invalid_credentials")


def test_somebody_unknown_gets_a_sentence(command: Command, sqlite_world: World) -> None:
    email = "nobody@example.com"
    ran = command("second-factor", "--email", email, DATABASE_URL=sqlite_world.database_url)
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert f"no administrator {email}" in ran.err


def test_a_lost_factor_is_taken_away_by_the_command(command: Command, sqlite_world: World) -> None:
    world = sqlite_world
    admin, env = world.admin(), {"DATABASE_URL": world.database_url}
    assert command("second-factor", "--email", EMAIL, **env).code == 0
    refused(password_login(world, PASSWORD, EMAIL, "admin"), 401, "invalid_credentials")
    assert command("second-factor", "--email", EMAIL, "--reset", **env).code == 0
    refused(admin.get("/api/auth/me"), 401, "session_ended")
    ok(password_login(world, PASSWORD, EMAIL, "admin"))
