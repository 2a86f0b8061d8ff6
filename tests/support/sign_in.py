"""Requests of registration, sign-in and passwords."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select

from app.identity.models import User
from app.messaging.models import PARAMS, OutboxMessage
from app.workers.models import Worker
from tests.support.app_harness import PASSWORD, Person, World
from tests.support.assertions import ok

SENT = {"status": "verification_sent", "channel": "whatsapp", "expires_in": 300}


ME = "/api/auth/me"


def worker_body(phone: str = "+919811100001", **changes: Any) -> dict[str, Any]:
    return {"name": "Asha Kulkarni", "phone": phone, "consent": True} | changes


def employer_body(**changes: Any) -> dict[str, Any]:
    return {
        "company_name": "Cafe Leopold",
        "contact_name": "Rustom Irani",
        "email": "Owner@Example.com",
        "password": PASSWORD,
    } | changes


def register(world: World, phone: str = "+919811100001", **changes: Any) -> None:
    answer = world.http.post("/api/auth/register/worker", json=worker_body(phone, **changes))
    assert ok(answer, 202) == SENT


def code_login(world: World, phone: str, code: str) -> httpx.Response:
    body = {"role": "worker", "phone": phone, "code": code}
    return world.http.post("/api/auth/login", json=body)


def password_login(
    world: World, password: str, email: str = "owner@example.com", role: str = "employer"
) -> httpx.Response:
    body = {"role": role, "email": email, "password": password}
    return world.http.post("/api/auth/login", json=body)


def wrong_code(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def only_worker(world: World) -> tuple[User, Worker]:
    async def look(session: Any) -> Any:
        query = select(User, Worker).join(Worker, Worker.id == User.id)
        return (await session.execute(query)).one()

    user, worker = world.in_session(look)
    return user, worker


def me_with(world: World, token: str) -> httpx.Response:
    return world.http.get(ME, headers={"Authorization": f"Bearer {token}"})


def refresh(world: World, token: str) -> httpx.Response:
    return world.http.post("/api/auth/refresh", json={"refresh_token": token})


def in_parallel(work: Callable[[int], httpx.Response], times: int) -> list[httpx.Response]:
    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(work, range(times)))


def users_id(person: Person) -> Any:
    return UUID(person.id)


def forgot(world: World, email: str = "owner@example.com") -> list[str]:
    """Ask for a reset and return the tokens of the links sent since, oldest first."""
    answer = world.http.post("/api/auth/password/forgot", json={"email": email})
    assert ok(answer, 202) == {"status": "reset_sent", "expires_in": 1_800}
    return reset_tokens(world)


def reset_tokens(world: World) -> list[str]:
    """Return the tokens of every link to set a password, oldest first; none of them is mailed."""
    world.unread = True  # what is sent is forgotten
    world.settle()

    async def look(session: Any) -> Any:
        query = select(OutboxMessage).where(
            OutboxMessage.kind.in_(("password_reset", "admin_invitation"))
        )
        return (await session.scalars(query.order_by(OutboxMessage.id))).all()

    urls = [
        world.runtime.keyring.open_json(message.params_sealed, PARAMS)["url"]
        for message in world.in_session(look)
    ]
    assert all(url.startswith(f"{world.url}/reset-password?token=") for url in urls)
    return [re.split("token=", url)[1] for url in urls]


def newest_reset_token(world: World) -> str:
    """Return the token of the newest link to set a password."""
    return reset_tokens(world)[-1]


def reset(world: World, token: str, password: str = "another long sentence") -> httpx.Response:
    body = {"token": token, "password": password}
    return world.http.post("/api/auth/password/reset", json=body)
