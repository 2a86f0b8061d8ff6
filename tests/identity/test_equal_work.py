"""Known or unknown, right or wrong: the same statements and the same hashes, so that no time tells."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from app.identity import passwords, totp
from app.identity.passwords import Hashing
from app.identity.sign_in_throttle import SECOND_FACTOR
from tests.support.app_harness import PASSWORD, World
from tests.support.assertions import ok, refused
from tests.support.sign_in import code_login, worker_body

KNOWN, UNKNOWN = "+919811100001", "+919811100002"


class Work:
    """What the application did: its statements, and how many passwords it hashed or checked."""

    def __init__(self) -> None:
        self.statements: list[str] = []
        self.hashes = 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Work) and (
            (len(self.statements), self.tables(), self.hashes)
            == (len(other.statements), other.tables(), other.hashes)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{self.hashes} hashes\n" + "\n".join(s[:90] for s in self.statements)

    def tables(self) -> list[str]:
        """What they read and wrote, in order."""
        found = [re.search(r"(?:FROM|INTO|UPDATE) (\w+)", each) for each in self.statements]
        return [each[1] if each else "" for each in found]


@contextmanager
def work_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[Work]:
    """Watch the work of one request."""
    work = Work()

    def note(_c: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        # Other processes are told after the commit, and together with what others made.
        if "pg_notify" not in statement:
            work.statements.append(statement)

    class Counting:
        def __init__(self, inner: Any) -> None:
            self.inner = inner

        def verify(self, *arguments: Any) -> Any:
            work.hashes += 1
            return self.inner.verify(*arguments)

        def hash(self, *arguments: Any) -> Any:
            work.hashes += 1
            return self.inner.hash(*arguments)

    before = passwords.hashing
    counting: Any = Counting(before.hasher)
    event.listen(Engine, "before_cursor_execute", note)
    monkeypatch.setattr(passwords, "hashing", Hashing(counting, before.nobodys))
    try:
        yield work
    finally:
        event.remove(Engine, "before_cursor_execute", note)
        monkeypatch.setattr(passwords, "hashing", before)


def done(world: World, monkeypatch: pytest.MonkeyPatch, path: str, body: Any, status: int) -> Work:
    with work_of(monkeypatch) as work:
        answer = world.http.post(f"/api/auth/{path}", json=body)
    assert answer.status_code == status, answer.text
    world.settle()
    return work


def test_a_forgotten_password_is_the_same_work_for_everyone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.employer(email="owner@example.com")
    known, unknown = (
        done(world, monkeypatch, "password/forgot", {"email": email}, 202)
        for email in ("owner@example.com", "nobody@example.com")
    )
    assert known == unknown
    assert known.statements


def test_a_code_is_the_same_work_for_everyone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.worker(phone=KNOWN, slots=[])
    known, unknown = (
        done(world, monkeypatch, "otp", {"phone": phone}, 202) for phone in (KNOWN, UNKNOWN)
    )
    assert known == unknown
    assert world.messages(UNKNOWN) == []
    assert len(world.messages(KNOWN)) == 1


def test_registering_is_the_same_work_for_a_newcomer_and_somebody_known(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.worker(phone=KNOWN, slots=[])
    register = "register/worker"
    known = done(world, monkeypatch, register, worker_body(KNOWN), 202)
    new = done(world, monkeypatch, register, worker_body(UNKNOWN), 202)
    pending = done(world, monkeypatch, register, worker_body(UNKNOWN), 202)
    assert known == new
    assert pending == new


def test_a_wrong_password_is_the_same_work_as_no_account_and_as_a_wrong_second_factor(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.employer(email="owner@example.com")
    admin = world.admin()
    factor = "/api/auth/second-factor"
    secret = ok(admin.post(factor, {"current_password": PASSWORD}))["secret"]
    step = int(world.clock.now.timestamp()) // totp.PERIOD_SECONDS
    ok(admin.post(f"{factor}/confirm", {"code": totp.code_at(secret, step)}))

    def tried(role: str, email: str, password: str, code: str | None = None) -> Work:
        body = {"role": role, "email": email, "password": password}
        return done(world, monkeypatch, "login", body | ({"totp": code} if code else {}), 401)

    wrong = "another long sentence"
    works = [
        tried("employer", "owner@example.com", wrong),
        tried("employer", "nobody@example.com", wrong),
        tried("admin", "admin@example.com", wrong),
        tried("admin", "admin@example.com", wrong, "000000"),
        tried("admin", "admin@example.com", PASSWORD, "000000"),
        tried("admin", "admin@example.com", PASSWORD, totp.code_at(secret, step)),
        tried("admin", "admin@example.com", PASSWORD),
        tried("admin", "nobody@example.com", wrong, "000000"),
    ]
    assert [work.hashes for work in works] == [1] * len(works)
    assert all(work == works[0] for work in works), works


def test_while_a_second_factor_waits_the_right_code_is_the_same_work_as_a_wrong_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = world.admin()
    factor = "/api/auth/second-factor"
    secret = ok(admin.post(factor, {"current_password": PASSWORD}))["secret"]
    step = int(world.clock.now.timestamp()) // totp.PERIOD_SECONDS
    ok(admin.post(f"{factor}/confirm", {"code": totp.code_at(secret, step)}))
    world.clock.advance(seconds=totp.PERIOD_SECONDS)

    def tried(code: str) -> Work:
        body = {"role": "admin", "email": "admin@example.com", "password": PASSWORD, "totp": code}
        return done(world, monkeypatch, "login", body, 401)

    for _ in range(SECOND_FACTOR.free):
        tried("000000")
    assert tried(totp.code_at(secret, step + 1)) == tried("000000")


def test_a_wrong_code_is_the_same_work_for_a_phone_nobody_has(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.worker(phone=KNOWN, slots=[])
    works = []
    for phone in (KNOWN, UNKNOWN):
        ok(world.http.post("/api/auth/otp", json={"phone": phone}), 202)
        world.settle()
        body = {"role": "worker", "phone": phone, "code": "000000"}
        works.append(done(world, monkeypatch, "login", body, 401))
    assert works[0] == works[1]
    refused(code_login(world, UNKNOWN, "000001"), 401, "invalid_credentials")
