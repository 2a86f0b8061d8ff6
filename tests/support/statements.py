"""Which statements a step of a test takes, to see that more rows take no more of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from tests.support.app_harness import World

_OF_NOBODY = ("pg_notify",)
"""What a process sends by itself, some moments after a commit."""


@contextmanager
def statements_of(world: World) -> Iterator[list[str]]:
    """Give the list of statements that the application's database is sent during the block."""
    sent: list[str] = []

    def note(_c: Any, _u: Any, statement: str, *_: Any) -> None:
        if not any(each in statement for each in _OF_NOBODY):
            sent.append(statement)

    database = world.runtime.database
    engines = {database.engine.sync_engine, database._reading.sync_engine}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)
