"""Where few of many rows are asked for, SQLite goes to those few: it has no statistics to know by itself."""

import sqlite3

from tests.support.app_harness import World
from tests.support.assertions import ok
from tests.support.statements import statements_of


def plan_of(world: World, sent: list[str], *words: str) -> str:
    """Return how SQLite would run the one statement with these words."""
    (statement,) = {each for each in sent if all(word in each for word in words)}
    with sqlite3.connect(str(world.runtime.database.url.database)) as connection:
        connection.create_function("lower", 1, str, deterministic=True)
        bound = [None] * statement.count("?")
        return " ".join(
            row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", bound)
        )


def test_overdue_offers_are_found_by_their_deadline(sqlite_world: World) -> None:
    employer = sqlite_world.employer()
    with statements_of(sqlite_world) as sent:
        ok(employer.get("/api/employers/dashboard"))
    plan = plan_of(sqlite_world, sent, "job_matches.respond_by <=", "count(*)")
    assert "ix_job_matches_respond_by" in plan


def test_workers_are_looked_for_from_the_newest_until_there_are_enough(
    sqlite_world: World,
) -> None:
    sqlite_world.worker(name="Asha Patil", slots=())
    admin = sqlite_world.admin()
    with statements_of(sqlite_world) as sent:
        found = ok(admin.get("/api/admin/search?q=asha"))["items"]
    assert [each["title"] for each in found] == ["Asha Patil"]
    plan = plan_of(sqlite_world, sent, "lower(users.name) LIKE", "coalesce(users.role")
    assert "ORDER BY" not in plan
