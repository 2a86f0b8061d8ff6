"""Administrators without a second factor can set one up, and nothing else; guesses wait longer and longer."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import httpx
import pytest

from app.core.metrics import ALERTS
from app.core.settings import Settings
from app.identity import totp
from app.identity.rules import AdminRole
from tests.support.app_harness import PASSWORD, Person, World
from tests.support.assertions import ok, refused
from tests.support.sign_in import ME, newest_reset_token, reset

FACTOR = "/api/auth/second-factor"
EMAIL = "admin@example.com"


@pytest.fixture
def strict(
    database_url: str, world_with: Callable[..., AbstractContextManager[World]]
) -> Iterator[World]:
    """A Partimer that asks administrators for a second factor, as production does."""
    with world_with(database_url, second_factor="required") as world:
        yield world


def shown(world: World, secret: str, steps: int = 0) -> str:
    """What the app shows now, or so many steps later."""
    step = int(world.clock.now.timestamp()) // totp.PERIOD_SECONDS
    return totp.code_at(secret, step + steps)


def login(world: World, code: str | None = None, password: str = PASSWORD) -> httpx.Response:
    body = {"role": "admin", "email": EMAIL, "password": password}
    if code is not None:
        body["totp"] = code
    return world.http.post("/api/auth/login", json=body)


def set_up(world: World, admin: Person, **more: str) -> tuple[str, list[str]]:
    """Set up a factor; return its secret and recovery codes."""
    begun = ok(admin.post(FACTOR, {"current_password": PASSWORD} | more))
    assert begun["otpauth_url"].startswith("otpauth://totp/Partimer:")
    assert begun["secret"] in begun["otpauth_url"]
    confirmed = admin.post(f"{FACTOR}/confirm", {"code": shown(world, begun["secret"])})
    codes: list[str] = ok(confirmed)["recovery_codes"]
    return begun["secret"], codes


def test_production_always_asks_for_one() -> None:
    assert Settings(_env_file=None, environment="production").requires_second_factor
    assert not Settings(_env_file=None).requires_second_factor


def test_without_a_factor_an_administrator_can_only_set_one_up(strict: World) -> None:
    admin = strict.admin()
    for method, path in (
        ("GET", "/api/admin/workers"),
        ("GET", "/api/admin/admins/me"),
        ("POST", "/api/matching/expire-matches"),
        ("GET", "/api/auth/sessions"),
        ("GET", "/api/auth/email"),
        ("POST", "/api/auth/password/change"),
    ):
        body = {"current_password": PASSWORD, "password": "another long sentence"}
        options = {"json": body} if "password" in path else {}
        refused(admin.request(method, path, **options), 403, "second_factor_required")
    assert ok(admin.get(ME))["role"] == "admin"
    assert ok(admin.get(FACTOR)) == {"set_up": False, "required": True, "recovery_codes_left": 0}

    _, codes = set_up(strict, admin)
    assert len(set(codes)) == 10
    ok(admin.get("/api/admin/workers"))  # with the very same session
    assert ok(admin.get(FACTOR)) == {"set_up": True, "required": True, "recovery_codes_left": 10}
    refused(login(strict), 401, "invalid_credentials")


def test_others_need_none(strict: World) -> None:
    ok(strict.employer().get("/api/employers/profile"))
    worker = strict.worker(slots=[])
    ok(worker.get("/api/workers/profile"))
    refused(worker.get(FACTOR), 403, "wrong_role")


def test_a_secret_counts_only_once_the_app_has_shown_a_code_of_it(strict: World) -> None:
    admin = strict.admin()
    refused(admin.post(f"{FACTOR}/confirm", {"code": "123456"}), 409, "second_factor_not_begun")
    wrong = admin.post(FACTOR, {"current_password": "another sentence"})
    assert refused(wrong, 422, "wrong_password")["errors"][0]["field"] == "current_password"
    secret = ok(admin.post(FACTOR, {"current_password": PASSWORD}))["secret"]
    code = shown(strict, secret)
    other = f"{(int(code) + 1) % 10**6:06}"
    refused(admin.post(f"{FACTOR}/confirm", {"code": other}), 422, "wrong_second_factor")
    refused(admin.get("/api/admin/workers"), 403, "second_factor_required")
    newer = ok(admin.post(FACTOR, {"current_password": PASSWORD}))["secret"]
    refused(admin.post(f"{FACTOR}/confirm", {"code": code}), 422, "wrong_second_factor")
    ok(admin.post(f"{FACTOR}/confirm", {"code": shown(strict, newer)}))


def test_a_code_and_a_recovery_code_are_good_once_each(strict: World) -> None:
    secret, codes = set_up(strict, strict.admin())
    # The code that confirmed it is used up, too.
    refused(login(strict, shown(strict, secret)), 401, "invalid_credentials")
    strict.clock.advance(seconds=30)
    ok(login(strict, shown(strict, secret)))
    refused(login(strict, shown(strict, secret)), 401, "invalid_credentials")
    ok(login(strict, codes[0].lower().replace("-", " ")))
    refused(login(strict, codes[0]), 401, "invalid_credentials")
    admin = strict.admin()
    assert ok(admin.get(FACTOR))["recovery_codes_left"] == 9


def test_to_replace_a_factor_one_has_to_have_it(strict: World) -> None:
    admin = strict.admin()
    _, codes = set_up(strict, admin)
    refused(admin.post(FACTOR, {"current_password": PASSWORD}), 422, "wrong_second_factor")
    newer, fresh = set_up(strict, admin, totp=codes[3])
    refused(login(strict, codes[4]), 401, "invalid_credentials")
    ok(login(strict, fresh[0]))
    strict.clock.advance(seconds=30)
    ok(login(strict, shown(strict, newer)))


def test_an_owner_takes_a_lost_factor_away_and_its_sessions_end(strict: World) -> None:
    owner, other = strict.admin(), strict.admin(AdminRole.SUPPORT)
    set_up(strict, owner)
    _, codes = set_up(strict, other)
    body = {"action": "reset_second_factor", "reason": "lost phone"}
    row = ok(owner.post(f"/api/admin/admins/{other.id}/action", body))
    assert row["second_factor"] is False
    refused(other.get(ME), 401, "session_ended")
    again = {"role": "admin", "email": "support@example.com", "password": PASSWORD}
    token = ok(strict.http.post("/api/auth/login", json=again | {"totp": codes[0]}))["access_token"]
    held = {"Authorization": f"Bearer {token}"}
    answer = strict.http.get("/api/admin/jobs", headers=held)
    refused(answer, 403, "second_factor_required")


def test_wrong_codes_wait_longer_and_longer_and_somebody_is_told(strict: World) -> None:
    """Six digits tried once a second would be found in twelve days."""
    secret, codes = set_up(strict, strict.admin())
    strict.clock.advance(seconds=60)
    alerts = ALERTS.labels("second_factor_guessing")._value.get()
    for guess in range(5):
        refused(login(strict, f"{guess:06}"), 401, "invalid_credentials")
    assert ALERTS.labels("second_factor_guessing")._value.get() == alerts + 1
    # From now on not even the right one is looked at, and nobody is told that it was the code.
    refused(login(strict, shown(strict, secret)), 401, "invalid_credentials")
    refused(login(strict, codes[0]), 401, "invalid_credentials")
    for wait in (30, 60, 120, 240):
        strict.clock.advance(seconds=wait - 1)
        refused(login(strict, shown(strict, secret)), 401, "invalid_credentials")
        strict.clock.advance(seconds=1)
        refused(login(strict, "000000"), 401, "invalid_credentials")
    strict.clock.advance(hours=1)
    ok(login(strict, shown(strict, secret)))
    strict.clock.advance(seconds=30)
    refused(login(strict, "000000"), 401, "invalid_credentials")
    ok(login(strict, shown(strict, secret)))  # they began anew


def test_a_new_password_ends_the_wait(strict: World) -> None:
    """Whoever guessed knew the old one; the owner is not kept out by them."""
    secret, _ = set_up(strict, strict.admin())
    for guess in range(6):
        refused(login(strict, f"{guess:06}"), 401, "invalid_credentials")
    ok(strict.http.post("/api/auth/password/forgot", json={"email": EMAIL}), 202)
    ok(reset(strict, newest_reset_token(strict)), 204)
    strict.clock.advance(seconds=30)
    ok(login(strict, shown(strict, secret), "another long sentence"))


def test_wrong_password_and_wrong_code_are_answered_alike(strict: World) -> None:
    secret, _ = set_up(strict, strict.admin())
    strict.clock.advance(seconds=30)
    code = shown(strict, secret)
    answers = [
        login(strict, code, "a wrong sentence here"),
        login(strict, "000000"),
        login(strict),
        login(strict, None, "a wrong sentence here"),
    ]
    bodies: list[Any] = []
    for answer in answers:
        body = refused(answer, 401, "invalid_credentials")
        body.pop("request_id")
        bodies.append(body)
    assert all(body == bodies[0] for body in bodies)
