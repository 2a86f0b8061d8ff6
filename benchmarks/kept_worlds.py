"""Worlds of many people that stay in a folder or on a server: loaded once, measured as often as one likes.

`python -m benchmarks.kept_worlds FOLDER URL WORKERS WORLD` loads one into a file of FOLDER and into a database
of its own on the server URL. The rows that a search reads are written with everybody else's, by `row_of` as the
application would, without reading anybody back; indexes are made afterwards. A rebuild then finds nothing to correct,
which `matching.run` checks on the first thousand.
"""

import argparse
import asyncio
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, get_args

import psycopg
from sqlalchemy import Index, create_engine, insert
from sqlalchemy.schema import CreateIndex, DropIndex

from app.catalogue.skills import SKILLS, masks
from app.core.geo import SKILL_SHIFT
from app.core.week import Slot
from app.database.engines import parse_url, sync_engine_for
from app.database.schema import load_models
from app.matching.index import row_of
from app.matching.models import WorkerMatch, WorkerSkillMatch
from benchmarks import rivals
from benchmarks.population import Person, World, add_market, copy_into, rounds_of, rows_of

_FILLED: Final = ("users", "workers", "worker_availability", "worker_match", "worker_skill_match")
_MATCH_COLUMNS: Final = tuple(column.key for column in WorkerMatch.__table__.columns)
_SHARED: Final = ", ".join(
    column.key for column in WorkerSkillMatch.__table__.columns if column.key != "skill_key"
)


def kept_url(kind: str, place: Path | str, workers: int, world: World) -> str:
    """Return the URL of a kept world: a file in the folder `place`, or a database on the server `place`."""
    name = f"{world}_{workers}"
    if kind == "sqlite":
        return f"sqlite:///{Path(place) / name}.db"
    return parse_url(str(place)).set(database=name).render_as_string(hide_password=False)


@contextmanager
def scratch_of(kind: str, place: Path | str, workers: int, world: World) -> Iterator[str]:
    """Give the URL of a copy of a kept world, for as long as the block runs: what measuring leaves must not stay."""
    kept = kept_url(kind, place, workers, world)
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(dir=place) as folder:
            copy = Path(folder) / "copy.db"
            shutil.copyfile(parse_url(kept).database or "", copy)
            yield f"sqlite:///{copy}"
        return
    name, copied = parse_url(kept).database, f"copy_of_{world}_{workers}"
    with psycopg.connect(str(place), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{copied}" WITH (FORCE)'.encode())
        made = f'CREATE DATABASE "{copied}" TEMPLATE "{name}" STRATEGY FILE_COPY'
        connection.execute(made.encode())
        try:
            yield parse_url(str(place)).set(database=copied).render_as_string(hide_password=False)
        finally:
            connection.execute(f'DROP DATABASE "{copied}" WITH (FORCE)'.encode())


def sizes_in(folder: Path) -> tuple[int, ...]:
    """Return how many workers the worlds kept there have, each number once."""
    found = {int(file.stem.rpartition("_")[2]) for file in folder.glob("*.db")}
    return tuple(sorted(found))


def load(folder: Path, server: str, workers: int, world: World) -> None:
    """Make both databases of a world; each person is made up once, and written to both."""
    folder.mkdir(parents=True, exist_ok=True)
    file, there = (
        kept_url(kind, place, workers, world)
        for kind, place in (("sqlite", folder), ("postgresql", server))
    )
    with psycopg.connect(server, autocommit=True) as making:
        making.execute(f'CREATE DATABASE "{world}_{workers}" TEMPLATE template0'.encode())
    tables = load_models()
    for url in (file, there):
        engine = sync_engine_for(url)
        tables.create_all(engine)
        engine.dispose()
    # Engines without the application's time limits, which an index over a million rows exceeds.
    here = create_engine(parse_url(file).set(drivername="sqlite"))
    beyond = create_engine(parse_url(there).set(drivername="postgresql+psycopg"))
    for engine in (here, beyond):
        with engine.begin() as connection:
            for index in _indexes():
                connection.execute(DropIndex(index))
    with here.begin() as connection_here, psycopg.connect(there) as connection_there:
        connection_there.execute("SET session_replication_role = replica")  # all of it fits
        for people in rounds_of(workers, world):
            filed = list(_filed(people))
            for model, rows in [*rows_of(people), (WorkerMatch, filed)]:
                connection_here.execute(insert(model), rows)
                copy_into(connection_there, model, rows)
        connection_here.exec_driver_sql(_by_skill())
        connection_there.execute(_by_skill().encode())
    for engine in (here, beyond):
        with engine.begin() as connection:
            for index in _indexes():
                connection.execute(CreateIndex(index))
            add_market(connection)
        engine.dispose()
    with sqlite3.connect(parse_url(file).database or "") as last:
        last.execute("ANALYZE")
    for url in (file, there):
        asyncio.run(rivals.build(url))


def _filed(people: Sequence[Person]) -> Iterator[dict[str, Any]]:
    for _, profile, slots in people:
        week = [Slot.between(slot["weekday"], slot["starts"], slot["ends"]) for slot in slots]
        person = SimpleNamespace(**profile, status="active", stopped_at=None)
        yield dict(zip(_MATCH_COLUMNS, row_of(person, week), strict=True))


def _by_skill() -> str:
    """Return the statement that files everybody under each skill, out of their own rows; of either database."""
    known = ", ".join(
        f"({skill.bit}, {low}, {high})"
        for skill in SKILLS.values()
        for low, high in [masks([skill.slug])]
    )
    return (
        f"INSERT INTO worker_skill_match ({_SHARED}, skill_key) "
        f"WITH known(bit, low, high) AS (VALUES {known}) SELECT {_SHARED}, "
        f"CAST(bit + 1 AS BIGINT) << {SKILL_SHIFT} | geo_key FROM worker_match CROSS JOIN known "
        "WHERE active AND (skills_0 & low <> 0 OR skills_1 & high <> 0)"
    )


def _indexes() -> list[Index]:
    tables = load_models().tables
    return [
        index
        for name in _FILLED
        for index in sorted(tables[name].indexes, key=lambda index: str(index.name))
    ]


def main() -> None:
    """Load the world that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kept_worlds", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("server")
    parser.add_argument("workers", type=int)
    parser.add_argument("world", choices=get_args(World.__value__))
    wishes = parser.parse_args()
    load(wishes.folder, wishes.server, wishes.workers, wishes.world)


if __name__ == "__main__":
    main()
