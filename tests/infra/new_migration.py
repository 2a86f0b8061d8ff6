"""Writes the next migration: `make migration M="what becomes possible"`.

Compares the models with a PostgreSQL made for the purpose: SQLite knows too few types to tell every
difference, and a developer's own database may hold anything.
"""

import os
import subprocess
import sys

from alembic import command
from alembic.config import Config

from tests.infra.postgres import postgres
from tests.infra.run import ROOT


def write(message: str) -> None:
    """Write a revision that makes the newest schema what the models say; print where it is."""
    server = postgres()
    os.environ["DATABASE_URL"] = server.url(server.create())
    config = Config(ROOT / "alembic.ini")
    command.upgrade(config, "head")
    made = command.revision(config, message, autogenerate=True)
    if made is None or isinstance(made, list):
        raise RuntimeError("expected one revision")
    for tool in (["format", "--quiet"], ["check", "--quiet", "--fix"]):
        subprocess.run([sys.executable, "-m", "ruff", *tool, made.path], check=False)


if __name__ == "__main__":
    if len(sys.argv) != 2 or not sys.argv[1].strip():
        sys.exit('Say what it makes possible: make migration M="an offer can be postponed"')
    write(sys.argv[1])
