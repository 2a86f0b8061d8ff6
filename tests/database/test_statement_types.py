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
    for file in (*(ROOT / "app" / "payments").glob("*.py"), ROOT / "app/offers/mark_unlocked.py")
    if "bindparam(" in file.read_text(encoding="utf-8")
)
_LOOK: Final = """
import importlib, sys
from sqlalchemy import ClauseElement
from sqlalchemy.sql.visitors import iterate
for module in sys.argv[1:]:
    for loaded in [name for name in sys.modules if name.partition(".")[0] == "app"]:
        del sys.modules[loaded]
    for name, statement in vars(importlib.import_module(module)).items():
        if isinstance(statement, ClauseElement):
            for part in iterate(statement):
                if part.__visit_name__ == "bindparam" and part.type._isnull and part.required:
                    print(module, name, part.key)
"""


def test_parameters_have_types_whatever_was_loaded_before() -> None:
    command = [sys.executable, "-c", _LOOK, *MODULES]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, ""), ran.stderr[-500:]
