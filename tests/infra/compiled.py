"""One cache of compiled statements for all engines of a run.

SQLAlchemy keeps what it compiled with each engine, by the engine's own dialect. A server compiles each
statement once in its life; a run of thousands of tests, each with a database of its own, would compile
them thousands of times, which took most of its time. Dialects of one kind compile alike, so here they
count as one.
"""

from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache

_STATEMENTS = 5_000
_caches: dict[type, LRUCache[Any, Any]] = {}


def share() -> None:
    """Let every engine of this process use the cache of its kind, from its first connection on."""

    @event.listens_for(Engine, "engine_connect")
    def use_the_shared_one(connection: Connection) -> None:
        kind = type(connection.dialect)
        connection.engine._compiled_cache = _caches.setdefault(kind, LRUCache(_STATEMENTS))

    def same_kind(self: object, other: object) -> bool:
        return type(self) is type(other)

    DefaultDialect.__eq__ = same_kind  # type: ignore[method-assign]
    DefaultDialect.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign]
