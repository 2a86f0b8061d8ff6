"""`Base` and `engine`, by the names that the specification gives them.

`from app.db import Base, engine` is enough for a script: `Base.metadata.create_all(bind=engine)` makes
every table. The application itself uses `app.database`.
"""

from typing import Any

from app.core.settings import load_settings
from app.database.engines import sync_engine_for
from app.database.schema import load_models
from app.database.types import Base

__all__ = ["Base", "engine"]  # noqa: F822  (made on first use)


def __getattr__(name: str) -> Any:
    """Make `engine` on first use, with every table loaded."""
    if name == "engine":
        load_models()
        globals()["engine"] = sync_engine_for(load_settings().database_url.get_secret_value())
        return globals()["engine"]
    raise AttributeError(name)
