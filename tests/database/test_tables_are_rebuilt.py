"""A migration that builds a table anew leaves what points to it, by the app's way and by alembic's own."""

import uuid
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.core.crypto import Keyring
from app.database import schema
from app.database.schema import MIGRATIONS
from app.database.session import Database
from tests.database.test_migrations import alembic, connected, empty_url
from tests.database.test_people_move_to_the_grid import add

__all__ = ["empty_url"]

BEFORE = "0017"
"""0018 builds the people of the chat anew, whom messages point to."""
PERSON, MESSAGE = uuid.UUID(int=1), uuid.UUID(int=2)


def add_message(url: str) -> None:
    """Somebody who wrote, with the message that goes to them, in the schema of before."""
    with connected(url) as connection:
        command.upgrade(alembic(connection), BEFORE)
        add(connection, "chat_people", id=PERSON)
        add(connection, "outbox", id=MESSAGE, person_id=PERSON)


def known(url: str) -> int:
    """How many messages have their person."""
    query = "SELECT count(*) FROM outbox o JOIN chat_people p ON p.id = o.person_id"
    with connected(url) as connection:
        return int(connection.scalar(text(query)) or 0)


async def test_the_app_brings_an_old_database_with_messages_to_this_version(
    empty_url: str,
) -> None:
    add_message(empty_url)
    database = Database(empty_url, Keyring("a secret of nobody's"))
    await schema.prepare(database, migrate=True)
    await database.close()
    assert known(empty_url) == 1


def test_alembic_goes_up_and_down_with_messages(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_message(empty_url)
    monkeypatch.setenv("DATABASE_URL", empty_url)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    for move, to in ((command.upgrade, "head"), (command.downgrade, BEFORE)):
        move(config, to)
        assert known(empty_url) == 1


def test_rows_that_point_to_nothing_stop_a_migration(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/old.db"
    add_message(url)
    told = "A row of outbox points to none of chat_people"
    with connected(url) as connection:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        connection.exec_driver_sql("DELETE FROM chat_people")
        with pytest.raises(IntegrityError, match=told):
            command.upgrade(alembic(connection), BEFORE)
        connection.rollback()
    assert known(url) == 1
