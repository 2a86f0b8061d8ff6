"""Statements that are built once, when their module is loaded, know the types of their parameters.

A column with a foreign key has the type of the column that it refers to, and none until that table is loaded: a
parameter compared with it before would have no type for good, and whether it has one hung on the order of imports.
"""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

APP: Final = Path(__file__).resolve().parents[2] / "app"
STATEMENTS: Final = sorted(
    str(file.relative_to(APP.parent).with_suffix("")).replace("/", ".")
    for room in ("payments", "offers")
    for file in (APP / room).glob("*.py")
    if "bindparam(" in file.read_text(encoding="utf-8")
)
_LOOK: Final = """
import importlib, sys
from sqlalchemy import ClauseElement
from sqlalchemy.sql.visitors import iterate
module = importlib.import_module(sys.argv[1])
for name, statement in vars(module).items():
    if isinstance(statement, ClauseElement):
        for part in iterate(statement):
            if part.__visit_name__ == "bindparam" and part.type._isnull and part.required:
                print(name, part.key)
"""


@pytest.mark.parametrize("module", STATEMENTS)
def test_parameters_have_types_whatever_was_loaded_before(module: str) -> None:
    command = [sys.executable, "-c", _LOOK, module]
    ran = subprocess.run(command, cwd=APP.parent, capture_output=True, text=True, check=True)
    assert ran.stdout == ""
