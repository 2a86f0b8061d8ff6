"""Passwords are changed and reset by their owners; codes and guesses are limited."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select

from app.identity import users
from app.identity.models import Role, User
from app.identity.rules import AccountAction
from tests.support.app_harness import PASSWORD, World
from tests.support.assertions import ok, refused
from tests.support.sign_in import (
    ME,
    SENT,
    code_login,
    forgot,
    in_parallel,
    password_login,
    refresh,
    register,
    reset,
    users_id,
    worker_body,
    wrong_code,
)


def test_a_changed_password_ends_every_other_session(world: World) -> None:
    owner = world.employer(email="owner@example.com")
    other = world.sign_in("owner@example.com", role="employer")
    body = {"current_password": PASSWORD, "password": "another long sentence"}
    ok(owner.post("/api/auth/password/change", body), 204)
    ok(owner.get(ME))
    refused(other.get(ME), 401, "session_ended")
    refused(refresh(world, other.refresh_token), 401, "session_ended")
    ok(refresh(world, owner.refresh_token))
    refused(password_login(world, PASSWORD), 401, "invalid_credentials")
    ok(password_login(world, "another long sentence"))


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"current_password": "not the password"}, "current_password", "wrong_password"),
        ({"password": "short"}, "password", "invalid"),
        ({"password": "own address"}, "password", "invalid"),
    ],
)
def test_a_password_is_changed_by_who_knows_it_and_to_a_good_one(
    shared_world: World, change: dict[str, str], field: str, code: str
) -> None:
    owner = shared_world.employer()
    body = {"current_password": PASSWORD, "password": "another long sentence"} | change
    if body["password"] == "own address":
        body["password"] = str(owner.email)
    problem = refused(owner.post("/api/auth/password/change", body), 422, code)
    assert [error["field"] for error in problem["errors"]] == [field]
    ok(password_login(shared_world, PASSWORD, str(owner.email)))


def test_a_worker_has_no_password_to_change(shared_world: World) -> None:
    asha = shared_world.worker(slots=[])
    body = {"current_password": "whatever it is", "password": "another long sentence"}
    refused(asha.post("/api/auth/password/change", body), 403, "wrong_role")


def test_a_forgotten_password_is_reset_by_the_link_once(world: World) -> None:
    owner = world.employer(email="owner@example.com")
    [token] = forgot(world, "Owner@example.com")
    problem = refused(reset(world, token, "short"), 422, "invalid")
    assert problem["errors"][0]["field"] == "password"
    ok(reset(world, token), 204)
    refused(reset(world, token), 422, "reset_token_invalid")
    refused(owner.get(ME), 401, "session_ended")
    refused(password_login(world, PASSWORD), 401, "invalid_credentials")
    ok(password_login(world, "another long sentence"))


def test_a_new_password_makes_every_older_link_worthless(world: World) -> None:
    world.employer(email="owner@example.com")
    first, *_ = forgot(world)
    _, second = forgot(world)
    ok(reset(world, second), 204)
    refused(reset(world, first), 422, "reset_token_invalid")


def test_of_racing_uses_of_a_link_one_wins(world: World) -> None:
    world.employer(email="owner@example.com")
    [token] = forgot(world)
    answers = in_parallel(lambda n: reset(world, token, f"another long sentence {n}"), 6)
    assert sorted(answer.status_code for answer in answers) == [204] + [422] * 5


def test_a_link_is_too_old_after_half_an_hour(world: World) -> None:
    world.employer(email="owner@example.com")
    [token] = forgot(world)
    world.clock.advance(minutes=30)
    refused(reset(world, token), 422, "reset_token_invalid")


@pytest.mark.parametrize("token", ["x", ".", f"{UUID(int=7).hex}.guess", "é\x00", " "])
def test_a_link_that_is_not_ours_is_refused(shared_world: World, token: str) -> None:
    refused(reset(shared_world, token), 422, "reset_token_invalid")


def test_a_reset_is_never_told_to_anyone_but_the_account_s_owner(world: World) -> None:
    assert forgot(world, "nobody@example.com") == []
    asha = world.worker(slots=[])
    assert asha.email is None
    owner = world.employer(email="owner@example.com")
    world.in_session(
        lambda session: users.change_status(
            session, users_id(owner), AccountAction.SUSPEND, now=world.clock.now
        )
    )
    assert forgot(world) == []


def test_nobody_can_register_as_an_administrator(world: World) -> None:
    for path in ("admin", "admins", "user"):
        assert world.http.post(f"/api/auth/register/{path}", json={}).status_code in {404, 405}

    async def count(session: Any) -> Any:
        admins = User.role == Role.ADMIN
        return await session.scalar(select(func.count()).select_from(User).where(admins))

    assert world.in_session(count) == 0
    admin = world.admin()
    assert ok(admin.get(ME))["role"] == "admin"


def test_registering_twice_with_one_idempotency_key_sends_one_code(world: World) -> None:
    headers = {"Idempotency-Key": "once"}
    for _ in range(2):
        answer = world.http.post("/api/auth/register/worker", json=worker_body(), headers=headers)
        assert ok(answer, 202) == SENT
    assert len(world.messages("+919811100001")) == 1


def test_codes_and_sign_ins_are_limited(
    sqlite_database_url: str, world_with: Callable[..., AbstractContextManager[World]]
) -> None:
    with world_with(sqlite_database_url, rate_limits="on") as world:
        known, unknown = "+919811100001", "+919811100002"
        register(world, known)
        for phone in (known, known, unknown, unknown, unknown):
            ok(world.http.post("/api/auth/otp", json={"phone": phone}), 202)
        for phone in (known, unknown):  # alike, or the limit would tell which one is known
            answer = world.http.post("/api/auth/otp", json={"phone": phone})
            refused(answer, 429, "rate_limited")
            assert int(answer.headers["retry-after"]) > 0
        statuses = [
            password_login(world, "a guess", "owner@example.com").status_code for _ in range(11)
        ]
        assert statuses == [401] * 10 + [429]


def test_who_names_another_s_phone_or_mailbox_uses_up_their_own_share(
    sqlite_database_url: str, world_with: Callable[..., AbstractContextManager[World]]
) -> None:
    with world_with(sqlite_database_url, rate_limits="on") as world:
        owner, phone = world.employer(email="owner@example.com"), "+919811100001"
        ways = [httpx.HTTPTransport(local_address=f"127.0.0.{number}") for number in (2, 3)]
        stranger, other = (httpx.Client(base_url=world.url, transport=way) for way in ways)

        def sign_in(at: httpx.Client, **body: str) -> int:
            return at.post("/api/auth/login", json=body).status_code

        def codes(at: httpx.Client) -> list[int]:
            asked = [at.post("/api/auth/otp", json={"phone": phone}) for _ in range(4)]
            return [answer.status_code for answer in asked]

        with stranger, other:
            register(world, phone)
            assert codes(stranger) == [202] * 3 + [429]
            ok(world.http.post("/api/auth/otp", json={"phone": phone}), 202)
            code = world.code_for(phone)
            guesses = [
                sign_in(stranger, role="worker", phone=phone, code=wrong_code(code))
                for _ in range(11)
            ]
            assert guesses == [401] * 10 + [429]
            assert codes(other) == [202] + [429] * 3  # six an hour in all
            ok(code_login(world, phone, code))
            tries = [
                sign_in(stranger, role="employer", email="owner@example.com", password="a guess")
                for _ in range(11)
            ]
            assert tries == [401] * 10 + [429]
            ok(password_login(world, PASSWORD, str(owner.email)))
