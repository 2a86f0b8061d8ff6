"""Going back to the version without closed jobs leaves no status and no reason that it can't read."""

import json
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from alembic import command

from tests.database.test_migrations import alembic, connected, empty_url
from tests.database.test_people_move_to_the_grid import add

__all__ = ["empty_url"]

EMPLOYER, WORKER, CLOSED, FILLED = (UUID(int=number) for number in range(1, 5))
FITS = {"kind": "skill", "skill": "waiter"}


def whys(connection: sa.Connection) -> list[Any]:
    """Return what speaks for each offer, by the offer's id."""
    found = connection.scalars(sa.text("SELECT why FROM job_matches ORDER BY id"))
    return [json.loads(why) if isinstance(why, str) else why for why in found]


def test_closed_jobs_become_expired_and_offers_lose_what_goes_beyond(empty_url: str) -> None:
    beyond = [FITS, {"kind": "wider_radius"}, {"kind": "less_experience"}]
    with connected(empty_url) as connection:
        command.upgrade(alembic(connection), "0053")
        add(connection, "users", id=EMPLOYER)
        add(connection, "users", id=WORKER)
        add(connection, "employers", id=EMPLOYER)
        add(connection, "workers", id=WORKER)
        for job, status, why in ((CLOSED, "closed", beyond), (FILLED, "filled", [FITS])):
            add(connection, "jobs", id=job, employer_id=EMPLOYER, status=status)
            add(
                connection,
                "job_matches",
                id=job,
                job_id=job,
                employer_id=EMPLOYER,
                worker_id=WORKER,
                why=why,
            )
    with connected(empty_url) as connection:
        command.downgrade(alembic(connection), "0052")
        statuses = connection.scalars(sa.text("SELECT status FROM jobs ORDER BY id"))
        assert list(statuses) == ["expired", "filled"]
        assert whys(connection) == [[FITS], [FITS]]
