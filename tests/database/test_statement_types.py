"""Statements that are built once, when their module is loaded, know the types of their parameters.

A column with a foreign key has the type of the column that it refers to, and none until that table is loaded: a
parameter compared with it before would have no type for good, and whether it has one hung on the order of imports.
"""

import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
MODULES: Final = sorted(
    str(file.relative_to(ROOT).with_suffix("")).replace("/", ".")
    for file in (ROOT / "app").rglob("*.py")
    if "bindparam(" in file.read_text(encoding="utf-8")
)
_LOOK: Final = """
import importlib, sys
from sqlalchemy import ClauseElement, TextClause
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.visitors import iterate

def statements_of(value):
    if isinstance(value, ClauseElement):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from statements_of(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from statements_of(each)

def typed_when_compiled(statement):
    # A value of INSERT or UPDATE takes its column's type, which is known once every table is loaded.
    for dialect in (postgresql.dialect(), sqlite.dialect()):
        binds = statement.compile(dialect=dialect).binds.values()
        if any(bind.type._isnull and bind.required for bind in binds):
            return False
    return True

for module in sys.argv[1:]:
    for loaded in [name for name in sys.modules if name.partition(".")[0] == "app"]:
        del sys.modules[loaded]
    found = vars(importlib.import_module(module))
    untyped = []
    for name, value in list(found.items()):
        for statement in statements_of(value):
            if isinstance(statement, TextClause):
                continue
            keys = {
                part.key
                for part in iterate(statement)
                if part.__visit_name__ == "bindparam" and part.type._isnull and part.required
            }
            untyped += [(name, statement, keys)] if keys else []
    if untyped:
        importlib.import_module("app.database.schema").load_models()
    for name, statement, keys in untyped:
        if not statement.is_dml or not typed_when_compiled(statement):
            print(module, name, *sorted(keys))
"""


def test_parameters_have_types_whatever_was_loaded_before() -> None:
    command = [sys.executable, "-c", _LOOK, *MODULES]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, ""), ran.stderr[-500:]
