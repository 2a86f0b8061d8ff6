"""What is said when a commit fails: "nothing was changed" only where that is certain."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from urllib.parse import urlsplit

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.database.faults import is_outage, may_be_committed
from tests.acceptance.shapes import problem
from tests.infra.proxy import Wire, wire_to
from tests.support.app_harness import World
from tests.support.assertions import ok
from tests.support.sign_in import employer_body

REGISTER = "/api/auth/register/employer"


@pytest.fixture
def wire(postgresql_database_url: str) -> Iterator[Wire]:
    with wire_to(urlsplit(postgresql_database_url).port or 0) as made:
        yield made


@pytest.fixture
def world_by_wire(
    wire: Wire,
    postgresql_database_url: str,
    world_with: Callable[..., AbstractContextManager[World]],
) -> Iterator[World]:
    port = urlsplit(postgresql_database_url).port
    url = postgresql_database_url.replace(f":{port}/", f":{wire.port}/")
    with world_with(url) as world:
        yield world


@pytest.mark.parametrize(("lost", "is_there"), [("answer", True), ("question", False)])
def test_a_lost_answer_to_a_commit_is_told_as_what_it_is(
    world_by_wire: World, wire: Wire, lost: str, is_there: bool
) -> None:
    """Nobody can know whether it was done; the same Idempotency-Key makes sure that it is, once."""
    world = world_by_wire
    key = {"Idempotency-Key": "once"}
    wire.cut(lost)
    told = world.http.post(REGISTER, json=employer_body(), headers=key)
    problem(told, 503, "outcome_unknown")
    assert told.headers["Retry-After"]
    assert "nothing was changed" not in told.text.lower()
    assert "Idempotency-Key" in told.json()["detail"]
    again = world.http.post(REGISTER, json=employer_body(), headers=key)
    ok(again, 201)
    assert ("idempotent-replayed" in again.headers) == is_there


def test_an_error_before_the_commit_says_that_nothing_was_changed(
    world_by_wire: World, wire: Wire
) -> None:
    wire.close()
    told = problem(world_by_wire.http.post(REGISTER, json=employer_body()), 503)
    assert "Nothing was changed." in told["detail"]


SENT = {"may be done": True, "was refused": False}


@pytest.mark.parametrize(
    ("sqlstate", "outcome"),
    [
        ("40001", "was refused"),  # serialization
        ("40P01", "was refused"),  # deadlock
        ("53100", "was refused"),  # disk full
        ("25006", "was refused"),  # read-only
        ("55P03", "was refused"),  # lock not available
        ("57014", "was refused"),  # statement timeout
        ("57P01", "may be done"),  # an operator ended the session
        ("57P02", "may be done"),  # another session crashed
        ("57P03", "may be done"),  # starting up
        ("08006", "may be done"),  # the connection failed
        ("58030", "may be done"),  # the system could not read or write
    ],
)
def test_every_error_of_the_server_that_is_nobodys_fault_is_an_outage(
    sqlstate: str, outcome: str
) -> None:
    error = asyncpg.PostgresError("no matter")
    error.sqlstate = sqlstate
    wrapped = DBAPIError("COMMIT", None, error)
    for each in (error, wrapped):
        assert is_outage(each)
        assert may_be_committed(each) is SENT[outcome]


@pytest.mark.parametrize("sqlstate", ["23505", "22003", "42P01"])
def test_a_fault_of_ours_is_no_outage(sqlstate: str) -> None:
    error = asyncpg.PostgresError("no matter")
    error.sqlstate = sqlstate
    assert not is_outage(error)
    assert not may_be_committed(error)
    assert not is_outage(DBAPIError("SELECT", None, error))


@pytest.mark.parametrize(
    ("code", "outage", "outcome"),
    [
        (sqlite3.SQLITE_FULL, True, "was refused"),
        (sqlite3.SQLITE_BUSY, True, "was refused"),
        (sqlite3.SQLITE_READONLY, True, "was refused"),
        (sqlite3.SQLITE_IOERR_FSYNC, True, "may be done"),
        (sqlite3.SQLITE_ERROR, False, "may be done"),
    ],
)
def test_errors_of_sqlite_mean_what_their_codes_mean(code: int, outage: bool, outcome: str) -> None:
    error = sqlite3.OperationalError("no matter")
    error.sqlite_errorcode = code
    wrapped = DBAPIError("COMMIT", None, error)
    assert is_outage(wrapped) is outage
    assert may_be_committed(wrapped) is SENT[outcome]


def test_who_never_got_a_connection_changed_nothing() -> None:
    for error in (PoolTimeout(), ConnectionRefusedError()):
        assert is_outage(error)
        assert not may_be_committed(error)
