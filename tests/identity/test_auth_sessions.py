"""Who is signed in stays so exactly as long as they should."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from app.identity import users
from app.identity.rules import AccountAction
from tests.infra.run import free_port
from tests.support.app_harness import PASSWORD, World
from tests.support.assertions import ok, refused
from tests.support.sign_in import (
    ME,
    employer_body,
    in_parallel,
    me_with,
    password_login,
    refresh,
    users_id,
)


def test_the_access_token_is_too_old_after_ten_minutes_and_refreshing_helps(
    world: World,
) -> None:
    owner = world.employer()
    world.clock.advance(minutes=10)
    refused(owner.get(ME), 401, "token_expired")
    answer = ok(refresh(world, owner.refresh_token))
    assert answer["user"]["id"] == owner.id
    assert answer["refresh_token"] != owner.refresh_token
    ok(me_with(world, answer["access_token"]))


def test_a_refresh_token_used_again_ends_the_whole_session(world: World) -> None:
    owner = world.employer()
    new = ok(refresh(world, owner.refresh_token))
    refused(refresh(world, owner.refresh_token), 401, "session_ended")
    refused(me_with(world, new["access_token"]), 401, "session_ended")
    refused(refresh(world, new["refresh_token"]), 401, "session_ended")


def test_of_racing_refreshes_at_most_one_is_answered_and_the_session_ends(world: World) -> None:
    owner = world.employer()
    answers = in_parallel(lambda _: refresh(world, owner.refresh_token), 8)
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 7
    refused(owner.get(ME), 401, "session_ended")


def test_after_logout_nothing_of_the_session_works_and_other_devices_do(world: World) -> None:
    phone_, laptop = world.employer(email="owner@example.com"), None
    laptop = world.sign_in("owner@example.com", role="employer")
    assert ok(phone_.post("/api/auth/logout"), 204) is None
    refused(phone_.get(ME), 401, "session_ended")
    refused(phone_.post("/api/auth/logout"), 401, "session_ended")
    refused(refresh(world, phone_.refresh_token), 401, "session_ended")
    ok(laptop.get(ME))


def test_a_suspended_account_is_out_at_once_and_learns_why_by_its_password(
    world: World,
) -> None:
    owner = world.employer(email="owner@example.com")
    world.in_session(
        lambda session: users.change_status(
            session, users_id(owner), AccountAction.SUSPEND, now=world.clock.now
        )
    )
    refused(owner.get(ME), 401, "session_ended")
    refused(refresh(world, owner.refresh_token), 401, "session_ended")
    refused(password_login(world, PASSWORD), 403, "account_suspended")
    refused(password_login(world, "not the password"), 401, "invalid_credentials")
    world.in_session(
        lambda session: users.change_status(
            session, users_id(owner), AccountAction.ACTIVATE, now=world.clock.now
        )
    )
    refused(owner.get(ME), 401, "session_ended")
    ok(password_login(world, PASSWORD))


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "not_authenticated"),
        ("Bearer", "not_authenticated"),
        ("Basic YTpi", "not_authenticated"),
        ("Bearer x", "invalid_token"),
        ("Bearer a.b.c", "invalid_token"),
        ("Bearer " + "x" * 5_000, "invalid_token"),
    ],
)
def test_without_a_token_of_ours_nobody_is_let_in(
    shared_world: World, header: str | None, code: str
) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = shared_world.http.get(ME, headers=headers)
    refused(answer, 401, code)
    assert answer.headers["www-authenticate"] == "Bearer"


def test_sessions_live_in_redis_where_one_is_configured(
    postgresql_database_url: str,
    valkey_url: str,
    world_with: Callable[..., AbstractContextManager[World]],
) -> None:
    with world_with(postgresql_database_url, redis_url=valkey_url) as world:
        test_a_refresh_token_used_again_ends_the_whole_session(world)
        test_after_logout_nothing_of_the_session_works_and_other_devices_do(world)
        again = world.sign_in("owner@example.com", role="employer")
        other = world.sign_in("owner@example.com", role="employer")
        body = {"current_password": PASSWORD, "password": "another long sentence"}
        ok(again.post("/api/auth/password/change", body), 204)
        ok(again.get(ME))
        refused(other.get(ME), 401, "session_ended")


def test_a_store_of_sessions_that_is_down_lets_nobody_in(
    sqlite_database_url: str,
    world_with: Callable[..., AbstractContextManager[World]],
) -> None:
    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    with world_with(sqlite_database_url, redis_url=nowhere) as world:
        ok(world.http.post("/api/auth/register/employer", json=employer_body()), 201)
        answer = password_login(world, PASSWORD)
        refused(answer, 503, "sessions_unavailable")
        assert "retry-after" in answer.headers


def test_after_logout_a_token_is_dead_wherever_else_the_database_is_served(
    world: World, world_with: Callable[..., AbstractContextManager[World]]
) -> None:
    """No server remembers by itself who is signed in."""
    owner = world.employer()
    headers = {"Authorization": f"Bearer {owner.token}"}
    with world_with(world.database_url, sandbox="off") as other:
        ok(other.http.get(ME, headers=headers))
        ok(owner.post("/api/auth/logout"), 204)
        refused(other.http.get(ME, headers=headers), 401, "session_ended")
        refused(refresh(other, owner.refresh_token), 401, "session_ended")
