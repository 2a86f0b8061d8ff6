"""Which database a test runs on when each behaviour is to be seen once: `pytest --once`.

Most tests that run on SQLite and on PostgreSQL are about neither. With this option each of them runs on one of
the two, always the same: one in `SHARE_OF_POSTGRESQL` on PostgreSQL, where a statement takes two to three times
as much of the processor. What is about a database itself still runs on both:

- everything under the folders of `ABOUT_DATABASES`;
- what is marked `both_databases`, a test or a whole file;
- what lets several callers go at once (`AT_ONCE`): how they wait for each other is the database's doing.

Without the option, as in CI, everything runs on both.
"""

import hashlib
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Final

import pytest

SHARE_OF_POSTGRESQL: Final = 4
"""One of so many tests that could run on either runs on PostgreSQL."""

PER_TEST: Final = ("database_url", "database")
"""Fixtures and parameters that run a test on each database."""
PER_FILE: Final = ("world_of_file", "world_of_provider")
"""Fixtures that are there once for a file and database: a whole file runs on one of the two."""

ABOUT_DATABASES: Final = ("tests/attempts/", "tests/audit/", "tests/database/", "tests/infra/")

AT_ONCE: Final = frozenset(
    {"race", "at_once", "in_parallel", "gather", "TaskGroup", "create_task"}
    | {"Thread", "ThreadPoolExecutor", "Barrier"}
)
"""Names that let several callers go at once."""


def split(items: list[pytest.Item]) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """Return what runs and what is left out, so that each behaviour runs on one database at least."""
    run: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        (run if runs_here(item) else left_out).append(item)
    return run, left_out


def runs_here(item: pytest.Item) -> bool:
    """Whether this test, on the database it names, is to be run."""
    database = database_of(item)
    if database is None or is_about_databases(item):
        return True
    return database == chosen_for(_unit(item))


def database_of(item: pytest.Item) -> str | None:
    """Return the database that the test runs on beside the other one; None where it has no choice."""
    for fixture in (*PER_TEST, *PER_FILE):
        value = _params(item).get(fixture)
        if isinstance(value, str):
            provider, _, database = value.rpartition("-")
            # The second payment provider is on one database anyway.
            return database if provider in {"", "stripe"} else None
    return None


def chosen_for(unit: str) -> str:
    """Return the database for this test or file: the same in every run."""
    of_four = hashlib.sha256(unit.encode()).digest()[0] % SHARE_OF_POSTGRESQL
    return "sqlite" if of_four else "postgresql"


def is_about_databases(item: pytest.Item) -> bool:
    """Whether a test may turn out one way on SQLite and another on PostgreSQL."""
    return (
        item.nodeid.startswith(ABOUT_DATABASES)
        or item.get_closest_marker("both_databases") is not None
        or (isinstance(item, pytest.Function) and lets_several_go(item.function.__code__, item))
    )


def lets_several_go(code: CodeType, item: pytest.Function) -> bool:
    """Whether the test's function, or one of its file that it calls, names what is in `AT_ONCE`."""
    seen: set[CodeType] = set()
    waiting = [code]
    while waiting:
        code = waiting.pop()
        if code in seen:
            continue
        seen.add(code)
        names = set(_names(code))
        if names & AT_ONCE:
            return True
        for name in names:
            called = getattr(item.module, name, None)
            if isinstance(called, FunctionType) and called.__module__ == item.module.__name__:
                waiting.append(called.__code__)
    return False


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from _names(part)


def _unit(item: pytest.Item) -> str:
    """Return what has to run on one database together: the file of a shared world, otherwise the test."""
    if set(PER_FILE) & set(_params(item)):
        return item.nodeid.partition("::")[0]
    return item.nodeid.replace("postgresql", "").replace("sqlite", "")


def _params(item: pytest.Item) -> dict[str, object]:
    called = getattr(item, "callspec", None)
    return {} if called is None else dict(called.params)
