"""Going back to the version without teams leaves no account that signs in to nothing, and no company without one."""

import datetime as dt
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from alembic import command

from app.core.ids import new_id
from tests.database.test_migrations import alembic, connected, empty_url

__all__ = ["empty_url"]
NOW = dt.datetime(2026, 11, 30, 6, tzinfo=dt.UTC)


def reflected(connection: sa.Connection, name: str) -> sa.Table:
    return sa.Table(name, sa.MetaData(), autoload_with=connection)


def person(
    connection: sa.Connection, name: str, *, company: UUID | None = None, **row: Any
) -> UUID:
    """Write an account down, and its row in the team of a company (its own, where none is named)."""
    user_id = new_id()
    users = reflected(connection, "users")
    given = {
        "id": user_id.hex if connection.dialect.name == "sqlite" else user_id,
        "role": "employer",
        "status": "active",
        "name": name,
        "language": "en",
        "email_index": f"mail of {name}",
        "phone_index": f"phone of {name}",
        "version": 1,
        "created_at": NOW,
        "updated_at": NOW,
    }
    connection.execute(users.insert().values(_fitting(connection, users, given)))
    own = company is None
    if own:
        employers = reflected(connection, "employers")
        opened = {
            "id": user_id,
            "company_name": f"Cafe {name}",
            "created_at": NOW,
            "updated_at": NOW,
        }
        connection.execute(employers.insert().values(_fitting(connection, employers, opened)))
    team = reflected(connection, "team_members")
    member = {
        "user_id": user_id,
        "employer_id": company or user_id,
        "role": "owner",
        "invited_at": NOW,
        "joined_at": NOW,
        **row,
    }
    connection.execute(team.insert().values(_fitting(connection, team, member)))
    return user_id


def _fitting(connection: sa.Connection, table: sa.Table, row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as a table without our types takes it."""
    if connection.dialect.name != "sqlite":
        return row
    return {
        name: value.hex
        if isinstance(value, UUID)
        else value.replace(tzinfo=None)
        if isinstance(value, dt.datetime)
        else value
        for name, value in row.items()
    }


@pytest.mark.filterwarnings("ignore:Did not recognize type")
def test_members_become_tombstones_and_a_company_keeps_somebody(empty_url: str) -> None:
    with connected(empty_url) as connection:
        command.upgrade(alembic(connection), "0048")
        stays = person(connection, "Rustom")
        member = person(connection, "Meera", company=stays, role="manager")
        gone = person(connection, "Bela", left_at=NOW)
        users = reflected(connection, "users")
        emptied = {"email_index": None, "phone_index": None}
        who = users.c.id == (gone.hex if connection.dialect.name == "sqlite" else gone)
        connection.execute(users.update().where(who).values(emptied))
        heir = person(connection, "Asha", company=gone)
        person(connection, "Zara", company=gone)
        person(connection, "Anil", company=gone, joined_at=None)
    with connected(empty_url) as connection:
        command.downgrade(alembic(connection), "0047")
        users = reflected(connection, "users")
        rows = {
            str(UUID(str(row.id))): (row.name, row.status, row.email_index, row.phone_index)
            for row in connection.execute(sa.select(users))
        }
        nobody = ("Deleted", "erased", None, None)
        assert rows[str(stays)] == ("Rustom", "active", "mail of Rustom", "phone of Rustom")
        assert rows[str(gone)] == ("Asha", "active", "mail of Asha", "phone of Asha")
        assert rows[str(member)] == rows[str(heir)] == nobody
        assert list(rows.values()).count(nobody) == 4
        employers = reflected(connection, "employers")
        query = sa.select(employers.c.company_name, employers.c.proven_phone_index)
        proven = {row[0]: row[1] for row in connection.execute(query)}
        assert proven == {"Cafe Rustom": None, "Cafe Bela": "phone of Asha"}
    with connected(empty_url) as connection:
        command.upgrade(alembic(connection), "head")
