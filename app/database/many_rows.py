"""Many rows in one INSERT on PostgreSQL: one array a column instead of one parameter a value.

A row by itself takes PostgreSQL and its driver three times as long, and each number of rows is another statement to
be put together, prepared and planned. With arrays one statement serves any number.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ARRAY, Insert, Uuid, bindparam, func, select
from sqlalchemy.types import NullType, TypeEngine


def with_arrays(
    insert: Insert, rows: Sequence[Mapping[str, Any]]
) -> tuple[Insert, dict[str, list[Any]]]:
    """Return PostgreSQL's statement for these rows, all of the same columns, and its parameters.

    `insert` has no values yet; what it says of conflicts, and what it returns, stays. Empty `rows` raise `IndexError`.
    """
    names = tuple(rows[0])
    return _from_arrays(insert, names), {name: [row[name] for row in rows] for name in names}


@lru_cache(maxsize=64)
def _from_arrays(insert: Insert, names: tuple[str, ...]) -> Insert:
    columns = insert.table.c
    # Of one dimension whatever is in it: a JSON document may be a list itself.
    arrays = [
        bindparam(name, type_=ARRAY(_of_its_own(columns[name].type), dimensions=1)).label(name)
        for name in names
    ]
    rows = func.unnest(*arrays).table_valued(*names).render_derived()
    return insert.from_select(list(names), select(*(rows.c[name] for name in names)))


def _of_its_own(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """Return the type of a column that refers to another, which has none before that one's table is loaded."""
    return Uuid() if isinstance(kind, NullType) else kind
